"""toxav of the real library, or of any other with the C API, through ctypes; see `real_tox`."""

from __future__ import annotations

import ctypes as c

from tests.support.marks import picture_number, tone_number
from tests.support.real_tox import ctype, header
from toxpy.errors import ToxError

#: Those that say what a call does; frames have others.
SIGNALS = ("call", "call_state", "audio_bit_rate", "video_bit_rate")


class RealCalls:
    """The calls of a RealTox: its functions under their C names, and what was reported.

    `told(name, friend_number, *values)` hears of callbacks, `heard(friend_number, number, samples, channels,
    rate)` and `shown(friend_number, number, width, height)` of frames, whose marks have been read.
    Callbacks named in `without` are not set.
    """

    def __init__(self, tox, told, heard, shown, without=()):
        self.lib, self.told, self.heard, self.shown = tox.lib, told, heard, shown
        self._callbacks = []
        error = c.c_int(-1)
        self.lib.toxav_new.restype = c.c_void_p
        pointer = self.lib.toxav_new(tox.tox, c.byref(error))
        if not pointer:
            raise ToxError(error.value, "toxav_new")
        self.av = c.c_void_p(pointer)
        makers = {name: self._teller(name) for name in SIGNALS}
        makers |= {"audio_receive_frame": self._on_audio, "video_receive_frame": self._on_video}
        for name, function in makers.items():
            if name not in without:
                self._set(name, function)

    def _set(self, name, function):
        params = header().callbacks[f"toxav_{name}_cb"].params
        prototype = c.CFUNCTYPE(None, *[ctype(param.type) for param in params])
        self._callbacks.append(prototype(function))
        getattr(self.lib, "toxav_callback_" + name)(self.av, self._callbacks[-1], None)

    def _teller(self, name):
        return lambda _av, friend, *values: self.told(name, friend, *values[:-1])

    def _on_audio(self, _av, friend, pcm, samples, channels, rate, _user):
        pcm = c.string_at(pcm, samples * channels * 2)
        self.heard(friend, tone_number(pcm, channels, rate), samples, channels, rate)

    def _on_video(self, _av, friend, width, height, y, _u, _v, stride, *_rest):
        self.shown(friend, picture_number(c.string_at(y + height // 2 * stride, width)), width, height)

    def __getattr__(self, name):
        function = header().functions.get(name)
        if function is None or not name.startswith("toxav_"):
            raise AttributeError(name)
        return lambda *values: self._call(function, values)

    def _call(self, function, values):
        """Buffers are given as bytes; ToxError when it reports an error."""
        params = [param for param in function.params[1:] if param != function.error]
        words = [
            value if param.type.pointers else ctype(param.type)(value)
            for param, value in zip(params, values, strict=True)
        ]
        called = getattr(self.lib, function.name)
        called.restype = ctype(function.result)
        if function.error is None:
            return called(self.av, *words)
        error = c.c_int(-1)
        result = called(self.av, *words, c.byref(error))
        if error.value != 0:
            raise ToxError(error.value, function.name)
        return result

    def iterate(self):
        """What the thread of calls does."""
        self.toxav_iterate()

    def kill(self):
        """End all calls; repeating it is harmless."""
        if self.av is not None:
            self.toxav_kill()
            self.av = None
