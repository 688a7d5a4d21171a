"""One peer of a conference, and what of it was heard already.

    ACTIVE   heard of within the last minute
    FROZEN   silent for longer, or gone for now: kept with its number, so that it can come back
    GONE     left for good, or forgotten

c-toxcore: group.c.
"""

from __future__ import annotations

from toxpy.conference.packets import NAME, TITLE

ACTIVE, FROZEN, GONE = range(3)

#: Message numbers remembered of each peer, to tell what is new.
MAX_HEARD = 8
#: Lossy numbers remembered of each peer.
LOSSY_WINDOW = 256
_LOSSY_MASK = (1 << LOSSY_WINDOW) - 1
#: Lossy numbers that a peer gets on by within so many milliseconds: half of all. So numbers spread over all
#: of them do not go round for ever. Audio uses 400 a second at most, a reload 8192 at once.
LOSSY_PACE, LOSSY_PACE_MS = 1 << 15, 10_000
#: Kinds of messages of which only the newest counts.
_NEWEST_ONLY = (NAME, TITLE)


class ConferencePeer:
    """One peer."""

    __slots__ = (
        "_base",
        "_heard",
        "_lossy",
        "_lossy_moved",
        "_lossy_since_ms",
        "_lossy_top",
        "active_ms",
        "dht_pk",
        "frozen_ms",
        "index",
        "is_dht_pk_fresh",
        "is_name_own",
        "last_active_s",
        "name",
        "number",
        "questions",
        "real_pk",
        "state",
        "was_unheard",
    )

    def __init__(self, number: int, real_pk: bytes, dht_pk: bytes, now_ms: int) -> None:
        self.number = number
        self.real_pk = real_pk
        self.dht_pk = dht_pk
        #: True if the DHT key is news and not from somebody's list
        self.is_dht_pk_fresh = False
        self.name = b""
        #: True if the peer said the name itself
        self.is_name_own = False
        #: how often others were asked for it
        self.questions = 0
        self.state = ACTIVE
        #: the place in the list
        self.index = 0
        self.active_ms = now_ms
        self.frozen_ms = 0
        #: True if it is frozen because we heard nobody, and not because it was silent
        self.was_unheard = False
        #: unix seconds, while it is frozen
        self.last_active_s = 0
        #: (message number, kind), newest first; the numbers count from half of all before the first
        self._heard: list[tuple[int, int]] = []
        self._base = 0
        self._lossy = 0
        self._lossy_top = -1
        #: how far the lossy numbers got, and since when
        self._lossy_moved = self._lossy_since_ms = 0

    @property
    def has_spoken(self) -> bool:
        """True if a message of it came."""
        return bool(self._heard)

    def takes(self, number: int, kind: int) -> bool:
        """True if a message is new, which is remembered.

        All numbers are in one order, without a circle: what is older than all that we remember stays so. In
        c-toxcore nine messages, spread over all numbers, are new again each time they come round.
        """
        heard, place = self._heard, 0
        if not heard:
            self._base = number - (1 << 31)
        number = (number - self._base) & 0xFFFFFFFF
        for known, known_kind in heard:
            if number > known:
                break
            if number == known or (kind == known_kind and kind in _NEWEST_ONLY):
                return False
            place += 1
        if place == MAX_HEARD:
            return False
        heard.insert(place, (number, kind))
        if len(heard) > MAX_HEARD:
            heard.pop()
        return True

    def takes_lossy(self, number: int, now_ms: int) -> bool:
        """True if a lossy packet is new, which is remembered."""
        ahead = (number - self._lossy_top) & 0xFFFF
        if self._lossy_top < 0:
            self._lossy_top = number
            self._lossy = 1
            return True
        if 0 < ahead < 1 << 15:
            if now_ms - self._lossy_since_ms >= LOSSY_PACE_MS:
                self._lossy_since_ms = now_ms
                self._lossy_moved = 0
            self._lossy_moved += ahead
            if self._lossy_moved > LOSSY_PACE:
                return False
            self._lossy = (self._lossy << ahead | 1) & _LOSSY_MASK if ahead < LOSSY_WINDOW else 1
            self._lossy_top = number
            return True
        behind = (self._lossy_top - number) & 0xFFFF
        if behind >= LOSSY_WINDOW or self._lossy >> behind & 1:
            return False
        self._lossy |= 1 << behind
        return True
