"""How a connection comes to be: a cookie, two handshakes, data. Spec: Crypto Connections.

    COOKIE_REQUESTING  we ask the peer's DHT key for a cookie, 8 times, once a second
    HANDSHAKE_SENT     we repeat our handshake the same way
    NOT_CONFIRMED      both handshakes are known; data from the peer will confirm that it has ours
    ESTABLISHED        data flows
    CLOSED             final

`TRANSITIONS` is the machine: what is not in it changes no state. What a set-up knows, the secret half of
the session key above all, is in a `Setup`, which the connection drops when it is established.

No clock, no sockets here.
"""

from __future__ import annotations

from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.crypto.sodium import NONCE_SIZE, shared_key
from toxpy.net_crypto.handshake import (
    CookieJar,
    create_cookie_request,
    create_handshake,
    open_cookie_response,
)
from toxpy.system.datapath import Session
from toxpy.wire.packets import ECHO_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from toxpy.dht.budget import KeyBudget
    from toxpy.net_crypto.handshake import Handshake
    from toxpy.runtime import Runtime

    class DhtKeys(Protocol):
        """What is needed of the DHT."""

        @property
        def public_key(self) -> bytes:
            """Our DHT public key."""

        @property
        def shared_keys(self) -> SharedKeys:
            """Shared keys of our DHT key."""

        @property
        def budget(self) -> KeyBudget:
            """What strangers may make us compute."""


COOKIE_REQUESTING, HANDSHAKE_SENT, NOT_CONFIRMED, ESTABLISHED, CLOSED = range(5)
STATE_NAMES = ("cookie requesting", "handshake sent", "not confirmed", "established", "closed")

#: What happens to a connection.
COOKIE = "the peer's cookie comes"
HANDSHAKE = "the peer's handshake comes"
DATA = "data from the peer comes"
UNANSWERED = "the last try was not answered"
KILL = "the peer kills it"
CLOSE = "we close it, or a newer session replaces it"

TRANSITIONS = {
    (COOKIE_REQUESTING, COOKIE): HANDSHAKE_SENT,
    (COOKIE_REQUESTING, HANDSHAKE): NOT_CONFIRMED,
    (COOKIE_REQUESTING, UNANSWERED): CLOSED,
    (COOKIE_REQUESTING, CLOSE): CLOSED,
    (HANDSHAKE_SENT, HANDSHAKE): NOT_CONFIRMED,
    (HANDSHAKE_SENT, UNANSWERED): CLOSED,
    (HANDSHAKE_SENT, CLOSE): CLOSED,
    (NOT_CONFIRMED, HANDSHAKE): NOT_CONFIRMED,
    (NOT_CONFIRMED, DATA): ESTABLISHED,
    (NOT_CONFIRMED, KILL): CLOSED,
    (NOT_CONFIRMED, UNANSWERED): CLOSED,
    (NOT_CONFIRMED, CLOSE): CLOSED,
    (ESTABLISHED, KILL): CLOSED,
    (ESTABLISHED, CLOSE): CLOSED,
}

# the protocol's
MAX_TRIES = 8
TRY_INTERVAL_MS = 1000


class OurKeys:
    """What the set-ups of one instance have in common."""

    __slots__ = ("cookies", "dht", "identity", "identity_keys", "rt")

    def __init__(self, identity: KeyPair, dht: DhtKeys, *, rt: Runtime) -> None:
        self.rt = rt
        self.dht = dht
        self.identity = identity
        self.identity_keys = SharedKeys(identity, rt=rt)
        self.cookies = CookieJar(rt=rt)


class Setup:
    """One connection's set-up: its keys, and the packet that is repeated until the peer answers."""

    __slots__ = (
        "_dht_key",
        "_dht_pk",
        "_echo",
        "_keys",
        "_real_pk",
        "_session_keys",
        "base_nonce",
        "packet",
        "tries",
    )

    def __init__(self, real_pk: bytes, dht_pk: bytes, keys: OurKeys) -> None:
        rng = keys.rt.rng
        self._keys = keys
        self._real_pk = real_pk
        self._dht_pk = dht_pk
        self._session_keys = KeyPair.generate(rng)
        #: of our first data packet
        self.base_nonce = rng.bytes(NONCE_SIZE)
        self._dht_key: bytes | None = None
        self._echo = b""
        #: the cookie request or the handshake; b"" before either
        self.packet = b""
        #: how often `packet` was sent
        self.tries = 0

    def request_cookie(self) -> bool:
        """Prepare the cookie request; False when the peer's DHT key is of low order."""
        keys = self._keys
        self._dht_key = key = keys.dht.shared_keys.get(self._dht_pk)
        if key is None:
            return False
        rng = keys.rt.rng
        self._echo = rng.bytes(ECHO_SIZE)
        nonce = rng.bytes(NONCE_SIZE)
        self.packet = create_cookie_request(key, nonce, keys.dht.public_key, keys.identity.public, self._echo)
        return True

    def open_cookie(self, packet: bytes) -> bytes | None:
        """The cookie of a 161-byte cookie response, None when it does not answer our request."""
        opened = open_cookie_response(self._dht_key, packet) if self._dht_key is not None else None
        return opened[0] if opened is not None and opened[1] == self._echo else None

    def prepare_handshake(self, peer_cookie: bytes) -> bool:
        """Prepare our handshake; False when the peer's real key is of low order."""
        keys = self._keys
        key = keys.identity_keys.get(self._real_pk)
        if key is None:
            return False
        nonce = keys.rt.rng.bytes(NONCE_SIZE)
        cookie = keys.cookies.make(self._real_pk, self._dht_pk)
        session_pk = self._session_keys.public
        self.packet = create_handshake(key, nonce, peer_cookie, self.base_nonce, session_pk, cookie)
        self.tries = 0
        return True

    def agree(self, handshake: Handshake, send_nonce: bytes) -> Session | None:
        """The session with the peer of that handshake; None when its session key is of low order."""
        self._keys.rt.counters.count("x25519")
        key = shared_key(handshake.session_pk, self._session_keys.secret)
        return Session(key, handshake.base_nonce, send_nonce) if key is not None else None
