"""Who comes in and who does not: by an invitation, by the chat id, with a password, when it is full."""

import pytest

from tests.support.groups import PRIVATE, PUBLIC, accept, fails, found, gather, guests, invite, join, own_name
from toxpy.generated import events
from toxpy.generated.enums import TOX_GROUP_JOIN_FAIL_INVALID_PASSWORD, TOX_GROUP_JOIN_FAIL_PEER_LIMIT


def refused(founder, joiner, password, reason):
    """The joiner is not let in, for that reason, and gives it up."""
    number = joiner.group_join(founder.group_get_chat_id(0), own_name(joiner), password)
    assert joiner.wait(events.GroupJoinFail, group_number=number).fail_type == reason
    assert joiner.got(events.GroupSelfJoin) is None
    joiner.group_leave(number, b"")


def test_group_invite(group_world):
    """A private group: who is invited is in, the invitation is good once, and any member may invite."""
    alice, bob = group_world.friends()
    (carol,) = guests(group_world, "carol")
    friend = bob.friend_add_norequest(carol.self_get_public_key())
    carol.friend_add_norequest(bob.self_get_public_key())
    found(alice, PRIVATE)
    assert invite(alice, bob) == 0
    gather(group_world, [alice, bob])
    group_world.until(lambda: bob.is_online(friend) and carol.is_online(), "bob and carol to be friends", 90)
    assert invite(bob, carol, friend_number=friend) == 0
    gather(group_world, [alice, bob, carol])

    # whoever is in it is not asked again
    alice.group_invite_friend(0, 0)
    group_world.run_for(2)
    assert bob.got(events.GroupInvite) is None
    data = carol.group_get_chat_id(0) + carol.group_self_get_public_key(0)
    fails("INVITE_FRIEND_FRIEND_NOT_FOUND", alice.group_invite_friend, 0, 1)
    fails("INVITE_FRIEND_GROUP_NOT_FOUND", alice.group_invite_friend, 1, 0)
    fails("INVITE_ACCEPT_BAD_INVITE", bob.group_invite_accept, 0, data[:63], b"bob", b"")
    fails("INVITE_ACCEPT_EMPTY", bob.group_invite_accept, 0, data, b"", b"")
    fails("INVITE_ACCEPT_TOO_LONG", bob.group_invite_accept, 0, data, b"x" * 129, b"")
    fails("INVITE_ACCEPT_PASSWORD", bob.group_invite_accept, 0, data, b"bob", b"x" * 33)
    fails("INVITE_ACCEPT_FRIEND_NOT_FOUND", bob.group_invite_accept, 9, data, b"bob", b"")


@pytest.mark.timeout(330)
def test_who_is_let_in(group_world):
    """A public group gets a password, is full, and becomes private."""
    group_world.network()
    alice, bob, carol, dave = guests(group_world, "alice", "bob", "carol", "dave")
    found(alice)
    join(alice, bob)
    gather(group_world, [alice, bob])
    alice.group_set_password(0, b"dadada")
    assert bob.wait(events.GroupPassword).password == b"dadada"
    refused(alice, carol, b"", TOX_GROUP_JOIN_FAIL_INVALID_PASSWORD)
    refused(alice, carol, b"dadadada", TOX_GROUP_JOIN_FAIL_INVALID_PASSWORD)
    alice.group_set_peer_limit(0, 2)
    assert bob.wait(events.GroupPeerLimit).peer_limit == 2
    refused(alice, carol, b"dadada", TOX_GROUP_JOIN_FAIL_PEER_LIMIT)
    alice.group_set_password(0, b"")
    assert bob.wait(events.GroupPassword).password == b""
    alice.group_set_peer_limit(0, 100)
    assert bob.wait(events.GroupPeerLimit).peer_limit == 100
    join(alice, carol)
    gather(group_world, [alice, bob, carol])

    alice.group_set_privacy_state(0, PRIVATE)
    for actor in (bob, carol):
        assert actor.wait(events.GroupPrivacyState).privacy_state == PRIVATE
    number = dave.group_join(alice.group_get_chat_id(0), b"dave", b"")
    group_world.run_for(20)
    assert dave.got(events.GroupSelfJoin) is None
    assert len({actor.group_get_number_groups() for actor in (alice, bob, carol)}) == 1
    alice.group_set_privacy_state(0, PUBLIC)
    dave.wait(events.GroupSelfJoin, group_number=number)
    gather(group_world, [alice, bob, carol, dave])


def test_the_founder_gets_into_a_full_group(group_world):
    """An invitation is refused by the limit; the limit goes up, and the same group lets the friend in."""
    alice, bob = group_world.friends()
    found(alice, PRIVATE)
    alice.group_set_peer_limit(0, 1)
    number = accept(alice, bob)
    assert bob.wait(events.GroupJoinFail).fail_type == TOX_GROUP_JOIN_FAIL_PEER_LIMIT
    bob.group_leave(number, b"")
    alice.group_set_peer_limit(0, 2)
    # c-toxcore leaves when it iterates
    group_world.run_for(0.5)
    invite(alice, bob)
    gather(group_world, [alice, bob])
