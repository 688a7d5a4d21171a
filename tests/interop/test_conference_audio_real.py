"""Audio in conferences together with the real library: a tone per speaker comes out at everybody else's."""

import threading
import time

import pytest

from tests.support import compiled_avcodecs
from tests.support.conference_audio import FRAME_S, Audio
from tests.support.prefix import library_dir
from tests.support.real_tox import RealTox
from tests.support.worlds import LoopbackWorld
from toxpy.generated import events

#: Hz, so far from each other that 20 ms of one are never taken for another.
TONES = {"alice": 500, "bob": 1000, "carol": 1500}
FRAMES = 40
#: A frame that leaves later comes in a burst with others: this process was kept from running.
LATE_S = 0.04


@pytest.fixture(scope="module", autouse=True)
def codecs(tmp_path_factory):
    """The real ones."""
    compiled_avcodecs.use(tmp_path_factory)


class World(LoopbackWorld):
    """Some are the real library, some our C library, and the others our core."""

    def __init__(self, real, clib):
        super().__init__(real=real)
        self.clib = clib

    def make(self, name, **options):
        if name in self.clib:
            return RealTox(library=str(library_dir() / "libtoxcore.so.2"), **options)
        return super().make(name, **options)


@pytest.fixture
def worlds():
    """Makes worlds."""
    made = []

    def make(real, clib=()):
        made.append(World(real, clib))
        return made[-1]

    yield make
    for world in made:
        world.close()


def three(world):
    """Alice founds, bob is her friend and carol his: their audio."""
    alice, bob = world.friends()
    carol = world.actor("carol")
    carol.bootstrap_to(world.actors[0])
    number = bob.friend_add_norequest(carol.self_get_public_key())
    carol.friend_add_norequest(bob.self_get_public_key())
    world.until(lambda: bob.is_online(number) and carol.is_online(), "bob and carol to be online", 120)
    sides = {actor.name: Audio(actor) for actor in (alice, bob, carol)}
    assert sides["alice"].found() == 0
    for inviter, friend_number, guest in ((alice, 0, bob), (bob, number, carol)):
        inviter.conference_invite(friend_number, 0)
        invite = guest.wait(events.ConferenceInvite, type=1)
        assert sides[guest.name].join(invite.friend_number, invite.cookie) == 0
        guest.wait(events.ConferenceConnected)
    world.until(
        lambda: all(side.actor.conference_peer_count(0) == 3 for side in sides.values()), "three peers each"
    )
    return sides


def speak(world, side, tone, channels=1, rate=48_000):
    """Some frames, one every 20 ms: how many left so late that a jitter buffer may leave them out."""
    begin, sent, late = time.monotonic(), 0, 0

    def said():
        nonlocal begin, sent, late
        while sent < FRAMES and time.monotonic() >= begin + sent * FRAME_S:
            if side.tone(tone, channels, rate) == 0:
                late += time.monotonic() > begin + sent * FRAME_S + LATE_S
                sent += 1
            else:
                # there is no link yet
                assert sent == 0
                begin = time.monotonic() + FRAME_S
                break
        return sent == FRAMES

    world.until(said, "all to be said")
    return late


def hears(world, side, speaker, tone, channels, late):
    """Nearly all frames of the speaker come, once, and are of its tone."""
    key, frames = speaker.actor.self_get_public_key(), []

    def enough():
        # what is left of the speaker before is a concealed frame or two
        frames.extend(frame for frame in side.take() if frame[0] == key)
        return len(frames) >= FRAMES - 2 - late

    world.until(enough, f"{side.actor.name} to hear {speaker.actor.name}")
    world.run_for(0.1)
    assert not enough() or {frame[2] for frame in frames} == {channels}
    # a few more than were said are concealed ones: after the last, and in place of one that comes too late
    assert len(frames) <= FRAMES + 4 + late
    right = [frame for frame in frames if abs(frame[1] - tone) <= 100]
    assert len(right) >= FRAMES - 6 - 2 * late, [frame[1] for frame in frames]


@pytest.mark.parametrize(
    ("real", "clib"),
    [(("alice", "node0"), ("carol",)), (("bob", "node1"), ()), (("bob", "carol", "node0"), ("alice",))],
)
def test_everybody_hears_everybody(worlds, real, clib):
    audio_world = worlds(real, clib)
    sides = three(audio_world)
    for turn, (name, tone) in enumerate(TONES.items()):
        channels, rate = ((1, 48_000), (2, 48_000), (1, 16_000))[turn]
        late = speak(audio_world, sides[name], tone, channels, rate)
        for other, side in sides.items():
            if other != name:
                hears(audio_world, side, sides[name], tone, channels, late)


def test_answers_and_what_a_save_has(worlds):
    audio_world = worlds(("bob", "node0"), ("carol",))
    sides = three(audio_world)
    for name, side in sides.items():
        assert side.enabled() and side.enable() == -1
        assert side.send(bytes(1920), 960, 3, 48_000) == side.send(bytes(1920), 960, 1, 44_100) == -1
        assert side.send(bytes(1920), 961, 1, 48_000) == -1
        assert side.disable() == 0 and side.disable() == -1 and not side.enabled()
        assert side.send(bytes(1920), 960, 1, 48_000) == -1
        assert side.enable(1) == side.disable(1) == -1 and not side.enabled(1)
        text = side.actor.conference_new()
        assert side.enable(text) == -1 and side.send(bytes(1920), 960, 1, 48_000, text) == -1
        assert side.enable() == 0
        again = Audio(side.actor.restart())
        assert not again.enabled() and again.actor.conference_get_type(0) == 1
        assert again.enable() == 0 and again.enabled()
        sides[name] = again
        audio_world.run_for(0.1)


def test_a_thread_of_its_own_sends(worlds):
    """As qTox does, in C without locks: the other thread is in tox_iterate nearly all the time."""
    world = worlds((), ("alice", "bob"))
    sides = three(world)
    alice, key = sides["alice"], sides["alice"].actor.self_get_public_key()
    answers, heard = [], {"bob": 0, "carol": 0}

    def say():
        # a busy machine is late with many: those are not played
        while min(heard.values()) < 50 and len(answers) < 5_000:
            answers.append(alice.tone(TONES["alice"], rate=8_000))
            time.sleep(0.005)

    def is_heard():
        for name in heard:
            heard[name] += sum(frame[0] == key for frame in sides[name].take())
        return not thread.is_alive()

    thread = threading.Thread(target=say)
    thread.start()
    world.pause_s = 0
    world.until(is_heard, "all to be said")
    thread.join()
    assert answers == [0] * len(answers)
    assert min(heard.values()) >= 50
