"""How long packets are in queues on their way, as far as their time stamps tell.

Clocks of two machines differ, but not the difference between two packets: the quickest one found no queue.
"""

from __future__ import annotations

#: How long the quickest packet is remembered, ms, once or twice: clocks drift apart.
MEMORY_MS = 15_000
#: Longest delay that is told, ms.
MAX_DELAY_MS = 60_000


class Transit:
    """How much longer than the quickest of late packets took on their way."""

    __slots__ = ("_count", "_least", "_least_before", "_newest_ms", "_sum", "_until_ms")

    def __init__(self) -> None:
        self._sum = self._count = 0
        #: arrival minus stamp of the quickest one, in this stretch of time, which ends then, and in the one
        #: before
        self._least = self._least_before = 0
        self._until_ms = 0
        self._newest_ms = 0

    def add(self, stamp_ms: int, now_ms: int) -> None:
        """A packet with that time stamp came; only the first one with it counts, others may be sent again."""
        if self._until_ms and not 0 < (stamp_ms - self._newest_ms) & 0xFFFFFFFF < 0x80000000:
            return
        self._newest_ms = stamp_ms
        transit = (now_ms - stamp_ms) & 0xFFFFFFFF
        if not self._until_ms:
            self._least = self._least_before = transit
            self._until_ms = now_ms + MEMORY_MS
        elif now_ms >= self._until_ms:
            self._least_before, self._least = self._least, transit
            self._until_ms = now_ms + MEMORY_MS
        # smaller, as serial numbers
        if (transit - self._least) & 0x80000000:
            self._least = transit
        least = self._least_before if (self._least_before - self._least) & 0x80000000 else self._least
        self._sum += (transit - least) & 0xFFFFFFFF
        self._count += 1

    def take(self) -> int:
        """The mean delay in ms since the last time; -1 if nothing came."""
        total, count, self._sum, self._count = self._sum, self._count, 0, 0
        return min(total // count, MAX_DELAY_MS) if count else -1
