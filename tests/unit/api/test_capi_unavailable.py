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

#: Audio in conferences.
UNAVAILABLE = {
    "toxav_group_send_audio",
    "toxav_groupchat_av_enabled",
    "toxav_groupchat_disable_av",
    "toxav_groupchat_enable_av",
}


@pytest.fixture(scope="module")
def unavailable():
    planned = plan(describe_header(ROOT / "include" / "toxcore.h"))
    return {
        item.function.name
        for item in planned
        if item.kind == "core" and not hasattr(PARTS.get(item.part) if item.part else Core, item.method)
    }


def test_the_list_is_exact(unavailable):
    assert unavailable == UNAVAILABLE
