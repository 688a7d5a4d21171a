"""One relay of the pool, one peer's way over relays, and the links between the two.

A `Link` is a peer at a relay: asked for by a routing request, registered when the relay gave it a
connection id, online when the relay says that the peer asked for us as well. What a relay says is a
claim: it counts only for peers that it was asked about and ids that it gave out.
"""

from __future__ import annotations

from toxpy.wire.packets import MAX_CONNECTION_IDS, MAX_OOB_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from toxpy.dht.budget import TokenBucket
    from toxpy.runtime import Runtime, Timer
    from toxpy.tcp.client import TcpClient
    from toxpy.tcp.proxy import Proxy
    from toxpy.wire.address import Address, Node

    #: Where a relay is; with a name it is the proxy that looks it up, and only the port counts.
    Endpoint = tuple[Address, str | None]

    class RelayPool(Protocol):
        """Who decides what becomes of relays, and takes what they bring."""

        on_oob: Callable[[bytes, bytes, bytes], None]
        on_onion: Callable[[bytes], None]
        on_forwarding: Callable[[bytes, bytes], None]

        def relay_connected(self, relay: Relay) -> None: ...
        def relay_failed(self, relay: Relay, reason: str) -> None: ...
        def link_changed(self) -> None: ...

    class Watcher(Protocol):
        """Whose a private relay is: nobody is told of it, and nothing but the watcher ends its use."""

        #: keep the connection also while all who are there have a direct one
        keeps_awake: bool

        @property
        def max_pause_ms(self) -> int: ...
        def proxy_to(self, address: Address, host: str | None) -> Proxy | None: ...
        def on_connected(self) -> None: ...
        def on_oob(self, data: bytes, /) -> None: ...

    class RouteUser(Protocol):
        """An encrypted connection's side of a route: `toxpy.tcp.peer`."""

        sleeping: bool

        def on_data(self, data: bytes, /) -> None: ...
        def on_change(self) -> None: ...
        def on_expected(self) -> None: ...


#: What a relay is doing; also the words shown in diagnosis.
CONNECTING, CONNECTED, WAITING, SLEEPING = "connecting", "connected", "waiting", "sleeping"
UNREGISTERED, REGISTERED, ONLINE = range(3)


#: Pause between two tries to connect, ms, doubled after each failure.
FIRST_RETRY_MS, MAX_RETRY_MS = 100, 60_000
_MAX_DOUBLINGS = 16


class Link:
    """A peer at a relay."""

    __slots__ = ("connection_id", "relay", "route", "since_ms", "state")

    def __init__(self, relay: Relay, route: Route, now_ms: int) -> None:
        self.relay = relay
        self.route = route
        self.since_ms = now_ms
        self.state = UNREGISTERED
        #: what the relay calls the peer; -1 before it is registered
        self.connection_id = -1

    def set_state(self, state: int) -> None:
        """Change the state and keep the peer's count of online relays."""
        self.route.online += (state == ONLINE) - (self.state == ONLINE)
        self.state = state


