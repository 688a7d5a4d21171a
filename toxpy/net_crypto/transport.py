"""The ways to one peer: addresses over UDP, and TCP relays. c-toxcore: net_crypto.c.

The direct way counts as working while something came over UDP within the last 8 s. Then everything
goes to the address last heard of, and the relays sleep. Otherwise relays carry the data, and small
packets also try the address now and then; what a peer receives over UDP it answers over UDP.

The packet window above knows nothing of this: a move loses what was under way at worst, and that is
sent again.
"""

from __future__ import annotations

from toxpy.wire.address import is_lan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.net_crypto.connection import CryptoConnection
    from toxpy.net_crypto.net_crypto import NetCrypto
    from toxpy.system.datapath import Session
    from toxpy.tcp.pool import TcpPeer
    from toxpy.wire.address import Address, Node

#: How packets reach the peer; the values of TOX_CONNECTION.
NO_TRANSPORT, OVER_TCP, OVER_UDP = range(3)
#: A peer that sent nothing over UDP for so long is no longer reached directly.
DIRECT_TIMEOUT_MS = 8000
#: While relays carry the data, small packets also try the direct way this often.
PROBE_INTERVAL_MS, MAX_PROBE_SIZE = DIRECT_TIMEOUT_MS // 2, 95
#: Addresses tried per connection, newest last.
MAX_ADDRESSES = 3
#: An address that was silent for so long while another one works is left.
MOVE_MS = 3000


class Ways:
    """Which addresses and relays a connection's packets take."""

    __slots__ = (
        "_clock",
        "_connection",
        "_direct_ms",
        "_heard_ms",
        "_net",
        "_probe_ms",
        "_route",
        "_send_data",
        "address",
        "addresses",
        "transport",
    )

    def __init__(self, net: NetCrypto, connection: CryptoConnection) -> None:
        self._net = net
        self._connection = connection
        self._clock = net.rt.clock
        self._send_data = net.send_data
        #: where to send over UDP
        self.address: Address | None = None
        #: where the peer may be
        self.addresses: list[Address] = []
        #: the last way known to work; stays while another one is looked for
        self.transport = NO_TRANSPORT
        self._heard_ms = self._clock.now_ms
        self._direct_ms = self._probe_ms = self._clock.now_ms - DIRECT_TIMEOUT_MS
        #: relays, when there can be any
        self._route: TcpPeer | None = net.open_route(connection)

    def is_direct(self) -> bool:
        """Does the direct way work."""
        return self._clock.now_ms - self._direct_ms < DIRECT_TIMEOUT_MS

    # addresses and relays

    def add_address(self, address: Address) -> None:
        """The peer may be there. Newest last, the one in use is kept."""
        addresses = self.addresses
        if address in addresses:
            addresses.remove(address)
        elif len(addresses) >= MAX_ADDRESSES:
            oldest = addresses[0] if addresses[0] != self.address else addresses[1]
            addresses.remove(oldest)
            self._net.release_address(oldest, self._connection)
        addresses.append(address)
        self._net.claim_address(address, self._connection, verified=False)
        if self.address is None:
            self.address = address

    def prove(self, address: Address | None, relay_pk: bytes) -> None:
        """A handshake that only the peer can have made came from there."""
        if address is not None:
            self._heard_ms = self._direct_ms = self._clock.now_ms
            self.add_address(address)
            self._net.claim_address(address, self._connection, verified=True)
            self.address = address
        elif relay_pk and self._route is not None:
            self._route.heard_through(relay_pk)

    def heard(self, address: Address) -> None:
        """Authentic data came from an address.

        When it is another one than we send to: follow, unless ours is better and still alive. Were
        both sides to follow blindly, they could swap addresses for ever.
        """
        self._direct_ms = now_ms = self._clock.now_ms
        current = self.address
        if address == current:
            self._heard_ms = now_ms
        elif current is None or _rank(address) >= _rank(current) or now_ms - self._heard_ms >= MOVE_MS:
            self.address = address
            self._heard_ms = now_ms

    def try_address(self, address: Address) -> None:
        """The DHT has just found the peer there, and the direct way does not work: the next packet tries."""
        self.address = address
        self._probe_ms = self._clock.now_ms - PROBE_INTERVAL_MS

    def add_relay(self, node: Node) -> bool:
        """The peer may be reached through that relay; False when it is known or there is no room."""
        return self._route is not None and self._route.add_relay(node)

    def relays(self) -> list[Node]:
        """The relays through which the peer can be reached now."""
        return self._route.online_relays() if self._route is not None else []

    # sending

    def send_data(self, session: Session, start: int, number: int, data: bytes) -> None:
        """Seal and send a data packet on the best way known."""
        address = self.address
        if address is not None and self._clock.now_ms - self._direct_ms < DIRECT_TIMEOUT_MS:
            self._send_data(address, session, start, number, data)
        else:
            self._send_around(session.seal(start, number, data))

    def _send_around(self, packet: bytes) -> None:
        """The direct way is not known to work; without a relay that does, everything tries it."""
        route, address = self._route, self.address
        relayed = route is not None and route.send(packet)
        if address is None:
            return
        now_ms = self._clock.now_ms
        if relayed and route is not None and route.is_online:
            if len(packet) > MAX_PROBE_SIZE or now_ms - self._probe_ms < PROBE_INTERVAL_MS:
                return
            self._probe_ms = now_ms
        self._net.send(address, packet)

    def has_room(self) -> bool:
        """Should more data be sent; relays that lag behind are left to read first."""
        route = self._route
        return route is None or not route.is_online or self.is_direct() or route.has_room()

    def send_everywhere(self, packet: bytes) -> None:
        """Send a packet of the set-up to every address and relay that may be right."""
        for address in self.addresses:
            self._net.send(address, packet)
        self.send_relayed(packet)

    def send_relayed(self, packet: bytes) -> None:
        """Send through relays only."""
        if self._route is not None:
            self._route.send(packet)

    # the way in use

    def check(self) -> bool:
        """Look at which way works now, and let relays sleep or wake; True when `transport` changed."""
        route = self._route
        if self.is_direct():
            transport = OVER_UDP
        elif route is not None and route.is_online:
            transport = OVER_TCP
        else:
            if route is not None:
                route.set_sleeping(False)
            transport = self.transport
            if transport == NO_TRANSPORT:
                transport = OVER_TCP if self.address is None else OVER_UDP
        if transport == self.transport:
            return False
        self.transport = transport
        if route is not None:
            route.set_sleeping(transport == OVER_UDP)
        return True

    def close(self) -> None:
        """Leave the relays."""
        if self._route is not None:
            self._route.close()
            self._route = None


def _rank(address: Address) -> int:
    """c-toxcore's order: LAN over IPv4, then IPv6, then IPv4."""
    if len(address[0]) == 4:
        return 2 if is_lan(address) else 0
    return 1
