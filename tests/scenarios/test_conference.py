"""Two talk in a conference: messages, actions and titles; what cannot be sent is refused; one leaves."""

import pytest

from tests.support.conferences import author, count, share
from toxpy.errors import ToxError
from toxpy.generated import events
from toxpy.generated.enums import (
    TOX_ERR_CONFERENCE_SEND_MESSAGE_CONFERENCE_NOT_FOUND,
    TOX_ERR_CONFERENCE_SEND_MESSAGE_NO_CONNECTION,
    TOX_ERR_CONFERENCE_SEND_MESSAGE_TOO_LONG,
    TOX_ERR_CONFERENCE_TITLE_INVALID_LENGTH,
)

MESSAGES = [(0, b"hello"), (1, b"x" * 1363), (0, "żółw".encode())]


def fails(code, call, *args):
    with pytest.raises(ToxError) as error:
        call(*args)
    assert error.value.code == code


def test_conference(conference_world):
    alice, bob = conference_world.friends()
    share(conference_world, alice, bob)
    for speaker in (alice, bob):
        for kind, text in MESSAGES:
            speaker.conference_send_message(0, kind, text)
        send = speaker.conference_send_message
        fails(TOX_ERR_CONFERENCE_SEND_MESSAGE_TOO_LONG, send, 0, 0, b"x" * 1364)
        fails(TOX_ERR_CONFERENCE_SEND_MESSAGE_CONFERENCE_NOT_FOUND, send, 1, 0, b"x")
        # both hear it, the speaker too
        for listener in (alice, bob):
            for kind, text in MESSAGES:
                event = listener.wait(events.ConferenceMessage)
                assert (event.type, event.message) == (kind, text)
                assert author(listener, event) == speaker.self_get_public_key()
        other = bob if speaker is alice else alice
        fails(TOX_ERR_CONFERENCE_TITLE_INVALID_LENGTH, speaker.conference_set_title, 0, b"")
        title = speaker.name.encode() + b"'s title"
        speaker.conference_set_title(0, title)
        assert other.wait(events.ConferenceTitle).title == title
        assert alice.conference_get_title(0) == bob.conference_get_title(0) == title
    bob.conference_delete(0)
    assert bob.conference_get_chatlist() == []
    conference_world.until(lambda: count(alice) == 1, "bob to be gone")
    assert alice.conference_offline_peer_count(0) == 0
    fails(TOX_ERR_CONFERENCE_SEND_MESSAGE_NO_CONNECTION, alice.conference_send_message, 0, 0, b"x")
    assert bob.is_online()
