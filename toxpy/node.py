"""A node of the network without a user: what a bootstrap node runs.

    UDP socket -> Dispatch by first byte -> DHT | LAN discovery | onion relay | announce server
                                          | forwarding | announcements | bootstrap info
    streams    -> TCP relay -> onion relay | forwarding

The same layers as in `Core` below the friends, around the keys of a keys file: everybody who
bootstraps from a node knows it by its key, so it must not change. Nothing here blocks; `iterate`
when `fileno` becomes readable or `timeout_ms` has passed. c-toxcore: other/bootstrap_daemon.
"""

from __future__ import annotations

from toxpy.core_start import connect_onion
from toxpy.dht.announcements import Announcements
from toxpy.dht.bootstrap_info import BootstrapInfo, version_number
from toxpy.dht.dht import DHT
from toxpy.dht.forwarding import Forwarding
from toxpy.dht.lan import Lan
from toxpy.enums import TOX_VERSION_MAJOR, TOX_VERSION_MINOR, TOX_VERSION_PATCH
from toxpy.errors import PacketError
from toxpy.interfaces import Interfaces
from toxpy.onion.announce import AnnounceServer
from toxpy.onion.path import OnionRelay
from toxpy.runtime import LOG_INFO, Dispatch
from toxpy.tcp.server import DEFAULT_MAX_CLIENTS, TcpServer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.crypto.keys import KeyPair
    from toxpy.runtime import Runtime
    from toxpy.sockets import UdpSocket
    from toxpy.streams import Listener, Streams
    from toxpy.wire.address import Address

#: Datagrams handled per iterate, so that a flood cannot keep timers and relay from running.
MAX_DATAGRAMS = 1024
#: What we say in answers to bootstrap-info requests: c-toxcore's version that we are compatible with.
VERSION = version_number(TOX_VERSION_MAJOR, TOX_VERSION_MINOR, TOX_VERSION_PATCH)


class BootstrapNode:
    """Takes over the socket, the streams and their listeners; `close` closes them."""

    __slots__ = (
        "_was_connected",
        "announce",
        "announcements",
        "dht",
        "dispatch",
        "forwarding",
        "info",
        "lan",
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
        udp: UdpSocket,
        streams: Streams,
        listeners: list[Listener] | None = None,
        max_relay_clients: int = DEFAULT_MAX_CLIENTS,
        lan_discovery: bool = False,
        motd: bytes | None = None,
    ) -> None:
        """A TCP relay on the listeners, if any; `motd` None leaves bootstrap-info requests unanswered."""
        self.rt = rt
        self.udp = udp
        self.streams = streams
        self._was_connected = False
        dispatch, send = Dispatch(), udp.send
        self.dispatch = dispatch
        dht = self.dht = DHT(keys, rt=rt, send=send, udp=dispatch)
        self.forwarding = Forwarding(dht, rt=rt, send=send, udp=dispatch)
        self.announcements = Announcements(dht, self.forwarding, rt=rt, send=send, udp=dispatch)
        self.onion = OnionRelay(dht, rt=rt, send=send, udp=dispatch)
        self.announce = AnnounceServer(dht, rt=rt, send=send, udp=dispatch)
        self.lan: Lan | None = None
        if lan_discovery:
            find = Interfaces(rt=rt).destinations
            self.lan = Lan(
                dht, rt=rt, udp=dispatch, port=udp.port, broadcast=udp.broadcast, destinations=find
            )
        self.info: BootstrapInfo | None = None
        if motd is not None:
            self.info = BootstrapInfo(VERSION, motd + b"\0", rt=rt, send=send, udp=dispatch)
        self.relay: TcpServer | None = None
        if listeners:
            self.relay = TcpServer(
                keys, dht.shared_keys, listeners, rt=rt, budget=dht.budget, max_clients=max_relay_clients
            )
            connect_onion(self.relay, self.onion)
            connect_forwarding(self.relay, self.forwarding)
        if udp.fileno() >= 0:
            streams.watch(udp.fileno())

    @property
    def port(self) -> int:
        """The UDP port."""
        return self.udp.port

    def fileno(self) -> int:
        """One descriptor for everything that may come in."""
        return self.streams.fileno()

    def timeout_ms(self) -> int | None:
        """Milliseconds until `iterate` has something to do by itself; None for never."""
        deadline_ms = self.rt.timers.next_deadline_ms()
        if deadline_ms is None:
            return None
        self.rt.clock.update()
        return max(0, deadline_ms - self.rt.clock.now_ms)

    def iterate(self) -> None:
        """One pass over one moment: receive, run what is due, send."""
        self.rt.clock.update()
        self.streams.poll()
        handlers, counters = self.dispatch.handlers, self.rt.counters
        for data, address in self.udp.receive(MAX_DATAGRAMS):
            handler = handlers[data[0]] if data else None
            if handler is None:
                counters.drop("udp_kind")
                continue
            try:
                handler(address, data)
            except PacketError:
                counters.drop("udp_malformed")
        self.rt.timers.run_due()
        self.streams.flush()
        if not self._was_connected and self.dht.is_connected():
            self._was_connected = True
            self.rt.log(LOG_INFO, "Connected to another node of the DHT.")

    def bootstrap(self, address: Address, public_key: bytes) -> None:
        """Ask another node into the DHT, again and again while nobody answers us."""
        self.rt.clock.update()
        self.dht.bootstrap(address, public_key)

    def close(self) -> None:
        """Close everything; repeating it is harmless."""
        if self.lan is not None:
            self.lan.close()
        if self.relay is not None:
            self.relay.close()
        self.dht.close()
        self.streams.close()
        self.udp.close()


def connect_forwarding(relay: TcpServer, forwarding: Forwarding) -> None:
    """Let the clients of a relay have packets forwarded by its node."""

    def to_client(token: int, data: bytes) -> None:
        client = relay.client_by_token(token)
        if client is not None:
            client.send_forwarding(data)

    forwarding.to_relay_client = to_client
    relay.on_forward_request = lambda client, data: forwarding.on_relay_request(client.token, data)
