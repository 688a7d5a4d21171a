"""examples/echo_bot.py as its users run it: a process that outlives what its friends do."""

import signal
import time
from pathlib import Path

import pytest

from tests.interop.test_cli import NETWORK, new, node, start, where  # noqa: F401
from tests.support.bots import bots

ROOT = Path(__file__).parents[2]
#: Seconds after which a friend who says nothing counts as gone (c-toxcore: 32), and some more.
AWAY_S = 45


@pytest.fixture
def bot(tmp_path, node):  # noqa: F811
    """Start the bot; all that were started are ended with the test."""
    with bots(tmp_path, node, "echo_bot.py") as starter:
        yield starter


def chat(start, path, tox_id, where):  # noqa: F811
    """Somebody who talks to the bot."""
    command = start("chat", tox_id, "-p", path, *where)
    command.wait_for("friend_connection", status="udp")
    return command


def echoed(command, text, timeout_s=10):
    command.say(text)
    command.wait_for("message", timeout_s, text=text)


def test_it_outlives_what_friends_do(tmp_path, bot, start, where):  # noqa: F811
    first = bot()
    tox_id = first.wait_for("Tox ID:").split()[-1]
    alice = chat(start, new(tmp_path, "Alice")[0], tox_id, where)
    bob = chat(start, new(tmp_path, "Bob")[0], tox_id, where)
    echoed(alice, "hello of Alice")
    echoed(bob, "hello of Bob")

    # Alice's program hangs right behind a message: Bob does not wait for it
    alice.say("and now I freeze")
    alice.process.send_signal(signal.SIGSTOP)
    for number in range(3):
        echoed(bob, f"message {number} of Bob")
    alice.process.send_signal(signal.SIGKILL)
    first.wait_for("NONE", AWAY_S)
    echoed(bob, "Alice is gone, I am not")

    # the second start is the same bot, and its friends find it again
    assert first.stop() == 0
    bob.wait_for("friend_connection", 20, status="none")
    again = bot()
    assert again.wait_for("Tox ID:").split()[-1] == tox_id
    bob.wait_for("friend_connection", 60, status="udp")
    echoed(bob, "you are back")
    assert again.stop(signal.SIGINT) == 0
    assert not any("Traceback" in line or "never retrieved" in line for line in first.lines + again.lines)


def test_mistakes_end_it_with_one_line(tmp_path, bot):
    (tmp_path / "nodes.json").write_text("{}")
    broken = bot()
    assert broken.process.wait(20) == 1
    time_out = time.monotonic() + 10
    while not broken.lines and time.monotonic() < time_out:
        time.sleep(0.01)
    assert len(broken.lines) == 1 and broken.lines[0].startswith("Error: cannot understand the nodes file")
