"""When to tell the peer what we have of its stream. No clock, no sockets here.

Everything that we send acknowledges. A request packet does when there is nothing to send: after some
packets, or after a short time. While there are holes it is repeated, since it lists them.
"""

from __future__ import annotations

from toxpy.net_crypto.window import ReceiveWindow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.net_crypto.alarm import Alarm

#: Longest wait of an acknowledgement for data to ride on, in ms. c-toxcore waits up to a second.
ACK_DELAY_MS = 20
#: Lossless packets that are acknowledged at once.
ACK_EVERY = 32
#: Time until a hole is asked for again, in ms: doubles up to the second one while nothing arrives.
HOLE_INTERVAL_MS, MAX_HOLE_INTERVAL_MS = 50, 1000


class Acknowledgements:
    """What of the peer's stream is not acknowledged yet."""

    __slots__ = ("_alarm", "_hole_interval_ms", "_hole_start", "at_ms", "owed", "window")

    def __init__(self, window: ReceiveWindow, alarm: Alarm) -> None:
        self.window = window
        self._alarm = alarm
        #: lossless packets that came since we last sent something
        self.owed = 0
        #: when to send a request packet, 0 for never
        self.at_ms = 0
        self._hole_start = -1
        self._hole_interval_ms = HOLE_INTERVAL_MS

    def is_due(self, now_ms: int) -> bool:
        """True if a request packet must go out now; otherwise its moment is set.

        Called when something came, or while there are holes.
        """
        owed = self.owed
        if owed >= ACK_EVERY:
            return True
        at_ms = now_ms + ACK_DELAY_MS
        # for a hole alone, a moment that is set already stays
        if self.at_ms == 0 or (owed and self.at_ms > at_ms):
            self.at_ms = at_ms
            self._alarm.wake(at_ms)
        return False

    def timed_out(self, now_ms: int) -> bool:
        """The moment `at_ms` has come: True if a request packet must go out."""
        window = self.window
        self.at_ms = 0
        if not window.has_holes():
            return self.owed > 0
        if window.start == self._hole_start:
            self._hole_interval_ms = min(2 * self._hole_interval_ms, MAX_HOLE_INTERVAL_MS)
        else:
            self._hole_start = window.start
            self._hole_interval_ms = HOLE_INTERVAL_MS
        self.at_ms = now_ms + self._hole_interval_ms
        return True
