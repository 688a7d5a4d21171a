"""What is said on a connection to a relay before the first frame: with the proxy, then hello and hello.

Bytes in, bytes out; `TcpClient` owns the stream and decides when. Our session key pair lives here and
dies with the set-up.
Spec: TCP client; c-toxcore: TCP_client.c.
"""

from __future__ import annotations

from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import NONCE_SIZE, shared_key
from toxpy.tcp.secure import SERVER_HELLO_SIZE, create_client_hello, open_server_hello

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.crypto.keys import SharedKeys
    from toxpy.runtime import Runtime
    from toxpy.tcp.proxy import ProxyHandshake

    #: key of the frames, our first nonce, the relay's, and what came behind its hello
    Agreed = tuple[bytes, int, int, bytes]


class Setup:
    """`failure` says in words why nothing will come of it."""

    __slots__ = (
        "_buffer",
        "_keys",
        "_nonce",
        "_relay_pk",
        "_rt",
        "_session",
        "_shared_keys",
        "failure",
        "proxy",
    )

    def __init__(
        self,
        keys: KeyPair,
        shared_keys: SharedKeys,
        relay_pk: bytes,
        proxy: ProxyHandshake | None,
        *,
        rt: Runtime,
    ) -> None:
        self._keys = keys
        self._shared_keys = shared_keys
        self._relay_pk = relay_pk
        self._rt = rt
        #: the conversation with the proxy, None without one and once it is over
        self.proxy = proxy
        #: what has come of the relay's hello so far
        self._buffer = bytearray()
        self._session: KeyPair | None = None
        self._nonce = b""
        self.failure = ""

    def on_proxy_data(self, data: bytes) -> tuple[bytes, bytes]:
        """What to answer the proxy, and what of `data` comes from behind it; `proxy` is None then."""
        proxy = self.proxy
        if proxy is None:
            return b"", data
        answer = proxy.feed(data)
        if proxy.failure is not None:
            self.failure = proxy.failure
        if not proxy.done:
            return answer, b""
        self.proxy = None
        return answer, proxy.leftover

    def hello(self) -> bytes:
        """Our hello, with a session made now; b"" and a failure for a relay's key that nobody can have."""
        rt = self._rt
        shared = self._shared_keys.get(self._relay_pk)
        if shared is None:
            self.failure = "the relay's public key is not valid"
            return b""
        session = self._session = KeyPair.generate(rt.rng)
        self._nonce = rt.rng.bytes(NONCE_SIZE)
        return create_client_hello(self._keys, shared, session, self._nonce, rt.rng.bytes(NONCE_SIZE))

    def on_hello_data(self, data: bytes) -> Agreed | None:
        """What the two hellos agree on, once the relay's is complete; None before that or on failure."""
        buffer, session = self._buffer, self._session
        buffer += data
        if len(buffer) < SERVER_HELLO_SIZE or session is None:
            return None
        shared = self._shared_keys.get(self._relay_pk)
        opened = None if shared is None else open_server_hello(shared, bytes(buffer[:SERVER_HELLO_SIZE]))
        if opened is None:
            self.failure = "relay's handshake does not decrypt: does it have another public key?"
            return None
        session_pk, receive_nonce = opened
        self._rt.counters.count("x25519")
        key = shared_key(session_pk, session.secret)
        if key is None:
            self.failure = "relay's session key is not valid"
            return None
        nonces = int.from_bytes(self._nonce, "big"), int.from_bytes(receive_nonce, "big")
        return key, *nonces, bytes(buffer[SERVER_HELLO_SIZE:])
