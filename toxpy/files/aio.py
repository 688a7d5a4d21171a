"""The files' part of `AsyncTox` and of its `Friend`. See `toxpy.files.whole_files`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from toxpy.aio_part import AioPart, FriendPart
from toxpy.errors import ToxError
from toxpy.files.whole_file import TransferError
from toxpy.files.whole_files import check_place
from toxpy.generated.enums import TOX_ERR_FILE_SEND_FRIEND_NOT_CONNECTED

if TYPE_CHECKING:
    from typing import BinaryIO

    from toxpy.files.incoming import Incoming
    from toxpy.files.outgoing import Outgoing
    from toxpy.files.whole_file import Path
    from toxpy.generated.typed_events import FileRecv
    from toxpy.tox import Tox


class FilesAio(AioPart):
    """Part of `AsyncTox`."""

    def _begin(self, sync: Tox) -> None:
        sync.transfers.wake = self._schedule
        sync.transfers.report = self._report_program_error
        sync.transfers.spawn = self._spawn
        super()._begin(sync)

    async def send_file(self, number: int, source: Path | BinaryIO, **options: Any) -> Outgoing:
        """Offer a file, and return; `await transfer.finished()` waits until the friend has all of it.

        Options as for `Tox.send_file`. ToxError FRIEND_NOT_CONNECTED when the friend is offline.
        """
        transfer = self.sync.send_file(number, source, **options)
        self._schedule()
        return transfer

    def accept_file(self, event: FileRecv, target: Path | BinaryIO, **options: Any) -> Incoming:
        """Accept a file, and return; `await transfer.finished()` waits until all of it is there.

        Options as for `Tox.accept_file`.
        """
        transfer = self.sync.accept_file(event, target, **options)
        self._schedule()
        return transfer

    async def deliver_file(self, number: int, source: Path, **options: Any) -> Outgoing:
        """Send a file and return when the friend has all of it, however often they go away meanwhile.

        Waits for the friend, and offers the file again when the transfer broke off. Options as for
        `Tox.send_file`. TransferError when the file is refused or cancelled. Cancelling the task cancels the
        transfer; the friend may keep what they have.
        """
        check_place(source, "read")
        while True:
            await self.wait_for_friend(number)
            try:
                transfer = await self.send_file(number, source, **options)
            except ToxError as error:
                if error.code != TOX_ERR_FILE_SEND_FRIEND_NOT_CONNECTED:
                    raise
                continue
            try:
                await transfer.finished()
            except TransferError as error:
                if not error.retryable:
                    raise
            except asyncio.CancelledError:
                transfer.cancel(keep=True)
                raise
            else:
                return transfer


class FilesFriend(FriendPart):
    """Part of `Friend`."""

    __slots__ = ()

    tox: FilesAio

    async def send_file(self, source: Path | BinaryIO, **options: Any) -> Outgoing:
        """See `AsyncTox.send_file`: `await friend.send_file("photo.jpg", on_progress=show)`."""
        return await self.tox.send_file(self.number, source, **options)

    async def deliver_file(self, source: Path, **options: Any) -> Outgoing:
        """See `AsyncTox.deliver_file`."""
        return await self.tox.deliver_file(self.number, source, **options)
