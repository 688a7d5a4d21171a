"""Key pairs, and the bounded cache of precomputed shared keys."""

from __future__ import annotations

from toxpy.crypto.sodium import KEY_SIZE, NONCE_SIZE, decrypt, encrypt, public_key, shared_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Rng, Runtime

#: Entries kept per cache of keys that we know. c-toxcore keeps 256 x 8 in all (shared_key_cache.h).
MAX_SHARED_KEYS = 2048
#: And of keys that came for the first time: a flood of fresh keys only crowds out these.
MAX_STRANGERS = 1024
#: A key that comes again after this time is no stranger's any more.
ACQUAINTANCE_MS = 5000


class KeyPair:
    """A Curve25519 key pair; the secret never shows in a repr."""

    __slots__ = ("public", "secret")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_SIZE or not any(secret):
            raise ValueError("a secret key has 32 bytes and is not all zero")
        self.secret = secret
        self.public = public_key(secret)

    @classmethod
    def generate(cls, rng: Rng) -> KeyPair:
        """A new random pair from the injected randomness."""
        return cls(rng.bytes(KEY_SIZE))

    def __repr__(self) -> str:
        return f"KeyPair({self.public.hex().upper()[:16]}...)"


class SharedKeys:
    """Shared keys of one secret key with many public keys, in two caches.

    A new key is a stranger's, and the oldest stranger goes first. `keep`, or a use a few seconds after the
    first, moves it to the keys we know, of which the least recently used goes first. Every computed X25519
    counts as ``x25519``. A low-order public key is remembered as None, so that repeating it costs nothing.
    """

    __slots__ = ("_keys", "_known", "_rt", "_strangers")

    def __init__(self, keys: KeyPair, *, rt: Runtime) -> None:
        self._keys = keys
        self._rt = rt
        self._known: dict[bytes, bytes | None] = {}
        #: with the time of the first use
        self._strangers: dict[bytes, tuple[bytes | None, int]] = {}

    def __len__(self) -> int:
        return len(self._known) + len(self._strangers)

    def __contains__(self, their_public_key: bytes) -> bool:
        return their_public_key in self._known or their_public_key in self._strangers

    def get(self, their_public_key: bytes) -> bytes | None:
        """The 32-byte shared key, or None when the public key is of low order."""
        known = self._known
        if their_public_key in known:
            # a dict keeps insertion order: moving the entry to the end makes it the youngest
            key = known[their_public_key] = known.pop(their_public_key)
            return key
        now_ms, strangers = self._rt.clock.now_ms, self._strangers
        entry = strangers.get(their_public_key)
        if entry is not None:
            key, since_ms = entry
            if now_ms - since_ms >= ACQUAINTANCE_MS:
                self.keep(their_public_key)
            return key
        self._rt.counters.count("x25519")
        key = shared_key(their_public_key, self._keys.secret)
        if len(strangers) >= MAX_STRANGERS:
            del strangers[next(iter(strangers))]
        strangers[their_public_key] = key, now_ms
        return key

    def keep(self, their_public_key: bytes) -> None:
        """The owner of a key used just now proved to be somebody: no stranger any more."""
        entry = self._strangers.pop(their_public_key, None)
        if entry is not None:
            known = self._known
            if len(known) >= MAX_SHARED_KEYS:
                del known[next(iter(known))]
            known[their_public_key] = entry[0]

    def knows(self, their_public_key: bytes) -> bool:
        """True if that key is in a cache, so that `get` costs no X25519."""
        return their_public_key in self._known or their_public_key in self._strangers

    def is_acquainted(self, their_public_key: bytes) -> bool:
        """True if it is a key that we know and no stranger's."""
        return their_public_key in self._known

    def seal(self, their_public_key: bytes, plain: bytes) -> bytes | None:
        """nonce (24) + box for that key with a fresh nonce; None for a low-order key."""
        key = self.get(their_public_key)
        if key is None:
            return None
        nonce = self._rt.rng.bytes(NONCE_SIZE)
        return nonce + encrypt(key, nonce, plain)

    def open(self, their_public_key: bytes, sealed: bytes) -> bytes | None:
        """The plain text of nonce (24) + box, or None."""
        key = self.get(their_public_key)
        if key is None:
            return None
        return decrypt(key, sealed[:NONCE_SIZE], sealed[NONCE_SIZE:]) if len(sealed) >= NONCE_SIZE else None
