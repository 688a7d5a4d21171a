"""The TCP relay: connects clients that cannot reach each other. Spec: TCP Server.

A connection is *incoming* until its hello is here, *unconfirmed* until the first frame proves that
the hello was not a recorded one, then a client, known by its DHT key. The frames are those of
`toxpy.wire.packets`, and from 16 on data for the peer of that connection id. A client that
asked for a key is told when the owner of that key has asked for the client too (2), and when the owner has
gone (3). Anything else closes the connection. c-toxcore: TCP_server.c.
"""

from __future__ import annotations

from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import KEY_SIZE, NONCE_SIZE, shared_key
from toxpy.dht.budget import Budget, TokenBucket
from toxpy.errors import PacketError
from toxpy.system.traffic import Traffic
from toxpy.tcp.half_open import MAX_HALF_OPEN, HalfOpen
from toxpy.tcp.secure import SecureStream, create_server_hello, open_client_hello
from toxpy.tcp.server_client import FIRST_CONNECTION_ID, LAST_CONNECTION_ID, Incoming, Link, ServerClient
from toxpy.wire.address import unpack_ip_port
from toxpy.wire.packets import (
    CONNECTED,
    DISCONNECTED,
    FORWARD_REQUEST_FRAME,
    MAX_FORWARD_DATA_SIZE,
    ONION_REQUEST,
    OOB_RECEIVED,
    OOB_SEND,
    PING,
    PONG,
    ROUTING_REQUEST,
    ROUTING_RESPONSE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from toxpy.crypto.keys import SharedKeys
    from toxpy.dht.budget import KeyBudget
    from toxpy.runtime import Runtime, Timer
    from toxpy.system.streams import Listener, Stream
    from toxpy.tcp.half_open import Connection
    from toxpy.tcp.server_client import Session
    from toxpy.wire.address import Address

    class Policy(Protocol):
        """Whom a relay serves that is not for everybody."""

        def on_client(self, client: ServerClient) -> None:
            """Somebody connected."""

        def may_link(self, one: bytes, other: bytes) -> bool:
            """True if these two keys may exchange data."""

        def takes_oob(self, client: ServerClient, public_key: bytes, data: bytes) -> bool:
            """True if this was dealt with: it was for the relay itself, or is not to be sent on."""


PING_INTERVAL_MS, PONG_TIMEOUT_MS = 30_000, 10_000
#: Time within which due pings are sent together, ms: fewer wake-ups with many clients.
PING_TOGETHER_MS = 1_000

#: Ours: hellos of one network, and of all. Each costs the making of a key pair, even one from a known key.
HELLOS_PER_S, HELLOS_BURST = 256, 1024
HELLOS_TOTAL_PER_S, HELLOS_TOTAL_BURST = 2000, 4000
DEFAULT_MAX_CLIENTS = 1024
#: Files that `room_for` leaves to the rest of the program, or a quarter when there are few.
RESERVED_FILES = 64


def room_for(files: int) -> tuple[int, int]:
    """Clients, and connections of all kinds, for a relay in a program that can have so many files open.

    An eighth of the connections is never for clients: a full relay still hears new ones, some of which
    replace clients who lost their connection.
    """
    connections = max(files - min(RESERVED_FILES, files // 4), 2)
    return max(connections - max(connections // 8, 1), 1), connections


class TcpServer:
    """All clients of the relay, behind any number of listeners.

    At most `max_clients` of them, HalfOpen's caps of connections that are not clients yet, and
    `max_connections` of all kinds: beyond those, what is half-open makes room for the newest.
    """

    __slots__ = (
        "_awaiting",
        "_by_key",
        "_by_token",
        "_handlers",
        "_hellos",
        "_hellos_total",
        "_incoming",
        "_key_budget",
        "_keys",
        "_listeners",
        "_next_ping",
        "_next_token",
        "_shared_keys",
        "_timer",
        "_unconfirmed",
        "max_clients",
        "max_connections",
        "on_forward_request",
        "on_onion_request",
        "policy",
        "rt",
        "traffic",
    )

    def __init__(
        self,
        keys: KeyPair,
        shared_keys: SharedKeys,
        listeners: list[Listener],
        *,
        rt: Runtime,
        budget: KeyBudget,
        max_clients: int = DEFAULT_MAX_CLIENTS,
        max_connections: int | None = None,
    ) -> None:
        """`keys` are those of the DHT node, `shared_keys` theirs with others."""
        self.rt = rt
        self._keys = keys
        self._shared_keys = shared_keys
        self._key_budget = budget
        self._hellos = Budget(HELLOS_PER_S, HELLOS_BURST, rt=rt)
        self._hellos_total = TokenBucket(HELLOS_TOTAL_PER_S, HELLOS_TOTAL_BURST, rt.clock.now_ms)
        self.max_clients = max_clients
        self.max_connections = max_clients + 2 * MAX_HALF_OPEN if max_connections is None else max_connections
        self.traffic = Traffic()
        #: takes frames 8 without the id; None ignores them
        self.on_onion_request: Callable[[ServerClient, bytes], None] | None = None
        #: takes frames 10 without the id, whose address and size are checked; None makes them invalid
        self.on_forward_request: Callable[[ServerClient, bytes], None] | None = None
        #: None serves everybody
        self.policy: Policy | None = None
        self._incoming = HalfOpen()
        self._unconfirmed = HalfOpen()
        self._by_key: dict[bytes, ServerClient] = {}
        self._by_token: dict[int, ServerClient] = {}
        # tokens of a run before this one must not fit; 2**63 are left to count up
        self._next_token = rt.rng.below(1 << 63) + 1
        #: when each client is pinged next, soonest first, and when the pong must be here
        self._next_ping: dict[ServerClient, int] = {}
        self._awaiting: dict[ServerClient, int] = {}
        self._timer: Timer | None = None
        self._handlers: dict[int, Callable[[ServerClient, bytes], bool]] = {
            ROUTING_REQUEST.kind: self._on_routing_request,
            CONNECTED.kind: self._on_connected,
            DISCONNECTED.kind: self._on_disconnected,
            PING.kind: self._on_ping,
            PONG.kind: self._on_pong,
            OOB_SEND.kind: self._on_oob_send,
            ONION_REQUEST.kind: self._on_onion_frame,
            FORWARD_REQUEST_FRAME.kind: self._on_forward_frame,
        }
        self._listeners = listeners
        for listener in listeners:
            listener.on_accept = self._on_accept

    def __len__(self) -> int:
        """Clients; half-open connections are not counted."""
        return len(self._by_token)

    @property
    def half_open(self) -> int:
        """Connections that are not clients yet."""
        return len(self._incoming) + len(self._unconfirmed)

    @property
    def ports(self) -> list[int]:
        """Where it listens."""
        return [listener.port for listener in self._listeners]

    def client_by_token(self, token: int) -> ServerClient | None:
        """The client that had this token, if it is still connected."""
        return self._by_token.get(token)

    def address_of(self, public_key: bytes) -> Address | None:
        """Where the client with that key is; None when there is none."""
        client = self._by_key.get(public_key)
        return client.address if client is not None else None

    def close(self) -> None:
        """Close all listeners and connections; repeating it is harmless."""
        for listener in self._listeners:
            listener.close()
        for connection in (*self._incoming.clear(), *self._unconfirmed.clear(), *self._by_token.values()):
            connection.close()
        for table in (self._by_key, self._by_token, self._next_ping, self._awaiting):
            table.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # becoming a client

    def _on_accept(self, stream: Stream) -> None:
        self.rt.counters.count("tcp_accepted")
        if self.half_open + len(self._by_token) >= self.max_connections:
            # whoever has more of them: those who send nothing, or those who stop after the hello
            unconfirmed, incoming = self._unconfirmed, self._incoming
            self._crowd_out((unconfirmed if len(unconfirmed) > len(incoming) else incoming).crowd_out())
        self._crowd_out(self._incoming.add(Incoming(self, stream), self.rt.clock.now_ms))
        self._arm()

    def _crowd_out(self, connection: Connection | None) -> None:
        if connection is not None:
            self.give_up(connection, "tcp_crowded_out")

    def give_up(self, connection: Connection, reason: str) -> None:
        """Close a half-open connection."""
        self.rt.counters.drop(reason)
        if isinstance(connection, Incoming):
            self._incoming.remove(connection)
        else:
            self._unconfirmed.remove(connection)
        connection.close()

    def on_hello(self, incoming: Incoming, hello: bytes) -> None:
        """A whole client hello is here: answer it."""
        rt, stream, public_key = self.rt, incoming.stream, hello[:KEY_SIZE]
        if not self._hellos.allows(stream.address) or not self._hellos_total.take(rt.clock.now_ms):
            return self.give_up(incoming, "tcp_hello_budget")
        shared = self._key_budget.shared_key(self._shared_keys, public_key, stream.address)
        if shared is None:
            return self.give_up(incoming, "tcp_hello_key")
        opened = open_client_hello(shared, hello)
        if opened is None:
            return self.give_up(incoming, "tcp_hello_decrypt")
        session_pk, their_nonce = opened
        session, our_nonce = KeyPair.generate(rt.rng), rt.rng.bytes(NONCE_SIZE)
        stream.write(create_server_hello(shared, session, our_nonce, rt.rng.bytes(NONCE_SIZE)))
        nonces = int.from_bytes(our_nonce, "big"), int.from_bytes(their_nonce, "big")
        client = ServerClient(self, stream, public_key, (session.secret, session_pk, *nonces))
        self._incoming.remove(incoming)
        self._crowd_out(self._unconfirmed.add(client, rt.clock.now_ms))
        return self._arm()

    def secure(self, stream: Stream, session: Session, data: bytes) -> SecureStream:
        """The frames of a connection whose first bytes are `data`."""
        secret, session_pk, our_nonce, their_nonce = session
        self.rt.counters.count("x25519")
        key = shared_key(session_pk, secret)
        if key is None:
            self.rt.counters.drop("low_order_key")
            # any key will do, for nothing decrypts with it
            key = self.rt.rng.bytes(KEY_SIZE)
        return SecureStream(stream, key, our_nonce, their_nonce, data, self.traffic)

    def confirm(self, client: ServerClient) -> bool:
        """The first frame is here; False, and the connection closed, when there is no room."""
        self._unconfirmed.remove(client)
        older = self._by_key.get(client.public_key)
        if older is not None:
            # it lost its connection and has not told us
            self.kill(older, "tcp_replaced")
        if len(self._by_token) >= self.max_clients:
            self.rt.counters.drop("tcp_full")
            client.close()
            return False
        self.rt.counters.count("tcp_confirmed")
        client.token = self._next_token
        self._next_token += 1
        self._by_key[client.public_key] = self._by_token[client.token] = client
        self._next_ping[client] = self.rt.clock.now_ms + PING_INTERVAL_MS
        self._arm()
        if self.policy is not None:
            self.policy.on_client(client)
        return True

    def kill(self, client: ServerClient, reason: str = "") -> None:
        """Close a client's connection and tell its peers; a reason is counted as a drop.

        Nothing when that has happened already.
        """
        if self._by_token.pop(client.token, None) is None:
            return
        if reason:
            self.rt.counters.drop(reason)
        else:
            self.rt.counters.count("tcp_closed")
        del self._by_key[client.public_key]
        self._next_ping.pop(client, None)
        self._awaiting.pop(client, None)
        client.close()
        for link in client.links.values():
            self._disconnect(link)
        client.links.clear()
        client.connection_ids.clear()

    # for a policy

    def kill_keys(self, public_keys: list[bytes]) -> None:
        """Close the connections of clients with these keys, if there are any."""
        for public_key in public_keys:
            client = self._by_key.get(public_key)
            if client is not None:
                self.kill(client)

    def pays(self, client: ServerClient) -> bool:
        """Spend an X25519 on that client; False beyond the budget."""
        return self._key_budget.pays(client.address)

    # frames: False makes the frame invalid

    def on_control(self, client: ServerClient, kind: int, frame: bytes) -> bool:
        """A frame that is not data for a peer."""
        handler = self._handlers.get(kind)
        return handler is not None and handler(client, frame)

    def _on_routing_request(self, client: ServerClient, frame: bytes) -> bool:
        if not ROUTING_REQUEST.fits(frame):
            return False
        public_key, links = frame[1:], client.links
        connection_id = client.connection_ids.get(public_key, 0)
        known = connection_id != 0
        refused = self.policy is not None and not self.policy.may_link(client.public_key, public_key)
        if not known and not refused and public_key != client.public_key:
            free = (i for i in range(FIRST_CONNECTION_ID, LAST_CONNECTION_ID + 1) if i not in links)
            connection_id = next(free, 0)
        sent = client.send(ROUTING_RESPONSE.make(connection_id, public_key), True)
        if known or not connection_id or not sent:
            # a client that cannot be told has no connection either, and will ask again
            return True
        link = links[connection_id] = Link(client, connection_id, public_key)
        client.connection_ids[public_key] = connection_id
        other = self._by_key.get(public_key)
        back = other.links.get(other.connection_ids.get(client.public_key, 0)) if other is not None else None
        if back is not None:
            link.back, back.back = back, link
            for end in (link, back):
                self._notify(end.client, CONNECTED.prefix + end.first)
        return True

    def _on_connected(self, _client: ServerClient, frame: bytes) -> bool:
        # c-toxcore's clients send it, and its server does nothing with it
        return CONNECTED.fits(frame)

    def _on_disconnected(self, client: ServerClient, frame: bytes) -> bool:
        link = client.links.pop(frame[1], None) if DISCONNECTED.fits(frame) else None
        if link is None:
            return False
        del client.connection_ids[link.public_key]
        self._disconnect(link)
        return True

    def _disconnect(self, link: Link) -> None:
        """The peer's own link stays, offline."""
        back = link.back
        if back is not None:
            link.back = back.back = None
            self._notify(back.client, DISCONNECTED.prefix + back.first)

    def _notify(self, client: ServerClient, frame: bytes) -> None:
        """Send what a client must know; one that has left 192 KiB unread will be closed."""
        if not client.send(frame, True) and not client.doomed:
            client.doomed = True
            self.rt.timers.call_later(0, lambda: self.kill(client, "tcp_unread"))

    def _on_ping(self, client: ServerClient, frame: bytes) -> bool:
        if not PING.fits(frame):
            return False
        client.send(PONG.make(frame[1:]), True)
        return True

    def _on_pong(self, client: ServerClient, frame: bytes) -> bool:
        ping_id = frame[1:]
        if not PONG.fits(frame) or not any(ping_id):
            return False
        if ping_id == client.ping_id:
            client.ping_id = b""
            self._awaiting.pop(client, None)
        return True

    def _on_oob_send(self, client: ServerClient, frame: bytes) -> bool:
        public_key, data = frame[1 : 1 + KEY_SIZE], frame[1 + KEY_SIZE :]
        if not OOB_SEND.fits(frame):
            return False
        if self.policy is not None and self.policy.takes_oob(client, public_key, data):
            return True
        other = self._by_key.get(public_key)
        if other is not None:
            other.send(OOB_RECEIVED.make(client.public_key) + data)
        return True

    def _on_onion_frame(self, client: ServerClient, frame: bytes) -> bool:
        if self.on_onion_request is None:
            return True
        if not ONION_REQUEST.fits(frame):
            return False
        if client.requests.take(self.rt.clock.now_ms):
            self.on_onion_request(client, frame[1:])
        else:
            self.rt.counters.drop("tcp_request_budget")
        return True

    def _on_forward_frame(self, client: ServerClient, frame: bytes) -> bool:
        if self.on_forward_request is None:
            return False
        try:
            _address, end = unpack_ip_port(frame, 1)
        except PacketError:
            return False
        if len(frame) - end > MAX_FORWARD_DATA_SIZE:
            return False
        if client.requests.take(self.rt.clock.now_ms):
            self.on_forward_request(client, frame[1:])
        else:
            self.rt.counters.drop("tcp_request_budget")
        return True

    # time

    def _arm(self) -> None:
        """Have one timer for whatever comes first."""
        deadlines = [self._incoming.deadline_ms, self._unconfirmed.deadline_ms]
        deadlines += [next(iter(queue.values()), None) for queue in (self._next_ping, self._awaiting)]
        soonest = min((ms for ms in deadlines if ms is not None), default=None)
        timer = self._timer
        if soonest is None or (timer is not None and timer.deadline_ms <= soonest):
            # a timer too early is harmless
            return
        if timer is not None:
            timer.cancel()
        self._timer = self.rt.timers.call_at(soonest, self._sweep)

    def _sweep(self) -> None:
        self._timer = None
        now_ms = self.rt.clock.now_ms
        for connection in self._incoming.expired(now_ms):
            self.give_up(connection, "tcp_hello_timeout")
        for connection in self._unconfirmed.expired(now_ms):
            self.give_up(connection, "tcp_unconfirmed_timeout")
        for client in _due(self._awaiting, now_ms):
            # this program may have slept: the pong can be here, unread
            client.stream.on_ready()
            if client in self._awaiting:
                self.kill(client, "tcp_pong_timeout")
        for client in _due(self._next_ping, now_ms + PING_TOGETHER_MS):
            self._ping(client)
        self._arm()

    def _ping(self, client: ServerClient) -> None:
        now_ms = self.rt.clock.now_ms
        # moved behind all others, so that the queues stay in order
        del self._next_ping[client]
        self._next_ping[client] = now_ms + PING_INTERVAL_MS
        self._awaiting[client] = now_ms + PONG_TIMEOUT_MS
        client.ping_id = (self.rt.rng.below((1 << 64) - 1) + 1).to_bytes(8, "big")
        # what cannot be sent cannot be answered, and that ends the connection as well
        client.send(PING.make(client.ping_id), True)


def _due(queue: dict[ServerClient, int], now_ms: int) -> list[ServerClient]:
    due = []
    for client, deadline_ms in queue.items():
        if deadline_ms > now_ms:
            break
        due.append(client)
    return due
