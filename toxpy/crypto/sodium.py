"""Thin calls into libsodium (Curve25519, XSalsa20-Poly1305, XChaCha20-Poly1305, Ed25519, SHA-2).

Bound through pynacl's compiled module directly: `nacl.bindings` costs 16 ms to
import and 30% per call. "Did not decrypt" is None, not an exception, because
it is the normal fate of garbage. Spec: Crypto.
"""

from __future__ import annotations

from _blake2 import blake2s
from _operator import _compare_digest

from nacl import _sodium
from nacl._sodium import ffi, lib

KEY_SIZE = 32
NONCE_SIZE = 24
MAC_SIZE = 16
SHA256_SIZE = 32
SHA512_SIZE = 64
SIGNATURE_SIZE = 64
#: An Ed25519 secret key: its seed and the public key.
SIGN_SECRET_SIZE = 64
#: Nonces that are counted go round.
NONCE_MASK = (1 << (8 * NONCE_SIZE)) - 1

if lib.sodium_init() < 0:
    raise ImportError("libsodium could not be initialised")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BOX_TYPE = "int(*)(unsigned char *, unsigned char *, unsigned long long, unsigned char *, unsigned char *)"


def _box_pointer(name: str) -> Any:
    """A pointer to one of libsodium's functions; of the type above if pynacl does not declare it.

    pynacl 1.6 declares them. In 1.5 they are there too, but undeclared: the dynamic linker finds them.
    """
    if hasattr(lib, name):
        return ffi.addressof(lib, name)
    import ctypes

    function = getattr(ctypes.CDLL(_sodium.__file__), name)
    return ffi.cast(_BOX_TYPE, ctypes.cast(function, ctypes.c_void_p).value)


_SEAL, _OPEN = "crypto_secretbox_easy", "crypto_secretbox_open_easy"
_AEAD = "crypto_aead_chacha20poly1305_ietf_"
_new = ffi.new
_buffer = ffi.buffer
#: libsodium's functions themselves: (out, in, length of in, nonce, key). By name they are called faster than
#: through a pointer.
secretbox_easy = getattr(lib, _SEAL, None) or _box_pointer(_SEAL)
secretbox_open_easy = getattr(lib, _OPEN, None) or _box_pointer(_OPEN)

#: Constant-time comparison of two equally long byte strings.
equal = _compare_digest


def public_key(secret_key: bytes) -> bytes:
    """The Curve25519 public key (32 bytes) of a secret key (32 bytes)."""
    if len(secret_key) != KEY_SIZE:
        raise ValueError("a secret key has 32 bytes")
    out = _new("unsigned char[32]")
    lib.crypto_scalarmult_base(out, secret_key)
    result: bytes = _buffer(out)[:]
    return result


def shared_key(their_public_key: bytes, our_secret_key: bytes) -> bytes | None:
    """The precomputed box key (32 bytes), or None when Diffie-Hellman gives all zeros.

    About 50 us: go through `keys.SharedKeys` wherever a key can come again.
    """
    if len(their_public_key) != KEY_SIZE or len(our_secret_key) != KEY_SIZE:
        raise ValueError("a key has 32 bytes")
    out = _new("unsigned char[32]")
    # libsodium itself returns -1 for a low-order point, whose result would be all zeros
    if lib.crypto_box_beforenm(out, their_public_key, our_secret_key) != 0:
        return None
    result: bytes = _buffer(out)[:]
    return result


def encrypt(key: bytes, nonce: bytes, plain: bytes) -> bytes:
    """Authenticated encryption under a shared or symmetric key; 16 bytes longer than `plain`."""
    if len(key) != KEY_SIZE or len(nonce) != NONCE_SIZE:
        raise ValueError("a key has 32 bytes, a nonce 24")
    size = len(plain) + MAC_SIZE
    out = _new("unsigned char[]", size)
    secretbox_easy(out, plain, size - MAC_SIZE, nonce, key)
    result: bytes = _buffer(out)[:]
    return result


def decrypt(key: bytes, nonce: bytes, sealed: bytes) -> bytes | None:
    """The plain text, or None when `sealed` is forged, damaged or too short."""
    if len(key) != KEY_SIZE or len(nonce) != NONCE_SIZE:
        raise ValueError("a key has 32 bytes, a nonce 24")
    size = len(sealed) - MAC_SIZE
    if size < 0:
        return None
    out = _new("unsigned char[]", size or 1)
    if secretbox_open_easy(out, sealed, size + MAC_SIZE, nonce, key) != 0:
        return None
    result: bytes = _buffer(out, size)[:]
    return result


