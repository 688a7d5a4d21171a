"""The sealed packets of a session with one peer: how they leave, and who opens those that come over UDP.

Where there is a datapath it seals, sends and opens the packets. What it cannot open, and what comes over
relays, comes to `GroupSessions.receive`.
"""

from __future__ import annotations

from toxpy.crypto.sodium import NONCE_SIZE
from toxpy.group.wire import seal_lossless, seal_lossy
from toxpy.wire.group_packets import LOSSY_ID, pad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.group.setup import OwnMember
    from toxpy.group.transport import GroupTransport
    from toxpy.wire.data_packets import Receiver


class Sealed:
    """The packets of one session."""

    __slots__ = ("_key", "_own", "_peer_pk", "_transport")

    def __init__(self, peer_pk: bytes, transport: GroupTransport, own: OwnMember) -> None:
        self._peer_pk = peer_pk
        self._transport = transport
        self._own = own
        #: the key that the datapath has been told
        self._key: bytes | None = None

    def send(self, key: bytes, message_id: int, kind: int, data: bytes) -> bool:
        """Seal and send a packet, a lossy one with LOSSY_ID; False without any way to the peer."""
        own = self._own
        address, path = self._transport.direct_address(), own.path
        lossy = message_id == LOSSY_ID
        nonce = own.rt.rng.bytes(NONCE_SIZE)
        if address is not None and path is not None:
            head = own.lossy_head if lossy else own.lossless_head
            path.send_group(address, head, nonce, key, message_id, kind, data)
            return True
        seal = seal_lossy if lossy else seal_lossless
        return self._transport.send(seal(key, nonce, own.keys.public, pad(message_id, kind, data)))

    @property
    def is_open(self) -> bool:
        """True if the datapath opens the peer's packets."""
        return self._key is not None

    def open_with(self, key: bytes, receiver: Receiver) -> None:
        """The peer's packets open with that key now; what is in them is for the receiver."""
        path = self._own.path
        if path is not None and key != self._key:
            self._key = key
            path.member(self._peer_pk, key, receiver)

    def close(self) -> None:
        """Have nothing opened any more."""
        if self._key is not None and self._own.path is not None:
            self._key = None
            self._own.path.member(self._peer_pk, None, None)
