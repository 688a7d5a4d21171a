"""What Python programs see of messages for friends who are away: events, and what waits in the outbox."""

from __future__ import annotations

from dataclasses import dataclass

from toxpy.ext.offline.message_state import MessageState
from toxpy.generated.typed_enums import MessageType
from toxpy.generated.typed_events import FriendEvent, to_text


@dataclass(frozen=True, slots=True)
class MessageStateChanged(FriendEvent):
    """A message of ours went on."""

    #: Number of its FriendReadReceipt.
    message_id: int
    #: Its id, 16 bytes.
    id: bytes
    #: How far it is now.
    state: MessageState


@dataclass(frozen=True, slots=True)
class OfflineMessageLost(FriendEvent):
    """Something that the friend left for us at a mailbox could not be opened."""

    #: Why, in words.
    reason: str


@dataclass(frozen=True, slots=True)
class OfflinePrekeysLow(FriendEvent):
    """Soon nothing more can be left for the friend at mailboxes, until both are online."""

    #: One-time keys of the friend that are left.
    left: int


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message of ours that the friend has not confirmed."""

    #: Its id, 16 bytes.
    id: bytes
    #: Number of its FriendReadReceipt.
    message_id: int
    type: MessageType
    raw: bytes
    #: When it was written, in seconds since 1970.
    sent: float
    state: MessageState
    #: Mailboxes that have it.
    copies: int

    @property
    def message(self) -> str:
        """The message as text."""
        return to_text(self.raw)
