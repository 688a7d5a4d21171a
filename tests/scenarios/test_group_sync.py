"""All do things at the same time, and some miss what others do: in the end everybody has the same."""

import pytest

from tests.support.groups import (
    MODERATOR,
    OBSERVER,
    UNLOCKED,
    USER,
    agree,
    gather,
    guests,
    id_of,
    join,
    peers,
    role,
    share,
    topic,
)
from toxpy.errors import ToxError
from toxpy.generated import events
from toxpy.generated.enums import TOX_ERR_GROUP_SET_ROLE_ASSIGNMENT, TOX_ERR_GROUP_SET_ROLE_PERMISSIONS


def attempt(actor, target, kind):
    """Make somebody something, if our view of the group allows it."""
    try:
        actor.group_set_role(0, id_of(actor, target), kind)
    except ToxError as error:
        assert error.code in (TOX_ERR_GROUP_SET_ROLE_ASSIGNMENT, TOX_ERR_GROUP_SET_ROLE_PERMISSIONS)


@pytest.mark.timeout(330)
def test_group_sync(group_world):
    members = alice, bob, carol, dave, erin = share(group_world, "alice", "bob", "carol", "dave", "erin")
    alice.group_set_topic_lock(0, UNLOCKED)
    for actor in members[1:]:
        actor.wait(events.GroupTopicLock)
    # five topics at once, and again
    for again in range(3):
        for actor in members:
            actor.group_set_topic(0, b"%d of %s" % (again, actor.name.encode()))
        group_world.run_for(0.1)
    group_world.until(lambda: len({topic(actor) for actor in members}) == 1, "all to have one topic", 120)
    # who may speak
    for actor in members[1:]:
        alice.group_set_role(0, id_of(alice, actor), MODERATOR)
    group_world.until(
        lambda: all(actor.group_self_get_role(0) == MODERATOR for actor in members[1:]), "four moderators"
    )
    group_world.until(lambda: agree(members), "all to agree", 120)
    for target in (dave, erin):
        alice.group_set_role(0, id_of(alice, target), USER)
    group_world.until(
        lambda: role(bob, erin) == role(carol, dave) == role(carol, erin) == role(bob, dave) == USER,
        "all to see two users",
    )
    # three may do it, and know nothing of each other
    for source, target, kind in (
        (bob, dave, OBSERVER),
        (carol, erin, OBSERVER),
        (alice, carol, USER),
        (bob, erin, OBSERVER),
        (alice, dave, MODERATOR),
    ):
        attempt(source, target, kind)
    group_world.until(lambda: agree(members), "all to agree", 120)
    assert len(peers(alice)) == 4
    # a newcomer hears it from somebody, and sees the same
    (frank,) = guests(group_world, "frank")
    join(erin, frank)
    gather(group_world, [*members, frank])
    group_world.until(lambda: agree([*members, frank]), "all to agree")
