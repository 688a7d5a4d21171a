"""Each lossless packet is handed on once and in order, whatever way it comes."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.universe import SimClock
from toxpy.group.packets import ACK_RECEIVED, ACK_SEND_AGAIN, FRAGMENT, MAX_DATA_SIZE
from toxpy.group.receive_array import (
    LATE_MS,
    MAX_AHEAD,
    MAX_ASK_MS,
    MAX_ASKED,
    MAX_STORED_SIZE,
    PACKET_OVERHEAD,
    ReceiveArray,
)
from toxpy.group.send_array import MAX_PACKET_SIZE
from toxpy.net_crypto.round_trip import RoundTrip
from toxpy.runtime import Runtime

KIND = 0xF3


class Line:
    """An array after a handshake, and what it did."""

    def __init__(self, received_id=1):
        self.rt = Runtime(SimClock())
        self.rt.clock.now_ms = 1000
        self.got, self.acks = [], []
        self.then = None
        self.array = ReceiveArray(received_id, self.deliver, self.acknowledge, RoundTrip(), rt=self.rt)

    def deliver(self, kind, data):
        self.got.append((kind, data))
        if self.then is not None:
            self.then()

    def acknowledge(self, kind, message_id):
        self.acks.append((kind, message_id))

    def asked(self):
        return [message_id for kind, message_id in self.acks if kind == ACK_SEND_AGAIN]

    def received(self):
        return [message_id for kind, message_id in self.acks if kind == ACK_RECEIVED]

    def wait(self, delay_ms):
        end_ms = self.rt.clock.now_ms + delay_ms
        while (moment_ms := self.array.next_ask_ms()) is not None and moment_ms <= end_ms:
            self.rt.clock.now_ms = max(moment_ms, self.rt.clock.now_ms)
            self.array.ask()
        self.rt.clock.now_ms = end_ms

    def drops(self, reason):
        return self.rt.counters.values.get("drop." + reason, 0)


def row(whole, first_id, size):
    """The fragments of a packet, kind in front, by id."""
    parts = [whole[i : i + size] for i in range(0, len(whole), size)]
    return [(first_id + i, FRAGMENT, part) for i, part in enumerate([*parts, b""])]


def test_in_order():
    line = Line()
    for message_id in (2, 3, 4):
        assert line.array.receive(message_id, KIND, bytes([message_id]))
    assert line.got == [(KIND, b"\2"), (KIND, b"\3"), (KIND, b"\4")]
    assert line.received() == [2, 3, 4] and line.asked() == []


def test_a_copy_is_acknowledged_again_and_not_handled():
    line = Line()
    line.array.receive(2, KIND, b"a")
    assert not line.array.receive(2, KIND, b"b")
    assert not line.array.receive(0, KIND, b"c")
    line.array.receive(5, KIND, b"d")
    assert not line.array.receive(5, KIND, b"e")
    assert line.got == [(KIND, b"a")] and line.received() == [2, 2, 0, 5, 5]


def test_what_is_ahead_waits_and_is_acknowledged_and_each_gap_is_asked_for():
    line = Line()
    for message_id in (4, 7):
        line.array.receive(message_id, KIND, bytes([message_id]))
    assert line.got == [] and line.received() == [4, 7] and line.asked() == []
    line.wait(LATE_MS)
    assert line.asked() == [2, 3, 5, 6]
    line.wait(600)
    assert line.asked() == [2, 3, 5, 6] * 2
    for message_id in (3, 2, 6, 5):
        line.array.receive(message_id, KIND, bytes([message_id]))
    assert [data[0] for _, data in line.got] == [2, 3, 4, 5, 6, 7]
    line.wait(60_000)
    assert len(line.asked()) == 8


def test_who_is_gone_is_asked_ever_more_rarely():
    line = Line()
    line.array.receive(100, KIND, b"")
    line.wait(60_000)
    assert set(line.asked()) == set(range(2, 2 + MAX_ASKED))
    assert len(line.asked()) <= MAX_ASKED * (60_000 / MAX_ASK_MS + 4)


def test_a_packet_that_is_late_by_a_little_is_not_asked_for():
    line = Line()
    line.array.receive(3, KIND, b"")
    line.rt.clock.now_ms += LATE_MS - 1
    line.array.ask()
    line.array.receive(2, KIND, b"")
    line.wait(10_000)
    assert line.asked() == []


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 60))
def test_any_order_and_copies(seed, count):
    rng, line = random.Random(seed), Line()
    packets, message_id = [], 2
    expected = []
    for i in range(count):
        if rng.random() < 0.3:
            whole = bytes([0xFC]) + rng.randbytes(rng.randrange(1, 5000))
            packets += (fragments := row(whole, message_id, rng.choice([500, 1360])))
            message_id += len(fragments)
            expected.append((whole[0], whole[1:]))
        else:
            packets.append((message_id, KIND, bytes([i])))
            expected.append((KIND, bytes([i])))
            message_id += 1
    packets += rng.choices(packets, k=count)
    rng.shuffle(packets)
    for packet in packets:
        line.array.receive(*packet)
    assert line.got == expected
    assert line.array.next_ask_ms() is None and line.drops("group_fragments") == 0


def test_too_far_ahead_is_dropped_without_an_acknowledgement():
    line = Line()
    for message_id in (2 + MAX_AHEAD, 2**64 - 1):
        assert not line.array.receive(message_id, KIND, b"")
    assert line.acks == [] and line.array.next_ask_ms() is None
    assert line.array.receive(1 + MAX_AHEAD, KIND, b"")


def test_no_more_bytes_are_kept_than_allowed():
    line = Line()
    stored = sum(line.array.receive(i, KIND, bytes(MAX_DATA_SIZE)) for i in range(3, 3 + MAX_AHEAD - 2))
    assert stored == MAX_STORED_SIZE // (MAX_DATA_SIZE + PACKET_OVERHEAD)
    assert len(line.received()) == stored and line.drops("group_ahead") > 0
    # and there is room again once they are handled
    line.array.receive(2, KIND, b"")
    assert len(line.got) == 1 + stored
    next_id = 2 + 1 + stored
    assert sum(line.array.receive(next_id + i, KIND, bytes(MAX_DATA_SIZE)) for i in range(1, 300)) == 299


def test_a_row_that_is_too_long_is_dropped_and_the_next_packet_handled():
    line = Line()
    whole = bytes([0xFC]) + bytes(MAX_PACKET_SIZE)
    fragments = row(whole, 2, 1000)
    for packet in fragments:
        line.array.receive(*packet)
    line.array.receive(2 + len(fragments), KIND, b"x")
    assert line.got == [(KIND, b"x")] and line.drops("group_fragments") == 1
    assert len(line.received()) == len(fragments) + 1


def test_rows_that_are_none():
    line = Line()
    for packet in [
        (2, FRAGMENT, b""),
        # a fragment in fragments
        (3, FRAGMENT, bytes([FRAGMENT]) + b"x"),
        (4, FRAGMENT, b""),
        # without an end
        (5, FRAGMENT, b"\xfcabc"),
        (6, KIND, b"x"),
    ]:
        line.array.receive(*packet)
    assert line.got == [(KIND, b"x")] and line.received() == [2, 3, 4, 5, 6]
    assert line.drops("group_fragments") == 2 and line.drops("group_fragments_unfinished") == 1


def test_nothing_more_is_handed_on_once_it_is_closed():
    line = Line()
    for message_id in (3, 4, 5):
        line.array.receive(message_id, KIND, bytes([message_id]))
    line.then = lambda: line.array.close() if len(line.got) == 2 else None
    line.array.receive(2, KIND, b"\2")
    assert [data[0] for _, data in line.got] == [2, 3]


def test_the_first_packet_says_where_to_begin():
    line = Line()
    line.array.receive(4, KIND, b"4")
    line.array.begin_with(3)
    line.array.receive(3, 0xFF, b"")
    assert line.got == [(0xFF, b""), (KIND, b"4")]
    line.wait(10_000)
    assert line.asked() == []
