"""Messages and edits that came from a mailbox, and that our user has not got yet.

As a part of a record, little-endian, for each of them:

    real key 32 | kind u8 | id 16 | sent u64 | reply to 16 or zeros | number of an edit u16 | size u32 | text
"""

from __future__ import annotations

from struct import Struct

from toxpy.ext.messages.events import ExtendedMessage, MessageEdited
from toxpy.ext.messages.segments import MAX_TEXT_SIZE
from toxpy.ext.offline import seal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from toxpy.friend.friend import FriendState
    from toxpy.generated.events import Event

    #: Where something lies: mailbox's real key, access key, number.
    Place = tuple[bytes, bytes, int]

NO_ID = bytes(seal.ID_SIZE)
_RECORD = Struct("<32sB16sQ16sHI")
_KINDS = seal.MESSAGE, seal.ACTION, seal.EDIT


class Arrived:
    """A message or an edit that our user has not got yet."""

    __slots__ = (
        "friend_pk",
        "id",
        "is_shown",
        "kind",
        "number",
        "places",
        "receipts",
        "reply_to",
        "sent_ms",
        "text",
        "version",
    )

    def __init__(self, friend_pk: bytes, kind: int, id: bytes, sent_ms: int, text: bytes) -> None:
        self.friend_pk = friend_pk
        #: MESSAGE, ACTION or EDIT
        self.kind = kind
        #: its own, of an edit that of the message
        self.id = id
        self.sent_ms = sent_ms
        self.text = text
        self.reply_to = NO_ID
        #: of the edit; 0 for a message
        self.number = 0
        #: when this is on disk it may be shown
        self.version = 0
        self.is_shown = False
        #: where it lies
        self.places: list[Place] = []
        #: what the friend is told when our user has it
        self.receipts: list[bytes] = []

    def pack(self) -> bytes:
        """Its part of the record."""
        fields = self.friend_pk, self.kind, self.id, self.sent_ms, self.reply_to, self.number, len(self.text)
        return _RECORD.pack(*fields) + self.text

    def event(self, friend: FriendState) -> Event:
        """What our user gets."""
        if self.kind == seal.EDIT:
            return MessageEdited(friend, self.id, self.text, self.sent_ms)
        reply_to = None if self.reply_to == NO_ID else self.reply_to
        return ExtendedMessage(friend, self.kind, self.text, self.id, self.sent_ms, reply_to)


def unpack_arrived(part: bytes) -> Iterator[Arrived]:
    """Those of a save, up to where it is damaged."""
    at = 0
    while at + _RECORD.size <= len(part):
        friend_pk, kind, message_id, sent_ms, reply_to, number, size = _RECORD.unpack_from(part, at)
        begin = at + _RECORD.size
        at = begin + size
        if at > len(part) or not 0 < size <= MAX_TEXT_SIZE or kind not in _KINDS:
            return
        arrived = Arrived(friend_pk, kind, message_id, sent_ms, part[begin:at])
        arrived.reply_to, arrived.number = reply_to, number
        if number == 0:
            # the id of an edit's own is not kept: the friend leaves it again, and then it is known
            arrived.receipts.append(message_id)
        yield arrived
