"""The messenger: friends with numbers, what we tell them, and the receipts. What they tell us: packets.py.

`packets` is the table of what friends send: a slot per kind, of which every capability claims its own.
Methods take a FriendState or its number and raise ToxError with the code of the C function
they serve. Spec: Messenger; c-toxcore: Messenger.c.
"""

from __future__ import annotations

from heapq import heappop, heappush

from toxpy.errors import api_error
from toxpy.friend.friend import (
    CONNECTION_NONE,
    FRIEND_ADDED,
    FRIEND_CONFIRMED,
    FRIEND_ONLINE,
    PACKET_OFFLINE,
    FriendState,
)
from toxpy.friend.outbox import Outbox
from toxpy.friend.packets import (
    FIRST_CUSTOM_LOSSLESS,
    FIRST_LOSSY,
    LAST_CUSTOM_LOSSLESS,
    LAST_LOSSY,
    MAX_MESSAGE_LENGTH,
    MAX_PACKET_SIZE,
    PACKET_MESSAGE,
    PACKET_MSI,
    PACKET_TYPING,
    FriendPackets,
)
from toxpy.friend.requests import MAX_REQUEST_LENGTH
from toxpy.friend.user import User
from toxpy.generated import events as ev
from toxpy.ids import ADDRESS_SIZE, address_checksum
from toxpy.runtime import Dispatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from toxpy.friend.capability import Capability
    from toxpy.friend.connection import FriendConnections
    from toxpy.friend.envelope import Envelope
    from toxpy.friend.records import Records
    from toxpy.friend.requests import FriendRequests
    from toxpy.runtime import Runtime

    class Saved(Protocol):
        """What a save had."""

        def take(self, section_type: int, /) -> list[bytes]: ...

    class Accepted(Protocol):
        """A message that was taken."""

        #: what its receipt will have
        message_id: int
        id: bytes
        #: whether it waits
        state: int

    class Outbound(Protocol):
        """Who takes messages to friends."""

        def send(
            self, friend: FriendState, kind: int, text: bytes, reply_to: bytes | None, again: bytes | None
        ) -> Accepted: ...


_OFFLINE = bytes((PACKET_OFFLINE,))
_U32_MASK = 0xFFFFFFFF


def _is_valid_key(real_pk: bytes) -> bool:
    """As in c-toxcore, whose curve library leaves the highest bit unused."""
    return real_pk[31] < 128


