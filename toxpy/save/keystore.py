"""Encryption of a profile with Argon2id, for which whoever guesses passphrases needs much memory.

    magic "TOXKEYS1" 8 | version 1 | passes 1 | log2 of the memory in KiB 1 | lanes 1 | salt 16 | nonce 24
    XChaCha20-Poly1305 of the savedata, n + 16; its additional data are the 52 bytes before

The key is Argon2id (version 1.3) of the passphrase. What it costs is in the file, within bounds that are
checked before: a hostile file cannot ask for more than 256 MiB and some seconds. All before the box is
authenticated, so a changed byte is not told from a wrong passphrase. Only toxpy reads this format.

argon2-cffi is imported at the first derivation; libsodium's own Argon2 has one lane only.
"""

from __future__ import annotations

from typing import NamedTuple

from toxpy.crypto import sodium
from toxpy.errors import PacketError

MAGIC = b"TOXKEYS1"
VERSION = 1
SALT_SIZE = 16
#: Bytes of magic, version and cost, in front of the salt.
_SALT_START = len(MAGIC) + 4
_NONCE_START = _SALT_START + SALT_SIZE
_BOX_START = _NONCE_START + sodium.NONCE_SIZE
EXTRA_SIZE = _BOX_START + sodium.MAC_SIZE
#: Bounds of passes and lanes, and of the memory: 8 MiB to 256 MiB. The most of all takes about 3 s.
MAX_PASSES, MAX_LANES, MEMORY_LOG2 = 8, 8, range(13, 19)


class Cost(NamedTuple):
    """What a derivation costs: passes over the memory, log2 of its KiB, and lanes that may run at once."""

    passes: int
    memory_log2: int
    lanes: int


#: 64 MiB: about 0.25 s.
DEFAULT_COST = Cost(3, 16, 4)


class KeystoreKey:
    """A key derived from a passphrase, with its salt and cost. Never shown in a repr."""

    __slots__ = ("_head", "_key")

    def __init__(self, key: bytes, head: bytes) -> None:
        self._key = key
        #: what files with this key begin with, up to the nonce
        self._head = head

    @classmethod
    def derive(cls, passphrase: bytes, cost: Cost, salt: bytes) -> KeystoreKey:
        """The key of a passphrase for files with that cost and salt (16 bytes).

        ModuleNotFoundError without argon2-cffi, MemoryError.
        """
        if len(salt) != SALT_SIZE or not _is_bounded(cost):
            raise ValueError(f"a salt has {SALT_SIZE} bytes, and a cost its bounds")
        return cls(_argon2id(passphrase, cost, salt), MAGIC + bytes((VERSION, *cost)) + salt)

    @classmethod
    def of_file(cls, passphrase: bytes, data: bytes) -> KeystoreKey:
        """The key of a passphrase for a file that has passed `check_format`."""
        return cls.derive(passphrase, _cost_of(data), data[_SALT_START:_NONCE_START])

    def encrypt(self, plain: bytes, nonce: bytes) -> bytes:
        """`plain` in the file format, 68 bytes longer; `nonce` is 24 random bytes."""
        head = self._head + nonce
        return head + sodium.encrypt_xchacha(self._key, nonce, plain, head)

    def decrypt(self, data: bytes) -> bytes | None:
        """The plain text; None when the key is another or the data was changed."""
        check_format(data)
        nonce = data[_NONCE_START:_BOX_START]
        return sodium.decrypt_xchacha(self._key, nonce, data[_BOX_START:], data[:_BOX_START])


def is_keystore(data: bytes) -> bool:
    """True if the data begins as a file in this format does."""
    return data.startswith(MAGIC)


def check_format(data: bytes) -> None:
    """PacketError unless the data can be a file in this format, at a cost within the bounds."""
    if not is_keystore(data):
        raise PacketError("not a keystore")
    if len(data) > len(MAGIC) and data[len(MAGIC)] != VERSION:
        raise PacketError(
            f"version {data[len(MAGIC)]} of the keystore's format, of which this toxpy knows only {VERSION}"
        )
    if len(data) < EXTRA_SIZE:
        raise PacketError("a keystore that was cut off")
    if not _is_bounded(_cost_of(data)):
        raise PacketError("a keystore whose key costs too little or too much")


def _cost_of(data: bytes) -> Cost:
    return Cost(*data[len(MAGIC) + 1 : _SALT_START])


def _is_bounded(cost: Cost) -> bool:
    return 1 <= cost.passes <= MAX_PASSES and 1 <= cost.lanes <= MAX_LANES and cost.memory_log2 in MEMORY_LOG2


def _argon2id(passphrase: bytes, cost: Cost, salt: bytes) -> bytes:
    """The raw hash, 32 bytes."""
    try:
        from argon2.exceptions import HashingError
        from argon2.low_level import Type, hash_secret_raw
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "Argon2id needs the Python package argon2-cffi (Debian's python3-argon2), which is not installed",
            name=error.name,
        ) from error
    try:
        return hash_secret_raw(
            passphrase, salt, cost.passes, 1 << cost.memory_log2, cost.lanes, sodium.KEY_SIZE, Type.ID
        )
    except HashingError as error:
        # memory or threads
        raise MemoryError(f"no memory for the key derivation ({error})") from error
