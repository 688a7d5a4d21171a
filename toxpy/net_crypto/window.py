"""The two ends of the lossless stream. Spec: Crypto Connections, packet numbers and packet requests.

Numbers are unsigned 32-bit, start at 0 and wrap. Each side keeps `[start, end)`:

    sending    start: the lowest number the peer does not have; end: the number of the next new packet
    receiving  start: the lowest number we do not have; end: one behind the highest we know to exist

Every data packet carries our receiving `start`, which acknowledges everything before it. A request
packet lists the holes from there on, one byte per step: a byte 1..255 is the distance from the hole
before (from `start - 1` for the first) to the next hole; a 0 says "255 further, and that one arrived".
What lies between two holes has arrived.

No clock, no encryption, no sockets here.
"""

from __future__ import annotations

#: Most numbers a side may have open at once. c-toxcore: CRYPTO_PACKET_BUFFER_SIZE.
BUFFER_SIZE = 32768
#: Most out-of-order packets kept for a peer; later ones count as lost and are requested again. c-toxcore
#: allows the whole buffer (45 MB); a quarter still covers any round trip a sender can fill.
MAX_HELD = 8192
NUMBER_MASK = 0xFFFFFFFF
#: What a packet costs on the wire besides its data, in bytes: headers, nonce, numbers, MAC.
PACKET_COST = 64

#: Results of `SendWindow.acknowledge` besides a count.
STALE, INVALID = -1, -2

_NOTHING: tuple[bytes, ...] = ()


class Outgoing:
    """One unacknowledged packet: its data, when it was last sent (-1: too long ago) and how often."""

    __slots__ = ("data", "sent_ms", "times")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.sent_ms = 0
        self.times = 0


class SendWindow:
    """What we sent or still want to send.

    `packets` holds what the peer is not known to have, at most BUFFER_SIZE entries. `pending`
    is the ordered set of numbers to send again, `next` the lowest number never sent.
    `in_flight` counts what was sent, is not acknowledged and not pending, without the `overdue` ones,
    of which nothing was heard for so long that they cannot be on their way any more: a peer can list
    only some 1300 holes, so what is behind them may be there or lost. `queued_size` is the bytes of what was
    never sent, with PACKET_COST for each packet.
    """

    __slots__ = (
        "end",
        "in_flight",
        "next",
        "overdue",
        "packets",
        "pending",
        "queued_size",
        "sample_sent_ms",
        "start",
    )

    def __init__(self, first: int = 0) -> None:
        self.start = self.next = self.end = first
        self.packets: dict[int, Outgoing] = {}
        self.pending: dict[int, None] = {}
        self.in_flight = self.overdue = self.queued_size = 0
        #: When the newest just-acknowledged packet was sent, -1 if it was sent twice (no one can tell
        #: which copy arrived) or nothing new was acknowledged.
        self.sample_sent_ms = -1

    def add(self, data: bytes) -> int:
        """Queue data; its number, or -1 when the window is full."""
        number = self.end
        if (number - self.start) & NUMBER_MASK >= BUFFER_SIZE:
            return -1
        self.packets[number] = Outgoing(data)
        self.queued_size += len(data) + PACKET_COST
        self.end = (number + 1) & NUMBER_MASK
        return number

    def add_sent(self, data: bytes, now_ms: int) -> int:
        """`add` and `take` in one, when nothing waits: the number, or -1 when the window is full."""
        number = self.end
        if (number - self.start) & NUMBER_MASK >= BUFFER_SIZE:
            return -1
        self.packets[number] = packet = Outgoing(data)
        packet.sent_ms = now_ms
        packet.times = 1
        self.in_flight += 1
        self.next = self.end = (number + 1) & NUMBER_MASK
        return number

    def take(self, now_ms: int) -> tuple[int, bytes] | None:
        """The next packet to put on the wire, counted as in flight; requested ones go first."""
        pending = self.pending
        if pending:
            number = next(iter(pending))
            del pending[number]
        elif self.next != self.end:
            number = self.next
            self.next = (number + 1) & NUMBER_MASK
            self.queued_size -= len(self.packets[number].data) + PACKET_COST
        else:
            return None
        packet = self.packets[number]
        packet.sent_ms = now_ms
        packet.times += 1
        self.in_flight += 1
        return number, packet.data

    def acknowledge(self, start: int) -> int:
        """The peer has everything before `start`: how many of those were news, or STALE or INVALID."""
        self.sample_sent_ms = -1
        old = self.start
        distance = (start - old) & NUMBER_MASK
        if distance > (self.next - old) & NUMBER_MASK:
            return STALE if (old - start) & NUMBER_MASK <= BUFFER_SIZE else INVALID
        self.start = start
        if self.pending or self.overdue or start < old:
            count = 0
            for step in range(distance):
                count += self._arrived((old + step) & NUMBER_MASK)
            return count
        # the usual case: everything was in flight
        packets = self.packets
        before, pop, last = len(packets), packets.pop, None
        for number in range(old, start):
            last = pop(number, None) or last
        count = before - len(packets)
        self.in_flight -= count
        if last is not None and last.times == 1:
            self.sample_sent_ms = last.sent_ms
        return count

    def request(self, gaps: bytes, now_ms: int, repeat_after_ms: int) -> tuple[int, int]:
        """Apply a request's gap list (without id byte) that was counted from our `start`.

        A hole is sent again when it was last sent longer than `repeat_after_ms` ago: a younger
        copy may simply still be on its way. Returns (newly arrived, newly to be sent again).
        """
        self.sample_sent_ms = -1
        start, packets, pending = self.start, self.packets, self.pending
        size = (self.next - start) & NUMBER_MASK
        arrived = lost = 0
        offset = -1
        for gap in gaps:
            hole = offset + (gap or 256)
            for between in range(offset + 1, min(hole, size)):
                arrived += self._arrived((start + between) & NUMBER_MASK)
            offset = hole if gap else hole - 1
            if offset >= size:
                break
            if gap:
                number = (start + offset) & NUMBER_MASK
                packet = packets.get(number)
                if (
                    packet is not None
                    and number not in pending
                    and now_ms - packet.sent_ms >= repeat_after_ms
                ):
                    self._forget_flight(packet)
                    pending[number] = None
                    lost += 1
        return arrived, lost

    def repeat_oldest(self) -> bool:
        """Queue the lowest unacknowledged packet again; False when all are queued or there is none."""
        number = self.start
        while number != self.next:
            packet = self.packets.get(number)
            if packet is not None and number not in self.pending:
                self._forget_flight(packet)
                self.pending[number] = None
                return True
            number = (number + 1) & NUMBER_MASK
        return False

    def expire(self, before_ms: int) -> None:
        """What was sent before that is in flight no more."""
        packets, pending = self.packets, self.pending
        for step in range((self.next - self.start) & NUMBER_MASK):
            number = (self.start + step) & NUMBER_MASK
            packet = packets.get(number)
            if packet is not None and 0 <= packet.sent_ms < before_ms and number not in pending:
                packet.sent_ms = -1
                self.in_flight -= 1
                self.overdue += 1

    def _forget_flight(self, packet: Outgoing) -> None:
        if packet.sent_ms >= 0:
            self.in_flight -= 1
        else:
            self.overdue -= 1

    def missing_sent_ms(self) -> int:
        """When the first packet that the peer lacks was sent; -1 if it was not, or not once."""
        packet = self.packets.get(self.start)
        if packet is None or packet.times != 1 or self.start in self.pending:
            return -1
        return packet.sent_ms

    def acknowledged(self, number: int) -> bool:
        """True if the peer has acknowledged this number, which `add` once returned."""
        return (number - self.start) & NUMBER_MASK >= (self.end - self.start) & NUMBER_MASK

    def waiting(self) -> int:
        """Packets not yet known to have arrived, sent or not."""
        return len(self.packets)

    def free(self) -> int:
        """Numbers that may still be opened."""
        return BUFFER_SIZE - ((self.end - self.start) & NUMBER_MASK)

    def _arrived(self, number: int) -> int:
        packet = self.packets.pop(number, None)
        if packet is None:
            return 0
        if number in self.pending:
            del self.pending[number]
        else:
            self._forget_flight(packet)
        self.sample_sent_ms = packet.sent_ms if packet.times == 1 else -1
        return 1


