"""How many packets may be on their way, and how fast they leave.

A window in packets. It doubles per round trip at first. Then it is judged once per round by the queue that
it makes on the way: below a target it grows a little, above it shrinks to what leaves no queue. So the queue
runs empty again and again, which shows how long the way is without one, and flows that share a link become
equal, because they see the same queue and shrink by the same factor.

The queue is read from what the peer does *not* acknowledge. The first packet it lacks was not there when it
wrote its acknowledgement, however long it had waited before writing: so that packet's time on the way is a
lower bound, and acknowledgements that come late or rarely make it smaller and not larger. (Nor do those that
we read late: a program that writes much before the next pass is no queue.) The way without a queue is the
shortest time of the newest packet that it has.

A queue that shrinking does not cure is filled by somebody else (TCP does). For a while losses alone decide
then, or such a sender would push this one aside.

Losses alone mean little on a radio link: their share is held against the path's noise, which is what a
smaller window does not cure. It is an average of the shares which follows them upwards slowly and
downwards fast.

The window does not leave at once: `limit` is how many packets may be in flight at this moment, and rises
evenly to the window within a cycle, which is a round trip and the time the peer takes between two
acknowledgements. A client that comes by rarely is allowed what it has missed.

docs/congestion.md has measurements. c-toxcore instead estimates a rate every 50 ms and starts at 4 packets
a second with a burst of 64; a peer running it sees nothing of our scheme but our timing, and its request
packets (each 50 to 1000 ms) are all that is needed from it.
"""

from __future__ import annotations

from toxpy.net_crypto.round_trip import INITIAL_GAP_MS, RoundTrip
from toxpy.wire.data_packets import MAX_PACKET_SIZE

#: Window per round trip at first, in packets; its upper limit; and packets that leave at once. The first
#: acknowledgement of c-toxcore takes INITIAL_GAP_MS: as many round trips' worth leave before it.
INITIAL_WINDOW, MAX_INITIAL_WINDOW, INITIAL_LIMIT = 32, 2048, 16
#: Bounds of the window, in packets.
MIN_WINDOW, MAX_WINDOW = 8, 8192
#: The lower bound while somebody speaks on this way: at 1 Mbit/s 8 packets are a queue of 50 ms for sound.
MIN_TALKING_WINDOW = 3
#: Largest window through a relay, in packets; with more under way clients of c-toxcore on the relay's machine
#: get stuck now and then.
MAX_RELAYED_WINDOW = 512

#: Queue aimed at: so many ms, and besides a share of the round trip without a queue.
TARGET_MS, TARGET_SHARE = 10, 0.2
#: Round trip below which a way is short, and the queue aimed at there, in ms: processes that wait for their
#: turn on a busy machine look like a queue.
NEAR_MS, NEAR_TARGET_MS = 5, 40
#: After a queue the window shrinks to DRAIN times what leaves no queue, so that the queue runs empty. Least
#: and largest share of the window that is kept then.
DRAIN, MIN_DRAIN, MAX_DRAIN = 0.95, 0.3, 0.9
#: The window shrinks deeply when the shortest round trip is below FALLEN times what it was when the queue ran
#: empty before, less FALLEN_MS: then it had not run empty.
FALLEN, FALLEN_MS = 0.97, 10
#: Growth of the window in a round, in packets for each root of the window.
GROWTH = 0.3
#: A queue below CALM times the target counts as none. After CALM_ROUNDS rounds without one the growth rises
#: in each further round. Largest growth, as a share of the window; and on a noisy link, where chance often
#: cuts the window down.
CALM, CALM_ROUNDS, MAX_GROWTH, NOISY_GROWTH = 0.25, 8, 1 / 8, 1 / 6
#: CALM_ROUNDS on a short way. There a queue is mostly a process that waited for its turn, and a round takes
#: as long as the peer waits before it acknowledges.
NEAR_CALM_ROUNDS = 2
#: A queue of which more than LASTING is left did not shrink with the window. When it outlasts more than
#: VAIN_SHRINKS shrinks, it is somebody else's.
LASTING, VAIN_SHRINKS = 0.85, 4
#: Time in which losses alone decide then: so many ms, or round trips if that is longer. Growth in each of
#: these rounds, as a share of the window.
CROWDED_MS, CROWDED_RTTS, CROWDED_GROWTH = 5_000, 25, 1 / 12
#: Doubling goes on while the rate grows: it ends after SLOW_ROUNDS rounds in a row of which none was FASTER
#: times as fast as the best one before.
SLOW_ROUNDS, FASTER = 2, 1.25
#: Packets per ms at which doubling ends if acknowledgements are more than RARE_MS apart. A client of
#: c-toxcore reads about 80 per ms and has room for 185. Of packets that found no room it tells late.
FAST, RARE_MS = 75.0, 25

