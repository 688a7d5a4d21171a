"""What a mailbox keeps and what it refuses: quotas, eviction, expiry. How it is kept is a `Shelf`'s matter.

Whose a blob is says who pays for it: the member who opened its queue, else the member who put it, else nobody
(number 0: strangers). Each member has the same share of nine tenths of the room. Strangers have the last
tenth, and the oldest of their blobs make room for newer ones and for those of members. What is a member's
stays: for whom there is no room is refused, and only when the room itself shrinks do the oldest go.

Nothing here knows an access key or a token: queues and tokens come as hashes.
"""

from __future__ import annotations

from toxpy.ext.offline.ops import BAD_SIZE, END_NUMBER, FULL, MAX_PER_QUEUE, OK, QUEUE_FULL, REFUSED
from toxpy.ext.offline.seal import SIZES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Protocol

    #: A blob's place, queue, owner, size
    Entry = tuple[int, bytes, int, int]

    class Shelf(Protocol):
        """Blobs, open queues and members, in memory or in a file. A newer blob has a higher place."""

        def count(self, queue: bytes) -> int: ...
        def has(self, prefix: bytes) -> bool: ...
        def page(self, queue: bytes, after: int, limit: int) -> list[tuple[int, bytes]]: ...
        def find(self, queue: bytes, numbers: Iterable[int]) -> list[Entry]: ...
        def oldest(self, *, of_strangers: bool) -> Entry | None: ...
        def oldest_stored_s(self) -> int | None: ...
        def add(self, place: int, queue: bytes, owner: int, stored_s: int, data: bytes) -> None: ...
        def remove(self, place: int, queue: bytes) -> None: ...
        def usage(self) -> list[tuple[int, int, int]]: ...
        def queues(self) -> int: ...
        def last_place(self) -> int: ...
        def opener(self, queue: bytes) -> int: ...
        def open(self, queue: bytes, member: int, epoch: int, now_s: int) -> None: ...
        def close_oldest(self, member: int, before_s: int) -> bool: ...
        def close_before(self, epoch: int) -> None: ...
        def opened(self) -> dict[int, int]: ...
        def member(self, token_hash: bytes) -> int: ...
        def add_member(self, token_hash: bytes) -> int: ...
        def members(self) -> int: ...
        def times(self) -> tuple[int, int] | None: ...
        def set_times(self, now_s: int, unix_s: int) -> None: ...
        def shrink(self) -> None: ...


#: Time that a blob is kept, s.
KEPT_S = 24 * 3600
#: Members' share of the room in tenths; what is left is for strangers.
MEMBERS_TENTHS = 9
#: Room of a member at least, bytes, however many share the room.
MIN_QUOTA = 64 * 1024
#: Open queues of a member at most, and bytes of the quota for each: a member with a small one has fewer. But
#: all have enough for 41 friends, the queues of one request, in all the epochs that can be open.
MAX_OPEN, MIN_OPEN, OPEN_COST = 32768, 2048, 128
#: Age from which on a member's open queue makes room for a new one, s. A program that starts opens again all
#: that it needs, and other random ones.
REOPENED_S = 60
#: Epochs that a queue may be opened before its own: somebody who will be away for a week opens them all. And
#: those that it stays open after it: as long as what was put at its end is kept.
EPOCHS_AHEAD, EPOCHS_BEHIND = 32, 4
#: Blobs that one call of `tidy` removes at most: others wait for it.
REMOVED_AT_ONCE = 500


def number_of(place: int) -> int:
    """The number by which the wire knows a blob: the last 32 bits of its place, never END_NUMBER."""
    return place & END_NUMBER


