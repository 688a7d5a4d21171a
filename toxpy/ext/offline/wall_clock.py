"""What time it is, when this machine's clock may be wrong: epochs of queues, and when something is too old.

The clock of the machine is believed unless it stands before 2025, went back by more than an hour (also over a
restart), or more mailboxes contradict it by more than 10 minutes than agree. Then nothing counts as too old,
until two mailboxes agree with it, or all of those that we know if there are fewer.

Which epoch it is at a mailbox is said by the mailbox: if it lies, we miss what it could drop anyway. What our
own clock says is looked into as well.
"""

from __future__ import annotations

from struct import Struct

from toxpy.ext.offline.keys import GENESIS_S, epoch_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Runtime

#: Difference up to which two clocks agree, s.
AGREEMENT_S = 600
#: Seconds that the clock may go back.
MAX_BACK_S = 3600
#: Mailboxes that have to agree with a clock that is not believed.
MIN_AGREEING = 2
#: Mailboxes whose clocks are remembered.
MAX_REPORTS = 16
#: Epochs that are polled: those whose messages a mailbox may still have, and the next one for clocks ahead.
EPOCHS_BEFORE, EPOCHS_AFTER = 4, 1
#: The last epoch that OPEN can name.
MAX_EPOCH = 0xFFFFFFFF

_RECORD = Struct("<Q")


class WallClock:
    """Of an instance."""

    __slots__ = ("_highest_s", "_reports", "_rt", "_suspicious")

    def __init__(self, *, rt: Runtime) -> None:
        self._rt = rt
        #: the latest time that was believed, Unix seconds
        self._highest_s = 0
        #: it went wrong, and not enough mailboxes have agreed with it since then
        self._suspicious = False
        #: what each mailbox's clock showed when our monotonic clock was 0, the oldest report first
        self._reports: dict[bytes, int] = {}

    def _zero_s(self) -> int:
        """The same by the machine's clock."""
        return self._rt.clock.unix_s() - self._rt.clock.now_ms // 1000

    def on_unix(self, mailbox_pk: bytes, unix_s: int) -> None:
        """A mailbox said what time it is."""
        self._reports.pop(mailbox_pk, None)
        if len(self._reports) >= MAX_REPORTS:
            del self._reports[next(iter(self._reports))]
        self._reports[mailbox_pk] = unix_s - self._rt.clock.now_ms // 1000

    def forget(self, mailbox_pk: bytes) -> None:
        """That mailbox is none of ours any more."""
        self._reports.pop(mailbox_pk, None)

    def trusted(self) -> bool:
        """True if the machine's clock is believed now."""
        unix_s, zero_s = self._rt.clock.unix_s(), self._zero_s()
        agreeing = sum(abs(report - zero_s) <= AGREEMENT_S for report in self._reports.values())
        contradicting = len(self._reports) - agreeing
        if unix_s < GENESIS_S or unix_s < self._highest_s - MAX_BACK_S:
            self._suspicious = True
        if self._suspicious:
            if unix_s < GENESIS_S or agreeing < min(MIN_AGREEING, max(len(self._reports), 1)):
                return False
            self._suspicious = False
            self._highest_s = unix_s
        if contradicting > agreeing:
            return False
        self._highest_s = max(self._highest_s, unix_s)
        return True

    def now_s(self) -> int:
        """Unix seconds by which things age: they stand still while the clock is not believed."""
        return self._rt.clock.unix_s() if self.trusted() else self._highest_s

    def epochs(self, mailbox_unix_s: int) -> list[int]:
        """The epochs of queues to look into at a mailbox that says what time it is; none if nobody knows."""
        # friends may believe their own clocks: a few epochs more cost little
        around = {epoch_at(mailbox_unix_s), epoch_at(self._rt.clock.unix_s())}
        found = {
            epoch + distance
            for epoch in around
            if 0 <= epoch < MAX_EPOCH
            for distance in range(-EPOCHS_BEFORE, EPOCHS_AFTER + 1)
        }
        return sorted(found)

    # a part of a record

    def pack(self) -> bytes:
        """The latest time that was believed."""
        return _RECORD.pack(self._highest_s)

    def load(self, value: bytes) -> None:
        """The same from a save."""
        if len(value) == _RECORD.size:
            self._highest_s = max(self._highest_s, *_RECORD.unpack(value))
