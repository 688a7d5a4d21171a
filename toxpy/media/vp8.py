"""VP8 by libvpx: what `toxpy.media.codecs` says of it. Only `load` imports this.

The encoder keeps a steady bit rate and has key frames only where somebody needs one. A decoder is made for
one size of picture, and anew after an error: its memory never moves under those who look at a picture.
c-toxcore: toxav/video.c.
"""

from __future__ import annotations

from toxpy.media._avcodecs import ffi, lib  # type: ignore[import-not-found]
from toxpy.media.formats import MAX_SIDE, CodecError, EncodedPicture, picture_header
from toxpy.media.native import pointer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toxpy.media.formats import Memory

#: Highest bit rate, kbit/s: that of toxav_video_set_bit_rate.
_MAX_BIT_RATE = 1_000_000
#: How long a picture is shown, microseconds: as long as nobody knows, and the shortest and longest.
_USUAL_US, _SHORTEST_US, _LONGEST_US = 33_333, 8_000, 1_000_000
#: Share of a new interval in the mean, one in so many: cameras are not punctual.
_SMOOTHING = 8


def _check(result: int) -> int:
    if result < 0:
        raise CodecError("VP8: " + ffi.string(lib.video_error(result)).decode())
    return result


class VideoEncoder:
    """As `toxpy.media.codecs.VideoEncoder`."""

    __slots__ = ("_duration_us", "_encoder", "_frame", "height", "width")

    def __init__(self, width: int, height: int, bit_rate: int) -> None:
        if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
            raise CodecError(f"VP8 has no pictures of {width}x{height}")
        error = ffi.new("int *")
        encoder = lib.video_encoder_new(width, height, _bit_rate(bit_rate), error)
        _check(-error[0])
        self._encoder = ffi.gc(encoder, lib.video_encoder_free)
        self.width = width
        self.height = height
        self._duration_us = _USUAL_US
        self._frame = ffi.new("video_frame *")

    def encode(
        self, y: Memory, u: Memory, v: Memory, *, key_frame: bool, elapsed_ms: int = 0
    ) -> EncodedPicture | None:
        """One frame."""
        if elapsed_ms:
            elapsed_us = min(max(elapsed_ms * 1000, _SHORTEST_US), _LONGEST_US)
            self._duration_us += (elapsed_us - self._duration_us) // _SMOOTHING
        chroma = (self.width // 2) * (self.height // 2)
        planes = pointer(y, self.width * self.height), pointer(u, chroma), pointer(v, chroma)
        frame = self._frame
        if not _check(lib.video_encode(self._encoder, *planes, key_frame, self._duration_us, frame)):
            return None
        return EncodedPicture(ffi.buffer(frame.data, frame.size)[:], bool(frame.is_key))

    def set_bit_rate(self, kbit: int) -> None:
        """From the next picture on."""
        _check(lib.video_encoder_set_bit_rate(self._encoder, _bit_rate(kbit)))


def _bit_rate(kbit: int) -> int:
    if not 0 < kbit <= _MAX_BIT_RATE:
        raise CodecError(f"VP8 has no bit rate of {kbit} kbit/s")
    return kbit


class VideoDecoder:
    """As `toxpy.media.codecs.VideoDecoder`."""

    __slots__ = ("_decoder", "_picture", "_size", "height", "strides", "width")

    def __init__(self) -> None:
        self._decoder: Any = None
        #: what the decoder was made for; (0, 0) when the next key frame needs another one
        self._size = (0, 0)
        self._picture = ffi.new("video_picture *")
        self.width = self.height = 0
        self.strides = (0, 0, 0)

    def decode(self, frame: bytes) -> bool:
        """A key frame of another size gets a decoder of its own."""
        is_key, width, height = picture_header(frame)
        if is_key and self._size != (width, height):
            self._renew(width, height)
        elif self._decoder is None:
            raise CodecError("VP8: no key frame yet")
        picture = self._picture
        result = lib.video_decode(self._decoder, frame, len(frame), picture)
        if result < 0:
            # it goes on, but may take other memory for the next key frame
            self._size = (0, 0)
        if not _check(result):
            return False
        self.width, self.height = picture.width, picture.height
        y, u, v = picture.strides
        self.strides = (y, u, v)
        return True

    def _renew(self, width: int, height: int) -> None:
        error = ffi.new("int *")
        decoder = lib.video_decoder_new(error)
        _check(-error[0])
        # the picture was in the memory of the one before
        self.width = self.height = 0
        self._decoder = ffi.gc(decoder, lib.video_decoder_free)
        self._size = (width, height)

    def planes(self) -> tuple[memoryview, memoryview, memoryview]:
        """y, u and v. The memory stays for as long as anybody has a view of it."""
        if not self.width:
            raise CodecError("VP8: no picture yet")
        rows = self.height, (self.height + 1) // 2, (self.height + 1) // 2
        y, u, v = (
            memoryview(ffi.buffer(_shared(self._picture.planes[i], self._decoder), self.strides[i] * rows[i]))
            for i in range(3)
        )
        return y, u, v


def _shared(plane: Any, decoder: Any) -> Any:
    """A pointer that keeps the decoder it points into."""
    return ffi.gc(plane, lambda _: decoder)
