"""Friends who know a relay by a name only, which only their proxy can look up."""

import pytest

from tests.support.sim_proxy import SimProxy
from tests.support.worlds import SimulatedWorld

NAME = "relay.onion"


@pytest.fixture
def world():
    world = SimulatedWorld(relayed=True)
    yield world
    world.close()


def test_friends_meet_at_a_named_relay(world):
    nodes = world.network()
    proxy = SimProxy(world)
    proxy.names[NAME] = (world.relay.socket.address[0], world.relay.tcp_port)
    world.options = {name: proxy.options() for name in ("alice", "bob")}
    alice, bob = world.actor("alice"), world.actor("bob")
    for actor in (alice, bob):
        actor.add_tcp_relay_by_name(NAME, world.relay.tcp_port, world.relay.self_get_dht_id())
        for node in nodes:
            actor.bootstrap(node.host, node.port, node.self_get_dht_id())
    alice.friend_add_norequest(bob.self_get_public_key())
    bob.friend_add_norequest(alice.self_get_public_key())
    world.connect(alice, bob, 60)
    # nobody is told of it
    assert alice.tox.tcp.relays(3) == bob.tox.tcp.relays(3) == []
    assert {name for _, name in proxy.asked} == {NAME}
