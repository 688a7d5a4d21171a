"""What of our lossless packets a peer has not acknowledged yet, and when it is sent again.

Ids count up by one. c-toxcore sends a packet again after about 3, 5, 9, 17 and 33 s, or when the peer asks
for it; but it asks for one packet per second at most, and acknowledges nothing that came after a gap. So
packets are sent again after a measured time, twice as long each time: only the oldest, which hold up the
others, and the newest, whose acknowledgement tells most.

c-toxcore handles packets in order and acknowledges what it handled: then an acknowledgement covers all ids
before. We acknowledge each packet as it comes, to each other several in one. The two are told apart by an
acknowledgement of id 0, which only c-toxcore sends, for packets that had to wait for others.

No more packets are under way than a window that grows with acknowledgements and is halved by losses: a peer's
socket has room for a few hundred. c-toxcore: group_connection.c.
"""

from __future__ import annotations

from itertools import islice

from toxpy.group.packets import FRAGMENT, MAX_DATA_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.net_crypto.round_trip import RoundTrip
    from toxpy.runtime import Clock

#: Ids from the oldest packet kept to the next one: the slots of c-toxcore 0.2.22 but for one that stays free.
MAX_SPAN = 2047
#: Data of all fragments of one packet, bytes. c-toxcore: MAX_GC_PACKET_SIZE.
MAX_PACKET_SIZE = 50_000
#: Data of a fragment, bytes. c-toxcore sends 500 and takes 1372; one of this size fits into a datagram over
#: IPv6 on a line with PPPoE.
FRAGMENT_SIZE = 1360
#: Age of the oldest packet at which the peer is given up, in ms. As in c-toxcore.
GIVE_UP_MS = 58_000
#: Time until a packet is sent once more, in ms, at most.
MAX_REPEAT_MS = 3000
#: Oldest packets that are sent again by time, and newest ones at the end.
REPEATED_AT_ONCE = 16
#: Copies of the last packets, beside the first ones: of a farewell that nobody is there to repeat.
LAST_COPIES = 2
#: Packets under way, at first and at least.
FIRST_WINDOW, MIN_WINDOW = 128, 64


class SentPacket:
    """A packet until it is acknowledged."""

    __slots__ = ("added_ms", "copies", "data", "kind", "message_id", "sent_ms")

    def __init__(self, message_id: int, kind: int, data: bytes, now_ms: int) -> None:
        self.message_id = message_id
        self.kind = kind
        self.data = data
        self.added_ms = now_ms
        #: when it was sent last
        self.sent_ms = now_ms
        #: how often it was sent; 0 while it waits for room in the window
        self.copies = 0


