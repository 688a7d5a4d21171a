"""Key pairs, and the bounded cache of precomputed shared keys."""

from __future__ import annotations

from toxpy.crypto.sodium import KEY_SIZE, NONCE_SIZE, decrypt, encrypt, public_key, shared_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Rng, Runtime

#: Entries kept per cache. c-toxcore keeps 256 x 8 (shared_key_cache.h); ours is one LRU of that size.
MAX_SHARED_KEYS = 2048


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
    """Shared keys of one secret key with many public keys, least recently used out first.

    Every computed X25519 counts as ``x25519``. A low-order public key is remembered
    as None, so that repeating it costs nothing.
    """

    __slots__ = ("_cache", "_keys", "_rt")

    def __init__(self, keys: KeyPair, *, rt: Runtime) -> None:
        self._keys = keys
        self._rt = rt
        self._cache: dict[bytes, bytes | None] = {}

    def __len__(self) -> int:
        return len(self._cache)

    def __contains__(self, their_public_key: bytes) -> bool:
        return their_public_key in self._cache

    def get(self, their_public_key: bytes) -> bytes | None:
        """The 32-byte shared key, or None when the public key is of low order."""
        cache = self._cache
        if their_public_key in cache:
            # a dict keeps insertion order: moving the entry to the end makes it the youngest
            key = cache[their_public_key] = cache.pop(their_public_key)
            return key
        self._rt.counters.count("x25519")
        key = shared_key(their_public_key, self._keys.secret)
        if len(cache) >= MAX_SHARED_KEYS:
            del cache[next(iter(cache))]
        cache[their_public_key] = key
        return key

    def knows(self, their_public_key: bytes) -> bool:
        """Is that key in the cache, so that `get` costs no X25519."""
        return their_public_key in self._cache

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
