"""How soon clients come back: what shortens tox_iteration_interval, and how it grows again."""

import pytest

from tests.support.universe import SimClock
from toxpy.runtime import PACE, Pace


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
    assert sorted(set(seen)) == [step_ms for _, step_ms in PACE]
    for limit_ms, step_ms in PACE[:-1]:
        assert pace.interval_ms(start_ms + limit_ms - 1, None) == step_ms
        assert pace.interval_ms(start_ms + limit_ms, None) > step_ms


def test_a_timer_that_is_due_earlier_is_waited_for_while_something_goes_on(pace, clock):
    pace.note()
    assert pace.interval_ms(clock.now_ms + 12_000, 30) == 20
    assert pace.interval_ms(clock.now_ms + 12_000, 7) == 7
    assert pace.interval_ms(clock.now_ms, 7) == 1


def test_joining_is_less_urgent_and_never_calms_a_conversation(pace, clock):
    pace.note_lightly()
    assert pace.interval_ms(clock.now_ms, None) == 2
    pace.note()
    pace.note_lightly()
    assert pace.interval_ms(clock.now_ms, None) == 1
