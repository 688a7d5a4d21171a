"""All encrypted connections of one instance. Spec: Crypto Connections. c-toxcore: net_crypto.c.

Routes the packets by their kinds: cookie requests are answered for anybody without keeping state;
cookie responses go to the connections that are asking that address; handshakes are matched by the
real key inside their cookie, so a peer may come from any address; data goes by source address.

State for a stranger is made only after a handshake brought back a fresh cookie of ours, opened
under both real keys, and `on_incoming` named an owner. Of one peer's handshakes only ever newer
ones count (by our cookie's stamp), so replaying an old one changes nothing.
"""

from __future__ import annotations

from toxpy.crypto.sodium import NONCE_SIZE
from toxpy.net_crypto.connection import SILENT_MS, CryptoConnection
from toxpy.net_crypto.handshake import (
    COOKIE_LIFETIME_MS,
    LEGACY,
    CookieJar,
    create_cookie_response,
    open_cookie_request,
    open_handshake,
)
from toxpy.net_crypto.routes import RELAYED, Routes
from toxpy.net_crypto.setup import OurKeys
from toxpy.wire.data_packets import KIND_DATA, MAX_PACKET_SIZE, MIN_PACKET_SIZE
from toxpy.wire.packets import COOKIE_REQUEST, COOKIE_RESPONSE, HANDSHAKE, NOISE_HANDSHAKE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.crypto.keys import KeyPair
    from toxpy.net_crypto.connection import Owner
    from toxpy.net_crypto.handshake import Cookie
    from toxpy.net_crypto.noise_handshakes import NoiseHandshakes
    from toxpy.net_crypto.policy import Handshakes
    from toxpy.net_crypto.setup import DhtKeys
    from toxpy.runtime import Dispatch, Runtime
    from toxpy.system.datapath import Datapath
    from toxpy.tcp.pool import TcpPool
    from toxpy.wire.address import Address


#: Most connections of all kinds; each belongs to a friend, so this only guards against a bug.
MAX_CONNECTIONS = 4096
#: Most connections begun by peers and not yet confirmed; each is gone after 8 s.
MAX_HALF_OPEN = 256
#: Peers whose newest handshake is remembered beyond their connection, for as long as its cookie lives.
MAX_REMEMBERED = 1024


