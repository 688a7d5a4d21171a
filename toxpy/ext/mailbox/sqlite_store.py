"""A mailbox's store in a file: SQLite, on a thread of its own.

The thread does up to 50 operations in one transaction. They are answered when it is on the disk, so what was
answered is kept whatever happens then. A transaction that fails, for example because the disk is full, is
taken back as a whole and its operations are done one by one: those that still fail are answered so, and the
mailbox lives.
"""

from __future__ import annotations

import fcntl
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from toxpy.ext.mailbox.keeping import Keeping
from toxpy.ext.mailbox.room import room_on_disk
from toxpy.ext.mailbox.sqlite_shelf import failure, open_shelf
from toxpy.ext.mailbox.store import Store, StoreError
from toxpy.runtime import LOG_WARNING, Runtime

T = TypeVar("T")

#: Operations in one transaction: how many puts share one flush of the disk.
BATCH = 50
#: Operations that may wait for the disk; more fail.
MAX_WAITING = 4096
#: Time to wait at the end for what is still to be written, s.
CLOSE_S = 10


class _Job:
    """One operation, and who wants to hear of it."""

    __slots__ = ("done", "failed", "work")

    def __init__(self, work: Callable[[Keeping], Any], done: Callable[[Any], None], failed: Any) -> None:
        self.work = work
        self.done = done
        self.failed = failed


class SqliteStore(Store):
    """The store in the file `path`, which one process serves at a time."""

    __slots__ = (
        "_error",
        "_finished",
        "_is_failing",
        "_jobs",
        "_lock",
        "_reader",
        "_shelf",
        "_thread",
        "_writer",
    )

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        rt: Runtime,
        room: Callable[[int], int] | None = None,
        open_to_all: bool = False,
    ) -> None:
        """StoreError says why the file cannot be used, and what to do.

        `room` None is a share of the disk.
        """
        path = os.path.abspath(path)
        self._lock = _lock(path)
        try:
            self._shelf = open_shelf(path)
            try:
                room = room or partial(room_on_disk, os.path.dirname(path))
                super().__init__(self._shelf, rt=rt, room=room, open_to_all=open_to_all)
            except sqlite3.Error as error:
                self._shelf.close()
                raise failure(path, error) from error
        except StoreError:
            os.close(self._lock)
            raise
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._finished: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        #: what the disk said first, until it is logged; and whether it still fails
        self._error = ""
        self._is_failing = False
        # a daemon: a disk that hangs must not keep the process from ending
        self._thread = threading.Thread(target=self._serve, name="toxpy-mailbox", daemon=True)
        self._thread.start()

    def _do(self, work: Callable[[Keeping], T], done: Callable[[T], None], failed: T) -> None:
        if self._jobs.qsize() >= MAX_WAITING:
            done(failed)
        else:
            self._jobs.put(_Job(work, done, failed))

    def fileno(self) -> int:
        """Readable when something is done."""
        return self._reader

    def poll(self) -> None:
        """Call back with what is done."""
        if self._is_closed:
            return
        try:
            os.read(self._reader, 4096)
        except BlockingIOError:
            return
        if self._error:
            self._rt.log(LOG_WARNING, f"The mailbox's disk fails: {self._error}")
            self._error = ""
        while not self._finished.empty():
            done = self._finished.get()
            if not self._is_closed:
                done()

    def close(self) -> None:
        """Write what waits, for some seconds at most, and end."""
        if self._is_closed:
            return
        super().close()
        self._jobs.put(None)
        self._thread.join(CLOSE_S)
        if not self._thread.is_alive():
            for fd in (self._reader, self._writer, self._lock):
                os.close(fd)

    # in the thread

    def _serve(self) -> None:
        try:
            self._serve_jobs()
        except BaseException as error:  # noqa: BLE001
            # a defect: `poll` raises it, rather than clients waiting for ever
            self._finished.put(partial(_raise, error))
            self._wake()
        self._shelf.close()

    def _serve_jobs(self) -> None:
        is_ending = False
        while not is_ending:
            jobs = [self._jobs.get()]
            while len(jobs) < BATCH and jobs[-1] is not None and not self._jobs.empty():
                jobs.append(self._jobs.get())
            is_ending = jobs[-1] is None
            batch = [job for job in jobs if job is not None]
            for job, result in zip(batch, self._results(batch), strict=True):
                self._finished.put(partial(job.done, result))
            if not is_ending:
                self._wake()

    def _wake(self) -> None:
        try:
            os.write(self._writer, b"\0")
        except BlockingIOError:
            # full of other wake-ups
            pass

    def _results(self, batch: list[_Job]) -> list[Any]:
        """What comes out of a batch, all in one transaction, or each in its own where one fails."""
        results = self._transact(batch, writing=True)
        if results is None:
            alone = [self._transact([job], writing=False) for job in batch]
            results = [job.failed if one is None else one[0] for job, one in zip(batch, alone, strict=True)]
        return results

    def _transact(self, batch: list[_Job], *, writing: bool) -> list[Any] | None:
        """What comes out when all of it is on the disk; None when none of it is."""
        keeping, shelf = self._keeping, self._shelf
        try:
            shelf.begin(writing=writing)
            results = [job.work(keeping) for job in batch]
            shelf.commit()
        except sqlite3.Error as error:
            self.stats.errors += 1
            if not self._is_failing:
                self._is_failing, self._error = True, str(error)
            keeping.undo()
            shelf.roll_back()
            return None
        keeping.settle()
        if writing:
            self._is_failing = False
        return results


def _raise(error: BaseException) -> None:
    raise error


def _lock(path: str) -> int:
    """The descriptor that keeps other mailboxes from the file until it is closed."""
    try:
        fd = os.open(path + ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{path}.lock cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        if isinstance(error, BlockingIOError):
            raise StoreError(f"{path} is in use: another mailbox runs with it") from error
        raise StoreError(f"{path}.lock cannot be locked: {error.strerror}") from error
    return fd
