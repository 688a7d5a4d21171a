"""What `Tox` and `AsyncTox` report: events with text as `str`, keys and enums as types.

GENERATED from include/toxcore.h by cbindings/generate.py: do not edit.

Text from the network is not always UTF-8: it is decoded with replacement characters, and
`raw` has the bytes as they came. The bytes-level events of the C API are `toxpy.generated.events`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

from toxpy.generated import events as ev
from toxpy.generated.typed_enums import (
    ConferenceType,
    Connection,
    FileControl,
    FileKind,
    FriendCallState,
    GroupExitType,
    GroupJoinFailure,
    GroupLock,
    GroupModEvent,
    GroupPrivacy,
    GroupVoice,
    MessageType,
    UserStatus,
)
from toxpy.ids import PublicKey

E = TypeVar("E", bound=IntEnum)

_UINT64_MAX = 2**64 - 1


def to_text(raw: bytes) -> str:
    """UTF-8 with U+FFFD for what is none."""
    return raw.decode("utf-8", "replace")


def _open(enum: type[E], value: int) -> E | int:
    """The enumerator of that value, or the value itself."""
    return enum(value) if value in enum.__members__.values() else value


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""


@dataclass(frozen=True, slots=True)
class GroupEvent(Event):
    """Something about one group."""

    group_number: int


@dataclass(frozen=True, slots=True)
class ConferenceEvent(Event):
    """Something about one conference."""

    conference_number: int


@dataclass(frozen=True, slots=True)
class FriendEvent(Event):
    """Something about one friend."""

    friend_number: int


@dataclass(frozen=True, slots=True)
class FileEvent(FriendEvent):
    """Something about one file transfer."""

    file_number: int


@dataclass(frozen=True, slots=True)
class SelfConnectionStatus(Event):
    """Our connection to the network changed.

    Short changes are normal; a good time to bootstrap again is after a while.
    """

    connection_status: Connection


@dataclass(frozen=True, slots=True)
class FriendName(FriendEvent):
    """A friend has a new name."""

    raw: bytes

    @property
    def name(self) -> str:
        """The name as text."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class FriendStatusMessage(FriendEvent):
    """A friend has a new status message."""

    raw: bytes

    @property
    def message(self) -> str:
        """The message as text."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class FriendStatus(FriendEvent):
    """A friend has a new status."""

    status: UserStatus


@dataclass(frozen=True, slots=True)
class FriendConnectionStatus(FriendEvent):
    """A friend came online, went offline, or is now connected in another way.

    Not called for a friend who is offline from the start, nor when we delete them.
    """

    connection_status: Connection


@dataclass(frozen=True, slots=True)
class FriendTyping(FriendEvent):
    """A friend started or stopped writing to us."""

    typing: bool


@dataclass(frozen=True, slots=True)
class FriendReadReceipt(FriendEvent):
    """A message arrived at the friend's client. Nothing is known about whether it was read."""

    message_id: int
    #: Its id, 16 bytes; None without extended messages.
    id: bytes | None = None


@dataclass(frozen=True, slots=True)
class FriendRequest(Event):
    """Somebody wants to be our friend; `friend_add_norequest` accepts."""

    #: The sender.
    public_key: PublicKey
    #: What they say.
    raw: bytes

    @property
    def message(self) -> str:
        """The message as text."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class FriendMessage(FriendEvent):
    """A friend sent a message."""

    type: MessageType
    raw: bytes
    #: Its id, 16 bytes; None without extended messages on both sides.
    id: bytes | None = None
    #: When it was sent by the friend's clock, in seconds since 1970; None likewise.
    sent: float | None = None
    #: Id of the message that it answers.
    reply_to: bytes | None = None

    @property
    def message(self) -> str:
        """The message as text."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class FileRecvControl(FileEvent):
    """A friend accepted, paused, resumed or cancelled a transfer.

    After CANCEL its number is no longer valid.
    """

    control: FileControl


@dataclass(frozen=True, slots=True)
class FileChunkRequest(FileEvent):
    """The next bytes of a file we send are needed; `file_send_chunk` sends them."""

    #: Where in the file they start: just behind the last request, unless the receiver seeked.
    position: int
    #: How many; 0 says that all has arrived, and that the number is free again.
    length: int


