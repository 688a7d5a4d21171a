"""What an instance reports: one class per callback of the C API.

GENERATED from include/toxcore.h by cbindings/generate.py: do not edit.
"""

# ruff: noqa: RUF023 -- slots are in the order of the C callback's parameters

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Event:
    """Something that happened, in the order it happened.

    `owner` is the friend, file or group the event belongs to, if any: an event whose
    owner has been deleted meanwhile is not delivered. `callback_index` is the place
    of the C callback in the header.
    """

    __slots__ = ("owner",)
    callback_index = -1

    def __init__(self, owner: Any = None) -> None:
        self.owner = owner

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({fields})"

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = object.__hash__


class SelfConnectionStatus(Event):
    """C: tox_self_connection_status_cb."""

    __slots__ = ("connection_status",)
    callback_index = 0

    def __init__(self, connection_status: int, owner: Any = None) -> None:
        self.connection_status = connection_status
        self.owner = owner


class FriendName(Event):
    """C: tox_friend_name_cb."""

    __slots__ = ("friend_number", "name")
    callback_index = 1

    def __init__(self, friend_number: int, name: bytes, owner: Any = None) -> None:
        self.friend_number = friend_number
        self.name = name
        self.owner = owner


class FriendStatusMessage(Event):
    """C: tox_friend_status_message_cb."""

    __slots__ = ("friend_number", "message")
    callback_index = 2

    def __init__(self, friend_number: int, message: bytes, owner: Any = None) -> None:
        self.friend_number = friend_number
        self.message = message
        self.owner = owner


class FriendStatus(Event):
    """C: tox_friend_status_cb."""

    __slots__ = ("friend_number", "status")
    callback_index = 3

    def __init__(self, friend_number: int, status: int, owner: Any = None) -> None:
        self.friend_number = friend_number
        self.status = status
        self.owner = owner


class FriendConnectionStatus(Event):
    """C: tox_friend_connection_status_cb."""

    __slots__ = ("friend_number", "connection_status")
    callback_index = 4

    def __init__(self, friend_number: int, connection_status: int, owner: Any = None) -> None:
        self.friend_number = friend_number
        self.connection_status = connection_status
        self.owner = owner


class FriendTyping(Event):
    """C: tox_friend_typing_cb."""

    __slots__ = ("friend_number", "typing")
    callback_index = 5

    def __init__(self, friend_number: int, typing: bool, owner: Any = None) -> None:
        self.friend_number = friend_number
        self.typing = typing
        self.owner = owner


class FriendReadReceipt(Event):
    """C: tox_friend_read_receipt_cb."""

    __slots__ = ("friend_number", "message_id")
    callback_index = 6

    def __init__(self, friend_number: int, message_id: int, owner: Any = None) -> None:
        self.friend_number = friend_number
        self.message_id = message_id
        self.owner = owner


class FriendRequest(Event):
    """C: tox_friend_request_cb."""

    __slots__ = ("public_key", "message")
    callback_index = 7

    def __init__(self, public_key: bytes, message: bytes, owner: Any = None) -> None:
        self.public_key = public_key
        self.message = message
        self.owner = owner


class FriendMessage(Event):
    """C: tox_friend_message_cb."""

    __slots__ = ("friend_number", "type", "message")
    callback_index = 8

    def __init__(self, friend_number: int, type: int, message: bytes, owner: Any = None) -> None:
        self.friend_number = friend_number
        self.type = type
        self.message = message
        self.owner = owner


class FileRecvControl(Event):
    """C: tox_file_recv_control_cb."""

    __slots__ = ("friend_number", "file_number", "control")
    callback_index = 9

    def __init__(self, friend_number: int, file_number: int, control: int, owner: Any = None) -> None:
        self.friend_number = friend_number
        self.file_number = file_number
        self.control = control
        self.owner = owner


class FileChunkRequest(Event):
    """C: tox_file_chunk_request_cb."""

    __slots__ = ("friend_number", "file_number", "position", "length")
    callback_index = 10

    def __init__(
        self, friend_number: int, file_number: int, position: int, length: int, owner: Any = None
    ) -> None:
        self.friend_number = friend_number
        self.file_number = file_number
        self.position = position
        self.length = length
        self.owner = owner


class FileRecv(Event):
    """C: tox_file_recv_cb."""

    __slots__ = ("friend_number", "file_number", "kind", "file_size", "filename")
    callback_index = 11

    def __init__(
        self,
        friend_number: int,
        file_number: int,
        kind: int,
        file_size: int,
        filename: bytes,
        owner: Any = None,
    ) -> None:
        self.friend_number = friend_number
        self.file_number = file_number
        self.kind = kind
        self.file_size = file_size
        self.filename = filename
        self.owner = owner


