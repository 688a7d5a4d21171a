"""Three, of whom two are no friends: everybody sees everybody with key and name, and hears everybody."""

from tests.support.conferences import author, count, join, names, share
from toxpy.generated import events


def keys(actor):
    return {actor.conference_peer_get_public_key(0, peer) for peer in range(count(actor))}


def test_conference_simple(conference_world):
    alice, bob = conference_world.friends()
    alice.self_set_name(b"alice")
    bob.self_set_name(b"bob")
    share(conference_world, alice, bob)
    carol = conference_world.actor("carol")
    carol.self_set_name(b"carol")
    carol.bootstrap_to(conference_world.actors[0])
    number = bob.friend_add_norequest(carol.self_get_public_key())
    carol.friend_add_norequest(bob.self_get_public_key())
    conference_world.until(
        lambda: bob.is_online(number) and carol.is_online(), "bob and carol to be online", 120
    )
    join(bob, carol, friend_number=number)
    three = (alice, bob, carol)
    everybody = {actor.self_get_public_key() for actor in three}
    conference_world.until(
        lambda: all(keys(actor) == everybody for actor in three), "everybody to see everybody"
    )
    called = {b"alice", b"bob", b"carol"}
    conference_world.until(lambda: all(names(actor) == called for actor in three), "everybody's name")
    for actor in three:
        assert actor.conference_get_type(0) == 0
        assert sum(actor.conference_peer_number_is_ours(0, peer) for peer in range(3)) == 1
    for speaker in three:
        speaker.conference_send_message(0, 0, speaker.name.encode())
        for listener in three:
            event = listener.wait(events.ConferenceMessage)
            assert event.message == speaker.name.encode()
            assert author(listener, event) == speaker.self_get_public_key()
    # alice and carol are connected, but no friends
    assert len(alice.self_get_friend_list()) == len(carol.self_get_friend_list()) == 1
