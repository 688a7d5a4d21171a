"""Keys and addresses as Python users handle them: hex in, hex out, checked once.

A Tox ID is what a friend request is sent to. Spec: Messenger, Tox ID.

    public key 32 | nospam 4 | checksum 2

The checksum is the exclusive or of the 36 bytes before it, taken two at a time.
"""

from __future__ import annotations

from _operator import _compare_digest

from toxpy.errors import api_error

PUBLIC_KEY_SIZE = 32
SECRET_KEY_SIZE = 32
NOSPAM_SIZE = 4
CHECKSUM_SIZE = 2
ADDRESS_SIZE = PUBLIC_KEY_SIZE + NOSPAM_SIZE + CHECKSUM_SIZE
URI_PREFIX = "tox:"


def address_checksum(data: bytes) -> bytes:
    """The two checksum bytes of a public key and its nospam."""
    even = odd = 0
    for i in range(0, len(data) - 1, 2):
        even ^= data[i]
        odd ^= data[i + 1]
    return bytes((even, odd))


def kind_of(value: object) -> str:
    """Its class, for a message: "an int", but "a UserStatus"."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeioAEIO' else 'a'} {name}"


def bytes_of(value: bytes | bytearray | memoryview | PublicKey | ToxId | SecretKey) -> bytes:
    """The bytes of what has some; TypeError for anything else, a number too, of which `bytes` makes zeros."""
    if isinstance(value, (PublicKey, ToxId, SecretKey)):
        return bytes(value)
    try:
        return bytes(memoryview(value))
    except TypeError:
        raise TypeError(f"bytes are needed here, not {kind_of(value)}") from None


def checked_key(public_key: bytes | None, null_error: str) -> bytes:
    """A public key argument; ValueError for a wrong length, which C cannot have."""
    if public_key is None:
        raise api_error(null_error)
    if len(public_key) != PUBLIC_KEY_SIZE:
        raise ValueError(f"a public key has {PUBLIC_KEY_SIZE} bytes")
    return public_key


def from_hex(text: str, size: int, what: str) -> bytes:
    """Exactly `size` bytes of hex, spaces around it allowed; ValueError says what is wrong."""
    text = text.strip()
    if len(text) != 2 * size:
        raise ValueError(f"a {what} has {2 * size} hex digits, not {len(text)}")
    if not text.isascii() or not text.isalnum():
        raise ValueError(f"a {what} has only hex digits")
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ValueError(f"a {what} has only hex digits") from None


class PublicKey:
    """A public key of 32 bytes, from bytes or from 64 hex digits."""

    __slots__ = ("raw",)

    raw: bytes

    def __init__(self, value: bytes | bytearray | str | PublicKey) -> None:
        if isinstance(value, PublicKey):
            raw = value.raw
        elif isinstance(value, str):
            raw = from_hex(value, PUBLIC_KEY_SIZE, "public key")
        else:
            raw = bytes_of(value)
        if len(raw) != PUBLIC_KEY_SIZE:
            raise ValueError(f"a public key has {PUBLIC_KEY_SIZE} bytes, not {len(raw)}")
        object.__setattr__(self, "raw", raw)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("PublicKey cannot be changed")

    def __bytes__(self) -> bytes:
        return self.raw

    def __str__(self) -> str:
        return self.raw.hex().upper()

    def __repr__(self) -> str:
        return f"PublicKey('{self}')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and other.raw == self.raw

    def __hash__(self) -> int:
        return hash(self.raw)


class ToxId:
    """A Tox ID of 38 bytes, from bytes or from 76 hex digits (a leading ``tox:`` is allowed).

    A wrong length, a foreign character or a wrong checksum is a ValueError.
    """

    __slots__ = ("raw",)

    raw: bytes

    def __init__(self, value: bytes | bytearray | str | ToxId) -> None:
        if isinstance(value, ToxId):
            raw = value.raw
        elif isinstance(value, str):
            text = value.strip()
            if text[: len(URI_PREFIX)].lower() == URI_PREFIX:
                text = text[len(URI_PREFIX) :]
            raw = from_hex(text, ADDRESS_SIZE, "Tox ID")
        else:
            raw = bytes_of(value)
        if len(raw) != ADDRESS_SIZE:
            raise ValueError(f"a Tox ID has {ADDRESS_SIZE} bytes, not {len(raw)}")
        if address_checksum(raw[:-CHECKSUM_SIZE]) != raw[-CHECKSUM_SIZE:]:
            raise ValueError("the checksum of this Tox ID is wrong: a digit was mistyped or lost")
        object.__setattr__(self, "raw", raw)

    @classmethod
    def build(cls, public_key: bytes | PublicKey, nospam: int) -> ToxId:
        """The Tox ID of a public key and a nospam (an unsigned 32-bit number)."""
        if not 0 <= nospam < 1 << 8 * NOSPAM_SIZE:
            raise ValueError(f"a nospam has 32 bits, which {nospam} has not")
        body = PublicKey(public_key).raw + nospam.to_bytes(NOSPAM_SIZE, "big")
        return cls(body + address_checksum(body))

    @property
    def public_key(self) -> PublicKey:
        """The long-term public key in it."""
        return PublicKey(self.raw[:PUBLIC_KEY_SIZE])

    @property
    def nospam(self) -> int:
        """The nospam in it, as `Tox.self_get_nospam` returns it."""
        return int.from_bytes(self.raw[PUBLIC_KEY_SIZE : PUBLIC_KEY_SIZE + NOSPAM_SIZE], "big")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("ToxId cannot be changed")

    def __bytes__(self) -> bytes:
        return self.raw

    def __str__(self) -> str:
        return self.raw.hex().upper()

    def __repr__(self) -> str:
        return f"ToxId('{self}')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ToxId) and other.raw == self.raw

    def __hash__(self) -> int:
        return hash(self.raw)


class SecretKey:
    """A secret key of 32 bytes; neither `str` nor `repr` shows it, `bytes` returns it."""

    __slots__ = ("_raw",)

    def __init__(self, value: bytes) -> None:
        self._raw = bytes_of(value)
        if len(self._raw) != SECRET_KEY_SIZE:
            raise ValueError(f"a secret key has {SECRET_KEY_SIZE} bytes")

    def __bytes__(self) -> bytes:
        return self._raw

    def __repr__(self) -> str:
        return "SecretKey(<hidden>)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretKey) and _compare_digest(other._raw, self._raw)

    def __hash__(self) -> int:
        return hash((SecretKey, self._raw))
