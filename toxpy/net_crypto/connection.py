"""One encrypted connection to a peer. Spec: Crypto Connections. c-toxcore: net_crypto.c.

    COOKIE_REQUESTING  we ask the peer's DHT key for a cookie, 8 times, once a second
    HANDSHAKE_SENT     we repeat our handshake the same way
    NOT_CONFIRMED      both handshakes are known; data from the peer will confirm that it has ours
    ESTABLISHED        data flows
    CLOSED             final

A data packet is `1b | low 16 bits of the nonce | box`; inside is

    receiving start 4 | number 4 | zeros until the whole is a multiple of 8 bigger | id 1 | data

with id 1 packet request, 2 kill, 16..191 lossless, 192..254 lossy. `number` is the packet's own for
lossless packets and the number the sender will use next for all others.

One timer serves a connection, armed for the earliest of: the next try of the handshake, the delayed
acknowledgement, the time-out of what is in flight, the sign of life. Each of those is a plain moment
in a slot, so moving one later costs nothing.
"""

from __future__ import annotations

from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import NONCE_SIZE, shared_key
from toxpy.net_crypto.congestion import PACE_MS, Congestion
from toxpy.net_crypto.handshake import (
    ECHO_SIZE,
    create_cookie_request,
    create_handshake,
    open_cookie_response,
)
from toxpy.net_crypto.round_trip import MIN_TIMEOUT_MS
from toxpy.net_crypto.transport import OVER_TCP, OVER_UDP, Ways
from toxpy.net_crypto.window import INVALID, STALE, ReceiveWindow, SendWindow
from toxpy.system.datapath import MAX_DATA_SIZE, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from toxpy.net_crypto.handshake import Handshake
    from toxpy.net_crypto.net_crypto import NetCrypto
    from toxpy.runtime import Timer
    from toxpy.system.datapath import Record
    from toxpy.wire.address import Address, Node

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
            """`transport` of the established connection is another one now."""


COOKIE_REQUESTING, HANDSHAKE_SENT, NOT_CONFIRMED, ESTABLISHED, CLOSED = range(5)

# the protocol's
REQUEST, KILL = 1, 2
LOSSLESS_FIRST, LOSSLESS_LAST = 16, 191
LOSSY_FIRST, LOSSY_LAST = 192, 254
MAX_TRIES = 8
TRY_INTERVAL_MS = 1000

# ours
#: How long an acknowledgement may wait for data to ride on. c-toxcore waits up to a second.
ACK_DELAY_MS = 20
#: Acknowledge at the latest after so many lossless packets.
ACK_EVERY = 32
#: A hole is asked for again after 50 ms, doubling up to a second while nothing arrives.
HOLE_INTERVAL_MS, MAX_HOLE_INTERVAL_MS = 50, 1000
#: Packets sent when nothing was heard of the ones in flight.
TIMEOUT_PACKETS = 4
#: Sign of life on an idle connection. c-toxcore sends one each second and gives up the direct
#: connection after 8 s; two seconds survive three losses in a row.
IDLE_INTERVAL_MS = 2000
#: A live peer sends every second or two, so one that begins a new session after this silence means it.
SILENT_MS = 5000
#: c-toxcore sends one; when that is lost the peer notices only after 32 s.
KILL_COPIES = 3

_KILL_DATA = bytes((KILL,))
_REQUEST_DATA = bytes((REQUEST,))


