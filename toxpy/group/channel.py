"""The lossless channel with one peer of a group: both arrays and their timer.

The first handshake of a session has id 1, its response id 2, and the ids of lossless packets go on from
there: who answered begins with 3, who did not with 2. `REQUEST_ID` and `RESPONSE_ID` are what the other
side has received.
"""

from __future__ import annotations

from toxpy.group.packets import (
    ACK,
    ACK_RECEIVED,
    ACK_SEND_AGAIN,
    HANDSHAKE_DONE,
    MAX_RUN,
    NO_RUN,
    pack_ack,
    unpack_ack,
)
from toxpy.group.receive_array import ReceiveArray
from toxpy.group.send_array import SendArray
from toxpy.net_crypto.alarm import Alarm
from toxpy.net_crypto.round_trip import RoundTrip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from toxpy.group.send_array import SentPacket
    from toxpy.runtime import Runtime

    class ChannelOwner(Protocol):
        """Whose packets these are."""

        def transmit(self, packet: SentPacket) -> None:
            """Send a lossless packet."""

        def send_lossy(self, kind: int, data: bytes) -> bool:
            """Send a packet that may be lost."""

        def deliver(self, kind: int, data: bytes) -> None:
            """The next lossless packet of the peer; raises nothing."""

        def time_out(self) -> None:
            """The peer acknowledges nothing any more."""


#: Message ids of the handshakes.
REQUEST_ID, RESPONSE_ID = 1, 2


class Channel:
    """Lossless packets in both directions."""

    __slots__ = (
        "_alarm",
        "_before",
        "_clock",
        "_is_run",
        "_last_id",
        "_owner",
        "_receive_array",
        "_send_array",
        "_takes_runs",
        "round_trip",
    )

    def __init__(self, sent_id: int, received_id: int, owner: ChannelOwner, *, rt: Runtime) -> None:
        """Ids of the last handshake that the peer got and of the last that we got."""
        self._owner = owner
        self._clock = rt.clock
        self.round_trip = RoundTrip()
        self._send_array = SendArray(sent_id + 1, owner.transmit, self.round_trip, rt.clock)
        self._receive_array = ReceiveArray(
            received_id, owner.deliver, self._acknowledge, self.round_trip, rt=rt
        )
        self._alarm = Alarm(rt.timers, self._on_alarm)
        #: True if the peer understands acknowledgements of several packets, and while several come at once
        self._takes_runs = self._is_run = False
        #: what is to be acknowledged with these: up to which id, 0 for nothing, and how many before
        self._last_id = self._before = 0

    @property
    def next_id(self) -> int:
        """The id of the packet that is written next."""
        return self._send_array.next_id

    def waiting(self) -> int:
        """Packets that the peer is not known to have."""
        return len(self._send_array)

    def write(self, kind: int, data: bytes) -> bool:
        """Send a packet of up to 49999 bytes; False when there is no room for it now."""
        written = self._send_array.write(kind, data)
        self._watch()
        return written

    def begin_run(self) -> None:
        """Several packets come now, that may be acknowledged together by `end_run`."""
        self._is_run = self._takes_runs

    def end_run(self) -> None:
        """Acknowledge what came since `begin_run`."""
        self._is_run = False
        self._flush_run()

    def _flush_run(self) -> None:
        if self._last_id:
            data = pack_ack(ACK_RECEIVED, self._last_id, self._before)
            self._last_id = self._before = 0
            self._owner.send_lossy(ACK, data)

    def receive(self, message_id: int, kind: int, data: bytes) -> bool:
        """A lossless packet came; True if it is new."""
        array = self._receive_array
        if kind == HANDSHAKE_DONE and array.received_id < RESPONSE_ID and message_id > array.received_id:
            # the first packet of a peer, whose handshake before it may be lost
            array.begin_with(min(message_id, RESPONSE_ID + 1))
        new = array.receive(message_id, kind, data)
        ask_ms = array.next_ask_ms()
        if ask_ms is not None:
            self._alarm.wake(ask_ms)
        return new

    def on_ack(self, data: bytes) -> None:
        """The peer acknowledges; PacketError when that is cut short."""
        kind, message_id, before = unpack_ack(data)
        self._takes_runs = before != NO_RUN
        if kind == ACK_RECEIVED:
            self._send_array.on_received(message_id, max(before, 0))
        elif kind == ACK_SEND_AGAIN:
            self._send_array.on_missing(message_id)
        self._watch()

    def _acknowledge(self, kind: int, message_id: int) -> None:
        if not self._is_run or kind != ACK_RECEIVED:
            self._owner.send_lossy(ACK, pack_ack(kind, message_id))
        elif message_id == self._last_id + 1 and self._last_id and self._before < MAX_RUN:
            self._last_id = message_id
            self._before += 1
        else:
            self._flush_run()
            self._last_id = message_id

    def _watch(self) -> None:
        """Something may have to be sent again: not before that moment, but look then."""
        if self._send_array:
            self._alarm.wake(self._clock.now_ms + self.round_trip.timeout_ms)

    def _on_alarm(self) -> None:
        if self._send_array.is_stuck():
            self._owner.time_out()
            return
        self._send_array.repeat()
        self._receive_array.ask()
        for moment_ms in (self._send_array.next_due_ms(), self._receive_array.next_ask_ms()):
            if moment_ms is not None:
                self._alarm.wake(moment_ms)

    def repeat_last(self) -> None:
        """Send what is not acknowledged some more times: nothing follows."""
        self._send_array.repeat_last()

    def close(self) -> list[tuple[int, bytes]]:
        """Stop; kind and data of what the peer has not acknowledged, oldest first."""
        self._alarm.cancel()
        # the peer need not repeat what ended the session
        self._flush_run()
        self._receive_array.close()
        return self._send_array.take_all()
