"""Pieces of pictures that got lost and are sent again, where the friend asks for them.

`Asking` is on the side that lacks them, `History` on the side that has them. Only peers of our kind do it
(between_ours.py): a receiver of c-toxcore takes a piece that comes twice for one that it lacks.

A piece is missing when a later one is there. It is asked for at once, and again until it comes or the picture
is given up: questions are small and get lost as well, so each is sent twice. Whoever is asked does not send a
piece again while it may still be on its way, and sends it twice where much is lost.

    197 repeat   (sequence u16 | piece u16)...        piece: offset / 1292, 65535 for all of a picture
    198 key      nothing: what we have is beyond repair, a key frame please
"""

from __future__ import annotations

from _thread import allocate_lock
from struct import Struct

from toxpy.av.rtp import MAX_PIECE_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.av.pictures import Picture
    from toxpy.runtime import Counters

REPEAT, KEY = 197, 198
#: Asks for all pieces: none came, so nobody knows how many there are.
ALL = 0xFFFF
#: Pieces asked for in one packet.
MAX_ASKED = 64
#: Pieces whose lack is known at a time: a friend can claim any size for a picture of one byte.
MAX_LACKING = 128
#: Time in which a missing piece may just be out of order, ms: at first, and at most when that turned out so.
ORDER_MS, MAX_ORDER_MS = 5, 100
#: Time without a piece after which the end of a picture is missing, though nothing newer came, ms: its pieces
#: leave close together.
END_MS = 10
#: Time between two questions at least, ms.
MIN_AGAIN_MS = 20
#: How long a picture waits for its missing pieces, ms: a question takes a round trip, and some get lost. In
#: round trips, and more, and at most: who talks to each other must not wait longer.
HOLD_ROUND_TRIPS, HOLD_MORE_MS, MAX_HOLD_MS = 3, 60, 500

#: Pictures that can be sent again, and their bytes: those of the last second.
MAX_KEPT, MAX_KEPT_SIZE = 32, 1024 * 1024
#: How often one piece is sent again.
MAX_REPEATS = 6
#: Bytes that may be sent again for each byte sent; and how many of them are saved up.
REPEATED_SHARE, MAX_SAVED = 0.6, 128 * 1024
#: Pictures over which it is averaged what was sent again.
MEAN_OVER = 15
#: Round trip while none was measured, ms.
USUAL_ROUND_TRIP_MS = 100

_ENTRY = Struct(">HH")


class Missing:
    """A piece that we lack."""

    __slots__ = ("ask_ms", "asked_ms", "noticed_ms")

    def __init__(self, now_ms: int, order_ms: int) -> None:
        self.noticed_ms = now_ms
        #: when to ask next, and when it was asked for first; -1 for never
        self.ask_ms = now_ms + order_ms
        self.asked_ms = -1


