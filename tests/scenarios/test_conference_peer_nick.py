"""The names of peers, at joining and when they change; one is the other's, one is ours."""

from tests.support.conferences import names, share
from toxpy.generated import events


def test_conference_peer_nick(conference_world):
    alice, bob = conference_world.friends()
    alice.self_set_name(b"Alice")
    bob.self_set_name(b"Bob")
    share(conference_world, alice, bob)
    both = (alice, bob)
    conference_world.until(lambda: all(names(actor) == {b"Alice", b"Bob"} for actor in both), "names")
    for actor in both:
        assert actor.got(events.ConferencePeerName)
        actor.seen.clear()
    alice.self_set_name(b"Alice the second")
    bob.self_set_name(b"")
    conference_world.until(
        lambda: all(names(actor) == {b"Alice the second", b""} for actor in both), "new names"
    )
    for actor in both:
        assert actor.got(events.ConferencePeerName)
