"""One encrypted connection to a peer. Spec: Crypto Connections. c-toxcore: net_crypto.c.

It is set up (`setup`, whose states it has), then data flows. A data packet is
`1b | low 16 bits of the nonce | box`; inside is

    receiving start 4 | number 4 | zeros until the whole is a multiple of 8 bigger | id 1 | data

with id 1 packet request, 2 kill, 16..191 lossless, 192..254 lossy. `number` is the packet's own for
lossless packets and the number the sender will use next for all others.

One timer serves a connection, armed for the earliest of: the next try of the handshake, the delayed
acknowledgement, the time-out of what is in flight, the sign of life. Each of those is a plain moment
in a slot, so moving one later costs nothing.
"""

from __future__ import annotations

from toxpy.net_crypto.acknowledgements import ACK_DELAY_MS, Acknowledgements
from toxpy.net_crypto.alarm import Alarm
from toxpy.net_crypto.handshake import LEGACY
from toxpy.net_crypto.sender import REQUEST, Sender
from toxpy.net_crypto.setup import (
    CLOSE,
    CLOSED,
    COOKIE,
    COOKIE_REQUESTING,
    DATA,
    ESTABLISHED,
    FALL_BACK,
    HANDSHAKE,
    HANDSHAKE_SENT,
    KILL,
    MAX_TRIES,
    NOT_CONFIRMED,
    TRANSITIONS,
    TRY_INTERVAL_MS,
    UNANSWERED,
    Setup,
)
from toxpy.net_crypto.transport import OVER_TCP, OVER_UDP, Transport
from toxpy.net_crypto.window import INVALID, STALE, ReceiveWindow
from toxpy.wire.data_packets import MAX_DATA_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from toxpy.net_crypto.handshake import Handshake
    from toxpy.net_crypto.routes import Routes
    from toxpy.net_crypto.setup import OurKeys
    from toxpy.system.datapath import Session
    from toxpy.wire.address import Address, Node
    from toxpy.wire.data_packets import Record

    class Owner(Protocol):
        """Whom a connection reports to. May call anything of the connection from any of these."""

        def attach(self, connection: CryptoConnection) -> None:
            """Only for a connection the peer began: here it is, not yet established."""

        def on_established(self) -> None:
            """Data can be written from now on."""

        def on_closed(self) -> None:
            """Over, by the peer, by exhausted tries or by a newer session; not after our own `kill`."""

        def on_lossless(self, data: bytes) -> None:
            """One lossless packet, once and in order, beginning with its id."""

        def on_lossy(self, data: bytes) -> None:
            """One lossy packet, beginning with its id."""

        def on_transport(self) -> None:
            """`connection_type` of the established connection is another one now."""


# the protocol's
KILL_ID = 2
LOSSLESS_FIRST, LOSSLESS_LAST = 16, 191
LOSSY_FIRST, LOSSY_LAST = 192, 254

# ours
#: Time between signs of life on an idle connection, in ms. c-toxcore sends one each second and gives up the
#: direct connection after 8 s; two seconds survive three losses in a row.
IDLE_INTERVAL_MS = 2000
#: Silence after which a peer that begins a new session means it, in ms: a live one sends every second or two.
SILENT_MS = 5000
#: Copies of a kill packet. c-toxcore sends one; when that is lost the peer notices only after 32 s.
KILL_COPIES = 3
#: Time for which packets may come that a kill packet has overtaken, in ms.
OVERTAKEN_MS = 100

_KILL_DATA = bytes((KILL_ID,))