#: Share of lost packets above which the way counts as full; and while somebody else fills the queue.
TOLERATED_LOSS, TOLERATED_CROWDED_LOSS = 0.08, 0.02
#: Share of the window kept after losses, and the least share.
SHRINK, MAX_SHRINK = 0.7, 0.5
#: Weight of a round's losses in the noise, which is an average of them: while it rises and while it falls.
#: Largest noise.
NOISE_RISE, NOISE_FALL, MAX_NOISE = 0.35, 0.25, 0.3
#: Losses count as noise up to so many times the noise: those of few packets scatter.
NOISE_MARGIN = 1.8
#: Noise above which silence is taken for chance, and above which lost packets tell nothing about the queue.
NOISY, VERY_NOISY = 0.1, 0.2
#: A round is judged after at least so many packets, and so many ms.
MIN_ROUND_PACKETS, MIN_ROUND_MS = 32, 20

#: Pace in windows per cycle, while the window doubles and afterwards.
DOUBLING_PACE, STEADY_PACE = 2.0, 1.0
#: Windows that may be unacknowledged: the peer cannot tell what it has behind the last lost packet.
ROOM = 2.0
#: Time between two portions, in ms.
PACE_MS = 3
#: Time for which sending is made up at most, in ms: after a client's late pass, and after a rest of ours.
LATE_MS, REST_MS = 100, 10
#: Packets that a portion may have in any case.
MIN_BURST = 8
#: The carried rate is an average of the rounds' rates. Weight of a round while it falls. While it rises it at
#: most doubles and adds MIN_CARRIED, in packets per ms.
CARRIED_FALL, MIN_CARRIED = 0.25, 1.0

UNKNOWN = -1.0


class Round:
    """What was seen since the window was judged last, about a round trip long."""

    __slots__ = ("arrived", "begin_ms", "end_ms", "late_ms", "lost", "rtt_ms", "wait_ms")

    def __init__(self, begin_ms: int, end_ms: int) -> None:
        self.begin_ms, self.end_ms = begin_ms, end_ms
        #: packets
        self.arrived = self.lost = 0
        self.forget_times()

    def forget_times(self) -> None:
        """The shortest: of the newest packet that arrived, of those before a hole, of the first not there."""
        self.rtt_ms = self.late_ms = self.wait_ms = UNKNOWN

    def rate(self, now_ms: int) -> float:
        """Packets per ms that arrived."""
        return self.arrived / max(now_ms - self.begin_ms, 1)


