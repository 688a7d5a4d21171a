"""Members that reach each other over TCP relays only."""

import pytest

from tests.support.worlds import SimulatedWorld
from toxpy.generated import enums
from toxpy.generated import events as ev

PUBLIC, PRIVATE = enums.TOX_GROUP_PRIVACY_STATE_PUBLIC, enums.TOX_GROUP_PRIVACY_STATE_PRIVATE


def member_count(entry):
    return entry.group.peers.count_confirmed() + 1


class Relayed:
    """Alice, who has a group, and Bob, both without UDP."""

    def __init__(self, privacy):
        self.world = SimulatedWorld(relayed=True)
        self.alice, self.bob = self.world.friends()
        self.a, self.b = self.alice.tox.groups.capability.get(), self.bob.tox.groups.capability.get()
        self.founded = self.a.new(b"Group", privacy, b"alice")

    def until(self, condition, seconds):
        return self.world.run_until(condition, seconds)

    def invite(self):
        friend = self.alice.tox.messenger.friend(0)
        self.a.invites.invite(self.founded.group, friend)
        data = self.bob.wait(ev.GroupInvite, 5).invite_data
        friend = self.bob.tox.messenger.friend(0)
        return self.b.accept(friend, data[:32], data[32:], b"bob")


def connections(world):
    """Of all to the relay: also those of instances, and of nodes."""
    return len(world.world.relay.tox.node.relay)


@pytest.mark.parametrize("age_s", [0, 12])
def test_an_invited_friend_comes_in_over_a_relay(age_s):
    """Also at once: the relays of a new group are on their way."""
    world = Relayed(PRIVATE)
    world.world.run_for(age_s)
    joined = world.invite()
    assert world.until(lambda: member_count(world.founded) == member_count(joined) == 2, 1.5)
    (peer,) = joined.group.peers.confirmed()
    assert not peer.is_direct() and peer.relays
    assert joined.group.peers.saved()[0].relay is not None
    for i in range(50):
        world.founded.talk.send_message(0, b"%d" % i)
    world.world.run_for(2)
    texts = [event.message for event in world.bob.seen if isinstance(event, ev.GroupMessage)]
    assert texts == [b"%d" % i for i in range(50)]


def test_a_public_group_is_found_over_a_relay():
    world = Relayed(PUBLIC)
    world.world.run_for(60)
    joined = world.b.join(world.founded.group.state.chat.sig, b"bob")
    assert world.until(lambda: member_count(world.founded) == member_count(joined) == 2, 15)


def test_a_group_has_connections_of_its_own_and_closes_them():
    world = Relayed(PRIVATE)
    world.world.run_for(12)
    group = world.founded.group
    relays = group.relays
    (node,) = relays.own(3)
    assert world.alice.tox.tcp.relays(3) == [node]
    before = connections(world)
    group.stop()
    assert group.relays is None and relays.own(3) == []
    # relays of c-toxcore drop what was said last when a connection ends behind it
    assert connections(world) == before
    world.world.run_for(1)
    assert connections(world) == before - 1


def test_who_is_back_at_once_takes_the_place_of_its_former_connections():
    world = Relayed(PRIVATE)
    joined = world.invite()
    assert world.until(lambda: member_count(world.founded) == member_count(joined) == 2, 5)
    accepted = world.world.relay.tox.rt.counters.values
    before = accepted["tcp_accepted"]
    joined.group.disconnect()
    joined.group.begin()
    assert world.until(lambda: member_count(world.founded) == member_count(joined) == 2, 5)
    world.world.run_for(2)
    # neither drives out the other
    assert accepted["tcp_accepted"] == before + 1
    assert member_count(world.founded) == member_count(joined) == 2


class TwoRelays(SimulatedWorld):
    """Alice and Bob know two relays, the first two nodes; `udp` are those that have UDP."""

    def __init__(self, udp=()):
        super().__init__(relayed=True)
        self.udp = udp
        self.nodes = self.network()
        self.alice, self.bob = (self.actor(name) for name in ("alice", "bob"))
        for actor in (self.alice, self.bob):
            for node in self.nodes[:2]:
                actor.bootstrap(node.host, node.port, node.self_get_dht_id())
                actor.add_tcp_relay(node.host, node.tcp_port, node.self_get_dht_id())
        self.alice.friend_add_norequest(self.bob.self_get_public_key())
        self.bob.friend_add_norequest(self.alice.self_get_public_key())
        self.connect(self.alice, self.bob)
        self.alice.group_new(PRIVATE, b"Group", b"alice")
        self.alice.group_invite_friend(0, 0)
        self.bob.group_invite_accept(0, self.bob.wait(ev.GroupInvite, 5).invite_data, b"bob", b"")
        self.sees = [actor.tox.groups.capability.get().get(0).group for actor in (self.alice, self.bob)]
        assert self.run_until(lambda: all(group.peers.count_confirmed() for group in self.sees), 10)
        self.run_for(5)

    def is_relay(self, name):
        return name in ("node0", "node1")

    def has_udp(self, name):
        return super().has_udp(name) or name in self.udp

    def say(self, timeout_s):
        """Both say something, and hear it."""
        actors = self.alice, self.bob
        for actor in actors:
            actor.group_send_message(0, 0, b"hello")
        for actor in actors:
            actor.wait(ev.GroupMessage, timeout_s)
            assert not actor.got(ev.GroupPeerExit)

    def reached(self):
        """How each reaches the other, and at which address."""
        for actor, group in zip((self.alice, self.bob), self.sees, strict=True):
            (number,) = [peer.number for peer in group.peers.confirmed()]
            yield (
                actor.group_peer_get_connection_status(0, number),
                actor.group_peer_get_ip_address(0, number).decode(),
            )


@pytest.mark.parametrize("relay", [0, 1])
@pytest.mark.parametrize(("end", "timeout_s"), [("stop", 2), ("vanish", 45)])
def test_a_relay_dies(relay, end, timeout_s):
    """One that falls silent is given up after half a minute; nothing is lost."""
    world = TwoRelays()
    getattr(world, end)(world.nodes[relay])
    world.run_for(1)
    world.say(timeout_s)


@pytest.mark.parametrize("udp", [(), ("alice",), ("bob",)])
def test_over_relays_there_is_no_address(udp):
    world = TwoRelays(udp)
    world.say(2)
    assert list(world.reached()) == [(enums.TOX_CONNECTION_TCP, "-")] * 2


def test_over_udp_there_is_one():
    world = TwoRelays(("alice", "bob"))
    world.say(2)
    assert list(world.reached()) == [
        (enums.TOX_CONNECTION_UDP, world.bob.host),
        (enums.TOX_CONNECTION_UDP, world.alice.host),
    ]
    # without a word from the other the address is not known to work
    world.vanish(world.bob)
    world.run_for(20)
    peers = world.sees[0].peers.confirmed()
    assert [world.alice.group_peer_get_ip_address(0, peer.number) for peer in peers] == [b"-"]
