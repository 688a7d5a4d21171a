"""Debian's toxic in a terminal of tmux, driven by keys and read from its screen; and what it talks to."""

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

TIMEOUT_S = 30
#: With few nodes c-toxcore may need a minute to find a friend.
ONLINE_TIMEOUT_S = 90
#: A friend whose goodbye was lost, say in a socket full of a file, is away after 32 s.
OFFLINE_TIMEOUT_S = 60
#: The colours of a friend's status, as escape codes.
COLOURS = {"32": "online", "33": "away", "31": "busy"}
#: Away because the terminal is detached is turned off; the list of nodes is not fetched from the Internet;
#: the paths are short because toxic cuts long ones.
ADDRESS = r"\b[0-9A-F]{76}\b"
CONFIG = """
ui = { timestamps = false; alerts = false; autolog = true; mplex_away = false; history_size = 700;
       show_typing_self = true; show_typing_other = true; };
tox = { nodelist_update_freq = 0; download_path = "downloads/"; chatlogs_path = "logs/"; };
"""


class Screen:
    """A terminal with one program in it; tmux's server is this test's own."""

    def __init__(self, directory, command, **environment):
        self.environment = dict(os.environ, TMUX_TMPDIR=str(directory), **environment)
        self.closed = False
        pid, self.status_file = directory / "pid", directory / "status"
        for file in (pid, self.status_file):
            file.unlink(missing_ok=True)
        # tmux itself does not always notice the end of a program
        program = f"sh -c 'echo $$ >{pid}; exec \"$@\"' sh {shlex.join(command)} 2>{directory / 'stderr'}"
        shell = f"{program}; echo $? >{self.status_file}"
        size = ["-x", "120", "-y", "60"]
        self._tmux("-f", os.devnull, "new-session", "-d", "-c", str(directory), *size, shell)
        # what the program said at its end stays on the screen
        self._tmux("set-option", "remain-on-exit", "on")
        until(lambda: pid.exists() and pid.read_text().endswith("\n"), TIMEOUT_S, self.text)
        self.pid = int(pid.read_text())

    def _tmux(self, *arguments):
        command = ["tmux", "-L", "test", *arguments]
        ran = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=20)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def text(self, *arguments):
        """What it shows."""
        return self._tmux("capture-pane", "-p", *arguments)

    def type(self, *keys):
        """Press these keys."""
        self._tmux("send-keys", *keys)

    def shows(self, text, timeout_s):
        """Wait until it does."""

        def shown():
            assert not self.ended(), (self.ended(), self.text())
            return text in self.text()

        until(shown, timeout_s, self.text)

    def ended(self):
        """How the program ended: its exit status as text (128 and more: a signal), "" while it runs."""
        return self.status_file.read_text().strip() if self.status_file.exists() else ""

    def close(self):
        """End the program and the server; repeating it is harmless."""
        if not self.closed:
            self.closed = True
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
    """toxic with a profile of its own in `directory`.

    The last of the passphrases is the right one; a new profile is encrypted with it, if there is one.
    `library` is our_library or debians_library: LD_LIBRARY_PATH alone chooses.
    """

    def __init__(self, directory, node, library, *arguments, passphrases=()):
        self.directory, self.downloads, self.logs = directory, directory / "downloads", directory / "logs"
        for folder in (directory, self.downloads, self.logs):
            folder.mkdir(exist_ok=True)
        self.profile = directory / "profile.tox"
        nodes, config = directory / "DHTnodes.json", directory / "toxic.conf"
        write_nodes(nodes, node)
        config.write_text(CONFIG)
        files = ["-n", str(nodes), "-c", str(config), "-f", str(self.profile)]
        environment, path = library()
        here = {"HOME": str(directory), "LC_ALL": "C.UTF-8"}
        new = not self.profile.exists()
        super().__init__(directory, ["toxic", "-L", *files, *arguments], **here, **environment)
        try:
            self._start(new, passphrases)
            loaded = self.libraries()
            assert {file for file in loaded if "/libtoxcore.so" in file} == {os.path.realpath(path)}
        except BaseException:
            self.close()
            raise

    def _start(self, new, passphrases):
        if new:
            self.shows("Would you like to encrypt it?", TIMEOUT_S)
            self.enter("y" if passphrases else "n")
        if new and passphrases:
            self.shows("Enter a new password", TIMEOUT_S)
            self.enter(passphrases[-1])
            self.shows("Enter password again", TIMEOUT_S)
            self.enter(passphrases[-1])
        for number, passphrase in enumerate(passphrases if not new else ()):
            self.shows("Invalid password" if number else "Enter password (q to quit)", TIMEOUT_S)
            self.enter(passphrase)
        self.shows("[Home]", TIMEOUT_S)

    def enter(self, line):
        """Type a line."""
        self.type("-l", line)
        self.type("Enter")

    def says(self, line, text, timeout_s=TIMEOUT_S):
        """Type a line and wait for what toxic says to it."""
        self.enter(line)
        self.shows(text, timeout_s)

    def quit(self):
        """Leave as a user does: the friends are told, the profile is saved."""
        self.enter("/quit")
        until(self.ended, TIMEOUT_S, self.text)
        assert self.ended() == "0"
        self.close()

    # windows

    def top(self):
        """The status line: ours in the window Home, the friend's in a chat."""
        return self.text().split("\n", 1)[0]

    def status(self):
        """In Home: what is first between brackets in the status line, "" before there is one."""
        line = re.match(r" \[(\w\w+)\] ", self.top())
        return line[1] if line is not None and not self.is_in_chat() else ""

    def is_online(self):
        """In Home: connected to the network. toxic 0.11.3 tells how."""
        return self.status() in {"Online", "Away", "Busy", "UDP", "TCP"}

    def is_in_chat(self):
        """The window is a chat: 0.11.3 shows the beginning of the friend's key, at the right."""
        return re.match(r" \[o\] .*|.* \{[0-9A-F]{6}\}$", self.top()) is not None

    def home(self):
        """Turn to the window Home."""

        def there():
            if not self.status():
                self.type("C-p")
                time.sleep(0.2)
            return bool(self.status())

        until(there, TIMEOUT_S, self.text)

    def chat(self):
        """Turn to the chat with the first friend, and open it if need be."""
        self.home()
        self.type("C-p")
        self.shows("Press the h key", TIMEOUT_S)
        self.type("Enter")
        until(self.is_in_chat, TIMEOUT_S, self.text)

    # what a chat tells of the friend

    def friend(self):
        """In a chat: (name, status, whether they type) of the friend."""
        top = self.text("-e").split("\n", 1)[0]
        words = re.match(r" \[(?:UDP|TCP)\] (?:\[(\w+)\] )?(.*) \| ", re.sub(r"\x1b\[\d+m", "", top))
        if words is not None:
            return words[2], (words[1] or "Online").lower(), f"\x1b[1m\x1b[33m{words[2]}" in top
        look = re.search(r"\x1b\[(\d+)mo\x1b.*?\] ((?:\x1b\[\d+m)*)([^\x1b]+)", top)
        if look is None:
            return None
        return look[3], COLOURS.get(look[1], look[1]), "\x1b[1m" in look[2]

    def address(self):
        """In Home: our Tox ID as hexadecimal."""
        self.enter("/myid")
        until(lambda: re.search(ADDRESS, self.text()), TIMEOUT_S, self.text)
        return re.search(ADDRESS, self.text())[0]

    def log(self):
        """What was logged: the friend's lines, and those of ours that the friend has received."""
        return "".join(file.read_text() for file in self.logs.iterdir())

    # the process

    def libraries(self):
        """The libraries that are loaded."""
        with open(f"/proc/{self.pid}/maps") as maps:
            return {os.path.realpath(line.split(None, 5)[5].strip()) for line in maps if "/" in line}

    def sockets(self, kind):
        """(local, remote) port of its sockets of this kind: udp or tcp."""
        mine = set()
        for descriptor in os.listdir(f"/proc/{self.pid}/fd"):
            try:
                mine.add(os.readlink(f"/proc/{self.pid}/fd/{descriptor}"))
            except FileNotFoundError:  # closed in the meantime
                continue
        found = set()
        for family in ("", "6"):
            with open(f"/proc/{self.pid}/net/{kind}{family}") as table:
                for words in map(str.split, list(table)[1:]):
                    if f"socket:[{words[9]}]" in mine:
                        found.add(tuple(int(words[i].rpartition(":")[2], 16) for i in (1, 2)))
        return found


def befriend(asking, asked):
    """Both online, the one adds the other by Tox ID, the other accepts; both in their chats then."""
    for toxic in (asking, asked):
        until(toxic.is_online, ONLINE_TIMEOUT_S, toxic.text)
    # toxic takes one word here
    asking.says(f'/add {asked.address()} "hello"', "Friend request sent.")
    asked.shows("Friend request with the message", ONLINE_TIMEOUT_S)
    asked.says("/accept 0", "Friend request accepted.")
    for toxic in (asking, asked):
        toxic.shows("has come online", ONLINE_TIMEOUT_S)
        toxic.chat()


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
