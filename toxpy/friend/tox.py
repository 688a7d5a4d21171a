"""Two parts of `Tox`: our own user, and friends with their messages."""

from __future__ import annotations

from typing import Any

from toxpy.arguments import U32_MAX, as_bytes, as_flag, as_number, as_range, as_text
from toxpy.friend.why_offline import WhyOffline
from toxpy.generated import events as ev
from toxpy.generated.typed_enums import Connection, MessageType, UserStatus
from toxpy.generated.typed_events import to_text
from toxpy.ids import PublicKey, SecretKey, ToxId
from toxpy.tox_part import ToxPart

#: Events after which the savedata has something new.
_WORTH_SAVING = {ev.FriendConnectionStatus, ev.FriendName, ev.FriendStatus, ev.FriendStatusMessage}


class UserTox(ToxPart):
    """Part of `Tox`: ourselves."""

    def self_get_address(self) -> ToxId:
        """Our Tox ID, to give to others."""
        return ToxId(self.core.user.self_get_address())

    def self_get_public_key(self) -> PublicKey:
        """Our long-term public key."""
        return PublicKey(self.core.user.self_get_public_key())

    def self_get_secret_key(self) -> SecretKey:
        """Our long-term secret key; `bytes()` of it has the bytes."""
        return SecretKey(self.core.user.self_get_secret_key())

    def self_get_nospam(self) -> int:
        """The nospam in our Tox ID."""
        return self.core.user.self_get_nospam()

    def self_set_nospam(self, nospam: int) -> None:
        """Change our Tox ID: requests to the old one are ignored from now on."""
        self.core.user.self_set_nospam(as_range(nospam, "a nospam", U32_MAX))
        self._changed()

    def self_get_name(self) -> str:
        """Our name."""
        return to_text(self.core.user.self_get_name())

    def self_set_name(self, name: str | bytes) -> None:
        """Set our name, at most 128 bytes of UTF-8."""
        self.core.user.self_set_name(as_text(name, "a name"))
        self._changed()

    def self_get_status_message(self) -> str:
        """Our status message."""
        return to_text(self.core.user.self_get_status_message())

    def self_set_status_message(self, message: str | bytes) -> None:
        """Set our status message, at most 1007 bytes of UTF-8."""
        self.core.user.self_set_status_message(as_text(message, "a status message"))
        self._changed()

    def self_get_status(self) -> UserStatus:
        """Our status."""
        return UserStatus(self.core.user.self_get_status())

    def self_set_status(self, status: UserStatus | int) -> None:
        """Set our status."""
        self.core.user.self_set_status(UserStatus(status).value)
        self._changed()


class FriendTox(ToxPart):
    """Part of `Tox`: friends."""

    def _takes(self, event: Any) -> bool:
        if type(event) in _WORTH_SAVING:
            self._changed()
        return super()._takes(event)

    def self_get_friend_list(self) -> list[int]:
        """The numbers of all friends."""
        return list(self.core.friends.self_get_friend_list())

    def friend_add(self, address: str | bytes | ToxId, message: str | bytes) -> int:
        """Send a friend request to a Tox ID; the new friend's number."""
        number = self.core.friends.friend_add(ToxId(address).raw, as_text(message, "a message"))
        self._changed()
        return number

    def friend_add_norequest(self, public_key: str | bytes | PublicKey) -> int:
        """Add without a request, for example to accept one; the new friend's number."""
        number = self.core.friends.friend_add_norequest(PublicKey(public_key).raw)
        self._changed()
        return number

    def friend_delete(self, friend_number: int) -> None:
        """Remove a friend; they are not told."""
        self.core.friends.friend_delete(as_number(friend_number))
        self._forget_friend(friend_number, "the friend was deleted")
        self._changed()

    def friend_by_public_key(self, public_key: str | bytes | PublicKey) -> int:
        """The number of the friend with that key."""
        return self.core.friends.friend_by_public_key(PublicKey(public_key).raw)

    def friend_exists(self, friend_number: int) -> bool:
        """True if there is such a friend."""
        return self.core.friends.friend_exists(as_number(friend_number))

    def friend_get_public_key(self, friend_number: int) -> PublicKey:
        """A friend's long-term public key."""
        return PublicKey(self.core.friends.friend_get_public_key(as_number(friend_number)))

    def friend_get_last_online(self, friend_number: int) -> int:
        """Seconds since 1970 of the last moment we saw them online, 0 for never."""
        return self.core.friends.friend_get_last_online(as_number(friend_number))

    def friend_get_name(self, friend_number: int) -> str:
        """A friend's name as last told."""
        return to_text(self.core.friends.friend_get_name(as_number(friend_number)))

    def friend_get_status_message(self, friend_number: int) -> str:
        """A friend's status message as last told."""
        return to_text(self.core.friends.friend_get_status_message(as_number(friend_number)))

    def friend_get_status(self, friend_number: int) -> UserStatus:
        """A friend's status as last told."""
        return UserStatus(self.core.friends.friend_get_status(as_number(friend_number)))

    def friend_get_connection_status(self, friend_number: int) -> Connection:
        """How a friend is reached: not at all, over UDP or over relays."""
        return Connection(self.core.friends.friend_get_connection_status(as_number(friend_number)))

    def friend_get_typing(self, friend_number: int) -> bool:
        """True if a friend is typing."""
        return self.core.friends.friend_get_typing(as_number(friend_number))

    def friend_why_offline(self, friend_number: int) -> WhyOffline:
        """How far the connection to a friend came, and when."""
        return WhyOffline(self.core.friends.friend_diagnosis(as_number(friend_number)))

    def friend_get_safety_number(self, friend_number: int) -> str:
        """What both friends compare to know that each has the other's true key: 12 groups of 5 digits."""
        return self.core.friends.friend_get_safety_number(as_number(friend_number)).decode()

    def self_set_typing(self, friend_number: int, typing: bool) -> None:
        """Tell a friend whether we are typing."""
        self.core.friends.self_set_typing(as_number(friend_number), as_flag(typing, "typing"))

    # messages

    def friend_send_message(
        self, friend_number: int, message: str | bytes, type: MessageType | int = MessageType.NORMAL
    ) -> int:
        """Send a message, 1 to 1372 bytes of UTF-8; its id comes back in the FriendReadReceipt."""
        message_id = self.core.friends.friend_send_message(
            as_number(friend_number), MessageType(type).value, as_text(message, "a message")
        )
        if self._on_sent is not None:
            self._on_sent(friend_number, message_id)
        return message_id

    def friend_send_lossy_packet(self, friend_number: int, data: bytes) -> None:
        """Send a custom packet that may get lost; first byte 192 to 254, at most 1373 bytes."""
        self.core.friends.friend_send_lossy_packet(as_number(friend_number), as_bytes(data, "a packet"))

    def friend_send_lossless_packet(self, friend_number: int, data: bytes) -> None:
        """Send a custom packet; first byte 160 to 191, at most 1373 bytes."""
        self.core.friends.friend_send_lossless_packet(as_number(friend_number), as_bytes(data, "a packet"))
