"""Debian packages that a release does not have: what needs them is counted as not run here."""

import functools
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Not in every release. All others must be there.
NOT_EVERYWHERE = ("dante-server", "utox")


@functools.cache
def lacks(package):
    """True if apt has lists and no such package in them."""
    known = subprocess.check_output(["sh", ROOT / "cmake" / "known_packages.sh", package], text=True)
    return known.strip() != package


def absent():
    """The packages that cannot be had here."""
    return [package for package in NOT_EVERYWHERE if lacks(package)]


@functools.cache
def has_toxic_with_groups():
    """True if the first toxic of PATH knows groups."""
    path = shutil.which("toxic")
    return path is not None and b"tox_group_new" in Path(path).read_bytes()


def of_package(value, package):
    """A parameter of a test that needs that package."""
    assert package in NOT_EVERYWHERE
    return pytest.param(value, marks=pytest.mark.package(name=package))
