"""How a connection comes to be: a cookie, two handshakes, data. Spec: Crypto Connections.

    COOKIE_REQUESTING  we ask the peer's DHT key for a cookie, 8 times, once a second
    HANDSHAKE_SENT     we repeat our handshake the same way; Noise, or the one of all Tox clients
    NOT_CONFIRMED      both handshakes are known; data from the peer will confirm that it has ours
    ESTABLISHED        data flows
    CLOSED             final

`TRANSITIONS` is the machine: what is not in it changes no state. What a set-up knows, the secret half of
the session key above all, is in a `Setup`, which the connection drops when it is established. What only
Noise needs is in `noise_setup`.

No clock, no sockets here.
"""

from __future__ import annotations

from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.crypto.sodium import NONCE_SIZE, shared_key
from toxpy.net_crypto.handshake import (
    LEGACY,
    CookieJar,
    create_cookie_request,
    create_handshake,
    open_cookie_response,
)
from toxpy.system.datapath import Session
from toxpy.wire.packets import ECHO_SIZE
from toxpy.wire.packets import HANDSHAKE as HANDSHAKE_PACKET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from toxpy.dht.budget import KeyBudget
    from toxpy.net_crypto.alarm import Alarm
    from toxpy.net_crypto.handshake import Cookie, Handshake
    from toxpy.net_crypto.noise_setup import NoiseSetup
    from toxpy.net_crypto.policy import Handshakes
    from toxpy.net_crypto.transport import Transport
    from toxpy.runtime import Runtime
    from toxpy.wire.address import Address

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
FALL_BACK = "our Noise handshake stays unanswered, the other one is tried"
DATA = "data from the peer comes"
UNANSWERED = "the last try was not answered"
KILL = "the peer kills it"
CLOSE = "we close it, or a newer session replaces it"

