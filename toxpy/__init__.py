"""Tox in Python: `Tox`, `AsyncTox`, `Options`, `ToxError`, events and enums.

Names are loaded when first used: the C library starts with `toxpy.core` and must not pay
for what only Python programs need.
"""

from __future__ import annotations

#: Our release, also in the package's metadata. That of the C API is in generated/enums.py.
__version__ = "0.2.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.aio import AsyncTox as AsyncTox
    from toxpy.aio import Friend as Friend
    from toxpy.errors import ToxError as ToxError
    from toxpy.files.whole_files import Incoming as Incoming
    from toxpy.files.whole_files import Outgoing as Outgoing
    from toxpy.files.whole_files import Transfer as Transfer
    from toxpy.files.whole_files import TransferError as TransferError
    from toxpy.files.whole_files import safe_name as safe_name
    from toxpy.friend.aio import SentMessage as SentMessage
    from toxpy.friend.why_offline import WhyOffline as WhyOffline
    from toxpy.generated.typed_enums import Connection as Connection
    from toxpy.generated.typed_enums import FileControl as FileControl
    from toxpy.generated.typed_enums import FileKind as FileKind
    from toxpy.generated.typed_enums import LogLevel as LogLevel
    from toxpy.generated.typed_enums import MessageType as MessageType
    from toxpy.generated.typed_enums import OfflineReason as OfflineReason
    from toxpy.generated.typed_enums import ProxyType as ProxyType
    from toxpy.generated.typed_enums import SavedataType as SavedataType
    from toxpy.generated.typed_enums import UserStatus as UserStatus
    from toxpy.generated.typed_events import DhtNodesResponse as DhtNodesResponse
    from toxpy.generated.typed_events import Event as Event
    from toxpy.generated.typed_events import FileChunkRequest as FileChunkRequest
    from toxpy.generated.typed_events import FileEvent as FileEvent
    from toxpy.generated.typed_events import FileRecv as FileRecv
    from toxpy.generated.typed_events import FileRecvChunk as FileRecvChunk
    from toxpy.generated.typed_events import FileRecvControl as FileRecvControl
    from toxpy.generated.typed_events import FriendConnectionStatus as FriendConnectionStatus
    from toxpy.generated.typed_events import FriendEvent as FriendEvent
    from toxpy.generated.typed_events import FriendLosslessPacket as FriendLosslessPacket
    from toxpy.generated.typed_events import FriendLossyPacket as FriendLossyPacket
    from toxpy.generated.typed_events import FriendMessage as FriendMessage
    from toxpy.generated.typed_events import FriendName as FriendName
    from toxpy.generated.typed_events import FriendReadReceipt as FriendReadReceipt
    from toxpy.generated.typed_events import FriendRequest as FriendRequest
    from toxpy.generated.typed_events import FriendStatus as FriendStatus
    from toxpy.generated.typed_events import FriendStatusMessage as FriendStatusMessage
    from toxpy.generated.typed_events import FriendTyping as FriendTyping
    from toxpy.generated.typed_events import SelfConnectionStatus as SelfConnectionStatus
    from toxpy.ids import PublicKey as PublicKey
    from toxpy.ids import SecretKey as SecretKey
    from toxpy.ids import ToxId as ToxId
    from toxpy.network.nodes import NodeAddress as NodeAddress
    from toxpy.network.nodes import load_nodes as load_nodes
    from toxpy.options import Options as Options
    from toxpy.save.profile import PassphraseNeeded as PassphraseNeeded
    from toxpy.save.profile import Profile as Profile
    from toxpy.save.profile import ProfileCorrupt as ProfileCorrupt
    from toxpy.save.profile import ProfileError as ProfileError
    from toxpy.save.profile import ProfileLocked as ProfileLocked
    from toxpy.save.profile import ProfileNotEncrypted as ProfileNotEncrypted
    from toxpy.save.profile import WrongPassphrase as WrongPassphrase
    from toxpy.tox import Tox as Tox
    from toxpy.tox_part import ToxClosed as ToxClosed

_HOMES = {
    "aio": "AsyncTox Friend",
    "errors": "ToxError",
    "options": "Options",
    "save.profile": "PassphraseNeeded Profile ProfileCorrupt ProfileError ProfileLocked ProfileNotEncrypted "
    "WrongPassphrase",
    "tox": "Tox",
    "tox_part": "ToxClosed",
    "files.whole_files": "Incoming Outgoing Transfer TransferError safe_name",
    "friend.aio": "SentMessage",
    "friend.why_offline": "WhyOffline",
    "generated.typed_enums": "Connection FileControl FileKind LogLevel MessageType OfflineReason ProxyType "
    "SavedataType UserStatus",
    "generated.typed_events": "DhtNodesResponse Event FileChunkRequest FileEvent FileRecv FileRecvChunk "
    "FileRecvControl FriendConnectionStatus FriendEvent FriendLosslessPacket FriendLossyPacket FriendMessage "
    "FriendName FriendReadReceipt FriendRequest FriendStatus FriendStatusMessage FriendTyping "
    "SelfConnectionStatus",
    "ids": "PublicKey SecretKey ToxId",
    "network.nodes": "NodeAddress load_nodes",
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'toxpy' has no attribute {name!r}")
    value = getattr(__import__(f"toxpy.{module}", fromlist=[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
