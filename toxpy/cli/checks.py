"""What `doctor` looks at: each check asks one thing of the network or of this machine.

All of them run at the same time in one small loop (`run`), which ends when the last one knows its answer or
the time is over: what hangs is told as what hangs. Nothing is looked up or dialled but what the user named,
and the usual ports of tor and I2P on this machine.
"""

from __future__ import annotations

import ctypes
import select
from collections.abc import Callable, Sequence
from email.utils import formatdate
from typing import TYPE_CHECKING, Protocol

from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.crypto.sodium import NONCE_SIZE
from toxpy.dht.packets import PING_ID_SIZE, open_packet, seal_packet, sender_of
from toxpy.runtime import Runtime
from toxpy.system.sockets import UdpSocket
from toxpy.system.streams import Stream, Streams
from toxpy.tcp.client import TcpClient
from toxpy.tcp.proxy import SOCKS5, Proxy
from toxpy.wire.address import Node, format_address
from toxpy.wire.packets import PING_REQUEST, PING_RESPONSE

if TYPE_CHECKING:
    from toxpy.wire.address import Address

#: What a check says: it works, it does not, it is not there and nobody asked for it.
WORKS, FAILS, UNUSED = "works", "fails", "unused"
#: Longest sleep of the loop, s.
STEP_S = 0.05
#: Questions to a silent node go out again after this time, ms: UDP loses some.
REPEAT_MS = 1000
#: Answer of adjtimex when nothing keeps the clock right, and bytes that its struct surely fits into.
_TIME_ERROR, _TIMEX_SIZE = 5, 512
#: Where Linux lists the IPv6 addresses: address, interface, prefix length, scope, flags, name.
IPV6_LIST = "/proc/net/if_inet6"


class World:
    """What the checks share: a clock, streams, the UDP socket and keys made for this run."""

    def __init__(self, rt: Runtime) -> None:
        self.rt = rt
        self.streams = Streams(rt=rt)
        #: None until `bind`
        self.udp: UdpSocket | None = None
        self.keys = KeyPair.generate(rt.rng)
        self.shared_keys = SharedKeys(self.keys, rt=rt)

    def bind(self, ipv6: bool, port: int) -> UdpSocket:
        """The UDP socket, on that port or, with 0, one of the usual ones; OSError when there is none."""
        self.udp = UdpSocket.bind(ipv6, port, port)
        return self.udp

    def close(self) -> None:
        """Close everything."""
        self.streams.close()
        if self.udp is not None:
            self.udp.close()

    def since_ms(self, start_ms: int) -> int:
        """Time since then, at least 1 ms."""
        return max(self.rt.clock.now_ms - start_ms, 1)


