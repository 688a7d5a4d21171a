"""Friend connections: keeping an encrypted connection to each friend, and to some others, alive.

For each friend three searches work together. The onion tells the friend's current DHT
key, the DHT tells the address behind that key, and net_crypto connects to both. A
connection that ends is tried again as long as the DHT key is fresh, and a friend
who finds us first is accepted. Over an established connection:

    16                      alive, every 8 s; without one for 32 s the connection is dead
    17 | packed nodes, 1-3  TCP relays that the friend uses
    18 | nospam 4 | text    a friend request, by a friend who is connected but not on our list

All other packets go to the owner: the messenger's friend. A peer of a conference need not be one, and a
friend may be a peer as well. So a connection lasts while it has an owner or users, and kinds of packets
that no friend claims are looked up in `FriendConnections.packets`, whose handlers get the connection. Spec:
Friend connection; c-toxcore: friend_connection.c.
"""

from __future__ import annotations

from toxpy.errors import PacketError
from toxpy.friend.steps import Steps
from toxpy.net_crypto.congestion import MIN_TALKING_WINDOW, MIN_WINDOW
from toxpy.net_crypto.handshake import LEGACY
from toxpy.net_crypto.setup import ESTABLISHED, HANDSHAKE_SENT
from toxpy.runtime import Dispatch
from toxpy.wire.address import Node, is_loopback, is_usable, pack_nodes, unpack_nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from toxpy.crypto.keys import KeyPair
    from toxpy.dht.dht import DHT
    from toxpy.net_crypto.connection import CryptoConnection
    from toxpy.net_crypto.net_crypto import NetCrypto
    from toxpy.net_crypto.policy import Handshakes
    from toxpy.onion.client import OnionClient
    from toxpy.runtime import Runtime, Timer
    from toxpy.tcp.pool import TcpPool
    from toxpy.wire.address import Address

    class FriendConnectionOwner(Protocol):
        """Who the packets of one friend are for: a messenger's friend, or nobody's `Stranger`."""

        def on_online(self) -> None: ...
        def on_offline(self) -> None: ...
        def on_lossless(self, data: bytes) -> None: ...
        def on_lossy(self, data: bytes) -> None: ...
        def on_transport(self) -> None: ...

    class ConnectionWatcher(Protocol):
        """Who hears of every connection, whosoever it is."""

        def on_connected(self, connection: FriendConnection) -> None: ...
        def on_disconnected(self, connection: FriendConnection) -> None: ...


# protocol
PACKET_ALIVE, PACKET_SHARE_RELAYS, PACKET_FRIEND_REQUEST = 16, 17, 18
ALIVE_INTERVAL_MS = 8_000
CONNECTION_TIMEOUT_MS = 4 * ALIVE_INTERVAL_MS
#: Milliseconds that a DHT key or an address is believed (c-toxcore: BAD_NODE_TIMEOUT).
DHT_TIMEOUT_MS = 122_000
MAX_SHARED_RELAYS = 3
SHARE_RELAYS_INTERVAL_MS = 120_000
#: Relays remembered for a friend, and those tried first when a connection begins.
MAX_STORED_RELAYS, FIRST_RELAYS = 24, 3

# ours
#: Milliseconds to the next try: c-toxcore tries in its next pass, which a client runs every 50 ms.
RECONNECT_DELAY_MS = 50
#: Packets between two alive packets while they queue up: one behind thousands on a bad link comes too late.
ALIVE_EVERY = 64
#: Milliseconds that an alive packet waits for room in the send window.
ALIVE_RETRY_MS = 1_000
#: Silence in ms of a friend in a call after which it is asked for a sign of life, and the direct way doubted.
ASK_MS, DOUBT_MS = 900, 1_800
#: Connections to people who are no friends, at most: half of what the layer below has room for.
MAX_STRANGERS = 2_048

_ALIVE = bytes((PACKET_ALIVE,))


