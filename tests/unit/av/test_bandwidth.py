"""What was lost: counted, reported, and what follows from it."""

import json
import random
from pathlib import Path

import pytest

from toxpy.av.bandwidth import (
    EARLY_MS,
    FIRST_PICTURES,
    MIN_COUNT,
    REPORT_MS,
    Bandwidth,
    Reports,
)
from toxpy.av.pictures import Picture
from toxpy.av.rate import MIN_KBIT, VideoRate, audio_suggestion
from toxpy.av.rtp import MAX_PIECE_SIZE, Piece
from toxpy.runtime import Counters

RECORDED = json.loads(Path("tests/vectors/calls.json").read_text())["bandwidth"]


def picture(size, missing=0):
    made = Picture(0)
    if missing < size:
        made.add(Piece(0, 0, 1, 0, size, bytes(size - missing)), 0)
    return made


def after(*pictures, sounds=0):
    """A report 1 s after the first pictures."""
    bandwidth = Bandwidth(0)
    for one in [picture(100)] * FIRST_PICTURES + [*pictures]:
        bandwidth.add_picture(one)
    for _ in range(sounds):
        bandwidth.add_packet()
    return bandwidth.report(1000)


def test_what_was_lost_is_reported():
    good, broken = [picture(1000)] * 20, picture(3000, missing=500)
    assert after(*good, broken) == bytes.fromhex("c4 000001f4") + (20 * 1000 + 3000 + 1000).to_bytes(4, "big")


def test_a_picture_of_which_nothing_came_counts_as_a_piece():
    report = after(*[picture(1000)] * 20, Picture(1))
    assert int.from_bytes(report[1:5], "big") == MAX_PIECE_SIZE


def test_nothing_lost_nothing_said():
    assert after(*[picture(1000)] * 100) is None


def test_the_first_pictures_do_not_count():
    bandwidth = Bandwidth(0)
    for _ in range(FIRST_PICTURES):
        bandwidth.add_picture(picture(100, missing=50))
    for _ in range(MIN_COUNT):
        bandwidth.add_picture(picture(100))
    assert bandwidth.report(1000) is None


def test_few_pictures_say_nothing_but_sound_counts():
    broken = picture(1000, missing=1)
    some = MIN_COUNT - FIRST_PICTURES - 1
    assert after(*[broken] * some) is None
    assert after(*[broken] * some, sounds=1) is None
    assert after(*[broken] * some, sounds=2) is not None


def test_reports_are_rare_and_begin_anew():
    bandwidth = Bandwidth(0)
    for _ in range(60):
        bandwidth.add_picture(picture(1000, missing=1))
    assert bandwidth.report(REPORT_MS) is None
    assert int.from_bytes(bandwidth.report(REPORT_MS + 1)[1:5], "big") == 50
    for _ in range(60):
        bandwidth.add_picture(picture(1000, missing=1))
    assert bandwidth.report(2 * REPORT_MS + 1) is None
    assert bandwidth.report(2 * REPORT_MS + 2)[1:] == (60).to_bytes(4, "big") + (60_000).to_bytes(4, "big")


@pytest.mark.parametrize("entry", RECORDED)
def test_recorded_reports(entry):
    found = Reports(Counters()).take(bytes.fromhex(entry["hex"]), 0)
    assert found == (entry["lost_bytes"], entry["received_bytes"])


@pytest.mark.parametrize(
    ("hex_", "reason"),
    [
        ("c4", "bandwidth_size"),
        ("c400000001000000", "bandwidth_size"),
        ("c4000000010000000200", "bandwidth_size"),
        ("c40000000000000000", "bandwidth_values"),
        ("c40000000000000001", "bandwidth_values"),
        ("c40000000200000001", "bandwidth_values"),
        ("c4ffffffff00000001", "bandwidth_values"),
    ],
)
def test_wrong_reports(hex_, reason):
    counters = Counters()
    reports = Reports(counters)
    assert reports.take(bytes.fromhex(hex_), 0) is None
    assert counters.values == {"drop." + reason: 1}
    # it does not keep a good one out
    assert reports.take(bytes.fromhex("c40000000100000001"), 0) == (1, 1)


