"""Telephones for actors: they call, answer, send marked frames and read the marks of those that come."""

from __future__ import annotations

from tests.support.marks import picture, picture_number, tone, tone_number
from tests.support.real_calls import RealCalls
from toxpy.errors import ToxError
from toxpy.generated import enums
from toxpy.media.codecs import load

ERROR, FINISHED = enums.TOXAV_FRIEND_CALL_STATE_ERROR, enums.TOXAV_FRIEND_CALL_STATE_FINISHED
SENDING_A, SENDING_V = enums.TOXAV_FRIEND_CALL_STATE_SENDING_A, enums.TOXAV_FRIEND_CALL_STATE_SENDING_V
ACCEPTING_A = enums.TOXAV_FRIEND_CALL_STATE_ACCEPTING_A
ACCEPTING_V = enums.TOXAV_FRIEND_CALL_STATE_ACCEPTING_V
#: What a friend is told who may hear and see everything.
ALL = SENDING_A | SENDING_V | ACCEPTING_A | ACCEPTING_V
#: What a program with camera and microphone does, ms.
TONE_MS, PICTURE_MS = 20, 100
AUDIO_KBIT, VIDEO_KBIT = 48, 500
#: First byte of a report on what was lost.
BANDWIDTH = b"\xc4"
#: How often a telephone looks what there is to do, ms.
TICK_MS = 10
WIDTH, HEIGHT = 160, 96


#: The callbacks, and the events that ours are; what has none is a frame.
CALLBACKS = {
    "ToxavCall": "call",
    "ToxavCallState": "call_state",
    "ToxavAudioBitRate": "audio_bit_rate",
    "ToxavVideoBitRate": "video_bit_rate",
    "audio": "audio_receive_frame",
    "video": "video_receive_frame",
}


class OurCalls:
    """The calls of a core of ours, as RealCalls has those of the C API."""

    def __init__(self, actor, heard, shown, without=(), codecs=None):
        self.heard, self.shown = heard, shown
        self.calls = actor.tox.calls
        self.calls.codecs = codecs or load(standin=actor.world.simulated)
        self.calls.toxav_new()
        for name in CALLBACKS.values():
            self.calls.toxav_listen(name, name not in without)

    def __getattr__(self, name):
        return getattr(self.calls, name)

    def iterate(self):
        """What the thread of calls does."""
        self.calls.toxav_iterate(self._on_audio, self._on_video)

    def _on_audio(self, friend, decoder):
        pcm, rate, channels = bytes(decoder.pcm()), decoder.rate, decoder.channels
        self.heard(friend, tone_number(pcm, channels, rate), decoder.samples, channels, rate)

    def _on_video(self, friend, decoder):
        y, _u, _v = decoder.planes()
        at = decoder.height // 2 * decoder.strides[0]
        line = bytes(y[at : at + decoder.width])
        self.shown(friend, picture_number(line), decoder.width, decoder.height)

    def kill(self):
        """End all calls."""
        self.calls.toxav_kill()


