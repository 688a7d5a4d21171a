"""When pictures may leave: a few pieces at a time.

A whole key frame in one go overflows the queue of a slow line, and with it goes the sound behind it. What may
leave grows with time, so it hardly matters how often somebody asks.
"""

from __future__ import annotations

from collections import deque

#: Pieces that may leave at once, and the time in microseconds that each of them takes: 3 in 1.5 ms, 22
#: Mbit/s.
BURST, PIECE_US = 3, 500
#: Time that is made up for when somebody asks late while pieces wait, in microseconds.
MAX_LATE_US = 10_000
#: Pieces that wait at most, of all pictures: two of the largest. Those of the oldest picture make room.
MAX_WAITING = 4096


class Pacer:
    """The pictures of one call that are still to be sent."""

    __slots__ = ("_free_us", "_pictures", "_waited", "_waiting")

    def __init__(self) -> None:
        #: the rest of each picture
        self._pictures: deque[deque[bytes]] = deque()
        self._waiting = 0
        #: until when what left takes
        self._free_us = -BURST * PIECE_US
        #: pieces waited when somebody asked last
        self._waited = False

    def put(self, packets: list[bytes]) -> int:
        """The packets of a picture. How many older pictures had to make room, whole or what was left."""
        if not packets:
            # the encoder dropped a picture
            return 0
        self._pictures.append(deque(packets))
        self._waiting += len(packets)
        drops = 0
        while self._waiting > MAX_WAITING:
            self._waiting -= len(self._pictures.popleft())
            drops += 1
        return drops

    def take(self, now_ms: int) -> list[bytes]:
        """What may leave now."""
        found: list[bytes] = []
        pictures, now_us = self._pictures, now_ms * 1000
        late_us = MAX_LATE_US if self._waited else BURST * PIECE_US
        self._free_us = max(self._free_us, now_us - late_us)
        while pictures and self._free_us <= now_us - PIECE_US:
            self._free_us += PIECE_US
            found.append(pictures[0].popleft())
            self._waiting -= 1
            if not pictures[0]:
                pictures.popleft()
        self._waited = self._waiting > 0
        return found

    def next_ms(self) -> int | None:
        """When the next one may leave; None if there is none."""
        return -(-(self._free_us + PIECE_US) // 1000) if self._pictures else None
