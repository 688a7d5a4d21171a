"""How many kbit/s of video to send: what the program allows, and what the way to the friend carries.

All that clients tell is what was lost (bandwidth.py), and only when something was. Loss may come from a full
line or by chance. So after much loss the rate falls to a little less than what arrived. If as much is lost
then as before, it was chance: the rate returns, and only loss beyond that lowers it again. Without loss it
rises, slowly near where it was too much the last time; what is lost right after a rise comes from the rise.

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
#: How much less must be lost after a cut for it to have been right. A share.
CURED = 0.7
#: How fast loss becomes usual, and is forgotten with each step up. Shares of the difference, and of the loss.
LEARNING, FADING = 0.3, 0.03
#: Time without a cut until the rate rises, between steps, and in which loss comes from the last step, ms.
QUIET_MS, STEP_MS, EFFECT_MS = 2000, 1000, 2500
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
        "_ceiling",
        "_cut_loss",
        "_cut_ms",
        "_limit",
        "_link",
        "_step_ms",
        "_tell",
        "_told",
        "_usual",
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
        if not self._wanted:
            return
        usual = self._usual
        # not what chance makes of as few packets as these
        noise = 2 * (usual * (1 - usual) * MAX_PIECE_SIZE / received) ** 0.5
        excess, sent = loss - usual - noise, min(self._link, self.kbit)
        after_step = now_ms < self._step_ms + EFFECT_MS
        if self._cut_loss and loss >= CURED * self._cut_loss:
            # less was sent, and as much was lost
            self._link, self._ceiling = self._before * KEPT, 0.0
            self._usual = loss
        elif excess >= (SMALL_LOSS / 2 if after_step else SMALL_LOSS):
            before = min(self._before, sent) if after_step else sent
            self._cut(before, min(before, sent * (1 - excess)) * KEPT_OF_ARRIVED, now_ms)
            # at the lowest rate nothing can be seen
            self._cut_loss = loss if self._link > MIN_KBIT else 0.0
            return
        elif not after_step or loss < usual:
            self._usual += LEARNING * (loss - usual)
        self._cut_loss = 0.0

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
        self._link = min(self._link * (SMALL_STEP if near else STEP) + 1, most)
        # a report that is missing may say that nothing was lost
        self._usual *= 1 - FADING


def audio_suggestion(lost: int, received: int, bit_rate: int) -> int | None:
    """What to tell a program that sends no video: less than it set, None for nothing."""
    loss = lost / received
    return max(int(bit_rate * (1 - loss)), 6) if loss >= LARGE_LOSS and bit_rate > 6 else None
