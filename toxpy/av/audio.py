"""The sound of a call: PCM to packets, and packets to frames of PCM.

`AudioSender.send` is called by any thread, `AudioReceiver.take` by whoever reads the network, `play` by
whoever wants frames. None of them waits for another, but senders of the same call for each other's encoding.

A receiver holds at most MAX_WAITING packets that nobody has played, a window of 64 in the jitter buffer and
one frame in pieces: 280 KB, and one decoder.

c-toxcore: toxav/audio.c.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections import deque

from toxpy.av import rtp
from toxpy.av.transit import Transit
from toxpy.media.formats import AUDIO_RATES, CodecError, channels_of
from toxpy.media.jitter import Gap, JitterBuffer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.media.codecs import AudioDecoder, AudioEncoder, Codecs
    from toxpy.media.formats import Memory
    from toxpy.runtime import Counters

#: Percent of packets that the encoder expects to be lost, when nobody says: c-toxcore's. Above that it costs
#: more quality than it saves.
EXPECTED_LOSS = 10
#: Packets that wait for a program that does not play: what is older would not be played anyway.
MAX_WAITING = 128
#: A new decoder, for another rate or number of channels, at most every so many ms.
MIN_DECODER_AGE_MS = 100
#: Packets of one channel in a row that are still taken for stereo: encoders leave out a channel now and then.
MAX_MONO = 25
#: Pieces that one frame comes in.
MAX_PARTS = 8
#: Bytes of the sampling rate before an Opus packet.
_RATE_SIZE = 4


class AudioSender:
    """Our sound. `random` is 64 random bits, those of the call's VideoSender: they share its time stamps."""

    __slots__ = (
        "_before",
        "_bit_rate",
        "_codecs",
        "_encoder",
        "_encoder_loss",
        "_expected_loss",
        "_format",
        "_lock",
        "_sequence",
        "_source",
        "_start_ms",
        "is_twice",
    )

    def __init__(self, codecs: Codecs, random: int) -> None:
        self._codecs = codecs
        self._lock = allocate_lock()
        self._encoder: AudioEncoder | None = None
        #: rate and channels of the encoder, and its bit rate in kbit/s
        self._format = (0, 0)
        self._bit_rate = 0
        #: what is expected, and what the encoder knows of it
        self._expected_loss, self._encoder_loss = EXPECTED_LOSS, 0
        #: the packets of the frame before go out once more; these; only where the friend can tell them
        self.is_twice = False
        self._before: list[bytes] = []
        #: c-toxcore begins with 0 and its receivers expect that
        self._sequence = 0
        self._source = random >> 32
        #: a monotonic clock tells how long the machine is up
        self._start_ms = random & 0xFFFFFFFF

    def send(
        self, pcm: Memory, samples: int, channels: int, rate: int, bit_rate: int, now_ms: int
    ) -> list[bytes]:
        """The packets of one frame; `samples` are of each channel, `bit_rate` is in kbit/s.

        CodecError for what Opus does not take.
        """
        with self._lock:
            opus = self._prepare(rate, channels, bit_rate).encode(pcm, samples)
            sequence = self._sequence
            self._sequence = (sequence + 1) & 0xFFFF
        stamp_ms = (now_ms + self._start_ms) & 0xFFFFFFFF
        packets = rtp.pieces(rtp.AUDIO, sequence, stamp_ms, self._source, rate.to_bytes(4, "big") + opus)
        if self.is_twice:
            before, self._before = self._before, packets
            return packets + before
        self._before = []
        return packets

    def expect_loss(self, percent: int) -> None:
        """So many packets of 100 get lost, as far as the peer tells: at most EXPECTED_LOSS."""
        self._expected_loss = min(percent, EXPECTED_LOSS)

    def _prepare(self, rate: int, channels: int, bit_rate: int) -> AudioEncoder:
        encoder = self._encoder
        if encoder is None or self._format != (rate, channels):
            # not what is said can be told from the size of packets: always the full bit rate
            encoder = self._codecs.AudioEncoder(
                rate, channels, application="voip", bit_rate=bit_rate * 1000, fec=True, vbr=False
            )
            self._encoder, self._format, self._bit_rate = encoder, (rate, channels), bit_rate
            self._encoder_loss = 0
        elif bit_rate != self._bit_rate:
            encoder.set_bit_rate(bit_rate * 1000)
            self._bit_rate = bit_rate
        if self._expected_loss != self._encoder_loss:
            self._encoder_loss = self._expected_loss
            encoder.set_expected_loss(self._encoder_loss)
        return encoder


