"""How many packets may be on their way, and how long to wait for news of them.

A window in packets that doubles per round trip until the first loss (slow start) and then grows by
one packet and 1/32 per round trip. Once per round trip the share of lost packets is looked at:
clearly above the path's noise, the path is full and the window shrinks.

The noise is what a smaller window does not cure. It is an average of the shares which follows them
upwards slowly and downwards fast: a full path loses nothing while the window grows again, and its noise
stays near zero; a bad radio link loses as much as before, and after a few rounds that is how it is.

The round-trip estimate and time-out are those of RFC 6298.

c-toxcore instead estimates a rate every 50 ms and starts at 4 packets a second with a burst of 64; a
peer running it sees nothing of our scheme but our timing, and its request packets (each 50 to
1000 ms) are all that is needed from it.
"""

from __future__ import annotations

#: c-toxcore also sends its first 64 packets at once (CRYPTO_MIN_QUEUE_LENGTH).
INITIAL_WINDOW = 64
MIN_WINDOW = 16
MAX_WINDOW = 8192
TOLERATED_LOSS = 0.08
SHRINK, MAX_SHRINK = 0.7, 0.5
#: How far the noise follows the share of a round, and the most it can be.
NOISE_RISE, NOISE_FALL, MAX_NOISE = 0.35, 0.25, 0.3
#: A round of that many times the noise is still the noise: few packets scatter.
NOISE_MARGIN = 1.8
#: Growth in a round trip; on a noisy link faster, since it is often cut down by chance.
GROWTH, NOISY, NOISY_GROWTH = 1 / 32, 0.15, 1 / 16
#: Noise above which silence is bad luck at first: so many time-outs in a row, of that length at most,
#: only provoke the next acknowledgement.
BAD_LUCK = 0.1
BAD_LUCK_TIMEOUTS, BAD_LUCK_TIMEOUT_MS = 4, 100

#: c-toxcore acknowledges a fast stream every 50 to 100 ms: sooner, that would look like a loss.
MIN_TIMEOUT_MS = 200
#: c-toxcore acknowledges a slow stream once per second; waiting longer gains nothing.
INITIAL_TIMEOUT_MS = 1200
MAX_TIMEOUT_MS = 4000
#: Assumed round trip before the first sample.
INITIAL_RTT_MS = 250
#: Losses are not judged by fewer packets or in less time than this.
MIN_ROUND_PACKETS, MIN_ROUND_MS = 32, 20


class Congestion:
    """The window and the round-trip estimate of one connection."""

    __slots__ = (
        "_backoff",
        "_noise",
        "_round_arrived",
        "_round_end_ms",
        "_round_lost",
        "_shortest_ms",
        "_silences",
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
        self._round_arrived = self._round_lost = self._round_end_ms = 0
        self._noise = 0.0
        self.rtt_ms = self._shortest_ms = float(INITIAL_RTT_MS)
        #: A packet requested by the peer is sent again only if its last copy is older than this.
        self.repeat_after_ms = INITIAL_RTT_MS
        self._variation = -1.0
        self._backoff = 1
        self._silences = 0
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
        self.repeat_after_ms = int(min(self.rtt_ms + 2 * self._variation, self._shortest_ms * 1.25 + 10))
        self._set_timeout()

    def on_news(self, now_ms: int, arrived: int, lost: int, in_flight: int) -> None:
        """Of `in_flight` packets some arrived and some were lost; a window nobody fills does not grow."""
        if arrived:
            if self._silences:
                self._silences, self._backoff = 0, 1
                self._set_timeout()
            window = self.window
            if in_flight * 2 >= window:
                growth = GROWTH if self._noise <= NOISY else NOISY_GROWTH
                rate = 1 if window < self._threshold else 1 / window + growth
                self.window = min(window + arrived * rate, float(MAX_WINDOW))
        if lost:
            self._threshold = min(self._threshold, self.window)
        self._round_arrived += arrived
        self._round_lost += lost
        total = self._round_arrived + self._round_lost
        if now_ms >= self._round_end_ms and total >= MIN_ROUND_PACKETS:
            self._judge(self._round_lost / total)
            self._round_arrived = self._round_lost = 0
            self._round_end_ms = now_ms + max(int(self.rtt_ms), MIN_ROUND_MS)

    def _judge(self, share: float) -> None:
        """A round is over that lost this share of its packets."""
        noise = self._noise
        if share > TOLERATED_LOSS + NOISE_MARGIN * noise:
            self._shrink(max(min(SHRINK, 1 - share), MAX_SHRINK))
            self._noise = min(noise + (share - noise) * NOISE_RISE, MAX_NOISE)
        elif share < noise:
            self._noise = noise + (share - noise) * NOISE_FALL

    def on_timeout(self, in_flight: int) -> None:
        """Nothing was heard for `timeout_ms`: wait twice as long next time.

        The first time it may be only the peer's acknowledgement that was lost, and the share of lost
        packets will tell; from the second time on a window that is in use shrinks.
        """
        self._silences += 1
        if self._noise <= BAD_LUCK or self._silences > BAD_LUCK_TIMEOUTS:
            if self._backoff > 1 and in_flight * 2 >= self.window:
                self._shrink(SHRINK)
            self._backoff = min(self._backoff * 2, 32)
        self._set_timeout()

    def on_new_way(self) -> None:
        """Packets take another way now: what was learnt from silence on the old one is void."""
        self._silences, self._backoff = 0, 1
        self._set_timeout()

    def _shrink(self, factor: float) -> None:
        self.window = self._threshold = max(self.window * factor, float(MIN_WINDOW))

    def _set_timeout(self) -> None:
        base = INITIAL_TIMEOUT_MS if self._variation < 0 else int(self.rtt_ms + 4 * self._variation)
        base = min(max(base, MIN_TIMEOUT_MS), INITIAL_TIMEOUT_MS)
        if self._noise > BAD_LUCK:
            # the mean is of silences by now
            base = min(base, int(2 * self._shortest_ms) + BAD_LUCK_TIMEOUT_MS)
        self.timeout_ms = min(base * self._backoff, MAX_TIMEOUT_MS)
