"""Sealed messages: what lies in a mailbox, and what only one friend can open with a key made for this once.

    blob      id of the pre-key 4 | e 32 | encrypted plain + 16              256, 1024 or 4096 bytes
    plain     message id 16 | sent u64, ms since 1970 | kind | length u16 | body | zeros

Integers are big-endian. The encrypted part is the message K of Noise (`toxpy.crypto.noise`) from the sender's
real key to the pre-key, with the prologue "TOX_PREKEY_MESSAGE_V1" | recipient's real key | id of the pre-key.

    0 message, 1 action    body is the text, up to 4017 bytes of UTF-8
    2 receipts             a segment RECEIPT
    3 cover                random bytes; nobody looks at it
    4 offer                n x (length u16 | a segment OFFER, PREKEYS or WANTED)
    5 edit                 id of the original 16 | number u16 | text
    7 part                 of a long text; all parts have the id of the message

Segments are in `segments`. A pre-key is used once, and its secret is gone when the message was opened.
"""

from __future__ import annotations

from struct import Struct

from toxpy.crypto.keys import KeyPair
from toxpy.crypto.noise import K_OVERHEAD, open_k, seal_k
from toxpy.errors import PacketError
from toxpy.ext.offline.keys import PREKEY_ID_SIZE, prekey_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Rng

# protocol
MESSAGE, ACTION, RECEIPTS, COVER, OFFERED, EDIT = range(6)
PART = 7
#: Bytes of a blob: an observer sees one of three sizes.
SIZES = (256, 1024, 4096)
ID_SIZE = 16
_PROLOGUE = b"TOX_PREKEY_MESSAGE_V1"
_HEAD = Struct(">16sQBH")
_OVERHEAD = PREKEY_ID_SIZE + K_OVERHEAD
#: Bytes of a body at most: 4017.
MAX_BODY_SIZE = SIZES[-1] - _OVERHEAD - _HEAD.size
_NO_ID = bytes(ID_SIZE)


class Parcel:
    """What is in a sealed message; it does not change. Ids are random, so that no two are equal."""

    __slots__ = ("body", "id", "kind", "sent_ms")

    def __init__(self, id: bytes, sent_ms: int, kind: int, body: bytes) -> None:
        self.id = id
        self.sent_ms = sent_ms
        self.kind = kind
        self.body = body


def seal(sender: KeyPair, recipient_pk: bytes, prekey_pk: bytes, message: Parcel, *, rng: Rng) -> bytes:
    """The blob for a friend, of the least of the three sizes. ValueError for a body that is too long.

    PacketError for a pre-key that is no key: the friend's fault.
    """
    if len(message.body) > MAX_BODY_SIZE:
        raise ValueError(f"a body has at most {MAX_BODY_SIZE} bytes, not {len(message.body)}")
    head = _HEAD.pack(message.id, message.sent_ms, message.kind, len(message.body))
    plain = head + message.body
    size = next(size for size in SIZES if size >= _OVERHEAD + len(plain))
    key_id = prekey_id(prekey_pk)
    prologue = _PROLOGUE + recipient_pk + key_id
    ephemeral = KeyPair.generate(rng)
    sealed = seal_k(sender, prekey_pk, prologue, plain.ljust(size - _OVERHEAD, b"\0"), ephemeral)
    if sealed is None:
        raise PacketError("pre-key: of low order")
    return key_id + sealed


def open_sealed(blob: bytes, recipient_pk: bytes, prekey: KeyPair, sender_pk: bytes) -> Parcel:
    """What that sender put into it; PacketError for anything else.

    `recipient_pk` is our real key. About 0.3 ms of CPU.
    """
    if len(blob) not in SIZES:
        raise PacketError("sealed message: size")
    key_id = blob[:PREKEY_ID_SIZE]
    if key_id != prekey_id(prekey.public):
        raise PacketError("sealed message: another pre-key")
    plain = open_k(prekey, sender_pk, _PROLOGUE + recipient_pk + key_id, blob[PREKEY_ID_SIZE:])
    if plain is None:
        raise PacketError("sealed message: does not open")
    message_id, sent_ms, kind, length = _HEAD.unpack_from(plain)
    end = _HEAD.size + length
    if message_id == _NO_ID or end > len(plain) or any(plain[end:]):
        raise PacketError("sealed message: malformed")
    return Parcel(message_id, sent_ms, kind, plain[_HEAD.size : end])
