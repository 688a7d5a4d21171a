"""Ids of messages that went to a friend or came from it, so that none counts twice.

As a record of a save, little-endian, for each friend:

    public key 32 | ids received u16 | ids sent u16 | the entries, received ones first, oldest first
    entry: id 16 | seconds since 1970 u64 | number of the last edit u16 | flags: 1 deleted, 2 seen
"""

from __future__ import annotations

from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: Ids of one friend in each direction.
MAX_IDS = 4096
#: Seconds that an id is remembered.
KEPT_S = 48 * 3600
DELETED, IS_SEEN = 1, 2

_HEAD = Struct("<32sHH")
_ENTRY = Struct("<16sQHB")


class Remembered:
    """Ids of one friend in one direction, the oldest first: when, the last edit's number, flags."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[bytes, tuple[int, int, int]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, message_id: bytes) -> tuple[int, int] | None:
        """Number of the last edit, and flags; None for an id that is not known."""
        entry = self._entries.get(message_id)
        return None if entry is None else entry[1:]

    def put(self, message_id: bytes, now_s: int, number: int = 0, flags: int = 0) -> None:
        """Remember a new id, or what is new about one: it keeps its age."""
        entries = self._entries
        known = entries.get(message_id)
        if known is None:
            self.forget_old(now_s)
            if len(entries) >= MAX_IDS:
                del entries[next(iter(entries))]
        entries[message_id] = (now_s if known is None else known[0], number, flags)

    def forget_old(self, now_s: int) -> None:
        """Forget those that are too old; what the clock says may have gone back meanwhile."""
        entries = self._entries
        while entries:
            oldest = next(iter(entries))
            if now_s - entries[oldest][0] <= KEPT_S:
                return
            del entries[oldest]

    def pack(self) -> bytes:
        """The entries."""
        return b"".join(_ENTRY.pack(message_id, *entry) for message_id, entry in self._entries.items())


class Pair:
    """Both directions of a friend."""

    __slots__ = ("received", "sent")

    def __init__(self) -> None:
        self.received = Remembered()
        self.sent = Remembered()


def pack(friends: dict[bytes, Pair], now_s: int) -> bytes:
    """The record; empty when nothing is remembered."""
    parts = []
    for real_pk, pair in friends.items():
        for direction in (pair.received, pair.sent):
            direction.forget_old(now_s)
        if len(pair.received) or len(pair.sent):
            parts.append(_HEAD.pack(real_pk, len(pair.received), len(pair.sent)))
            parts += [pair.received.pack(), pair.sent.pack()]
    return b"".join(parts)


def unpack(record: bytes, now_s: int) -> Iterator[tuple[bytes, Pair]]:
    """Friends' keys and what is remembered of them, up to where the record is damaged."""
    at = 0
    while at + _HEAD.size <= len(record):
        real_pk, *counts = _HEAD.unpack_from(record, at)
        at += _HEAD.size
        pair = Pair()
        for direction, count in zip((pair.received, pair.sent), counts, strict=True):
            for _ in range(count):
                if at + _ENTRY.size > len(record):
                    break
                message_id, seconds, number, flags = _ENTRY.unpack_from(record, at)
                direction.put(message_id, min(seconds, now_s), number, flags)
                at += _ENTRY.size
        yield real_pk, pair
