"""Debian's uTox and qTox, unmodified, on our library, in calls with a friend on Debian's.

They have a microphone that says a tone, a speaker that is heard, and for a camera the part of their screen on
which they show the friend's pictures: so what the friend shows comes back to it. They call and are called.
"""

import os
import signal
import struct
import subprocess
import time

import pytest

from tests.interop.test_gui_clients import CLIENTS, Desktop, libraries, profile, repeat
from tests.support.calls import FINISHED, SENDING_A, SENDING_V, Phone
from tests.support.client_peer import Peer, debians_instance
from tests.support.marks import picture_number
from tests.support.release import of_package
from tests.support.sound import Sound
from tests.support.toxic import ONLINE_TIMEOUT_S, TIMEOUT_S, our_library

#: What the client says, what the friend says and shows.
SPOKEN, ANSWERED, SHOWN = 5, 2, 0b10100101
SIZE = 320, 240
#: How long it rings, seconds.
RING_S = 2
#: Until a click has answered a call, seconds.
ANSWERED_S = 5


class Screen(Desktop):
    """A desktop of which one can read the numbers in pictures."""

    def number(self, x, y, width):
        """In that part of a line."""
        data = self.shown.read_bytes()
        words = struct.unpack(">25I", data[:100])
        # X's file: a header, colours of 12 bytes, lines of blue, green, red and nothing
        start = words[0] + words[19] * 12 + y * words[12] + x * 4
        return picture_number(data[start + 1 : start + width * 4 : 4])

    def move(self, size, x, y):
        """Move the window of that size, and leave it there."""
        names = dict(os.environ, DISPLAY=self.name)

        def ask(*words):
            ran = subprocess.run(
                ["xdotool", *words], env=names, capture_output=True, text=True, timeout=TIMEOUT_S
            )
            return ran.stdout

        for window in ask("search", "--name", "").split():
            if "Geometry: {}x{}".format(*size) in ask("getwindowgeometry", window):
                self.do("windowmove", window, x, y)


class UTox:
    """Its camera is an area of the screen that one drags; its pictures have a window of their own.

    It plays the sound of its first call only, on the real library as well.
    """

    area, plays_again = (680, 460), False

    def prepare(self, _folder, _desktop):
        """Nothing to write."""

    def choose_camera(self, desktop, peer):
        for place in ((214, 485), (500, 48), (420, 296), (420, 320)):
            desktop.click(peer, *place)
        x, y = self.area
        desktop.do("mousemove", x, y, "mousedown", 1)
        for step in (80, 160, 240):
            desktop.do("mousemove", x + step * SIZE[0] // 240 - 1, y + step - 1)
        desktop.do("mouseup", 1)

    def show(self, desktop, phone):
        """Wait for the picture, and see that the camera sees it."""
        x, y = self.area
        # the window stays where it was moved to
        places = (0, 230), (x, y + 120)
        phone.world.until(
            lambda: any(desktop.number(*place, SIZE[0]) == SHOWN for place in places),
            "the picture on the screen",
        )
        desktop.move(SIZE, x, y)

    def call(self, desktop, peer):
        desktop.click(peer, 60, 92)
        desktop.click(peer, 713, 30)

    def answer(self, desktop, peer):
        desktop.click(peer, 60, 92)
        desktop.click(peer, 713, 30)

    def hang_up(self, desktop, peer):
        desktop.click(peer, 652, 30)


class QTox:
    """Its camera is in its settings; it shows pictures in its window."""

    plays_again = True

    def prepare(self, folder, desktop):
        region = "screenGrabbed=true\nscreenRegion=@Rect(330 180 340 100)\n"
        (folder / "qtox.ini").write_text(f"[Video]\n{region}videoDev=x11grab#{desktop.name}\n")

    def choose_camera(self, _desktop, _peer):
        """It has been chosen."""

    def show(self, desktop, phone):
        phone.world.until(lambda: desktop.number(329, 230, 341) == SHOWN, "the picture on the screen")

    def call(self, desktop, peer):
        desktop.click(peer, 100, 110)
        desktop.click(peer, 741, 30)

    def answer(self, desktop, peer):
        desktop.click(peer, 689, 122)

    def hang_up(self, desktop, peer):
        desktop.click(peer, 741, 30)


CALLING = {"utox": UTox(), "qtox": QTox()}


class Line:
    """A client's friend as `Phone` wants it: the actor and its world."""

    simulated = False

    def __init__(self, peer):
        self.peer, self.tox, self.world, self.name, self.phone = peer, peer.core, self, "the friend", None

    def now_ms(self):
        return time.monotonic_ns() // 1_000_000

    def run_with(self, _actor, phone):
        self.phone = phone

    def run_without(self, _actor, _phone):
        self.phone = None

    def until(self, condition, what="the desktop to change", timeout_s=60):
        def passed():
            self.phone.iterate()
            return condition()

        self.peer.until(passed, timeout_s, lambda: what)

    def step(self):
        """As the desktop wants it while it waits."""
        self.peer.step()
        self.phone.iterate()


@pytest.fixture
def desktop(tmp_path):
    made = Screen(tmp_path)
    yield made
    made.close()


@pytest.fixture
def peer(toxic_network):
    made = Peer(toxic_network.node, debians_instance)
    yield made
    made.core.kill()


@pytest.fixture
def sound(tmp_path):
    made = Sound(tmp_path, SPOKEN)
    yield made
    made.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [of_package("utox", "utox"), "qtox"])
