"""The functions tox_group_*, in two parts: groups, and what is in one. See `toxpy.group.groups`."""

from __future__ import annotations

from toxpy.errors import api_error
from toxpy.generated import enums
from toxpy.group.lazy import shared
from toxpy.system.sockets import ip_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.friend.layers import Layers
    from toxpy.group.groups import GroupEntry
    from toxpy.group.peers import Peer

CHAT_ID_SIZE = enums.TOX_GROUP_CHAT_ID_SIZE
_MAX_NAME = enums.TOX_MAX_NAME_LENGTH
_MAX_PASSWORD = enums.TOX_GROUP_MAX_PASSWORD_SIZE
#: Our own number in each group.
OWN_NUMBER = 0
_PEER_QUERY = "TOX_ERR_GROUP_PEER_QUERY_"
#: What stands for an address that there is none of. As in c-toxcore.
NO_ADDRESS = b"-"


def _check_names(prefix: str, own_name: bytes) -> None:
    if len(own_name) > _MAX_NAME:
        raise api_error(prefix + "TOO_LONG")
    if not own_name:
        raise api_error(prefix + "EMPTY")


class _Part:
    """What both parts have in common."""

    __slots__ = ("_layers", "capability")

    def __init__(self, layers: Layers) -> None:
        self.capability = shared(layers)
        self._layers = layers

    def _find(self, number: int, prefix: str) -> GroupEntry:
        entry = self.capability.find(number)
        if entry is None:
            raise api_error(prefix + "GROUP_NOT_FOUND")
        return entry


