"""Messages both ways: normal, action, UTF-8, the longest; one byte more is refused."""

import pytest

from toxpy.errors import ToxError
from toxpy.generated import events
from toxpy.generated.enums import (
    TOX_ERR_FRIEND_SEND_MESSAGE_EMPTY,
    TOX_ERR_FRIEND_SEND_MESSAGE_TOO_LONG,
    TOX_MESSAGE_TYPE_ACTION,
    TOX_MESSAGE_TYPE_NORMAL,
)

MESSAGES = [
    (TOX_MESSAGE_TYPE_NORMAL, b"hello"),
    (TOX_MESSAGE_TYPE_ACTION, b"waves"),
    (TOX_MESSAGE_TYPE_NORMAL, "żółw 🐢 черепаха".encode()),
    (TOX_MESSAGE_TYPE_NORMAL, bytes(range(1, 256)) * 5 + b"x" * 97),
    (TOX_MESSAGE_TYPE_ACTION, b"."),
]


def test_send_message(world):
    alice, bob = world.friends()
    for sender, receiver in ((alice, bob), (bob, alice)):
        for kind, text in MESSAGES:
            sender.friend_send_message(0, kind, text)
        for kind, text in MESSAGES:
            event = receiver.wait(events.FriendMessage)
            assert (event.type, event.message) == (kind, text)
        with pytest.raises(ToxError) as too_long:
            sender.friend_send_message(0, TOX_MESSAGE_TYPE_NORMAL, b"x" * 1373)
        assert too_long.value.code == TOX_ERR_FRIEND_SEND_MESSAGE_TOO_LONG
        with pytest.raises(ToxError) as empty:
            sender.friend_send_message(0, TOX_MESSAGE_TYPE_NORMAL, b"")
        assert empty.value.code == TOX_ERR_FRIEND_SEND_MESSAGE_EMPTY
