"""What two of ours tell each other in a call, on kinds of lossy packets that c-toxcore ignores.

    194 hello    version u8, 1 | bits u8: 1 yours came
    195 report   stamp u32, ms | echo u32: the last report's stamp that came | held u16: ms since then
                 sound: received u16 | lost u16            packets, since the last report
                 pictures: bytes received u32 | pieces received u16 | missed u16
                 span u16: ms since the last report | delay u16: ms in queues, 65535 unknown
    197, 198     see "Lost pieces of pictures"

All are as long as said or longer: what a later version adds is not looked at. A hello is sent when the call
begins, again until the friend's came, and in answer to one that does not know of ours. Reports follow while
both are there.

What did not come the first time counts as missed, so it is the way's loss. The delay is how much longer than
the quickest the packets took that were not sent again. So a queue is seen while it grows, before anything is
lost.
"""

from __future__ import annotations

from struct import Struct

from toxpy.av.audio import EXPECTED_LOSS
from toxpy.av.repeats import KEY, REPEAT, USUAL_ROUND_TRIP_MS
from toxpy.av.rtp import MAX_PIECE_SIZE
from toxpy.av.transit import Transit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.av.audio import AudioReceiver, AudioSender
    from toxpy.av.video import VideoReceiver, VideoSender
    from toxpy.runtime import Counters

HELLO, REPORT = 194, 195
VERSION = 1
#: Bit of a hello.
HEARD = 1
#: Time between hellos, ms, and how many of them: then the friend's client is another one.
HELLO_MS, MAX_HELLOS = 200, 10
#: Time between reports, ms: while there are pictures or the round trip is not known, and else.
REPORT_MS, RARE_REPORT_MS = 200, 1000
#: Time between a friend's reports at least, and after which there are no more, ms.
MIN_REPORT_MS, GONE_MS = 100, 6000
#: Time for which reports are added up before loss is judged, ms: usually, and while there are few pieces.
LOSS_SPAN_MS, LONG_SPAN_MS, MANY_PIECES = 1000, 4000, 60
#: Longest round trip that is believed, ms.
MAX_ROUND_TRIP_MS = 5000
#: Share of lost sound packets from which on they are sent twice, and below which no more.
TWICE_LOSS, ONCE_LOSS = 0.08, 0.03
#: Time in queues from which on nothing is sent twice, ms.
TWICE_DELAY_MS = 40
#: Loss that an encoder of sound expects where nothing was lost for so long, percent and ms.
CLEAN_LOSS, CLEAN_MS = 2, 10_000
#: Weight of a new round trip in the mean, one in so many.
SMOOTHING = 4
UNKNOWN = 0xFFFF
#: A moment that does not come.
NEVER_MS = 1 << 62

_HELLO = Struct(">BBB")
_REPORT = Struct(">BIIHHHIHHHH")


