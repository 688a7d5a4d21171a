"""Friends who meet at an endpoint of one of them: no DHT, no relay, no other node."""

import pytest

from tests.support.endpoints import PORT, FakeEndpoint, Onions, onion
from tests.support.worlds import SimulatedWorld, events
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.dht.budget import X25519_BURST
from toxpy.ext.networks.endpoint import MAX_STRANGERS
from toxpy.network.network_address import AddressType, ExtendedNode, NetworkAddress
from toxpy.tcp.client import CONFIRMED, TcpClient
from toxpy.wire.address import Node


class EndpointWorld(SimulatedWorld):
    """Alice and bob, friends, and a network of names. Bob has an endpoint."""

    def __init__(self, alice=None, bob=None):
        super().__init__()
        self.onions = Onions(self)
        self.options = {
            "alice": self.onions.user(**({"serves": False} if alice is None else alice)),
            "bob": self.onions.user(**(bob or {})),
        }
        self.alice, self.bob = self.actor("alice"), self.actor("bob")
        self.alice.friend_add_norequest(self.bob.self_get_public_key())
        self.bob.friend_add_norequest(self.alice.self_get_public_key())

    def ready(self, actor):
        """Its endpoint, once it can be reached."""
        self.until(lambda: actor.endpoint_node() is not None, "the endpoint", 10)
        return actor.endpoint_node()

    def meet(self):
        """Alice knows bob's endpoint from somewhere."""
        self.alice.friend_set_endpoints(0, [self.ready(self.bob)])
        self.connect(self.alice, self.bob, 5)
        return self.alice, self.bob


@pytest.fixture
def world():
    world = EndpointWorld()
    yield world
    world.close()


def test_friends_meet_with_nobody_in_between(world):
    alice, bob = world.meet()
    number = alice.friend_send_message(0, 0, b"hello")
    assert bob.wait(events.FriendMessage, 2).message == b"hello"
    alice.wait(events.FriendReadReceipt, 2, message_id=number)
    # one circuit, by a password of its own
    assert len(world.onions.asked) == 1
    (user, password), name = world.onions.asked[0]
    assert user == b"toxpy" and len(password) == 32 and name.endswith(".onion")
    # nobody is told of it as of a relay
    for actor in (alice, bob):
        assert (
            actor.tox.tcp.relays(3) == actor.tox.tcp.relays_to_save(8) == actor.tox.tcp.onion_relays() == []
        )


@pytest.fixture
def both():
    """Both have an endpoint, and met at bob's."""
    world = EndpointWorld(alice={}, bob={})
    world.ready(world.alice)
    world.meet()
    world.run_for(2)
    yield world
    world.close()


def told(actor):
    """What the actor's friend told."""
    return [node for of in actor.tox.networks.capability._told.values() for node in of.nodes]


def test_friends_tell_their_endpoints(both):
    assert told(both.bob) == [both.alice.endpoint_node()]
    assert told(both.alice) == [both.bob.endpoint_node()]
    assert both.alice.endpoint_node() != both.bob.endpoint_node()


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_after_a_restart_they_find_each_other_again(both, who):
    actor = getattr(both, who)
    endpoint, dht_id = actor.endpoint_node(), actor.self_get_dht_id()
    fresh = actor.restart()
    other = both.alice if who == "bob" else both.bob
    both.connect(fresh, other, 5)
    number = fresh.friend_send_message(0, 0, b"again")
    fresh.wait(events.FriendReadReceipt, 2, message_id=number)
    # the same endpoint, with another key in the DHT
    both.until(lambda: fresh.endpoint_node() == endpoint, "the endpoint to be the same", 5)
    assert fresh.self_get_dht_id() != dht_id


def test_both_restart_at_once(both):
    alice, bob = both.alice.restart(), both.bob.restart()
    both.connect(alice, bob, 5)


def test_without_a_goodbye(both):
    saved = both.bob.tox.get_savedata()
    both.vanish(both.bob)
    both.until(lambda: not both.alice.is_online(), "alice to miss bob", 60)
    bob = both.actor("bob", saved)
    both.connect(both.alice, bob, 10)


def test_the_network_goes_and_comes_back(both):
    onions = both.onions
    onions.is_down = True
    for stream in list(onions.streams.open):
        stream.close()
    both.until(lambda: not both.alice.is_online() and not both.bob.is_online(), "both to notice", 60)
    both.run_for(120)
    assert not both.alice.is_online()
    onions.is_down = False
    both.connect(both.alice, both.bob, 5)


