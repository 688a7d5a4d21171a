"""Debian's tor in a network of its own: what becomes reachable by it, and comes back after it was killed."""

import os
import time

import pytest

from tests.support.endpoint_friends import EndpointFriends, RealEndpoint
from tests.support.private_network import PrivateNetwork
from tests.support.service_ends import LOOPBACK, ServiceEnds
from tests.support.tornet import TorNet
from toxpy.ext.networks.service import OnionService
from toxpy.network.network_address import AddressType

pytestmark = [pytest.mark.namespaces, pytest.mark.package(name="tor"), pytest.mark.timeout(300)]


@pytest.fixture
def net(tmp_path):
    with PrivateNetwork(), TorNet(tmp_path) as made:
        yield made


def onion_service(net, **options):
    """By the first client's tor."""
    control = LOOPBACK, net.clients[0].control
    return ServiceEnds(lambda **world: OnionService(control, 33445, **options, **world))


def test_an_onion_service(net):
    ends = onion_service(net, cookie_file=os.fsencode(net.clients[0].cookie))
    address, _ = ends.ready()
    data = bytes(range(256)) * 400
    ends.come(net.clients[1].socks, address, data)

    # tor crashes, and comes up again
    net.clients[0].kill()
    ends.until(lambda: isinstance(ends.said[-1], str))
    net.clients[0].start()
    again, _ = ends.ready(2)
    assert again == address
    net.until_ready(net.clients[:1], time.monotonic())
    ends.come(net.clients[1].socks, address, data)

    # the profile keeps the key, so a restart changes nothing
    key = ends.service.key
    ends.close()
    ends = onion_service(net, key=key)
    assert ends.ready()[0] == address
    ends.come(net.clients[1].socks, address, data)

    # a password that is none of tor's, and somebody who is not tor
    other = onion_service(net, password=b"secret")
    other.until(lambda: other.said)
    assert other.said == ["tor's control port takes no password: HashedControlPassword in the torrc sets one"]
    other.close()
    false_cookie = net.folder / "false"
    false_cookie.write_bytes(bytes(32))
    other = onion_service(net, cookie_file=os.fsencode(false_cookie))
    other.until(lambda: other.said)
    assert other.said == ["what listens at tor's control port does not know tor's cookie"]
    other.close()

    # two programs with one profile
    other = onion_service(net, key=key)
    other.until(lambda: other.said)
    assert other.said == ["tor has this onion service already: is another program using the same profile?"]
    other.close()
    ends.close()


def tor_endpoint(net, number, serves):
    """Of somebody who uses that client's tor."""
    tor = net.clients[number]

    def service(key, **world):
        cookie_file = os.fsencode(tor.cookie)
        return OnionService((LOOPBACK, tor.control), 33445, key, cookie_file=cookie_file, **world)

    return RealEndpoint(AddressType.ONION, tor.socks, service if serves else None)


def test_friends_meet_at_an_onion_service(net):
    friends = EndpointFriends(tor_endpoint(net, 1, serves=False), tor_endpoint(net, 0, serves=True))
    try:
        friends.meet(timeout_s=30)
        friends.talk()
        friends.send_file(4 << 20)
        friends.restart_alice()
        friends.restart_bob(timeout_s=30)
        friends.talk(3)

        # the tor in front of the endpoint crashes, and comes up again
        net.clients[0].kill()
        friends.until("loss", lambda: not friends.bob.is_online() and not friends.alice.is_online(), 90)
        net.clients[0].start()
        net.until_ready(net.clients[:1], time.monotonic())
        friends.until("after tor is up", friends.both_online)
        friends.talk(3)
    finally:
        friends.close()
