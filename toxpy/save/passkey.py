"""Encryption of savedata and other files with a passphrase, in c-toxcore's format.

    magic "toxEsave" 8 | salt 32 | nonce 24 | secretbox (16 + n)

The key is scrypt of SHA-256(passphrase) with the salt (N = 2**14, r = 8, p = 2: about 100 ms
and 16 MB). A `PassKey` keeps salt and key, so that many files cost one derivation.
c-toxcore: toxencryptsave.c.
"""

from __future__ import annotations

from nacl._sodium import ffi, lib

from toxpy.crypto import sodium
from toxpy.errors import PacketError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    #: What holds bytes: bytes, bytearray, memoryview, the buffers of cffi.
    Buffer = Any

MAGIC = b"toxEsave"
SALT_SIZE = 32
EXTRA_SIZE = len(MAGIC) + SALT_SIZE + sodium.NONCE_SIZE + sodium.MAC_SIZE
_KEY_START = len(MAGIC) + SALT_SIZE
_BOX_START = _KEY_START + sodium.NONCE_SIZE
#: what libsodium makes of c-toxcore's limits (operations 2 * INTERACTIVE, memory INTERACTIVE)
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 1 << 14, 8, 2


class PassKey:
    """A key derived from a passphrase, and the salt that goes with it. Never shown in a repr."""

    __slots__ = ("key", "salt")

    def __init__(self, key: bytes, salt: bytes) -> None:
        self.key = key
        self.salt = salt

    @classmethod
    def derive(cls, passphrase: bytes, salt: bytes) -> PassKey:
        """The key of a passphrase for files with that salt (32 bytes). Takes about 100 ms."""
        if len(salt) != SALT_SIZE:
            raise ValueError(f"a salt has {SALT_SIZE} bytes")
        out = ffi.new("uint8_t[]", sodium.KEY_SIZE)
        digest = sodium.sha256(passphrase)
        done = lib.crypto_pwhash_scryptsalsa208sha256_ll(
            digest, len(digest), salt, SALT_SIZE, _SCRYPT_N, _SCRYPT_R, _SCRYPT_P, out, sodium.KEY_SIZE
        )
        if done != 0:
            raise MemoryError("no memory for the key derivation")
        return cls(ffi.buffer(out)[:], salt)

    def encrypt(self, plain: bytes, nonce: bytes) -> bytes:
        """`plain` in the file format, 80 bytes longer; `nonce` is 24 random bytes."""
        sealed = bytearray(len(plain) + EXTRA_SIZE)
        self.encrypt_into(sealed, plain, nonce)
        return bytes(sealed)

    def encrypt_into(self, out: Buffer, plain: Buffer, nonce: bytes) -> None:
        """`encrypt` into memory of just that size, without copies: a savedata can have megabytes.

        The two may overlap.
        """
        view, source = memoryview(out), ffi.from_buffer("unsigned char[]", plain)
        if len(nonce) != sodium.NONCE_SIZE or len(view) != len(source) + EXTRA_SIZE:
            raise ValueError("a nonce has 24 bytes, the result 80 more than the plain text")
        box = ffi.from_buffer("unsigned char[]", view[_BOX_START:], require_writable=True)
        sodium.secretbox_easy(box, source, len(source), nonce, self.key)
        view[:_BOX_START] = MAGIC + self.salt + nonce

    def decrypt(self, data: bytes) -> bytes | None:
        """The plain text; None when the key is another or the data was changed."""
        check_format(data)
        plain = bytearray(len(data) - EXTRA_SIZE)
        return bytes(plain) if self.decrypt_into(plain, data) else None

    def decrypt_into(self, out: Buffer, data: Buffer) -> bool:
        """`decrypt` into memory of just the size of the plain text; the two may overlap."""
        source = memoryview(data)
        if len(memoryview(out)) != len(source) - EXTRA_SIZE:
            raise ValueError("the plain text is 80 bytes shorter")
        nonce, box = bytes(source[_KEY_START:_BOX_START]), ffi.from_buffer(source[_BOX_START:])
        plain = ffi.from_buffer("unsigned char[]", out, require_writable=True)
        opened: int = sodium.secretbox_open_easy(plain, box, len(box), nonce, self.key)
        return opened == 0


def is_encrypted(data: bytes) -> bool:
    """True if the data begins as an encrypted file does."""
    return data.startswith(MAGIC)


def salt_of(data: bytes) -> bytes:
    """The salt of an encrypted file, with which its key can be derived."""
    check_format(data)
    return data[len(MAGIC) : _KEY_START]


def check_format(data: bytes) -> None:
    """PacketError unless the data can be an encrypted file."""
    if len(data) <= EXTRA_SIZE or not is_encrypted(data):
        raise PacketError("not an encrypted file")