class CryptoConnection:
    """A session with one peer; made by NetCrypto only."""

    __slots__ = (
        "_acks",
        "_alarm",
        "_last_receive_ms",
        "_leave",
        "_rt",
        "dht_pk",
        "incoming",
        "last_handshake",
        "owner",
        "peer_session_pk",
        "reached",
        "real_pk",
        "receiving",
        "sender",
        "session",
        "setup",
        "state",
        "transport",
        "version",
    )

    def __init__(
        self,
        real_pk: bytes,
        dht_pk: bytes,
        owner: Owner,
        *,
        keys: OurKeys,
        routes: Routes,
        leave: Callable[[CryptoConnection], None],
        incoming: bool,
    ) -> None:
        """`leave` is called once, when it closes."""
        self._rt = rt = keys.rt
        self._leave = leave
        self.real_pk = real_pk
        self.dht_pk = dht_pk
        self.owner = owner
        self.incoming = incoming
        self.state = COOKIE_REQUESTING
        #: the state in which it closed
        self.reached = COOKIE_REQUESTING
        #: None once established: its secrets are not needed any more
        self.setup: Setup | None = Setup(real_pk, dht_pk, keys)
        #: The bytes of the handshake this session came from: its repetition needs no cryptography.
        self.last_handshake = b""
        #: of the running session
        self.peer_session_pk = b""
        #: of the handshake that the session came from
        self.version = LEGACY
        #: opens data packets, once the peer's half of the key is known
        self.session: Session | None = None
        self.transport = Transport(routes, self, rt.clock)
        self.receiving = ReceiveWindow()
        self._alarm = Alarm(rt.timers, self._moment)
        self._acks = Acknowledgements(self.receiving, self._alarm)
        self.sender = Sender(self.transport, self._acks, self._alarm, rt.clock)
        self._last_receive_ms = rt.clock.now_ms

    # What the owner uses

    @property
    def is_established(self) -> bool:
        """True while data can be written."""
        return self.state == ESTABLISHED

    @property
    def is_direct(self) -> bool:
        """True if the peer reached us directly within the last 8 s."""
        return self.state in (NOT_CONFIRMED, ESTABLISHED) and self.transport.is_direct()

    @property
    def silence_ms(self) -> int:
        """Time since the peer last proved that it is there."""
        return self._rt.clock.now_ms - self._last_receive_ms

    @property
    def address(self) -> Address | None:
        """Where the peer is reached directly, or None."""
        return self.transport.address if self.is_direct else None

    @property
    def connection_type(self) -> int:
        """How packets reach the peer: over UDP, over TCP, or not known yet; the values of TOX_CONNECTION."""
        return self.transport.connection_type

    def set_address(self, address: Address) -> None:
        """The DHT says that the peer is there. Begins the tries of a connection that had no address."""
        transport, setup = self.transport, self.setup
        if self.state == CLOSED:
            return
        if address in transport.addresses:
            transport.claim(address)
            return
        transport.add_address(address)
        if self.state < NOT_CONFIRMED and setup is not None:
            transport.send(address, setup.packet)
            setup.begin_tries(self._alarm)
        elif not self.is_direct:
            transport.try_address(address)
            if self.state == ESTABLISHED:
                self.sender.send_request()

    def add_relay(self, node: Node) -> None:
        """The peer may be reached through that relay as well."""
        setup = self.setup
        if self.state == CLOSED or not self.transport.add_relay(node):
            return
        if self.state < NOT_CONFIRMED and setup is not None:
            self.transport.send_relayed(setup.packet)
            setup.begin_tries(self._alarm)

    def write_lossless(self, data: bytes) -> int:
        """Send or queue a packet of id 16..191 and at most 1373 bytes: its number, or -1."""
        if self.state != ESTABLISHED or not 0 < len(data) <= MAX_DATA_SIZE:
            return -1
        if not LOSSLESS_FIRST <= data[0] <= LOSSLESS_LAST:
            return -1
        return self.sender.write(data)

    def send_lossy(self, data: bytes) -> bool:
        """Send a packet of id 192..254 and at most 1373 bytes, once."""
        if self.state != ESTABLISHED or not 0 < len(data) <= MAX_DATA_SIZE:
            return False
        if not LOSSY_FIRST <= data[0] <= LOSSY_LAST:
            return False
        self.sender.transmit(self.sender.window.next, data)
        return True

    def acknowledged(self, number: int) -> bool:
        """True if the peer has everything up to and with this number, which `write_lossless` returned."""
        return self.sender.window.acknowledged(number)

    def waiting(self) -> int:
        """Lossless packets that the peer is not known to have."""
        return self.sender.window.waiting()

    def free_slots(self) -> int:
        """Packets a bulk sender should add now: few wait, so that a message need not wait behind them."""
        return self.sender.free_slots() if self.state == ESTABLISHED else 0

    def kill(self) -> None:
        """Tell the peer, and forget everything; `on_closed` is not called."""
        if self.state in (NOT_CONFIRMED, ESTABLISHED):
            sender = self.sender
            number = sender.repeat_last() if self.silence_ms < SILENT_MS else sender.window.next
            for _ in range(KILL_COPIES):
                sender.transmit(number, _KILL_DATA)
        self.close(notify=False)

    # Setting up; called by NetCrypto

    def _happened(self, event: str) -> bool:
        """Go to the next state; False when the event means nothing in this one."""
        state = TRANSITIONS.get((self.state, event))
        if state is None:
            return False
        if state == CLOSED:
            self.reached = self.state
        if state in (ESTABLISHED, CLOSED):
            self.setup = None
        self.state = state
        return True

    def on_cookie_response(self, packet: bytes, address: Address | None) -> bool:
        """161 bytes from one of our addresses, or a relay: False when they do not answer our request."""
        setup = self.setup
        if setup is None or (self.state, COOKIE) not in TRANSITIONS:
            return False
        cookie = setup.open_cookie(packet)
        if cookie is None:
            return False
        if setup.begin_handshake(cookie, address):
            self._happened(COOKIE)
            self._try_again(setup)
        return True

    def adopt(
        self, handshake: Handshake, packet: bytes, address: Address | None, relay_pk: bytes = b""
    ) -> bool:
        """Take the peer's side of the session; False when its session key is of low order.

        The handshake came from `address`, or else through a relay.
        """
        if self.setup is None:
            return False
        session = self.setup.agree(handshake, self.session, self.peer_session_pk)
        if session is None:
            return False
        self.take(session, LEGACY, packet, address, relay_pk)
        self.peer_session_pk = handshake.session_pk
        return True

    def take(
        self, session: Session, version: int, packet: bytes, address: Address | None, relay_pk: bytes
    ) -> None:
        """There are keys, by a handshake of the peer, which came from `address` or else through a relay."""
        if self.setup is not None:
            self.setup.on_keys(version)
        self.session, self.version = session, version
        self.peer_session_pk = b""
        self.transport.begin_session(session)
        self.last_handshake = packet
        self._happened(HANDSHAKE)
        self._last_receive_ms = self._rt.clock.now_ms
        self.transport.prove(address, relay_pk)

    def confirm(self) -> None:
        """There are keys: send our handshake if there is a new one, and data, which confirms the session."""
        setup = self.setup
        if self.state == NOT_CONFIRMED and setup is not None:
            if setup.tries == 0:
                self._try_again(setup)
            else:
                self.sender.send_request()

    def on_repeated_handshake(self) -> None:
        """The peer has no data from us yet: send some, at most once per acknowledgement delay."""
        if self._rt.clock.now_ms - self.sender.last_send_ms < ACK_DELAY_MS or self.session is None:
            return
        if self.setup is not None:
            self.transport.send_everywhere(self.setup.packet)
        self.sender.send_request()

    def close(self, notify: bool, event: str = CLOSE) -> None:
        """Leave every table; `notify` tells the owner."""
        if not self._happened(event):
            return
        self._alarm.cancel()
        self._leave(self)
        self.transport.close()
        # the datapath has let go of it: this wipes its key
        self.session = None
        self.sender.close()
        self.receiving.held.clear()
        if notify:
            self.owner.on_closed()

    # Data in

    def receive(self, address: Address | None, packet: bytes) -> None:
        """A data packet that nobody has opened yet.

        It came from one of our addresses, or through a relay when that is None.
        """
        session = self.session
        if session is None or self.state not in (NOT_CONFIRMED, ESTABLISHED):
            self._rt.counters.drop("crypto_data_early")
            return
        record = session.open(packet)
        if record is None:
            self._rt.counters.drop("crypto_data_box")
            return
        self.receive_run(address, [record])

    def receive_run(self, address: Address | None, records: list[Record]) -> None:
        """What was in data packets that came one after the other from that address or a relay."""
        if self.state not in (NOT_CONFIRMED, ESTABLISHED):
            self._rt.counters.count("drop.crypto_data_early", len(records))
            return
        sender, acks, accept = self.sender, self._acks, self.receiving.accept
        sending, drop = sender.window, self._rt.counters.drop
        heard = False
        for start, number, data in records:
            if not data:
                drop("crypto_data_empty")
                continue
            kind, news = data[0], 0
            if start != sending.start:
                news = sender.acknowledged_up_to(start, len(data) == 1 or kind != REQUEST)
                if news == INVALID:
                    drop("crypto_data_start")
                    continue
            if not heard and not (heard := self._heard(address, kind)):
                return
            if LOSSLESS_FIRST <= kind <= LOSSLESS_LAST:
                acks.owed += 1
                for item in accept(number, data) or ():
                    self.owner.on_lossless(item)
                    if self.state != ESTABLISHED:
                        return
            elif not self._on_other(kind, number, data, news == STALE):
                return
        if acks.owed and acks.is_due(self._rt.clock.now_ms):
            # once for all of them
            sender.send_request()

    def _heard(self, address: Address | None, kind: int) -> bool:
        """Authentic data came, which confirms the session: False if the connection closed meanwhile."""
        self._last_receive_ms = self._rt.clock.now_ms
        transport = self.transport
        if address is not None:
            transport.heard(address)
            if transport.connection_type != OVER_UDP:
                self._check_transport()
        if self.state == NOT_CONFIRMED and kind != KILL_ID:
            self._establish()
            return self.state == ESTABLISHED
        return self.state != CLOSED

    def _on_other(self, kind: int, number: int, data: bytes, stale: bool) -> bool:
        """A packet that is not lossless, `number` being the next one's: False if the connection closed."""
        receiving = self.receiving
        if kind == KILL_ID:
            receiving.exists_up_to(number)
            if not receiving.has_holes() or self.state != ESTABLISHED:
                self.close(notify=True, event=KILL)
                return False
            # what it has overtaken may still come
            self._rt.timers.call_later(OVERTAKEN_MS, lambda: self.close(notify=True, event=KILL))
            return True
        if kind == REQUEST:
            # a request overtaken by a newer one counts its gaps from a start we no longer have
            if not stale:
                self.sender.requested(data)
        elif not LOSSY_FIRST <= kind <= LOSSY_LAST:
            self._rt.counters.drop("crypto_data_id")
            return True
        if number != receiving.end:
            receiving.exists_up_to(number)
        if receiving.start != receiving.end and self._acks.is_due(self._rt.clock.now_ms):
            self.sender.send_request()
        if kind != REQUEST:
            self.owner.on_lossy(data)
        return self.state == ESTABLISHED

    def _establish(self) -> None:
        session, setup = self.session, self.setup
        assert session is not None and setup is not None
        self._happened(DATA)
        setup.on_established()
        send_nonce = session.send_nonce
        self._check_transport()
        self.owner.on_established()
        if session.send_nonce == send_nonce and self.state == ESTABLISHED:
            # the peer waits for data from us in the same way
            self.sender.send_request()

    # Time

    def _moment(self) -> None:
        """The alarm: do what is due, and arm it for the next thing."""
        if self.setup is not None:
            self._try_again(self.setup)
            return
        sender, acks, now_ms = self.sender, self._acks, self._rt.clock.now_ms
        self._check_transport()
        sender.on_moment(now_ms)
        if acks.at_ms and now_ms >= acks.at_ms and acks.timed_out(now_ms):
            sender.send_request()
        if now_ms - sender.last_send_ms >= IDLE_INTERVAL_MS:
            sender.send_request()
        if self.state == CLOSED:
            # by the owner, who was told that the peer is reached another way
            return
        at_ms = sender.last_send_ms + IDLE_INTERVAL_MS
        for moment_ms in (acks.at_ms, sender.timeout_at_ms, sender.pace_at_ms):
            if 0 < moment_ms < at_ms:
                at_ms = moment_ms
        self._alarm.wake(at_ms)

    def _try_again(self, setup: Setup) -> None:
        """Send the cookie request or handshake once more; after 8 unanswered ones it is over."""
        if setup.tries >= MAX_TRIES:
            self._rt.counters.count("crypto_handshake_failed")
            self.close(notify=True, event=UNANSWERED)
            return
        if self.state == HANDSHAKE_SENT and setup.fall_back(self.transport):
            self._happened(FALL_BACK)
        setup.tries += 1
        self.transport.send_everywhere(setup.packet)
        if self.state == NOT_CONFIRMED:
            self.sender.send_request()
        self._alarm.wake(self._rt.clock.now_ms + TRY_INTERVAL_MS)

    # The way in use

    def on_route(self) -> None:
        """The peer came to a relay, or left one; or a relay that lagged behind has caught up."""
        setup = self.setup
        if self.state == ESTABLISHED:
            self._check_transport()
            self.sender.pump()
        elif setup is not None and setup.packet:
            self.transport.send_relayed(setup.packet)
            setup.begin_tries(self._alarm)

    def _check_transport(self) -> None:
        """See which way works; the owner of an established connection hears of a change."""
        if not self.transport.check():
            return
        self.sender.on_new_way(relayed=self.transport.connection_type == OVER_TCP)
        if self.state == ESTABLISHED:
            self.owner.on_transport()
