"""examples/echo_bot.py, event by event."""

import asyncio
import importlib.util
from pathlib import Path

import toxpy
from tests.unit.api.test_aio import KEY, play, sendq
from toxpy.generated import enums, events

PATH = Path(__file__).parents[3] / "examples" / "echo_bot.py"


def load():
    spec = importlib.util.spec_from_file_location("echo_bot", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def offline():
    name = "TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_CONNECTED"
    return toxpy.ToxError(enums.TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_CONNECTED, name, retryable=True)


def test_it_answers_whoever_is_there(capsys):
    """The first friend left between message and answer, the second reads nothing: the third is answered."""

    async def scene(core, tox):
        serving = asyncio.create_task(load().serve(tox))
        core.fail_with = [offline(), sendq()]
        core.arrive(
            events.FriendRequest(KEY, b"let me in"),
            events.FriendMessage(0, 0, b"to who left"),
            events.FriendConnectionStatus(0, 0),
            events.FriendMessage(1, 0, b"to who does not read"),
            events.FriendMessage(2, 1, "waves, größer".encode()),
        )
        while not core.sent:
            await asyncio.sleep(0)
        assert core.sent == [(2, 1, "waves, größer".encode())]
        assert not serving.done()
        tox.close()
        await serving

    play(scene)
    assert capsys.readouterr().out.count("not answered: ") == 2
