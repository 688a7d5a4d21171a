"""What `Tox` and `AsyncTox` report: events with text as `str`, keys and enums as types.

Text from the network is not always UTF-8: it is decoded with replacement characters, and
`raw` has the bytes as they came. The bytes-level events of the C API are `toxpy.generated.events`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from toxpy.generated.typed_enums import Connection, FileControl, FileKind, MessageType, UserStatus
from toxpy.ids import PublicKey


def to_text(raw: bytes) -> str:
    """UTF-8 with U+FFFD for what is none."""
    return raw.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True, slots=True)
class FriendEvent(Event):
    """Base of all events of one friend."""

    friend_number: int


@dataclass(frozen=True, slots=True)
class SelfConnectionStatus(Event):
    """Our own connection to the network changed."""

    connection_status: Connection


@dataclass(frozen=True, slots=True)
class FriendRequest(Event):
    """Somebody asks to be our friend; answer with `friend_add_norequest(event.public_key)`."""

    public_key: PublicKey
    raw: bytes

    @property
    def message(self) -> str:
        """The text that came with the request."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class FriendMessage(FriendEvent):
    """A message of a friend."""

    type: MessageType
    raw: bytes

    @property
    def message(self) -> str:
        """The text."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class FriendName(FriendEvent):
    """A friend has a new name."""

    raw: bytes

    @property
    def name(self) -> str:
        """The new name."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class FriendStatusMessage(FriendEvent):
    """A friend has a new status message."""

    raw: bytes

    @property
    def message(self) -> str:
        """The new status message."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class FriendStatus(FriendEvent):
    """A friend has a new status."""

    status: UserStatus


@dataclass(frozen=True, slots=True)
class FriendTyping(FriendEvent):
    """A friend began or stopped typing."""

    typing: bool


@dataclass(frozen=True, slots=True)
class FriendReadReceipt(FriendEvent):
    """A friend's Tox has received the message that `friend_send_message` gave this id."""

    message_id: int


@dataclass(frozen=True, slots=True)
class FriendConnectionStatus(FriendEvent):
    """A friend came online (how) or went offline (`Connection.NONE`)."""

    connection_status: Connection


@dataclass(frozen=True, slots=True)
class FriendLossyPacket(FriendEvent):
    """A custom packet sent with `friend_send_lossy_packet`; `data` starts with its id byte."""

    data: bytes


@dataclass(frozen=True, slots=True)
class FriendLosslessPacket(FriendEvent):
    """A custom packet sent with `friend_send_lossless_packet`; `data` starts with its id byte."""

    data: bytes


@dataclass(frozen=True, slots=True)
class FileEvent(FriendEvent):
    """Base of all events of one file transfer."""

    file_number: int


@dataclass(frozen=True, slots=True)
class FileRecv(FileEvent):
    """A friend offers a file: answer with `accept_file`, or `file_control` and FileControl.CANCEL."""

    kind: FileKind | int
    file_size: int | None
    raw: bytes

    @property
    def filename(self) -> str:
        """The name as it came, which may be anything: see `toxpy.files.whole_files.safe_name`."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class FileRecvControl(FileEvent):
    """A friend accepted, paused, resumed or cancelled a file."""

    control: FileControl


@dataclass(frozen=True, slots=True)
class FileChunkRequest(FileEvent):
    """The next bytes of a file that we send are wanted; none: all has arrived."""

    position: int
    length: int


@dataclass(frozen=True, slots=True)
class FileRecvChunk(FileEvent):
    """Bytes of a file that we receive; none: it is complete."""

    position: int
    data: bytes


@dataclass(frozen=True, slots=True)
class DhtNodesResponse(Event):
    """A DHT node named this node to us; only after `report_dht_nodes()`."""

    public_key: PublicKey
    ip: str
    port: int


_UNKNOWN_SIZE = 2**64 - 1


def _file_recv(event: Any) -> FileRecv:
    kind = FileKind(event.kind) if event.kind in FileKind.__members__.values() else event.kind
    size = None if event.file_size == _UNKNOWN_SIZE else event.file_size
    return FileRecv(event.friend_number, event.file_number, kind, size, event.filename)


#: C API event name -> how it is made from that event
_CONVERTERS: dict[str, Callable[[Any], Event]] = {
    "SelfConnectionStatus": lambda e: SelfConnectionStatus(Connection(e.connection_status)),
    "FriendRequest": lambda e: FriendRequest(PublicKey(e.public_key), e.message),
    "FriendMessage": lambda e: FriendMessage(e.friend_number, MessageType(e.type), e.message),
    "FriendName": lambda e: FriendName(e.friend_number, e.name),
    "FriendStatusMessage": lambda e: FriendStatusMessage(e.friend_number, e.message),
    "FriendStatus": lambda e: FriendStatus(e.friend_number, UserStatus(e.status)),
    "FriendTyping": lambda e: FriendTyping(e.friend_number, bool(e.typing)),
    "FriendReadReceipt": lambda e: FriendReadReceipt(e.friend_number, e.message_id),
    "FriendConnectionStatus": lambda e: FriendConnectionStatus(
        e.friend_number, Connection(e.connection_status)
    ),
    "FriendLossyPacket": lambda e: FriendLossyPacket(e.friend_number, e.data),
    "FriendLosslessPacket": lambda e: FriendLosslessPacket(e.friend_number, e.data),
    "FileRecv": _file_recv,
    "FileRecvControl": lambda e: FileRecvControl(e.friend_number, e.file_number, FileControl(e.control)),
    "FileChunkRequest": lambda e: FileChunkRequest(e.friend_number, e.file_number, e.position, e.length),
    "DhtNodesResponse": lambda e: DhtNodesResponse(PublicKey(e.public_key), e.ip.decode(), e.port),
    "FileRecvChunk": lambda e: FileRecvChunk(e.friend_number, e.file_number, e.position, e.data),
}


def from_core(event: Any) -> Event:
    """The typed form of an event of the core."""
    return _CONVERTERS[type(event).__name__](event)
