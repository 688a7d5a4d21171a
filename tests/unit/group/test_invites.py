"""Friends invite each other into groups."""

import pytest

from tests.support.worlds import SimulatedWorld
from toxpy.errors import ToxError
from toxpy.friend.packets import PACKET_GROUP_INVITE
from toxpy.generated import enums
from toxpy.generated import events as ev
from toxpy.group import packets

PUBLIC, PRIVATE = enums.TOX_GROUP_PRIVACY_STATE_PUBLIC, enums.TOX_GROUP_PRIVACY_STATE_PRIVATE


class Friends:
    """Alice and Bob, each with the other as friend 0, and a group of Alice's."""

    def __init__(self, privacy=PRIVATE, seed=1):
        self.world = SimulatedWorld(seed)
        self.alice, self.bob = self.world.friends()
        self.a, self.b = self.alice.tox.groups.capability.get(), self.bob.tox.groups.capability.get()
        self.group = self.a.new(b"Group", privacy, b"alice").group
        self.friend_of_alice = self.alice.tox.messenger.friend(0)
        self.friend_of_bob = self.bob.tox.messenger.friend(0)

    def invite(self):
        self.a.invites.invite(self.group, self.friend_of_alice)
        return self.bob.wait(ev.GroupInvite, 5)

    def accept(self, event, password=b""):
        chat_id, enc_pk = event.invite_data[:32], event.invite_data[32:]
        return self.b.accept(self.friend_of_bob, chat_id, enc_pk, b"bob", password)

    def drops(self, actor, reason):
        return actor.tox.rt.counters.values.get("drop." + reason, 0)

    def send(self, kind, rest=b"", chat_id=None):
        """From Bob to Alice."""
        data = packets.pack_invitation(kind, chat_id or self.group.state.chat.sig, bytes(31) + b"\1", rest)
        self.friend_of_bob.connection.write(bytes((PACKET_GROUP_INVITE,)) + data)
        self.world.run_for(1)


@pytest.mark.parametrize("privacy", [PUBLIC, PRIVATE])
def test_an_invited_friend_comes_in_at_once(privacy):
    friends = Friends(privacy)
    event = friends.invite()
    assert (event.friend_number, event.group_name) == (0, b"Group")
    joined = friends.accept(event).group
    assert friends.world.run_until(lambda: joined.is_connected and joined.peers.count_confirmed() == 1, 0.5)
    assert friends.world.run_until(lambda: friends.group.peers.count_confirmed() == 1, 0.5)


def test_an_invitation_is_good_once():
    friends = Friends()
    joined = friends.accept(friends.invite())
    assert friends.world.run_until(lambda: joined.group.is_connected, 2)
    friends.send(packets.INVITATION_ACCEPTED)
    assert friends.drops(friends.alice, "group_invitation_unknown") == 1
    assert len(friends.group.peers) == 1


def test_an_invitation_to_a_group_that_we_are_in_is_counted():
    friends = Friends()
    friends.accept(friends.invite())
    assert friends.world.run_until(lambda: friends.group.peers.count_confirmed() == 1, 2)
    friends.send(packets.INVITATION, b"Group")
    assert friends.drops(friends.alice, "group_invitation_known") == 1


def test_who_was_not_invited_makes_no_peer():
    friends = Friends()
    friends.send(packets.INVITATION_ACCEPTED)
    friends.send(packets.INVITATION_CONFIRMED)
    friends.send(packets.INVITATION_ACCEPTED, chat_id=bytes(32))
    friends.send(packets.INVITATION_CONFIRMED, b"\2" + bytes(10))
    friends.send(7)
    friends.send(packets.INVITATION, b"")
    friends.send(packets.INVITATION, bytes(49))
    assert friends.drops(friends.alice, "group_invitation_unknown") == 3
    assert friends.drops(friends.alice, "group_invitation") == 4
    friends.world.run_for(5)
    assert len(friends.group.peers) == 0


def test_an_invitation_to_a_lost_group_leads_back():
    friends = Friends()
    joined = friends.accept(friends.invite()).group
    assert friends.world.run_until(lambda: joined.peers.count_confirmed() == 1, 2)
    # neither knows where the other is
    for group in (joined, friends.group):
        peer = group.peers.confirmed()[0]
        group.drop(peer, enums.TOX_GROUP_EXIT_TYPE_TIMEOUT)
        group.peers.forget(peer.enc_pk)
    friends.bob.seen.clear()
    friends.a.invites.invite(friends.group, friends.friend_of_alice)
    assert friends.world.run_until(lambda: joined.peers.count_confirmed() == 1, 3)
    friends.bob.collect()
    assert not friends.bob.got(ev.GroupInvite)


def test_accepting_twice_is_one_group():
    friends = Friends()
    event = friends.invite()
    assert friends.accept(event) is friends.accept(event)


@pytest.mark.parametrize("privacy", [PUBLIC, PRIVATE])
def test_the_right_password_after_a_wrong_one(privacy):
    friends = Friends(privacy)
    friends.alice.tox.group_state.group_set_password(0, b"right")
    friends.accept(friends.invite(), b"wrong")
    friends.bob.wait(ev.GroupJoinFail, 10)
    friends.bob.seen.clear()
    # it is told, or there would be no occasion to give another password
    joined = friends.accept(friends.invite(), b"right").group
    assert friends.world.run_until(lambda: joined.peers.count_confirmed() == 1, 5)
    assert len(friends.b.all()) == 1


def test_a_friend_who_is_offline():
    friends = Friends()
    event = friends.invite()
    friends.world.stop(friends.alice)
    friends.world.until(lambda: not friends.bob.is_online(), "alice to be gone")
    with pytest.raises(ToxError, match="TOX_ERR_GROUP_INVITE_ACCEPT_FAIL_SEND"):
        friends.accept(event)
    assert friends.b.all() == []
    group = friends.b.new(b"Group", PRIVATE, b"bob").group
    with pytest.raises(ToxError, match="TOX_ERR_GROUP_INVITE_FRIEND_INVITE_FAIL"):
        friends.b.invites.invite(group, friends.friend_of_bob)
    assert friends.b.accept(friends.friend_of_bob, b"\2" * 32, bytes(32), b"bob") is None


def test_only_the_last_invitations_count():
    friends = Friends()
    for i in range(30):
        friends.friend_of_alice.real_pk = i.to_bytes(32, "big")
        friends.a.invites.invite(friends.group, friends.friend_of_alice)
    assert len(friends.a.invites._invited[friends.group.state.chat.sig]) == 10
    friends.a.leave(friends.a.get(0))
    assert not friends.a.invites._invited


def test_both_know_which_member_the_other_is():
    friends = Friends()
    joined = friends.accept(friends.invite()).group
    alice, bob = (group.state.keys.public.enc for group in (friends.group, joined))

    def known_to(actor, friend):
        return actor.tox.groups.capability.members.get(joined.state.chat.sig, friend.real_pk)

    assert known_to(friends.bob, friends.friend_of_bob) == alice
    assert known_to(friends.alice, friends.friend_of_alice) is None
    assert friends.world.run_until(lambda: joined.is_connected, 2)
    assert known_to(friends.alice, friends.friend_of_alice) == bob
    friends.a.leave(friends.a.get(friends.group.number))
    assert known_to(friends.alice, friends.friend_of_alice) is None
