"""Friend requests, coming and going.

    nospam 4 | message, at least 1 byte

travels as onion data of kind 32, or as packet 18 over an established friend connection.
Our nospam must be in it: it is the part of our address that our user can change to
get rid of unwanted requests. A request is reported once per key; the last 32 keys are
remembered. Spec: Friend requests; c-toxcore: friend_requests.c.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.friend.connection import FriendConnection, FriendConnections
    from toxpy.onion.client import OnionClient
    from toxpy.runtime import Runtime

ONION_FRIEND_REQUEST = 32
PACKET_FRIEND_REQUEST = 18
NOSPAM_SIZE = 4
#: What fits into one onion packet: 1021 bytes with the kind (c-toxcore: ONION_CLIENT_MAX_DATA_SIZE).
MAX_INCOMING_MESSAGE_SIZE = 1016
MAX_REMEMBERED = 32


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

    def send(self, connection: FriendConnection, nospam: bytes, message: bytes) -> bool:
        """Send a request by the best way there is; False when there is none yet."""
        payload = nospam + message
        if connection.is_online:
            # as in c-toxcore a full send window counts as sent: the next try comes in seconds
            connection.write(bytes((PACKET_FRIEND_REQUEST,)) + payload)
            return True
        return connection.send_onion_data(bytes((ONION_FRIEND_REQUEST,)) + payload) > 0
