"""The founder and moderators: who may make whom what, who may speak then, and who is sent away."""

import pytest

from tests.support.groups import (
    MODERATOR,
    OBSERVER,
    USER,
    VOICE_ALL,
    VOICE_FOUNDER,
    VOICE_MODERATOR,
    agree,
    fails,
    gather,
    hear,
    id_of,
    peers,
    role,
    say,
    share,
)
from toxpy.generated import events
from toxpy.generated.enums import (
    TOX_GROUP_EXIT_TYPE_KICK,
    TOX_GROUP_EXIT_TYPE_SELF_DISCONNECTED,
    TOX_GROUP_MOD_EVENT_KICK,
    TOX_GROUP_MOD_EVENT_MODERATOR,
    TOX_GROUP_MOD_EVENT_OBSERVER,
    TOX_GROUP_MOD_EVENT_USER,
)

KINDS = {
    MODERATOR: TOX_GROUP_MOD_EVENT_MODERATOR,
    USER: TOX_GROUP_MOD_EVENT_USER,
    OBSERVER: TOX_GROUP_MOD_EVENT_OBSERVER,
}


def make(world, members, source, target, kind):
    """Everybody but the source is told who makes whom what, and all see it."""
    source.group_set_role(0, id_of(source, target), kind)
    for actor in members:
        if actor is not source:
            number = 0 if actor is target else id_of(actor, target)
            event = actor.wait(events.GroupModeration, target_peer_id=number, mod_type=KINDS[kind])
            assert event.source_peer_id == id_of(actor, source)
        if actor is not target:
            assert role(actor, target) == kind
    assert target.group_self_get_role(0) == kind
    world.until(lambda: agree(members), "all to agree")


@pytest.mark.with_real
def test_group_moderation(group_world):
    members = alice, bob, carol, dave = share(group_world, "alice", "bob", "carol", "dave")
    for actor in (bob, carol):
        fails("SET_ROLE_PERMISSIONS", actor.group_set_role, 0, id_of(actor, dave), OBSERVER)
        fails("KICK_PEER_PERMISSIONS", actor.group_kick_peer, 0, id_of(actor, dave))
    make(group_world, members, alice, bob, MODERATOR)
    make(group_world, members, bob, carol, OBSERVER)
    make(group_world, members, alice, dave, OBSERVER)
    fails("SEND_MESSAGE_PERMISSIONS", say, dave, b"x")

    # whose voice is heard
    for voice, speakers in (
        (VOICE_MODERATOR, (alice, bob)),
        (VOICE_FOUNDER, (alice,)),
        (VOICE_ALL, (alice, bob)),
    ):
        alice.group_set_voice_state(0, voice)
        for actor in members[1:]:
            assert actor.wait(events.GroupVoiceState).voice_state == voice
        for actor in members:
            if actor in speakers:
                say(actor, actor.name.encode())
                for other in members:
                    if other is not actor:
                        hear(other, actor, actor.name.encode())
            else:
                fails("SEND_MESSAGE_PERMISSIONS", say, actor, b"x")

    make(group_world, members, bob, carol, USER)
    say(carol, b"again")
    hear(alice, carol, b"again")
    # from observer to moderator is two steps
    alice.group_set_role(0, id_of(alice, dave), MODERATOR)
    assert dave.wait(events.GroupModeration).mod_type == TOX_GROUP_MOD_EVENT_USER
    assert dave.wait(events.GroupModeration).mod_type == TOX_GROUP_MOD_EVENT_MODERATOR
    group_world.until(lambda: agree(members), "all to agree")

    # a moderator has no power over the founder and over moderators
    for target in (alice, dave):
        fails("KICK_PEER_PERMISSIONS", bob.group_kick_peer, 0, id_of(bob, target))
    fails("SET_ROLE_PERMISSIONS", bob.group_set_role, 0, id_of(bob, alice), USER)
    fails("SET_ROLE_PERMISSIONS", bob.group_set_role, 0, id_of(bob, dave), USER)
    fails("SET_ROLE_PERMISSIONS", bob.group_set_role, 0, id_of(bob, carol), MODERATOR)
    fails("SET_ROLE_ASSIGNMENT", alice.group_set_role, 0, id_of(alice, bob), MODERATOR)
    fails("SET_ROLE_SELF", alice.group_set_role, 0, 0, USER)
    fails("KICK_PEER_SELF", alice.group_kick_peer, 0, 0)
    fails("KICK_PEER_PEER_NOT_FOUND", alice.group_kick_peer, 0, 99)
    assert agree(members)


@pytest.mark.timeout(330)
def test_who_is_sent_away(group_world):
    members = alice, bob, carol, dave = share(group_world, "alice", "bob", "carol", "dave")
    make(group_world, members, alice, bob, MODERATOR)
    make(group_world, members, alice, carol, OBSERVER)
    for actor in members:
        actor.seen.clear()
    numbers = {actor.name: id_of(actor, carol) for actor in (alice, dave)}
    bobs = {actor.name: id_of(actor, bob) for actor in members if actor is not bob}
    bob.group_kick_peer(0, id_of(bob, carol))
    group_world.until(lambda: len(peers(bob)) == 2, "carol to be gone")
    kicked = carol.wait(events.GroupModeration, mod_type=TOX_GROUP_MOD_EVENT_KICK)
    assert (kicked.source_peer_id, kicked.target_peer_id) == (bobs["carol"], 0)
    for _ in range(3):
        assert carol.wait(events.GroupPeerExit).exit_type == TOX_GROUP_EXIT_TYPE_SELF_DISCONNECTED
    assert not carol.group_is_connected(0) and peers(carol) == {}
    for actor in (alice, dave):
        seen = actor.wait(events.GroupModeration, mod_type=TOX_GROUP_MOD_EVENT_KICK)
        assert (seen.source_peer_id, seen.target_peer_id) == (bobs[actor.name], numbers[actor.name])
        left = actor.wait(events.GroupPeerExit, peer_id=numbers[actor.name])
        assert (left.exit_type, left.name) == (TOX_GROUP_EXIT_TYPE_KICK, b"carol")
    assert bob.got(events.GroupPeerExit) is None
    # it is no ban, and the observer is forgotten
    carol.group_reconnect(0)
    gather(group_world, members)
    group_world.until(lambda: agree(members), "all to agree")
    assert carol.group_self_get_role(0) == USER
    # the founder sends away a moderator, who comes back as a user
    alice.group_kick_peer(0, id_of(alice, bob))
    bob.wait(events.GroupModeration, mod_type=TOX_GROUP_MOD_EVENT_KICK)
    bob.group_reconnect(0)
    gather(group_world, members)
    group_world.until(lambda: agree(members), "all to agree")
    assert [bob.group_self_get_role(0), role(dave, bob)] == [USER, USER]