class Messenger:
    """All friends of one instance. Only our user adds to the table, never the network."""

    __slots__ = (
        "_awaiting",
        "_by_key",
        "_by_number",
        "_envelope",
        "_free",
        "_records",
        "_saved",
        "capabilities",
        "connections",
        "events",
        "identity",
        "incoming",
        "on_name",
        "outbound",
        "outbox",
        "packets",
        "requests",
        "rt",
        "user",
    )

    def __init__(
        self,
        connections: FriendConnections,
        requests: FriendRequests,
        events: list[Any],
        *,
        rt: Runtime,
        saved: Saved | None = None,
    ) -> None:
        self.rt = rt
        self.identity = connections.identity
        self.connections = connections
        self.requests = requests
        self.events = events
        self.user = User(rt=rt)
        self.packets = Dispatch()
        self.outbox = Outbox(rt=rt)
        self.incoming = FriendPackets(self.packets, connections.packets, events, rt=rt)
        self._by_number: dict[int, FriendState] = {}
        self._by_key: dict[bytes, FriendState] = {}
        #: numbers below the highest ever used that are free, smallest first
        self._free: list[int] = []
        #: friends with unacknowledged messages
        self._awaiting: dict[FriendState, None] = {}
        requests.is_friend = self._by_key.__contains__
        requests.on_request = self._on_request
        #: who hears that our user has another name, of which friends are told anyway
        self.on_name: list[Callable[[], None]] = []
        #: who is told of friends that come and go; see `Core.add`
        self.capabilities: list[Capability] = []
        #: who takes messages of our user, whether the friend is online or not; None: see `send_message`
        self.outbound: Outbound | None = None
        self._saved = saved
        self._envelope: Envelope | None = None
        self._records: Records | None = None

    # for extensions: few instances have any

    def envelope(self) -> Envelope:
        """What extensions send to friends goes through this."""
        if self._envelope is None:
            from toxpy.friend.envelope import Envelope

            self._envelope = Envelope(self.packets, rt=self.rt)
            self.capabilities.append(self._envelope)
        return self._envelope

    def records(self) -> Records:
        """What extensions keep in a save goes into this."""
        if self._records is None:
            from toxpy.friend.records import Records

            self._records = Records()
            if self._saved is not None:
                self._records.load(self._saved.take(self._records.section))
            self.capabilities.append(self._records)
        return self._records

    # the table of friends

    def friend(self, number: int) -> FriendState | None:
        """The friend of that number."""
        return self._by_number.get(number)

    def friend_by_key(self, real_pk: bytes) -> FriendState | None:
        """The friend of that long-term public key."""
        return self._by_key.get(real_pk)

    def friends(self) -> list[FriendState]:
        """All friends in the order of their numbers."""
        return [self._by_number[number] for number in sorted(self._by_number)]

    def _find(self, friend: FriendState | int, error_name: str) -> FriendState:
        found = self._by_number.get(friend) if isinstance(friend, int) else friend
        if found is None or found.deleted:
            raise api_error(error_name)
        return found

    def _new_friend(self, real_pk: bytes, status: int) -> FriendState:
        number = heappop(self._free) if self._free else len(self._by_number)
        packets, report = self.packets, self._set_friend_status
        friend = FriendState(number, real_pk, status, packets=packets, report=report, rt=self.rt)
        self._by_number[number] = self._by_key[real_pk] = friend
        friend.connection = self.connections.add(real_pk, friend)
        if friend.connection.is_online:
            # somebody else uses it already
            friend.on_online()
        return friend

    def _check_addable(self, real_pk: bytes) -> None:
        """c-toxcore: Messenger.c m_addfriend_norequest."""
        if not _is_valid_key(real_pk):
            raise api_error("TOX_ERR_FRIEND_ADD_BAD_CHECKSUM")
        if real_pk == self.identity.public:
            raise api_error("TOX_ERR_FRIEND_ADD_OWN_KEY")
        if real_pk in self._by_key:
            raise api_error("TOX_ERR_FRIEND_ADD_ALREADY_SENT")

    def add(self, address: bytes, message: bytes) -> FriendState:
        """Put the owner of a 38-byte address on the list and send a request until there is an answer."""
        if len(message) > MAX_REQUEST_LENGTH:
            raise api_error("TOX_ERR_FRIEND_ADD_TOO_LONG")
        if len(address) != ADDRESS_SIZE or address_checksum(address[:-2]) != address[-2:]:
            raise api_error("TOX_ERR_FRIEND_ADD_BAD_CHECKSUM")
        real_pk, nospam = address[:32], address[32:36]
        if not _is_valid_key(real_pk):
            raise api_error("TOX_ERR_FRIEND_ADD_BAD_CHECKSUM")
        return self.add_with_request(real_pk, nospam, message)

    def add_with_request(self, real_pk: bytes, nospam: bytes, message: bytes) -> FriendState:
        """The same for the parts of an address, with a message of any length."""
        if not message:
            raise api_error("TOX_ERR_FRIEND_ADD_NO_MESSAGE")
        known = self._by_key.get(real_pk)
        if known is not None and known.status < FRIEND_CONFIRMED:
            request = known.request
            if request is not None and request.nospam != nospam:
                request.nospam = nospam
                raise api_error("TOX_ERR_FRIEND_ADD_SET_NEW_NOSPAM")
        self._check_addable(real_pk)
        friend = self._new_friend(real_pk, FRIEND_ADDED)
        self.requests.begin(friend, nospam, message)
        return friend

    def add_norequest(self, real_pk: bytes) -> FriendState:
        """Put a key on the list; they must have us on theirs, or their request was accepted by this."""
        self._check_addable(real_pk)
        return self._new_friend(real_pk, FRIEND_CONFIRMED)

    def delete(self, friend: FriendState | int) -> None:
        """Take a friend off the list and tell it; its number is free again."""
        friend = self._find(friend, "TOX_ERR_FRIEND_DELETE_FRIEND_NOT_FOUND")
        friend.connection.write(_OFFLINE)
        friend.deleted = True
        friend.status = FRIEND_CONFIRMED
        friend.cancel_timers()
        self._awaiting.pop(friend, None)
        self.user.on_friend_gone(friend)
        self._tell_gone(friend)
        self.requests.forget(friend.real_pk)
        self.connections.remove(friend.connection)
        del self._by_number[friend.number], self._by_key[friend.real_pk]
        heappush(self._free, friend.number)

    # requests

    def _on_request(self, real_pk: bytes, message: bytes) -> None:
        self.events.append(ev.FriendRequest(real_pk, message))

    # going online and offline

    def _set_friend_status(self, friend: FriendState, status: int) -> None:
        """Online (also when the way changed) or not: tell our user, and a friend who came about ourselves."""
        was_online, friend.status = friend.status == FRIEND_ONLINE, status
        if status == FRIEND_ONLINE and was_online:
            self._report_transport(friend)
        elif status == FRIEND_ONLINE:
            self._report_transport(friend)
            # the friend may have missed the one sent when the connection came up
            friend.on_online()
            for capability in self.capabilities:
                capability.on_friend_online(friend)
            self.user.on_friend_online(friend)
        elif was_online:
            self.user.on_friend_gone(friend)
            friend.last_seen_s = self.rt.clock.unix_s()
            friend.receipts.clear()
            self._awaiting.pop(friend, None)
            friend.unsent.clear()
            friend.cancel_timers()
            self._tell_gone(friend)
            self._report_connection_type(friend, CONNECTION_NONE)

    def _tell_gone(self, friend: FriendState) -> None:
        for capability in self.capabilities:
            capability.on_friend_gone(friend)

    def _report_transport(self, friend: FriendState) -> None:
        """How the friend is reached now: directly or through relays."""
        crypto = friend.connection.crypto
        if crypto is not None:
            self._report_connection_type(friend, crypto.connection_type)

    def _report_connection_type(self, friend: FriendState, connection_type: int) -> None:
        if friend.connection_type != connection_type:
            friend.connection_type = connection_type
            self.events.append(ev.FriendConnectionStatus(friend.number, connection_type, owner=friend))

    # telling friends about ourselves: see user.py

    def set_name(self, name: bytes) -> None:
        """Our name, at most 128 bytes, for friends and wherever else we are."""
        before = self.user.name
        self.user.set_name(name)
        if name != before:
            self.rt.clock.update()
            for tell in self.on_name:
                tell()

    def set_typing(self, friend: FriendState | int, typing: bool) -> None:
        """Tell one friend that we type or stopped; remembered for when it is online."""
        friend = self._find(friend, "TOX_ERR_SET_TYPING_FRIEND_NOT_FOUND")
        if friend.self_typing != typing:
            friend.self_typing = bool(typing)
            self.user.tell(friend, PACKET_TYPING)

    # messages

    def send_message(self, friend: FriendState | int, kind: int, message: bytes) -> int:
        """Send a message (kind 0) or an action (1): the id that the read receipt will carry."""
        if not message:
            raise api_error("TOX_ERR_FRIEND_SEND_MESSAGE_EMPTY")
        if kind not in (0, 1):
            # the enum has no word for it, and c-toxcore aborts the program
            raise api_error("TOX_ERR_FRIEND_SEND_MESSAGE_NULL")
        friend = self._find(friend, "TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_FOUND")
        if len(message) > MAX_MESSAGE_LENGTH:
            raise api_error("TOX_ERR_FRIEND_SEND_MESSAGE_TOO_LONG")
        if self.outbound is not None:
            return self.outbound.send(friend, kind, message, None, None).message_id
        if friend.status != FRIEND_ONLINE:
            raise api_error("TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_CONNECTED", retryable=True)
        number = friend.connection.write_message(bytes((PACKET_MESSAGE + kind,)) + message)
        if number < 0:
            raise api_error("TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ", retryable=True)
        message_id = friend.last_message_id = (friend.last_message_id + 1) & _U32_MASK
        friend.receipts.append((number, message_id))
        self._awaiting[friend] = None
        return message_id

    def check_receipts(self) -> None:
        """Report the messages that were acknowledged, per friend in sending order.

        For the end of each pass: only a packet of the friend changes what is acknowledged.
        """
        for friend in list(self._awaiting):
            receipts, crypto = friend.receipts, friend.connection.crypto
            done = 0
            while done < len(receipts) and crypto is not None and crypto.acknowledged(receipts[done][0]):
                self.events.append(ev.FriendReadReceipt(friend.number, receipts[done][1], owner=friend))
                done += 1
            del receipts[:done]
            if not receipts:
                del self._awaiting[friend]

    def _send_custom(self, friend: FriendState | int, data: bytes, valid: bool, lossy: bool) -> None:
        friend = self._find(friend, "TOX_ERR_FRIEND_CUSTOM_PACKET_FRIEND_NOT_FOUND")
        if len(data) > MAX_PACKET_SIZE:
            raise api_error("TOX_ERR_FRIEND_CUSTOM_PACKET_TOO_LONG")
        if not valid:
            raise api_error("TOX_ERR_FRIEND_CUSTOM_PACKET_INVALID")
        if friend.status != FRIEND_ONLINE:
            raise api_error("TOX_ERR_FRIEND_CUSTOM_PACKET_FRIEND_NOT_CONNECTED", retryable=True)
        connection = friend.connection
        sent = connection.send_lossy(data) if lossy else connection.write_bulk(data) >= 0
        if not sent:
            raise api_error("TOX_ERR_FRIEND_CUSTOM_PACKET_SENDQ", retryable=True)

    def send_lossy_packet(self, friend: FriendState | int, data: bytes) -> None:
        """Send a client's own packet, at most 1373 bytes, its first 192 to 254; it may get lost."""
        if not data:
            raise api_error("TOX_ERR_FRIEND_CUSTOM_PACKET_EMPTY")
        if not FIRST_LOSSY <= data[0] <= LAST_LOSSY:
            raise api_error("TOX_ERR_FRIEND_CUSTOM_PACKET_INVALID")
        self._send_custom(friend, data, True, lossy=True)

    def send_lossless_packet(self, friend: FriendState | int, data: bytes) -> None:
        """Send a client's own packet, at most 1373 bytes, its first 160 to 191 or 69; arrives in order."""
        if not data:
            raise api_error("TOX_ERR_FRIEND_CUSTOM_PACKET_EMPTY")
        valid = FIRST_CUSTOM_LOSSLESS <= data[0] <= LAST_CUSTOM_LOSSLESS or data[0] == PACKET_MSI
        self._send_custom(friend, data, valid, lossy=False)

    def last_online(self, friend: FriendState | int) -> int:
        """Unix seconds when the friend was last seen: now for an online one, 0 for never."""
        friend = self._find(friend, "TOX_ERR_FRIEND_GET_LAST_ONLINE_FRIEND_NOT_FOUND")
        return self.rt.clock.unix_s() if friend.status == FRIEND_ONLINE else friend.last_seen_s
