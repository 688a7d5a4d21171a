"""Sound as it comes to sound as it is heard: in order, once, and what is missing is concealed.

A packet that is next is played at once. One behind a gap waits for the missing ones only as long as packets
were late lately; then the gap is filled, its last frame from what the packet behind it may repeat. When
nothing comes at all, and what was played is over, a few frames are concealed as well. After that the stream
rests, and whatever comes next begins it anew: the program has run out of sound by then, so nothing is gained
by leaving out what is late.

A program may come rarely. Of what has piled up meanwhile only the newest is played, or the delay would stay.

Sequence numbers have 16 bits. Times are in ms, of whoever calls. c-toxcore waits for a number of packets
instead: toxav/audio.c, toxav/groupav.c.
"""

from __future__ import annotations

#: Time for which missing packets are waited for, ms: at least, as ways through the network differ; at most.
MIN_WAIT_MS, MAX_WAIT_MS = 5, 120
#: What is added to how late packets were, ms.
WAIT_MARGIN_MS = 5
#: How long it is remembered that packets were late, ms: once or twice this.
MEMORY_MS = 10_000
#: Sound that is concealed in a row, ms: longer guesses are noise.
MAX_CONCEALED_MS = 60
#: Sound that may wait to be played, ms. What is older is left out.
MAX_QUEUED_MS = 200
#: Length of a frame before one was decoded, ms.
FIRST_FRAME_MS = 20
#: Sequence numbers behind the next one that are late packets; others are those of a new stream.
MAX_BEHIND = 256
#: After so many ms without a packet any sequence number begins a new stream.
RESTART_MS = 1000
#: Given up sequence numbers that are remembered, to learn how late they come.
MAX_GIVEN_UP = 64


class Gap:
    """A missing frame. `next`: the packet behind it, which may repeat it; empty when that is missing too."""

    __slots__ = ("next",)

    def __init__(self, next_packet: bytes) -> None:
        self.next = next_packet


