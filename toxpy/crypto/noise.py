"""Two patterns of the Noise framework, with 25519, ChaChaPoly and BLAKE2b.

The handshake IK:

    message 1   e 32 | encrypted static key 48 | encrypted payload         from the initiator
    message 2   e 32 | encrypted payload                                   from the responder

The initiator knows the responder's static key beforehand. Message 1 can be made by whoever has one of the two
static secrets, message 2 proves the responder, and the first transport packet proves the initiator.

The single message K, between two who know each other's static key beforehand:

    message     e 32 | encrypted payload                                   `seal_k`, `open_k`

It proves the sender to everybody but those who have the recipient's secret.

`noiseprotocol` has the pattern, and libsodium all cryptography. Only its lower half is used: the upper one
imports another library for cryptography, of 16 MB. This module is imported when a handshake needs it.
"""

from __future__ import annotations

from _blake2 import blake2b

from nacl._sodium import ffi, lib
from noise.backends.noise_backend import NoiseBackend
from noise.noise_protocol import NoiseProtocol
from noise.state import CipherState, HandshakeState

from toxpy.crypto.sodium import KEY_SIZE, MAC_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.crypto.keys import KeyPair

NAME = b"Noise_IK_25519_ChaChaPoly_BLAKE2b"
NAME_K = b"Noise_K_25519_ChaChaPoly_BLAKE2b"
#: Bytes by which a message of K is longer than its payload.
K_OVERHEAD = KEY_SIZE + MAC_SIZE
#: BLAKE2b's block, bytes: HMAC pads its key to it.
_BLOCK_SIZE = 128
#: HMAC's inner and outer pad, as tables for `bytes.translate`.
_INNER, _OUTER = bytes(i ^ 0x36 for i in range(256)), bytes(i ^ 0x5C for i in range(256))

_new = ffi.new
_buffer = ffi.buffer


class _Refused(Exception):
    """A message that the peer did not make."""


class _Pair:
    """A key pair, or the public half of one, with the names that noiseprotocol reads."""

    __slots__ = ("private", "public", "public_bytes")

    def __init__(self, public: bytes, private: bytes = b"") -> None:
        self.public = self.public_bytes = public
        self.private = private

    @classmethod
    def from_public_bytes(cls, data: bytes) -> _Pair:
        """The peer's key as it stands in a message, which may be too short for it."""
        if len(data) != KEY_SIZE:
            raise _Refused
        return cls(data)


class _Curve:
    dhlen = KEY_SIZE

    @staticmethod
    def dh(private: bytes, public: bytes) -> bytes:
        out = _new("unsigned char[32]")
        # -1 for a point of low order
        if lib.crypto_scalarmult(out, private, public) != 0:
            raise _Refused
        result: bytes = _buffer(out)[:]
        return result


class _Cipher:
    def initialize(self, key: bytes) -> None:
        """Nothing is kept: every call below gets the key."""

    @staticmethod
    def encrypt(key: bytes, number: int, ad: bytes, plain: bytes) -> bytes:
        out = _new("unsigned char[]", len(plain) + MAC_SIZE)
        lib.crypto_aead_chacha20poly1305_ietf_encrypt(
            out, ffi.NULL, plain, len(plain), ad, len(ad), ffi.NULL, _nonce(number), key
        )
        result: bytes = _buffer(out)[:]
        return result

    @staticmethod
    def decrypt(key: bytes, number: int, ad: bytes, sealed: bytes) -> bytes:
        size = len(sealed) - MAC_SIZE
        if size < 0:
            raise _Refused
        out = _new("unsigned char[]", size or 1)
        failed = lib.crypto_aead_chacha20poly1305_ietf_decrypt(
            out, ffi.NULL, ffi.NULL, sealed, len(sealed), ad, len(ad), _nonce(number), key
        )
        if failed:
            raise _Refused
        result: bytes = _buffer(out, size)[:]
        return result


class _Hash:
    hashlen, fn = 64, None

    @staticmethod
    def hash(data: bytes) -> bytes:
        return blake2b(data).digest()


def _nonce(number: int) -> bytes:
    return bytes(4) + number.to_bytes(8, "little")


def _hmac(key: bytes, data: bytes, algorithm: None) -> bytes:
    """HMAC-BLAKE2b. The standard library's would load another library for cryptography."""
    key = key.ljust(_BLOCK_SIZE, b"\0")
    return blake2b(key.translate(_OUTER) + blake2b(key.translate(_INNER) + data).digest()).digest()


