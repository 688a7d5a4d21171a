"""One whole file under way between two friends, in either direction: what `outgoing` and `incoming` share."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from toxpy.arguments import as_seconds
from toxpy.errors import ToxError
from toxpy.generated import enums
from toxpy.generated.typed_enums import FileControl

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol, TypeAlias

    from toxpy.core import Core

    Path: TypeAlias = str | os.PathLike[str]

    class Owner(Protocol):
        """Who has the transfers of an instance: `toxpy.files.whole_files.Transfers`."""

        core: Core
        wake: Callable[[], object]

        def call(self, function: Callable[..., object], *arguments: Any) -> None: ...
        def remove(self, transfer: Any) -> None: ...
        def retry_later(self, transfer: Any) -> None: ...
        def is_writing(self, part: str) -> bool: ...


__all__ = ["Transfer", "TransferError"]

UNKNOWN_SIZE = 2**64 - 1
#: Bytes that are read from the disk or written to it at once.
BUFFER_SIZE = 1 << 18


class TransferError(ToxError):
    """A transfer that came to nothing.

    `name` is TRANSFER_REFUSED, TRANSFER_CANCELLED, TRANSFER_OFFLINE (the friend went away: `retryable`),
    TRANSFER_INCOMPLETE (the sender ended early) or TRANSFER_FILE (see `__cause__`).
    """

    def __init__(self, name: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(-1, name, message, retryable=retryable)


class Transfer:
    """One file under way, in either direction."""

    def __init__(self, transfers: Owner, friend_number: int, name: str, size: int | None) -> None:
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
        as_seconds(timeout_s, "timeout_s")
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
