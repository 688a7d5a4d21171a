"""An endpoint of our own: a TCP relay on this machine, which only friends may use, and only to reach us.

A service (`toxpy.ext.networks.service`) makes it reachable in another network. Its key pair stays in the
profile, unlike that of the DHT. Who comes is nobody until it says hello (`toxpy.ext.networks.hello`) and is a
friend; then it may exchange data with us and with nobody else. Strangers hear nothing, and have to leave.
"""

from __future__ import annotations

from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.dht.budget import KeyBudget
from toxpy.errors import api_error
from toxpy.ext.networks.hello import once_key
from toxpy.runtime import LOG_INFO, LOG_WARNING
from toxpy.tcp.relay import FIRST_RETRY_MS
from toxpy.tcp.server import TcpServer
from toxpy.wire.address import Node
from toxpy.wire.packets import OOB_RECEIVED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Protocol

    from toxpy.ext.networks.hello import Hellos
    from toxpy.friend.friend import FriendState
    from toxpy.friend.layers import Layers
    from toxpy.network.network_address import NetworkAddress
    from toxpy.network.node import Streams
    from toxpy.runtime import Runtime
    from toxpy.tcp.pool import TcpPool
    from toxpy.tcp.proxy import Proxy
    from toxpy.tcp.server_client import ServerClient
    from toxpy.wire.address import Address

    class Service(Protocol):
        """What makes a port of this machine reachable in a network."""

        #: what it needs to have the same address again; b"" for nothing
        key: bytes

        def start(
            self,
            local_port: int,
            on_ready: Callable[[NetworkAddress], None],
            on_failed: Callable[[str], None],
        ) -> None: ...
        def stop(self) -> None: ...

    class EndpointOption(Protocol):
        """`Options.endpoint`."""

        #: AddressType of the service's addresses
        kind: int
        #: the port on this machine that the service leads to, 0 for any
        listen: int
        #: a SOCKS5 proxy into that network; None to use the instance's
        socks: Address | None
        #: "friends", or the real keys of those who may know
        tell_to: str | Collection[bytes]

        def make(self, *, rt: Runtime, streams: Streams, key: bytes) -> Service | None:
            """The service, with the key that it had before; None to use friends' endpoints only."""

    class Hub(Protocol):
        """All endpoints of an instance: `toxpy.ext.networks.friends`."""

        rt: Runtime
        tcp: TcpPool
        hellos: Hellos

        def welcome(self, real_pk: bytes) -> FriendState | None: ...
        def on_met(self, friend: FriendState, dht_pk: bytes, node: Node) -> None: ...
        def on_own_address(self) -> None: ...


LOOPBACK = "127.0.0.1"
_LOOPBACK_IP = bytes((127, 0, 0, 1))
#: Friends and strangers at one time, and strangers among them: the oldest goes for the newest. A friend says
#: hello one round trip after it comes.
MAX_CLIENTS, MAX_STRANGERS = 256, 64
#: Connections of all kinds: these must not take all of the program's files.
MAX_CONNECTIONS = MAX_CLIENTS + 128
#: Time to say hello in, ms: that is the first thing after the connection.
HELLO_TIMEOUT_MS = 10_000
#: Time from the deletion of a friend to the end of its connection, ms.
FAREWELL_MS = 1_000


