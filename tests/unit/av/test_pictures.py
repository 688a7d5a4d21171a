"""Pieces in any order to pictures in order; what is wrong or too much is left out."""

import hashlib
import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.av.test_rtp import RECORDED
from toxpy.av import rtp
from toxpy.av.pictures import (
    END_MS,
    MAX_PICTURES,
    MAX_SIZE,
    MAX_WAIT_MS,
    MIN_PIECE_SIZE,
    MIN_WAIT_MS,
    RESTART_MS,
    Assembler,
)
from toxpy.runtime import Counters

DISTANCE_MS = 33


def frame_of(number, size):
    return random.Random(number).randbytes(size)


class Line:
    """An assembler, and what came out of it."""

    def __init__(self, first=0):
        self.counters = Counters()
        self.assembler = Assembler(self.counters)
        self.first = first
        self.out = []

    def pieces(self, number, size=4000, stamp_ms=None, key_frame=False):
        stamp_ms = 1000 + number * DISTANCE_MS if stamp_ms is None else stamp_ms
        frame = frame_of(number, size)
        packets = rtp.pieces(
            rtp.VIDEO, (self.first + number) & 0xFFFF, stamp_ms & 0xFFFFFFFF, 0, frame, key_frame=key_frame
        )
        return [rtp.parse(packet, Counters()) for packet in packets]

    def take(self, *pieces, at_ms=0):
        for piece in pieces:
            self.out += self.assembler.take(piece, at_ms)

    def wait_until(self, at_ms):
        while (due_ms := self.assembler.next_ms()) is not None and due_ms <= at_ms:
            self.out += self.assembler.ready(due_ms)

    def numbers(self):
        return [(picture.sequence - self.first) & 0xFFFF for picture in self.out]

    def whole(self):
        return [(picture.sequence - self.first) & 0xFFFF for picture in self.out if picture.is_whole]


def test_recorded_pictures():
    lines, found = {}, 0
    for version, kind, packet, entry in RECORDED:
        if kind == "video":
            line = lines.setdefault(version, Line())
            line.take(rtp.parse(packet, line.counters))
            if "completes" in entry:
                picture, want = line.out.pop(), entry["completes"]
                found += 1
                assert (picture.size, picture.is_key) == (want["size"], want["key"])
                assert hashlib.sha256(picture.beginning()).hexdigest() == want["sha256"]
            assert not line.out
    assert found == 4


@pytest.mark.parametrize("first", [0, 65533])
@pytest.mark.parametrize("size", [1, rtp.MAX_PIECE_SIZE, rtp.MAX_PIECE_SIZE + 1, 9000])
def test_whole_pictures_come_out_at_once(first, size):
    line = Line(first)
    for number in range(10):
        line.take(*line.pieces(number, size), at_ms=number * DISTANCE_MS)
        assert line.out[-1].beginning() == frame_of(number, size)
        assert line.assembler.next_ms() is None
    assert line.whole() == [*range(10)]


def test_pieces_in_any_order():
    line = Line()
    for number in range(20):
        pieces = line.pieces(number, 9000)
        random.Random(number).shuffle(pieces)
        line.take(*pieces)
    assert [picture.beginning() for picture in line.out] == [frame_of(number, 9000) for number in range(20)]


def test_pieces_that_come_twice():
    line = Line()
    for number in range(5):
        first, *others = line.pieces(number)
        line.take(first, first, first)
        assert len(line.out) == number
        line.take(*others, first)
    assert line.whole() == [*range(5)]
    assert line.counters.values == {"drop.picture_piece": 10, "drop.picture_late": 5}


def test_pieces_of_another_picture_with_that_number():
    line = Line()
    first, *others = line.pieces(0)
    line.take(first)
    line.take(*line.pieces(0, 4001), *line.pieces(0, stamp_ms=999))
    assert not line.out
    line.take(*others)
    assert line.out[0].beginning() == frame_of(0, 4000)


def test_a_picture_with_a_hole_is_given_up_when_a_newer_one_is_there():
    line = Line()
    line.take(*line.pieces(0))
    pieces = line.pieces(1)
    line.take(pieces[0], pieces[2], pieces[3], at_ms=33)
    line.take(*line.pieces(2), at_ms=66)
    assert line.numbers() == [0]
    line.wait_until(66 + MIN_WAIT_MS - 1)
    assert line.numbers() == [0]
    line.wait_until(66 + MIN_WAIT_MS)
    assert line.numbers() == [0, 1, 2]
    assert line.whole() == [0, 2]
    broken = line.out[1]
    assert broken.beginning() == frame_of(1, 4000)[: rtp.MAX_PIECE_SIZE]
    assert (broken.size, broken.got) == (4000, 4000 - rtp.MAX_PIECE_SIZE)


