"""The bots of examples/ as processes."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time

from tests.support.cli import environment
from tests.support.prefix import ROOT


class Bot:
    """The example as a process, and what it says."""

    def __init__(self, folder, nodes, example, *words):
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", ROOT / "examples" / example, "--nodes", nodes, *words],
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


@contextlib.contextmanager
def bots(folder, node, example):
    """Gives what starts the bot, with other words for it too; all that were started are ended."""
    host, port, key = node.address
    nodes = folder / "nodes.json"
    entry = {"ipv4": host, "ipv6": "-", "port": port, "public_key": key.hex(), "status_udp": True}
    nodes.write_text(json.dumps({"nodes": [entry]}))
    running = []

    def start(*words):
        running.append(Bot(folder, nodes, example, *words))
        return running[-1]

    yield start
    for process in (bot.process for bot in running):
        process.kill()
        process.wait(20)
        process.stdout.close()
