"""C programs that write to friends who are away, on our library.

`TOXPY_LONG=1 python -m pytest tests/capi/offline` has two of them, who are never there together, and two
mailboxes. It takes five minutes, and mostly waits: what a C program saves counts as kept half a minute
later, and a friend has a minute to come online.
"""

import os
import queue
import signal
import subprocess
import threading
import time

import pytest

from tests.support.made_once import made_once
from tests.support.mailbox_process import SERVER, MailboxProcess
from tests.support.prefix import compile_c, library_dir
from toxpy.crypto.keys import KeyPair
from toxpy.ext.offline.records import Mailbox

SOURCE = __file__.replace("test_away.py", "away.c")
TEXTS = ["hello", "second text"]
#: Seconds of a process, and for what is said at once when both are there.
LIMIT_S, MEET_S = 220, 100


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = made_once(
        tmp_path_factory, "away", lambda to: compile_c(to / "away", SOURCE, flags=["-std=gnu11"])
    )
    return folder / "away"


class Side:
    """One of them; what it printed in all of its runs is in `lines`."""

    def __init__(self, program, folder, name, config):
        self.program, self.save, self.config = program, folder / f"{name}.tox", config
        self.lines, self._new = [], queue.SimpleQueue()
        self.process = None

    def start(self, mode, *words):
        self.stop()
        environment = {"LD_LIBRARY_PATH": str(library_dir()), "PATH": os.environ["PATH"]}
        self.process = subprocess.Popen(
            [self.program, self.save, mode, *map(str, words)],
            env={**environment, "TOXPY_CONFIG": str(self.config)},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self.reader.start()

    def _read(self, lines):
        for line in lines:
            self._new.put(line.strip())

    def wait(self, begin, seconds=60):
        """The rest of the next line that begins so."""
        end = time.monotonic() + seconds
        while True:
            try:
                line = self._new.get(timeout=max(end - time.monotonic(), 0.01))
            except queue.Empty:
                raise AssertionError(f"no {begin!r}: {self.lines}") from None
            self.lines.append(line)
            if line.startswith(begin):
                return line.removeprefix(begin).strip()

    def stop(self, number=signal.SIGTERM):
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)
            self.reader.join(10)
            self.process.stdout.close()
            self.process = None


@pytest.mark.parametrize(("config", "error"), [("[offline]\nenabled = true\n", 0), ("", 3)])
def test_a_message_to_a_friend_who_is_away(program, tmp_path, config, error):
    """It is kept, or refused as ever (3: not connected)."""
    path = tmp_path / "toxpy.toml"
    path.write_text(config)
    side = Side(program, tmp_path, "alice", path)
    side.start("wait", KeyPair(bytes(range(32))).public.hex(), 0, "hello")
    assert side.wait("sent").split()[1:] == ["error", str(error)]
    side.wait("end")
    side.stop()


def never_there_together(program, tmp_path):
    """They meet once; then one writes and leaves, the other comes and leaves, and the receipts come."""
    mailboxes, sides = [], []
    try:
        mailboxes += (MailboxProcess(SERVER, tmp_path) for _ in range(2))
        texts = ", ".join(f'"{mailbox.text}"' for mailbox in mailboxes)
        config = tmp_path / "toxpy.toml"
        config.write_text(f"[offline]\nenabled = true\nmailboxes = [{texts}]\ncover = false\n")
        alice, bob = (Side(program, tmp_path, name, config) for name in ("alice", "bob"))
        sides += (alice, bob)
        keys = []
        for side in sides:
            side.start("run", 0)
            keys.append(side.wait("key"))
            side.wait("end")
        node = Mailbox.parse(mailboxes[0].text)
        where = (node.port, node.dht_pk.hex())
        alice.start("meet", keys[1], *where, LIMIT_S)
        bob.start("meet", keys[0], *where, LIMIT_S)
        for side in sides:
            side.wait("friend online")
        # what a C program saves counts as kept half a minute later: offers, then pre-keys
        time.sleep(MEET_S)
        for side in sides:
            side.stop()
        alice.start("run", LIMIT_S, *TEXTS)
        numbers = [alice.wait("sent").split()[0] for _ in TEXTS]
        blobs = mailboxes[0].path
        end = time.monotonic() + LIMIT_S - 20
        while stored(blobs) < len(TEXTS):
            assert time.monotonic() < end, "nothing is stored"
            time.sleep(0.5)
        alice.stop()
        bob.start("run", LIMIT_S)
        assert sorted(bob.wait("message") for _ in TEXTS) == sorted(TEXTS)
        # its receipts take the place of the messages
        time.sleep(MEET_S)
        bob.stop()
        alice.start("run", LIMIT_S)
        assert sorted(alice.wait("receipt") for _ in TEXTS) == sorted(numbers)
        alice.stop()
        assert sum(line.startswith("message") for line in bob.lines) == len(TEXTS)
    finally:
        for side in sides:
            side.stop()
        for mailbox in mailboxes:
            mailbox.close()


def stored(path):
    """Messages in the mailbox's file."""
    import sqlite3

    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        count = database.execute("SELECT count(*) FROM blob").fetchone()[0]
    database.close()
    return count


if os.environ.get("TOXPY_LONG"):

    @pytest.mark.timeout(600)
    def test_never_there_together(program, tmp_path):
        never_there_together(program, tmp_path)
