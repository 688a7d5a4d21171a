"""One connection to our relay: before the hello, before the first frame, and as a client.

See `toxpy.tcp.server` for the frames. c-toxcore: TCP_server.c, TCP_Secure_Connection.
"""

from __future__ import annotations

from toxpy.dht.budget import TokenBucket
from toxpy.tcp.secure import CLIENT_HELLO_SIZE, CLOSED_BY_PEER, SecureStream
from toxpy.wire.packets import FORWARDING_FRAME, ONION_RESPONSE, RESERVED_IDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from toxpy.runtime import Runtime
    from toxpy.system.streams import Stream
    from toxpy.wire.address import Address

    #: our secret, their public key, our first nonce and theirs
    Session = tuple[bytes, bytes, int, int]

    class Server(Protocol):
        """Who takes what comes on a connection: `toxpy.tcp.server`."""

        rt: Runtime

        def on_hello(self, connection: Incoming, hello: bytes) -> None: ...
        def secure(self, stream: Stream, session: Session, data: bytes) -> SecureStream: ...
        def give_up(self, connection: Incoming | ServerClient, reason: str) -> None: ...
        def confirm(self, client: ServerClient) -> bool: ...
        def kill(self, client: ServerClient, reason: str = "") -> None: ...
        def on_control(self, client: ServerClient, kind: int, frame: bytes) -> bool: ...
        def client_by_token(self, token: int) -> ServerClient | None: ...


FIRST_CONNECTION_ID, LAST_CONNECTION_ID = RESERVED_IDS, 255
#: Frames that come at once from which on they are no signs of life but something that clients wait for, and
#: from which on a pass every 10 ms would hold them up: most of what is read at once.
BUSY_FRAMES, MANY_FRAMES = 3, 40
#: Ours: datagrams into the network for one client; those of c-toxcore send some dozens in a second at most.
REQUESTS_PER_S, REQUESTS_BURST = 256, 1024


class Link:
    """A peer that a client asked for; `back` is that peer's own link to the client, once both asked."""

    __slots__ = ("back", "client", "first", "public_key", "send")

    def __init__(self, client: ServerClient, connection_id: int, public_key: bytes) -> None:
        self.client = client
        self.public_key = public_key
        #: sends to the client, by the shortest way: this is what most frames go through
        self.send: Callable[[bytes], bool] = client.secure.send if client.secure is not None else client.send
        #: the connection id, first byte of data from that peer
        self.first = bytes((connection_id,))
        self.back: Link | None = None


class Incoming:
    """A connection whose hello has not arrived completely."""

    __slots__ = ("_buffer", "_server", "stream")

    def __init__(self, server: Server, stream: Stream) -> None:
        self._server = server
        self.stream = stream
        self._buffer = b""
        stream.on_ready = self._on_ready

    def close(self) -> None:
        """Close the connection."""
        self.stream.close()

    def _on_ready(self) -> None:
        data = self.stream.read()
        if data is None:
            self._server.give_up(self, "tcp_hello_closed")
            return
        self._buffer += data
        size = len(self._buffer)
        if size == CLIENT_HELLO_SIZE:
            self._server.on_hello(self, self._buffer)
        elif size > CLIENT_HELLO_SIZE:
            # frames need our hello first: whoever sends before it is not a client
            self._server.give_up(self, "tcp_hello_size")


class ServerClient:
    """One client of the relay, unconfirmed at first."""

    __slots__ = (
        "_server",
        "_session",
        "connection_ids",
        "doomed",
        "links",
        "ping_id",
        "public_key",
        "requests",
        "secure",
        "stream",
        "token",
    )

    def __init__(self, server: Server, stream: Stream, public_key: bytes, session: Session) -> None:
        self._server = server
        self.stream = stream
        self.public_key = public_key
        self._session: Session | None = session
        self.secure: SecureStream | None = None
        #: 0 until confirmed; then a number that no other client ever had
        self.token = 0
        #: by connection id, and the id by the peer's key
        self.links: dict[int, Link] = {}
        self.connection_ids: dict[bytes, int] = {}
        #: of the ping that was not answered yet
        self.ping_id = b""
        #: onion and forward requests that we send on for it
        self.requests = TokenBucket(REQUESTS_PER_S, REQUESTS_BURST, server.rt.clock.now_ms)
        #: it does not read what it must know
        self.doomed = False
        stream.on_ready = self._on_first_frame

    @property
    def address(self) -> Address:
        """Where the client is."""
        return self.stream.address

    def send(self, frame: bytes, priority: bool = False) -> bool:
        """Send one frame; False when the client is gone or too much waits for it."""
        return self.secure is not None and self.secure.send(frame, priority)

    def send_onion_response(self, data: bytes) -> bool:
        """Send what came back through the onion."""
        return self.send(ONION_RESPONSE.prefix + data)

    def send_forwarding(self, data: bytes) -> bool:
        """Send what came back through forwarding."""
        return self.send(FORWARDING_FRAME.prefix + data)

    def close(self) -> None:
        """Close the connection; for the server, which then forgets it (`TcpServer.kill`)."""
        self._session = None
        if self.secure is not None:
            self.secure.close()
        self.stream.close()

    def _on_first_frame(self) -> None:
        """Unconfirmed: the X25519 of the session waits for the first byte, which a recorded hello lacks."""
        server = self._server
        if self.secure is None:
            session, data = self._session, self.stream.read()
            if data is None:
                return server.give_up(self, "tcp_unconfirmed_closed")
            if not data or session is None:
                return None
            self._session = None
            self.secure = server.secure(self.stream, session, data)
        payloads = self.secure.receive()
        if payloads is None:
            server.give_up(self, "tcp_unconfirmed_invalid")
        elif payloads and server.confirm(self):
            self.stream.on_ready = self._on_frames
            self._handle(self.secure, payloads)
        return None

    def _on_frames(self) -> None:
        secure = self.secure
        if secure is None:
            return
        payloads = secure.receive()
        if payloads is None:
            self._lost(secure)
        else:
            self._handle(secure, payloads)

    def _handle(self, secure: SecureStream, payloads: list[bytes]) -> None:
        """The hot path: data for a peer is one look-up and one send."""
        links, server = self.links, self._server
        if len(payloads) >= BUSY_FRAMES:
            server.rt.pace.note_relaying(len(payloads) >= MANY_FRAMES)
        for payload in payloads:
            kind = payload[0]
            if kind >= FIRST_CONNECTION_ID:
                link = links.get(kind)
                if link is None:
                    return server.kill(self, "tcp_frame_invalid")
                back = link.back
                if back is None:
                    server.rt.counters.drop("tcp_data_peer_offline")
                elif not back.send(back.first + payload[1:]):
                    server.rt.counters.drop("tcp_data_refused")
            elif not server.on_control(self, kind, payload):
                return server.kill(self, "tcp_frame_invalid")
            elif server.client_by_token(self.token) is None:
                # closed by a call-back
                return None
        if secure.failure:
            self._lost(secure)
        return None

    def _lost(self, secure: SecureStream) -> None:
        self._server.kill(self, "" if secure.failure == CLOSED_BY_PEER else "tcp_stream_invalid")
