"""What conference scenarios share."""

from toxpy.errors import ToxError
from toxpy.generated import events
from toxpy.generated.enums import TOX_ERR_CONFERENCE_SEND_MESSAGE_NO_CONNECTION


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


def say(world, actor, text, number=0):
    """Send a message as soon as there is a link: a moment after the peers are seen again."""

    def sent():
        try:
            return actor.conference_send_message(number, 0, text)
        except ToxError as error:
            assert error.code == TOX_ERR_CONFERENCE_SEND_MESSAGE_NO_CONNECTION
            return False

    world.until(sent, f"{actor.name} to send")