class Stranger:
    """The owner of a connection that no friend owns: there is nothing but packets of its users."""

    __slots__ = ("_connection",)

    def __init__(self, connection: FriendConnection) -> None:
        self._connection = connection

    def on_online(self) -> None:
        """The watchers hear of it."""

    def on_offline(self) -> None:
        """The watchers hear of it."""

    def on_transport(self) -> None:
        """Nobody shows how a stranger is reached."""

    def on_lossless(self, data: bytes) -> None:
        """One packet, from its kind byte on."""
        self._connection.on_unclaimed(data)

    def on_lossy(self, data: bytes) -> None:
        """The same."""
        self._connection.on_unclaimed(data)


class FriendConnection:
    """The connection to one friend or stranger; net_crypto's and the onion's owner object."""

    __slots__ = (
        "_address",
        "_address_ms",
        "_alive_timer",
        "_dead_timer",
        "_dht_pk_ms",
        "_dht_token",
        "_forget_timer",
        "_is_rumour",
        "_last_alive_ms",
        "_onion_friend",
        "_parent",
        "_reconnect_timer",
        "_relays",
        "_share_timer",
        "crypto",
        "dht_pk",
        "is_online",
        "owner",
        "private_relays",
        "real_pk",
        "steps",
        "users",
    )

    def __init__(self, parent: FriendConnections, real_pk: bytes) -> None:
        self._parent = parent
        self.real_pk = real_pk
        self.owner: FriendConnectionOwner = Stranger(self)
        #: who needs the connection besides the owner
        self.users: set[object] = set()
        self.crypto: CryptoConnection | None = None
        self.dht_pk: bytes | None = None
        self.is_online = False
        #: True if somebody else told the DHT key
        self._is_rumour = False
        self.steps = Steps()
        self._dht_token: object | None = None
        self._dht_pk_ms = 0
        self._address: Address | None = None
        self._address_ms = 0
        self._last_alive_ms = 0
        self._alive_timer: Timer | None = None
        self._dead_timer: Timer | None = None
        self._forget_timer: Timer | None = None
        self._reconnect_timer: Timer | None = None
        self._share_timer: Timer | None = None
        #: relays through which the friend may be reached, the newest last
        self._relays: dict[bytes, Node] = {}
        #: relays of the friend, or ours, where we are both expected: always tried
        self.private_relays: dict[bytes, Node] = {}
        self._onion_friend = parent.onion.add_friend(real_pk, self)

    # what the searches find

    def on_dht_pk(self, dht_pk: bytes) -> None:
        """The friend says (by onion, DHT or handshake) that this is its DHT key now."""
        self.steps.dht_key = self._parent.rt.clock.now_ms
        self._is_rumour = False
        self._use_dht_pk(dht_pk)

    def on_rumoured_dht_pk(self, dht_pk: bytes) -> None:
        """Somebody else says that this is the DHT key: tried, unless it was told by the friend itself."""
        if not self.is_online and (self.dht_pk is None or self._is_rumour):
            self._is_rumour = True
            self._use_dht_pk(dht_pk)

    def _use_dht_pk(self, dht_pk: bytes) -> None:
        if dht_pk == self.dht_pk:
            self._dht_pk_ms = self._parent.rt.clock.now_ms
            return
        self._change_dht_pk(dht_pk)
        if self.crypto is not None:
            # the connection leads to a key the friend no longer has
            self.crypto.kill()
            self.on_closed()
        self._connect()

    def on_address(self, address: Address) -> None:
        """The DHT found the friend there."""
        self._address, self._address_ms = address, self._parent.rt.clock.now_ms
        self.steps.address = self._address_ms
        if self.crypto is not None:
            self.crypto.set_address(address)
        own = self._relays.get(self.dht_pk) if self.dht_pk is not None else None
        if own is not None and is_loopback(own.address):
            self.on_relay(own)

    def on_relay(self, node: Node) -> None:
        """The friend (or we) may be reached through that relay."""
        if not is_usable(node.address):
            return
        if node.public_key == self.dht_pk and is_loopback(node.address) and self._address is not None:
            # the friend runs the relay itself: it is where the friend is
            node = Node(node.public_key, (self._address[0], node.address[1]), tcp=True)
        relays = self._relays
        relays.pop(node.public_key, None)
        if len(relays) >= MAX_STORED_RELAYS:
            del relays[next(iter(relays))]
        relays[node.public_key] = node
        self.steps.relay = self._parent.rt.clock.now_ms
        if self.crypto is not None:
            self.crypto.add_relay(node)

    def _change_dht_pk(self, dht_pk: bytes) -> None:
        parent = self._parent
        if self._dht_token is not None:
            parent.dht.remove_friend(self._dht_token)
        self.dht_pk = dht_pk
        self._dht_pk_ms = parent.rt.clock.now_ms
        self._dht_token = parent.dht.add_friend(dht_pk, self.on_address)
        self._onion_friend.set_dht_pk(dht_pk)
        if self._forget_timer is None:
            self._forget_timer = parent.rt.timers.call_later(DHT_TIMEOUT_MS, self._dht_pk_timed_out)

    def _dht_pk_timed_out(self) -> None:
        """Stop searching the DHT for a key nobody has confirmed for two minutes."""
        clock, timers = self._parent.rt.clock, self._parent.rt.timers
        self._forget_timer = None
        if self._dht_token is None:
            return
        left_ms = DHT_TIMEOUT_MS if self.is_online else self._dht_pk_ms + DHT_TIMEOUT_MS - clock.now_ms
        if left_ms > 0:
            self._forget_timer = timers.call_later(left_ms, self._dht_pk_timed_out)
            return
        self._parent.dht.remove_friend(self._dht_token)
        self._dht_token = self.dht_pk = None
        if self.crypto is not None:
            # an attempt that never got an address would wait for one for ever
            self.crypto.kill()
            self.crypto = None

    # connecting

    def _connect(self) -> None:
        self._reconnect_timer = None
        if self.crypto is not None or self.dht_pk is None:
            return
        parent = self._parent
        try:
            self.crypto = parent.net_crypto.connect(self.real_pk, self.dht_pk, self)
        except ValueError:
            # a DHT key of low order, or no room: another key, or a handshake from the friend, may still help
            parent.rt.counters.drop("friend_connect")
            return
        fresh = self._address is not None and parent.rt.clock.now_ms - self._address_ms < DHT_TIMEOUT_MS
        address = self._address if fresh else parent.dht.nodes.friend_address(self.dht_pk)
        if address is not None:
            self.crypto.set_address(address)
        for node in list(self._relays.values())[-FIRST_RELAYS:]:
            self.crypto.add_relay(node)
        if parent.tcp is not None:
            # nobody tells of these, but the friend may use them as well
            for node, _ in parent.tcp.relays_by_name():
                self.crypto.add_relay(node)
        use_private_relays(self)

    def _connect_soon(self) -> None:
        if self._reconnect_timer is None and self.dht_pk is not None:
            self._reconnect_timer = self._parent.rt.timers.call_later(RECONNECT_DELAY_MS, self._connect)

    def accept(self, dht_pk: bytes, address: Address | None) -> bool:
        """The friend shook hands with us: accept unless we are already connecting ourselves."""
        if self.crypto is not None:
            return False
        if address is not None:
            self._address, self._address_ms = address, self._parent.rt.clock.now_ms
        self._is_rumour = False
        if dht_pk != self.dht_pk:
            self._change_dht_pk(dht_pk)
        return True

    def attach(self, crypto: CryptoConnection) -> None:
        """net_crypto made the connection that `accept` agreed to."""
        self.crypto = crypto
        use_private_relays(self)

    # net_crypto's owner interface

    def on_established(self) -> None:
        """Encrypted and confirmed in both directions."""
        rt = self._parent.rt
        self.is_online = True
        self._last_alive_ms = self.steps.online = rt.clock.now_ms
        self._onion_friend.set_online(True)
        self._alive_timer = rt.timers.call_later(0, self._alive_due)
        self._dead_timer = rt.timers.call_later(CONNECTION_TIMEOUT_MS, self._alive_timed_out)
        self._share_timer = rt.timers.call_later(0, self._share_relays)
        self._is_rumour = False
        self.owner.on_online()
        for watcher in self._parent.watchers:
            watcher.on_connected(self)

    def on_transport(self) -> None:
        """Packets go directly now, or through relays."""
        if self.is_online:
            self.owner.on_transport()

    def on_closed(self) -> None:
        """No crypto connection any more, or it never came to be: tell those who care and try again."""
        crypto, self.crypto = self.crypto, None
        now_ms, steps = self._parent.rt.clock.now_ms, self.steps
        if crypto is not None and crypto.reached < ESTABLISHED:
            steps.attempt = now_ms
            if crypto.reached >= HANDSHAKE_SENT:
                steps.answered = now_ms
        if self.is_online:
            self.is_online = False
            steps.timed_out = now_ms >= self._last_alive_ms + CONNECTION_TIMEOUT_MS
            steps.left = now_ms
            self._cancel_alive()
            # the key was good until now: keep looking for the friend there for a while
            self._dht_pk_ms = now_ms
            self._onion_friend.set_online(False)
            if crypto is not None:
                # our own key for the friend may be a newer one
                self._parent.onion.node_left(crypto.dht_pk)
            self.owner.on_offline()
            for watcher in self._parent.watchers:
                watcher.on_disconnected(self)
        self._connect_soon()

    def on_lossless(self, data: bytes) -> None:
        """One packet of the ordered stream, from its kind byte on."""
        kind = data[0]
        # c-toxcore counts alive packets only, which may be stuck behind thousands of messages on a bad link
        self._last_alive_ms = self._parent.rt.clock.now_ms
        if kind > PACKET_FRIEND_REQUEST:
            self.owner.on_lossless(data)
        elif kind == PACKET_ALIVE:
            pass
        elif kind == PACKET_SHARE_RELAYS:
            self._on_share_relays(data)
        elif kind == PACKET_FRIEND_REQUEST:
            self._parent.on_request(self.real_pk, data[1:])
        else:
            self._parent.rt.counters.drop("friend_packet_kind")

    def on_lossy(self, data: bytes) -> None:
        """One packet that may come out of order or not at all."""
        self.owner.on_lossy(data)

    def on_unclaimed(self, data: bytes) -> None:
        """One packet, lossless or lossy, of a kind that the owner knows nothing about."""
        handler = self._parent.packets.handlers[data[0]]
        if handler is not None:
            handler(self, data)
        else:
            self._parent.rt.counters.drop("friend_packet_kind")

    def _on_share_relays(self, data: bytes) -> None:
        counters = self._parent.rt.counters
        try:
            nodes, _ = unpack_nodes(data, MAX_SHARED_RELAYS, 1)
        except PacketError:
            counters.drop("share_relays")
            return
        for node in nodes:
            if node.tcp:
                self.on_relay(node)

    def _share_relays(self) -> None:
        """Tell the friend some relays of ours, and wait for it there."""
        parent = self._parent
        self._share_timer = parent.rt.timers.call_later(SHARE_RELAYS_INTERVAL_MS, self._share_relays)
        nodes = parent.tcp.relays(MAX_SHARED_RELAYS) if parent.tcp is not None else []
        if not nodes:
            return
        for node in nodes:
            self.on_relay(node)
        self.write(bytes((PACKET_SHARE_RELAYS,)) + pack_nodes(nodes))

    # staying alive

    def _alive_due(self) -> None:
        sent = self.write(_ALIVE) >= 0
        delay_ms = ALIVE_INTERVAL_MS if sent else ALIVE_RETRY_MS
        self._alive_timer = self._parent.rt.timers.call_later(delay_ms, self._alive_due)

    def _alive_timed_out(self) -> None:
        """32 s may have passed without a lossless packet: then the friend is gone."""
        rt = self._parent.rt
        deadline_ms = self._last_alive_ms + CONNECTION_TIMEOUT_MS
        if rt.clock.now_ms < deadline_ms:
            self._dead_timer = rt.timers.call_at(deadline_ms, self._alive_timed_out)
            return
        rt.counters.count("friend.timed_out")
        if self.crypto is not None:
            self.crypto.kill()
        self.on_closed()

    def _cancel_alive(self) -> None:
        if self._alive_timer is not None:
            self._alive_timer.cancel()
        if self._dead_timer is not None:
            self._dead_timer.cancel()
        if self._share_timer is not None:
            self._share_timer.cancel()
        self._alive_timer = self._dead_timer = self._share_timer = None

    # for the owner

    def found_ms(self) -> int:
        """When the onion last found the friend, -1 for never."""
        return self._onion_friend.found_ms

    def write(self, data: bytes) -> int:
        """Send on the ordered stream: the packet number, or -1 when offline or the window is full."""
        crypto = self.crypto
        if not self.is_online or crypto is None:
            return -1
        number = crypto.write_lossless(data)
        if number % ALIVE_EVERY == 0 and number >= 0 and crypto.waiting() >= ALIVE_EVERY:
            crypto.write_lossless(_ALIVE)
        return number

    def write_message(self, data: bytes) -> int:
        """`write` for what people write: -1 also while much of it waits."""
        crypto = self.crypto
        return self.write(data) if crypto is not None and crypto.sender.takes_message() else -1

    def write_bulk(self, data: bytes) -> int:
        """`write` for what a program sends as fast as it can: -1 also while it would only wait here."""
        crypto = self.crypto
        return self.write(data) if crypto is not None and crypto.sender.takes_bulk() else -1

    def send_lossy(self, data: bytes) -> bool:
        """Send once; False when offline or the packet could not be sent."""
        return self.is_online and self.crypto is not None and self.crypto.send_lossy(data)

    def send_onion_data(self, data: bytes) -> int:
        """Send to the friend through the onion, from the kind byte on: how many packets went out."""
        return self._parent.onion.send_data(self._onion_friend, data)

    def close(self) -> None:
        """Forget the friend; nothing calls back afterwards."""
        for timer in (self._forget_timer, self._reconnect_timer):
            if timer is not None:
                timer.cancel()
        self._cancel_alive()
        self.is_online = False
        if self.crypto is not None:
            self.crypto.kill()
            self.crypto = None
        if self._dht_token is not None:
            self._parent.dht.remove_friend(self._dht_token)
            self._dht_token = self.dht_pk = None
        self._parent.onion.remove_friend(self._onion_friend)


