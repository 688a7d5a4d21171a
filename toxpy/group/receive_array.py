"""A peer's lossless packets: handed on in order, once, whatever way they come.

Each packet is acknowledged as it comes. For one that is ahead the ids missing before it are asked for, each
after a moment and then again, ever more rarely; c-toxcore asks for the first one only, once per second. A
row of fragments is like other packets: c-toxcore drops fragments that come ahead of others.

Whatever becomes of a packet, it counts as handled. In c-toxcore a row of fragments whose packet it refuses
holds up everything behind it until the peer is given up.

An array holds packets up to MAX_AHEAD ids and MAX_STORED_SIZE bytes ahead. What is beyond is not
acknowledged, so it comes again. c-toxcore: group_connection.c.
"""

from __future__ import annotations

from itertools import islice

from toxpy.group.packets import ACK_RECEIVED, ACK_SEND_AGAIN, FRAGMENT
from toxpy.group.send_array import MAX_PACKET_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.net_crypto.round_trip import RoundTrip
    from toxpy.runtime import Runtime

#: Ids ahead of the next one that are kept. As c-toxcore 0.2.22.
MAX_AHEAD = 2048
#: Bytes that packets ahead take, with what each costs besides its data.
MAX_STORED_SIZE = 512 * 1024
PACKET_OVERHEAD = 200
#: Missing ids asked for at once.
MAX_ASKED = 16
#: Time for which a packet may be late rather than lost, in ms.
LATE_MS = 20
#: Time until a missing packet is asked for again, in ms, doubled each time.
MIN_ASK_MS, MAX_ASK_MS = 200, 4000


class ReceiveArray:
    """What came from one peer; `deliver` gets kind and data, `acknowledge` says what to acknowledge how."""

    __slots__ = (
        "_acknowledge",
        "_deliver",
        "_fragments",
        "_fragments_size",
        "_highest_id",
        "_missing",
        "_round_trip",
        "_rt",
        "_stored",
        "_stored_size",
        "received_id",
    )

    def __init__(
        self,
        received_id: int,
        deliver: Callable[[int, bytes], None],
        acknowledge: Callable[[int, int], None],
        round_trip: RoundTrip,
        *,
        rt: Runtime,
    ) -> None:
        #: all packets up to this one were handled
        self.received_id = self._highest_id = received_id
        self._deliver = deliver
        self._acknowledge = acknowledge
        self._round_trip = round_trip
        self._rt = rt
        self._stored: dict[int, tuple[int, bytes]] = {}
        self._stored_size = 0
        #: ids that we know of but do not have, ascending: when to ask for them, and how long that was put off
        self._missing: dict[int, tuple[int, int]] = {}
        #: parts of a packet whose end has not come; their size goes on when there are too many to keep
        self._fragments: list[bytes] = []
        self._fragments_size = 0

    def receive(self, message_id: int, kind: int, data: bytes) -> bool:
        """One packet; True if it is new."""
        if message_id <= self.received_id or message_id in self._stored:
            self._acknowledge(ACK_RECEIVED, message_id)
            return False
        if message_id > self.received_id + 1:
            return self._receive_ahead(message_id, kind, data)
        self._missing.pop(message_id, None)
        self._highest_id = max(self._highest_id, message_id)
        self._acknowledge(ACK_RECEIVED, message_id)
        self._handle(message_id, kind, data)
        stored = self._stored
        while (packet := stored.pop(self.received_id + 1, None)) is not None:
            self._stored_size -= len(packet[1]) + PACKET_OVERHEAD
            self._handle(self.received_id + 1, *packet)
        return True

    def begin_with(self, message_id: int) -> None:
        """The peer's first packet has that id, whatever we thought: nothing was handled yet."""
        self.received_id = message_id - 1
        for missing_id in [i for i in self._missing if i < message_id]:
            del self._missing[missing_id]

    def _receive_ahead(self, message_id: int, kind: int, data: bytes) -> bool:
        size = len(data) + PACKET_OVERHEAD
        if message_id - self.received_id > MAX_AHEAD or self._stored_size + size > MAX_STORED_SIZE:
            self._rt.counters.drop("group_ahead")
            return False
        self._stored[message_id] = kind, data
        self._stored_size += size
        self._missing.pop(message_id, None)
        self._acknowledge(ACK_RECEIVED, message_id)
        # those below the highest are known to be missing, or here
        for missing_id in range(max(self._highest_id, self.received_id) + 1, message_id):
            self._missing[missing_id] = self._rt.clock.now_ms + LATE_MS, 0
        self._highest_id = max(self._highest_id, message_id)
        return True

    def ask(self) -> None:
        """Ask for the first missing packets whose time has come."""
        now_ms = self._rt.clock.now_ms
        for missing_id, (at_ms, wait_ms) in list(islice(self._missing.items(), MAX_ASKED)):
            if at_ms <= now_ms:
                first_ms = max(MIN_ASK_MS, 2 * int(self._round_trip.mean_ms))
                wait_ms = min(2 * wait_ms or first_ms, MAX_ASK_MS)
                self._missing[missing_id] = now_ms + wait_ms, wait_ms
                self._acknowledge(ACK_SEND_AGAIN, missing_id)

    def next_ask_ms(self) -> int | None:
        """When `ask` has something to do; None when nothing is missing."""
        return min(islice(self._missing.values(), MAX_ASKED))[0] if self._missing else None

    def _handle(self, message_id: int, kind: int, data: bytes) -> None:
        self.received_id = message_id
        if kind != FRAGMENT:
            if self._fragments:
                self._drop_fragments("group_fragments_unfinished")
            self._deliver(kind, data)
        elif data:
            self._fragments_size += len(data)
            if self._fragments_size <= MAX_PACKET_SIZE:
                self._fragments.append(data)
        elif self._fragments_size > MAX_PACKET_SIZE or not self._fragments:
            self._drop_fragments("group_fragments")
        else:
            whole = b"".join(self._fragments)
            self._fragments, self._fragments_size = [], 0
            if whole[0] == FRAGMENT:
                self._rt.counters.drop("group_fragments")
            else:
                self._deliver(whole[0], whole[1:])

    def _drop_fragments(self, reason: str) -> None:
        self._fragments, self._fragments_size = [], 0
        self._rt.counters.drop(reason)

    def close(self) -> None:
        """Take nothing more, also not of what is being handed on just now."""
        self._stored.clear()
        self._missing.clear()
        self._fragments = []