class StoreStats:
    """What a store holds and what became of it; for reading only."""

    __slots__ = (
        "answers",
        "blobs",
        "bytes",
        "capacity_bytes",
        "errors",
        "evicted",
        "expired",
        "gets",
        "members",
        "open_queues",
        "queues",
    )

    def __init__(self) -> None:
        #: blobs and bytes in them, queues that are not empty
        self.blobs = self.bytes = self.queues = 0
        #: bytes that there is room for, as it was looked last
        self.capacity_bytes = 0
        self.members = self.open_queues = 0
        #: blobs that went to make room, and after a day; blobs that were fetched
        self.evicted = self.expired = self.gets = 0
        #: puts by the code that was answered
        self.answers: dict[int, int] = {}
        #: operations that the disk failed
        self.errors = 0

    def kept(self) -> tuple[int, ...]:
        """What is taken back when the disk fails."""
        return self.blobs, self.bytes, self.queues, self.members, self.open_queues, self.evicted, self.expired

    def restore(self, kept: tuple[int, ...]) -> None:
        """Take back what came after `kept`."""
        self.blobs, self.bytes, self.queues, self.members, self.open_queues, self.evicted, self.expired = kept


class Keeping:
    """The rules over one shelf. All that was done since the last `settle` can be taken back by `undo`."""

    __slots__ = (
        "_changes",
        "_epoch",
        "_kept",
        "_open_to_all",
        "_opened",
        "_place",
        "_room",
        "_shelf",
        "_used",
        "stats",
    )

    def __init__(
        self,
        shelf: Shelf,
        stats: StoreStats,
        *,
        room: Callable[[int], int],
        first_place: int,
        open_to_all: bool,
    ) -> None:
        """`room` gets the bytes that the blobs have, and says how many they may have.

        An empty shelf begins at `first_place`: numbers of an earlier one should not come again.
        """
        self._shelf = shelf
        self.stats = stats
        self._room = room
        self._open_to_all = open_to_all
        #: owner -> bytes, and what was added to that since `settle`
        self._used: dict[int, int] = {}
        self._changes: list[tuple[int, int]] = []
        #: member -> open queues; never changed in place
        self._opened = shelf.opened()
        self._place = shelf.last_place() or first_place
        #: the epoch of which was looked last what is over
        self._epoch = -1
        for owner, blobs, size in shelf.usage():
            self._book(owner, blobs, size)
        stats.queues = shelf.queues()
        self._count_members()
        stats.capacity_bytes = room(stats.bytes)
        self.settle()

    def _count_members(self) -> None:
        self.stats.members = self._shelf.members()
        self.stats.open_queues = sum(self._opened.values())

    def _book(self, owner: int, blobs: int, size: int) -> None:
        self.stats.blobs += blobs
        self.stats.bytes += size
        self._use(owner, size)
        self._changes.append((owner, size))

    def _use(self, owner: int, size: int) -> None:
        self._used[owner] = self._used.get(owner, 0) + size
        if not self._used[owner]:
            del self._used[owner]

    def settle(self) -> None:
        """What was done is kept."""
        self._changes.clear()
        self._kept = self.stats.kept(), self._opened, self._epoch

    def undo(self) -> None:
        """The shelf is again as it was at the last `settle`."""
        for owner, size in self._changes:
            self._use(owner, -size)
        self._changes.clear()
        kept, self._opened, self._epoch = self._kept
        self.stats.restore(kept)

    # blobs

    def put(self, queue: bytes, data: bytes, member: int, now_s: int) -> int:
        """Keep a blob; the code that says whether."""
        shelf, size = self._shelf, len(data)
        if size not in SIZES:
            return BAD_SIZE
        held = shelf.count(queue)
        if held >= MAX_PER_QUEUE:
            return QUEUE_FULL
        owner = shelf.opener(queue) or member
        if not owner and not self._open_to_all:
            return REFUSED
        if not self._make_room(owner, size):
            return FULL
        self._place += 1
        if number_of(self._place) == END_NUMBER:
            self._place += 1
        # what made room may have been the queue's
        is_new = not (held and shelf.count(queue))
        shelf.add(self._place, queue, owner, now_s, data)
        self._book(owner, 1, size)
        self.stats.queues += is_new
        return OK

    def quota(self) -> int:
        """Bytes that each member may have."""
        members = max(self.stats.members, 1)
        return max(self.stats.capacity_bytes * MEMBERS_TENTHS // 10 // members, MIN_QUOTA)

    def _make_room(self, owner: int, size: int) -> bool:
        """Whether there is room for a blob; strangers' blobs go if that makes it."""
        stats, used = self.stats, self._used
        capacity = stats.capacity_bytes
        strangers = used.get(0, 0)
        if stats.bytes - strangers + size > capacity:
            return False
        if owner:
            if used.get(owner, 0) + size > self.quota():
                return False
            too_much = stats.bytes + size - capacity
        else:
            tenth = capacity - capacity * MEMBERS_TENTHS // 10
            if size > tenth:
                return False
            too_much = max(strangers + size - tenth, stats.bytes + size - capacity)
        while too_much > 0:
            oldest = self._shelf.oldest(of_strangers=True)
            if oldest is None:
                return False
            self._remove(oldest)
            stats.evicted += 1
            too_much -= oldest[3]
        return True

    def _remove(self, entry: Entry) -> None:
        place, queue, owner, size = entry
        self._shelf.remove(place, queue)
        self._book(owner, -1, -size)
        self.stats.queues -= not self._shelf.count(queue)

    def has(self, prefixes: list[bytes]) -> list[bool]:
        """For each beginning of a queue's name whether there is something in it."""
        has = self._shelf.has
        return [has(prefix) for prefix in prefixes]

    def page(self, queue: bytes, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Place and data of the blobs behind a place, the oldest first."""
        found = self._shelf.page(queue, after, limit)
        self.stats.gets += len(found)
        return found

    def delete(self, queue: bytes, numbers: Iterable[int]) -> int:
        """Remove the blobs of these numbers that are in the queue; there may be none."""
        for entry in self._shelf.find(queue, numbers):
            self._remove(entry)
        return OK

    # members

    def member(self, token_hash: bytes) -> int:
        """The member's number, 0 for nobody."""
        return self._shelf.member(token_hash)

    def add_member(self, token_hash: bytes) -> int:
        """Who shows that token is a member from now on; the number."""
        number = self._shelf.member(token_hash) or self._shelf.add_member(token_hash)
        self._count_members()
        return number

    def open_queues(
        self, member: int, epoch: int, queues: Iterable[bytes], now_epoch: int, now_s: int
    ) -> int:
        """What is put into these queues is the member's. Below 0 the present epoch is not known.

        A member who has too many loses those that were not opened for the longest time.
        """
        if not member or (now_epoch >= 0 and not -EPOCHS_BEHIND <= epoch - now_epoch <= EPOCHS_AHEAD):
            return REFUSED
        shelf, limit = self._shelf, min(MAX_OPEN, max(MIN_OPEN, self.quota() // OPEN_COST))
        count = self._opened.get(member, 0)
        code = OK
        for queue in queues:
            opener = shelf.opener(queue)
            if opener and opener != member:
                # who was first keeps it: the other one who can know it is the friend who puts into it
                continue
            if not opener:
                if count >= limit and not shelf.close_oldest(member, now_s - REOPENED_S):
                    code = FULL
                    break
                count += count < limit
            shelf.open(queue, member, epoch, now_s)
        self._opened = {**self._opened, member: count}
        self.stats.open_queues = sum(self._opened.values())
        return code

    # time

    def tidy(self, now_s: int, unix_s: int, now_epoch: int) -> bool:
        """Remove what is too old or too much; False while more is to be done.

        Looks also how much room there is, and remembers the time.
        """
        shelf, stats = self._shelf, self.stats
        stats.capacity_bytes = self._room(stats.bytes)
        shelf.set_times(now_s, unix_s)
        if now_epoch >= 0 and now_epoch != self._epoch:
            self._epoch = now_epoch
            shelf.close_before(now_epoch - EPOCHS_BEHIND)
            self._opened = shelf.opened()
        self._count_members()
        for _ in range(REMOVED_AT_ONCE):
            stored_s = shelf.oldest_stored_s()
            if stored_s is None:
                break
            if now_s - stored_s >= KEPT_S:
                entry = shelf.oldest(of_strangers=False)
                stats.expired += 1
            elif stats.bytes > stats.capacity_bytes:
                entry = shelf.oldest(of_strangers=True) or shelf.oldest(of_strangers=False)
                stats.evicted += 1
            else:
                break
            if entry is not None:
                self._remove(entry)
        else:
            return False
        shelf.shrink()
        return True
