"""Errors of the operating system for the log: sockets count them by errno, and nothing else sees them.

A line per errno, and for the same one at most one a minute, with how often it came since the last
line. A node on the network meets unreachable addresses all the time; those are for debugging only.
"""

from __future__ import annotations

from errno import (
    EADDRNOTAVAIL,
    EAFNOSUPPORT,
    ECONNABORTED,
    ECONNREFUSED,
    ECONNRESET,
    EHOSTUNREACH,
    ENETUNREACH,
    EPIPE,
    ETIMEDOUT,
    errorcode,
)
from posix import strerror

from toxpy.runtime import LOG_DEBUG, LOG_WARNING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Runtime

INTERVAL_MS = 60_000

#: The other side's doing, or of an address that does not work from here: nothing that a user could mend.
_EXPECTED = frozenset(
    (
        EADDRNOTAVAIL,
        EAFNOSUPPORT,
        ECONNABORTED,
        ECONNREFUSED,
        ECONNRESET,
        EHOSTUNREACH,
        ENETUNREACH,
        EPIPE,
        ETIMEDOUT,
    )
)


class ErrorLog:
    """Watches counts by errno; `look` writes what is new."""

    __slots__ = ("_rt", "_sources", "_told")

    def __init__(self, sources: dict[str, dict[int, int]], *, rt: Runtime) -> None:
        """`sources` maps what the errors are about to the counts, which others go on counting in."""
        self._rt = rt
        self._sources = sources
        #: (source, errno) -> count and time of the last line; bounded by the kernel's errnos
        self._told: dict[tuple[str, int], tuple[int, int]] = {}

    def look(self) -> None:
        """Write a line for every errno that has news and had no line within the last minute."""
        now_ms, told = self._rt.clock.now_ms, self._told
        for what, counts in self._sources.items():
            for number, count in counts.items():
                before, told_ms = told.get((what, number), (0, now_ms - INTERVAL_MS))
                if count == before or now_ms - told_ms < INTERVAL_MS:
                    continue
                told[what, number] = (count, now_ms)
                level = LOG_DEBUG if number in _EXPECTED else LOG_WARNING
                name = errorcode.get(number, str(number))
                self._rt.log(level, f"{what}: {strerror(number)} ({name}), {count - before} times")
