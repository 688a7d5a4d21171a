"""Segments of extended messages, in the envelope under their UUID; integers are big-endian.

    1 text      id 16 | sent u64 | kind | reply to 16 | total u32 | data
    2 more      data
    3 edit      id 16 | number u16 | sent u64 | total u32 | data
    4 delete    id 16 | sent u64
    5 got       n | n ids of 16
    6 seen      n | n ids of 16

The author chooses the id at random. `sent` is in ms since 1970 by the author's clock; kind is 0 for a message
and 1 for an action; a `reply to` of zeros is none. `total` is the size of the whole text, 1 to 65536 bytes,
of which `data` has the beginning. The rest follows in `more`, before the next text or edit: the stream is
ordered. `number` grows with each edit of a message. `got` has the ids of texts and edits that are complete,
`seen` of those that were shown to the user.
"""

from __future__ import annotations

from struct import Struct

from toxpy.ext.messages.sent import MESSAGE_ID_SIZE
from toxpy.friend.envelope import MAX_SEGMENT_SIZE

UUID = bytes.fromhex("72ce33aa8a88460a95ab617c3931c7ba")
TEXT, MORE, EDIT, DELETE, GOT, SEEN = range(1, 7)
ID_SIZE = MESSAGE_ID_SIZE
NO_ID = bytes(ID_SIZE)
#: Bytes of a text.
MAX_TEXT_SIZE = 64 * 1024
#: The highest number of an edit.
MAX_EDIT_NUMBER = 2**16 - 1
#: Ids in one `got` or `seen`.
MAX_IDS = (MAX_SEGMENT_SIZE - 2) // ID_SIZE

_TEXT = Struct(">B16sQB16sI")
_EDIT = Struct(">B16sHQI")
_DELETE = Struct(">B16sQ")
_MORE = bytes((MORE,))


class Half:
    """A text or an edit of which more is to come, or that is complete."""

    __slots__ = ("data", "id", "kind", "number", "reply_to", "sent_ms", "total")

    def __init__(
        self, message_id: bytes, sent_ms: int, kind: int, reply_to: bytes, number: int, total: int
    ) -> None:
        self.id = message_id
        self.sent_ms = sent_ms
        self.kind = kind
        self.reply_to = reply_to
        #: of an edit; 0 for a text
        self.number = number
        self.total = total
        #: grows with what arrives
        self.data = bytearray()


def _begin(head: bytes, text: bytes) -> list[bytes]:
    """The segments of a text: the first one with `head`."""
    at = MAX_SEGMENT_SIZE - len(head)
    segments = [head + text[:at]]
    while at < len(text):
        segments.append(_MORE + text[at : at + MAX_SEGMENT_SIZE - 1])
        at += MAX_SEGMENT_SIZE - 1
    return segments


def text_segments(message_id: bytes, sent_ms: int, kind: int, reply_to: bytes, text: bytes) -> list[bytes]:
    """A new message."""
    return _begin(_TEXT.pack(TEXT, message_id, sent_ms, kind, reply_to, len(text)), text)


def edit_segments(message_id: bytes, number: int, sent_ms: int, text: bytes) -> list[bytes]:
    """A message's new text."""
    return _begin(_EDIT.pack(EDIT, message_id, number, sent_ms, len(text)), text)


def delete_segment(message_id: bytes, sent_ms: int) -> bytes:
    """A message is no more."""
    return _DELETE.pack(DELETE, message_id, sent_ms)


def id_segment(kind: int, ids: list[bytes]) -> bytes:
    """`got` or `seen` of these, at most MAX_IDS."""
    return bytes((kind, len(ids))) + b"".join(ids)


def parse_beginning(segment: bytes) -> Half | None:
    """A `text` or `edit`, with the data that it has; None when it is none."""
    layout = _TEXT if segment[0] == TEXT else _EDIT
    if len(segment) <= layout.size:
        return None
    if segment[0] == TEXT:
        _, message_id, sent_ms, kind, reply_to, total = layout.unpack_from(segment)
        half = Half(message_id, sent_ms, kind, reply_to, 0, total)
    else:
        _, message_id, number, sent_ms, total = layout.unpack_from(segment)
        half = Half(message_id, sent_ms, 0, NO_ID, number, total)
        if number == 0:
            return None
    size = len(segment) - layout.size
    if half.id == NO_ID or half.kind > 1 or not size <= half.total <= MAX_TEXT_SIZE:
        return None
    half.data += segment[layout.size :]
    return half


def parse_delete(segment: bytes) -> tuple[bytes, int] | None:
    """Id and time of a `delete`."""
    if len(segment) != _DELETE.size:
        return None
    _, message_id, sent_ms = _DELETE.unpack(segment)
    return message_id, sent_ms


def parse_ids(segment: bytes) -> list[bytes] | None:
    """The ids of a `got` or `seen`."""
    if len(segment) < 2 or segment[1] == 0 or len(segment) != 2 + segment[1] * ID_SIZE:
        return None
    return [segment[at : at + ID_SIZE] for at in range(2, len(segment), ID_SIZE)]
