"""How long packets wait on their way, whatever the two clocks say."""

import pytest

from toxpy.av.transit import MAX_DELAY_MS, MEMORY_MS, Transit


@pytest.mark.parametrize("offset", [0, 12345, 2**31 - 10, 2**32 - 50, 2**32 - 10_000])
def test_the_delay_is_that_beyond_the_quickest(offset):
    """Whatever the clocks of the two: also where the time stamps wrap."""
    transit = Transit()
    for number, delay_ms in enumerate((30, 20, 50, 40)):
        transit.add((number * 20 + offset) & 0xFFFFFFFF, 1000 + number * 20 + delay_ms)
    # 0 for the first two, which were the quickest until then
    assert transit.take() == (0 + 0 + 30 + 20) // 4
    assert transit.take() == -1


def test_what_is_sent_again_says_nothing():
    transit = Transit()
    for stamp_ms, now_ms in ((0, 10), (20, 30), (20, 90), (0, 95), (40, 50)):
        transit.add(stamp_ms, now_ms)
    assert transit.take() == 0


def test_clocks_that_drift():
    """A clock that is a thousandth too fast or slow looks like a growing delay only for so long."""
    for drift in (-1, 1):
        transit, worst = Transit(), 0
        for number in range(3000):
            now_ms = 20 * number
            transit.add(100_000 + now_ms + drift * now_ms // 1000, now_ms)
            if number % 50 == 49:
                worst = max(worst, transit.take())
        assert worst <= 2 * MEMORY_MS // 1000 + 1


def test_what_is_told_has_bounds():
    transit = Transit()
    transit.add(0, 0)
    transit.add(1, 10**7)
    assert transit.take() <= MAX_DELAY_MS
