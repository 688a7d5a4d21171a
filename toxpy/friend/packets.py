"""What friends tell us: the packets of the messenger, each of which becomes an event.

    24 online           empty; the friend has us on its list and is ready
    25 offline          empty; it took us off its list
    48 name             0 to 128 bytes
    49 status message   0 to 1007 bytes
    50 status           1 byte: 0 none, 1 away, 2 busy
    51 typing           1 byte
    64 message          1 to 1372 bytes
    65 action           the same
    160-191             a client's own lossless packets; 200-254 its own lossy ones

Files (80-82), calls (69, 192-199), group and conference invitations (95, 96) claim their own slots.
Spec: Messenger; c-toxcore: Messenger.c.
"""

from __future__ import annotations

from toxpy.friend.friend import (
    FRIEND_CONFIRMED,
    MAX_NAME_LENGTH,
    MAX_STATUS_MESSAGE_LENGTH,
    PACKET_OFFLINE,
    PACKET_ONLINE,
)
from toxpy.generated import events as ev
from toxpy.net_crypto.connection import LOSSLESS_LAST, LOSSY_FIRST, LOSSY_LAST
from toxpy.wire.data_packets import MAX_DATA_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toxpy.friend.friend import FriendState
    from toxpy.runtime import Dispatch, Runtime

# protocol
PACKET_NAME, PACKET_STATUS_MESSAGE, PACKET_STATUS, PACKET_TYPING = 48, 49, 50, 51
PACKET_MESSAGE, PACKET_ACTION, PACKET_MSI = 64, 65, 69
#: About groups, with whoever is invited to one.
PACKET_GROUP_INVITE = 95
FIRST_CUSTOM_LOSSLESS, LAST_CUSTOM_LOSSLESS = 160, LOSSLESS_LAST
#: A client may send from 192 on, but 192 to 199 arrive at the peer's calls and conferences.
FIRST_LOSSY, FIRST_CUSTOM_LOSSY, LAST_LOSSY = LOSSY_FIRST, 200, LOSSY_LAST
MAX_PACKET_SIZE = MAX_DATA_SIZE
MAX_MESSAGE_LENGTH = MAX_PACKET_SIZE - 1
MAX_STATUS = 2


class FriendPackets:
    """The handlers of these packets, and the table `dispatch` in which other capabilities claim their slots.

    A handler gets `(friend, data)` with the kind byte in data. `shared` has the kinds that belong to no
    friend.
    """

    __slots__ = ("_events", "_rt", "_shared", "dispatch")

    def __init__(self, dispatch: Dispatch, shared: Dispatch, events: list[Any], *, rt: Runtime) -> None:
        self.dispatch = dispatch
        self._shared = shared
        self._events = events
        self._rt = rt
        claim = dispatch.claim
        claim(PACKET_ONLINE, self._on_online_again)
        claim(PACKET_OFFLINE, self._on_offline)
        claim(PACKET_NAME, self._on_name)
        claim(PACKET_STATUS_MESSAGE, self._on_status_message)
        claim(PACKET_STATUS, self._on_status)
        claim(PACKET_TYPING, self._on_typing)
        claim(PACKET_MESSAGE, self._on_message)
        claim(PACKET_ACTION, self._on_message)
        for kind in range(FIRST_CUSTOM_LOSSLESS, LAST_CUSTOM_LOSSLESS + 1):
            claim(kind, self._on_custom_lossless)
        for kind in range(FIRST_CUSTOM_LOSSY, LAST_LOSSY + 1):
            claim(kind, self._on_custom_lossy)

    def report_call_packets(self, kind: int, wanted: bool) -> None:
        """Choose whether packets of a kind that is for calls (69, 192 to 199) are events like custom ones."""
        handler = self._on_custom_lossless if kind == PACKET_MSI else self._on_custom_lossy
        slots = self.dispatch.handlers
        if wanted and slots[kind] is None and self._shared.handlers[kind] is None:
            self.dispatch.claim(kind, handler)
        elif not wanted and slots[kind] == handler:
            slots[kind] = None

    def _on_online_again(self, _friend: FriendState, _data: bytes) -> None:
        """Both sides say it twice; only the first one matters."""

    def _on_offline(self, friend: FriendState, data: bytes) -> None:
        if len(data) == 1:
            friend.report(friend, FRIEND_CONFIRMED)

    def _on_name(self, friend: FriendState, data: bytes) -> None:
        if len(data) > 1 + MAX_NAME_LENGTH:
            self._rt.counters.drop("friend_name_size")
            return
        friend.name = data[1:]
        self._events.append(ev.FriendName(friend.number, friend.name, owner=friend))

    def _on_status_message(self, friend: FriendState, data: bytes) -> None:
        if len(data) > 1 + MAX_STATUS_MESSAGE_LENGTH:
            self._rt.counters.drop("friend_status_message_size")
            return
        friend.status_message = data[1:]
        self._events.append(ev.FriendStatusMessage(friend.number, friend.status_message, owner=friend))

    def _on_status(self, friend: FriendState, data: bytes) -> None:
        # c-toxcore also reports 3, its internal word for "invalid", which no client knows
        if len(data) != 2 or data[1] > MAX_STATUS:
            self._rt.counters.drop("friend_status")
            return
        friend.user_status = data[1]
        self._events.append(ev.FriendStatus(friend.number, friend.user_status, owner=friend))

    def _on_typing(self, friend: FriendState, data: bytes) -> None:
        if len(data) != 2:
            self._rt.counters.drop("friend_typing_size")
            return
        friend.is_typing = data[1] != 0
        if friend.is_typing:
            self._rt.pace.note()
        self._events.append(ev.FriendTyping(friend.number, friend.is_typing, owner=friend))

    def _on_message(self, friend: FriendState, data: bytes) -> None:
        if len(data) < 2:
            self._rt.counters.drop("friend_message_empty")
            return
        self._events.append(ev.FriendMessage(friend.number, data[0] - PACKET_MESSAGE, data[1:], owner=friend))

    def _on_custom_lossless(self, friend: FriendState, data: bytes) -> None:
        self._events.append(ev.FriendLosslessPacket(friend.number, data, owner=friend))

    def _on_custom_lossy(self, friend: FriendState, data: bytes) -> None:
        self._events.append(ev.FriendLossyPacket(friend.number, data, owner=friend))
