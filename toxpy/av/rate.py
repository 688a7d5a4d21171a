"""How many kbit/s of video to send: what the program allows, and what the way to the friend carries.

All that clients tell is what was lost (bandwidth.py), and only when something was. Loss may come from a full
line or by chance. So after much loss the rate falls to a little less than what arrived. If as much is lost
then as before, it was chance: the rate returns, and only loss beyond that lowers it again. Without loss it
rises, slowly near where it was too much the last time; what is lost right after a rise comes from the rise.
Friends of ours also tell how long packets are in queues: a queue that grows lowers the rate before anything
is lost, and loss without a queue is chance.

The program is told as c-toxcore does it, when at least a tenth was lost. Many programs set the rate to what
they are told: then it is theirs to be told as well when there is room again. c-toxcore never tells them.
"""

from __future__ import annotations

from toxpy.av.rtp import MAX_PIECE_SIZE

#: Lowest rate, kbit/s: below it there is nothing to see.
MIN_KBIT = 64
#: Loss that says little, and loss that a program is told of: c-toxcore's. Shares.
SMALL_LOSS, LARGE_LOSS = 0.02, 0.1
#: What is kept of the rate when it turns out to have been right; and of what arrived when it was too much.
KEPT, KEPT_OF_ARRIVED = 0.97, 0.9
#: Less than this share of the loss must be left after a cut for it to have been right. As much is chance, and
#: more than that the same full line.
CURED, WORSE = 0.7, 1.5
#: How fast loss becomes usual, and is forgotten with each step up. Shares of the difference, and of the loss.
LEARNING, FADING = 0.3, 0.03
#: Time without a cut until the rate rises, between steps, and in which loss comes from the last step, ms.
QUIET_MS, STEP_MS, EFFECT_MS = 2000, 1000, 2500
#: Time in queues that is too long, and after which a shorter queue can be seen, ms.
QUEUE_MS, SETTLE_MS = 40, 800
#: Cuts after which a delay is not ours.
MAX_DELAY_CUTS = 4
#: Steps: usual ones, and those near the rate that was too much. Factors.
STEP, SMALL_STEP = 1.05, 1.01
#: What is near, as shares of the rate that was too much.
NEAR = (0.85, 1.05)
#: How much more than its setting there must be room for until a program is told. A factor.
WORTH_TELLING = 1.1


