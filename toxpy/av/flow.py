"""What flows in an answered call, both ways, and through which threads.

    network thread   `on_...`: checked and kept (the instance's lock is held)
    playing thread   `play_audio`, `play_video`: decoded and handed out, never with the instance's lock
    sending threads  `send_audio`, `send_video`: encoded here; the packets leave by the outbox

A sending thread may have had the flow before somebody hung up. So all that leaves goes through `send_lossy`,
which sends nothing after `close`: both are for whoever has the instance's lock.

Pictures leave in portions: a large one at once would fill the queue of a slow line, where sound waits behind
it. What is left leaves in later passes.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections import deque

from toxpy.av.audio import AudioReceiver, AudioSender
from toxpy.av.bandwidth import Bandwidth, Reports
from toxpy.av.between_ours import NEVER_MS, BetweenOurs
from toxpy.av.pacing import MAX_WAITING, Pacer
from toxpy.av.rate import audio_suggestion
from toxpy.av.rtp import VIDEO
from toxpy.av.video import VideoReceiver, VideoSender

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.friend.connection import FriendConnection
    from toxpy.friend.outbox import Outbox
    from toxpy.media.codecs import AudioDecoder, Codecs, VideoDecoder
    from toxpy.media.formats import Memory
    from toxpy.runtime import Runtime, Timer

#: How long to sleep before playing again: in a call, and while something comes, ms.
IN_CALL_MS, FLOWING_MS = 20, 5
#: The same of sound, whose frames come at regular times: before the next one is expected, about that time,
#: and how much later than expected it still is about that time, ms.
EARLY_MS, ABOUT_MS, LATE_MS = 15, 2, 10
#: Silence in ms after which nothing comes.
SILENCE_MS = 1_000


class Paced:
    """The connection of a call as its pictures see it: their packets leave in portions."""

    __slots__ = (
        "_connection",
        "_has_dropped",
        "_is_asked",
        "_is_closed",
        "_lock",
        "_pacer",
        "_pictures",
        "_rt",
        "_timer",
        "_waiting",
    )

    def __init__(self, connection: FriendConnection, *, rt: Runtime) -> None:
        self._connection = connection
        self._rt = rt
        self._is_closed = False
        self._pacer = Pacer()
        #: for the next three; never held for longer than they are looked at
        self._lock = allocate_lock()
        #: from any thread, until whoever has the instance's lock gets at them; how many packets that is
        self._pictures: deque[list[bytes]] = deque()
        self._waiting = 0
        #: an outbox has us, and will call `send_lossy`
        self._is_asked = False
        #: pictures made room in the pacer, and whoever adds pictures does not know yet
        self._has_dropped = False
        self._timer: Timer | None = None

    def add(self, packets: list[bytes]) -> bool:
        """A picture, from any thread, for the next `send_lossy`. False: older ones had to make room."""
        drops = 0
        with self._lock:
            has_dropped, self._has_dropped = self._has_dropped, False
            self._pictures.append(packets)
            self._waiting += len(packets)
            while self._waiting > MAX_WAITING:
                self._waiting -= len(self._pictures.popleft())
                drops += 1
        if drops:
            self._rt.counters.count("drop.pictures_waiting", drops)
        return not (drops or has_dropped)

    def leave_by(self, outbox: Outbox) -> None:
        """Have the outbox call `send_lossy`: once for all that waits, so that others have room there."""
        with self._lock:
            asks, self._is_asked = not self._is_asked, True
        if asks and not outbox.put(self, b"", audio=False):
            self._is_asked = False

    def send_lossy(self, data: bytes) -> bool:
        """Send what may leave now, whatever `data` is; for whoever has the instance's lock."""
        with self._lock:
            pictures, self._pictures = self._pictures, deque()
            self._waiting, self._is_asked = 0, False
        if self._is_closed:
            return False
        if drops := sum([self._pacer.put(packets) for packets in pictures]):
            self._rt.counters.count("drop.pictures_waiting", drops)
            self._has_dropped = True
        if self._timer is None:
            self._pump()
        return True

    def _pump(self) -> None:
        rt, pacer, send = self._rt, self._pacer, self._connection.send_lossy
        for packet in pacer.take(rt.clock.now_ms):
            send(packet)
        next_ms = pacer.next_ms()
        self._timer = None if next_ms is None else rt.timers.call_at(next_ms, self._pump)

    def close(self) -> None:
        """Send nothing more."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()


class Flow:
    """Sound and pictures with one friend."""

    __slots__ = (
        "_audio_heard_ms",
        "_audio_in",
        "_audio_out",
        "_bandwidth",
        "_connection",
        "_is_closed",
        "_ours",
        "_outbox",
        "_paced",
        "_reports",
        "_rt",
        "_timer",
        "_video_heard_ms",
        "_video_in",
        "_video_out",
    )

    def __init__(self, codecs: Codecs, connection: FriendConnection, outbox: Outbox, *, rt: Runtime) -> None:
        self._rt = rt
        self._connection = connection
        self._outbox = outbox
        self._is_closed = False
        self._paced = Paced(connection, rt=rt)
        # one for both: a friend may compare the time stamps of sound and pictures
        random, now_ms = rt.rng.u64(), rt.clock.now_ms
        self._audio_out = AudioSender(codecs, random)
        self._video_out = VideoSender(codecs, random)
        self._bandwidth = Bandwidth(now_ms)
        self._reports = Reports(rt.counters)
        self._audio_in = AudioReceiver(codecs, rt.counters)
        self._video_in = VideoReceiver(codecs, rt.counters, self._bandwidth)
        self._ours = BetweenOurs(
            self._audio_out,
            self._audio_in,
            self._video_out,
            self._video_in,
            rt.counters,
            random=random,
            now_ms=now_ms,
        )
        self._timer: Timer | None = None
        self._say()
        # the first frames are expected any moment
        self._audio_heard_ms = self._video_heard_ms = now_ms - SILENCE_MS // 2

    # sending threads

    def send_audio(self, pcm: Memory, samples: int, channels: int, rate: int, bit_rate: int) -> None:
        """One frame; CodecError for what Opus does not take."""
        outbox, now_ms = self._outbox, self._rt.clock.read_ms()
        for packet in self._audio_out.send(pcm, samples, channels, rate, bit_rate, now_ms):
            outbox.put(self, packet, audio=True)
        outbox.flush()

    def send_video(self, width: int, height: int, y: Memory, u: Memory, v: Memory, bit_rate: int) -> None:
        """One picture; CodecError for what VP8 does not take."""
        now_ms = self._rt.clock.read_ms()
        packets = self._video_out.send(width, height, y, u, v, bit_rate, now_ms)
        if packets:
            if not self._paced.add(packets):
                # what follows needs what is missing now
                self._video_out.request_key_frame()
            self._paced.leave_by(self._outbox)
            self._outbox.flush()

    # for whoever has the instance's lock

    def send_lossy(self, data: bytes) -> bool:
        """Send a packet of the call; False after its end as well."""
        return not self._is_closed and self._connection.send_lossy(data)

    # network thread

    def on_audio(self, packet: bytes) -> None:
        """A packet of kind 192."""
        self._audio_heard_ms = now_ms = self._rt.clock.now_ms
        self._bandwidth.add_packet()
        self._audio_in.take(packet, now_ms)

    def on_video(self, packet: bytes) -> None:
        """A packet of kind 193."""
        self._video_heard_ms = now_ms = self._rt.clock.now_ms
        self._video_in.take(packet, now_ms)

    def on_report(self, packet: bytes, audio_bit_rate: int) -> int | None:
        """A packet of kind 196: what to tell a program that sends sound only."""
        now_ms = self._rt.clock.now_ms
        report = self._reports.take(packet, now_ms)
        if report is None:
            return None
        self._video_out.on_report(*report, now_ms)
        return audio_suggestion(*report, audio_bit_rate)

    def on_ours(self, packet: bytes) -> None:
        """A packet that only another one of ours sends."""
        again = []
        for answer in self._ours.take(packet, self._rt.clock.now_ms):
            if answer[0] == VIDEO:
                again.append(answer)
            else:
                self.send_lossy(answer)
        if again:
            self._paced.add(again)
            self._paced.send_lossy(b"")
        self._say()

    def _say(self) -> None:
        """Send to another one of ours what is due, and wait for the next time."""
        if self._is_closed:
            return
        if self._timer is not None:
            self._timer.cancel()
        now_ms = self._rt.clock.now_ms
        for packet in self._ours.say(now_ms):
            self.send_lossy(packet)
        next_ms, self._timer = self._ours.next_ms(), None
        if next_ms < NEVER_MS:
            self._timer = self._rt.timers.call_at(max(next_ms, now_ms + 1), self._say)

    def video_suggestion(self) -> int | None:
        """The bit rate of pictures that the program should allow, if that is news."""
        return self._video_out.rate.suggestion(self._rt.clock.now_ms)

    def begin_again(self) -> None:
        """The friend may have lost what it had of our pictures."""
        self._video_out.request_key_frame()

    # playing threads

    def play_audio(self, now_ms: int, sink: Callable[[AudioDecoder], None]) -> None:
        """Hand out what is due."""
        self._audio_in.play(now_ms, sink)

    def play_video(self, now_ms: int, sink: Callable[[VideoDecoder], None]) -> None:
        """Hand out what is due, and report what was lost."""
        self._video_in.play(now_ms, sink)
        outbox = self._outbox
        for question in self._video_in.questions():
            outbox.put(self, question, audio=False)
        report = None if self._ours.is_ours else self._bandwidth.report(now_ms)
        if report is not None:
            outbox.put(self, report, audio=False)
        outbox.flush()

    def audio_wait_ms(self, now_ms: int) -> int:
        """How long to sleep before playing sound again, at least 1."""
        heard_ms, due_ms = self._audio_heard_ms, self._audio_in.next_ms()
        left_ms = heard_ms + int(self._audio_in.frame_ms) - now_ms
        if left_ms <= -LATE_MS:
            return _wait_ms(now_ms, heard_ms, due_ms)
        step_ms = min(max(left_ms - ABOUT_MS, ABOUT_MS), EARLY_MS)
        return step_ms if due_ms is None else min(step_ms, max(due_ms - now_ms, 1))

    def video_wait_ms(self, now_ms: int) -> int:
        """The same for pictures."""
        return _wait_ms(now_ms, self._video_heard_ms, self._video_in.next_ms())

    def next_ms(self) -> int | None:
        """When there is something to play though nothing comes; None for never."""
        moments = (self._audio_in.next_ms(), self._video_in.next_ms())
        return min((moment for moment in moments if moment is not None), default=None)

    def close(self) -> None:
        """Hand out and send nothing more."""
        self._is_closed = True
        self._audio_in.close()
        self._video_in.close()
        self._paced.close()
        if self._timer is not None:
            self._timer.cancel()


def _wait_ms(now_ms: int, heard_ms: int, due_ms: int | None) -> int:
    step_ms = FLOWING_MS if now_ms - heard_ms < SILENCE_MS else IN_CALL_MS
    return step_ms if due_ms is None else min(step_ms, max(due_ms - now_ms, 1))
