"""The calls of an instance, by friend."""

from __future__ import annotations

from toxpy.av.msi import ANSWERED, REQUESTED
from toxpy.errors import api_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.av.call import Call
    from toxpy.friend.friend import FriendState
    from toxpy.friend.messenger import Messenger


class CallTable:
    """All that ring or were answered. Looked at by any thread."""

    __slots__ = ("_messenger", "by_friend")

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        self.by_friend: dict[FriendState, Call] = {}

    def friend(self, number: int, error: str) -> FriendState:
        """The friend of that number; ToxError of that name when there is none."""
        friend = self._messenger.friend(number)
        if friend is None:
            raise api_error(error)
        return friend

    def known(self, friend: FriendState) -> Call | None:
        """The call with that friend; None as well while our program has not heard that the friend rings."""
        call = self.by_friend.get(friend)
        if call is not None and call.signalling.state == REQUESTED and not call.is_told:
            return None
        return call

    def answered(self, number: int, prefix: str) -> Call:
        """The answered call with that friend."""
        friend = self.friend(number, prefix + "FRIEND_NOT_FOUND")
        call = self.by_friend.get(friend)
        if call is None or call.signalling.state not in ANSWERED:
            raise api_error(prefix + "FRIEND_NOT_IN_CALL")
        return call
