"""Members of a private group that lost each other meet again by way of friends.

When all members of a private group have got other addresses, nothing leads from one to another: nobody
announces such a group. c-toxcore's members then stay alone for ever. But friends find each other, and a
friend may be a member. No save says which friend is which member, so each absent member is asked for where
the friend is. A friend that is no member drops that.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.friend.connection import FriendConnection, FriendConnections
    from toxpy.group.group import Group
    from toxpy.runtime import Runtime
    from toxpy.wire.address import Address, Node

#: Time from a friend's coming online to the tries, in ms: at first there may be no direct way, and packets
#: get lost.
TRIES_MS = (0, 1000, 4000, 12_000)
#: Absent members of a group that are asked for at one place at once, some of them if there are more. One that
#: comes tells of all others.
MAX_ASKED = 16


class Reunions:
    """Watches the friends of one instance."""

    __slots__ = ("_connections", "_groups", "_rt")

    def __init__(
        self, connections: FriendConnections, groups: Callable[[], list[Group]], *, rt: Runtime
    ) -> None:
        self._connections = connections
        self._groups = groups
        self._rt = rt
        connections.watchers.append(self)

    def on_connected(self, connection: FriendConnection) -> None:
        """Somebody is there: a friend, or a stranger in a conference, who shall not hear of our groups."""
        if connection not in self._connections.strangers:
            for delay_ms in TRIES_MS:
                self._rt.timers.call_later(delay_ms, lambda: self._ask(connection))

    def on_disconnected(self, connection: FriendConnection) -> None:
        """The tries find it out."""

    def _ask(self, connection: FriendConnection) -> None:
        crypto = connection.crypto
        if crypto is None or not connection.is_online:
            return
        relays = crypto.transport.meeting_points()
        for group in self._groups():
            if group.own.is_private and group.is_in_use:
                self._ask_in(group, crypto.address, relays)

    def _ask_in(self, group: Group, address: Address | None, relays: list[Node]) -> None:
        absent = group.peers.absent()
        if len(absent) > MAX_ASKED:
            self._rt.rng.shuffle(absent)
        for saved in absent[:MAX_ASKED]:
            saved_relay = [saved.relay] if saved.relay is not None else []
            # somebody may have told a newer address than ours
            known = None if group.peers.get(saved.enc_pk) else saved.address
            request_type = group.request_type()
            group.connect(saved.enc_pk, request_type, known, saved_relay + relays)
            if address is not None:
                group.connect(saved.enc_pk, request_type, address)
