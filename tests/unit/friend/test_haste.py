"""What counts as something going on between friends, so that clients come back soon."""

import pytest

from tests.unit.friend.fakes import Stage


@pytest.fixture
def stage():
    return Stage()


def hasty(stage):
    return stage.rt.pace.active_ms == stage.clock.now_ms


@pytest.mark.parametrize(
    "packet",
    [b"\x33\x01", b"\x40hello", b"\x41waves", b"\x45call", b"\x50" + bytes(45), b"\x52\x00x", b"\xa0custom"],
    ids=["typing", "message", "action", "call", "file offer", "file data", "custom"],
)
def test_a_conversation(stage, packet):
    friend, _crypto = stage.online_friend()
    handlers = stage.messenger.packets.handlers
    # calls and files claim theirs
    handlers[packet[0]] = handlers[packet[0]] or (lambda _friend, _data: None)
    assert not hasty(stage)
    friend.connection.on_lossless(packet)
    assert hasty(stage)


def test_lossy_packets(stage):
    friend, _crypto = stage.online_friend()
    friend.connection.on_lossy(b"\xc8custom")
    assert hasty(stage)


@pytest.mark.parametrize(
    "packet",
    [b"\x30name", b"\x31status message", b"\x32\x01", b"\x33\x00", b"\x18", b"\x19"],
    ids=["name", "status message", "status", "not typing", "online", "offline"],
)
def test_what_friends_tell_of_themselves_is_none(stage, packet):
    friend, _crypto = stage.online_friend()
    friend.connection.on_lossless(packet)
    stage.run(10_000)
    assert stage.rt.pace.active_ms < 0