TRANSITIONS = {
    (COOKIE_REQUESTING, COOKIE): HANDSHAKE_SENT,
    (COOKIE_REQUESTING, HANDSHAKE): NOT_CONFIRMED,
    (COOKIE_REQUESTING, UNANSWERED): CLOSED,
    (COOKIE_REQUESTING, CLOSE): CLOSED,
    (HANDSHAKE_SENT, FALL_BACK): HANDSHAKE_SENT,
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

    __slots__ = ("cookies", "dht", "identity", "identity_keys", "policy", "rt", "speakers")

    def __init__(self, identity: KeyPair, dht: DhtKeys, *, rt: Runtime) -> None:
        self.rt = rt
        self.dht = dht
        self.identity = identity
        self.identity_keys = SharedKeys(identity, rt=rt)
        self.cookies = CookieJar(rt=rt)
        #: decides who speaks Noise; None for nobody, as long as it is not asked for
        self.policy: Handshakes | None = None
        #: real keys of peers whose Noise handshake opened, those known for longest first
        self.speakers: dict[bytes, None] = {}


class Setup:
    """One connection's set-up: its keys, and the packet that is repeated until the peer answers."""

    __slots__ = (
        "_crossed",
        "_dht_key",
        "_dht_pk",
        "_echo",
        "_keys",
        "_real_pk",
        "_session_keys",
        "_version",
        "base_nonce",
        "noise",
        "packet",
        "tries",
    )

    def __init__(self, real_pk: bytes, dht_pk: bytes, keys: OurKeys) -> None:
        self._keys = keys
        self._real_pk = real_pk
        self._dht_pk = dht_pk
        self._make_keys()
        #: our half of a Noise handshake, until the answer comes
        self.noise: NoiseSetup | None = None
        #: of the handshake that gave keys, and the stamp of our youngest cookie at that time
        self._version, self._crossed = LEGACY, -1
        self._dht_key: bytes | None = None
        self._echo = b""
        #: the cookie request or the handshake; b"" before either
        self.packet = b""
        #: how often `packet` was sent
        self.tries = 0

    def _make_keys(self) -> None:
        rng = self._keys.rt.rng
        self._session_keys = KeyPair.generate(rng)
        #: of our first data packet
        self.base_nonce = rng.bytes(NONCE_SIZE)

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

    def begin_handshake(self, peer_cookie: bytes, way: Address | None) -> bool:
        """Prepare our first handshake; False when the peer's real key is of low order.

        The cookie came from `way`, or through a relay.
        """
        keys = self._keys
        if keys.policy is None or not keys.policy.begins_with_noise(self._real_pk):
            return self.prepare_handshake(peer_cookie)
        from toxpy.net_crypto.noise_setup import NoiseSetup

        rt = keys.rt
        noise = NoiseSetup(keys.identity, self._real_pk, peer_cookie, way, now_ms=rt.clock.now_ms)
        rt.counters.count("x25519", 2)
        cookie = keys.cookies.make(self._real_pk, self._dht_pk)
        if not noise.write(cookie, KeyPair.generate(rt.rng)):
            return False
        self.noise = noise
        self.packet = noise.packet
        self.tries = 0
        return True

    def fall_back(self, transport: Transport) -> bool:
        """Before the next try: True if the old handshake is to be tried from now on."""
        keys, noise = self._keys, self.noise
        if noise is None or self.packet is not noise.packet or keys.policy is None:
            return False
        if not noise.is_unanswered(transport.carries(noise.way), keys.rt.clock.now_ms):
            return False
        if self._real_pk in keys.speakers or not keys.policy.may_fall_back(self._real_pk):
            return False
        # a peer that has our message 1 takes no other handshake with the same cookie
        return self.prepare_handshake(noise.peer_cookie)

    def answer(self, packet: bytes) -> None:
        """There are keys of a Noise handshake. `packet` is repeated: message 2, b"" for the initiator."""
        if self._crossed >= 0 and self._version == LEGACY:
            # the session that this one replaces had them: they serve no second time
            self._make_keys()
        self.noise = None
        self.packet = packet
        self.tries = 0 if packet else 1

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

    def agree(self, handshake: Handshake, session: Session | None, session_pk: bytes) -> Session | None:
        """The session with the peer of that handshake; None when its session key is of low order.

        `session` is the one until now, and has that key of the peer; b"" for one of Noise, which has none.
        Our handshake is prepared, unless the peer gets it already.
        """
        # what is on its way may be the request for a cookie, or a Noise handshake
        answer = not self.packet.startswith(HANDSHAKE_PACKET.prefix)
        if handshake.session_pk != session_pk:
            # a peer that began anew while we were not confirmed needs its own cookie back
            answer = answer or session is not None
            send_nonce = session.send_nonce if session_pk and session is not None else self.base_nonce
            self._keys.rt.counters.count("x25519")
            key = shared_key(handshake.session_pk, self._session_keys.secret)
            if key is None:
                return None
            session = Session(key, handshake.base_nonce, send_nonce)
        elif session is not None:
            session.set_receive_nonce(handshake.base_nonce)
        return session if not answer or self.prepare_handshake(handshake.peer_cookie) else None

    def begin_tries(self, alarm: Alarm) -> None:
        """The first address or relay: the tries count from now."""
        if not alarm.is_armed:
            self.tries = 1
            alarm.wake(self._keys.rt.clock.now_ms + TRY_INTERVAL_MS)

    def on_keys(self, version: int) -> None:
        """There are keys of a handshake of that version."""
        self._version, self._crossed = version, self._keys.cookies.last_stamp

    def crosses(self, version: int, cookie: Cookie) -> bool:
        """True if a handshake of that version was under way when one of the other version gave keys."""
        return version != self._version and cookie.stamp <= self._crossed and cookie.dht_pk == self._dht_pk

    def on_established(self) -> None:
        """Data opened: now the policy may know."""
        self._keys.rt.counters.count("crypto_established")
        policy = self._keys.policy
        if policy is not None:
            policy.on_established(self._real_pk, self._version)
