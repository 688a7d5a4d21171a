"""Whole files between friends: from a path to a path, with progress, and again from where it broke off.

`Tox.send_file` and `Tox.accept_file` return a transfer that the instance moves on as it iterates. It
ends `done`, or with an `error`. A file that is received grows in `.tox-<digits>.part` beside its
target and takes the target's name when it is complete; an existing file is never replaced unless asked for.

When friend or program go away in the middle, the sender offers the file again: an unchanged file has the
same file ID each time. Who accepts it into the same folder goes on from what the part file has.

Names from friends may be anything: `safe_name` makes them names of plain files.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Coroutine
from io import TextIOBase
from typing import TYPE_CHECKING, Any, BinaryIO

from toxpy.arguments import U64_MAX, as_bytes, as_flag, as_kind, as_range, as_text
from toxpy.files.incoming import Incoming
from toxpy.files.outgoing import Outgoing
from toxpy.files.whole_file import BUFFER_SIZE, UNKNOWN_SIZE, TransferError
from toxpy.generated import enums
from toxpy.generated import events as ev
from toxpy.generated.typed_enums import FileKind
from toxpy.generated.typed_events import FileRecv
from toxpy.handlers import check_function, refuse_coroutine
from toxpy.ids import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.core import Core
    from toxpy.files.whole_file import Path, Transfer


class Transfers:
    """The whole-file transfers of one instance: takes their events before anybody else sees them."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self._running: dict[tuple[int, int], Transfer] = {}
        self._blocked: list[Outgoing] = []
        #: what to do with an exception of a user's function; None: it comes out of `iterate`
        self.report: Callable[[BaseException], object] | None = None
        #: runs what an async function of a user returned, where there is a loop
        self.spawn: Callable[[Coroutine[Any, Any, object]], None] = refuse_coroutine
        #: called when something is to be done soon
        self.wake: Callable[[], object] = lambda: None

    # sending

    def send(
        self,
        friend_number: int,
        source: Path | BinaryIO,
        name: str | None,
        kind: int,
        file_id: bytes | None,
        on_progress: Callable[[Any], object] | None,
    ) -> Outgoing:
        """See `Tox.send_file`."""
        self._check_progress(on_progress)
        if name is not None:
            as_text(name, "a file name")
        if file_id is not None:
            file_id = as_bytes(file_id, "a file ID")
        check_place(source, "read")
        path: str | None = None
        if isinstance(source, str | os.PathLike):
            path = os.path.abspath(source)
            source = open(path, "rb", BUFFER_SIZE)  # noqa: SIM115
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
        overwrite: bool,
        resume: bool,
        max_size: int | None,
        on_progress: Callable[[Any], object] | None,
    ) -> Incoming:
        """See `Tox.accept_file`."""
        self._check_progress(on_progress)
        as_kind(event, FileRecv, "a FileRecv event")
        overwrite, resume = as_flag(overwrite, "overwrite"), as_flag(resume, "resume")
        if max_size is not None:
            as_range(max_size, "max_size", U64_MAX)
        check_place(target, "write")
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

    def _check_progress(self, on_progress: object) -> None:
        check_function(on_progress, may_be_async=self.spawn is not refuse_coroutine)

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        """Call a function of our user."""
        if self.report is None:
            refuse_coroutine(function(*arguments))
            return
        try:
            result = function(*arguments)
            if isinstance(result, Coroutine):
                self.spawn(result)
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


def check_place(place: object, does: str) -> None:
    """TypeError for what is neither a path nor a binary file object."""
    if not isinstance(place, str | os.PathLike) and (
        isinstance(place, TextIOBase) or not callable(getattr(place, does, None))
    ):
        raise TypeError(f"a path or a binary file object is needed, not {kind_of(place)}")


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
