"""The public names of toxpy, and where each is defined.

GENERATED from include/toxcore.h and toxpy/__init__.py by cbindings/generate.py: do not edit.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.generated.typed_enums import ConferenceType as ConferenceType
    from toxpy.generated.typed_enums import Connection as Connection
    from toxpy.generated.typed_enums import FileControl as FileControl
    from toxpy.generated.typed_enums import FileKind as FileKind
    from toxpy.generated.typed_enums import LogLevel as LogLevel
    from toxpy.generated.typed_enums import MessageType as MessageType
    from toxpy.generated.typed_enums import OfflineReason as OfflineReason
    from toxpy.generated.typed_enums import ProxyType as ProxyType
    from toxpy.generated.typed_enums import SavedataType as SavedataType
    from toxpy.generated.typed_enums import UserStatus as UserStatus
    from toxpy.generated.typed_events import ConferenceConnected as ConferenceConnected
    from toxpy.generated.typed_events import ConferenceEvent as ConferenceEvent
    from toxpy.generated.typed_events import ConferenceInvite as ConferenceInvite
    from toxpy.generated.typed_events import ConferenceMessage as ConferenceMessage
    from toxpy.generated.typed_events import ConferencePeerListChanged as ConferencePeerListChanged
    from toxpy.generated.typed_events import ConferencePeerName as ConferencePeerName
    from toxpy.generated.typed_events import ConferenceTitle as ConferenceTitle
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

#: Module by name.
HOMES = {
    "AsyncConference": "toxpy.conference.aio",
    "AsyncTox": "toxpy.aio",
    "ConferenceConnected": "toxpy.generated.typed_events",
    "ConferenceEvent": "toxpy.generated.typed_events",
    "ConferenceInvite": "toxpy.generated.typed_events",
    "ConferenceMessage": "toxpy.generated.typed_events",
    "ConferencePeerListChanged": "toxpy.generated.typed_events",
    "ConferencePeerName": "toxpy.generated.typed_events",
    "ConferenceTitle": "toxpy.generated.typed_events",
    "ConferenceType": "toxpy.generated.typed_enums",
    "Connection": "toxpy.generated.typed_enums",
    "DhtNodesResponse": "toxpy.generated.typed_events",
    "Event": "toxpy.generated.typed_events",
    "FileChunkRequest": "toxpy.generated.typed_events",
    "FileControl": "toxpy.generated.typed_enums",
    "FileEvent": "toxpy.generated.typed_events",
    "FileKind": "toxpy.generated.typed_enums",
    "FileRecv": "toxpy.generated.typed_events",
    "FileRecvChunk": "toxpy.generated.typed_events",
    "FileRecvControl": "toxpy.generated.typed_events",
    "Friend": "toxpy.aio",
    "FriendConnectionStatus": "toxpy.generated.typed_events",
    "FriendEvent": "toxpy.generated.typed_events",
    "FriendLosslessPacket": "toxpy.generated.typed_events",
    "FriendLossyPacket": "toxpy.generated.typed_events",
    "FriendMessage": "toxpy.generated.typed_events",
    "FriendName": "toxpy.generated.typed_events",
    "FriendReadReceipt": "toxpy.generated.typed_events",
    "FriendRequest": "toxpy.generated.typed_events",
    "FriendStatus": "toxpy.generated.typed_events",
    "FriendStatusMessage": "toxpy.generated.typed_events",
    "FriendTyping": "toxpy.generated.typed_events",
    "HeardMessage": "toxpy.conference.aio",
    "Incoming": "toxpy.files.incoming",
    "LogLevel": "toxpy.generated.typed_enums",
    "MessageType": "toxpy.generated.typed_enums",
    "NodeAddress": "toxpy.network.nodes",
    "OfflineReason": "toxpy.generated.typed_enums",
    "Options": "toxpy.options",
    "Outgoing": "toxpy.files.outgoing",
    "PassphraseNeeded": "toxpy.save.profile",
    "Peer": "toxpy.conference.aio",
    "Profile": "toxpy.save.profile",
    "ProfileCorrupt": "toxpy.save.profile",
    "ProfileError": "toxpy.save.profile",
    "ProfileLocked": "toxpy.save.profile",
    "ProfileNotEncrypted": "toxpy.save.profile",
    "ProxyType": "toxpy.generated.typed_enums",
    "PublicKey": "toxpy.ids",
    "SavedataType": "toxpy.generated.typed_enums",
    "SecretKey": "toxpy.ids",
    "SelfConnectionStatus": "toxpy.generated.typed_events",
    "SentMessage": "toxpy.friend.aio",
    "Tox": "toxpy.tox",
    "ToxClosed": "toxpy.tox_part",
    "ToxError": "toxpy.errors",
    "ToxId": "toxpy.ids",
    "Transfer": "toxpy.files.whole_file",
    "TransferError": "toxpy.files.whole_file",
    "UserStatus": "toxpy.generated.typed_enums",
    "WhyOffline": "toxpy.friend.why_offline",
    "WrongPassphrase": "toxpy.save.profile",
    "load_nodes": "toxpy.network.nodes",
    "safe_name": "toxpy.files.safe_name",
}
