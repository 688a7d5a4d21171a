"""The bases of what every capability's `aio.py` builds on: a part of `AsyncTox`, and a part of its `Friend`.

A part of `AsyncTox` has the coroutines of one capability under their flat public names. It may take a hand
in the moments that `AsyncTox` tells all parts of. Who overrides one of them calls the next part with
`super()`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from toxpy.arguments import as_seconds
from toxpy.errors import ToxError
from toxpy.runtime import LOG_WARNING
from toxpy.tox_part import ToxClosed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from toxpy.generated.typed_events import Event
    from toxpy.tox import Tox

T = TypeVar("T")

#: Async handlers that run at the same time; beyond it events do not begin another one.
MAX_TASKS = 65_536


#: Methods of `Tox` that would take the instance out of the hands of its `AsyncTox`.
NOT_CALLED = {
    "close",
    "close_and_leave_save",
    "core",
    "events",
    "handlers",
    "iterate",
    "kill",
    "load",
    "on_audio_frame",
    "on_video_frame",
    "on_conference_audio",
    "take_events",
    "transfers",
}


def finish(future: asyncio.Future[Any], result: Any) -> None:
    """Give a waiting call its result, unless it was cancelled."""
    if not future.done():
        future.set_result(result)


def finish_all(waiters: list[asyncio.Future[None]]) -> None:
    """Let all go on who wait in a list."""
    for waiter in waiters:
        finish(waiter, None)
    waiters.clear()


def fail(future: asyncio.Future[Any], error: BaseException) -> None:
    """Make a waiting call raise, unless it was cancelled."""
    if not future.done():
        future.set_exception(error)
        # seen: when nobody waits, the loop must not report an exception that was never retrieved
        future.exception()


async def until_delivered(tox: AioPart, waiting: Callable[[], int], timeout_s: float | None) -> None:
    """Return once nothing waits to be acknowledged; TimeoutError says how much does."""
    as_seconds(timeout_s, "timeout_s")
    try:
        async with asyncio.timeout(timeout_s):
            while waiting():
                await tox._wait(tox._space_waiters)
    except TimeoutError as error:
        raise TimeoutError(f"{waiting()} packets are not acknowledged after {timeout_s:g} s") from error


class AioPart:
    """What the parts of an `AsyncTox` share."""

    def __init__(self) -> None:
        self._sync: Tox | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        #: what ended the instance when it was not its user
        self._failure: BaseException | None = None
        #: of the program's async handlers
        self._tasks: set[asyncio.Task[object]] = set()
        #: those for whom there was no room to send
        self._space_waiters: list[asyncio.Future[None]] = []
        #: what a message to that friend waits for
        self._before_message: Callable[[int], Awaitable[None]] | None = None

    @property
    def sync(self) -> Tox:
        """The synchronous API of this instance, for getters; what sends should go through `call`."""
        if self._sync is None:
            raise self._failure or ToxClosed()
        return self._sync

    @property
    def closed(self) -> bool:
        """Closed, or not yet entered."""
        return self._sync is None

    def call(self, name: str, *args: Any, **options: Any) -> Any:
        """Call a method of `Tox` by name and see to it that its consequences happen in time."""
        sync = self.sync
        method = None if str(name).startswith("_") else getattr(sync, str(name), None)
        if not callable(method) or name in NOT_CALLED:
            raise ValueError(f"call takes the name of a method of Tox, which {name!r} is not, or not here")
        result = method(*args, **options)
        self._schedule()
        return result

    def _schedule(self) -> None:
        """Set the timer to the core's next deadline."""
        if self._sync is None or self._loop is None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        delay_ms = self._sync.deadline_in_ms()
        if delay_ms is not None:
            self._timer = self._loop.call_later(delay_ms / 1000, self._iterate)

    def _iterate(self) -> None:
        """One pass, and what follows from it."""
        raise NotImplementedError

    def _report_program_error(self, error: BaseException, event: Event | None = None) -> None:
        """The program's defect: it stops neither us nor the events behind this one."""
        if self._loop is not None:
            text = "a handler of a Tox event raised" if event is not None else "a file's on_progress raised"
            self._loop.call_exception_handler({"message": text, "exception": error, "event": event})

    def _spawn(self, coroutine: Coroutine[Any, Any, object], event: Event | None = None) -> None:
        """Run what an async function of the program returned; what it raises is reported."""
        if self._sync is None or self._loop is None:
            coroutine.close()
            return
        if len(self._tasks) >= MAX_TASKS:
            coroutine.close()
            rt = self._sync.core.rt
            rt.counters.drop("handler_not_run")
            rt.log(LOG_WARNING, f"{MAX_TASKS} async handlers are not finished: no more are begun")
            return
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._task_over(task, event))

    def _task_over(self, task: asyncio.Task[object], event: Event | None) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._report_program_error(error, event)

    def _other_tasks(self) -> list[asyncio.Task[object]]:
        """Those of async handlers, but for the one that asks."""
        try:
            own = asyncio.current_task()
        except RuntimeError:
            # the loop does not run, or not any more
            own = None
        return [task for task in self._tasks if task is not own]

    def _cancel_tasks(self) -> None:
        """The instance is over."""
        if self._loop is not None and not self._loop.is_closed():
            for task in self._other_tasks():
                task.cancel()

    @staticmethod
    async def _wait(waiters: list[asyncio.Future[None]]) -> None:
        """Wait in one of the lists; a cancelled wait leaves nothing behind."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiters.append(waiter)
        try:
            await waiter
        finally:
            if waiter in waiters:
                waiters.remove(waiter)

    async def _send_when_possible(
        self, send: Callable[[], T], full: int, empties: Callable[[], bool] | None = None
    ) -> T:
        """What `send` returns; it is tried again after each pass while its ToxError has the code `full`.

        But not where `empties` says that nothing will make room.
        """
        while True:
            try:
                return send()
            except ToxError as error:
                if error.code != full or (empties is not None and not empties()):
                    raise
            await self._wait(self._space_waiters)

    async def wait_for_friend(self, number: int) -> None:
        """Return once that friend is connected."""
        raise NotImplementedError

    # moments for the parts

    def _begin(self, sync: Tox) -> None:
        """The instance starts."""

    def _on_event(self, event: Event) -> None:
        """An event, before anybody else sees it."""

    def _after_pass(self) -> None:
        """A pass is over, and its events are delivered."""
        finish_all(self._space_waiters)

    def _all_waiting(self) -> list[asyncio.Future[Any]]:
        """Those to fail when the instance closes."""
        return [*self._space_waiters]

    def _forget_friend(self, number: int, why: str) -> None:
        """That friend is no more."""

    def _on_close(self) -> None:
        """The instance is over."""

    def _forget_all(self, why: str) -> None:
        """The instance goes on with another state."""


class FriendPart:
    """What the parts of a `Friend` share."""

    __slots__ = ("number", "public_key", "tox")

    def __init__(self, tox: AioPart, number: int) -> None:
        self.tox = tox
        self.number = number
        self.public_key = tox.sync.friend_get_public_key(number)
