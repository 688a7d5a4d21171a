"""The C functions that exist but only fail, because their subsystem does not exist yet.

This is the one list of them. It can only shrink: whoever adds a method to a part of `Core`
takes its functions out here.
"""

import sys

import pytest

from tests.support.prefix import ROOT

sys.path.insert(0, str(ROOT / "cbindings"))

from classify import plan
from describe import describe_header

from toxpy.core import PARTS, Core

#: By the prefix all of them share; nothing with these names works.
WHOLE_SUBSYSTEMS = ("toxav_",)
SINGLE: set[str] = set()


@pytest.fixture(scope="module")
def unavailable():
    planned = plan(describe_header(ROOT / "include" / "toxcore.h"))
    missing = {item.function.name for item in planned if item.kind == "absent"}
    return missing | {
        item.function.name
        for item in planned
        if item.kind == "core" and not hasattr(PARTS.get(item.part) if item.part else Core, item.method)
    }


def test_the_list_is_exact(unavailable):
    assert {name for name in unavailable if not name.startswith(WHOLE_SUBSYSTEMS)} == SINGLE


@pytest.mark.parametrize("prefix", WHOLE_SUBSYSTEMS)
def test_a_subsystem_is_missing_as_a_whole(prefix, unavailable):
    """As soon as one function of it works, the rest belongs into SINGLE."""
    planned = plan(describe_header(ROOT / "include" / "toxcore.h"))
    names = {
        item.function.name
        for item in planned
        if item.function.name.startswith(prefix) and item.kind in ("absent", "core")
    }
    assert names and names <= unavailable