def test_a_friend_who_is_deleted_has_to_leave(both):
    bob_pk, alice_pk = (bytes(actor.self_get_dht_id()) for actor in (both.bob, both.alice))
    endpoint = both.bob.tox.networks.capability.endpoint
    assert endpoint.may_link(alice_pk, bob_pk) and not endpoint.may_link(alice_pk, bytes(32))
    both.bob.friend_delete(0)
    assert not endpoint.may_link(alice_pk, bob_pk) and not endpoint.may_link(bob_pk, alice_pk)
    both.until(lambda: not both.alice.is_online(), "alice to be offline", 5)
    assert told(both.bob) == [] and both.bob.tox.networks.capability._dials == {}
    both.run_for(30)
    assert not both.alice.is_online()
    drops = both.bob.tox.rt.counters.values
    assert drops["drop.endpoint_stranger"] > 0


def test_only_those_in_the_list_are_told_and_let_in():
    world = EndpointWorld(bob={"tell_to": [bytes(32)]})
    world.alice.friend_set_endpoints(0, [world.ready(world.bob)])
    world.run_for(30)
    assert not world.alice.is_online() and not world.bob.is_online()
    assert world.bob.tox.rt.counters.values["drop.endpoint_stranger"] > 0
    assert world.bob.tox.networks.capability._nodes_for(world.alice.self_get_public_key()) == []
    world.close()


def test_an_endpoint_with_another_key_is_not_the_friends(world):
    node = world.ready(world.bob)
    world.alice.friend_set_endpoints(0, [ExtendedNode(bytes(31) + b"\x09", node.address)])
    world.run_for(30)
    assert not world.alice.is_online() and not world.bob.is_online()


def test_only_networks_of_the_user_are_dialled_and_told():
    world = EndpointWorld(alice={})
    world.options["alice"]["only_networks"] = frozenset({AddressType.I2P})
    alice = world.restart(world.alice)
    alice.friend_set_endpoints(0, [world.ready(world.bob)])
    world.run_for(10)
    assert world.onions.asked == [] and not alice.is_online()
    assert world.ready(alice)
    assert alice.tox.networks.capability._nodes_for(world.bob.self_get_public_key()) == []
    world.close()


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1:33445", "192.168.1.1:33445", "[::1]:33445", "name.nym:33445", "name.loki:33445"],
)
def test_friends_cannot_have_us_dial_anything(world, address):
    before = len(world.alice.tox.node.streams)
    world.alice.friend_set_endpoints(0, [ExtendedNode(bytes(32), NetworkAddress.parse(address))])
    world.run_for(5)
    assert world.onions.asked == [] and len(world.alice.tox.node.streams) == before


def test_a_friend_cannot_keep_us_from_another(world):
    """By telling of a relay with the key of the other's endpoint, at a place that never answers."""
    node = world.ready(world.bob)
    route = world.alice.tox.tcp.peer(bytes(range(32)), lambda _: None)
    assert route.add_relay(Node(node.public_key, (bytes((203, 0, 113, 9)), 33445), tcp=True))
    world.meet()


def test_a_friend_who_tells_of_our_own_endpoint_changes_nothing(both):
    """Bob is told that alice is where bob is, and elsewhere with bob's key."""
    own, friend = both.bob.endpoint_node(), both.bob.tox.messenger.friend(0)
    elsewhere = ExtendedNode(own.public_key, NetworkAddress.parse(f"{onion(50)}:33445"))
    both.bob.tox.networks.capability.learn(friend, [own, elsewhere])
    saved = both.alice.tox.get_savedata()
    both.vanish(both.alice)
    both.until(lambda: not both.bob.is_online(), "bob to miss alice", 60)
    both.run_for(10)
    both.connect(both.actor("alice", saved), both.bob, 10)


def test_who_says_nothing_has_to_leave(world):
    """A client of the relay that is no endpoint's friend."""
    node = world.ready(world.bob)
    stranger = world.actor("stranger")
    bob_dht = world.bob.self_get_dht_id()
    target = world.onions.names[node.address.host]
    stranger.add_tcp_relay(".".join(map(str, target[0])), target[1], node.public_key)
    got = []
    peer = stranger.tox.tcp.peer(bob_dht, got.append)
    relay = Node(node.public_key, target, tcp=True)
    peer.add_relay(relay)
    world.run_for(5)
    assert stranger.tox.tcp.connected() == 1
    # it gets no way to us, neither registered nor out of band
    assert not peer.is_online
    assert stranger.tox.rt.counters.values["tcp_route_refused"] == 1
    before = dict(world.bob.tox.rt.counters.values)
    assert stranger.tox.tcp.send_oob(node.public_key, bob_dht, b"\x18" + bytes(100))
    world.run_for(1)
    assert world.bob.tox.rt.counters.values == before
    world.run_for(8)
    assert world.bob.tox.rt.counters.values["drop.endpoint_silent"] == 1 and got == []


