"""Sessions with mailboxes, each under an identity that is thrown away: nothing ties two of them together.

A link has a real key, a DHT key and a UDP socket, or a connection to the mailbox's relay, of its own. So a
mailbox sees neither who we are nor our node of the DHT; what it sees is an IP, or what a proxy leaves of it.

    open      cookie and handshake as with any peer, Noise if the options say so; by UDP, and if that is not
              answered soon by the mailbox's relay as well
    up        packets of kind 0xa8 in both directions, whole and in order
    down      for a reason in words: it does not answer, says nonsense, falls silent, or nobody uses it

A packet of anybody but the mailbox is dropped, and what the mailbox can make us compute has a budget.
"""

from __future__ import annotations

from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.dht.budget import KeyBudget, TokenBucket
from toxpy.errors import PacketError
from toxpy.ext.offline.ops import PACKET_MAILBOX
from toxpy.ext.offline.ways import Ways
from toxpy.generated import enums
from toxpy.net_crypto.net_crypto import NetCrypto
from toxpy.net_crypto.policy import Handshakes
from toxpy.runtime import FORKS, LOG_DEBUG, Dispatch
from toxpy.tcp.pool import TcpPool
from toxpy.wire.address import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from toxpy.ext.offline.records import Mailbox
    from toxpy.friend.layers import Layers
    from toxpy.net_crypto.connection import CryptoConnection
    from toxpy.network.node import Socket
    from toxpy.runtime import Runtime, Timer
    from toxpy.wire.address import Address

    class LinkOwner(Protocol):
        """Who opened a link. May call anything of the link from any of these."""

        def on_up(self) -> None:
            """Packets can be sent from now on."""

        def on_packet(self, data: bytes, /) -> None:
            """One packet of the mailbox. A PacketError that this raises ends the link."""

        def on_down(self, reason: str, /) -> None:
            """Over, or it never came to be; told once, and not after `close`."""


#: Time in which a mailbox has to answer, ms: on the internet, and where circuits have to be built.
ANSWER_TIMEOUT_MS, HIDDEN_TIMEOUT_MS = 20_000, 60_000
#: Time after which the mailbox's relay is tried beside UDP, ms: where UDP works it has answered long ago.
RELAY_AFTER_MS = 5_000
#: Time without a packet in either direction after which a link is of no use, ms; a mailbox ends it as well.
IDLE_TIMEOUT_MS = 60_000
#: Silence of a mailbox, which sends a sign of life every two seconds, after which it is gone, ms.
SILENCE_MS = 30_000
#: Time between two looks at both, ms.
CHECK_MS = 10_000
#: Datagrams taken in one pass: more is a flood, and waits or is lost in the kernel.
MAX_DATAGRAMS = 256
#: X25519 that a mailbox makes us compute.
X25519_PER_S, X25519_BURST = 1, 16


class LinkBudget(KeyBudget):
    """What one mailbox may make us compute, wherever its packets come from."""

    __slots__ = ("_bucket", "_clock")

    def __init__(self, *, rt: Runtime) -> None:
        super().__init__(rt=rt)
        self._clock = rt.clock
        self._bucket = TokenBucket(X25519_PER_S, X25519_BURST, rt.clock.now_ms)

    def _has(self, address: Address, count: int) -> bool:
        return self._bucket.take(self._clock.now_ms, count)


class LinkKeys:
    """The throw-away DHT key of one link."""

    __slots__ = ("budget", "keys", "public_key", "shared_keys")

    def __init__(self, *, rt: Runtime) -> None:
        self.keys = KeyPair.generate(rt.rng)
        self.public_key = self.keys.public
        self.shared_keys = SharedKeys(self.keys, rt=rt)
        self.budget: KeyBudget = LinkBudget(rt=rt)


class MailboxHandshakes(Handshakes):
    """For one link, as the options say for everybody. Nobody is pinned: each session is somebody else's."""

    __slots__ = ("_fallback", "_only", "first")

    def __init__(self, only: bool, fallback: bool) -> None:
        self._only = only
        self._fallback = fallback
        #: no try has failed yet
        self.first = True

    def begins_with_noise(self, real_pk: bytes) -> bool:
        """The second try goes without, where that is allowed."""
        return self.first or not self.may_fall_back(real_pk)

    def accepts_legacy(self, real_pk: bytes) -> bool:
        """Not where Noise is required."""
        return not self._only

    def may_fall_back(self, real_pk: bytes) -> bool:
        """Not where Noise is required, and not when the program does not want it."""
        return self._fallback and not self._only


