"""Conferences from their first use on."""

import sys

import pytest

from tests.unit.conference.room import Layers
from tests.unit.friend.fakes import Stage
from toxpy.conference.conferences import Conferences
from toxpy.conference.core import ConferenceAudioCore, ConferenceCore
from toxpy.conference.lazy import MEMBERS_PACKETS, LazyConferences
from toxpy.conference.packets import INVITATION
from toxpy.errors import ToxError


@pytest.fixture
def unused(monkeypatch):
    """An instance whose conferences must not be made."""
    stage = Stage()
    core = ConferenceCore(Layers(stage))
    stage.messenger.capabilities.append(core.capability)
    audio = ConferenceAudioCore(Layers(stage))
    monkeypatch.setitem(sys.modules, "toxpy.conference.conferences", None)
    return stage, core, audio


def test_what_asks_about_conferences_makes_none(unused):
    _stage, core, audio = unused
    assert core.conference_get_chatlist() == []
    for ask in core.conference_get_type, core.conference_get_title, core.conference_peer_count:
        with pytest.raises(ToxError, match="NOT_FOUND"):
            ask(0)
    with pytest.raises(ToxError, match="NOT_FOUND"):
        core.conference_by_id(bytes(32))
    assert audio.toxav_groupchat_av_enabled(0) is audio.can_send(0) is False
    assert audio.toxav_group_send_audio(0, None, 0, 1, 48000) == audio.toxav_groupchat_disable_av(0) == -1


def test_passes_and_saves_make_none(unused):
    capability = unused[1].capability
    capability.begin_pass()
    assert not capability.has_event() and capability.next_event() is None
    capability.load([])
    capability.load([b""])
    assert capability.collect() == b""
    capability.on_end()


def test_packets_of_members_before_there_is_one_are_dropped(unused):
    stage = unused[0]
    handlers = stage.messenger.connections.packets.handlers
    for kind in MEMBERS_PACKETS:
        handlers[kind](None, bytes((kind,)) + bytes(40))
    assert stage.rt.counters.values["drop.conference_not_linked"] == len(MEMBERS_PACKETS)


def test_packets_are_theirs_from_the_first_use_on():
    stage = Stage()
    core = ConferenceCore(Layers(stage))
    before = [stage.messenger.connections.packets.handlers[kind] for kind in MEMBERS_PACKETS]
    assert core.conference_new() == 0
    conferences = core.capability.get()
    assert isinstance(conferences, Conferences) and core.capability.get() is conferences
    handlers = [stage.messenger.connections.packets.handlers[kind] for kind in MEMBERS_PACKETS]
    assert all(handler.__self__ is conferences for handler in handlers)
    assert not set(before) & set(handlers)
    assert stage.messenger.packets.handlers[INVITATION].__self__ is conferences.invitations
    assert core.conference_get_chatlist() == [0]


def test_both_parts_share_them():
    stage = Stage()
    core = ConferenceCore(Layers(stage))
    stage.messenger.capabilities.append(core.capability)
    audio = ConferenceAudioCore(Layers(stage))
    assert audio.capability is core.capability and isinstance(audio.capability, LazyConferences)
