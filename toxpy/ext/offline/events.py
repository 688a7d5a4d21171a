"""What messages for friends who are away report. What comes from a mailbox is a message as any other."""

# ruff: noqa: RUF023 -- slots are in the order in which they are shown

from __future__ import annotations

from toxpy.generated import events as ev

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.friend.friend import FriendState


class MessageStateChanged(ev.Event):
    """A message of ours went on: `state` is one of `toxpy.ext.offline.states`.

    `message_id` is the number of its receipt, `id` its 16-byte id.
    """

    __slots__ = ("friend_number", "message_id", "id", "state")

    def __init__(self, friend: FriendState, message_id: int, id: bytes, state: int) -> None:
        super().__init__(friend)
        self.friend_number = friend.number
        self.message_id = message_id
        self.id = id
        self.state = state


class OfflineMessageLost(ev.Event):
    """Something that a friend left for us could not be opened; `reason` says why, in words."""

    __slots__ = ("friend_number", "reason")

    def __init__(self, friend: FriendState, reason: str) -> None:
        super().__init__(friend)
        self.friend_number = friend.number
        self.reason = reason


class OfflinePrekeysLow(ev.Event):
    """Few pre-keys of a friend are left: soon nothing more can be left for it before both are online."""

    __slots__ = ("friend_number", "left")

    def __init__(self, friend: FriendState, left: int) -> None:
        super().__init__(friend)
        self.friend_number = friend.number
        self.left = left
