"""Debian's uTox and qTox, unmodified, on our library, in calls with a friend on Debian's.

They have a microphone that says a tone, a speaker that is heard, and for a camera the part of their screen on
which they show the friend's pictures: so what the friend shows comes back to it. They call and are called,
also by each other, both on our library.
"""

import contextlib
import os
import signal
import struct
import subprocess
import time

import pytest

from tests.interop.test_gui_clients import CLIENTS, Desktop, libraries, profile, repeat
from tests.support.calls import FINISHED, SENDING_A, SENDING_V, Phone
from tests.support.client_peer import Peer, debians_instance, our_instance
from tests.support.marks import picture, picture_number
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


def place(data, x, y):
    """Where a pixel is in X's file: a header, colours of 12 bytes, lines of blue, green, red and nothing.

    And the bytes of a line.
    """
    words = struct.unpack(">25I", data[:100])
    return words[0] + words[19] * 12 + y * words[12] + x * 4, words[12]


class Screen(Desktop):
    """A desktop of which one can read the numbers in pictures."""

    def number(self, x, y, width):
        """In that part of a line."""
        data = self.shown.read_bytes()
        start, _ = place(data, x, y)
        return picture_number(data[start + 1 : start + width * 4 : 4])

    def is_coloured(self, x, y):
        """True for green and yellow: the dot of a friend who is online."""
        data = self.shown.read_bytes()
        start, _ = place(data, x, y)
        return data[start + 1] > data[start] + 40

    def paint(self, number, x, y, width, height):
        """Put a picture where no window is."""
        line = b"".join(
            bytes((value, value, value, 0)) for value in picture(number, width, height)[0][:width]
        )
        with self.shown.open("r+b") as shown:
            start, size = place(shown.read(100), x, y)
            for _ in range(height):
                shown.seek(start)
                shown.write(line)
                start += size

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
    #: the dot of the friend; where it shows the other's pictures, a line of it
    online_at, shown_at = (215, 95), (16, 50, 341)

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
    online_at, shown_at = (241, 108), (329, 230, 341)

    def prepare(self, folder, desktop):
        region = "screenGrabbed=true\nscreenRegion=@Rect(330 180 340 100)\n"
        (folder / "qtox.ini").write_text(f"[Video]\n{region}videoDev=x11grab#{desktop.name}\n")

    def choose_camera(self, _desktop, _peer):
        """It has been chosen."""

    def show(self, desktop, phone):
        phone.world.until(lambda: desktop.number(*self.shown_at) == SHOWN, "the picture on the screen")

    def call(self, desktop, peer):
        desktop.click(peer, 100, 110)
        desktop.click(peer, 741, 30)

    def answer(self, desktop, peer):
        desktop.click(peer, 100, 110)
        desktop.click(peer, 689, 122)

    def hang_up(self, desktop, peer):
        desktop.click(peer, 741, 30)


CALLING = {"utox": UTox(), "qtox": QTox()}


