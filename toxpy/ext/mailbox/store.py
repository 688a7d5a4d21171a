"""A mailbox's store, as the server of the protocol sees it: calls that are answered later.

Every operation ends in one call-back, in the call itself or in a later `poll`. What was answered with OK is
kept even if the machine loses power then. A store has a time of its own: it goes on while the mailbox runs,
and by the wall clock from one run to the next. So setting the clock empties no store.
"""

from __future__ import annotations

from hashlib import sha256

from toxpy.ext.mailbox.keeping import KEPT_S, Keeping, StoreStats
from toxpy.ext.offline.keys import epoch_at
from toxpy.ext.offline.ops import FULL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from toxpy.ext.mailbox.keeping import Shelf
    from toxpy.runtime import Runtime

    T = TypeVar("T")

#: Pause between two looks at what is too old and how much room there is, ms.
LOOK_MS = 5 * 60 * 1000
#: The same when there was too much to remove it at once, ms.
GO_ON_MS = 100
_TOKEN_PREFIX = b"TOX_MAILBOX_TOKEN_V1"


class StoreError(Exception):
    """A store cannot be opened; the text says why, and what to do."""


def token_hash(token: bytes) -> bytes:
    """All that a store knows of a member's token."""
    return sha256(_TOKEN_PREFIX + token).digest()


class Store:
    """What both stores have in common; `close` it in the end. A member's number is never 0."""

    __slots__ = ("_is_closed", "_keeping", "_rt", "_start_ms", "_start_s", "_timer", "stats")

    def __init__(
        self, shelf: Shelf, *, rt: Runtime, room: Callable[[int], int], open_to_all: bool = False
    ) -> None:
        """`room` says how many bytes the blobs may have, given how many they have.

        Unless `open_to_all` only members' queues are served, and what members put into those of others.
        """
        self._rt = rt
        self._is_closed = False
        self.stats = StoreStats()
        self._keeping = Keeping(
            shelf, self.stats, room=room, first_place=rt.rng.u32() // 2, open_to_all=open_to_all
        )
        self._start_ms = rt.clock.now_ms
        # an unlikely wall clock makes blobs stay longer, or lets them expire as after a day of rest
        last_s, last_unix_s = shelf.times() or (0, 0)
        self._start_s = last_s + min(max(rt.clock.unix_s() - last_unix_s, 0), KEPT_S)
        self._timer = rt.timers.call_later(LOOK_MS, self._look)

    def _now_s(self) -> int:
        return self._start_s + (self._rt.clock.now_ms - self._start_ms) // 1000

    def _do(self, work: Callable[[Keeping], T], done: Callable[[T], None], failed: T) -> None:
        """Do it, now or later, and call back with what came out; with `failed` where the disk fails."""
        raise NotImplementedError

    # blobs

    def put(self, queue: bytes, data: bytes, member: int, done: Callable[[int], None]) -> None:
        """Keep a blob that this member, or a stranger (0), puts; `done` gets the code."""
        now_s, answers = self._now_s(), self.stats.answers

        def told(code: int) -> None:
            answers[code] = answers.get(code, 0) + 1
            done(code)

        self._do(lambda keeping: keeping.put(queue, data, member, now_s), told, FULL)

    def has(self, prefixes: list[bytes], done: Callable[[list[bool]], None]) -> None:
        """Say for each of these first 8 bytes of a queue's name whether there is something in it."""
        self._do(lambda keeping: keeping.has(prefixes), done, [False] * len(prefixes))

    def get(
        self, queue: bytes, after: int, limit: int, done: Callable[[list[tuple[int, bytes]]], None]
    ) -> None:
        """Place and data of so many blobs of a queue behind the place `after`, the oldest first.

        The wire knows a blob by `number_of(place)`.
        """
        nothing: list[tuple[int, bytes]] = []
        self._do(lambda keeping: keeping.page(queue, after, limit), done, nothing)

    def delete(self, queue: bytes, numbers: Sequence[int], done: Callable[[int], None]) -> None:
        """Remove blobs of a queue by their numbers on the wire; those that are not there do not matter."""
        self._do(lambda keeping: keeping.delete(queue, numbers), done, FULL)

    # members

    def member(self, token: bytes, done: Callable[[int], None]) -> None:
        """The number of the member who has this token, 0 for nobody."""
        hashed = token_hash(token)
        self._do(lambda keeping: keeping.member(hashed), done, 0)

    def add_member(self, token: bytes, done: Callable[[int], None]) -> None:
        """Who shows this token is a member from now on; `done` gets the number, 0 when that failed."""
        hashed = token_hash(token)
        self._do(lambda keeping: keeping.add_member(hashed), done, 0)

    def open_queues(
        self, member: int, epoch: int, queues: Sequence[bytes], done: Callable[[int], None]
    ) -> None:
        """What anybody puts into these queues of an epoch counts as the member's; `done` gets the code."""
        now_s, now_epoch = self._now_s(), epoch_at(self._rt.clock.unix_s())
        self._do(lambda keeping: keeping.open_queues(member, epoch, queues, now_epoch, now_s), done, FULL)

    # time

    def _look(self) -> None:
        self._timer = self._rt.timers.call_later(LOOK_MS, self._look)
        self.tidy()

    def tidy(self) -> None:
        """Look now for what is too old and how much room there is; it is done by itself every 5 minutes."""
        unix_s = self._rt.clock.unix_s()
        now_s, now_epoch = self._now_s(), epoch_at(unix_s)
        self._do(lambda keeping: keeping.tidy(now_s, unix_s, now_epoch), self._tidied, True)

    def _tidied(self, is_done: bool) -> None:
        if not is_done:
            self._timer.cancel()
            self._timer = self._rt.timers.call_later(GO_ON_MS, self._look)

    # the host's pass

    def fileno(self) -> int:
        """A descriptor that becomes readable when `poll` has something to tell; -1 if it never has."""
        return -1

    def poll(self) -> None:
        """Call back with what is done."""

    def close(self) -> None:
        """Keep all and end; nobody is called back any more. Repeating it is harmless."""
        self._is_closed = True
        self._timer.cancel()
