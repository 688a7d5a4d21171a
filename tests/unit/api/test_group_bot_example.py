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

    id = bytes(32)

    def __init__(self, *, connected, refusals, events, why="PEER_LIMIT"):
        self.connected, self._refusals, self._events, self._why = connected, refusals, events, why

    async def reconnect(self, timeout_s):
        assert timeout_s is None
        if self._refusals:
            self._refusals -= 1
            raise toxpy.ToxError(0, f"TOX_GROUP_JOIN_FAIL_{self._why}", "not let in")
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
    asyncio.run(bot.stay(Tox(group), group, ""))
    assert (bot.pauses, group.connected) == (pauses, True)


class Tox:
    """In which the group is joined with a password."""

    def __init__(self, group):
        self.group = group

    async def group_join(self, chat_id, password, timeout_s):
        assert (chat_id, timeout_s) == (self.group.id, None)
        self.group.connected = password == "new"
        if not self.group.connected:
            raise toxpy.ToxError(2, "TOX_GROUP_JOIN_FAIL_INVALID_PASSWORD")


@pytest.mark.parametrize(("password", "tries"), [("new", 1), ("old", 3)])
def test_it_tries_the_password_that_it_was_given(bot, password, tries):
    group = Group(connected=False, refusals=tries, events=0, why="INVALID_PASSWORD")
    asyncio.run(bot.stay(Tox(group), group, password))
    assert group.connected and len(bot.pauses) == (1 if password == "new" else tries + 1)
