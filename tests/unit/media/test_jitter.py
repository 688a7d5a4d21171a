"""Packets in any order come out in order, once, and gaps are concealed."""

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxpy.media.jitter import (
    MAX_BEHIND,
    MAX_CONCEALED_MS,
    MAX_QUEUED_MS,
    MAX_WAIT_MS,
    MEMORY_MS,
    MIN_WAIT_MS,
    RESTART_MS,
    WAIT_MARGIN_MS,
    Gap,
    JitterBuffer,
)

FRAME_MS = 20


def packet(sequence):
    return sequence.to_bytes(2, "big")


class Player:
    """A buffer with a program that comes whenever something is due."""

    def __init__(self, first=0, window=64):
        self.jitter = JitterBuffer(window)
        self.first, self.now_ms = first, 0
        #: (when, number of the frame, "gap" or number of the packet that a gap may be filled from)
        self.heard = []

    def put(self, number, at_ms):
        self.wait_until(at_ms)
        new = self.jitter.put((self.first + number) & 0xFFFF, packet((self.first + number) & 0xFFFF), at_ms)
        self.play()
        return new

    def wait_until(self, at_ms):
        while (due_ms := self.jitter.next_ms()) is not None and due_ms <= at_ms:
            self.now_ms = max(self.now_ms, due_ms)
            self.play()
        self.now_ms = at_ms

    def play(self):
        while (item := self.jitter.take(self.now_ms)) is not None:
            if isinstance(item, Gap):
                filled = self.number(item.next) if item.next else "gap"
                self.heard.append((self.now_ms, "gap", filled))
            else:
                self.heard.append((self.now_ms, self.number(item)))

    def number(self, data):
        return (int.from_bytes(data, "big") - self.first) & 0xFFFF

    def said(self):
        """What was heard, without the times."""
        return [row[1] if len(row) == 2 else row[2:] for row in self.heard]


@pytest.mark.parametrize("first", [0, 65530])
def test_packets_in_order_are_played_at_once(first):
    player = Player(first)
    for number in range(100):
        assert player.put(number, number * FRAME_MS)
    assert player.heard == [(number * FRAME_MS, number) for number in range(100)]
    assert (player.jitter.lost, player.jitter.late, player.jitter.received) == (0, 0, 100)


@pytest.mark.parametrize("first", [0, 65534])
def test_a_lost_packet_is_recovered_from_the_one_behind(first):
    player = Player(first)
    for number in (0, 1, 3, 4):
        player.put(number, number * FRAME_MS)
    assert player.heard[1:] == [(20, 1), (60 + MIN_WAIT_MS, "gap", 3), (60 + MIN_WAIT_MS, 3), (80, 4)]
    assert player.jitter.lost == 1


def test_of_two_lost_ones_the_first_is_guessed():
    player = Player()
    for number in (0, 3):
        player.put(number, number * 10)
    player.wait_until(40)
    assert player.said() == [0, ("gap",), (3,), 3]


def test_a_packet_out_of_order_is_waited_for():
    player = Player()
    for number, at_ms in ((0, 0), (2, 20), (1, 20 + MIN_WAIT_MS - 1), (3, 60)):
        player.put(number, at_ms)
    assert player.said() == [0, 1, 2, 3]
    assert player.jitter.lost == 0


def test_what_came_late_once_is_waited_for_the_next_time():
    player = Player()
    for number, at_ms in ((0, 0), (2, 40), (3, 60), (1, 65)):
        player.put(number, at_ms)
    assert player.said() == [0, (2,), 2, 3]
    assert player.jitter.late == 1
    # 25 ms after the one behind it came
    assert 25 < player.jitter.wait_ms <= MAX_WAIT_MS
    for number, at_ms in ((5, 100), (6, 120), (4, 125)):
        player.put(number, at_ms)
    assert player.said()[4:] == [4, 5, 6]
    assert player.jitter.lost == 1


