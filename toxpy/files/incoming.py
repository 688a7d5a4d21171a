"""A whole file that we receive: it grows in a part file, which takes the name of the target in the end."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from typing import TYPE_CHECKING, BinaryIO

from toxpy.files.safe_name import safe_name
from toxpy.files.whole_file import BUFFER_SIZE, UNKNOWN_SIZE, Transfer, TransferError

if TYPE_CHECKING:
    from toxpy.files.whole_file import Owner, Path
    from toxpy.generated.typed_events import FileRecv

__all__ = ["Incoming"]

_PART_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES}


class Incoming(Transfer):
    """A file that we receive; `path` is where it is in the end, None when it goes to a file object."""

    def __init__(self, transfers: Owner, event: FileRecv, size: int | None) -> None:
        super().__init__(transfers, event.friend_number, safe_name(event.raw), size)
        self.file_number = event.file_number
        self.path: str | None = None
        self.max_size: int | None = None
        self._sink: BinaryIO | None = None
        self.part: str | None = None
        self._folder = False
        self._overwrite = False

    def open_sink(self, sink: BinaryIO) -> None:
        """Write to a file object of our user, who closes it."""
        self._sink = sink

    def open_part(self, target: Path, overwrite: bool, resume: bool) -> None:
        """Open the part file for a target, a folder or a file; `start` is what it has already."""
        self.path = os.path.abspath(target)
        self._folder = os.path.isdir(self.path)
        self._overwrite = overwrite
        folder = self.path if self._folder else os.path.dirname(self.path)
        if not self._folder and not overwrite and os.path.lexists(self.path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), self.path)
        size = UNKNOWN_SIZE if self.size is None else self.size
        friend = self._transfers.core.friends.friend_get_public_key(self.friend_number)
        tag = hashlib.sha256(friend + self.file_id + size.to_bytes(8, "big")).hexdigest()[:32]
        self.part = os.path.join(folder, f".tox-{tag}.part")
        if self._transfers.is_writing(self.part):
            raise FileExistsError(errno.EEXIST, "this file is being received already", self.part)
        descriptor = os.open(self.part, _PART_FLAGS, 0o666)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise FileExistsError(errno.EEXIST, "not a plain file", self.part)
            if resume and self.size:
                # a position must be inside the file: of a complete one the last byte comes again
                self.start = self.position = min(found.st_size, self.size - 1)
            os.ftruncate(descriptor, self.start)
            self._check_room(descriptor)
        except BaseException:
            os.close(descriptor)
            if not self.start:
                self._discard()
            raise
        self._sink = os.fdopen(descriptor, "r+b", BUFFER_SIZE)
        self._sink.seek(self.start)

    def _check_room(self, descriptor: int) -> None:
        """OSError when the rest cannot fit: found out at the end, the sender would think that we have it."""
        disk = os.fstatvfs(descriptor)
        # without blocks it is a file system that does not tell
        if self.size and disk.f_blocks and self.size - self.start > disk.f_bavail * disk.f_frsize:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.part)

    def on_chunk(self, position: int, data: bytes) -> None:
        """The next bytes, or the end."""
        if not data:
            self._complete()
            return
        end = position + len(data)
        try:
            if self.max_size is not None and end > self.max_size:
                raise ValueError(f"more than {self.max_size} bytes")
            if self._sink is not None:
                self._write(self._sink, data)
        except Exception as error:  # noqa: BLE001
            # a file object of our user raises what it likes
            self._fail_file(error)
            return
        self.position = end
        self._progressed()

    @staticmethod
    def _write(sink: BinaryIO, data: bytes) -> None:
        """Write all of it, also to a raw file, which may take a part."""
        while data:
            written = sink.write(data)
            if written is None:
                raise BlockingIOError(errno.EAGAIN, "the stream takes nothing just now")
            data = data[written:]

    def _complete(self) -> None:
        if self.size is not None and self.position != self.size:
            self._fail(
                TransferError("TRANSFER_INCOMPLETE", f"only {self.position} of {self.size} bytes came")
            )
            return
        try:
            if self._sink is not None:
                self._sink.flush()
            if self.part is not None and self.path is not None:
                self._place(self.part, self.path)
        except Exception as error:  # noqa: BLE001
            # as above
            self._fail_file(error)
            return
        self.done = True
        self._over()
        self._progressed()

    def _place(self, part: str, target: str) -> None:
        """Give the complete file its name."""
        if not self._folder:
            if self._overwrite:
                os.replace(part, target)
            else:
                _rename_to_new(part, target)
            return
        stem, extension = os.path.splitext(self.name)
        for count in range(10_000):
            name = f"{stem} ({count}){extension}" if count else self.name
            with contextlib.suppress(FileExistsError):
                self.path = os.path.join(target, name)
                _rename_to_new(part, self.path)
                return
        raise FileExistsError(errno.EEXIST, "there are thousands of this name", target)

    def _discard(self) -> None:
        if self.part is not None:
            with contextlib.suppress(OSError):
                os.unlink(self.part)

    def _close(self) -> None:
        if self.part is not None and self._sink is not None:
            # a full disk may show only now; what is in the part file counts
            with contextlib.suppress(OSError):
                self._sink.close()
            if self.error is not None and (self.size is None or not self.position):
                # nobody can go on with that
                self._discard()


def _rename_to_new(part: str, target: str) -> None:
    """Rename, but FileExistsError instead of replacing anything."""
    try:
        os.link(part, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target) from error
        os.rename(part, target)
        return
    os.unlink(part)
