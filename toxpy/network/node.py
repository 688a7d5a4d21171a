"""A node of the network without a user: what an instance of Tox and a bootstrap node have in common.

    UDP  -> Dispatch by first byte -> DHT | LAN discovery | onion relay | announce server
                                    | forwarding | announcements | whatever claims more
    TCP  -> relay for others -------> onion relay | forwarding

`iterate` is one pass over one moment: receive, run what is due, send what was written to streams.
Nothing here blocks.
"""

from __future__ import annotations

from toxpy.dht.announcements import Announcements
from toxpy.dht.budget import KeyBudget
from toxpy.dht.dht import DHT
from toxpy.dht.forwarding import Forwarding
from toxpy.dht.lan import Lan
from toxpy.errors import PacketError
from toxpy.network.flood_queue import (
    MAX_UNSORTED,
    STRANGERS_AT_ONCE,
    STRANGERS_PER_PASS,
    X25519_PER_PASS,
    Strangers,
)
from toxpy.onion.announce import AnnounceServer
from toxpy.onion.path import OnionRelay
from toxpy.runtime import Dispatch
from toxpy.system.interfaces import Interfaces
from toxpy.system.socket_errors import ErrorLog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    from toxpy.crypto.keys import KeyPair
    from toxpy.runtime import Runtime
    from toxpy.system import streams as tcp_streams
    from toxpy.system.datapath import Datapath
    from toxpy.system.interfaces import Destination
    from toxpy.system.traffic import Traffic
    from toxpy.tcp.server import TcpServer
    from toxpy.wire.address import Address

    class Socket(Protocol):
        """`UdpSocket`, or a port in the simulated universe."""

        port: int
        traffic: Traffic
        errors: dict[int, int]

        @property
        def path(self) -> Datapath | None:
            """Batches, and data packets opened on the way; None where datagrams only come one by one."""

        @property
        def oversized(self) -> int: ...
        def fileno(self) -> int: ...
        def send(self, address: Address, data: bytes) -> None: ...
        def broadcast(self, data: bytes, port: int, destinations: Iterable[Destination]) -> None: ...
        def receive(self, limit: int = ...) -> list[tuple[bytes, Address]]: ...
        def sibling(self) -> Socket: ...
        def close(self) -> None: ...

    class Streams(Protocol):
        """`toxpy.system.streams.Streams`, or TCP in the simulated universe."""

        ipv6: bool
        errors: dict[int, int]

        def connect(self, address: Address) -> tcp_streams.Stream: ...
        def listen(self, port: int, host: str | None = None) -> tcp_streams.Listener: ...
        def watch(self, fd: int) -> None: ...
        def unwatch(self, fd: int) -> None: ...
        def fileno(self) -> int: ...
        def poll(self) -> None: ...
        def flush(self) -> None: ...
        def written(self) -> int: ...
        def linger(self) -> None: ...
        def leave_to_parent(self) -> None: ...
        def close(self) -> None: ...


#: Open files of a relay that nobody gave more.
DEFAULT_MAX_FILES = 2048
#: Datagrams handled in one pass, so that a flood cannot keep timers and relays from running; and in one call
#: of the datapath, which other threads wait for.
MAX_DATAGRAMS, MAX_BATCH = 4096, 512


