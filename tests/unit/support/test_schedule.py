"""The order of the tests and the progress of a run, from what was measured once."""

import json
from types import SimpleNamespace

import pytest

from tests.support import schedule

MEASURED = {
    "tests/a.py::quick": 0.4,
    "tests/a.py::slow[x::y]": 7.4,
    "tests/b.py::slowest": 61.6,
    "tests/b.py::some": 2,
}


@pytest.fixture
def measured(tmp_path, monkeypatch):
    monkeypatch.setattr(schedule, "FILE", tmp_path / "durations.json")
    schedule.FILE.write_text(schedule.text_of(125.4, MEASURED))


def in_order(*names, needs=()):
    """The names in order; those that `needs` names need what one worker makes for all."""
    items = [
        SimpleNamespace(nodeid=name, fixturenames=["tmp_path", "measured"] if name in needs else [])
        for name in names
    ]
    assert schedule.sort(items) <= len(items)
    return [item.nodeid for item in items]


def test_what_is_kept_is_rounded_and_sorted(measured):
    assert schedule.expected_minutes() == 125 / 60
    assert list(schedule.expected().items()) == [
        ("tests/a.py::slow[x::y]", 7),
        ("tests/b.py::slowest", 62),
        ("tests/b.py::some", 2),
    ]


def test_the_longest_begin_and_all_others_stay_as_they_were(measured):
    names = ["tests/z.py::new", "tests/b.py::some", "tests/a.py::slow[x::y]", "tests/a.py::quick"]
    expected = ["tests/b.py::slowest", "tests/a.py::slow[x::y]", *names[:2], names[3]]
    assert in_order(*names, "tests/b.py::slowest") == expected


def test_of_those_that_wait_for_the_same_one_begins_early(measured):
    names = ["tests/b.py::some", "tests/a.py::slow[x::y]", "tests/b.py::slowest"]
    assert in_order(*names, needs=names) == [names[2], *names[:2]]
    assert in_order(*names, needs=names[1:2]) == [names[2], names[1], names[0]]


def test_without_measurements_nothing_moves(tmp_path, monkeypatch):
    monkeypatch.setattr(schedule, "FILE", tmp_path / "none.json")
    assert in_order("b", "a") == ["b", "a"] and schedule.expected_minutes() > 1


def run_of(*names, record=None):
    """Progress of a run of these tests that reports every one, and its lines."""
    lines = []
    terminal = SimpleNamespace(ensure_newline=lambda: None, write_line=lines.append)
    plugins = SimpleNamespace(get_plugin=lambda name: terminal)
    progress = schedule.Progress(SimpleNamespace(pluginmanager=plugins), record)
    progress.pytest_xdist_node_collection_finished(None, names)
    return progress, lines


def ended(progress, name, duration):
    for when in ("setup", "call", "teardown"):
        progress.pytest_runtest_logreport(SimpleNamespace(nodeid=name, duration=duration / 3, when=when))


def test_progress_follows_the_time(measured, monkeypatch):
    monkeypatch.setattr(schedule, "PROGRESS_INTERVAL_S", 0)
    names = ["tests/b.py::slowest", "tests/a.py::slow[x::y]", *(f"tests/z.py::new{i}" for i in range(100))]
    progress, lines = run_of(*names)
    for name in names[1:]:
        ended(progress, name, 0.03)
    # 7 s and 5 s of 74
    assert lines[-1].endswith(" 16% of the work, 101 of 102 tests")
    ended(progress, names[0], 62)
    assert lines[-1].endswith(" 99% of the work, 102 of 102 tests")


def test_a_run_is_recorded(measured, tmp_path):
    progress, _ = run_of(*MEASURED, record=tmp_path / "new.json")
    for name, seconds in MEASURED.items():
        ended(progress, name, seconds)
    progress.pytest_sessionfinish()
    old, new = (json.loads(path.read_text()) for path in (schedule.FILE, tmp_path / "new.json"))
    assert new["tests"] == old["tests"] and new["run_s"] == 0
