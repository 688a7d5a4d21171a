"""The groups' parts of `Tox`: the functions of the C API. See `toxpy.group.groups`."""

from __future__ import annotations

from typing import Any, NamedTuple

from toxpy.arguments import U32_MAX, as_bytes, as_flag, as_id, as_number, as_range, as_text
from toxpy.generated import events as ev
from toxpy.generated.typed_enums import (
    Connection,
    GroupLock,
    GroupPrivacy,
    GroupRole,
    GroupVoice,
    MessageType,
    UserStatus,
)
from toxpy.generated.typed_events import to_text
from toxpy.ids import PublicKey
from toxpy.tox_part import ToxPart

#: Events after which the savedata has something new.
_WORTH_SAVING = {
    ev.GroupSelfJoin,
    ev.GroupPeerJoin,
    ev.GroupTopic,
    ev.GroupModeration,
    ev.GroupPassword,
    ev.GroupPeerLimit,
    ev.GroupPrivacyState,
    ev.GroupTopicLock,
    ev.GroupVoiceState,
}
_CHAT_ID = "chat ID"


class GroupSearch(NamedTuple):
    """How far the way into a group is."""

    #: members of whom we heard, or know from the save
    found: int
    #: those of them that answered
    answered: int
    #: members that we try to reach now
    unmet: int
    #: True once one of them let us in
    joined: bool


def _group(number: int) -> int:
    return as_number(number, "a group number")


def _peer(number: int) -> int:
    return as_range(number, "a peer number", U32_MAX)


class GroupTox(ToxPart):
    """Part of `Tox`: groups, and what we are and say in one."""

    def _takes(self, event: Any) -> bool:
        if type(event) in _WORTH_SAVING:
            self._changed()
        return super()._takes(event)

    def group_new(self, name: str | bytes, own_name: str | bytes, privacy: GroupPrivacy | int) -> int:
        """Found a group of that name; its number."""
        names = as_text(name, "a group's name"), as_text(own_name, "a name")
        number = self.core.groups.group_new(GroupPrivacy(privacy).value, *names)
        self._changed()
        return number

    def group_join(self, chat_id: str | bytes, own_name: str | bytes, password: str | bytes = b"") -> int:
        """Look for the members of a public group, by its chat ID of 32 bytes or 64 hex digits; its number.

        `GroupSelfJoin` says that we are in.
        """
        name, secret = as_text(own_name, "a name"), as_text(password, "a password")
        number = self.core.groups.group_join(as_id(chat_id, _CHAT_ID), name, secret)
        self._changed()
        return number

    def group_is_connected(self, group_number: int) -> bool:
        """True if the group has members, or we look for them."""
        return self.core.groups.group_is_connected(_group(group_number))

    def group_disconnect(self, group_number: int) -> None:
        """Part from the members for a while."""
        self.core.groups.group_disconnect(_group(group_number))
        self._changed()

    def group_reconnect(self, group_number: int) -> None:
        """Look for the members again."""
        self.core.groups.group_reconnect(_group(group_number))
        self._changed()

    def group_leave(self, group_number: int, part_message: str | bytes = b"") -> None:
        """Leave a group for good, with a farewell of at most 128 bytes."""
        try:
            farewell = as_text(part_message, "a farewell")
            self.core.groups.group_leave(_group(group_number), farewell)
        finally:
            self._changed()

    def group_invite_friend(self, group_number: int, friend_number: int) -> None:
        """Invite a friend who is online."""
        self.core.groups.group_invite_friend(_group(group_number), as_number(friend_number))

    def group_invite_accept(
        self, friend_number: int, invite_data: bytes, own_name: str | bytes, password: str | bytes = b""
    ) -> int:
        """Accept a `GroupInvite`; the group's number."""
        data, name = as_bytes(invite_data, "the data of an invitation"), as_text(own_name, "a name")
        secret = as_text(password, "a password")
        number = self.core.groups.group_invite_accept(as_number(friend_number), data, name, secret)
        self._changed()
        return number

    def group_by_id(self, chat_id: str | bytes) -> int:
        """The number of the group with that chat ID, of 32 bytes or 64 hex digits."""
        return self.core.groups.group_by_id(as_id(chat_id, _CHAT_ID))

    def group_get_group_list(self) -> list[int]:
        """The numbers of all groups."""
        return self.core.groups.group_get_group_list()

    # ourselves

    def group_self_set_name(self, group_number: int, name: str | bytes) -> None:
        """Our name in a group, 1 to 128 bytes of UTF-8."""
        raw = as_text(name, "a name")
        self.core.groups.group_self_set_name(_group(group_number), raw)
        self._changed()

    def group_self_set_status(self, group_number: int, status: UserStatus | int) -> None:
        """Our status in a group."""
        self.core.groups.group_self_set_status(_group(group_number), UserStatus(status).value)
        self._changed()

    def group_self_get_name(self, group_number: int) -> str:
        """Our name in a group."""
        return to_text(self.core.groups.group_self_get_name(_group(group_number)))

    def group_self_get_status(self, group_number: int) -> UserStatus:
        """Our status in a group."""
        return UserStatus(self.core.groups.group_self_get_status(_group(group_number)))

    def group_self_get_role(self, group_number: int) -> GroupRole:
        """Our role."""
        return GroupRole(self.core.groups.group_self_get_role(_group(group_number)))

    def group_self_get_peer_id(self, group_number: int) -> int:
        """Our number among the members."""
        return self.core.groups.group_self_get_peer_id(_group(group_number))

    def group_self_get_public_key(self, group_number: int) -> PublicKey:
        """Our key in a group, which has nothing to do with our Tox ID."""
        return PublicKey(self.core.groups.group_self_get_public_key(_group(group_number)))

    # what is said

    def group_send_message(
        self, group_number: int, message: str | bytes, type: MessageType | int = MessageType.NORMAL
    ) -> int:
        """Say something to all, at most 1372 bytes of UTF-8; the ID of the message."""
        raw = as_text(message, "a message")
        return self.core.groups.group_send_message(_group(group_number), MessageType(type).value, raw)

    def group_send_private_message(
        self,
        group_number: int,
        peer_id: int,
        message: str | bytes,
        type: MessageType | int = MessageType.NORMAL,
    ) -> int:
        """Say something to one member, at most 1367 bytes of UTF-8; the ID of the message."""
        place, raw = (_group(group_number), _peer(peer_id)), as_text(message, "a message")
        return self.core.groups.group_send_private_message(*place, MessageType(type).value, raw)

    def group_send_custom_packet(self, group_number: int, data: bytes, *, lossless: bool = True) -> None:
        """A packet of the program's own to all, at most 1373 bytes."""
        raw = as_bytes(data, "a packet")
        self.core.groups.group_send_custom_packet(_group(group_number), as_flag(lossless, "lossless"), raw)

    def group_send_custom_private_packet(
        self, group_number: int, peer_id: int, data: bytes, *, lossless: bool = True
    ) -> None:
        """A packet of the program's own to one member, at most 1373 bytes."""
        place, raw = (_group(group_number), _peer(peer_id)), as_bytes(data, "a packet")
        self.core.groups.group_send_custom_private_packet(*place, as_flag(lossless, "lossless"), raw)


