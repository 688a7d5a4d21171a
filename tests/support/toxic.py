"""Debian's toxic in a terminal of tmux, driven by keys and read from its screen."""

import json
import os
import re
import shlex
import subprocess
import threading
import time

from tests.support.bootstrapd import Bootstrapd, until
from tests.support.prefix import library_dir
from tests.support.private_network import HOST, PrivateNetwork
from tests.support.programs import free_port
from tests.support.real_tox import RealTox, library_path

ONLINE_TIMEOUT_S = 90
#: What the status line says of somebody who is online; toxic goes away by itself when nobody types.
ONLINE = {"Online", "Away", "Busy"}


class Screen:
    """A terminal with one program in it; tmux's server is this test's own."""

    def __init__(self, directory, command, **environment):
        self.environment = dict(os.environ, TMUX_TMPDIR=str(directory), **environment)
        shell = "exec " + shlex.join(command) + f" 2>{directory / 'stderr'}"
        self._tmux("-f", os.devnull, "new-session", "-d", "-x", "100", "-y", "30", shell)
        # what the program said at its end stays on the screen
        self._tmux("set-option", "remain-on-exit", "on")
        self.pid = int(self._tmux("display-message", "-p", "#{pane_pid}"))

    def _tmux(self, *arguments):
        command = ["tmux", "-L", "test", *arguments]
        ran = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=20)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def text(self):
        """What it shows."""
        return self._tmux("capture-pane", "-p")

    def type(self, *keys):
        """Press these keys."""
        self._tmux("send-keys", *keys)

    def shows(self, text, timeout_s):
        """Wait until it does."""
        until(lambda: text in self.text(), timeout_s, self.text)

    def close(self):
        """End the program and the server."""
        self._tmux("kill-server")


def write_nodes(path, node):
    """toxic's list of nodes: the JSON of nodes.tox.chat, which toxic wants without spaces."""
    now = int(time.time())
    entry = {
        "ipv4": HOST,
        "ipv6": "-",
        "port": node.port,
        "tcp_ports": [node.relay_port],
        "public_key": node.public_key.hex().upper(),
        "maintainer": "test",
        "location": "XX",
        "status_udp": True,
        "status_tcp": True,
        "version": "1000002018",
        "motd": "",
        "last_ping": now,
    }
    nodes = {"last_scan": now, "last_refresh": now, "nodes": [entry]}
    path.write_text(json.dumps(nodes, separators=(",", ":")))


class Toxic(Screen):
    """toxic with a profile of its own, not encrypted."""

    def __init__(self, directory, node, *arguments, **environment):
        nodes, config = directory / "DHTnodes.json", directory / "toxic.conf"
        write_nodes(nodes, node)
        # the list of nodes is not fetched from the Internet
        config.write_text("tox = { nodelist_update_freq = 0; };\n")
        files = ["-n", str(nodes), "-c", str(config), "-f", str(directory / "profile.tox")]
        here = {"HOME": str(directory), "LC_ALL": "C.UTF-8"}
        super().__init__(directory, ["toxic", *files, *arguments], **here, **environment)
        self.shows("Would you like to encrypt it?", 30)
        self.type("n", "Enter")
        self.shows('Type "/help" for assistance', 30)

    def status(self):
        """What is between the brackets of the status line, "" before there is one."""
        line = re.search(r"(?m)^ \[(\w+)\] Toxic User", self.text())
        return line[1] if line is not None else ""

    def libraries(self):
        """The libraries that are loaded."""
        with open(f"/proc/{self.pid}/maps") as maps:
            return {os.path.realpath(line.split(None, 5)[5].strip()) for line in maps if "/" in line}


class Network(PrivateNetwork):
    """Our bootstrap node, and three of Debian's instances that came through it."""

    def __init__(self, directory):
        self.enter()
        # toxic looks for the relay at the port of the node
        port = free_port("::")
        self.node = Bootstrapd(directory / "node", port=port, tcp_relay_ports=f"[{port}]")
        self.others = [RealTox() for _ in range(3)]
        for other in self.others:
            other.bootstrap(HOST, self.node.port, self.node.public_key)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.stopping.wait(0.02):
            for other in self.others:
                other.iterate()

    def close(self):
        self.stopping.set()
        self.thread.join(30)
        for other in self.others:
            other.kill()
        self.node.close()
        self.leave()


def our_library():
    """As somebody would use it who does not want to replace Debian's."""
    return {"LD_LIBRARY_PATH": str(library_dir())}, library_dir() / "libtoxcore.so.2"


def debians_library():
    return {}, library_path()
