"""Two parts of `Core`: our own user, and friends with their messages. See `toxpy.friend.messenger`."""

from __future__ import annotations

from toxpy.errors import api_error
from toxpy.friend.diagnosis import diagnose
from toxpy.generated import enums
from toxpy.ids import NOSPAM_SIZE, address_checksum, checked_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.friend.diagnosis import Diagnosis
    from toxpy.friend.friend import FriendState
    from toxpy.friend.messenger import Messenger
    from toxpy.onion.client import OnionClient
    from toxpy.runtime import Runtime


class UserCore:
    """Our own user: the functions tox_self_* about address, name and status."""

    __slots__ = ("_messenger",)

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger

    def self_get_address(self) -> bytes:
        """Our Tox ID, 38 bytes."""
        body = self._messenger.identity.public + self._messenger.requests.nospam
        return body + address_checksum(body)

    def self_get_public_key(self) -> bytes:
        """Our long-term public key."""
        return self._messenger.identity.public

    def self_get_secret_key(self) -> bytes:
        """Our long-term secret key."""
        return self._messenger.identity.secret

    def self_get_nospam(self) -> int:
        """The nospam as a number whose most significant byte comes first in the address."""
        return int.from_bytes(self._messenger.requests.nospam, "big")

    def self_set_nospam(self, nospam: int) -> None:
        """Requests with any other nospam are ignored from now on."""
        self._messenger.requests.nospam = nospam.to_bytes(NOSPAM_SIZE, "big")

    def self_get_name(self) -> bytes:
        """Our name."""
        return self._messenger.user.name

    def self_set_name(self, name: bytes | None) -> bool:
        """Set our name and tell friends."""
        if name is None:
            raise api_error("TOX_ERR_SET_INFO_NULL")
        self._messenger.set_name(name)
        return True

    def self_get_status_message(self) -> bytes:
        """Our status message."""
        return self._messenger.user.status_message

    def self_set_status_message(self, status_message: bytes | None) -> bool:
        """Set our status message and tell friends."""
        if status_message is None:
            raise api_error("TOX_ERR_SET_INFO_NULL")
        self._messenger.user.set_status_message(status_message)
        return True

    def self_get_status(self) -> int:
        """Our TOX_USER_STATUS."""
        return self._messenger.user.status

    def self_set_status(self, status: int) -> None:
        """Set our TOX_USER_STATUS and tell friends; another value changes nothing."""
        self._messenger.user.set_status(status)


