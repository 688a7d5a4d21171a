"""The encrypted connection between a client and its relay. Spec: TCP Server.

    client hello  client's DHT pk 32 | nonce 24 | box(session pk 32, base nonce 24)     128 bytes
    server hello  nonce 24 | box(session pk 32, base nonce 24)                           96 bytes
    frame         length 2, big-endian | box(payload)                          length 17 to 2048

The hellos are sealed between the client's DHT key and the relay's key, the frames between the
two session keys. A base nonce is its sender's first; every frame counts it up by one, so
nothing can be left out, repeated or moved without breaking the connection.
"""

from __future__ import annotations

from toxpy.crypto.sodium import KEY_SIZE, MAC_SIZE, NONCE_MASK, NONCE_SIZE, decrypt, encrypt
from toxpy.runtime import FORKS
from toxpy.wire.packets import MAX_FRAME_PAYLOAD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.crypto.keys import KeyPair
    from toxpy.system.streams import Stream
    from toxpy.system.traffic import Traffic

_SEALED_SIZE = KEY_SIZE + NONCE_SIZE + MAC_SIZE
SERVER_HELLO_SIZE = NONCE_SIZE + _SEALED_SIZE
CLIENT_HELLO_SIZE = KEY_SIZE + SERVER_HELLO_SIZE

LENGTH_SIZE = 2
#: Bytes that a payload grows by.
FRAME_OVERHEAD = LENGTH_SIZE + MAC_SIZE
#: Length that a frame may claim, bytes: a box of at least one, at most c-toxcore's MAX_PACKET_SIZE.
MIN_FRAME_SIZE, MAX_FRAME_SIZE = MAC_SIZE + 1, MAX_FRAME_PAYLOAD + MAC_SIZE

#: Bytes waiting for the kernel beyond which ordinary payloads are refused. c-toxcore keeps one frame of ours
#: and the kernel's buffer, and drops the rest; here a pass is collected before it is sent.
MAX_PENDING = 65_536
#: The same for priority payloads. c-toxcore's list of them has no bound.
MAX_PENDING_PRIORITY = MAX_PENDING + 131_072

#: Control frames kept while the out-buffer takes none: they must not get lost.
MAX_UNSENT_CONTROL = 256

#: Why nothing more comes, in the harmless case.
CLOSED_BY_PEER = "closed by the other side"


def create_client_hello(
    keys: KeyPair, shared: bytes, session: KeyPair, base_nonce: bytes, nonce: bytes
) -> bytes:
    """CLIENT_HELLO_SIZE bytes; `shared` is the key of `keys` with the relay's."""
    return keys.public + create_server_hello(shared, session, base_nonce, nonce)


def open_client_hello(shared: bytes, hello: bytes) -> tuple[bytes, bytes] | None:
    """The client's session pk and base nonce; `shared` is our key with the hello's first 32 bytes.

    None when it was not made by the owner of those. A recorded one opens as well: only the first
    frame proves the client.
    """
    return open_server_hello(shared, hello[KEY_SIZE:])


def create_server_hello(shared: bytes, session: KeyPair, base_nonce: bytes, nonce: bytes) -> bytes:
    """SERVER_HELLO_SIZE bytes; `shared` is the relay's key with the client's."""
    return nonce + encrypt(shared, nonce, session.public + base_nonce)


def open_server_hello(shared: bytes, hello: bytes) -> tuple[bytes, bytes] | None:
    """The relay's session pk and base nonce; None when it is not the relay's."""
    if len(hello) != SERVER_HELLO_SIZE:
        return None
    plain = decrypt(shared, hello[:NONCE_SIZE], hello[NONCE_SIZE:])
    return (plain[:KEY_SIZE], plain[KEY_SIZE:]) if plain is not None else None


