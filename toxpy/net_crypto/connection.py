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

from struct import Struct

from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import MAC_SIZE, NONCE_SIZE, decrypt, encrypt, shared_key
from toxpy.net_crypto.congestion import Congestion
from toxpy.net_crypto.handshake import (
    ECHO_SIZE,
    create_cookie_request,
    create_handshake,
    open_cookie_response,
)
from toxpy.net_crypto.window import INVALID, STALE, ReceiveWindow, SendWindow
from toxpy.wire.address import is_lan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from toxpy.net_crypto.handshake import Handshake
    from toxpy.net_crypto.net_crypto import NetCrypto
    from toxpy.runtime import Timer
    from toxpy.tcp.pool import TcpPeer
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
#: How packets reach the peer; the values of TOX_CONNECTION.
NO_TRANSPORT, OVER_TCP, OVER_UDP = range(3)

# the protocol's
MAX_PACKET_SIZE = 1400
MIN_PACKET_SIZE = 1 + 2 + 8 + 1 + MAC_SIZE
MAX_DATA_SIZE = MAX_PACKET_SIZE - (MIN_PACKET_SIZE - 1)
REQUEST, KILL = 1, 2
LOSSLESS_FIRST, LOSSLESS_LAST = 16, 191
LOSSY_FIRST, LOSSY_LAST = 192, 254
MAX_TRIES = 8
TRY_INTERVAL_MS = 1000
#: A peer that sent nothing over UDP for so long is no longer reached directly.
DIRECT_TIMEOUT_MS = 8000
#: While relays carry the data, small packets also try the direct way this often. c-toxcore: net_crypto.c.
PROBE_INTERVAL_MS, MAX_PROBE_SIZE = DIRECT_TIMEOUT_MS // 2, 95
#: When a packet's low 16 bits are this far ahead of the base nonce's, the base moves by a third of the range.
NONCE_THRESHOLD = 21845

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
#: Addresses tried per connection, newest last.
MAX_ADDRESSES = 3
#: An address that was silent for so long while another one works is left.
MOVE_MS = 3000

_HEAD = Struct(">II")
_PADDING = tuple(bytes(size) for size in range(8))
_NONCE_MASK = (1 << (8 * NONCE_SIZE)) - 1
_KILL_DATA = bytes((KILL,))
_REQUEST_DATA = bytes((REQUEST,))


