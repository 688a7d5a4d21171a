"""Says in one line what a build lacks: tools, Python's headers and library, Python packages.

    build_needs.py            what CMake, the C compiler and the embedded interpreter need
    build_needs.py --modules  also the packages that generate the glue and fill the site folder

The line names Debian's packages. The exit status is 1 when something is missing. The versions of the Python
packages are those of [build-system] in pyproject.toml.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: Modules that the build imports, and whose they are. They are asked for by what is used of them.
MODULES = {"cffi": "cffi", "_cffi_backend": "cffi", "pycparser": "pycparser", "nacl._sodium": "pynacl"}
#: The same, for what a build goes without where only Debian's packages are: its library speaks no Noise.
OPTIONAL = {"noise.noise_protocol": "noiseprotocol"}
MIN_PYTHON = (3, 11)


class Lack:
    """One thing that is missing, and the Debian packages that bring it."""

    def __init__(self, what: str, *packages: str) -> None:
        self.what = what
        self.packages = packages


def requirements() -> dict[str, str]:
    """Package -> requirement, of the packages that CMake's part of the build imports."""
    import tomllib  # Python 3.11: older ones must get as far as the line that says so

    with open(ROOT / "pyproject.toml", "rb") as file:
        listed = tomllib.load(file)["build-system"]["requires"]
    by_name = {line.partition(">")[0]: line for line in listed}
    return {name: by_name[name] for name in dict.fromkeys((MODULES | OPTIONAL).values())}


def compiler() -> list[str] | None:
    """The words that call the C compiler, as CMake would choose it; None when there is none."""
    chosen = shlex.split(os.environ.get("CC", ""))
    names = [chosen] if chosen else [["cc"], ["gcc"], ["clang"]]
    return next((words for words in names if shutil.which(words[0])), None)


def lacking_tools() -> list[Lack]:
    """CMake, a program that it makes build files for, the compiler and the C library's headers."""
    lacks = []
    # CMake itself asks with the place of its program
    if shutil.which(os.environ.get("CMAKE_COMMAND", "cmake")) is None:
        lacks.append(Lack("cmake", "cmake"))
    if shutil.which("make") is None and shutil.which("ninja") is None:
        lacks.append(Lack("make", "make"))
    words = compiler()
    if words is None:
        lacks.append(Lack("a C compiler", "gcc", "libc6-dev"))
    elif not compiles(words, "#include <stdlib.h>"):
        lacks.append(Lack("the headers of the C library", "libc6-dev"))
    return lacks


def compiles(words: list[str], line: str) -> bool:
    """True if the preprocessor takes that line."""
    ran = subprocess.run([*words, "-E", "-"], input=line.encode(), capture_output=True)
    return ran.returncode == 0


def is_system_python() -> bool:
    """True if the interpreter is a Debian package."""
    return sys.base_prefix == "/usr"


def lacking_python() -> list[Lack]:
    """What embedding this interpreter needs: its headers, and it as a shared library."""
    version = sysconfig.get_python_version()
    if sys.version_info < MIN_PYTHON:
        wanted = ".".join(map(str, MIN_PYTHON))
        return [Lack(f"Python {wanted} or newer ({sys.executable} is {version})")]
    packages = [f"python{version}-dev"] if is_system_python() else []
    lacks = []
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        lacks.append(Lack(f"Python.h of {sys.executable}", *packages))
    folders = filter(None, (sysconfig.get_config_var(name) for name in ("LIBDIR", "LIBPL")))
    library = f"libpython{version}{sys.abiflags}.so"
    if not any((Path(folder) / library).exists() for folder in folders):
        hint = "" if packages else " (it must be configured with --enable-shared)"
        lacks.append(Lack(f"{library} of {sys.executable}{hint}", *packages))
    return lacks


def lacking_modules() -> list[Lack]:
    """Python packages that are missing or too old."""
    wanted, lacks = requirements(), {}
    for module, package in MODULES.items():
        try:
            importlib.import_module(module)
        except ImportError:
            lacks[package] = Lack(f"the Python package {wanted[package]}", f"python3-{package_name(package)}")
    return list(lacks.values())


def package_name(package: str) -> str:
    """Debian's name, without python3-."""
    return {"pynacl": "nacl"}.get(package, package)


def sentence(lacks: list[Lack]) -> str:
    """The line; empty when nothing is missing."""
    if not lacks:
        return ""
    packages = dict.fromkeys(name for lack in lacks for name in lack.packages)
    text = "toxpy cannot be built here, this is missing: " + ", ".join(lack.what for lack in lacks)
    return text + (f". On Debian: apt-get install {' '.join(packages)}" if packages else "")


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--modules", action="store_true")
    parser.add_argument("--requirements", action="store_true", help="print the Python packages' versions")
    arguments = parser.parse_args()
    if arguments.requirements:
        print(";".join(requirements().values()))
        return 0
    lacks = lacking_tools() + lacking_python()
    line = sentence(lacks + (lacking_modules() if arguments.modules else []))
    if line:
        print(line, file=sys.stderr)
    return 1 if line else 0


if __name__ == "__main__":
    sys.exit(main())
