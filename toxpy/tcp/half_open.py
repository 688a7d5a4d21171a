"""Connections to our relay that are nobody's yet: not too many, and not for long.

c-toxcore keeps the 256 newest and has no time-out (TCP_server.c). Here each has 10 s, and when there are
too many, the oldest one of the network that has most of them goes. So one network, be it an attacker's or
a whole town behind one address whose relay has just restarted, may have all the room that others leave.
"""

from __future__ import annotations

from toxpy.dht.budget import prefix_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from toxpy.tcp.server_client import Incoming, ServerClient

    Connection: TypeAlias = Incoming | ServerClient

MAX_HALF_OPEN = 1024
TIMEOUT_MS = 10_000


class HalfOpen:
    """Connections with their deadlines, oldest first."""

    __slots__ = ("_deadlines", "_prefixes")

    def __init__(self) -> None:
        self._deadlines: dict[Connection, int] = {}
        #: the connections of each /24 or /56, as ordered sets
        self._prefixes: dict[bytes, dict[Connection, None]] = {}

    def __len__(self) -> int:
        return len(self._deadlines)

    @property
    def deadline_ms(self) -> int | None:
        """When the oldest expires."""
        return next(iter(self._deadlines.values()), None)

    def add(self, connection: Connection, now_ms: int) -> Connection | None:
        """Keep a new one; returns the one that has to go for it, already removed."""
        gone = self.crowd_out() if len(self._deadlines) >= MAX_HALF_OPEN else None
        self._deadlines[connection] = now_ms + TIMEOUT_MS
        self._prefixes.setdefault(prefix_of(connection.stream.address), {})[connection] = None
        return gone

    def crowd_out(self) -> Connection | None:
        """Remove and return the oldest one of the most crowded network; None when there is none."""
        if not self._deadlines:
            return None
        crowd = max(self._prefixes.values(), key=len)
        oldest = next(iter(crowd))
        self.remove(oldest)
        return oldest

    def remove(self, connection: Connection) -> None:
        """Forget one; nothing when it is not here."""
        if self._deadlines.pop(connection, None) is None:
            return
        prefix = prefix_of(connection.stream.address)
        crowd = self._prefixes[prefix]
        del crowd[connection]
        if not crowd:
            del self._prefixes[prefix]

    def expired(self, now_ms: int) -> list[Connection]:
        """Those whose time is over; still to be removed."""
        expired = []
        for connection, deadline_ms in self._deadlines.items():
            if deadline_ms > now_ms:
                break
            expired.append(connection)
        return expired

    def clear(self) -> list[Connection]:
        """Forget and return all."""
        connections = list(self._deadlines)
        self._deadlines.clear()
        self._prefixes.clear()
        return connections
