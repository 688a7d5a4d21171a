"""What is not acknowledged is sent again, soon and without a flood."""

import pytest

from tests.support.universe import SimClock
from toxpy.group.packets import FRAGMENT, MAX_DATA_SIZE
from toxpy.group.send_array import (
    FIRST_WINDOW,
    FRAGMENT_SIZE,
    GIVE_UP_MS,
    MAX_PACKET_SIZE,
    MAX_REPEAT_MS,
    MAX_SPAN,
    MIN_WINDOW,
    REPEATED_AT_ONCE,
    SendArray,
)
from toxpy.net_crypto.round_trip import RoundTrip

KIND = 0xF3


class Line:
    """An array and what it sent: (moment, id)."""

    def __init__(self, first_id=3):
        self.clock = SimClock()
        self.clock.now_ms = 1000
        self.round_trip = RoundTrip()
        self.sent, self.packets = [], []
        self.array = SendArray(first_id, self.transmit, self.round_trip, self.clock)

    def transmit(self, packet):
        self.sent.append((self.clock.now_ms, packet.message_id))
        self.packets.append((packet.message_id, packet.kind, packet.data))

    @property
    def ids(self):
        return [message_id for _, message_id in self.sent]

    def wait(self, until_ms):
        """Repeat whenever there is something to do."""
        while (due_ms := self.array.next_due_ms()) is not None and due_ms <= until_ms:
            self.clock.now_ms = max(due_ms, self.clock.now_ms)
            if self.array.is_stuck():
                return
            self.array.repeat()
        self.clock.now_ms = until_ms


def test_ids_count_up_from_the_first():
    line = Line(first_id=2)
    assert all(line.array.write(KIND, b"x") for _ in range(3))
    assert line.ids == [2, 3, 4] and line.array.next_id == 5 and len(line.array) == 3


@pytest.mark.parametrize("beyond", [0, 1, 2**64 - 1])
def test_to_ask_for_what_never_left_changes_nothing(beyond):
    line = Line()
    while line.array.next_id - 3 <= FIRST_WINDOW + 10:
        assert line.array.write(KIND, b"x")
    newest, held = line.ids[-1], len(line.array)
    assert newest < line.array.next_id - 1
    line.array.on_received(0)
    line.array.on_missing(max(newest + 1, beyond))
    assert len(line.array) == held and line.array.write(KIND, b"y")
    line.array.on_received(newest)
    assert line.ids[-1] > newest


def test_a_lost_packet_is_sent_again_ever_more_rarely_until_the_peer_is_given_up():
    line = Line()
    line.array.write(KIND, b"x")
    line.wait(1000 + 2 * GIVE_UP_MS)
    assert line.array.is_stuck() and line.clock.now_ms == 1000 + GIVE_UP_MS
    moments = [moment_ms for moment_ms, _ in line.sent]
    gaps = [b - a for a, b in zip(moments, moments[1:], strict=False)]
    assert gaps[:3] == [1200, 2400, MAX_REPEAT_MS] and set(gaps[3:]) == {MAX_REPEAT_MS}


def test_the_measured_round_trip_says_when():
    line = Line()
    line.array.write(KIND, b"x")
    line.clock.now_ms += 30
    line.array.on_received(3)
    line.array.write(KIND, b"y")
    line.wait(line.clock.now_ms + 1300)
    assert [moment_ms - 1030 for moment_ms, _ in line.sent[1:]] == [0, 200, 600]


def test_what_is_acknowledged_is_not_sent_again():
    line = Line()
    line.array.write(KIND, b"x")
    line.array.on_received(3)
    line.array.on_received(3)
    assert line.array.next_due_ms() is None and not line.array.is_stuck()
    line.array.on_missing(3)
    assert line.ids == [3]


def test_a_missing_packet_is_sent_at_once_but_not_twice_in_a_round_trip():
    line = Line()
    for _ in range(3):
        line.array.write(KIND, b"x")
    line.array.on_missing(4)
    line.array.on_missing(4)
    assert line.ids == [3, 4, 5, 4]
    line.clock.now_ms += line.round_trip.repeat_after_ms
    line.array.on_missing(4)
    assert line.ids == [3, 4, 5, 4, 4]


def test_ids_that_we_do_not_hold_change_nothing():
    line = Line()
    line.array.write(KIND, b"x")
    for message_id in (1, 2, 4, 2**64 - 1):
        line.array.on_received(message_id)
        line.array.on_missing(message_id)
    assert len(line.array) == 1 and line.ids == [3]


def test_an_acknowledgement_covers_its_packet_only():
    line = Line()
    for _ in range(3):
        line.array.write(KIND, b"x")
    line.array.on_received(5)
    assert len(line.array) == 2