class VideoRate:
    """The rate of one call. All rates are in kbit/s; `kbit` is what to send now."""

    __slots__ = (
        "_before",
        "_before_delay",
        "_ceiling",
        "_cut_loss",
        "_cut_ms",
        "_delay_cuts",
        "_is_felt",
        "_is_long",
        "_limit",
        "_link",
        "_peak_ms",
        "_step_ms",
        "_tell",
        "_told",
        "_usual",
        "_usual_ms",
        "_wanted",
        "kbit",
    )

    def __init__(self) -> None:
        self.kbit = 0
        #: what the program allows, and what it wants if it did not only follow what it was told
        self._limit = self._wanted = 0
        #: what the way carries, as far as we know; before the last step or cut; where it was too much
        self._link = self._before = self._ceiling = 0.0
        #: share that is lost by chance; loss that the last cut is to cure, 0 if it is known whether it did
        self._usual = self._cut_loss = 0.0
        self._cut_ms = self._step_ms = -EFFECT_MS
        #: the same of delay, ms; cuts since it was usual, and the rate before them
        self._usual_ms, self._delay_cuts, self._before_delay = 0.0, 0, 0.0
        #: delays are told
        self._is_felt = False
        #: the last one was too long; the longest since loss was judged, ms
        self._is_long, self._peak_ms = False, 0
        #: what the program was told last, and whether there is news
        self._told = 0
        self._tell = False

    def allow(self, limit: int, now_ms: int) -> int:
        """The program allows so much; the rate for the next picture."""
        if limit != self._limit:
            self._limit = limit
            if limit != self._told:
                if self._link >= self._wanted:
                    # nothing is known of this way but that more was never tried
                    self._link = self._ceiling = limit
                self._wanted = limit
        self._rise(now_ms)
        self.kbit = max(min(limit, int(self._link)), min(limit, MIN_KBIT))
        return self.kbit

    def on_report(self, lost: int, received: int, now_ms: int) -> None:
        """So many bytes were lost of so many, since the last report."""
        loss = lost / received
        if loss >= LARGE_LOSS:
            self._tell = True
        if not self._wanted or now_ms < self._cut_ms + SETTLE_MS:
            # what was lost before a cut says nothing of the rate after it
            return
        usual = self._usual
        # not what chance makes of as few packets as these
        noise = 2 * (usual * (1 - usual) * MAX_PIECE_SIZE / received) ** 0.5
        excess, sent = loss - usual - noise, min(self._link, self.kbit)
        after_step = now_ms < self._step_ms + EFFECT_MS
        if self._cut_loss and CURED * self._cut_loss <= loss <= WORSE * self._cut_loss:
            # less was sent, and as much was lost
            self._link, self._ceiling = self._before * KEPT, 0.0
            self._usual = loss
        elif excess >= (SMALL_LOSS / 2 if after_step else SMALL_LOSS):
            before = min(self._before, sent) if after_step else sent
            no_queue = self._is_felt and self._peak_ms < self._usual_ms + QUEUE_MS // 2
            left = KEPT * before if no_queue else min(before, sent * (1 - excess)) * KEPT_OF_ARRIVED
            self._peak_ms = 0
            self._cut(before, left, now_ms)
            # at the lowest rate nothing can be seen
            self._cut_loss = loss if self._link > MIN_KBIT else 0.0
            return
        elif not after_step or loss < usual:
            self._usual += LEARNING * (loss - usual)
        self._cut_loss, self._peak_ms = 0.0, 0

    def on_delay(self, delay_ms: int, arrived: float, now_ms: int) -> None:
        """Packets wait so long on their way, and so much video arrives, kbit/s: only friends of ours tell."""
        self._is_felt, self._peak_ms = True, max(self._peak_ms, delay_ms)
        if now_ms < self._cut_ms + SETTLE_MS or not self._wanted:
            return
        if delay_ms <= self._usual_ms + QUEUE_MS:
            self._usual_ms += LEARNING * min(delay_ms - self._usual_ms, 0)
            self._delay_cuts, self._is_long = 0, False
        elif not self._is_long:
            # twice, or it is chance
            self._is_long = True
        elif self._delay_cuts < MAX_DELAY_CUTS:
            sent = min(self._link, self.kbit)
            if not self._delay_cuts:
                self._before_delay = sent
            self._cut(sent, min(sent, arrived) * KEPT_OF_ARRIVED, now_ms)
            self._delay_cuts += 1
        else:
            # less was sent and less, and they wait as long: not our queue
            self._link, self._ceiling = self._before_delay * KEPT, 0.0
            self._usual_ms, self._delay_cuts = delay_ms, 0

    def _cut(self, before: float, kbit: float, now_ms: int) -> None:
        """That was too much."""
        self._before = self._ceiling = before
        self._link = max(kbit, MIN_KBIT)
        self._cut_ms = now_ms
        self._step_ms = -EFFECT_MS

    def suggestion(self, now_ms: int) -> int | None:
        """The rate that the program should allow, None for nothing new."""
        self._rise(now_ms)
        link, limit = max(int(self._link), MIN_KBIT), self._limit
        lower = self._tell and link < limit
        higher = limit < self._wanted and link >= min(limit * WORTH_TELLING, self._wanted)
        self._tell = False
        if not lower and not higher:
            return None
        self._told = link
        return link

    def _rise(self, now_ms: int) -> None:
        # not further than what a program that follows can be told: more was not tried
        most = min(self._wanted, self._limit * WORTH_TELLING + 1)
        if now_ms < max(self._cut_ms + QUIET_MS, self._step_ms + STEP_MS) or self._link >= most:
            return
        self._before, self._step_ms = self._link, now_ms
        near = NEAR[0] * self._ceiling < self._link < NEAR[1] * self._ceiling
        step = SMALL_STEP if near else STEP
        # where a queue is seen before it is full, larger steps do no harm
        self._link = min(self._link * (step * step if self._is_felt else step) + 1, most)
        # a report that is missing may say that nothing was lost
        self._usual *= 1 - FADING


def audio_suggestion(lost: int, received: int, bit_rate: int) -> int | None:
    """What to tell a program that sends no video: less than it set, None for nothing."""
    loss = lost / received
    return max(int(bit_rate * (1 - loss)), 6) if loss >= LARGE_LOSS and bit_rate > 6 else None
