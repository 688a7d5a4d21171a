"""Many relays make one connection per peer. c-toxcore: TCP_connection.c.

Who wants to talk over relays registers the other's DHT key at some relays; two that did so at the
same relay are online for each other there. A peer has at most 6 relays, and new ones are refused
while it is online at 3.

What becomes of a relay:

    connecting --> connected --> (lost) waiting --> connecting ...
                       \\--> sleeping --> connecting

- connected: all its peers are registered anew. 10 s later, unless the onion uses it, it goes to sleep
  when all peers that are online there sleep (they have a direct connection). It is given up when
  nobody is online there and more than 3 relays are connected; 3 of the client's are not.
- sleeping: only the address is kept. It wakes when one of its peers does, or for the onion.
- waiting: for the next try, after 100 ms, doubled up to 60 s.

Relays that the client named are kept for ever: given up means asleep for them, and they wake when
fewer than 3 relays are connected. Others were told by friends. They are forgotten when they cannot
be reached, or after 8 more tries when they were connected before. They never take the room of the
client's.
"""

from __future__ import annotations

from toxpy.dht.budget import TokenBucket
from toxpy.system.traffic import Traffic
from toxpy.tcp.client import TcpClient
from toxpy.tcp.relay import (
    CONNECTED,
    CONNECTING,
    MAX_CONNECTION_IDS,
    ONLINE,
    SLEEPING,
    UNREGISTERED,
    WAITING,
    Link,
    Relay,
    Route,
)
from toxpy.wire.address import Node, is_usable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.crypto.keys import KeyPair, SharedKeys
    from toxpy.runtime import Runtime, Timer
    from toxpy.system.streams import Stream
    from toxpy.tcp.proxy import Proxy
    from toxpy.tcp.relay import Endpoint
    from toxpy.wire.address import Address

#: c-toxcore: MAX_FRIEND_TCP_CONNECTIONS, RECOMMENDED_FRIEND_TCP_CONNECTIONS, NUM_ONION_TCP_CONNECTIONS
MAX_PEER_RELAYS, RECOMMENDED_RELAYS, ONION_RELAYS = 6, 3, 3
#: How long a peer may take to come online at a relay. c-toxcore: TCP_CONNECTION_ANNOUNCE_TIMEOUT
ANNOUNCE_TIMEOUT_MS = 10_000

#: Ours: relays in all, and those named by the client, for which there is always room.
MAX_RELAYS, MAX_NAMED = 256, 64
#: Addresses under which the client names one relay.
MAX_ADDRESSES = 4
#: Tries of a relay that was connected before, and that the client did not name.
MAX_TRIES = 8
#: Relays that nobody spoke of before, by one peer.
NEW_RELAYS_PER_S, NEW_RELAYS_BURST = 1, 16
#: From an event to looking after the relays: c-toxcore does it in each pass.
TEND_MS = 50
#: From a routing request that the out-buffer refused to the next try.
REGISTER_RETRY_MS = 1000


def _nothing(*_arguments: object) -> None:
    """Nobody listens."""


class TcpPeer:
    """The way to one peer over relays; made by `TcpPool.peer`.

    `on_change` is told when `is_online` flips, and when there is room after there was none.
    `on_expected` is told when packets can go out of band to a peer that is online nowhere.
    """

    __slots__ = ("_pool", "_route", "dht_pk", "on_change", "on_data", "on_expected", "sleeping")

    def __init__(
        self, pool: TcpPool, route: Route, on_data: Callable[[bytes], None], on_change: Callable[[], None]
    ) -> None:
        self._pool = pool
        self._route = route
        self.dht_pk = route.dht_pk
        self.on_data = on_data
        self.on_change = on_change
        self.on_expected: Callable[[], None] = _nothing
        self.sleeping = False
        route.users.append(self)

    @property
    def is_online(self) -> bool:
        """Is there a relay where both of us are."""
        return self._route.online > 0

    def add_relay(self, node: Node) -> bool:
        """The peer may come to that relay; False when it is known for that already or there is no room."""
        return self._pool.add_peer_relay(self._route, node)

    def heard_through(self, relay_pk: bytes) -> None:
        """The peer sent us something out of band: it is at that relay."""
        self._pool.add_heard_relay(self._route, relay_pk)

    def send(self, data: bytes) -> bool:
        """Send through one relay where the peer is online; False when none takes it.

        When it is online nowhere: out of band, at most 1024 bytes, through every relay where it is expected.
        """
        return self._route.send(data)

    def has_room(self) -> bool:
        """Should more data be sent, or do the relays lag behind."""
        return self._route.has_room()

    def set_sleeping(self, sleeping: bool) -> None:
        """A direct connection works, so that the relays are not needed; or they are needed again."""
        if sleeping != self.sleeping:
            self.sleeping = sleeping
            self._pool.sleeping_changed(self._route)

    def online_relays(self) -> list[Node]:
        """Relays where both of us are."""
        return [link.relay.node for link in self._route.links.values() if link.state == ONLINE]

    def online_already(self) -> None:
        """The peer was online before this user came."""
        if self.is_online:
            self.on_change()

    def close(self) -> None:
        """Not needed any more; repeating it is harmless."""
        route = self._route
        if self in route.users:
            route.users.remove(self)
            # what is called from now on finds no relays
            self._route = Route(self.dht_pk, route.budget)
            self._pool.user_left(route)