def test_of_c_toxcore_an_acknowledgement_covers_all_before():
    # it acknowledges id 0 for what it had stored, and asks for what it has not got
    line = Line()
    for _ in range(4):
        line.array.write(KIND, b"x")
    line.array.on_received(0)
    line.array.on_received(5)
    assert len(line.array) == 1
    line.array.write(KIND, b"x")
    line.array.on_missing(7)
    assert len(line.array) == 1 and line.ids == [3, 4, 5, 6, 7, 7]


def test_the_last_packets_go_out_more_than_once():
    """Those before the farewell too: it waits for them."""
    line = Line()
    line.array.repeat_last()
    assert line.ids == []
    for text in (b"acknowledged", b"before", b"farewell"):
        line.array.write(KIND, text)
    line.array.on_received(3)
    line.array.repeat_last()
    assert line.ids == [3, 4, 5, 4, 5, 4, 5]
    line.array.on_received(5)
    line.array.on_received(4)
    line.array.repeat_last()
    assert line.ids == [3, 4, 5, 4, 5, 4, 5]


def test_of_much_that_is_under_way_the_end_goes_out_again():
    line = Line()
    for _ in range(60):
        line.array.write(KIND, b"x")
    line.array.repeat_last()
    assert line.ids[60:] == [*range(63 - REPEATED_AT_ONCE, 63)] * 2


def test_only_the_oldest_and_the_newest_are_sent_again():
    line = Line()
    for _ in range(60):
        line.array.write(KIND, b"x")
    line.wait(1000 + 1300)
    assert line.ids[60:] == [*range(3, 3 + REPEATED_AT_ONCE), 62]


def test_the_window_holds_back_and_grows_with_acknowledgements():
    line = Line()
    for _ in range(1000):
        assert line.array.write(KIND, b"x")
    assert len(line.sent) == FIRST_WINDOW
    line.clock.now_ms += 20
    for message_id in range(3, 3 + FIRST_WINDOW):
        line.array.on_received(message_id)
    assert len(line.sent) == 3 * FIRST_WINDOW
    # what waits was not sent, so it cannot be missing or here
    line.array.on_missing(1002)
    line.array.on_received(1002)
    assert len(line.sent) == 3 * FIRST_WINDOW and len(line.array) == 1000 - FIRST_WINDOW


def test_losses_halve_the_window_down_to_a_limit():
    line = Line()
    for _ in range(1000):
        line.array.write(KIND, b"x")
    line.wait(1000 + 20_000)
    before = len(set(line.ids))
    assert before == FIRST_WINDOW
    for message_id in range(3, 3 + FIRST_WINDOW):
        line.array.on_received(message_id)
    assert MIN_WINDOW <= len(set(line.ids)) - before <= MIN_WINDOW + 2


def test_no_more_than_the_peer_has_slots_for():
    line = Line()
    written = [line.array.write(KIND, b"x") for _ in range(MAX_SPAN + 10)]
    assert written.count(True) == MAX_SPAN and len(line.array) == MAX_SPAN
    # the oldest one holds its slot, however much room there is behind it
    line.array.on_received(5)
    assert not line.array.write(KIND, b"x")
    line.array.on_received(3)
    assert line.array.write(KIND, b"x")


def test_a_message_is_not_fragmented_and_a_list_is():
    line = Line()
    line.array.write(KIND, bytes(MAX_DATA_SIZE))
    assert len(line.sent) == 1
    data = bytes(range(256)) * 16
    line.array.write(0xFC, data)
    fragments = line.packets[1:]
    assert [kind for _, kind, _ in fragments] == [FRAGMENT] * len(fragments)
    assert b"".join(part for _, _, part in fragments) == b"\xfc" + data
    assert fragments[-1][2] == b"" and all(0 < len(part) <= FRAGMENT_SIZE for _, _, part in fragments[:-1])


def test_what_is_too_large_or_does_not_fit_is_refused_as_a_whole():
    line = Line()
    assert not line.array.write(0xFC, bytes(MAX_PACKET_SIZE))
    assert line.array.write(0xFC, bytes(MAX_PACKET_SIZE - 1))
    for _ in range(MAX_SPAN - len(line.array) - 1):
        assert line.array.write(KIND, b"x")
    count = len(line.array)
    assert not line.array.write(0xFC, bytes(MAX_DATA_SIZE + 1))
    assert len(line.array) == count and line.array.write(KIND, b"x")


def test_what_is_left_is_handed_back():
    line = Line()
    for data in (b"a", b"b", b"c"):
        line.array.write(KIND, data)
    line.array.write(0xFC, bytes(2000))
    line.array.on_received(4)
    assert line.array.take_all() == [(KIND, b"a"), (KIND, b"c")]
    assert line.array.next_due_ms() is None and len(line.array) == 0