class Endpoint:
    """Owns the relay and the service; watcher of our own connection to the relay, and the relay's policy."""

    __slots__ = (
        "_dht_pk",
        "_hub",
        "_met",
        "_server",
        "_shared",
        "_strangers",
        "address",
        "failure",
        "keys",
        "node",
        "service",
    )

    #: friends come at any time
    keeps_awake = True
    max_pause_ms = FIRST_RETRY_MS

    def __init__(self, hub: Hub, service: Service, keys: KeyPair, layers: Layers, *, listen: int = 0) -> None:
        """`listen`: the port on this machine, 0 for any. ToxError when there is none."""
        rt = hub.rt
        self._hub = hub
        self._dht_pk = layers.node.dht.public_key
        self.keys = keys
        self.service = service
        self._shared = SharedKeys(keys, rt=rt)
        #: real keys of friends who said hello, by the DHT key that they proved to have
        self._met: dict[bytes, bytes] = {}
        #: who has not said hello yet, the oldest first
        self._strangers: dict[ServerClient, None] = {}
        #: where friends find it; None while the service is not ready
        self.address: NetworkAddress | None = None
        #: why it is not, in words
        self.failure = ""
        try:
            listener = layers.node.streams.listen(listen, LOOPBACK)
        except OSError as error:
            raise api_error(
                "TOX_ERR_NEW_PORT_ALLOC", f"no port for the endpoint: {error}", retryable=True
            ) from error
        self._server = TcpServer(
            keys,
            self._shared,
            [listener],
            rt=rt,
            budget=KeyBudget(rt=rt),
            max_clients=MAX_CLIENTS,
            max_connections=MAX_CONNECTIONS,
        )
        self._server.policy = self
        self.node = Node(keys.public, (_LOOPBACK_IP, listener.port), tcp=True)
        hub.tcp.private.add(self.node, None, self)
        service.start(listener.port, self._on_ready, self._on_failed)

    def stop(self) -> None:
        """Nobody comes any more; who is there stays until the end."""
        self.service.stop()

    def forget(self, real_pk: bytes) -> None:
        """It is no friend any more."""
        gone = [dht_pk for dht_pk, real in self._met.items() if real == real_pk]
        for dht_pk in gone:
            del self._met[dht_pk]
        # what we say last has to go through
        self._hub.rt.timers.call_later(FAREWELL_MS, lambda: self._server.kill_keys(gone))

    # the service

    def _on_ready(self, address: NetworkAddress) -> None:
        if address != self.address or self.failure:
            self._hub.rt.log(LOG_INFO, f"our endpoint is at {address}")
        self.address, self.failure = address, ""
        self._hub.on_own_address()

    def _on_failed(self, why: str) -> None:
        if why != self.failure:
            self._hub.rt.log(LOG_WARNING, f"our endpoint cannot be reached: {why}")
        # friends keep the address: it will be the same again
        self.failure = why

    # watcher of our own connection

    def proxy_to(self, address: Address, host: str | None) -> Proxy | None:
        """Past any proxy to this machine, and nowhere else: our user may have named this key elsewhere."""
        return None if host is None and address == self.node.address else self._hub.tcp.proxy

    def on_connected(self) -> None:
        """We are there: friends can come."""

    def on_oob(self, data: bytes) -> None:
        """Nobody says anything to us by the endpoint's own key but here: see `takes_oob`."""

    # the relay's policy

    def on_client(self, client: ServerClient) -> None:
        """Somebody, or we ourselves, connected."""
        if client.public_key == self._dht_pk or client.public_key in self._met:
            return
        strangers = self._strangers
        strangers[client] = None
        if len(strangers) > MAX_STRANGERS:
            self._turn_away(next(iter(strangers)), "endpoint_crowded_out")
        self._hub.rt.timers.call_later(HELLO_TIMEOUT_MS, lambda: self._turn_away(client, "endpoint_silent"))

    def _turn_away(self, client: ServerClient, reason: str) -> None:
        """End a stranger's connection; nothing for who said hello or went."""
        if client in self._strangers:
            del self._strangers[client]
            self._server.kill(client, reason)

    def may_link(self, one: bytes, other: bytes) -> bool:
        """Only we and a friend who said hello."""
        if self._dht_pk == one:
            return other in self._met
        return self._dht_pk == other and one in self._met

    def takes_oob(self, client: ServerClient, public_key: bytes, data: bytes) -> bool:
        """A hello is for us; all else goes between us and friends only."""
        if public_key == self.keys.public:
            if not self._on_hello(client, data):
                self._strangers.pop(client, None)
                self._server.kill(client, "endpoint_stranger")
            return True
        return not self.may_link(client.public_key, public_key)

    def _on_hello(self, client: ServerClient, data: bytes) -> bool:
        """False if no friend says it. It counts if it is of the key that this connection was made with."""
        hub, once = self._hub, once_key(data)
        if not once or not self._server.pays(client):
            return False
        speaker, box = hub.hellos.speaker(data, self._shared.get(once))
        friend = hub.welcome(speaker)
        if friend is None:
            return False
        if hub.hellos.dht_pk(speaker, box) != client.public_key:
            # the friend may look for somebody else here as well, who told of our endpoint
            hub.rt.counters.drop("endpoint_hello")
            return True
        self._met = {dht_pk: real_pk for dht_pk, real_pk in self._met.items() if real_pk != speaker}
        self._met[client.public_key] = speaker
        self._strangers.pop(client, None)
        client.send(OOB_RECEIVED.make(self.keys.public) + hub.hellos.make(speaker, client.public_key))
        hub.on_met(friend, client.public_key, self.node)
        return True
