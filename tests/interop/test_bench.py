"""The benchmark runs from end to end on both libraries; nothing here looks at how fast they are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli import main
from bench.page import BEGIN, END
from tests.support.made_once import made_once
from tests.support.prefix import prefix
from tests.support.real_tox import installed_version

ROOT = Path(__file__).parents[2]
SMALL = ["--rounds", "1", "--timeout", "100", "--prefix"]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """One round: a case of one process, and a file from a real client to ours and back to a real one."""
    cases = ["--cases", "startup,file_small", "--pairings", "ref-ref,ours-ours,ref-ours", "--set", "mib=1"]

    def measure(out):
        assert main(["run", *SMALL, str(prefix()), "--out", str(out), *cases]) == 0

    return made_once(tmp_path_factory, "bench", measure)


def test_both_libraries_were_measured_and_checked(measured):
    record = json.loads((measured / "results.json").read_text())
    assert record["rounds_done"] == 1
    assert [len(record["libraries"][side]) for side in ("ref", "ours")] == [1, 1]
    assert record["libraries"]["ref"] != record["libraries"]["ours"]
    for case, pairings in {"startup": 2, "file_small": 3}.items():
        runs = record["runs"][case]
        assert len(runs) == pairings
        assert {run["status"] for each in runs.values() for run in each} == {"ok"}
    for each in record["runs"]["file_small"].values():
        assert each[0]["metrics"]["mb_per_s"]["value"] > 0


def test_the_report_has_the_rows(measured):
    text = (measured / "table.txt").read_text()
    html = (measured / "report.html").read_text()
    version = ".".join(map(str, installed_version()))
    for shown in text, html:
        for what in ("1 MiB photo, normal loop", "memory of a further instance", f"real library: {version}"):
            assert what in shown
    assert html.count("<svg") == 5  # the overview and a plot for each row
    assert str(measured) not in html
    assert str(prefix()) not in html


def test_the_page_is_rewritten(measured, tmp_path):
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    command = ["page", str(measured / "results.json"), "--page", str(page), "--note", "A test."]
    assert main(command) == 0
    once = page.read_text()
    assert once.startswith("before\n") and once.endswith("after\n")
    assert "old" not in once and "A test." in once and "| 1 MiB photo, normal loop (s) |" in once
    assert main(command) == 0
    assert page.read_text() == once


@pytest.fixture
def out(measured, tmp_path):
    """A folder of its own in which the programs are built already."""
    shutil.copytree(measured / "bin", tmp_path / "bin")
    return tmp_path


def test_without_the_real_library_ours_is_measured_and_the_package_named(out, capsys):
    command = ["run", *SMALL, str(prefix()), "--out", str(out), "--cases", "startup", "--no-ref"]
    assert main(command) == 0
    said = capsys.readouterr()
    assert "apt-get install libtoxcore2" in said.err
    assert "memory of a further instance" in said.out
    assert set(json.loads((out / "results.json").read_text())["runs"]["startup"]) == {"ours-ours"}


def test_mistakes_are_explained(out, capsys):
    assert main(["run", "--prefix", str(out), "--out", str(out)]) == 2
    assert "make build" in capsys.readouterr().err
    assert main(["run", *SMALL, str(prefix()), "--out", str(out), "--cases", "file_smal"]) == 2
    assert "file_smal" in capsys.readouterr().err


def test_each_micro_benchmark_does_its_work():
    command = [
        "-m",
        "pytest",
        "-c",
        "bench/micro/pytest.ini",
        "--rootdir",
        ".",
        "bench/micro",
        "--benchmark-disable",
    ]
    environment = dict(os.environ, TOXPY_PREFIX=str(prefix()))
    ran = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout and "skipped" not in ran.stdout
