"""RTP as toxav speaks it: sound and pictures in lossy packets; integers are big-endian.

    at 0   192 audio, 193 video
       1   0x80 | payload type 64 audio, 65 video | sequence u16 | time stamp u32, ms | source u32
       13  flags u64: 1 large frame (all video), 2 key frame
       21  offset of this piece u32 | size of the whole frame u32 | 0 u32 | 44 zero bytes
       77  the low 16 bits of the offset u16 | the size u16, at most 65535
       81  at most 1292 bytes of the frame

A frame is one sound packet (sampling rate u32, then Opus) or one VP8 picture. Its pieces have the same
sequence and time stamp, one after the other. Sound is found by the 16-bit fields, large frames by the 32-bit
ones.

c-toxcore: toxav/rtp.c.
"""

from __future__ import annotations

from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Counters

AUDIO, VIDEO = 192, 193
#: Bytes before a piece: the kind and RTP's header.
HEADER_SIZE = 81
#: Bytes of a frame in one packet: what a lossy packet of a friend connection has room for.
MAX_PIECE_SIZE = 1373 - HEADER_SIZE
#: Largest frame of sound, bytes: 120 ms of Opus at its highest bit rate, 510 kbit/s, and the sampling rate.
MAX_SOUND_SIZE = 510_000 // 8 * 120 // 1000 + 4
#: Largest picture, bytes. c-toxcore takes 10 MiB, which no bit rate that a line carries ever needs.
MAX_PICTURE_SIZE = 2 * 1024 * 1024
#: Flags.
LARGE_FRAME, KEY_FRAME = 1, 2

#: Version 2 of RTP, without padding, extension and contributing sources.
_VERSION = 0x80
_HEADER = Struct(">BBBHIIQIII44xHH")
#: payload type, sequence, time stamp, flags, offset, size, low offset, low size
_FIELDS = Struct(">2xBHI4xQII48xHH")


class Piece:
    """One packet's part of a frame, checked: it lies within the frame."""

    __slots__ = ("data", "flags", "offset", "sequence", "size", "stamp_ms")

    def __init__(self, sequence: int, stamp_ms: int, flags: int, offset: int, size: int, data: bytes) -> None:
        self.sequence = sequence
        self.stamp_ms = stamp_ms
        self.flags = flags
        self.offset = offset
        #: of the whole frame
        self.size = size
        self.data = data


def pieces(
    kind: int, sequence: int, stamp_ms: int, source: int, frame: bytes, *, key_frame: bool = False
) -> list[bytes]:
    """The packets of one frame."""
    size, pack, flags = len(frame), _HEADER.pack, 0
    if kind == VIDEO:
        flags = LARGE_FRAME | KEY_FRAME if key_frame else LARGE_FRAME
    low_size = min(size, 0xFFFF)
    packets = []
    for at in range(0, size, MAX_PIECE_SIZE):
        header = pack(
            kind,
            _VERSION,
            kind & 0x7F,
            sequence,
            stamp_ms,
            source,
            flags,
            at,
            size,
            0,
            at & 0xFFFF,
            low_size,
        )
        packets.append(header + frame[at : at + MAX_PIECE_SIZE])
    return packets


def parse(packet: bytes, counters: Counters) -> Piece | None:
    """The piece in a packet of kind AUDIO or VIDEO; None if it is wrong, which is counted."""
    if not HEADER_SIZE < len(packet) <= HEADER_SIZE + MAX_PIECE_SIZE:
        counters.drop("rtp_size")
        return None
    kind = packet[0]
    payload_type, sequence, stamp_ms, flags, offset, size, low_offset, low_size = _FIELDS.unpack_from(packet)
    largest = MAX_SOUND_SIZE if kind == AUDIO else MAX_PICTURE_SIZE
    if kind == AUDIO or not flags & LARGE_FRAME:
        # pictures too, of clients older than 2018
        offset, size = low_offset, low_size
    if payload_type & 0x7F != kind & 0x7F or not offset + len(packet) - HEADER_SIZE <= size <= largest:
        counters.drop("rtp_header")
        return None
    return Piece(sequence, stamp_ms, flags, offset, size, packet[HEADER_SIZE:])
