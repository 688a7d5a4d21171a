"""The commands of `python -m toxpy` as processes; what they say with `--json` is read as objects."""

import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = [sys.executable, "-W", "error", "-m", "toxpy"]
TIMEOUT_S = 90


def documented_events():
    """What docs/cli.md says of `--json`: the fields of each event."""
    rows = re.findall(r"(?m)^\| `(\w+)` \|([^|]*)\|", (ROOT / "docs" / "cli.md").read_text())
    return {event: {"event", *re.findall(r"`(\w+)`", fields)} for event, fields in rows}


SCHEMA = documented_events()


def parsed(line):
    """A line of `--json`, which has exactly the fields that are documented."""
    found = json.loads(line)
    assert found.keys() == SCHEMA[found["event"]], f"not as documented: {found}"
    return found


def environment(**variables):
    """As a user's, without what the variables of the user who tests say."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOXPY_")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **variables}


def run(*words, stdin="", timeout_s=TIMEOUT_S, **variables):
    """Run a command to its end."""
    return subprocess.run(
        [*OURS, *map(str, words)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env=environment(**variables),
    )


def objects(ran):
    """What a finished command said with `--json`."""
    return [parsed(line) for line in ran.stdout.splitlines()]


class Command:
    """A running command with `--json`; ended by `close`."""

    def __init__(self, *words, **variables):
        self.process = subprocess.Popen(
            [*OURS, *map(str, words), "--json"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(**variables),
        )
        self.seen, self._untaken = [], []
        self._lines = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        try:
            for line in self.process.stdout:
                self._lines.put(parsed(line))
        except (AssertionError, KeyError, ValueError) as error:
            self._lines.put(error)
        self._lines.put(None)

    def wait_for(self, event, timeout_s=TIMEOUT_S, **fields):
        """Take the first such object, seen or still to come; AssertionError with all that was said."""
        wanted = {"event": event, **fields}
        end = time.monotonic() + timeout_s
        while True:
            for found in self._untaken:
                if wanted.items() <= found.items():
                    self._untaken.remove(found)
                    return found
            try:
                found = self._lines.get(timeout=max(end - time.monotonic(), 0.01))
            except queue.Empty:
                raise AssertionError(f"no {wanted} in {self.seen}") from None
            if found is None:
                said = self.process.stderr.read()
                raise AssertionError(f"ended without {wanted}: {self.seen} {said}")
            if isinstance(found, Exception):
                raise found
            self.seen.append(found)
            self._untaken.append(found)

    def say(self, *lines):
        """Type lines."""
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def end_input(self):
        """Ctrl-D."""
        self.process.stdin.close()

    def stop(self, number, timeout_s=20):
        """Send a signal; exit status and seconds until it ended."""
        begin = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(timeout_s), time.monotonic() - begin

    def finish(self, timeout_s=TIMEOUT_S):
        """Wait for its end: exit status, and all objects."""
        status = self.process.wait(timeout_s)
        self._thread.join(10)
        while (found := self._lines.get(timeout=10)) is not None:
            assert not isinstance(found, Exception), found
            self.seen.append(found)
        return status, self.seen

    def close(self):
        """End it; repeating it is harmless."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(20)
        self._thread.join(10)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()
