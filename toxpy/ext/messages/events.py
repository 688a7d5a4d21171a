"""What extended messages report. Two are events of the C API that say more; the others are Python's alone.

`sent_ms` is what the author's clock said, in ms since 1970. Ids have 16 bytes. Text from the network is not
always UTF-8: `message` decodes it with replacement characters, and `raw` has the bytes as they came.
"""

# ruff: noqa: RUF023 -- slots are in the order in which they are shown

from __future__ import annotations

from toxpy.generated import events as ev

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.friend.friend import FriendState


class ExtendedMessage(ev.FriendMessage):
    """A friend sent a message, of up to 64 KiB; `reply_to` is the id of another one, or None."""

    __slots__ = ("id", "sent_ms", "reply_to")

    def __init__(
        self,
        friend: FriendState,
        type: int,
        message: bytes,
        id: bytes | None,
        sent_ms: int | None,
        reply_to: bytes | None,
    ) -> None:
        super().__init__(friend.number, type, message, owner=friend)
        self.id = id
        self.sent_ms = sent_ms
        self.reply_to = reply_to


class ExtendedReceipt(ev.FriendReadReceipt):
    """A friend received the message or the edit that `send` or `edit` gave that number."""

    __slots__ = ("id",)

    def __init__(self, friend: FriendState, message_id: int, id: bytes) -> None:
        super().__init__(friend.number, message_id, owner=friend)
        self.id = id


class MessageEdited(ev.Event):
    """A friend changed a message; `id` is that of the message."""

    __slots__ = ("friend_number", "id", "raw", "sent_ms")

    def __init__(self, friend: FriendState, id: bytes, raw: bytes, sent_ms: int) -> None:
        super().__init__(friend)
        self.friend_number = friend.number
        self.id = id
        self.raw = raw
        self.sent_ms = sent_ms

    @property
    def message(self) -> str:
        """The new text."""
        return self.raw.decode("utf-8", "replace")

    @property
    def sent(self) -> float:
        """The same in seconds, as of a FriendMessage."""
        return self.sent_ms / 1000


class MessageDeleted(ev.Event):
    """A friend took back a message."""

    __slots__ = ("friend_number", "id", "sent_ms")

    def __init__(self, friend: FriendState, id: bytes, sent_ms: int) -> None:
        super().__init__(friend)
        self.friend_number = friend.number
        self.id = id
        self.sent_ms = sent_ms

    @property
    def sent(self) -> float:
        """The same in seconds, as of a FriendMessage."""
        return self.sent_ms / 1000


class MessageSeen(ev.Event):
    """A friend's program showed our message to its user."""

    __slots__ = ("friend_number", "id")

    def __init__(self, friend: FriendState, id: bytes) -> None:
        super().__init__(friend)
        self.friend_number = friend.number
        self.id = id


class MessagesExtended(ev.Event):
    """A friend who came online has extended messages too: `friend_edit` and its like work from now on."""

    __slots__ = ("friend_number",)

    def __init__(self, friend: FriendState) -> None:
        super().__init__(friend)
        self.friend_number = friend.number
