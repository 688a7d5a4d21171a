"""Pieces that are asked for, and pieces that are sent again."""

import random
import sys
import tracemalloc
from threading import Thread

import pytest

from toxpy.av import rtp
from toxpy.av.pictures import Assembler
from toxpy.av.repeats import (
    ALL,
    END_MS,
    HOLD_MORE_MS,
    MAX_ASKED,
    MAX_HOLD_MS,
    MAX_KEPT,
    MAX_KEPT_SIZE,
    MAX_LACKING,
    MAX_ORDER_MS,
    MAX_REPEATS,
    MAX_SAVED,
    MIN_AGAIN_MS,
    ORDER_MS,
    REPEAT,
    REPEATED_SHARE,
    Asking,
    History,
)
from toxpy.runtime import Counters

ROUND_TRIP_MS = 40


def pieces(sequence, count=4):
    frame = bytes([sequence & 0xFF]) * (count * rtp.MAX_PIECE_SIZE)
    return [
        rtp.parse(packet, Counters()) for packet in rtp.pieces(rtp.VIDEO, sequence, sequence * 33, 0, frame)
    ]


def question(*entries):
    return bytes([REPEAT]) + b"".join(a.to_bytes(2, "big") + b.to_bytes(2, "big") for a, b in entries)


class Lacking:
    """An assembler that waits, and what is asked for."""

    def __init__(self):
        self.assembler, self.asking = Assembler(Counters()), Asking()
        self.assembler.hold_ms = 1000

    def take(self, *some, at_ms):
        for piece in some:
            self.assembler.take(piece, at_ms)
        return self.ask(at_ms)

    def ask(self, at_ms):
        return self.asking.packet(self.assembler.pictures, ROUND_TRIP_MS, at_ms)


def test_a_missing_piece_is_asked_for_when_later_ones_are_there():
    lacking, first = Lacking(), pieces(0)
    assert lacking.take(first[0], first[2], at_ms=100) is None
    assert lacking.asking.next_ms() == 100 + ORDER_MS
    assert lacking.ask(104) is None
    # not the last one, which may be on its way
    assert lacking.ask(105) == question((0, 1))
    assert lacking.asking.missed == 1


def test_it_is_asked_for_again_until_it_comes():
    lacking, first = Lacking(), pieces(0, 3)
    lacking.take(first[0], first[2], at_ms=100)
    asked = [now_ms for now_ms in range(100, 150) if lacking.ask(now_ms)]
    assert asked == [105, 125, 145]
    assert MIN_AGAIN_MS == 20
    assert lacking.take(first[1], at_ms=149) is None
    assert lacking.asking.next_ms() is None
    assert lacking.asking.missed == 1


def test_a_whole_picture_is_missing():
    lacking = Lacking()
    lacking.take(*pieces(0), at_ms=0)
    lacking.take(*pieces(2), at_ms=66)
    assert lacking.ask(66 + ORDER_MS) == question((1, ALL))


def test_the_end_of_a_picture_is_missing():
    lacking = Lacking()
    lacking.take(*pieces(0)[:3], at_ms=0)
    assert lacking.ask(END_MS - 1) is None
    lacking.ask(END_MS)
    assert lacking.ask(END_MS + ORDER_MS) == question((0, 3))


def test_pieces_out_of_order_are_not_asked_for():
    lacking, first = Lacking(), pieces(0)
    lacking.take(first[1], first[0], first[2], at_ms=0)
    lacking.take(first[3], at_ms=1)
    assert lacking.ask(100) is None
    assert lacking.asking.missed == 0


def test_pieces_that_come_sooner_than_an_answer_could_were_only_late():
    lacking = Lacking()
    for sequence in range(3):
        at_ms, some = sequence * 100, pieces(sequence)
        lacking.take(*some[1:], at_ms=at_ms)
        lacking.ask(at_ms + ORDER_MS)
        # 15 ms late
        lacking.take(some[0], at_ms=at_ms + 15)
    assert lacking.asking.missed == 0
    some = pieces(3)
    lacking.take(*some[1:], at_ms=300)
    assert lacking.ask(319) is None
    assert lacking.ask(320) == question((3, 0))
    assert lacking.asking.hold_ms(ROUND_TRIP_MS) == 3 * ROUND_TRIP_MS + HOLD_MORE_MS + 20


