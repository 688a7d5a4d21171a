"""Debian's uTox and qTox, unmodified, on our library in a virtual X server: how far they come without calls.

Both start from a profile with one friend and no node but ours, show their window, get online, and chat both
ways with Debian's library. Then they found a conference and invite it, talk there, and join one of its own.
What else they do besides calls goes through the same functions as in toxic. (At SIGTERM qTox ends in a
segmentation fault of its own, on Debian's library as well.)
"""

import os
import select
import signal
import subprocess
import time

import pytest

from tests.support.client_peer import Peer, debians_instance, our_instance
from tests.support.release import of_package
from tests.support.toxic import ONLINE_TIMEOUT_S, TIMEOUT_S, our_library

#: Tries to type a line, and what each of them has.
TYPED_S, TRIES = 10, 6
#: A window that was clicked has changed by then, and is still when it did not change for so long: less than
#: between two blinks of a cursor.
CHANGED_S, STILL_S = 3, 0.4


#: The type of a conference with audio.
AV = 1
#: A program sees that something is dragged when it moves in steps.
DRAG_STEPS = 12


class Desktop:
    """An X server without a screen; windows stand in its upper left corner."""

    def __init__(self, directory):
        reading, writing = os.pipe()
        with (directory / "Xvfb.log").open("wb") as log:
            command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1000x700x24", "-nolisten", "tcp"]
            command += ["-fbdir", str(directory)]
            self.process = subprocess.Popen(command, pass_fds=[writing], stdout=log, stderr=log)
        self.shown = directory / "Xvfb_screen0"
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

    def click(self, peer, x, y, button=1):
        """Click, and wait until that has had its effect."""
        before = self.shown.read_bytes()
        self.do("mousemove", x, y, "click", button)
        end = time.monotonic() + CHANGED_S
        peer.until(lambda: self.shown.read_bytes() != before or time.monotonic() > end)
        last, since = before, time.monotonic()

        def still():
            nonlocal last, since
            now = self.shown.read_bytes()
            if now != last:
                last, since = now, time.monotonic()
            return time.monotonic() - since > STILL_S or time.monotonic() > end

        peer.until(still)

    def drag(self, peer, x, y, to_y):
        """Move something up or down."""
        self.do("mousemove", x, y, "mousedown", 1)
        for step in range(1, DRAG_STEPS + 1):
            self.do("mousemove", x, y + (to_y - y) * step // DRAG_STEPS)
            peer.step()
        self.do("mouseup", 1)

    def close(self):
        self.process.terminate()
        self.process.wait(TIMEOUT_S)


class Client:
    """How a program is started, where it keeps its profile, and where its only friend is shown."""

    command: list[str]
    profile: str
    friend_at: tuple[int, int]
    #: where the first conference is shown
    conference_at: tuple[int, int]

    def found(self, desktop, peer):
        """Found a conference."""

    def invite(self, desktop, peer):
        """Invite the friend to it."""

    def join(self, desktop, peer):
        """Accept the friend's invitation."""


class UTox(Client):
    command, profile = ["utox", "--allow-root"], "tox_save.tox"
    friend_at, conference_at = (60, 92), (100, 145)

    def found(self, desktop, peer):
        desktop.click(peer, 100, 140)
        desktop.click(peer, 344, 137)

    def invite(self, desktop, peer):
        desktop.drag(peer, *self.friend_at, self.conference_at[1])

    def join(self, desktop, peer):
        """It joins whatever it is invited to."""


class QTox(Client):
    """Its conferences are with audio, of which there is nothing yet."""

    command, profile = ["qtox", "-p", "test"], "test.tox"
    friend_at, conference_at = (100, 110), (100, 108)

    def found(self, desktop, peer):
        self._show_conferences(desktop, peer)
        desktop.click(peer, 516, 68)
        # it asks for the name at once
        desktop.do("key", "Return")

    def _show_conferences(self, desktop, peer):
        desktop.click(peer, 90, 402)

    def invite(self, desktop, peer):
        # above the friend there is the conference now
        desktop.click(peer, 100, 133, 3)
        desktop.click(peer, 180, 172)
        desktop.click(peer, 510, 199)

    def join(self, desktop, peer):
        self._show_conferences(desktop, peer)
        desktop.click(peer, 600, 150)


CLIENTS = {"utox": UTox(), "qtox": QTox()}


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


def repeat(peer, action, condition, what):
    """Do it until the peer sees its effect."""
    for _ in range(TRIES):
        action()
        end = time.monotonic() + TYPED_S
        peer.until(lambda end=end: condition() or time.monotonic() > end)
        if condition():
            return
    raise AssertionError(what)


def confer(client, desktop, peer):
    """A conference of the client's, and one of the peer's."""
    core = peer.core
    client.found(desktop, peer)
    repeat(peer, lambda: client.invite(desktop, peer), lambda: peer.invites, "no invitation came")
    invite = peer.invites[0]
    join = core.toxav_join_av_groupchat if invite.type == AV else core.conference_join
    number = join(invite.friend_number, invite.cookie)
    peer.until(lambda: core.conference_peer_count(number) == 2)
    core.conference_send_message(number, 0, b"hello conference")
    peer.until(lambda: "hello conference" in peer.heard)

    def answer():
        desktop.do("mousemove", *client.conference_at, "click", 1, "type", "hello from a window")
        desktop.do("key", "Return")

    repeat(peer, answer, lambda: "hello from a window" in peer.heard, peer.heard)

    own = core.conference_new()
    core.conference_invite(0, own)
    repeat(
        peer,
        lambda: client.join(desktop, peer),
        lambda: core.conference_peer_count(own) == 2,
        "the client did not join",
    )


@pytest.mark.parametrize("name", [of_package("utox", "utox"), "qtox"])
def test_it_starts_gets_online_chats_and_confers(toxic_network, desktop, peer, tmp_path, name):
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

        def answer():
            desktop.do("mousemove", *client.friend_at, "click", 1)
            desktop.do("type", "hello friend")
            desktop.do("key", "Return")

        repeat(peer, answer, lambda: peer.messages, "nothing was typed")
        assert peer.messages[:1] == ["hello friend"]
        confer(client, desktop, peer)
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(TIMEOUT_S)
