"""How many packets may be on their way, how fast they leave, and how long to wait for news of them.

A window in packets. It doubles per round trip at first; then, once per round trip, it follows the queue
that the packets make on their way: how much longer the quickest packet of that round took than the
quickest ever. Below a target the window grows, above it shrinks to what would have met the target. The
target is higher for small windows, which makes flows that share a link equal.

Whoever fills the queue whatever we do (TCP does) would push such a sender aside. So when shrinking does not
help for some rounds the target is raised to what the queue is, and sinks again slowly: alone, we are
soon back; and in company it is losses that shrink the window, like those of TCP.

Losses alone mean little on a radio link: their share is held against the path's noise, which is what a
smaller window does not cure. It is an average of the shares which follows them upwards slowly and
downwards fast.

The quickest round trip is measured again every few seconds, with a quarter of the window.

The window does not leave at once: `limit` is how many packets may be in flight at this moment, and rises
evenly to the window within a cycle, which is a round trip and the time the peer takes between two
acknowledgements. A client that comes by rarely is allowed what it has missed.

The round-trip estimate and time-out are those of RFC 6298. docs/congestion.md has measurements.

c-toxcore instead estimates a rate every 50 ms and starts at 4 packets a second with a burst of 64; a
peer running it sees nothing of our scheme but our timing, and its request packets (each 50 to
1000 ms) are all that is needed from it.
"""

from __future__ import annotations

INITIAL_WINDOW = 32
MIN_WINDOW = 8
MAX_WINDOW = 8192

#: The queue aimed at: so many milliseconds, and a share of the shortest round trip; for a window of w times
#: the sum of a constant and another one divided by the root of w.
TARGET_MS, TARGET_RTTS = 10, 0.2
SCALE, ROOT_SCALE, MAX_SCALE = 0.5, 6.0, 1.75
#: Growth in a round trip, times the root of the window; each round without a queue adds as much again, up to
#: that share of the window: on a noisy link more, since it is often cut down by chance.
GROWTH, MAX_GROWTH, NOISY_GROWTH = 0.3, 1 / 16, 1 / 6
#: After so many rounds of a queue that many times the target others fill it.
CROWDED_ROUNDS, CROWDED, DRAINING = 6, 1.5, 0.9
#: The raised target sinks by that much of the difference in a round.
CALM = 1 / 32
#: Above so many times the normal target it has been raised.
CROWDED_TARGETS = 2.0
#: Doubling ends after so many rounds that did not bring that much more.
SLOW_ROUNDS, FASTER = 2, 1.25
#: The shortest round trip is measured anew that often, with so little of the window.
REMEASURE_MS, REMEASURE_RTTS, REMEASURE_WINDOW = 5_000, 25, 0.25
NO_QUEUE_MS = 1

TOLERATED_LOSS, TOLERATED_CROWDED_LOSS = 0.08, 0.02
SHRINK, MAX_SHRINK = 0.7, 0.5
DELAY_SHRINK = 0.85
#: How far the noise follows the share of a round, and the most it can be.
NOISE_RISE, NOISE_FALL, MAX_NOISE = 0.35, 0.25, 0.3
#: A round of that many times the noise is still the noise: few packets scatter.
NOISE_MARGIN = 1.8
#: Noise above which silence is bad luck at first: so many time-outs in a row, of that length at most,
#: only provoke the next acknowledgement.
BAD_LUCK = 0.1
#: Noise above which holes tell nothing about the queue.
VERY_NOISY = 0.2
BAD_LUCK_TIMEOUTS, BAD_LUCK_TIMEOUT_MS = 4, 100

#: c-toxcore acknowledges a fast stream every 50 to 100 ms: sooner, that would look like a loss.
MIN_TIMEOUT_MS = 200
#: c-toxcore acknowledges a slow stream once per second; waiting longer gains nothing.
INITIAL_TIMEOUT_MS = 1200
MAX_TIMEOUT_MS = 4000
#: Assumed round trip before the first sample.
INITIAL_RTT_MS = 250
#: A round is not judged by fewer packets or in less time than this.
MIN_ROUND_PACKETS, MIN_ROUND_MS = 32, 20

#: The pace in windows per cycle, while it doubles and afterwards.
DOUBLING_PACE, PACE = 2.0, 1.0
ROOM = 2.0
#: How long a sender waits for the next few packets.
PACE_MS = 3
#: The most that is made up for: of a client's rare passes, and of a rest of ours.
LATE_MS, REST_MS = 100, 10
MIN_BURST = 8
MAX_GAP_MS = 200