class SendArray:
    """Our packets to one peer, by id; `transmit` sends one of them."""

    __slots__ = (
        "_clock",
        "_covers_older",
        "_newest_id",
        "_packets",
        "_reduced_ms",
        "_round_trip",
        "_threshold",
        "_transmit",
        "_under_way",
        "_window",
        "next_id",
    )

    def __init__(
        self, first_id: int, transmit: Callable[[SentPacket], None], round_trip: RoundTrip, clock: Clock
    ) -> None:
        self.next_id = first_id
        self._transmit = transmit
        self._round_trip = round_trip
        self._clock = clock
        self._packets: dict[int, SentPacket] = {}
        #: the last one that left; those behind it wait
        self._newest_id = first_id - 1
        self._under_way = 0
        self._window = float(FIRST_WINDOW)
        #: up to this the window doubles in a round trip
        self._threshold = float(MAX_SPAN)
        self._reduced_ms = clock.now_ms
        #: True if an acknowledgement covers all ids before
        self._covers_older = False

    def __len__(self) -> int:
        return len(self._packets)

    def write(self, kind: int, data: bytes) -> bool:
        """Send a packet, a large one in fragments; False when it is too large or there is no room for it."""
        if len(data) <= MAX_DATA_SIZE:
            parts = [(kind, data)]
        elif len(data) < MAX_PACKET_SIZE:
            whole = bytes((kind,)) + data
            parts = [(FRAGMENT, whole[i : i + FRAGMENT_SIZE]) for i in range(0, len(whole), FRAGMENT_SIZE)]
            # an empty one ends the row
            parts.append((FRAGMENT, b""))
        else:
            return False
        oldest_id = next(iter(self._packets), self.next_id)
        if self.next_id + len(parts) - oldest_id > MAX_SPAN:
            return False
        now_ms = self._clock.now_ms
        for part_kind, part in parts:
            self._packets[self.next_id] = SentPacket(self.next_id, part_kind, part, now_ms)
            self.next_id += 1
        self._fill_window()
        return True

    def _fill_window(self) -> None:
        while self._newest_id + 1 < self.next_id and self._under_way < self._window:
            self._newest_id += 1
            self._under_way += 1
            self._send(self._packets[self._newest_id])

    def _send(self, packet: SentPacket) -> None:
        packet.copies += 1
        packet.sent_ms = self._clock.now_ms
        self._transmit(packet)

    def on_received(self, message_id: int, before: int = 0) -> None:
        """The peer has that packet and so many before it; an id that we do not hold says nothing."""
        if message_id == 0:
            self._covers_older = True
            return
        for older_id in range(message_id - before, message_id):
            older = self._packets.get(older_id)
            if older is not None and older.copies:
                self._drop(older_id)
        packet = self._packets.get(message_id)
        if packet is None or not packet.copies:
            self._fill_window()
            return
        if packet.copies == 1:
            now_ms = self._clock.now_ms
            self._round_trip.on_sample(now_ms, now_ms - packet.sent_ms)
        self._drop(message_id)
        if self._covers_older:
            self._drop_before(message_id)
        self._fill_window()

    def _drop(self, message_id: int) -> None:
        del self._packets[message_id]
        self._under_way -= 1
        slow_start = self._window < self._threshold
        self._window = min(self._window + (1 if slow_start else 1 / self._window), MAX_SPAN)

    def _drop_before(self, message_id: int) -> None:
        while self._packets:
            oldest_id = next(iter(self._packets))
            if oldest_id >= message_id:
                return
            self._drop(oldest_id)

    def on_missing(self, message_id: int) -> None:
        """The peer asks for that packet. One that was sent again lately is on its way."""
        if message_id > self._newest_id:
            # it never left, so this does not say that the peer has those before
            return
        if self._covers_older:
            self._drop_before(message_id)
        packet = self._packets.get(message_id)
        if packet is None or not packet.copies:
            return
        if packet.copies == 1 or self._clock.now_ms - packet.sent_ms >= self._round_trip.repeat_after_ms:
            self._reduce_window()
            self._send(packet)

    def repeat(self) -> None:
        """Send again what was not acknowledged in time."""
        now_ms = self._clock.now_ms
        late = [packet for packet in self._watched() if self._due_ms(packet) <= now_ms]
        if late:
            self._reduce_window()
        for packet in late:
            self._send(packet)

    def _watched(self) -> list[SentPacket]:
        """The oldest packets, and the newest that was sent."""
        watched = [packet for packet in islice(self._packets.values(), REPEATED_AT_ONCE) if packet.copies]
        newest = self._packets.get(self._newest_id)
        if newest is not None and newest is not watched[-1]:
            watched.append(newest)
        return watched

    def _due_ms(self, packet: SentPacket) -> int:
        # the exponent's bound only keeps the number small
        wait_ms = self._round_trip.timeout_ms << min(packet.copies - 1, 8)
        return packet.sent_ms + min(wait_ms, MAX_REPEAT_MS)

    def _reduce_window(self) -> None:
        """Something was lost: once per round trip that halves the window."""
        now_ms = self._clock.now_ms
        if now_ms - self._reduced_ms >= self._round_trip.mean_ms:
            self._reduced_ms = now_ms
            self._window = self._threshold = max(self._window / 2, float(MIN_WINDOW))

    def repeat_last(self) -> None:
        """Nothing follows: the newest packets that are not acknowledged go out again at once.

        One that the peer lacks would hold up those behind it, the farewell among them.
        """
        last = list(islice(reversed(self._packets.values()), REPEATED_AT_ONCE))
        for _ in range(LAST_COPIES):
            for packet in reversed(last):
                self._send(packet)

    def next_due_ms(self) -> int | None:
        """When `repeat` has something to do; None when all is acknowledged."""
        if not self._packets:
            return None
        oldest = next(iter(self._packets.values()))
        return min(oldest.added_ms + GIVE_UP_MS, *map(self._due_ms, self._watched()))

    def is_stuck(self) -> bool:
        """True if the oldest packet was not acknowledged for so long that the peer must be gone."""
        oldest = next(iter(self._packets.values()), None)
        return oldest is not None and self._clock.now_ms - oldest.added_ms >= GIVE_UP_MS

    def take_all(self) -> list[tuple[int, bytes]]:
        """Kind and data of what is not acknowledged, oldest first, without what was in fragments."""
        left = [(packet.kind, packet.data) for packet in self._packets.values() if packet.kind != FRAGMENT]
        self._packets.clear()
        self._under_way = 0
        self._newest_id = self.next_id - 1
        return left