class CryptoConnection:
    """A session with one peer; made by NetCrypto only."""

    __slots__ = (
        "_ack_at_ms",
        "_address",
        "_addresses",
        "_dht_key",
        "_direct_ms",
        "_echo",
        "_heard_ms",
        "_hole_interval_ms",
        "_hole_start",
        "_last_receive_ms",
        "_last_send_ms",
        "_net",
        "_packet",
        "_peer_session_pk",
        "_probe_ms",
        "_receive_base",
        "_receive_low",
        "_receive_next_prefix",
        "_receive_prefix",
        "_route",
        "_rt",
        "_session",
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
        "real_pk",
        "receiving",
        "send_nonce",
        "sending",
        "session_key",
        "state",
        "transport",
    )

    def __init__(self, net: NetCrypto, real_pk: bytes, dht_pk: bytes, owner: Owner, incoming: bool) -> None:
        self._net = net
        self._rt = rt = net.rt
        self.real_pk = real_pk
        self.dht_pk = dht_pk
        self.owner = owner
        self.incoming = incoming
        self.state = COOKIE_REQUESTING
        #: Last known way to the peer; stays what it was while a connection looks for another one.
        self.transport = NO_TRANSPORT
        #: The bytes of the handshake this session came from: its repetition needs no cryptography.
        self.last_handshake = b""
        self._address: Address | None = None
        self._addresses: list[Address] = []
        #: relays, when there can be any
        self._route: TcpPeer | None = net.open_route(self)
        self._session = KeyPair.generate(rt.rng)
        self.base_nonce = rt.rng.bytes(NONCE_SIZE)
        self.send_nonce = int.from_bytes(self.base_nonce, "big")
        self._peer_session_pk = b""
        self.session_key = b""
        self._dht_key: bytes | None = None
        self._echo = b""
        self._receive_base = self._receive_low = 0
        self._receive_prefix = self._receive_next_prefix = b""
        self.sending = SendWindow()
        self.receiving = ReceiveWindow()
        self.congestion = Congestion()
        self._packet = b""
        self._tries = 0
        self._timer: Timer | None = None
        self._last_send_ms = self._last_receive_ms = self._heard_ms = rt.clock.now_ms
        self._direct_ms = self._probe_ms = rt.clock.now_ms - DIRECT_TIMEOUT_MS
        self._unacked = 0
        self._ack_at_ms = self._timeout_at_ms = 0
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
        if self.state not in (NOT_CONFIRMED, ESTABLISHED):
            return False
        return self._rt.clock.now_ms - self._direct_ms < DIRECT_TIMEOUT_MS

    @property
    def silence_ms(self) -> int:
        """Time since the peer last proved that it is there."""
        return self._rt.clock.now_ms - self._last_receive_ms

    @property
    def address(self) -> Address | None:
        """Where the peer is reached directly, or None."""
        return self._address if self.is_direct else None

    @property
    def addresses(self) -> list[Address]:
        """All addresses the peer may be at, at most MAX_ADDRESSES."""
        return self._addresses

    def set_address(self, address: Address) -> None:
        """The DHT says that the peer is there. Begins the tries of a connection that had no address."""
        if self.state == CLOSED:
            return
        if address in self._addresses:
            self._net.claim_address(address, self, verified=False)
            return
        self._add_address(address)
        if self.state < NOT_CONFIRMED:
            self._net.send(address, self._packet)
            self._begin_tries()
        elif not self.is_direct:
            self._address = address
            if self.state == ESTABLISHED:
                # relays carry the data: see at once whether the direct way works
                self._probe_ms = self._rt.clock.now_ms - PROBE_INTERVAL_MS
                self._send_request()

    def add_relay(self, node: Node) -> None:
        """The peer may be reached through that relay as well."""
        if self.state == CLOSED or self._route is None or not self._route.add_relay(node):
            return
        if self.state < NOT_CONFIRMED:
            self._route.send(self._packet)
            self._begin_tries()

    def relays(self) -> list[Node]:
        """The relays through which the peer can be reached now."""
        return self._route.online_relays() if self._route is not None else []

    def write_lossless(self, data: bytes) -> int:
        """Send or queue a packet of id 16..191 and at most 1373 bytes: its number, or -1."""
        if self.state != ESTABLISHED or not 0 < len(data) <= MAX_DATA_SIZE:
            return -1
        if not LOSSLESS_FIRST <= data[0] <= LOSSLESS_LAST:
            return -1
        number = self.sending.add(data)
        if number >= 0:
            self._pump()
        return number

    def send_lossy(self, data: bytes) -> bool:
        """Send a packet of id 192..254 and at most 1373 bytes, once."""
        if self.state != ESTABLISHED or not 0 < len(data) <= MAX_DATA_SIZE:
            return False
        if not LOSSY_FIRST <= data[0] <= LOSSY_LAST:
            return False
        self._transmit(self.sending.next, data)
        return True

    def acknowledged(self, number: int) -> bool:
        """Has the peer everything up to and with this number, which `write_lossless` returned?"""
        return self.sending.acknowledged(number)

    def free_slots(self) -> int:
        """Packets a bulk sender should add now: enough for this round trip and the next."""
        if self.state != ESTABLISHED:
            return 0
        room = int(2 * self.congestion.window) - self.sending.waiting()
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
            key = shared_key(handshake.session_pk, self._session.secret)
            if key is None:
                return False
            # a peer that began anew while we were not confirmed needs its own cookie back
            answer = answer or self.state == NOT_CONFIRMED
            self.session_key = key
            self._peer_session_pk = handshake.session_pk
        if answer and not self._prepare_handshake(handshake.peer_cookie):
            return False
        self._set_receive_base(int.from_bytes(handshake.base_nonce, "big"))
        self.last_handshake = packet
        self.state = NOT_CONFIRMED
        self._last_receive_ms = now_ms = self._rt.clock.now_ms
        if address is not None:
            self._heard_ms = self._direct_ms = now_ms
            self._add_address(address)
            self._net.claim_address(address, self, verified=True)
            self._address = address
        elif relay_pk and self._route is not None:
            self._route.heard_through(relay_pk)
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
                self._send_everywhere(self._packet)
            self._send_request()

    def is_session(self, session_pk: bytes) -> bool:
        """Is that the peer's key of the running session?"""
        return session_pk == self._peer_session_pk

    def close(self, notify: bool) -> None:
        """Leave every table; `notify` tells the owner."""
        if self.state == CLOSED:
            return
        self.state = CLOSED
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._net.remove(self)
        if self._route is not None:
            self._route.close()
            self._route = None
        self.sending.packets.clear()
        self.sending.pending.clear()
        self.receiving.held.clear()
        if notify:
            self.owner.on_closed()

    # Data in

    def receive(self, address: Address | None, packet: bytes) -> None:
        """A data packet of a size between MIN_PACKET_SIZE and MAX_PACKET_SIZE.

        It came from one of our addresses, or through a relay when that is None.
        """
        if self.state not in (NOT_CONFIRMED, ESTABLISHED):
            self._rt.counters.drop("crypto_data_early")
            return
        counter = (packet[1] << 8) | packet[2]
        low = self._receive_low
        prefix = self._receive_prefix if counter >= low else self._receive_next_prefix
        plain = decrypt(self.session_key, prefix + packet[1:3], packet[3:])
        if plain is None:
            self._rt.counters.drop("crypto_data_box")
            return
        if (counter - low) & 0xFFFF > 2 * NONCE_THRESHOLD:
            self._set_receive_base((self._receive_base + NONCE_THRESHOLD) & _NONCE_MASK)
        start, number = _HEAD.unpack_from(plain)
        data = plain[8:].lstrip(b"\0")
        if not data:
            self._rt.counters.drop("crypto_data_empty")
            return
        stale = False
        if start != self.sending.start:
            news = self.sending.acknowledge(start)
            if news == INVALID:
                self._rt.counters.drop("crypto_data_start")
                return
            stale = news == STALE
            if news > 0:
                self._progress(news, 0)
        self._last_receive_ms = now_ms = self._rt.clock.now_ms
        if address is not None:
            self._direct_ms = now_ms
            if address == self._address:
                self._heard_ms = now_ms
            else:
                self._heard_from(address, now_ms)
            if self.transport != OVER_UDP:
                self._check_transport()
        kind = data[0]
        if kind == KILL:
            self.close(notify=True)
            return
        if self.state == NOT_CONFIRMED:
            self._establish()
            if self.state != ESTABLISHED:
                return
        if LOSSLESS_FIRST <= kind <= LOSSLESS_LAST:
            run = self.receiving.accept(number, data)
            self._unacked += 1
            for item in run or ():
                self.owner.on_lossless(item)
                if self.state != ESTABLISHED:
                    return
            if self._unacked:
                self._acknowledge_soon(now_ms)
        else:
            self._receive_other(kind, number, data, stale)

    def _receive_other(self, kind: int, number: int, data: bytes, stale: bool) -> None:
        if kind == REQUEST:
            # a request overtaken by a newer one counts its gaps from a start we no longer have
            if not stale:
                congestion, now_ms = self.congestion, self._rt.clock.now_ms
                arrived, lost = self.sending.request(data[1:], now_ms, congestion.repeat_after_ms)
                if arrived or lost:
                    self._progress(arrived, lost)
        elif not LOSSY_FIRST <= kind <= LOSSY_LAST:
            self._rt.counters.drop("crypto_data_id")
            return
        receiving = self.receiving
        receiving.exists_up_to(number)
        if receiving.start != receiving.end:
            self._acknowledge_soon(self._rt.clock.now_ms)
        if kind != REQUEST:
            self.owner.on_lossy(data)

    def _progress(self, arrived: int, lost: int) -> None:
        """News of our packets: adapt the window, then send what it now allows."""
        sending, congestion = self.sending, self.congestion
        now_ms = self._rt.clock.now_ms
        if sending.sample_sent_ms >= 0:
            congestion.on_sample(now_ms - sending.sample_sent_ms)
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
        send_nonce = self.send_nonce
        self._check_transport()
        self.owner.on_established()
        if self.send_nonce == send_nonce and self.state == ESTABLISHED:
            # the peer waits for data from us in the same way
            self._send_request()

    # Data out

    def _transmit(self, number: int, data: bytes) -> None:
        """Encrypt and send one packet; whatever it is, it acknowledges what we have."""
        send_nonce = self.send_nonce
        self.send_nonce = (send_nonce + 1) & _NONCE_MASK
        nonce = send_nonce.to_bytes(NONCE_SIZE, "big")
        plain = _HEAD.pack(self.receiving.start, number) + _PADDING[(MAX_DATA_SIZE - len(data)) & 7] + data
        self._unacked = 0
        self._last_send_ms = now_ms = self._rt.clock.now_ms
        packet = b"\x1b" + nonce[-2:] + encrypt(self.session_key, nonce, plain)
        address = self._address
        if address is not None and now_ms - self._direct_ms < DIRECT_TIMEOUT_MS:
            self._net.send(address, packet)
        else:
            self._send_around(packet)

    def _send_around(self, packet: bytes) -> None:
        """The direct way is not known to work: use relays, and try it as well with small packets.

        Without a relay that works everything tries the direct way.
        """
        route, address = self._route, self._address
        relayed = route is not None and route.send(packet)
        if address is None:
            return
        now_ms = self._rt.clock.now_ms
        if relayed and route is not None and route.is_online:
            if len(packet) > MAX_PROBE_SIZE or now_ms - self._probe_ms < PROBE_INTERVAL_MS:
                return
            self._probe_ms = now_ms
        self._net.send(address, packet)

    def _send_everywhere(self, packet: bytes) -> None:
        """A packet of the set-up: to every address and relay that may be right."""
        for address in self._addresses:
            self._net.send(address, packet)
        if self._route is not None:
            self._route.send(packet)

    def _pump(self) -> None:
        """Send requested and queued packets as far as the window allows."""
        sending = self.sending
        now_ms, window = self._rt.clock.now_ms, self.congestion.window
        while sending.in_flight < window:
            item = sending.take(now_ms)
            if item is None:
                break
            self._transmit(item[0], item[1])
        if self._timeout_at_ms == 0 and sending.in_flight:
            self._timeout_at_ms = now_ms + self.congestion.timeout_ms
            self._wake(self._timeout_at_ms)

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
        self._check_transport()
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
        self._wake(at_ms)

    def _timed_out(self, now_ms: int) -> None:
        """No news of what is in flight: repeat the oldest packet, and let the peer list what it misses.

        A few new packets go along, whatever the window says: c-toxcore soon acknowledges news, while
        repeated packets and requests leave it silent for a second.
        """
        self._timeout_at_ms = 0
        sending = self.sending
        in_flight = sending.in_flight
        if not sending.repeat_oldest():
            return
        self.congestion.on_timeout(in_flight)
        for _ in range(TIMEOUT_PACKETS):
            item = sending.take(now_ms)
            if item is None:
                break
            self._transmit(item[0], item[1])
        self._send_request()
        self._timeout_at_ms = now_ms + self.congestion.timeout_ms

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
        self._send_everywhere(self._packet)
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
        session_pk = self._session.public
        self._packet = create_handshake(key, nonce, peer_cookie, self.base_nonce, session_pk, cookie)
        self._tries = 0
        return True

    def _set_receive_base(self, base: int) -> None:
        self._receive_base = base
        nonce = base.to_bytes(NONCE_SIZE, "big")
        self._receive_low = base & 0xFFFF
        self._receive_prefix = nonce[:-2]
        self._receive_next_prefix = ((base + 0x10000) & _NONCE_MASK).to_bytes(NONCE_SIZE, "big")[:-2]

    def _add_address(self, address: Address) -> None:
        """Newest last, the one in use is kept."""
        addresses = self._addresses
        if address in addresses:
            addresses.remove(address)
        elif len(addresses) >= MAX_ADDRESSES:
            oldest = addresses[0] if addresses[0] != self._address else addresses[1]
            addresses.remove(oldest)
            self._net.release_address(oldest, self)
        addresses.append(address)
        self._net.claim_address(address, self, verified=False)
        if self._address is None:
            self._address = address

    # Relays

    def on_relayed(self, packet: bytes) -> None:
        """A packet that the peer sent us through a relay."""
        self._net.on_relayed(self, packet)

    def send_relayed(self, packet: bytes) -> None:
        """Answer the peer on the way it used."""
        if self._route is not None:
            self._route.send(packet)

    def on_route(self) -> None:
        """The peer came to a relay, or left one."""
        if self.state == ESTABLISHED:
            self._check_transport()
        elif self.state != CLOSED and self._route is not None and self._packet:
            self._route.send(self._packet)
            self._begin_tries()

    def _check_transport(self) -> None:
        """Relays sleep while the direct way works; the owner hears of a change."""
        route = self._route
        if self._rt.clock.now_ms - self._direct_ms < DIRECT_TIMEOUT_MS:
            transport = OVER_UDP
        elif route is not None and route.is_online:
            transport = OVER_TCP
        else:
            # no way is known to work: the last one stays until there is another, or the owner gives up
            transport = self.transport
            if route is not None:
                route.set_sleeping(False)
            if transport == NO_TRANSPORT:
                transport = OVER_TCP if self._address is None else OVER_UDP
        if transport == self.transport:
            return
        self.transport = transport
        if route is not None:
            route.set_sleeping(transport == OVER_UDP)
        if self.state == ESTABLISHED:
            self.owner.on_transport()

    def _heard_from(self, address: Address, now_ms: int) -> None:
        """Data from another address than we send to: follow, unless ours is better and still alive.

        Were both sides to follow blindly, they could swap addresses for ever.
        """
        current = self._address
        if current is None or _rank(address) >= _rank(current) or now_ms - self._heard_ms >= MOVE_MS:
            self._address = address
            self._heard_ms = now_ms


def _rank(address: Address) -> int:
    """c-toxcore's order: LAN over IPv4, then IPv6, then IPv4."""
    if len(address[0]) == 4:
        return 2 if is_lan(address) else 0
    return 1