class NetworkNode:
    """Takes over the socket, the streams and the relay's listeners; `close` closes them."""

    #: X25519 computed for strangers in a pass with many of them
    x25519_per_pass = X25519_PER_PASS

    __slots__ = (
        "_error_log",
        "_in_pass",
        "_lan",
        "_path",
        "_strangers",
        "announce",
        "announcements",
        "dht",
        "dispatch",
        "forwarding",
        "onion",
        "relay",
        "rt",
        "streams",
        "udp",
    )

    def __init__(
        self,
        keys: KeyPair,
        *,
        rt: Runtime,
        udp: Socket,
        streams: Streams,
        lan_discovery: bool = False,
        hole_punching: bool = True,
        announcements: bool = True,
    ) -> None:
        """`keys` are those of the DHT. Without `announcements` nothing is stored or forwarded for others."""
        self.rt = rt
        self.udp = udp
        self._path = udp.path
        self.streams = streams
        self._in_pass = False
        self._error_log = ErrorLog({"UDP": udp.errors, "TCP": streams.errors}, rt=rt)
        dispatch, send = Dispatch(), udp.send
        self.dispatch = dispatch
        dht = self.dht = DHT(keys, rt=rt, send=send, udp=dispatch, hole_punching=hole_punching)
        self._strangers = Strangers(dht.shared_keys, rt=rt)
        self.onion = OnionRelay(dht, rt=rt, send=send, udp=dispatch)
        self.announce = AnnounceServer(dht, rt=rt, send=send, udp=dispatch)
        self.forwarding: Forwarding | None = None
        self.announcements: Announcements | None = None
        if announcements:
            self.forwarding = Forwarding(dht, rt=rt, send=send, udp=dispatch)
            self.announcements = Announcements(dht, self.forwarding, rt=rt, send=send, udp=dispatch)
        self._lan: Lan | None = None
        if lan_discovery:
            find = Interfaces(rt=rt).destinations
            self._lan = Lan(
                dht, rt=rt, udp=dispatch, port=udp.port, broadcast=udp.broadcast, destinations=find
            )
        #: our TCP relay, once `start_relay` was called
        self.relay: TcpServer | None = None
        if udp.fileno() >= 0:
            streams.watch(udp.fileno())

    def start_relay(self, listeners: list[tcp_streams.Listener], max_files: int = DEFAULT_MAX_FILES) -> None:
        """Be a TCP relay on these listeners, with so many files open at most.

        Its clients use this node for the onion and for forwarding.
        """
        # most nodes are no relay and need not pay for the module
        from toxpy.tcp.server import TcpServer, room_for

        dht = self.dht
        clients, connections = room_for(max_files)
        relay = self.relay = TcpServer(
            dht.keys,
            dht.shared_keys,
            listeners,
            rt=self.rt,
            # its own: nobody can forge the source of a TCP connection, so a flood over UDP must not close it
            budget=KeyBudget(rt=self.rt),
            max_clients=clients,
            max_connections=connections,
        )
        onion, forwarding = self.onion, self.forwarding
        onion.to_relay_client = self._onion_response
        relay.on_onion_request = lambda client, data: onion.on_relay_request(client.token, data)
        if forwarding is not None:
            forwarding.to_relay_client = self._forwarding
            relay.on_forward_request = lambda client, data: forwarding.on_relay_request(client.token, data)

    def _onion_response(self, token: int, data: bytes) -> None:
        client = self.relay.client_by_token(token) if self.relay is not None else None
        if client is not None:
            client.send_onion_response(data)

    def _forwarding(self, token: int, data: bytes) -> None:
        client = self.relay.client_by_token(token) if self.relay is not None else None
        if client is not None:
            client.send_forwarding(data)

    def fileno(self) -> int:
        """A descriptor that becomes readable when anything arrives, -1 in a simulated network."""
        return self.streams.fileno()

    def iterate(self) -> None:
        """One pass. A call from inside of one, by a log callback or another thread, is only counted."""
        if self._in_pass:
            self.rt.counters.count("iterate_inside_itself")
            return
        self._in_pass = True
        path, rt, udp, streams = self._path, self.rt, self.udp, self.streams
        if path is not None:
            path.hold()
        rt.clock.begin_pass()
        try:
            streams.poll()
            batch = self._receive(path) if path is not None else udp.receive(MAX_DATAGRAMS)
            if batch or self._strangers.waiting:
                rt.pace.heard()
                self._handle_some(batch)
            rt.timers.run_due()
            if udp.errors or streams.errors:
                self._error_log.look()
        finally:
            self._in_pass = False
            if path is not None:
                path.release()
            streams.flush()

    def _receive(self, path: Datapath) -> list[tuple[bytes, Address]]:
        """Hand data packets to their connections; the datagrams that are something else."""
        runs, batch, more = path.receive(MAX_BATCH)
        calls = MAX_DATAGRAMS // MAX_BATCH
        while True:
            for connection, address, records in runs:
                try:
                    connection.receive_run(address, records)
                except PacketError:
                    self.rt.counters.drop("udp_malformed")
            calls -= 1
            if not more or not calls:
                return batch
            runs, raw, more = path.receive(MAX_BATCH)
            batch += raw

    def _handle_some(self, batch: list[tuple[bytes, Address]]) -> None:
        """All of a small batch; of a big one what need not wait."""
        strangers = self._strangers
        if len(batch) <= MAX_UNSORTED and not strangers:
            self._handle(batch)
            return
        self._handle(strangers.part(batch))
        # a short pass: nodes that we know, relay clients and timers wait for its end
        limit = self.dht.budget.spent + self.x25519_per_pass
        for _ in range(STRANGERS_PER_PASS // STRANGERS_AT_ONCE):
            if not strangers or self.dht.budget.spent >= limit:
                break
            self._handle(strangers.take(STRANGERS_AT_ONCE))

    def _handle(self, batch: list[tuple[bytes, Address]]) -> None:
        handlers, counters = self.dispatch.handlers, self.rt.counters
        for data, address in batch:
            handler = handlers[data[0]] if data else None
            if handler is None:
                counters.drop("udp_kind")
                continue
            try:
                handler(address, data)
            except PacketError:
                counters.drop("udp_malformed")

    def next_deadline_ms(self) -> int | None:
        """The moment at which something is due, 0 when it is now; None when only the network can wake us."""
        return 0 if self._strangers.waiting else self.rt.timers.next_deadline_ms()

    def timeout_ms(self) -> int | None:
        """Milliseconds until something is due, 0 when it is; None when only the network can wake us."""
        deadline_ms = self.next_deadline_ms()
        if not deadline_ms:
            return deadline_ms
        self.rt.clock.update()
        return max(0, deadline_ms - self.rt.clock.now_ms)

    def close(self) -> None:
        """Send what was written, and close everything; repeating it is harmless."""
        if self._lan is not None:
            self._lan.close()
        if self.relay is not None:
            self.relay.close()
        self.dht.close()
        self.streams.flush()
        self.streams.close()
        self.udp.close()
