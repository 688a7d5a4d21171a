"""The compiled codecs, built from the source in this checkout whether or not they are installed."""

import importlib.util
import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.support.made_once import made_once
from toxpy import media

BINDINGS = Path(__file__).parents[2] / "cbindings"
NAME = "toxpy.media._avcodecs"
FLAGS = ("-O2", "-fvisibility=hidden", "-g", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror")


def build(folder):
    """Compile them into a folder."""
    source = folder / "_avcodecs.c"
    subprocess.run([sys.executable, BINDINGS / "avcodecs.py", source], check=True, stdout=subprocess.DEVNULL)
    include = sysconfig.get_paths()["include"]
    compiler = shlex.split(os.environ.get("CC", "gcc"))
    command = [*compiler, *FLAGS, "-Wno-unused-parameter", f"-I{include}", f"-I{BINDINGS}", source]
    command += [*sorted(BINDINGS.glob("avcodecs_*.c")), "-lopus", "-lvpx", "-o", folder / "_avcodecs.so"]
    subprocess.run([*map(str, command)], check=True)


def use(tmp_path_factory):
    """Have toxpy import these, compiled once in a run; unless it has others already."""
    if NAME not in sys.modules:
        target = made_once(tmp_path_factory, "avcodecs", build) / "_avcodecs.so"
        spec = importlib.util.spec_from_file_location(NAME, target)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[NAME] = media._avcodecs = module