def expect_at(connection: FriendConnection, node: Node) -> None:
    """The friend comes to that private relay, from now on."""
    connection.private_relays[node.public_key] = node
    use_private_relays(connection)


def use_private_relays(connection: FriendConnection) -> None:
    """Expect the friend at those of the two, whatever other relays there are."""
    if connection.crypto is not None:
        for node in connection.private_relays.values():
            connection.crypto.add_relay(node)


def end_if_forbidden(connection: FriendConnection, policy: Handshakes) -> bool:
    """The policy for the peer became another one: True if the session was ended, since it is not allowed."""
    crypto = connection.crypto
    if crypto is None:
        return False
    allows = policy.accepts_legacy if crypto.version == LEGACY else policy.accepts_noise
    if allows(connection.real_pk):
        return False
    crypto.kill()
    connection.on_closed()
    return True


def expect(connection: FriendConnection) -> None:
    """A friend should be sending all the time: after some silence ask it, then look for another way."""
    crypto = connection.crypto
    if crypto is None or not connection.is_online:
        return
    if crypto.silence_ms >= DOUBT_MS:
        if crypto.transport.relays is not None:
            crypto.transport.doubt()
            crypto.on_route()
    elif crypto.silence_ms >= ASK_MS:
        # it acknowledges at once
        connection.write(_ALIVE)


