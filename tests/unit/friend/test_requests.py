"""toxpy.friend.requests: what is let through, what is sent how."""

import pytest

from tests.unit.friend.fakes import Stage
from toxpy.friend.requests import MAX_REMEMBERED


@pytest.fixture
def stage():
    return Stage()


@pytest.fixture
def heard(stage):
    heard = []
    stage.requests.on_request = lambda real_pk, message: heard.append((real_pk, message))
    return heard


def request(stage, real_pk, message, nospam=None):
    """One request arrives through the onion."""
    stage.onion.data.handlers[32](real_pk, (stage.requests.nospam if nospam is None else nospam) + message)


def test_a_request_with_our_nospam_is_reported(stage, heard):
    real_pk = stage.key()
    request(stage, real_pk, b"hello")
    assert heard == [(real_pk, b"hello")]


def test_a_wrong_nospam_is_dropped(stage, heard):
    nospam = bytes(b ^ 1 for b in stage.requests.nospam)
    request(stage, stage.key(), b"hello", nospam)
    assert heard == []
    assert stage.dropped("friend_request_nospam") == 1


@pytest.mark.parametrize("size", [0, 1017, 2000])
def test_wrong_sizes_are_dropped(stage, heard, size):
    request(stage, stage.key(), bytes(size))
    assert heard == []
    assert stage.dropped("friend_request_size") == 1


def test_less_than_a_nospam_is_dropped(stage, heard):
    for size in range(5):
        stage.requests.receive(stage.key(), stage.requests.nospam[:size])
    assert heard == []


@pytest.mark.parametrize("size", [1, 921, 1016])
def test_right_sizes_are_reported(stage, heard, size):
    request(stage, stage.key(), b"x" * size)
    assert len(heard[0][1]) == size


def test_a_repeated_request_is_reported_once_until_forgotten(stage, heard):
    real_pk = stage.key()
    request(stage, real_pk, b"one")
    request(stage, real_pk, b"two")
    assert len(heard) == 1
    stage.requests.forget(real_pk)
    request(stage, real_pk, b"three")
    assert heard[-1] == (real_pk, b"three")


def test_the_memory_of_requests_is_bounded(stage, heard):
    keys = [stage.key() for _ in range(10 * MAX_REMEMBERED)]
    for real_pk in keys:
        request(stage, real_pk, b"x")
    assert len(heard) == len(keys)
    request(stage, keys[-MAX_REMEMBERED], b"x")
    assert len(heard) == len(keys)
    request(stage, keys[0], b"x")
    assert len(heard) == len(keys) + 1


def test_a_friend_asks_in_vain(stage):
    friend, _ = stage.online_friend()
    request(stage, friend.real_pk, b"x")
    assert stage.events == []
    assert stage.dropped("friend_request_from_friend") == 1


def test_a_request_over_an_established_connection(stage, heard):
    class Owner:
        def on_online(self):
            pass

    connection = stage.connections.add(stage.key(), Owner())
    crypto = stage.connect(connection)
    connection.on_lossless(b"\x12" + stage.requests.nospam + b"let me in")
    assert heard == [(connection.real_pk, b"let me in")]
    assert stage.requests.send(connection, b"\1\2\3\4", b"me too")
    assert crypto.written[-1] == b"\x12\1\2\3\4me too"


def test_sending_through_the_onion_needs_a_way(stage):
    friend = stage.messenger.add_norequest(stage.key())
    assert not stage.requests.send(friend.connection, b"\1\2\3\4", b"hi")
    stage.onion.reachable = 2
    assert stage.requests.send(friend.connection, b"\1\2\3\4", b"hi")
    assert stage.onion.sent == [b"\x20\1\2\3\4hi"]


def test_the_default_ears_count(stage):
    from toxpy.friend.requests import FriendRequests

    stage.onion.data.handlers[32] = None
    requests = FriendRequests(stage.onion, stage.connections, rt=stage.rt)
    requests.receive(stage.key(), requests.nospam + b"x")
    assert stage.dropped("friend_request_unclaimed") == 1
