"""Whole files between friends: from a path to a path, with progress, and again from where it broke off.

`Tox.send_file` and `Tox.accept_file` return a transfer that the instance moves on as it iterates. It
ends `done`, or with an `error`. A file that is received grows in `.tox-<digits>.part` beside its
target and takes the target's name when it is complete; an existing file is never replaced unless asked for.

When friend or program go away in the middle, the sender offers the file again: an unchanged file has the
same file ID each time. Who accepts it into the same folder goes on from what the part file has.

Names from friends may be anything: `safe_name` makes them names of plain files.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
import unicodedata
from typing import TYPE_CHECKING, Any, BinaryIO

from toxpy.errors import ToxError
from toxpy.generated import enums
from toxpy.generated import events as ev
from toxpy.generated.typed_enums import FileControl, FileKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from toxpy.core import Core
    from toxpy.generated.typed_events import FileRecv

    Path: TypeAlias = str | os.PathLike[str]

__all__ = ["Incoming", "Outgoing", "Transfer", "TransferError", "Transfers", "safe_name"]

UNKNOWN_SIZE = 2**64 - 1
#: Bytes of UTF-8 in a safe name: room for a " (12)" up to the 255 that file systems have.
MAX_NAME_SIZE = 240
MAX_EXTENSION_SIZE = 20
_BUFFER_SIZE = 1 << 18
_PART_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES}

_EDGES = re.compile(r"^[\s.]+|[\s.]+$")
_FORBIDDEN = re.compile('[<>:"|?*]')
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)


def safe_name(name: bytes | str, fallback: str = "file") -> str:
    """A name from a friend as that of a plain file in any folder, on any system.

    What is left is the last part of a path, without characters that control or forbid, without leading
    dots or dashes, no name of a device, not empty, and at most 240 bytes, with its extension.
    """
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
    text = re.split(r"[/\\]", text)[-1]
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    text = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", text))
    text = _EDGES.sub("", text)
    if not text:
        return fallback
    if text[0] in "-~" or _DEVICES.fullmatch(text.split(".")[0].rstrip()):
        text = "_" + text
    if len(text.encode()) <= MAX_NAME_SIZE:
        return text
    stem, dot, extension = text.rpartition(".")
    if not stem or len(extension.encode()) > MAX_EXTENSION_SIZE:
        stem, dot, extension = text, "", ""
    room = MAX_NAME_SIZE - len((dot + extension).encode())
    return _EDGES.sub("", stem.encode()[:room].decode("utf-8", "ignore")) + dot + extension


class TransferError(ToxError):
    """A transfer that came to nothing.

    `name` is TRANSFER_REFUSED, TRANSFER_CANCELLED, TRANSFER_OFFLINE (the friend went away: `retryable`),
    TRANSFER_INCOMPLETE (the sender ended early) or TRANSFER_FILE (see `__cause__`).
    """

    def __init__(self, name: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(-1, name, message, retryable=retryable)


class Transfer:
    """One file under way, in either direction."""

    def __init__(self, transfers: Transfers, friend_number: int, name: str, size: int | None) -> None:
        self._transfers = transfers
        self.friend_number = friend_number
        self.file_number = -1
        self.file_id = b""
        self.name = name
        #: bytes; None when the sender does not know
        self.size = size
        #: how many of them are sent or received
        self.position = 0
        #: where this transfer began; not 0 when it goes on with an earlier one
        self.start = 0
        self.accepted = False
        self.paused_by_us = self.paused_by_friend = False
        self.done = False
        self.error: BaseException | None = None
        self.on_progress: Callable[[Any], object] | None = None
        self._when_over: list[Callable[[], object]] = []

    @property
    def over(self) -> bool:
        """Done or failed."""
        return self.done or self.error is not None

    def result(self) -> None:
        """Raise the error that ended it, if any."""
        if self.error is not None:
            raise self.error

    async def finished(self, timeout_s: float | None = None) -> None:
        """For `AsyncTox`: return when it is done, raise a TransferError when it fails.

        TimeoutError after `timeout_s`. Neither that nor cancelling who waits stops it; `cancel` does.
        """
        # here, as programs without asyncio need not pay for it
        import asyncio

        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.when_over(lambda: None if over.done() else over.set_result(None))
        await asyncio.wait([over], timeout=timeout_s)
        if not self.over:
            raise TimeoutError(f"{self.name!r} is not finished after {timeout_s:g} s")
        self.result()

    def when_over(self, function: Callable[[], object]) -> None:
        """Call `function` when it is over, at once if it is already."""
        if self.over:
            function()
        else:
            self._when_over.append(function)

    def pause(self) -> None:
        """Stop for a while."""
        self._control(FileControl.PAUSE)
        self.paused_by_us = True

    def resume(self) -> None:
        """Go on after `pause`."""
        self._control(FileControl.RESUME)
        self.paused_by_us = False

    def cancel(self, *, keep: bool = False) -> None:
        """Give it up; `keep` leaves what was received in the part file, for another time."""
        if not self.over:
            self._fail(TransferError("TRANSFER_CANCELLED", "we cancelled the transfer"), tell=True)
            if not keep:
                self._discard()

    def _discard(self) -> None:
        """Nothing to be kept."""

    def _control(self, control: FileControl) -> None:
        self._transfers.core.files.file_control(self.friend_number, self.file_number, control.value)
        self._transfers.wake()

    def _on_control(self, control: int) -> None:
        if control == enums.TOX_FILE_CONTROL_CANCEL:
            refused = not self.accepted
            name = "TRANSFER_REFUSED" if refused else "TRANSFER_CANCELLED"
            self._fail(TransferError(name, f"the friend {'refused' if refused else 'cancelled'} the file"))
            return
        self.paused_by_friend = control == enums.TOX_FILE_CONTROL_PAUSE
        self.accepted = True
        self._progressed()

    def _progressed(self) -> None:
        if self.on_progress is not None:
            self._transfers.call(self.on_progress, self)

    def _fail(self, error: BaseException, *, tell: bool = False) -> None:
        """End it with an error."""
        if self.over:
            return
        self.error = error
        if tell:
            # the friend may be gone, or have cancelled as well
            with contextlib.suppress(ToxError):
                self._transfers.core.files.file_control(
                    self.friend_number, self.file_number, enums.TOX_FILE_CONTROL_CANCEL
                )
        self._over()

    def _fail_file(self, error: Exception) -> None:
        """Our own file cannot be read or written."""
        failure = TransferError("TRANSFER_FILE", str(error))
        failure.__cause__ = error
        self._fail(failure, tell=True)

    def _over(self) -> None:
        self._transfers.remove(self)
        self._close()
        waiting, self._when_over = self._when_over, []
        for function in waiting:
            self._transfers.call(function)

    def _close(self) -> None:
        raise NotImplementedError

    def __repr__(self) -> str:
        state = "done" if self.done else f"failed: {self.error}" if self.error else "under way"
        return f"<{type(self).__name__} {self.name!r} {self.position}/{self.size} {state}>"


class Outgoing(Transfer):
    """A file that we send."""

    def __init__(
        self, transfers: Transfers, friend_number: int, name: str, size: int | None, source: BinaryIO
    ) -> None:
        super().__init__(transfers, friend_number, name, size)
        self._source = source
        self.owns_source = True
        self._at = 0
        self._begun = False
        #: True while there is no room for the first of the requests
        self._waiting = False
        #: requested position and length, with the data once it is read
        self._requests: list[tuple[int, int, bytes | None]] = []

    def on_request(self, position: int, length: int) -> None:
        """The core wants a chunk, or has all acknowledged."""
        if length == 0:
            self.position, self.done = position, True
            self._over()
            self._progressed()
            return
        if not self._begun:
            # the friend may have all up to here from an earlier transfer
            self._begun, self.start, self.position = True, position, position
        self._requests.append((position, length, None))
        if not self._waiting:
            self.answer()

    def answer(self) -> None:
        """Send what is wanted, as far as there is room."""
        self._waiting = False
        while self._requests:
            position, length, data = self._requests[0]
            if data is None:
                try:
                    data = self._read(position, length)
                except Exception as error:  # noqa: BLE001
                    # a file object of our user raises what it likes
                    self._fail_file(error)
                    return
            try:
                self._transfers.core.files.file_send_chunk(
                    self.friend_number, self.file_number, position, data
                )
            except ToxError as error:
                if error.code == enums.TOX_ERR_FILE_SEND_CHUNK_SENDQ:
                    self._requests[0] = (position, length, data)
                    self._waiting = True
                    self._transfers.retry_later(self)
                    return
                # of a stream more may be asked for than there was
                self._requests.clear()
                return
            del self._requests[0]
            self.position = position + len(data)
            self._progressed()

    def _read(self, position: int, length: int) -> bytes:
        if position != self._at:
            self._source.seek(position)
        # a stream ends with its first short chunk, but a raw pipe gives less also in the middle
        data = b""
        while len(data) < length and (more := self._source.read(length - len(data))) != b"":
            if more is None:
                raise BlockingIOError(errno.EAGAIN, "the stream has nothing to read just now")
            data += more
        self._at = position + len(data)
        if len(data) < length and self.size is not None:
            raise ValueError("the file became shorter while it was sent")
        return data

    def _close(self) -> None:
        self._requests.clear()
        if self.owns_source:
            self._source.close()


class Incoming(Transfer):
    """A file that we receive; `path` is where it is in the end, None when it goes to a file object."""

    def __init__(self, transfers: Transfers, event: FileRecv, size: int | None) -> None:
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
        self._sink = os.fdopen(descriptor, "r+b", _BUFFER_SIZE)
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


class Transfers:
    """The whole-file transfers of one instance: takes their events before anybody else sees them."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self._running: dict[tuple[int, int], Transfer] = {}
        self._blocked: list[Outgoing] = []
        #: what to do with an exception of a user's function; None: it comes out of `iterate`
        self.report: Callable[[BaseException], object] | None = None
        #: called when something is to be done soon
        self.wake: Callable[[], object] = lambda: None

    # sending

    def send(
        self,
        friend_number: int,
        source: Path | BinaryIO,
        *,
        name: str | None = None,
        kind: int = FileKind.DATA,
        file_id: bytes | None = None,
        on_progress: Callable[[Outgoing], object] | None = None,
    ) -> Outgoing:
        """See `Tox.send_file`."""
        path: str | None = None
        if isinstance(source, str | os.PathLike):
            path = os.path.abspath(source)
            source = open(path, "rb", _BUFFER_SIZE)  # noqa: SIM115
        opened: BinaryIO = source
        try:
            size = _size_of(opened)
            if name is None:
                name = os.path.basename(path) if path is not None else ""
            if file_id is None:
                file_id = self._file_id(friend_number, opened, path, size, kind)
            transfer = Outgoing(self, friend_number, name, size, opened)
            transfer.owns_source = path is not None
            transfer.on_progress = on_progress
            size_on_wire = UNKNOWN_SIZE if size is None else size
            sent_name = name.encode("utf-8", "surrogateescape")
            number = self.core.files.file_send(friend_number, kind, size_on_wire, file_id, sent_name)
        except BaseException:
            if path is not None:
                opened.close()
            raise
        transfer.file_number = number
        transfer.file_id = self.core.files.file_get_file_id(friend_number, number)
        self._running[friend_number, number] = transfer
        return transfer

    def _file_id(
        self, friend_number: int, opened: BinaryIO, path: str | None, size: int | None, kind: int
    ) -> bytes | None:
        """The same ID for the same unchanged file, which tells nothing about it; of avatars the hash."""
        if kind == FileKind.AVATAR:
            if size is None:
                raise ValueError("an avatar must be a plain file")
            digest = self.core.hash(opened.read()) if size else None
            opened.seek(0)
            return digest
        if path is None or size is None:
            return None
        changed_ns = os.fstat(opened.fileno()).st_mtime_ns
        friend = self.core.friends.friend_get_public_key(friend_number)
        what = b"%d %d %s" % (size, changed_ns, os.fsencode(path))
        return hashlib.blake2b(
            friend + what, digest_size=32, key=self.core.user.self_get_secret_key()
        ).digest()

    # receiving

    def accept(
        self,
        event: FileRecv,
        target: Path | BinaryIO,
        *,
        overwrite: bool = False,
        resume: bool = True,
        max_size: int | None = None,
        on_progress: Callable[[Incoming], object] | None = None,
    ) -> Incoming:
        """See `Tox.accept_file`."""
        if max_size is not None and event.file_size is not None and event.file_size > max_size:
            raise ValueError(f"the file has {event.file_size} bytes, more than {max_size}")
        transfer = Incoming(self, event, event.file_size)
        transfer.file_id = self.core.files.file_get_file_id(event.friend_number, event.file_number)
        transfer.max_size, transfer.on_progress = max_size, on_progress
        if isinstance(target, str | os.PathLike):
            transfer.open_part(target, overwrite, resume)
        else:
            transfer.open_sink(target)
        try:
            if transfer.start:
                self.core.files.file_seek(event.friend_number, event.file_number, transfer.start)
            self.core.files.file_control(
                event.friend_number, event.file_number, enums.TOX_FILE_CONTROL_RESUME
            )
        except BaseException:
            transfer._close()
            if not transfer.start:
                transfer._discard()
            raise
        transfer.accepted = True
        self._running[event.friend_number, event.file_number] = transfer
        return transfer

    # running

    def running(self, friend_number: int | None = None) -> list[Transfer]:
        """Those under way, of one friend or all."""
        return [t for t in self._running.values() if friend_number in (None, t.friend_number)]

    def is_writing(self, part: str) -> bool:
        """True if there is a transfer into that part file."""
        return any(isinstance(t, Incoming) and t.part == part for t in self._running.values())

    def handle(self, event: Any) -> bool:
        """Give the core's event to its transfer; True if it is one of ours."""
        kind = type(event)
        if kind is ev.FriendConnectionStatus and event.connection_status == enums.TOX_CONNECTION_NONE:
            self.fail_friend(event.friend_number, "the friend went offline")
        if kind not in _FILE_EVENTS:
            return False
        transfer = self._running.get((event.friend_number, event.file_number))
        if transfer is None:
            return False
        if isinstance(transfer, Outgoing) and kind is ev.FileChunkRequest:
            transfer.on_request(event.position, event.length)
        elif isinstance(transfer, Incoming) and kind is ev.FileRecvChunk:
            transfer.on_chunk(event.position, event.data)
        elif kind is ev.FileRecvControl:
            transfer._on_control(event.control)
        return True

    def retry(self) -> None:
        """For each pass: send what had no room before."""
        if self._blocked:
            blocked, self._blocked = self._blocked, []
            for transfer in blocked:
                transfer.answer()

    def retry_later(self, transfer: Outgoing) -> None:
        """There was no room for a chunk."""
        self._blocked.append(transfer)

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        """Call a function of our user."""
        if self.report is None:
            function(*arguments)
            return
        try:
            function(*arguments)
        except Exception as error:  # noqa: BLE001
            # it goes to who looks after such errors
            self.report(error)

    def remove(self, transfer: Transfer) -> None:
        """It is over."""
        self._running.pop((transfer.friend_number, transfer.file_number), None)

    def fail_friend(self, friend_number: int, message: str) -> None:
        """All transfers with a friend are gone."""
        self._fail(self.running(friend_number), message)

    def fail_all(self, message: str) -> None:
        """The instance closes, or becomes another."""
        self._fail(self.running(), message)

    @staticmethod
    def _fail(transfers: list[Transfer], message: str) -> None:
        for transfer in transfers:
            transfer._fail(TransferError("TRANSFER_OFFLINE", message, retryable=True))


_FILE_EVENTS = {ev.FileChunkRequest, ev.FileRecvChunk, ev.FileRecvControl}


def _size_of(opened: BinaryIO) -> int | None:
    """Bytes in a file, None for what has no end yet, as a pipe."""
    try:
        found = os.fstat(opened.fileno())
    except (OSError, AttributeError):
        if not opened.seekable():
            return None
        size = opened.seek(0, os.SEEK_END)
        opened.seek(0)
        return size
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return found.st_size if stat.S_ISREG(found.st_mode) else None
