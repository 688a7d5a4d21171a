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
    from toxpy.files.transfers import FriendFiles
    from toxpy.friend.connection import FriendConnection
    from toxpy.friend.messenger import Messenger
    from toxpy.runtime import Timer

FRIEND_ADDED, FRIEND_REQUESTED, FRIEND_CONFIRMED, FRIEND_ONLINE = 1, 2, 3, 4
CONNECTION_NONE = 0

MAX_NAME_LENGTH = 128
MAX_STATUS_MESSAGE_LENGTH = 1007

#: First wait for an answer to a request; doubled each time.
REQUEST_TIMEOUT_MS = 5_000

PACKET_ONLINE, PACKET_OFFLINE = 24, 25
#: Up to here packets are about the friend itself, and come when it goes online; higher kinds are part of a
#: conversation.
LAST_ABOUT_FRIEND = 51
_ONLINE = bytes((PACKET_ONLINE,))


class Friend:
    """A friend's state; the owner of its friend connection. Text fields hold raw bytes."""

    __slots__ = (
        "connection",
        "connection_type",
        "deleted",
        "files",
        "is_typing",
        "last_message_id",
        "last_seen_s",
        "messenger",
        "name",
        "number",
        "real_pk",
        "receipts",
        "request_message",
        "request_nospam",
        "request_timeout_ms",
        "request_timer",
        "retry_timer",
        "self_typing",
        "status",
        "status_message",
        "unsent",
        "user_status",
    )

    connection: FriendConnection

    def __init__(self, messenger: Messenger, number: int, real_pk: bytes, status: int) -> None:
        self.messenger = messenger
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
        self.request_message = b""
        self.request_nospam = bytes(4)
        self.request_timeout_ms = REQUEST_TIMEOUT_MS
        self.request_timer: Timer | None = None
        #: kinds of the packets about ourselves that the friend has not got yet, in sending order
        self.unsent: list[int] = []
        self.retry_timer: Timer | None = None
        self.last_message_id = 0
        #: (packet number, message id) of unacknowledged messages; no more than the send window holds
        self.receipts: list[tuple[int, int]] = []
        #: transfers since the friend came online, if any
        self.files: FriendFiles | None = None

    # the friend connection's owner interface

    def on_online(self) -> None:
        """The connection stands: say that the friend is on our list."""
        self.connection.write(_ONLINE)

    def on_offline(self) -> None:
        """The connection is gone."""
        if self.status == FRIEND_ONLINE:
            self.messenger.set_friend_status(self, FRIEND_CONFIRMED)

    def on_transport(self) -> None:
        """Direct or relayed: the other one than before."""
        if self.status == FRIEND_ONLINE:
            self.messenger.report_transport(self)

    def on_lossless(self, data: bytes) -> None:
        """One packet from the friend, from its kind byte on."""
        messenger = self.messenger
        if self.status == FRIEND_ONLINE:
            kind = data[0]
            if kind > LAST_ABOUT_FRIEND:
                rt = messenger.rt
                rt.pace.active_ms = rt.clock.now_ms
            handler = messenger.packets.handlers[kind]
            if handler is not None:
                handler(self, data)
            else:
                messenger.rt.counters.drop("friend_packet_kind")
        elif data == _ONLINE:
            messenger.set_friend_status(self, FRIEND_ONLINE)
        else:
            messenger.rt.counters.drop("friend_packet_offline")

    def on_lossy(self, data: bytes) -> None:
        """One lossy packet; c-toxcore takes these before the ONLINE packet too."""
        messenger = self.messenger
        rt = messenger.rt
        rt.pace.active_ms = rt.clock.now_ms
        handler = messenger.packets.handlers[data[0]]
        if handler is not None:
            handler(self, data)
        else:
            messenger.rt.counters.drop("friend_packet_kind")

    def cancel_timers(self) -> None:
        """Nothing of this friend happens by itself any more."""
        for timer in (self.request_timer, self.retry_timer):
            if timer is not None:
                timer.cancel()
        self.request_timer = self.retry_timer = None