class GroupStateTox(ToxPart):
    """Part of `Tox`: what all members of a group agree on."""

    def group_get_topic(self, group_number: int) -> str:
        """The topic."""
        return to_text(self.core.group_state.group_get_topic(_group(group_number)))

    def group_get_name(self, group_number: int) -> str:
        """The name of the group; empty before we are in."""
        return to_text(self.core.group_state.group_get_name(_group(group_number)))

    def group_get_chat_id(self, group_number: int) -> bytes:
        """The chat ID, 32 bytes."""
        return self.core.group_state.group_get_chat_id(_group(group_number))

    def group_get_privacy_state(self, group_number: int) -> GroupPrivacy:
        """Public or private."""
        return GroupPrivacy(self.core.group_state.group_get_privacy_state(_group(group_number)))

    def group_get_voice_state(self, group_number: int) -> GroupVoice:
        """Who may speak."""
        return GroupVoice(self.core.group_state.group_get_voice_state(_group(group_number)))

    def group_get_topic_lock(self, group_number: int) -> GroupLock:
        """Who may set the topic."""
        return GroupLock(self.core.group_state.group_get_topic_lock(_group(group_number)))

    def group_get_peer_limit(self, group_number: int) -> int:
        """How many members there may be."""
        return self.core.group_state.group_get_peer_limit(_group(group_number))

    def group_get_password(self, group_number: int) -> str:
        """The password; empty for none."""
        return to_text(self.core.group_state.group_get_password(_group(group_number)))

    def group_set_topic(self, group_number: int, topic: str | bytes) -> None:
        """Set the topic, at most 512 bytes of UTF-8."""
        raw = as_text(topic, "a topic")
        self.core.group_state.group_set_topic(_group(group_number), raw)
        self._changed()

    def group_set_password(self, group_number: int, password: str | bytes) -> None:
        """As founder: let only those in who know it, at most 32 bytes; empty for all."""
        raw = as_text(password, "a password")
        self.core.group_state.group_set_password(_group(group_number), raw)
        self._changed()

    def group_set_topic_lock(self, group_number: int, lock: GroupLock | int) -> None:
        """As founder: who may set the topic."""
        self.core.group_state.group_set_topic_lock(_group(group_number), GroupLock(lock).value)
        self._changed()

    def group_set_voice_state(self, group_number: int, voice: GroupVoice | int) -> None:
        """As founder: who may speak."""
        self.core.group_state.group_set_voice_state(_group(group_number), GroupVoice(voice).value)
        self._changed()

    def group_set_privacy_state(self, group_number: int, privacy: GroupPrivacy | int) -> None:
        """As founder: public or private."""
        self.core.group_state.group_set_privacy_state(_group(group_number), GroupPrivacy(privacy).value)
        self._changed()

    def group_set_peer_limit(self, group_number: int, limit: int) -> None:
        """As founder: how many members there may be; those above it stay."""
        count = as_range(limit, "a limit of peers", 0xFFFF)
        self.core.group_state.group_set_peer_limit(_group(group_number), count)
        self._changed()


