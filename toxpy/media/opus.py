"""Opus by libopus: what `toxpy.media.codecs` says of it. Only `load` imports this.

Calls: VOIP, a constant bit rate (a variable one tells what is said), repeated frames once loss is expected.
Conferences: AUDIO, a variable bit rate. c-toxcore: toxav/audio.c, toxav/groupav.c.
"""

from __future__ import annotations

from toxpy.media._avcodecs import ffi, lib  # type: ignore[import-not-found]
from toxpy.media.formats import AUDIO_RATES, MAX_AUDIO_MS, CodecError, is_audio_length, samples_of
from toxpy.media.native import pointer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.media.formats import Memory

#: Room for a packet, bytes: more than 120 ms at Opus' highest rate; in a conference what members take.
_PACKET_ROOM = {"voip": 7680, "audio": 1024}
_SAMPLE_SIZE = 2
_NULL = ffi.NULL


def _check(result: int) -> int:
    if result < 0:
        raise CodecError("Opus: " + ffi.string(lib.audio_error(result)).decode())
    return result


def _check_kind(rate: int, channels: int) -> None:
    if rate not in AUDIO_RATES or channels not in (1, 2):
        raise CodecError(f"Opus has no {rate} Hz with {channels} channels")


class AudioEncoder:
    """As `toxpy.media.codecs.AudioEncoder`."""

    __slots__ = ("_channels", "_encoder", "_packet", "_rate", "_room", "_view")

    def __init__(
        self, rate: int, channels: int, *, application: str, bit_rate: int, fec: bool, vbr: bool = False
    ) -> None:
        _check_kind(rate, channels)
        room = _PACKET_ROOM[application]
        error = ffi.new("int *")
        encoder = lib.audio_encoder_new(rate, channels, application == "voip", fec, vbr, error)
        _check(error[0])
        self._encoder = ffi.gc(encoder, lib.audio_encoder_free)
        self._rate = rate
        self._channels = channels
        self._room = room
        self._packet = ffi.new("unsigned char[]", room)
        self._view = ffi.buffer(self._packet)
        self.set_bit_rate(bit_rate)

    def encode(self, pcm: Memory, samples: int) -> bytes:
        """One packet."""
        if not is_audio_length(samples, self._rate):
            raise CodecError(f"Opus has no frame of {samples} samples at {self._rate} Hz")
        data = pointer(pcm, samples * self._channels * _SAMPLE_SIZE)
        size = _check(lib.audio_encode(self._encoder, data, samples, self._packet, self._room))
        packet: bytes = self._view[:size]
        return packet

    def set_bit_rate(self, bits: int) -> None:
        """From the next packet on."""
        _check(lib.audio_encoder_set_bit_rate(self._encoder, bits))

    def set_expected_loss(self, percent: int) -> None:
        """Decides how much of a packet repeats the one before."""
        _check(lib.audio_encoder_set_expected_loss(self._encoder, percent))


class AudioDecoder:
    """As `toxpy.media.codecs.AudioDecoder`."""

    __slots__ = ("_decoder", "_pcm", "channels", "rate", "samples")

    def __init__(self, rate: int, channels: int) -> None:
        _check_kind(rate, channels)
        error = ffi.new("int *")
        decoder = lib.audio_decoder_new(rate, channels, error)
        _check(error[0])
        self._decoder = ffi.gc(decoder, lib.audio_decoder_free)
        self.rate = rate
        self.channels = channels
        self.samples = 0
        self._pcm = ffi.new("int16_t[]", rate * MAX_AUDIO_MS // 1000 * channels)

    def decode(self, packet: bytes) -> int:
        """A packet's frames."""
        return self._decode(packet, len(packet), samples_of(packet, self.rate), False)

    def recover(self, next_packet: bytes, samples: int) -> int:
        """The frame before the packet; libopus conceals it if the packet has nothing of it."""
        samples_of(next_packet, self.rate)
        return self._decode(next_packet, len(next_packet), self._lost(samples), True)

    def conceal(self, samples: int) -> int:
        """What could come after the last frame."""
        return self._decode(_NULL, 0, self._lost(samples), False)

    def pcm(self) -> memoryview:
        """The samples. The memory stays for as long as anybody has a view of it."""
        return memoryview(ffi.buffer(self._pcm, self.samples * self.channels * _SAMPLE_SIZE)).cast("h")

    def _lost(self, samples: int) -> int:
        """The length of a lost frame: Opus has them in steps of 2.5 ms, and the memory ends after 120 ms."""
        if not 0 < samples * 1000 <= self.rate * MAX_AUDIO_MS:
            raise CodecError(f"Opus has no frame of {samples} samples at {self.rate} Hz")
        return samples

    def _decode(self, packet: bytes, size: int, samples: int, is_before: bool) -> int:
        self.samples = _check(lib.audio_decode(self._decoder, packet, size, self._pcm, samples, is_before))
        return self.samples
