"""The demo: a bootstrap node and an echo bot in C, a client in Python, all on this machine.

Starts the three, passes the first lines the C programs print (their ID, port and DHT key)
on, shows what everybody says and ends everything. The exit code is the client's.
"""

from __future__ import annotations

import argparse
import glob
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

LIMIT_S = 58
START_LIMIT_S = 10


class Program:
    """One child process: its `KEY value` lines, everything it says shown with its name."""

    def __init__(self, name: str, command: list[str], library: str) -> None:
        environment = dict(os.environ, LD_LIBRARY_PATH=library)
        self.name = name
        self.facts: dict[str, str] = {}
        self.changed = threading.Condition()
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            key, _, value = line.strip().partition(" ")
            with self.changed:
                self.facts.setdefault(key, value)
                self.changed.notify_all()
            if key not in ("ID", "PORT", "DHT"):
                say(f"{self.name}: {line.strip()}")
        with self.changed:
            self.changed.notify_all()

    def fact(self, key: str) -> str:
        """The value it printed for `key`, waiting for it."""
        with self.changed:
            self.changed.wait_for(lambda: key in self.facts or self.process.poll() is not None, START_LIMIT_S)
        if key not in self.facts:
            raise RuntimeError(f"{self.name} did not print {key}")
        return self.facts[key]

    def stop(self) -> int:
        """Ask it to end, insist after 5 s; its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        code = self.process.wait()
        self.reader.join(1)
        return code


STARTED = time.monotonic()


def say(text: str) -> None:
    """One line with the time since the start."""
    print(f"[{time.monotonic() - STARTED:6.2f} s] {text}", flush=True)


def debian_library() -> str:
    """The folder of Debian's libtoxcore2."""
    found = glob.glob("/usr/lib/*/libtoxcore.so.2")
    if not found:
        raise RuntimeError("Debian's libtoxcore2 is not installed")
    return str(Path(found[0]).parent)


def run_client(node: Program, bot: Program) -> int:
    """The Python client's exit code."""
    command = [sys.executable, str(Path(__file__).with_name("client.py"))]
    left_s = LIMIT_S - 6 - (time.monotonic() - STARTED)
    command += ["--started", str(STARTED), "--timeout", f"{left_s:.0f}"]
    command += ["--bootstrap", "127.0.0.1", node.fact("PORT"), node.fact("DHT")]
    return subprocess.run([*command, bot.fact("ID")], timeout=left_s + 3, check=False).returncode


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--examples", required=True, help="folder of the built C examples")
    parser.add_argument("--library", required=True, help="folder of our libtoxcore.so.2")
    parser.add_argument("--peer", choices=["ours", "debian"], default="ours", help="library of the bot")
    arguments = parser.parse_args()
    programs: list[Program] = []
    code = 1
    try:
        bot_library = arguments.library if arguments.peer == "ours" else debian_library()
        node = Program("node", [f"{arguments.examples}/bootstrap_node", "--loopback"], arguments.library)
        programs.append(node)
        say(f"bootstrap node in C on our library: UDP port {node.fact('PORT')}")
        bootstrap = ["--bootstrap", "127.0.0.1", node.fact("PORT"), node.fact("DHT")]
        bot = Program("bot", [f"{arguments.examples}/echo_bot", "--loopback", *bootstrap], bot_library)
        programs.append(bot)
        whose = "our library" if arguments.peer == "ours" else f"Debian's library in {bot_library}"
        say(f"echo bot in C on {whose}: Tox ID {bot.fact('ID')}")
        code = run_client(node, bot)
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        say(f"failed: {error}")
    finally:
        for program in reversed(programs):
            ended = program.stop()
            if ended != 0:
                say(f"{program.name} ended with {ended}")
                code = code or 1
    say("demo passed" if code == 0 else "demo FAILED")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
