"""Messages of ours that no receipt has come for, by friend and in the order in which they were written.

As a record of a save, little-endian: a version 1, then for each friend

    public key 32 | messages u16 | the messages
    message: id 16 | number u32 | sent ms u64 | kind | state | stored s u64 | copies | answer to 16
             | length u32 | text

`sent` is when our user wrote it, in ms since 1970; `stored` is when a mailbox had it first, 0 for never;
`copies` is the number of mailboxes that have it.
"""

from __future__ import annotations

from struct import Struct

from toxpy.errors import ToxError, api_error
from toxpy.ext.offline.states import (
    DIRECT,
    LEAVE,
    LEAVE_STORED,
    QUEUED,
    STORED,
    STORING,
    TRANSITIONS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: Type of the record in the section of extensions.
RECORD = 2
_VERSION = b"\x01"
#: Bytes of the record at most, and of that what one friend's messages may have.
MAX_SIZE, MAX_FRIEND_SIZE = 1024 * 1024, 512 * 1024
#: Messages to one friend.
MAX_MESSAGES = 4096

_FRIEND = Struct("<32sH")
_MESSAGE = Struct("<16sIQBBQB16sI")


class Message:
    """One of them."""

    __slots__ = ("copies", "id", "kind", "number", "reply_to", "sent_ms", "state", "stored_s", "text")

    def __init__(
        self, message_id: bytes, number: int, sent_ms: int, kind: int, reply_to: bytes, text: bytes
    ) -> None:
        self.id = message_id
        #: of its receipt
        self.number = number
        self.sent_ms = sent_ms
        self.kind = kind
        #: the id of another message; zeros for none
        self.reply_to = reply_to
        self.text = text
        self.state = QUEUED
        #: since when mailboxes have it, and how many
        self.stored_s = self.copies = 0

    @property
    def size(self) -> int:
        """Bytes in the record."""
        return _MESSAGE.size + len(self.text)

    def may(self, event: str) -> bool:
        """True if `TRANSITIONS` leads anywhere from here."""
        return (self.state, event) in TRANSITIONS

    def move(self, event: str) -> bool:
        """Go where `TRANSITIONS` leads; False when it leads nowhere."""
        state = TRANSITIONS.get((self.state, event))
        if state is None:
            return False
        self.state = state
        return True

    def pack(self) -> bytes:
        """Its part of the record."""
        fields = (self.id, self.number, self.sent_ms, self.kind, self.state, self.stored_s, self.copies)
        return _MESSAGE.pack(*fields, self.reply_to, len(self.text)) + self.text

    def settle(self) -> None:
        """The connection, or the program, that it was on its way in is no more."""
        if self.state == DIRECT:
            self.move(LEAVE_STORED if self.copies else LEAVE)
        elif self.state == STORING:
            self.state = QUEUED


class Queue:
    """Those to one friend, oldest first."""

    __slots__ = ("messages", "size")

    def __init__(self) -> None:
        self.messages: dict[bytes, Message] = {}
        self.size = _FRIEND.size

    def add(self, message: Message) -> None:
        """Put one at the end."""
        self.messages[message.id] = message
        self.size += message.size

    def remove(self, message: Message) -> None:
        """It is done."""
        del self.messages[message.id]
        self.size -= message.size


def _is_full(words: str) -> ToxError:
    return api_error("TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ", words, retryable=True)


class Outbox:
    """All of them, by the friend's public key."""

    __slots__ = ("_queues", "size")

    def __init__(self) -> None:
        self._queues: dict[bytes, Queue] = {}
        #: bytes of the record
        self.size = len(_VERSION)

    def of(self, real_pk: bytes) -> dict[bytes, Message]:
        """The messages to that friend by id, oldest first; not to be changed."""
        queue = self._queues.get(real_pk)
        return {} if queue is None else queue.messages

    def friends(self) -> list[bytes]:
        """The keys of friends for whom there are messages."""
        return list(self._queues)

    def __iter__(self) -> Iterator[tuple[bytes, Message]]:
        for real_pk, queue in list(self._queues.items()):
            for message in list(queue.messages.values()):
                yield real_pk, message

    def add(self, real_pk: bytes, message: Message) -> None:
        """Take one. ToxError if there is no room: the friend has to come first."""
        queue = self._queues.get(real_pk)
        more = message.size + (_FRIEND.size if queue is None else 0)
        if self.size + more > MAX_SIZE:
            raise _is_full(f"the outbox is full: {self.size} bytes of messages wait for friends")
        if queue is None:
            queue = self._queues[real_pk] = Queue()
        elif len(queue.messages) >= MAX_MESSAGES or queue.size + message.size > MAX_FRIEND_SIZE:
            raise _is_full(f"{len(queue.messages)} messages wait for that friend: no more of them are kept")
        queue.add(message)
        self.size += more

    def remove(self, real_pk: bytes, message: Message) -> None:
        """One is done."""
        queue = self._queues[real_pk]
        queue.remove(message)
        self.size -= message.size
        if not queue.messages:
            del self._queues[real_pk]
            self.size -= _FRIEND.size

    def forget(self, real_pk: bytes) -> list[Message]:
        """That friend is none any more: what waited."""
        queue = self._queues.pop(real_pk, None)
        if queue is None:
            return []
        self.size -= queue.size
        return list(queue.messages.values())

    # the record of a save

    def pack(self) -> bytes | None:
        """The record; None when there is nothing to keep."""
        if not self._queues:
            return None
        parts = [_VERSION]
        for real_pk, queue in self._queues.items():
            parts.append(_FRIEND.pack(real_pk, len(queue.messages)))
            parts += [message.pack() for message in queue.messages.values()]
        return b"".join(parts)

    def load(self, record: bytes) -> None:
        """What a record has, up to where it is damaged; of a version that we do not know nothing."""
        if not record.startswith(_VERSION):
            return
        at = len(_VERSION)
        while at + _FRIEND.size <= len(record):
            real_pk, count = _FRIEND.unpack_from(record, at)
            at += _FRIEND.size
            for _ in range(count):
                if at + _MESSAGE.size > len(record):
                    return
                fields = _MESSAGE.unpack_from(record, at)
                begin = at + _MESSAGE.size
                at = begin + fields[-1]
                if at > len(record):
                    return
                self._load(real_pk, fields, record[begin:at])

    def _load(
        self, real_pk: bytes, fields: tuple[bytes, int, int, int, int, int, int, bytes, int], text: bytes
    ) -> None:
        message_id, number, sent_ms, kind, state, stored_s, copies, reply_to, _ = fields
        if kind > 1 or state not in (QUEUED, DIRECT, STORING, STORED) or not text:
            return
        message = Message(message_id, number, sent_ms, kind, reply_to, text)
        message.state, message.stored_s, message.copies = state, stored_s, copies
        message.settle()
        try:
            if message_id not in self.of(real_pk):
                self.add(real_pk, message)
        except ToxError:
            # a record of more than we write is damaged or forged
            return
