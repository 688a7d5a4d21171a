"""A member comes in by the chat id, sees who is there, and both change, part for a while, and leave."""

import pytest

from tests.support.groups import (
    FOUNDER,
    LOCKED,
    PUBLIC,
    USER,
    fails,
    found,
    gather,
    groups,
    guests,
    has_left,
    id_of,
    join,
    peers,
    settings,
)
from toxpy.generated import events
from toxpy.generated.enums import (
    TOX_GROUP_EXIT_TYPE_SELF_DISCONNECTED,
    TOX_USER_STATUS_AWAY,
    TOX_USER_STATUS_BUSY,
)


@pytest.mark.with_real
def test_group_general(group_world):
    group_world.network()
    alice, bob = guests(group_world, "alice", "bob")
    found(alice, name=b"Headquarters")
    alice.group_set_peer_limit(0, 20)
    alice.group_set_topic(0, b"what it is about")
    assert join(alice, bob) == 0
    assert bob.wait(events.GroupPeerLimit).peer_limit == 20
    # it was there before
    assert bob.group_get_topic(0) == b"what it is about" and bob.got(events.GroupTopic) is None
    bobs_alice = bob.wait(events.GroupPeerJoin).peer_id
    alices_bob = alice.wait(events.GroupPeerJoin).peer_id
    assert (id_of(bob, alice), id_of(alice, bob)) == (bobs_alice, alices_bob)
    assert settings(bob) == settings(alice) == (b"Headquarters", PUBLIC, 0, LOCKED, 20, b"")
    assert bob.group_peer_get_role(0, bobs_alice) == alice.group_self_get_role(0) == FOUNDER
    assert alice.group_peer_get_role(0, alices_bob) == bob.group_self_get_role(0) == USER
    assert (bob.group_peer_get_name(0, bobs_alice), alice.group_peer_get_name(0, alices_bob)) == (
        b"alice",
        b"bob",
    )
    assert alice.group_is_connected(0) and bob.group_is_connected(0)

    alice.group_self_set_name(0, b"Alice the second")
    alice.group_self_set_status(0, TOX_USER_STATUS_BUSY)
    assert bob.wait(events.GroupPeerName, peer_id=bobs_alice).name == b"Alice the second"
    assert bob.wait(events.GroupPeerStatus, peer_id=bobs_alice).status == TOX_USER_STATUS_BUSY
    assert bob.group_peer_get_name(0, bobs_alice) == b"Alice the second"
    assert bob.group_peer_get_status(0, bobs_alice) == TOX_USER_STATUS_BUSY

    alice.group_disconnect(0)
    left = alice.wait(events.GroupPeerExit, peer_id=alices_bob)
    assert (left.exit_type, left.name) == (TOX_GROUP_EXIT_TYPE_SELF_DISCONNECTED, b"bob")
    assert has_left(group_world, bob, bobs_alice).name == b"Alice the second"
    assert not alice.group_is_connected(0)
    fails("DISCONNECT_ALREADY_DISCONNECTED", alice.group_disconnect, 0)
    fails("SEND_MESSAGE_DISCONNECTED", alice.group_send_message, 0, 0, b"x")
    # alone
    bob.group_self_set_status(0, TOX_USER_STATUS_AWAY)
    assert peers(bob) == {}

    alice.group_reconnect(0)
    assert alice.group_is_connected(0)
    gather(group_world, [alice, bob])
    alices_bob, bobs_alice = id_of(alice, bob), id_of(bob, alice)
    assert alice.group_peer_get_status(0, alices_bob) == TOX_USER_STATUS_AWAY
    assert bob.group_peer_get_name(0, bobs_alice) == b"Alice the second"

    # who is connected parts first
    bob.group_reconnect(0)
    assert bob.wait(events.GroupPeerExit).exit_type == TOX_GROUP_EXIT_TYPE_SELF_DISCONNECTED
    has_left(group_world, alice, alices_bob)
    gather(group_world, [alice, bob])
    bobs_alice = id_of(bob, alice)
    chat_id = alice.group_get_chat_id(0)
    fails("LEAVE_GROUP_NOT_FOUND", alice.group_leave, 1, b"")
    alice.group_leave(0, b"Goodbye world")
    has_left(group_world, bob, bobs_alice, b"Goodbye world")
    assert groups(alice) == []
    # who comes again is somebody else
    assert alice.group_join(chat_id, b"Alice the third", b"") == 0
    alice.wait(events.GroupSelfJoin)
    gather(group_world, [alice, bob])
    assert bob.group_peer_get_role(0, id_of(bob, alice)) == USER
    assert alice.group_self_get_role(0) == USER