class NetCrypto:
    """Makes, accepts, finds and feeds CryptoConnections.

    `on_incoming(real_pk, dht_pk, address)` names the owner of a connection that a peer begins, or
    None to refuse it. The owner then gets `attach(connection)` before anything else. When the peer
    had a connection that the new one replaces, its owner first gets `on_closed`.
    """

    __slots__ = (
        "_connections",
        "_noise",
        "_requesting",
        "_tcp",
        "_udp",
        "floor",
        "keys",
        "newest",
        "on_incoming",
        "routes",
        "rt",
    )

    def __init__(
        self,
        identity: KeyPair,
        dht: DhtKeys,
        *,
        rt: Runtime,
        send: Callable[[Address, bytes], None],
        udp: Dispatch,
        tcp: TcpPool | None = None,
        path: Datapath | None = None,
    ) -> None:
        """`tcp`: relays, None for a node that uses none. `path`: see `Routes`."""
        self.rt = rt
        self.keys = OurKeys(identity, dht, rt=rt)
        self.routes = Routes(send, path)
        self._tcp = tcp
        if tcp is not None:
            tcp.on_oob = self._on_oob
        self.on_incoming: Callable[[bytes, bytes, Address | None], Owner | None] = refuse_all
        #: real key -> connection
        self._connections: dict[bytes, CryptoConnection] = {}
        #: connections that we began and that may still wait for a cookie
        self._requesting: dict[CryptoConnection, None] = {}
        #: real key -> stamp of the newest accepted handshake's cookie
        self.newest: dict[bytes, int] = {}
        #: for all others: no stamp that had to be forgotten is newer, so that nothing can be replayed
        self.floor = -1
        #: None as long as nobody asks for Noise
        self._noise: NoiseHandshakes | None = None
        self._udp = udp
        udp.claim(COOKIE_REQUEST.kind, self._on_cookie_request)
        udp.claim(COOKIE_RESPONSE.kind, self._on_cookie_response)
        udp.claim(HANDSHAKE.kind, self._on_handshake)
        udp.claim(KIND_DATA, self._on_data)

    def use(self, policy: Handshakes) -> None:
        """Let that policy say which handshakes peers may have: from now on there is Noise as well."""
        self.keys.policy = policy
        if self._noise is None:
            from toxpy.net_crypto.noise_handshakes import NoiseHandshakes

            self._noise = NoiseHandshakes(self, self.keys, self.routes)
            self._udp.claim(NOISE_HANDSHAKE.kind, self._noise.on_udp)

    def connect(self, real_pk: bytes, dht_pk: bytes, owner: Owner) -> CryptoConnection:
        """Begin a connection; nothing is sent before `set_address`. An existing one to `real_pk` is returned.

        Raises ValueError for a low-order DHT key and when there are MAX_CONNECTIONS.
        """
        connection = self._connections.get(real_pk)
        if connection is not None:
            connection.owner = owner
            return connection
        if len(self._connections) >= MAX_CONNECTIONS:
            raise ValueError("too many connections")
        connection = self._make(real_pk, dht_pk, owner, incoming=False)
        if connection.setup is None or not connection.setup.request_cookie():
            connection.close(notify=False)
            raise ValueError("the DHT key is of low order")
        self._connections[real_pk] = connection
        self._requesting[connection] = None
        return connection

    def _make(self, real_pk: bytes, dht_pk: bytes, owner: Owner, incoming: bool) -> CryptoConnection:
        connection = CryptoConnection(
            real_pk,
            dht_pk,
            owner,
            keys=self.keys,
            routes=self.routes,
            leave=self._leave,
            incoming=incoming,
        )
        if self._tcp is not None:
            peer = self._tcp.peer(
                dht_pk, lambda data: self._on_relayed(connection, data), connection.on_route
            )
            # whoever waits for an answer need not wait for the next try
            peer.on_expected = connection.on_route
            connection.transport.relays = peer
        return connection

    def connection(self, real_pk: bytes) -> CryptoConnection | None:
        """The connection to that peer, in whatever state."""
        return self._connections.get(real_pk)

    def connections(self) -> list[CryptoConnection]:
        """All of them."""
        return list(self._connections.values())

    def __len__(self) -> int:
        return len(self._connections)

    def leave_to_parent(self) -> None:
        """After a fork the child has no connections: their owners hear of the end, the peers do not."""
        for connection in self.connections():
            connection.close(notify=True)

    def close(self) -> None:
        """Kill every connection."""
        for connection in self.connections():
            connection.kill()

    # Packets

    def _on_cookie_request(self, address: Address, data: bytes) -> None:
        response = self._cookie_response(address, data)
        if response:
            self.routes.send(address, response)

    def _cookie_response(self, source: Address, data: bytes) -> bytes:
        """The answer to a cookie request, b"" for one that gets none."""
        if not COOKIE_REQUEST.fits(data):
            self.rt.counters.drop("cookie_request_size")
            return b""
        dht_pk = COOKIE_REQUEST.unpack_from(data)[1]
        dht = self.keys.dht
        key = dht.budget.shared_key(dht.shared_keys, dht_pk, source)
        opened = open_cookie_request(key, data) if key is not None else None
        if key is None or opened is None:
            self.rt.counters.drop("cookie_request_box")
            return b""
        cookie = self.keys.cookies.make(opened[0], dht_pk)
        nonce = self.rt.rng.bytes(NONCE_SIZE)
        return create_cookie_response(key, nonce, cookie, opened[1])

    def _on_cookie_response(self, address: Address, data: bytes) -> None:
        if COOKIE_RESPONSE.fits(data):
            for connection in self._requesting:
                if address in connection.transport.addresses and connection.on_cookie_response(data, address):
                    # its further packets are data, and those are found by address
                    self._requesting.pop(connection, None)
                    return
        self.rt.counters.drop("cookie_response")

    def _on_handshake(self, address: Address, data: bytes) -> None:
        known = self.routes.by_address.get(address)
        if known is not None and known.last_handshake == data:
            known.on_repeated_handshake()
        else:
            self._handshake(data, address)

    def _handshake(self, data: bytes, address: Address | None, relay_pk: bytes = b"") -> None:
        """A handshake from an address, or else through a relay."""
        counters = self.rt.counters
        if not HANDSHAKE.fits(data):
            counters.drop("handshake_size")
            return
        cookie = self.keys.cookies.open(HANDSHAKE.unpack_from(data)[1])
        if cookie is None:
            counters.drop("handshake_cookie")
            return
        repeated = self._connections.get(cookie.real_pk)
        if repeated is not None and repeated.last_handshake == data:
            repeated.on_repeated_handshake()
            return
        setup = repeated.setup if repeated is not None else None
        if not self.is_newer(cookie) or (setup is not None and setup.crosses(LEGACY, cookie)):
            counters.drop("handshake_replayed")
            return
        policy = self.keys.policy
        if policy is not None and not policy.accepts_legacy(cookie.real_pk):
            counters.drop("handshake_version")
            policy.on_refused(cookie.real_pk, LEGACY)
            return
        key = self.keys.dht.budget.shared_key(self.keys.identity_keys, cookie.real_pk, address or RELAYED)
        handshake = open_handshake(key, cookie, data) if key is not None else None
        if handshake is None:
            counters.drop("handshake_box")
            return
        if (
            repeated is not None
            and repeated.is_established
            and repeated.peer_session_pk == handshake.session_pk
        ):
            repeated.on_repeated_handshake()
        else:
            self.place(cookie, address, lambda each: each.adopt(handshake, data, address, relay_pk))

    def _on_data(self, address: Address, data: bytes) -> None:
        if not MIN_PACKET_SIZE <= len(data) <= MAX_PACKET_SIZE:
            self.rt.counters.drop("crypto_data_size")
            return
        connection = self.routes.by_address.get(address)
        if connection is None:
            self.rt.counters.drop("crypto_data_unknown")
            return
        connection.receive(address, data)

    # Relays

    def _on_oob(self, dht_pk: bytes, relay_pk: bytes, data: bytes) -> None:
        """Something from a peer that has no connection over that relay yet."""
        kind = data[0] if data else -1
        if kind == COOKIE_REQUEST.kind and data.startswith(dht_pk, 1):
            response = self._cookie_response(RELAYED, data)
            if response and self._tcp is not None:
                self._tcp.send_oob(relay_pk, dht_pk, response)
        elif kind == HANDSHAKE.kind:
            self._handshake(data, None, relay_pk)
        elif kind == NOISE_HANDSHAKE.kind and self._noise is not None:
            self._noise.on_oob(dht_pk, relay_pk, data)
        else:
            self.rt.counters.drop("oob_kind")

    def _on_relayed(self, connection: CryptoConnection, data: bytes) -> None:
        """A packet of a connection's peer through a relay that both use."""
        kind = data[0] if data else -1
        if kind == KIND_DATA:
            if MIN_PACKET_SIZE <= len(data) <= MAX_PACKET_SIZE:
                connection.receive(None, data)
            else:
                self.rt.counters.drop("crypto_data_size")
        elif kind == COOKIE_REQUEST.kind:
            response = self._cookie_response(RELAYED, data)
            if response:
                connection.transport.send_relayed(response)
        elif kind == COOKIE_RESPONSE.kind:
            if COOKIE_RESPONSE.fits(data) and connection.on_cookie_response(data, None):
                self._requesting.pop(connection, None)
            else:
                self.rt.counters.drop("cookie_response")
        elif kind == HANDSHAKE.kind:
            self._handshake(data, None)
        elif kind == NOISE_HANDSHAKE.kind and self._noise is not None:
            self._noise.on_relayed(connection, data)
        else:
            self.rt.counters.drop("relayed_kind")

    # Sessions

    def place(
        self, cookie: Cookie, address: Address | None, take: Callable[[CryptoConnection], bool]
    ) -> None:
        """A newer handshake of a peer opened; `take` has a connection take its half of the keys."""
        connection = self._connections.get(cookie.real_pk)
        if connection is not None and cookie.dht_pk == connection.dht_pk:
            if not connection.is_established:
                self._join(connection, cookie, take)
                return
            if connection.silence_ms < SILENT_MS:
                self.rt.counters.drop("handshake_established")
                return
        if connection is not None:
            # the peer restarted, or lost the session
            connection.close(notify=True)
        self._accept(cookie, address, take)

    def _join(
        self, connection: CryptoConnection, cookie: Cookie, take: Callable[[CryptoConnection], bool]
    ) -> None:
        """The peer's handshake for a connection that we are setting up as well."""
        if not take(connection):
            self.rt.counters.drop("handshake_session_key")
            return
        self._requesting.pop(connection, None)
        self.remember(cookie.real_pk, cookie.stamp)
        connection.confirm()

    def _accept(
        self, cookie: Cookie, address: Address | None, take: Callable[[CryptoConnection], bool]
    ) -> None:
        """A connection that the peer begins."""
        counters = self.rt.counters
        real_pk, dht_pk = cookie.real_pk, cookie.dht_pk
        half_open = sum(c.incoming and not c.is_established for c in self._connections.values())
        if half_open >= MAX_HALF_OPEN or len(self._connections) >= MAX_CONNECTIONS:
            counters.drop("handshake_full")
            return
        owner = self.on_incoming(real_pk, dht_pk, address)
        if owner is None:
            counters.drop("handshake_refused")
            return
        connection = self._make(real_pk, dht_pk, owner, incoming=True)
        if not take(connection):
            connection.close(notify=False)
            counters.drop("handshake_session_key")
            return
        # an owner whose connection was just replaced may have begun another one in its on_closed
        begun = self._connections.get(real_pk)
        if begun is not None:
            begun.close(notify=False)
        self._connections[real_pk] = connection
        self.remember(real_pk, cookie.stamp)
        owner.attach(connection)
        connection.confirm()

    def is_newer(self, cookie: Cookie) -> bool:
        """True if no handshake of that peer with a younger cookie counted."""
        return cookie.stamp > self.newest.get(cookie.real_pk, self.floor)

    def remember(self, real_pk: bytes, stamp: int) -> None:
        """Only newer handshakes of this peer count from now on."""
        newest = self.newest
        if len(newest) >= MAX_REMEMBERED:
            self._forget_old()
        newest[real_pk] = stamp

    def _forget_old(self) -> None:
        """Drop stamps whose cookies no longer open; when all are fresh, the oldest one.

        Cookies older than that one are then refused, whoever brings them: a peer makes new ones.
        """
        newest = self.newest
        limit = CookieJar.stamp_at(self.rt.clock.now_ms - COOKIE_LIFETIME_MS)
        expired = [pk for pk, stamp in newest.items() if stamp < limit]
        if not expired:
            oldest = min(newest, key=newest.__getitem__)
            self.floor = newest[oldest]
            expired = [oldest]
        for real_pk in expired:
            del newest[real_pk]

    def _leave(self, connection: CryptoConnection) -> None:
        """The connection closed."""
        if self._connections.get(connection.real_pk) is connection:
            del self._connections[connection.real_pk]
        self._requesting.pop(connection, None)


def refuse_all(_real_pk: bytes, _dht_pk: bytes, _address: Address | None) -> None:
    """Nobody listens for incoming connections."""