class FileRecvChunk(Event):
    """C: tox_file_recv_chunk_cb."""

    __slots__ = ("friend_number", "file_number", "position", "data")
    callback_index = 12

    def __init__(
        self, friend_number: int, file_number: int, position: int, data: bytes, owner: Any = None
    ) -> None:
        self.friend_number = friend_number
        self.file_number = file_number
        self.position = position
        self.data = data
        self.owner = owner


class ConferenceInvite(Event):
    """C: tox_conference_invite_cb."""

    __slots__ = ("friend_number", "type", "cookie")
    callback_index = 13

    def __init__(self, friend_number: int, type: int, cookie: bytes, owner: Any = None) -> None:
        self.friend_number = friend_number
        self.type = type
        self.cookie = cookie
        self.owner = owner


class ConferenceConnected(Event):
    """C: tox_conference_connected_cb."""

    __slots__ = ("conference_number",)
    callback_index = 14

    def __init__(self, conference_number: int, owner: Any = None) -> None:
        self.conference_number = conference_number
        self.owner = owner


class ConferenceMessage(Event):
    """C: tox_conference_message_cb."""

    __slots__ = ("conference_number", "peer_number", "type", "message")
    callback_index = 15

    def __init__(
        self, conference_number: int, peer_number: int, type: int, message: bytes, owner: Any = None
    ) -> None:
        self.conference_number = conference_number
        self.peer_number = peer_number
        self.type = type
        self.message = message
        self.owner = owner


class ConferenceTitle(Event):
    """C: tox_conference_title_cb."""

    __slots__ = ("conference_number", "peer_number", "title")
    callback_index = 16

    def __init__(self, conference_number: int, peer_number: int, title: bytes, owner: Any = None) -> None:
        self.conference_number = conference_number
        self.peer_number = peer_number
        self.title = title
        self.owner = owner


class ConferencePeerName(Event):
    """C: tox_conference_peer_name_cb."""

    __slots__ = ("conference_number", "peer_number", "name")
    callback_index = 17

    def __init__(self, conference_number: int, peer_number: int, name: bytes, owner: Any = None) -> None:
        self.conference_number = conference_number
        self.peer_number = peer_number
        self.name = name
        self.owner = owner


class ConferencePeerListChanged(Event):
    """C: tox_conference_peer_list_changed_cb."""

    __slots__ = ("conference_number",)
    callback_index = 18

    def __init__(self, conference_number: int, owner: Any = None) -> None:
        self.conference_number = conference_number
        self.owner = owner


class FriendLossyPacket(Event):
    """C: tox_friend_lossy_packet_cb."""

    __slots__ = ("friend_number", "data")
    callback_index = 19

    def __init__(self, friend_number: int, data: bytes, owner: Any = None) -> None:
        self.friend_number = friend_number
        self.data = data
        self.owner = owner


class FriendLosslessPacket(Event):
    """C: tox_friend_lossless_packet_cb."""

    __slots__ = ("friend_number", "data")
    callback_index = 20

    def __init__(self, friend_number: int, data: bytes, owner: Any = None) -> None:
        self.friend_number = friend_number
        self.data = data
        self.owner = owner


class ToxavCall(Event):
    """C: toxav_call_cb."""

    __slots__ = ("friend_number", "audio_enabled", "video_enabled")
    callback_index = 21

    def __init__(
        self, friend_number: int, audio_enabled: bool, video_enabled: bool, owner: Any = None
    ) -> None:
        self.friend_number = friend_number
        self.audio_enabled = audio_enabled
        self.video_enabled = video_enabled
        self.owner = owner


class ToxavCallState(Event):
    """C: toxav_call_state_cb."""

    __slots__ = ("friend_number", "state")
    callback_index = 22

    def __init__(self, friend_number: int, state: int, owner: Any = None) -> None:
        self.friend_number = friend_number
        self.state = state
        self.owner = owner


class ToxavAudioBitRate(Event):
    """C: toxav_audio_bit_rate_cb."""

    __slots__ = ("friend_number", "audio_bit_rate")
    callback_index = 23

    def __init__(self, friend_number: int, audio_bit_rate: int, owner: Any = None) -> None:
        self.friend_number = friend_number
        self.audio_bit_rate = audio_bit_rate
        self.owner = owner


