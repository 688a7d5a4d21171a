"""Lists of endpoints: on the wire, in a save, by the onion."""

import pytest

from tests.support.endpoints import FakeEndpoint, Onions, onion
from tests.support.worlds import SimulatedWorld
from toxpy import Profile, Tox
from toxpy.errors import PacketError
from toxpy.ext.networks import told
from toxpy.ext.networks.told import Own, Told
from toxpy.generated.enums import TOX_CONNECTION_TCP
from toxpy.network.network_address import AddressType, ExtendedNode, NetworkAddress

NODES = [
    ExtendedNode(bytes([number]) * 32, NetworkAddress(AddressType.ONION, onion(number).encode(), 33445))
    for number in range(1, 6)
]


def test_a_list_is_what_was_put_in():
    for count in range(5):
        packed = told.pack_list(NODES[:count])
        assert packed[0] == count and told.read_list(packed) == NODES[:count]
        # every cut, and anything more
        for size in range(len(packed)):
            with pytest.raises(PacketError):
                told.read_list(packed[:size])
        with pytest.raises(PacketError):
            told.read_list(packed + b"\x00")
    assert told.read_list(told.pack_list(NODES)) == NODES[:4]
    with pytest.raises(PacketError):
        told.read_list(b"\x05" + told.pack_list(NODES)[1:])


def test_a_save_keeps_what_friends_told():
    kept = [(b"a" * 32, Told(NODES[:2], 7)), (b"b" * 32, Told([])), (b"c" * 32, Told(NODES[2:3], 2**32 - 1))]
    packed = told.pack_friends(kept)
    shown = [(real_pk, of.nodes, of.good_s) for real_pk, of in kept]
    whole = {len(told.pack_friends(kept[:count])): count for count in range(4)}
    count = 0
    for size in range(len(packed) + 1):
        count = whole.get(size, count)
        read = [(real_pk, of.nodes, of.good_s) for real_pk, of in told.unpack_friends(packed[:size])]
        assert read == shown[:count]
    assert count == 3


def test_a_save_keeps_our_endpoint():
    class Service:
        key = b"of the service"

    own = Own(AddressType.ONION)
    assert own.collect() is None
    own.load(bytes(range(1, 33)) + b"\x04\x03\x00i2p" + b"\x03\x02\x00to" + b"\x05\xff\xff")
    assert own.service_key() == b"to"
    own.service = Service()
    again = Own(AddressType.ONION)
    again.load(own.collect())
    assert again.keys.secret == own.keys.secret and again.service_key() == Service.key
    other = Own(AddressType.I2P)
    other.load(own.collect())
    assert other.service_key() == b"i2p"
    for damaged in (b"", bytes(31), bytes(32), bytes(40)):
        empty = Own(AddressType.ONION)
        empty.load(damaged)
        assert empty.keys is None and empty.service_key() == b""


class MixedWorld(SimulatedWorld):
    """Alice and bob use UDP and a network of names side by side; bob alone has an endpoint there."""

    def __init__(self):
        super().__init__()
        self.onions = Onions(self)
        self.options = {
            "alice": {"endpoint": FakeEndpoint(self.onions, serves=False, socks=self.onions.address)},
            "bob": {"endpoint": FakeEndpoint(self.onions, socks=self.onions.address, lasts=False)},
        }
        #: pairs of hosts between which no datagram passes
        self.walls = []
        carry = self.universe.carry

        def carry_or_not(source, address, data):
            if {source.address, address} not in self.walls:
                carry(source, address, data)

        self.universe.carry = carry_or_not


def endpoints(actor):
    return actor.tox.networks.capability


@pytest.fixture
def mixed():
    world = MixedWorld()
    yield world
    world.close()


