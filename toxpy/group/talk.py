"""What our user says in a group and does to its members, with the errors of the C API.

c-toxcore: group_chats.c, tox.c tox_group_.
"""

from __future__ import annotations

from toxpy.errors import api_error
from toxpy.generated import enums
from toxpy.group import packets
from toxpy.group.group import DISCONNECTED, OWN_NUMBER
from toxpy.group.moderation import may_speak, may_speak_privately

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.group.group import Group
    from toxpy.group.keys import ExtendedPublicKey
    from toxpy.group.peers import Peer

_MAX_MESSAGE = enums.TOX_GROUP_MAX_MESSAGE_LENGTH
#: c-toxcore breaks the connection over a longer one: nothing that comes after it is handled.
MAX_PRIVATE_MESSAGE = 1367
_MAX_CUSTOM = enums.TOX_GROUP_MAX_CUSTOM_LOSSLESS_PACKET_LENGTH
_MAX_NAME = enums.TOX_MAX_NAME_LENGTH


class Talk:
    """Our user in one group."""

    __slots__ = ("_group",)

    def __init__(self, group: Group) -> None:
        self._group = group

    def _check_connected(self, error_name: str) -> None:
        if self._group.connection == DISCONNECTED:
            raise api_error(error_name)

    def _confirmed(self, number: int, error_name: str) -> Peer:
        peer = self._group.peers.numbered(number)
        if peer is None or not peer.is_confirmed:
            raise api_error(error_name)
        return peer

    # messages

    def send_message(self, message_type: int, text: bytes) -> int:
        """To all; the id that all see. Alone in a group it goes to nobody, and that is no error."""
        prefix, group = "TOX_ERR_GROUP_SEND_MESSAGE_", self._group
        self._check_connected(prefix + "DISCONNECTED")
        if len(text) > _MAX_MESSAGE:
            raise api_error(prefix + "TOO_LONG")
        if not text:
            raise api_error(prefix + "EMPTY")
        if message_type not in (enums.TOX_MESSAGE_TYPE_NORMAL, enums.TOX_MESSAGE_TYPE_ACTION):
            raise api_error(prefix + "BAD_TYPE")
        if not may_speak(group.state.own_role, group.state.shared.voice):
            raise api_error(prefix + "PERMISSIONS")
        message_id = group.net.rt.rng.u32()
        # the two kinds are in the order of the API's types
        data = packets.pack_message(packets.MESSAGE + message_type, message_id, text)
        if not group.send_all(packets.BROADCAST, data):
            raise api_error(prefix + "FAIL_SEND", retryable=True)
        return message_id

    def send_private_message(self, number: int, message_type: int, text: bytes) -> int:
        """To one peer."""
        prefix, group = "TOX_ERR_GROUP_SEND_PRIVATE_MESSAGE_", self._group
        self._check_connected(prefix + "DISCONNECTED")
        if len(text) > MAX_PRIVATE_MESSAGE:
            raise api_error(prefix + "TOO_LONG", f"the message exceeds {MAX_PRIVATE_MESSAGE} bytes")
        if not text:
            raise api_error(prefix + "EMPTY")
        peer = self._confirmed(number, prefix + "PEER_NOT_FOUND")
        if message_type not in (enums.TOX_MESSAGE_TYPE_NORMAL, enums.TOX_MESSAGE_TYPE_ACTION):
            raise api_error(prefix + "BAD_TYPE")
        if not may_speak_privately(group.state.own_role):
            raise api_error(prefix + "PERMISSIONS")
        message_id = group.net.rt.rng.u32()
        if not peer.send(packets.BROADCAST, packets.pack_private_message(message_type, message_id, text)):
            raise api_error(prefix + "FAIL_SEND", retryable=True)
        return message_id

    def send_custom_packet(self, lossless: bool, data: bytes) -> None:
        """To all."""
        prefix, group = "TOX_ERR_GROUP_SEND_CUSTOM_PACKET_", self._group
        self._check_connected(prefix + "DISCONNECTED")
        _check_custom(data, prefix)
        if lossless:
            sent = group.send_all(packets.CUSTOM, data)
        else:
            taken = [peer.send_lossy(packets.CUSTOM, data) for peer in group.peers.confirmed()]
            sent = any(taken) or not taken
        if not sent:
            raise api_error(prefix + "FAIL_SEND", retryable=True)

    def send_custom_private_packet(self, number: int, lossless: bool, data: bytes) -> None:
        """To one peer."""
        prefix = "TOX_ERR_GROUP_SEND_CUSTOM_PRIVATE_PACKET_"
        self._check_connected(prefix + "DISCONNECTED")
        _check_custom(data, prefix)
        peer = self._confirmed(number, prefix + "PEER_NOT_FOUND")
        send = peer.send if lossless else peer.send_lossy
        if not send(packets.CUSTOM_PRIVATE, data):
            raise api_error(prefix + "FAIL_SEND", retryable=True)

    # who we are

    def set_name(self, name: bytes) -> None:
        """Ours in this group."""
        prefix, group = "TOX_ERR_GROUP_SELF_NAME_SET_", self._group
        if len(name) > _MAX_NAME:
            raise api_error(prefix + "TOO_LONG")
        if not name:
            raise api_error(prefix + "INVALID")
        group.name = name
        if not group.send_all(packets.BROADCAST, packets.pack_name(name)):
            raise api_error(prefix + "FAIL_SEND", retryable=True)

    def set_status(self, status: int) -> None:
        """Ours in this group; one that is not known is ignored, as in c-toxcore."""
        group = self._group
        if enums.TOX_USER_STATUS_NONE <= status <= enums.TOX_USER_STATUS_BUSY:
            group.status = status
        if not group.send_all(packets.BROADCAST, packets.pack_status(group.status)):
            raise api_error("TOX_ERR_GROUP_SELF_STATUS_SET_FAIL_SEND", retryable=True)

    # what all agree on

    def set_topic(self, text: bytes) -> None:
        """Who may, depends on the lock."""
        group = self._group
        self._send(group.changes.set_topic(text, connected=self._is_in_use()), "TOX_ERR_GROUP_TOPIC_SET_")

    def set_password(self, password: bytes) -> None:
        """As founder; an empty one lets everybody in."""
        sent = self._group.changes.set_password(password, connected=self._is_in_use())
        self._send(sent, "TOX_ERR_GROUP_SET_PASSWORD_")

    def set_peer_limit(self, limit: int) -> None:
        """As founder."""
        sent = self._group.changes.set_peer_limit(limit, connected=self._is_in_use())
        self._send(sent, "TOX_ERR_GROUP_SET_PEER_LIMIT_")

    def set_privacy_state(self, privacy: int) -> None:
        """As founder."""
        sent = self._group.changes.set_privacy_state(privacy, connected=self._is_in_use())
        self._send(sent, "TOX_ERR_GROUP_SET_PRIVACY_STATE_")
        self._group.state_changed()

    def set_voice_state(self, voice: int) -> None:
        """As founder."""
        sent = self._group.changes.set_voice_state(voice, connected=self._is_in_use())
        self._send(sent, "TOX_ERR_GROUP_SET_VOICE_STATE_")

    def set_topic_lock(self, lock: int) -> None:
        """As founder."""
        sent = self._group.changes.set_topic_lock(lock, connected=self._is_in_use())
        self._send(sent, "TOX_ERR_GROUP_SET_TOPIC_LOCK_")

    def _is_in_use(self) -> bool:
        return self._group.connection != DISCONNECTED

    def _send(self, sent: list[tuple[int, bytes]], prefix: str) -> None:
        if not self._group.send_list(sent):
            raise api_error(prefix + "FAIL_SEND", retryable=True)

    # members

    def set_ignore(self, number: int, ignore: bool) -> None:
        """Hear no messages of a peer, or hear them again."""
        prefix = "TOX_ERR_GROUP_SET_IGNORE_"
        if number == OWN_NUMBER:
            raise api_error(prefix + "SELF")
        peer = self._group.peers.numbered(number)
        if peer is None:
            raise api_error(prefix + "PEER_NOT_FOUND")
        peer.is_ignored = ignore

    def set_role(self, number: int, role: int) -> None:
        """Make a peer a moderator, a user or an observer."""
        prefix = "TOX_ERR_GROUP_SET_ROLE_"
        target = self._key_of(number, prefix)
        if not self._group.send_list(self._group.changes.set_role(target, role)):
            raise api_error(prefix + "FAIL_ACTION", retryable=True)

    def kick_peer(self, number: int) -> None:
        """Send a peer away. It is no ban."""
        prefix, group = "TOX_ERR_GROUP_KICK_PEER_", self._group
        target = self._key_of(number, prefix)
        sent = group.send_list(group.changes.kick(target))
        peer = group.peers.numbered(number)
        if peer is not None:
            group.drop(peer, enums.TOX_GROUP_EXIT_TYPE_KICK, tell=False)
        if not sent:
            raise api_error(prefix + "FAIL_SEND", retryable=True)

    def _key_of(self, number: int, prefix: str) -> ExtendedPublicKey:
        if number == OWN_NUMBER:
            return self._group.state.keys.public
        key = self._confirmed(number, prefix + "PEER_NOT_FOUND").key
        assert key is not None
        return key


def _check_custom(data: bytes, prefix: str) -> None:
    if len(data) > _MAX_CUSTOM:
        raise api_error(prefix + "TOO_LONG")
    if not data:
        raise api_error(prefix + "EMPTY")