@dataclass(frozen=True, slots=True)
class FileRecv(FileEvent):
    """A friend offers a file; it waits until we accept or refuse with `file_control`.

    `accept_file` takes all of it.
    """

    #: See FileKind.
    kind: FileKind | int
    #: Bytes in the file; None if the sender does not know.
    file_size: int | None
    #: Suggested name, to be distrusted: it may contain anything.
    raw: bytes

    @property
    def filename(self) -> str:
        """The filename as text."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class FileRecvChunk(FileEvent):
    """Bytes of a file arrived, in order."""

    #: Where in the file they belong.
    position: int
    #: The bytes; no bytes at all say that the file is complete, and that its number is free again.
    data: bytes


@dataclass(frozen=True, slots=True)
class ConferenceInvite(FriendEvent):
    """A friend invites us to a conference."""

    #: Decides between `conference_join` (text) and `toxav_join_av_groupchat` (audio).
    type: ConferenceType
    #: What the joining function needs, to be copied if we join later.
    cookie: bytes


@dataclass(frozen=True, slots=True)
class ConferenceConnected(ConferenceEvent):
    """We are in the conference that we joined: messages can be sent now."""


@dataclass(frozen=True, slots=True)
class ConferenceMessage(ConferenceEvent):
    """A peer said something. Our own messages come back this way too."""

    peer_number: int
    type: MessageType
    raw: bytes

    @property
    def message(self) -> str:
        """The message as text."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class ConferenceTitle(ConferenceEvent):
    """A conference has a new title. With peer number UINT32_MAX it is the one that we got on joining."""

    peer_number: int
    raw: bytes

    @property
    def title(self) -> str:
        """The title as text."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class ConferencePeerName(ConferenceEvent):
    """A peer has a new name."""

    peer_number: int
    raw: bytes

    @property
    def name(self) -> str:
        """The name as text."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class ConferencePeerListChanged(ConferenceEvent):
    """Peers came or went: peer numbers that were read earlier are no longer valid."""


@dataclass(frozen=True, slots=True)
class FriendLossyPacket(FriendEvent):
    """A friend sent a lossy custom packet."""

    #: The packet, from the byte on that tells its kind.
    data: bytes


@dataclass(frozen=True, slots=True)
class FriendLosslessPacket(FriendEvent):
    """A friend sent a lossless custom packet."""

    #: The packet, from the byte on that tells its kind.
    data: bytes


@dataclass(frozen=True, slots=True)
class ToxavCall(FriendEvent):
    """A friend calls. Answer with `toxav_answer`, or refuse with CANCEL."""

    audio_enabled: bool
    video_enabled: bool


@dataclass(frozen=True, slots=True)
class ToxavCallState(FriendEvent):
    """What a friend does in a call has changed: `state` is made of the bits of FriendCallState."""

    state: FriendCallState


@dataclass(frozen=True, slots=True)
class ToxavAudioBitRate(FriendEvent):
    """The connection carries `audio_bit_rate` kilobits per second of our audio, fewer or more than before."""

    audio_bit_rate: int


@dataclass(frozen=True, slots=True)
class ToxavVideoBitRate(FriendEvent):
    """The connection carries `video_bit_rate` kilobits per second of our video, fewer or more than before."""

    video_bit_rate: int


@dataclass(frozen=True, slots=True)
class GroupPeerName(GroupEvent):
    """A peer has a new name."""

    peer_id: int
    raw: bytes

    @property
    def name(self) -> str:
        """The name as text."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class GroupPeerStatus(GroupEvent):
    """A peer has a new status."""

    peer_id: int
    status: UserStatus


@dataclass(frozen=True, slots=True)
class GroupTopic(GroupEvent):
    """The topic has changed."""

    #: Who set it; 0 if that peer is not in the group now.
    peer_id: int
    raw: bytes

    @property
    def topic(self) -> str:
        """The topic as text."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class GroupPrivacyState(GroupEvent):
    """The founder made the group public or private."""

    privacy_state: GroupPrivacy


@dataclass(frozen=True, slots=True)
class GroupVoiceState(GroupEvent):
    """The founder changed who may speak."""

    voice_state: GroupVoice


@dataclass(frozen=True, slots=True)
class GroupTopicLock(GroupEvent):
    """The founder locked or unlocked the topic."""

    topic_lock: GroupLock


@dataclass(frozen=True, slots=True)
class GroupPeerLimit(GroupEvent):
    """The founder changed how many peers the group may have."""

    peer_limit: int


@dataclass(frozen=True, slots=True)
class GroupPassword(GroupEvent):
    """The founder set, changed or (length 0) removed the password."""

    password: bytes


