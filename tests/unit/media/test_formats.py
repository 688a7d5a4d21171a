"""What is read of a packet before a codec sees it."""

import pytest

from toxpy.media.formats import (
    CodecError,
    channels_of,
    first_partition_end,
    is_audio_length,
    picture_header,
    samples_of,
)


@pytest.mark.parametrize(
    ("packet", "ms"),
    [
        ("00", 10),
        ("18", 60),
        ("19", 120),
        ("60", 10),
        ("6a", 40),
        ("80", 2.5),
        ("f8", 20),
        ("fb06", 120),
        ("1b02", 120),
    ],
)
@pytest.mark.parametrize("rate", [8000, 12000, 16000, 24000, 48000])
def test_how_long_a_packet_is(packet, ms, rate):
    assert samples_of(bytes.fromhex(packet), rate) == rate * ms / 1000


@pytest.mark.parametrize("packet", ["", "fb", "fb00", "fb07", "1b03"])
def test_a_packet_of_no_or_too_long_time_is_refused(packet):
    with pytest.raises(CodecError):
        samples_of(bytes.fromhex(packet), 48000)


def test_channels():
    assert (channels_of(b"\xf8"), channels_of(b"\xfc")) == (1, 2)
    with pytest.raises(CodecError):
        channels_of(b"")


def test_what_is_encoded_in_one_packet():
    lengths = [samples for samples in range(6000) if is_audio_length(samples, 48000)]
    assert lengths == [120, 240, 480, 960, 1920, 2880, 3840, 4800, 5760]


def key_frame(width, height, scale=0):
    sizes = (width | scale << 14).to_bytes(2, "little") + (height | scale << 14).to_bytes(2, "little")
    return b"\x10\x02\0\x9d\x01\x2a" + sizes


def test_a_key_frame_tells_its_size():
    assert picture_header(key_frame(640, 480)) == (True, 640, 480)
    assert picture_header(key_frame(4096, 2160, scale=3)) == (True, 4096, 2160)
    assert picture_header(b"\x11\0\0") == (False, 0, 0)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x11\0",
        b"\x10\0\0",
        key_frame(640, 480)[:9],
        key_frame(640, 480).replace(b"\x9d", b"\x9e"),
        key_frame(0, 480),
        key_frame(640, 0),
        key_frame(4097, 1),
        key_frame(1, 4097),
        key_frame(4096, 2161),
        key_frame(16383, 16383),
    ],
)
def test_a_picture_that_no_decoder_should_see(frame):
    with pytest.raises(CodecError):
        picture_header(frame)


def test_how_much_of_a_frame_a_decoder_needs():
    assert first_partition_end(key_frame(16, 16)) == 10 + (0x210 >> 5)
    assert first_partition_end(b"\xf1\xff\xff") == 3 + (1 << 19) - 1
    with pytest.raises(CodecError):
        first_partition_end(b"\x10\0")
