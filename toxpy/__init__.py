"""Tox in Python: `Tox`, `AsyncTox`, `Options`, `ToxError`, events and enums.

Names are loaded when first used: the C library starts with `toxpy.core` and must not pay
for what only Python programs need.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.aio import AsyncTox as AsyncTox
    from toxpy.aio import Friend as Friend
    from toxpy.errors import ToxError as ToxError
    from toxpy.options import Options as Options
    from toxpy.profile import PassphraseNeeded as PassphraseNeeded
    from toxpy.profile import Profile as Profile
    from toxpy.profile import ProfileCorrupt as ProfileCorrupt
    from toxpy.profile import ProfileError as ProfileError
    from toxpy.profile import ProfileLocked as ProfileLocked
    from toxpy.profile import ProfileNotEncrypted as ProfileNotEncrypted
    from toxpy.profile import WrongPassphrase as WrongPassphrase
    from toxpy.tox import Tox as Tox
    from toxpy.tox import ToxClosed as ToxClosed
    from toxpy.transfers import Incoming as Incoming
    from toxpy.transfers import Outgoing as Outgoing
    from toxpy.transfers import Transfer as Transfer
    from toxpy.transfers import TransferError as TransferError
    from toxpy.transfers import safe_name as safe_name
    from toxpy.typed_diagnosis import WhyOffline as WhyOffline
    from toxpy.typed_enums import Connection as Connection
    from toxpy.typed_enums import FileControl as FileControl
    from toxpy.typed_enums import FileKind as FileKind
    from toxpy.typed_enums import LogLevel as LogLevel
    from toxpy.typed_enums import MessageType as MessageType
    from toxpy.typed_enums import OfflineReason as OfflineReason
    from toxpy.typed_enums import ProxyType as ProxyType
    from toxpy.typed_enums import SavedataType as SavedataType
    from toxpy.typed_enums import UserStatus as UserStatus
    from toxpy.typed_events import DhtNodesResponse as DhtNodesResponse
    from toxpy.typed_events import Event as Event
    from toxpy.typed_events import FileChunkRequest as FileChunkRequest
    from toxpy.typed_events import FileEvent as FileEvent
    from toxpy.typed_events import FileRecv as FileRecv
    from toxpy.typed_events import FileRecvChunk as FileRecvChunk
    from toxpy.typed_events import FileRecvControl as FileRecvControl
    from toxpy.typed_events import FriendConnectionStatus as FriendConnectionStatus
    from toxpy.typed_events import FriendEvent as FriendEvent
    from toxpy.typed_events import FriendLosslessPacket as FriendLosslessPacket
    from toxpy.typed_events import FriendLossyPacket as FriendLossyPacket
    from toxpy.typed_events import FriendMessage as FriendMessage
    from toxpy.typed_events import FriendName as FriendName
    from toxpy.typed_events import FriendReadReceipt as FriendReadReceipt
    from toxpy.typed_events import FriendRequest as FriendRequest
    from toxpy.typed_events import FriendStatus as FriendStatus
    from toxpy.typed_events import FriendStatusMessage as FriendStatusMessage
    from toxpy.typed_events import FriendTyping as FriendTyping
    from toxpy.typed_events import SelfConnectionStatus as SelfConnectionStatus
    from toxpy.values import PublicKey as PublicKey
    from toxpy.values import SecretKey as SecretKey
    from toxpy.values import ToxId as ToxId

_HOMES = {
    "aio": "AsyncTox Friend",
    "errors": "ToxError",
    "options": "Options",
    "profile": "PassphraseNeeded Profile ProfileCorrupt ProfileError ProfileLocked ProfileNotEncrypted "
    "WrongPassphrase",
    "tox": "Tox ToxClosed",
    "transfers": "Incoming Outgoing Transfer TransferError safe_name",
    "typed_diagnosis": "WhyOffline",
    "typed_enums": "Connection FileControl FileKind LogLevel MessageType OfflineReason ProxyType "
    "SavedataType UserStatus",
    "typed_events": "DhtNodesResponse Event FileChunkRequest FileEvent FileRecv FileRecvChunk "
    "FileRecvControl FriendConnectionStatus FriendEvent FriendLosslessPacket FriendLossyPacket FriendMessage "
    "FriendName FriendReadReceipt FriendRequest FriendStatus FriendStatusMessage FriendTyping "
    "SelfConnectionStatus",
    "values": "PublicKey SecretKey ToxId",
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
