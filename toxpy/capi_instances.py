"""The instances that C programs have: by their address, locked or not, and what goes wrong in their calls.

A Tox pointer is an address that was never used for another instance (until 32768 more have been made), and
`live` knows those in use: a call after tox_kill fails as documented. Whatever a call raises that it should
not goes to the instance's log callback; the caller gets the failure value. Nothing is ever printed.
"""

from __future__ import annotations

from _thread import RLock

from _toxcore import ffi, lib  # type: ignore[import-not-found]

from toxpy.core import PARTS, Core
from toxpy.generated.enums import TOX_LOG_LEVEL_ERROR
from toxpy.start import source_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Dead(Exception):
    """A Tox pointer that is not in use (never, or no longer)."""


class _Live(dict[int, "Any"]):
    """Core by Tox pointer."""

    __slots__ = ()

    def __missing__(self, tox: int) -> Any:
        raise Dead


#: The running instances: what the generated glue calls methods of.
live = _Live()
#: The same without the lock of those that are `shared`.
bare = _Live()
#: The calls of instances with a ToxAV, and the same without the lock.
calls = _Live()
calls_of_media = _Live()


class _Locked:
    """A part of a Core whose methods take one re-entrant lock.

    Threads for sound and pictures do not wait for it: they leave their packets in an outbox, and who had the
    lock looks into it.
    """

    def __init__(self, part: Any, core: Core, lock: Any) -> None:
        self._part = part
        self._core = core
        self._lock = lock

    def __getattr__(self, name: str) -> Callable[..., Any]:
        core, lock, flush = self._core, self._lock, self._core.messenger.outbox.flush
        method = getattr(self._part, name)

        def locked(*arguments: Any) -> Any:
            lock.acquire()
            try:
                if core.killed:
                    # by the thread that we waited for
                    raise Dead
                return method(*arguments)
            finally:
                lock.release()
                flush()

        self.__dict__[name] = locked
        return locked


class _LockedCore(_Locked):
    """A Core that is locked so, with its parts."""

    def __init__(self, core: Core, lock: Any) -> None:
        super().__init__(core, core, lock)
        for name in PARTS:
            setattr(self, name, _Locked(getattr(core, name), core, lock))


def shared(tox: int) -> Any:
    """The Core, which several threads may use from now on.

    Programs with calls use several and know no lock: that of `experimental_thread_safety` serves them too.
    """
    core = bare[tox]
    instance = instances[tox]
    with _sharing:
        if instance.lock is None:
            instance.share(core)
    return live[tox]


_sharing = RLock()


class Instance:
    """What C knows of a Tox besides its Core."""

    __slots__ = (
        "av_object",
        "by_packet_id",
        "callbacks",
        "core",
        "deliverer",
        "doomed",
        "iterating",
        "lock",
        "log",
        "tox",
    )

    def __init__(self, tox: int, log: tuple[int, int] | None, callbacks: int) -> None:
        self.tox = tox
        self.log = log
        self.core: Core | None = None
        self.lock: Any = None
        #: by Event.callback_index, then those for frames; the last is for events that the header does not
        #: know, whose index is -1. Those of a ToxAV are pairs, with their user_data.
        self.callbacks: list[Any] = [0] * (callbacks + 1)
        self.by_packet_id: dict[tuple[int, int], int] = {}
        self.av_object = 0
        self.iterating = False
        #: the thread that is calling the callbacks, 0 for none; counts only with a lock
        self.deliverer = 0
        self.doomed = False

    def on_log(self, level: int, file: str, line: int, func: str, message: str) -> None:
        """Pass a line to the C log callback."""
        if self.log is not None:
            callback, user_data = self.log
            texts = file.encode(), line, func.encode(), message.encode("utf-8", "replace")
            lib.toxpy_call_log(callback, self.tox, level, *texts, user_data)

    def share(self, core: Core) -> None:
        """Have all functions take a lock, but those for sound and pictures."""
        self.lock = core.messenger.outbox.lock = RLock()
        live[self.tox] = _LockedCore(core, self.lock)

    def close(self) -> None:
        """Stop for good; inside iterate this waits until the protocol stack has unwound."""
        for table in (live, bare, calls, calls_of_media):
            table.pop(self.tox, None)
        if self.iterating:
            self.doomed = True
            return
        instances.pop(self.tox, None)
        if self.core is not None:
            self.core.kill()


#: All instances, also one that ends in its own callback.
instances: dict[int, Instance] = {}
_count = ffi.new("size_t *")
_first_handle: int = lib.toxpy_handles(_count)
_handle_count: int = _count[0]
_HANDLE_SIZE = 2 * ffi.sizeof("void *")
_made = 0


def new_handle() -> int:
    """The next address for an instance, 0 when all are in use."""
    global _made
    for _ in range(_handle_count):
        tox: int = _first_handle + _HANDLE_SIZE * (_made % _handle_count)
        _made += 1
        if tox not in instances:
            return tox
    return 0


def on_unexpected(kind: Any, error: Any, traceback: Any) -> None:
    """What cffi calls when an exception leaves a Python function: the call fails, the log hears why."""
    lib.toxpy_mark_raised()
    if kind is KeyboardInterrupt:
        # of a host that is Python: for its own code, after the call
        lib.toxpy_mark_interrupted()
    if kind is Dead or traceback is None:
        return
    local = traceback.tb_frame.f_locals
    instance = local.get("instance") or instances.get(local.get("tox", 0))
    if instance is None or instance.log is None:
        return
    function = traceback.tb_frame.f_code.co_name
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    code = traceback.tb_frame.f_code
    message = f"{function} failed: {kind.__name__}: {error}"
    instance.on_log(
        TOX_LOG_LEVEL_ERROR, source_name(code.co_filename), traceback.tb_lineno, code.co_name, message
    )