def make_room(connection: FriendConnection, *, wanted: bool) -> None:
    """Somebody speaks on this connection: files and messages leave hardly a queue before the sound."""
    if connection.crypto is not None:
        congestion = connection.crypto.sender.congestion
        congestion.least = MIN_TALKING_WINDOW if wanted else MIN_WINDOW


class FriendConnections:
    """All connections by real key. Friends are added by our user only, strangers up to MAX_STRANGERS."""

    __slots__ = (
        "connections",
        "dht",
        "identity",
        "net_crypto",
        "on_request",
        "onion",
        "packets",
        "rt",
        "strangers",
        "tcp",
        "watchers",
    )

    def __init__(
        self,
        identity: KeyPair,
        dht: DHT,
        onion: OnionClient,
        net_crypto: NetCrypto,
        *,
        rt: Runtime,
        tcp: TcpPool | None = None,
    ) -> None:
        self.identity = identity
        self.dht = dht
        self.onion = onion
        self.net_crypto = net_crypto
        #: relays to share; None for a node that uses none
        self.tcp = tcp
        self.rt = rt
        self.connections: dict[bytes, FriendConnection] = {}
        #: those that no friend owns
        self.strangers: set[FriendConnection] = set()
        #: kinds of packets that come over any connection: `handler(connection, data)`
        self.packets = Dispatch()
        self.watchers: list[ConnectionWatcher] = []
        self.on_request: Callable[[bytes, bytes], None] = self._no_request
        net_crypto.on_incoming = self._on_incoming

    def _no_request(self, _real_pk: bytes, _payload: bytes) -> None:
        self.rt.counters.drop("friend_request_unclaimed")

    def _on_incoming(self, real_pk: bytes, dht_pk: bytes, address: Address | None) -> FriendConnection | None:
        connection = self.connections.get(real_pk)
        if connection is None:
            self.rt.counters.drop("handshake_from_stranger")
            return None
        return connection if connection.accept(dht_pk, address) else None

    def _find(self, real_pk: bytes) -> FriendConnection:
        """The connection of that key, a new one if need be."""
        connection = self.connections.get(real_pk)
        if connection is None:
            connection = self.connections[real_pk] = FriendConnection(self, real_pk)
        return connection

    def add(self, real_pk: bytes, owner: FriendConnectionOwner) -> FriendConnection:
        """Start looking for a friend. The connection may stand already, if somebody else uses it."""
        connection = self._find(real_pk)
        if not isinstance(connection.owner, Stranger):
            raise ValueError("this key is a friend's already")
        self.strangers.discard(connection)
        connection.owner = owner
        crypto = connection.crypto
        policy = self.net_crypto.keys.policy if crypto is not None else None
        if crypto is None or policy is None or end_if_forbidden(connection, policy):
            return connection
        if crypto.is_established:
            # a friend's session says more than a stranger's
            policy.on_established(real_pk, crypto.version)
        return connection

    def remove(self, connection: FriendConnection) -> None:
        """It is no friend any more. Stop looking and close what is open, unless there are users."""
        if connection.users:
            connection.owner = Stranger(connection)
            self.strangers.add(connection)
        else:
            self._forget(connection)

    def hold(self, real_pk: bytes, user: object) -> FriendConnection | None:
        """The connection to that key, until `user` releases it; None for one stranger too many."""
        connection = self.connections.get(real_pk)
        if connection is None:
            if len(self.strangers) >= MAX_STRANGERS:
                self.rt.counters.drop("connection_to_stranger")
                return None
            connection = self._find(real_pk)
            self.strangers.add(connection)
        connection.users.add(user)
        return connection

    def release(self, connection: FriendConnection, user: object) -> None:
        """`user` needs it no more: without friend and users it closes. Repeating this is harmless."""
        connection.users.discard(user)
        if not connection.users and connection in self.strangers:
            self._forget(connection)

    def _forget(self, connection: FriendConnection) -> None:
        connection.close()
        self.strangers.discard(connection)
        del self.connections[connection.real_pk]

    def close(self) -> None:
        """Tell everybody who is connected that we leave."""
        for connection in list(self.connections.values()):
            self._forget(connection)
