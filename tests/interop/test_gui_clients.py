"""Debian's uTox and qTox, unmodified, on our library in a virtual X server: how far they come without calls.

Both start from a profile with one friend and no node but ours, show their window, get online, and chat both
ways with Debian's library. What they do besides calls and conferences goes through the same functions as in
toxic. (At SIGTERM qTox ends in a segmentation fault of its own, on Debian's library as well.)
"""

import os
import select
import signal
import subprocess
import time

import pytest

from tests.support.client_peer import Peer, debians_instance, our_instance
from tests.support.release import of_package
from tests.support.toxic import ONLINE_TIMEOUT_S, TIMEOUT_S, Network, our_library

#: Tries to type a line, and what each of them has.
TYPED_S, TRIES = 10, 6


class Desktop:
    """An X server without a screen; windows stand in its upper left corner."""

    def __init__(self, directory):
        reading, writing = os.pipe()
        with (directory / "Xvfb.log").open("wb") as log:
            command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1000x700x24", "-nolisten", "tcp"]
            self.process = subprocess.Popen(command, pass_fds=[writing], stdout=log, stderr=log)
        os.close(writing)
        with os.fdopen(reading) as answer:
            ready, _, _ = select.select([answer], [], [], TIMEOUT_S)
            self.name = ":" + answer.readline().strip() if ready else ""
        if self.name in ("", ":"):
            self.close()
            raise AssertionError((directory / "Xvfb.log").read_text())

    def do(self, *words):
        """xdotool."""
        environment = dict(os.environ, DISPLAY=self.name)
        subprocess.run(["xdotool", *map(str, words)], env=environment, check=True, timeout=TIMEOUT_S)

    def close(self):
        self.process.terminate()
        self.process.wait(TIMEOUT_S)


class Client:
    """How a program is started, where it keeps its profile, and where its only friend is shown."""

    def __init__(self, command, profile, friend_at):
        self.command, self.profile, self.friend_at = command, profile, friend_at


CLIENTS = {
    "utox": Client(["utox", "--allow-root"], "tox_save.tox", (60, 92)),
    "qtox": Client(["qtox", "-p", "test"], "test.tox", (100, 110)),
}


@pytest.fixture
def toxic_network(tmp_path):
    made = Network(tmp_path)
    yield made
    made.close()


@pytest.fixture
def desktop(tmp_path):
    made = Desktop(tmp_path)
    yield made
    made.close()


@pytest.fixture
def peer(toxic_network):
    made = Peer(toxic_network.node, debians_instance)
    yield made
    made.core.kill()


def profile(toxic_network, peer):
    """A save that knows our node and this friend."""
    owner = Peer(toxic_network.node, our_instance)
    owner.core.user.self_set_name(b"Client")
    owner.core.friends.friend_add_norequest(peer.core.user.self_get_public_key())
    peer.core.friends.friend_add_norequest(owner.core.user.self_get_public_key())

    def met():
        owner.step()
        return owner.online and peer.online

    peer.until(met)
    owner.stop()
    peer.until(lambda: not peer.online)
    return owner.savedata


def libraries(pid):
    """The libtoxcore that is loaded."""
    with open(f"/proc/{pid}/maps") as maps:
        return {os.path.realpath(line.split()[-1]) for line in maps if "/libtoxcore.so" in line}


@pytest.mark.parametrize("name", [of_package("utox", "utox"), "qtox"])
def test_it_starts_gets_online_and_chats(toxic_network, desktop, peer, tmp_path, name):
    client = CLIENTS[name]
    home = tmp_path / "home"
    folder = home / ".config" / "tox"
    folder.mkdir(parents=True, mode=0o700)
    (folder / client.profile).write_bytes(profile(toxic_network, peer))
    chosen, path = our_library()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
    environment |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "LC_ALL": "C.UTF-8"}
    log = tmp_path / "log"
    with log.open("wb") as output:
        environment |= {"DISPLAY": desktop.name, **chosen}
        process = subprocess.Popen(client.command, env=environment, stdout=output, stderr=output, cwd=home)
    try:
        peer.until(lambda: peer.online, what=lambda: log.read_text("utf-8", "replace"))
        assert libraries(process.pid) == {os.path.realpath(path)}

        sent = peer.core.friends.friend_send_message(0, 0, b"hello client")
        peer.until(lambda: sent in peer.receipts, ONLINE_TIMEOUT_S)

        for _ in range(TRIES):
            desktop.do("mousemove", *client.friend_at, "click", 1)
            desktop.do("type", "hello friend")
            desktop.do("key", "Return")
            end = time.monotonic() + TYPED_S
            peer.until(lambda end=end: peer.messages or time.monotonic() > end)
            if peer.messages:
                break
        assert peer.messages[:1] == ["hello friend"]
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(TIMEOUT_S)