class ReceiveWindow:
    """What we have of the peer's stream; `held` keeps what came early, at most MAX_HELD packets."""

    __slots__ = ("end", "held", "start")

    def __init__(self, first: int = 0) -> None:
        self.start = self.end = first
        self.held: dict[int, bytes] = {}

    def accept(self, number: int, data: bytes) -> tuple[bytes, ...] | list[bytes] | None:
        """Take a packet: everything now deliverable in order, or None for one that is not wanted."""
        start, held = self.start, self.held
        distance = (number - start) & NUMBER_MASK
        if distance == 0:
            following = (number + 1) & NUMBER_MASK
            self.start = following
            if self.end == number:
                self.end = following
            return self._run(data) if held else (data,)
        if distance >= BUFFER_SIZE or number in held or len(held) >= MAX_HELD:
            return None
        held[number] = data
        if distance >= (self.end - start) & NUMBER_MASK:
            self.end = (number + 1) & NUMBER_MASK
        return _NOTHING

    def _run(self, data: bytes) -> list[bytes]:
        """The packet at the start and all held ones that follow it without a hole."""
        run = [data]
        held, number = self.held, self.start
        while number in held:
            run.append(held.pop(number))
            number = (number + 1) & NUMBER_MASK
        self.start = number
        return run

    def exists_up_to(self, end: int) -> None:
        """The peer says that it has sent everything before `end`; older news is ignored."""
        if (end - self.start) & NUMBER_MASK <= BUFFER_SIZE and (end - self.end) & NUMBER_MASK <= BUFFER_SIZE:
            self.end = end

    def has_holes(self) -> bool:
        """True if something known to exist is still missing."""
        return self.start != self.end

    def gaps(self, max_size: int) -> bytes:
        """The gap list of a request packet, cut at `max_size` bytes."""
        out = bytearray()
        held = self.held
        start = self.start
        gap = 1
        for step in range((self.end - start) & NUMBER_MASK):
            if (start + step) & NUMBER_MASK not in held:
                out.append(gap)
            elif gap == 255:
                out.append(0)
            else:
                gap += 1
                continue
            if len(out) >= max_size:
                break
            gap = 1
        return bytes(out)
