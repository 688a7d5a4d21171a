"""One timer for several moments: armed for the earliest, and asked again when it rings."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.runtime import Timer, Timers


class Alarm:
    """Calls `callback` at the earliest moment asked for, once.

    A moment that is put off needs no call: whoever is rung too early arms the alarm again.
    """

    __slots__ = ("_callback", "_timer", "_timers")

    def __init__(self, timers: Timers, callback: Callable[[], None]) -> None:
        self._timers = timers
        self._callback = callback
        self._timer: Timer | None = None

    @property
    def is_armed(self) -> bool:
        """True while it will ring."""
        return self._timer is not None

    def wake(self, at_ms: int) -> None:
        """Ring at that moment, unless it rings earlier anyway."""
        timer = self._timer
        if timer is not None:
            if timer.deadline_ms <= at_ms:
                return
            timer.cancel()
        self._timer = self._timers.call_at(at_ms, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._callback()

    def cancel(self) -> None:
        """Do not ring."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
