"""A node of the network without a user: what a bootstrap node runs.

    UDP socket -> Dispatch by first byte -> DHT | onion relay | announce server | bootstrap info
    streams    -> TCP relay server -> onion relay

The same layers as in `Core` below the friends, around the keys of a keys file: everybody who
bootstraps from a node knows it by its key, so it must not change. Nothing here blocks; `iterate`
when `fileno` becomes readable or `timeout_ms` has passed.
"""

from __future__ import annotations

from toxpy.dht.bootstrap_info import BootstrapInfo, version_number
from toxpy.dht.dht import DHT
from toxpy.enums import TOX_VERSION_MAJOR, TOX_VERSION_MINOR, TOX_VERSION_PATCH
from toxpy.errors import PacketError
from toxpy.onion.announce import AnnounceServer
from toxpy.onion.path import OnionRelay
from toxpy.runtime import LOG_INFO, Dispatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.core_start import Socket
    from toxpy.crypto.keys import KeyPair
    from toxpy.runtime import Runtime
    from toxpy.streams import Streams
    from toxpy.wire.address import Address

#: Datagrams handled per iterate, so that a flood cannot keep timers and relay from running.
MAX_DATAGRAMS = 1024
#: What we say in answers to bootstrap-info requests: c-toxcore's version that we are compatible with.
VERSION = version_number(TOX_VERSION_MAJOR, TOX_VERSION_MINOR, TOX_VERSION_PATCH)


class Traffic:
    """Packets and bytes of one direction by first byte."""

    __slots__ = ("byte_counts", "packets")

    def __init__(self) -> None:
        self.packets = [0] * 256
        self.byte_counts = [0] * 256

    def count(self, data: bytes) -> None:
        """One packet, not empty."""
        kind = data[0]
        self.packets[kind] += 1
        self.byte_counts[kind] += len(data)


class BootstrapNode:
    """Takes over the socket and the streams; `close` closes them."""

    __slots__ = (
        "_udp",
        "_was_connected",
        "announce",
        "dht",
        "dispatch",
        "info",
        "received",
        "relay",
        "rt",
        "sent",
        "streams",
    )

    def __init__(
        self, keys: KeyPair, *, rt: Runtime, udp: Socket, streams: Streams, motd: bytes | None = None
    ) -> None:
        """`motd` None leaves bootstrap-info requests unanswered."""
        self.rt = rt
        self._udp = udp
        self.streams = streams
        self.sent, self.received = Traffic(), Traffic()
        self._was_connected = False
        dispatch = self.dispatch = Dispatch()
        send = self._send
        self.dht = DHT(keys, rt=rt, send=send, udp=dispatch)
        self.relay = OnionRelay(self.dht, rt=rt, send=send, udp=dispatch)
        self.announce = AnnounceServer(self.dht, rt=rt, send=send, udp=dispatch)
        self.info: BootstrapInfo | None = None
        if motd is not None:
            self.info = BootstrapInfo(VERSION, motd + b"\0", rt=rt, send=send, udp=dispatch)
        if udp.fileno() >= 0:
            streams.watch(udp.fileno())

    @property
    def port(self) -> int:
        """The UDP port."""
        return self._udp.port

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
        handlers, counters, received = self.dispatch.handlers, self.rt.counters, self.received
        for data, address in self._udp.receive(MAX_DATAGRAMS):
            if not data:
                counters.drop("udp_kind")
                continue
            received.count(data)
            handler = handlers[data[0]]
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

    def udp_errors(self) -> dict[int, int]:
        """errno -> how often."""
        errors: dict[int, int] = getattr(self._udp, "errors", {})
        return errors

    def close(self) -> None:
        """Close everything; repeating it is harmless."""
        self.dht.close()
        self.streams.close()
        self._udp.close()

    def _send(self, address: Address, data: bytes) -> None:
        self.sent.count(data)
        self._udp.send(address, data)
