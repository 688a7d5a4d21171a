"""How soon clients come back: what shortens tox_iteration_interval, and how it grows again."""

import pytest

from tests.support.universe import SimClock
from toxpy.runtime import IDLE_INTERVAL_MS, ITERATION_STEPS, JOIN_MS, MANY_PASSES, Pace


@pytest.fixture
def clock():
    clock = SimClock()
    clock.now_ms = 5
    return clock


@pytest.fixture
def pace(clock):
    return Pace(clock)


def test_idle_from_the_start_and_timers_wait(pace, clock):
    for delay_ms in (None, 1, 49, 50, 100_000):
        assert pace.interval_ms(clock.now_ms, delay_ms) == 50
    assert pace.interval_ms(clock.now_ms, 0) == pace.interval_ms(clock.now_ms, -5) == 1


def test_haste_and_back_to_rest(pace, clock):
    pace.note()
    start_ms = clock.now_ms
    seen = [pace.interval_ms(start_ms + age_ms, None) for age_ms in range(0, 20_000, 100)]
    assert seen == sorted(seen) and seen[0] == 1 and seen[-1] == 50
    assert sorted(set(seen)) == [step_ms for _, step_ms in ITERATION_STEPS] + [IDLE_INTERVAL_MS]
    for limit_ms, step_ms in ITERATION_STEPS:
        assert pace.interval_ms(start_ms + limit_ms - 1, None) == step_ms
        assert pace.interval_ms(start_ms + limit_ms, None) > step_ms


def test_a_timer_that_is_due_earlier_is_waited_for_while_something_goes_on(pace, clock):
    pace.note()
    assert pace.interval_ms(clock.now_ms + 12_000, 30) == 20
    assert pace.interval_ms(clock.now_ms + 12_000, 7) == 7
    assert pace.interval_ms(clock.now_ms, 7) == 1


def test_what_is_less_urgent_never_calms_a_conversation(pace, clock):
    pace.note_relaying(much=False)
    assert pace.interval_ms(clock.now_ms, None) == 10
    pace.note_relaying(much=True)
    assert pace.interval_ms(clock.now_ms, None) == 2
    pace.note_relaying(much=False)
    assert pace.interval_ms(clock.now_ms, None) == 2
    pace.note()
    pace.note_relaying(much=True)
    assert pace.interval_ms(clock.now_ms, None) == 1


def test_media_come_every_5_ms_and_calm_nothing(pace, clock):
    pace.note_media()
    assert pace.interval_ms(clock.now_ms, None) == 5
    clock.now_ms += 20
    pace.note_media()
    assert pace.interval_ms(clock.now_ms, None) == 5
    pace.note()
    pace.note_media()
    assert pace.interval_ms(clock.now_ms, None) == 1


def passes(pace, clock, until_ms, heard_at=()):
    """The moments of the passes of a client that sleeps the interval; something arrives at `heard_at`."""
    moments, arrivals = [], list(heard_at)
    while clock.now_ms < until_ms:
        moments.append(clock.now_ms)
        if arrivals and arrivals[0] <= clock.now_ms:
            del arrivals[0]
            pace.heard()
        clock.now_ms += pace.interval_ms(clock.now_ms, None)
    return moments


def test_nobody_answers_a_client_that_joins(pace, clock):
    """Programs that count passes as time: 400 of them are 20 s."""
    pace.join()
    assert len(passes(pace, clock, clock.now_ms + 20_000)) <= 410


def test_answers_to_a_client_that_joins_wait_no_longer_than_they_took(pace, clock):
    for trip_ms in range(1, 50):
        pace.join()
        sent_ms = clock.now_ms
        heard_ms = next(at_ms for at_ms in passes(pace, clock, sent_ms + 200) if at_ms >= sent_ms + trip_ms)
        assert heard_ms - sent_ms - trip_ms <= trip_ms
        pace.heard()
        assert pace.interval_ms(clock.now_ms, None) == 1


def test_what_arrives_later_than_joining_takes_leaves_an_idle_client_alone(pace, clock):
    pace.heard()
    assert pace.interval_ms(clock.now_ms, None) == IDLE_INTERVAL_MS
    pace.join()
    clock.now_ms += JOIN_MS
    pace.heard()
    assert pace.interval_ms(clock.now_ms, None) == IDLE_INTERVAL_MS


def test_a_step_tells_until_when_it_is_true(pace, clock):
    pace.note()
    pace.join()
    for _ in range(3_000):
        step_ms, until_ms = pace.step(clock.now_ms)
        assert pace.step(until_ms - 1)[0] == step_ms or until_ms - clock.now_ms == step_ms
        assert until_ms > clock.now_ms
        clock.now_ms += 7


def test_who_listens_to_people_comes_every_5_ms(pace, clock):
    """c-toxcore's members say what they have every 50 to 100 ms, which we read in two passes at most."""
    for _ in range(10):
        for _ in range(2):
            clock.now_ms += 5
            for _ in range(3):
                pace.note_room()
            assert pace.interval_ms(clock.now_ms, None) == 5
        clock.now_ms += 45


def test_who_listens_to_a_program_comes_at_once(pace, clock):
    for _ in range(MANY_PASSES):
        assert pace.interval_ms(clock.now_ms, None) >= 5
        clock.now_ms += 5
        pace.note_room()
    assert pace.interval_ms(clock.now_ms, None) == 1


def test_a_person_who_speaks_in_a_room_calms_no_conversation(pace, clock):
    pace.note()
    pace.note_room()
    assert pace.interval_ms(clock.now_ms, None) == 1