class Phone:
    """What an actor does in calls, and everything that came; `tone` and `picture` are what it sends."""

    def __init__(self, actor, without=(), codecs=None, picture_ms=PICTURE_MS):
        self.actor, self.world = actor, actor.world
        self.calls, self.states, self.rates = [], [], []
        self.tones, self.pictures, self.refused = [], [], []
        #: to whom it speaks: friend numbers
        self.audience = [0]
        self.tone = self.picture = None
        self.size, self.every_ms = (WIDTH, HEIGHT), picture_ms
        self.format = 960, 1, 48000
        if hasattr(actor.tox, "lib"):
            self.av = RealCalls(actor.tox, self._told, self._heard, self._shown, without)
        else:
            self.av = OurCalls(actor, self._heard, self._shown, without, codecs)
        self.next_ms = self.tone_ms = self.picture_ms = self.world.now_ms()
        self.world.run_with(actor, self)

    # what comes

    def _told(self, name, friend, *values):
        kept = {"call": self.calls, "call_state": self.states}.get(name, self.rates)
        kept.append((friend, *values) if kept is not self.rates else (name, friend, *values))

    def _heard(self, friend, number, samples, channels, rate):
        self.tones.append((friend, number, samples * 1000 // rate, channels, rate))

    def _shown(self, friend, number, width, height):
        self.pictures.append((friend, number, width, height))

    def collect(self):
        """Take what a core of ours reports among its events."""
        for event in list(self.actor.seen):
            name = CALLBACKS.get(type(event).__name__)
            if name is not None:
                self.actor.seen.remove(event)
                self._told(name, *(getattr(event, field) for field in event.__slots__ if field != "owner"))

    # running

    def iterate(self):
        """Send what is due, and see to what came."""
        now_ms = self.world.now_ms()
        if now_ms < self.next_ms:
            return
        self.next_ms = now_ms + TICK_MS
        self.tone_ms = max(self.tone_ms, now_ms - 5 * TONE_MS)
        while self.tone_ms <= now_ms:
            self.tone_ms += TONE_MS
            if self.tone is not None:
                samples, channels, rate = self.format
                self._send("audio", tone(self.tone, *self.format), samples, channels, rate)
        if self.picture_ms <= now_ms:
            self.picture_ms = max(self.picture_ms + self.every_ms, now_ms)
            if self.picture is not None:
                self._send("video", *self.size, *picture(self.picture, *self.size))
        self.av.iterate()

    def _send(self, kind, *values):
        send = getattr(self.av, f"toxav_{kind}_send_frame")
        for friend in self.audience:
            try:
                send(friend, *values)
            except ToxError as error:
                self.refused.append((kind, error.code))

    # what a user does

    def call(self, friend=0, audio=AUDIO_KBIT, video=VIDEO_KBIT):
        self.av.toxav_call(friend, audio, video)

    def answer(self, friend=0, audio=AUDIO_KBIT, video=VIDEO_KBIT):
        """Wait until it rings, and answer: (audio, video) of the call."""
        (_, *kinds) = self.rings(friend)
        self.av.toxav_answer(friend, audio, video)
        return tuple(map(bool, kinds))

    def control(self, name, friend=0):
        self.av.toxav_call_control(friend, getattr(enums, "TOXAV_CALL_CONTROL_" + name))

    def hang_up(self, friend=0):
        self.control("CANCEL", friend)

    def talks_to(self, friend=0):
        """True in an answered call."""
        try:
            self.av.toxav_audio_set_bit_rate(friend, AUDIO_KBIT)
        except ToxError:
            return False
        return True

    def forget(self):
        """What came until now."""
        for kept in (self.rates, self.tones, self.pictures, self.refused):
            kept.clear()

    # what a user waits for

    def rings(self, friend=0, timeout_s=30):
        """The call that friend makes."""
        self.world.until(
            lambda: any(call[0] == friend for call in self.calls), self._what("a call"), timeout_s
        )
        found = next(call for call in self.calls if call[0] == friend)
        self.calls.remove(found)
        return found

    def state(self, wanted, friend=0, timeout_s=60):
        """Wait until the call with that friend is in this state, and nothing else is reported before."""
        self.world.until(
            lambda: any(state[0] == friend for state in self.states), self._what(f"state {wanted}"), timeout_s
        )
        found = next(state for state in self.states if state[0] == friend)
        self.states.remove(found)
        assert found == (friend, wanted), (found, wanted, self.states)

    def hears(self, number, friend=0, timeout_s=20):
        """Wait for that tone, from now on."""
        self.tones.clear()
        self.world.until(
            lambda: any(tone[:2] == (friend, number) for tone in self.tones),
            self._what(f"tone {number}"),
            timeout_s,
        )

    def sees(self, number, friend=0, timeout_s=20):
        """Wait for that picture, from now on."""
        self.pictures.clear()
        self.world.until(
            lambda: any(picture[:2] == (friend, number) for picture in self.pictures),
            self._what(f"picture {number}"),
            timeout_s,
        )

    def report(self, lost, received, friend=0):
        """Tell a friend, as c-toxcore does, how many bytes of its media were lost, of those that came."""
        packet = BANDWIDTH + lost.to_bytes(4, "big") + received.to_bytes(4, "big")
        self.actor.friend_send_lossy_packet(friend, packet)

    def _what(self, what):
        return f"{self.actor.name} to get {what}"

    def abandon(self):
        """Leave an instance of the real library as it is: at its end it would crash."""
        self.world.run_without(self.actor, self)
        self.world.actors.remove(self.actor)

    def close(self):
        """The end of its calls."""
        self.world.run_without(self.actor, self)
        self.av.kill()


def silence(*speakers):
    """They send nothing more."""
    for phone in speakers:
        phone.tone = phone.picture = None


def fails(code, call, *args):
    """That call has the error of this name."""
    try:
        call(*args)
    except ToxError as error:
        assert error.code == getattr(enums, code), (code, error)
    else:
        raise AssertionError(f"no {code}")


def phones(world, *actors, **options):
    """A telephone for each."""
    return [Phone(actor, **options) for actor in actors]