@pytest.mark.parametrize(
    "data", [b"\x86", b"\x86" + bytes(200), bytes(100), b"\x86" + bytes(24) + b"\x09" * 300]
)
def test_who_says_something_else_has_to_leave(world, data):
    node = world.ready(world.bob)
    stranger = world.actor("stranger")
    target = world.onions.names[node.address.host]
    stranger.add_tcp_relay(".".join(map(str, target[0])), target[1], node.public_key)
    world.run_for(2)
    assert stranger.tox.tcp.send_oob(node.public_key, node.public_key, data)
    world.run_for(1)
    assert world.bob.tox.rt.counters.values["drop.endpoint_stranger"] == 1


def test_answers_cost_no_more_than_the_budget(world):
    """Each that is made with another key costs an X25519."""
    alice, bob = world.meet()
    part = alice.tox.networks.capability
    (dial,) = part._dials.values()
    hello = bytearray(
        bob.tox.networks.capability.hellos.make(alice.self_get_public_key(), dial.node.public_key)
    )
    before = alice.tox.node.dht.budget.spent
    count = X25519_BURST + 1_000
    for i in range(count):
        hello[25:33] = i.to_bytes(8, "big")
        part.on_answer(dial, bytes(hello))
    drops = alice.tox.rt.counters.values
    assert drops["drop.endpoint_answer"] == count and drops["drop.x25519_budget"] == 1_000
    assert alice.tox.node.dht.budget.spent - before == X25519_BURST


def test_a_recorded_hello_is_of_no_use(world):
    """The same bytes from somebody with another DHT key."""
    node = world.ready(world.bob)
    stranger = world.actor("stranger")
    target = world.onions.names[node.address.host]
    stranger.add_tcp_relay(".".join(map(str, target[0])), target[1], node.public_key)
    world.run_for(2)
    hello = world.alice.tox.networks.capability.hellos.make(world.bob.self_get_public_key(), node.public_key)
    assert stranger.tox.tcp.send_oob(node.public_key, node.public_key, hello)
    world.run_for(1)
    assert world.bob.tox.rt.counters.values["drop.endpoint_hello"] == 1
    endpoint = world.bob.tox.networks.capability.endpoint
    assert not endpoint.may_link(stranger.self_get_dht_id(), world.bob.self_get_dht_id())
    assert not world.bob.is_online()
    world.run_for(10)
    assert world.bob.tox.rt.counters.values["drop.endpoint_silent"] == 1


def test_friends_who_keep_to_one_network_meet_in_it():
    world = EndpointWorld()
    for name in ("alice", "bob"):
        world.options[name]["only_networks"] = frozenset({AddressType.ONION})
    world.alice, world.bob = world.restart(world.alice), world.restart(world.bob)
    world.meet()
    world.close()


def test_a_friend_who_tells_of_anothers_endpoint_keeps_nobody_away(world):
    """Mallory, a friend of alice's, says that bob's endpoint is elsewhere, before bob is known."""
    node = world.ready(world.bob)
    mallory = world.actor("mallory")
    number = world.alice.friend_add_norequest(mallory.self_get_public_key())
    elsewhere = NetworkAddress(AddressType.ONION, onion(77).encode(), PORT)
    world.alice.friend_set_endpoints(number, [ExtendedNode(node.public_key, elsewhere)])
    world.run_for(30)
    world.alice.friend_set_endpoints(0, [node])
    world.connect(world.alice, world.bob, 10)
    assert not world.alice.is_online(number)
    assert {name for _, name in world.onions.asked} == {elsewhere.host, node.address.host}
    # nor later
    world.bob = world.bob.restart()
    world.connect(world.alice, world.bob, 15)


def test_an_endpoint_may_have_an_ip():
    """A port of a machine that all can reach: it needs no proxy, and no UDP."""
    world = EndpointWorld()
    plain = {"udp_enabled": False}
    ip_service = FakeEndpoint(world.onions, ip=True)
    world.options = {
        "alice": {**plain, "endpoint": FakeEndpoint(world.onions, serves=False)},
        "bob": {**plain, "endpoint": ip_service},
    }
    world.alice, world.bob = world.restart(world.alice), world.restart(world.bob)
    alice, bob = world.meet()
    assert bob.endpoint_node().address.type == AddressType.IPV4 and world.onions.asked == []
    assert alice.tox.tcp.relays(3) == alice.tox.tcp.relays_to_save(3) == []
    world.close()


