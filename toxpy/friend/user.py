"""Our own user: name, status message and status, and telling friends who are online about them."""

from __future__ import annotations

from toxpy.errors import api_error
from toxpy.friend.friend import FRIEND_ONLINE, MAX_NAME_LENGTH, MAX_STATUS_MESSAGE_LENGTH
from toxpy.friend.packets import (
    MAX_STATUS,
    PACKET_NAME,
    PACKET_STATUS,
    PACKET_STATUS_MESSAGE,
    PACKET_TYPING,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.friend.friend import FriendState
    from toxpy.runtime import Runtime

#: Milliseconds until what did not fit into the send window is tried again.
RETRY_MS = 200

_ABOUT_US = (PACKET_NAME, PACKET_STATUS_MESSAGE, PACKET_STATUS, PACKET_TYPING)


class User:
    """What friends know of us. Text fields hold raw bytes."""

    __slots__ = ("_online", "_rt", "name", "status", "status_message")

    def __init__(self, *, rt: Runtime) -> None:
        self._rt = rt
        self.name = b""
        self.status_message = b""
        self.status = 0
        #: friends who are online
        self._online: dict[FriendState, None] = {}

    def on_friend_online(self, friend: FriendState) -> None:
        """Tell a friend who came everything about us, and what changes from now on."""
        self._online[friend] = None
        friend.unsent = list(_ABOUT_US)
        self._send(friend)

    def on_friend_gone(self, friend: FriendState) -> None:
        """Tell this friend nothing more."""
        self._online.pop(friend, None)

    def _content(self, friend: FriendState, kind: int) -> bytes:
        if kind == PACKET_NAME:
            return self.name
        if kind == PACKET_STATUS_MESSAGE:
            return self.status_message
        return bytes((self.status if kind == PACKET_STATUS else friend.self_typing,))

    def _send(self, friend: FriendState) -> None:
        """Send what the friend has not got; what does not fit into the window goes later."""
        friend.retry_timer = None
        while friend.unsent:
            kind = friend.unsent[0]
            if friend.connection.write(bytes((kind,)) + self._content(friend, kind)) < 0:
                friend.retry_timer = self._rt.timers.call_later(RETRY_MS, lambda: self._send(friend))
                return
            del friend.unsent[0]

    def tell(self, friend: FriendState, kind: int) -> None:
        """Something that this friend is told has changed."""
        if friend.status == FRIEND_ONLINE and kind not in friend.unsent:
            friend.unsent.append(kind)
            if friend.retry_timer is None:
                self._send(friend)

    def _tell_all(self, kind: int) -> None:
        if self._online:
            self._rt.clock.update()
            for friend in list(self._online):
                self.tell(friend, kind)

    def set_name(self, name: bytes) -> None:
        """Our name, at most 128 bytes."""
        if len(name) > MAX_NAME_LENGTH:
            raise api_error("TOX_ERR_SET_INFO_TOO_LONG")
        if name != self.name:
            self.name = name
            self._tell_all(PACKET_NAME)

    def set_status_message(self, message: bytes) -> None:
        """Our status message, at most 1007 bytes."""
        if len(message) > MAX_STATUS_MESSAGE_LENGTH:
            raise api_error("TOX_ERR_SET_INFO_TOO_LONG")
        if message != self.status_message:
            self.status_message = message
            self._tell_all(PACKET_STATUS_MESSAGE)

    def set_status(self, status: int) -> None:
        """Our status; like c-toxcore, another value than none, away and busy changes nothing."""
        if 0 <= status <= MAX_STATUS and status != self.status:
            self.status = status
            self._tell_all(PACKET_STATUS)
