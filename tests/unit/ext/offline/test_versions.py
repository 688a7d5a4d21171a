"""What counts as being on disk, and when."""

import pytest

from tests.support.universe import SeededRng, SimClock
from toxpy.ext.offline.versions import COLLECTED_MS, UNSAVED_MS, Versions
from toxpy.runtime import Runtime


@pytest.fixture
def rt():
    clock = SimClock()
    clock.now_ms = 1_000_000
    return Runtime(clock, SeededRng(1))


def run(rt, ms):
    end_ms = rt.clock.now_ms + ms
    while (deadline_ms := rt.timers.next_deadline_ms()) is not None and deadline_ms <= end_ms:
        rt.clock.now_ms = deadline_ms
        rt.timers.run_due()
    rt.clock.now_ms = end_ms


def test_who_tells_is_believed_and_nobody_else(rt):
    versions = Versions(rt=rt)
    versions.holds = True
    first, second = versions.changed(), versions.changed()
    versions.collect()
    run(rt, 3_600_000)
    assert not versions.is_saved(first)
    versions.saved(first)
    assert versions.is_saved(first) and not versions.is_saved(second)
    # what has not happened yet cannot be saved
    versions.saved(100)
    assert versions.is_saved(second) and not versions.is_saved(versions.changed())


def test_a_save_that_was_asked_for_counts_some_time_later(rt):
    versions = Versions(rt=rt)
    first = versions.changed()
    run(rt, UNSAVED_MS - 1000)
    versions.collect()
    second = versions.changed()
    run(rt, COLLECTED_MS - 1000)
    # the save is younger than the change
    assert not versions.is_saved(first)
    run(rt, 1000)
    assert versions.is_saved(first) and not versions.is_saved(second)
    run(rt, UNSAVED_MS)
    assert versions.is_saved(second)


def test_one_who_asks_all_the_time_holds_up_nothing(rt):
    versions = Versions(rt=rt)
    first = versions.changed()
    for _ in range(COLLECTED_MS // 1000 + 1):
        versions.collect()
        run(rt, 1000)
    assert versions.is_saved(first)


def test_without_a_change_there_is_no_timer(rt):
    versions = Versions(rt=rt)
    versions.collect()
    assert rt.timers.next_deadline_ms() is None
    versions.changed()
    run(rt, UNSAVED_MS)
    assert rt.timers.next_deadline_ms() is None
    versions.changed()
    versions.end()
    assert rt.timers.next_deadline_ms() is None


def test_who_begins_to_tell_later_is_believed_from_then_on(rt):
    versions = Versions(rt=rt)
    first = versions.changed()
    versions.holds = True
    run(rt, 3_600_000)
    assert not versions.is_saved(first)
