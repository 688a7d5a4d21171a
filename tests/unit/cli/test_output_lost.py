"""Commands whose standard streams are closed or full: a sentence and a status, never a traceback."""

import os
import subprocess
import sys

import pytest

from tests.support.prefix import ROOT
from toxpy.save.profile import Profile

COMMANDS = {
    "version": "--version",
    "usage": "--help",
    "help": "send --help",
    "node-version": "bootstrapd --version",
    "node-help": "bootstrapd --help",
    "id": "id",
    "json": "id --json",
}


@pytest.fixture
def run(tmp_path):
    """Run a command line of a shell, in which `toxpy` is ours; status, stdout and stderr."""
    with Profile.create(tmp_path / "alice.tox"):
        pass
    names = {"TOXPY_PROFILE": str(tmp_path / "alice.tox"), "PYTHONPATH": str(ROOT), "PYTHONDEVMODE": "1"}

    def run(line):
        ran = subprocess.run(
            ["sh", "-c", f'toxpy() {{ "{sys.executable}" -m toxpy "$@"; }}; {line}'],
            cwd=tmp_path,
            env={**os.environ, **names},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "Traceback" not in ran.stderr and "Exception" not in ran.stderr
        return ran.returncode, ran.stdout, ran.stderr

    return run


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("where, problem", [(">/dev/full", "No space left"), (">&-", "Bad file descriptor")])
def test_what_was_asked_for_cannot_be_written(run, words, where, problem):
    status, _, said = run(f"toxpy {words} {where}")
    assert status == 1 and said == f"Error: cannot write to stdout: {said.partition('stdout: ')[2]}"
    assert problem in said


def test_the_reason_of_a_failure_is_told_all_the_same(run):
    status, _, said = run("toxpy id -p none --json >/dev/full")
    assert status == 1 and "there is no such file" in said and "No space left" in said


@pytest.mark.parametrize("where", ["2>/dev/full", "2>&-", "2>&- <&-"])
@pytest.mark.parametrize(
    "words, status", [("id -p none", 1), ("id --nonsense", 2), ("nonsense", 2), ("id", 0)]
)
def test_without_stderr_the_status_says_it(run, words, status, where):
    """And what belongs there does not come to stdout."""
    found, out, said = run(f"toxpy {words} {where}")
    assert found == status and said == ""
    assert len(out.strip()) == (0 if status else 76)


def test_nothing_can_be_asked_without_stdin(run):
    status, _, said = run("toxpy passphrase <&-")
    assert status == 1 and "no terminal" in said


def test_files_never_get_the_number_of_a_closed_stream(run):
    """The lock of the profile would, and what is printed could then end up in it."""
    assert run("toxpy passphrase --remove >&- 2>&- <&-")[0] == 1
    status, shown, _ = run("toxpy id; ls")
    assert status == 0 and len(shown.split()[0]) == 76
    assert sorted(shown.split()[1:]) == ["alice.tox", "alice.tox.bak"]


def test_who_reads_goes_away(run):
    assert run("{ toxpy --help; echo $? >&2; } | :")[2].strip() in ("141", "0")
