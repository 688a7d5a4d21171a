"""Cookies and handshakes: how two peers agree on session keys. Spec: Crypto Connections.

    cookie request  18 | sender DHT pk 32 | nonce 24 | box(real pk 32, zeros 32, echo 8)            145 bytes
    cookie response 19 | nonce 24 | box(cookie 112, echo 8)                                         161 bytes
    handshake       1a | cookie 112 | nonce 24 | box(base nonce 24, session pk 32,
                                                     sha512(cookie) 64, cookie for the peer 112)    385 bytes

The first two boxes are between DHT keys, the handshake's is between real keys. A cookie is
`nonce 24 | secretbox(stamp 8, real pk 32, DHT pk 32)` under a key that only its maker has, so whoever
answers a cookie request keeps no state, and nothing is allocated before a handshake brings a fresh
cookie back. Nothing here keeps state but the jar's key and its last stamp.
"""

from __future__ import annotations

from struct import Struct

from toxpy.crypto.sodium import KEY_SIZE, NONCE_SIZE, SHA512_SIZE, decrypt, encrypt, equal, sha512
from toxpy.wire.packets import COOKIE_REQUEST, COOKIE_RESPONSE, COOKIE_SIZE, ECHO_SIZE, HANDSHAKE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Runtime

#: Versions of the handshake: the one of all Tox clients, and Noise, whose packets have the number in them.
LEGACY, NOISE_IK = 0, 1
COOKIE_LIFETIME_MS = 15_000
#: Stamps per millisecond: keeps stamps strictly increasing however many are made in one pass.
_STAMPS_PER_MS = 1 << 20

_COOKIE = Struct(">Q32s32s")
_HANDSHAKE = Struct(f">{NONCE_SIZE}s{KEY_SIZE}s{SHA512_SIZE}s{COOKIE_SIZE}s")


class Cookie:
    """What an opened cookie says: who asked for it, and when (`stamp` only grows)."""

    __slots__ = ("dht_pk", "real_pk", "stamp")

    def __init__(self, stamp: int, real_pk: bytes, dht_pk: bytes) -> None:
        self.stamp = stamp
        self.real_pk = real_pk
        self.dht_pk = dht_pk


class CookieJar:
    """Makes and opens our cookies.

    c-toxcore puts seconds into a cookie; ours holds a strictly growing stamp made of
    monotonic milliseconds, invisible to peers, so that of two handshakes the newer is known
    and a replayed one can be told apart.
    """

    __slots__ = ("_key", "_rt", "last_stamp")

    def __init__(self, *, rt: Runtime) -> None:
        self._rt = rt
        self._key = rt.rng.bytes(KEY_SIZE)
        #: of the youngest cookie
        self.last_stamp = 0

    @staticmethod
    def stamp_at(now_ms: int) -> int:
        """The lowest stamp of a cookie made at that time."""
        return now_ms * _STAMPS_PER_MS

    def make(self, real_pk: bytes, dht_pk: bytes) -> bytes:
        """A fresh 112-byte cookie for that peer."""
        stamp = max(self._rt.clock.now_ms * _STAMPS_PER_MS, self.last_stamp + 1)
        self.last_stamp = stamp
        nonce = self._rt.rng.bytes(NONCE_SIZE)
        return nonce + encrypt(self._key, nonce, _COOKIE.pack(stamp, real_pk, dht_pk))

    def open(self, cookie: bytes) -> Cookie | None:
        """The contents of a cookie that is ours and not older than 15 s, or None."""
        plain = decrypt(self._key, cookie[:NONCE_SIZE], cookie[NONCE_SIZE:])
        if plain is None:
            return None
        stamp, real_pk, dht_pk = _COOKIE.unpack(plain)
        age_ms = self._rt.clock.now_ms - stamp // _STAMPS_PER_MS
        return Cookie(stamp, real_pk, dht_pk) if age_ms <= COOKIE_LIFETIME_MS else None


def create_cookie_request(key: bytes, nonce: bytes, dht_pk: bytes, real_pk: bytes, echo: bytes) -> bytes:
    """145 bytes from us (`dht_pk`, `real_pk` are ours) under the DHT shared key."""
    plain = real_pk + bytes(KEY_SIZE) + echo
    return COOKIE_REQUEST.make(dht_pk, nonce) + encrypt(key, nonce, plain)


def open_cookie_request(key: bytes, packet: bytes) -> tuple[bytes, bytes] | None:
    """(real pk, echo) of a 145-byte cookie request, or None."""
    _, _, nonce = COOKIE_REQUEST.unpack_from(packet)
    plain = decrypt(key, nonce, packet[COOKIE_REQUEST.size :])
    return None if plain is None else (plain[:KEY_SIZE], plain[-ECHO_SIZE:])


def create_cookie_response(key: bytes, nonce: bytes, cookie: bytes, echo: bytes) -> bytes:
    """161 bytes: the cookie and the request's echo."""
    return COOKIE_RESPONSE.make(nonce) + encrypt(key, nonce, cookie + echo)


def open_cookie_response(key: bytes, packet: bytes) -> tuple[bytes, bytes] | None:
    """(cookie, echo) of a 161-byte cookie response, or None."""
    _, nonce = COOKIE_RESPONSE.unpack_from(packet)
    plain = decrypt(key, nonce, packet[COOKIE_RESPONSE.size :])
    return None if plain is None else (plain[:COOKIE_SIZE], plain[COOKIE_SIZE:])


class Handshake:
    """An opened handshake: the peer's session key and base nonce, and its cookie for our answer."""

    __slots__ = ("base_nonce", "cookie", "peer_cookie", "session_pk")

    def __init__(self, cookie: Cookie, base_nonce: bytes, session_pk: bytes, peer_cookie: bytes) -> None:
        self.cookie = cookie
        self.base_nonce = base_nonce
        self.session_pk = session_pk
        self.peer_cookie = peer_cookie


def create_handshake(
    key: bytes, nonce: bytes, peer_cookie: bytes, base_nonce: bytes, session_pk: bytes, cookie: bytes
) -> bytes:
    """385 bytes under the key of both real keys; `cookie` is ours, for the answer to bring back."""
    plain = _HANDSHAKE.pack(base_nonce, session_pk, sha512(peer_cookie), cookie)
    return HANDSHAKE.make(peer_cookie, nonce) + encrypt(key, nonce, plain)


def open_handshake(key: bytes, cookie: Cookie, packet: bytes) -> Handshake | None:
    """The contents of a 385-byte handshake whose cookie opened to `cookie`, or None.

    `key` is that of both real keys. The hash ties the encrypted part to the cookie in front of it.
    """
    _, own_cookie, nonce = HANDSHAKE.unpack_from(packet)
    plain = decrypt(key, nonce, packet[HANDSHAKE.size :])
    if plain is None:
        return None
    base_nonce, session_pk, digest, peer_cookie = _HANDSHAKE.unpack(plain)
    if not equal(digest, sha512(own_cookie)):
        return None
    return Handshake(cookie, base_nonce, session_pk, peer_cookie)
