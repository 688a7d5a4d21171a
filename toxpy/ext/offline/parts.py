"""Texts that do not fit into one sealed message, or that answer another message, in several of them.

    body of a part    kind 0 or 1 | index | count (at most 17) | answer to 16, zeros for none | data

All parts have the id of the message. The recipient puts them together, in whatever order they come, and
shows the text when it has all. What it has so far must survive, since each part opens only once.

As a part of a record, little-endian, for each unfinished text:

    real key 32 | id 16 | kind | count | parts u8 | answer to 16 | since s u64
                | parts x (index | size u16 | data)
"""

from __future__ import annotations

from struct import Struct

from toxpy.ext.offline.seal import ACTION, ID_SIZE, MAX_BODY_SIZE, MESSAGE, PART, Parcel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Runtime

_HEAD = Struct(">BBB16s")
#: Bytes of text in a part.
MAX_DATA_SIZE = MAX_BODY_SIZE - _HEAD.size
#: The longest text, and the parts that it has.
MAX_TEXT_SIZE = 64 * 1024
MAX_PARTS = -(-MAX_TEXT_SIZE // MAX_DATA_SIZE)
#: Bytes of unfinished texts of one friend, and of all.
MAX_FRIEND_SIZE, MAX_SIZE = 256 * 1024, 1024 * 1024
#: Seconds that an unfinished text is kept: its author leaves all of it again every day, for a week.
KEPT_S = 8 * 86400
_NO_ID = bytes(ID_SIZE)
_SAVED = Struct("<32s16sBBB16sQ")
_SAVED_PART = Struct("<BH")


def cut(kind: int, reply_to: bytes, text: bytes) -> list[tuple[int, bytes]]:
    """Kind and body of the sealed messages that bring a text; `reply_to` is zeros for none."""
    if reply_to == _NO_ID and len(text) <= MAX_BODY_SIZE:
        return [(kind, text)]
    pieces = [text[at : at + MAX_DATA_SIZE] for at in range(0, len(text), MAX_DATA_SIZE)]
    head = (kind, len(pieces), reply_to)
    return [(PART, _pack(index, head) + piece) for index, piece in enumerate(pieces)]


def _pack(index: int, head: tuple[int, int, bytes]) -> bytes:
    kind, count, reply_to = head
    return _HEAD.pack(kind, index, count, reply_to)


class _Unfinished:
    """A text of which parts are missing."""

    __slots__ = ("head", "parts", "since_s", "size")

    def __init__(self, head: tuple[int, int, bytes], since_s: int) -> None:
        #: kind, number of parts, what it answers
        self.head = head
        self.since_s = since_s
        self.parts: dict[int, bytes] = {}
        self.size = 0


class Joiner:
    """Puts the parts that friends left together."""

    __slots__ = ("_rt", "_size", "_texts")

    def __init__(self, *, rt: Runtime) -> None:
        self._rt = rt
        #: by friend and id, oldest first
        self._texts: dict[tuple[bytes, bytes], _Unfinished] = {}
        self._size = 0

    def add(self, friend_pk: bytes, parcel: Parcel) -> tuple[int, bytes | None, bytes] | None:
        """A part of a friend's text; kind, the id that it answers, and the text if that was the last one."""
        body = parcel.body
        if len(body) <= _HEAD.size:
            self._drop("malformed")
            return None
        kind, index, count, reply_to = _HEAD.unpack_from(body)
        data = body[_HEAD.size :]
        return self._add(friend_pk, parcel.id, (kind, count, reply_to), index, data, self._rt.clock.unix_s())

    def _add(
        self,
        friend_pk: bytes,
        message_id: bytes,
        head: tuple[int, int, bytes],
        index: int,
        data: bytes,
        since_s: int,
    ) -> tuple[int, bytes | None, bytes] | None:
        kind, count, reply_to = head
        if kind not in (MESSAGE, ACTION) or not index < count <= MAX_PARTS or not data:
            self._drop("malformed")
            return None
        key = friend_pk, message_id
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = _Unfinished(head, since_s)
        if text.head != head or index in text.parts:
            self._drop("again")
            return None
        text.parts[index] = data
        text.size += len(data)
        self._size += len(data)
        if len(text.parts) == count:
            self._forget(key)
            whole = b"".join(text.parts[number] for number in range(count))
            if len(whole) > MAX_TEXT_SIZE:
                self._drop("malformed")
                return None
            return kind, None if reply_to == _NO_ID else reply_to, whole
        self._make_room(friend_pk)
        return None

    def _drop(self, why: str) -> None:
        self._rt.counters.drop("offline_part_" + why)

    def _forget(self, key: tuple[bytes, bytes]) -> None:
        self._size -= self._texts.pop(key).size

    def _make_room(self, friend_pk: bytes) -> None:
        """The oldest of who has most go if there is too much; their author leaves them again."""
        sizes: dict[bytes, int] = {}
        for (owner, _), text in self._texts.items():
            sizes[owner] = sizes.get(owner, 0) + text.size
        while sizes[friend_pk] > MAX_FRIEND_SIZE or self._size > MAX_SIZE:
            most = friend_pk if sizes[friend_pk] > MAX_FRIEND_SIZE else max(sizes, key=sizes.__getitem__)
            oldest = next(key for key in self._texts if key[0] == most)
            sizes[most] -= self._texts[oldest].size
            self._forget(oldest)
            self._drop("memory")

    def forget(self, friend_pk: bytes) -> None:
        """The friend is none any more."""
        for key in [key for key in self._texts if key[0] == friend_pk]:
            self._forget(key)

    def has(self, friend_pk: bytes, message_id: bytes) -> bool:
        """True if parts of that text are here."""
        return (friend_pk, message_id) in self._texts

    # a part of a record

    def pack(self) -> bytes:
        """What is unfinished and not too old."""
        now_s, packed = self._rt.clock.unix_s(), []
        for (friend_pk, message_id), text in list(self._texts.items()):
            if now_s - text.since_s > KEPT_S:
                self._forget((friend_pk, message_id))
                continue
            kind, count, reply_to = text.head
            fields = (friend_pk, message_id, kind, count, len(text.parts), reply_to, text.since_s)
            packed.append(_SAVED.pack(*fields))
            packed += [_SAVED_PART.pack(index, len(data)) + data for index, data in text.parts.items()]
        return b"".join(packed)

    def load(self, part: bytes) -> None:
        """The same from a save, up to where it is damaged."""
        at, now_s = 0, self._rt.clock.unix_s()
        while at + _SAVED.size <= len(part):
            friend_pk, message_id, kind, count, parts, reply_to, since_s = _SAVED.unpack_from(part, at)
            at += _SAVED.size
            for _ in range(parts):
                if at + _SAVED_PART.size > len(part):
                    return
                index, size = _SAVED_PART.unpack_from(part, at)
                begin = at + _SAVED_PART.size
                at = begin + size
                if at > len(part):
                    return
                head = (kind, count, reply_to)
                self._add(friend_pk, message_id, head, index, part[begin:at], min(since_s, now_s))
