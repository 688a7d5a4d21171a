"""Two groups of the same two people: each has its own keys, members, settings and messages."""

from tests.support.groups import PRIVATE, found, groups, id_of, invite, join, say, topic
from toxpy.generated import events


def test_group_two(group_world):
    alice, bob = group_world.friends()
    assert (found(alice, name=b"First"), found(bob, PRIVATE, b"Second")) == (0, 0)
    assert join(alice, bob) == 1
    assert invite(bob, alice) == 1
    for actor in (alice, bob):
        assert groups(actor) == [0, 1]
        assert actor.group_self_get_public_key(0) != actor.group_self_get_public_key(1)
        assert actor.group_self_get_public_key(0) != actor.self_get_public_key()
    assert [alice.group_get_name(n) for n in (0, 1)] == [b"First", b"Second"]
    assert [bob.group_get_name(n) for n in (0, 1)] == [b"Second", b"First"]
    group_world.until(lambda: id_of(alice, bob, 0, 1) and id_of(bob, alice, 1, 0), "all to be in the first")
    group_world.until(lambda: id_of(alice, bob, 1, 0) and id_of(bob, alice, 0, 1), "all to be in the second")
    alice.group_set_topic(0, b"of the first")
    bob.group_set_topic(0, b"of the second")
    assert bob.wait(events.GroupTopic, group_number=1).topic == b"of the first"
    assert alice.wait(events.GroupTopic, group_number=1).topic == b"of the second"
    assert (topic(alice), topic(bob)) == (b"of the first", b"of the second")
    for number, text in ((1, b"in the second"), (0, b"in the first")):
        say(alice, text, number)
        event = bob.wait(events.GroupMessage, group_number=1 - number)
        assert (event.message, event.peer_id) == (text, id_of(bob, alice, 1 - number, number))
    # leaving one is not leaving the other
    alice.group_leave(0, b"")
    bob.wait(events.GroupPeerExit, group_number=1)
    say(bob, b"still here")
    assert alice.wait(events.GroupMessage, group_number=1).message == b"still here"
