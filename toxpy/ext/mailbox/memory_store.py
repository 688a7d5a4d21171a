"""A mailbox's store in memory: for tests, and for a mailbox that may forget everything at its end."""

from __future__ import annotations

from collections import OrderedDict

from toxpy.ext.mailbox.keeping import Keeping, number_of
from toxpy.ext.mailbox.room import MIN_ROOM
from toxpy.ext.mailbox.store import Store
from toxpy.ext.offline.ops import PREFIX_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeVar

    from toxpy.ext.mailbox.keeping import Entry
    from toxpy.runtime import Runtime

    T = TypeVar("T")


class MemoryShelf:
    """Blobs, open queues and members in dicts."""

    __slots__ = ("_blobs", "_members", "_open", "_place", "_prefixes", "_queues", "_strangers")

    def __init__(self) -> None:
        #: place -> queue, owner, when, data; the oldest first
        self._blobs: OrderedDict[int, tuple[bytes, int, int, bytes]] = OrderedDict()
        self._strangers: OrderedDict[int, None] = OrderedDict()
        #: queue -> places
        self._queues: dict[bytes, dict[int, None]] = {}
        #: first bytes of a queue's name -> queues that are not empty
        self._prefixes: dict[bytes, int] = {}
        #: queue -> member, epoch, when; the one that was opened longest ago first
        self._open: OrderedDict[bytes, tuple[int, int, int]] = OrderedDict()
        #: token's hash -> number
        self._members: dict[bytes, int] = {}
        self._place = 0

    def count(self, queue: bytes) -> int:
        """Blobs in a queue."""
        return len(self._queues.get(queue, ()))

    def has(self, prefix: bytes) -> bool:
        """True if a queue whose name begins so is not empty."""
        return prefix in self._prefixes

    def page(self, queue: bytes, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Place and data of the first blobs behind a place."""
        found = [place for place in self._queues.get(queue, ()) if place > after]
        return [(place, self._blobs[place][3]) for place in found[:limit]]

    def find(self, queue: bytes, numbers: Iterable[int]) -> list[Entry]:
        """The blobs of a queue that have one of these numbers."""
        wanted = set(numbers)
        return [self._entry(place) for place in self._queues.get(queue, ()) if number_of(place) in wanted]

    def _entry(self, place: int) -> Entry:
        queue, owner, _, data = self._blobs[place]
        return place, queue, owner, len(data)

    def oldest(self, *, of_strangers: bool) -> Entry | None:
        """The oldest blob, of all or of those that are nobody's."""
        place = next(iter(self._strangers if of_strangers else self._blobs), None)
        return None if place is None else self._entry(place)

    def oldest_stored_s(self) -> int | None:
        """When the oldest blob came."""
        place = next(iter(self._blobs), None)
        return None if place is None else self._blobs[place][2]

    def add(self, place: int, queue: bytes, owner: int, stored_s: int, data: bytes) -> None:
        """A new blob, behind all others."""
        self._place = place
        self._blobs[place] = queue, owner, stored_s, data
        if not owner:
            self._strangers[place] = None
        if queue not in self._queues:
            prefix = queue[:PREFIX_SIZE]
            self._queues[queue] = {}
            self._prefixes[prefix] = self._prefixes.get(prefix, 0) + 1
        self._queues[queue][place] = None

    def remove(self, place: int, queue: bytes) -> None:
        """Forget a blob."""
        del self._blobs[place]
        self._strangers.pop(place, None)
        places = self._queues[queue]
        del places[place]
        if not places:
            prefix = queue[:PREFIX_SIZE]
            del self._queues[queue]
            self._prefixes[prefix] -= 1
            if not self._prefixes[prefix]:
                del self._prefixes[prefix]

    def usage(self) -> list[tuple[int, int, int]]:
        """Owner, blobs, bytes; a new shelf is empty."""
        return []

    def queues(self) -> int:
        """Queues that are not empty."""
        return len(self._queues)

    def last_place(self) -> int:
        """That of the newest blob there ever was, 0 for none."""
        return self._place

    def opener(self, queue: bytes) -> int:
        """The member who opened a queue, 0 for nobody."""
        return self._open.get(queue, (0, 0, 0))[0]

    def open(self, queue: bytes, member: int, epoch: int, now_s: int) -> None:
        """A queue is the member's until its epoch is over."""
        self._open[queue] = member, epoch, now_s
        self._open.move_to_end(queue)

    def close_oldest(self, member: int, before_s: int) -> bool:
        """Close the member's queue that was opened longest ago, if that was before this moment."""
        for queue, (opener, _, opened_s) in self._open.items():
            if opened_s >= before_s:
                return False
            if opener == member:
                del self._open[queue]
                return True
        return False

    def close_before(self, epoch: int) -> None:
        """Queues of earlier epochs are nobody's any more."""
        for queue, opened in list(self._open.items()):
            if opened[1] < epoch:
                del self._open[queue]

    def opened(self) -> dict[int, int]:
        """Member -> open queues."""
        counts: dict[int, int] = {}
        for member, _, _ in self._open.values():
            counts[member] = counts.get(member, 0) + 1
        return counts

    def member(self, token_hash: bytes) -> int:
        """Who has that token, 0 for nobody."""
        return self._members.get(token_hash, 0)

    def add_member(self, token_hash: bytes) -> int:
        """A new member; the number."""
        self._members[token_hash] = len(self._members) + 1
        return len(self._members)

    def members(self) -> int:
        """How many there are."""
        return len(self._members)

    def times(self) -> tuple[int, int] | None:
        """There was no earlier run."""
        return None

    def set_times(self, now_s: int, unix_s: int) -> None:
        """There will be no later run."""

    def shrink(self) -> None:
        """Nothing is kept for later."""


def _least_room(_used: int) -> int:
    return MIN_ROOM


class MemoryStore(Store):
    """Calls back at once."""

    __slots__ = ()

    def __init__(
        self, *, rt: Runtime, room: Callable[[int], int] | None = None, open_to_all: bool = False
    ) -> None:
        """Without `room` the least that a mailbox has."""
        super().__init__(MemoryShelf(), rt=rt, room=room or _least_room, open_to_all=open_to_all)

    def _do(self, work: Callable[[Keeping], T], done: Callable[[T], None], failed: T) -> None:
        result = work(self._keeping)
        self._keeping.settle()
        done(result)
