"""Bob ends and is offline to alice; loaded from his save he is back in the conference, with its title."""

from tests.support.conferences import count, say, share
from toxpy.generated import events


def test_conference_offline(conference_world):
    alice, bob = conference_world.friends()
    share(conference_world, alice, bob)
    alice.conference_set_title(0, b"lasting")
    bob.wait(events.ConferenceTitle)
    key = bob.self_get_public_key()
    saved = bob.get_savedata()
    conference_world.stop(bob)
    conference_world.until(lambda: count(alice) == 1, "bob to be gone")
    conference_world.until(lambda: alice.conference_offline_peer_count(0) == 1, "bob to be offline")
    assert alice.conference_offline_peer_get_public_key(0, 0) == key
    assert alice.conference_offline_peer_get_last_active(0, 0) > 1_000_000_000
    bob = conference_world.actor("bob", savedata=saved)
    assert bob.conference_get_chatlist() == [0]
    assert (count(bob), bob.conference_offline_peer_count(0)) == (1, 1)
    assert bob.conference_get_title(0) == b"lasting"
    bob.bootstrap_to(alice)
    conference_world.until(lambda: count(alice) == count(bob) == 2, "both to be there", 120)
    assert alice.conference_offline_peer_count(0) == bob.conference_offline_peer_count(0) == 0
    assert bob.got(events.ConferenceConnected) is None
    say(conference_world, alice, b"back")
    assert bob.wait(events.ConferenceMessage).message == b"back"
