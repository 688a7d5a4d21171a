"""What friends told us: where to leave messages for them, and mailboxes of theirs that we may use.

As a part of a record, little-endian, for each friend:

    real key 32 | size u16 | OFFER or nothing | n u8 | n x (size u16 | MAILBOX)          both as segments
"""

from __future__ import annotations

from struct import Struct

from toxpy.errors import PacketError
from toxpy.ext.offline.segments import Offer, pack_mailbox, unpack_mailbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.ext.offline.records import Mailbox, MailboxRecord

#: Friends of whom something is kept: what others say is dropped.
MAX_FRIENDS = 5000
#: Mailboxes of one friend that we may use.
MAX_LENT = 4
_KEY_SIZE = 32
_SIZE = Struct("<H")


class TheirOffers:
    """Of all friends, by their real keys."""

    __slots__ = ("_lent", "_offers")

    def __init__(self) -> None:
        self._offers: dict[bytes, Offer] = {}
        #: record and token by the mailbox's real key
        self._lent: dict[bytes, dict[bytes, tuple[MailboxRecord, bytes]]] = {}

    def of(self, friend_pk: bytes) -> Offer | None:
        """What the friend said last; None for nothing, or when it has no mailboxes."""
        offer = self._offers.get(friend_pk)
        return offer if offer is not None and offer.mailboxes else None

    def put(self, friend_pk: bytes, offer: Offer, *, is_direct: bool) -> bool:
        """Take any offer that the friend says itself, of sealed ones a newer one; False if it is not."""
        known = self._offers.get(friend_pk)
        if known is None and len(self._offers) >= MAX_FRIENDS:
            return False
        if known is not None and (known.pack() == offer.pack() or self._is_old(known, offer, is_direct)):
            return False
        self._offers[friend_pk] = offer
        return True

    @staticmethod
    def _is_old(known: Offer, offer: Offer, is_direct: bool) -> bool:
        return not is_direct and offer.generation <= known.generation

    def secret(self, friend_pk: bytes) -> bytes:
        """The secret of the pair; b"" for none."""
        offer = self._offers.get(friend_pk)
        return b"" if offer is None else offer.pair_secret

    def lend(self, friend_pk: bytes, record: MailboxRecord, token: bytes) -> bool:
        """The friend says that we may use a mailbox; False if that is nothing new."""
        known = self._lent.get(friend_pk, {})
        if known.get(record.real_pk) == (record, token):
            return False
        if not known and len(self._lent) >= MAX_FRIENDS:
            return False
        if record.real_pk not in known and len(known) >= MAX_LENT:
            return False
        self._lent.setdefault(friend_pk, known)[record.real_pk] = record, token
        return True

    def lent(self) -> list[Mailbox]:
        """Mailboxes that friends let us use, each once."""
        found: dict[bytes, Mailbox] = {}
        for record, token in (entry for lent in self._lent.values() for entry in lent.values()):
            try:
                found.setdefault(record.real_pk, record.mailbox(token))
            except PacketError:
                # in a network that we do not know
                continue
        return list(found.values())

    def forget(self, friend_pk: bytes) -> bool:
        """The friend is none any more; True if something was known."""
        offer, lent = self._offers.pop(friend_pk, None), self._lent.pop(friend_pk, None)
        return offer is not None or lent is not None

    # a part of a record

    def pack(self) -> bytes:
        """All of it; empty for nothing."""
        packed = []
        for friend_pk in dict.fromkeys((*self._offers, *self._lent)):
            offer, lent = self._offers.get(friend_pk), self._lent.get(friend_pk, {})
            packed += [friend_pk, _sized(b"" if offer is None else offer.pack()), bytes((len(lent),))]
            packed += [_sized(pack_mailbox(*entry)) for entry in lent.values()]
        return b"".join(packed)

    def load(self, part: bytes) -> None:
        """The same from a save, up to where it is damaged."""
        at = 0
        while at + _KEY_SIZE < len(part):
            friend_pk = part[at : at + _KEY_SIZE]
            offer, at = _unsized(part, at + _KEY_SIZE)
            lent: list[bytes] = []
            for _ in range(part[at] if at < len(part) else 0):
                segment, at = _unsized(part, at if lent else at + 1)
                lent.append(segment)
            at += not lent
            if at > len(part):
                return
            self._load(friend_pk, offer, lent)

    def _load(self, friend_pk: bytes, offer: bytes, lent: list[bytes]) -> None:
        try:
            if offer:
                self.put(friend_pk, Offer.unpack(offer), is_direct=True)
            for segment in lent:
                self.lend(friend_pk, *unpack_mailbox(segment))
        except PacketError:
            # damaged: the friend says it again
            return


def _sized(segment: bytes) -> bytes:
    return _SIZE.pack(len(segment)) + segment


def _unsized(part: bytes, at: int) -> tuple[bytes, int]:
    """A segment and the offset behind it, which is outside of a damaged part."""
    begin = at + _SIZE.size
    end = begin + int.from_bytes(part[at:begin], "little")
    return part[begin:end], end
