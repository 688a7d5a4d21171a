"""The pictures of a call: planes to packets, and packets to planes.

As in audio.py any thread may send, and nobody waits for another thread but for the encoder of the same call.

A receiver holds at most MAX_WAITING packets that nobody has played (3 MB), the pictures in the making
(pictures.py, 20 MB), those that are to be decoded (4 MB) and one decoder (at most 8.8 million pixels). What a
friend sends costs one call of `play` at most a few large pictures, and a new decoder now and then.

Of a broken picture the beginning is shown if the decoder can make something of it; a broken key frame only
when there is nothing better. Measured against the source that is nearer than to put zeros into the holes as
c-toxcore does, to leave broken ones out, or to stand still until the next key frame.

c-toxcore: toxav/video.c.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections import deque

from toxpy.av import rtp
from toxpy.av.pictures import Assembler
from toxpy.av.rate import VideoRate
from toxpy.av.repeats import KEY, Asking, History
from toxpy.media.formats import MAX_PIXELS, CodecError, first_partition_end, picture_header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.av.bandwidth import Bandwidth
    from toxpy.av.pictures import Picture
    from toxpy.av.transit import Transit
    from toxpy.media.codecs import Codecs, VideoDecoder, VideoEncoder
    from toxpy.media.formats import Memory
    from toxpy.runtime import Counters

#: When key frames are sent at the beginning, ms after the first picture: the friend may not be ready for that
#: yet, and cannot ask. c-toxcore makes the first seven pictures key frames.
FIRST_KEYS_MS = (0, 300, 1000)
#: Time between key frames, ms: because something was lost, or because the friend asks for one.
KEY_DISTANCE_MS, ASKED_KEY_DISTANCE_MS = 1500, 500
#: Time between questions for a key frame, ms; and the moment before the first one.
ASK_KEY_MS, NEVER_MS = 300, -60_000
#: Change of the rate from which on the encoder is told. A share.
RATE_CHANGE = 0.05
#: Packets that wait for a program that does not play: more than one of the largest pictures.
MAX_WAITING = 2048
#: Pictures that are shown when many have piled up: of older ones nobody would see anything. As in c-toxcore.
MAX_SHOWN = 5
#: Pixels that are decoded at once, three of the largest pictures: whoever plays has other things to do.
MAX_WORK = 3 * MAX_PIXELS
#: Pictures that wait to be decoded, and their bytes: with more it is too late for them.
MAX_READY, MAX_READY_SIZE = 60, 4 * 1024 * 1024
#: A new decoder, for another size or after an error, at most every so many ms.
MIN_DECODER_AGE_MS = 100
#: Questions that wait for whoever sends them.
MAX_QUESTIONS = 8
#: Errors in a row after which there is a new decoder.
MAX_ERRORS = 30


class VideoSender:
    """Our pictures. `random` is 64 random bits, those of the call's AudioSender: they share its time
    stamps."""

    __slots__ = (
        "_codecs",
        "_encoder",
        "_encoder_kbit",
        "_key_distance_ms",
        "_key_ms",
        "_keys",
        "_lock",
        "_sent_ms",
        "_sequence",
        "_source",
        "_start_ms",
        "_started_ms",
        "_wants_key",
        "history",
        "is_asked",
        "rate",
    )

    def __init__(self, codecs: Codecs, random: int) -> None:
        self._codecs = codecs
        self._lock = allocate_lock()
        self._encoder: VideoEncoder | None = None
        self._encoder_kbit = 0
        self._sequence = 0
        self._source = random >> 32
        self._start_ms = random & 0xFFFFFFFF
        #: when the first picture was sent, how many of the first key frames were, and when the last one was
        self._started_ms = self._keys = self._key_ms = 0
        self._sent_ms = 0
        self._wants_key = False
        self._key_distance_ms = KEY_DISTANCE_MS
        #: the friend says when it needs a key frame
        self.is_asked = False
        self.rate = VideoRate()
        #: what can be sent again
        self.history = History()

    def send(
        self, width: int, height: int, y: Memory, u: Memory, v: Memory, bit_rate: int, now_ms: int
    ) -> list[bytes]:
        """The packets of one picture, none when the bit rate (kbit/s, at most) has no room for it.

        CodecError for what the encoder does not take.
        """
        with self._lock:
            # what is sent again is within the rate
            kbit = self.rate.allow(bit_rate, now_ms) * (1 - self.history.share())
            encoder = self._prepare(width, height, max(int(kbit), 1), now_ms)
            is_due = self._is_key_due(now_ms)
            # the encoder has to know how often pictures come
            elapsed_ms, self._sent_ms = now_ms - self._sent_ms, now_ms
            picture = encoder.encode(y, u, v, key_frame=is_due, elapsed_ms=elapsed_ms)
            if picture is None:
                return []
            if picture.is_key:
                self._key_ms, self._wants_key = now_ms, False
                self._keys += is_due
            sequence = self._sequence
            self._sequence = (sequence + 1) & 0xFFFF
        stamp_ms, source = (now_ms + self._start_ms) & 0xFFFFFFFF, self._source
        packets = rtp.pieces(rtp.VIDEO, sequence, stamp_ms, source, picture.data, key_frame=picture.is_key)
        self.history.add(sequence, packets)
        return packets

    def request_key_frame(self, *, soon: bool = False) -> None:
        """The friend has no picture, or a broken one. `soon`: it asks, so it needs one."""
        self._wants_key = True
        self._key_distance_ms = ASKED_KEY_DISTANCE_MS if soon else KEY_DISTANCE_MS

    def on_report(self, lost: int, received: int, now_ms: int) -> None:
        """The friend lost so many bytes of so many."""
        self.rate.on_report(lost, received, now_ms)
        self._wants_key = True

    def close(self) -> None:
        """No picture follows for now: free the encoder."""
        with self._lock:
            self._encoder = None
            self._keys = 0

    def _prepare(self, width: int, height: int, kbit: int, now_ms: int) -> VideoEncoder:
        encoder = self._encoder
        if encoder is None or (encoder.width, encoder.height) != (width, height):
            encoder = self._encoder = self._codecs.VideoEncoder(width, height, kbit)
            self._encoder_kbit, self._sent_ms = kbit, now_ms
        elif abs(kbit - self._encoder_kbit) > RATE_CHANGE * self._encoder_kbit:
            encoder.set_bit_rate(kbit)
            self._encoder_kbit = kbit
        return encoder

    def _is_key_due(self, now_ms: int) -> bool:
        if self._keys == 0:
            self._started_ms = now_ms
        first = FIRST_KEYS_MS[:1] if self.is_asked else FIRST_KEYS_MS
        if self._keys < len(first) and now_ms >= self._started_ms + first[self._keys]:
            return True
        return self._wants_key and now_ms >= self._key_ms + self._key_distance_ms


class VideoReceiver:
    """A friend's pictures. `bandwidth` counts them."""

    __slots__ = (
        "_asked_key_ms",
        "_asking",
        "_assembler",
        "_bandwidth",
        "_closed",
        "_codecs",
        "_counters",
        "_decoder",
        "_errors",
        "_is_poor",
        "_playing",
        "_questions",
        "_ready",
        "_renewed_ms",
        "_round_trip_ms",
        "_size",
        "_waiting",
        "_work",
        "is_damaged",
        "received",
        "received_bytes",
        "transit",
    )

    def __init__(self, codecs: Codecs, counters: Counters, bandwidth: Bandwidth) -> None:
        self._codecs = codecs
        self._counters = counters
        self._bandwidth = bandwidth
        #: pieces that came, and when, for `play`
        self._waiting: deque[tuple[rtp.Piece, int]] = deque(maxlen=MAX_WAITING)
        self._assembler = Assembler(counters)
        #: pictures that are to be decoded, and pixels that were in this call of `play`
        self._ready: deque[Picture] = deque()
        self._work = 0
        #: when a key frame needed another decoder
        self._renewed_ms = NEVER_MS
        self._decoder: VideoDecoder | None = None
        #: errors in a row
        self._errors = 0
        #: width and height of the last key frame that the decoder took; none while it has no picture
        self._size = (0, 0)
        #: that key frame had holes where all of a picture is decided
        self._is_poor = False
        #: what is shown is not what was sent, until a key frame comes
        self.is_damaged = False
        self._asking = Asking()
        #: of a friend that sends again what we ask for; -1 for others
        self._round_trip_ms = -1
        self._questions: list[bytes] = []
        self._asked_key_ms = NEVER_MS
        #: pieces that came, and their bytes
        self.received = self.received_bytes = 0
        #: measures how long packets take, if anybody wants to know
        self.transit: Transit | None = None
        self._playing = allocate_lock()
        self._closed = False

    def take(self, packet: bytes, now_ms: int) -> None:
        """A packet of kind VIDEO that came at that time."""
        piece = rtp.parse(packet, self._counters)
        if piece is not None:
            self.received += 1
            self.received_bytes += len(piece.data)
            if self.transit is not None:
                self.transit.add(piece.stamp_ms, now_ms)
            if len(self._waiting) == MAX_WAITING:
                self._counters.drop("video_waiting")
            self._waiting.append((piece, now_ms))

    def play(self, now_ms: int, sink: Callable[[VideoDecoder], None]) -> None:
        """Decode what is there and hand it out; the decoder has the picture until `sink` returns.

        Returns at once while another thread plays, or when called by `sink`.
        """
        if not self._playing.acquire(False):
            return
        try:
            self._assemble(now_ms)
            if self._round_trip_ms >= 0:
                self._ask_pieces(now_ms)
            ready, self._work = self._ready, 0
            while ready and self._work < MAX_WORK and not self._closed:
                decoder = self._decode(ready.popleft(), now_ms)
                if decoder is not None and len(ready) < MAX_SHOWN:
                    sink(decoder)
            if len(ready) > MAX_READY or sum([picture.got for picture in ready]) > MAX_READY_SIZE:
                # this machine is too slow for them
                self._counters.drop("picture_ready")
                ready.clear()
                self.is_damaged = True
            if self._round_trip_ms >= 0:
                self._ask_key_frame(now_ms)
        finally:
            self._playing.release()

    def next_ms(self) -> int | None:
        """When `play` has something to do though nothing comes, None for never; the past for now."""
        if self._waiting or self._ready or not self._playing.acquire(False):
            return 0
        try:
            due_ms, ask_ms = self._assembler.next_ms(), self._asking.next_ms()
            return due_ms if ask_ms is None or due_ms is None else min(due_ms, ask_ms)
        finally:
            self._playing.release()

    def ask(self, round_trip_ms: int) -> None:
        """The friend sends again what we ask for; -1: it does not."""
        self._round_trip_ms = round_trip_ms
        if round_trip_ms < 0:
            self._assembler.hold_ms = 0

    def questions(self) -> list[bytes]:
        """Packets to send after `play`."""
        found, self._questions = self._questions, []
        return found

    def missed(self) -> int:
        """Pieces that did not come the first time, so far; only known while we `ask`."""
        return self._asking.missed

    def _assemble(self, now_ms: int) -> None:
        """Pieces to pictures, whole or not."""
        waiting, assembler, found = self._waiting, self._assembler, self._ready
        while waiting:
            found += assembler.take(*waiting.popleft())
        found += assembler.ready(now_ms)

    def _ask_pieces(self, now_ms: int) -> None:
        # before anything is decoded, which takes its time
        self._assembler.hold_ms = self._asking.hold_ms(self._round_trip_ms)
        question = self._asking.packet(self._assembler.pictures, self._round_trip_ms, now_ms)
        if question is not None:
            self._questions += (question, question)
        # nobody fetches them
        del self._questions[:-MAX_QUESTIONS]

    def _ask_key_frame(self, now_ms: int) -> None:
        if self.is_damaged and now_ms >= self._asked_key_ms + max(ASK_KEY_MS, 2 * self._round_trip_ms):
            self._asked_key_ms = now_ms
            self._questions.append(bytes((KEY,)))

    def close(self) -> None:
        """Hand out nothing more, also when `sink` calls this."""
        self._closed = True
        self._waiting.clear()

    def _decode(self, picture: Picture, now_ms: int) -> VideoDecoder | None:
        """The decoder with that picture, None if there is nothing to show."""
        frame = picture.beginning()
        self._bandwidth.add_picture(picture)
        if not picture.is_whole:
            self.is_damaged = True
        if not frame:
            return None
        try:
            is_key, *sides = picture_header(frame)
            size = (sides[0], sides[1]) if is_key else self._size
            self._work += size[0] * size[1]
            is_poor = len(frame) < first_partition_end(frame)
            if not picture.is_whole and is_key and size != self._size:
                # nothing else is there to begin with, and a decoder begins with whole key frames only
                frame = picture.with_zeros()
            elif is_poor or not self._is_worth_it(picture, is_key, size):
                self._counters.drop("picture_broken")
                self.is_damaged = True
                return None
            if is_key and not self._may_renew(size, now_ms):
                return None
            decoder = self._decoder
            if decoder is None:
                decoder = self._decoder = self._codecs.VideoDecoder()
            is_shown = decoder.decode(frame)
        except CodecError:
            self._note_error()
            return None
        self._errors = 0
        if is_key:
            self._size, self._is_poor = size, is_poor
            self.is_damaged = not picture.is_whole
        return decoder if is_shown else None

    def _is_worth_it(self, picture: Picture, is_key: bool, size: tuple[int, int]) -> bool:
        """True if it is better than what is shown: what is missing of a key frame is grey."""
        return picture.is_whole or not is_key or size != self._size or self._is_poor

    def _may_renew(self, size: tuple[int, int], now_ms: int) -> bool:
        """False for a key frame that needs another decoder too soon: for another size, or after an error."""
        if size == self._size and not self._errors:
            return True
        if now_ms < self._renewed_ms + MIN_DECODER_AGE_MS:
            self._counters.drop("picture_decoder")
            self.is_damaged = True
            return False
        self._renewed_ms = now_ms
        return True

    def _note_error(self) -> None:
        self._counters.drop("picture_codec")
        self.is_damaged = True
        self._errors += 1
        if self._errors >= MAX_ERRORS:
            self._errors = 0
            self._decoder, self._size = None, (0, 0)
