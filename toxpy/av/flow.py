"""What flows in an answered call, both ways, and through which threads.

network thread   `on_audio`: checked and kept (the instance's lock is held)
playing thread   `play_audio`: decoded and handed out, never with the instance's lock
sending threads  `send_audio`: encoded here; the packets leave by the outbox
"""

from __future__ import annotations

from toxpy.av.audio import AudioReceiver, AudioSender

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.friend.connection import FriendConnection
    from toxpy.friend.outbox import Outbox
    from toxpy.media.codecs import AudioDecoder, Codecs
    from toxpy.media.formats import Memory
    from toxpy.runtime import Runtime

#: How long to sleep before playing again: in a call, and while something comes, ms.
IN_CALL_MS, FLOWING_MS = 20, 5
#: Silence in ms after which nothing comes.
SILENCE_MS = 1_000
#: Moment before the first packet.
NEVER_MS = -SILENCE_MS


class Flow:
    """Sound and pictures with one friend."""

    __slots__ = (
        "_audio_heard_ms",
        "_connection",
        "_outbox",
        "_rt",
        "audio_in",
        "audio_out",
    )

    def __init__(self, codecs: Codecs, connection: FriendConnection, outbox: Outbox, *, rt: Runtime) -> None:
        self._rt = rt
        self._connection = connection
        self._outbox = outbox
        self.audio_out = AudioSender(codecs, rt.rng.u64())
        self.audio_in = AudioReceiver(codecs, rt.counters)
        self._audio_heard_ms = NEVER_MS

    # sending threads

    def send_audio(self, pcm: Memory, samples: int, channels: int, rate: int, bit_rate: int) -> None:
        """One frame; CodecError for what Opus does not take."""
        outbox, connection, now_ms = self._outbox, self._connection, self._rt.clock.read_ms()
        for packet in self.audio_out.send(pcm, samples, channels, rate, bit_rate, now_ms):
            outbox.put(connection, packet, audio=True)
        outbox.flush()

    # network thread

    def on_audio(self, packet: bytes) -> None:
        """A packet of kind 192."""
        self._audio_heard_ms = now_ms = self._rt.clock.now_ms
        self.audio_in.take(packet, now_ms)

    # playing threads

    def play_audio(self, now_ms: int, sink: Callable[[AudioDecoder], None]) -> None:
        """Hand out what is due."""
        self.audio_in.play(now_ms, sink)

    def audio_wait_ms(self, now_ms: int) -> int:
        """How long to sleep before playing sound again, at least 1."""
        return _wait_ms(now_ms, self._audio_heard_ms, self.audio_in.next_ms())

    def next_ms(self) -> int | None:
        """When there is something to play though nothing comes; None for never."""
        return self.audio_in.next_ms()

    def close(self) -> None:
        """Hand out and send nothing more."""
        self.audio_in.close()


def _wait_ms(now_ms: int, heard_ms: int, due_ms: int | None) -> int:
    step_ms = FLOWING_MS if now_ms - heard_ms < SILENCE_MS else IN_CALL_MS
    return step_ms if due_ms is None else min(step_ms, max(due_ms - now_ms, 1))
