"""The way to one endpoint of a friend, through whatever network it is in.

    friend offline    connect, say hello to each friend who told of it, and again every minute
    friend answers    its DHT key is known: it is expected there, and the session begins as at any relay
    friend online     stay connected if we are; an endpoint that was not reached is left

The key alone decides who is there. Several friends may tell of one, as of a relay that they all use; if they
tell of different places, all of them are tried in turn.
"""

from __future__ import annotations

from toxpy.friend.connection import expect_at
from toxpy.tcp.relay import MAX_RETRY_MS
from toxpy.wire.address import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from toxpy.ext.networks.hello import Hellos
    from toxpy.friend.friend import FriendState
    from toxpy.network.network_address import NetworkAddress
    from toxpy.runtime import Runtime, Timer
    from toxpy.tcp.pool import TcpPool
    from toxpy.tcp.proxy import Proxy
    from toxpy.tcp.relay import Endpoint
    from toxpy.wire.address import Address

    class Hub(Protocol):
        """All endpoints of an instance: `toxpy.ext.networks.friends`."""

        rt: Runtime
        tcp: TcpPool
        hellos: Hellos

        def proxy_to(self, key: bytes, address: NetworkAddress) -> Proxy | None: ...
        def on_answer(self, dial: Dial, data: bytes) -> None: ...


#: In the place of an address that nobody needs.
NOWHERE = (bytes(4), 0)
#: Time between two hellos while the friend is offline, ms: shorter than a DHT key is believed.
HELLO_AGAIN_MS = 60_000
#: How long a lost friend is looked for eagerly, and the longest pause meanwhile, ms.
EAGER_MS, EAGER_PAUSE_MS = 300_000, 3_000
#: The same at first: a service that has just come up takes a second or two to be found in its network.
FIRST_MS, FIRST_PAUSE_MS = 10_000, 400


class Dial:
    """One endpoint; the watcher of its relay in the pool."""

    __slots__ = ("_addresses", "_begun_ms", "_hub", "_timer", "friends", "node")

    #: a direct way to the friend is enough
    keeps_awake = False

    def __init__(self, hub: Hub, key: bytes) -> None:
        self._hub = hub
        #: where it is said to be, by what the pool calls that
        self._addresses: dict[Endpoint, NetworkAddress] = {}
        #: for those who know it by its key
        self.node = Node(key, NOWHERE, tcp=True)
        #: who told of it
        self.friends: set[FriendState] = set()
        #: when a friend was last missed there
        self._begun_ms = 0
        self._timer: Timer | None = None

    def tell(self, friend: FriendState, address: NetworkAddress) -> None:
        """A friend says that it is found there."""
        self.friends.add(friend)
        ip = address.ip
        place = (ip, None) if ip is not None else ((bytes(4), address.port), address.host)
        if ip is not None or self._hub.proxy_to(self.node.public_key, address) is not None:
            self._addresses[place] = address

    def proxy_to(self, place: Address, host: str | None) -> Proxy | None:
        """What leads there; our user may have named the same key at a place of which no friend told."""
        address = self._addresses.get((place, host))
        hub = self._hub
        return hub.tcp.proxy if address is None else hub.proxy_to(self.node.public_key, address)

    @property
    def max_pause_ms(self) -> int:
        """The longest pause between two tries."""
        since_ms = self._hub.rt.clock.now_ms - self._begun_ms
        if since_ms < FIRST_MS:
            return FIRST_PAUSE_MS
        return EAGER_PAUSE_MS if since_ms < EAGER_MS else MAX_RETRY_MS

    def begin(self) -> None:
        """A friend who told of it is offline: connect, or say hello if we are connected."""
        hub, key = self._hub, self.node.public_key
        self._begun_ms = hub.rt.clock.now_ms
        for place, host in self._addresses:
            hub.tcp.private.add(Node(key, place, tcp=True), host, self)
        self._remind()

    def end(self) -> None:
        """Nobody needs it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._hub.tcp.private.remove(self.node.public_key, self)

    def is_needed(self) -> bool:
        """True if a friend who told of it is offline."""
        return any(not friend.connection.is_online for friend in self.friends)

    def on_connected(self) -> None:
        """The endpoint, or somebody with its key, is there."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._hub.rt.timers.call_later(HELLO_AGAIN_MS, self._remind)
        for friend in self.friends:
            # one who is online may have restarted meanwhile
            self._say_hello(friend)
            expect_at(friend.connection, self.node)

    def on_oob(self, data: bytes) -> None:
        """The endpoint answers."""
        self._hub.on_answer(self, data)

    def _remind(self) -> None:
        """Ask for the DHT keys of friends who are offline, before ours and theirs are too old."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._hub.rt.timers.call_later(HELLO_AGAIN_MS, self._remind)
        for friend in self.friends:
            if not friend.connection.is_online:
                self._say_hello(friend)

    def _say_hello(self, friend: FriendState) -> None:
        key = self.node.public_key
        self._hub.tcp.send_oob(key, key, self._hub.hellos.make(friend.real_pk, key))
