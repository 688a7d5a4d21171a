"""Without a lock: a topic that was replaced comes back when somebody sets it anew, and no other way."""

import pytest

from tests.support.groups import UNLOCKED, agree, id_of, share, topic
from toxpy.generated import events


def have(world, members, text):
    world.until(lambda: all(topic(actor) == text for actor in members), f"all to have {text}")


@pytest.mark.timeout(330)
def test_group_topic_revert(group_world):
    members = alice, bob, carol = share(group_world, "alice", "bob", "carol")
    alice.group_set_topic_lock(0, UNLOCKED)
    for actor in (bob, carol):
        actor.wait(events.GroupTopicLock)
    for text in (b"Topic A", b"Topic B"):
        alice.group_set_topic(0, text)
        have(group_world, members, text)
    # alice may not have meant it, but bob has
    bob.group_set_topic(0, b"Topic A")
    have(group_world, members, b"Topic A")
    assert carol.wait(events.GroupTopic, topic=b"Topic A", peer_id=id_of(carol, bob))
    # bob sets the very topic again that he set before: it is taken for a late copy until he says so in pings
    bob.group_set_topic(0, b"Topic C")
    have(group_world, members, b"Topic C")
    alice.group_set_topic(0, b"Topic B")
    have(group_world, members, b"Topic B")
    bob.group_set_topic(0, b"Topic C")
    group_world.until(lambda: agree(members), "all to agree", 180)