def encrypt_xchacha(key: bytes, nonce: bytes, plain: bytes, ad: bytes = b"") -> bytes:
    """XChaCha20-Poly1305 (IETF); 16 bytes longer than `plain`. `ad` is authenticated, but not in it."""
    if len(key) != KEY_SIZE or len(nonce) != NONCE_SIZE:
        raise ValueError("a key has 32 bytes, a nonce 24")
    size, null = len(plain), ffi.NULL
    out = _new("unsigned char[]", size + MAC_SIZE)
    lib.crypto_aead_xchacha20poly1305_ietf_encrypt(out, null, plain, size, ad, len(ad), null, nonce, key)
    result: bytes = _buffer(out)[:]
    return result


def decrypt_xchacha(key: bytes, nonce: bytes, sealed: bytes, ad: bytes = b"") -> bytes | None:
    """The plain text, or None when `sealed` or `ad` is forged or damaged."""
    if len(key) != KEY_SIZE or len(nonce) != NONCE_SIZE:
        raise ValueError("a key has 32 bytes, a nonce 24")
    size, null = len(sealed) - MAC_SIZE, ffi.NULL
    if size < 0:
        return None
    out = _new("unsigned char[]", size or 1)
    if lib.crypto_aead_xchacha20poly1305_ietf_decrypt(
        out, null, null, sealed, len(sealed), ad, len(ad), nonce, key
    ):
        return None
    result: bytes = _buffer(out, size)[:]
    return result


def box_functions() -> tuple[int, ...]:
    """Where libsodium's functions are that seal and open, for the compiled datapath.

    Those of `encrypt` and `decrypt`, then what `encrypt_xchacha` and `decrypt_xchacha` do with a subkey.
    """
    names = _SEAL, _OPEN, _AEAD + "encrypt", _AEAD + "decrypt"
    return tuple(int(ffi.cast("uintptr_t", _box_pointer(name))) for name in names)


def sign_key_pair(seed: bytes) -> tuple[bytes, bytes]:
    """The Ed25519 public key (32 bytes) and secret key (64) of a seed (32)."""
    if len(seed) != KEY_SIZE:
        raise ValueError("a seed has 32 bytes")
    public, secret = _new("unsigned char[32]"), _new("unsigned char[64]")
    lib.crypto_sign_seed_keypair(public, secret, seed)
    return _buffer(public)[:], _buffer(secret)[:]


def sign(secret_key: bytes, data: bytes) -> bytes:
    """The Ed25519 signature (64 bytes) of `data`; the secret key has 64 bytes."""
    if len(secret_key) != SIGN_SECRET_SIZE:
        raise ValueError("a secret key for signing has 64 bytes")
    # pynacl does not declare the functions for detached signatures: the same one stands before the data
    out = _new("unsigned char[]", SIGNATURE_SIZE + len(data))
    lib.crypto_sign(out, ffi.NULL, data, len(data), secret_key)
    result: bytes = _buffer(out, SIGNATURE_SIZE)[:]
    return result


def verify(public_key: bytes, signature: bytes, data: bytes) -> bool:
    """True if it is that Ed25519 key's signature of `data`. About 60 us: check all else before."""
    if len(public_key) != KEY_SIZE or len(signature) != SIGNATURE_SIZE:
        raise ValueError("a key has 32 bytes, a signature 64")
    size = SIGNATURE_SIZE + len(data)
    out, out_size = _new("unsigned char[]", size), _new("unsigned long long *")
    opened: int = lib.crypto_sign_open(out, out_size, signature + data, size, public_key)
    return opened == 0


def sign_public_to_box(public_key: bytes) -> bytes | None:
    """The Curve25519 public key of an Ed25519 one; None when that is no point of the curve."""
    if len(public_key) != KEY_SIZE:
        raise ValueError("a key has 32 bytes")
    out = _new("unsigned char[32]")
    if lib.crypto_sign_ed25519_pk_to_curve25519(out, public_key) != 0:
        return None
    result: bytes = _buffer(out)[:]
    return result


def sign_secret_to_box(secret_key: bytes) -> bytes:
    """The Curve25519 secret key (32 bytes) of an Ed25519 one (64)."""
    if len(secret_key) != SIGN_SECRET_SIZE:
        raise ValueError("a secret key for signing has 64 bytes")
    out = _new("unsigned char[32]")
    lib.crypto_sign_ed25519_sk_to_curve25519(out, secret_key)
    result: bytes = _buffer(out)[:]
    return result


def sha256(data: bytes) -> bytes:
    """SHA-256, 32 bytes."""
    out = _new("unsigned char[32]")
    lib.crypto_hash_sha256(out, data, len(data))
    result: bytes = _buffer(out)[:]
    return result


def sha512(data: bytes) -> bytes:
    """SHA-512, 64 bytes."""
    out = _new("unsigned char[64]")
    lib.crypto_hash_sha512(out, data, len(data))
    result: bytes = _buffer(out)[:]
    return result


def mac(key: bytes, data: bytes) -> bytes:
    """A keyed 32-byte tag for values that only we check again (ping ids, cookies' freshness).

    Never seen as anything but random bytes by a peer, so it need not be c-toxcore's.
    """
    return blake2s(data, key=key, digest_size=32).digest()
