"""Events for `async for`: each loop over an `AsyncTox` gets every event.

What happens while no loop runs waits for the next one. A loop that begins while another one runs gets what
happens from then on. A loop is over when its iterator is gone, which a `break` or an exception sees to; what
the last one has not taken waits for the next.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from toxpy.aio_part import finish_all

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

T = TypeVar("T")

#: Events kept for a loop that does not take them; beyond it the oldest is dropped.
MAX_QUEUED_EVENTS = 65_536


class EventQueue(Generic[T]):
    """What waits for one loop."""

    __slots__ = ("events", "overflows", "waiters")

    def __init__(self) -> None:
        self.events: deque[T] = deque()
        self.waiters: list[asyncio.Future[None]] = []
        #: True from the first event that was dropped to the next that is taken
        self.overflows = False


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
            if len(queue.events) >= self._most:
                is_first, queue.overflows = not queue.overflows, True
                self._on_drop(queue.events.popleft(), is_first)
            queue.events.append(event)
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
        return queue.events.popleft()

    def __del__(self) -> None:
        self._queues.end(self._queue)
