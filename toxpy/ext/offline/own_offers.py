"""Our offers: where each friend may leave messages for us, and under which secret.

A friend hears of a change when it is online or by a sealed message, so what an offer says is of one friend
and one moment. What it replaced is still looked into for 48 h, because messages may be under way.

As a part of a record, little-endian:

    n u8 | n x (length u16 | text of a mailbox)
    for each friend: real key 32 | flags u8: 1 to be renewed | m u8 | m x an offer, the newest first
    offer: generation u32 | secret 32 | replaced at u64, Unix seconds or 0 | k u8 | k x number of a mailbox u8
"""

from __future__ import annotations

from struct import Struct

from toxpy.ext.offline.keys import SECRET_SIZE, access, queue_of
from toxpy.ext.offline.records import Mailbox
from toxpy.ext.offline.segments import MAX_MAILBOXES, Offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxpy.ext.offline.versions import Versions
    from toxpy.ext.offline.wall_clock import WallClock
    from toxpy.runtime import Runtime

#: Time for which what was replaced is still looked into, s.
REPLACED_S = 48 * 3600
#: Offers of a friend that are looked into, the newest one included.
MAX_OFFERS = 4
#: Derived keys that are remembered: a poll needs the same ones for six hours.
MAX_DERIVED = 8192
_MAX_GENERATION = 2**32 - 1
_RENEW = 1
_COUNT = Struct("<B")
_LENGTH = Struct("<H")
_FRIEND = Struct("<32sBB")
_OFFER = Struct("<I32sQB")


class _Made:
    """An offer that a friend was told."""

    __slots__ = ("generation", "mailboxes", "pair_secret", "replaced_s")

    def __init__(
        self, generation: int, pair_secret: bytes, mailboxes: tuple[Mailbox, ...], replaced_s: int = 0
    ) -> None:
        self.generation = generation
        self.pair_secret = pair_secret
        self.mailboxes = mailboxes
        #: Unix seconds, 0 while it is the newest
        self.replaced_s = replaced_s


class _Friend:
    """What one friend was told, the newest first."""

    __slots__ = ("offers", "renew")

    def __init__(self, offers: list[_Made]) -> None:
        self.offers = offers
        #: the next one has another secret
        self.renew = False


class Queue:
    """A queue of ours at a mailbox."""

    __slots__ = ("access", "epoch", "friend_pk", "name")

    def __init__(self, friend_pk: bytes, epoch: int, access_key: bytes, name: bytes) -> None:
        self.friend_pk = friend_pk
        self.epoch = epoch
        self.access = access_key
        self.name = name


