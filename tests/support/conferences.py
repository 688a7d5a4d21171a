"""What conference scenarios share."""

from toxpy.generated import events


def join(inviter, joiner, number=0, friend_number=0):
    """The joiner accepts the inviter's invitation: the number of the conference."""
    inviter.conference_invite(friend_number, number)
    invite = joiner.wait(events.ConferenceInvite)
    assert invite.type == 0
    joined = joiner.conference_join(invite.friend_number, invite.cookie)
    joiner.wait(events.ConferenceConnected, conference_number=joined)
    return joined


def count(actor, number=0):
    """How many peers are there."""
    return actor.conference_peer_count(number)


def share(world, alice, bob):
    """Alice founds a conference, bob joins: number 0 to both, and both see two peers."""
    assert alice.conference_new() == 0
    assert join(alice, bob) == 0
    world.until(lambda: count(alice) == count(bob) == 2, "both to see two peers")


def names(actor, number=0):
    """The names of the peers."""
    return {actor.conference_peer_get_name(number, peer) for peer in range(count(actor, number))}


def author(actor, event):
    """Whose message that is: a public key."""
    return actor.conference_peer_get_public_key(event.conference_number, event.peer_number)
