"""Two conferences of one instance, and of the same two people: each has its own peers, title and messages."""

from tests.support.conferences import count, join, share
from toxpy.generated import events


def test_conference_two(conference_world):
    alice, bob = conference_world.friends()
    share(conference_world, alice, bob)
    assert alice.conference_new() == 1
    assert join(alice, bob, 1) == 1
    conference_world.until(lambda: count(alice, 1) == count(bob, 1) == 2, "both to see two peers")
    for actor in (alice, bob):
        assert actor.conference_get_chatlist() == [0, 1]
        first, second = actor.conference_get_id(0), actor.conference_get_id(1)
        assert first != second
        assert (actor.conference_by_id(first), actor.conference_by_id(second)) == (0, 1)
    alice.conference_set_title(1, b"the second")
    alice.conference_send_message(1, 0, b"in the second")
    alice.conference_send_message(0, 0, b"in the first")
    for actor in (alice, bob):
        for number, text in ((1, b"in the second"), (0, b"in the first")):
            event = actor.wait(events.ConferenceMessage)
            assert (event.conference_number, event.message) == (number, text)
    assert bob.wait(events.ConferenceTitle).conference_number == 1
