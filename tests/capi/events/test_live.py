"""Events of a running instance: recorded, given to callbacks, and the same as the real library records."""

import glob
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.capi.events.packing import dump_by_kind
from tests.support.prefix import compile_c, library_dir

HERE = Path(__file__).parent
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-Wno-deprecated-declarations"]


def start(program, folder, before=()):
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [*before, program], env={"LD_LIBRARY_PATH": str(folder)}, stdout=pipe, stderr=pipe, text=True
    )


def seen(process, timeout=110):
    """What the two saw, in an order of our own, without what is random."""
    out, errors = process.communicate(timeout=timeout)
    assert (process.returncode, errors) == (0, ""), out + errors
    out = re.sub(r"public_key=32:[0-9a-f]{64}", "public_key=KEY", out)
    # message numbers start anywhere, on both sides
    return sorted(re.sub(r"message_id=\d+", "message_id=N", out).splitlines())


@pytest.fixture
def real_library():
    (path,) = glob.glob("/usr/lib/*/libtoxcore.so.2")
    return path


@pytest.fixture
def live(tmp_path, real_library):
    """The program with the two friends."""
    names = subprocess.check_output(["nm", "-D", "--defined-only", real_library], text=True).split()
    (tmp_path / "dump.h").write_text(dump_by_kind(names))
    return compile_c(tmp_path / "live", HERE / "live.c", flags=[*FLAGS, f"-I{tmp_path}"])


def test_two_friends_see_what_they_see_on_the_real_library(live, real_library):
    real = start(live, os.path.dirname(real_library))
    ours = start(live, library_dir())
    real_lines, our_lines = seen(real), seen(ours)
    assert real_lines == our_lines
    assert len({line.split()[1] for line in our_lines}) > 12


@pytest.mark.timeout(600)
def test_recorded_events_under_valgrind(live):
    """With the interpreter and everything: nothing is read that is not ours, nothing is lost."""
    valgrind = ["/usr/bin/valgrind", "--quiet", "--leak-check=full", "--error-exitcode=9"]
    kinds = ["--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"]
    lines = seen(start(live, library_dir(), [*valgrind, *kinds]), timeout=580)
    assert len({line.split()[1] for line in lines}) > 12


def run(name, tmp_path):
    program = compile_c(tmp_path / "program", HERE / name, flags=FLAGS)
    ran = subprocess.run(
        [program], env={"LD_LIBRARY_PATH": str(library_dir())}, capture_output=True, text=True, timeout=110
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "ok\n", "")


def test_loaded_events_need_neither_python_nor_much_memory(tmp_path):
    run("loaded.c", tmp_path)


def test_recording(tmp_path):
    run("recording.c", tmp_path)
