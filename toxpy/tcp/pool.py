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

Private relays are beside all that: friends' endpoints, and our own. Each has a watcher, who alone ends its
use, and says what proxy leads to it. Nobody is told of them, and the onion does not use them.
"""

from __future__ import annotations

from toxpy.dht.budget import TokenBucket
from toxpy.tcp.client import TcpClient
from toxpy.tcp.peer import TcpPeer, nothing
from toxpy.tcp.private import PrivateRelays
from toxpy.tcp.relay import CONNECTED, ONLINE, SLEEPING, UNREGISTERED, Link, Relay, Route
from toxpy.tcp.relays import RECOMMENDED_RELAYS, Relays
from toxpy.wire.address import is_usable
from toxpy.wire.packets import MAX_CONNECTION_IDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.crypto.keys import KeyPair, SharedKeys
    from toxpy.runtime import Runtime, Timer
    from toxpy.system.streams import Stream
    from toxpy.system.traffic import Traffic
    from toxpy.tcp.proxy import Proxy
    from toxpy.tcp.relays import Only
    from toxpy.wire.address import Address, Node

#: Relays of one peer. c-toxcore: MAX_FRIEND_TCP_CONNECTIONS
MAX_PEER_RELAYS = 6
#: Time for a peer to come online at a relay, ms. c-toxcore: TCP_CONNECTION_ANNOUNCE_TIMEOUT
ANNOUNCE_TIMEOUT_MS = 10_000

#: Ours: tries of a relay that was connected before, and that the client did not name.
MAX_TRIES = 8
#: Relays that nobody spoke of before, by one peer.
NEW_RELAYS_PER_S, NEW_RELAYS_BURST = 1, 16
#: Delay from an event to the maintenance of the relays, ms: c-toxcore does it in each pass.
MAINTAIN_MS = 50
#: Delay of the next try of a routing request that the out-buffer refused, ms.
REGISTER_RETRY_MS = 1000


class TcpPool:
    """All relays of one instance, and the peers that are reached through them."""

    __slots__ = (
        "_closed",
        "_maintain_at_ms",
        "_maintain_timer",
        "_relays",
        "_routes",
        "_rt",
        "on_forwarding",
        "on_onion",
        "on_oob",
        "only",
        "private",
    )

    def __init__(
        self,
        keys: KeyPair,
        shared_keys: SharedKeys,
        *,
        rt: Runtime,
        connect: Callable[[Address], Stream],
        proxy: Proxy | None = None,
        only: Only | None = None,
        make_client: Callable[..., TcpClient] = TcpClient,
    ) -> None:
        """With `only` relays elsewhere are never dialled."""
        self._rt = rt
        #: the networks that we keep to; None for all
        self.only = only
        self._relays = Relays(
            self, keys, shared_keys, rt=rt, connect=connect, proxy=proxy, only=only, make_client=make_client
        )
        self.private = PrivateRelays(self._relays)
        #: by DHT key; each belongs to an encrypted connection
        self._routes: dict[bytes, Route] = {}
        self._closed = False
        self._maintain_timer: Timer | None = None
        self._maintain_at_ms = 0
        #: sender's DHT key, relay's key, data: something from a peer that was not expected at that relay
        self.on_oob: Callable[[bytes, bytes, bytes], None] = nothing
        self.on_onion: Callable[[bytes], None] = nothing
        self.on_forwarding: Callable[[bytes, bytes], None] = nothing

    # Relays, as others see them

    def add_relay(self, node: Node, host: str | None = None) -> bool:
        """A relay that the client names, or of a save: connect, and keep it.

        Further addresses of a known one are tried when it does not answer. With `host` the proxy looks
        the name up, and of the address only the port counts; such a relay is not shared, because others
        could do nothing with it. False when the address is unusable or there is no room; ValueError for
        a host without a proxy, or one that is no host name.
        """
        if host is not None:
            if self._relays.proxy is None:
                raise ValueError("only a proxy takes a relay's name")
            self._relays.proxy.handshake(node.address, host)
        if self._closed or not (node.address[1] if host is not None else is_usable(node.address)):
            return False
        relay = self._relays.by_key.get(node.public_key)
        if relay is not None:
            self._relays.name(relay, (node.address, host))
            return True
        return self._relays.add(node, host, named=True) is not None

    @property
    def proxy(self) -> Proxy | None:
        """What all connections go through."""
        return self._relays.proxy

    @property
    def traffic(self) -> Traffic:
        """The frames to and from all relays."""
        return self._relays.traffic

    def relays(self, count: int) -> list[Node]:
        """Up to `count` connected relays in random order: to share with friends."""
        nodes = [relay.node for relay in self._relays.in_state(CONNECTED) if relay.is_shared]
        self._rt.rng.shuffle(nodes)
        return nodes[:count]

    def relays_by_name(self) -> list[tuple[Node, str]]:
        """The relays that the client named by a host, with that. Friends may have named them too.

        Of their addresses only the port says anything.
        """
        named = (relay for relay in self._relays.by_key.values() if relay.watcher is None)
        return [(relay.node, relay.host) for relay in named if relay.host is not None]

    def relays_to_save(self, count: int) -> list[Node]:
        """Up to `count` relays that may be needed after a restart: connected ones, then sleepers.

        c-toxcore saves only connected ones, and so none at all while every friend is reached directly.
        """
        asleep = self._relays.in_state(SLEEPING)
        nodes = self.relays(count)
        nodes += [relay.node for relay in asleep if relay.is_shared and relay.proven]
        return nodes[:count]

    def connected(self) -> int:
        """How many relays are connected."""
        return len(self._relays.in_state(CONNECTED))

    def relay_states(self) -> list[tuple[Node, str, str]]:
        """For diagnosis: each relay, what it is doing in a word, and why it failed last ("" if it works)."""
        return [(relay.node, relay.state, relay.error) for relay in self._relays.by_key.values()]

    def set_onion(self, wanted: bool) -> None:
        """Keep up to 3 relays awake for the onion, or no longer."""
        if wanted != self._relays.onion and not self._closed:
            self._relays.onion = wanted
            self._relays.choose_onion()
            self._maintain_within(MAINTAIN_MS)

    def onion_relays(self) -> list[Node]:
        """The connected relays that are kept for the onion."""
        return [relay.node for relay in self._relays.by_key.values() if relay.onion]

    def peer(
        self, dht_pk: bytes, on_data: Callable[[bytes], None], on_change: Callable[[], None] = nothing
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
        client = self._relays.client(relay_pk)
        return client is not None and client.send_oob(dht_pk, data)

    def send_onion(self, relay_pk: bytes, data: bytes) -> bool:
        """An onion request through one relay."""
        client = self._relays.client(relay_pk)
        return client is not None and client.send_onion(data)

    def send_forward_request(self, relay_pk: bytes, data: bytes) -> bool:
        """A forward request through one relay."""
        client = self._relays.client(relay_pk)
        return client is not None and client.send_forward_request(data)

    def close(self) -> None:
        """Close all connections; nobody is told. Repeating it is harmless."""
        self._closed = True
        if self._maintain_timer is not None:
            self._maintain_timer.cancel()
        for route in self._routes.values():
            route.links.clear()
        self._relays.close()
        self._routes.clear()

    # For TcpPeer

    def add_peer_relay(self, route: Route, node: Node) -> bool:
        """A relay where the peer may be."""
        if self._closed or not route.users:
            return False
        relay = self._relays.by_key.get(node.public_key)
        if relay is not None and (not relay.is_shared or is_usable(node.address)):
            return self._use(route, relay)
        if not is_usable(node.address) or route.online >= RECOMMENDED_RELAYS or not self._has_room(route):
            return False
        if not route.budget.take(self._rt.clock.now_ms):
            self._rt.counters.drop("tcp_relay_budget")
            return False
        relay = self._relays.add(node, None, named=False)
        return relay is not None and self._link(route, relay)

    def add_heard_relay(self, route: Route, relay_pk: bytes) -> None:
        """A relay where the peer is."""
        relay = self._relays.by_key.get(relay_pk)
        if relay is not None and relay.state == CONNECTED and route.users:
            self._use(route, relay)

    def sleeping_changed(self, route: Route) -> None:
        """Wake the relays of a peer that needs them, or look whether they can sleep."""
        if route.sleeping:
            self._maintain_within(MAINTAIN_MS)
            return
        for link in tuple(route.links.values()):
            if link.relay.state == SLEEPING:
                self._relays.connect(link.relay)

    def user_left(self, route: Route) -> None:
        """One connection to that DHT key less."""
        if route.users:
            self.sleeping_changed(route)
            return
        if self._routes.get(route.dht_pk) is route:
            del self._routes[route.dht_pk]
        for link in tuple(route.links.values()):
            link.relay.unlink(link)

    # Links

    def _use(self, route: Route, relay: Relay) -> bool:
        """Expect the peer at a known relay; False when that is so already."""
        known = route.links.get(relay.node.public_key)
        if known is None and not self._link(route, relay):
            return False
        if relay.state == SLEEPING and not route.sleeping:
            self._relays.connect(relay)
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
                stale.relay.unlink(stale)
        link = Link(relay, route, self._rt.clock.now_ms)
        route.links[relay.node.public_key] = relay.links[route.dht_pk] = link
        if relay.state == CONNECTED:
            if relay.ask(link):
                relay.busy_until_ms = self._rt.clock.now_ms + ANNOUNCE_TIMEOUT_MS
            elif relay.unsent:
                self._maintain_within(REGISTER_RETRY_MS)
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
            if relay.is_failing or (absent and waited and link.state != ONLINE):
                return link
        return None

    # Looking after the relays

    def _maintain_within(self, delay_ms: int) -> None:
        at_ms = self._rt.clock.now_ms + delay_ms
        if self._closed or (self._maintain_timer is not None and self._maintain_at_ms <= at_ms):
            return
        if self._maintain_timer is not None:
            self._maintain_timer.cancel()
        self._maintain_at_ms = at_ms
        self._maintain_timer = self._rt.timers.call_at(at_ms, self._maintain)

    def _maintain(self) -> None:
        """Register who could not be, put to sleep what only sleepers use, give up what nobody uses."""
        self._maintain_timer = None
        now_ms = self._rt.clock.now_ms
        gone: list[Route] = []
        idle: list[Relay] = []
        for relay in self._relays.by_key.values():
            if relay.state != CONNECTED:
                continue
            if relay.unsent:
                self._register(relay)
            watcher = relay.watcher
            if relay.onion or (watcher is not None and watcher.keeps_awake):
                continue
            if now_ms < relay.busy_until_ms:
                self._maintain_within(relay.busy_until_ms - now_ms)
            elif relay.all_asleep():
                gone += self._relays.sleep(relay)
            elif watcher is None and not relay.online():
                idle.append(relay)
        self._relays.give_up_some(idle)
        self._relays.wake(RECOMMENDED_RELAYS, spare=True)
        for route in gone:
            route.changed()

    def _register(self, relay: Relay) -> None:
        """Routing requests for all peers that are expected there."""
        if relay.register():
            relay.busy_until_ms = self._rt.clock.now_ms + ANNOUNCE_TIMEOUT_MS
        if relay.unsent:
            self._maintain_within(REGISTER_RETRY_MS)

    # For Relay

    def relay_connected(self, relay: Relay) -> None:
        """The relay is there: register all peers."""
        relay.state = CONNECTED
        relay.proven = True
        relay.error = ""
        relay.connected_ms = relay.busy_until_ms = self._rt.clock.now_ms
        if relay.watcher is not None:
            # a friend's endpoint takes routing requests from those who said who they are
            relay.watcher.on_connected()
        self._register(relay)
        self._relays.choose_onion()
        self._maintain_within(MAINTAIN_MS)

    def relay_failed(self, relay: Relay, reason: str) -> None:
        """The connection is over, or never came to be: try again later, or forget the relay."""
        rt = self._rt
        was_connected = relay.state == CONNECTED
        relay.error = reason
        if not was_connected:
            self._relays.move(relay, relay.next_endpoint())
        elif rt.clock.now_ms - relay.connected_ms >= ANNOUNCE_TIMEOUT_MS:
            # one that accepts us only to drop us again at once has to wait longer each time
            relay.failures = 0
        gone = relay.disconnect()
        if relay.named or (relay.proven and relay.failures < MAX_TRIES):
            self._relays.retry(relay)
        else:
            self._relays.forget(relay)
        self._relays.choose_onion()
        self._maintain_within(MAINTAIN_MS)
        for route in gone:
            route.changed()

    def link_changed(self) -> None:
        """A peer came to a relay or left one: the relay may be of no use any more."""
        self._maintain_within(MAINTAIN_MS)
