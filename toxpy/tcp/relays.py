"""The table of all relays that we know, and the connections to them.

What becomes of a relay is told in `toxpy.tcp.pool`, which decides when; this is how.
"""

from __future__ import annotations

from toxpy.system.traffic import Traffic
from toxpy.tcp.client import TcpClient
from toxpy.tcp.relay import CONNECTED, CONNECTING, SLEEPING, WAITING, Relay, Route
from toxpy.wire.address import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from toxpy.crypto.keys import KeyPair, SharedKeys
    from toxpy.runtime import Runtime
    from toxpy.system.streams import Stream
    from toxpy.tcp.proxy import Proxy
    from toxpy.tcp.relay import Endpoint, RelayPool, Watcher
    from toxpy.wire.address import Address

    class Only(Protocol):
        """The networks that we keep to."""

        @property
        def has_ip(self) -> bool: ...
        def allows(self, address: Address, host: str | None = None, /) -> bool: ...


#: Relays kept connected without a user, and for the onion.
#: c-toxcore: RECOMMENDED_FRIEND_TCP_CONNECTIONS, NUM_ONION_TCP_CONNECTIONS
RECOMMENDED_RELAYS, ONION_RELAYS = 3, 3
#: Ours: relays in all, and those named by the client, for which there is always room.
MAX_RELAYS, MAX_NAMED = 256, 64
#: Ours: private relays beside those.
MAX_PRIVATE = 128
#: Addresses under which the client names one relay.
MAX_ADDRESSES = 4