class Link:
    """One session with a mailbox; made by `Links.open`. The owner of its crypto connection."""

    __slots__ = (
        "_connection",
        "_deadline_ms",
        "_dispatch",
        "_layers",
        "_links",
        "_net",
        "_owner",
        "_policy",
        "_pool",
        "_relay_ms",
        "_timer",
        "_tries",
        "_udp",
        "_used_ms",
        "_ways",
        "is_up",
        "mailbox",
    )

    def __init__(
        self,
        links: Links,
        layers: Layers,
        mailbox: Mailbox,
        owner: LinkOwner,
        policy: MailboxHandshakes | None,
    ) -> None:
        rt = layers.rt
        self._links = links
        self._layers = layers
        self._owner = owner
        self.mailbox = mailbox
        self.is_up = False
        self._used_ms = rt.clock.now_ms
        #: until then it has to answer, and from then on its relay is used
        self._deadline_ms = self._relay_ms = 0
        self._ways: Ways | None = None
        self._udp: Socket | None = None
        self._pool: TcpPool | None = None
        self._net: NetCrypto | None = None
        self._connection: CryptoConnection | None = None
        self._policy = policy
        self._tries = 0
        self._dispatch = Dispatch()
        # what goes wrong at once is told later, as everything else
        self._timer: Timer = rt.timers.call_later(0, self._begin)

    # what the owner uses

    def send(self, data: bytes) -> bool:
        """Send a packet of 1 to 1373 bytes that begins with 0xa8; False while it is not up or has no room."""
        connection = self._connection
        if not self.is_up or connection is None or connection.write_lossless(data) < 0:
            return False
        self._used_ms = self._layers.rt.clock.now_ms
        return True

    def room(self) -> int:
        """How many packets to send now at most, so that few wait."""
        connection = self._connection
        return connection.free_slots() if self.is_up and connection is not None else 0

    def close(self, *, tell: bool = True) -> None:
        """Tell the mailbox, and forget the keys. Repeating it is harmless; the owner hears nothing more."""
        links = self._links
        if self not in links.open_links:
            return
        links.open_links.remove(self)
        self.is_up = False
        self._timer.cancel()
        net, pool, udp = self._net, self._pool, self._udp
        self._net = self._connection = self._pool = self._udp = None
        for each in net.connections() if net is not None else ():
            if tell:
                each.kill()
            else:
                each.close(notify=False)
        if pool is not None:
            pool.close()
        if udp is not None:
            self._layers.node.streams.unwatch(udp.fileno())
            udp.close()

    # coming to be

    def _begin(self) -> None:
        """Find the ways, make keys, and ask for a cookie."""
        layers, rt = self._layers, self._layers.rt
        try:
            ways = self._ways = Ways(self.mailbox, layers)
            if ways.udp:
                self._udp = layers.node.udp.sibling()
        except (ValueError, OSError) as error:
            self._fail(str(error))
            return
        udp, keys = self._udp, LinkKeys(rt=rt)
        if udp is not None and udp.fileno() >= 0:
            layers.node.streams.watch(udp.fileno())
        connect = layers.node.streams.connect
        only = layers.tcp.only
        self._pool = TcpPool(keys.keys, keys.shared_keys, rt=rt, connect=connect, proxy=ways.proxy, only=only)
        net = self._net = NetCrypto(
            KeyPair.generate(rt.rng),
            keys,
            rt=rt,
            send=self._send_nowhere if udp is None else udp.send,
            udp=self._dispatch,
            tcp=self._pool,
            path=None if udp is None else udp.path,
        )
        if self._policy is not None:
            net.use(self._policy)
        hidden = ways.proxy is not None
        now_ms = rt.clock.now_ms
        self._deadline_ms = now_ms + (HIDDEN_TIMEOUT_MS if hidden else ANSWER_TIMEOUT_MS)
        self._relay_ms = now_ms if udp is None else now_ms + RELAY_AFTER_MS
        self._connect()

    def _send_nowhere(self, address: Address, data: bytes) -> None:
        """There is no UDP on this link."""

    def _connect(self) -> None:
        net, ways, rt = self._net, self._ways, self._layers.rt
        if net is None or ways is None:
            return
        try:
            self._connection = net.connect(self.mailbox.real_pk, self.mailbox.dht_pk, self)
        except ValueError as error:
            self._fail(str(error))
            return
        self._timer.cancel()
        if self._udp is not None and not self._tries % 2:
            # the second try is by the relay alone: it may be the way back that is blocked
            self._connection.set_address(ways.address)
        if rt.clock.now_ms < self._relay_ms:
            self._timer = rt.timers.call_at(self._relay_ms, self._use_relay)
        else:
            self._use_relay()

    def _use_relay(self) -> None:
        """By the relay at the mailbox's address, where it is a client itself."""
        pool, ways, connection, rt = self._pool, self._ways, self._connection, self._layers.rt
        if pool is None or ways is None or connection is None:
            return
        node = Node(self.mailbox.dht_pk, ways.address, tcp=True)
        pool.add_relay(node, ways.host)
        connection.add_relay(node)
        self._timer = rt.timers.call_at(self._deadline_ms, self._answer_timed_out)

    def _answer_timed_out(self) -> None:
        states = self._pool.relay_states() if self._pool is not None else []
        errors = [error for _node, _state, error in states if error]
        self._fail(errors[0] if errors else "it does not answer")

    # the connection's owner

    def attach(self, connection: CryptoConnection) -> None:
        """Nobody begins a session with us."""

    def on_established(self) -> None:
        """The mailbox is who it should be."""
        rt = self._layers.rt
        self.is_up = True
        self._used_ms = rt.clock.now_ms
        self._timer.cancel()
        self._timer = rt.timers.call_later(CHECK_MS, self._check)
        self._owner.on_up()

    def on_closed(self) -> None:
        """By the mailbox; or its answer does not come, and there is time to try again."""
        if self.is_up:
            self._fail("it ended the session")
        elif self._layers.rt.clock.now_ms < self._deadline_ms:
            self._tries += 1
            if self._policy is not None:
                self._policy.first = False
            self._connect()
        else:
            self._answer_timed_out()

    def on_lossless(self, data: bytes) -> None:
        """From the mailbox."""
        if data[0] != PACKET_MAILBOX:
            self._fail("it sends what no mailbox sends")
            return
        self._used_ms = self._layers.rt.clock.now_ms
        try:
            self._owner.on_packet(data)
        except PacketError as error:
            self._layers.rt.counters.drop("offline_answer")
            self._fail(f"its answer makes no sense: {error}")

    def on_lossy(self, data: bytes) -> None:
        """A mailbox has no use for these."""
        self._layers.rt.counters.drop("offline_lossy")

    def on_transport(self) -> None:
        """Whatever way it takes."""

    # while it is up

    def _check(self) -> None:
        connection, rt = self._connection, self._layers.rt
        if connection is None:
            return
        if connection.silence_ms >= SILENCE_MS:
            self._fail("it fell silent")
        elif rt.clock.now_ms - self._used_ms >= IDLE_TIMEOUT_MS:
            self._fail("nobody used the session")
        else:
            self._timer = rt.timers.call_later(CHECK_MS, self._check)

    def receive(self) -> None:
        """Take what came to the socket."""
        udp = self._udp
        if udp is None:
            return
        path, counters = udp.path, self._layers.rt.counters
        runs, batch, _more = path.receive(MAX_DATAGRAMS) if path is not None else ([], udp.receive(), False)
        for connection, address, records in runs:
            try:
                connection.receive_run(address, records)
            except PacketError:
                counters.drop("udp_malformed")
        for data, address in batch:
            if self._ways is None or address != self._ways.address or not data:
                counters.drop("offline_stranger")
                continue
            handler = self._dispatch.handlers[data[0]]
            if handler is None:
                counters.drop("udp_kind")
                continue
            try:
                handler(address, data)
            except PacketError:
                counters.drop("udp_malformed")

    def leave_to_parent(self) -> None:
        """After a fork: without a word to the mailbox, which talks to our parent."""
        self.close(tell=False)
        self._owner.on_down("it was the parent's")

    def _fail(self, reason: str) -> None:
        if self not in self._links.open_links:
            return
        self._layers.rt.log(LOG_DEBUG, f"mailbox {self.mailbox.real_pk.hex()[:16]}: {reason}")
        self._layers.rt.counters.count("offline_link_down")
        self.close()
        self._owner.on_down(reason)