class GroupPeersTox(ToxPart):
    """Part of `Tox`: the members of a group."""

    def group_search(self, group_number: int) -> GroupSearch:
        """How far the way into a group is."""
        return GroupSearch(*self.core.group_state.group_search(_group(group_number)))

    def group_peer_ids(self, group_number: int) -> list[int]:
        """The numbers of the members that we see, ascending; ours is the first."""
        return self.core.group_state.group_peer_ids(_group(group_number))

    def group_peer_of_friend(self, group_number: int, friend_number: int) -> PublicKey | None:
        """The key in the group of a friend who accepted our invitation, or whose we accepted; None: unknown.

        Saves keep it together with groups. By nothing else can anybody tell which member a friend is.
        """
        place = _group(group_number), as_number(friend_number)
        key = self.core.group_state.group_peer_of_friend(*place)
        return None if key is None else PublicKey(key)

    def group_peer_get_name(self, group_number: int, peer_id: int) -> str:
        """A member's name."""
        return to_text(self.core.group_state.group_peer_get_name(_group(group_number), _peer(peer_id)))

    def group_peer_get_status(self, group_number: int, peer_id: int) -> UserStatus:
        """A member's status."""
        place = _group(group_number), _peer(peer_id)
        return UserStatus(self.core.group_state.group_peer_get_status(*place))

    def group_peer_get_role(self, group_number: int, peer_id: int) -> GroupRole:
        """A member's role."""
        return GroupRole(self.core.group_state.group_peer_get_role(_group(group_number), _peer(peer_id)))

    def group_peer_get_connection_status(self, group_number: int, peer_id: int) -> Connection:
        """How a member is reached."""
        place = _group(group_number), _peer(peer_id)
        return Connection(self.core.group_state.group_peer_get_connection_status(*place))

    def group_peer_get_public_key(self, group_number: int, peer_id: int) -> PublicKey:
        """The key by which a member is known again."""
        place = _group(group_number), _peer(peer_id)
        return PublicKey(self.core.group_state.group_peer_get_public_key(*place))

    def group_peer_get_ip_address(self, group_number: int, peer_id: int) -> str:
        """A member's IP as text, "-" where there is none."""
        place = _group(group_number), _peer(peer_id)
        return self.core.group_state.group_peer_get_ip_address(*place).decode()

    def group_set_ignore(self, group_number: int, peer_id: int, ignore: bool) -> None:
        """Hear no messages of a member, or hear them again."""
        self.core.group_state.group_set_ignore(
            _group(group_number), _peer(peer_id), as_flag(ignore, "ignore")
        )

    def group_set_role(self, group_number: int, peer_id: int, role: GroupRole | int) -> None:
        """Make a member a moderator, a user or an observer."""
        place = _group(group_number), _peer(peer_id)
        self.core.group_state.group_set_role(*place, GroupRole(role).value)
        self._changed()

    def group_kick_peer(self, group_number: int, peer_id: int) -> None:
        """Send a member away; it is no ban."""
        self.core.group_state.group_kick_peer(_group(group_number), _peer(peer_id))
