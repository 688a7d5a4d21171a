"""Programs of the laboratory: bootstrap nodes, proxies and Tox clients."""

from __future__ import annotations

import functools
import glob
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.support import newer_tox
from tests.support.prefix import compile_c, library_dir

HERE = Path(__file__).parent
PORT = 33445
BOOTSTRAPD = """
port = {port}
keys_file_path = "{folder}/keys"
pid_file_path = "{folder}/pid"
enable_ipv6 = false
enable_ipv4_fallback = true
enable_lan_discovery = false
enable_tcp_relay = {relay}
tcp_relay_ports = [{port}]
enable_motd = true
motd = "lab"
bootstrap_nodes = ( {nodes} )
"""
NODE = '{{ address = "{address}" port = {port} public_key = "{key}" }}'


def real_dir():
    """Where Debian keeps the real library."""
    (path,) = glob.glob("/usr/lib/*/libtoxcore.so.2")
    return os.path.dirname(path)


#: The installed one is "real"; newer ones have the names of Debian's releases.
LIBRARIES = {
    "ours": library_dir,
    "real": real_dir,
    **{release: functools.partial(newer_tox.library_dir, release) for release in newer_tox.RELEASES},
}


def compile_client(output):
    return compile_c(output, HERE / "client.c", flags=["-std=gnu11"])


class Lines:
    """What a program prints, line by line, as it comes."""

    def __init__(self, process, on_line=lambda line: None):
        self.process, self.on_line = process, on_line
        self.lines = []
        self.changed = threading.Condition()
        self.ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for line in self.process.stdout:
                with self.changed:
                    self.lines.append(line.rstrip("\n"))
                    self.on_line(self.lines[-1])
                    self.changed.notify_all()
        except ValueError:  # the pipe was closed under us: the lab is closing
            return
        finally:
            with self.changed:
                self.ended = True
                self.changed.notify_all()

    def wait(self, condition, limit_s, what):
        """Until condition() is true; fails with the last lines when it does not come."""
        end = time.monotonic() + limit_s
        with self.changed:
            while True:
                value = condition()
                if value:
                    return value
                left = end - time.monotonic()
                if left <= 0 or self.ended:
                    why = "the program ended" if self.ended else f"{limit_s} s are over"
                    tail = "\n".join(self.lines[-15:])
                    raise AssertionError(f"waited for {what}: {why}; last lines:\n{tail}")
                self.changed.wait(left)


