"""One friend as the messenger sees it.

    ADDED      a request is to be sent
    REQUESTED  it was sent; after the time-out back to ADDED
    CONFIRMED  on our list without a request, or seen online before
    ONLINE     an ONLINE packet came over the friend connection

A friend whose connection stands is not ONLINE before it says so: it may not have us on
its list. c-toxcore: Messenger.h.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.friend.connection import FriendConnection
    from toxpy.runtime import Dispatch, Runtime, Timer

FRIEND_ADDED, FRIEND_REQUESTED, FRIEND_CONFIRMED, FRIEND_ONLINE = 1, 2, 3, 4
CONNECTION_NONE = 0

MAX_NAME_LENGTH = 128
MAX_STATUS_MESSAGE_LENGTH = 1007

PACKET_ONLINE, PACKET_OFFLINE = 24, 25
#: The highest kind of a packet about the friend itself, which comes when it goes online; higher ones are part
#: of a conversation.
LAST_ABOUT_FRIEND = 51
#: The highest kind of a lossy packet that is for calls and conferences.
LAST_MEDIA = 199
_ONLINE = bytes((PACKET_ONLINE,))


class PendingRequest:
    """The friend request that is sent until the friend comes online."""

    __slots__ = ("message", "nospam", "timeout_ms", "timer")

    def __init__(self, nospam: bytes, message: bytes, timeout_ms: int) -> None:
        self.nospam = nospam
        self.message = message
        #: how long to wait for an answer to the next one sent
        self.timeout_ms = timeout_ms
        self.timer: Timer | None = None


class FriendState:
    """A friend's state; the owner of its friend connection. Text fields hold raw bytes.

    `packets` has the handlers of what the friend sends; `report(friend, status)` hears that the friend is
    ONLINE (also again, when it is reached another way) or only CONFIRMED.
    """

    __slots__ = (
        "connection",
        "connection_type",
        "deleted",
        "is_typing",
        "last_message_id",
        "last_seen_s",
        "name",
        "number",
        "packets",
        "real_pk",
        "receipts",
        "report",
        "request",
        "retry_timer",
        "rt",
        "self_typing",
        "status",
        "status_message",
        "unsent",
        "user_status",
    )

    connection: FriendConnection

    def __init__(
        self,
        number: int,
        real_pk: bytes,
        status: int,
        *,
        packets: Dispatch,
        report: Callable[[FriendState, int], None],
        rt: Runtime,
    ) -> None:
        self.packets = packets
        self.report = report
        self.rt = rt
        self.number = number
        self.real_pk = real_pk
        self.status = status
        self.deleted = False
        self.name = b""
        self.status_message = b""
        self.user_status = 0
        #: the friend types to us
        self.is_typing = False
        #: we type to the friend
        self.self_typing = False
        #: the type last reported, which is what the API says
        self.connection_type = CONNECTION_NONE
        self.last_seen_s = 0
        #: None for a friend who was added without one
        self.request: PendingRequest | None = None
        #: kinds of the packets about ourselves that the friend has not got yet, in sending order
        self.unsent: list[int] = []
        self.retry_timer: Timer | None = None
        self.last_message_id = 0
        #: (packet number, message id) of unacknowledged messages; no more than the send window holds
        self.receipts: list[tuple[int, int]] = []

    # the friend connection's owner interface

    def on_online(self) -> None:
        """The connection stands: say that the friend is on our list."""
        self.connection.write(_ONLINE)

    def on_offline(self) -> None:
        """The connection is gone."""
        if self.status == FRIEND_ONLINE:
            self.report(self, FRIEND_CONFIRMED)

    def on_transport(self) -> None:
        """Direct or relayed: the other one than before."""
        if self.status == FRIEND_ONLINE:
            self.report(self, FRIEND_ONLINE)

    def on_lossless(self, data: bytes) -> None:
        """One packet from the friend, from its kind byte on."""
        rt = self.rt
        if self.status == FRIEND_ONLINE:
            kind = data[0]
            handler = self.packets.handlers[kind]
            if handler is None:
                self.connection.on_unclaimed(data)
                return
            if kind > LAST_ABOUT_FRIEND:
                rt.pace.active_ms = rt.clock.now_ms
            handler(self, data)
        elif data == _ONLINE:
            self.report(self, FRIEND_ONLINE)
        elif self.packets.handlers[data[0]] is None:
            self.connection.on_unclaimed(data)
        else:
            rt.counters.drop("friend_packet_offline")

    def on_lossy(self, data: bytes) -> None:
        """One lossy packet; c-toxcore takes these before the ONLINE packet too."""
        handler = self.packets.handlers[data[0]]
        if handler is None:
            self.connection.on_unclaimed(data)
            return
        rt = self.rt
        if data[0] > LAST_MEDIA:
            rt.pace.active_ms = rt.clock.now_ms
        else:
            rt.pace.note_media()
        handler(self, data)

    def cancel_timers(self) -> None:
        """Nothing of this friend happens by itself any more."""
        if self.retry_timer is not None:
            self.retry_timer.cancel()
            self.retry_timer = None
        request = self.request
        if request is not None and request.timer is not None:
            request.timer.cancel()
            request.timer = None