class GroupCore(_Part):
    """Founding, joining and leaving groups, invitations, and what we are and say in a group."""

    __slots__ = ()

    def group_new(self, privacy_state: int, group_name: bytes | None, name: bytes | None) -> int:
        """Found a group: its number."""
        prefix, group_name, name = "TOX_ERR_GROUP_NEW_", group_name or b"", name or b""
        if len(group_name) > enums.TOX_GROUP_MAX_GROUP_NAME_LENGTH or len(name) > _MAX_NAME:
            raise api_error(prefix + "TOO_LONG")
        if not group_name or not name:
            raise api_error(prefix + "EMPTY")
        if not 0 <= privacy_state <= enums.TOX_GROUP_PRIVACY_STATE_PRIVATE:
            raise api_error(prefix + "STATE")
        self._layers.rt.clock.update()
        return self.capability.get().new(group_name, privacy_state, name).group.number

    def group_join(self, chat_id: bytes | None, name: bytes | None, password: bytes | None) -> int:
        """Join a public group, or come back into one that we have: its number."""
        prefix, name, password = "TOX_ERR_GROUP_JOIN_", name or b"", password or b""
        if chat_id is None:
            raise api_error(prefix + "BAD_CHAT_ID")
        _check_names(prefix, name)
        self._layers.rt.clock.update()
        known = self.capability.get().by_id(chat_id)
        if len(password) > _MAX_PASSWORD:
            raise api_error(prefix + "PASSWORD")
        if known is not None:
            known.come_in(password)
            return known.number
        entry = self.capability.get().join(chat_id, name, password)
        if entry is None:
            raise api_error(prefix + "INIT", "no group has that chat ID: a digit was mistyped or lost")
        return entry.group.number

    def group_is_connected(self, group_number: int) -> bool:
        """True also while we look for members."""
        group = self._find(group_number, "TOX_ERR_GROUP_IS_CONNECTED_").group
        return group.is_in_use

    def group_disconnect(self, group_number: int) -> bool:
        """Part from all members for a while."""
        group = self._find(group_number, "TOX_ERR_GROUP_DISCONNECT_").group
        if not group.is_in_use:
            raise api_error("TOX_ERR_GROUP_DISCONNECT_ALREADY_DISCONNECTED")
        self._layers.rt.clock.update()
        group.disconnect()
        return True

    def group_reconnect(self, group_number: int) -> bool:
        """Part from all members, if there are any, and look for them again."""
        group = self._find(group_number, "TOX_ERR_GROUP_RECONNECT_").group
        self._layers.rt.clock.update()
        if group.is_in_use:
            group.disconnect()
        group.begin()
        return True

    def group_leave(self, group_number: int, part_message: bytes | None) -> bool:
        """Leave for good; the group is gone also when the others could not be told."""
        prefix, part_message = "TOX_ERR_GROUP_LEAVE_", part_message or b""
        entry = self._find(group_number, prefix)
        self._layers.rt.clock.update()
        too_long = len(part_message) > enums.TOX_GROUP_MAX_PART_LENGTH
        self.capability.get().leave(entry, b"" if too_long else part_message)
        if too_long:
            raise api_error(prefix + "TOO_LONG")
        return True

    def group_invite_friend(self, group_number: int, friend_number: int) -> bool:
        """Invite a friend who is online."""
        prefix = "TOX_ERR_GROUP_INVITE_FRIEND_"
        group = self._find(group_number, prefix).group
        if not group.is_in_use:
            raise api_error(prefix + "DISCONNECTED")
        friend = self._layers.messenger.friend(friend_number)
        if friend is None:
            raise api_error(prefix + "FRIEND_NOT_FOUND")
        self._layers.rt.converse()
        self.capability.get().invites.invite(group, friend)
        return True

    def group_invite_accept(
        self, friend_number: int, invite_data: bytes | None, name: bytes | None, password: bytes | None
    ) -> int:
        """Come in by the data of an invitation: the number of the group."""
        prefix, name, password = "TOX_ERR_GROUP_INVITE_ACCEPT_", name or b"", password or b""
        if invite_data is None:
            raise api_error(prefix + "NULL")
        if len(invite_data) < CHAT_ID_SIZE + enums.TOX_GROUP_PEER_PUBLIC_KEY_SIZE:
            raise api_error(prefix + "BAD_INVITE")
        _check_names(prefix, name)
        friend = self._layers.messenger.friend(friend_number)
        if friend is None:
            raise api_error(prefix + "FRIEND_NOT_FOUND")
        if len(password) > _MAX_PASSWORD:
            raise api_error(prefix + "PASSWORD")
        self._layers.rt.converse()
        chat_id, enc_pk = invite_data[:CHAT_ID_SIZE], invite_data[CHAT_ID_SIZE:][:32]
        entry = self.capability.get().accept(friend, chat_id, enc_pk, name, password)
        if entry is None:
            raise api_error(prefix + "INIT_FAILED")
        return entry.group.number

    def group_by_id(self, chat_id: bytes | None) -> int:
        """The number of the group with that chat id."""
        if chat_id is None:
            raise api_error("TOX_ERR_GROUP_BY_ID_NULL")
        for entry in self.capability.all():
            if entry.group.state.chat.sig == chat_id:
                return entry.group.number
        raise api_error("TOX_ERR_GROUP_BY_ID_NOT_FOUND")

    def group_get_group_list(self) -> list[int]:
        """The numbers of all groups, ascending."""
        return [entry.group.number for entry in self.capability.all()]

    def group_get_number_groups(self) -> int:
        """How many there are."""
        return len(self.capability.all())

    # ourselves

    def group_self_set_name(self, group_number: int, name: bytes | None) -> bool:
        """Our name in the group."""
        talk = self._find(group_number, "TOX_ERR_GROUP_SELF_NAME_SET_").talk
        self._layers.rt.converse()
        talk.set_name(name or b"")
        return True

    def group_self_set_status(self, group_number: int, status: int) -> bool:
        """Our status in the group."""
        talk = self._find(group_number, "TOX_ERR_GROUP_SELF_STATUS_SET_").talk
        self._layers.rt.converse()
        talk.set_status(status)
        return True

    def _own(self, group_number: int) -> GroupEntry:
        return self._find(group_number, "TOX_ERR_GROUP_SELF_QUERY_")

    def group_self_get_name(self, group_number: int) -> bytes:
        """Our name in the group."""
        return self._own(group_number).group.name

    def group_self_get_status(self, group_number: int) -> int:
        """Our status in the group."""
        return self._own(group_number).group.status

    def group_self_get_role(self, group_number: int) -> int:
        """Our role."""
        return self._own(group_number).group.state.own_role

    def group_self_get_peer_id(self, group_number: int) -> int:
        """Our number, which is 0."""
        self._own(group_number)
        return OWN_NUMBER

    def group_self_get_public_key(self, group_number: int) -> bytes:
        """Our key in the group."""
        return self._own(group_number).group.state.keys.public.enc

    # what is said

    def group_send_message(self, group_number: int, message_type: int, message: bytes | None) -> int:
        """To all: the id that all see."""
        talk = self._find(group_number, "TOX_ERR_GROUP_SEND_MESSAGE_").talk
        self._layers.rt.converse()
        return talk.send_message(message_type, message or b"")

    def group_send_private_message(
        self, group_number: int, peer_id: int, message_type: int, message: bytes | None
    ) -> int:
        """To one member."""
        talk = self._find(group_number, "TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_").talk
        self._layers.rt.converse()
        return talk.send_private_message(peer_id, message_type, message or b"")

    def group_send_custom_packet(self, group_number: int, lossless: bool, data: bytes | None) -> bool:
        """To all."""
        talk = self._find(group_number, "TOX_ERR_GROUP_SEND_CUSTOM_PACKET_").talk
        self._layers.rt.converse()
        talk.send_custom_packet(lossless, data or b"")
        return True

    def group_send_custom_private_packet(
        self, group_number: int, peer_id: int, lossless: bool, data: bytes | None
    ) -> bool:
        """To one member."""
        talk = self._find(group_number, "TOX_ERR_GROUP_SEND_CUSTOM_PRIVATE_PACKET_").talk
        self._layers.rt.converse()
        talk.send_custom_private_packet(peer_id, lossless, data or b"")
        return True

    def group_waiting(self, group_number: int) -> int:
        """Packets that members who are here are not known to have."""
        sessions = [
            peer.session
            for peer in self._find(group_number, "TOX_ERR_GROUP_STATE_QUERY_").group.peers.confirmed()
        ]
        channels = [session.channel for session in sessions if session is not None]
        return sum(channel.waiting() for channel in channels if channel is not None)


