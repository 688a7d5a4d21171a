"""When and where messages are left for friends who are away.

A friend who does not come within a minute gets what waits through up to three of its mailboxes, each copy
with a pre-key of its own, so that mailboxes have nothing to compare. The fewer pre-keys are left, the fewer
copies. Without a receipt for 12 h all of it is left again, until it is too old. A message is on disk, and its
pre-keys are noted as used, before the first byte of it leaves.
"""

from __future__ import annotations

from toxpy.ext.offline import ops, seal
from toxpy.ext.offline import segments as seg
from toxpy.ext.offline.exchange import prekey_segments
from toxpy.ext.offline.leaving import Leaving, Load
from toxpy.ext.offline.parts import cut
from toxpy.ext.offline.prekeys import MIN_LEFT, RESERVED
from toxpy.ext.offline.states import ACCEPT, AGE, GIVE_UP, QUEUED, STORE, STORED, STORING
from toxpy.friend.friend import FRIEND_ONLINE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.ext.offline.outbox import Message
    from toxpy.ext.offline.own_offers import OwnOffers
    from toxpy.ext.offline.prekeys import Prekeys
    from toxpy.ext.offline.receipts import Receipts
    from toxpy.ext.offline.records import Mailbox
    from toxpy.ext.offline.sending import Sending
    from toxpy.ext.offline.sessions import Sessions
    from toxpy.ext.offline.their_offers import TheirOffers
    from toxpy.ext.offline.versions import Versions
    from toxpy.ext.offline.wall_clock import WallClock
    from toxpy.friend.friend import FriendState
    from toxpy.friend.messenger import Messenger
    from toxpy.runtime import Timer

#: Copies of a message while more pre-keys than that are left, and of receipts and offers.
COPIES = ((100, 3), (60, 2), (0, 1))
OTHER_COPIES = 2
#: Age in s at which a stored message is stored again. Mailboxes forget it after 24 h, and whoever wrote it is
#: not always there: half of that time is left for it.
AGAIN_S = 12 * 3600
#: Messages to one friend that no mailbox has yet and that are on their way to one, and all on their way.
MAX_FIRST, MAX_LOADS = 32, 128
#: Time to the next try with a mailbox, ms: after the first failure, twice as long after each, and at most.
RETRY_MS, MAX_RETRY_MS = 30_000, 3_600_000
#: The same when it said that we are too fast, and that the queue is full.
TOO_FAST_MS, QUEUE_FULL_MS = 90_000, 1_800_000
#: Failures that are remembered, before those whose time is over are forgotten.
MAX_RESTS = 10_000
#: Failures of a mailbox after which fewer copies are enough.
ENOUGH_FAILURES = 3
#: Time between two sealed offers to a friend, ms.
OFFER_MS = 6 * 3_600_000
#: Time between two looks at messages that a clock may have made old, ms.
LOOK_MS = 600_000


class _Away:
    """A friend for whom something is to be left."""

    __slots__ = ("leaving", "loads", "offered_ms", "since_ms", "spare")

    def __init__(self, since_ms: int) -> None:
        self.since_ms = since_ms
        #: on their way, oldest first
        self.loads: list[Load] = []
        #: sessions by mailbox, also those that wait
        self.leaving: dict[bytes, Leaving] = {}
        #: pre-keys that were taken and did not go out
        self.spare: list[bytes] = []
        self.offered_ms = -OFFER_MS