def test_pieces_that_are_late_are_waited_for_the_next_time():
    line = Line()
    line.take(*line.pieces(0))
    for number in (1, 3):
        *pieces, last = line.pieces(number)
        line.take(*pieces, at_ms=number * 100)
        line.take(*line.pieces(number + 1), at_ms=number * 100 + 10)
        line.wait_until(number * 100 + 30)
        line.take(last, at_ms=number * 100 + 30)
    assert line.whole() == [0, 2, 3, 4]
    assert 20 < line.assembler.wait_ms <= MAX_WAIT_MS


def test_a_missing_end_is_missed_though_nothing_newer_comes():
    line = Line()
    line.take(*line.pieces(0)[:-1], at_ms=7)
    line.wait_until(7 + END_MS + MIN_WAIT_MS - 1)
    assert not line.out
    line.wait_until(7 + END_MS + MIN_WAIT_MS)
    assert len(line.out[0].beginning()) == 3 * rtp.MAX_PIECE_SIZE


def test_pictures_of_which_nothing_came_are_told():
    line = Line()
    line.take(*line.pieces(0))
    line.take(*line.pieces(3), at_ms=99)
    line.wait_until(200)
    assert line.numbers() == [0, 1, 2, 3]
    assert [picture.size for picture in line.out] == [4000, 0, 0, 4000]
    assert line.out[1].beginning() == b""


def test_a_missing_picture_may_still_come():
    line = Line()
    line.take(*line.pieces(0))
    line.take(*line.pieces(2), at_ms=66)
    line.take(*line.pieces(1), at_ms=66)
    assert line.whole() == [0, 1, 2]


def test_many_unfinished_pictures():
    line = Line()
    for number in range(MAX_PICTURES + 3):
        line.take(*line.pieces(number)[1:])
        assert len(line.assembler.pictures) <= MAX_PICTURES
    assert line.numbers() == [0, 1, 2]


def test_a_small_jump_is_missing_pictures():
    line = Line()
    line.take(*line.pieces(0))
    line.take(*line.pieces(200))
    line.wait_until(1000)
    assert line.numbers() == [*range(201)]
    assert line.whole() == [0, 200]


@pytest.mark.parametrize("jump", [257, 30000, 0x8000, 65000])
def test_a_jump_begins_a_new_stream(jump):
    line = Line()
    line.take(*line.pieces(0), *line.pieces(1)[1:])
    line.take(*line.pieces(jump))
    line.take(*line.pieces(jump + 1))
    assert line.whole() == [0, jump, jump + 1]


def test_a_new_stream_with_old_numbers_is_known_by_its_time():
    line = Line()
    for number in (100, 101):
        line.take(*line.pieces(number))
    # late ones of the old stream
    line.take(*line.pieces(99))
    assert line.whole() == [100, 101]
    for number in (0, 1):
        line.take(*line.pieces(number, stamp_ms=9000 + number))
    assert line.whole() == [100, 101, 0, 1]


def test_a_late_picture_is_no_new_stream():
    line = Line()
    line.take(*line.pieces(0))
    line.take(*line.pieces(2)[:1], at_ms=66)
    line.wait_until(66 + MIN_WAIT_MS)
    assert line.numbers() == [0, 1]
    # its time stamp is newer than that of the last picture that came out
    line.take(*line.pieces(1), at_ms=80)
    line.take(*line.pieces(2)[1:], at_ms=81)
    assert line.whole() == [0, 2]


def test_after_a_silence_any_number_begins_a_new_stream():
    line = Line()
    line.take(*line.pieces(100), at_ms=50)
    for at_ms in (50 + RESTART_MS - 1, 50 + RESTART_MS):
        line.take(*line.pieces(0, stamp_ms=5), at_ms=at_ms)
    assert line.whole() == [100, 0]


def test_pieces_that_overlap_make_no_picture():
    line = Line()
    for offset, length in ((0, 1200), (1000, 1200), (2200, 1000)):
        line.take(rtp.Piece(0, 0, 1, offset, 3200, bytes(length)))
    assert not line.out
    line.wait_until(1000)
    assert not line.out[0].is_whole
    assert len(line.out[0].beginning()) == 1200


