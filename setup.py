"""`pip install .`: toxpy for Python, and what `cmake --install` gives below the same prefix.

Nothing is written into the checkout: it may belong to another user than the one who installs.
"""

from __future__ import annotations

import atexit
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from setuptools import Distribution, Extension, setup
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

# for all interpreters that the build starts, too
sys.dont_write_bytecode = True
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "cbindings"))
import avcodecs  # noqa: E402
import build_needs  # noqa: E402

#: A wheel does not know where it will lie: its systemd unit names this virtual environment.
VENV = "/opt/toxpy"
#: More words for CMake, as other build tools read them.
CMAKE_ARGS = shlex.split(os.environ.get("CMAKE_ARGS", ""))


class Build(build):
    """Build the C library too; what `cmake --install` gives becomes data files of the wheel."""

    def run(self) -> None:
        """Run CMake, then build as usual."""
        lacking = build_needs.sentence(build_needs.lacking_tools() + build_needs.lacking_python())
        if lacking:
            raise SystemExit(lacking)
        work = Path(self.build_base) / "cmake"
        installed = Path(self.build_base) / "installed"
        for command in (
            [
                "cmake",
                "-S",
                str(ROOT),
                "-B",
                str(work),
                f"-DPython3_EXECUTABLE={sys.executable}",
                *CMAKE_ARGS,
            ],
            ["cmake", "--build", str(work)],
            ["cmake", "--install", str(work), "--prefix", VENV],
        ):
            subprocess.run(command, check=True, env=dict(os.environ, DESTDIR=str(installed)))
        self.distribution.data_files = data_files(installed / VENV.lstrip("/"))
        super().run()


def data_files(prefix: Path) -> list[tuple[str, list[str]]]:
    """Folder below the prefix -> files of a wheel. pip itself makes the command `toxpy`."""
    folders: dict[str, list[str]] = {}
    for path in sorted(prefix.rglob("*")):
        folder = str(path.parent.relative_to(prefix))
        if path.is_file() and folder != "bin":
            folders.setdefault(folder, []).append(str(path))
    return list(folders.items())


class BinaryDistribution(Distribution):
    """The wheel holds compiled code, whatever setuptools sees."""

    def has_ext_modules(self) -> bool:
        """Yes."""
        return True


DATAPATH_PARTS = (
    "datapath",
    "datapath_session",
    "datapath_group",
    "datapath_address",
    "datapath_receive",
    "datapath_send",
)
# without it toxpy does the same in Python
DATAPATH = Extension(
    "toxpy.system._datapath",
    [f"cbindings/{name}.c" for name in DATAPATH_PARTS],
    depends=["cbindings/datapath.h"],
    # no names of the machine that it is built on
    extra_compile_args=["-fvisibility=hidden", "-g0"],
    optional=True,
)


# without it there are no calls
CODECS = Extension(
    avcodecs.NAME,
    [f"cbindings/{name}" for name in avcodecs.SOURCES],
    depends=[f"cbindings/{avcodecs.HEADER}"],
    include_dirs=["cbindings"],
    libraries=[*avcodecs.LIBRARIES],
    # an assert has the name of the file, in a folder of this machine
    define_macros=[("NDEBUG", None)],
    extra_compile_args=["-fvisibility=hidden", "-g0"],
    optional=True,
)


class BuildModules(build_ext):
    """The compiled modules; what one lacks that is optional is a warning."""

    def build_extension(self, extension: Extension) -> None:
        """Have cffi write its part of the codecs' module."""
        if extension is CODECS:
            words = build_needs.compiler()
            includes = "".join(f"#include <{name}>\n" for name in avcodecs.INCLUDES)
            if words is None or not build_needs.compiles(words, includes):
                raise CompileError("calls: without codecs, install libopus-dev libvpx-dev")
            source = Path(self.build_temp) / "_avcodecs.c"
            source.parent.mkdir(parents=True, exist_ok=True)
            avcodecs.bindings().emit_c_code(str(source))
            extension.sources.append(str(source))
        super().build_extension(extension)


def folders() -> dict[str, dict[str, str]]:
    """Where setuptools writes: a folder that is removed at the end, but for what a source archive holds."""
    work = tempfile.mkdtemp(prefix="toxpy-build-")
    atexit.register(shutil.rmtree, work, ignore_errors=True)
    outside = {"build": {"build_base": work}}
    return outside if "sdist" in sys.argv else {**outside, "egg_info": {"egg_base": work}}


setup(
    cmdclass={"build": Build, "build_ext": BuildModules},
    distclass=BinaryDistribution,
    ext_modules=[DATAPATH, CODECS],
    options=folders(),
)
