"""The order of the tests, and progress that follows time.

`tests/durations.json` has the seconds of the tests that took at least one, by file, as measured by
`make durations`. The longest begin first, so that no worker is left alone with one at the end. All others
follow in their files' order, since those of a file may share what one process makes once. Progress counts the
seconds. A test that the file does not know counts as a short one.
"""

import json
import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.namespaces import LEFT_OUT

FILE = Path(__file__).parents[1] / "durations.json"
#: Seconds of a test from which its duration is kept.
KEPT_S = 1
#: Seconds of a test from which it is among those that begin first.
FIRST_S = 5
#: Fixtures that one worker makes while all others that need them wait: one test of each begins early.
WAITED_FOR = {"measured", "sdist"}
#: Seconds of a test that is not in the file.
USUAL_S = 0.05
#: Seconds between two lines of progress.
PROGRESS_INTERVAL_S = 20


def _recorded():
    """What was measured: `run_s`, and `tests` by file."""
    return json.loads(FILE.read_text()) if FILE.exists() else {"run_s": 900, "tests": {}}


def expected():
    """Seconds by node id, of the tests that take long."""
    files = _recorded()["tests"].items()
    return {f"{file}::{name}": seconds for file, tests in files for name, seconds in tests.items()}


def expected_minutes():
    """Minutes of the whole run when the durations were measured."""
    return _recorded()["run_s"] / 60


def text_of(run_s, seconds):
    """The file's content: the run, and seconds by node id."""
    files = {}
    for nodeid, took in sorted(seconds.items()):
        if took >= KEPT_S:
            file, _, name = nodeid.partition("::")
            files.setdefault(file, {})[name] = round(took)
    return json.dumps({"run_s": round(run_s), "tests": files}, indent=1) + "\n"


def sort(items):
    """Longest first, then the others as they were; how many the longest are."""
    seconds = expected()
    longest = [item for item in items if seconds.get(item.nodeid, 0) >= FIRST_S]
    longest.sort(key=lambda item: -seconds[item.nodeid])
    first, made = {}, set()
    for item in longest:
        waits_for = WAITED_FOR & set(item.fixturenames)
        if not waits_for & made:
            first[item.nodeid] = item
        made |= waits_for
    items[:] = [*first.values(), *(item for item in items if item.nodeid not in first)]
    return len(first)


class Progress:
    """A line now and then that says how far the run is; the durations of this run, to be kept."""

    def __init__(self, config, record):
        self._config, self._record = config, record
        self._expected = expected()
        self._begin = self._told = time.monotonic()
        self._seconds, self._count, self._total_s, self._total = {}, 0, 0.0, 0

    def pytest_collection_finish(self, session):
        """The tests of a run without workers."""
        self._expect([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node, ids):
        """The tests of the run; every worker says the same."""
        self._expect(ids)

    def _expect(self, ids):
        self._total, self._total_s = len(ids), sum(self._expected.get(name, USUAL_S) for name in ids)

    def pytest_runtest_logreport(self, report):
        """A part of a test ended: its set-up, itself, its tear-down."""
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0) + report.duration
        if report.when == "teardown":
            self._count += 1
            now = time.monotonic()
            if now - self._told >= PROGRESS_INTERVAL_S:
                self._told = now
                self._tell(now)

    def _tell(self, now):
        done_s = sum(self._expected.get(name, USUAL_S) for name in self._seconds)
        minutes, seconds = divmod(int(now - self._begin), 60)
        share = min(100 * done_s / self._total_s, 99) if self._total_s else 0
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        terminal.ensure_newline()
        terminal.write_line(
            f"{minutes:3}:{seconds:02} {share:3.0f}% of the work, {self._count} of {self._total} tests"
        )

    def pytest_terminal_summary(self, terminalreporter):
        """The last line counts what this machine cannot run."""
        left_out = int(os.environ.get(LEFT_OUT, "0"))
        if left_out:
            terminalreporter.stats["not run here"] = [SimpleNamespace()] * left_out

    def pytest_sessionfinish(self):
        """Keep what was measured."""
        if self._record:
            Path(self._record).write_text(text_of(time.monotonic() - self._begin, self._seconds))