class JitterBuffer:
    """The packets of one sender; fewer than `window` of them wait.

    A sequence number further ahead than the window, or far behind, begins a new stream there.
    """

    __slots__ = (
        "_blind",
        "_concealed",
        "_given_up",
        "_heard_ms",
        "_late_ms",
        "_late_until_ms",
        "_next",
        "_packets",
        "_played_until_ms",
        "_resting",
        "_window",
        "frame_ms",
        "late",
        "lost",
        "received",
        "wait_ms",
    )

    def __init__(self, window: int = 64) -> None:
        self._window = window
        #: those that came, and when, by sequence number
        self._packets: dict[int, tuple[bytes, int]] = {}
        #: sequence number that is played next
        self._next = 0
        #: nothing is expected: what comes begins anew
        self._resting = True
        self._heard_ms = -RESTART_MS
        #: until when what was played lasts
        self._played_until_ms = 0.0
        #: frames concealed in a row, and how many of them with nothing behind
        self._concealed = self._blind = 0
        #: when each of them could have been played
        self._given_up: dict[int, int] = {}
        #: the greatest lateness in this stretch of time, and its end
        self._late_ms = self._late_until_ms = 0
        #: how long missing packets are waited for
        self.wait_ms = MIN_WAIT_MS
        #: length of the last frame; set by whoever decodes
        self.frame_ms: float = FIRST_FRAME_MS
        #: packets that were taken, and that came too late
        self.received = self.late = 0
        #: frames that were missing
        self.lost = 0

    def put(self, sequence: int, packet: bytes, now_ms: int) -> bool:
        """One packet that came at that time; True if it will be played."""
        if now_ms >= self._late_until_ms:
            self._forget_lateness(now_ms)
        packets, ahead = self._packets, (sequence - self._next) & 0xFFFF
        if ahead >= self._window:
            if ahead >= 0x10000 - MAX_BEHIND and now_ms < self._heard_ms + RESTART_MS:
                self._note_late_packet(sequence, now_ms)
                return False
            self._begin(sequence)
        elif self._resting:
            # those before it may have been lost, or there were none
            self.lost += ahead if now_ms < self._heard_ms + RESTART_MS else 0
            self._begin(sequence)
        elif sequence in packets:
            return False
        elif packets and ahead == 0:
            self._learn(now_ms - self._gap_ms())
        packets[sequence] = packet, now_ms
        self._heard_ms = now_ms
        self.received += 1
        return True

    def take(self, now_ms: int) -> bytes | Gap | None:
        """What is to be played now: a packet, or what there is for a missing one. Ask until None comes."""
        packets = self._packets
        while (item := packets.pop(self._next, None)) is not None:
            self._next = (self._next + 1) & 0xFFFF
            if len(packets) * self.frame_ms < MAX_QUEUED_MS:
                self._concealed = self._blind = 0
                self._extend(now_ms)
                return item[0]
        return self._bridge(now_ms) if packets else self._go_on(now_ms)

    def next_ms(self) -> int | None:
        """When `take` has something though nothing comes, None for never."""
        if self._packets:
            return self._heard_ms if self._next in self._packets else self._gap_ms() + self.wait_ms
        return None if self._resting else -int(-self._due_ms() // 1)

    def _begin(self, sequence: int) -> None:
        self._packets.clear()
        self._given_up.clear()
        self._next = sequence
        self._resting = False
        self._concealed = self._blind = 0

    def _extend(self, now_ms: int) -> None:
        """A frame is played now, or when those before it are over; a program keeps no more than so much."""
        begin_ms = min(max(self._played_until_ms, now_ms), now_ms + MAX_QUEUED_MS)
        self._played_until_ms = begin_ms + self.frame_ms

    def _most_concealed(self) -> int:
        return max(int(MAX_CONCEALED_MS // self.frame_ms), 1)

    def _gap_ms(self) -> int:
        """Since when it is known that something is missing."""
        return min(at_ms for _, at_ms in self._packets.values())

    def _bridge(self, now_ms: int) -> Gap | None:
        """The next one is missing, and there are packets behind it."""
        gap_ms = self._gap_ms()
        if now_ms < gap_ms + self.wait_ms:
            return None
        missing = min((sequence - self._next) & 0xFFFF for sequence in self._packets)
        # the last one may be in the packet behind; of the others not more than may be concealed
        left_out = max(missing - 1 - max(self._most_concealed() - self._concealed, 0), 0)
        self._next = (self._next + left_out) & 0xFFFF
        self.lost += left_out
        self._extend(now_ms)
        self._give_up(gap_ms)
        behind = self._packets.get(self._next)
        return Gap(b"" if behind is None else behind[0])

    def _due_ms(self) -> float:
        """When the next one is missing though nothing is behind it: that could have come by now as well."""
        return self._played_until_ms + self.frame_ms + self.wait_ms

    def _go_on(self, now_ms: int) -> Gap | None:
        """Nothing is there."""
        if self._resting or now_ms < self._due_ms():
            return None
        if self._concealed >= self._most_concealed():
            # nobody knows whether these existed
            self._next = (self._next - self._blind) & 0xFFFF
            self.lost -= self._blind
            self._resting = True
            return None
        due_ms = int(self._due_ms()) - self.wait_ms
        self._played_until_ms += self.frame_ms
        self._blind += 1
        self._give_up(due_ms)
        return Gap(b"")

    def _give_up(self, due_ms: int) -> None:
        """The next one is replaced."""
        if len(self._given_up) >= MAX_GIVEN_UP:
            del self._given_up[next(iter(self._given_up))]
        self._given_up[self._next] = due_ms
        self._next = (self._next + 1) & 0xFFFF
        self._concealed += 1
        self.lost += 1

    def _note_late_packet(self, sequence: int, now_ms: int) -> None:
        self.late += 1
        due_ms = self._given_up.pop(sequence, None)
        if due_ms is not None:
            self._learn(now_ms - due_ms)

    def _learn(self, late_ms: int) -> None:
        """A packet was so late: others will be."""
        self._late_ms = max(self._late_ms, late_ms)
        self.wait_ms = min(max(self.wait_ms, late_ms + WAIT_MARGIN_MS), MAX_WAIT_MS)

    def _forget_lateness(self, now_ms: int) -> None:
        """A stretch of time is over."""
        self.wait_ms = min(self._late_ms + WAIT_MARGIN_MS, MAX_WAIT_MS) if self._late_ms else MIN_WAIT_MS
        self._late_ms = 0
        self._late_until_ms = now_ms + MEMORY_MS