def test_a_new_endpoint_is_told_by_the_onion_too(mixed):
    """Nothing else leads to the friend: no datagram gets through, and there is no relay."""
    alice, bob = mixed.friends()
    bob_pk = bob.self_get_public_key()
    mixed.run_for(5)
    first = endpoints(alice)._told[bob_pk].nodes
    assert first == [bob.endpoint_node()] and endpoints(alice)._told[bob_pk].no_replay == 0
    saved = bob.tox.get_savedata()
    mixed.stop(bob)
    mixed.onions.names.clear()
    mixed.until(lambda: not alice.is_online(), "alice to see that bob left")
    bob = mixed.actor("bob", saved)
    mixed.walls.append({alice.socket.address, bob.socket.address})
    mixed.until(lambda: bob.endpoint_node() is not None, "the endpoint", 10)
    bob.bootstrap_to(mixed.actors[0])
    mixed.connect(alice, bob)
    mixed.run_for(5)
    known = endpoints(alice)._told[bob_pk]
    assert known.nodes == [bob.endpoint_node()] != first and known.no_replay > 0
    # an older one says nothing any more, and what is no list changes nothing
    onion_data = alice.tox.onion.data.handlers[157]
    old = (known.no_replay).to_bytes(8, "big")
    onion_data(bob_pk, old + told.pack_list(first))
    with pytest.raises(PacketError):
        onion_data(bob_pk, (known.no_replay + 1).to_bytes(8, "big") + b"\x01")
    onion_data(bytes(32), (known.no_replay + 1).to_bytes(8, "big") + told.pack_list(first))
    assert known.nodes == [bob.endpoint_node()]
    # a friend who changes its mind all the time does not make us dial all the time
    for more in range(2, 100):
        onion_data(bob_pk, (known.no_replay + more).to_bytes(8, "big") + told.pack_list([NODES[more % 5]]))
    assert alice.tox.rt.counters.values["drop.endpoints_budget"] >= 97
    drops = alice.tox.rt.counters.values
    assert drops["drop.endpoints_replay"] >= 1 and drops["drop.endpoints_stranger"] == 1


def test_segments_that_are_no_list_change_nothing(mixed):
    alice = mixed.friends()[0]
    mixed.run_for(5)
    hub, friend = endpoints(alice), alice.tox.messenger.friend(0)
    before = hub._told[friend.real_pk].nodes
    hub.on_segment(friend, b"\x02")
    hub.on_segment(friend, b"\x01\x05")
    hub.on_segment(friend, b"\x01" + told.pack_list(before)[:-1])
    assert hub._told[friend.real_pk].nodes == before != []
    drops = alice.tox.rt.counters.values
    assert (drops["drop.endpoints_segment"], drops["drop.endpoints_list"]) == (1, 2)
    # it may take all back
    hub.on_segment(friend, b"\x01\x00")
    assert hub._told[friend.real_pk].nodes == [] and hub._dials == {}


def test_both_ways_are_there_side_by_side(mixed):
    """Friends who lose UDP meet at the endpoint, without a restart."""
    alice, bob = mixed.friends()
    mixed.run_for(5)
    assert mixed.onions.asked == []
    mixed.walls.append({alice.socket.address, bob.socket.address})
    both = (alice, bob)
    mixed.until(
        lambda: all(actor.friend_get_connection_status(0) == TOX_CONNECTION_TCP for actor in both),
        "both to use the endpoint",
        90,
    )
    assert len(mixed.onions.asked) == 1


def test_relays_known_by_name_are_told_to_friends():
    world = SimulatedWorld(relayed=True)
    onions = Onions(world)
    nodes = world.network()
    name = onion(99)
    onions.names[name] = (world.relay.socket.address[0], world.relay.tcp_port)
    world.options = {"alice": onions.user(serves=False), "bob": onions.user(serves=False)}
    alice, bob = world.actor("alice"), world.actor("bob")
    for actor in (alice, bob):
        for node in nodes:
            actor.bootstrap(node.host, node.port, node.self_get_dht_id())
    # bob knows another way to the same relay, so that the two can meet once
    alice.add_tcp_relay_by_name(name, world.relay.tcp_port, world.relay.self_get_dht_id())
    bob.add_tcp_relay(world.relay.host, world.relay.tcp_port, world.relay.self_get_dht_id())
    alice.friend_add_norequest(bob.self_get_public_key())
    bob.friend_add_norequest(alice.self_get_public_key())
    world.connect(alice, bob, 60)
    world.run_for(2)
    (node,) = endpoints(bob)._told[alice.self_get_public_key()].nodes
    assert node.public_key == world.relay.self_get_dht_id() and node.address.host == name
    world.close()


def test_a_profile_is_saved_when_there_are_new_endpoints(tmp_path):
    """A program that is killed afterwards is found at the same place, and finds its friends."""
    world = SimulatedWorld()
    onions = Onions(world)
    world.options = {"alice": onions.user()}
    alice = world.actor("alice")
    alice.friend_add_norequest(bytes(31) + b"\x09")
    with Profile.create(tmp_path / "alice.tox", savedata=alice.tox.get_savedata()) as profile:
        tox = Tox(core=alice.tox, profile=profile)
        changes = []
        tox._autosave.changed = changes.append
        tox.iterate()
        # a key pair was made
        assert changes == [True]
        world.run_for(3)
        tox.iterate()
        # and the service has its name
        assert changes == [True, True]
        for nodes in (NODES[:1], NODES[:1], NODES[1:2]):
            endpoints(alice).learn(alice.tox.messenger.friend(0), nodes)
            tox.iterate()
        assert changes == [True] * 4
        tox.close()
    world.actors.remove(alice)
