"""Extended keys: a key for encryption (Curve25519) and one for signatures (Ed25519), both of one seed.

    public 64    enc 32 | sig 32
    secret 96    enc 32 | sig 64 (seed 32, sig public key 32)

A group has such a pair, whose secret half only its founder has; the public signature key is the *chat id*.
Each member has one for each of its groups, unrelated to its Tox key: peers are known by the encryption key.
c-toxcore: crypto_core.c create_extended_keypair, group_chats.c expand_chat_id.
"""

from __future__ import annotations

from toxpy.crypto import sodium
from toxpy.crypto.sodium import KEY_SIZE
from toxpy.errors import PacketError
from toxpy.group.checksums import key_checksum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Rng

PUBLIC_SIZE = 64
SECRET_SIZE = 96
CHAT_ID_SIZE = 32


class ExtendedPublicKey:
    """Both public keys of a peer, or of a group."""

    __slots__ = ("_hash", "enc", "sig")

    def __init__(self, enc: bytes, sig: bytes) -> None:
        if len(enc) != KEY_SIZE or len(sig) != KEY_SIZE:
            raise ValueError("a key has 32 bytes")
        self.enc = enc
        self.sig = sig
        self._hash: int | None = None

    @classmethod
    def from_bytes(cls, packed: bytes) -> ExtendedPublicKey:
        """From 64 bytes."""
        return cls(packed[:KEY_SIZE], packed[KEY_SIZE:])

    def __bytes__(self) -> bytes:
        return self.enc + self.sig

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExtendedPublicKey) and self.enc == other.enc and self.sig == other.sig

    def __hash__(self) -> int:
        return hash(self.enc)

    @property
    def checksum(self) -> int:
        """What this peer adds to the checksum of the peers; computed once."""
        if self._hash is None:
            self._hash = key_checksum(self.enc)
        return self._hash

    def __repr__(self) -> str:
        return f"ExtendedPublicKey({self.enc.hex().upper()[:16]}...)"


class ExtendedKeyPair:
    """Both pairs; no secret shows in a repr."""

    __slots__ = ("_sig_secret", "enc_secret", "public")

    def __init__(self, seed: bytes) -> None:
        sig, self._sig_secret = sodium.sign_key_pair(seed)
        self.enc_secret = sodium.sign_secret_to_box(self._sig_secret)
        self.public = ExtendedPublicKey(sodium.public_key(self.enc_secret), sig)

    @classmethod
    def generate(cls, rng: Rng) -> ExtendedKeyPair:
        """New random pairs."""
        return cls(rng.bytes(KEY_SIZE))

    @classmethod
    def from_save(cls, public: bytes, secret: bytes) -> ExtendedKeyPair:
        """From 64 and 96 saved bytes; PacketError when they do not belong together."""
        if len(public) != PUBLIC_SIZE or len(secret) != SECRET_SIZE:
            raise PacketError("extended keys: wrong size")
        pair = cls(secret[KEY_SIZE : 2 * KEY_SIZE])
        if pair.secret_bytes() != secret or bytes(pair.public) != public:
            raise PacketError("extended keys: not of one seed")
        return pair

    def secret_bytes(self) -> bytes:
        """Both secret keys, 96 bytes, for a save."""
        return self.enc_secret + self._sig_secret

    def sign(self, data: bytes) -> bytes:
        """Our signature, 64 bytes."""
        return sodium.sign(self._sig_secret, data)

    def __repr__(self) -> str:
        return f"ExtendedKeyPair({self.public.enc.hex().upper()[:16]}...)"


def chat_public_key(chat_id: bytes) -> ExtendedPublicKey | None:
    """The public keys of the group with that chat id; None when no group can have it."""
    enc = sodium.sign_public_to_box(chat_id)
    return None if enc is None else ExtendedPublicKey(enc, chat_id)