def test_how_long_to_wait_has_bounds():
    lacking = Lacking()
    lacking.take(*pieces(0)[1:], at_ms=0)
    lacking.ask(ORDER_MS)
    lacking.asking.packet([], 10**6, 10**5)
    assert lacking.asking.hold_ms(0) == HOLD_MORE_MS + MAX_ORDER_MS
    assert lacking.asking.hold_ms(1000) == MAX_HOLD_MS


def test_pictures_that_only_claim_to_be_large_cost_little():
    lacking = Lacking()
    for sequence in range(16):
        size = rtp.MAX_PICTURE_SIZE
        lacking.take(rtp.Piece(sequence, sequence, 1, size - 1, size, b"x"), at_ms=0)
    assert len(lacking.ask(END_MS)) == 1 + 4 * MAX_ASKED
    assert lacking.asking.missed == MAX_LACKING


def test_pictures_of_which_nothing_came_between_large_ones():
    lacking = Lacking()
    for sequence in range(0, 9, 2):
        size = rtp.MAX_PICTURE_SIZE
        lacking.take(rtp.Piece(sequence, sequence, 1, size - 1, size, b"x"), at_ms=0)
    assert len(lacking.ask(END_MS)) == 1 + 4 * MAX_ASKED
    assert lacking.asking.missed == MAX_LACKING


def test_one_question_has_room_for_so_many():
    lacking = Lacking()
    lacking.take(*pieces(0, 300)[::2], at_ms=0)
    assert len(lacking.ask(ORDER_MS)) == 1 + 4 * MAX_ASKED


class Kept:
    """A history with pictures of four pieces."""

    def __init__(self, *sequences, count=4):
        self.history, self.counters = History(), Counters()
        for sequence in sequences:
            self.history.add(sequence, self.packets(sequence, count))

    @staticmethod
    def packets(sequence, count=4):
        return [bytes([sequence & 0xFF, piece]) + bytes(1000) for piece in range(count)]

    def repeat(self, *entries, at_ms=1000):
        found = self.history.repeat(question(*entries), ROUND_TRIP_MS, at_ms, self.counters)
        return [(packet[0], packet[1]) for packet in found]


def test_what_is_asked_for_is_sent_again():
    kept = Kept(*range(8))
    assert kept.repeat((7, 2), (6, 0), (7, 3)) == [(7, 2), (6, 0), (7, 3)]
    assert kept.repeat((5, ALL)) == [(5, piece) for piece in range(4)]


def test_an_entry_counts_once():
    kept = Kept(*range(20))
    assert kept.repeat(*[(3, ALL)] * 63, (3, 1)) == [(3, piece) for piece in range(4)]


