"""Members vanish and come back from their saves, the founder too: the others talk on, and all meet again."""

import pytest

from tests.support.groups import (
    FOUNDER,
    MODERATOR,
    agree,
    gather,
    guests,
    hear,
    id_of,
    join,
    role,
    say,
    share,
)
from toxpy.generated import events
from toxpy.generated.enums import TOX_GROUP_EXIT_TYPE_TIMEOUT


def vanished(world, actor, others):
    """The actor is gone without a word: what it had saved."""
    saved = actor.get_savedata()
    numbers = {other.name: id_of(other, actor) for other in others}
    world.vanish(actor)
    for other in others:
        left = other.wait(events.GroupPeerExit, timeout_s=90, peer_id=numbers[other.name])
        assert (left.exit_type, left.name) == (TOX_GROUP_EXIT_TYPE_TIMEOUT, actor.name.encode())
    return saved


def back(world, name, saved):
    """It starts again somewhere else."""
    actor = world.actor(name, savedata=saved)
    actor.bootstrap_to(world.actors[0])
    actor.wait(events.GroupSelfJoin, timeout_s=60)
    return actor


@pytest.mark.timeout(330)
def test_group_reconnect(group_world):
    alice, bob, carol = share(group_world, "alice", "bob", "carol")
    alice.group_set_role(0, id_of(alice, bob), MODERATOR)
    bob.wait(events.GroupModeration)
    carol.wait(events.GroupModeration)
    saved = vanished(group_world, carol, (alice, bob))
    say(alice, b"without carol")
    hear(bob, alice, b"without carol")
    alice.group_set_topic(0, b"news")
    carol = back(group_world, "carol", saved)
    gather(group_world, [alice, bob, carol])
    group_world.until(lambda: agree([alice, bob, carol]), "all to agree")
    say(carol, b"back")
    hear(bob, carol, b"back")

    # the founder is away: the moderator goes on, and somebody new is let in
    saved = vanished(group_world, alice, (bob, carol))
    bob.group_set_topic(0, b"of the moderator")
    carol.wait(events.GroupTopic, topic=b"of the moderator")
    (dave,) = guests(group_world, "dave")
    join(bob, dave)
    gather(group_world, [bob, carol, dave])
    # also a member that starts again now
    saved_carol = carol.get_savedata()
    group_world.stop(carol)
    carol = back(group_world, "carol", saved_carol)
    gather(group_world, [bob, carol, dave])
    alice = back(group_world, "alice", saved)
    everybody = [alice, bob, carol, dave]
    gather(group_world, everybody)
    group_world.until(lambda: agree(everybody), "all to agree")
    assert alice.group_get_topic(0) == b"of the moderator"
    assert (alice.group_self_get_role(0), role(dave, alice), role(dave, bob)) == (FOUNDER, FOUNDER, MODERATOR)
    say(alice, b"back too")
    for actor in (bob, carol, dave):
        hear(actor, alice, b"back too")
