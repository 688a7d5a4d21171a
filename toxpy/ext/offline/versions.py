"""What is on disk of the state that must survive: each change has a number, and whoever saves tells how far.

With somebody who tells (`holds`) nothing else counts. Others only ask for the save now and then, and we do
not learn what becomes of it: it counts as being on disk some time later. Where nobody even asks, nothing is
kept over a restart, and a change counts as kept after that time too, so that messages are left and fetched.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Runtime, Timer

#: Time in ms from the moment at which a save was asked for until it counts as being on disk.
COLLECTED_MS = 30_000
#: The same from a change, if nobody asks for a save.
UNSAVED_MS = 30_000


class Versions:
    """The number of the last change, and of the last one that is on disk."""

    __slots__ = ("_collected", "_expected", "_rt", "_timer", "holds", "saved_version", "version")

    def __init__(self, *, rt: Runtime) -> None:
        self._rt = rt
        self.version = self.saved_version = 0
        #: True if somebody tells what is on disk
        self.holds = False
        self._timer: Timer | None = None
        #: the version that counts as saved when the timer is due, and whether it was asked for
        self._expected, self._collected = 0, False

    def changed(self) -> int:
        """Something changed: the number under which it will be on disk."""
        self.version += 1
        if self._timer is None and not self.holds:
            self._expect(UNSAVED_MS, False)
        return self.version

    def is_saved(self, version: int) -> bool:
        """True if that change is on disk."""
        return version <= self.saved_version

    def saved(self, version: int) -> None:
        """All changes up to that one are on disk."""
        self.saved_version = max(self.saved_version, min(version, self.version))

    def collect(self) -> None:
        """The save is asked for."""
        if not self.holds and self.version > self.saved_version and not self._collected:
            self._expect(COLLECTED_MS, True)

    def _expect(self, delay_ms: int, collected: bool) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._expected, self._collected = self.version, collected
        self._timer = self._rt.timers.call_later(delay_ms, self._due)

    def _due(self) -> None:
        self._timer, self._collected = None, False
        if self.holds:
            return
        self.saved(self._expected)
        if self.version > self.saved_version:
            self._expect(UNSAVED_MS, False)

    def end(self) -> None:
        """No timer any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