class AudioReceiver:
    """A friend's sound."""

    __slots__ = (
        "_closed",
        "_codecs",
        "_counters",
        "_decoder",
        "_decoder_ms",
        "_jitter",
        "_mono",
        "_parts",
        "_playing",
        "_waiting",
        "transit",
    )

    def __init__(self, codecs: Codecs, counters: Counters) -> None:
        self._codecs = codecs
        self._counters = counters
        #: frames that came, and when, for `play`
        self._waiting: deque[tuple[rtp.Piece, int]] = deque(maxlen=MAX_WAITING)
        self._parts: list[rtp.Piece] = []
        self._jitter = JitterBuffer()
        self._decoder: AudioDecoder | None = None
        self._decoder_ms = -MIN_DECODER_AGE_MS
        #: packets of one channel since the last one of two
        self._mono = 0
        #: measures how long packets take, if anybody wants to know
        self.transit: Transit | None = None
        self._playing = allocate_lock()
        self._closed = False

    def take(self, packet: bytes, now_ms: int) -> None:
        """A packet of kind AUDIO that came at that time."""
        piece = rtp.parse(packet, self._counters)
        if piece is not None and piece.size != len(piece.data):
            piece = self._join(piece)
        if piece is None:
            return
        if self.transit is not None:
            self.transit.add(piece.stamp_ms, now_ms)
        data = piece.data
        if len(data) <= _RATE_SIZE or int.from_bytes(data[:_RATE_SIZE], "big") not in AUDIO_RATES:
            self._counters.drop("audio_rate")
            return
        if len(self._waiting) == MAX_WAITING:
            self._counters.drop("audio_waiting")
        self._waiting.append((piece, now_ms))

    def play(self, now_ms: int, sink: Callable[[AudioDecoder], None]) -> None:
        """Decode what is due and hand it out; the decoder has the PCM until `sink` returns.

        Returns at once while another thread plays, or when called by `sink`.
        """
        if not self._playing.acquire(False):
            return
        try:
            waiting, jitter = self._waiting, self._jitter
            while waiting:
                piece, came_ms = waiting.popleft()
                jitter.put(piece.sequence, piece.data, came_ms)
            while not self._closed and (due := jitter.take(now_ms)) is not None:
                decoder = self._decode(due, now_ms)
                if decoder is not None:
                    sink(decoder)
        finally:
            self._playing.release()

    @property
    def frame_ms(self) -> float:
        """How long the last frame was."""
        return self._jitter.frame_ms

    def next_ms(self) -> int | None:
        """When `play` has something to do though nothing comes, None for never; the past for now."""
        if self._waiting or not self._playing.acquire(False):
            return 0
        try:
            return self._jitter.next_ms()
        finally:
            self._playing.release()

    def received(self) -> int:
        """Packets that came in time, so far."""
        return self._jitter.received

    def lost(self) -> int:
        """Frames that did not."""
        return self._jitter.lost

    def close(self) -> None:
        """Hand out nothing more, also when `sink` calls this."""
        self._closed = True
        self._waiting.clear()

    def _join(self, piece: rtp.Piece) -> rtp.Piece | None:
        """Sound of more than one packet, whole with this one: of one frame at a time, its pieces in order."""
        parts = self._parts
        if parts and (parts[0].sequence, parts[0].size) != (piece.sequence, piece.size):
            self._counters.drop("audio_unfinished")
            parts.clear()
        if len(parts) == MAX_PARTS or piece.offset != sum(len(part.data) for part in parts):
            self._counters.drop("audio_pieces")
            return None
        parts.append(piece)
        if piece.offset + len(piece.data) < piece.size:
            return None
        data = b"".join(part.data for part in parts)
        parts.clear()
        return rtp.Piece(piece.sequence, piece.stamp_ms, piece.flags, 0, piece.size, data)

    def _decode(self, due: bytes | Gap, now_ms: int) -> AudioDecoder | None:
        """The decoder with that frame, None if there is none."""
        try:
            if not isinstance(due, Gap):
                decoder = self._decoder_for(due, now_ms)
                if decoder is not None:
                    self._jitter.frame_ms = decoder.decode(due[_RATE_SIZE:]) * 1000 / decoder.rate
                return decoder
            decoder = self._decoder
            if decoder is not None:
                samples = round(self._jitter.frame_ms * decoder.rate / 1000)
                if due.next and _format_of(due.next)[0] == decoder.rate:
                    decoder.recover(due.next[_RATE_SIZE:], samples)
                else:
                    decoder.conceal(samples)
            return decoder
        except CodecError:
            self._counters.drop("audio_codec")
            return None

    def _decoder_for(self, packet: bytes, now_ms: int) -> AudioDecoder | None:
        """The decoder of that packet's rate and channels, if one may be made now."""
        decoder, wanted = self._decoder, _format_of(packet)
        if decoder is not None:
            if (decoder.rate, decoder.channels) == wanted:
                self._mono = 0
                return decoder
            self._mono += 1
            if (decoder.rate, 1) == wanted and self._mono < MAX_MONO:
                return decoder
        if now_ms < self._decoder_ms + MIN_DECODER_AGE_MS:
            self._counters.drop("audio_decoder")
            return None
        self._decoder = self._codecs.AudioDecoder(*wanted)
        self._decoder_ms = now_ms
        return self._decoder


def _format_of(packet: bytes) -> tuple[int, int]:
    """Rate and channels of a frame."""
    return int.from_bytes(packet[:_RATE_SIZE], "big"), channels_of(packet[_RATE_SIZE:])
