"""The functions of a ToxAV of which no glue can be generated: what `toxpy.capi` is for a Tox.

Imported by the first toxav_new. Everything is addressed by the Tox of the ToxAV, and a ToxAV that has ended
reaches none of this. Frames go from the decoder to the program without a copy and without the interpreter's
lock, in the thread that calls toxav_iterate.
"""

from __future__ import annotations

from _toxcore import ffi, lib  # type: ignore[import-not-found]
from _toxcore_glue import DELIVER  # type: ignore[import-not-found]

from toxpy.capi_instances import bare, calls, calls_of_media, instances, on_unexpected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Callbacks by index: events, and behind them frames.
_EVENTS = [deliver.__name__.removeprefix("deliver_") for deliver in DELIVER]
_AUDIO, _VIDEO = len(_EVENTS), len(_EVENTS) + 1
_NAMES = [*_EVENTS, "toxav_audio_receive_frame", "toxav_video_receive_frame"]
_OF_CALLS = [index for index, name in enumerate(_NAMES) if name.startswith("toxav_")]

_address_of = ffi.from_buffer


def begin(tox: int, locked: Any) -> None:
    """There is a ToxAV; `locked` are its calls for threads that wait for each other."""
    calls[tox] = locked
    calls_of_media[tox] = bare[tox].calls


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_toxav_kill(tox: int) -> None:
    """toxav_kill."""
    ending = calls[tox]
    instance = instances[tox]
    del calls[tox], calls_of_media[tox]
    for index in _OF_CALLS:
        instance.callbacks[index] = 0
    instance.av_object = 0
    ending.toxav_kill()


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_toxav_set_callback(tox: int, index: int, callback: int, user_data: int) -> None:
    """All toxav_callback_*."""
    there = calls[tox]
    instances[tox].callbacks[index] = (callback, user_data) if callback else 0
    there.toxav_listen(_NAMES[index].removeprefix("toxav_"), callback != 0)


@ffi.def_extern(onerror=on_unexpected)  # type: ignore[untyped-decorator]
def py_toxav_iterate(tox: int, audio: bool, video: bool) -> None:
    """toxav_iterate, toxav_audio_iterate and toxav_video_iterate."""
    there = calls_of_media[tox]
    callbacks = instances[tox].callbacks

    def hear(friend_number: int, decoder: Any) -> None:
        listener = callbacks[_AUDIO]
        if listener:
            callback, user_data = listener
            pcm = _address_of("int16_t[]", decoder.pcm())
            form = decoder.samples, decoder.channels, decoder.rate
            lib.toxpy_call_toxav_audio_receive_frame(callback, tox, friend_number, pcm, *form, user_data)

    def see(friend_number: int, decoder: Any) -> None:
        listener = callbacks[_VIDEO]
        if listener:
            callback, user_data = listener
            planes = map(_address_of, decoder.planes())
            form = decoder.width, decoder.height, *planes, *decoder.strides
            lib.toxpy_call_toxav_video_receive_frame(callback, tox, friend_number, *form, user_data)

    if audio and video:
        there.toxav_iterate(hear, see)
    elif audio:
        there.toxav_audio_iterate(hear)
    else:
        there.toxav_video_iterate(see)
