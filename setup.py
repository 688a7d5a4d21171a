"""`pip install .`: toxpy for Python, and what `cmake --install` gives below the same prefix."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from setuptools import Distribution, Extension, setup
from setuptools.command.build import build

ROOT = Path(__file__).resolve().parent


class Build(build):
    """Build the C library too; what `cmake --install` gives becomes data files of the wheel."""

    def run(self) -> None:
        """Run CMake, then build as usual."""
        work = (ROOT / self.build_base / "cmake").resolve()
        prefix = work / "prefix"
        for command in (
            ["cmake", "-S", str(ROOT), "-B", str(work), f"-DPython3_EXECUTABLE={sys.executable}"],
            ["cmake", "--build", str(work)],
            ["cmake", "--install", str(work), "--prefix", str(prefix)],
        ):
            subprocess.run(command, check=True)
        folders: dict[str, list[str]] = {}
        for path in sorted(prefix.rglob("*")):
            if path.is_file():
                folder = folders.setdefault(str(path.parent.relative_to(prefix)), [])
                folder.append(str(path.relative_to(ROOT)))
        self.distribution.data_files = list(folders.items())
        super().run()


class BinaryDistribution(Distribution):
    """The wheel holds compiled code, whatever setuptools sees."""

    def has_ext_modules(self) -> bool:
        """Yes."""
        return True


DATAPATH_PARTS = (
    "datapath",
    "datapath_session",
    "datapath_address",
    "datapath_receive",
    "datapath_send",
)
# without it toxpy does the same in Python
DATAPATH = Extension(
    "toxpy.system._datapath",
    [f"cbindings/{name}.c" for name in DATAPATH_PARTS],
    depends=["cbindings/datapath.h"],
    extra_compile_args=["-fvisibility=hidden"],
    optional=True,
)

setup(cmdclass={"build": Build}, distclass=BinaryDistribution, ext_modules=[DATAPATH])
