"""The files' part of `Core`. See `toxpy.files.transfers`."""

from __future__ import annotations

from toxpy.errors import api_error
from toxpy.files.transfers import FILE_ID_SIZE, Files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.friend.layers import Layers


def _checked_id(file_id: bytes) -> bytes:
    """A file ID argument; ValueError for a wrong length, which C cannot have."""
    if len(file_id) != FILE_ID_SIZE:
        raise ValueError(f"a file ID has {FILE_ID_SIZE} bytes")
    return file_id


class FilesCore:
    """The functions tox_file_*."""

    __slots__ = ("_files", "_rt", "capability")

    def __init__(self, layers: Layers) -> None:
        self.capability = self._files = Files(layers.messenger)
        self._rt = layers.rt

    def file_send(
        self, friend_number: int, kind: int, file_size: int, file_id: bytes | None, filename: bytes | None
    ) -> int:
        """Offer a file; without a file ID it gets a random one. The number of the transfer."""
        if filename is None:
            raise api_error("TOX_ERR_FILE_SEND_NULL")
        if file_id is not None:
            _checked_id(file_id)
        self._rt.converse()
        return self._files.offer(friend_number, kind, file_size, file_id, filename)

    def file_send_chunk(
        self, friend_number: int, file_number: int, position: int, data: bytes | None
    ) -> bool:
        """Send what a FileChunkRequest asked for."""
        if data is None:
            raise api_error("TOX_ERR_FILE_SEND_CHUNK_NULL")
        self._rt.converse()
        self._files.send_chunk(friend_number, file_number, position, data)
        return True

    def file_control(self, friend_number: int, file_number: int, control: int) -> bool:
        """Accept or resume, pause, or cancel a transfer."""
        self._rt.converse()
        self._files.control(friend_number, file_number, control)
        return True

    def file_seek(self, friend_number: int, file_number: int, position: int) -> bool:
        """Have a file that was not accepted yet start at a later position."""
        self._rt.clock.update()
        self._files.seek(friend_number, file_number, position)
        return True

    def file_get_file_id(self, friend_number: int, file_number: int) -> bytes:
        """The ID of a transfer, 32 bytes."""
        return self._files.file_id(friend_number, file_number)

    def file_by_id(self, friend_number: int, file_id: bytes | None) -> int:
        """The number of the transfer with that ID."""
        if file_id is None:
            raise api_error("TOX_ERR_FILE_BY_ID_NULL")
        return self._files.by_id(friend_number, _checked_id(file_id))
