"""Sound and pictures of all calls, as our program sends and gets them, in any thread.

Nothing here waits for the instance's lock: a frame must not wait for a pass, nor a pass for a codec.
"""

from __future__ import annotations

from toxpy.errors import api_error
from toxpy.media.formats import AUDIO_RATES, MAX_PIXELS, MAX_SIDE, CodecError, is_audio_length

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from toxpy.av.flow import Flow
    from toxpy.av.table import CallTable
    from toxpy.media.codecs import AudioDecoder, VideoDecoder
    from toxpy.media.formats import Memory
    from toxpy.runtime import Runtime

    AudioSink = Callable[[int, AudioDecoder], None]
    VideoSink = Callable[[int, VideoDecoder], None]
    D = TypeVar("D")

#: How long to sleep before playing when there is no call, and while one rings, ms: who is about to be in a
#: call must not sleep through its beginning. c-toxcore: 200 or 1000 without a call, and as much is not heard.
IDLE_MS, RINGING_MS = 40, 10


class CallMedia:
    """What goes into calls and what comes out. A sink is called as `sink(friend_number, decoder)`."""

    __slots__ = ("_rt", "_table")

    def __init__(self, table: CallTable, *, rt: Runtime) -> None:
        self._table = table
        self._rt = rt

    def send_audio(self, number: int, pcm: Memory | None, samples: int, channels: int, rate: int) -> None:
        """Send a frame of sound, from any thread."""
        prefix = "TOXAV_ERR_SEND_FRAME_"
        call = self._table.answered(number, prefix)
        flow, kbit = call.flow, call.audio_bit_rate
        if flow is None or not kbit or not call.sends_audio():
            raise api_error(prefix + "PAYLOAD_TYPE_DISABLED")
        if not pcm:
            raise api_error(prefix + "NULL")
        if rate not in AUDIO_RATES or channels not in (1, 2) or not is_audio_length(samples, rate):
            raise api_error(prefix + "INVALID")
        try:
            flow.send_audio(pcm, samples, channels, rate, kbit)
        except CodecError as error:
            raise api_error(prefix + "INVALID", str(error)) from None

    def send_video(
        self, number: int, width: int, height: int, y: Memory | None, u: Memory | None, v: Memory | None
    ) -> None:
        """Send a picture, from any thread."""
        prefix = "TOXAV_ERR_SEND_FRAME_"
        call = self._table.answered(number, prefix)
        flow, kbit = call.flow, call.video_bit_rate
        if flow is None or not kbit or not call.sends_video():
            raise api_error(prefix + "PAYLOAD_TYPE_DISABLED")
        if y is None or u is None or v is None or y == 0 or u == 0 or v == 0:
            raise api_error(prefix + "NULL")
        # what is too large for our receiver is not worth sending
        if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE) or width * height > MAX_PIXELS:
            raise api_error(prefix + "INVALID")
        try:
            flow.send_video(width, height, y, u, v, kbit)
        except CodecError as error:
            raise api_error(prefix + "INVALID", str(error)) from None

    def play_audio(self, sink: AudioSink) -> None:
        """Decode what is due and hand out each frame: `sink(friend_number, decoder)`."""
        now_ms = self._rt.clock.read_ms()
        for call in list(self._table.by_friend.values()):
            if call.flow is not None:
                call.flow.play_audio(now_ms, _for_friend(sink, call.friend.number))

    def play_video(self, sink: VideoSink) -> None:
        """The same for pictures."""
        now_ms = self._rt.clock.read_ms()
        for call in list(self._table.by_friend.values()):
            if call.flow is not None:
                call.flow.play_video(now_ms, _for_friend(sink, call.friend.number))

    def audio_interval_ms(self) -> int:
        """How long to sleep before `play_audio`."""
        now_ms, flows = self._flows()
        return min([flow.audio_wait_ms(now_ms) for flow in flows], default=self._rest_ms())

    def video_interval_ms(self) -> int:
        """How long to sleep before `play_video`."""
        now_ms, flows = self._flows()
        return min([flow.video_wait_ms(now_ms) for flow in flows], default=self._rest_ms())

    def next_ms(self) -> int | None:
        """Milliseconds until there is something to play though nothing comes; None for never."""
        now_ms, flows = self._flows()
        moments = [flow.next_ms() for flow in flows]
        return min([max(moment - now_ms, 0) for moment in moments if moment is not None], default=None)

    @property
    def busy(self) -> bool:
        """True if a call rings or was answered."""
        return bool(self._table.by_friend)

    def _flows(self) -> tuple[int, list[Flow]]:
        flows = [call.flow for call in list(self._table.by_friend.values()) if call.flow is not None]
        return self._rt.clock.read_ms(), flows

    def _rest_ms(self) -> int:
        return RINGING_MS if self.busy else IDLE_MS


def _for_friend(sink: Callable[[int, D], None], number: int) -> Callable[[D], None]:
    return lambda decoder: sink(number, decoder)
