"""The calls' part of `Tox`: the functions of the C API, and frames of sound and pictures for handlers.

Calls are off until they are asked for. Until then a friend who calls is told at once that nobody answers, so
that it does not ring for ever. `toxav_new` turns them on, and a friend's call is a `ToxavCall`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from toxpy.arguments import U32_MAX, as_kind, as_number, as_range
from toxpy.av.frames import SAMPLE_SIZE, AudioFrame, Picture, as_view
from toxpy.errors import PacketError
from toxpy.friend.packets import PACKET_MSI
from toxpy.generated.typed_enums import CallControl
from toxpy.handlers import check_function, refuse_coroutine
from toxpy.tox_part import ToxPart

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from typing_extensions import Buffer

    from toxpy.core import Core
    from toxpy.friend.friend import FriendState
    from toxpy.media.codecs import AudioDecoder, VideoDecoder

    T = TypeVar("T")
    AudioHandler = Callable[[int, AudioFrame], object]
    PictureHandler = Callable[[int, Picture], object]

#: Bit rates unless the program says others, kbit/s: speech without a loss that is heard, and 640 x 480 pixels
#: that look well.
AUDIO_KBIT, VIDEO_KBIT = 48, 1000
#: What we hear of in any case; "call" is for programs that take calls.
_LISTENED = ("call_state", "audio_bit_rate", "video_bit_rate", "audio_receive_frame", "video_receive_frame")


class CallsTox(ToxPart):
    """Part of `Tox`."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._has_calls = self._takes_calls = False
        self._audio_handler: AudioHandler | None = None
        self._picture_handler: PictureHandler | None = None
        self._refuse_calls(core)

    def _refuse_calls(self, core: Core) -> None:
        """Without calls: say so to whoever calls."""
        # a program may have calls of its own
        if core.messenger.packets.handlers[PACKET_MSI] is None:
            core.messenger.packets.claim(PACKET_MSI, _refuse)

    def _enter_core(self, core: Core) -> None:
        self._refuse_calls(core)
        if self._has_calls:
            self._has_calls = False
            self._turn_on(core)
        super()._enter_core(core)

    def _turn_on(self, core: Core) -> None:
        """Have calls, if there are none yet; whoever calls is refused until `toxav_new`."""
        if not self._has_calls:
            handlers = core.messenger.packets.handlers
            if handlers[PACKET_MSI] is _refuse:
                handlers[PACKET_MSI] = None
            core.calls.toxav_new()
            for name in _LISTENED:
                core.calls.toxav_listen(name, True)
            self._has_calls = True
        core.calls.toxav_listen("call", self._takes_calls)

    def _with_calls(self) -> Core:
        core = self.core
        self._turn_on(core)
        return core

    # playing

    def _before_events(self) -> None:
        self._play()
        super()._before_events()

    def _play(self) -> None:
        """Hand out what is due to be heard and seen; also when nobody wants it: else it would stay due."""
        if self._has_calls:
            self.core.calls.toxav_audio_iterate(self._hear)
        # a handler may have ended calls, or the instance
        if self._has_calls and not self.closed:
            self.core.calls.toxav_video_iterate(self._see)

    def _hear(self, friend_number: int, decoder: AudioDecoder) -> None:
        handler = self._audio_handler
        if handler is not None:
            with decoder.pcm() as pcm:
                refuse_coroutine(handler(friend_number, AudioFrame(pcm, decoder.channels, decoder.rate)))

    def _see(self, friend_number: int, decoder: VideoDecoder) -> None:
        handler = self._picture_handler
        if handler is not None:
            picture = Picture.of(decoder)
            try:
                refuse_coroutine(handler(friend_number, picture))
            finally:
                picture.release()

    def _due_ms(self) -> int | None:
        """Milliseconds until there is something to hear or see, though nothing arrives; None for never."""
        return self.core.calls.next_ms() if self._has_calls else None

    def on_audio_frame(self, handler: AudioHandler | None) -> AudioHandler | None:
        """Call `handler(friend_number, frame)` for what friends say; None to stop.

        `frame.pcm` is the decoder's memory: it is over when the handler returns, so copy what you keep. The
        handler before is returned.
        """
        check_function(handler)
        before, self._audio_handler = self._audio_handler, handler
        return before

    def on_video_frame(self, handler: PictureHandler | None) -> PictureHandler | None:
        """Call `handler(friend_number, picture)` for each picture of friends; None to stop.

        The picture is over when the handler returns, `picture.copy()` can be kept. The handler before is
        returned.
        """
        check_function(handler)
        before, self._picture_handler = self._picture_handler, handler
        return before

    # as in C

    def toxav_new(self) -> None:
        """Take calls from now on: a friend's call is a `ToxavCall`. Calling it again does nothing."""
        self._takes_calls = True
        self._turn_on(self.core)

    def toxav_kill(self) -> None:
        """End all calls, and take none any more."""
        core = self.core
        if self._has_calls:
            core.calls.toxav_kill()
            self._has_calls = self._takes_calls = False
            self._refuse_calls(core)

    def toxav_call(
        self, friend_number: int, audio_bit_rate: int = AUDIO_KBIT, video_bit_rate: int = 0
    ) -> None:
        """Call a friend who is online; `ToxavCallState` says when they answer. Bit rates are in kbit/s.

        It rings until they do, until they go offline, or until CallControl.CANCEL.
        """
        self._with_calls().calls.toxav_call(as_number(friend_number), *_rates(audio_bit_rate, video_bit_rate))

    def toxav_answer(
        self, friend_number: int, audio_bit_rate: int = AUDIO_KBIT, video_bit_rate: int = 0
    ) -> None:
        """Take the call of a friend; bit rates are in kbit/s, and 0 sends nothing of the kind."""
        rates = _rates(audio_bit_rate, video_bit_rate)
        self._with_calls().calls.toxav_answer(as_number(friend_number), *rates)

    def toxav_call_control(self, friend_number: int, control: CallControl | int) -> None:
        """Refuse, cancel or hang up; pause, mute, hide, and back."""
        self._with_calls().calls.toxav_call_control(as_number(friend_number), CallControl(control).value)

    def toxav_audio_set_bit_rate(self, friend_number: int, bit_rate: int) -> None:
        """How much our sound may take, kbit/s; 0 for none of it."""
        number, kbit = as_number(friend_number), as_range(bit_rate, "a bit rate", U32_MAX)
        self._with_calls().calls.toxav_audio_set_bit_rate(number, kbit)

    def toxav_video_set_bit_rate(self, friend_number: int, bit_rate: int) -> None:
        """How much our pictures may take, kbit/s; 0 for none of them."""
        number, kbit = as_number(friend_number), as_range(bit_rate, "a bit rate", U32_MAX)
        self._with_calls().calls.toxav_video_set_bit_rate(number, kbit)

    def toxav_audio_send_frame(
        self, friend_number: int, pcm: Buffer | AudioFrame, channels: int = 1, rate: int = 48000
    ) -> None:
        """Send sound: samples of 16 bits, those of two channels alternating, or an `AudioFrame`.

        It lasts 2.5, 5, 10, 20, 40 or 60 ms, at 8000, 12000, 16000, 24000 or 48000 samples a second.
        """
        if isinstance(pcm, AudioFrame):
            frame = pcm
            pcm, channels, rate = frame.pcm, frame.channels, frame.rate
        # 0 and others are for the function to refuse
        channels = as_range(channels, "a number of channels", U32_MAX)
        rate = as_range(rate, "a sampling rate", U32_MAX)
        view = as_view(pcm, "sound")
        samples, rest = divmod(len(view), SAMPLE_SIZE * max(channels, 1))
        if rest:
            raise ValueError(f"{len(view)} bytes are no samples of {channels} channels with 16 bits each")
        core, number = self._with_calls(), as_number(friend_number)
        core.calls.toxav_audio_send_frame(number, view, samples, channels, rate)

    def toxav_video_send_frame(self, friend_number: int, picture: Picture) -> None:
        """Send a picture."""
        full = as_kind(picture, Picture, "a Picture").without_gaps()
        core, number = self._with_calls(), as_number(friend_number)
        core.calls.toxav_video_send_frame(number, full.width, full.height, full.y, full.u, full.v)


def _rates(audio: int, video: int) -> tuple[int, int]:
    return as_range(audio, "a bit rate", U32_MAX), as_range(video, "a bit rate", U32_MAX)


def _refuse(friend: FriendState, data: bytes) -> None:
    """A packet of the signalling while there are no calls: whoever calls is told that nobody answers."""
    from toxpy.av import msi

    try:
        request, _, capabilities = msi.parse(data)
    except PacketError:
        return
    if request == msi.INIT and capabilities is not None:
        friend.connection.write(msi.pack(msi.POP, error=msi.ERROR_HANDLE))
