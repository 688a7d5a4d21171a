"""What the founder decides is the same to all, also to those who come later; nobody else may decide it."""

import pytest

from tests.support.groups import (
    LOCKED,
    PRIVATE,
    PUBLIC,
    UNLOCKED,
    VOICE_ALL,
    VOICE_FOUNDER,
    VOICE_MODERATOR,
    agree,
    fails,
    gather,
    guests,
    id_of,
    join,
    settings,
    share,
)
from toxpy.generated import events


def setters(actor):
    """The calls that only the founder may make, with values that are no default."""
    return {
        "SET_PASSWORD": (actor.group_set_password, b"password"),
        "SET_TOPIC_LOCK": (actor.group_set_topic_lock, UNLOCKED),
        "SET_VOICE_STATE": (actor.group_set_voice_state, VOICE_MODERATOR),
        "SET_PRIVACY_STATE": (actor.group_set_privacy_state, PRIVATE),
        "SET_PEER_LIMIT": (actor.group_set_peer_limit, 7),
    }


@pytest.mark.timeout(330)
def test_group_state(group_world):
    members = alice, bob, carol = share(group_world, "alice", "bob", "carol")
    assert settings(bob) == settings(carol) == (b"The group", PUBLIC, VOICE_ALL, LOCKED, 100, b"")
    for name, (call, value) in setters(bob).items():
        fails(f"{name}_PERMISSIONS", call, 0, value)
        fails(f"{name}_GROUP_NOT_FOUND", call, 1, value)
    fails("SET_PASSWORD_TOO_LONG", alice.group_set_password, 0, b"x" * 33)
    for call, value in setters(alice).values():
        call(0, value)
    for actor in (bob, carol):
        assert actor.wait(events.GroupPassword).password == b"password"
        assert actor.wait(events.GroupTopicLock).topic_lock == UNLOCKED
        assert actor.wait(events.GroupVoiceState).voice_state == VOICE_MODERATOR
        assert actor.wait(events.GroupPrivacyState).privacy_state == PRIVATE
        assert actor.wait(events.GroupPeerLimit).peer_limit == 7
        expected = b"The group", PRIVATE, VOICE_MODERATOR, UNLOCKED, 7, b"password"
        assert settings(actor) == settings(alice) == expected
    # the same once more tells nobody anything
    alice.group_set_peer_limit(0, 7)
    group_world.run_for(2)
    assert bob.got(events.GroupPeerLimit) is None

    # who comes later is told what is no default, before it is in
    alice.group_set_privacy_state(0, PUBLIC)
    alice.group_set_voice_state(0, VOICE_FOUNDER)
    group_world.until(lambda: agree(members), "all to agree")
    (dave,) = guests(group_world, "dave")
    join(alice, dave, password=b"password")
    for kind in (events.GroupTopicLock, events.GroupVoiceState, events.GroupPeerLimit):
        assert dave.got(kind), kind
    assert dave.got(events.GroupPrivacyState) is None
    assert settings(dave) == settings(alice)
    gather(group_world, [*members, dave])

    # the founder is away: all know it still, and nobody may change it
    alice.group_disconnect(0)
    group_world.until(lambda: id_of(bob, alice) is None, "alice to be gone", 90)
    for name, (call, value) in setters(dave).items():
        fails(f"{name}_PERMISSIONS", call, 0, value)
    (erin,) = guests(group_world, "erin")
    join(bob, erin, password=b"password")
    assert settings(erin) == settings(bob)
    fails("SET_PASSWORD_DISCONNECTED", alice.group_set_password, 0, b"x")
    alice.group_reconnect(0)
    everybody = [*members, dave, erin]
    gather(group_world, everybody)
    alice.group_set_password(0, b"")
    group_world.until(lambda: agree(everybody), "all to agree")
    assert settings(erin)[-1] == b""
