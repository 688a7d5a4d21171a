"""The files' part of `Tox`: the functions of the C API, and whole files. See `toxpy.files.whole_files`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toxpy.arguments import U32_MAX, U64_MAX, as_bytes, as_number, as_range, as_text
from toxpy.files.whole_file import UNKNOWN_SIZE
from toxpy.files.whole_files import Transfers
from toxpy.generated.typed_enums import FileControl, FileKind
from toxpy.tox_part import ToxPart

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from toxpy.core import Core
    from toxpy.files.incoming import Incoming
    from toxpy.files.outgoing import Outgoing
    from toxpy.files.whole_file import Path
    from toxpy.generated.typed_events import FileRecv


class FilesTox(ToxPart):
    """Part of `Tox`."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        #: files under way that `send_file` and `accept_file` began
        self.transfers = Transfers(core)

    def _before_events(self) -> None:
        self.transfers.retry()
        super()._before_events()

    def _takes(self, event: Any) -> bool:
        return self.transfers.handle(event) or super()._takes(event)

    def _forget_friend(self, friend_number: int, why: str) -> None:
        self.transfers.fail_friend(friend_number, why)
        super()._forget_friend(friend_number, why)

    def _leave_core(self, why: str) -> None:
        self.transfers.fail_all(why)
        super()._leave_core(why)

    def _enter_core(self, core: Core) -> None:
        self.transfers.core = core
        super()._enter_core(core)

    # whole files

    def send_file(
        self,
        friend_number: int,
        source: Path | BinaryIO,
        *,
        name: str | None = None,
        kind: int = FileKind.DATA,
        file_id: bytes | None = None,
        on_progress: Callable[[Outgoing], object] | None = None,
    ) -> Outgoing:
        """Offer a file of a path, or a binary file object open for reading, to a friend who is online.

        The transfer moves on while the instance iterates, and calls `on_progress(transfer)` after every
        chunk. What has no size yet, as a pipe, is sent until its end; reading it must not block. Without
        `file_id` an unchanged file of a path has the same one each time, so that the friend can go on
        with a transfer that broke off.
        """
        number, kind = as_number(friend_number), as_range(kind, "the kind of a file", U32_MAX)
        return self.transfers.send(number, source, name, kind, file_id, on_progress)

    def accept_file(
        self,
        event: FileRecv,
        target: Path | BinaryIO,
        *,
        overwrite: bool = False,
        resume: bool = True,
        max_size: int | None = None,
        on_progress: Callable[[Incoming], object] | None = None,
    ) -> Incoming:
        """Accept an offered file into a folder (under its safe name), as a path, or into a file object.

        In a folder an existing name gets a number; an existing path is FileExistsError, unless
        `overwrite`. With `resume` a transfer that broke off goes on. `max_size` limits the bytes taken:
        ValueError when the offer says more; a sender who sends more is cancelled.
        """
        return self.transfers.accept(event, target, overwrite, resume, max_size, on_progress)

    # as in C

    def file_send(
        self,
        friend_number: int,
        filename: str | bytes,
        file_size: int | None,
        *,
        kind: int = FileKind.DATA,
        file_id: bytes | None = None,
    ) -> int:
        """Offer a file whose FileChunkRequest events you answer; None for an unknown size. Its number."""
        name, kind = as_text(filename, "a file name"), as_range(kind, "the kind of a file", U32_MAX)
        size = UNKNOWN_SIZE if file_size is None else as_range(file_size, "a file size", U64_MAX)
        if file_id is not None:
            file_id = as_bytes(file_id, "a file ID")
        return self.core.files.file_send(as_number(friend_number), kind, size, file_id, name)

    def file_send_chunk(self, friend_number: int, file_number: int, position: int, data: bytes) -> None:
        """Answer a FileChunkRequest."""
        place = as_number(friend_number), _file(file_number), _position(position)
        self.core.files.file_send_chunk(*place, as_bytes(data, "a chunk"))

    def file_control(self, friend_number: int, file_number: int, control: FileControl | int) -> None:
        """Accept or resume, pause, or cancel."""
        place = as_number(friend_number), _file(file_number)
        self.core.files.file_control(*place, FileControl(control).value)

    def file_seek(self, friend_number: int, file_number: int, position: int) -> None:
        """Before accepting: have the file start later."""
        self.core.files.file_seek(as_number(friend_number), _file(file_number), _position(position))

    def file_get_file_id(self, friend_number: int, file_number: int) -> bytes:
        """The ID of a transfer, 32 bytes."""
        return self.core.files.file_get_file_id(as_number(friend_number), _file(file_number))

    def file_by_id(self, friend_number: int, file_id: bytes) -> int:
        """The number of the transfer with that ID."""
        return self.core.files.file_by_id(as_number(friend_number), as_bytes(file_id, "a file ID"))


def _file(number: int) -> int:
    return as_number(number, "a file number")


def _position(position: int) -> int:
    return as_range(position, "a position", U64_MAX)