def test_calls_with_sound_and_pictures(toxic_network, desktop, peer, sound, tmp_path, name):
    client, calling = CLIENTS[name], CALLING[name]
    home = tmp_path / "home"
    folder = home / ".config" / "tox"
    folder.mkdir(parents=True, mode=0o700)
    (folder / client.profile).write_bytes(profile(toxic_network, peer))
    calling.prepare(folder, desktop)
    chosen, path = our_library()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
    environment |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "LC_ALL": "C.UTF-8"}
    environment |= {"DISPLAY": desktop.name, **sound.environment, **chosen}
    phone = Phone(Line(peer))
    with (tmp_path / "log").open("wb") as output:
        process = subprocess.Popen(client.command, env=environment, stdout=output, stderr=output, cwd=home)
    try:
        phone.world.until(lambda: peer.online, "the client to come online", ONLINE_TIMEOUT_S)
        assert libraries(process.pid) == {os.path.realpath(path)}
        calling.choose_camera(desktop, peer)
        line = phone.world
        repeat(line, lambda: calling.call(desktop, line), lambda: phone.calls, "the client does not call")
        assert phone.answer() == (True, True)
        talk(phone, sound, desktop, calling)
        calling.hang_up(desktop, phone.world)
        until_state(phone, lambda state: state == FINISHED)

        phone.call()
        answer(phone, desktop, calling)
        talk(phone, sound, desktop, calling, plays=calling.plays_again)
        phone.hang_up()
        phone.world.until(lambda: not sound.plays(ANSWERED), "the client to be silent")
        assert process.poll() is None
    finally:
        phone.close()
        process.send_signal(signal.SIGKILL)
        process.wait(TIMEOUT_S)


def answer(phone, desktop, calling):
    """Click until the client has taken the call: it shows it a moment after it came."""
    rung = time.monotonic() + RING_S
    phone.world.until(lambda: time.monotonic() > rung)
    for _ in range(10):
        calling.answer(desktop, phone.world)
        end = time.monotonic() + ANSWERED_S
        phone.world.until(lambda end=end: phone.states or time.monotonic() > end, "an answer")
        if phone.states:
            until_state(phone, lambda state: state & SENDING_A and state & SENDING_V)
            return
    raise AssertionError(f"the client does not answer: {phone.states}")


def until_state(phone, is_it):
    """The state may change more than once on the way."""
    phone.world.until(lambda: any(is_it(state) for _, state in phone.states), f"a state, has {phone.states}")
    phone.states.clear()


def talk(phone, sound, desktop, calling, *, plays=True):
    """Tones both ways, and a picture there and back."""
    phone.size, phone.tone, phone.picture = SIZE, ANSWERED, SHOWN
    phone.hears(SPOKEN)
    if plays:
        phone.world.until(lambda: sound.plays(ANSWERED), "the friend's tone from the speaker")
    calling.show(desktop, phone)
    phone.sees(SHOWN)