class TcpPool:
    """All relays of one instance, and the peers that are reached through them."""

    __slots__ = (
        "_closed",
        "_connect_stream",
        "_keys",
        "_make_client",
        "_onion",
        "_proxy",
        "_relays",
        "_routes",
        "_rt",
        "_shared_keys",
        "_tend_at_ms",
        "_tend_timer",
        "on_forwarding",
        "on_onion",
        "on_oob",
        "traffic",
    )

    def __init__(
        self,
        keys: KeyPair,
        shared_keys: SharedKeys,
        *,
        rt: Runtime,
        connect: Callable[[Address], Stream],
        proxy: Proxy | None = None,
        make_client: Callable[..., TcpClient] = TcpClient,
    ) -> None:
        self._keys = keys
        self._shared_keys = shared_keys
        self._rt = rt
        self._connect_stream = connect
        self._proxy = proxy
        self._make_client = make_client
        #: by public key, the longest known first; at most MAX_RELAYS
        self._relays: dict[bytes, Relay] = {}
        #: by DHT key; each belongs to an encrypted connection
        self._routes: dict[bytes, Route] = {}
        self._onion = False
        self._closed = False
        self._tend_timer: Timer | None = None
        self._tend_at_ms = 0
        #: the frames to and from all relays
        self.traffic = Traffic()
        #: sender's DHT key, relay's key, data: something from a peer that was not expected at that relay
        self.on_oob: Callable[[bytes, bytes, bytes], None] = _nothing
        self.on_onion: Callable[[bytes], None] = _nothing
        self.on_forwarding: Callable[[bytes, bytes], None] = _nothing

    # Relays, as others see them

    def add_relay(self, node: Node, host: str | None = None) -> bool:
        """A relay that the client names, or of a save: connect, and keep it.

        Further addresses of a known one are tried when it does not answer. With `host` the proxy looks
        the name up, and of the address only the port counts; such a relay is not shared, because others
        could do nothing with it. False when the address is unusable or there is no room; ValueError for
        a host without a proxy, or one that is no host name.
        """
        if host is not None:
            if self._proxy is None:
                raise ValueError("only a proxy takes a relay's name")
            self._proxy.handshake(node.address, host)
        if self._closed or not (node.address[1] if host is not None else is_usable(node.address)):
            return False
        relay = self._relays.get(node.public_key)
        if relay is not None:
            self._name(relay, (node.address, host))
            return True
        return self._add(node, host, named=True) is not None

    def relays(self, count: int) -> list[Node]:
        """Up to `count` connected relays in random order: to share with friends."""
        relays = self._relays.values()
        nodes = [relay.node for relay in relays if relay.state == CONNECTED and relay.host is None]
        self._rt.rng.shuffle(nodes)
        return nodes[:count]

    def relays_to_save(self, count: int) -> list[Node]:
        """Up to `count` relays that may be needed after a restart: connected ones, then sleepers.

        c-toxcore saves only connected ones, and so none at all while every friend is reached directly.
        """
        nodes = self.relays(count)
        for relay in self._relays.values():
            if relay.state == SLEEPING and relay.host is None and relay.proven:
                nodes.append(relay.node)
        return nodes[:count]

    def has_relays(self) -> bool:
        """Is any relay known."""
        return bool(self._relays)

    def connected(self) -> int:
        """How many relays are connected."""
        return sum(relay.state == CONNECTED for relay in self._relays.values())

    def relay_states(self) -> list[tuple[Node, str, str]]:
        """For diagnosis: each relay, what it is doing in a word, and why it failed last ("" if it works)."""
        return [(relay.node, relay.state, relay.error) for relay in self._relays.values()]

    def peer(
        self, dht_pk: bytes, on_data: Callable[[bytes], None], on_change: Callable[[], None] = _nothing
    ) -> TcpPeer:
        """The way to a peer; one for each encrypted connection. It begins without relays.

        Two connections to one DHT key share everything, and both get what arrives: a friend that claims
        somebody else's key neither takes nor blocks that one's way.
        """
        route = self._routes.get(dht_pk)
        if route is None:
            budget = TokenBucket(NEW_RELAYS_PER_S, NEW_RELAYS_BURST, self._rt.clock.now_ms)
            route = Route(dht_pk, budget)
            if not self._closed:
                self._routes[dht_pk] = route
        peer = TcpPeer(self, route, on_data, on_change)
        self.sleeping_changed(route)
        if route.online:
            # it has to hear of that as if it had just happened
            self._rt.timers.call_later(0, peer.online_already)
        return peer

    # Sending beside the peers' data

    def send_oob(self, relay_pk: bytes, dht_pk: bytes, data: bytes) -> bool:
        """To a peer that is not registered, through one relay; 1 to 1024 bytes."""
        client = self._connected_client(relay_pk)
        return client is not None and client.send_oob(dht_pk, data)

    def send_onion(self, relay_pk: bytes, data: bytes) -> bool:
        """An onion request through one relay."""
        client = self._connected_client(relay_pk)
        return client is not None and client.send_onion(data)

    def send_forward_request(self, relay_pk: bytes, data: bytes) -> bool:
        """A forward request through one relay."""
        client = self._connected_client(relay_pk)
        return client is not None and client.send_forward_request(data)

    def _connected_client(self, relay_pk: bytes) -> TcpClient | None:
        relay = self._relays.get(relay_pk)
        return relay.client if relay is not None and relay.state == CONNECTED else None

    def set_onion(self, wanted: bool) -> None:
        """Keep up to 3 relays awake for the onion, or no longer."""
        if wanted != self._onion:
            self._onion = wanted
            self._choose_onion()
            self._tend_within(TEND_MS)

    def onion_relays(self) -> list[Node]:
        """The connected relays that are kept for the onion."""
        return [relay.node for relay in self._relays.values() if relay.onion]

    def close(self) -> None:
        """Close all connections; nobody is told. Repeating it is harmless."""
        self._closed = True
        if self._tend_timer is not None:
            self._tend_timer.cancel()
        for relay in self._relays.values():
            relay.disconnect()
            if relay.retry_timer is not None:
                relay.retry_timer.cancel()
        for route in self._routes.values():
            route.links.clear()
        self._relays.clear()
        self._routes.clear()

    # For TcpPeer

    def add_peer_relay(self, route: Route, node: Node) -> bool:
        """A relay where the peer may be."""
        if self._closed or not is_usable(node.address) or not route.users:
            return False
        relay = self._relays.get(node.public_key)
        if relay is not None:
            return self._use(route, relay)
        if route.online >= RECOMMENDED_RELAYS or not self._has_room(route):
            return False
        if not route.budget.take(self._rt.clock.now_ms):
            self._rt.counters.drop("tcp_relay_budget")
            return False
        relay = self._add(node, None, named=False)
        return relay is not None and self._link(route, relay)

    def add_heard_relay(self, route: Route, relay_pk: bytes) -> None:
        """A relay where the peer is."""
        relay = self._relays.get(relay_pk)
        if relay is not None and relay.state == CONNECTED and route.users:
            self._use(route, relay)

    def sleeping_changed(self, route: Route) -> None:
        """Wake the relays of a peer that needs them, or look whether they can sleep."""
        if route.sleeping:
            self._tend_within(TEND_MS)
            return
        for link in tuple(route.links.values()):
            if link.relay.state == SLEEPING:
                self._connect(link.relay)

    def user_left(self, route: Route) -> None:
        """One connection to that DHT key less."""
        if route.users:
            self.sleeping_changed(route)
            return
        if self._routes.get(route.dht_pk) is route:
            del self._routes[route.dht_pk]
        for link in tuple(route.links.values()):
            self.unlink(link)

    # The table of relays

    def _add(self, node: Node, host: str | None, named: bool) -> Relay | None:
        """Begin to use an unknown relay; None when there is no room."""
        if named and self._count_named() >= MAX_NAMED:
            named = False
        if not named and not self._make_room():
            self._rt.counters.drop("tcp_relays_full")
            return None
        relay = Relay(self, Node(node.public_key, node.address, tcp=True), rt=self._rt)
        relay.host = host
        if named:
            relay.named.append((node.address, host))
        self._relays[node.public_key] = relay
        self._connect(relay)
        return relay

    def _name(self, relay: Relay, endpoint: Endpoint) -> None:
        """The client names a relay that is known already."""
        named = relay.named
        if endpoint in named or (not named and self._count_named() >= MAX_NAMED):
            return
        if len(named) >= MAX_ADDRESSES:
            del named[0]
        named.append(endpoint)

    def _count_named(self) -> int:
        return sum(bool(relay.named) for relay in self._relays.values())

    def _make_room(self) -> bool:
        """Is there room for one that the client does not name; one that is not in use may have to go."""
        others = [relay for relay in self._relays.values() if not relay.named]
        if len(others) < MAX_RELAYS - MAX_NAMED:
            return True
        for state in (WAITING, SLEEPING):
            for relay in others:
                if relay.state == state:
                    self._forget(relay)
                    return True
        return False

    def _forget(self, relay: Relay) -> None:
        """Nobody is online there."""
        relay.disconnect()
        for link in tuple(relay.links.values()):
            self.unlink(link)
        if relay.retry_timer is not None:
            relay.retry_timer.cancel()
        self._relays.pop(relay.node.public_key, None)

    # Links

    def _use(self, route: Route, relay: Relay) -> bool:
        """Expect the peer at a known relay; False when that is so already."""
        known = route.links.get(relay.node.public_key)
        if known is None and not self._link(route, relay):
            return False
        if relay.state == SLEEPING and not route.sleeping:
            self._connect(relay)
        if known is not None and known.state == UNREGISTERED:
            # the relay's answer made no sense, or it is asked as soon as there is a connection
            relay.ask(known)
        return known is None

    def _link(self, route: Route, relay: Relay) -> bool:
        if len(relay.links) >= MAX_CONNECTION_IDS or not self._has_room(route):
            return False
        if len(route.links) >= MAX_PEER_RELAYS:
            stale = self._stale_link(route)
            if stale is not None:
                self.unlink(stale)
        link = Link(relay, route, self._rt.clock.now_ms)
        route.links[relay.node.public_key] = relay.links[route.dht_pk] = link
        if relay.state == CONNECTED:
            if relay.ask(link):
                relay.busy_until_ms = self._rt.clock.now_ms + ANNOUNCE_TIMEOUT_MS
            elif relay.unsent:
                self._tend_within(REGISTER_RETRY_MS)
        return True

    def _has_room(self, route: Route) -> bool:
        return len(route.links) < MAX_PEER_RELAYS or self._stale_link(route) is not None

    def _stale_link(self, route: Route) -> Link | None:
        """The first relay where the peer has not come, or that cannot be reached."""
        now_ms = self._rt.clock.now_ms
        for link in route.links.values():
            relay = link.relay
            waited = now_ms - max(link.since_ms, relay.connected_ms) >= ANNOUNCE_TIMEOUT_MS
            # a relay may have fallen asleep because nobody but this one needed it
            absent = relay.state == CONNECTED or (relay.state == SLEEPING and not route.sleeping)
            if relay.state == WAITING or (absent and waited and link.state != ONLINE):
                return link
        return None

    # Connections

    def _connect(self, relay: Relay) -> None:
        relay.state = CONNECTING
        relay.retry_timer = None
        relay.client = self._make_client(
            relay.node,
            self._keys,
            self._shared_keys,
            relay,
            rt=self._rt,
            connect=self._connect_stream,
            proxy=self._proxy,
            host=relay.host,
            traffic=self.traffic,
        )

    def _sleep(self, relay: Relay) -> list[Route]:
        """Keep only the address. The routes that went offline."""
        gone = relay.disconnect()
        relay.state = SLEEPING
        relay.failures = 0
        return gone

    # Looking after the relays

    def _tend_within(self, delay_ms: int) -> None:
        at_ms = self._rt.clock.now_ms + delay_ms
        if self._closed or (self._tend_timer is not None and self._tend_at_ms <= at_ms):
            return
        if self._tend_timer is not None:
            self._tend_timer.cancel()
        self._tend_at_ms = at_ms
        self._tend_timer = self._rt.timers.call_at(at_ms, self._tend)

    def _tend(self) -> None:
        """Register who could not be, put to sleep what only sleepers use, give up what nobody uses."""
        self._tend_timer = None
        now_ms = self._rt.clock.now_ms
        gone: list[Route] = []
        idle: list[Relay] = []
        for relay in self._relays.values():
            if relay.state != CONNECTED:
                continue
            if relay.unsent:
                self._register(relay)
            if relay.onion:
                continue
            if now_ms < relay.busy_until_ms:
                self._tend_within(relay.busy_until_ms - now_ms)
            elif relay.all_asleep():
                gone += self._sleep(relay)
            elif not relay.online():
                idle.append(relay)
        self._give_up_some(idle)
        self._wake(RECOMMENDED_RELAYS, spare=True)
        for route in gone:
            route.changed()

    def _register(self, relay: Relay) -> None:
        """Routing requests for all peers that are expected there."""
        if relay.register():
            relay.busy_until_ms = self._rt.clock.now_ms + ANNOUNCE_TIMEOUT_MS
        if relay.unsent:
            self._tend_within(REGISTER_RETRY_MS)

    def _give_up_some(self, idle: list[Relay]) -> None:
        """Leave 3 relays connected; 3 of the client's, whatever friends told us."""
        connected = [relay for relay in self._relays.values() if relay.state == CONNECTED]
        surplus = len(connected) - RECOMMENDED_RELAYS
        surplus_named = sum(bool(relay.named) for relay in connected) - RECOMMENDED_RELAYS
        idle.sort(key=lambda relay: bool(relay.named))
        for relay in idle:
            if surplus > 0 and (not relay.named or surplus_named > 0):
                surplus -= 1
                surplus_named -= bool(relay.named)
                self._give_up(relay)

    def _give_up(self, relay: Relay) -> None:
        """Nobody is online there."""
        if not relay.named:
            self._forget(relay)
            return
        self._sleep(relay)
        for link in tuple(relay.links.values()):
            self.unlink(link)

    def _wake(self, count: int, spare: bool) -> None:
        """Have `count` relays awake, if so many sleep; `spare`: only those that sleep for want of users."""
        awake = sum(relay.state in (CONNECTED, CONNECTING) for relay in self._relays.values())
        if awake >= count:
            return
        asleep = [r for r in self._relays.values() if r.state == SLEEPING and not (spare and r.links)]
        self._rt.rng.shuffle(asleep)
        asleep.sort(key=lambda relay: not relay.named)
        for relay in asleep[: count - awake]:
            self._connect(relay)

    def _choose_onion(self) -> None:
        """Which relays the onion keeps awake: rather the client's, and rather the same as before."""
        connected = [relay for relay in self._relays.values() if relay.state == CONNECTED]
        connected.sort(key=lambda relay: (not relay.named, not relay.onion))
        for i, relay in enumerate(connected):
            relay.onion = self._onion and i < ONION_RELAYS
        if self._onion and not self._closed:
            self._wake(ONION_RELAYS, spare=False)

    # For Relay

    def relay_connected(self, relay: Relay) -> None:
        """The relay is there: register all peers."""
        relay.state = CONNECTED
        relay.proven = True
        relay.error = ""
        relay.connected_ms = relay.busy_until_ms = self._rt.clock.now_ms
        self._register(relay)
        self._choose_onion()
        self._tend_within(TEND_MS)

    def relay_failed(self, relay: Relay, reason: str) -> None:
        """The connection is over, or never came to be: try again later, or forget the relay."""
        rt = self._rt
        was_connected = relay.state == CONNECTED
        relay.error = reason
        if not was_connected:
            address, relay.host = relay.next_endpoint()
            relay.node = Node(relay.node.public_key, address, tcp=True)
        elif rt.clock.now_ms - relay.connected_ms >= ANNOUNCE_TIMEOUT_MS:
            # one that accepts us only to drop us again at once has to wait longer each time
            relay.failures = 0
        gone = relay.disconnect()
        relay.state = WAITING
        if relay.named or (relay.proven and relay.failures < MAX_TRIES):
            delay_ms = relay.retry_delay_ms()
            relay.retry_timer = rt.timers.call_later(delay_ms, lambda: self._connect(relay))
        else:
            self._forget(relay)
        self._choose_onion()
        self._tend_within(TEND_MS)
        for route in gone:
            route.changed()

    def unlink(self, link: Link) -> None:
        """Expect the peer no longer at that relay."""
        relay, route = link.relay, link.route
        del route.links[relay.node.public_key]
        del relay.links[route.dht_pk]
        link.set_state(UNREGISTERED)
        if route.preferred is link:
            route.preferred = None
        if link.connection_id >= 0:
            del relay.ids[link.connection_id]
            if relay.client is not None:
                relay.client.send_disconnect(link.connection_id)
        self.link_changed()

    def link_changed(self) -> None:
        """A peer came to a relay or left one: the relay may be of no use any more."""
        self._tend_within(TEND_MS)
