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

#: Calls, and audio in conferences.
UNAVAILABLE = {
    "toxav_answer",
    "toxav_audio_iterate",
    "toxav_audio_send_frame",
    "toxav_audio_set_bit_rate",
    "toxav_call_control",
    "toxav_callback_audio_bit_rate",
    "toxav_callback_audio_receive_frame",
    "toxav_callback_call",
    "toxav_callback_call_state",
    "toxav_callback_video_bit_rate",
    "toxav_callback_video_receive_frame",
    "toxav_group_send_audio",
    "toxav_groupchat_av_enabled",
    "toxav_groupchat_disable_av",
    "toxav_groupchat_enable_av",
    "toxav_iterate",
    "toxav_video_iterate",
    "toxav_video_send_frame",
    "toxav_video_set_bit_rate",
}


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
    assert unavailable == UNAVAILABLE