class Relay:
    """A relay that we know: its connection, its peers, its back-off. Owns its TcpClient.

    What to do with relays is decided by the pool; what a relay tells us about its peers is checked here.
    """

    __slots__ = (
        "asked",
        "busy_until_ms",
        "client",
        "connected_ms",
        "error",
        "failures",
        "host",
        "ids",
        "links",
        "named",
        "node",
        "onion",
        "pool",
        "proven",
        "retry_timer",
        "rt",
        "state",
        "unsent",
        "watcher",
    )

    def __init__(self, pool: RelayPool, node: Node, *, rt: Runtime, watcher: Watcher | None = None) -> None:
        self.pool = pool
        self.rt = rt
        #: where it is tried or connected now
        self.node = node
        self.host: str | None = None
        #: where the client said that it is; empty for one that only friends spoke of
        self.named: list[Endpoint] = []
        #: None unless the relay is private
        self.watcher = watcher
        self.client: TcpClient | None = None
        self.state = SLEEPING
        #: by DHT key of the peer
        self.links: dict[bytes, Link] = {}
        #: by connection id
        self.ids: dict[int, Link] = {}
        #: DHT keys in routing requests that the relay has not answered
        self.asked: set[bytes] = set()
        #: a routing request did not fit into the out-buffer
        self.unsent = False
        self.onion = False
        #: it was connected at least once
        self.proven = False
        self.connected_ms = 0
        #: until then its peers may still come online there
        self.busy_until_ms = 0
        self.failures = 0
        self.error = ""
        self.retry_timer: Timer | None = None

    def retry_delay_ms(self) -> int:
        """The pause after one more failure, with up to a quarter off."""
        longest_ms = MAX_RETRY_MS if self.watcher is None else self.watcher.max_pause_ms
        delay_ms = min(FIRST_RETRY_MS << min(self.failures, _MAX_DOUBLINGS), longest_ms)
        self.failures += 1
        return delay_ms - self.rt.rng.below(delay_ms // 4 + 1)

    def next_endpoint(self) -> Endpoint:
        """Where to try next: clients name one relay with several ports, because firewalls differ."""
        named, current = self.named, (self.node.address, self.host)
        if current in named:
            return named[(named.index(current) + 1) % len(named)]
        return named[0] if named else current

    def register(self) -> bool:
        """Ask for every peer not asked for yet; False when there was none to ask for."""
        asked_any = self.unsent = False
        for link in self.links.values():
            asked_any |= link.state == UNREGISTERED and self.ask(link)
        return asked_any

    def ask(self, link: Link) -> bool:
        """Send a routing request, if the peer is not being asked for already."""
        dht_pk = link.route.dht_pk
        if self.client is None or dht_pk in self.asked or len(self.asked) >= MAX_CONNECTION_IDS:
            return False
        if not self.client.send_routing_request(dht_pk):
            self.unsent = True
            return False
        self.asked.add(dht_pk)
        return True

    def online(self) -> list[Link]:
        """Links whose peer is there."""
        return [link for link in self.ids.values() if link.state == ONLINE]

    def all_asleep(self) -> bool:
        """True if there are peers and none of them needs the relay now."""
        online = self.online()
        return bool(online) and all(link.route.sleeping for link in online)

    def disconnect(self) -> list[Route]:
        """No connection any more: nobody is registered. The routes that went offline by it."""
        client, self.client = self.client, None
        if client is not None:
            client.close()
        gone = []
        for link in self.links.values():
            was_online = link.state == ONLINE
            link.set_state(UNREGISTERED)
            link.connection_id = -1
            if was_online and not link.route.online:
                gone.append(link.route)
        self.ids.clear()
        self.asked.clear()
        self.unsent = self.onion = False
        return gone

    def unlink(self, link: Link) -> None:
        """Expect the peer here no longer."""
        route = link.route
        del route.links[self.node.public_key]
        del self.links[route.dht_pk]
        link.set_state(UNREGISTERED)
        if route.preferred is link:
            route.preferred = None
        if link.connection_id >= 0:
            del self.ids[link.connection_id]
            if self.client is not None:
                self.client.send_disconnect(link.connection_id)
        self.pool.link_changed()

    def unlink_all(self) -> None:
        """Expect nobody here."""
        for link in tuple(self.links.values()):
            self.unlink(link)

    @property
    def is_shared(self) -> bool:
        """True if others may be told: a relay known by name is of our proxy, a private one is somebody's."""
        return self.host is None and self.watcher is None

    @property
    def is_failing(self) -> bool:
        """True if the last try failed, also during the next one, which takes longer than a pause."""
        return self.state == WAITING or (self.state == CONNECTING and self.failures > 0)

    # RelayOwner

    def on_connected(self, client: TcpClient) -> None:
        """The relay is there."""
        if client is self.client and self.state == CONNECTING:
            self.pool.relay_connected(self)

    def on_closed(self, client: TcpClient, reason: str) -> None:
        """The relay is gone, or could not be reached."""
        if client is self.client:
            self.pool.relay_failed(self, reason)

    def on_routing_response(self, client: TcpClient, connection_id: int | None, dht_pk: bytes) -> None:
        """The relay gave a peer a number, or has no room for it."""
        counters = self.rt.counters
        if client is not self.client or dht_pk not in self.asked:
            counters.drop("tcp_response_not_asked")
            return
        self.asked.discard(dht_pk)
        link = self.links.get(dht_pk)
        if connection_id is None:
            counters.count("tcp_route_refused")
            if link is not None:
                self.unlink(link)
        elif not 0 <= connection_id < MAX_CONNECTION_IDS or connection_id in self.ids:
            counters.drop("tcp_response_id")
        elif link is None:
            # the peer was closed meanwhile
            client.send_disconnect(connection_id)
        else:
            link.connection_id = connection_id
            link.set_state(REGISTERED)
            self.ids[connection_id] = link
            link.route.expected()

    def on_peer_status(self, client: TcpClient, connection_id: int, online: bool) -> None:
        """The peer came to the relay, or left it."""
        link = self.ids.get(connection_id) if client is self.client else None
        if link is None or online == (link.state == ONLINE):
            self.rt.counters.drop("tcp_status_id")
            return
        route = link.route
        before = route.online
        link.set_state(ONLINE if online else REGISTERED)
        self.pool.link_changed()
        if not before or not route.online:
            route.changed()

    def on_data(self, client: TcpClient, connection_id: int, data: bytes) -> None:
        """From a registered peer."""
        link = self.ids.get(connection_id) if client is self.client else None
        if link is None or not data:
            self.rt.counters.drop("tcp_data_id")
            return
        link.route.deliver(data)

    def on_oob(self, client: TcpClient, dht_pk: bytes, data: bytes) -> None:
        """Out of band; from a peer that is expected at this relay it is as good as data."""
        if client is not self.client or not data:
            self.rt.counters.drop("tcp_oob_empty")
            return
        link = self.links.get(dht_pk)
        if self.watcher is not None and dht_pk == self.node.public_key:
            self.watcher.on_oob(data)
        elif link is not None:
            link.route.deliver(data)
        else:
            self.pool.on_oob(dht_pk, self.node.public_key, data)

    def on_room(self, client: TcpClient) -> None:
        """The relay has read enough of what we sent."""
        if client is self.client:
            for link in self.online():
                link.route.changed()

    def on_onion_response(self, client: TcpClient, data: bytes) -> None:
        """The answer to an onion request that went through this relay."""
        if client is self.client:
            self.pool.on_onion(data)

    def on_forwarding(self, client: TcpClient, data: bytes) -> None:
        """Forwarded to us through this relay."""
        if client is self.client:
            self.pool.on_forwarding(self.node.public_key, data)


class Route:
    """All relays of one DHT key. More than one connection may claim that key, so it has several users."""

    __slots__ = ("budget", "dht_pk", "links", "online", "preferred", "users")

    def __init__(self, dht_pk: bytes, budget: TokenBucket) -> None:
        self.dht_pk = dht_pk
        #: by the relay's key
        self.links: dict[bytes, Link] = {}
        #: how many links are online
        self.online = 0
        #: the link that took the last packet
        self.preferred: Link | None = None
        self.users: list[RouteUser] = []
        #: pays for relays that nobody spoke of before
        self.budget = budget

    @property
    def sleeping(self) -> bool:
        """True if nobody needs the relays now."""
        return all(user.sleeping for user in self.users)

    def send(self, data: bytes) -> bool:
        """Through one relay where the peer is online; through all where it may come when it is nowhere."""
        if self.online:
            return self._send_data(data)
        if not 0 < len(data) <= MAX_OOB_SIZE:
            return False
        sent = False
        for link in tuple(self.links.values()):
            client = link.relay.client
            if link.state == REGISTERED and client is not None:
                sent |= client.send_oob(self.dht_pk, data)
        return sent

    def meeting_points(self) -> list[Node]:
        """Relays where the peer is online, if others can use them."""
        return [
            link.relay.node for link in self.links.values() if link.state == ONLINE and link.relay.is_shared
        ]

    def has_room(self) -> bool:
        """True if a relay where the peer is online keeps up with us."""
        for link in self.links.values():
            client = link.relay.client
            if link.state == ONLINE and client is not None and client.has_room():
                return True
        return False

    def _send_data(self, data: bytes) -> bool:
        preferred = self.preferred
        if preferred is not None and preferred.state == ONLINE:
            client = preferred.relay.client
            if client is not None and client.has_room() and client.send_data(preferred.connection_id, data):
                return True
        for link in tuple(self.links.values()):
            client = link.relay.client
            if link.state != ONLINE or link is preferred or client is None:
                continue
            if client.send_data(link.connection_id, data):
                self.preferred = link
                return True
        return False

    def deliver(self, data: bytes) -> None:
        """The peer sent that."""
        for user in tuple(self.users):
            user.on_data(data)

    def expected(self) -> None:
        """A relay will tell when the peer comes; if it is there already, it can be reached out of band."""
        if not self.online:
            for user in tuple(self.users):
                user.on_expected()

    def changed(self) -> None:
        """The peer came online, is on no relay any more, or can be sent more again."""
        for user in tuple(self.users):
            if user in self.users:
                user.on_change()
