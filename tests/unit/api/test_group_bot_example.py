"""examples/group_bot.py comes back in, also after a restart and when it was refused."""

import asyncio
import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest

import toxpy

PATH = Path(__file__).parents[3] / "examples" / "group_bot.py"


@pytest.fixture
def bot(monkeypatch):
    """The example; its pauses are over at once, and in `pauses`."""
    spec = importlib.util.spec_from_file_location("group_bot", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.pauses = []

    async def sleep(seconds):
        module.pauses.append(seconds)

    monkeypatch.setattr(module, "asyncio", SimpleNamespace(sleep=sleep))
    return module


class Group:
    """A group that refuses us some times, and sends us away at each event."""

    def __init__(self, *, connected, refusals, events):
        self.connected, self._refusals, self._events = connected, refusals, events

    async def reconnect(self, timeout_s):
        assert timeout_s is None
        if self._refusals:
            self._refusals -= 1
            raise toxpy.ToxError(0, "TOX_GROUP_JOIN_FAIL_PEER_LIMIT", "the group is full")
        self.connected = True

    async def events(self):
        for _ in range(self._events):
            self.connected = False
            yield None


@pytest.mark.parametrize(
    "group, pauses",
    [
        ({"connected": True, "refusals": 0, "events": 0}, []),
        ({"connected": False, "refusals": 0, "events": 0}, [0]),
        ({"connected": True, "refusals": 2, "events": 2}, [60, 120, 240, 60]),
        (
            {"connected": False, "refusals": 9, "events": 0},
            [0, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600],
        ),
    ],
)
def test_it_comes_back(bot, group, pauses):
    group = Group(**group)
    asyncio.run(bot.stay(group))
    assert (bot.pauses, group.connected) == (pauses, True)
