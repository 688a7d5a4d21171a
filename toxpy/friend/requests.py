"""FriendState requests, coming and going.

    nospam 4 | message, at least 1 byte

travels as onion data of kind 32, or as packet 18 over an established friend connection.
Our nospam must be in it: it is the part of our address that our user can change to
get rid of unwanted requests. A request is reported once per key; the last 32 keys are
remembered. Ours are sent again, each time after twice as long, until the friend is
online. Spec: FriendState requests; c-toxcore: friend_requests.c.
"""

from __future__ import annotations

from toxpy.friend.friend import FRIEND_ADDED, FRIEND_REQUESTED, PendingRequest
from toxpy.ids import NOSPAM_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.friend.connection import FriendConnection, FriendConnections
    from toxpy.friend.friend import FriendState
    from toxpy.onion.client import OnionClient
    from toxpy.runtime import Runtime

ONION_FRIEND_REQUEST = 32
PACKET_FRIEND_REQUEST = 18
#: Bytes of the longest message that fits into an onion packet (c-toxcore: ONION_CLIENT_MAX_DATA_SIZE).
MAX_INCOMING_MESSAGE_SIZE = 1016
MAX_REMEMBERED = 32
#: Bytes of the longest message that our user may send.
MAX_REQUEST_LENGTH = 921

# ours
#: Milliseconds of the first wait for an answer; doubled each time.
FIRST_TIMEOUT_MS = 5_000
#: Milliseconds until a request is tried again while the onion has found no way to the friend.
RETRY_MS = 500


class FriendRequests:
    """Filters incoming requests and sends ours.

    `on_request(real_pk, message)` gets what passed; `is_friend(real_pk)` says whom we know already.
    """

    __slots__ = ("_received", "is_friend", "nospam", "on_request", "rt")

    def __init__(self, onion: OnionClient, connections: FriendConnections, *, rt: Runtime) -> None:
        self.rt = rt
        self.nospam = rt.rng.bytes(NOSPAM_SIZE)
        self.on_request: Callable[[bytes, bytes], None] = self._unheard
        self.is_friend: Callable[[bytes], bool] = self._nobody
        #: keys in the order in which their requests came
        self._received: dict[bytes, None] = {}
        onion.data.claim(ONION_FRIEND_REQUEST, self.receive)
        connections.on_request = self.receive

    def _unheard(self, _real_pk: bytes, _message: bytes) -> None:
        self.rt.counters.drop("friend_request_unclaimed")

    def _nobody(self, _real_pk: bytes) -> bool:
        return False

    def receive(self, real_pk: bytes, payload: bytes) -> None:
        """One request, without its kind byte, from the key that its encryption proved."""
        counters, received = self.rt.counters, self._received
        if not NOSPAM_SIZE < len(payload) <= NOSPAM_SIZE + MAX_INCOMING_MESSAGE_SIZE:
            counters.drop("friend_request_size")
        elif real_pk in received:
            counters.drop("friend_request_repeated")
        elif payload[:NOSPAM_SIZE] != self.nospam:
            counters.drop("friend_request_nospam")
        elif self.is_friend(real_pk):
            counters.drop("friend_request_from_friend")
        else:
            if len(received) >= MAX_REMEMBERED:
                del received[next(iter(received))]
            received[real_pk] = None
            self.on_request(real_pk, payload[NOSPAM_SIZE:])

    def forget(self, real_pk: bytes) -> None:
        """The next request of this key is news again."""
        self._received.pop(real_pk, None)

    def begin(self, friend: FriendState, nospam: bytes, message: bytes) -> None:
        """Send a friend a request, again and again until it is online."""
        request = friend.request = PendingRequest(nospam, message, FIRST_TIMEOUT_MS)
        request.timer = self.rt.timers.call_later(0, lambda: self._due(friend, request))

    def _due(self, friend: FriendState, request: PendingRequest) -> None:
        """Send the request; then wait for an answer, each time twice as long."""
        request.timer = None
        if friend.status not in (FRIEND_ADDED, FRIEND_REQUESTED):
            return
        delay_ms = RETRY_MS
        friend.status = FRIEND_ADDED
        if self.send(friend.connection, request.nospam, request.message[:MAX_REQUEST_LENGTH]):
            friend.status = FRIEND_REQUESTED
            delay_ms = request.timeout_ms
            request.timeout_ms *= 2
        request.timer = self.rt.timers.call_later(delay_ms, lambda: self._due(friend, request))

    def send(self, connection: FriendConnection, nospam: bytes, message: bytes) -> bool:
        """Send a request by the best way there is; False when there is none yet."""
        payload = nospam + message
        if connection.is_online:
            # as in c-toxcore a full send window counts as sent: the next try comes in seconds
            connection.write(bytes((PACKET_FRIEND_REQUEST,)) + payload)
            return True
        return connection.send_onion_data(bytes((ONION_FRIEND_REQUEST,)) + payload) > 0
