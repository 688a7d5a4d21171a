"""The founder and a member start again from what they saved: all is as it was, and they are in the group."""

import pytest

from tests.support.groups import (
    FOUNDER,
    MODERATOR,
    PRIVATE,
    UNLOCKED,
    VOICE_MODERATOR,
    agree,
    found,
    gather,
    groups,
    hear,
    id_of,
    invite,
    role,
    say,
    settings,
    topic,
)
from toxpy.generated import events
from toxpy.generated.enums import TOX_USER_STATUS_BUSY


def what_it_is(actor):
    """All that has to be there after a restart."""
    return (
        settings(actor),
        topic(actor),
        actor.group_get_chat_id(0),
        actor.group_self_get_public_key(0),
        actor.group_self_get_name(0),
        actor.group_self_get_status(0),
        actor.group_self_get_role(0),
    )


def restarted(world, actor, other):
    """The actor ends and starts again; what it was is there before anybody was met."""
    before = what_it_is(actor)
    actor = world.restart(actor)
    assert groups(actor) == [0]
    assert what_it_is(actor) == before
    actor.bootstrap_to(world.actors[0])
    actor.wait(events.GroupSelfJoin, timeout_s=120)
    world.until(lambda: id_of(actor, other) and id_of(other, actor), "both to see each other", 60)
    assert what_it_is(actor) == before
    return actor


@pytest.mark.with_real
def test_group_save(group_world):
    alice, bob = group_world.friends()
    found(alice, PRIVATE, b"The Test Chamber")
    invite(alice, bob)
    gather(group_world, [alice, bob])
    alice.group_set_topic(0, b"They wait for you")
    alice.group_set_topic_lock(0, UNLOCKED)
    alice.group_set_voice_state(0, VOICE_MODERATOR)
    alice.group_set_password(0, b"password123")
    alice.group_set_peer_limit(0, 69)
    alice.group_set_role(0, id_of(alice, bob), MODERATOR)
    alice.group_self_set_name(0, b"Mike")
    alice.group_self_set_status(0, TOX_USER_STATUS_BUSY)
    bob.wait(events.GroupPeerStatus, status=TOX_USER_STATUS_BUSY)
    group_world.until(lambda: agree([alice, bob]), "both to agree")

    alice = restarted(group_world, alice, bob)
    assert (alice.group_self_get_role(0), role(bob, alice)) == (FOUNDER, FOUNDER)
    bob = restarted(group_world, bob, alice)
    assert (bob.group_self_get_role(0), role(alice, bob)) == (MODERATOR, MODERATOR)
    group_world.until(lambda: agree([alice, bob]), "both to agree")
    for one, other in ((alice, bob), (bob, alice)):
        other.seen.clear()
        say(one, b"back")
        hear(other, one, b"back")
