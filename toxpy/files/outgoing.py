"""A whole file that we send."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, BinaryIO

from toxpy.errors import ToxError
from toxpy.files.whole_file import Transfer
from toxpy.generated import enums

if TYPE_CHECKING:
    from toxpy.files.whole_file import Owner

__all__ = ["Outgoing"]


class Outgoing(Transfer):
    """A file that we send."""

    def __init__(
        self, transfers: Owner, friend_number: int, name: str, size: int | None, source: BinaryIO
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
