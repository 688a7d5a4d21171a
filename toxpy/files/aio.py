"""The files' part of `AsyncTox` and of its `Friend`. See `toxpy.files.whole_files`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from toxpy.aio_part import AioPart, FriendPart
from toxpy.files.whole_files import Incoming, Outgoing, Transfer, TransferError

if TYPE_CHECKING:
    from typing import BinaryIO

    from toxpy.files.whole_files import Path
    from toxpy.generated.typed_events import FileRecv
    from toxpy.tox import Tox


class FilesAio(AioPart):
    """Part of `AsyncTox`."""

    def _begin(self, sync: Tox) -> None:
        sync.transfers.wake = self._schedule
        sync.transfers.report = self._report_program_error
        super()._begin(sync)

    def offer_file(self, number: int, source: Path | BinaryIO, **options: Any) -> Outgoing:
        """Offer a file and return at once; `wait_for_transfer` waits. Options as for `Tox.send_file`."""
        transfer = self.sync.send_file(number, source, **options)
        self._schedule()
        return transfer

    def accept_file(self, event: FileRecv, target: Path | BinaryIO, **options: Any) -> Incoming:
        """Accept a file and return at once. Options as for `Tox.accept_file`."""
        transfer = self.sync.accept_file(event, target, **options)
        self._schedule()
        return transfer

    async def wait_for_transfer(self, transfer: Transfer) -> None:
        """Return when it is done, raise a TransferError when it fails; to be cancelled cancels it.

        The part file stays then, so that the transfer can go on another time.
        """
        over = asyncio.get_running_loop().create_future()
        transfer.when_over(lambda: None if over.done() else over.set_result(None))
        try:
            await over
        except asyncio.CancelledError:
            transfer.cancel(keep=True)
            raise
        transfer.result()

    async def send_file(
        self, number: int, source: Path | BinaryIO, *, resume: bool = False, **options: Any
    ) -> Outgoing:
        """Send a file and return when the friend has all of it. Options as for `Tox.send_file`.

        TransferError when it is refused or cancelled, or the friend goes offline. With `resume` it waits for
        the friend, also in the beginning, and offers the file of a path again until it got through.
        """
        while True:
            if resume:
                await self.wait_for_friend(number)
            transfer = self.offer_file(number, source, **options)
            try:
                await self.wait_for_transfer(transfer)
            except TransferError as error:
                if not (resume and error.retryable and transfer.owns_source):
                    raise
                continue
            return transfer

    async def receive_file(self, event: FileRecv, target: Path | BinaryIO, **options: Any) -> Incoming:
        """Accept a file and return when all of it is there. Options as for `Tox.accept_file`."""
        transfer = self.accept_file(event, target, **options)
        await self.wait_for_transfer(transfer)
        return transfer


class FilesFriend(FriendPart):
    """Part of `Friend`."""

    __slots__ = ()

    tox: FilesAio

    async def send_file(self, source: Path | BinaryIO, *, resume: bool = False, **options: Any) -> Outgoing:
        """See `AsyncTox.send_file`: `await friend.send_file("photo.jpg", on_progress=show)`."""
        return await self.tox.send_file(self.number, source, resume=resume, **options)

    def offer_file(self, source: Path | BinaryIO, **options: Any) -> Outgoing:
        """See `AsyncTox.offer_file`."""
        return self.tox.offer_file(self.number, source, **options)
