"""The sending half of a session: what is written waits, leaves as the window allows, and is repeated if lost.

Whatever leaves acknowledges what we have, see `acknowledgements`. A packet that carries no data of its owner
has the number that the next one will have.
"""

from __future__ import annotations

from itertools import islice

from toxpy.net_crypto.congestion import PACE_MS, Congestion
from toxpy.net_crypto.round_trip import MIN_TIMEOUT_MS
from toxpy.net_crypto.transport import OVER_TCP, OVER_UDP
from toxpy.net_crypto.window import NUMBER_MASK, SendWindow
from toxpy.wire.data_packets import MAX_DATA_SIZE, MAX_PACKET_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.net_crypto.acknowledgements import Acknowledgements
    from toxpy.net_crypto.alarm import Alarm
    from toxpy.net_crypto.transport import Transport
    from toxpy.runtime import Clock

#: Id of a request packet.
REQUEST = 1
#: Custom packets taken at once when nothing is under way, as by c-toxcore (CRYPTO_MIN_QUEUE_LENGTH): programs
#: that send a few and do not look at the answer depend on it.
BULK_BURST = 64
#: Bytes of messages that may wait at least: a client that comes online sends what was written meanwhile, and
#: a thousand short messages are as much.
MIN_QUEUE_SIZE = 128 * 1024
#: Messages that may wait on a fast path, as the time in ms in which they leave: several passes of a client.
QUEUE_MS = 250
#: Bytes of messages that may wait at most.
MAX_QUEUE_SIZE = 8 * 1024 * 1024
#: Packets sent when nothing was heard of the ones in flight.
TIMEOUT_PACKETS = 4
#: Packets sent once more before a farewell.
LAST_PACKETS = 32

_REQUEST_DATA = bytes((REQUEST,))


