"""Bootstrap nodes as processes: ours, and Debian's tox-bootstrapd, from the same configuration file."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.support.programs import free_port
from tests.unit.cli.test_bootstrapd_config import FULL

ROOT = Path(__file__).parents[2]
OURS = [sys.executable, "-W", "error", "-m", "toxpy", "bootstrapd"]
DEBIANS = ["tox-bootstrapd"]
START_TIMEOUT_S = 20
INFO_REQUEST = b"\xf0" + bytes(77)


def environment():
    """Ours is found from any directory."""
    return dict(os.environ, PYTHONPATH=str(ROOT), PYTHONUNBUFFERED="1")


def write_config(directory, nodes=(), **settings):
    """The usual file with ports and paths of the test's own, other settings replaced; returns its path."""
    port = settings.get("port") or free_port("::")
    values = {
        "port": port,
        "keys_file_path": f'"{directory / "keys"}"',
        "pid_file_path": f'"{directory / "pid"}"',
        # tests on one machine must not find each other
        "enable_lan_discovery": "false",
        "tcp_relay_ports": f"[{free_port('::')}]",
        **settings,
    }
    text, _, _ = FULL.partition("bootstrap_nodes")
    for name, value in values.items():
        text, count = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
        assert count == 1
    entries = [
        f'{{ address = "{host}"\n port = {number}\n public_key = "{key.hex().upper()}" }}'
        for host, number, key in nodes
    ]
    path = directory / "tox-bootstrapd.conf"
    path.write_text(text + "bootstrap_nodes = (\n" + ",\n".join(entries) + "\n)")
    return path


class Bootstrapd:
    """One node in the foreground; ended by `close`."""

    def __init__(self, directory, command=OURS, nodes=(), arguments=(), **settings):
        directory.mkdir(exist_ok=True)
        self.directory = directory
        self.config = write_config(directory, nodes, **settings)
        text = self.config.read_text()
        self.port = int(re.search(r"(?m)^port = (\d+)", text)[1])
        self.relay_port = int(re.search(r"tcp_relay_ports = \[(\d+)", text)[1])
        self.log = directory / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, f"--config={self.config}", "--foreground", "--log-backend=stdout", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=directory,
                env=environment(),
            )
        until(self._is_up, START_TIMEOUT_S, self.text)
        self.public_key = (directory / "keys").read_bytes()[:32]

    def _is_up(self):
        assert self.process.poll() is None, self.text()
        return "Public Key: " in self.text() and info(self.port) is not None

    @property
    def address(self):
        """For `bootstrap`."""
        return "127.0.0.1", self.port, self.public_key

    def text(self):
        """What it said so far."""
        return self.log.read_text("utf-8", "replace")

    def stop(self, number=signal.SIGTERM):
        """End it; returns exit status and seconds."""
        begin = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(30), time.monotonic() - begin

    def close(self):
        """End it; repeating it is harmless."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)


def until(condition, timeout_s, what):
    """Wait; AssertionError with what `what` returns when it takes too long."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, what()
        time.sleep(0.02)


def info(port, request=INFO_REQUEST):
    """The answer to a bootstrap-info request over UDP, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(1)
        try:
            asking.connect(("127.0.0.1", port))
            asking.send(request)
            return asking.recv(4096)
        except (TimeoutError, ConnectionRefusedError):
            return None


def run_ours(*arguments, timeout_s=30):
    """Run ours to its end."""
    return subprocess.run(
        [*OURS, *arguments], capture_output=True, text=True, timeout=timeout_s, env=environment()
    )