class BetweenOurs:
    """Our side of it in one call. All of it runs where packets of the network are read."""

    __slots__ = (
        "_alive_ms",
        "_audio_in",
        "_audio_loss",
        "_audio_out",
        "_clean_ms",
        "_counters",
        "_echo",
        "_heard_ms",
        "_hellos",
        "_is_measured",
        "_is_waiting",
        "_loss_ms",
        "_lost",
        "_next_ms",
        "_pieces",
        "_reported_ms",
        "_start_ms",
        "_told",
        "_transit",
        "_video_in",
        "_video_out",
        "is_ours",
        "round_trip_ms",
    )

    def __init__(
        self,
        audio_out: AudioSender,
        audio_in: AudioReceiver,
        video_out: VideoSender,
        video_in: VideoReceiver,
        counters: Counters,
        *,
        random: int,
        now_ms: int,
    ) -> None:
        self._audio_out, self._audio_in = audio_out, audio_in
        self._video_out, self._video_in = video_out, video_in
        self._counters = counters
        #: what stamps begin with: a monotonic clock tells how long the machine is up
        self._start_ms = random & 0xFFFFFFFF
        #: the friend understands all this
        self.is_ours = False
        self.round_trip_ms, self._is_measured = USUAL_ROUND_TRIP_MS, False
        #: of sound and pictures, which have the same stamps
        self._transit = Transit()
        #: how many were sent; when to say something next, and when the last report was
        self._hellos = 0
        self._next_ms = self._reported_ms = now_ms
        #: the stamp of the friend's last report, and when it came; -1 for never
        self._echo, self._heard_ms = 0, -1
        #: when the friend said anything of this
        self._alive_ms = now_ms
        #: all that was counted when we reported last
        self._told = (0, 0, 0, 0, 0)
        #: pieces that the friend missed and all, since then; since when no sound was lost
        self._lost = self._pieces = 0
        self._loss_ms = self._clean_ms = now_ms
        #: our packets are in queues
        self._is_waiting = False
        #: share of our sound that gets lost, smoothed
        self._audio_loss = 0.0

    def take(self, packet: bytes, now_ms: int) -> list[bytes]:
        """A packet of ours that came. What to answer: a hello, or pieces of pictures."""
        kind = packet[0]
        if kind == HELLO:
            return self._on_hello(packet, now_ms)
        if not self.is_ours:
            self._counters.drop("ours_early")
        elif kind == REPORT:
            self._on_report(packet, now_ms)
        elif kind == REPEAT:
            # where much is lost, what is sent again is as well
            copies = 2 if self._audio_out.is_twice else 1
            history = self._video_out.history
            return history.repeat(packet, self.round_trip_ms, now_ms, self._counters, copies) * copies
        elif kind == KEY:
            self._video_out.request_key_frame(soon=True)
        return []

    def say(self, now_ms: int) -> list[bytes]:
        """The packets that are due; to be asked at `next_ms`."""
        if now_ms < self._next_ms:
            return []
        if self.is_ours and now_ms >= self._alive_ms + GONE_MS:
            self._become(is_ours=False)
            self._hellos = 0
        if not self.is_ours:
            if self._hellos >= MAX_HELLOS:
                self._video_out.history.keep(is_asked=False)
                self._next_ms = NEVER_MS
                return []
            self._hellos += 1
            self._next_ms = now_ms + HELLO_MS
            return [_HELLO.pack(HELLO, VERSION, 0)]
        return [self._report(now_ms)]

    def next_ms(self) -> int:
        """When to `say` something."""
        return self._next_ms

    def _become(self, *, is_ours: bool) -> None:
        """The friend understands us, or no more: its user may have gone on with another client."""
        self.is_ours = self._video_out.is_asked = is_ours
        self._audio_in.transit = self._video_in.transit = self._transit if is_ours else None
        self._audio_out.is_twice = False
        # until no hello is answered
        self._video_out.history.keep(is_asked=True)
        self._video_in.ask(self.round_trip_ms if is_ours else -1)

    def _on_hello(self, packet: bytes, now_ms: int) -> list[bytes]:
        if len(packet) < _HELLO.size or not packet[1]:
            self._counters.drop("ours_size")
            return []
        self._alive_ms = now_ms
        if not self.is_ours:
            self._become(is_ours=True)
            self._told = self._counted()
            # the first report soon: it measures the round trip
            self._next_ms = 0
        return [] if packet[2] & HEARD else [_HELLO.pack(HELLO, VERSION, HEARD)]

    def _counted(self) -> tuple[int, int, int, int, int]:
        audio, video = self._audio_in, self._video_in
        return audio.received(), audio.lost(), video.received_bytes, video.received, video.missed()

    def _report(self, now_ms: int) -> bytes:
        counted, told = self._counted(), self._told
        sound, lost, size, pieces, missed = (
            max(new - old, 0) for new, old in zip(counted, told, strict=True)
        )
        self._told = counted
        span_ms, self._reported_ms = now_ms - self._reported_ms, now_ms
        is_often = pieces or not self._is_measured
        self._next_ms = now_ms + (REPORT_MS if is_often else RARE_REPORT_MS)
        held_ms = UNKNOWN if self._heard_ms < 0 else _u16(now_ms - self._heard_ms)
        delay_ms = self._transit.take()
        return _REPORT.pack(
            REPORT,
            (now_ms + self._start_ms) & 0xFFFFFFFF,
            self._echo,
            held_ms,
            _u16(sound),
            _u16(lost),
            min(size, 0xFFFFFFFF),
            _u16(pieces),
            _u16(missed),
            _u16(span_ms),
            UNKNOWN if delay_ms < 0 else delay_ms,
        )

    def _on_report(self, packet: bytes, now_ms: int) -> None:
        if len(packet) < _REPORT.size:
            self._counters.drop("ours_size")
            return
        _, stamp_ms, echo, held_ms, *rest = _REPORT.unpack_from(packet)
        sound, lost, size, pieces, missed, span_ms, delay_ms = rest
        if now_ms < self._heard_ms + MIN_REPORT_MS:
            self._counters.drop("ours_early")
            return
        self._echo, self._heard_ms = stamp_ms, now_ms
        self._alive_ms = now_ms
        if held_ms != UNKNOWN:
            self._measure(((now_ms + self._start_ms - echo) & 0xFFFFFFFF) - held_ms)
        self._judge_sound(sound, lost, now_ms)
        if pieces:
            self._judge_pictures(pieces, missed, now_ms)
        if delay_ms != UNKNOWN:
            self._is_waiting = delay_ms > TWICE_DELAY_MS
            if pieces and span_ms:
                self._video_out.rate.on_delay(delay_ms, size * 8 / span_ms, now_ms)

    def _measure(self, round_trip_ms: int) -> None:
        if 0 <= round_trip_ms <= MAX_ROUND_TRIP_MS:
            if not self._is_measured:
                self.round_trip_ms, self._is_measured = round_trip_ms, True
            self.round_trip_ms += (round_trip_ms - self.round_trip_ms) // SMOOTHING
            self._video_in.ask(self.round_trip_ms)

    def _judge_sound(self, received: int, lost: int, now_ms: int) -> None:
        """What the friend lost of our sound."""
        if lost:
            self._clean_ms = now_ms
        self._audio_out.expect_loss(EXPECTED_LOSS if now_ms < self._clean_ms + CLEAN_MS else CLEAN_LOSS)
        if received + lost:
            self._audio_loss += (lost / (received + lost) - self._audio_loss) / SMOOTHING
            if self._audio_loss > TWICE_LOSS and not self._is_waiting:
                self._audio_out.is_twice = True
            elif self._audio_loss < ONCE_LOSS or self._is_waiting:
                # it would only make a queue longer
                self._audio_out.is_twice = False

    def _judge_pictures(self, pieces: int, missed: int, now_ms: int) -> None:
        """What the friend missed of our pictures."""
        self._lost += missed
        self._pieces += pieces
        span_ms = LOSS_SPAN_MS if self._pieces >= MANY_PIECES else LONG_SPAN_MS
        if now_ms >= self._loss_ms + span_ms and self._pieces:
            lost, self._lost = min(self._lost, self._pieces), 0
            self._video_out.rate.on_report(lost * MAX_PIECE_SIZE, self._pieces * MAX_PIECE_SIZE, now_ms)
            self._pieces, self._loss_ms = 0, now_ms


def _u16(value: int) -> int:
    return min(value, UNKNOWN - 1)
