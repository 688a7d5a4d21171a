"""Reports of what was lost, as toxav has them: lossy packets from whoever receives pictures to their sender.

    196 | lost bytes u32 | received bytes u32        since the last report; what was lost is in both

c-toxcore sends one only when something was lost, and counts only pictures of which at least one piece came.
Ours counts the others too, with the size of one piece: pictures of a low bit rate have no more. Nobody counts
sound.

c-toxcore: toxav/bwcontroller.c.
"""

from __future__ import annotations

from struct import Struct

from toxpy.av.rtp import MAX_PIECE_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.av.pictures import Picture
    from toxpy.runtime import Counters

BANDWIDTH = 196
#: Time between reports, ms: c-toxcore's, which leaves out those that come earlier; and what is forgiven to a
#: report that was quicker on its way than the one before.
REPORT_MS, EARLY_MS = 950, 50
#: Packets and pictures before a report.
MIN_COUNT = 30
#: Pictures at the beginning that are not counted: both sides get ready.
FIRST_PICTURES = 10
_MAX_BYTES = 0xFFFFFFFF
_REPORT = Struct(">BII")


class Bandwidth:
    """Counts what comes in a call."""

    __slots__ = ("_at_ms", "_count", "_lost", "_pictures", "_received")

    def __init__(self, now_ms: int) -> None:
        self._at_ms = now_ms
        self._pictures = self._count = 0
        self._lost = self._received = 0

    def add_packet(self) -> None:
        """A packet of sound came."""
        self._count += 1

    def add_picture(self, picture: Picture) -> None:
        """A picture came out, whole or not."""
        self._pictures += 1
        self._count += 1
        missing = picture.size - picture.got if picture.size else MAX_PIECE_SIZE
        self._received += picture.size or MAX_PIECE_SIZE
        if self._pictures > FIRST_PICTURES:
            self._lost += max(missing, 0)

    def report(self, now_ms: int) -> bytes | None:
        """The packet to send now, if there is one."""
        if now_ms <= self._at_ms + REPORT_MS or self._count <= MIN_COUNT or not self._lost:
            return None
        packet = _REPORT.pack(BANDWIDTH, min(self._lost, _MAX_BYTES), min(self._received, _MAX_BYTES))
        self._at_ms = now_ms
        self._count = self._lost = self._received = 0
        return packet


class Reports:
    """Checks a friend's reports."""

    __slots__ = ("_at_ms", "_counters")

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._at_ms = -REPORT_MS

    def take(self, packet: bytes, now_ms: int) -> tuple[int, int] | None:
        """(lost, received) in bytes, None for a report that is wrong or too early."""
        if len(packet) != _REPORT.size:
            self._counters.drop("bandwidth_size")
            return None
        _, lost, received = _REPORT.unpack(packet)
        if not 0 < lost <= received:
            self._counters.drop("bandwidth_values")
            return None
        if now_ms < self._at_ms + REPORT_MS - EARLY_MS:
            self._counters.drop("bandwidth_early")
            return None
        self._at_ms = now_ms
        return lost, received
