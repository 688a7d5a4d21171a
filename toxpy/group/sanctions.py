"""Who is an observer: sanctions that moderators sign, and credentials that sign the list of them.

    sanction, 137 bytes       0 | setter's sig pk 32 | time u64 | target's enc pk 32 | signature 64
    credentials, 134 bytes    version u32 | hash 32 | checksum u16 | signer's sig pk 32 | its signature 64

A sanction's setter signs the 73 bytes before the signature, the signer the hash. The hash is SHA-256 of all
signatures and the version, which is little-endian here; zeros for an empty list. Signatures are sorted since
0.2.22 and in the order of their making before; we look for the order that fits. No save of c-toxcore
has the list. c-toxcore: group_moderation.c.

The hash of an empty list does not cover the version. So whoever has seen one can make others of any version,
which clear the list or bar all later ones. We take an empty list in place of another only from moderators and
the founder themselves.
"""

from __future__ import annotations

from itertools import chain
from struct import Struct

from toxpy.crypto.sodium import SIGNATURE_SIZE, sha256, verify
from toxpy.errors import PacketError
from toxpy.group.checksums import data_checksum
from toxpy.group.moderation import all_orders, first_fitting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from toxpy.group.keys import ExtendedKeyPair

MAX_SANCTIONS = 30
_KIND_OBSERVER = 0
#: c-toxcore's since 0.2.22, so that the same sanction is the same bytes.
_TIME = 1
_SANCTION = Struct(">B32sQ32s64s")
_CREDENTIALS = Struct(">I32sH32s64s")
SANCTION_SIZE = _SANCTION.size
CREDENTIALS_SIZE = _CREDENTIALS.size
_VERSIONS = 2**32


class Sanction:
    """One observer."""

    __slots__ = ("packed", "setter", "signature", "target")

    def __init__(self, packed: bytes) -> None:
        """From 137 bytes; PacketError for another kind or no time."""
        kind, self.setter, time, self.target, self.signature = _SANCTION.unpack(packed)
        if kind != _KIND_OBSERVER or time == 0:
            raise PacketError("group sanction: unknown kind, or without a time")
        self.packed = packed

    def is_signed(self) -> bool:
        """True if the setter signed it."""
        return verify(self.setter, self.signature, self.packed[:-SIGNATURE_SIZE])


def make_sanction(keys: ExtendedKeyPair, target: bytes) -> Sanction:
    """One of ours; `target` is an encryption key."""
    signed = _SANCTION.pack(_KIND_OBSERVER, keys.public.sig, _TIME, target, b"")[:-SIGNATURE_SIZE]
    return Sanction(signed + keys.sign(signed))


class Credentials:
    """Who vouches for the list, and which version it is."""

    __slots__ = ("checksum", "hash", "packed", "signature", "signer", "version")

    def __init__(self, packed: bytes) -> None:
        """From 134 bytes; PacketError for a wrong checksum."""
        self.version, self.hash, self.checksum, self.signer, self.signature = _CREDENTIALS.unpack(packed)
        if self.checksum != data_checksum(self.hash):
            raise PacketError("group credentials: wrong checksum")
        self.packed = packed


def make_credentials(keys: ExtendedKeyPair, version: int, sanctions: Sequence[Sanction]) -> Credentials:
    """Ours, for the list in this order."""
    digest = sanctions_hash(sanctions, version)
    fields = digest, data_checksum(digest), keys.public.sig, keys.sign(digest)
    return Credentials(_CREDENTIALS.pack(version, *fields))


def sanctions_hash(sanctions: Sequence[Sanction], version: int) -> bytes:
    """In this order."""
    if not sanctions:
        return bytes(32)
    return sha256(b"".join(sanction.signature for sanction in sanctions) + version.to_bytes(4, "little"))


def unpack_credentials(data: bytes) -> Credentials:
    """Behind the keys of a broadcast; PacketError when cut short."""
    if len(data) < CREDENTIALS_SIZE:
        raise PacketError("group credentials: cut short")
    return Credentials(data[:CREDENTIALS_SIZE])


