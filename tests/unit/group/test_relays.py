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