class Node:
    """A bootstrap node on a host of its own, with a TCP relay at the same port number."""

    def __init__(self, host, *, relay=True, nodes=(), command=("tox-bootstrapd",)):
        self.host, self.port = host, PORT
        folder = host.folder()
        config = folder / "config"
        config.write_text(
            BOOTSTRAPD.format(
                port=PORT,
                folder=folder,
                relay=str(relay).lower(),
                nodes=", ".join(NODE.format(address=n.host.public, port=n.port, key=n.key) for n in nodes),
            )
        )
        process = host.popen(
            *command,
            "--foreground",
            "--log-backend",
            "stdout",
            "--config",
            config,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines = Lines(process)
        self.key = self.lines.wait(self._public_key, 60, "the node's public key")

    def _public_key(self):
        matches = (re.search(r"Public Key: ([0-9A-Fa-f]{64})", line) for line in self.lines.lines)
        return next((match[1] for match in matches if match), None)

    @property
    def words(self):
        return f"{self.host.public} {self.port} {self.key}"


PROXIES = {
    "tinyproxy": (
        "http",
        ("tinyproxy", "-d", "-c"),
        """
Port {port}
Listen {address}
Timeout 600
MaxClients 100
""",
    ),
    "microsocks": ("socks5", ("microsocks", "-i", "{address}", "-p", "{port}"), ""),
    "dante": (
        "socks5",
        ("danted", "-f"),
        """
logoutput: /dev/null
internal: {address} port = {port}
external: {address}
socksmethod: none
clientmethod: none
user.privileged: root
user.unprivileged: root
client pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}
socks pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}
""",
    ),
}


class Proxy:
    """One of Debian's proxies on a host of its own."""

    def __init__(self, host, name, port=3128):
        self.host, self.port = host, port
        kind, command, config = PROXIES[name]
        self.option = f"{kind}:{host.public}:{port}"
        words = [word.format(address=host.public, port=port) for word in command]
        if config:
            path = host.folder() / "config"
            path.write_text(config.format(address=host.public, port=port))
            words.append(path)
        self.process = host.popen(*words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait_until_it_listens()

    def _wait_until_it_listens(self):
        for _ in range(600):
            with self.host.socket(socket.SOCK_STREAM) as client:
                if client.connect_ex((self.host.public, self.port)) == 0:
                    return
            assert self.process.poll() is None, "the proxy ended"
            time.sleep(0.1)
        raise AssertionError("the proxy does not listen")


def bootstrap_nodes(lab, count=6, relays=2):
    """A small DHT of Debian's bootstrap nodes; hole punching needs at least four that know both friends."""
    nodes = []
    for number in range(count):
        nodes.append(Node(lab.host(f"node{number}"), relay=number < relays, nodes=tuple(nodes)))
    lab.nodes = nodes
    return nodes


class Client:
    """A running client.c with the library "ours" or "real", or python_client.py when it is "python".

    `events` are those it printed: (milliseconds since its start, name, text).
    """

    def __init__(self, program, host, library, *, nodes=(), relays=(), config="", **options):
        """`config` is the file of TOXPY_CONFIG."""
        self.host = host
        words = [
            f"{name}={int(value) if isinstance(value, bool) else value}" for name, value in options.items()
        ]
        start = (sys.executable, "-m", "tests.netns.python_client")
        if library != "python":
            set_config = [f"TOXPY_CONFIG={config}"] if config else []
            start = ("env", f"LD_LIBRARY_PATH={LIBRARIES[library]()}", *set_config, program)
        self.process = host.popen(*start, *words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.events, self.received = [], []
        self.lines = Lines(self.process, self._on_line)
        self.key = self.wait("KEY", 60)
        for node in nodes:
            self.command("bootstrap", node.words)
        for node in relays:
            self.command("relay", node.words)

    def _on_line(self, line):
        ms, name, text = line.split(" ", 2)
        if name == "MSG":
            self.received.append(int(text))
        else:
            self.events.append((int(ms), name, text))

    def command(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def errors(self):
        return [event for event in self.events if event[1] == "ERROR"]

    def mark(self):
        """A point in the stream of events for `wait(after=)`."""
        return len(self.events)

    def wait(self, name, limit_s, *texts, after=0):
        """The text of the first event of that name (and one of those texts) after the mark."""

        def found():
            for _, event, text in self.events[after:]:
                if event == name and (not texts or text in texts):
                    return text
            return None

        return self.lines.wait(found, limit_s, f"{name} {' or '.join(texts)} at {self.host.name}")

    def when(self, name, *texts, after=0):
        """Milliseconds from the program's start to the first such event; None when there was none."""
        return next((ms for ms, event, text in self.events[after:] if event == name and text in texts), None)

    def last(self, name):
        """The text of the newest event of that name."""
        return next((text for _, event, text in reversed(self.events) if event == name), None)

    def wait_messages(self, count, quiet_s):
        """Until that many messages are in; fails when none comes for so long, however slow they are."""
        while (have := len(self.received)) < count:
            self.lines.wait(
                lambda have=have: len(self.received) > have,
                quiet_s,
                f"message {have + 1} of {count} at {self.host.name}",
            )
        return self.received

    def quit(self):
        self.command("quit")
        assert self.process.wait(30) == 0


def befriend(alice, bob):
    alice.command("friend", bob.key)
    bob.command("friend", alice.key)
