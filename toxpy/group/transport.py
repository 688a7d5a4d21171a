"""Which way a packet takes to one peer of a group: its address over UDP, or a relay where both are.

The address works while something came from it within the last 16 s; then all goes there. Otherwise relays
carry the packets, and at most one per second also tries the address, which opens a way through a NAT. Without
a relay each packet tries it. Handshakes take turns: first to the address, if there is one, then over a relay,
since copies of a request that come both ways would make c-toxcore begin anew. c-toxcore: group_connection.c.
"""

from __future__ import annotations

from toxpy.wire.address import is_usable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from toxpy.runtime import Clock
    from toxpy.wire.address import Address, Node

    class PeerWays(Protocol):
        """How packets leave."""

        def send_udp(self, address: Address, packet: bytes) -> None:
            """Send a datagram."""

        def send_relay(self, packet: bytes) -> bool:
            """Send through a relay where the peer is, or may be; False when there is none."""

        def add_relay(self, relay: Node) -> None:
            """The peer says that it is there."""

        def own_relay(self) -> Node | None:
            """A relay where the peer can reach us."""


#: Silence over UDP after which the address does not count as working, in ms. As in c-toxcore.
DIRECT_TIMEOUT_MS = 16_000
#: Time between packets that also try the address while relays carry them, in ms. As in c-toxcore.
TRY_INTERVAL_MS = 1000


class GroupTransport:
    """The ways to one peer."""

    __slots__ = ("_clock", "_direct_ms", "_tried_ms", "_turn", "_ways", "address")

    def __init__(self, ways: PeerWays, clock: Clock) -> None:
        self._ways = ways
        self._clock = clock
        #: where the peer may be
        self.address: Address | None = None
        self._direct_ms = clock.now_ms - DIRECT_TIMEOUT_MS
        self._tried_ms = clock.now_ms - TRY_INTERVAL_MS
        #: handshakes sent, to take turns
        self._turn = 0

    def is_direct(self) -> bool:
        """True if the address works."""
        return self._clock.now_ms - self._direct_ms < DIRECT_TIMEOUT_MS

    def direct_address(self) -> Address | None:
        """The address if it works."""
        return self.address if self._clock.now_ms - self._direct_ms < DIRECT_TIMEOUT_MS else None

    def set_address(self, address: Address) -> bool:
        """Somebody says that the peer is there: believed while no other address works. True if it is new."""
        if not is_usable(address) or self.is_direct() or address == self.address:
            return False
        self.address = address
        return True

    def heard_from(self, address: Address | None, *, moves: bool) -> None:
        """An authentic packet came from there, or over a relay (None).

        `moves` if nobody can have sent it twice: then the peer is there now. A copy that somebody sent from
        elsewhere must not draw our packets there.
        """
        if address is None:
            return
        if moves:
            self.address = address
        if address == self.address:
            self._direct_ms = self._clock.now_ms

    def send(self, packet: bytes) -> bool:
        """Send what belongs to the session; False when there is no way at all."""
        address, now_ms = self.address, self._clock.now_ms
        if address is None:
            return self._ways.send_relay(packet)
        if now_ms - self._direct_ms < DIRECT_TIMEOUT_MS:
            self._ways.send_udp(address, packet)
            return True
        if not self._ways.send_relay(packet) or now_ms - self._tried_ms >= TRY_INTERVAL_MS:
            self._tried_ms = now_ms
            self._ways.send_udp(address, packet)
        return True

    def send_handshake(self, packet: bytes) -> bool:
        """Send a handshake: by turns to the address and over a relay; False when there is neither."""
        turn, self._turn = self._turn, self._turn + 1
        address = self.address
        if address is None:
            return self._ways.send_relay(packet)
        if turn % 2 == 0 or not self._ways.send_relay(packet):
            self._ways.send_udp(address, packet)
        return True

    def answer(self, packet: bytes, address: Address | None) -> bool:
        """Send a handshake the way that the peer's came; False when there is none any more."""
        if address is not None:
            self._ways.send_udp(address, packet)
            return True
        return self._ways.send_relay(packet) or self.send_handshake(packet)
