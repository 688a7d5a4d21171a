"""Which handshakes of one peer are worth a look: those that are its own, no copies, and not too many.

They are checked in the order of what that costs. A copy costs a look into a table, a forged one a MAC; only
what the peer has made itself counts against its limit, since each may cost a multiplication on the curve.
"""

from __future__ import annotations

from toxpy.dht.budget import TokenBucket
from toxpy.errors import PacketError
from toxpy.group.wire import open_handshake, unpack_handshake
from toxpy.wire.packets import GROUP_HANDSHAKE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.group.wire import GroupHandshake
    from toxpy.runtime import Runtime

#: Handshakes of one peer that we look into: per second, and at once.
HANDSHAKES_PER_S, HANDSHAKES_BURST = 1, 8
#: Handshakes remembered, by their nonce: a copy is not looked into again.
MAX_NONCES = 32
_NONCE = slice(GROUP_HANDSHAKE.offset("nonce"), GROUP_HANDSHAKE.size)


class HandshakeGuard:
    """Opens handshakes of one peer."""

    __slots__ = ("_bucket", "_nonces", "_rt", "permanent_key")

    def __init__(self, permanent_key: bytes, *, rt: Runtime) -> None:
        """`permanent_key` is the shared key of the peer's permanent key and ours."""
        self.permanent_key = permanent_key
        self._rt = rt
        self._bucket = TokenBucket(HANDSHAKES_PER_S, HANDSHAKES_BURST, rt.clock.now_ms)
        self._nonces: dict[bytes, None] = {}

    def open(self, packet: bytes) -> GroupHandshake | None:
        """What a packet whose size fits says; None, and a drop counted, when it is not worth a look."""
        counters, nonce = self._rt.counters, packet[_NONCE]
        if nonce in self._nonces:
            counters.drop("group_handshake_copy")
            return None
        plain = open_handshake(self.permanent_key, packet)
        if plain is None:
            counters.drop("group_handshake_forged")
            return None
        if not self._bucket.take(self._rt.clock.now_ms):
            counters.drop("group_handshake_budget")
            return None
        if len(self._nonces) >= MAX_NONCES:
            del self._nonces[next(iter(self._nonces))]
        self._nonces[nonce] = None
        try:
            return unpack_handshake(plain)
        except PacketError:
            counters.drop("group_handshake")
            return None
