"""One file that is replaced whole or not at all, by one process at a time, with a limit on the waiting.

    name          the content; always the whole of one write, old or new
    name.bak      the content before the last write
    name.lock     locked while a process has the file open; says which process
    .name.new     a write under way; `.name.bak-new` a last good copy under way

A write goes to `.name.new` (mode 0600 from its creation) in the same folder, is flushed to the
disk, and takes the name by rename; then the folder is flushed. Whatever moment the process or the
machine dies at, the name holds one whole content.

A disk can hang: a network file system without its server does so for ever. So every operation runs in a
thread of the file's own, and the caller waits for a limited time. An operation that was given up
changes the name no more, unless it hung in the very rename; the lock is held until the thread is back.
"""

from __future__ import annotations

import errno
import fcntl
import os
import queue
import stat
import threading
from collections.abc import Callable
from typing import Any

#: Bytes of the largest file that is read; a savedata of 1000 friends has 2.2 MB.
MAX_SIZE = 64 * 1024 * 1024
#: Errors of a file system without hard links, where the last good copy is written instead.
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES, errno.ENOTSUP}
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FileLocked(Exception):
    """Another process (or another object of this one) has the file open; `holder` says which."""

    def __init__(self, path: str, holder: str) -> None:
        self.path = path
        self.holder = holder
        super().__init__(f"{path} is in use by {holder}")


class Job:
    """One operation in the file's thread."""

    __slots__ = ("_function", "_wanted", "done", "error", "path", "result", "what")

    def __init__(self, function: Callable[[Job], Any], what: str, path: str) -> None:
        self._function = function
        self.what = what
        self.path = path
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None
        self._wanted = True

    def is_wanted(self) -> bool:
        """True while somebody waits for it; nothing may be changed otherwise."""
        return self._wanted

    def run(self) -> None:
        """In the thread."""
        try:
            if self._wanted:
                self.result = self._function(self)
        except BaseException as error:  # noqa: BLE001
            # it is the caller's, in whose thread it is raised
            self.error = error
        self.done.set()

    def give_up(self, timeout_s: float) -> TimeoutError:
        """Nobody waits any more; the error that says so."""
        self._wanted = False
        return TimeoutError(
            errno.ETIMEDOUT, f"{self.what}: no answer from the disk in {timeout_s:g} s", self.path
        )

    def wait(self, timeout_s: float) -> Any:
        """The result; what the operation raised, or TimeoutError."""
        if not self.done.wait(timeout_s):
            raise self.give_up(timeout_s)
        self.check()
        return self.result

    def check(self) -> None:
        """Raise what the operation raised; an OSError names the path and what was to be done."""
        error = self.error
        if isinstance(error, OSError):
            raise OSError(error.errno, f"{self.what}: {error.strerror}", self.path) from error
        if error is not None:
            raise error


