"""The calls' part of `Core`: the functions toxav_* that are not about conferences. See `toxpy.av.calls`.

Few programs have calls, so all of them are made by `toxav_new`.
"""

from __future__ import annotations

from toxpy.errors import api_error
from toxpy.friend.capability import Capability

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.av.calls import Calls
    from toxpy.av.media import AudioSink, VideoSink
    from toxpy.friend.friend import FriendState
    from toxpy.friend.layers import Layers
    from toxpy.media.codecs import Codecs
    from toxpy.media.formats import Memory


class LazyCalls(Capability):
    """Stands for the calls of an instance, which may have none."""

    __slots__ = ("calls",)

    def __init__(self) -> None:
        self.calls: Calls | None = None

    def get(self) -> Calls:
        """The calls; LookupError before `toxav_new`."""
        if self.calls is None:
            raise LookupError("toxav_new comes first")
        return self.calls

    def on_friend_gone(self, friend: FriendState) -> None:
        """A call with it is over, or will be soon."""
        if self.calls is not None:
            self.calls.on_friend_gone(friend)

    def on_end(self) -> None:
        """Hang up."""
        if self.calls is not None:
            self.calls.close()


class CallsCore:
    """Those functions. Bit rates are in kbit/s, sizes in pixels, samples are of each channel.

    `toxav_*_send_frame`, `toxav_*iterate` and the intervals may be called in any thread at any time. The
    others need the instance's lock if more than one thread uses the instance.
    """

    __slots__ = ("_layers", "_listeners", "capability", "codecs")

    def __init__(self, layers: Layers) -> None:
        self.capability = LazyCalls()
        self._layers = layers
        self._listeners: set[str] = set()
        #: codecs of a test; None for the real ones
        self.codecs: Codecs | None = None

    def toxav_new(self) -> bool:
        """Have calls from now on."""
        if self.capability.calls is not None:
            raise api_error("TOXAV_ERR_NEW_MULTIPLE")
        from toxpy.av.calls import Calls

        self.capability.calls = Calls(self._layers, self._listeners, self.codecs)
        return True

    def toxav_kill(self) -> bool:
        """Hang up everything, and have no calls any more. Repeating it is harmless."""
        calls, self.capability.calls = self.capability.calls, None
        self._listeners.clear()
        if calls is not None:
            self._layers.rt.converse()
            calls.close()
        return True

    def toxav_listen(self, event: str, there: bool) -> bool:
        """Our program hears of an event, by its name in C: "call", "audio_receive_frame".

        As in c-toxcore a call is refused that the program would not hear of, and cannot be answered without a
        listener for frames.
        """
        if there:
            self._listeners.add(event)
        else:
            self._listeners.discard(event)
        return True

    def toxav_call(self, friend_number: int, audio_bit_rate: int, video_bit_rate: int) -> bool:
        """Ring at a friend."""
        self.capability.get().call(friend_number, audio_bit_rate, video_bit_rate)
        return True

    def toxav_answer(self, friend_number: int, audio_bit_rate: int, video_bit_rate: int) -> bool:
        """Take the call of a friend who rings."""
        self.capability.get().answer(friend_number, audio_bit_rate, video_bit_rate)
        return True

    def toxav_call_control(self, friend_number: int, control: int) -> bool:
        """Pause, mute, hide and back; refuse, cancel and hang up."""
        self.capability.get().control(friend_number, control)
        return True

    def toxav_audio_set_bit_rate(self, friend_number: int, bit_rate: int) -> bool:
        """How much our sound may take; 0 for none."""
        self.capability.get().set_audio_bit_rate(friend_number, bit_rate)
        return True

    def toxav_video_set_bit_rate(self, friend_number: int, bit_rate: int) -> bool:
        """How much our pictures may take; 0 for none."""
        self.capability.get().set_video_bit_rate(friend_number, bit_rate)
        return True

    # in any thread

    def toxav_audio_send_frame(
        self, friend_number: int, pcm: Memory | None, sample_count: int, channels: int, sampling_rate: int
    ) -> bool:
        """Send int16 samples: a buffer or an address; None and 0 are NULL."""
        self.capability.get().media.send_audio(friend_number, pcm, sample_count, channels, sampling_rate)
        return True

    def toxav_video_send_frame(
        self,
        friend_number: int,
        width: int,
        height: int,
        y: Memory | None,
        u: Memory | None,
        v: Memory | None,
    ) -> bool:
        """Send a picture: three planes without gaps, those of u and v half as wide and high."""
        self.capability.get().media.send_video(friend_number, width, height, y, u, v)
        return True

    def toxav_iterate(self, audio_sink: AudioSink, video_sink: VideoSink) -> bool:
        """Hand out what friends sent: `sink(friend_number, decoder)`."""
        media = self.capability.get().media
        media.play_audio(audio_sink)
        media.play_video(video_sink)
        return True

    def toxav_audio_iterate(self, sink: AudioSink) -> bool:
        """The same of sound."""
        self.capability.get().media.play_audio(sink)
        return True

    def toxav_video_iterate(self, sink: VideoSink) -> bool:
        """The same of pictures."""
        self.capability.get().media.play_video(sink)
        return True

    def toxav_iteration_interval(self) -> int:
        """Milliseconds to sleep before `toxav_iterate`."""
        media = self.capability.get().media
        return min(media.audio_interval_ms(), media.video_interval_ms())

    def toxav_audio_iteration_interval(self) -> int:
        """The same for `toxav_audio_iterate`."""
        return self.capability.get().media.audio_interval_ms()

    def toxav_video_iteration_interval(self) -> int:
        """The same for `toxav_video_iterate`."""
        return self.capability.get().media.video_interval_ms()

    def next_ms(self) -> int | None:
        """Milliseconds until there is something to play though nothing arrives, None for never."""
        return self.capability.get().media.next_ms()