class Check:
    """One question; `state` is "" until there is an answer, `message` is for people."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.state = ""
        self.message = ""

    def say(self, state: str, message: str) -> None:
        """The answer; the first one counts."""
        if not self.state:
            self.state, self.message = state, message

    def step(self) -> None:
        """Called in every pass."""

    def on_late(self, limit_s: float) -> None:
        """The time is over: say what did not happen."""
        self.say(FAILS, f"no answer within {limit_s:g} s")

    def close(self) -> None:
        """End what is still under way."""


def run(world: World, checks: Sequence[Check], limit_s: float) -> None:
    """Until all have an answer, or for that many seconds."""
    rt, streams, udp = world.rt, world.streams, world.udp
    watched = [streams.fileno(), *([udp.fileno()] if udp is not None else [])]
    rt.clock.update()
    end_ms = rt.clock.now_ms + round(1000 * limit_s)
    while rt.clock.now_ms < end_ms and not all(check.state for check in checks):
        rt.clock.update()
        streams.poll()
        rt.timers.run_due()
        for check in checks:
            check.step()
        streams.flush()
        if udp is not None:
            udp.path.flush()
        if not all(check.state for check in checks):
            select.select(watched, (), (), STEP_S)
    for check in checks:
        if not check.state:
            check.on_late(limit_s)
        check.close()


# this machine


def is_clock_kept() -> bool:
    """True if the kernel says that something keeps its clock right, as NTP does."""
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    if adjtimex is None:
        return False
    return int(adjtimex(ctypes.create_string_buffer(_TIMEX_SIZE))) not in (-1, _TIME_ERROR)


class ClockCheck(Check):
    """The wall clock: not before this program was installed, and kept right by something."""

    def __init__(self, now_s: int, installed_s: float, is_kept: bool) -> None:
        super().__init__("clock")
        date = f"{formatdate(now_s)[:-6]} UTC"
        if now_s < installed_s:
            self.say(
                FAILS, f"the clock says {date}, before this program was installed: set it. Tor needs it right"
            )
        elif is_kept:
            self.say(WORKS, f"{date}, kept right by a time service")
        else:
            self.say(
                WORKS, f"{date}; no time service keeps it right, so compare it: tor needs it to the hour"
            )


def global_ipv6(listing: str) -> str:
    """The first address that is of the internet, in a listing as IPV6_LIST; "" when there is none."""
    for line in listing.splitlines():
        digits = line[:32]
        if digits[:1] in ("2", "3") and len(digits) == 32:
            return ":".join(digits[at : at + 4] for at in range(0, 32, 4))
    return ""


# UDP


class UdpCheck(Check):
    """Which nodes answer a ping over UDP; `family` is 4 or 6, the bytes of an IP."""

    def __init__(
        self, world: World, nodes: Sequence[tuple[Address, bytes]], family: int, own: str = ""
    ) -> None:
        super().__init__("udp" if family == 4 else "ipv6")
        self._world = world
        self._nodes = [(address, key) for address, key in nodes if len(address[0]) == family]
        self._own = own
        self._begun_ms = world.rt.clock.now_ms
        self._asked_ms: int | None = None
        self._ping_id = world.rt.rng.bytes(PING_ID_SIZE)
        if self._nodes:
            return
        port = world.udp.port if world.udp is not None else 0
        if family == 4:
            self.say(
                WORKS, f"port {port} can be used; --node or --nodes FILE tells whether answers come back"
            )
        elif own:
            self.say(
                WORKS,
                f"this machine has {own}; a --node with an IPv6 address tells whether answers come back",
            )
        else:
            self.say(UNUSED, "this machine has no address of the IPv6 internet; IPv4 is enough")

    def step(self) -> None:
        now_ms = self._world.rt.clock.now_ms
        if not self.state and (self._asked_ms is None or now_ms - self._asked_ms >= REPEAT_MS):
            self._asked_ms = now_ms
            for address, key in self._nodes:
                self._ask(address, key)

    def _ask(self, address: Address, key: bytes) -> None:
        world = self._world
        shared = world.shared_keys.get(key)
        if shared is not None and world.udp is not None:
            nonce, payload = world.rt.rng.bytes(NONCE_SIZE), PING_REQUEST.prefix + self._ping_id
            world.udp.send(address, seal_packet(PING_REQUEST, world.keys.public, shared, nonce, payload))

    def on_datagram(self, address: Address, data: bytes) -> None:
        """Whatever came: only the answer of a node that was asked counts."""
        key = sender_of(data) if PING_RESPONSE.fits(data) and data[0] == PING_RESPONSE.kind else b""
        shared = self._world.shared_keys.get(key) if (address, key) in self._nodes else None
        if shared is not None and open_packet(shared, data) == PING_RESPONSE.prefix + self._ping_id:
            delay_ms = self._world.since_ms(self._begun_ms)
            self.say(WORKS, f"{format_address(address)} answered after {delay_ms} ms")

    def on_late(self, limit_s: float) -> None:
        count = len(self._nodes)
        if self.name == "udp":
            self.say(
                FAILS,
                f"none of {count} nodes answered within {limit_s:g} s: they are gone, or a firewall drops "
                "UDP. Friends can still be reached over TCP: give a --relay",
            )
        else:
            why = "they are gone, or IPv6 is cut off" if self._own else "this machine has no IPv6"
            self.say(
                FAILS,
                f"none of {count} IPv6 nodes answered within {limit_s:g} s: {why}; --no-ipv6 leaves it out",
            )


class Hears(Protocol):
    """A check that waits for datagrams."""

    def on_datagram(self, address: Address, data: bytes) -> None:
        """One came."""


class Datagrams(Check):
    """No question of its own: brings what arrives to the checks that wait for it."""

    def __init__(self, udp: UdpSocket, waiting: Sequence[Hears]) -> None:
        super().__init__("")
        self.state = UNUSED
        self._udp = udp
        self._waiting = waiting

    def step(self) -> None:
        for data, address in self._udp.receive():
            for check in self._waiting:
                check.on_datagram(address, data)


# services that one talks to


class Talk(Protocol):
    """What is said to a service: `toxpy.ext.networks.conversation`, or a proxy's handshake."""

    first: bytes
    done: bool
    failure: str | None

    def feed(self, data: bytes) -> bytes:
        """What it said; what to answer."""


class Greeting:
    """A SOCKS5 proxy's first answer: it asks for nothing that we lack."""

    def __init__(self, proxy: Proxy) -> None:
        self._handshake = proxy.handshake((bytes(4), 1))
        self.first = self._handshake.first
        self.done = False
        self.failure: str | None = None

    def feed(self, data: bytes) -> bytes:
        """The request that it would get next is not sent."""
        self.done = bool(self._handshake.feed(data))
        self.failure = self._handshake.failure
        return b""


class Nothing:
    """Nothing is said: it is enough that the connection comes to be."""

    first = b""
    done = True
    failure: str | None = None

    def feed(self, data: bytes) -> bytes:
        """Whatever it says."""
        return b""


