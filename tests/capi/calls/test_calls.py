"""Calls in C programs as desktop clients make them, and in a host that is Python."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.prefix import compile_c, library_dir
from tests.support.private_network import PrivateNetwork

HERE = Path(__file__).parent


def run(*command):
    """To exit code 0 in silence, in a network of its own."""
    environment = {"LD_LIBRARY_PATH": str(library_dir())}
    with PrivateNetwork():
        ran = subprocess.run(
            [*map(str, command)], check=False, env=environment, capture_output=True, text=True, timeout=100
        )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.namespaces
@pytest.mark.parametrize("name", ["threads", "inside"])
def test_a_c_program(name, tmp_path):
    flags = ["-std=gnu11", "-D_GNU_SOURCE", "-rdynamic", "-pthread"]
    assert run(compile_c(tmp_path / name, HERE / f"{name}.c", flags=flags)).endswith("ok\n")


@pytest.mark.namespaces
@pytest.mark.parametrize("kind", ["CDLL", "PyDLL"])
def test_a_python_host(kind):
    assert run(sys.executable, "-I", HERE / "host.py", library_dir() / "libtoxcore.so.2", kind) == "ok\n"
