"""Packets of sound and pictures: as the real library sends them, and what is refused."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toxpy.av import rtp
from toxpy.runtime import Counters

VECTORS = json.loads(Path("tests/vectors/calls.json").read_text())
RECORDED = [
    (version, kind, bytes.fromhex(entry["hex"]), entry)
    for version, call in VECTORS["calls"].items()
    for kind in ("audio", "video")
    for entry in call[kind]["packets"]
]


def parse(packet):
    return rtp.parse(packet, Counters())


def dropped(packet):
    counters = Counters()
    assert rtp.parse(packet, counters) is None
    return counters.values


def recorded_frames():
    """The packets of each recorded frame, and what parts they have."""
    frames = {}
    for version, kind, packet, _ in RECORDED:
        piece = parse(packet)
        frames.setdefault((version, kind, piece.sequence), []).append((packet, piece))
    return frames


def test_recorded_packets_are_made_to_the_byte():
    whole = 0
    for (_, kind, _), found in recorded_frames().items():
        piece = found[0][1]
        frame = b"".join(piece.data for _, piece in found)
        if len(frame) < piece.size:
            continue
        whole += 1
        source = int.from_bytes(found[0][0][9:13], "big")
        number = rtp.AUDIO if kind == "audio" else rtp.VIDEO
        key = bool(piece.flags & rtp.KEY_FRAME)
        made = rtp.pieces(number, piece.sequence, piece.stamp_ms, source, frame, key_frame=key)
        assert made == [packet for packet, _ in found]
    assert whole == 10


@pytest.mark.parametrize(("kind", "packet", "entry"), [row[1:] for row in RECORDED])
def test_recorded_packets_are_read(kind, packet, entry):
    piece = parse(packet)
    assert piece.sequence == entry["sequence"]
    if kind == "audio":
        assert piece.stamp_ms == entry["timestamp_ms"]
        assert piece.size == len(piece.data) == 4 + entry["opus_bytes"]
        assert int.from_bytes(piece.data[:4], "big") == entry["rate"]
    else:
        assert (piece.flags, piece.offset, piece.size) == (entry["flags"], entry["offset"], entry["size"])


def header(kind=rtp.VIDEO, **changes):
    """A packet with one byte of a frame, and some of its fields changed."""
    fields = {"type": kind & 0x7F, "flags": 1, "offset": 0, "size": 1, "low_offset": 0, "low_size": 1}
    fields |= changes
    return (
        bytes((kind, 0x80, fields["type"]))
        + bytes(10)
        + fields["flags"].to_bytes(8, "big")
        + fields["offset"].to_bytes(4, "big")
        + fields["size"].to_bytes(4, "big")
        + bytes(48)
        + fields["low_offset"].to_bytes(2, "big")
        + fields["low_size"].to_bytes(2, "big")
        + b"x"
    )


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({}, True),
        ({"type": 64}, False),
        ({"type": 65 | 0x80}, True),
        ({"size": 0}, False),
        ({"offset": 1}, False),
        ({"offset": 1, "size": 2}, True),
        ({"offset": 2**32 - 1, "size": 2**32 - 1}, False),
        ({"size": rtp.MAX_PICTURE_SIZE}, True),
        ({"size": rtp.MAX_PICTURE_SIZE + 1}, False),
        ({"size": 2**32 - 1}, False),
        # the other fields are not looked at
        ({"low_offset": 7, "low_size": 0}, True),
        # pictures before 2018
        ({"flags": 0, "offset": 9, "size": 1}, True),
        ({"flags": 0, "low_offset": 1}, False),
        ({"flags": 2**63 | 1}, True),
    ],
)
def test_a_picture_s_header(changes, good):
    assert (parse(header(**changes)) is not None) is good


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({"flags": 0}, True),
        ({"flags": 1, "low_size": 0}, False),
        ({"type": 65}, False),
        ({"low_offset": 1}, False),
        ({"low_size": rtp.MAX_SOUND_SIZE}, True),
        ({"low_size": rtp.MAX_SOUND_SIZE + 1}, False),
        ({"offset": 7, "size": 0}, True),
    ],
)
def test_a_sound_s_header(changes, good):
    assert (parse(header(rtp.AUDIO, **changes)) is not None) is good


def test_sizes_of_packets():
    packet = rtp.pieces(rtp.VIDEO, 0, 0, 0, bytes(5000))[0]
    assert len(packet) == 1373
    assert parse(packet) is not None
    for size in range(rtp.HEADER_SIZE + 1):
        assert dropped(packet[:size]) == {"drop.rtp_size": 1}
    assert dropped(packet + b"x") == {"drop.rtp_size": 1}


@given(
    st.sampled_from([rtp.AUDIO, rtp.VIDEO]),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.binary(min_size=1, max_size=rtp.MAX_SOUND_SIZE),
    st.booleans(),
)
def test_what_is_sent_is_read(kind, sequence, stamp_ms, frame, key_frame):
    found = [parse(packet) for packet in rtp.pieces(kind, sequence, stamp_ms, 7, frame, key_frame=key_frame)]
    assert {(piece.sequence, piece.stamp_ms, piece.size) for piece in found} == {
        (sequence, stamp_ms, len(frame))
    }
    assert b"".join(piece.data for piece in found) == frame
    assert [piece.offset for piece in found] == [*range(0, len(frame), rtp.MAX_PIECE_SIZE)]


def test_pieces_of_a_large_picture_are_read():
    frame = bytes(range(251)) * 1000
    found = [parse(packet) for packet in rtp.pieces(rtp.VIDEO, 1, 2, 3, frame)]
    assert b"".join(piece.data for piece in found) == frame


@given(st.binary(min_size=rtp.HEADER_SIZE, max_size=200), st.sampled_from([rtp.AUDIO, rtp.VIDEO]))
def test_any_bytes_are_refused_or_lie_within_their_frame(noise, kind):
    piece = parse(bytes([kind, 0x80, kind & 0x7F]) + noise[3:])
    if piece is not None:
        assert piece.offset + len(piece.data) <= piece.size <= rtp.MAX_PICTURE_SIZE