class ServiceCheck(Check):
    """Talk to a service; one that is not `wanted` may be absent.

    `good` gives state and words for a talk that came to its end, `advice` is for one who finds nobody there.
    """

    def __init__(
        self,
        name: str,
        world: World,
        address: Address,
        talk: Talk,
        good: Callable[[], tuple[str, str]],
        advice: str,
        *,
        wanted: bool,
    ) -> None:
        super().__init__(name)
        self._talk = talk
        self._good = good
        self._advice = advice
        self._wanted = wanted
        self._where = format_address(address)
        self._begun = False
        self._stream: Stream | None = None
        try:
            self._stream = world.streams.connect(address)
        except OSError as error:
            self.say(FAILS, f"no connection to {self._where} can be made: {error.strerror or error}")
            return
        self._stream.on_ready = self._on_ready

    def _on_ready(self) -> None:
        stream, talk = self._stream, self._talk
        if stream is None or self.state:
            return
        if stream.is_connected() and not self._begun:
            self._begun = True
            stream.write(talk.first)
        data = b"" if self._begun and talk.done else stream.read()
        if data:
            stream.write(talk.feed(data))
        if talk.failure:
            self.say(FAILS, f"{self._where}: {talk.failure}")
        elif self._begun and talk.done:
            self.say(*self._good())
        elif data is None:
            self._on_end()

    def _on_end(self) -> None:
        if self._begun:
            self.say(FAILS, f"{self._where} closed the connection without an answer. {self._advice}")
        else:
            self.say(FAILS if self._wanted else UNUSED, f"nobody listens at {self._where}. {self._advice}")

    def on_late(self, limit_s: float) -> None:
        if self._begun:
            self.say(
                FAILS, f"{self._where} takes connections and then says nothing for {limit_s:g} s: restart it"
            )
        else:
            self.say(
                FAILS, f"{self._where} did not answer within {limit_s:g} s: a wrong address, or a firewall"
            )

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None


class RelayCheck(Check):
    """Connect to a TCP relay, through the proxy if there is one, until a frame proves its key."""

    def __init__(self, world: World, node: Node, proxy: Proxy | None, host: str | None) -> None:
        super().__init__("relay")
        self._world = world
        self._begun_ms = world.rt.clock.now_ms
        self._where = f"{host}:{node.address[1]}" if host is not None else format_address(node.address)
        self._client = TcpClient(
            node,
            world.keys,
            world.shared_keys,
            self,
            rt=world.rt,
            connect=world.streams.connect,
            proxy=proxy,
            host=host,
        )
        self._way = "" if proxy is None else f" through the {proxy.name}"

    def on_connected(self, client: TcpClient) -> None:
        """It is the relay."""
        delay_ms = self._world.since_ms(self._begun_ms)
        self.say(WORKS, f"{self._where} answered{self._way} after {delay_ms} ms")

    def on_closed(self, client: TcpClient, reason: str) -> None:
        """It is not there, or not itself."""
        advice = ": its port or key is another one" if "before the relay answered" in reason else ""
        self.say(FAILS, f"{self._where}: {reason}{advice}")

    def on_late(self, limit_s: float) -> None:
        self.say(
            FAILS, f"{self._where} did not answer{self._way} within {limit_s:g} s: it is gone, or a firewall"
        )

    def close(self) -> None:
        self._client.close()

    # a client without peers hears nothing of these

    def on_routing_response(self, client: TcpClient, connection_id: int | None, dht_pk: bytes) -> None:
        """Nobody was asked for."""

    def on_peer_status(self, client: TcpClient, connection_id: int, online: bool) -> None:
        """There are no peers."""

    def on_data(self, client: TcpClient, connection_id: int, data: bytes) -> None:
        """There are no peers."""

    def on_oob(self, client: TcpClient, dht_pk: bytes, data: bytes) -> None:
        """Nobody knows our key."""

    def on_onion_response(self, client: TcpClient, data: bytes) -> None:
        """Nothing was asked."""

    def on_forwarding(self, client: TcpClient, data: bytes) -> None:
        """Nothing was asked."""

    def on_room(self, client: TcpClient) -> None:
        """Nothing waits."""


def proxy_check(world: World, proxy: Proxy) -> Check:
    """The proxy takes connections, and a SOCKS5 one speaks SOCKS5."""
    advice = "Start it, or give another --proxy"
    if proxy.kind == SOCKS5:
        talk: Talk = Greeting(proxy)
        words = f"{format_address(proxy.address)} speaks SOCKS5; a --relay tells whether it lets Tox through"
    else:
        talk = Nothing()
        words = (
            f"{format_address(proxy.address)} takes connections; a --relay tells whether it lets Tox through"
        )
    return ServiceCheck("proxy", world, proxy.address, talk, lambda: (WORKS, words), advice, wanted=True)
