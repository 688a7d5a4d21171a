"""The public names of toxpy, and where each is defined.

GENERATED from include/toxcore.h and toxpy/__init__.py by cbindings/generate.py: do not edit.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.generated.typed_enums import CallControl as CallControl
    from toxpy.generated.typed_enums import ConferenceType as ConferenceType
    from toxpy.generated.typed_enums import Connection as Connection
    from toxpy.generated.typed_enums import FileControl as FileControl
    from toxpy.generated.typed_enums import FileKind as FileKind
    from toxpy.generated.typed_enums import FriendCallState as FriendCallState
    from toxpy.generated.typed_enums import GroupExitType as GroupExitType
    from toxpy.generated.typed_enums import GroupJoinFailure as GroupJoinFailure
    from toxpy.generated.typed_enums import GroupLock as GroupLock
    from toxpy.generated.typed_enums import GroupModEvent as GroupModEvent
    from toxpy.generated.typed_enums import GroupPrivacy as GroupPrivacy
    from toxpy.generated.typed_enums import GroupRole as GroupRole
    from toxpy.generated.typed_enums import GroupVoice as GroupVoice
    from toxpy.generated.typed_enums import HandshakeMode as HandshakeMode
    from toxpy.generated.typed_enums import HandshakePolicy as HandshakePolicy
    from toxpy.generated.typed_enums import HandshakeVersion as HandshakeVersion
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
    from toxpy.generated.typed_events import FriendHandshakeDowngrade as FriendHandshakeDowngrade
    from toxpy.generated.typed_events import FriendLosslessPacket as FriendLosslessPacket
    from toxpy.generated.typed_events import FriendLossyPacket as FriendLossyPacket
    from toxpy.generated.typed_events import FriendMessage as FriendMessage
    from toxpy.generated.typed_events import FriendName as FriendName
    from toxpy.generated.typed_events import FriendReadReceipt as FriendReadReceipt
    from toxpy.generated.typed_events import FriendRequest as FriendRequest
    from toxpy.generated.typed_events import FriendStatus as FriendStatus
    from toxpy.generated.typed_events import FriendStatusMessage as FriendStatusMessage
    from toxpy.generated.typed_events import FriendTyping as FriendTyping
    from toxpy.generated.typed_events import GroupCustomPacket as GroupCustomPacket
    from toxpy.generated.typed_events import GroupCustomPrivatePacket as GroupCustomPrivatePacket
    from toxpy.generated.typed_events import GroupEvent as GroupEvent
    from toxpy.generated.typed_events import GroupInvite as GroupInvite
    from toxpy.generated.typed_events import GroupJoinFail as GroupJoinFail
    from toxpy.generated.typed_events import GroupMessage as GroupMessage
    from toxpy.generated.typed_events import GroupModeration as GroupModeration
    from toxpy.generated.typed_events import GroupPassword as GroupPassword
    from toxpy.generated.typed_events import GroupPeerExit as GroupPeerExit
    from toxpy.generated.typed_events import GroupPeerJoin as GroupPeerJoin
    from toxpy.generated.typed_events import GroupPeerLimit as GroupPeerLimit
    from toxpy.generated.typed_events import GroupPeerName as GroupPeerName
    from toxpy.generated.typed_events import GroupPeerStatus as GroupPeerStatus
    from toxpy.generated.typed_events import GroupPrivacyState as GroupPrivacyState
    from toxpy.generated.typed_events import GroupPrivateMessage as GroupPrivateMessage
    from toxpy.generated.typed_events import GroupSelfJoin as GroupSelfJoin
    from toxpy.generated.typed_events import GroupTopic as GroupTopic
    from toxpy.generated.typed_events import GroupTopicLock as GroupTopicLock
    from toxpy.generated.typed_events import GroupVoiceState as GroupVoiceState
    from toxpy.generated.typed_events import SelfConnectionStatus as SelfConnectionStatus
    from toxpy.generated.typed_events import ToxavAudioBitRate as ToxavAudioBitRate
    from toxpy.generated.typed_events import ToxavCall as ToxavCall
    from toxpy.generated.typed_events import ToxavCallState as ToxavCallState
    from toxpy.generated.typed_events import ToxavVideoBitRate as ToxavVideoBitRate

#: Module by name.
HOMES = {
    "AddressType": "toxpy.network.network_address",
    "AsyncCall": "toxpy.av.aio_call",
    "AsyncConference": "toxpy.conference.aio",
    "AsyncGroup": "toxpy.group.aio",
    "AsyncTox": "toxpy.aio",
    "AudioFrame": "toxpy.av.frames",
    "CallControl": "toxpy.generated.typed_enums",
    "CallError": "toxpy.av.aio_call",
    "ConferenceAudioFrame": "toxpy.conference.audio",
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
    "Endpoint": "toxpy.ext.networks.options",
    "Event": "toxpy.generated.typed_events",
    "ExtendedNode": "toxpy.network.network_address",
    "FileChunkRequest": "toxpy.generated.typed_events",
    "FileControl": "toxpy.generated.typed_enums",
    "FileEvent": "toxpy.generated.typed_events",
    "FileKind": "toxpy.generated.typed_enums",
    "FileRecv": "toxpy.generated.typed_events",
    "FileRecvChunk": "toxpy.generated.typed_events",
    "FileRecvControl": "toxpy.generated.typed_events",
    "Friend": "toxpy.aio",
    "FriendCallState": "toxpy.generated.typed_enums",
    "FriendConnectionStatus": "toxpy.generated.typed_events",
    "FriendEvent": "toxpy.generated.typed_events",
    "FriendHandshakeDowngrade": "toxpy.generated.typed_events",
    "FriendLosslessPacket": "toxpy.generated.typed_events",
    "FriendLossyPacket": "toxpy.generated.typed_events",
    "FriendMessage": "toxpy.generated.typed_events",
    "FriendName": "toxpy.generated.typed_events",
    "FriendReadReceipt": "toxpy.generated.typed_events",
    "FriendRequest": "toxpy.generated.typed_events",
    "FriendStatus": "toxpy.generated.typed_events",
    "FriendStatusMessage": "toxpy.generated.typed_events",
    "FriendTyping": "toxpy.generated.typed_events",
    "GroupCustomPacket": "toxpy.generated.typed_events",
    "GroupCustomPrivatePacket": "toxpy.generated.typed_events",
    "GroupEvent": "toxpy.generated.typed_events",
    "GroupExitType": "toxpy.generated.typed_enums",
    "GroupInvite": "toxpy.generated.typed_events",
    "GroupJoinFail": "toxpy.generated.typed_events",
    "GroupJoinFailure": "toxpy.generated.typed_enums",
    "GroupLock": "toxpy.generated.typed_enums",
    "GroupMessage": "toxpy.generated.typed_events",
    "GroupModEvent": "toxpy.generated.typed_enums",
    "GroupModeration": "toxpy.generated.typed_events",
    "GroupPassword": "toxpy.generated.typed_events",
    "GroupPeer": "toxpy.group.aio_state",
    "GroupPeerExit": "toxpy.generated.typed_events",
    "GroupPeerJoin": "toxpy.generated.typed_events",
    "GroupPeerLimit": "toxpy.generated.typed_events",
    "GroupPeerName": "toxpy.generated.typed_events",
    "GroupPeerStatus": "toxpy.generated.typed_events",
    "GroupPrivacy": "toxpy.generated.typed_enums",
    "GroupPrivacyState": "toxpy.generated.typed_events",
    "GroupPrivateMessage": "toxpy.generated.typed_events",
    "GroupRole": "toxpy.generated.typed_enums",
    "GroupSearch": "toxpy.group.tox",
    "GroupSelfJoin": "toxpy.generated.typed_events",
    "GroupSettings": "toxpy.group.aio_state",
    "GroupTopic": "toxpy.generated.typed_events",
    "GroupTopicLock": "toxpy.generated.typed_events",
    "GroupVoice": "toxpy.generated.typed_enums",
    "GroupVoiceState": "toxpy.generated.typed_events",
    "HandshakeMode": "toxpy.generated.typed_enums",
    "HandshakePolicy": "toxpy.generated.typed_enums",
    "HandshakeVersion": "toxpy.generated.typed_enums",
    "HeardAudio": "toxpy.conference.aio",
    "HeardGroupMessage": "toxpy.group.aio_state",
    "HeardMessage": "toxpy.conference.aio",
    "Incoming": "toxpy.files.incoming",
    "LogLevel": "toxpy.generated.typed_enums",
    "Mailbox": "toxpy.ext.offline.records",
    "MailboxStats": "toxpy.ext.offline.stats",
    "MessageDeleted": "toxpy.ext.messages.events",
    "MessageEdited": "toxpy.ext.messages.events",
    "MessageError": "toxpy.ext.messages.sent",
    "MessageSeen": "toxpy.ext.messages.events",
    "MessageState": "toxpy.ext.offline.message_state",
    "MessageStateChanged": "toxpy.ext.offline.typed",
    "MessageType": "toxpy.generated.typed_enums",
    "MessagesExtended": "toxpy.ext.messages.events",
    "NetworkAddress": "toxpy.network.network_address",
    "NodeAddress": "toxpy.network.nodes",
    "Offline": "toxpy.ext.offline.options",
    "OfflineMessageLost": "toxpy.ext.offline.typed",
    "OfflinePrekeysLow": "toxpy.ext.offline.typed",
    "OfflineReason": "toxpy.generated.typed_enums",
    "Options": "toxpy.options",
    "Outgoing": "toxpy.files.outgoing",
    "PassphraseNeeded": "toxpy.save.profile",
    "Peer": "toxpy.conference.aio",
    "Picture": "toxpy.av.frames",
    "Profile": "toxpy.save.profile",
    "ProfileCorrupt": "toxpy.save.profile",
    "ProfileError": "toxpy.save.profile",
    "ProfileLocked": "toxpy.save.profile",
    "ProfileNotEncrypted": "toxpy.save.profile",
    "ProxyType": "toxpy.generated.typed_enums",
    "PublicKey": "toxpy.ids",
    "QueuedMessage": "toxpy.ext.offline.typed",
    "SavedataType": "toxpy.generated.typed_enums",
    "SecretKey": "toxpy.ids",
    "SelfConnectionStatus": "toxpy.generated.typed_events",
    "Sent": "toxpy.ext.messages.sent",
    "SentMessage": "toxpy.friend.aio_sent",
    "StorageStats": "toxpy.ext.offline.stats",
    "Tox": "toxpy.tox",
    "ToxClosed": "toxpy.tox_part",
    "ToxError": "toxpy.errors",
    "ToxId": "toxpy.ids",
    "ToxavAudioBitRate": "toxpy.generated.typed_events",
    "ToxavCall": "toxpy.generated.typed_events",
    "ToxavCallState": "toxpy.generated.typed_events",
    "ToxavVideoBitRate": "toxpy.generated.typed_events",
    "Transfer": "toxpy.files.whole_file",
    "TransferError": "toxpy.files.whole_file",
    "UserStatus": "toxpy.generated.typed_enums",
    "WavRecorder": "toxpy.av.wav",
    "WavSource": "toxpy.av.wav",
    "WhyOffline": "toxpy.friend.why_offline",
    "WrongPassphrase": "toxpy.save.profile",
    "load_nodes": "toxpy.network.nodes",
    "safe_name": "toxpy.files.safe_name",
}
