"""A conference falls apart while its middle is away, one half grows, an invitation makes them one again."""

from tests.support.conferences import count, join, say
from toxpy.generated import events


def friends(world, one, other):
    """They become friends and see each other online: the numbers on both sides."""
    a = one.friend_add_norequest(other.self_get_public_key())
    b = other.friend_add_norequest(one.self_get_public_key())
    world.until(lambda: one.is_online(a) and other.is_online(b), f"{one.name} and {other.name} online", 120)
    return a, b


def test_conference_invite_merge(conference_world):
    """In a row: dave - bob - alice - carol - erin."""
    alice, bob = conference_world.friends()
    carol, dave, erin = (conference_world.actor(name) for name in ("carol", "dave", "erin"))
    for actor in (carol, dave, erin):
        actor.bootstrap_to(conference_world.actors[0])
    bobs_dave, _ = friends(conference_world, bob, dave)
    alices_carol, _ = friends(conference_world, alice, carol)
    carols_erin, _ = friends(conference_world, carol, erin)
    alice.conference_new()
    join(alice, bob)
    join(bob, dave, friend_number=bobs_dave)
    conference_world.until(lambda: count(alice) == count(bob) == count(dave) == 3, "three to be there")
    # alice and dave, who are no friends, connect
    conference_world.run_for(5)
    saved = bob.get_savedata()
    conference_world.stop(bob)
    conference_world.until(lambda: count(alice) == 2 == count(dave), "bob to be gone")
    join(alice, carol, friend_number=alices_carol)
    join(carol, erin, friend_number=carols_erin)
    bob = conference_world.actor("bob", savedata=saved)
    bob.bootstrap_to(alice)
    everybody = (alice, bob, carol, dave, erin)
    conference_world.until(lambda: bob.is_online(0) and bob.is_online(bobs_dave), "bob to be back", 120)
    bob.conference_invite(0, 0)
    conference_world.until(
        lambda: all(count(actor) == 5 for actor in everybody), "everybody to see everybody", 120
    )
    for actor in everybody:
        assert actor.got(events.ConferenceInvite) is None
        actor.seen.clear()
    say(conference_world, erin, b"to all")
    for actor in everybody:
        assert actor.wait(events.ConferenceMessage).message == b"to all"