def test_reports_that_come_too_often():
    counters, good = Counters(), bytes.fromhex("c40000000100000001")
    reports = Reports(counters)
    taken = [now_ms for now_ms in range(10_000) if reports.take(good, now_ms)]
    assert len(taken) == 12
    assert min(b - a for a, b in zip(taken, taken[1:], strict=False)) == REPORT_MS - EARLY_MS
    assert counters.values == {"drop.bandwidth_early": 10_000 - 12}


class Link:
    """A way that carries so much and loses a share by chance; each second counts what arrived."""

    def __init__(self, limit, capacity=10**6, loss=0.0):
        self.rate, self.now_ms = VideoRate(), 0
        self.limit, self.capacity, self.loss = limit, capacity, loss
        self.rng = random.Random(1)
        self.kbit, self.told = [], []

    def run(self, seconds, obey=False):
        for _ in range(seconds):
            sent = lost = 0
            for _ in range(30):
                self.now_ms += 33
                kbit = self.rate.allow(self.limit, self.now_ms)
                pieces = max(kbit * 33 // 8 // MAX_PIECE_SIZE, 1)
                for _ in range(pieces):
                    full = self.rng.random() >= self.capacity / kbit
                    size = kbit * 33 // 8 // pieces
                    sent += size
                    lost += size if full or self.rng.random() < self.loss else 0
            if lost:
                self.rate.on_report(lost, sent, self.now_ms)
            if (told := self.rate.suggestion(self.now_ms)) is not None:
                self.told.append(told)
                if obey:
                    self.limit = told
            self.kbit.append(kbit)
        return self.kbit[-1]

    def mean(self, first):
        """The mean rate from that second on."""
        return sum(self.kbit[first:]) / len(self.kbit[first:])


def test_a_clean_link_carries_what_the_program_allows():
    link = Link(1000)
    assert link.run(10) == 1000
    assert link.told == []


@pytest.mark.parametrize("obey", [False, True])
@pytest.mark.parametrize(
    ("capacity", "loss", "least", "most"), [(1000, 0, 0.9, 1), (300, 0, 0.9, 1.05), (1000, 0.03, 0.6, 1.05)]
)
def test_a_full_line_is_used_but_not_overrun(obey, capacity, loss, least, most):
    link = Link(2 * capacity, capacity, loss)
    link.run(120, obey)
    assert least * capacity <= link.mean(20) <= most * capacity
    assert max(link.kbit[20:]) <= 1.3 * capacity
    # at the first loss
    assert link.kbit[1] <= 1.05 * capacity
    assert link.told[0] == link.kbit[1]


@pytest.mark.parametrize("obey", [False, True])
@pytest.mark.parametrize("loss", [0.01, 0.05, 0.1, 0.2])
def test_loss_by_chance_hardly_lowers_it(obey, loss):
    link = Link(1000, loss=loss)
    link.run(120, obey)
    assert link.mean(0) >= 700
    assert min(link.kbit) >= 400


@pytest.mark.parametrize("obey", [False, True])
def test_it_rises_again(obey):
    link = Link(1000, capacity=400)
    link.run(10, obey)
    assert link.kbit[-1] <= 450
    link.capacity = 10**6
    link.run(120, obey)
    assert link.kbit[-1] == 1000
    if obey:
        assert link.limit == 1000


def test_the_program_s_rate_is_the_ceiling():
    link = Link(1000)
    link.run(3)
    link.limit = 300
    assert link.run(3) == 300
    link.limit = 2000
    assert link.run(1) == 2000


def test_a_raise_on_a_full_line_is_not_believed():
    link = Link(1000, capacity=500)
    link.run(10)
    link.limit = 3000
    assert link.run(1) <= 600


def test_the_lowest_rate():
    link = Link(1000, capacity=10)
    link.run(60)
    assert link.kbit[-1] == MIN_KBIT
    low = Link(20, capacity=10)
    low.run(60)
    assert low.kbit[-1] == 20


def test_an_early_report_says_nothing():
    rate = VideoRate()
    rate.on_report(1, 2, 1000)
    assert rate.allow(1000, 1000) == 1000


def test_what_a_program_that_sends_only_sound_is_told():
    assert audio_suggestion(1, 11, 48) is None
    assert audio_suggestion(1, 10, 48) == 43
    assert audio_suggestion(10, 10, 48) == 6
    assert audio_suggestion(10, 10, 6) is None
