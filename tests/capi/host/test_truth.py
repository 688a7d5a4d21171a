"""Getters of the C library always answer what the core says at that moment; see truth.py."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.prefix import library_dir
from tests.support.private_network import HOST, PrivateNetwork

SCRIPT = Path(__file__).with_name("truth.py")
STEPS = 1200


@pytest.mark.namespaces
@pytest.mark.parametrize("seed", [1, 2])
def test_getters_tell_the_truth_after_every_step(seed):
    command = [sys.executable, "-I", SCRIPT, library_dir() / "libtoxcore.so.2", HOST, str(seed), str(STEPS)]
    with PrivateNetwork():
        ran = subprocess.run(command, check=False, env={}, capture_output=True, text=True, timeout=110)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout + ran.stderr
    word, asked, _compared, *called = ran.stdout.split()
    assert word == "ok"
    assert int(asked) > 50_000
    assert {"friend_connection_status", "friend_name", "friend_message"} <= set(called)