class CryptoConnection:
    """A session with one peer; made by NetCrypto only."""

    __slots__ = (
        "_ack_at_ms",
        "_dht_key",
        "_echo",
        "_expire_at_ms",
        "_hole_interval_ms",
        "_hole_start",
        "_last_receive_ms",
        "_last_send_ms",
        "_net",
        "_pace_at_ms",
        "_packet",
        "_peer_session_pk",
        "_rt",
        "_session_keys",
        "_timeout_at_ms",
        "_timer",
        "_tries",
        "_unacked",
        "base_nonce",
        "congestion",
        "dht_pk",
        "incoming",
        "last_handshake",
        "owner",
        "reached",
        "real_pk",
        "receiving",
        "sending",
        "session",
        "state",
        "ways",
    )

    def __init__(self, net: NetCrypto, real_pk: bytes, dht_pk: bytes, owner: Owner, incoming: bool) -> None:
        self._net = net
        self._rt = rt = net.rt
        self.real_pk = real_pk
        self.dht_pk = dht_pk
        self.owner = owner
        self.incoming = incoming
        self.state = COOKIE_REQUESTING
        #: the state in which it closed
        self.reached = COOKIE_REQUESTING
        #: The bytes of the handshake this session came from: its repetition needs no cryptography.
        self.last_handshake = b""
        self.ways = Ways(net, self)
        self._session_keys = KeyPair.generate(rt.rng)
        #: of our first data packet
        self.base_nonce = rt.rng.bytes(NONCE_SIZE)
        self._peer_session_pk = b""
        #: seals and opens data packets, once the peer's half of the key is known
        self.session: Session | None = None
        self._dht_key: bytes | None = None
        self._echo = b""
        self.sending = SendWindow()
        self.receiving = ReceiveWindow()
        self.congestion = Congestion()
        self._packet = b""
        self._tries = 0
        self._timer: Timer | None = None
        self._last_send_ms = self._last_receive_ms = rt.clock.now_ms
        self._unacked = 0
        self._ack_at_ms = self._timeout_at_ms = self._expire_at_ms = self._pace_at_ms = 0
        self._hole_start = -1
        self._hole_interval_ms = HOLE_INTERVAL_MS

    # What the owner uses

    @property
    def is_established(self) -> bool:
        """Can data be written?"""
        return self.state == ESTABLISHED

    @property
    def is_direct(self) -> bool:
        """Did the peer reach us directly within the last 8 s?"""
        return self.state in (NOT_CONFIRMED, ESTABLISHED) and self.ways.is_direct()

    @property
    def silence_ms(self) -> int:
        """Time since the peer last proved that it is there."""
        return self._rt.clock.now_ms - self._last_receive_ms

    @property
    def address(self) -> Address | None:
        """Where the peer is reached directly, or None."""
        return self.ways.address if self.is_direct else None

    @property
    def transport(self) -> int:
        """How packets reach the peer: over UDP, over TCP, or not known yet; the values of TOX_CONNECTION."""
        return self.ways.transport

    def set_address(self, address: Address) -> None:
        """The DHT says that the peer is there. Begins the tries of a connection that had no address."""
        if self.state == CLOSED:
            return
        ways = self.ways
        if address in ways.addresses:
            self._net.claim_address(address, self, verified=False)
            return
        ways.add_address(address)
        if self.state < NOT_CONFIRMED:
            self._net.send(address, self._packet)
            self._begin_tries()
        elif not self.is_direct:
            ways.try_address(address)
            if self.state == ESTABLISHED:
                self._send_request()

    def add_relay(self, node: Node) -> None:
        """The peer may be reached through that relay as well."""
        if self.state != CLOSED and self.ways.add_relay(node) and self.state < NOT_CONFIRMED:
            self.ways.send_relayed(self._packet)
            self._begin_tries()

    def write_lossless(self, data: bytes) -> int:
        """Send or queue a packet of id 16..191 and at most 1373 bytes: its number, or -1."""
        session = self.session
        if self.state != ESTABLISHED or session is None or not 0 < len(data) <= MAX_DATA_SIZE:
            return -1
        if not LOSSLESS_FIRST <= data[0] <= LOSSLESS_LAST:
            return -1
        sending, ways = self.sending, self.ways
        if ways.transport != OVER_UDP or not sending.is_next(self.congestion.limit):
            number = sending.add(data)
            if number >= 0:
                self._pump()
            return number
        # the usual case, without the queue
        now_ms = self._last_send_ms = self._rt.clock.now_ms
        number = sending.add_sent(data, now_ms)
        if number >= 0:
            self._unacked = 0
            ways.send_data(session, self.receiving.start, number, data)
            if self._timeout_at_ms == 0:
                self._timeout_at_ms = now_ms + self.congestion.trip.timeout_ms
                self._wake(self._timeout_at_ms)
        return number

    def send_lossy(self, data: bytes) -> bool:
        """Send a packet of id 192..254 and at most 1373 bytes, once."""
        session = self.session
        if self.state != ESTABLISHED or session is None or not 0 < len(data) <= MAX_DATA_SIZE:
            return False
        if not LOSSY_FIRST <= data[0] <= LOSSY_LAST:
            return False
        self._unacked = 0
        self._last_send_ms = self._rt.clock.now_ms
        self.ways.send_data(session, self.receiving.start, self.sending.next, data)
        return True

    def acknowledged(self, number: int) -> bool:
        """Has the peer everything up to and with this number, which `write_lossless` returned?"""
        return self.sending.acknowledged(number)

    def waiting(self) -> int:
        """Lossless packets that the peer is not known to have."""
        return self.sending.waiting()

    def free_slots(self) -> int:
        """Packets a bulk sender should add now: few wait, so that a message need not wait behind them."""
        if self.state != ESTABLISHED:
            return 0
        congestion = self.congestion
        room = int(congestion.limit) + congestion.backlog() - self.sending.waiting()
        return max(0, min(room, self.sending.free()))

    def kill(self) -> None:
        """Tell the peer, and forget everything; `on_closed` is not called."""
        if self.state in (NOT_CONFIRMED, ESTABLISHED):
            for _ in range(KILL_COPIES):
                self._transmit(self.sending.next, _KILL_DATA)
        self.close(notify=False)

    # Setting up; called by NetCrypto

    def begin(self) -> bool:
        """Prepare the cookie request; False when the peer's DHT key is of low order."""
        dht = self._net.dht
        self._dht_key = key = dht.shared_keys.get(self.dht_pk)
        if key is None:
            return False
        rng = self._rt.rng
        self._echo = rng.bytes(ECHO_SIZE)
        nonce = rng.bytes(NONCE_SIZE)
        identity_pk = self._net.identity.public
        self._packet = create_cookie_request(key, nonce, dht.public_key, identity_pk, self._echo)
        return True

    def on_cookie_response(self, packet: bytes) -> bool:
        """A 161-byte packet from one of our addresses: False when it does not answer our request."""
        if self.state != COOKIE_REQUESTING or self._dht_key is None:
            return False
        opened = open_cookie_response(self._dht_key, packet)
        if opened is None or opened[1] != self._echo:
            return False
        if self._prepare_handshake(opened[0]):
            self.state = HANDSHAKE_SENT
            self._try_again()
        return True

    def adopt(
        self, handshake: Handshake, packet: bytes, address: Address | None, relay_pk: bytes = b""
    ) -> bool:
        """Take the peer's side of the session; False when its session key is of low order.

        The handshake came from `address`, or else through a relay.
        """
        answer = self.state == COOKIE_REQUESTING
        if handshake.session_pk != self._peer_session_pk:
            self._rt.counters.count("x25519")
            key = shared_key(handshake.session_pk, self._session_keys.secret)
            if key is None:
                return False
            # a peer that began anew while we were not confirmed needs its own cookie back
            answer = answer or self.state == NOT_CONFIRMED
            send_nonce = self.session.send_nonce if self.session is not None else self.base_nonce
            self.session = Session(key, handshake.base_nonce, send_nonce)
            self._peer_session_pk = handshake.session_pk
        elif self.session is not None:
            self.session.set_receive_nonce(handshake.base_nonce)
        if answer and not self._prepare_handshake(handshake.peer_cookie):
            return False
        self._net.begin_session(self)
        self.last_handshake = packet
        self.state = NOT_CONFIRMED
        self._last_receive_ms = self._rt.clock.now_ms
        self.ways.prove(address, relay_pk)
        return True

    def confirm(self) -> None:
        """After `adopt`: send our handshake if there is a new one, and data, which confirms the session."""
        if self.state == NOT_CONFIRMED:
            if self._tries == 0:
                self._try_again()
            else:
                self._send_request()

    def on_repeated_handshake(self) -> None:
        """The peer has no data from us yet: send some, at most once per acknowledgement delay."""
        now_ms = self._rt.clock.now_ms
        if self.state in (NOT_CONFIRMED, ESTABLISHED) and now_ms - self._last_send_ms >= ACK_DELAY_MS:
            if self.state == NOT_CONFIRMED:
                self.ways.send_everywhere(self._packet)
            self._send_request()

    def is_session(self, session_pk: bytes) -> bool:
        """Is that the peer's key of the running session?"""
        return session_pk == self._peer_session_pk

    def close(self, notify: bool) -> None:
        """Leave every table; `notify` tells the owner."""
        if self.state == CLOSED:
            return
        self.reached, self.state = self.state, CLOSED
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._net.remove(self)
        self.ways.close()
        # the datapath has let go of it: this wipes its key
        self.session = None
        self.sending.packets.clear()
        self.sending.pending.clear()
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
        sending, receiving, drop = self.sending, self.receiving, self._rt.counters.drop
        accept, ways = receiving.accept, self.ways
        heard = False
        for start, number, data in records:
            if not data:
                drop("crypto_data_empty")
                continue
            stale = False
            if start != sending.start:
                news = self._acknowledged_up_to(start, len(data) == 1 or data[0] != REQUEST)
                if news == INVALID:
                    continue
                stale = news == STALE
            if not heard:
                heard = True
                self._last_receive_ms = self._rt.clock.now_ms
                if address is not None:
                    ways.heard(address)
                    if ways.transport != OVER_UDP:
                        self._check_ways()
                        if self.state == CLOSED:
                            return
            kind = data[0]
            if kind == KILL:
                self.close(notify=True)
                return
            if self.state == NOT_CONFIRMED:
                self._establish()
                if self.state != ESTABLISHED:
                    return
            if LOSSLESS_FIRST <= kind <= LOSSLESS_LAST:
                self._unacked += 1
                for item in accept(number, data) or ():
                    self.owner.on_lossless(item)
                    if self.state != ESTABLISHED:
                        return
                continue
            if kind == REQUEST:
                # a request overtaken by a newer one counts its gaps from a start we no longer have
                if not stale:
                    self._requested(data)
            elif not LOSSY_FIRST <= kind <= LOSSY_LAST:
                drop("crypto_data_id")
                continue
            if number != receiving.end:
                receiving.exists_up_to(number)
            if receiving.start != receiving.end:
                self._acknowledge_soon(self._rt.clock.now_ms)
            if kind != REQUEST:
                self.owner.on_lossy(data)
                if self.state != ESTABLISHED:
                    return
        if self._unacked:
            # once for all of them
            self._acknowledge_soon(self._rt.clock.now_ms)

    def _acknowledged_up_to(self, start: int, newest: bool) -> int:
        """The peer has everything before `start`: the answer of `SendWindow.acknowledge`.

        `newest`: it is not known to have anything behind.
        """
        news = self.sending.acknowledge(start)
        if news == INVALID:
            self._rt.counters.drop("crypto_data_start")
        elif news > 0:
            self._progress(news, 0, newest)
        return news

    def _requested(self, data: bytes) -> None:
        """The peer asks for what it misses."""
        congestion, now_ms = self.congestion, self._rt.clock.now_ms
        arrived, lost = self.sending.request(data[1:], now_ms, congestion.trip.repeat_after_ms)
        if arrived or lost:
            self._progress(arrived, lost, newest=False)

    def _progress(self, arrived: int, lost: int, newest: bool) -> None:
        """News of our packets: adapt the window, then send what it now allows."""
        sending, congestion = self.sending, self.congestion
        now_ms = self._rt.clock.now_ms
        newest_ms = sending.sample_sent_ms
        if newest_ms >= 0:
            congestion.on_sample(now_ms, now_ms - newest_ms, newest)
            missing_ms = sending.missing_sent_ms()
            if sending.in_flight == 0:
                congestion.on_wait(0, newest_ms)
            elif newest and missing_ms >= 0:
                congestion.on_wait(now_ms - missing_ms, newest_ms)
        congestion.on_news(now_ms, arrived, lost, sending.in_flight + arrived + lost)
        self._timeout_at_ms = 0
        self._pump()

    def _acknowledge_soon(self, now_ms: int) -> None:
        if self._unacked >= ACK_EVERY:
            self._send_request()
            return
        at_ms = now_ms + ACK_DELAY_MS
        if self._unacked == 0 and self._ack_at_ms:
            # only a hole, and its moment is already set
            return
        if self._ack_at_ms == 0 or self._ack_at_ms > at_ms:
            self._ack_at_ms = at_ms
            self._wake(at_ms)

    def _establish(self) -> None:
        self.state = ESTABLISHED
        self._packet = b""
        self._tries = 0
        self._rt.counters.count("crypto_established")
        session = self.session
        assert session is not None
        send_nonce = session.send_nonce
        self._check_ways()
        self.owner.on_established()
        if session.send_nonce == send_nonce and self.state == ESTABLISHED:
            # the peer waits for data from us in the same way
            self._send_request()

    # Data out

    def _transmit(self, number: int, data: bytes) -> None:
        """Encrypt and send one packet; whatever it is, it acknowledges what we have."""
        session = self.session
        if session is None:
            # closed in the middle of something
            return
        self._unacked = 0
        self._last_send_ms = self._rt.clock.now_ms
        self.ways.send_data(session, self.receiving.start, number, data)

    def _pump(self) -> None:
        """Send requested and queued packets as far as the window allows."""
        sending = self.sending
        now_ms, congestion = self._rt.clock.now_ms, self.congestion
        if not sending.packets and congestion.limit >= 1:
            # the usual case of a conversation: the next packet may leave at once
            congestion.blocked = False
        else:
            self._send_waiting(now_ms)
            congestion.blocked = sending.in_flight >= congestion.limit
            if congestion.blocked and congestion.is_pacing():
                # also without anything waiting: who has a file to send is asked again when the limit rises
                self._pace_at_ms = now_ms + PACE_MS
                self._wake(self._pace_at_ms)
        if self._timeout_at_ms == 0 and (sending.in_flight or sending.overdue):
            self._timeout_at_ms = now_ms + congestion.trip.timeout_ms
            self._wake(self._timeout_at_ms)

    def _send_waiting(self, now_ms: int) -> None:
        sending, ways = self.sending, self.ways
        window = self.congestion.pace(now_ms, sending.in_flight)
        relayed = ways.transport == OVER_TCP
        if sending.pending and sending.in_flight >= window and now_ms >= self._expire_at_ms:
            # known holes must not wait for what is behind them
            age_ms = self.congestion.trip.repeat_after_ms
            sending.expire(now_ms - 2 * age_ms)
            self._expire_at_ms = now_ms + age_ms
        while sending.in_flight < window:
            if relayed and not ways.has_room():
                # `on_route` comes when the relay has caught up
                break
            item = sending.take(now_ms)
            if item is None:
                break
            self._transmit(item[0], item[1])

    def _send_request(self) -> None:
        """Acknowledge, list our holes, and say which number comes next."""
        gaps = self.receiving.gaps(MAX_DATA_SIZE - 1) if self.receiving.has_holes() else b""
        self._transmit(self.sending.next, _REQUEST_DATA + gaps)

    # Time

    def _wake(self, at_ms: int) -> None:
        timer = self._timer
        if timer is not None:
            if timer.deadline_ms <= at_ms:
                return
            timer.cancel()
        self._timer = self._rt.timers.call_at(at_ms, self._moment)

    def _moment(self) -> None:
        """The timer: do what is due, and arm it for the next thing."""
        self._timer = None
        if self.state != ESTABLISHED:
            self._try_again()
            return
        now_ms = self._rt.clock.now_ms
        self._check_ways()
        if self._pace_at_ms and now_ms >= self._pace_at_ms:
            self._pace_at_ms = 0
            self._pump()
        if self._timeout_at_ms and now_ms >= self._timeout_at_ms:
            self._timed_out(now_ms)
        if self._ack_at_ms and now_ms >= self._ack_at_ms:
            self._ack_timed_out(now_ms)
        if now_ms - self._last_send_ms >= IDLE_INTERVAL_MS:
            self._send_request()
        at_ms = self._last_send_ms + IDLE_INTERVAL_MS
        if self._ack_at_ms:
            at_ms = min(at_ms, self._ack_at_ms)
        if self._timeout_at_ms:
            at_ms = min(at_ms, self._timeout_at_ms)
        if self._pace_at_ms:
            at_ms = min(at_ms, self._pace_at_ms)
        self._wake(at_ms)

    def _timed_out(self, now_ms: int) -> None:
        """No news of what is in flight: repeat the oldest packet, and let the peer list what it misses.

        A few new packets go along, whatever the window says: c-toxcore soon acknowledges news, while
        repeated packets and requests leave it silent for a second.
        """
        self._timeout_at_ms = 0
        sending = self.sending
        in_flight = sending.in_flight
        sending.expire(now_ms - self.congestion.trip.repeat_after_ms)
        if not sending.repeat_oldest() and not sending.pending:
            return
        self.congestion.on_timeout(in_flight)
        for _ in range(TIMEOUT_PACKETS):
            item = sending.take(now_ms)
            if item is None:
                break
            self._transmit(item[0], item[1])
        self._send_request()
        self._timeout_at_ms = now_ms + self.congestion.trip.timeout_ms

    def _ack_timed_out(self, now_ms: int) -> None:
        self._ack_at_ms = 0
        receiving = self.receiving
        holes = receiving.has_holes()
        if self._unacked or holes:
            self._send_request()
        if holes:
            if receiving.start == self._hole_start:
                self._hole_interval_ms = min(2 * self._hole_interval_ms, MAX_HOLE_INTERVAL_MS)
            else:
                self._hole_start = receiving.start
                self._hole_interval_ms = HOLE_INTERVAL_MS
            self._ack_at_ms = now_ms + self._hole_interval_ms

    def _try_again(self) -> None:
        """Send the cookie request or handshake once more; after 8 unanswered ones it is over."""
        if self._tries >= MAX_TRIES:
            self._rt.counters.count("crypto_handshake_failed")
            self.close(notify=True)
            return
        self._tries += 1
        self.ways.send_everywhere(self._packet)
        if self.state == NOT_CONFIRMED:
            self._send_request()
        self._wake(self._rt.clock.now_ms + TRY_INTERVAL_MS)

    def _begin_tries(self) -> None:
        """The first address or relay: the tries count from now."""
        if self._timer is None:
            self._tries = 1
            self._wake(self._rt.clock.now_ms + TRY_INTERVAL_MS)

    # Parts of the set-up

    def _prepare_handshake(self, peer_cookie: bytes) -> bool:
        net = self._net
        key = net.identity_keys.get(self.real_pk)
        if key is None:
            return False
        nonce = self._rt.rng.bytes(NONCE_SIZE)
        cookie = net.cookies.make(self.real_pk, self.dht_pk)
        session_pk = self._session_keys.public
        self._packet = create_handshake(key, nonce, peer_cookie, self.base_nonce, session_pk, cookie)
        self._tries = 0
        return True

    # Relays

    def on_relayed(self, packet: bytes) -> None:
        """A packet that the peer sent us through a relay."""
        self._net.on_relayed(self, packet)

    def on_route(self) -> None:
        """The peer came to a relay, or left one; or a relay that lagged behind has caught up."""
        if self.state == ESTABLISHED:
            self._check_ways()
            self._pump()
        elif self.state != CLOSED and self._packet:
            self.ways.send_relayed(self._packet)
            self._begin_tries()

    def _check_ways(self) -> None:
        """See which way works; the owner of an established connection hears of a change."""
        if not self.ways.check():
            return
        self.congestion.on_new_way(relayed=self.ways.transport == OVER_TCP)
        if self.state == ESTABLISHED:
            if self._timeout_at_ms:
                # what was under way may be lost: ask soon
                self._timeout_at_ms = self._rt.clock.now_ms + MIN_TIMEOUT_MS
                self._wake(self._timeout_at_ms)
            self.owner.on_transport()
