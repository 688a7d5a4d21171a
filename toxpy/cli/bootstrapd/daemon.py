"""What makes a process a daemon: pid file, detaching, signals, being woken up.

Unlike tox-bootstrapd, the process that was started waits until its child is ready, and reports the
child's failure with its own exit status: an occupied port is seen where the daemon was started.
"""

from __future__ import annotations

import fcntl
import os
import queue
import select
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Protocol

from toxpy.cli.terminal import mention, tell

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_READY = b"\0"
_MAX_MESSAGE_SIZE = 4096


class DaemonError(Exception):
    """The process cannot become a daemon."""


class Iterated(Protocol):
    """What `Loop` runs."""

    def fileno(self) -> int: ...
    def iterate(self) -> None: ...
    def timeout_ms(self) -> int | None: ...


class Loop:
    """Waits for the network, timers, stop signals and other threads' calls, all at once.

    Signals arrive through a pipe, so there is no moment in which one could be missed. The pipe stays to
    the end of the process: a look-up of names may come back at any time.
    """

    __slots__ = ("_calls", "_reader", "_writer", "stopped_by")

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.stopped_by: signal.Signals | None = None

    def catch_signals(self) -> None:
        """SIGINT and SIGTERM end `run` from now on."""
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            signal.signal(number, self._stop)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self.stopped_by = signal.Signals(number)

    def call(self, function: Callable[[], None]) -> None:
        """Let `run` call this soon; may be used by any thread."""
        self._calls.put(function)
        try:
            os.write(self._writer, _READY)
        except BlockingIOError:
            # full of other wake-ups
            pass

    def run(self, node: Iterated) -> None:
        """Iterate the node until a stop signal."""
        poller = select.poll()
        poller.register(self._reader, select.POLLIN)
        poller.register(node.fileno(), select.POLLIN)
        while self.stopped_by is None:
            node.iterate()
            for fd, _ in poller.poll(node.timeout_ms()):
                if fd == self._reader:
                    self._woken()

    def _woken(self) -> None:
        os.read(self._reader, 4096)
        while not self._calls.empty():
            self._calls.get()()


class PidFile:
    """A locked file with the number of the running process; the lock ends with the process."""

    __slots__ = ("_fd", "_owner", "path")

    def __init__(self, path: str) -> None:
        """Open and lock it; DaemonError when another daemon has it."""
        # the daemon changes its directory
        self.path = os.path.abspath(path)
        self._owner = 0
        try:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            message = f"Couldn't open the PID file for writing: {path}: {error.strerror}."
            raise DaemonError(message) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            number = os.read(self._fd, 32).decode("ascii", "replace").strip()
            os.close(self._fd)
            message = f"Another instance of the daemon is running with process id {number or '?'}: {path}."
            raise DaemonError(message) from error

    def write(self) -> None:
        """Put the calling process's number into it."""
        self._owner = os.getpid()
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{self._owner}\n".encode("ascii"), 0)

    def remove(self) -> None:
        """Remove the file if it is the calling process's."""
        if self._owner == os.getpid():
            try:
                os.unlink(self.path)
            except OSError:
                # the folder may not be ours to write to; without its lock the file means nothing
                os.ftruncate(self._fd, 0)
        os.close(self._fd)


class Starter:
    """The child's end of the line to the process that was started."""

    __slots__ = ("_fd",)

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def ready(self) -> None:
        """The start is over and well: the waiting process may go."""
        self._tell(_READY)

    def failed(self, message: str) -> None:
        """The start is over: the waiting process says why and exits with 1."""
        self._tell(message.encode("utf-8", "surrogateescape")[:_MAX_MESSAGE_SIZE])

    def _tell(self, data: bytes) -> None:
        if self._fd >= 0:
            try:
                os.write(self._fd, data)
            except BrokenPipeError:
                # nobody waits any more
                pass
            os.close(self._fd)
            self._fd = -1


def daemonise(keep_output: bool) -> Starter | int:
    """Go on in a child without a terminal; the parent waits, and gets the exit status to end with."""
    if sys.stdout is not None:
        sys.stdout.flush()
    sys.stderr.flush()
    reader, writer = os.pipe()
    try:
        child = os.fork()
    except OSError as error:
        raise DaemonError(f"Forking failed: {error.strerror}.") from error
    if child:
        os.close(writer)
        return _wait_for(child, reader)
    os.close(reader)
    os.setsid()
    os.chdir("/")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in (0,) if keep_output else (0, 1, 2):
        os.dup2(nowhere, fd)
    os.close(nowhere)
    return Starter(writer)


def _wait_for(child: int, reader: int) -> int:
    with open(reader, "rb") as pipe:
        message = pipe.read()
    if message == _READY:
        tell(f"Forked successfully: PID: {child}.")
        return 0
    text = message.decode("utf-8", "surrogateescape") or "The daemon ended before it was ready."
    mention(text.encode("utf-8", "backslashreplace").decode())
    return 1