class ToxavVideoBitRate(Event):
    """C: toxav_video_bit_rate_cb."""

    __slots__ = ("friend_number", "video_bit_rate")
    callback_index = 24

    def __init__(self, friend_number: int, video_bit_rate: int, owner: Any = None) -> None:
        self.friend_number = friend_number
        self.video_bit_rate = video_bit_rate
        self.owner = owner


class GroupPeerName(Event):
    """C: tox_group_peer_name_cb."""

    __slots__ = ("group_number", "peer_id", "name")
    callback_index = 25

    def __init__(self, group_number: int, peer_id: int, name: bytes, owner: Any = None) -> None:
        self.group_number = group_number
        self.peer_id = peer_id
        self.name = name
        self.owner = owner


class GroupPeerStatus(Event):
    """C: tox_group_peer_status_cb."""

    __slots__ = ("group_number", "peer_id", "status")
    callback_index = 26

    def __init__(self, group_number: int, peer_id: int, status: int, owner: Any = None) -> None:
        self.group_number = group_number
        self.peer_id = peer_id
        self.status = status
        self.owner = owner


class GroupTopic(Event):
    """C: tox_group_topic_cb."""

    __slots__ = ("group_number", "peer_id", "topic")
    callback_index = 27

    def __init__(self, group_number: int, peer_id: int, topic: bytes, owner: Any = None) -> None:
        self.group_number = group_number
        self.peer_id = peer_id
        self.topic = topic
        self.owner = owner


class GroupPrivacyState(Event):
    """C: tox_group_privacy_state_cb."""

    __slots__ = ("group_number", "privacy_state")
    callback_index = 28

    def __init__(self, group_number: int, privacy_state: int, owner: Any = None) -> None:
        self.group_number = group_number
        self.privacy_state = privacy_state
        self.owner = owner


class GroupVoiceState(Event):
    """C: tox_group_voice_state_cb."""

    __slots__ = ("group_number", "voice_state")
    callback_index = 29

    def __init__(self, group_number: int, voice_state: int, owner: Any = None) -> None:
        self.group_number = group_number
        self.voice_state = voice_state
        self.owner = owner


class GroupTopicLock(Event):
    """C: tox_group_topic_lock_cb."""

    __slots__ = ("group_number", "topic_lock")
    callback_index = 30

    def __init__(self, group_number: int, topic_lock: int, owner: Any = None) -> None:
        self.group_number = group_number
        self.topic_lock = topic_lock
        self.owner = owner


class GroupPeerLimit(Event):
    """C: tox_group_peer_limit_cb."""

    __slots__ = ("group_number", "peer_limit")
    callback_index = 31

    def __init__(self, group_number: int, peer_limit: int, owner: Any = None) -> None:
        self.group_number = group_number
        self.peer_limit = peer_limit
        self.owner = owner


class GroupPassword(Event):
    """C: tox_group_password_cb."""

    __slots__ = ("group_number", "password")
    callback_index = 32

    def __init__(self, group_number: int, password: bytes, owner: Any = None) -> None:
        self.group_number = group_number
        self.password = password
        self.owner = owner


class GroupMessage(Event):
    """C: tox_group_message_cb."""

    __slots__ = ("group_number", "peer_id", "message_type", "message", "message_id")
    callback_index = 33

    def __init__(
        self,
        group_number: int,
        peer_id: int,
        message_type: int,
        message: bytes,
        message_id: int,
        owner: Any = None,
    ) -> None:
        self.group_number = group_number
        self.peer_id = peer_id
        self.message_type = message_type
        self.message = message
        self.message_id = message_id
        self.owner = owner


class GroupPrivateMessage(Event):
    """C: tox_group_private_message_cb."""

    __slots__ = ("group_number", "peer_id", "message_type", "message", "message_id")
    callback_index = 34

    def __init__(
        self,
        group_number: int,
        peer_id: int,
        message_type: int,
        message: bytes,
        message_id: int,
        owner: Any = None,
    ) -> None:
        self.group_number = group_number
        self.peer_id = peer_id
        self.message_type = message_type
        self.message = message
        self.message_id = message_id
        self.owner = owner


class GroupCustomPacket(Event):
    """C: tox_group_custom_packet_cb."""

    __slots__ = ("group_number", "peer_id", "data")
    callback_index = 35

    def __init__(self, group_number: int, peer_id: int, data: bytes, owner: Any = None) -> None:
        self.group_number = group_number
        self.peer_id = peer_id
        self.data = data
        self.owner = owner


