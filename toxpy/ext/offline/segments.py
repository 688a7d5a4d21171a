"""Segments by which friends tell each other about mailboxes, in the envelope under their UUID.

    1 OFFER     generation u32 | secret of the pair 32 | n (at most 4) | n mailbox records
    2 PREKEYS   n (1 to 37) | n x (id 4 | pre-key 32)
    3 WANTED    pre-keys that are not used yet u16
    4 RECEIPT   n | n message ids of 16
    5 MAILBOX   mailbox record | token 32

Integers are big-endian. An offer says where its sender looks for messages of this friend; one with a greater
generation replaces it, and one without mailboxes takes it back. Pre-keys are for this friend alone, and each
is used once. `wanted` asks for more of them. `receipt` has the ids of messages that came from a mailbox.
`mailbox` is one that the friend may use.
"""

from __future__ import annotations

from struct import Struct

from toxpy.errors import PacketError
from toxpy.ext.offline.keys import PREKEY_ID_SIZE, SECRET_SIZE, prekey_id
from toxpy.ext.offline.records import TOKEN_SIZE, MailboxRecord
from toxpy.ext.offline.seal import ID_SIZE
from toxpy.ids import PUBLIC_KEY_SIZE

UUID = bytes.fromhex("7d2dfd432f554bc59d5b7501ba42a9c0")
OFFER, PREKEYS, WANTED, RECEIPT, MAILBOX = range(1, 6)
#: Mailboxes in an offer.
MAX_MAILBOXES = 4
#: Pre-keys in a segment: more do not fit.
MAX_PREKEYS = 37
#: Ids of a receipt in the envelope, and in a sealed message.
MAX_RECEIPTS, MAX_RECEIPTS_SEALED = 85, 250

_OFFER = Struct(">BI32sB")
_WANTED = Struct(">BH")
_PREKEY_SIZE = PREKEY_ID_SIZE + PUBLIC_KEY_SIZE
#: Of a segment in a sealed message.
_LENGTH_SIZE = 2


class Offer:
    """Where its sender looks for messages of one friend; it does not change."""

    __slots__ = ("generation", "mailboxes", "pair_secret")

    def __init__(self, generation: int, pair_secret: bytes, mailboxes: list[MailboxRecord]) -> None:
        self.generation = generation
        self.pair_secret = pair_secret
        self.mailboxes = mailboxes

    def pack(self) -> bytes:
        """The segment."""
        head = _OFFER.pack(OFFER, self.generation, self.pair_secret, len(self.mailboxes))
        return head + b"".join(record.pack() for record in self.mailboxes)

    @classmethod
    def unpack(cls, segment: bytes) -> Offer:
        """The offer; PacketError for what is none."""
        _expect(segment, OFFER, len(segment) >= _OFFER.size)
        _, generation, secret, count = _OFFER.unpack_from(segment)
        mailboxes, at = [], _OFFER.size
        if count > MAX_MAILBOXES or len(secret) != SECRET_SIZE or not any(secret):
            raise PacketError("offer: malformed")
        for _ in range(count):
            record, at = MailboxRecord.unpack(segment, at)
            mailboxes.append(record)
        if at != len(segment) or len({record.real_pk for record in mailboxes}) != count:
            raise PacketError("offer: malformed")
        return cls(generation, secret, mailboxes)


def pack_prekeys(public_keys: list[bytes]) -> bytes:
    """The segment of up to 37 pre-keys."""
    packed = (prekey_id(key) + key for key in public_keys)
    return bytes((PREKEYS, len(public_keys))) + b"".join(packed)


def unpack_prekeys(segment: bytes) -> list[bytes]:
    """The pre-keys, each with its right id; PacketError for anything else."""
    _expect(segment, PREKEYS, len(segment) > 1)
    count = segment[1]
    if not 0 < count <= MAX_PREKEYS or len(segment) != 2 + count * _PREKEY_SIZE:
        raise PacketError("pre-keys: size")
    keys = []
    for at in range(2, len(segment), _PREKEY_SIZE):
        key_at = at + PREKEY_ID_SIZE
        key = segment[key_at : key_at + PUBLIC_KEY_SIZE]
        if segment[at:key_at] != prekey_id(key):
            raise PacketError("pre-keys: an id that is another key's")
        keys.append(key)
    if len(set(keys)) != count:
        raise PacketError("pre-keys: one comes twice")
    return keys


def pack_wanted(left: int) -> bytes:
    """The segment that asks for pre-keys; `left` are not used yet."""
    return _WANTED.pack(WANTED, min(left, 0xFFFF))


def unpack_wanted(segment: bytes) -> int:
    """How many the friend has left; PacketError for what is none."""
    _expect(segment, WANTED, len(segment) == _WANTED.size)
    left: int = _WANTED.unpack(segment)[1]
    return left


def pack_receipt(ids: list[bytes]) -> bytes:
    """The segment: at most MAX_RECEIPTS in the envelope, MAX_RECEIPTS_SEALED in a sealed message."""
    return bytes((RECEIPT, len(ids))) + b"".join(ids)


def unpack_receipt(segment: bytes) -> list[bytes]:
    """The ids, at least one; PacketError for what is none."""
    _expect(segment, RECEIPT, len(segment) > 1)
    if not 0 < segment[1] <= MAX_RECEIPTS_SEALED or len(segment) != 2 + segment[1] * ID_SIZE:
        raise PacketError("receipt: size")
    return [segment[at : at + ID_SIZE] for at in range(2, len(segment), ID_SIZE)]


def pack_mailbox(record: MailboxRecord, token: bytes) -> bytes:
    """The segment about a mailbox that a friend may use."""
    return bytes((MAILBOX,)) + record.pack() + token


def unpack_mailbox(segment: bytes) -> tuple[MailboxRecord, bytes]:
    """The mailbox and its token; PacketError for what is none."""
    _expect(segment, MAILBOX, len(segment) > 1)
    record, end = MailboxRecord.unpack(segment, 1)
    if len(segment) != end + TOKEN_SIZE:
        raise PacketError("mailbox: size")
    return record, segment[end:]


def pack_offered(segments: list[bytes]) -> bytes:
    """Segments as the body of a sealed message."""
    return b"".join(len(segment).to_bytes(_LENGTH_SIZE, "big") + segment for segment in segments)


def unpack_offered(body: bytes) -> list[bytes]:
    """The segments of such a body, none of them empty; PacketError for what is none."""
    segments, at = [], 0
    while at < len(body):
        begin = at + _LENGTH_SIZE
        at = begin + int.from_bytes(body[at:begin], "big")
        if at == begin or at > len(body):
            raise PacketError("offer: no segments")
        segments.append(body[begin:at])
    return segments


def _expect(segment: bytes, kind: int, long_enough: bool) -> None:
    """PacketError unless it is a segment of that kind."""
    if not long_enough or segment[0] != kind:
        raise PacketError(f"segment {kind}: malformed")