def test_lateness_is_forgotten():
    player = Player()
    for number, at_ms in ((0, 0), (2, 40), (3, 60), (1, 65)):
        player.put(number, at_ms)
    learnt_ms = player.jitter.wait_ms
    for number in range(4, 4 + 2 * MEMORY_MS // FRAME_MS + 1):
        player.put(number, number * FRAME_MS)
        if number * FRAME_MS < MEMORY_MS:
            assert player.jitter.wait_ms == learnt_ms
    assert player.jitter.wait_ms == MIN_WAIT_MS


def test_it_is_remembered_that_packets_come_out_of_order_in_time():
    player = Player()
    for number, at_ms in ((0, 0), (2, 40), (3, 60), (1, 65)):
        player.put(number, at_ms)
    # no longer too late, but 20 ms behind the next one, once in each stretch
    for number in range(4, 3 * MEMORY_MS // FRAME_MS, 2):
        late_ms = FRAME_MS if number % 200 == 0 else -FRAME_MS
        for one, at_ms in sorted(
            [(number, number * FRAME_MS + FRAME_MS + late_ms), (number + 1, (number + 1) * FRAME_MS)],
            key=lambda row: row[1] + row[0] % 2 - 0.5,
        ):
            player.put(one, at_ms)
    assert player.jitter.wait_ms == 20 + WAIT_MARGIN_MS
    assert player.jitter.lost == 1


def test_what_was_concealed_already_counts():
    player = Player()
    player.put(0, 0)
    # two frames with nothing behind
    player.wait_until(70)
    assert player.said() == [0, ("gap",), ("gap",)]
    player.put(6, 80)
    player.wait_until(90)
    # 3 is left out: one guess more, and one from the packet
    assert player.said()[3:] == [("gap",), (6,), 6]
    assert player.jitter.lost == 5


def test_duplicates_and_late_ones_are_dropped():
    player = Player()
    for number in (0, 1, 2):
        player.put(number, number * FRAME_MS)
    for number in (0, 1, 2):
        assert not player.put(number, 50)
    assert player.put(4, 80)
    assert not player.put(4, 81)
    assert player.put(3, 82)
    assert player.said() == [0, 1, 2, 3, 4]


def test_when_nothing_comes_some_frames_are_concealed_and_no_more():
    player = Player()
    player.put(0, 0)
    player.wait_until(2000)
    first_ms = 2 * FRAME_MS + MIN_WAIT_MS
    assert player.heard[1:] == [(first_ms + n * FRAME_MS, "gap", "gap") for n in range(3)]
    assert player.jitter.next_ms() is None
    # they may never have been sent
    assert player.jitter.lost == 0


def test_a_stream_goes_on_after_a_rest():
    player = Player()
    player.put(0, 0)
    player.wait_until(500)
    for number in (1, 2):
        assert player.put(number, 480 + number * FRAME_MS)
    assert player.said()[4:] == [1, 2]
    assert player.jitter.lost == 0


def test_what_was_lost_before_a_rest_is_counted():
    player = Player()
    player.put(0, 0)
    player.wait_until(500)
    player.put(11, 500)
    assert player.said()[4:] == [11]
    assert player.jitter.lost == 10


def test_late_ones_that_were_concealed_are_not_played_again():
    player = Player()
    player.put(0, 0)
    player.wait_until(50)
    assert player.said() == [0, ("gap",)]
    assert not player.put(1, 50)
    assert player.put(2, 51)
    assert player.said() == [0, ("gap",), 2]
    assert player.jitter.wait_ms > MIN_WAIT_MS


def test_a_long_gap_is_not_concealed_whole():
    player = Player()
    player.put(0, 0)
    player.put(31, 31)
    player.wait_until(60)
    concealed = MAX_CONCEALED_MS // FRAME_MS
    assert player.said() == [0] + [("gap",)] * concealed + [(31,), 31]
    assert player.jitter.lost == 30


def test_only_the_newest_is_played_when_nobody_came():
    jitter, heard = JitterBuffer(), []
    for number in range(40):
        jitter.put(number, packet(number), number * FRAME_MS)
    while (item := jitter.take(800)) is not None:
        heard.append(int.from_bytes(item, "big"))
    assert heard == [*range(30, 40)]
    assert len(heard) * FRAME_MS == MAX_QUEUED_MS


@pytest.mark.parametrize("jump", [64, 1000, 0x8000, 0x10000 - MAX_BEHIND - 2])
def test_a_jump_begins_a_new_stream(jump):
    player = Player()
    for number in (0, 1):
        player.put(number, number * FRAME_MS)
    for number in (2, 3):
        player.put(jump + number, number * FRAME_MS)
    assert player.said() == [0, 1, jump + 2, jump + 3]


def test_after_a_silence_any_number_begins_a_new_stream():
    player = Player()
    for number in (50, 51):
        player.put(number, number * FRAME_MS)
    last_ms = 51 * FRAME_MS
    assert not player.put(0, last_ms + RESTART_MS - 1)
    assert player.put(0, last_ms + RESTART_MS)
    assert player.said()[-1] == 0


def test_a_small_window():
    jitter = JitterBuffer(8)
    jitter.put(0, packet(0), 0)
    assert jitter.take(0) == packet(0)
    jitter.put(9, packet(9), 0)
    assert jitter.take(0) == packet(9)


def test_frames_of_another_length():
    jitter = JitterBuffer()
    jitter.frame_ms = 2.5
    jitter.put(0, packet(0), 0)
    assert jitter.take(0) == packet(0)
    now_ms = concealed = 0
    while (due_ms := jitter.next_ms()) is not None:
        now_ms = due_ms
        while jitter.take(now_ms) is not None:
            concealed += 1
    assert concealed == MAX_CONCEALED_MS / 2.5
    # 5 ms until the next could be there, the wait, and what was concealed
    assert now_ms == 5 + MIN_WAIT_MS + MAX_CONCEALED_MS


SCHEDULES = st.lists(
    st.tuples(st.integers(-3, 80), st.integers(0, 60), st.integers(0, 3)), min_size=1, max_size=80
)


@given(st.integers(0, 0xFFFF), SCHEDULES)
def test_under_any_order_each_is_heard_at_most_once_and_in_order(first, schedule):
    """Each step: how far ahead of the last one, how much later, how often."""
    player, number, at_ms = Player(first), 0, 0
    for ahead, delay_ms, times in schedule:
        number, at_ms = max(number + ahead - 1, 0), at_ms + delay_ms
        for _ in range(times):
            player.put(number, at_ms)
    player.wait_until(at_ms + 1000)
    numbers = [row[1] for row in player.heard if len(row) == 2]
    assert all(left < right for left, right in zip(numbers, numbers[1:], strict=False))
    # as much as it takes, and the end is reached
    assert player.jitter.next_ms() is None


def test_memory_is_bounded():
    jitter = JitterBuffer()
    tracemalloc.start()
    try:
        for step in range(5000):
            jitter.put(step * 2 & 0xFFFF, bytes(1300), step * 20)
            if step % 5 == 0:
                while jitter.take(step * 20) is not None:
                    pass
            # packets that nobody takes
            jitter.put(step * 2 + step % 60 & 0xFFFF, bytes(1300), step * 20)
        assert tracemalloc.get_traced_memory()[1] < 130_000
    finally:
        tracemalloc.stop()


def test_what_is_learnt_has_bounds():
    rng, jitter = random.Random(1), JitterBuffer()
    for at_ms in range(20_000):
        jitter.put(rng.randrange(1 << 16) if at_ms % 9 == 0 else rng.randrange(200), b"x", at_ms)
        if at_ms % 7 == 0:
            while jitter.take(at_ms) is not None:
                pass
        assert MIN_WAIT_MS <= jitter.wait_ms <= MAX_WAIT_MS


@pytest.mark.parametrize(("loss", "right"), [(0, 1), (0.05, 0.994), (0.2, 0.94)])
def test_how_much_is_heard_of_a_lossy_stream(loss, right):
    """Right frames: those that came, and those that the packet behind repeats."""
    rng, player, count = random.Random(7), Player(), 5000
    for number in range(count):
        if rng.random() >= loss:
            player.put(number, number * FRAME_MS + rng.randrange(4))
    heard = sum(1 for row in player.heard if row[-1] != "gap")
    assert heard / count >= right