class Links:
    """All links of an instance. `begin_pass` belongs to each of its passes, `close` to its end."""

    __slots__ = ("_forks", "_layers", "open_links")

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        self._forks = FORKS.count
        self.open_links: list[Link] = []

    def _policy(self) -> MailboxHandshakes | None:
        """For one link; None for the handshake of all Tox clients."""
        options = self._layers.options
        mode = int(options.handshake)
        if mode == enums.TOX_HANDSHAKE_MODE_LEGACY_ONLY:
            return None
        return MailboxHandshakes(mode == enums.TOX_HANDSHAKE_MODE_NOISE_ONLY, options.handshake_fallback)

    def __len__(self) -> int:
        return len(self.open_links)

    def open(self, mailbox: Mailbox, owner: LinkOwner) -> Link:
        """Begin a session; the owner hears from it later, also when there is no way to the mailbox."""
        link = Link(self, self._layers, mailbox, owner, self._policy())
        self.open_links.append(link)
        return link

    def begin_pass(self) -> None:
        """Take what came for all links."""
        if not self.open_links:
            return
        if self._forks != FORKS.count:
            self._leave_to_parent()
        for link in self.open_links[:]:
            link.receive()

    def _leave_to_parent(self) -> None:
        """We are the child of a fork: the sessions, and what comes to their sockets, are the parent's."""
        self._forks = FORKS.count
        for link in self.open_links[:]:
            link.leave_to_parent()

    def close(self) -> None:
        """End all sessions."""
        for link in self.open_links[:]:
            link.close()
