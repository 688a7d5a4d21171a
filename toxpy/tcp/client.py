"""One connection to one relay, directly or through a proxy.

    CONNECTING -> [PROXY ->] HANDSHAKE -> UNCONFIRMED -> CONFIRMED        any of them -> CLOSED

Every phase has 10 s (the machine: TRANSITIONS). HANDSHAKE: our hello is on its way, the relay's is awaited
(`toxpy.tcp.setup`). UNCONFIRMED: it was good, our first ping is on its way; the first frame that decrypts
confirms (c-toxcore is content with the hello, which anybody who recorded one can repeat). From then on
frames (`toxpy.wire.packets`); those from 16 on are data with the peer that has this id.

A `connection_id` is the id without the 16: 0 to 239. The client pings every 30 s and ends the
connection when no pong comes within 10 s, or at the first frame that makes no sense. Pings behind data also
tell how much of it the relay has read: see `toxpy.tcp.backlog`.
Spec: TCP client, TCP server; c-toxcore: TCP_client.c.
"""

from __future__ import annotations

from toxpy.crypto.sodium import KEY_SIZE
from toxpy.runtime import LOG_DEBUG, LOG_INFO, LOG_WARNING
from toxpy.tcp.backlog import FILL_SIZE, FILLER_FRAMES, Backlog
from toxpy.tcp.secure import FRAME_OVERHEAD, ControlFrames, SecureStream
from toxpy.tcp.setup import Setup
from toxpy.wire.address import format_address
from toxpy.wire.packets import (
    CONNECTED,
    DISCONNECTED,
    FORWARD_REQUEST_FRAME,
    FORWARDING_FRAME,
    MAX_CONNECTION_IDS,
    MAX_OOB_SIZE,
    ONION_REQUEST,
    ONION_RESPONSE,
    OOB_RECEIVED,
    OOB_SEND,
    PING,
    PONG,
    RESERVED_IDS,
    ROUTING_REQUEST,
    ROUTING_RESPONSE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from toxpy.crypto.keys import KeyPair, SharedKeys
    from toxpy.runtime import Runtime, Timer
    from toxpy.system.streams import Stream
    from toxpy.system.traffic import Traffic
    from toxpy.tcp.proxy import Proxy
    from toxpy.wire.address import Address, Node
    from toxpy.wire.packets import Layout

    class RelayOwner(Protocol):
        """Who made the client; called from `on_ready` and timers, never from inside its own calls."""

        def on_connected(self, client: TcpClient) -> None:
            """The relay is confirmed."""

        def on_closed(self, client: TcpClient, reason: str) -> None:
            """It is over or never came to be, for a reason in words; told once, not after `close`."""

        def on_routing_response(self, client: TcpClient, connection_id: int | None, dht_pk: bytes) -> None:
            """The answer to a routing request, or so the relay says; None: refused."""

        def on_peer_status(self, client: TcpClient, connection_id: int, online: bool) -> None:
            """The peer behind that id came or went."""

        def on_data(self, client: TcpClient, connection_id: int, data: bytes) -> None:
            """The peer behind that id sent this."""

        def on_oob(self, client: TcpClient, dht_pk: bytes, data: bytes) -> None:
            """Anybody on this relay sent this."""

        def on_onion_response(self, client: TcpClient, data: bytes) -> None:
            """For the onion client."""

        def on_forwarding(self, client: TcpClient, data: bytes) -> None:
            """For the DHT announcements."""

        def on_room(self, client: TcpClient) -> None:
            """After `has_room` was False it is True again."""


CONNECTING, PROXY, HANDSHAKE, UNCONFIRMED, CONFIRMED, CLOSED = range(6)
STATE_NAMES = ("connecting", "proxy", "handshake", "unconfirmed", "confirmed", "closed")

# what moves a client on, in the words of docs/states.md
PROXY_ACCEPTED = "the proxy accepts the connection"
HELLO_SENT = "there is a way to the relay, our hello goes out"
HELLO_OPENED = "the relay's hello opens"
FRAME_OPENED = "a frame opens"
ENDED = "it fails, takes too long or is closed"
#: The whole life of a client; what is not in here cannot happen.
TRANSITIONS = {
    (CONNECTING, PROXY_ACCEPTED): PROXY,
    (CONNECTING, HELLO_SENT): HANDSHAKE,
    (PROXY, HELLO_SENT): HANDSHAKE,
    (HANDSHAKE, HELLO_OPENED): UNCONFIRMED,
    (UNCONFIRMED, FRAME_OPENED): CONFIRMED,
    **{(state, ENDED): CLOSED for state in range(CLOSED)},
}

# the protocol's
#: Time limit of each phase before CONFIRMED, ms.
PHASE_TIMEOUT_MS = 10_000
PING_INTERVAL_MS = 30_000
PING_ID_SIZE = 8

# ours
#: Bytes on the wire of one filler frame.
FILLER_SIZE = 1 + KEY_SIZE + MAX_OOB_SIZE + FRAME_OVERHEAD

#: What is known of a connection id.
_FREE, _OFFLINE, _ONLINE = range(3)

_DATA_BYTES = [bytes((RESERVED_IDS + n,)) for n in range(MAX_CONNECTION_IDS)]
#: Control frames that a relay may send, by their kind.
_FROM_RELAY: dict[int, Layout] = {
    layout.kind: layout
    for layout in (
        ROUTING_RESPONSE,
        CONNECTED,
        DISCONNECTED,
        PING,
        PONG,
        OOB_RECEIVED,
        ONION_RESPONSE,
        FORWARDING_FRAME,
    )
}


class TcpClient:
    """One try to reach one relay, and the connection that comes of it. Ends in CLOSED for good."""

    __slots__ = (
        "_backlog",
        "_control",
        "_log_name",
        "_owner",
        "_pinged_ms",
        "_proxy",
        "_rt",
        "_secure",
        "_setup",
        "_status",
        "_stream",
        "_timer",
        "_traffic",
        "node",
        "state",
    )

    def __init__(
        self,
        node: Node,
        keys: KeyPair,
        shared_keys: SharedKeys,
        owner: RelayOwner,
        *,
        rt: Runtime,
        connect: Callable[[Address], Stream],
        proxy: Proxy | None = None,
        host: str | None = None,
        traffic: Traffic | None = None,
    ) -> None:
        """Begin to connect. `keys` are the DHT keys, `shared_keys` theirs; `traffic` counts the frames.

        With `host` the proxy looks the relay's name up, and of `node.address` only the port counts.
        ValueError for a host without a proxy, or one that is no host name.
        """
        if host is not None and proxy is None:
            raise ValueError("only a proxy takes a relay's name")
        self.node = node
        self.state = CONNECTING
        self._owner = owner
        self._rt = rt
        self._traffic = traffic
        self._proxy = proxy
        handshake = None if proxy is None else proxy.handshake(node.address, host)
        #: until the hellos are exchanged
        self._setup: Setup | None = Setup(keys, shared_keys, node.public_key, handshake, rt=rt)
        self._log_name = format_address(node.address) if host is None else f"{host}:{node.address[1]}"
        self._secure: SecureStream | None = None
        self._status = bytearray(MAX_CONNECTION_IDS)
        self._control: ControlFrames | None = None
        self._backlog = Backlog(rt.clock)
        self._pinged_ms = 0
        self._timer: Timer
        self._stream: Stream | None = None
        try:
            self._stream = connect(node.address if proxy is None else proxy.address)
        except OSError as error:
            reason = f"no socket for the connection: {error.strerror or error}"
            # the owner does not know its client yet
            self._timer = rt.timers.call_later(0, lambda: self._fail(reason))
            return
        self._stream.on_ready = self._on_ready
        who = "relay" if proxy is None else proxy.name
        self._timer = self._fail_later(PHASE_TIMEOUT_MS, f"{who} did not answer within 10 s")

    def is_connected(self) -> bool:
        """True if confirmed and not closed."""
        return self.state == CONFIRMED

    # what the owner sends: True when it is on its way

    def send_routing_request(self, dht_pk: bytes) -> bool:
        """Ask the relay for an id of that peer; `on_routing_response` tells. Never lost once accepted."""
        return self.state == CONFIRMED and self._send_control(ROUTING_REQUEST.make(dht_pk))

    def send_data(self, connection_id: int, data: bytes) -> bool:
        """To a peer that is online on this relay; False as well while the out-buffer is full."""
        secure = self._secure
        if secure is None or self._status[connection_id] != _ONLINE or not data:
            return False
        if not secure.send(_DATA_BYTES[connection_id] + data):
            return False
        if self._backlog.add(len(data) + 1 + FRAME_OVERHEAD):
            self._ping()
        return True

    def has_room(self) -> bool:
        """True if the relay keeps up, so that data should be sent; `on_room` tells when it does again."""
        stream, backlog = self._stream, self._backlog
        if stream is None or backlog.has_room(stream):
            return stream is not None
        if not backlog.pings:
            # its pong brings news
            self._ping()
        return False

    def send_oob(self, dht_pk: bytes, data: bytes) -> bool:
        """1 to 1024 bytes to a peer that may be on this relay."""
        if not 1 <= len(data) <= MAX_OOB_SIZE:
            return False
        return self._send(OOB_SEND.make(dht_pk) + data)

    def send_disconnect(self, connection_id: int) -> bool:
        """Give an id back; what still comes for it is dropped. Never lost once accepted."""
        if not self._status[connection_id]:
            return False
        if not self._send_control(DISCONNECTED.make(RESERVED_IDS + connection_id)):
            return False
        self._status[connection_id] = _FREE
        return True

    def send_onion(self, data: bytes) -> bool:
        """An onion request."""
        return self._send(ONION_REQUEST.prefix + data)

    def send_forward_request(self, data: bytes) -> bool:
        """The packed destination and what the relay shall forward to it."""
        return self._send(FORWARD_REQUEST_FRAME.prefix + data)

    def close(self) -> None:
        """End it; repeating it is harmless. The owner hears nothing more."""
        if self.state != CLOSED:
            self._move(ENDED)
        self._timer.cancel()
        self._setup = self._secure = None
        self._control = None
        self._status = bytearray(MAX_CONNECTION_IDS)
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _move(self, event: str) -> None:
        self.state = TRANSITIONS[self.state, event]

    # until the relay's hello

    def _on_ready(self) -> None:
        stream, setup = self._stream, self._setup
        if stream is None or setup is None:
            return
        if self.state == CONNECTING and stream.is_connected():
            self._on_stream_open(stream, setup)
        data = stream.read() if self.state != CLOSED else b""
        if data is None:
            self._fail(_why_ended(self.state, self._proxy))
            return
        if data and self.state == PROXY:
            answer, data = setup.on_proxy_data(data)
            if answer:
                stream.write(answer)
            if setup.failure:
                self._fail(setup.failure)
            elif setup.proxy is None:
                self._send_hello(stream, setup)
        if data and self.state == HANDSHAKE:
            self._on_hello_data(stream, setup, data)

    def _on_stream_open(self, stream: Stream, setup: Setup) -> None:
        """Somebody accepted our connection: the proxy or the relay."""
        if setup.proxy is None or self._proxy is None:
            self._send_hello(stream, setup)
            return
        self._enter(PROXY_ACCEPTED, f"{self._proxy.name} did not answer within 10 s")
        stream.write(setup.proxy.first)

    def _send_hello(self, stream: Stream, setup: Setup) -> None:
        hello = setup.hello()
        if not hello:
            self._fail(setup.failure)
            return
        self._enter(HELLO_SENT, "relay did not answer the handshake within 10 s")
        stream.write(hello)

    def _on_hello_data(self, stream: Stream, setup: Setup, data: bytes) -> None:
        agreed = setup.on_hello_data(data)
        if setup.failure:
            self._fail(setup.failure)
        if agreed is None:
            return
        self._setup = None
        secure = self._secure = SecureStream(stream, *agreed, self._traffic)
        self._control = ControlFrames(secure)
        self._move(HELLO_OPENED)
        stream.on_ready = self._on_frames
        self._ping()
        if agreed[-1]:
            # what came behind the hello: nobody will announce it
            self._on_frames()

    # frames

    def _on_frames(self) -> None:
        secure = self._secure
        if secure is None:
            return
        if self._control is not None:
            self._control.send_unsent()
        frames = secure.receive()
        if frames is None:
            self._fail(f"connection to the relay ended: {secure.failure}")
            return
        if self.state == UNCONFIRMED and frames:
            self._move(FRAME_OPENED)
            self._rt.counters.count("tcp_relay_connected")
            self._rt.log(LOG_INFO, f"TCP relay {self._log_name}: connected")
            self._owner.on_connected(self)
        backlog = self._backlog
        sent, unread = backlog.sent, backlog.unread
        status, on_data = self._status, self._owner.on_data
        for frame in frames:
            # any call-back may close
            if self.state == CLOSED:
                return
            connection_id = frame[0] - RESERVED_IDS
            if len(frame) < 2:
                self._fail_frame()
            elif connection_id < 0:
                self._on_control(frame)
            elif status[connection_id]:
                on_data(self, connection_id, frame[1:])
            else:
                # we gave the id back, and the relay does not know yet
                self._rt.counters.drop("tcp_data_id")
        if secure.failure:
            self._fail(f"connection to the relay ended: {secure.failure}")
        elif backlog.unread < unread and backlog.sent == sent and backlog.is_long():
            # it reads, and nothing new is on its way to it
            self._fill()

    def _on_control(self, frame: bytes) -> None:
        """One frame that is not a peer's data."""
        kind = frame[0]
        layout = _FROM_RELAY.get(kind)
        if layout is None or not layout.fits(frame):
            self._fail_frame()
        elif layout is OOB_RECEIVED:
            self._owner.on_oob(self, frame[1 : 1 + KEY_SIZE], frame[1 + KEY_SIZE :])
        elif layout is ONION_RESPONSE:
            self._owner.on_onion_response(self, frame[1:])
        elif layout is FORWARDING_FRAME:
            self._owner.on_forwarding(self, frame[1:])
        elif layout is ROUTING_RESPONSE:
            self._on_routing_response(frame[1] - RESERVED_IDS, frame[2:])
        elif layout is PING:
            self._send_control(PONG.make(frame[1:]))
        elif layout is PONG:
            self._on_pong(frame[1:])
        else:
            self._on_peer_status(frame[1] - RESERVED_IDS, _ONLINE if layout is CONNECTED else _OFFLINE)

    def _on_routing_response(self, connection_id: int, dht_pk: bytes) -> None:
        if connection_id < 0:
            self._owner.on_routing_response(self, None, dht_pk)
        elif self._status[connection_id]:
            self._rt.counters.drop("tcp_routing_id")
        else:
            self._status[connection_id] = _OFFLINE
            self._owner.on_routing_response(self, connection_id, dht_pk)

    def _on_peer_status(self, connection_id: int, status: int) -> None:
        if connection_id < 0:
            self._fail_frame()
            return
        known = self._status[connection_id]
        # repeated, or for an id that we gave back
        if known != _FREE and known != status:
            self._status[connection_id] = status
            self._owner.on_peer_status(self, connection_id, status == _ONLINE)

    def _on_pong(self, ping_id: bytes) -> None:
        backlog = self._backlog
        if not any(ping_id):
            self._fail_frame()
            return
        if not backlog.on_pong(ping_id):
            return
        if backlog.is_full:
            backlog.is_full = False
            if self.has_room():
                self._owner.on_room(self)
        self._arm()

    def _ping(self) -> None:
        """Ping now; the next one is 30 s after this one, when its pong has come, or after some data."""
        rt = self._rt
        ping_id = (rt.rng.u64() or 1).to_bytes(PING_ID_SIZE, "big")
        self._pinged_ms = rt.clock.now_ms
        self._backlog.add_ping(ping_id, PING.size + FRAME_OVERHEAD)
        self._send_control(PING.make(ping_id))
        self._arm()

    def _fill(self) -> None:
        """Give a relay a reason to read on: data if there is any, or else frames that it throws away."""
        stream, backlog = self._stream, self._backlog
        if stream is None or stream.window() < 2 * FILL_SIZE:
            # what does not fit into the relay's kernel does not reach it
            return
        before = backlog.sent
        backlog.allow_fill()
        self._owner.on_room(self)
        if backlog.sent > before:
            return
        self._rt.counters.count("tcp_fill")
        for _ in range(FILLER_FRAMES):
            if self.send_oob(self._rt.rng.bytes(KEY_SIZE), bytes(MAX_OOB_SIZE)) and backlog.add(FILLER_SIZE):
                self._ping()

    def _arm(self) -> None:
        """Have the timer at the next moment, or earlier."""
        backlog = self._backlog
        at_ms = self._pinged_ms + PING_INTERVAL_MS
        if backlog.pings:
            at_ms = backlog.progress_ms + backlog.patience_ms()
            if backlog.is_long():
                at_ms = min(at_ms, backlog.fill_at_ms())
        timer = self._timer
        if timer.callback == self._moment and timer.deadline_ms <= at_ms:
            return
        timer.cancel()
        self._timer = self._rt.timers.call_at(at_ms, self._moment)

    def _moment(self) -> None:
        """Something may be due: a ping, filler frames, the end."""
        backlog, now_ms = self._backlog, self._rt.clock.now_ms
        if backlog.pings:
            patience_ms = backlog.patience_ms()
            if now_ms - backlog.progress_ms >= patience_ms:
                self._fail(f"relay did not answer a ping within {patience_ms // 1000} s")
                return
            if backlog.is_long() and now_ms >= backlog.fill_at_ms():
                backlog.on_silence()
                self._fill()
        elif now_ms - self._pinged_ms >= PING_INTERVAL_MS:
            self._ping()
        if self.state != CLOSED:
            self._arm()

    # out

    def _send(self, frame: bytes) -> bool:
        return self._secure is not None and self.state == CONFIRMED and self._secure.send(frame)

    def _send_control(self, frame: bytes) -> bool:
        """Never lost once accepted; False only when far too much waits."""
        if self._control is None:
            return False
        accepted = self._control.send(frame)
        if not accepted:
            self._rt.counters.drop("tcp_unsent_control_full")
        return accepted

    # ends

    def _enter(self, event: str, timeout_reason: str) -> None:
        """The next phase, with its time limit."""
        self._move(event)
        self._timer.cancel()
        self._timer = self._fail_later(PHASE_TIMEOUT_MS, timeout_reason)

    def _fail_later(self, delay_ms: int, reason: str) -> Timer:
        return self._rt.timers.call_later(delay_ms, lambda: self._fail(reason))

    def _fail_frame(self) -> None:
        self._rt.counters.drop("tcp_frame")
        self._fail("relay sent an invalid frame")

    def _fail(self, reason: str) -> None:
        if self.state == CLOSED:
            return
        # a proxy is the user's own setting, and only the user can mend it; relays come and go
        blame_proxy = self._proxy is not None and self.state in (CONNECTING, PROXY)
        level = LOG_WARNING if blame_proxy else LOG_INFO if self.state == CONFIRMED else LOG_DEBUG
        self._rt.counters.count("tcp_relay_failed")
        self.close()
        self._rt.log(level, f"TCP relay {self._log_name}: {reason}")
        self._owner.on_closed(self, reason)


def _why_ended(state: int, proxy: Proxy | None) -> str:
    """The other side ended the stream in this state: what that means."""
    who = "relay" if proxy is None else proxy.name
    if state == CONNECTING:
        return f"cannot connect to the {who}"
    if state == PROXY:
        return f"{who} closed the connection without granting it"
    return "the connection was closed before the relay answered the handshake"
