"""Audio of a conference on either side: the real library, our C library by the same functions, our core."""

import ctypes as c
import math
from array import array

from toxpy.conference.audio import ConferenceAudioFrame
from toxpy.core import Core

RATE = 48_000
SAMPLES = 960
FRAME_S = SAMPLES / RATE
_DATA_CB = c.CFUNCTYPE(
    None,
    c.c_void_p,
    c.c_uint32,
    c.c_uint32,
    c.POINTER(c.c_int16),
    c.c_uint,
    c.c_uint8,
    c.c_uint32,
    c.c_void_p,
)
_USER_DATA = 0x70C


class Audio:
    """Of an `Actor` of `tests.support.worlds`; `heard` has (conference, peer, PCM, channels, rate)."""

    def __init__(self, actor):
        self.actor = actor
        self.heard = []
        self.ours = isinstance(actor.tox, Core)
        self.phase = 0
        if not self.ours:
            self._callback = _DATA_CB(self._on_frame)
            self._lib, self._tox = actor.tox.lib, actor.tox.tox

    def _on_frame(self, tox, conference, peer, pcm, samples, channels, rate, user_data):
        assert (tox, user_data) == (self._tox.value, _USER_DATA)
        data = c.string_at(pcm, samples * channels * 2)
        self.heard.append((conference, peer, data, channels, rate))

    def _call(self, name, *arguments):
        function = getattr(self._lib, "toxav_" + name)
        function.restype = c.c_bool if name.endswith("enabled") else c.c_int32
        return function(self._tox, *arguments)

    def _call_ours(self, name, *arguments):
        return getattr(self.actor.tox.conference_audio, "toxav_" + name)(*arguments)

    def found(self):
        """A new conference."""
        if self.ours:
            return self._call_ours("add_av_groupchat")
        return self._call("add_av_groupchat", self._callback, c.c_void_p(_USER_DATA))

    def join(self, friend_number, cookie):
        """Accept an invitation."""
        if self.ours:
            return self._call_ours("join_av_groupchat", friend_number, cookie)
        data = cookie, c.c_uint16(len(cookie)), self._callback, c.c_void_p(_USER_DATA)
        return self._call("join_av_groupchat", c.c_uint32(friend_number), *data)

    def enable(self, number=0):
        """Also after a restart."""
        if self.ours:
            return self._call_ours("groupchat_enable_av", number)
        return self._call("groupchat_enable_av", c.c_uint32(number), self._callback, c.c_void_p(_USER_DATA))

    def disable(self, number=0):
        """For a while."""
        if self.ours:
            return self._call_ours("groupchat_disable_av", number)
        return self._call("groupchat_disable_av", c.c_uint32(number))

    def enabled(self, number=0):
        """Is it."""
        if self.ours:
            return self._call_ours("groupchat_av_enabled", number)
        return self._call("groupchat_av_enabled", c.c_uint32(number))

    def send(self, pcm, samples, channels, rate, number=0):
        """One frame."""
        if self.ours:
            return self._call_ours("group_send_audio", number, pcm, samples, channels, rate)
        form = c.c_uint(samples), c.c_uint8(channels), c.c_uint32(rate)
        return self._call("group_send_audio", c.c_uint32(number), pcm, *form)

    def tone(self, frequency, channels=1, rate=RATE):
        """20 ms of a tone, which goes on in the next frame."""
        samples = rate // 50
        step = 2 * math.pi * frequency / rate
        wave = array("h")
        for i in range(samples):
            wave.extend([int(12_000 * math.sin(self.phase + step * i))] * channels)
        self.phase += step * samples
        return self.send(wave.tobytes(), samples, channels, rate)

    def frames(self):
        """What was heard so far: (conference, peer, PCM, channels, rate) of each frame."""
        if self.ours:
            frames = [event for event in self.actor.seen if isinstance(event, ConferenceAudioFrame)]
            self.actor.seen = [
                event for event in self.actor.seen if not isinstance(event, ConferenceAudioFrame)
            ]
            return [(f.conference_number, f.peer_number, f.pcm, f.channels, f.sample_rate) for f in frames]
        heard, self.heard = self.heard, []
        return heard

    def take(self):
        """What was heard so far: (peer's key, frequency, channels) of each frame."""
        key = self.actor.conference_peer_get_public_key
        return [
            (key(number, peer), frequency_of(pcm, channels, rate), channels)
            for number, peer, pcm, channels, rate in self.frames()
        ]


def frequency_of(pcm, channels, rate):
    """By how often a wave goes up through zero."""
    wave = array("h", pcm)[::channels]
    ups = sum(a < 0 <= b for a, b in zip(wave, wave[1:], strict=False))
    return ups * rate / len(wave)
