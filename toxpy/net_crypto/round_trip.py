"""How long packets are on their way: with and without a queue, and how long to wait for news of them.

The estimate and the time-out are those of RFC 6298. Beside them stand the shortest round trip of the last
seconds, which had no queue, that of the last round, and how far apart acknowledgements are.
"""

from __future__ import annotations

#: Shortest time-out in ms. c-toxcore acknowledges a fast stream every 50 to 100 ms: that would seem a loss.
MIN_TIMEOUT_MS = 200
#: First time-out, and the longest without silences before, in ms. c-toxcore acknowledges a slow stream once
#: per second; waiting longer gains nothing.
INITIAL_TIMEOUT_MS = 1200
#: Longest time-out in ms, and the largest factor by which silences make it longer.
MAX_TIMEOUT_MS = 4000
MAX_BACKOFF = 32
#: Time-outs in a row that only provoke the next acknowledgement on a path of noise, where silence is bad
#: luck at first, and how much longer than the way without a queue they are, in ms.
BAD_LUCK_TIMEOUTS, BAD_LUCK_TIMEOUT_MS = 4, 100
#: Round trip and time between two acknowledgements assumed before the first sample, in ms: the latter is
#: c-toxcore's.
INITIAL_RTT_MS, INITIAL_GAP_MS = 250, 50
#: Longest time between two acknowledgements that counts as such, in ms.
MAX_GAP_MS = 200
#: Length of a period, in ms and round trips: the way without a queue is the shortest of two of them.
PERIOD_MS, PERIOD_RTTS = 10_000, 40


class RoundTrip:
    """Milliseconds, measured by what the peer acknowledges."""

    __slots__ = (
        "_backoff",
        "_news_ms",
        "_noisy",
        "_period_end_ms",
        "_period_ms",
        "_silences",
        "_variation_ms",
        "base_ms",
        "gap_ms",
        "mean_ms",
        "recent_ms",
        "repeat_after_ms",
        "timeout_ms",
    )

    def __init__(self) -> None:
        self.mean_ms = float(INITIAL_RTT_MS)
        self._variation_ms = -1.0
        #: Without a queue; MAX_TIMEOUT_MS before the first sample of this way.
        self.base_ms = self._period_ms = float(MAX_TIMEOUT_MS)
        self._period_end_ms = 0
        #: The shortest of the last round.
        self.recent_ms = float(INITIAL_RTT_MS)
        #: Between two acknowledgements.
        self.gap_ms = float(INITIAL_GAP_MS)
        self._news_ms = 0
        #: A packet requested by the peer is sent again only if its last copy is older than this.
        self.repeat_after_ms = INITIAL_RTT_MS
        #: Of nothing but silence, until something is asked for.
        self.timeout_ms = INITIAL_TIMEOUT_MS
        self._backoff = 1
        self._silences = 0
        self._noisy = False

    @property
    def cycle_ms(self) -> float:
        """From sending a packet until the acknowledgement that covers it, at most."""
        return max(self.recent_ms + self.gap_ms, 1.0)

    def is_new(self) -> bool:
        """True if there is no sample of this way yet."""
        return self.base_ms == MAX_TIMEOUT_MS

    def on_sample(self, now_ms: int, sample_ms: int) -> None:
        """A packet sent once was acknowledged after `sample_ms`."""
        if sample_ms >= MAX_TIMEOUT_MS:
            # a longer one tells no more, and the longest stands for none
            sample_ms = MAX_TIMEOUT_MS - 1
        if now_ms >= self._period_end_ms:
            self.base_ms, self._period_ms = self._period_ms, float(MAX_TIMEOUT_MS)
            self._period_end_ms = now_ms + max(PERIOD_MS, int(PERIOD_RTTS * self.mean_ms))
        if self.base_ms == MAX_TIMEOUT_MS or sample_ms < self.recent_ms:
            self.recent_ms = float(sample_ms)
        # an answer to a message waits for this: comparing is faster than calling min()
        if sample_ms < self._period_ms:
            self._period_ms = float(sample_ms)
            if sample_ms < self.base_ms:
                self.base_ms = self._period_ms
        mean_ms, variation_ms = self.mean_ms, self._variation_ms
        if variation_ms < 0:
            mean_ms, variation_ms = float(sample_ms), sample_ms / 2
        else:
            variation_ms += (abs(mean_ms - sample_ms) - variation_ms) / 4
            mean_ms += (sample_ms - mean_ms) / 8
        self.mean_ms, self._variation_ms = mean_ms, variation_ms
        late_ms, near_ms = mean_ms + 2 * variation_ms, self.recent_ms * 1.25 + 10
        self.repeat_after_ms = int(late_ms if late_ms < near_ms else near_ms)
        self._set_timeout()

    def on_news(self, now_ms: int, arrived: bool, more: bool) -> None:
        """The peer acknowledged something; `more` is on its way or not."""
        if self._news_ms:
            gap_ms = min(now_ms - self._news_ms, MAX_GAP_MS)
            if gap_ms:
                self.gap_ms += (gap_ms - self.gap_ms) / 8
        self._news_ms = now_ms if more else 0
        if arrived and self._silences:
            self._silences, self._backoff = 0, 1
            self._set_timeout()

    def on_timeout(self, noisy: bool) -> bool:
        """Nothing was heard for `timeout_ms`: wait twice as long next time. True if the way seems to be full.

        The first time it may be only the peer's acknowledgement that was lost; on a `noisy` path several
        times.
        """
        self._silences += 1
        self._noisy = noisy
        full = False
        if not noisy or self._silences > BAD_LUCK_TIMEOUTS:
            full = self._backoff > 1
            self._backoff = min(self._backoff * 2, MAX_BACKOFF)
        self._set_timeout()
        return full

    def on_new_way(self) -> None:
        """Packets take another way now: what was learnt of the old one is void."""
        self._silences, self._backoff = 0, 1
        self.base_ms = self._period_ms = float(MAX_TIMEOUT_MS)
        self._set_timeout()

    def set_noisy(self, noisy: bool) -> None:
        """`noisy`: the path loses much, whatever is sent."""
        if noisy != self._noisy:
            self._noisy = noisy
            self._set_timeout()

    def _set_timeout(self) -> None:
        timeout_ms = INITIAL_TIMEOUT_MS
        if self._variation_ms >= 0:
            most_ms, timeout_ms = timeout_ms, int(self.mean_ms + 4 * self._variation_ms)
            if timeout_ms < MIN_TIMEOUT_MS:
                timeout_ms = MIN_TIMEOUT_MS
            elif timeout_ms > most_ms:
                timeout_ms = most_ms
        if self._noisy:
            # the mean is of silences by now
            timeout_ms = min(timeout_ms, int(2 * self.base_ms) + BAD_LUCK_TIMEOUT_MS)
        self.timeout_ms = min(timeout_ms * self._backoff, MAX_TIMEOUT_MS)