class DiskFile:
    """The file of one path; `lock` it before writing, `close` it in the end."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._lock_fd = -1
        self._use(os.path.abspath(path))
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        # a daemon: a disk that hangs must not keep the interpreter from ending
        self._thread = threading.Thread(target=self._work, name="toxpy-disk", daemon=True)
        self._thread.start()

    def _use(self, path: str) -> None:
        self.path = path
        self.folder, name = os.path.split(path)
        self.backup_path = path + ".bak"
        self.lock_path = path + ".lock"
        self._new_path = os.path.join(self.folder, f".{name}.new")
        self._new_backup_path = os.path.join(self.folder, f".{name}.bak-new")

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.run()
        self._unlock()

    def post(self, function: Callable[[Job], Any], what: str) -> Job:
        """Have the thread do something; who wants the result waits for the job."""
        job = Job(function, what, self.path)
        self._jobs.put(job)
        return job

    def close(self, wait_s: float = 0) -> None:
        """Let the thread end after what it has to do, and wait for that; the lock goes with it."""
        self._jobs.put(None)
        self._thread.join(wait_s)

    # in the thread

    def follow_links(self) -> None:
        """Where a link stands in place of the file, mean its target, and never replace the link."""
        self._use(os.path.realpath(self.path))

    def check_writable(self) -> None:
        """PermissionError for a file that nobody may write: its owner wants it to stay.

        A rename would replace it all the same, as root may.
        """
        try:
            mode = os.stat(self.path).st_mode
        except FileNotFoundError:
            return
        if not mode & _WRITABLE:
            raise PermissionError(errno.EACCES, "the file is read-only", self.path)

    def lock(self) -> None:
        """Make the file ours; FileLocked when it is somebody else's."""
        while self._lock_fd < 0:
            fd = os.open(self.lock_path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_same(fd, self.lock_path):
                    os.ftruncate(fd, 0)
                    os.pwrite(fd, f"{os.getpid()}\n{os.uname().nodename}\n".encode(), 0)
                    self._lock_fd = fd
            except BlockingIOError as error:
                raise FileLocked(self.path, _holder(fd)) from error
            finally:
                # also when the one before us has removed it meanwhile: then there is another to lock
                if self._lock_fd != fd:
                    os.close(fd)
        for left in (self._new_path, self._new_backup_path):
            _remove(left)

    def _unlock(self) -> None:
        if self._lock_fd >= 0:
            try:
                _remove(self.lock_path)
            except OSError:
                # an empty lock file that stays behind hurts nobody: the lock itself ends here
                os.ftruncate(self._lock_fd, 0)
            finally:
                os.close(self._lock_fd)
                self._lock_fd = -1

    def read(self, path: str) -> bytes:
        """The whole content; OSError unless it is a regular file of a sensible size."""
        # not blocking: a FIFO in its place would wait for its writer
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb") as file:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, "not a regular file", path)
            if found.st_size > MAX_SIZE:
                raise OSError(errno.EFBIG, "much too large for a profile", path)
            return file.read(MAX_SIZE + 1)

    def make_folder(self) -> None:
        """The folder and those above it, each 0700 if it is made here."""
        missing, folder = [], self.folder
        while not os.path.isdir(folder):
            missing.append(folder)
            folder = os.path.dirname(folder)
        for folder in reversed(missing):
            try:
                os.mkdir(folder, 0o700)
            except FileExistsError:
                continue
            _flush_folder(os.path.dirname(folder))

    def write(self, content: bytes, job: Job, *, keep_old: bool = True) -> None:
        """Replace the content. What was there becomes the last good copy; without `keep_old` it is removed,
        and the new content is its own last good copy."""
        self.check_writable()
        try:
            _write_new(self._new_path, content)
            if not job.is_wanted():
                return
            if not keep_old:
                _remove(self.backup_path)
            elif os.path.exists(self.path):
                self._keep(self.path)
            if not job.is_wanted():
                return
            os.rename(self._new_path, self.path)
            if not keep_old:
                self._keep(self.path)
            _flush_folder(self.folder)
        finally:
            _remove(self._new_path)
            _remove(self._new_backup_path)

    def _keep(self, path: str) -> None:
        """Make the present content the last good copy."""
        _remove(self._new_backup_path)
        try:
            os.link(path, self._new_backup_path, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            _write_new(self._new_backup_path, self.read(path))
        os.chmod(self._new_backup_path, 0o600)
        # between two names of one file rename does nothing, and leaves both: `write` removes this one then
        os.rename(self._new_backup_path, self.backup_path)

    def restore(self, job: Job, name: str) -> str | None:
        """Put the last good copy in the place of the content, which is kept as `PATH.name`; that path."""
        content = self.read(self.backup_path)
        aside = None
        if os.path.exists(self.path):
            aside, number = f"{self.path}.{name}", 1
            while os.path.lexists(aside):
                number += 1
                aside = f"{self.path}.{name}{number}"
            _write_new(aside, self.read(self.path))
        try:
            _write_new(self._new_path, content)
            if job.is_wanted():
                os.rename(self._new_path, self.path)
                _flush_folder(self.folder)
        finally:
            _remove(self._new_path)
        return aside


def _write_new(path: str, content: bytes) -> None:
    """A file that did not exist, on the disk when this returns."""
    _remove(path)
    fd = os.open(path, _NEW_FILE, 0o600)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(fd, left) :]
        os.fsync(fd)
    finally:
        os.close(fd)


def _flush_folder(folder: str) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as error:
        # there are file systems whose folders cannot be flushed
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(fd)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _is_same(fd: int, path: str) -> bool:
    """True if the name still belongs to the open file."""
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except FileNotFoundError:
        return False


def _holder(fd: int) -> str:
    """Who wrote into a lock file."""
    number, _, host = os.pread(fd, 512, 0).decode("utf-8", "replace").strip().partition("\n")
    if not number.isdigit():
        return "another process"
    if host != os.uname().nodename:
        return f"process {number} on {host}"
    try:
        with open(f"/proc/{number}/comm", encoding="utf-8", errors="replace") as file:
            return f"process {number} ({file.read().strip()})"
    except OSError:
        # there is no /proc, or the process has just ended
        return f"process {number}"
