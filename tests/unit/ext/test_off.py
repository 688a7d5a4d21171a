"""Extensions that are off send nothing, time nothing, save nothing and load nothing."""

import sys

import pytest

from tests.support import off


@pytest.fixture(scope="module")
def default():
    return off.run()


@pytest.fixture(scope="module")
def without():
    return off.run("without")


@pytest.mark.parametrize("way", ["direct", "relayed"])
def test_off_is_as_without(default, without, way):
    """Packets, passes, timers, random numbers (they are in the packets), events, counters and saves."""
    assert default[way] == without[way]
    assert default[way]["packets"][0] > 1000 and default[way]["timing"][0] > 1000


def test_nothing_is_loaded(default, without):
    assert default["modules"] == without["modules"]
    assert [name for name in default["modules"] if off.OPTIONAL.fullmatch(name)] == []
    assert any(off.PARTS.fullmatch(name) for name in default["modules"])


@pytest.mark.parametrize("way", ["direct", "relayed"])
def test_what_is_off_leaves_alone(default, way):
    """Packets of its kind are the program's, records in the save stay."""
    told = default[way]
    assert len([event for event in told["seen"] if repr(off.TOXEXT) in event]) == 2
    assert told["records"] == [off.RECORDS.hex()]


def test_a_handshake_that_is_off_is_an_unknown_packet(default):
    assert default["direct"]["counters"]["alice"]["drop.udp_kind"] == 1


def test_what_must_not_be_loaded_exists():
    """A pattern that fits nothing would find nothing."""
    assert off.OPTIONAL.fullmatch("toxpy.ext.messages.foreign") and off.PARTS.fullmatch("toxpy.ext.some.core")
    assert not off.OPTIONAL.fullmatch("toxpy.ext.some.core") and not off.OPTIONAL.fullmatch("toxpy.ext.some")
    for name in ("toxpy.friend.envelope", "toxpy.friend.records", "toxpy.ext.messages.foreign"):
        __import__(name)
        assert off.OPTIONAL.fullmatch(name) and name in sys.modules


#: What is on, and what must differ then.
ON = """
import sys
from tests.support import off
from toxpy.friend import messenger
init = messenger.Messenger.__init__
def __init__(self, *arguments, **named):
    init(self, *arguments, **named)
    {0}
messenger.Messenger.__init__ = __init__
sys.argv = ["off"]
off.main()
"""
FOUND = {
    "self.envelope()": ["seen", "modules"],
    "self.records()": ["modules"],
    "self.rt.timers.call_later(1000, lambda: None)": ["timing"],
    "self.rt.rng.bytes(1)": ["packets"],
    "self.user.name = b'name'": ["seen", "saves", "packets"],
}


@pytest.mark.parametrize("what", FOUND)
def test_what_is_not_off_is_found(default, what):
    told = off.run_code(ON.format(what))
    assert [
        name
        for name in FOUND[what]
        if {**default["direct"], **default}[name] == {**told["direct"], **told}[name]
    ] == []