class OwnOffers:
    """Those of an instance."""

    __slots__ = ("_clock", "_derived", "_friends", "_mailboxes", "_rt", "_versions", "changes")

    def __init__(self, versions: Versions, clock: WallClock, *, rt: Runtime) -> None:
        self._versions = versions
        self._clock = clock
        self._rt = rt
        self._friends: dict[bytes, _Friend] = {}
        #: where friends shall leave messages from now on
        self._mailboxes: tuple[Mailbox, ...] = ()
        #: queues by secret, mailbox and epoch; the one used longest ago goes first
        self._derived: dict[tuple[bytes, bytes, int], tuple[bytes, bytes]] = {}
        #: grows with each change of what is to be looked into
        self.changes = 0

    def set_mailboxes(self, mailboxes: Sequence[Mailbox]) -> None:
        """Where friends shall leave messages, at most 4; each friend is told by its next offer."""
        self._mailboxes = tuple(mailboxes[:MAX_MAILBOXES])
        self.changes += 1

    def friends(self) -> list[bytes]:
        """Those who were told something."""
        return list(self._friends)

    def is_told(self, friend_pk: bytes, *, sealed: bool = False) -> bool:
        """True if the friend's last offer is what it would be told now."""
        friend = self._friends.get(friend_pk)
        if friend is None:
            return not self._mailboxes
        return (sealed or not friend.renew) and friend.offers[0].mailboxes == self._mailboxes

    def our_offer(self, friend_pk: bytes, *, sealed: bool = False) -> Offer | None:
        """What the friend is to be told, a new generation if something changed; None for nothing ever.

        It must be on disk before the friend is told. A sealed one keeps the secret: a mailbox can make us
        believe that the friend has wrong pre-keys, and one that is away could not ask for others.
        """
        friend = self._friends.get(friend_pk)
        if friend is None and not self._mailboxes:
            return None
        if friend is None:
            secret = self._rt.rng.bytes(SECRET_SIZE)
            friend = self._friends[friend_pk] = _Friend([_Made(1, secret, self._mailboxes)])
            self._changed()
        elif not self.is_told(friend_pk, sealed=sealed):
            renew = friend.renew and not sealed
            last = friend.offers[0]
            last.replaced_s = max(self._clock.now_s(), 1)
            secret = self._rt.rng.bytes(SECRET_SIZE) if renew else last.pair_secret
            generation = min(last.generation + 1, _MAX_GENERATION)
            friend.offers[:0] = [_Made(generation, secret, self._mailboxes)]
            del friend.offers[MAX_OFFERS:]
            friend.renew = friend.renew and sealed
            self._changed()
        newest = friend.offers[0]
        records = [record for mailbox in newest.mailboxes if (record := mailbox.record()) is not None]
        return Offer(newest.generation, newest.pair_secret, records)

    def renew(self, friend_pk: bytes) -> None:
        """The friend uses pre-keys that we do not have: its next offer has another secret."""
        friend = self._friends.get(friend_pk)
        if friend is not None and not friend.renew:
            friend.renew = True
            self._versions.changed()

    def forget(self, friend_pk: bytes) -> None:
        """The friend is none any more."""
        if self._friends.pop(friend_pk, None) is not None:
            self._changed()

    def _changed(self) -> None:
        self.changes += 1
        self._versions.changed()

    # where to look

    def _forget_old(self) -> None:
        oldest_s = self._clock.now_s() - REPLACED_S
        for friend in self._friends.values():
            friend.offers[1:] = [made for made in friend.offers[1:] if made.replaced_s >= oldest_s]

    def mailboxes(self) -> dict[bytes, Mailbox]:
        """The mailboxes to look into, by their real keys."""
        self._forget_old()
        made = [made for friend in self._friends.values() for made in reversed(friend.offers)]
        found = {mailbox.real_pk: mailbox for offer in made for mailbox in offer.mailboxes}
        # where it is now and our token for it are what our user says, not what a friend was told long ago
        found.update((mailbox.real_pk, mailbox) for mailbox in self._mailboxes if mailbox.real_pk in found)
        return found

    def queues(self, mailbox_pk: bytes, epochs: Sequence[int]) -> list[Queue]:
        """Our queues at a mailbox in these epochs."""
        return [
            Queue(friend_pk, epoch, *self.derive(secret, mailbox_pk, epoch))
            for friend_pk, secret in self.secrets(mailbox_pk)
            for epoch in epochs
        ]

    def secrets(self, mailbox_pk: bytes) -> list[tuple[bytes, bytes]]:
        """Friends and the secrets under which they may leave something at that mailbox."""
        found = [
            (friend_pk, made.pair_secret)
            for friend_pk, friend in self._friends.items()
            for made in friend.offers
            if any(mailbox.real_pk == mailbox_pk for mailbox in made.mailboxes)
        ]
        return list(dict.fromkeys(found))

    def derive(self, secret: bytes, mailbox_pk: bytes, epoch: int) -> tuple[bytes, bytes]:
        """Access key and name of the queue."""
        key = secret, mailbox_pk, epoch
        derived = self._derived.pop(key, None)
        if derived is None:
            access_key = access(secret, epoch, mailbox_pk)
            derived = access_key, queue_of(access_key)
            if len(self._derived) >= MAX_DERIVED:
                del self._derived[next(iter(self._derived))]
        self._derived[key] = derived
        return derived

    # a part of a record

    def pack(self) -> bytes:
        """All offers; empty when there are none."""
        if not self._friends:
            return b""
        made = [made for friend in self._friends.values() for made in friend.offers]
        # those of a record have a number of one byte
        table = list(dict.fromkeys(mailbox for offer in made for mailbox in offer.mailboxes))[:255]
        texts = [str(mailbox).encode("ascii") for mailbox in table]
        parts = [_COUNT.pack(len(table)), *(_LENGTH.pack(len(text)) + text for text in texts)]
        numbers = {mailbox: number for number, mailbox in enumerate(table)}
        for real_pk, friend in self._friends.items():
            parts.append(_FRIEND.pack(real_pk, _RENEW if friend.renew else 0, len(friend.offers)))
            for offer in friend.offers:
                known = [numbers[mailbox] for mailbox in offer.mailboxes if mailbox in numbers]
                head = _OFFER.pack(offer.generation, offer.pair_secret, offer.replaced_s, len(known))
                parts.append(head + bytes(known))
        return b"".join(parts)

    def load(self, part: bytes) -> None:
        """The same from a save, up to where it is damaged."""
        self.changes += 1
        table, at = _load_table(part)
        while at + _FRIEND.size <= len(part):
            real_pk, flags, count = _FRIEND.unpack_from(part, at)
            at += _FRIEND.size
            offers = []
            for _ in range(count):
                if at + _OFFER.size > len(part):
                    return
                generation, secret, replaced_s, known = _OFFER.unpack_from(part, at)
                at += _OFFER.size
                numbers = part[at : at + known]
                at += known
                mailboxes = tuple(table[number] for number in numbers if number < len(table))
                offers.append(_Made(generation, secret, mailboxes[:MAX_MAILBOXES], replaced_s))
            if at > len(part):
                return
            if offers:
                friend = self._friends[real_pk] = _Friend(offers[:MAX_OFFERS])
                friend.renew = bool(flags & _RENEW)


def _load_table(part: bytes) -> tuple[list[Mailbox], int]:
    """The mailboxes, and the offset behind them."""
    table: list[Mailbox] = []
    if not part:
        return table, 0
    at = 1
    for _ in range(part[0]):
        if at + _LENGTH.size > len(part):
            return table, len(part)
        begin = at + _LENGTH.size
        at = begin + int(_LENGTH.unpack_from(part, at)[0])
        try:
            table.append(Mailbox.parse(part[begin:at].decode("ascii", "replace")))
        except ValueError:
            return table, len(part)
    return table, at