class Congestion:
    """The window, the pace and the round-trip estimate of one connection."""

    __slots__ = (
        "_backoff",
        "_best_rate",
        "_calm_rounds",
        "_crowded",
        "_doubling",
        "_gap_ms",
        "_measured_ms",
        "_news_ms",
        "_noise",
        "_paced_ms",
        "_queue_before_ms",
        "_recent_ms",
        "_round_arrived",
        "_round_begin_ms",
        "_round_end_ms",
        "_round_late_ms",
        "_round_lost",
        "_round_rtt_ms",
        "_saved_window",
        "_settled_ms",
        "_shortest_ms",
        "_silences",
        "_slow_rounds",
        "_target_ms",
        "_used",
        "_variation",
        "_window_before",
        "blocked",
        "limit",
        "repeat_after_ms",
        "rtt_ms",
        "timeout_ms",
        "window",
    )

    def __init__(self) -> None:
        self.window = float(INITIAL_WINDOW)
        #: Packets that may be in flight now.
        self.limit = float(INITIAL_WINDOW)
        #: Packets waited for a higher `limit` last time.
        self.blocked = False
        self._paced_ms = 0
        self._doubling = True
        self._best_rate = 0.0
        self._slow_rounds = self._round_begin_ms = 0
        self._round_arrived = self._round_lost = self._round_end_ms = 0
        self._round_rtt_ms = self._round_late_ms = -1.0
        self._settled_ms = 0
        self._noise = 0.0
        self._target_ms = 0.0
        self._crowded = 0
        self._calm_rounds = 0
        self._window_before, self._queue_before_ms = self.window, 0.0
        self._used = False
        self.rtt_ms = self._shortest_ms = float(INITIAL_RTT_MS)
        # 0: right after the window doubled, as the first packets went out at once and made a queue
        self._measured_ms = 0
        #: the shortest of the last round
        self._recent_ms = float(INITIAL_RTT_MS)
        self._saved_window = 0.0
        #: between two acknowledgements
        self._gap_ms = 0.0
        self._news_ms = 0
        #: A packet requested by the peer is sent again only if its last copy is older than this.
        self.repeat_after_ms = INITIAL_RTT_MS
        self._variation = -1.0
        self._backoff = 1
        self._silences = 0
        self.timeout_ms = INITIAL_TIMEOUT_MS

    # The pace

    def pace(self, now_ms: int, in_flight: int) -> float:
        """Let time raise `limit`, which is returned."""
        if self._variation < 0:
            self.limit = self.window
            return self.limit
        elapsed_ms = now_ms - self._paced_ms
        self._paced_ms = now_ms
        rate = self._rate()
        left = max(self.limit - in_flight, 0.0)
        most = rate * (LATE_MS if self.blocked else REST_MS)
        left = min(left + rate * elapsed_ms, max(most, float(MIN_BURST)))
        room = self.window if self._doubling else ROOM * self.window
        self.limit = min(in_flight + left, room)
        return self.limit

    def is_pacing(self) -> bool:
        """Will `limit` rise with time alone?"""
        return self.limit < (self.window if self._doubling else ROOM * self.window)

    def backlog(self) -> int:
        """Packets that should wait, so that there are some when `limit` rises."""
        return 2 + int(self._rate() * PACE_MS)

    def _rate(self) -> float:
        """Packets per millisecond."""
        pace = DOUBLING_PACE if self._doubling else PACE
        return pace * self.window / max(self._recent_ms + self._gap_ms, 1.0)

    # News

    def on_sample(self, now_ms: int, sample_ms: int, newest: bool = True) -> None:
        """A packet sent once was acknowledged after `sample_ms`.

        Not the `newest` that arrived: of those behind the last hole the peer cannot tell us.
        """
        if self._variation < 0:
            self._shortest_ms = self._recent_ms = self.rtt_ms = float(sample_ms)
            self._variation = sample_ms / 2
        else:
            self._shortest_ms = min(self._shortest_ms, sample_ms)
            self._recent_ms = min(self._recent_ms, sample_ms)
            self._variation += (abs(self.rtt_ms - sample_ms) - self._variation) / 4
            self.rtt_ms += (sample_ms - self.rtt_ms) / 8
        if self._settled_ms and now_ms >= self._settled_ms:
            # what was sent under the window before is no news any more
            self._settled_ms, self._round_rtt_ms, self._round_late_ms = 0, -1.0, -1.0
        if newest:
            if self._round_rtt_ms < 0 or sample_ms < self._round_rtt_ms:
                self._round_rtt_ms = float(sample_ms)
        elif self._round_late_ms < 0 or sample_ms < self._round_late_ms:
            self._round_late_ms = float(sample_ms)
        self.repeat_after_ms = int(min(self.rtt_ms + 2 * self._variation, self._recent_ms * 1.25 + 10))
        self._set_timeout()

    def on_news(self, now_ms: int, arrived: int, lost: int, in_flight: int) -> None:
        """Of `in_flight` packets some arrived and some were lost; a window nobody fills does not grow."""
        self.limit -= arrived + lost
        self._measure_gap(now_ms, in_flight > arrived + lost)
        self._used = used = self._used or self.blocked or in_flight * 2 >= self.window
        if arrived:
            if self._silences:
                self._silences, self._backoff = 0, 1
                self._set_timeout()
            if self._doubling and used:
                if self._queue_ms() > 2 * TARGET_MS + TARGET_RTTS * self._shortest_ms:
                    self._doubling = False
                else:
                    self.window = min(self.window + arrived, float(MAX_WINDOW))
        self._round_arrived += arrived
        self._round_lost += lost
        total = self._round_arrived + self._round_lost
        if now_ms >= self._round_end_ms and total >= min(MIN_ROUND_PACKETS, self.window):
            self._judge(now_ms, self._round_lost / total, used)
            self._round_arrived = self._round_lost = 0
            self._round_begin_ms = now_ms
            self._round_rtt_ms = self._round_late_ms = -1.0
            self._used = False
            length_ms = max(int(self.rtt_ms + self._gap_ms), MIN_ROUND_MS)
            self._round_end_ms = now_ms + length_ms
            self._settled_ms = now_ms + length_ms // 2

    def _queue_ms(self) -> float:
        """How long the queue was in this round; -1 when nothing tells."""
        if self._round_rtt_ms >= 0:
            return self._round_rtt_ms - self._shortest_ms
        if self._noise > VERY_NOISY:
            # what comes late comes late because of what was lost before it
            return 0.0
        if self._round_late_ms >= 0:
            return max(self._round_late_ms - self._gap_ms / 2 - self._shortest_ms, 0.0)
        return -1.0

    def _measure_gap(self, now_ms: int, more: bool) -> None:
        if self._news_ms:
            gap_ms = min(now_ms - self._news_ms, MAX_GAP_MS)
            if gap_ms:
                self._gap_ms += (gap_ms - self._gap_ms) / 8
        self._news_ms = now_ms if more else 0

    def _judge(self, now_ms: int, share: float, used: bool) -> None:
        """A round is over that lost this share of its packets."""
        queue_ms = self._queue_ms()
        known = queue_ms >= 0
        if known:
            self._recent_ms = self._shortest_ms + queue_ms
        if self._saved_window:
            self._remeasured(now_ms, known)
            return
        if self._doubling and used:
            self._look_at_rate(now_ms)
        target_ms = self._target(queue_ms) if known else self._target_ms
        if self._is_congested(share, queue_ms):
            self._doubling = False
            self._shrink(max(min(SHRINK, 1 - share), MAX_SHRINK))
        elif known and queue_ms > target_ms:
            self._doubling = False
            cycle_ms = self._shortest_ms + self._gap_ms
            factor = (cycle_ms + target_ms) / (cycle_ms + queue_ms)
            least = MAX_SHRINK if self._round_rtt_ms >= 0 else DELAY_SHRINK
            self._shrink(min(max(factor, least), DELAY_SHRINK))
        elif used and known and not self._doubling:
            self._calm_rounds = self._calm_rounds + 1 if queue_ms < target_ms / 4 else 0
            growth = max(GROWTH * self.window**0.5, 1.0)
            most = self.window * (NOISY_GROWTH if self._noise > VERY_NOISY else MAX_GROWTH)
            growth = max(min(growth * (1 + self._calm_rounds), most), growth)
            self.window = min(self.window + growth, float(MAX_WINDOW))
        if known and queue_ms <= NO_QUEUE_MS and self._measured_ms:
            self._measured_ms = now_ms
        elif (
            used
            and not self._doubling
            and now_ms - self._measured_ms >= max(REMEASURE_MS, REMEASURE_RTTS * self.rtt_ms)
        ):
            self._measured_ms = now_ms
            self._saved_window = self.window
            self.window = max(self.window * REMEASURE_WINDOW, float(MIN_WINDOW))

    def _look_at_rate(self, now_ms: int) -> None:
        """The window doubled: when for two rounds not more arrived per time, the path is full.

        The queue may not have told, as a peer that acknowledges rarely delays the first samples.
        """
        rate = self._round_arrived / max(now_ms - self._round_begin_ms, 1)
        if rate > FASTER * self._best_rate:
            self._best_rate, self._slow_rounds = rate, 0
        else:
            self._slow_rounds += 1
            self._doubling = self._slow_rounds < SLOW_ROUNDS

    def _target(self, queue_ms: float) -> float:
        """The queue aimed at, after a round that had `queue_ms`."""
        scale: float = min(SCALE + ROOT_SCALE / self.window**0.5, MAX_SCALE)
        calm_ms = scale * (TARGET_MS + TARGET_RTTS * self._shortest_ms)
        # how far apart the packets are, so long may it have taken to notice the first one
        calm_ms += (self.rtt_ms + self._gap_ms) / self.window
        if queue_ms <= calm_ms:
            self._crowded = 0
            self._target_ms = calm_ms
            return calm_ms
        self._target_ms = max(self._target_ms + (calm_ms - self._target_ms) * CALM, calm_ms)
        if queue_ms <= max(self._target_ms, CROWDED * calm_ms):
            self._crowded = 0
            return self._target_ms
        if self._crowded == 0 or queue_ms < DRAINING * self._queue_before_ms:
            self._crowded = 0
            self._window_before, self._queue_before_ms = self.window, queue_ms
        self._crowded += 1
        if self._crowded >= CROWDED_ROUNDS:
            # shrinking was in vain
            self._crowded = 0
            self._target_ms = queue_ms
            self.window = self._window_before
        return self._target_ms

    def _is_congested(self, share: float, queue_ms: float) -> bool:
        noise = self._noise
        tolerated = TOLERATED_LOSS
        if queue_ms > CROWDED_TARGETS * (TARGET_MS + TARGET_RTTS * self._shortest_ms):
            tolerated = TOLERATED_CROWDED_LOSS
        if share > tolerated + NOISE_MARGIN * noise:
            self._noise = min(noise + (share - noise) * NOISE_RISE, MAX_NOISE)
            return True
        if share < noise:
            self._noise = noise + (share - noise) * NOISE_FALL
        return False

    def _remeasured(self, now_ms: int, known: bool) -> None:
        if known and now_ms - self._measured_ms > 2 * self.rtt_ms:
            self._shortest_ms = self._recent_ms
            self._measured_ms = now_ms
            self.window, self._saved_window = self._saved_window, 0.0

    def on_timeout(self, in_flight: int) -> None:
        """Nothing was heard for `timeout_ms`: wait twice as long next time.

        The first time it may be only the peer's acknowledgement that was lost, and the share of lost
        packets will tell; from the second time on a window that is in use shrinks.
        """
        self._silences += 1
        if self._noise <= BAD_LUCK or self._silences > BAD_LUCK_TIMEOUTS:
            if self._backoff > 1 and in_flight * 2 >= self.window:
                self._doubling = False
                self._shrink(SHRINK)
            self._backoff = min(self._backoff * 2, 32)
        self._set_timeout()

    def on_new_way(self) -> None:
        """Packets take another way now: what was learnt of the old one is void."""
        self._silences, self._backoff = 0, 1
        self._shortest_ms = float(MAX_TIMEOUT_MS)
        self._round_rtt_ms = self._round_late_ms = -1.0
        self._set_timeout()

    def _shrink(self, factor: float) -> None:
        self.window = max(self.window * factor, float(MIN_WINDOW))

    def _set_timeout(self) -> None:
        base = INITIAL_TIMEOUT_MS if self._variation < 0 else int(self.rtt_ms + 4 * self._variation)
        base = min(max(base, MIN_TIMEOUT_MS), INITIAL_TIMEOUT_MS)
        if self._noise > BAD_LUCK:
            # the mean is of silences by now
            base = min(base, int(2 * self._shortest_ms) + BAD_LUCK_TIMEOUT_MS)
        self.timeout_ms = min(base * self._backoff, MAX_TIMEOUT_MS)
