"""Members of a private group that all got other addresses find each other by way of their friends."""

import pytest

from tests.support.worlds import SimulatedWorld
from toxpy.generated import enums
from toxpy.generated import events as ev

PRIVATE = enums.TOX_GROUP_PRIVACY_STATE_PRIVATE
NAMES = ("alice", "bob", "carol")
SECONDS = 10


def group(actor):
    return actor.tox.groups.capability.get().get(0).group


def is_mesh(actors):
    return all(
        group(actor).is_connected and group(actor).peers.count_confirmed() == len(actors) - 1
        for actor in actors
    )


def is_online(actor):
    return any(actor.is_online(number) for number in actor.self_get_friend_list())


class Circle:
    """Alice, who founded a private group, and Carol are friends of Bob's, but not of each other."""

    def __init__(self, seed, relayed=False):
        self.world = SimulatedWorld(seed, relayed=relayed)
        self.node = self.world.network()[0]
        self.start(dict.fromkeys(NAMES, b""))
        alice, bob, carol = self.members
        for friend in (alice, carol):
            friend.friend_add_norequest(bob.self_get_public_key())
            bob.friend_add_norequest(friend.self_get_public_key())
        self.world.until(lambda: all(map(is_online, self.members)), "friends to be online", 90)
        alice.group_new(PRIVATE, b"Circle", b"alice")
        self.invite(alice, bob)
        self.invite(bob, carol)
        assert self.world.run_until(lambda: is_mesh(self.members), 20)

    def start(self, saves):
        """On new hosts."""
        self.members = [self.world.actor(name, savedata) for name, savedata in saves.items()]
        for member in self.members:
            member.bootstrap_to(self.node)

    def stop(self):
        saves = {member.name: member.tox.get_savedata() for member in self.members}
        for member in self.members:
            self.world.vanish(member)
        return saves

    def invite(self, host, guest):
        numbers = host.self_get_friend_list()
        (number,) = [n for n in numbers if host.friend_get_public_key(n) == guest.self_get_public_key()]
        host.group_invite_friend(0, number)
        event = guest.wait(ev.GroupInvite, 5)
        guest.group_invite_accept(event.friend_number, event.invite_data, guest.name.encode(), b"")
        assert self.world.run_until(lambda: group(guest).is_connected, 5)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("relayed", [False, True])
def test_all_members_restart_elsewhere(seed, relayed):
    circle = Circle(seed, relayed)
    circle.start(circle.stop())
    circle.world.until(lambda: all(map(is_online, circle.members)), "friends to be online", 60)
    assert circle.world.run_until(lambda: is_mesh(circle.members), SECONDS)
    roles = [group(member).state.own_role for member in circle.members]
    assert roles == [
        enums.TOX_GROUP_ROLE_FOUNDER,
        enums.TOX_GROUP_ROLE_USER,
        enums.TOX_GROUP_ROLE_USER,
    ]


@pytest.mark.parametrize("seed", range(3))
def test_members_restart_elsewhere_while_the_founder_is_away(seed):
    circle = Circle(seed)
    saves = circle.stop()
    founder = saves.pop("alice")
    circle.world.run_for(60)
    circle.start(saves)
    circle.world.until(lambda: all(map(is_online, circle.members)), "friends to be online", 60)
    assert circle.world.run_until(lambda: is_mesh(circle.members), SECONDS)
    members = circle.members
    circle.start({"alice": founder})
    circle.members = circle.members + members
    circle.world.until(lambda: all(map(is_online, circle.members)), "friends to be online", 60)
    assert circle.world.run_until(lambda: is_mesh(circle.members), SECONDS)


def test_who_is_no_member_hears_of_no_group():
    """Not even the keys of members, by which it could find out who is who."""
    circle = Circle(1)
    bob, node = circle.members[1], circle.world.actors[1]
    node.friend_add_norequest(bob.self_get_public_key())
    number = bob.friend_add_norequest(node.self_get_public_key())
    circle.world.until(lambda: bob.is_online(number), "the node to be a friend of bob's", 90)
    saves = circle.stop()
    circle.start({"bob": saves["bob"]})
    (bob,) = circle.members
    heard = node.tox.rt.counters.values.get("drop.group_unknown", 0)
    circle.world.until(lambda: bob.is_online(number), "the node to be online", 60)
    circle.world.run_for(30)
    assert node.tox.rt.counters.values.get("drop.group_unknown", 0) == heard
    assert len(bob.tox.groups.capability.members.of_friend(circle.node.self_get_public_key())) == 0


def test_who_was_sent_away_is_not_asked_back():
    circle = Circle(1)
    alice, bob, carol = circle.members
    (number,) = [p.number for p in group(alice).peers if p.enc_pk == group(bob).state.keys.public.enc]
    alice.group_kick_peer(0, number)
    circle.world.until(lambda: not group(bob).is_in_use, "bob to hear of it", 10)
    circle.world.restart(bob).bootstrap_to(circle.node)
    circle.world.run_for(60)
    assert alice.is_online()
    assert group(alice).peers.count_confirmed() == 1 and is_mesh([alice, carol])
