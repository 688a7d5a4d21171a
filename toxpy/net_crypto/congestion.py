"""How many packets may be on their way, and how long to wait for news of them.

A window in packets that doubles per round trip until the first loss (slow start), then grows by one
packet and 1/32 per round trip, and shrinks to 7/10 at a loss, once per round trip. The round-trip
estimate and time-out are those of RFC 6298. c-toxcore instead estimates a rate every 50 ms and
starts at 4 packets a second with a burst of 64; a peer running it sees nothing of our scheme but
our timing, and its request packets (each 50 to 1000 ms) are all we need from it.
"""

from __future__ import annotations

#: c-toxcore also sends its first 64 packets at once (CRYPTO_MIN_QUEUE_LENGTH).
INITIAL_WINDOW = 64
MIN_WINDOW = 16
MAX_WINDOW = 8192
SHRINK = 0.7

#: Below 300 ms the peer's delayed acknowledgement would look like a loss.
MIN_TIMEOUT_MS = 300
#: c-toxcore acknowledges a slow stream once per second, so before the first sample wait longer.
INITIAL_TIMEOUT_MS = 1500
MAX_TIMEOUT_MS = 4000
#: Assumed round trip before the first sample.
INITIAL_RTT_MS = 250


class Congestion:
    """The window and the round-trip estimate of one connection."""

    __slots__ = (
        "_backoff",
        "_recovery_until_ms",
        "_shortest_ms",
        "_threshold",
        "_variation",
        "repeat_after_ms",
        "rtt_ms",
        "timeout_ms",
        "window",
    )

    def __init__(self) -> None:
        self.window = float(INITIAL_WINDOW)
        self._threshold = float(MAX_WINDOW)
        self._recovery_until_ms = -1
        self.rtt_ms = self._shortest_ms = float(INITIAL_RTT_MS)
        #: A packet requested by the peer is sent again only if its last copy is older than this.
        self.repeat_after_ms = INITIAL_RTT_MS
        self._variation = -1.0
        self._backoff = 1
        self.timeout_ms = INITIAL_TIMEOUT_MS

    def on_sample(self, sample_ms: int) -> None:
        """A packet sent once was acknowledged after `sample_ms`."""
        # the shortest round trip, slowly forgotten: c-toxcore's rare acknowledgements swell the mean
        self._shortest_ms += min(sample_ms - self._shortest_ms, (sample_ms - self._shortest_ms) / 64)
        if self._variation < 0:
            self._shortest_ms = float(sample_ms)
            self.rtt_ms, self._variation = float(sample_ms), sample_ms / 2
        else:
            self._variation += (abs(self.rtt_ms - sample_ms) - self._variation) / 4
            self.rtt_ms += (sample_ms - self.rtt_ms) / 8
        self.repeat_after_ms = int(min(self.rtt_ms, self._shortest_ms * 1.25 + 10))
        self._set_timeout()

    def on_arrived(self, count: int, in_flight: int) -> None:
        """`count` packets arrived of the `in_flight` that there were; a window nobody fills does not grow."""
        if self._backoff != 1:
            self._backoff = 1
            self._set_timeout()
        window = self.window
        if in_flight * 2 < window:
            return
        grown = window + (count if window < self._threshold else count / window + count / 32)
        self.window = min(grown, float(MAX_WINDOW))

    def on_loss(self, now_ms: int) -> None:
        """Packets were lost; further losses within a round trip are the same event."""
        if now_ms < self._recovery_until_ms:
            return
        self._recovery_until_ms = now_ms + max(int(self.rtt_ms), 20)
        self.window = self._threshold = max(self.window * SHRINK, float(MIN_WINDOW))

    def on_timeout(self, now_ms: int) -> None:
        """Nothing was heard for `timeout_ms`: shrink, and wait twice as long next time."""
        self.on_loss(now_ms)
        self._backoff = min(self._backoff * 2, 16)
        self._set_timeout()

    def _set_timeout(self) -> None:
        base = INITIAL_TIMEOUT_MS if self._variation < 0 else int(self.rtt_ms + 4 * self._variation)
        self.timeout_ms = min(max(base, MIN_TIMEOUT_MS) * self._backoff, MAX_TIMEOUT_MS)