_BACKEND = NoiseBackend()
_BACKEND.diffie_hellmans["25519"] = _Curve
_BACKEND.ciphers["ChaChaPoly"] = _Cipher
_BACKEND.hashes["BLAKE2b"] = _Hash
_BACKEND.keypairs["25519"] = _Pair
_BACKEND.hmac = _hmac


class NoiseIK:
    """One side of one handshake. It has secrets: whoever holds it lets go of it once the keys are known."""

    __slots__ = ("_state", "receive_key", "send_key")

    def __init__(self, ours: KeyPair, prologue: bytes, their_pk: bytes | None = None) -> None:
        """With the peer's static key we are the initiator, without it the responder."""
        noise = NoiseProtocol(NAME, _BACKEND)
        self._state = HandshakeState.initialize(
            noise,
            their_pk is not None,
            prologue,
            s=_Pair(ours.public, ours.secret),
            rs=_Pair(their_pk) if their_pk is not None else None,
        )
        # what its upper half sets
        noise.handshake_state = self._state
        noise.symmetric_state = self._state.symmetric_state
        #: 32 bytes each, known after both messages
        self.send_key = self.receive_key = b""

    @property
    def their_pk(self) -> bytes:
        """The peer's static key; the responder knows it after message 1."""
        result: bytes = self._state.rs.public_bytes
        return result

    def write(self, payload: bytes, ephemeral: KeyPair) -> bytes | None:
        """Our message, with a key pair that is made for it. None if a key of the peer is of low order.

        Two X25519.
        """
        self._state.e = _Pair(ephemeral.public, ephemeral.secret)
        out = bytearray()
        try:
            keys = self._state.write_message(payload, out)
        except _Refused:
            return None
        self._finish(keys)
        return bytes(out)

    def read(self, message: bytes) -> bytes | None:
        """The payload of the peer's message. None for one that the peer did not make, which changes nothing.

        Two X25519.
        """
        state = self._state
        if not state.message_patterns:
            return None
        symmetric = state.symmetric_state
        cipher = symmetric.cipher_state
        before = symmetric.h, symmetric.ck, cipher.k, cipher.n, state.re, state.rs, [*state.message_patterns]
        payload = bytearray()
        try:
            keys = state.read_message(message, payload)
        except _Refused:
            symmetric.h, symmetric.ck, cipher.k, cipher.n, state.re, state.rs, state.message_patterns = before
            return None
        self._finish(keys)
        return bytes(payload)

    def _finish(self, ciphers: tuple[CipherState, CipherState] | None) -> None:
        """After message 2: each direction has a key of its own."""
        if ciphers is not None:
            first, second = ciphers[0].k, ciphers[1].k
            self.send_key, self.receive_key = (first, second) if self._state.initiator else (second, first)


def _pattern_k(
    initiator: bool, ours: KeyPair, their_pk: bytes, prologue: bytes, e: _Pair | None
) -> HandshakeState:
    """One side of the single message."""
    noise = NoiseProtocol(NAME_K, _BACKEND)
    pairs = {"s": _Pair(ours.public, ours.secret), "rs": _Pair(their_pk), "e": e}
    noise.handshake_state = state = HandshakeState.initialize(noise, initiator, prologue, **pairs)
    noise.symmetric_state = state.symmetric_state
    return state


def seal_k(
    sender: KeyPair, recipient_pk: bytes, prologue: bytes, payload: bytes, ephemeral: KeyPair
) -> bytes | None:
    """A message for the owner of a key, 48 bytes longer than the payload; None if that key is of low order.

    `ephemeral` is a key pair that is made for this message. Two X25519.
    """
    pair = _Pair(ephemeral.public, ephemeral.secret)
    out = bytearray()
    try:
        _pattern_k(True, sender, recipient_pk, prologue, pair).write_message(payload, out)
    except _Refused:
        return None
    return bytes(out)


def open_k(recipient: KeyPair, sender_pk: bytes, prologue: bytes, message: bytes) -> bytes | None:
    """The payload; None for a message that the sender did not make for that key. Two X25519."""
    if len(message) < K_OVERHEAD:
        return None
    payload = bytearray()
    try:
        _pattern_k(False, recipient, sender_pk, prologue, None).read_message(message, payload)
    except _Refused:
        return None
    return bytes(payload)