class Asking:
    """What we lack of a friend's pictures."""

    __slots__ = ("_lacking", "_order_ms", "missed")

    def __init__(self) -> None:
        #: by sequence number and piece
        self._lacking: dict[tuple[int, int], Missing] = {}
        #: time in which pieces may just be out of order
        self._order_ms = ORDER_MS
        #: pieces that did not come the first time
        self.missed = 0

    def packet(self, pictures: list[Picture], round_trip_ms: int, now_ms: int) -> bytes | None:
        """The question to ask now; `pictures` are those in the making."""
        before, lacking, due = self._lacking, {}, []
        for key in self._missing(pictures, now_ms):
            missing = lacking[key] = before.pop(key) if key in before else Missing(now_ms, self._order_ms)
            if now_ms >= missing.ask_ms:
                due.append(key)
                missing.ask_ms = now_ms + max(round_trip_ms // 4, MIN_AGAIN_MS)
                if missing.asked_ms < 0:
                    missing.asked_ms = now_ms
                    self.missed += 1
        self._lacking = lacking
        for missing in before.values():
            self._learn(missing, round_trip_ms, now_ms)
        if not due:
            return None
        return bytes((REPEAT,)) + b"".join([_ENTRY.pack(*key) for key in due[:MAX_ASKED]])

    def next_ms(self) -> int | None:
        """When there is a question to ask though nothing comes; None for never."""
        return min([missing.ask_ms for missing in self._lacking.values()], default=None)

    def hold_ms(self, round_trip_ms: int) -> int:
        """How long to wait for missing pieces."""
        return min(HOLD_ROUND_TRIPS * round_trip_ms + HOLD_MORE_MS + self._order_ms, MAX_HOLD_MS)

    def _learn(self, missing: Missing, round_trip_ms: int, now_ms: int) -> None:
        """That piece is there, or given up."""
        if 0 <= missing.asked_ms < now_ms < missing.asked_ms + round_trip_ms * 3 // 4:
            # sooner than an answer could: it was only late
            self.missed -= 1
            self._order_ms = min(max(self._order_ms, now_ms - missing.noticed_ms + ORDER_MS), MAX_ORDER_MS)
        elif self._order_ms > ORDER_MS and missing.asked_ms >= 0:
            self._order_ms -= 1

    @staticmethod
    def _missing(pictures: list[Picture], now_ms: int) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for picture in pictures:
            if len(found) >= MAX_LACKING:
                break
            if not picture.size:
                found.append((picture.sequence, ALL))
            elif picture.got < picture.size:
                is_over = picture is not pictures[-1] or now_ms >= picture.last_ms + END_MS
                offsets = picture.missing(MAX_LACKING - len(found), is_over=is_over)
                found += [(picture.sequence, offset // MAX_PIECE_SIZE) for offset in offsets]
        return found


class History:
    """Our last pictures. Any thread adds, another one repeats; none has the lock for long."""

    __slots__ = ("_again", "_allowed", "_is_asked", "_kept", "_lock", "_new", "_sent_ms", "_size")

    def __init__(self) -> None:
        self._lock = allocate_lock()
        #: the friend may ask
        self._is_asked = True
        #: their packets, by sequence number
        self._kept: dict[int, list[bytes]] = {}
        self._size = 0
        #: when each piece was repeated last, and how often
        self._sent_ms: dict[tuple[int, int], tuple[int, int]] = {}
        #: bytes that may be sent again
        self._allowed = 0.0
        #: bytes sent lately, and sent again
        self._new = self._again = 0.0

    def add(self, sequence: int, packets: list[bytes]) -> None:
        """A picture that is sent."""
        size = sum(map(len, packets))
        with self._lock:
            if not self._is_asked:
                return
            self._allowed = min(self._allowed + size * REPEATED_SHARE, MAX_SAVED)
            self._new += size - self._new / MEAN_OVER
            self._again -= self._again / MEAN_OVER
            self._kept[sequence] = packets
            self._size += size
            while len(self._kept) > MAX_KEPT or self._size > MAX_KEPT_SIZE:
                oldest = next(iter(self._kept))
                self._size -= sum(map(len, self._kept.pop(oldest)))

    def share(self) -> float:
        """How much of what was sent lately was sent again."""
        return self._again / (self._new + self._again) if self._again else 0.0

    def keep(self, *, is_asked: bool) -> None:
        """The friend may ask, or never does."""
        with self._lock:
            self._is_asked = is_asked
            if not is_asked:
                self._kept.clear()
                self._sent_ms.clear()
                self._size = 0

    def repeat(
        self, packet: bytes, round_trip_ms: int, now_ms: int, counters: Counters, copies: int = 1
    ) -> list[bytes]:
        """What a question asks for, as far as we have it and it is of use; so many `copies` leave."""
        entries = packet[1:]
        if not entries or len(entries) % _ENTRY.size or len(entries) > MAX_ASKED * _ENTRY.size:
            counters.drop("repeat_size")
            return []
        found: list[bytes] = []
        with self._lock:
            # each once
            for sequence, piece in dict.fromkeys(_ENTRY.iter_unpack(entries)):
                packets = self._kept.get(sequence, [])
                numbers = range(len(packets)) if piece == ALL else range(piece, min(piece + 1, len(packets)))
                if not numbers:
                    # it came too late, or asks for what never was
                    counters.drop("repeat_unknown")
                found += [
                    packets[number]
                    for number in numbers
                    if self._is_due((sequence, number), copies * len(packets[number]), round_trip_ms, now_ms)
                ]
        return found

    def _is_due(self, key: tuple[int, int], size: int, round_trip_ms: int, now_ms: int) -> bool:
        """True if the piece is not on its way, and there is room for it; then it is sent."""
        sent = self._sent_ms
        last_ms, times = sent.get(key, (now_ms - round_trip_ms, 0))
        if now_ms < last_ms + round_trip_ms * 9 // 10 or times >= MAX_REPEATS or size > self._allowed:
            return False
        self._allowed -= size
        self._again += size
        sent.pop(key, None)
        sent[key] = now_ms, times + 1
        if len(sent) > MAX_KEPT * MAX_ASKED:
            del sent[next(iter(sent))]
        return True