def test_a_relay_of_the_user_with_an_endpoints_key_goes_through_the_proxy(both):
    """Only our own endpoint on this machine is reached past it."""
    alice, bob, onions = both.alice, both.bob, both.onions
    for stream in list(onions.streams.open):
        stream.close()
    onions.is_down = True
    asked = len(onions.asked)
    elsewhere = (bytes((20, 0, 9, 9)), PORT)
    endpoint, proxy = bob.tox.networks.capability.endpoint, bob.tox.tcp.proxy
    alice.add_tcp_relay("20.0.9.9", PORT, endpoint.node.public_key)
    both.run_for(60)
    assert (None, elsewhere) in onions.asked[asked:]
    assert endpoint.proxy_to(endpoint.node.address, None) is None and proxy is not None
    assert endpoint.proxy_to(elsewhere, None) is endpoint.proxy_to(endpoint.node.address, "a.onion") is proxy
    onions.is_down = False
    both.connect(alice, bob, 20)


def strangers_at(world, count):
    """So many connections to bob's endpoint of people who say no hello."""
    actor, node = world.actor("strangers"), world.ready(world.bob)
    place = Node(node.public_key, world.onions.names[node.address.host], tcp=True)
    rt, connect = actor.tox.rt, actor.tox.node.streams.connect
    for _ in range(count):
        keys = KeyPair.generate(rt.rng)
        yield TcpClient(place, keys, SharedKeys(keys, rt=rt), Silent(), rt=rt, connect=connect)
        world.run_for(0.1)


class Silent:
    """The owner of a relay client, who does nothing."""

    def __getattr__(self, name):
        return lambda *_: None


def test_strangers_leave_room_for_friends(world):
    """However many come and stay, the oldest of them goes for the next."""
    world.alice.friend_set_endpoints(0, [world.ready(world.bob)])
    world.connect(world.alice, world.bob, 5)
    server = world.bob.tox.networks.capability.endpoint._server
    clients = list(strangers_at(world, MAX_STRANGERS + 5))
    world.run_for(0.2)
    drops = world.bob.tox.rt.counters.values
    assert len(server) == 2 + MAX_STRANGERS and drops["drop.endpoint_crowded_out"] == 5
    assert [client.state == CONFIRMED for client in clients] == [False] * 5 + [True] * MAX_STRANGERS
    # a friend comes all the same, and one who is there stays
    world.alice = world.restart(world.alice)
    world.connect(world.alice, world.bob, 5)
    world.run_for(11)
    assert len(server) == 2 and world.bob.is_online()


def test_who_was_found_last_is_dialled_first(world):
    """With more friends than ways, those who were never there must not be in the way of the others."""
    carol_pk, carol_host = world.actor("carol").self_get_public_key(), onion(60)
    number = world.alice.friend_add_norequest(carol_pk)
    place = NetworkAddress.parse(f"{carol_host}:{PORT}")
    world.alice.friend_set_endpoints(number, [ExtendedNode(bytes(31) + b"\x09", place)])
    _, bob = world.meet()
    bob_host = bob.endpoint_node().address.host
    for expected in ([bob_host, carol_host], [carol_host, bob_host]):
        before = len(world.onions.asked)
        world.alice = world.restart(world.alice)
        world.until(lambda before=before: len(world.onions.asked) >= before + 2, "both to be dialled", 5)
        assert [name for _, name in world.onions.asked[before : before + 2]] == expected
        # as if it were carol who was there last
        told = world.alice.tox.networks.capability._told
        told[bob.self_get_public_key()].good_s, told[carol_pk].good_s = 1, 2


def test_a_short_break_costs_nothing(both):
    """As when tor is restarted: the session goes on over the next way."""
    alice, bob, onions = both.alice, both.bob, both.onions
    onions.is_down = True
    for stream in list(onions.streams.open):
        stream.close()
    both.run_for(1)
    number = alice.friend_send_message(0, 0, b"meanwhile")
    both.run_for(20)
    alice.collect()
    assert alice.is_online() and bob.is_online() and not alice.got(events.FriendReadReceipt)
    onions.is_down = False
    alice.wait(events.FriendReadReceipt, 5, message_id=number)
    assert bob.wait(events.FriendMessage, 1).message == b"meanwhile"
