"""`make test`: pytest, with what this machine allows. Arguments are pytest's.

An ordinary user gets a user namespace, where the kernel allows it; then every test can run. Otherwise those
that need namespaces are left out, and the first and the last lines say so. So it is with other things
that a machine may lack, and with newer releases of the real library, which are downloaded first.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: pytest's exit status.
NOTHING_TO_RUN = 5
sys.path.insert(0, str(ROOT))

from tests.support import namespaces, newer_tox, release, schedule  # noqa: E402


def count_left_out(marker: str) -> int:
    """How many tests have that marker."""
    arguments = sys.argv[1:]
    if "-m" in arguments:
        # pytest takes the last one only
        at = arguments.index("-m") + 1
        marker = f"({arguments[at]}) and {marker}"
    command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", *arguments, "-m", marker]
    listed = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, namespaces.LISTING: "1"}
    )
    return sum(int(count) for count in re.findall(r"(?m)^tests/.*: (\d+)$", listed.stdout))


def main() -> int:
    """Run pytest; its exit status. Temporary files of the tests are removed when all pass."""
    words, left_out = namespaces.enter_command(), 0
    if words is None:
        count = count_left_out("namespaces")
        left_out += count
        print(f"Not run here: {count} tests that need namespaces, which this user may not make.")
    elif words:
        print("As an ordinary user: the tests run in a user namespace.")
    for device in namespaces.DEVICES if words is not None else ():
        if not namespaces.can_open(device):
            count = count_left_out(f'device(path="{device}")')
            left_out += count
            print(f"Not run here: {count} tests that need {device}, which this user may not open.")
    for package in release.absent():
        count = count_left_out(f'package(name="{package}")')
        left_out += count
        print(f"Not run here: {count} tests that need {package}, which this release of Debian does not have.")
    for name in newer_tox.RELEASES:
        why = newer_tox.provide(name)
        if why:
            count = count_left_out(f'newer_tox(release="{name}")')
            left_out += count
            print(f"Not run here: {count} tests that need libtoxcore of Debian {name}: {why}")
    if not release.has_toxic_with_groups():
        count = count_left_out("toxic_with_groups")
        left_out += count
        print(f"Not run here: {count} tests that need a toxic with groups, which Debian does not have.")
    os.environ[namespaces.LEFT_OUT] = str(left_out)
    minutes = schedule.expected_minutes()
    print(f"All tests took {minutes:.0f} minutes on 2 cores when last measured.", flush=True)
    # short: sockets have their names in it
    folder = tempfile.mkdtemp(prefix="toxpy-")
    command = [*(words or []), sys.executable, "-m", "pytest", f"--basetemp={folder}/t", *sys.argv[1:]]
    status = subprocess.run(command, env={**os.environ, "TMPDIR": folder}).returncode
    if status == NOTHING_TO_RUN and left_out:
        # all that was asked for needs what this machine has not
        status = 0
    if status == 0:
        # inside, where users that only the namespace has can be acted for
        subprocess.run([*(words or []), "rm", "-rf", folder], check=True)
    else:
        print(f"What the tests left is in {folder}")
    return status


if __name__ == "__main__":
    sys.exit(main())
