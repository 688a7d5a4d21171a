"""Questions waiting for their answer. Spec: Ping array; c-toxcore: ping_array.c.

A ping id is 8 random bytes that come back inside the encrypted answer. It is good once,
for five seconds, and only together with the key and the address that were asked: an
answer moved to another address or played again is worth nothing.
"""

from __future__ import annotations

from toxpy.dht.packets import PING_ID_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Runtime
    from toxpy.wire.address import Address

MAX_OUTSTANDING = 512
PING_TIMEOUT_MS = 5000


class Sendbacks:
    """At most MAX_OUTSTANDING open questions; a new one beyond that forgets the oldest."""

    __slots__ = ("_asked", "_entries", "_rt")

    def __init__(self, *, rt: Runtime) -> None:
        self._rt = rt
        #: ping id -> (key, address, what for, deadline), oldest first
        self._entries: dict[bytes, tuple[bytes, Address, bytes, int]] = {}
        #: (key, address) -> what for, of the same entries: refuses strangers before any cryptography
        self._asked: dict[tuple[bytes, Address], list[bytes]] = {}

    def __len__(self) -> int:
        self._expire()
        return len(self._entries)

    def add(self, public_key: bytes, address: Address, purpose: bytes = b"") -> bytes:
        """The ping id of a new question; `purpose` is what `is_asked` can be asked about."""
        self._expire()
        entries = self._entries
        if len(entries) >= MAX_OUTSTANDING:
            self._remove(next(iter(entries)))
        ping_id = self._rt.rng.bytes(PING_ID_SIZE)
        if ping_id in entries:
            # 2**-64 a time with a sound generator; the older question is simply lost
            self._remove(ping_id)
        entries[ping_id] = (public_key, address, purpose, self._rt.clock.now_ms + PING_TIMEOUT_MS)
        self._asked.setdefault((public_key, address), []).append(purpose)
        return ping_id

    def is_asked(self, public_key: bytes, address: Address, purpose: bytes | None = None) -> bool:
        """True if anything (or this) is being asked of that key at that address."""
        self._expire()
        purposes = self._asked.get((public_key, address))
        return purposes is not None and (purpose is None or purpose in purposes)

    def take(self, ping_id: bytes, public_key: bytes, address: Address) -> bytes | None:
        """The purpose, if exactly this was asked there, or None; the ping id is used up then."""
        self._expire()
        entry = self._entries.get(ping_id)
        if entry is None or entry[0] != public_key or entry[1] != address:
            return None
        self._remove(ping_id)
        return entry[2]

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._asked.clear()

    def _remove(self, ping_id: bytes) -> None:
        public_key, address, purpose, _ = self._entries.pop(ping_id)
        purposes = self._asked[public_key, address]
        purposes.remove(purpose)
        if not purposes:
            del self._asked[public_key, address]

    def _expire(self) -> None:
        """All deadlines are equally far away, so the oldest entries are always the first."""
        now_ms, entries = self._rt.clock.now_ms, self._entries
        while entries:
            oldest = next(iter(entries))
            if entries[oldest][3] > now_ms:
                return
            self._remove(oldest)