def test_many_threads_may_send():
    """The order of two threads is not known; no step of one may break another's."""
    kept, errors = Kept(), []

    def work(first):
        try:
            for number in range(400):
                kept.history.add(first + number, kept.packets(number))
                if number % 10 == 0:
                    kept.history.keep(is_asked=number % 20 != 0)
        except Exception as error:  # noqa: BLE001 - whatever it is
            errors.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [Thread(target=work, args=(first,)) for first in (0, 1000, 2000)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert errors == []
    # what is kept is counted right: as many pictures as ever have room
    kept.history.keep(is_asked=False)
    kept.history.keep(is_asked=True)
    large = [bytes(1373)] * 400
    kept.history.add(1, large)
    assert kept.history.repeat(question((1, 0)), ROUND_TRIP_MS, 0, kept.counters) == large[:1]


def test_what_is_not_there_is_not_sent():
    kept = Kept(1, 2)
    assert kept.repeat((0, 0), (1, 4), (2, ALL - 1), (9, ALL)) == []
    assert kept.counters.values == {"drop.repeat_unknown": 4}


def test_what_may_be_on_its_way_is_not_sent_again():
    kept = Kept(*range(20))
    sent = [now_ms for now_ms in range(1000, 1200) if kept.repeat((3, 1), at_ms=now_ms)]
    assert sent == [*range(1000, 1200, ROUND_TRIP_MS * 9 // 10)][:MAX_REPEATS]


def test_what_is_sent_twice_counts_twice():
    kept = Kept(*range(10))
    asked = [
        kept.history.repeat(question((number, ALL)), ROUND_TRIP_MS, 1000, kept.counters, copies=2)
        for number in range(10)
    ]
    assert sum(map(len, asked)) == 11 <= 40 * REPEATED_SHARE / 2
    assert kept.history.share() > 0.3


def test_nothing_is_sent_for_ever():
    kept = Kept(*range(20))
    assert sum(len(kept.repeat((3, 1), at_ms=now_ms)) for now_ms in range(0, 9000, 100)) == MAX_REPEATS


def test_only_a_share_of_what_was_sent_is_sent_again():
    kept = Kept(*range(10))
    sent = sum(len(kept.repeat((sequence, ALL))) for sequence in range(10))
    assert sent == 23 <= 40 * REPEATED_SHARE
    assert 0.3 < kept.history.share() < 0.5


def test_the_share_that_is_sent_again_is_forgotten():
    kept = Kept(*range(10))
    kept.repeat((9, ALL))
    assert kept.history.share() > 0.05
    for sequence in range(10, 110):
        kept.history.add(sequence, kept.packets(sequence))
    assert kept.history.share() < 0.001


def test_old_pictures_are_forgotten():
    kept = Kept(*range(MAX_KEPT + 5))
    assert kept.repeat((4, 0)) == []
    assert kept.repeat((5, 0)) == [(5, 0)]


def test_nothing_is_kept_for_a_friend_that_never_asks():
    kept = Kept(*range(5))
    kept.history.keep(is_asked=False)
    kept.history.add(5, kept.packets(5))
    assert kept.repeat((4, 0), (5, 0)) == []
    assert kept.history.share() == 0
    kept.history.keep(is_asked=True)
    kept.history.add(6, kept.packets(6))
    assert kept.repeat((6, 0)) == [(6, 0)]


@pytest.mark.parametrize("size", [0, 1, 3, 5, 4 * MAX_ASKED + 4])
def test_wrong_questions(size):
    kept = Kept(0)
    assert kept.history.repeat(bytes([REPEAT]) + bytes(size), ROUND_TRIP_MS, 1000, kept.counters) == []
    assert kept.counters.values == {"drop.repeat_size": 1}


def test_a_friend_that_asks_for_everything_gets_little():
    rng, kept, sent = random.Random(4), Kept(), 0
    tracemalloc.start()
    try:
        for sequence in range(300):
            kept.history.add(sequence & 0xFFFF, Kept.packets(sequence, 5))
            for _ in range(3):
                asked = [
                    (max(sequence - rng.randrange(60), 0), rng.choice((0, 1, 2, 3, 4, ALL)))
                    for _ in range(MAX_ASKED)
                ]
                sent += len(kept.repeat(*asked, at_ms=sequence * 33))
        assert tracemalloc.get_traced_memory()[1] < MAX_KEPT_SIZE
    finally:
        tracemalloc.stop()
    assert sent * 1002 <= 300 * 5 * 1002 * REPEATED_SHARE + MAX_SAVED


def test_large_pictures_are_kept_as_far_as_there_is_room():
    kept, large = Kept(), [bytes(1373)] * 400
    for sequence in range(4):
        kept.history.add(sequence, large)
    assert len(kept.history.repeat(question((2, 0), (3, 0)), ROUND_TRIP_MS, 0, kept.counters)) == 1
