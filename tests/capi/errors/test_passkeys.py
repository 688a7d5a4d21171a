"""toxencryptsave from C: results, errors and files of all its functions are the real library's."""

import glob
import os
import subprocess
from pathlib import Path

from tests.support.prefix import compile_c, library_dir

HERE = Path(__file__).parent


def transcript(program, folder, *files):
    ran = subprocess.run(
        [program, *files], env={"LD_LIBRARY_PATH": str(folder)}, capture_output=True, text=True, timeout=280
    )
    assert ran.returncode == 0, ran.stdout[-500:] + ran.stderr
    return ran.stdout.splitlines()


def test_every_function_answers_as_the_real_library_does(tmp_path):
    program = compile_c(tmp_path / "passphrases", HERE / "passphrases.c", flags=["-std=gnu11"])
    (real_library,) = glob.glob("/usr/lib/*/libtoxcore.so.2")
    real_folder = os.path.dirname(real_library)
    theirs, own = tmp_path / "theirs", tmp_path / "ours"
    real = transcript(program, real_folder, theirs)
    ours = transcript(program, library_dir(), own)
    assert [pair for pair in zip(real, ours, strict=True) if pair[0] != pair[1]] == []
    # and the same again with what the other one encrypted
    real = transcript(program, real_folder, tmp_path / "unused", own)
    ours = transcript(program, library_dir(), tmp_path / "unused", theirs)
    assert real == ours and "decrypt the other's 117: 1 0" in ours
