"""Connections to our relay that are nobody's yet: few, and not for long.

c-toxcore keeps the 256 newest and has no time-out (TCP_server.c). Here each has 10 s, and those
of one network crowd out each other before they crowd out others. On the LAN, where the relay of
an onion service sees all its clients too, there is only the common limit.
"""

from __future__ import annotations

from toxpy.dht.budget import prefix_of
from toxpy.wire.address import is_lan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from toxpy.tcp.server_client import Incoming, ServerClient

    Connection: TypeAlias = Incoming | ServerClient

MAX_HALF_OPEN = 256
MAX_PER_PREFIX = 64
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
        address = connection.stream.address
        crowd = self._prefixes.get(prefix_of(address), {})
        oldest: Connection | None = None
        if len(crowd) >= MAX_PER_PREFIX and not is_lan(address):
            oldest = next(iter(crowd))
        elif len(self._deadlines) >= MAX_HALF_OPEN:
            oldest = next(iter(self._deadlines))
        if oldest is not None:
            self.remove(oldest)
        self._deadlines[connection] = now_ms + TIMEOUT_MS
        self._prefixes.setdefault(prefix_of(address), {})[connection] = None
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