@dataclass(frozen=True, slots=True)
class GroupMessage(GroupEvent):
    """A peer said something to the whole group."""

    peer_id: int
    message_type: MessageType
    raw: bytes
    message_id: int

    @property
    def message(self) -> str:
        """The message as text."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class GroupPrivateMessage(GroupEvent):
    """A peer said something to us alone."""

    peer_id: int
    message_type: MessageType
    raw: bytes
    message_id: int

    @property
    def message(self) -> str:
        """The message as text."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class GroupCustomPacket(GroupEvent):
    """A peer sent a custom packet to the whole group."""

    peer_id: int
    data: bytes


@dataclass(frozen=True, slots=True)
class GroupCustomPrivatePacket(GroupEvent):
    """A peer sent a custom packet to us alone."""

    peer_id: int
    data: bytes


@dataclass(frozen=True, slots=True)
class GroupInvite(FriendEvent):
    """A friend invites us to a group."""

    #: To be kept, by copy, until it is given to `group_invite_accept`.
    invite_data: bytes
    raw: bytes

    @property
    def group_name(self) -> str:
        """The group name as text."""
        return to_text(self.raw)


@dataclass(frozen=True, slots=True)
class GroupPeerJoin(GroupEvent):
    """A peer came into the group."""

    peer_id: int


@dataclass(frozen=True, slots=True)
class GroupPeerExit(GroupEvent):
    """A peer, not ourselves, is gone from the group."""

    #: The ID it had; no function accepts it any longer.
    peer_id: int
    exit_type: GroupExitType
    #: The name it had.
    raw_name: bytes
    #: Its farewell; often empty.
    raw_part_message: bytes

    @property
    def name(self) -> str:
        """The name as text."""
        return to_text(self.raw_name)

    @property
    def part_message(self) -> str:
        """The part message as text."""
        return to_text(self.raw_part_message)


@dataclass(frozen=True, slots=True)
class GroupSelfJoin(GroupEvent):
    """We have come into a group: its name, topic and peers can be read now."""


@dataclass(frozen=True, slots=True)
class GroupJoinFail(GroupEvent):
    """We tried to join a group and were turned away."""

    fail_type: GroupJoinFailure


@dataclass(frozen=True, slots=True)
class GroupModeration(GroupEvent):
    """Somebody else moderated a peer, or a list of roles changed when the group was synchronised.

    If one of the two IDs is no peer of ours, read the roles of all peers anew.
    """

    #: Who did it.
    source_peer_id: int
    #: Whom it was done to.
    target_peer_id: int
    mod_type: GroupModEvent


@dataclass(frozen=True, slots=True)
class DhtNodesResponse(Event):
    """A DHT node named a node it knows; one call for each. Only after `report_dht_nodes()`."""

    public_key: PublicKey
    #: Its IP address as text.
    ip: str
    port: int


@dataclass(frozen=True, slots=True)
class FriendHandshakeDowngrade(FriendEvent):
    """A pinned friend, or somebody who poses as that friend, tried the old handshake and was refused.

    Told at most once an hour for each friend. It is no event of `events_iterate`.
    """


