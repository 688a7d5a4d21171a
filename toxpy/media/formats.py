"""What the headers of Opus packets and VP8 frames say, read before a codec sees them.

    Opus   TOC u8: configuration (5 bits), stereo (1), frames (2: one, two, two, or a count in the next byte)
    VP8    tag u24 LE: inter frame (1), version (3), shown (1), size of the first partition (19)
           only key frames: 9d 01 2a, width u16 LE (14 bits, 2 scale), height u16 LE (same)

Nothing here needs a codec. Spec: RFC 6716 section 3, RFC 6386 section 9.1.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    #: Samples or pixels: a buffer of Python's, or an address that a C program gave.
    Memory: TypeAlias = bytes | bytearray | memoryview | int

#: Sampling rates of Opus, Hz.
AUDIO_RATES = (8000, 12000, 16000, 24000, 48000)
#: Longest Opus packet in time, ms.
MAX_AUDIO_MS = 120
#: Shortest Opus frame is 1/400 s. Lengths of a packet in such units: 2.5, 5, 10, 20, 40, 60, 80, 100, 120 ms.
UNITS_PER_SECOND = 400
AUDIO_UNITS = (1, 2, 4, 8, 16, 24, 32, 40, 48)

#: Longest side of a picture, pixels: c-toxcore's limit.
MAX_SIDE = 4096
#: Largest picture that is decoded, pixels. A frame of 100 bytes can claim any size, and the decoder takes
#: memory for it at once: 463 MB for 16383x16383.
MAX_PIXELS = 4096 * 2160
#: Bytes of the tag, and of the whole header of a key frame.
TAG_SIZE = 3
KEY_HEADER_SIZE = 10
_START_CODE = b"\x9d\x01\x2a"


class CodecError(Exception):
    """What a codec does not take: a damaged packet, a setting out of range, no memory."""


class EncodedPicture:
    """One VP8 frame."""

    __slots__ = ("data", "is_key")

    def __init__(self, data: bytes, is_key: bool) -> None:
        self.data = data
        self.is_key = is_key


def channels_of(packet: bytes) -> int:
    """How many channels an Opus packet has: 1 or 2."""
    if not packet:
        raise CodecError("an empty Opus packet")
    return 2 if packet[0] & 4 else 1


def samples_of(packet: bytes, rate: int) -> int:
    """How long an Opus packet is, in samples of each channel at that rate."""
    if not packet:
        raise CodecError("an empty Opus packet")
    configuration, code = packet[0] >> 3, packet[0] & 3
    size = configuration & 3
    if configuration >= 16:
        frame = (rate << size) // UNITS_PER_SECOND
    elif configuration >= 12:
        frame = rate // 100 << (size & 1)
    else:
        frame = rate * 60 // 1000 if size == 3 else rate // 100 << size
    if code < 3:
        count = 1 if code == 0 else 2
    elif len(packet) < 2:
        raise CodecError("an Opus packet without its count of frames")
    else:
        count = packet[1] & 63
    samples = frame * count
    if not 0 < samples * 1000 <= rate * MAX_AUDIO_MS:
        raise CodecError("an Opus packet of no or too many frames")
    return samples


def is_audio_length(samples: int, rate: int) -> bool:
    """True if Opus encodes so many samples of each channel in one packet."""
    units, rest = divmod(samples * UNITS_PER_SECOND, rate)
    return rest == 0 and units in AUDIO_UNITS


def picture_header(frame: bytes) -> tuple[bool, int, int]:
    """(is a key frame, width, height); the sizes of an inter frame are 0.

    CodecError for what no decoder should see, above all a size beyond the limits.
    """
    if len(frame) < TAG_SIZE:
        raise CodecError("a VP8 frame without its tag")
    if frame[0] & 1:
        return False, 0, 0
    if len(frame) < KEY_HEADER_SIZE or frame[TAG_SIZE:6] != _START_CODE:
        raise CodecError("a VP8 key frame without its header")
    width = (frame[6] | frame[7] << 8) & 0x3FFF
    height = (frame[8] | frame[9] << 8) & 0x3FFF
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE) or width * height > MAX_PIXELS:
        raise CodecError(f"a picture of {width}x{height}")
    return True, width, height


def first_partition_end(frame: bytes) -> int:
    """How many bytes of the beginning of a VP8 frame a decoder needs; the rest may be missing.

    The first partition has the modes and motions of the whole picture. Macroblocks whose remainder is missing
    are drawn from these alone.
    """
    if len(frame) < TAG_SIZE:
        raise CodecError("a VP8 frame without its tag")
    size = (frame[0] | frame[1] << 8 | frame[2] << 16) >> 5
    return size + (TAG_SIZE if frame[0] & 1 else KEY_HEADER_SIZE)