class Running:
    """One of them on its desktop, with its sound and a profile of its own."""

    def __init__(self, name, savedata, directory, desktop, sound):
        client, self.name, self.calling = CLIENTS[name], name, CALLING[name]
        self.desktop, self.sound = desktop, sound
        home = directory / "home"
        folder = home / ".config" / "tox"
        folder.mkdir(parents=True, mode=0o700)
        (folder / client.profile).write_bytes(savedata)
        self.calling.prepare(folder, desktop)
        chosen, self.library = our_library()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
        environment |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "LC_ALL": "C.UTF-8"}
        environment |= {"DISPLAY": desktop.name, **sound.environment, **chosen}
        with (directory / "log").open("wb") as output:
            self.process = subprocess.Popen(
                client.command, env=environment, stdout=output, stderr=output, cwd=home
            )

    def is_on_our_library(self):
        """True if it has loaded that one."""
        return libraries(self.process.pid) == {os.path.realpath(self.library)}

    def sees_friend(self):
        """True if the friend is shown to be online."""
        return self.desktop.is_coloured(*self.calling.online_at)

    def sees_picture(self):
        """True if that picture is shown."""
        return self.desktop.number(*self.calling.shown_at) == SHOWN

    def close(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(TIMEOUT_S)


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
    calling = CALLING[name]
    running = Running(name, profile(toxic_network, peer), tmp_path, desktop, sound)
    phone = Phone(Line(peer))
    try:
        phone.world.until(lambda: peer.online, "the client to come online", ONLINE_TIMEOUT_S)
        assert running.is_on_our_library()
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
        assert running.process.poll() is None
    finally:
        phone.close()
        running.close()


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


class Watch:
    """Waits for what two programs do with each other; a peer to a desktop."""

    def until(self, condition, timeout_s=60, what="the desktops to change"):
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, what
            self.step()

    def step(self):
        time.sleep(0.02)


def two_profiles(toxic_network):
    """Of two users who know each other."""
    owners = [Peer(toxic_network.node, our_instance) for _ in range(2)]
    for owner, friend in (owners, reversed(owners)):
        owner.core.user.self_set_name(b"Client")
        owner.core.friends.friend_add_norequest(friend.core.user.self_get_public_key())

    def met():
        for owner in owners:
            owner.step()
        return all(owner.online for owner in owners)

    Watch().until(met, ONLINE_TIMEOUT_S, "two users to meet")
    for owner in owners:
        owner.stop()
    return [owner.savedata for owner in owners]


@contextlib.contextmanager
def both(names, toxic_network, tmp_path):
    """Two programs, friends of each other."""
    made = []
    with contextlib.ExitStack() as ends:
        for name, tone, savedata in zip(names, (SPOKEN, ANSWERED), two_profiles(toxic_network), strict=True):
            folder = tmp_path / name
            folder.mkdir()
            desktop = ends.enter_context(contextlib.closing(Screen(folder)))
            sound = ends.enter_context(contextlib.closing(Sound(folder, tone)))
            running = Running(name, savedata, folder, desktop, sound)
            made.append(ends.enter_context(contextlib.closing(running)))
        yield made


def is_heard(qtox):
    """True while qTox plays what is said at uTox."""
    return qtox.sound.plays(SPOKEN)


def answer_call(callee, qtox, watch):
    """Click until they talk."""
    rung = time.monotonic() + RING_S
    watch.until(lambda: time.monotonic() > rung)
    for _ in range(10):
        callee.calling.answer(callee.desktop, watch)
        end = time.monotonic() + ANSWERED_S
        watch.until(lambda end=end: is_heard(qtox) or time.monotonic() > end)
        if is_heard(qtox):
            return
    raise AssertionError("no answer")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("names", [of_package(("utox", "qtox"), "utox")])
def test_they_call_each_other(names, toxic_network, tmp_path):
    """A picture goes from uTox's screen to qTox's, and from there back."""
    with both(names, toxic_network, tmp_path) as (utox, qtox):
        watch = Watch()
        for one in (utox, qtox):
            watch.until(one.sees_friend, ONLINE_TIMEOUT_S, "a friend online")
            assert one.is_on_our_library()
            one.calling.choose_camera(one.desktop, watch)
        utox.desktop.paint(SHOWN, *utox.calling.area, *SIZE)
        for caller, callee in ((utox, qtox), (qtox, utox)):
            caller.calling.call(caller.desktop, watch)
            answer_call(callee, qtox, watch)
            if caller is utox:
                # later it is silent, see UTox
                watch.until(lambda: utox.sound.plays(ANSWERED), what="sound at uTox")
            for one in (qtox, utox):
                watch.until(one.sees_picture, what=f"the picture at {one.name}")
            caller.calling.hang_up(caller.desktop, watch)
            watch.until(lambda: not is_heard(qtox), what="the end of the call")
        assert [one.process.poll() for one in (utox, qtox)] == [None, None]