class Storing:
    """Of an instance."""

    __slots__ = (
        "_all_due",
        "_away",
        "_clock",
        "_given",
        "_messenger",
        "_own",
        "_prekeys",
        "_receipts",
        "_rests",
        "_rt",
        "_saved",
        "_sending",
        "_sessions",
        "_start_ms",
        "_theirs",
        "_timer",
        "_versions",
        "_wait_ms",
        "is_due",
    )

    def __init__(
        self,
        messenger: Messenger,
        sending: Sending,
        own: OwnOffers,
        theirs: TheirOffers,
        prekeys: Prekeys,
        receipts: Receipts,
        versions: Versions,
        clock: WallClock,
        sessions: Sessions,
        wait_s: float,
    ) -> None:
        self._messenger = messenger
        self._rt = messenger.rt
        self._sending = sending
        self._own = own
        self._theirs = theirs
        self._prekeys = prekeys
        self._receipts = receipts
        self._versions = versions
        self._clock = clock
        self._sessions = sessions
        self._wait_ms = int(wait_s * 1000)
        self._start_ms = self._rt.clock.now_ms
        self._away: dict[bytes, _Away] = {}
        #: failures and the moment of the next try, by mailbox, or by friend and mailbox
        self._rests: dict[bytes, tuple[int, int]] = {}
        self._timer: Timer | None = None
        #: the last version with which pre-keys were taken, and the one on disk at the last look
        self._given = self._saved = 0
        #: something changed that this depends on; and also friends for whom nothing waits are to be looked at
        self.is_due = self._all_due = True

    # friends come and go

    def on_online(self, friend: FriendState) -> None:
        """Nothing more is left: the friend gets it itself."""
        self._drop(friend.real_pk)

    def on_gone(self, friend: FriendState) -> None:
        """From now on the friend is away, or none."""
        self._drop(friend.real_pk)
        if friend.deleted:
            self._away.pop(friend.real_pk, None)
        else:
            self._of(friend.real_pk).since_ms = self._rt.clock.now_ms
        self.is_due = True

    def _of(self, friend_pk: bytes) -> _Away:
        away = self._away.get(friend_pk)
        if away is None:
            away = self._away[friend_pk] = _Away(self._start_ms)
        return away

    def _drop(self, friend_pk: bytes) -> None:
        away = self._away.get(friend_pk)
        if away is None:
            return
        for leaving in away.leaving.values():
            self._sessions.withdraw(leaving)
        away.leaving.clear()
        for load in away.loads:
            self._end(away, load)
        away.loads.clear()
        self._return_spare(friend_pk, away)

    def _return_spare(self, friend_pk: bytes, away: _Away) -> None:
        """Pre-keys that did not go out are for other messages."""
        if away.spare:
            self._prekeys.add_theirs(friend_pk, away.spare)
            away.spare.clear()

    @staticmethod
    def _end(away: _Away, load: Load) -> None:
        """It goes nowhere any more; the pre-keys that did not go out are used for others."""
        load.is_over = True
        for keys in load.given.values():
            away.spare += keys
        load.given.clear()
        if load.message is not None and load.message.state == STORING:
            load.message.move(GIVE_UP)

    # each pass

    def begin_pass(self) -> None:
        """Go on where something changed."""
        saved = self._versions.saved_version
        if not self.is_due and not self._saved < min(self._given, saved):
            return
        self._saved = saved
        self.is_due = False
        now_ms = self._rt.clock.now_ms
        next_ms = now_ms + LOOK_MS
        loaded = [friend_pk for friend_pk, away in self._away.items() if away.loads]
        keys = [*self._sending.outbox.friends(), *self._receipts.friends(), *loaded]
        if self._all_due:
            self._all_due = False
            keys += self._own.friends()
        for friend_pk in dict.fromkeys(keys):
            friend = self._messenger.friend_by_key(friend_pk)
            if friend is not None and friend.status != FRIEND_ONLINE:
                next_ms = min(next_ms, self._look(friend, now_ms))
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._rt.timers.call_at(max(next_ms, now_ms + 1000), self._due)

    def _due(self) -> None:
        self._timer = None
        self.is_due = self._all_due = True

    def end(self) -> None:
        """No timer any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, friend: FriendState, now_ms: int) -> int:
        """Leave what can be left now; when to look again, unless something happens before."""
        offer, away = self._theirs.of(friend.real_pk), self._of(friend.real_pk)
        never_ms = now_ms + LOOK_MS
        if offer is None:
            return never_ms
        if now_ms < away.since_ms + self._wait_ms:
            return away.since_ms + self._wait_ms
        self._load(friend, away, len(offer.mailboxes))
        if not away.loads:
            self._return_spare(friend.real_pk, away)
            return never_ms
        mailboxes = [record.real_pk for record in offer.mailboxes]
        self._rt.rng.shuffle(mailboxes)
        again_ms = [self._rest_ms(friend.real_pk, mailbox_pk) for mailbox_pk in mailboxes]
        free = [pk for pk, until_ms in zip(mailboxes, again_ms, strict=True) if until_ms <= now_ms]
        for load in away.loads[:]:
            self._give(friend.real_pk, away, load, free)
            if load.left_at and not load.given and self._is_enough(friend.real_pk, away, load, mailboxes):
                self._finish(friend.real_pk, away, load)
        for record in offer.mailboxes:
            if record.real_pk in free:
                self._ask(friend, away, record.mailbox(), offer.pair_secret)
        return min((until_ms for until_ms in again_ms if until_ms > now_ms), default=never_ms)

    # what is to be left

    def _load(self, friend: FriendState, away: _Away, mailboxes: int) -> None:
        """Make loads of what waits."""
        for load in [
            load for load in away.loads if load.message is not None and self._is_settled(load.message)
        ]:
            self._end(away, load)
            away.loads.remove(load)
        if not any(load.message is None for load in away.loads):
            self._load_others(friend, away, mailboxes)
        loaded = {load.id for load in away.loads}
        first = sum(not load.left_at for load in away.loads)
        for message in self._sending.outbox.of(friend.real_pk).values():
            if first >= MAX_FIRST or len(away.loads) >= MAX_LOADS:
                return
            if message.id not in loaded and self._is_wanted(message):
                copies = self._copies(friend.real_pk, mailboxes)
                parcels = cut(message.kind, message.reply_to, message.text)
                load = Load(message.id, message.sent_ms, parcels, copies)
                load.message = message
                away.loads.append(load)
                first += 1

    def _is_settled(self, message: Message) -> bool:
        return message.state not in (QUEUED, STORING, STORED)

    def _is_wanted(self, message: Message) -> bool:
        if message.state == STORED:
            return self._clock.now_s() - message.stored_s >= AGAIN_S
        return message.state == QUEUED

    def _copies(self, friend_pk: bytes, mailboxes: int) -> int:
        left = self._prekeys.left(friend_pk)
        return min(next(copies for above, copies in COPIES if left > above or above == 0), mailboxes)

    def _load_others(self, friend: FriendState, away: _Away, mailboxes: int) -> None:
        """Receipts, and where we look for messages."""
        copies, clock = min(OTHER_COPIES, mailboxes), self._rt.clock
        ids = self._receipts.of(friend.real_pk)[: seg.MAX_RECEIPTS_SEALED]
        parcels = []
        if ids:
            self._add(away, (seal.RECEIPTS, seg.pack_receipt(ids)), copies).receipts = ids
        if clock.now_ms >= away.offered_ms + OFFER_MS:
            segments = self._segments(friend.real_pk)
            if segments:
                away.offered_ms = clock.now_ms
            groups = [segments[at : at + 2] for at in range(0, len(segments), 2)]
            parcels = [(seal.OFFERED, seg.pack_offered(group)) for group in groups]
        for parcel in parcels:
            self._add(away, parcel, copies)

    def _add(self, away: _Away, parcel: tuple[int, bytes], copies: int) -> Load:
        load = Load(self._rt.rng.bytes(seal.ID_SIZE), self._rt.clock.unix_ms(), [parcel], copies)
        away.loads.append(load)
        return load

    def _segments(self, friend_pk: bytes) -> list[bytes]:
        """What the friend should know: another offer of ours, and more pre-keys."""
        if self._prekeys.left(friend_pk) == 0:
            return []
        segments: list[bytes] = []
        if not self._own.is_told(friend_pk, sealed=True):
            offer = self._own.our_offer(friend_pk, sealed=True)
            segments += [] if offer is None else [offer.pack()]
        own = self._prekeys.own_left(friend_pk)
        if own < MIN_LEFT and friend_pk in self._own.friends():
            segments += prekey_segments(self._prekeys.refill(friend_pk, own))
        return segments

    # where it is left

    def _give(self, friend_pk: bytes, away: _Away, load: Load, mailboxes: list[bytes]) -> None:
        """Choose mailboxes for a load, and take the pre-keys."""
        count = len(load.parcels)
        if load.message is not None and not load.given and not load.left_at:
            # others have taken pre-keys since it was made
            load.wanted = self._copies(friend_pk, load.wanted)
        for mailbox_pk in mailboxes:
            if len(load.left_at) + len(load.given) >= load.wanted:
                return
            if mailbox_pk in load.left_at or mailbox_pk in load.given:
                continue
            missing = count - len(away.spare)
            if missing > 0:
                reserve = 0 if load.message is None else RESERVED
                away.spare += [key for _, key in self._prekeys.take(friend_pk, missing, reserve)]
            if len(away.spare) < count:
                return
            load.given[mailbox_pk], away.spare = away.spare[:count], away.spare[count:]
            load.version = self._given = self._versions.changed()
            if load.message is not None:
                load.message.move(STORE)

    def _is_enough(self, friend_pk: bytes, away: _Away, load: Load, mailboxes: list[bytes]) -> bool:
        """True if mailboxes that lack it failed several times, or there is no pre-key for another copy."""
        keys = len(away.spare) + self._prekeys.left(friend_pk) - RESERVED
        failures = [self._rests.get(pk, (0, 0))[0] for pk in mailboxes if pk not in load.left_at]
        return keys < len(load.parcels) or all(count >= ENOUGH_FAILURES for count in failures)

    def _ask(self, friend: FriendState, away: _Away, mailbox: Mailbox, secret: bytes) -> None:
        """Have a session with a mailbox if something for it is on disk."""
        mailbox_pk, is_saved = mailbox.real_pk, self._versions.is_saved
        loads = [load for load in away.loads if mailbox_pk in load.given and is_saved(load.version)]
        leaving = away.leaving.get(mailbox_pk)
        if leaving is not None:
            leaving.loads += [load for load in loads if load not in leaving.loads]
        elif loads:
            leaving = Leaving(mailbox, friend, secret, self._messenger, self._clock, self)
            leaving.loads += loads
            away.leaving[mailbox_pk] = leaving
            self._sessions.ask(leaving)

    # what becomes of it

    def on_left(self, leaving: Leaving, load: Load) -> None:
        """A mailbox has all of it."""
        self._versions.changed()
        message = load.message
        if message is None:
            return
        message.copies = len(load.left_at)
        if len(load.left_at) == 1:
            message.stored_s = max(self._clock.now_s(), 1)
            message.move(AGE)
        self._sending.stored(leaving.friend, message, ACCEPT)

    def on_over(self, leaving: Leaving, reason: str) -> None:
        """A session ended: everything was left, or `reason` says why not."""
        friend_pk, mailbox_pk = leaving.friend.real_pk, leaving.mailbox.real_pk
        away = self._away.get(friend_pk)
        self.is_due = True
        if away is None or away.leaving.get(mailbox_pk) is not leaving:
            return
        del away.leaving[mailbox_pk]
        self._rest(friend_pk, mailbox_pk, reason, leaving.code)
        for load in away.loads[:]:
            keys = load.given.pop(mailbox_pk, None) if reason else None
            if keys is not None:
                away.spare += keys
                if not load.given and not load.left_at and load.message is not None:
                    load.message.move(GIVE_UP)
            if len(load.left_at) >= load.wanted:
                self._finish(friend_pk, away, load)

    def _finish(self, friend_pk: bytes, away: _Away, load: Load) -> None:
        self._end(away, load)
        away.loads.remove(load)
        self._receipts.told(friend_pk, load.receipts)
        self._versions.changed()

    def _rest(self, friend_pk: bytes, mailbox_pk: bytes, reason: str, code: int) -> None:
        """When is the next try?"""
        now_ms, key = self._rt.clock.now_ms, mailbox_pk
        if not reason:
            self._rests.pop(mailbox_pk, None)
            return
        self._rt.counters.count("offline_leave_errors")
        failures = self._rests.get(mailbox_pk, (0, 0))[0]
        delay_ms = min(RETRY_MS << min(failures, 10), MAX_RETRY_MS)
        if code == ops.TOO_FAST:
            delay_ms = TOO_FAST_MS
        elif code == ops.QUEUE_FULL:
            key, delay_ms = friend_pk + mailbox_pk, QUEUE_FULL_MS
        delay_ms += self._rt.rng.below(delay_ms // 2)
        if len(self._rests) >= MAX_RESTS:
            self._rests = {pk: rest for pk, rest in self._rests.items() if rest[1] > now_ms}
        self._rests[key] = failures + 1, now_ms + delay_ms

    def _rest_ms(self, friend_pk: bytes, mailbox_pk: bytes) -> int:
        """The moment of the next try."""
        return max(self._rests.get(key, (0, 0))[1] for key in (mailbox_pk, friend_pk + mailbox_pk))