class Sender:
    """What leaves for the peer, and when."""

    __slots__ = (
        "_acks",
        "_alarm",
        "_bulk_end",
        "_clock",
        "_expire_at_ms",
        "_receiving",
        "_transport",
        "congestion",
        "last_send_ms",
        "pace_at_ms",
        "timeout_at_ms",
        "window",
    )

    def __init__(self, transport: Transport, acks: Acknowledgements, alarm: Alarm, clock: Clock) -> None:
        self._transport = transport
        self._acks = acks
        self._receiving = acks.window
        self._alarm = alarm
        self._clock = clock
        self.window = SendWindow()
        self.congestion = Congestion()
        self.last_send_ms = clock.now_ms
        #: when to send what the window allows then, and when silence is too long; 0 for never
        self.pace_at_ms = self.timeout_at_ms = 0
        self._expire_at_ms = 0
        #: numbers before this one may be custom packets in any case
        self._bulk_end = BULK_BURST

    # What is written

    def write(self, data: bytes) -> int:
        """Send or queue a lossless packet: its number, or -1."""
        window, transport = self.window, self._transport
        if (
            window.next != window.end
            or window.in_flight >= self.congestion.limit
            or window.pending
            or transport.connection_type != OVER_UDP
        ):
            number = window.add(data)
            if number >= 0:
                self.pump()
            return number
        # the usual case, without the queue
        now_ms = self.last_send_ms = self._clock.now_ms
        number = window.add_sent(data, now_ms)
        if number >= 0:
            self._acks.owed = 0
            transport.send_data(self._receiving.start, number, data)
            if self.timeout_at_ms == 0:
                self.timeout_at_ms = now_ms + self.congestion.trip.timeout_ms
                self._alarm.wake(self.timeout_at_ms)
        return number

    def free_slots(self) -> int:
        """Packets a bulk sender should add now: few wait, so that a message need not wait behind them."""
        congestion, window = self.congestion, self.window
        room = int(congestion.limit) + congestion.backlog() - window.waiting()
        return max(0, min(room, window.free()))

    def takes_bulk(self) -> bool:
        """True if a custom packet may be written now.

        While packets are under way, few wait here, so that a message behind them leaves soon. When nothing is
        under way, BULK_BURST packets are taken at once.
        """
        window = self.window
        if not window.packets:
            self._bulk_end = (window.end + BULK_BURST) & NUMBER_MASK
        if 0 < (self._bulk_end - window.end) & NUMBER_MASK <= BULK_BURST:
            return True
        # on a path whose rate is not known yet, BULK_BURST packets are enough to find it out
        return window.waiting() < BULK_BURST + self.congestion.carried_in_cycles(2) and self.free_slots() > 0

    def takes_message(self) -> bool:
        """True if a message may be written now: little waits, or what waits leaves soon.

        What the window allows waits here as well while a relay has no room, a file's chunks for example.
        """
        queued = self.window.queued_size
        if self._transport.connection_type == OVER_TCP:
            queued -= int(self.congestion.limit) * MAX_PACKET_SIZE
        return queued < MIN_QUEUE_SIZE or queued < min(self.congestion.carried_in(QUEUE_MS), MAX_QUEUE_SIZE)

    def takes_pieces(self, count: int) -> bool:
        """True if a message of so many packets may be written now, and there is room for all of it.

        Packets that keep the connection alive may come between them.
        """
        return self.takes_message() and self.window.free() >= 2 * count

    # What leaves

    def transmit(self, number: int, data: bytes) -> None:
        """Encrypt and send one packet."""
        self._acks.owed = 0
        self.last_send_ms = self._clock.now_ms
        self._transport.send_data(self._receiving.start, number, data)

    def send_request(self) -> None:
        """Acknowledge, list our holes, and say which number comes next."""
        receiving = self._receiving
        gaps = receiving.gaps(MAX_DATA_SIZE - 1) if receiving.has_holes() else b""
        self.transmit(self.window.next, _REQUEST_DATA + gaps)

    def pump(self) -> None:
        """Send requested and queued packets as far as the window allows."""
        window = self.window
        now_ms, congestion = self._clock.now_ms, self.congestion
        if not window.packets and congestion.limit >= 1:
            # the usual case of a conversation: the next packet may leave at once
            congestion.blocked = False
        else:
            self._send_waiting(now_ms)
            congestion.blocked = window.in_flight >= congestion.limit
            if congestion.blocked and congestion.is_pacing():
                # also without anything waiting: who has a file to send is asked again when the limit rises
                self.pace_at_ms = now_ms + PACE_MS
                self._alarm.wake(self.pace_at_ms)
        if self.timeout_at_ms == 0 and (window.in_flight or window.overdue):
            self.timeout_at_ms = now_ms + congestion.trip.timeout_ms
            self._alarm.wake(self.timeout_at_ms)

    def _send_waiting(self, now_ms: int) -> None:
        window, transport = self.window, self._transport
        limit = self.congestion.pace(now_ms, window.in_flight)
        relayed = transport.connection_type == OVER_TCP
        if window.pending and window.in_flight >= limit and now_ms >= self._expire_at_ms:
            # known holes must not wait for what is behind them
            age_ms = self.congestion.trip.repeat_after_ms
            window.expire(now_ms - 2 * age_ms)
            self._expire_at_ms = now_ms + age_ms
        while window.in_flight < limit:
            if relayed and not transport.has_room():
                # the relay tells when it has caught up
                break
            item = window.take(now_ms)
            if item is None:
                break
            self.transmit(item[0], item[1])

    def repeat_last(self) -> int:
        """A farewell follows: send what the peer may lack, the oldest first; the number that comes next.

        The window does not count: what is not there before the farewell is lost.
        """
        end = self.window.next
        for number, packet in list(islice(self.window.packets.items(), LAST_PACKETS)):
            self.transmit(number, packet.data)
            if number == end:
                end = (number + 1) & NUMBER_MASK
        return end

    # News of it

    def acknowledged_up_to(self, start: int, newest: bool) -> int:
        """The peer has everything before `start`: the answer of `SendWindow.acknowledge`.

        `newest`: it is not known to have anything behind.
        """
        news = self.window.acknowledge(start)
        if news > 0:
            self._progress(news, 0, newest)
        return news

    def requested(self, data: bytes) -> None:
        """A request packet: the peer asks for what it misses."""
        congestion, now_ms = self.congestion, self._clock.now_ms
        arrived, lost = self.window.request(data[1:], now_ms, congestion.trip.repeat_after_ms)
        if arrived or lost:
            self._progress(arrived, lost, newest=False)

    def _progress(self, arrived: int, lost: int, newest: bool) -> None:
        """News of our packets: adapt the window, then send what it now allows."""
        window, congestion = self.window, self.congestion
        now_ms = self._clock.now_ms
        newest_ms = window.sample_sent_ms
        if newest_ms >= 0:
            late_ms = self._clock.late_ms
            congestion.on_sample(now_ms, now_ms - newest_ms, newest, late_ms)
            missing_ms = window.missing_sent_ms()
            if window.in_flight == 0:
                congestion.on_wait(0, newest_ms)
            elif newest and missing_ms >= 0:
                congestion.on_wait(max(now_ms - missing_ms - late_ms, 0), newest_ms)
        congestion.on_news(now_ms, arrived, lost, window.in_flight + arrived + lost)
        self.timeout_at_ms = 0
        self.pump()

    def on_new_way(self, relayed: bool) -> None:
        """Packets take another way now."""
        self.congestion.on_new_way(relayed)
        if self.timeout_at_ms:
            # what was under way may be lost: ask soon
            self.timeout_at_ms = self._clock.now_ms + MIN_TIMEOUT_MS
            self._alarm.wake(self.timeout_at_ms)

    # Time

    def on_moment(self, now_ms: int) -> None:
        """Do what is due."""
        if self.pace_at_ms and now_ms >= self.pace_at_ms:
            self.pace_at_ms = 0
            self.pump()
        if self.timeout_at_ms and now_ms >= self.timeout_at_ms:
            self._timed_out(now_ms)

    def _timed_out(self, now_ms: int) -> None:
        """No news of what is in flight: repeat the oldest packet, and let the peer list what it misses.

        A few new packets go along, whatever the window says: c-toxcore soon acknowledges news, while
        repeated packets and requests leave it silent for a second.
        """
        self.timeout_at_ms = 0
        window = self.window
        in_flight = window.in_flight
        window.expire(now_ms - self.congestion.trip.repeat_after_ms)
        if not window.repeat_oldest() and not window.pending:
            return
        self.congestion.on_timeout(in_flight)
        for _ in range(TIMEOUT_PACKETS):
            item = window.take(now_ms)
            if item is None:
                break
            self.transmit(item[0], item[1])
        self.send_request()
        self.timeout_at_ms = now_ms + self.congestion.trip.timeout_ms

    def close(self) -> None:
        """Forget what waits."""
        self.window.packets.clear()
        self.window.pending.clear()
        self.window.queued_size = 0