class Congestion:
    """The window and the pace of one connection."""

    __slots__ = (
        "_best_rate",
        "_calm_rounds",
        "_carried",
        "_changed_ms",
        "_crowded_until_ms",
        "_doubling",
        "_drained_base_ms",
        "_noise",
        "_paced_ms",
        "_relayed",
        "_round",
        "_settling",
        "_slow_rounds",
        "_used",
        "_vain_queue_ms",
        "_vain_shrinks",
        "_vain_window",
        "_wait_ms",
        "blocked",
        "least",
        "limit",
        "trip",
        "window",
    )

    def __init__(self) -> None:
        self.trip = RoundTrip()
        self.window = float(INITIAL_WINDOW)
        #: Lower bound of the window now.
        self.least = MIN_WINDOW
        #: Packets that may be in flight now.
        self.limit = float(INITIAL_LIMIT)
        #: Packets waited for a higher `limit` last time.
        self.blocked = False
        self._paced_ms = 0
        self._relayed = False
        self._doubling = True
        self._best_rate = 0.0
        self._slow_rounds = 0
        self._round = Round(0, 0)
        #: packets per ms that arrived lately, while there were some
        self._carried = 0.0
        #: how long the first packet that had not arrived was on its way
        self._wait_ms = 0
        self._used = False
        #: Of the queue after this moment nothing is known from what was sent before.
        self._changed_ms = 0
        #: There was a long one, and nothing is known of it yet.
        self._settling = False
        self._drained_base_ms = 0.0
        self._calm_rounds = 0
        self._vain_shrinks, self._vain_queue_ms, self._vain_window = 0, 0.0, self.window
        self._crowded_until_ms = 0
        self._noise = 0.0

    # The pace

    def pace(self, now_ms: int, in_flight: int) -> float:
        """Let time raise `limit`, which is returned."""
        if self._relayed:
            self.limit = self.window
            return self.limit
        elapsed_ms = max(now_ms - self._paced_ms, 0)
        self._paced_ms += elapsed_ms
        rate = self._rate()
        # a part of a packet leaves as a whole, and is owed
        left = max(self.limit - in_flight, -1.0)
        most = rate * (LATE_MS if self.blocked else REST_MS)
        left = min(left + rate * elapsed_ms, max(most, float(MIN_BURST)))
        self.limit = min(in_flight + left, self._room())
        return self.limit

    def is_pacing(self) -> bool:
        """True if `limit` rises with time alone."""
        return not self._relayed and self.limit < self._room()

    def backlog(self) -> int:
        """Packets that should wait, so that there are some when `limit` rises."""
        return 2 + int(self._rate() * PACE_MS)

    def carried_in(self, time_ms: int) -> float:
        """Bytes that the way takes in that time, as far as is known from what arrived."""
        return self._carried * time_ms * MAX_PACKET_SIZE

    def carried_in_cycles(self, count: int) -> float:
        """Packets that the way takes in so many cycles, as far as is known from what arrived."""
        return self._carried * count * self.trip.cycle_ms

    def _rate(self) -> float:
        """Packets per millisecond."""
        return (DOUBLING_PACE if self._doubling else STEADY_PACE) * self.window / self.trip.cycle_ms

    def _room(self) -> float:
        return self.window if self._doubling or self._settling else ROOM * self.window

    # News

    def on_sample(self, now_ms: int, sample_ms: int, newest: bool = True, late_ms: int = 0) -> None:
        """A packet sent once was acknowledged after `sample_ms`, of which we were `late_ms` late to look.

        Not the `newest` that arrived: of those behind the last hole the peer cannot tell us.
        """
        if self._doubling and sample_ms < self.trip.base_ms:
            # the first one, or the peer had waited before it wrote the one that was taken for the way
            round_trips = 1 + INITIAL_GAP_MS / max(sample_ms, 1)
            self.window = max(self.window, min(INITIAL_WINDOW * round_trips, float(MAX_INITIAL_WINDOW)))
        self.trip.on_sample(now_ms, sample_ms)
        if newest:
            this = self._round
            # the pace is that of the way, also when a program that writes long without a pass reads it late
            rtt_ms = max(sample_ms - late_ms, self.trip.base_ms) if late_ms else sample_ms
            if rtt_ms < this.rtt_ms or this.rtt_ms < 0:
                this.rtt_ms = float(rtt_ms)
        elif now_ms - sample_ms >= self._changed_ms:
            self._settling = False
            self._round.late_ms = _shorter(self._round.late_ms, sample_ms)

    def on_wait(self, wait_ms: int, newest_ms: int) -> None:
        """The first packet the peer did not have when it wrote this was sent once, `wait_ms` ago.

        0: there was none. The newest it had was sent at `newest_ms`.
        """
        if newest_ms >= self._changed_ms:
            self._settling = False
            self._wait_ms = wait_ms
            self._round.wait_ms = _shorter(self._round.wait_ms, wait_ms)

    def on_news(self, now_ms: int, arrived: int, lost: int, in_flight: int) -> None:
        """Of `in_flight` packets some arrived and some were lost; a window nobody fills does not grow."""
        self.limit -= arrived + lost
        self.trip.on_news(now_ms, arrived > 0, in_flight > arrived + lost)
        self._used = self._used or self.blocked or in_flight * 2 >= self.window
        if arrived and self._doubling and self._used:
            self._double(arrived)
        this = self._round
        this.arrived += arrived
        this.lost += lost
        total = this.arrived + this.lost
        if now_ms >= this.end_ms and total >= min(MIN_ROUND_PACKETS, self.window):
            rate = this.rate(now_ms)
            if rate > self._carried:
                # what a filled hole frees at once came over a longer time
                self._carried = min(rate, 2 * self._carried + MIN_CARRIED)
            else:
                self._carried += (rate - self._carried) * CARRIED_FALL
            self._judge(now_ms, this.lost / total)
            self._used = False
            self._round = Round(now_ms, now_ms + max(int(self.trip.cycle_ms), MIN_ROUND_MS))

    def on_timeout(self, in_flight: int) -> None:
        """Nothing was heard for a time-out: a window that is in use shrinks, unless it may be bad luck."""
        if self.trip.on_timeout(self._noise > NOISY) and in_flight * 2 >= self.window:
            self._shrink(SHRINK)

    def on_new_way(self, relayed: bool) -> None:
        """Packets take another way now: what was learnt of the old one is void.

        A relay's connections bound what waits at it, lose nothing and find their pace themselves.
        """
        self.trip.on_new_way()
        self._relayed = relayed
        self.window, self._doubling = float(INITIAL_WINDOW), True
        self._best_rate, self._slow_rounds, self._drained_base_ms, self._carried = 0.0, 0, 0.0, 0.0
        self._round.forget_times()

    # The queue

    def _queue_ms(self) -> float:
        """How long the queue was in this round at least."""
        if self._relayed:
            return 0.0
        if self._round.wait_ms >= 0:
            return max(self._round.wait_ms - self.trip.base_ms, 0.0)
        if self._noise > VERY_NOISY:
            # what comes late comes late because of what was lost before it
            return 0.0
        if self._round.late_ms >= 0:
            return max(self._round.late_ms - self.trip.gap_ms - self.trip.base_ms, 0.0)
        return UNKNOWN

    def _target_ms(self) -> float:
        # how far apart the packets are, so long may it have taken to notice the first one
        apart_ms = self.trip.cycle_ms / self.window
        least_ms = NEAR_TARGET_MS if self.trip.base_ms < NEAR_MS else TARGET_MS
        return least_ms + TARGET_SHARE * self.trip.base_ms + apart_ms

    # The window

    def _double(self, arrived: int) -> None:
        if self._queue_ms() > self._target_ms():
            self._doubling = False
            return
        self._grow_by(arrived)
        cycle_ms = self.trip.cycle_ms
        rare = self.trip.gap_ms > RARE_MS and not self._relayed
        if rare and DOUBLING_PACE * self.window > FAST * cycle_ms:
            self.window, self._doubling = FAST * cycle_ms, False

    def _judge(self, now_ms: int, share: float) -> None:
        """A round is over that lost this share of its packets."""
        trip = self.trip
        before_ms = trip.recent_ms
        if self._round.rtt_ms >= 0:
            trip.recent_ms = self._round.rtt_ms
        elif self._round.late_ms >= 0:
            trip.recent_ms = max(self._round.late_ms - trip.gap_ms, trip.base_ms)
        if self._doubling and self._used and not self._relayed:
            self._look_at_rate(now_ms)
        queue_ms = self._queue_ms()
        crowded = now_ms < self._crowded_until_ms
        tolerated = TOLERATED_CROWDED_LOSS if crowded else TOLERATED_LOSS
        if now_ms >= self._changed_ms + trip.cycle_ms and self._is_congested(share, tolerated):
            self._shrink(max(min(SHRINK, 1 - share), MAX_SHRINK))
            self._begin_anew(now_ms)
        elif queue_ms > self._target_ms() and not crowded:
            if not self._is_in_vain(now_ms, queue_ms):
                paced_ms = trip.recent_ms if self._doubling else (before_ms + trip.recent_ms) / 2
                self._drain(now_ms, queue_ms, paced_ms)
        elif self._used and queue_ms >= 0 and not self._doubling:
            if crowded:
                self._grow_by(max(GROWTH * self.window**0.5, self.window * CROWDED_GROWTH, 1.0))
            else:
                self._vain_shrinks = 0
                self._grow(queue_ms)

    def _look_at_rate(self, now_ms: int) -> None:
        """The window doubled: when for two rounds not more arrived per time, the path is full."""
        rate = self._round.rate(now_ms)
        if rate > FASTER * self._best_rate:
            self._best_rate, self._slow_rounds = rate, 0
        else:
            self._slow_rounds += 1
            self._doubling = self._slow_rounds < SLOW_ROUNDS

    def _grow(self, queue_ms: float) -> None:
        self._calm_rounds = self._calm_rounds + 1 if queue_ms < CALM * self._target_ms() else 0
        growth = max(GROWTH * self.window**0.5, 1.0)
        most = self.window * (NOISY_GROWTH if self._noise > VERY_NOISY else MAX_GROWTH)
        near = self.trip.base_ms < NEAR_MS and self._rate() < FAST
        rounds = NEAR_CALM_ROUNDS if near else CALM_ROUNDS
        self._grow_by(max(min(growth * max(self._calm_rounds - rounds, 1), most), growth))

    def _grow_by(self, growth: float) -> None:
        self.window = min(self.window + growth, float(MAX_RELAYED_WINDOW if self._relayed else MAX_WINDOW))

    def _drain(self, now_ms: int, queue_ms: float, paced_ms: float) -> None:
        """Rest until the queue is gone, then go on with what leaves none.

        Packets left at a window per `paced_ms` and gap.
        """
        trip = self.trip
        factor = DRAIN * (trip.base_ms + trip.gap_ms) / (paced_ms + trip.gap_ms)
        if trip.base_ms < FALLEN * self._drained_base_ms - FALLEN_MS:
            # what was taken for the way without a queue had one, and may still have
            factor = MAX_SHRINK
        self._drained_base_ms = trip.base_ms
        self._shrink(min(max(factor, MIN_DRAIN), MAX_DRAIN))
        self._paced_ms = now_ms + int(max(queue_ms, self._wait_ms - trip.base_ms))
        self.limit = 0.0
        trip.recent_ms = trip.base_ms
        self._begin_anew(self._paced_ms)
        self._settling = queue_ms > trip.base_ms + TARGET_MS

    def _begin_anew(self, now_ms: int) -> None:
        self._changed_ms = now_ms
        self._calm_rounds = 0

    def _shrink(self, factor: float) -> None:
        self._doubling = False
        self.window = max(self.window * factor, float(self.least))

    def _is_in_vain(self, now_ms: int, queue_ms: float) -> bool:
        """True if the window shrank several times and the queue did not: then it is somebody else's."""
        if self._vain_shrinks == 0 or queue_ms < LASTING * self._vain_queue_ms:
            self._vain_shrinks, self._vain_window = 0, self.window
        self._vain_queue_ms = queue_ms
        self._vain_shrinks += 1
        if self._vain_shrinks <= VAIN_SHRINKS:
            return False
        self._vain_shrinks = 0
        self.window = self._vain_window
        self._crowded_until_ms = now_ms + max(CROWDED_MS, int(CROWDED_RTTS * self.trip.mean_ms))
        return True

    def _is_congested(self, share: float, tolerated: float) -> bool:
        noise = self._noise
        congested = share > tolerated + NOISE_MARGIN * noise
        if congested:
            self._noise = min(noise + (share - noise) * NOISE_RISE, MAX_NOISE)
        elif share < noise:
            self._noise = noise + (share - noise) * NOISE_FALL
        self.trip.set_noisy(self._noise > NOISY)
        return congested


def _shorter(known: float, sample: float) -> float:
    return float(sample) if known < 0 or sample < known else known
