"""The installed library under test and how a user's program is built against it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def prefix():
    """Where `cmake --install` put us: TOXPY_PREFIX, or build/prefix of this checkout."""
    return Path(os.environ.get("TOXPY_PREFIX", ROOT / "build" / "prefix")).resolve()


def library_dir():
    """The folder with our libtoxcore.so.2."""
    return prefix() / "lib"


def pkg_config(*arguments):
    """The words `pkg-config ... toxcore` prints for our prefix."""
    environment = dict(os.environ, PKG_CONFIG_PATH=str(library_dir() / "pkgconfig"))
    return subprocess.check_output(["pkg-config", *arguments, "toxcore"], env=environment, text=True).split()


def compile_c(output, *sources, flags=(), compiler="cc"):
    """Build a C (or C++) program through pkg-config, as a user would, with all warnings as errors."""
    more = os.environ.get("TOXPY_CFLAGS", "").split()
    command = [compiler, "-O1", "-g", "-Wall", "-Wextra", "-Werror", *more, *flags, *pkg_config("--cflags")]
    command += ["-o", str(output), *map(str, sources), *pkg_config("--libs"), "-lpthread", "-ldl"]
    subprocess.run(command, check=True)
    return output
