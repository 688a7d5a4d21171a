"""Codecs for tests: deterministic, in Python, and what goes in comes out recognisable.

Packets begin with true headers of Opus and VP8, so everything that reads those works on them. Their sizes
follow the bit rate. A frame of one value comes out with that value.

    audio    TOC (1 or 2 bytes) | own values u16 | values of the frame before u8 | int16...
             every n-th sample; a decoder holds it until the next. A concealed frame has half the last value.
    picture  tag (3, key frames 10) | step u8 | y, u and v of every step-th pixel and row
             XORed with the last picture, but in key frames. So after a lost frame the values are wrong until
             the next key frame, and where a frame ends early the last picture stays.
"""

from __future__ import annotations

from _struct import Struct
from array import array

from _cffi_backend import FFI

from toxpy.media.formats import (
    AUDIO_RATES,
    AUDIO_UNITS,
    KEY_HEADER_SIZE,
    MAX_SIDE,
    TAG_SIZE,
    UNITS_PER_SECOND,
    CodecError,
    EncodedPicture,
    channels_of,
    first_partition_end,
    is_audio_length,
    picture_header,
    samples_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.media.formats import Memory

_ffi = FFI()
#: Audio: how many values follow of this frame and of the one before.
_COUNTS = Struct(">HB")
#: Opus configuration and number of frames for each length of AUDIO_UNITS.
_SHAPES = dict(
    zip(
        AUDIO_UNITS,
        ((28, 1), (29, 1), (30, 1), (31, 1), (10, 1), (11, 1), (10, 2), (31, 5), (11, 2)),
        strict=True,
    )
)
#: Values of the frame before in a packet that has them.
_REPEATED = 4
#: Pictures a second that the bit rate is for.
_PICTURES_PER_SECOND = 30
#: A key frame may be so many times as large as another one; what it has too much is saved later.
_KEY_SHARE = 4
#: Pictures are dropped while more than so many of them are owed.
_MAX_DEBT = 12
#: The colour of a picture with no room for one.
_GREY = b"\x80"


def _read(memory: Memory, size: int) -> bytes:
    """So many bytes of a buffer or at an address."""
    if isinstance(memory, int):
        data: bytes = _ffi.buffer(_ffi.cast("char *", memory), size)[:]
        return data
    view = memoryview(memory).cast("B")
    if len(view) < size:
        raise CodecError(f"{len(view)} bytes where {size} are needed")
    return bytes(view[:size])


class AudioEncoder:
    """As `toxpy.media.codecs.AudioEncoder`."""

    __slots__ = ("_before", "_bit_rate", "_channels", "_fec", "_loss", "_rate", "_vbr")

    def __init__(
        self, rate: int, channels: int, *, application: str, bit_rate: int, fec: bool, vbr: bool = False
    ) -> None:
        if rate not in AUDIO_RATES or channels not in (1, 2) or application not in ("voip", "audio"):
            raise CodecError(f"no encoder for {rate} Hz, {channels} channels, {application}")
        self._rate = rate
        self._channels = channels
        self._bit_rate = bit_rate
        self._fec = fec
        self._vbr = vbr
        self._loss = 0
        self._before = array("h")

    def encode(self, pcm: Memory, samples: int) -> bytes:
        """One packet; silence takes nearly nothing if the bit rate is variable."""
        if not is_audio_length(samples, self._rate):
            raise CodecError(f"no frame of {samples} samples at {self._rate} Hz")
        channels = self._channels
        frame = array("h")
        frame.frombytes(_read(pcm, samples * channels * 2))
        configuration, count = _SHAPES[samples * UNITS_PER_SECOND // self._rate]
        toc = bytes([configuration << 3 | (channels - 1) << 2 | min(count - 1, 2 if count < 3 else 3)])
        if count > 2:
            toc += bytes([count])
        before = self._before if self._fec and self._loss else array("h")
        room = self._bit_rate * samples // (8 * self._rate) - len(toc) - _COUNTS.size - 2 * len(before)
        points = 1 if self._vbr and not any(frame) else min(max(room // (2 * channels), 1), samples)
        own = array("h")
        for point in range(points):
            first = point * samples // points * channels
            own += frame[first : first + channels]
        self._before = own[: _REPEATED * channels]
        return toc + _COUNTS.pack(len(own), len(before)) + own.tobytes() + before.tobytes()

    def set_bit_rate(self, bits: int) -> None:
        """From the next packet on."""
        self._bit_rate = bits

    def set_expected_loss(self, percent: int) -> None:
        """Above 0 a packet repeats the beginning of the one before."""
        self._loss = percent


class AudioDecoder:
    """As `toxpy.media.codecs.AudioDecoder`."""

    __slots__ = ("_pcm", "channels", "rate", "samples")

    def __init__(self, rate: int, channels: int) -> None:
        if rate not in AUDIO_RATES or channels not in (1, 2):
            raise CodecError(f"no decoder for {rate} Hz, {channels} channels")
        self.rate = rate
        self.channels = channels
        self.samples = 0
        self._pcm = array("h")

    def decode(self, packet: bytes) -> int:
        """Hold each value until the next."""
        samples = samples_of(packet, self.rate)
        return self._hold(self._values(packet)[0], channels_of(packet), samples)

    def recover(self, next_packet: bytes, samples: int) -> int:
        """What the packet repeats, or half of what was before."""
        repeated = self._values(next_packet)[1]
        if not repeated:
            return self.conceal(samples)
        return self._hold(repeated, channels_of(next_packet), samples)

    def conceal(self, samples: int) -> int:
        """Half of the last values."""
        last = self._pcm[-self.channels :] or array("h", [0] * self.channels)
        return self._hold(array("h", [value // 2 for value in last]), self.channels, samples)

    def pcm(self) -> memoryview:
        """The samples."""
        return memoryview(self._pcm)

    def _values(self, packet: bytes) -> tuple[array[int], array[int]]:
        """Values of the packet's frame and of the one before."""
        start = 2 if packet and packet[0] & 3 == 3 else 1
        values = array("h")
        rest = packet[start + _COUNTS.size :]
        if len(packet) < start + _COUNTS.size or len(rest) % 2:
            raise CodecError("a short packet")
        own, repeated = _COUNTS.unpack_from(packet, start)
        values.frombytes(rest)
        if not own or len(values) != own + repeated or own % channels_of(packet):
            raise CodecError("a damaged packet")
        return values[:own], values[own:]

    def _hold(self, values: array[int], channels: int, samples: int) -> int:
        if not 0 < samples <= self.rate * 3 // 25:
            raise CodecError(f"no frame of {samples} samples")
        points, pcm = len(values) // channels, array("h")
        for point in range(points):
            value = (values[point * channels : (point + 1) * channels] * 2)[: self.channels]
            pcm += value * ((point + 1) * samples // points - point * samples // points)
        self._pcm, self.samples = pcm, samples
        return samples


#: Width, height and bytes from a row to the next of y, u and v.
_Shape = list[tuple[int, int, int]]


def _shape(width: int, height: int) -> _Shape:
    """As libvpx's decoder has them: there is a border at the right of each row."""
    chroma_width, chroma_height = (width + 1) // 2, (height + 1) // 2
    stride = (width + 15 & ~15) + 64
    chroma = (chroma_width, chroma_height, stride // 2)
    return [(width, height, stride), chroma, chroma]


def _sample(planes: list[bytes], shape: _Shape, step: int) -> bytes:
    """Every step-th pixel of every step-th row of all planes."""
    return b"".join(
        plane[row * stride : row * stride + width : step]
        for plane, (width, height, stride) in zip(planes, shape, strict=True)
        for row in range(0, height, step)
    )


def _spread(values: bytes, shape: _Shape, step: int) -> list[bytes]:
    """The planes of which these are the samples."""
    planes, at = [], 0
    for width, height, stride in shape:
        points, rows = -(-width // step), []
        for row in range(0, height, step):
            line = b"".join([bytes([value]) * step for value in values[at : at + points]])[:width]
            rows.append(line.ljust(stride, b"\0") * min(step, height - row))
            at += points
        planes.append(b"".join(rows))
    return planes


def _sample_count(shape: _Shape, step: int) -> int:
    return sum(-(-width // step) * -(-height // step) for width, height, _ in shape)


def _xor(left: bytes, right: bytes) -> bytes:
    """As long as `left`; of `right` what is missing is 0."""
    size = len(left)
    number = int.from_bytes(left, "little") ^ int.from_bytes(right[:size], "little")
    return number.to_bytes(size, "little")


class VideoEncoder:
    """As `toxpy.media.codecs.VideoEncoder`."""

    __slots__ = ("_bit_rate", "_debt", "_last", "_shape", "height", "width")

    def __init__(self, width: int, height: int, bit_rate: int) -> None:
        if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and bit_rate > 0):
            raise CodecError(f"no encoder for {width}x{height} at {bit_rate} kbit/s")
        self.width = width
        self.height = height
        self._bit_rate = bit_rate
        self._shape = _shape(width, height)
        #: the picture that decoders have, and the bytes sent beyond the bit rate
        self._last: list[bytes] = []
        self._debt = 0

    def encode(
        self, y: Memory, u: Memory, v: Memory, *, key_frame: bool, elapsed_ms: int = 0
    ) -> EncodedPicture | None:
        """So many samples as the bit rate has room for; the time is not looked at."""
        room = self._bit_rate * 1000 // (8 * _PICTURES_PER_SECOND)
        is_key = key_frame or not self._last
        if not is_key and self._debt > _MAX_DEBT * room:
            self._debt -= room
            return None
        planes, step = self._planes(y, u, v), 1
        while _sample_count(self._shape, step) > room * (_KEY_SHARE if is_key else 1) and step < 128:
            step *= 2
        values = _sample(planes, self._shape, step)
        body = values if is_key else _xor(values, _sample(self._last, self._shape, step))
        self._last = _spread(values, self._shape, step)
        # the step is the first partition
        tag = (0 if is_key else 1) | 1 << 4 | 1 << 5
        head = tag.to_bytes(TAG_SIZE, "little")
        if is_key:
            head += b"\x9d\x01\x2a" + self.width.to_bytes(2, "little") + self.height.to_bytes(2, "little")
        data = head + bytes([step]) + body
        self._debt = max(self._debt + len(data) - room, 0)
        return EncodedPicture(data, is_key)

    def _planes(self, y: Memory, u: Memory, v: Memory) -> list[bytes]:
        """The picture in rows as `_shape` has them."""
        planes = []
        for plane, (width, height, stride), full in zip((y, u, v), self._shape, (1, 2, 2), strict=True):
            # what there is of a plane, rounded down
            given, rows = self.width // full, self.height // full
            data = _read(plane, given * rows)
            lines = [data[row * given : (row + 1) * given] for row in range(rows)] or [_GREY * given]
            lines += lines[-1:] * (height - rows)
            planes.append(
                b"".join((line + line[-1:] or _GREY)[:width].ljust(stride, b"\0") for line in lines)
            )
        return planes

    def set_bit_rate(self, kbit: int) -> None:
        """From the next picture on."""
        self._bit_rate = kbit


class VideoDecoder:
    """As `toxpy.media.codecs.VideoDecoder`."""

    __slots__ = ("_planes", "height", "strides", "width")

    def __init__(self) -> None:
        self.width = self.height = 0
        self.strides = (0, 0, 0)
        self._planes: list[bytes] = []

    def decode(self, frame: bytes) -> bool:
        """Change the picture as far as the frame says something of it."""
        is_key, width, height = picture_header(frame)
        end = first_partition_end(frame)
        if len(frame) < end or end != (KEY_HEADER_SIZE if is_key else TAG_SIZE) + 1:
            raise CodecError("a damaged frame")
        if not is_key:
            if not self._planes:
                raise CodecError("no key frame before")
            width, height = self.width, self.height
        shape, step, values = _shape(width, height), frame[end - 1], frame[end:]
        if not step:
            raise CodecError("a damaged frame")
        count = _sample_count(shape, step)
        if not is_key:
            values = _xor(_sample(self._planes, shape, step), values)
        self._planes = _spread(values[:count].ljust(count, b"\0"), shape, step)
        self.width, self.height = width, height
        self.strides = (shape[0][2], shape[1][2], shape[2][2])
        return True

    def planes(self) -> tuple[memoryview, memoryview, memoryview]:
        """y, u and v."""
        y, u, v = self._planes
        return memoryview(y), memoryview(u), memoryview(v)
