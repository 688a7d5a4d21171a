"""examples/echo_bot.py as its users run it: a process that outlives what its friends do."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.interop.test_cli import NETWORK, new, node, start, where  # noqa: F401
from tests.support.cli import environment

ROOT = Path(__file__).parents[2]
#: Seconds after which a friend who says nothing counts as gone (c-toxcore: 32), and some more.
AWAY_S = 45


class Bot:
    """The example as a process, and what it says."""

    def __init__(self, folder, nodes, example="echo_bot.py"):
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", ROOT / "examples" / example, "--nodes", nodes],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(),
        )
        self.lines = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def wait_for(self, text, timeout_s=60):
        end = time.monotonic() + timeout_s
        while not any(text in line for line in self.lines):
            assert time.monotonic() < end and self.process.poll() is None, self.lines
            time.sleep(0.02)
        return next(line for line in self.lines if text in line)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def bot(tmp_path, node):  # noqa: F811
    """Start the bot; all that were started are ended with the test."""
    host, port, key = node.address
    nodes = tmp_path / "nodes.json"
    entry = {"ipv4": host, "ipv6": "-", "port": port, "public_key": key.hex(), "status_udp": True}
    nodes.write_text(json.dumps({"nodes": [entry]}))
    running = []

    def starter():
        running.append(Bot(tmp_path, nodes))
        return running[-1]

    yield starter
    for process in (bot.process for bot in running):
        process.kill()
        process.wait(20)
        process.stdout.close()


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
