"""What Debian's clients put aside while tests run them stays in the folder of the run."""

import os
import subprocess
import sys

import pytest

from tests.support.prefix import ROOT, prefix

#: With a /tmp of its own: what is in it, one run of tests that start clients, what is in it then.
ENTER = """
own=$1
mount -t tmpfs none "$own"
for path in "$2" "$3"; do
    case "$path" in
        /tmp/*) mkdir -p "$own/${path#/tmp/}"; mount --bind "$path" "$own/${path#/tmp/}" ;;
    esac
done
# the X server's
mkdir -m 1777 "$own/.X11-unix"
mount --rbind "$own" /tmp
shift 3
ls -A /tmp
echo after
"$@" >&2
ls -A /tmp
"""
CLIENTS = ["tests/interop/test_toxic.py", "tests/interop/test_gui_clients.py"]


@pytest.mark.namespaces
@pytest.mark.timeout(400)
def test_nothing_new_is_in_tmp(tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    for name in ("TMPDIR", "XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH"):
        kept.pop(name, None)
    enter = ["unshare", "--mount", "sh", "-ec", ENTER, "sh", tmp_path, ROOT, prefix()]
    run = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--basetemp=/tmp/run", *CLIENTS]
    ran = subprocess.run(
        [*enter, *run, "-k", "(udp and our_library) or starts"],
        cwd=ROOT,
        env={**kept, "TOXPY_PREFIX": str(prefix())},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    before, after = (set(part.split()) for part in ran.stdout.split("after\n"))
    assert after == before | {"run"}
