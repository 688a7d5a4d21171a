"""Events for `async for`: each loop over an `AsyncTox` gets every event, as does one over what a room says.

What happens while no loop runs waits for the next one. A loop that begins while another one runs gets what
happens from then on. A loop is over when its iterator is gone, which a `break` or an exception sees to; what
the last one has not taken waits for the next.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from toxpy.aio_part import finish_all
from toxpy.runtime import LOG_WARNING
from toxpy.tox_part import ToxClosed

if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.aio_part import AioPart

T = TypeVar("T")

#: Events kept for a loop that does not take them; beyond it the oldest is dropped.
MAX_QUEUED_EVENTS = 65_536
#: Bytes of texts kept likewise: so many events with the longest ordinary messages, and fewer with long ones.
MAX_QUEUED_BYTES = 128 * 1024 * 1024
#: As MAX_QUEUED_EVENTS, for the messages of one conference or group.
MAX_QUEUED_MESSAGES = 4_096


class EventQueue(Generic[T]):
    """What waits for one loop."""

    __slots__ = ("_size", "events", "overflows", "waiters")

    def __init__(self) -> None:
        self.events: deque[T] = deque()
        #: bytes of their texts
        self._size = 0
        self.waiters: list[asyncio.Future[None]] = []
        #: True from the first event that was dropped to the next that is taken
        self.overflows = False

    def has_room(self, event: T, most: int) -> bool:
        """True if the event may be added to at most `most`; one always may."""
        events = self.events
        return not events or (len(events) < most and self._size + _size_of(event) <= MAX_QUEUED_BYTES)

    def add(self, event: T) -> None:
        """Another one waits."""
        self.events.append(event)
        self._size += _size_of(event)

    def take(self) -> T:
        """The oldest."""
        event = self.events.popleft()
        self._size -= _size_of(event)
        return event


def _size_of(event: object) -> int:
    """Bytes of its text, if it has one."""
    return len(getattr(event, "raw", b""))


class EventQueues(Generic[T]):
    """One queue for each loop, and at least one; `most` events wait in it."""

    __slots__ = ("_most", "_on_drop", "_queues", "has_loop")

    def __init__(self, on_drop: Callable[[T, bool], None], most: int) -> None:
        """`on_drop` gets what was dropped, and whether it is the first one in a row."""
        self._on_drop = on_drop
        self._most = most
        self._queues: list[EventQueue[T]] = [EventQueue()]
        #: True while anybody takes events
        self.has_loop = False

    def put(self, event: T) -> None:
        """Something happened."""
        for queue in self._queues:
            while not queue.has_room(event, self._most):
                is_first, queue.overflows = not queue.overflows, True
                self._on_drop(queue.take(), is_first)
            queue.add(event)
            finish_all(queue.waiters)

    def wake_all(self) -> None:
        """The instance is over: no loop waits any longer."""
        for queue in self._queues:
            finish_all(queue.waiters)

    def begin(self) -> EventQueue[T]:
        """The queue of a new loop."""
        if self.has_loop:
            self._queues.append(EventQueue())
        self.has_loop = True
        return self._queues[-1]

    def end(self, queue: EventQueue[T]) -> None:
        """That loop is over."""
        if len(self._queues) == 1:
            self.has_loop = False
        else:
            self._queues.remove(queue)


class EventIterator(Generic[T]):
    """What `async for` goes through."""

    __slots__ = ("_loop", "_queue", "_queues", "_raise_if_over")

    def __init__(
        self,
        queues: EventQueues[T],
        loop: asyncio.AbstractEventLoop | None,
        raise_if_over: Callable[[], None],
    ) -> None:
        """`raise_if_over` raises StopAsyncIteration, or what ended the instance, once it is over."""
        self._queues = queues
        self._queue = queues.begin()
        self._loop = loop
        self._raise_if_over = raise_if_over

    def __aiter__(self) -> EventIterator[T]:
        return self

    async def __anext__(self) -> T:
        queue = self._queue
        while not queue.events:
            self._raise_if_over()
            if self._loop is None:
                raise StopAsyncIteration
            waiter: asyncio.Future[None] = self._loop.create_future()
            queue.waiters.append(waiter)
            await waiter
        queue.overflows = False
        return queue.take()

    def __del__(self) -> None:
        self._queues.end(self._queue)


class Heard(Generic[T]):
    """What `async for` over what is said in a conference or group goes through."""

    __slots__ = ("_iterator", "_wanted")

    def __init__(self, iterator: EventIterator[T], wanted: Callable[[T], bool]) -> None:
        self._iterator = iterator
        self._wanted = wanted

    def __aiter__(self) -> Heard[T]:
        return self

    async def __anext__(self) -> T:
        while True:
            message = await anext(self._iterator)
            if self._wanted(message):
                return message


class Said(Generic[T]):
    """What was said in one conference, group or call, for the loops over it."""

    __slots__ = ("_is_over", "_most", "_number", "_queues", "_things", "_tox", "_what")

    def __init__(
        self, tox: AioPart, what: str, number: int, things: str = "messages", most: int | None = None
    ) -> None:
        """`what` it is, its number, and what is said there, in words for the log; `most` of it waits."""
        self._tox = tox
        self._what = what
        self._number = number
        self._things = things
        self._most = MAX_QUEUED_MESSAGES if most is None else most
        self._queues: EventQueues[T] = EventQueues(self._dropped, self._most)
        self._is_over = False

    @property
    def has_loop(self) -> bool:
        """True while anybody takes what is said."""
        return self._queues.has_loop

    def put(self, message: T) -> None:
        """Something was said."""
        self._queues.put(message)

    def loop(self, wanted: Callable[[T], bool]) -> Heard[T]:
        """A new loop, over what is wanted."""
        loop = asyncio.get_running_loop()
        return Heard(EventIterator(self._queues, loop, self._raise_if_over), wanted)

    def end(self) -> None:
        """No loop waits any longer."""
        self._is_over = True
        self._queues.wake_all()

    def _dropped(self, _message: T, is_first: bool) -> None:
        """No loop took it in time; without a loop that is as it should be."""
        if self.has_loop and not self._tox.closed:
            rt = self._tox.sync.core.rt
            rt.counters.drop(f"{self._what}_{self._things.split()[0][:-1]}_not_taken")
            if is_first:
                text = f"{self._most} {self._things} of {self._what} {self._number} wait to be taken"
                rt.log(LOG_WARNING, text + ": older ones are dropped")

    def _raise_if_over(self) -> None:
        if self._is_over:
            try:
                # what ended the instance
                _ = self._tox.sync
            except ToxClosed:
                pass
            raise StopAsyncIteration
