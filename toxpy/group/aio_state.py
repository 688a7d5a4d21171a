"""What a group shows in asyncio: its members, what they say, and its settings."""

from __future__ import annotations

from dataclasses import dataclass, replace

from toxpy.aio_part import AioPart
from toxpy.errors import ToxError
from toxpy.generated.typed_enums import (
    Connection,
    GroupLock,
    GroupPrivacy,
    GroupRole,
    GroupVoice,
    MessageType,
    UserStatus,
)
from toxpy.generated.typed_events import GroupEvent, GroupPeerExit, GroupPeerJoin, GroupPeerName, to_text
from toxpy.ids import PublicKey
from toxpy.tox import Tox

#: Stands for the key of somebody who came, spoke and left between two passes.
_NO_KEY = PublicKey(bytes(32))


@dataclass(frozen=True, slots=True)
class GroupPeer:
    """A member of a group, at the moment of asking."""

    number: int
    name: str
    #: The same as long as it is in the group, also after a restart; it has nothing to do with a Tox ID.
    public_key: PublicKey
    role: GroupRole = GroupRole.USER
    status: UserStatus = UserStatus.NONE
    connection: Connection = Connection.NONE
    ours: bool = False


@dataclass(frozen=True, slots=True)
class HeardGroupMessage:
    """What a member said."""

    peer: GroupPeer
    type: MessageType
    raw: bytes
    #: The same for all who got it.
    message_id: int
    #: True if it was said to us alone.
    private: bool = False

    @property
    def text(self) -> str:
        """The message as text."""
        return to_text(self.raw)


def look(sync: Tox, group_number: int, number: int) -> GroupPeer:
    place = group_number, number
    return GroupPeer(
        number,
        sync.group_peer_get_name(*place),
        sync.group_peer_get_public_key(*place),
        sync.group_peer_get_role(*place),
        sync.group_peer_get_status(*place),
        sync.group_peer_get_connection_status(*place),
        number == sync.group_self_get_peer_id(group_number),
    )


class Members:
    """Who was who when something happened, while events come that are older than the state."""

    __slots__ = ("_by_number", "_number", "chat_id")

    def __init__(self, sync: Tox, number: int) -> None:
        self._number = number
        self.chat_id = sync.group_get_chat_id(number)
        self._by_number = {peer: look(sync, number, peer) for peer in sync.group_peer_ids(number)}

    def take(self, sync: Tox, event: GroupEvent) -> None:
        """The next event."""
        members = self._by_number
        if isinstance(event, GroupPeerJoin):
            members[event.peer_id] = self._find(sync, event.peer_id) or _nobody(event.peer_id)
        elif isinstance(event, GroupPeerExit):
            members.pop(event.peer_id, None)
        elif isinstance(event, GroupPeerName) and event.peer_id in members:
            members[event.peer_id] = replace(members[event.peer_id], name=event.name)

    def who(self, sync: Tox, number: int) -> GroupPeer:
        """Who has that number in the events of this moment."""
        was, now = self._by_number.get(number), self._find(sync, number)
        if was is None:
            return now or _nobody(number)
        if now is not None and now.public_key == was.public_key:
            # the name may be newer than the event
            return replace(now, name=was.name)
        return was

    def _find(self, sync: Tox, number: int) -> GroupPeer | None:
        try:
            return look(sync, self._number, number)
        except ToxError:
            return None


def _nobody(number: int) -> GroupPeer:
    return GroupPeer(number, "", _NO_KEY)


class GroupSettings:
    """What the founder of a group may set, by assigning; for others a ToxError PERMISSIONS."""

    __slots__ = ("_number", "_tox")

    def __init__(self, tox: AioPart, number: int) -> None:
        self._tox = tox
        self._number = number

    @property
    def password(self) -> str:
        """The password, at most 32 bytes; empty for none."""
        return self._tox.sync.group_get_password(self._number)

    @password.setter
    def password(self, password: str | bytes) -> None:
        self._tox.call("group_set_password", self._number, password)

    @property
    def peer_limit(self) -> int:
        """How many members there may be; those above it stay."""
        return self._tox.sync.group_get_peer_limit(self._number)

    @peer_limit.setter
    def peer_limit(self, limit: int) -> None:
        self._tox.call("group_set_peer_limit", self._number, limit)

    @property
    def privacy(self) -> GroupPrivacy:
        """Public: whoever has the chat ID can join. Private: friends are invited."""
        return self._tox.sync.group_get_privacy_state(self._number)

    @privacy.setter
    def privacy(self, privacy: GroupPrivacy | int) -> None:
        self._tox.call("group_set_privacy_state", self._number, privacy)

    @property
    def topic_lock(self) -> GroupLock:
        """Locked: only moderators and the founder set the topic."""
        return self._tox.sync.group_get_topic_lock(self._number)

    @topic_lock.setter
    def topic_lock(self, lock: GroupLock | int) -> None:
        self._tox.call("group_set_topic_lock", self._number, lock)

    @property
    def voice(self) -> GroupVoice:
        """Who may speak."""
        return self._tox.sync.group_get_voice_state(self._number)

    @voice.setter
    def voice(self, voice: GroupVoice | int) -> None:
        self._tox.call("group_set_voice_state", self._number, voice)

    def __repr__(self) -> str:
        names = ("privacy", "peer_limit", "topic_lock", "voice")
        return f"<GroupSettings {' '.join(f'{name}={getattr(self, name)!s}' for name in names)}>"
