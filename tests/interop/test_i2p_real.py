"""Debian's i2pd in a network of its own: what becomes reachable by it."""

import pytest

from tests.support.endpoint_friends import EndpointFriends, People, RealEndpoint
from tests.support.i2pnet import HOPS, I2pNet
from tests.support.private_network import PrivateNetwork
from tests.support.service_ends import LOOPBACK, ServiceEnds
from toxpy.ext.networks.service import SamService
from toxpy.network.network_address import AddressType

pytestmark = [pytest.mark.namespaces, pytest.mark.package(name="i2pd"), pytest.mark.timeout(300)]
#: i2pd looks every 20 s whether there are tunnels, s.
SESSION_S = 100


@pytest.fixture
def net(tmp_path):
    with PrivateNetwork(), I2pNet(tmp_path, users=3) as made:
        yield made


def sam_service(net, key=b""):
    """By the first router."""
    ends = ServiceEnds(
        lambda **world: SamService((LOOPBACK, net.routers[0].sam), 33445, key, hops=HOPS, **world)
    )
    net.at_end.callback(ends.close)
    return ends


def test_a_destination(net):
    ends = sam_service(net)
    address, _ = ends.ready(timeout_s=SESSION_S)
    data = bytes(range(256)) * 400
    ends.come(net.routers[1].socks, address, data)

    # the profile keeps the key: after a restart the address is the same, but not the session, which i2pd has
    # for 5 s more. Routers that know its old tunnels try these until they expire, up to ten minutes
    key = ends.service.key
    ends.close()
    ends = sam_service(net, key)
    again, took_s = ends.ready(timeout_s=SESSION_S)
    assert again == address and took_s > 6
    ends.come(net.routers[2].socks, address, data)
    ends.close()


def i2p_endpoint(net, number, serves):
    """Of somebody who uses that router."""
    router = net.routers[number]

    def service(key, **world):
        return SamService((LOOPBACK, router.sam), 33445, key, hops=HOPS, **world)

    return RealEndpoint(AddressType.I2P, router.socks, service if serves else None)


def test_friends_meet_at_a_destination(net):
    friends = EndpointFriends(i2p_endpoint(net, 1, serves=False), i2p_endpoint(net, 0, serves=True))
    try:
        friends.meet(SESSION_S)
        friends.talk()
        friends.send_file(4 << 20)
        friends.restart_alice()
        friends.talk(3)
    finally:
        friends.close()


def test_people_at_the_command_line(net, tmp_path):
    """Their tunnels are as long as i2pd makes them, three routers."""
    people = People(tmp_path, "i2p", [router.socks for router in net.routers])
    people.meet("--i2p", "--sam", f"127.0.0.1:{net.routers[0].sam}", timeout_s=SESSION_S)