def unpack_sanction(data: bytes) -> tuple[Sanction, Credentials]:
    """One sanction and the credentials of the list with it."""
    if len(data) < SANCTION_SIZE + CREDENTIALS_SIZE:
        raise PacketError("group sanction: cut short")
    return Sanction(data[:SANCTION_SIZE]), unpack_credentials(data[SANCTION_SIZE:])


def unpack_sanctions(data: bytes) -> tuple[list[Sanction], Credentials]:
    """The data of the packet; PacketError for a wrong size or too many."""
    count = int.from_bytes(data[:2], "big")
    end = 2 + count * SANCTION_SIZE
    if count > MAX_SANCTIONS or len(data) != end + CREDENTIALS_SIZE:
        raise PacketError("group sanctions: wrong size")
    sanctions = [Sanction(data[start : start + SANCTION_SIZE]) for start in range(2, end, SANCTION_SIZE)]
    return sanctions, Credentials(data[end:])


class Sanctions:
    """The sanctions in the order that their credentials sign."""

    __slots__ = ("credentials", "entries", "targets")

    def __init__(self) -> None:
        self.entries: list[Sanction] = []
        #: the encryption keys of the observers
        self.targets: frozenset[bytes] = frozenset()
        #: None until somebody sent us the list or we made one
        self.credentials: Credentials | None = None

    @property
    def version(self) -> int:
        """0 without a list."""
        return self.credentials.version if self.credentials else 0

    @property
    def checksum(self) -> int:
        """0 without a list."""
        return self.credentials.checksum if self.credentials else 0

    def index(self, target: bytes) -> int | None:
        """Where the sanction of that encryption key is."""
        return next((i for i, entry in enumerate(self.entries) if entry.target == target), None)

    def pack(self) -> bytes:
        """The data of the packet; b"" without a list."""
        if self.credentials is None:
            return b""
        packed = b"".join(sanction.packed for sanction in self.entries)
        return len(self.entries).to_bytes(2, "big") + packed + self.credentials.packed

    def is_newer(self, credentials: Credentials) -> bool:
        """True if they are later than ours; of the same version the greater checksum wins."""
        if credentials.version == 0 and self.version == _VERSIONS - 1:
            return True
        return (credentials.version, credentials.checksum) > (self.version, self.checksum)

    def is_void(self, may_sanction: Callable[[bytes], bool]) -> bool:
        """True if who vouches for our list may not do so any more: any other list is better."""
        return self.credentials is not None and not may_sanction(self.credentials.signer)

    def take(
        self,
        guesses: Sequence[Sequence[Sanction]],
        credentials: Credentials,
        may_sanction: Callable[[bytes], bool],
        *,
        from_moderator: bool,
    ) -> bool:
        """Be a later list, if everything about it is right.

        `may_sanction` takes a signature key; `from_moderator`: whether a moderator or the founder sent it.
        Up to 31 signatures are checked, after all else, and only those of entries that we do not have.
        """
        entries = guesses[0]
        if not (self.is_newer(credentials) or self.is_void(may_sanction)) or len(entries) > MAX_SANCTIONS:
            return False
        if not entries and self.credentials is not None and not from_moderator:
            return False
        setters = {entry.setter for entry in entries} | {credentials.signer}
        if not all(map(may_sanction, setters)):
            return False
        found = first_fitting(
            chain([_sorted(entries), *guesses], all_orders(entries)),
            lambda order: sanctions_hash(order, credentials.version) == credentials.hash,
        )
        if found is None or not verify(credentials.signer, credentials.signature, credentials.hash):
            return False
        known = {entry.packed for entry in self.entries}
        if not all(entry.packed in known or entry.is_signed() for entry in found):
            return False
        self._be(found, credentials)
        return True

    def set(self, keys: ExtendedKeyPair, entries: Iterable[Sanction]) -> None:
        """Be a list that we sign, one version later."""
        ours = _sorted(entries)
        self._be(ours, make_credentials(keys, (self.version + 1) % _VERSIONS, ours))

    def _be(self, entries: list[Sanction], credentials: Credentials) -> None:
        self.entries, self.credentials = entries, credentials
        self.targets = frozenset(entry.target for entry in entries)


def _sorted(entries: Iterable[Sanction]) -> list[Sanction]:
    return sorted(entries, key=lambda entry: entry.signature)