class GroupCustomPrivatePacket(Event):
    """C: tox_group_custom_private_packet_cb."""

    __slots__ = ("group_number", "peer_id", "data")
    callback_index = 36

    def __init__(self, group_number: int, peer_id: int, data: bytes, owner: Any = None) -> None:
        self.group_number = group_number
        self.peer_id = peer_id
        self.data = data
        self.owner = owner


class GroupInvite(Event):
    """C: tox_group_invite_cb."""

    __slots__ = ("friend_number", "invite_data", "group_name")
    callback_index = 37

    def __init__(self, friend_number: int, invite_data: bytes, group_name: bytes, owner: Any = None) -> None:
        self.friend_number = friend_number
        self.invite_data = invite_data
        self.group_name = group_name
        self.owner = owner


class GroupPeerJoin(Event):
    """C: tox_group_peer_join_cb."""

    __slots__ = ("group_number", "peer_id")
    callback_index = 38

    def __init__(self, group_number: int, peer_id: int, owner: Any = None) -> None:
        self.group_number = group_number
        self.peer_id = peer_id
        self.owner = owner


class GroupPeerExit(Event):
    """C: tox_group_peer_exit_cb."""

    __slots__ = ("group_number", "peer_id", "exit_type", "name", "part_message")
    callback_index = 39

    def __init__(
        self,
        group_number: int,
        peer_id: int,
        exit_type: int,
        name: bytes,
        part_message: bytes,
        owner: Any = None,
    ) -> None:
        self.group_number = group_number
        self.peer_id = peer_id
        self.exit_type = exit_type
        self.name = name
        self.part_message = part_message
        self.owner = owner


class GroupSelfJoin(Event):
    """C: tox_group_self_join_cb."""

    __slots__ = ("group_number",)
    callback_index = 40

    def __init__(self, group_number: int, owner: Any = None) -> None:
        self.group_number = group_number
        self.owner = owner


class GroupJoinFail(Event):
    """C: tox_group_join_fail_cb."""

    __slots__ = ("group_number", "fail_type")
    callback_index = 41

    def __init__(self, group_number: int, fail_type: int, owner: Any = None) -> None:
        self.group_number = group_number
        self.fail_type = fail_type
        self.owner = owner


class GroupModeration(Event):
    """C: tox_group_moderation_cb."""

    __slots__ = ("group_number", "source_peer_id", "target_peer_id", "mod_type")
    callback_index = 42

    def __init__(
        self, group_number: int, source_peer_id: int, target_peer_id: int, mod_type: int, owner: Any = None
    ) -> None:
        self.group_number = group_number
        self.source_peer_id = source_peer_id
        self.target_peer_id = target_peer_id
        self.mod_type = mod_type
        self.owner = owner


class DhtNodesResponse(Event):
    """C: tox_dht_nodes_response_cb."""

    __slots__ = ("public_key", "ip", "port")
    callback_index = 43

    def __init__(self, public_key: bytes, ip: bytes, port: int, owner: Any = None) -> None:
        self.public_key = public_key
        self.ip = ip
        self.port = port
        self.owner = owner


class FriendHandshakeDowngrade(Event):
    """C: tox_friend_handshake_downgrade_cb."""

    __slots__ = ("friend_number",)
    callback_index = 44

    def __init__(self, friend_number: int, owner: Any = None) -> None:
        self.friend_number = friend_number
        self.owner = owner


#: The classes by `callback_index`.
ALL: tuple[type[Event], ...] = (
    SelfConnectionStatus,
    FriendName,
    FriendStatusMessage,
    FriendStatus,
    FriendConnectionStatus,
    FriendTyping,
    FriendReadReceipt,
    FriendRequest,
    FriendMessage,
    FileRecvControl,
    FileChunkRequest,
    FileRecv,
    FileRecvChunk,
    ConferenceInvite,
    ConferenceConnected,
    ConferenceMessage,
    ConferenceTitle,
    ConferencePeerName,
    ConferencePeerListChanged,
    FriendLossyPacket,
    FriendLosslessPacket,
    ToxavCall,
    ToxavCallState,
    ToxavAudioBitRate,
    ToxavVideoBitRate,
    GroupPeerName,
    GroupPeerStatus,
    GroupTopic,
    GroupPrivacyState,
    GroupVoiceState,
    GroupTopicLock,
    GroupPeerLimit,
    GroupPassword,
    GroupMessage,
    GroupPrivateMessage,
    GroupCustomPacket,
    GroupCustomPrivatePacket,
    GroupInvite,
    GroupPeerJoin,
    GroupPeerExit,
    GroupSelfJoin,
    GroupJoinFail,
    GroupModeration,
    DhtNodesResponse,
    FriendHandshakeDowngrade,
)
