"""The compiled datapath, built from the source in this checkout whether or not it is installed."""

import importlib.util
import os
import shlex
import subprocess
import sysconfig
from pathlib import Path

from tests.support.made_once import made_once
from toxpy.crypto.sodium import box_functions

SOURCES = sorted((Path(__file__).parents[2] / "cbindings").glob("datapath*.c"))
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers", "-Wno-cast-function-type")
NAME = "_datapath.so"
FLAGS = ("-O2", "-fvisibility=hidden", "-g", "-shared", "-fPIC", *WARNINGS)


def build(folder, *flags):
    """Compile it into a folder: the file."""
    target = folder / NAME
    include = sysconfig.get_paths()["include"]
    compiler = shlex.split(os.environ.get("CC", "gcc"))
    subprocess.run(
        [*compiler, *FLAGS, *flags, f"-I{include}", *map(str, SOURCES), "-o", str(target)],
        check=True,
    )
    return target


def built_once(tmp_path_factory):
    """The module, compiled once in a run."""
    return load(made_once(tmp_path_factory, "datapath", build) / NAME)


def load(target):
    """Import it under a name of its own, so that toxpy keeps what it has."""
    spec = importlib.util.spec_from_file_location("_datapath", target)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.use_sodium(*box_functions())
    return module