class Relays:
    """Relays by public key, the longest known first; at most MAX_RELAYS."""

    __slots__ = (
        "_connect_stream",
        "_keys",
        "_make_client",
        "_pool",
        "_rt",
        "_shared_keys",
        "by_key",
        "onion",
        "only",
        "proxy",
        "traffic",
    )

    def __init__(
        self,
        pool: RelayPool,
        keys: KeyPair,
        shared_keys: SharedKeys,
        *,
        rt: Runtime,
        connect: Callable[[Address], Stream],
        proxy: Proxy | None,
        only: Only | None,
        make_client: Callable[..., TcpClient],
    ) -> None:
        self._pool = pool
        self._keys = keys
        self._shared_keys = shared_keys
        self._rt = rt
        self._connect_stream = connect
        self.proxy = proxy
        self.only = only
        self._make_client = make_client
        self.by_key: dict[bytes, Relay] = {}
        #: some are to be kept awake for the onion
        self.onion = False
        #: the frames to and from all relays
        self.traffic = Traffic()

    def in_state(self, *states: str) -> list[Relay]:
        """The relays that are doing one of these."""
        return [relay for relay in self.by_key.values() if relay.state in states]

    def client(self, relay_pk: bytes) -> TcpClient | None:
        """The connection to a relay that is connected."""
        relay = self.by_key.get(relay_pk)
        return relay.client if relay is not None and relay.state == CONNECTED else None

    # the table

    def add(self, node: Node, host: str | None, named: bool) -> Relay | None:
        """Begin to use an unknown relay; None when there is no room, or it is in a network left out."""
        if self._is_left_out((node.address, host)):
            return None
        if named and self._count_named() >= MAX_NAMED:
            named = False
        if not named and not self._make_room():
            self._rt.counters.drop("tcp_relays_full")
            return None
        relay = Relay(self._pool, Node(node.public_key, node.address, tcp=True), rt=self._rt)
        relay.host = host
        if named:
            relay.named.append((node.address, host))
        self.by_key[node.public_key] = relay
        self.connect(relay)
        return relay

    def _is_left_out(self, endpoint: Endpoint) -> bool:
        """True for a relay in a network that we do not use."""
        address, host = endpoint
        if self.only is None or self.only.allows(address, host):
            return False
        self._rt.counters.drop("tcp_relay_left_out")
        return True

    def add_private(self, node: Node, host: str | None, watcher: Watcher) -> Relay | None:
        """Begin to use a private relay; None when there is no room."""
        if sum(relay.watcher is not None for relay in self.by_key.values()) >= MAX_PRIVATE:
            self._rt.counters.drop("tcp_relays_full")
            return None
        relay = Relay(self._pool, node, rt=self._rt, watcher=watcher)
        relay.host = host
        relay.named.append((node.address, host))
        self.by_key[node.public_key] = relay
        self.connect(relay)
        return relay

    def name(self, relay: Relay, endpoint: Endpoint) -> None:
        """The client names a relay that is known already."""
        named = relay.named
        if self._is_left_out(endpoint):
            return
        if endpoint in named or (not named and self._count_named() >= MAX_NAMED):
            return
        if len(named) >= MAX_ADDRESSES:
            del named[0]
        named.append(endpoint)
        if relay.state == WAITING:
            # what the client says now is worth more than the pause that failures at another place made
            if relay.retry_timer is not None:
                relay.retry_timer.cancel()
            relay.failures = 0
            self.move(relay, endpoint)
            self.connect(relay)

    def move(self, relay: Relay, endpoint: Endpoint) -> None:
        """Try it there the next time."""
        address, relay.host = endpoint
        relay.node = Node(relay.node.public_key, address, tcp=True)

    def _count_named(self) -> int:
        return sum(bool(relay.named) and relay.watcher is None for relay in self.by_key.values())

    def _make_room(self) -> bool:
        """True if there is room for one that the client does not name; one not in use may have to go."""
        others = [relay for relay in self.by_key.values() if not relay.named]
        if len(others) < MAX_RELAYS - MAX_NAMED:
            return True
        unused = [r for r in others if r.is_failing] or [r for r in others if r.state == SLEEPING]
        for relay in unused[:1]:
            self.forget(relay)
        return bool(unused)

    def forget(self, relay: Relay) -> None:
        """Nobody is online there."""
        relay.disconnect()
        relay.unlink_all()
        if relay.retry_timer is not None:
            relay.retry_timer.cancel()
        self.by_key.pop(relay.node.public_key, None)

    # connections

    def connect(self, relay: Relay) -> None:
        """Try it now."""
        relay.state = CONNECTING
        relay.retry_timer = None
        watcher, proxy = relay.watcher, self.proxy
        if watcher is not None:
            proxy = watcher.proxy_to(relay.node.address, relay.host)
        relay.client = self._make_client(
            relay.node,
            self._keys,
            self._shared_keys,
            relay,
            rt=self._rt,
            connect=self._connect_stream,
            proxy=proxy,
            host=relay.host,
            traffic=self.traffic,
        )

    def retry(self, relay: Relay) -> None:
        """Try again after a pause."""
        relay.state = WAITING
        relay.retry_timer = self._rt.timers.call_later(relay.retry_delay_ms(), lambda: self.connect(relay))

    def close(self) -> None:
        """Close and forget all; nobody is told."""
        self.onion = False
        for relay in self.by_key.values():
            relay.disconnect()
            if relay.retry_timer is not None:
                relay.retry_timer.cancel()
        self.by_key.clear()

    def sleep(self, relay: Relay) -> list[Route]:
        """Keep only the address. The routes that went offline."""
        gone = relay.disconnect()
        relay.state = SLEEPING
        relay.failures = 0
        return gone

    def give_up_some(self, idle: list[Relay]) -> None:
        """Leave 3 relays connected; 3 of the client's, whatever friends told us."""
        connected = [relay for relay in self.in_state(CONNECTED) if relay.watcher is None]
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
            self.forget(relay)
            return
        self.sleep(relay)
        relay.unlink_all()

    def wake(self, count: int, spare: bool) -> None:
        """Have `count` relays awake, if so many sleep; `spare`: only those that sleep for want of users."""
        awake = sum(relay.watcher is None for relay in self.in_state(CONNECTED, CONNECTING))
        if awake >= count:
            return
        asleep = [
            relay
            for relay in self.in_state(SLEEPING)
            if relay.watcher is None and not (spare and relay.links)
        ]
        self._rt.rng.shuffle(asleep)
        asleep.sort(key=lambda relay: not relay.named)
        for relay in asleep[: count - awake]:
            self.connect(relay)

    def choose_onion(self) -> None:
        """Which relays the onion keeps awake: rather the client's, and rather the same as before."""
        connected = [relay for relay in self.in_state(CONNECTED) if relay.watcher is None]
        connected.sort(key=lambda relay: (not relay.named, not relay.onion))
        for i, relay in enumerate(connected):
            relay.onion = self.onion and i < ONION_RELAYS
        if self.onion:
            self.wake(ONION_RELAYS, spare=False)
