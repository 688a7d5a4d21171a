"""What friends left for us: opened, kept until our user has it, and deleted at the mailbox last.

    opened, its pre-key gone -> on disk -> event -> the program has taken the event -> deleted at the mailbox

So a machine that stops at any moment loses nothing. What was shown and not noted on disk before the stop is
shown again, with the same id. With nobody who tells what is on disk an event does not wait; deleting does.
Of several copies of a message one counts: ids are shared with the messages that come directly.

What does not open is reported, counted and deleted, and all others go on.
"""

from __future__ import annotations

from struct import Struct

from toxpy.errors import PacketError
from toxpy.ext.messages.remembered import DELETED
from toxpy.ext.offline import seal
from toxpy.ext.offline.arrived import NO_ID, Arrived, unpack_arrived
from toxpy.ext.offline.events import OfflineMessageLost
from toxpy.ext.offline.keys import PREKEY_ID_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from toxpy.ext.messages.remembered import Remembered
    from toxpy.ext.offline.arrived import Place
    from toxpy.ext.offline.own_offers import OwnOffers, Queue
    from toxpy.ext.offline.prekeys import Prekeys
    from toxpy.ext.offline.versions import Versions
    from toxpy.ext.offline.wall_clock import WallClock
    from toxpy.friend.friend import FriendState
    from toxpy.friend.messenger import Messenger
    from toxpy.generated.events import Event

    class Handlers(Protocol):
        """What is done with parcels that are no messages, and who tells friends what came."""

        def received_ids(self, friend: FriendState) -> Remembered:
            """The ids of messages that came from the friend."""

        def on_part(self, friend: FriendState, parcel: seal.Parcel) -> tuple[int, bytes | None, bytes] | None:
            """A part of a long text; kind, the id it replies to, and text if it was the last one."""

        def on_parcel(self, friend: FriendState, parcel: seal.Parcel) -> None:
            """Receipts, or segments in band."""

        def receipt_owed(self, friend: FriendState, message_id: bytes) -> None:
            """The friend is to be told that this message came."""


#: Messages, and bytes of them, that wait for our user: then mailboxes keep the others.
MAX_PENDING, MAX_PENDING_SIZE = 2000, 4 * 1024 * 1024
#: Deletions that wait: a mailbox that gets none brings the same again, which is dropped.
MAX_DELETIONS = 20_000
#: Reports of one friend in that time, ms; the others are only counted.
MAX_REPORTS, REPORTS_MS = 10, 86_400_000
#: Messages that were reported and are remembered by their first bytes, so that each counts once.
MAX_LOST, LOST_SIZE = 1024, 32

_EDIT_HEAD = Struct(">16sH")


class _Done:
    """What is to be deleted, and what a friend is to be told, when a version is on disk."""

    __slots__ = ("friend_pk", "places", "receipts", "version")

    def __init__(self, version: int, friend_pk: bytes, places: list[Place], receipts: list[bytes]) -> None:
        self.version = version
        self.friend_pk = friend_pk
        self.places = places
        self.receipts = receipts


