"""The command line in a terminal: the edited line of `chat`, its keys, and progress bars."""

import codecs
import os
import pty
import re
import subprocess
import threading
import time

import pytest

from tests.interop.test_cli import new, node, start, where  # noqa: F401
from tests.interop.test_cli_calls import make_tone
from tests.support.cli import OURS, TIMEOUT_S, environment

CTRL_A, CTRL_C, CTRL_D = "\x01", "\x03", "\x04"


class Terminal:
    """A command whose stdin, stdout and stderr are a terminal."""

    def __init__(self, *words, **variables):
        self._master, slave = pty.openpty()
        self.text = ""
        self.process = subprocess.Popen(
            [*OURS, *map(str, words)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env=environment(TERM="xterm", PROMPT_TOOLKIT_NO_CPR="1", COLUMNS="100", LINES="30", **variables),
        )
        os.close(slave)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        try:
            while data := os.read(self._master, 65536):
                self.text += decoder.decode(data)
        except OSError:
            # who had the other side has ended
            pass

    def keys(self, keys):
        os.write(self._master, keys.encode())

    def wait_for(self, pattern, timeout_s=TIMEOUT_S):
        end = time.monotonic() + timeout_s
        while not re.search(pattern, self.text):
            assert time.monotonic() < end and self._thread.is_alive(), self.text
            time.sleep(0.05)

    def finish(self, timeout_s=TIMEOUT_S):
        status = self.process.wait(timeout_s)
        self._thread.join(10)
        return status

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(20)
        self._thread.join(10)
        os.close(self._master)


@pytest.fixture
def terminal():
    running = []

    def opener(*words, **variables):
        running.append(Terminal(*words, **variables))
        return running[-1]

    yield opener
    for each in running:
        each.close()


def test_chat_edits_lines(tmp_path, start, where, terminal):  # noqa: F811
    alice, _ = new(tmp_path, "Alice")
    bob, bob_id = new(tmp_path, "Bob")
    bot = start("echo", "-p", bob, *where)
    bot.wait_for("ready")
    chat = terminal("chat", bob_id, "-p", alice, *where)
    chat.wait_for("is online over")
    chat.keys("ello world" + CTRL_A + "h\r")
    bot.wait_for("message", text="hello world")
    chat.wait_for("Bob: hello world")
    chat.keys("/help\r")
    chat.wait_for("What can be typed")
    chat.keys("half a line" + CTRL_C)
    assert chat.finish() == 130
    again = terminal("chat", "Bob", "-p", alice, *where)
    again.wait_for("is online over")
    again.keys(CTRL_D)
    assert again.finish() == 0
    for each in (chat, again):
        assert "Traceback" not in each.text


def test_bars(tmp_path, start, where, terminal):  # noqa: F811
    alice, _ = new(tmp_path, "Alice")
    bob, bob_id = new(tmp_path, "Bob")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with (tmp_path / "large").open("wb") as file:
        file.truncate(30_000_000)
    receive = terminal("receive", "--accept", "--files", inbox, "--count", 1, "-p", bob, *where)
    receive.wait_for("Tox ID: ")
    send = terminal("send-file", bob_id, tmp_path / "large", "-p", alice, *where)
    assert send.finish() == 0 and receive.finish() == 0
    for each in (send, receive):
        assert re.search(r"large.*━.*MB/s", each.text), each.text
        assert "Traceback" not in each.text
    # the cursor is back, and the bar gone
    assert send.text.rindex("\x1b[?25h") > send.text.rindex("━")
    assert "Bob has " in send.text and "(30.0 MB)" in send.text


def test_how_far_a_call_is(tmp_path, start, where, terminal):  # noqa: F811
    alice, _ = new(tmp_path, "Alice")
    bob, bob_id = new(tmp_path, "Bob")
    answering = start("answer", "--accept", "-p", bob, *where)
    answering.wait_for("listening")
    call = terminal("call", bob_id, "--wav", make_tone(tmp_path / "a.wav", 440, 2.5), "-p", alice, *where)
    assert call.finish() == 0 and "Traceback" not in call.text
    # it is said in the call, and gone at its end
    (*_, last) = re.finditer("[12] s sent, 0 s heard", call.text)
    assert call.text.rindex("\x1b[?25h") > last.start()
    assert "is over: we hung up; 2.5 s were sent, 0.0 s were heard" in call.text
