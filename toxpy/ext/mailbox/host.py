"""A mailbox on a node: encrypted sessions by UDP, and by the node's TCP relay for who comes from elsewhere.

The mailbox is a client of its own relay, under the node's DHT key. So it is found there by whoever has no
UDP, or comes through an onion service or an I2P tunnel that ends at the relay's port; the relay has to listen
at the port of the UDP socket, because an address of a mailbox has one port. One relay connection carries 240
sessions.
"""

from __future__ import annotations

from toxpy.ext.mailbox.probe import ProbeAnswers
from toxpy.ext.mailbox.server import MailboxServer
from toxpy.ext.offline.ops import PACKET_MAILBOX
from toxpy.net_crypto.net_crypto import NetCrypto
from toxpy.net_crypto.policy import Handshakes
from toxpy.runtime import LOG_WARNING
from toxpy.tcp.pool import TcpPool
from toxpy.tcp.relay import FIRST_RETRY_MS
from toxpy.wire.address import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.crypto.keys import KeyPair
    from toxpy.ext.mailbox.session import Session
    from toxpy.ext.mailbox.store import Store
    from toxpy.net_crypto.connection import CryptoConnection
    from toxpy.network.node import NetworkNode
    from toxpy.runtime import Runtime
    from toxpy.tcp.proxy import Proxy
    from toxpy.wire.address import Address

LOOPBACK = bytes((127, 0, 0, 1))


class OwnRelay:
    """The watcher of our connection to our own relay: clients come at any time."""

    __slots__ = ()

    keeps_awake = True
    max_pause_ms = FIRST_RETRY_MS

    def proxy_to(self, address: Address, host: str | None) -> Proxy | None:
        """It is on this machine."""
        return None

    def on_connected(self) -> None:
        """Clients can come."""

    def on_oob(self, data: bytes) -> None:
        """The relay itself has nothing to say."""


class Channel:
    """The owner of a client's crypto connection, and the channel of its session."""

    __slots__ = ("_connection", "_host", "_session")

    def __init__(self, host: MailboxHost) -> None:
        self._host = host
        self._connection: CryptoConnection | None = None
        self._session: Session | None = None

    # for the session

    def send(self, data: bytes) -> bool:
        """Send a packet, or False when there is no room."""
        connection = self._connection
        return connection is not None and connection.write_lossless(data) >= 0

    def room(self) -> int:
        """How many packets to send now."""
        return self._connection.free_slots() if self._connection is not None else 0

    def close(self) -> None:
        """Tell the client."""
        connection, self._connection = self._connection, None
        self._session = None
        if connection is not None:
            connection.kill()

    # for the connection

    def attach(self, connection: CryptoConnection) -> None:
        """A client comes; nothing is made for it before it proved its key."""
        self._connection = connection

    def on_established(self) -> None:
        """It is there."""
        if self._connection is not None:
            self._session = self._host.server.accept(self, self._host.source_of(self._connection))

    def on_closed(self) -> None:
        """It left."""
        session, self._session, self._connection = self._session, None, None
        if session is not None:
            session.on_down()

    def on_lossless(self, data: bytes) -> None:
        """A packet of the client."""
        session = self._session
        if session is None:
            return
        if data[0] == PACKET_MAILBOX:
            session.on_packet(data)
        else:
            session.end("mailbox_kind")

    def on_lossy(self, data: bytes) -> None:
        """Clients have no use for these."""
        self._host.rt.counters.drop("mailbox_lossy")

    def on_transport(self) -> None:
        """Whatever way it takes."""


class MailboxHost:
    """Sessions, the server that speaks with them, answers to probes. Node and store are the caller's.

    `poll` belongs behind each pass of the node, and `close` before the node's.
    """

    __slots__ = ("_identity", "_net", "_node", "_pool", "_probes", "rt", "server")

    def __init__(
        self,
        node: NetworkNode,
        identity: KeyPair,
        store: Store,
        *,
        rt: Runtime,
        open_to_all: bool = False,
    ) -> None:
        """`identity`: the mailbox's real key, which stays the same. The node must not have sessions itself.

        `open_to_all` is what the store was made with; it is told to those who look for mailboxes.
        """
        self.rt = rt
        self._node = node
        self._identity = identity
        dht = node.dht
        self.server = MailboxServer(store, rt=rt)
        pool = self._pool = TcpPool(dht.keys, dht.shared_keys, rt=rt, connect=node.streams.connect)
        net = self._net = NetCrypto(
            identity, dht, rt=rt, send=node.udp.send, udp=node.dispatch, tcp=pool, path=node.udp.path
        )
        net.on_incoming = self._on_incoming
        try:
            net.use(Handshakes())
        except ModuleNotFoundError as error:
            rt.log(LOG_WARNING, f"no Noise handshakes with clients: {error}")
        if node.relay is not None:
            for port in node.relay.ports[:1]:
                pool.private.add(Node(dht.public_key, (LOOPBACK, port), tcp=True), None, OwnRelay())
        self._probes = ProbeAnswers(
            dht,
            identity.public,
            store.stats,
            rt=rt,
            send=node.udp.send,
            udp=node.dispatch,
            is_open=open_to_all,
        )
        fd = store.fileno()
        if fd >= 0:
            node.streams.watch(fd)

    @property
    def real_pk(self) -> bytes:
        """By which clients know the mailbox, besides the node's DHT key."""
        return self._identity.public

    def _on_incoming(self, real_pk: bytes, dht_pk: bytes, address: Address | None) -> Channel:
        return Channel(self)

    def source_of(self, connection: CryptoConnection) -> Address | None:
        """Where a client is: its address, or that of its connection to our relay."""
        if connection.address is not None:
            return connection.address
        relay = self._node.relay
        return relay.address_of(connection.dht_pk) if relay is not None else None

    def poll(self) -> None:
        """Answer what the store has done."""
        self.server.store.poll()

    def close(self) -> None:
        """End all sessions. Repeating it is harmless."""
        fd = self.server.store.fileno()
        if fd >= 0:
            self._node.streams.unwatch(fd)
        self._probes.close()
        self.server.close()
        self._net.close()
        self._pool.close()