class SecureStream:
    """Frames over a stream, both directions, once the hellos are exchanged.

    `failure` says why nothing can be received any more. What arrived in order before the failure is
    still handed out by the `receive` that finds it, so look at `failure` after handling the payloads.
    """

    __slots__ = (
        "_buffer",
        "_forks",
        "_key",
        "_profile",
        "_receive_nonce",
        "_send_nonce",
        "_stream",
        "failure",
    )

    def __init__(
        self,
        stream: Stream,
        key: bytes,
        send_nonce: int,
        receive_nonce: int,
        leftover: bytes = b"",
        traffic: Traffic | None = None,
    ) -> None:
        """`leftover` is what was read behind the hello: call `receive` once, nobody will announce it.

        `traffic` counts the payloads of both directions.
        """
        self._stream = stream
        self._profile = traffic
        self._key = key
        self._forks = FORKS.count
        self._send_nonce = send_nonce
        self._receive_nonce = receive_nonce
        #: less than a frame, apart from the leftover
        self._buffer = leftover
        self.failure = ""

    def send(self, payload: bytes, priority: bool = False) -> bool:
        """Send 1 to MAX_FRAME_PAYLOAD bytes.

        False, and nothing sent, when too much is waiting already or the connection is over, or that of the
        process whose child we are.
        """
        stream = self._stream
        if self.failure or stream.pending() > (MAX_PENDING_PRIORITY if priority else MAX_PENDING):
            return False
        size = len(payload) + MAC_SIZE
        if not MIN_FRAME_SIZE <= size <= MAX_FRAME_SIZE:
            return False
        if self._forks != FORKS.count:
            return False
        nonce = self._send_nonce
        self._send_nonce = (nonce + 1) & NONCE_MASK
        box = encrypt(self._key, nonce.to_bytes(24, "big"), payload)
        stream.write(size.to_bytes(2, "big") + box)
        traffic = self._profile
        if traffic is not None:
            traffic.packets_sent[payload[0]] += 1
            traffic.bytes_sent[payload[0]] += size - MAC_SIZE
        return True

    def receive(self) -> list[bytes] | None:
        """The payloads of all frames complete by now, after one read; None when the connection is over."""
        if self.failure:
            return None
        data = self._stream.read()
        if data is None:
            self.failure = CLOSED_BY_PEER
            data = b""
        if self._buffer:
            data = self._buffer + data
        payloads: list[bytes] = []
        start, end = 0, len(data)
        key, nonce = self._key, self._receive_nonce
        while end - start >= LENGTH_SIZE:
            box_at = start + LENGTH_SIZE
            size = data[start] << 8 | data[start + 1]
            if not MIN_FRAME_SIZE <= size <= MAX_FRAME_SIZE:
                self.failure = "a frame of impossible length"
                break
            if box_at + size > end:
                break
            start = box_at + size
            payload = decrypt(key, nonce.to_bytes(24, "big"), data[box_at:start])
            if payload is None:
                self.failure = "a frame that does not decrypt"
                break
            nonce = (nonce + 1) & NONCE_MASK
            payloads.append(payload)
        self._receive_nonce = nonce
        self._buffer = b"" if self.failure else data[start:]
        traffic = self._profile
        if traffic is not None:
            for payload in payloads:
                traffic.packets_received[payload[0]] += 1
                traffic.bytes_received[payload[0]] += len(payload)
        return payloads if payloads or not self.failure else None

    def close(self) -> None:
        """Close the stream and forget the key; repeating it is harmless."""
        self._stream.close()
        self._buffer = self._key = b""
        self.failure = self.failure or "closed"


class ControlFrames:
    """Frames of one stream that must not get lost: in order, and kept while the out-buffer takes none."""

    __slots__ = ("_secure", "_unsent_control")

    def __init__(self, secure: SecureStream) -> None:
        self._secure = secure
        self._unsent_control: list[bytes] = []

    def send(self, frame: bytes) -> bool:
        """Send now, or as soon as the out-buffer takes it; False only when far too much waits."""
        unsent = self._unsent_control
        if not unsent and self._secure.send(frame, True):
            return True
        if len(unsent) >= MAX_UNSENT_CONTROL:
            return False
        unsent.append(frame)
        return True

    def send_unsent(self) -> None:
        """There may be room again."""
        unsent = self._unsent_control
        while unsent and self._secure.send(unsent[0], True):
            del unsent[0]
