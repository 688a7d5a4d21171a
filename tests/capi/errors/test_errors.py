"""Bad arguments from C give the same results and error codes as the real library gives."""

import glob
import os
import subprocess
from pathlib import Path

from tests.support.prefix import compile_c, library_dir
from tests.support.real_tox import installed_version

HERE = Path(__file__).parent

REQUEST = "tox_friend_add(tox, address, bytes, {}, AT) = {} error {}"
KEY = "tox_friend_get_public_key(tox, number, NULL, AT) = 0 error {}"
REFUSED = 2**32 - 1

#: (real, ours) where we differ from Debian's 0.2.18, and why.
DIFFERENT = [
    # 0.2.21 and later refuse requests of more than 921 bytes, because no receiver gets them
    (REQUEST.format(1000, 0, 0), REQUEST.format(1000, REFUSED, 2)),
    # so that here the next one is the first
    (REQUEST.format(921, REFUSED, 5), REQUEST.format(921, 0, 0)),
    # 0.2.18 returns false and leaves the error as it was; three friend numbers are tried
    *[(KEY.format(-1), KEY.format(1))] * 3,
]


#: the same about calls: 0.2.22 and later refuse such a bit rate of video too
RATE = "4294967295: toxav_video_set_bit_rate(av, 0, of_video[i], AT) = {}"
#: a thread that sleeps in between must not miss the beginning of a call
INTERVAL = "toxav_{}iteration_interval(avs[0]) = {} error -1"
DIFFERENT_IN_CALLS = [
    *[(INTERVAL.format(kind, 200), INTERVAL.format(kind, 40)) for kind in ("", "audio_", "video_")],
    *[(RATE.format("1 error 0"), RATE.format("0 error 2"))] * 2,
]
#: the first version that hands out a second ToxAV of one Tox
SECOND_SINCE = (0, 2, 20)
SECOND = "toxav_new(nodes[0], {}) != NULL = {}"
DIFFERENT_IN_SECOND = [
    (SECOND.format("AT", "1 error 0"), SECOND.format("AT", "0 error 3")),
    (SECOND.format("NULL", "1 error -1"), SECOND.format("NULL", "0 error -1")),
]


def transcript(name, folder, tmp_path):
    program = tmp_path / name
    if not program.exists():
        compile_c(program, HERE / f"{name}.c", flags=["-std=gnu11"])
    ran = subprocess.run(
        [program], env={"LD_LIBRARY_PATH": str(folder)}, capture_output=True, text=True, timeout=100
    )
    assert ran.returncode == 0, ran.stdout[-500:] + ran.stderr
    return ran.stdout.splitlines()


def both(name, tmp_path):
    """The lines of the real library and ours."""
    (real_library,) = glob.glob("/usr/lib/*/libtoxcore.so.2")
    folders = os.path.dirname(real_library), library_dir()
    return [transcript(name, folder, tmp_path) for folder in folders]


def test_errors_are_those_of_the_real_library(tmp_path):
    real, ours = both("errors", tmp_path)
    assert len(real) == len(ours)
    assert [(r, o) for r, o in zip(real, ours, strict=True) if r != o] == DIFFERENT


def test_errors_about_a_friend_who_is_online(tmp_path):
    """Messages, packets with every first byte, a file in all its states, too many files, a full queue."""
    real, ours = both("online", tmp_path)
    assert real == ours and len(ours) > 1900


def test_errors_about_calls(tmp_path):
    """Every function about calls in every state of a call, and what the friend hears."""
    real, ours = both("calls", tmp_path)
    assert len(real) == len(ours) > 900
    second = DIFFERENT_IN_SECOND if installed_version() >= SECOND_SINCE else []
    assert [(r, o) for r, o in zip(real, ours, strict=True) if r != o] == second + DIFFERENT_IN_CALLS
