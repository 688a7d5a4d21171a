"""Members of a group that lost each other meet again by way of friends.

When all members of a private group have got other addresses, nothing leads from one to another: nobody
announces such a group. c-toxcore's members then stay alone for ever. But friends find each other, and some
friends are known to be members. So an absent member is asked for where that friend is.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.friend.connection import FriendConnection, FriendConnections
    from toxpy.group.friend_members import FriendMembers
    from toxpy.group.group import Group
    from toxpy.runtime import Runtime

#: Time from a friend's coming online to the tries, in ms: at first there may be no direct way, and packets
#: get lost.
TRIES_MS = (0, 1000, 4000, 12_000)


class Reunions:
    """Watches the friends of one instance."""

    __slots__ = ("_find", "_members", "_rt")

    def __init__(
        self,
        connections: FriendConnections,
        members: FriendMembers,
        find: Callable[[bytes], Group | None],
        *,
        rt: Runtime,
    ) -> None:
        """`find` gives our group with that chat id."""
        self._members = members
        self._find = find
        self._rt = rt
        connections.watchers.append(self)

    def on_connected(self, connection: FriendConnection) -> None:
        """Somebody is there."""
        if self._members.of_friend(connection.real_pk):
            for delay_ms in TRIES_MS:
                self._rt.timers.call_later(delay_ms, lambda: self._ask(connection))

    def on_disconnected(self, connection: FriendConnection) -> None:
        """The tries find it out."""

    def _ask(self, connection: FriendConnection) -> None:
        crypto = connection.crypto
        if crypto is None or not connection.is_online:
            return
        relays = crypto.transport.meeting_points()
        for chat_id, enc_pk in self._members.of_friend(connection.real_pk):
            group = self._find(chat_id)
            # who left the group, or was sent away, is not absent
            if group is not None and (group.peers.is_absent(enc_pk) or not group.state.is_synced):
                group.connect(enc_pk, group.request_type(), crypto.address, relays)
