"""How one peer is reached: addresses over UDP, and TCP relays. c-toxcore: net_crypto.c.

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
    from toxpy.net_crypto.routes import Routed, Routes
    from toxpy.runtime import Clock
    from toxpy.system.datapath import Session
    from toxpy.tcp.peer import TcpPeer
    from toxpy.wire.address import Address, Node

#: How packets reach the peer; the values of TOX_CONNECTION.
NO_TRANSPORT, OVER_TCP, OVER_UDP = range(3)
#: Silence over UDP after which the peer is no longer reached directly, in ms. As in c-toxcore.
DIRECT_TIMEOUT_MS = 8000
#: Time between small packets that also try the direct way while relays carry the data, in ms, and their
#: largest size.
PROBE_INTERVAL_MS, MAX_PROBE_SIZE = DIRECT_TIMEOUT_MS // 2, 95
#: Addresses tried per connection, newest last.
MAX_ADDRESSES = 3
#: Silence of an address after which another one that works is taken, in ms.
MOVE_MS = 3000


class Transport:
    """Which addresses and relays a connection's packets take."""

    __slots__ = (
        "_clock",
        "_direct_ms",
        "_heard_ms",
        "_holder",
        "_probe_ms",
        "_routes",
        "_send_data",
        "_session",
        "address",
        "addresses",
        "connection_type",
        "relays",
    )

    def __init__(self, routes: Routes, holder: Routed, clock: Clock) -> None:
        """`holder` is the connection, which gets what comes from the addresses."""
        self._routes = routes
        self._holder = holder
        self._clock = clock
        self._send_data = routes.send_data
        #: seals data packets
        self._session: Session | None = None
        #: where to send over UDP
        self.address: Address | None = None
        #: where the peer may be
        self.addresses: list[Address] = []
        #: the last way known to work; stays while another one is looked for
        self.connection_type = NO_TRANSPORT
        self._heard_ms = clock.now_ms
        self._direct_ms = self._probe_ms = clock.now_ms - DIRECT_TIMEOUT_MS
        #: the way over relays, when there can be one
        self.relays: TcpPeer | None = None

    def is_direct(self) -> bool:
        """True if the direct way works."""
        return self._clock.now_ms - self._direct_ms < DIRECT_TIMEOUT_MS

    def doubt(self) -> None:
        """The direct way counts as not working until something comes over it."""
        self._direct_ms = min(self._direct_ms, self._clock.now_ms - DIRECT_TIMEOUT_MS)

    # addresses and relays

    def add_address(self, address: Address) -> None:
        """The peer may be there. Newest last, the one in use is kept."""
        addresses = self.addresses
        if address in addresses:
            addresses.remove(address)
        elif len(addresses) >= MAX_ADDRESSES:
            oldest = addresses[0] if addresses[0] != self.address else addresses[1]
            addresses.remove(oldest)
            self._routes.release(oldest, self._holder)
        addresses.append(address)
        self.claim(address)
        if self.address is None:
            self.address = address

    def claim(self, address: Address) -> None:
        """What comes from that address of ours is for us, unless a live connection has it."""
        self._routes.claim(address, self._holder, self._session, verified=False)

    def begin_session(self, session: Session) -> None:
        """There are keys, or other ones than before."""
        self._session = session
        for address in self.addresses:
            self._routes.renew(address, self._holder, session)

    def prove(self, address: Address | None, relay_pk: bytes) -> None:
        """A handshake that only the peer can have made came from there."""
        if address is not None:
            self._heard_ms = self._direct_ms = self._clock.now_ms
            self.add_address(address)
            self._routes.claim(address, self._holder, self._session, verified=True)
            self.address = address
        elif relay_pk and self.relays is not None:
            self.relays.heard_through(relay_pk)

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
        return self.relays is not None and self.relays.add_relay(node)

    def meeting_points(self) -> list[Node]:
        """Relays where both of us are."""
        return self.relays.relays() if self.relays is not None else []

    # sending

    def send_data(self, start: int, number: int, data: bytes) -> None:
        """Seal and send a data packet on the best way known; nothing without keys."""
        address, session = self.address, self._session
        if session is None:
            return
        if address is not None and self._clock.now_ms - self._direct_ms < DIRECT_TIMEOUT_MS:
            self._send_data(address, session, start, number, data)
        else:
            self._send_around(session.seal(start, number, data))

    def _send_around(self, packet: bytes) -> None:
        """The direct way is not known to work; without a relay that does, everything tries it."""
        route, address = self.relays, self.address
        relayed = route is not None and route.send(packet)
        if address is None:
            return
        now_ms = self._clock.now_ms
        if relayed and route is not None and route.is_online:
            if len(packet) > MAX_PROBE_SIZE or now_ms - self._probe_ms < PROBE_INTERVAL_MS:
                return
            self._probe_ms = now_ms
        self._routes.send(address, packet)

    def send(self, address: Address, packet: bytes) -> None:
        """Send a packet of the set-up to one address."""
        self._routes.send(address, packet)

    def has_room(self) -> bool:
        """True if more data may be sent; relays that lag behind are left to read first."""
        route = self.relays
        return route is None or not route.is_online or self.is_direct() or route.has_room()

    def send_everywhere(self, packet: bytes) -> None:
        """Send a packet of the set-up, if there is one, to every address and relay that may be right."""
        if not packet:
            return
        for address in self.addresses:
            self._routes.send(address, packet)
        self.send_relayed(packet)

    def send_relayed(self, packet: bytes) -> None:
        """Send through relays only."""
        if self.relays is not None:
            self.relays.send(packet)

    def carries(self, way: Address | None) -> bool:
        """True if what goes everywhere goes to that address, or through a relay when it is None."""
        if way is not None:
            return way in self.addresses
        return self.relays is not None and self.relays.is_online

    # the way in use

    def check(self) -> bool:
        """Look at which way works now, and let relays sleep or wake; True when that changed."""
        route = self.relays
        if self.is_direct():
            kind = OVER_UDP
        elif route is not None and route.is_online:
            kind = OVER_TCP
        else:
            if route is not None:
                route.set_sleeping(False)
            kind = self.connection_type
            if kind == NO_TRANSPORT:
                kind = OVER_TCP if self.address is None else OVER_UDP
        if kind == self.connection_type:
            return False
        self.connection_type = kind
        if route is not None:
            route.set_sleeping(kind == OVER_UDP)
        return True

    def close(self) -> None:
        """Leave the addresses and the relays, and let go of the keys."""
        for address in self.addresses:
            self._routes.release(address, self._holder)
        self._session = None
        if self.relays is not None:
            self.relays.close()
            self.relays = None


def _rank(address: Address) -> int:
    """c-toxcore's order: LAN over IPv4, then IPv6, then IPv4."""
    if len(address[0]) == 4:
        return 2 if is_lan(address) else 0
    return 1
