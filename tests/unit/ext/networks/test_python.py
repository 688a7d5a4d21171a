"""Other networks in `Tox`: what is passed on, and what is refused."""

import pytest

from toxpy import Endpoint, ExtendedNode, NetworkAddress, Tox, ToxError

KEY = bytes(range(1, 33))
NODE = ExtendedNode(KEY, NetworkAddress.parse("192.0.2.1:9"))


@pytest.fixture
def start():
    made = []

    def start(**fields):
        made.append(Tox(udp_enabled=False, local_discovery_enabled=False, **fields))
        made[-1].friend_add_norequest(bytes(32 * b"\x11"))
        return made[-1]

    yield start
    for tox in made:
        tox.kill()


def test_without_the_option(start):
    tox = start()
    assert tox.self_get_endpoint() is None and tox.self_get_endpoint_failure() == ""
    with pytest.raises(ValueError, match="option endpoint"):
        tox.friend_set_endpoints(0, [NODE])


def test_endpoints_of_a_friend_stay_in_the_save(start):
    tox = start(endpoint=Endpoint.friends())
    before = tox.get_savedata()
    tox.friend_set_endpoints(0, [NODE])
    assert NODE.pack() in tox.get_savedata() and NODE.pack() not in before
    assert tox.self_get_endpoint() is None


def test_what_is_refused(start):
    tox = start(endpoint=Endpoint.friends())
    with pytest.raises(TypeError):
        tox.friend_set_endpoints(0, [NODE.address])
    with pytest.raises(ValueError, match="at most 4"):
        tox.friend_set_endpoints(0, [NODE] * 5)
    with pytest.raises(ToxError):
        tox.friend_set_endpoints(7, [NODE])
