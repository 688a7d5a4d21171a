"""Pictures leave in small bursts, however often somebody asks."""

import pytest

from toxpy.av.pacing import BURST, MAX_WAITING, PIECE_US, Pacer


def packets(count, picture="v"):
    return [f"{picture}{number}".encode() for number in range(count)]


def left(pacer, until_ms, every_ms):
    """How many left by when."""
    return [len(pacer.take(now_ms)) for now_ms in range(0, until_ms, every_ms)]


def test_a_small_picture_leaves_at_once():
    pacer = Pacer()
    pacer.put(packets(BURST))
    assert pacer.take(1000) == packets(BURST)
    assert pacer.next_ms() is None
    assert pacer.take(1000) == []


def test_a_large_picture_takes_its_time():
    pacer = Pacer()
    pacer.put(packets(20))
    assert left(pacer, 12, 1) == [3, 2, 2, 2, 2, 2, 2, 2, 2, 1, 0, 0]


def test_no_burst_after_the_burst_of_the_picture_before():
    pacer = Pacer()
    pacer.put(packets(3))
    assert len(pacer.take(1000)) == 3
    pacer.put(packets(3))
    assert pacer.take(1000) == []
    assert pacer.next_ms() == 1001
    assert len(pacer.take(1001)) == 2


@pytest.mark.parametrize("every_ms", [1, 2, 5, 10])
def test_it_hardly_matters_how_often_somebody_asks(every_ms):
    pacer = Pacer()
    pacer.put(packets(200))
    counts = left(pacer, 200, every_ms)
    needed_ms = next(n for n in range(len(counts)) if sum(counts[: n + 1]) == 200) * every_ms
    assert 95 <= needed_ms <= 110
    assert max(counts) <= every_ms * 1000 // PIECE_US + BURST


def test_nobody_asks_for_long():
    pacer = Pacer()
    pacer.put(packets(200))
    pacer.take(0)
    assert len(pacer.take(1000)) == 20


def test_pictures_keep_their_order():
    pacer, found = Pacer(), []
    for _ in range(3):
        pacer.put(packets(7))
    while (due_ms := pacer.next_ms()) is not None:
        found += pacer.take(due_ms)
    assert found == packets(7) * 3


def test_a_picture_that_the_encoder_dropped():
    pacer = Pacer()
    pacer.put([])
    assert pacer.next_ms() is None
    assert pacer.take(0) == []


def test_too_much_waits():
    pacer, found = Pacer(), []
    drops = [pacer.put(packets(MAX_WAITING // 4, f"{number}-")) for number in range(10)]
    assert drops == [0] * 4 + [1] * 6
    while (due_ms := pacer.next_ms()) is not None:
        found += pacer.take(due_ms)
    assert len(found) == MAX_WAITING
    assert found[0] == b"6-0"