def test_small_pieces_are_bounded():
    line = Line()
    for offset in range(10_000):
        line.take(rtp.Piece(0, 0, 1, offset, 100_000, b"x"))
    line.wait_until(1000)
    assert line.out[0].got == 100_000 // MIN_PIECE_SIZE + 1


def test_the_bytes_of_all_pictures_are_bounded():
    line, data = Line(), bytes(rtp.MAX_PIECE_SIZE)
    for number in range(12):
        # all but the last piece
        for offset in range(0, rtp.MAX_PICTURE_SIZE - 2 * rtp.MAX_PIECE_SIZE, rtp.MAX_PIECE_SIZE):
            line.take(rtp.Piece(number, number, 1, offset, rtp.MAX_PICTURE_SIZE, data))
        held = sum(picture.got for picture in line.assembler.pictures)
        assert held <= MAX_SIZE + rtp.MAX_PIECE_SIZE
    assert line.numbers() == [0, 1, 2, 3]
    assert not line.whole()


def test_a_piece_of_the_picture_that_is_one_too_many():
    line, data, size = Line(), bytes(rtp.MAX_PIECE_SIZE), rtp.MAX_PICTURE_SIZE
    offsets = range(rtp.MAX_PIECE_SIZE, size - rtp.MAX_PIECE_SIZE, rtp.MAX_PIECE_SIZE)
    held = 0
    for number in range(9):
        for offset in offsets:
            if held <= MAX_SIZE:
                line.take(rtp.Piece(number, number, 1, offset, size, data))
                held += len(data)
    assert not line.out
    line.take(rtp.Piece(0, 0, 1, 0, size, data))
    assert [(picture.sequence, picture.beginning()) for picture in line.out] == [(0, b"")]


def test_memory_is_bounded():
    """What a peer sends is held, as far as it may be, but not what it only says."""
    line, data = Line(), bytes(rtp.MAX_PIECE_SIZE)
    tracemalloc.start()
    try:
        for number in range(200):
            line.take(rtp.Piece(number, number, 1, 1, rtp.MAX_PICTURE_SIZE, data))
        assert tracemalloc.get_traced_memory()[1] < 200_000
        for number in range(200, 220):
            for offset in range(1, 200_000, rtp.MAX_PIECE_SIZE):
                # as the network hands it out: bytes of their own
                line.take(rtp.Piece(number, number, 1, offset, rtp.MAX_PICTURE_SIZE, data[:-1] + b"y"))
            line.out.clear()
        assert tracemalloc.get_traced_memory()[1] < (MAX_PICTURES + 1) * 240_000
    finally:
        tracemalloc.stop()


STEPS = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.integers(0, 3),
        st.integers(0, 20),
        st.sampled_from([1, 1, 1, 2]),
        st.booleans(),
    ),
    max_size=120,
)


@given(st.integers(0, 0xFFFF), STEPS)
def test_under_any_order_pictures_come_once_and_in_order(first, steps):
    line, at_ms = Line(first), 0
    pieces = {number: line.pieces(number) for number in range(31)}
    for number, piece, delay_ms, times, wait in steps:
        at_ms += delay_ms
        if wait:
            line.wait_until(at_ms)
        line.take(*[pieces[number][piece]] * times, at_ms=at_ms)
        assert len(line.assembler.pictures) <= MAX_PICTURES
    line.wait_until(at_ms + 1000)
    assert not line.assembler.pictures
    numbers = line.numbers()
    if numbers:
        # a late piece may be the first that comes after a rest
        assert numbers == [*range(numbers[0], numbers[-1] + 1)]
    for picture, number in zip(line.out, numbers, strict=True):
        assert frame_of(number, 4000).startswith(picture.beginning())
        assert picture.is_whole is (len(picture.beginning()) == 4000)


@pytest.mark.parametrize("loss", [0.0, 0.02])
def test_pictures_over_a_line_with_reordering(loss):
    rng, line, arriving = random.Random(5), Line(65500), []
    for number in range(300):
        for index, piece in enumerate(line.pieces(number, rng.randrange(500, 9000))):
            if rng.random() >= loss:
                delay_ms = 20 if rng.random() < 0.02 else 0
                arriving.append((number * DISTANCE_MS + index // 3 + delay_ms, index, piece))
    for at_ms, _, piece in sorted(arriving, key=lambda row: row[0]):
        line.wait_until(at_ms)
        line.take(piece, at_ms=at_ms)
    line.wait_until(20_000)
    assert line.numbers() == [*range(300)]
    assert len(line.whole()) >= (300 if not loss else 260)
