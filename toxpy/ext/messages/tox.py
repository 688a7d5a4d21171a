"""The part of `Tox` for messages with ids: long ones, edits, deletions, replies, receipts by id.

With `Tox(extended_messages=True)` and a friend who has it too, all of it works. A friend without it gets a
text cut into ordinary messages, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toxpy.arguments import as_flag, as_number, as_text
from toxpy.ext.messages.sent import MESSAGE_ID_SIZE, Sent
from toxpy.ext.offline.message_state import MessageState
from toxpy.generated.typed_enums import MessageType
from toxpy.generated.typed_events import FriendMessage, FriendReadReceipt, from_core
from toxpy.ids import bytes_of
from toxpy.tox_part import ToxPart

if TYPE_CHECKING:
    from collections.abc import Iterable

    from toxpy.core import Core


def as_message_id(value: bytes) -> bytes:
    """The id of a message."""
    raw = bytes_of(value)
    if len(raw) != MESSAGE_ID_SIZE:
        raise ValueError(f"the id of a message has {MESSAGE_ID_SIZE} bytes, not {len(raw)}")
    return raw


def _as_message_ids(values: Iterable[bytes]) -> list[bytes]:
    if isinstance(values, (bytes, bytearray, memoryview, str)):
        raise TypeError("several ids are needed here: a list of them")
    try:
        return [as_message_id(value) for value in values]
    except TypeError:
        raise TypeError("ids of messages are needed here: a list of bytes") from None


class MessagesTox(ToxPart):
    """Part of `Tox`."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        if core.messages.capability is not None:
            self._typed = self._typed_message

    def _typed_message(self, event: Any) -> Any:
        # who has the option on has loaded the module
        from toxpy.ext.messages.events import ExtendedMessage, ExtendedReceipt

        kind = type(event)
        if kind is ExtendedMessage:
            # the save remembers the id, so that a message that is sent again is not shown twice
            self._changed(by_friend=True)
            sent = None if event.sent_ms is None else event.sent_ms / 1000
            words = (MessageType(event.type), event.message)
            return FriendMessage(event.friend_number, *words, event.id, sent, event.reply_to)
        if kind is ExtendedReceipt:
            return FriendReadReceipt(event.friend_number, event.message_id, event.id)
        return from_core(event)

    def friend_has_extended_messages(self, friend_number: int) -> bool:
        """True if the friend is online and its program has these too; a `MessagesExtended` says when."""
        return self.core.messages.has_friend_messages(as_number(friend_number))

    def friend_send(
        self,
        friend_number: int,
        message: str | bytes,
        type: MessageType | int = MessageType.NORMAL,
        *,
        reply_to: bytes | None = None,
        again: bytes | None = None,
    ) -> Sent:
        """Send a message of up to 65536 bytes of UTF-8, as an answer to the one with the id `reply_to`.

        Its number and id come back in the FriendReadReceipt. One that nobody confirmed before the friend went
        offline may be sent `again` with its id: the friend sees it once. Without `extended_messages` this is
        `friend_send_message`.

        With `offline_messages` a message to a friend who is offline is kept (`Sent.state`), and none needs to
        be sent again. With a profile it is on the disk when this returns; OSError when it cannot be, and it
        is not kept then. ToxError SENDQ (retryable) when too much waits already.
        """
        sent = self.core.messages.send(
            as_number(friend_number),
            MessageType(type).value,
            as_text(message, "a message"),
            None if reply_to is None else as_message_id(reply_to),
            None if again is None else as_message_id(again),
        )
        sent.state = MessageState(sent.state)
        if self._on_sent is not None:
            self._on_sent(friend_number, sent.message_id)
        return sent

    def friend_edit(
        self, friend_number: int, original: bytes, message: str | bytes, *, as_new: bool = False
    ) -> Sent:
        """Give our message with the id `original` another text.

        MessageError when the friend's program cannot do that; with `as_new` the text goes there as a new
        message.
        """
        return self.core.messages.edit(
            as_number(friend_number),
            as_message_id(original),
            as_text(message, "a message"),
            as_flag(as_new, "as_new"),
        )

    def friend_delete_message(self, friend_number: int, original: bytes) -> None:
        """Take our message with the id `original` back; MessageError when the friend's program cannot."""
        self.core.messages.delete(as_number(friend_number), as_message_id(original))

    def friend_mark_seen(self, friend_number: int, ids: Iterable[bytes]) -> None:
        """Tell the friend that our user saw the messages with these ids. Nothing does that by itself."""
        self.core.messages.mark_seen(as_number(friend_number), _as_message_ids(ids))
