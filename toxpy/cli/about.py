"""Which toxpy this is: version, place, and what it found to work with."""

from __future__ import annotations

import sys
from pathlib import Path

import toxpy
import toxpy.system.datapath

PACKAGE = Path(toxpy.__file__).resolve().parent
DATAPATH = "C" if "toxpy.system._datapath" in sys.modules else "Python"
LIBRARY = "libtoxcore.so.2"


def is_checkout(package: Path = PACKAGE) -> bool:
    """True if the package lies in its source tree."""
    return (package.parent / "pyproject.toml").exists() and (package.parent / "cbindings").exists()


def installed_elsewhere(package: Path = PACKAGE) -> tuple[str, Path] | None:
    """Version and folder of an installed toxpy that is not the one that runs."""
    import importlib.metadata

    for distribution in importlib.metadata.distributions(name="toxpy"):
        folder = Path(str(distribution.locate_file("toxpy"))).resolve()
        if folder != package and folder.is_dir():
            return distribution.version, folder
    return None


def warn_of_shadow() -> None:
    """Say when `python -m toxpy` in a checkout takes the source, although toxpy is installed."""
    if is_checkout():
        other = installed_elsewhere()
        if other is not None:
            version, folder = other
            print(
                f"Warning: this is the source in {PACKAGE}, not the installed toxpy {version} in {folder}; "
                "that one runs in other folders, and as the command toxpy",
                file=sys.stderr,
            )


def find_library(package: Path = PACKAGE) -> Path | None:
    """The C library of the same prefix: it lies beside the site folder, or above Python's packages."""
    places = [folder / LIBRARY for folder in package.parents[1:3]]
    return next((place for place in places if place.exists()), None)


def library_state(place: Path) -> str:
    """Whether a program could load the C library here, and what it lacks."""
    # for this alone: every command imports the module
    import ctypes

    try:
        ctypes.CDLL(str(place))
    except OSError as error:
        lacking = str(error).partition(":")[0]
        if not lacking.startswith("libpython"):
            return f"{place} does not load: {error}"
        package = lacking.partition(".so")[0]
        return f"{place} needs {lacking}. On Debian: apt-get install {package}"
    return str(place)


def call_state() -> str:
    """Whether there can be calls, and what they lack."""
    # for this alone: every command imports the module
    from toxpy.media import codecs

    lacking = codecs.missing()
    return f"no calls: {lacking}" if lacking else "calls with Opus and VP8"


def version_text() -> str:
    """What `toxpy --version` says."""
    kind = " (source)" if is_checkout() else ""
    lines = [
        f"toxpy {toxpy.__version__}{kind} from {PACKAGE}",
        f"Python {sys.version.split()[0]}, datapath in {DATAPATH}, {call_state()}",
    ]
    if is_checkout():
        return "\n".join(lines)
    place = find_library()
    lines.append("C library: " + (library_state(place) if place is not None else "none"))
    return "\n".join(lines)