class Inbox:
    """Of an instance."""

    __slots__ = (
        "_clock",
        "_deletions",
        "_done",
        "_handlers",
        "_holding",
        "_lost",
        "_messenger",
        "_next",
        "_offers",
        "_pending",
        "_prekeys",
        "_reports",
        "_shown",
        "_size",
        "_versions",
    )

    def __init__(
        self,
        messenger: Messenger,
        handlers: Handlers,
        prekeys: Prekeys,
        offers: OwnOffers,
        versions: Versions,
        clock: WallClock,
    ) -> None:
        self._messenger = messenger
        self._handlers = handlers
        self._prekeys = prekeys
        self._offers = offers
        self._versions = versions
        self._clock = clock
        #: oldest first, by friend, id and number of the edit
        self._pending: dict[tuple[bytes, bytes, int], Arrived] = {}
        #: bytes of their texts
        self._size = 0
        #: what is to be shown next, the last one first, and what was shown in this pass
        self._next: list[Arrived] = []
        self._shown: list[Arrived] = []
        #: what may be deleted now, by mailbox and access key
        self._deletions: dict[bytes, dict[bytes, list[int]]] = {}
        #: what waits until it is on disk, oldest first
        self._done: list[_Done] = []
        #: polls that bring messages: until they are over nothing is shown, so that all come in order
        self._holding = 0
        #: beginnings of messages that were reported
        self._lost: dict[bytes, None] = {}
        #: when the last reports of a friend were, ms
        self._reports: dict[bytes, list[int]] = {}

    # what comes

    def has_room(self) -> bool:
        """True if more may be taken from mailboxes."""
        waiting = len(self._done) + sum(
            len(numbers) for queues in self._deletions.values() for numbers in queues.values()
        )
        pending = len(self._pending) < MAX_PENDING and self._size < MAX_PENDING_SIZE
        return pending and waiting < MAX_DELETIONS

    def take(self, mailbox_pk: bytes, queue: Queue, number: int, blob: bytes) -> bool:
        """A sealed message from a queue; False for one that does not open."""
        friend = self._messenger.friend_by_key(queue.friend_pk)
        if friend is None:
            return True
        places = [(mailbox_pk, queue.access, number)]
        key_id = blob[:PREKEY_ID_SIZE]
        prekey = self._prekeys.find(queue.friend_pk, key_id)
        if prekey is None:
            if self._prekeys.was_used(queue.friend_pk, key_id):
                # it was opened before, and its deletion got lost
                self._count("again")
                self._do_later(friend, places)
                return True
            if self._prekeys.is_ours(key_id):
                # another friend's: the mailbox mixes them up, and the friend's queue has it too
                self._count("wrong_queue")
                return False
            self._offers.renew(queue.friend_pk)
            self._on_lost(friend, blob, "the key for it is not here", places)
            return False
        try:
            parcel = seal.open_sealed(blob, self._messenger.identity.public, prekey, friend.real_pk)
        except PacketError:
            # the key stays: the mailbox may have made this from a true one
            self._on_lost(friend, blob, "it is damaged, or somebody else made it", places)
            return False
        self._prekeys.use(queue.friend_pk, key_id)
        arrived, is_known = self._on_parcel(friend, parcel)
        version = self._versions.changed()
        receipts = [parcel.id] if is_known else []
        if arrived is None:
            self._do_later(friend, places, receipts)
        else:
            # one that waits already keeps its version
            arrived.version = arrived.version or version
            arrived.places += places
            arrived.receipts += receipts
        return True

    def _on_parcel(self, friend: FriendState, parcel: seal.Parcel) -> tuple[Arrived | None, bool]:
        """The message that it is or that waits already, if one does; and True if all of a message is here."""
        kind = parcel.kind
        if kind in (seal.MESSAGE, seal.ACTION, seal.PART):
            return self._on_text(friend, parcel)
        if kind == seal.EDIT:
            return self._on_edit(friend, parcel)
        if kind in (seal.RECEIPTS, seal.OFFERED):
            self._handlers.on_parcel(friend, parcel)
        elif kind != seal.COVER:
            self._count("unknown_kind")
        return None, False

    def _on_text(self, friend: FriendState, parcel: seal.Parcel) -> tuple[Arrived | None, bool]:
        ids = self._handlers.received_ids(friend)
        known = self._pending.get((friend.real_pk, parcel.id, 0))
        if known is not None:
            return known, True
        if ids.get(parcel.id) is not None:
            self._count("copies")
            return None, True
        kind, reply_to, text = parcel.kind, None, parcel.body
        if kind == seal.PART:
            whole = self._handlers.on_part(friend, parcel)
            if whole is None:
                # parts are missing, also when they were here and had to go
                return None, False
            kind, reply_to, text = whole
        if not text:
            self._count("unknown_kind")
            return None, False
        ids.put(parcel.id, self._clock.now_s())
        arrived = Arrived(friend.real_pk, kind, parcel.id, parcel.sent_ms, text)
        arrived.reply_to = reply_to or NO_ID
        return self._add(arrived), True

    def _on_edit(self, friend: FriendState, parcel: seal.Parcel) -> tuple[Arrived | None, bool]:
        ids, body = self._handlers.received_ids(friend), parcel.body
        original, number = _EDIT_HEAD.unpack_from(body.ljust(_EDIT_HEAD.size, b"\0"))
        if number == 0 or original == NO_ID or len(body) == _EDIT_HEAD.size:
            self._count("unknown_kind")
            return None, False
        known = ids.get(original)
        if known is not None and (known[1] & DELETED or number <= known[0]):
            self._count("copies")
            return self._pending.get((friend.real_pk, original, number)), True
        ids.put(original, self._clock.now_s(), number, 0 if known is None else known[1])
        # without the original it is a message of its own, as between friends who are online
        kind = seal.MESSAGE if known is None else seal.EDIT
        arrived = Arrived(friend.real_pk, kind, original, parcel.sent_ms, body[_EDIT_HEAD.size :])
        arrived.number = number
        return self._add(arrived), True

    def _add(self, arrived: Arrived) -> Arrived:
        self._pending[arrived.friend_pk, arrived.id, arrived.number] = arrived
        self._size += len(arrived.text)
        return arrived

    def _on_lost(self, friend: FriendState, blob: bytes, reason: str, places: list[Place]) -> None:
        self._do_later(friend, places)
        beginning = blob[:LOST_SIZE]
        if beginning in self._lost:
            return
        if len(self._lost) >= MAX_LOST:
            del self._lost[next(iter(self._lost))]
        self._lost[beginning] = None
        self._count("lost")
        now_ms = self._messenger.rt.clock.now_ms
        recent = [at_ms for at_ms in self._reports.get(friend.real_pk, ()) if now_ms - at_ms < REPORTS_MS]
        if len(recent) < MAX_REPORTS:
            recent.append(now_ms)
            self._messenger.events.append(OfflineMessageLost(friend, reason))
        self._reports[friend.real_pk] = recent

    def _count(self, what: str) -> None:
        self._messenger.rt.counters.count("offline_" + what)

    # what may be deleted

    def _do_later(self, friend: FriendState, places: list[Place], receipts: Sequence[bytes] = ()) -> None:
        """As soon as all that is known now is on disk."""
        self._done.append(_Done(self._versions.version, friend.real_pk, places, [*receipts]))

    def _do(self, done: _Done) -> None:
        for place in done.places:
            self.discard(*place)
        friend = self._messenger.friend_by_key(done.friend_pk)
        if friend is not None:
            for message_id in done.receipts:
                self._handlers.receipt_owed(friend, message_id)

    def discard(self, mailbox_pk: bytes, access_key: bytes, number: int) -> None:
        """What lies there may go."""
        self._deletions.setdefault(mailbox_pk, {}).setdefault(access_key, []).append(number)

    def deletions(self, mailbox_pk: bytes) -> dict[bytes, list[int]]:
        """Numbers by access key that the mailbox may be told now; they are forgotten here."""
        return self._deletions.pop(mailbox_pk, {})

    def has_deletions(self, mailbox_pk: bytes) -> bool:
        """True if `deletions` has some."""
        return mailbox_pk in self._deletions

    def is_owing(self, mailbox_pk: bytes) -> bool:
        """True if something there may be deleted later."""
        waiting = [done.places for done in self._done]
        waiting += [arrived.places for arrived in self._pending.values()]
        return any(place[0] == mailbox_pk for places in waiting for place in places)

    # what our user gets

    def hold(self, step: int) -> None:
        """A poll that brings messages begins (1) or is over (-1)."""
        self._holding += step

    def begin_pass(self) -> None:
        """What was shown is taken, and what is on disk may be deleted."""
        if self._shown:
            for arrived in self._shown:
                if self._pending.pop((arrived.friend_pk, arrived.id, arrived.number), None) is not None:
                    self._size -= len(arrived.text)
                    fields = arrived.version, arrived.friend_pk, arrived.places, arrived.receipts
                    self._done.append(_Done(*fields))
            self._shown.clear()
            self._versions.changed()
        if self._done:
            is_saved = self._versions.is_saved
            ready = [done for done in self._done if is_saved(done.version)]
            if ready:
                self._done = [done for done in self._done if not is_saved(done.version)]
                for done in ready:
                    self._do(done)

    def _ready(self) -> list[Arrived]:
        """The messages to be shown now, the next one last: friend by friend, as they were sent."""
        if self._holding or len(self._pending) == len(self._shown):
            return []
        holds, is_saved = self._versions.holds, self._versions.is_saved
        ready = [
            arrived
            for arrived in self._pending.values()
            if not arrived.is_shown and not (holds and not is_saved(arrived.version))
        ]
        friends: dict[bytes, int] = {}
        for arrived in ready:
            friends.setdefault(arrived.friend_pk, len(friends))
        ready.sort(key=lambda arrived: (friends[arrived.friend_pk], arrived.sent_ms))
        ready.reverse()
        return ready

    def has_event(self) -> bool:
        """True if `next_event` has one."""
        return bool(self._next or self._ready())

    def next_event(self) -> Event | None:
        """The next message; it counts as taken in the next pass."""
        if not self._next:
            self._next = self._ready()
        while self._next:
            arrived = self._next.pop()
            friend = self._messenger.friend_by_key(arrived.friend_pk)
            if friend is not None and not arrived.is_shown:
                arrived.is_shown = True
                self._shown.append(arrived)
                return arrived.event(friend)
        return None

    # friends and the save

    def forget(self, friend_pk: bytes) -> None:
        """The friend is none any more."""
        for arrived in [arrived for arrived in self._pending.values() if arrived.friend_pk == friend_pk]:
            arrived.is_shown = True
            del self._pending[friend_pk, arrived.id, arrived.number]
            self._size -= len(arrived.text)
        self._shown = [arrived for arrived in self._shown if arrived.friend_pk != friend_pk]
        self._reports.pop(friend_pk, None)

    def pack(self) -> bytes:
        """What our user has not got yet; empty for nothing."""
        return b"".join(arrived.pack() for arrived in self._pending.values())

    def load(self, part: bytes) -> None:
        """The same from a save. Who is no friend any more said nothing."""
        for arrived in unpack_arrived(part):
            if self._messenger.friend_by_key(arrived.friend_pk) is not None and self.has_room():
                self._add(arrived)
