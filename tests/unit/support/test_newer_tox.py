"""The download of newer releases' libraries, with an archive that this test makes."""

import os
import subprocess
import sys

import pytest

from tests.support import newer_tox
from tests.support.prefix import ROOT

#: Stands for apt: says what the mirror is, and has one package.
APT = """#!/bin/sh
case "$*" in
indextargets*)
    echo "Packages Debian Debian-Security http://localhost/security"
    echo "Packages Debian Debian http://localhost/debian" ;;
*update) $UPDATE ;;
*install*)
    cp "$PACKAGE" "$(dirname "$2")/cache/archives/" ;;
esac
"""


@pytest.fixture
def environment(tmp_path):
    """What a process needs so that it has the cache and the apt of this test."""
    (tmp_path / "bin").mkdir()
    apt = tmp_path / "bin" / "apt-get"
    apt.write_text(APT)
    apt.chmod(0o755)
    words = {"PATH": f"{apt.parent}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    return {**os.environ, **words, "UPDATE": "true", "PACKAGE": str(tmp_path / "made.deb")}


def package(tmp_path, code):
    """A package with a libtoxcore of that C code."""
    folder = tmp_path / "made"
    libraries = folder / "usr" / "lib" / "some"
    for made in (libraries, folder / "DEBIAN"):
        made.mkdir(parents=True)
    control = "Package: made\nVersion: 1\nArchitecture: all\nMaintainer: -\nDescription: -\n"
    (folder / "DEBIAN" / "control").write_text(control)
    words = ["cc", "-x", "c", "-shared", "-fPIC", "-o", libraries / "libtoxcore.so.2", "-"]
    subprocess.run(words, input=code, text=True, check=True)
    subprocess.run(["dpkg-deb", "-b", folder, tmp_path / "made.deb"], check=True, capture_output=True)


def download(environment):
    """The exit status, and what was said."""
    words = [sys.executable, "-m", "tests.support.newer_tox", "sid"]
    ran = subprocess.run(words, env=environment, cwd=ROOT, capture_output=True, text=True)
    return ran.returncode, ran.stderr.strip()


def test_a_library_is_unpacked_into_the_cache_and_opened(tmp_path, environment, monkeypatch):
    package(tmp_path, "int answer(void) { return 42; }")
    assert download(environment) == (0, "")
    monkeypatch.setenv("XDG_CACHE_HOME", environment["XDG_CACHE_HOME"])
    assert newer_tox.has("sid") and not newer_tox.has("trixie")
    assert newer_tox.load("sid").answer() == 42
    assert os.listdir(newer_tox.cache()) == ["sid"]
    # nothing is downloaded twice
    assert newer_tox.provide("sid") == ""


def test_the_mirror_is_that_of_the_machine(environment, monkeypatch):
    monkeypatch.setenv("PATH", environment["PATH"])
    assert newer_tox.mirror() == "http://localhost/debian"


def test_what_does_not_load_is_not_kept(tmp_path, environment):
    package(tmp_path, "int from_elsewhere(void); int answer(void) { return from_elsewhere(); }")
    # symbols are looked for when it is opened
    status, said = download({**environment, "LD_BIND_NOW": "1"})
    assert status == 1 and "does not load here" in said and "from_elsewhere" in said
    assert os.listdir(tmp_path / "cache" / "toxpy") == []


def test_the_reason_is_apts(environment, tmp_path):
    status, said = download({**environment, "UPDATE": "eval echo E: no such host >&2; exit 100"})
    assert (status, said) == (1, "E: no such host")
    assert os.listdir(tmp_path / "cache" / "toxpy") == []


def test_an_archive_without_debians_signature_is_refused(tmp_path, monkeypatch):
    """By the machine's own apt."""
    release = tmp_path / "archive" / "dists" / "sid"
    (release / "main").mkdir(parents=True)
    (release / "Release").write_text("Codename: sid\nSuite: sid\nComponents: main\nSHA256:\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(newer_tox, "mirror", lambda: f"file:{tmp_path}/archive")
    with pytest.raises(newer_tox.NotHadError, match="is not signed"):
        newer_tox.download("sid")