class GroupStateCore(_Part):
    """What all members of a group agree on, and the members."""

    __slots__ = ()

    def _query(self, group_number: int) -> GroupEntry:
        return self._find(group_number, "TOX_ERR_GROUP_STATE_QUERY_")

    def group_get_topic(self, group_number: int) -> bytes:
        """The topic."""
        return self._query(group_number).group.state.topics.topic.text

    def group_get_name(self, group_number: int) -> bytes:
        """The name of the group."""
        return self._query(group_number).group.state.shared.name

    def group_get_chat_id(self, group_number: int) -> bytes:
        """The chat id."""
        return self._query(group_number).group.state.chat.sig

    def group_get_privacy_state(self, group_number: int) -> int:
        """Public or private."""
        return self._query(group_number).group.state.shared.privacy

    def group_get_voice_state(self, group_number: int) -> int:
        """Who may speak."""
        return self._query(group_number).group.state.shared.voice

    def group_get_topic_lock(self, group_number: int) -> int:
        """Who may set the topic."""
        locked = self._query(group_number).group.state.shared.topic_is_locked
        return enums.TOX_GROUP_TOPIC_LOCK_ENABLED if locked else enums.TOX_GROUP_TOPIC_LOCK_DISABLED

    def group_get_peer_limit(self, group_number: int) -> int:
        """How many members there may be."""
        return self._query(group_number).group.state.shared.peer_limit

    def group_get_password(self, group_number: int) -> bytes:
        """The password, b"" for none."""
        return self._query(group_number).group.state.shared.password

    def group_set_topic(self, group_number: int, topic: bytes | None) -> bool:
        """Set the topic."""
        talk = self._find(group_number, "TOX_ERR_GROUP_TOPIC_SET_").talk
        self._layers.rt.converse()
        talk.set_topic(topic or b"")
        return True

    def group_set_password(self, group_number: int, password: bytes | None) -> bool:
        """Let only those in who know it."""
        talk = self._find(group_number, "TOX_ERR_GROUP_SET_PASSWORD_").talk
        self._layers.rt.converse()
        talk.set_password(password or b"")
        return True

    def group_set_topic_lock(self, group_number: int, topic_lock: int) -> bool:
        """Let only moderators set the topic, or everybody."""
        talk = self._find(group_number, "TOX_ERR_GROUP_SET_TOPIC_LOCK_").talk
        self._layers.rt.converse()
        talk.set_topic_lock(topic_lock)
        return True

    def group_set_voice_state(self, group_number: int, voice_state: int) -> bool:
        """Who may speak."""
        talk = self._find(group_number, "TOX_ERR_GROUP_SET_VOICE_STATE_").talk
        self._layers.rt.converse()
        talk.set_voice_state(voice_state)
        return True

    def group_set_privacy_state(self, group_number: int, privacy_state: int) -> bool:
        """Public or private."""
        talk = self._find(group_number, "TOX_ERR_GROUP_SET_PRIVACY_STATE_").talk
        self._layers.rt.converse()
        talk.set_privacy_state(privacy_state)
        return True

    def group_set_peer_limit(self, group_number: int, peer_limit: int) -> bool:
        """How many members there may be."""
        talk = self._find(group_number, "TOX_ERR_GROUP_SET_PEER_LIMIT_").talk
        self._layers.rt.converse()
        talk.set_peer_limit(peer_limit)
        return True

    # members

    def group_search(self, group_number: int) -> tuple[int, int, int, bool]:
        """Members that we heard of, that answered, that we try to reach now, and whether we are in."""
        entry = self._query(group_number)
        group = entry.group
        known = {*entry.discovery.tried(), *(peer.enc_pk for peer in [*group.peers, *group.peers.saved()])}
        answered = sum(peer.key is not None for peer in group.peers)
        return len(known), answered, len(group.peers) - group.peers.count_confirmed(), group.is_connected

    def group_peer_ids(self, group_number: int) -> list[int]:
        """The numbers of the members that we see, ours included."""
        group = self._query(group_number).group
        return [OWN_NUMBER, *sorted(peer.number for peer in group.peers.confirmed())]

    def group_peer_of_friend(self, group_number: int, friend_number: int) -> bytes | None:
        """The key in the group of a friend who accepted our invitation, or whose we accepted."""
        group = self._query(group_number).group
        friend = self._layers.messenger.friend(friend_number)
        if friend is None:
            raise api_error("TOX_ERR_FRIEND_QUERY_FRIEND_NOT_FOUND")
        return self.capability.members.get(group.state.chat.sig, friend.real_pk)

    def _peer(self, group_number: int, peer_id: int) -> tuple[GroupEntry, Peer | None]:
        """A peer, None for ourselves."""
        entry = self._find(group_number, _PEER_QUERY)
        peer = entry.group.peers.numbered(peer_id)
        if peer is None and peer_id != OWN_NUMBER:
            raise api_error(_PEER_QUERY + "PEER_NOT_FOUND")
        return entry, peer

    def group_peer_get_name(self, group_number: int, peer_id: int) -> bytes:
        """The name; b"" before it was told."""
        entry, peer = self._peer(group_number, peer_id)
        return entry.group.name if peer is None else peer.name

    def group_peer_get_status(self, group_number: int, peer_id: int) -> int:
        """The status."""
        entry, peer = self._peer(group_number, peer_id)
        return entry.group.status if peer is None else peer.status

    def group_peer_get_role(self, group_number: int, peer_id: int) -> int:
        """The role."""
        entry, peer = self._peer(group_number, peer_id)
        state = entry.group.state
        if peer is None:
            return state.own_role
        return enums.TOX_GROUP_ROLE_USER if peer.key is None else state.role(peer.key)

    def group_peer_get_connection_status(self, group_number: int, peer_id: int) -> int:
        """How the peer is reached; for ourselves whether we have UDP."""
        _, peer = self._peer(group_number, peer_id)
        direct = self._layers.node.udp.port != 0 if peer is None else peer.is_direct()
        return enums.TOX_CONNECTION_UDP if direct else enums.TOX_CONNECTION_TCP

    def group_peer_get_public_key(self, group_number: int, peer_id: int) -> bytes:
        """The key by which a peer is known again."""
        entry, peer = self._peer(group_number, peer_id)
        return entry.group.state.keys.public.enc if peer is None else peer.enc_pk

    def group_peer_get_ip_address(self, group_number: int, peer_id: int) -> bytes:
        """The IP as text; a placeholder where there is none."""
        _, peer = self._peer(group_number, peer_id)
        address = self._layers.node.dht.own_address.get() if peer is None else peer.direct_address()
        return NO_ADDRESS if address is None else ip_text(address[0]).encode()

    # what is done to them

    def group_set_ignore(self, group_number: int, peer_id: int, ignore: bool) -> bool:
        """Hear no messages of a member, or hear them again."""
        self._find(group_number, "TOX_ERR_GROUP_SET_IGNORE_").talk.set_ignore(peer_id, ignore)
        return True

    def group_set_role(self, group_number: int, peer_id: int, role: int) -> bool:
        """Make a member something else."""
        talk = self._find(group_number, "TOX_ERR_GROUP_SET_ROLE_").talk
        self._layers.rt.converse()
        talk.set_role(peer_id, role)
        return True

    def group_kick_peer(self, group_number: int, peer_id: int) -> bool:
        """Send a member away."""
        talk = self._find(group_number, "TOX_ERR_GROUP_KICK_PEER_").talk
        self._layers.rt.converse()
        talk.kick_peer(peer_id)
        return True
