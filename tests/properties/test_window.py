"""Under any schedule of loss, duplication and reordering the lossless stream comes out once and in order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from toxpy.net_crypto.window import (
    BUFFER_SIZE,
    INVALID,
    NUMBER_MASK,
    STALE,
    ReceiveWindow,
    SendWindow,
)

FIRSTS = st.one_of(st.just(0), st.integers(NUMBER_MASK - 20, NUMBER_MASK), st.integers(0, NUMBER_MASK))


class Stream:
    """A sender and a receiver, and two wires on which packets lie until the schedule takes them."""

    def __init__(self, first):
        self.sending, self.receiving = SendWindow(first), ReceiveWindow(first)
        self.forth, self.back = [], []
        self.written, self.delivered = [], []
        self.now_ms = 0

    def write(self):
        data = len(self.written).to_bytes(4, "big")
        assert self.sending.add(data) >= 0
        self.written.append(data)

    def send(self):
        item = self.sending.take(self.now_ms)
        if item is not None:
            self.forth.append(item)

    def announce(self):
        self.forth.append((self.sending.next, None))

    def request(self):
        self.back.append((self.receiving.start, self.receiving.gaps(1372)))

    def arrive_forth(self, index, keep):
        if self.forth:
            index %= len(self.forth)
            number, data = self.forth[index] if keep else self.forth.pop(index)
            if data is None:
                self.receiving.exists_up_to(number)
            else:
                self.delivered.extend(self.receiving.accept(number, data) or ())

    def arrive_back(self, index, keep):
        if self.back:
            index %= len(self.back)
            start, gaps = self.back[index] if keep else self.back.pop(index)
            result = self.sending.acknowledge(start) if start != self.sending.start else 0
            assert result != INVALID
            if result != STALE:
                self.sending.request(gaps, self.now_ms, 10)

    def lose(self, wire, index):
        if wire:
            wire.pop(index % len(wire))

    def check(self):
        sending, receiving = self.sending, self.receiving
        assert self.delivered == self.written[: len(self.delivered)]
        on_wire = sum(
            (n - sending.start) & NUMBER_MASK < (sending.next - sending.start) & NUMBER_MASK
            for n in sending.packets
        )
        assert sending.in_flight == on_wire - len(sending.pending)
        assert set(sending.pending) <= set(sending.packets)
        assert receiving.start not in receiving.held
        # nothing that has not arrived is ever forgotten by the sender
        missing = len(self.written) - len(self.delivered) - len(receiving.held)
        assert sending.waiting() >= missing


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "write",
                "write",
                "send",
                "send",
                "announce",
                "request",
                "forth",
                "forth",
                "back",
                "lose",
                "lose back",
                "wait",
            ]
        ),
        st.integers(0, 1000),
        st.booleans(),
    ),
    max_size=200,
)


@settings(max_examples=300, deadline=None)
@given(FIRSTS, STEPS)
def test_once_and_in_order(first, steps):
    stream = Stream(first)
    for name, index, keep in steps:
        if name == "forth":
            stream.arrive_forth(index, keep)
        elif name == "back":
            stream.arrive_back(index, keep)
        elif name == "lose":
            stream.lose(stream.forth, index)
        elif name == "lose back":
            stream.lose(stream.back, index)
        elif name == "wait":
            stream.now_ms += index
        else:
            getattr(stream, name)()
        stream.check()
    # and once the network behaves, everything arrives
    stream.forth.clear()
    stream.back.clear()
    for _ in range(4):
        stream.now_ms += 1000
        while (item := stream.sending.take(stream.now_ms)) is not None:
            stream.forth.append(item)
        stream.announce()
        while stream.forth:
            stream.arrive_forth(0, False)
        stream.now_ms += 1000
        stream.request()
        while stream.back:
            stream.arrive_back(0, False)
    assert stream.delivered == stream.written
    assert stream.sending.waiting() == stream.sending.in_flight == 0
    assert not stream.receiving.has_holes()


@settings(max_examples=300, deadline=None)
@given(FIRSTS, st.sets(st.integers(0, 1500), max_size=60), st.integers(0, 1600))
def test_gap_lists_name_exactly_the_holes(first, holes, count):
    sending, receiving = SendWindow(first), ReceiveWindow(first)
    for i in range(count):
        sending.add(b"")
        number, data = sending.take(0)
        if i not in holes:
            receiving.accept(number, data)
    receiving.exists_up_to(sending.end)
    sending.acknowledge(receiving.start)
    sending.request(receiving.gaps(1372), 100, 10)
    missing = sorted(hole for hole in holes if hole < count)
    assert [(number - first) & NUMBER_MASK for number in sending.pending] == missing
    # behind the last hole nothing is said
    assert {(n - first) & NUMBER_MASK for n in sending.packets} >= set(missing)
    assert all((n - first) & NUMBER_MASK >= missing[-1] for n in sending.packets if n not in sending.pending)


@settings(max_examples=200, deadline=None)
@given(FIRSTS, st.binary(max_size=60), st.integers(0, 400))
def test_any_gap_list_keeps_the_books(first, gaps, count):
    sending = SendWindow(first)
    for _ in range(count):
        sending.add(b"")
        sending.take(0)
    arrived, lost = sending.request(gaps, 100, 10)
    assert sending.waiting() == count - arrived
    assert sending.in_flight == count - arrived - lost
    assert len(sending.pending) == lost


@settings(max_examples=200, deadline=None)
@given(FIRSTS, st.integers(0, 50), st.integers(0, NUMBER_MASK))
def test_acknowledgements_outside_the_window(first, count, start):
    sending = SendWindow(first)
    for _ in range(count):
        sending.add(b"")
        sending.take(0)
    result = sending.acknowledge(start)
    ahead = (start - first) & NUMBER_MASK
    if ahead <= count:
        assert result == ahead
        assert sending.start == start
    else:
        assert result == (STALE if (first - start) & NUMBER_MASK <= BUFFER_SIZE else INVALID)
        assert sending.waiting() == count
