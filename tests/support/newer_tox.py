"""libtoxcore of newer releases of Debian, whose groups the installed one does not have.

    python -m tests.support.newer_tox RELEASE       download and unpack it

The packages are Debian's own, from this machine's mirror, checked with Debian's keys, and unpacked into a
cache of the user; nothing is installed and nobody need be root. The library wants no newer C library
than Debian 12 has, so it is loaded as it is, with those of its dependencies that come along.
"""

import ctypes
import functools
import glob
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: The releases, with the version of c-toxcore that they had when the tests were written.
RELEASES = {"trixie": "0.2.20", "sid": "0.2.22"}
#: Where every release is. The machine's own mirror comes first.
MIRROR = "http://deb.debian.org/debian"
#: Debian's keys under their names in Debian 12 and later ones.
KEYRINGS = [f"/usr/share/keyrings/debian-archive-keyring.{ending}" for ending in ("pgp", "gpg")]
#: What is not downloaded: this machine has it.
INSTALLED = ("libc6", "libgcc-s1")
#: Seconds for a download, which takes five.
TIMEOUT_S = 100
#: The machine's settings stay, as for a proxy, but for hooks.
APT_CONF = """
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::http::Timeout "20";
#clear APT::Update;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
"""


class NotHadError(Exception):
    """The library cannot be had here; says why."""


def cache():
    """The user's folder of such files."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return Path(home if home.startswith("/") else Path.home() / ".cache") / "toxpy"


def has(release):
    """True if it is there."""
    return bool(_found(cache() / release))


def library_dir(release):
    """The folder with that release's libtoxcore.so.2 and what it needs: for LD_LIBRARY_PATH."""
    (path,) = _found(cache() / release)
    return path.parent


def load(release):
    """The library through ctypes."""
    return _load(library_dir(release))


def of_release(value, release):
    """A parameter of a test that needs the library of that release."""
    assert release in RELEASES
    return pytest.param(value, marks=pytest.mark.newer_tox(release=release))


def asked_for(config, *, always):
    """The releases of --releases; without it the newest for what is `always` played, else none."""
    asked = config.getoption("releases") or ("sid" if always else "")
    return [release for release in asked.split(",") if release]


def provide(release):
    """Download it unless it is there; "", or why it is not to be had."""
    if has(release):
        return ""
    log = ROOT / "build" / f"newer-tox-{release}.log"
    step = ["sh", ROOT / "cmake" / "step.sh", f"downloading libtoxcore of Debian {release}", log]
    try:
        ran = subprocess.run(
            [*step, sys.executable, "-m", "tests.support.newer_tox", release],
            cwd=ROOT,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return f"nothing came within {TIMEOUT_S} s"
    if ran.returncode == 0:
        return ""
    said = log.read_text().strip().splitlines() if log.exists() else []
    return said[-1] if said else "no reason is known"


def download(release):
    """Fill the cache; NotHadError when that fails."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise NotHadError("this system has no apt-get")
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache(), prefix=f".{release}-") as made:
        folder = Path(made)
        _download(folder, release)
        unpacked = folder / "unpacked"
        for package in (folder / "cache" / "archives").glob("*.deb"):
            _run("dpkg-deb", "-x", package, unpacked)
        found = _found(unpacked)
        if not found:
            raise NotHadError(f"no libtoxcore.so.2 in the packages of {release}")
        try:
            _load(found[0].parent)
        except OSError as error:
            raise NotHadError(f"it does not load here: {error}") from None
        if not has(release):
            # another run may have been faster
            os.rename(unpacked, cache() / release)


def _download(folder, release):
    """The packages, with an apt of their own."""
    architecture = _run("dpkg", "--print-architecture").strip()
    for name in ("state/lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    signed = next((f"[signed-by={path}] " for path in KEYRINGS if os.path.exists(path)), "")
    (folder / "sources.list").write_text(f"deb {signed}{mirror()} {release} main\n")
    (folder / "status").write_text(
        "".join(
            f"Package: {name}\nStatus: install ok installed\nArchitecture: {architecture}\nMulti-Arch: same\n"
            f"Maintainer: -\nVersion: 99:1\nDescription: -\n\n"
            for name in INSTALLED
        )
    )
    (folder / "apt.conf").write_text(APT_CONF.format(folder=folder))
    apt = ["apt-get", "-c", folder / "apt.conf", "-q", "-y"]
    # some failures are only warnings to apt
    _run(*apt, "-o", "APT::Update::Error-Mode=any", "update")
    _run(*apt, "--no-install-recommends", "--download-only", "install", "libtoxcore2")


def mirror():
    """The address of Debian's archive that this machine uses."""
    form = "$(CREATED_BY) $(ORIGIN) $(LABEL) $(SITE)"
    targets = subprocess.run(["apt-get", "indextargets", "--format", form], capture_output=True, text=True)
    for words in map(str.split, targets.stdout.splitlines()):
        if words[:3] == ["Packages", "Debian", "Debian"] and len(words) == 4:
            return words[3]
    return MIRROR


def _run(*words):
    """What the command says; NotHadError when it fails."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    ran = subprocess.run(words, capture_output=True, text=True, env=environment)
    if ran.returncode != 0:
        errors = [line for line in ran.stderr.splitlines() if line.startswith("E: ")]
        raise NotHadError((errors or ran.stderr.splitlines() or [f"{words[0]} failed"])[0])
    return ran.stdout


def _found(folder):
    """The library in an unpacked folder: one path or none."""
    return [Path(path) for path in glob.glob(f"{folder}/usr/lib/*/libtoxcore.so.2")]


def _load(folder):
    """Open what it needs by path, then the library: what has been loaded is not looked for again."""
    for file in sorted(folder.glob("*.so.*")):
        if not file.is_symlink() and not file.name.startswith("libtoxcore"):
            ctypes.CDLL(str(file), mode=os.RTLD_LOCAL)
    return ctypes.CDLL(str(folder / "libtoxcore.so.2"), mode=os.RTLD_LOCAL)


@functools.cache
def lacks(release):
    """True if tests that need it cannot run."""
    return not has(release)


def main():
    try:
        download(sys.argv[1])
    except (NotHadError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