#: How each is made from the event of the core.
_CONVERTERS: dict[type[ev.Event], Callable[[Any], Event]] = {
    ev.SelfConnectionStatus: lambda e: SelfConnectionStatus(Connection(e.connection_status)),
    ev.FriendName: lambda e: FriendName(e.friend_number, e.name),
    ev.FriendStatusMessage: lambda e: FriendStatusMessage(e.friend_number, e.message),
    ev.FriendStatus: lambda e: FriendStatus(e.friend_number, UserStatus(e.status)),
    ev.FriendConnectionStatus: lambda e: FriendConnectionStatus(
        e.friend_number, Connection(e.connection_status)
    ),
    ev.FriendTyping: lambda e: FriendTyping(e.friend_number, e.typing),
    ev.FriendReadReceipt: lambda e: FriendReadReceipt(e.friend_number, e.message_id),
    ev.FriendRequest: lambda e: FriendRequest(PublicKey(e.public_key), e.message),
    ev.FriendMessage: lambda e: FriendMessage(e.friend_number, MessageType(e.type), e.message),
    ev.FileRecvControl: lambda e: FileRecvControl(e.friend_number, e.file_number, FileControl(e.control)),
    ev.FileChunkRequest: lambda e: FileChunkRequest(e.friend_number, e.file_number, e.position, e.length),
    ev.FileRecv: lambda e: FileRecv(
        e.friend_number,
        e.file_number,
        _open(FileKind, e.kind),
        None if e.file_size == _UINT64_MAX else e.file_size,
        e.filename,
    ),
    ev.FileRecvChunk: lambda e: FileRecvChunk(e.friend_number, e.file_number, e.position, e.data),
    ev.ConferenceInvite: lambda e: ConferenceInvite(e.friend_number, ConferenceType(e.type), e.cookie),
    ev.ConferenceConnected: lambda e: ConferenceConnected(e.conference_number),
    ev.ConferenceMessage: lambda e: ConferenceMessage(
        e.conference_number, e.peer_number, MessageType(e.type), e.message
    ),
    ev.ConferenceTitle: lambda e: ConferenceTitle(e.conference_number, e.peer_number, e.title),
    ev.ConferencePeerName: lambda e: ConferencePeerName(e.conference_number, e.peer_number, e.name),
    ev.ConferencePeerListChanged: lambda e: ConferencePeerListChanged(e.conference_number),
    ev.FriendLossyPacket: lambda e: FriendLossyPacket(e.friend_number, e.data),
    ev.FriendLosslessPacket: lambda e: FriendLosslessPacket(e.friend_number, e.data),
    ev.ToxavCall: lambda e: ToxavCall(e.friend_number, e.audio_enabled, e.video_enabled),
    ev.ToxavCallState: lambda e: ToxavCallState(e.friend_number, FriendCallState(e.state)),
    ev.ToxavAudioBitRate: lambda e: ToxavAudioBitRate(e.friend_number, e.audio_bit_rate),
    ev.ToxavVideoBitRate: lambda e: ToxavVideoBitRate(e.friend_number, e.video_bit_rate),
    ev.GroupPeerName: lambda e: GroupPeerName(e.group_number, e.peer_id, e.name),
    ev.GroupPeerStatus: lambda e: GroupPeerStatus(e.group_number, e.peer_id, UserStatus(e.status)),
    ev.GroupTopic: lambda e: GroupTopic(e.group_number, e.peer_id, e.topic),
    ev.GroupPrivacyState: lambda e: GroupPrivacyState(e.group_number, GroupPrivacy(e.privacy_state)),
    ev.GroupVoiceState: lambda e: GroupVoiceState(e.group_number, GroupVoice(e.voice_state)),
    ev.GroupTopicLock: lambda e: GroupTopicLock(e.group_number, GroupLock(e.topic_lock)),
    ev.GroupPeerLimit: lambda e: GroupPeerLimit(e.group_number, e.peer_limit),
    ev.GroupPassword: lambda e: GroupPassword(e.group_number, e.password),
    ev.GroupMessage: lambda e: GroupMessage(
        e.group_number, e.peer_id, MessageType(e.message_type), e.message, e.message_id
    ),
    ev.GroupPrivateMessage: lambda e: GroupPrivateMessage(
        e.group_number, e.peer_id, MessageType(e.message_type), e.message, e.message_id
    ),
    ev.GroupCustomPacket: lambda e: GroupCustomPacket(e.group_number, e.peer_id, e.data),
    ev.GroupCustomPrivatePacket: lambda e: GroupCustomPrivatePacket(e.group_number, e.peer_id, e.data),
    ev.GroupInvite: lambda e: GroupInvite(e.friend_number, e.invite_data, e.group_name),
    ev.GroupPeerJoin: lambda e: GroupPeerJoin(e.group_number, e.peer_id),
    ev.GroupPeerExit: lambda e: GroupPeerExit(
        e.group_number, e.peer_id, GroupExitType(e.exit_type), e.name, e.part_message
    ),
    ev.GroupSelfJoin: lambda e: GroupSelfJoin(e.group_number),
    ev.GroupJoinFail: lambda e: GroupJoinFail(e.group_number, GroupJoinFailure(e.fail_type)),
    ev.GroupModeration: lambda e: GroupModeration(
        e.group_number, e.source_peer_id, e.target_peer_id, GroupModEvent(e.mod_type)
    ),
    ev.DhtNodesResponse: lambda e: DhtNodesResponse(PublicKey(e.public_key), e.ip.decode(), e.port),
    ev.FriendHandshakeDowngrade: lambda e: FriendHandshakeDowngrade(e.friend_number),
}


def from_core(event: Any) -> Any:
    """The typed form of an event of the core; what the header does not know stays as it is."""
    convert = _CONVERTERS.get(type(event))
    return event if convert is None else convert(event)