class FriendCore:
    """The functions tox_friend_*, and those tox_self_* that are about friends."""

    __slots__ = ("_messenger", "_onion", "_rt")

    def __init__(self, messenger: Messenger, onion: OnionClient, *, rt: Runtime) -> None:
        self._messenger = messenger
        self._onion = onion
        self._rt = rt

    def _friend(self, number: int, error: str = "TOX_ERR_FRIEND_QUERY_FRIEND_NOT_FOUND") -> FriendState:
        friend = self._messenger.friend(number)
        if friend is None:
            raise api_error(error)
        return friend

    def self_get_friend_list(self) -> list[int]:
        """The numbers of all friends, ascending."""
        return [friend.number for friend in self._messenger.friends()]

    def friend_add(self, address: bytes | None, message: bytes | None) -> int:
        """Add the owner of a Tox ID and send them a request."""
        if address is None or message is None:
            raise api_error("TOX_ERR_FRIEND_ADD_NULL")
        self._rt.clock.update()
        return self._messenger.add(address, message).number

    def friend_add_norequest(self, public_key: bytes | None) -> int:
        """Add the owner of a public key without a request."""
        key = checked_key(public_key, "TOX_ERR_FRIEND_ADD_NULL")
        self._rt.clock.update()
        return self._messenger.add_norequest(key).number

    def friend_delete(self, friend_number: int) -> bool:
        """Remove a friend."""
        self._rt.clock.update()
        self._messenger.delete(friend_number)
        return True

    def friend_by_public_key(self, public_key: bytes | None) -> int:
        """The number of the friend with that public key."""
        friend = self._messenger.friend_by_key(checked_key(public_key, "TOX_ERR_FRIEND_BY_PUBLIC_KEY_NULL"))
        if friend is None:
            raise api_error("TOX_ERR_FRIEND_BY_PUBLIC_KEY_NOT_FOUND")
        return friend.number

    def friend_exists(self, friend_number: int) -> bool:
        """True if there is a friend of that number."""
        return self._messenger.friend(friend_number) is not None

    def friend_get_public_key(self, friend_number: int) -> bytes:
        """A friend's long-term public key."""
        return self._friend(friend_number, "TOX_ERR_FRIEND_GET_PUBLIC_KEY_FRIEND_NOT_FOUND").real_pk

    def friend_get_last_online(self, friend_number: int) -> int:
        """Unix seconds when the friend was last seen, 0 for never."""
        return self._messenger.last_online(friend_number)

    def friend_get_name(self, friend_number: int) -> bytes:
        """A friend's name."""
        return self._friend(friend_number).name

    def friend_get_status_message(self, friend_number: int) -> bytes:
        """A friend's status message."""
        return self._friend(friend_number).status_message

    def friend_get_status(self, friend_number: int) -> int:
        """A friend's TOX_USER_STATUS."""
        return self._friend(friend_number).user_status

    def friend_get_connection_status(self, friend_number: int) -> int:
        """A friend's TOX_CONNECTION."""
        return self._friend(friend_number).connection_type

    def friend_get_typing(self, friend_number: int) -> bool:
        """True if the friend is typing to us."""
        return self._friend(friend_number).is_typing

    def friend_diagnosis(self, friend_number: int) -> Diagnosis:
        """How far the connection to a friend came, and when."""
        friend = self._friend(friend_number)
        connected = self._onion.connection_state() != enums.TOX_CONNECTION_NONE
        clock = self._rt.clock
        clock.update()
        return diagnose(friend, friend.connection, connected, clock.now_ms)

    def friend_get_offline_reason(self, friend_number: int) -> int:
        """The TOX_FRIEND_OFFLINE_REASON of `friend_diagnosis`."""
        return self.friend_diagnosis(friend_number).reason

    def friend_get_offline_reason_age(self, friend_number: int) -> int:
        """Milliseconds since that step was reached, 2**64 - 1 when there was no such moment."""
        since_ms = self.friend_diagnosis(friend_number).since_ms
        return since_ms if since_ms >= 0 else 2**64 - 1

    def friend_get_safety_number(self, friend_number: int) -> bytes:
        """The number that both friends compare, 71 characters; see `toxpy.friend.safety`."""
        theirs = self._friend(friend_number).real_pk
        from toxpy.friend.safety import safety_number

        return safety_number(self._messenger.identity.public, theirs).encode()

    def self_set_typing(self, friend_number: int, typing: bool) -> bool:
        """Tell a friend whether we are typing."""
        self._rt.converse()
        self._messenger.set_typing(friend_number, typing)
        return True

    # messages

    def friend_send_message(self, friend_number: int, type: int, message: bytes | None) -> int:
        """Send a message; its id comes back in FriendReadReceipt."""
        if message is None:
            raise api_error("TOX_ERR_FRIEND_SEND_MESSAGE_NULL")
        self._rt.converse()
        return self._messenger.send_message(friend_number, type, message)

    def friend_send_lossy_packet(self, friend_number: int, data: bytes | None) -> bool:
        """Send a custom packet that may get lost."""
        if data is None:
            raise api_error("TOX_ERR_FRIEND_CUSTOM_PACKET_NULL")
        self._rt.converse()
        self._messenger.send_lossy_packet(friend_number, data)
        return True

    def friend_send_lossless_packet(self, friend_number: int, data: bytes | None) -> bool:
        """Send a custom packet in order."""
        if data is None:
            raise api_error("TOX_ERR_FRIEND_CUSTOM_PACKET_NULL")
        self._rt.converse()
        self._messenger.send_lossless_packet(friend_number, data)
        return True
