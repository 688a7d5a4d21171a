"""Round trips and time-outs."""

from toxpy.net_crypto.round_trip import (
    BAD_LUCK_TIMEOUTS,
    INITIAL_TIMEOUT_MS,
    MAX_TIMEOUT_MS,
    MIN_TIMEOUT_MS,
    PERIOD_MS,
    RoundTrip,
)


def measured(sample_ms, count=50):
    trip = RoundTrip()
    for number in range(count):
        trip.on_sample(1000 + number, sample_ms)
    return trip


def test_timeout_backs_off_and_recovers():
    trip = measured(20)
    assert trip.timeout_ms == MIN_TIMEOUT_MS
    # the first silence may be a lost acknowledgement
    assert not trip.on_timeout(noisy=False)
    assert trip.timeout_ms == 2 * MIN_TIMEOUT_MS
    assert trip.on_timeout(noisy=False)
    for _ in range(10):
        trip.on_timeout(noisy=False)
    assert trip.timeout_ms == MAX_TIMEOUT_MS
    trip.on_news(2000, arrived=True, more=False)
    assert trip.timeout_ms == MIN_TIMEOUT_MS


def test_on_a_noisy_path_silence_is_bad_luck_at_first():
    trip = measured(100)
    for _ in range(BAD_LUCK_TIMEOUTS + 1):
        assert not trip.on_timeout(noisy=True)
    assert trip.on_timeout(noisy=True)


def test_the_timeout_before_the_first_sample():
    assert RoundTrip().timeout_ms == INITIAL_TIMEOUT_MS


def test_the_shortest_round_trip_is_forgotten_when_the_way_is_longer():
    trip = measured(100)
    trip.on_sample(2000, 60)
    assert trip.base_ms == 60
    for period in range(3):
        for moment in range(0, PERIOD_MS, 100):
            trip.on_sample(3000 + period * PERIOD_MS + moment, 150)
    assert trip.base_ms == 150


def test_another_way_is_measured_anew():
    trip = measured(20)
    trip.on_new_way()
    assert trip.is_new()
    trip.on_sample(5000, 300)
    assert (trip.base_ms, trip.recent_ms) == (300, 300)
    assert trip.mean_ms < 100


def test_the_gap_between_acknowledgements_is_not_measured_while_nothing_is_under_way():
    trip = measured(20)
    for moment in range(6000, 7000, 10):
        trip.on_news(moment, arrived=True, more=True)
    assert 9 < trip.gap_ms < 11
    trip.on_news(7000, arrived=True, more=False)
    trip.on_news(9000, arrived=True, more=True)
    assert 9 < trip.gap_ms < 11


def test_a_sample_of_any_length_is_one():
    trip = RoundTrip()
    assert trip.is_new()
    trip.on_sample(10_000, 2 * MAX_TIMEOUT_MS)
    assert not trip.is_new()
