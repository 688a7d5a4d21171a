"""Whose packets come first when there are too many: those of nodes that we know.

A request with a fresh public key costs fifty times what a packet of somebody we know costs. In a flood of
them those we know must neither wait nor go without an answer. So in a pass with many packets the requests of
strangers come last, and only so many of them that the pass stays short: what has arrived meanwhile is looked
at before the next ones. All other packets keep their order.
"""

from __future__ import annotations

from toxpy.crypto.sodium import KEY_SIZE
from toxpy.wire.packets import (
    ANNOUNCE_REQUEST,
    ANNOUNCE_REQUEST_OLD,
    COOKIE_REQUEST,
    DHT_REQUEST,
    FORWARDING,
    MAILBOX_PROBE,
    NODES_REQUEST,
    NOISE_HANDSHAKE,
    ONION_DATA_RESPONSE,
    ONION_SEND_1,
    ONION_SEND_2,
    ONION_SEND_3,
    PING_REQUEST,
    RETRIEVE_REQUEST,
    SEARCH_REQUEST,
    STORE_REQUEST,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.crypto.keys import SharedKeys
    from toxpy.runtime import Runtime
    from toxpy.wire.address import Address

#: Packets of a pass up to which their order stays as it is.
MAX_UNSORTED = 64
#: Requests that wait: half a second of work, which comes at once when a relay's clients do.
MAX_WAITING = 4096
#: Waiting requests handled in one pass, and X25519 computed for them: 15 ms of work, whichever comes first.
STRANGERS_PER_PASS, X25519_PER_PASS = 512, 128
#: Requests handled between two looks at what was spent.
STRANGERS_AT_ONCE = 16
#: Offset beyond the end of every datagram.
BEHIND_EVERYTHING = 1 << 16

#: Offset of the sender's key in the packets that make us compute a shared key. In what is forwarded it may be
#: anywhere.
SENDER_AT = {
    **{
        layout.kind: layout.offset("sender")
        for layout in (
            PING_REQUEST,
            NODES_REQUEST,
            COOKIE_REQUEST,
            DHT_REQUEST,
            ONION_SEND_1,
            ONION_SEND_2,
            ONION_SEND_3,
            ANNOUNCE_REQUEST_OLD,
            ANNOUNCE_REQUEST,
            ONION_DATA_RESPONSE,
            SEARCH_REQUEST,
            RETRIEVE_REQUEST,
            STORE_REQUEST,
            MAILBOX_PROBE,
        )
    },
    # a key that nobody has seen before, by its nature
    NOISE_HANDSHAKE.kind: NOISE_HANDSHAKE.offset("ephemeral"),
    FORWARDING.kind: BEHIND_EVERYTHING,
}
_AT = [SENDER_AT.get(kind, 0) for kind in range(256)]


class Strangers:
    """Requests of strangers that wait for their turn, `MAX_WAITING` at most.

    The youngest come first and the oldest are dropped, so that in a flood those who are answered at all are
    answered soon.
    """

    __slots__ = ("_keys", "_rt", "waiting")

    def __init__(self, keys: SharedKeys, *, rt: Runtime) -> None:
        self._keys = keys
        self._rt = rt
        #: the oldest first
        self.waiting: list[tuple[bytes, Address]] = []

    def __len__(self) -> int:
        return len(self.waiting)

    def part(self, batch: list[tuple[bytes, Address]]) -> list[tuple[bytes, Address]]:
        """The datagrams that need not wait, in their order; the claimed sender's key decides."""
        first, waiting = [], self.waiting
        is_acquainted = self._keys.is_acquainted
        for entry in batch:
            data = entry[0]
            at = _AT[data[0]] if data else 0
            if at and not is_acquainted(data[at : at + KEY_SIZE]):
                waiting.append(entry)
            else:
                first.append(entry)
        excess = len(waiting) - MAX_WAITING
        if excess > 0:
            self._rt.counters.count("drop.crowded", excess)
            del waiting[:excess]
        return first

    def take(self, count: int) -> list[tuple[bytes, Address]]:
        """So many of the youngest."""
        waiting = self.waiting
        taken = waiting[-count:]
        del waiting[-count:]
        return taken
