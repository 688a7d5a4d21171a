"""Who may set the topic: all but observers while it is not locked, else only moderators and the founder."""

import pytest

from tests.support.groups import (
    LOCKED,
    MODERATOR,
    OBSERVER,
    UNLOCKED,
    fails,
    guests,
    id_of,
    join,
    share,
    topic,
)
from toxpy.generated import events


def set_topic(world, members, setter, text):
    """All others are told whose topic it is, and all have it."""
    setter.group_set_topic(0, text)
    for actor in members:
        if actor is not setter:
            assert actor.wait(events.GroupTopic, topic=text).peer_id == id_of(actor, setter)
    world.until(lambda: all(topic(actor) == text for actor in members), f"all to have {text}")


def lock(world, members, state):
    members[0].group_set_topic_lock(0, state)
    for actor in members[1:]:
        assert actor.wait(events.GroupTopicLock).topic_lock == state


@pytest.mark.with_real
def test_group_topic(group_world):
    members = alice, bob, carol = share(group_world, "alice", "bob", "carol")
    fails("TOPIC_SET_TOO_LONG", alice.group_set_topic, 0, b"x" * 513)
    fails("TOPIC_SET_GROUP_NOT_FOUND", alice.group_set_topic, 1, b"x")
    set_topic(group_world, members, alice, b"the founder's")
    fails("TOPIC_SET_PERMISSIONS", bob.group_set_topic, 0, b"x")
    lock(group_world, members, UNLOCKED)
    set_topic(group_world, members, bob, b"of bob")
    set_topic(group_world, members, carol, "von Carol: żółw".encode() + b"!" * 480)
    alice.group_set_role(0, id_of(alice, carol), OBSERVER)
    for actor in (bob, carol):
        actor.wait(events.GroupModeration)
    fails("TOPIC_SET_PERMISSIONS", carol.group_set_topic, 0, b"x")
    set_topic(group_world, members, bob, b"of bob again")

    lock(group_world, members, LOCKED)
    assert {topic(actor) for actor in members} == {b"of bob again"}
    fails("TOPIC_SET_PERMISSIONS", bob.group_set_topic, 0, b"x")
    set_topic(group_world, members, alice, b"")
    alice.group_set_role(0, id_of(alice, bob), MODERATOR)
    bob.wait(events.GroupModeration)
    set_topic(group_world, members, bob, b"of the moderator")
    # who comes now has it, without hearing that it changed
    (dave,) = guests(group_world, "dave")
    join(alice, dave)
    group_world.until(lambda: topic(dave) == b"of the moderator", "dave to have the topic")
    assert dave.got(events.GroupTopic) is None
