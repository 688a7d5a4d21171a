"""VP8: frames of c-toxcore decode to the same pixels, ours come back, and hostile ones do no harm."""

import gc
import hashlib
import random

import pytest

from tests.support import call_vectors
from tests.support.guarded import Guarded
from tests.unit.media.measures import in_other_thread, kilobytes
from toxpy.media.formats import CodecError, first_partition_end, picture_header


def rows(decoder):
    """y, u and v without what is beside the picture."""
    width, height = decoder.width, decoder.height
    sizes = [(width, height)] + [((width + 1) // 2, (height + 1) // 2)] * 2
    return [
        [bytes(plane[row * stride : row * stride + columns]) for row in range(count)]
        for plane, stride, (columns, count) in zip(decoder.planes(), decoder.strides, sizes, strict=True)
    ]


def picture(width, height, seed=0):
    """y, u and v: a slope that moves with the seed."""
    y = bytes((column + row + 3 * seed) % 200 + 20 for row in range(height) for column in range(width))
    chroma = (width // 2) * (height // 2)
    return y, bytes([100]) * chroma, bytes([150]) * chroma


def noise(width, height, seed):
    """A picture that cannot be compressed."""
    return tuple(random.Random(seed + i).randbytes(width * height // (1, 4, 4)[i]) for i in range(3))


@pytest.fixture
def clip(real):
    """The frames of some pictures: one key frame."""
    encoder = real.VideoEncoder(160, 120, 500)
    return [encoder.encode(*picture(160, 120, n), key_frame=False).data for n in range(12)]


def test_recorded_pictures(real):
    releases = dict(call_vectors.pictures())
    assert [len(frames) for frames in releases.values()] == [2, 2]
    for frames in releases.values():
        decoder = real.VideoDecoder()
        for frame, expected in frames:
            assert hashlib.sha256(frame).hexdigest() == expected["sha256"]
            assert picture_header(frame) == (True, *expected["picture"])
            assert decoder.decode(frame)
            planes = b"".join(b"".join(plane) for plane in rows(decoder))
            assert hashlib.sha256(planes).hexdigest() == expected["i420_sha256"]


@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (1, 2), (2, 1), (16, 16), (17, 15), (33, 2), (160, 120), (161, 121)]
)
def test_every_size_comes_back(real, width, height):
    """By way of addresses, and nothing is read behind the planes: u and v have the half rounded down."""
    encoder, decoder = real.VideoEncoder(width, height, 2000), real.VideoDecoder()
    planes = picture(width, height)
    guarded = [Guarded(plane) for plane in planes]
    frame = encoder.encode(*(plane.address for plane in guarded), key_frame=False)
    assert frame.is_key and picture_header(frame.data) == (True, width, height)
    assert decoder.decode(frame.data)
    assert (decoder.width, decoder.height) == (width, height)
    y, u, v = rows(decoder)
    wanted = [planes[0][row * width : (row + 1) * width] for row in range(height)]
    errors = [abs(a - b) for got, line in zip(y, wanted, strict=True) for a, b in zip(got, line, strict=True)]
    assert sum(errors) / len(errors) < 5
    # the last column and row too; a picture without room for colour is grey
    colours = (100, 150) if planes[1] else (128, 128)
    for plane, colour in zip((u, v), colours, strict=True):
        assert all(abs(value - colour) < 6 for line in plane for value in line)


def test_key_frames_come_when_somebody_needs_one(real, clip):
    assert [picture_header(frame)[0] for frame in clip] == [True] + [False] * 11
    encoder = real.VideoEncoder(160, 120, 500)
    made = [encoder.encode(*picture(160, 120, n), key_frame=n == 5) for n in range(8)]
    assert [frame.is_key for frame in made] == [n in (0, 5) for n in range(8)]


def bits_a_second(encoder, pictures, elapsed_ms):
    """Of pictures that cannot be compressed, without the first second; and how many were dropped."""
    made = [
        encoder.encode(*noise(64, 48, n), key_frame=False, elapsed_ms=elapsed_ms) for n in range(pictures)
    ]
    second = 1000 // elapsed_ms
    size = sum(len(frame.data) for frame in made[second:] if frame)
    return size * 8000 / ((pictures - second) * elapsed_ms), made.count(None)


@pytest.mark.parametrize("elapsed_ms", [33, 100])
def test_the_bit_rate_is_kept(real, elapsed_ms):
    """However many pictures a second there are; hard ones are dropped."""
    encoder = real.VideoEncoder(64, 48, 100)
    rate, dropped = bits_a_second(encoder, 5000 // elapsed_ms, elapsed_ms)
    assert rate == pytest.approx(100_000, rel=0.3)
    encoder.set_bit_rate(50)
    halved, dropped_more = bits_a_second(encoder, 5000 // elapsed_ms, elapsed_ms)
    assert halved < 75_000
    assert elapsed_ms == 100 or dropped_more > dropped > 0


def test_wrong_settings_and_short_planes_are_refused(real):
    for settings in ((0, 1, 100), (1, 0, 100), (4097, 1, 100), (1, 4097, 100), (-1, 1, 100), (16, 16, 0)):
        with pytest.raises(CodecError):
            real.VideoEncoder(*settings)
    with pytest.raises(CodecError):
        real.VideoEncoder(16, 16, 1_000_001)
    encoder = real.VideoEncoder(16, 16, 1_000_000)
    for kbit in (0, -1, 1_000_001, 4294967295):
        with pytest.raises(CodecError):
            encoder.set_bit_rate(kbit)
    for short in range(3):
        planes = [bytes(size - (short == i)) for i, size in enumerate((256, 64, 64))]
        with pytest.raises(CodecError):
            encoder.encode(*planes, key_frame=False)
    assert encoder.encode(bytes(256), bytes(64), bytes(64), key_frame=False).is_key


def test_a_frame_that_claims_too_much_is_not_decoded(real, clip):
    decoder = real.VideoDecoder()
    decoder.decode(clip[0])
    before = kilobytes()
    for size in ((16383, 16383), (4096, 4096), (4097, 1)):
        bomb = bytearray(clip[0])
        bomb[6:8], bomb[8:10] = size[0].to_bytes(2, "little"), size[1].to_bytes(2, "little")
        with pytest.raises(CodecError):
            decoder.decode(bytes(bomb))
    assert kilobytes() - before < 1000
    assert decoder.decode(clip[1]) and decoder.width == 160


def test_pictures_may_change_their_size(real, clip):
    decoder = real.VideoDecoder()
    decoder.decode(clip[0])
    small = real.VideoEncoder(16, 32, 100).encode(*picture(16, 32), key_frame=False).data
    assert decoder.decode(small)
    assert (decoder.width, decoder.height) == (16, 32)
    assert decoder.decode(clip[0])
    assert (decoder.width, decoder.height) == (160, 120)


def test_an_inter_frame_needs_a_picture(real, clip):
    decoder = real.VideoDecoder()
    for look in (lambda: decoder.decode(clip[1]), decoder.planes):
        with pytest.raises(CodecError):
            look()


def test_a_frame_may_end_behind_its_first_partition(real, clip):
    """What is there of it is drawn; what ends before is refused, and the next key frame mends all."""
    frame = clip[5]
    for size in (first_partition_end(frame) + 1, len(frame) - 5):
        decoder = real.VideoDecoder()
        for whole in clip[:5]:
            decoder.decode(whole)
        assert decoder.decode(frame[:size])
    with pytest.raises(CodecError):
        decoder.decode(frame[: first_partition_end(frame) - 1])
    assert decoder.decode(clip[0])


def test_a_decoder_begins_with_a_whole_key_frame(real):
    """Or with one that looks so: zeros at the end."""
    encoder = real.VideoEncoder(160, 120, 5000)
    first, second = (
        encoder.encode(*noise(160, 120, n), key_frame=n == 0, elapsed_ms=33).data for n in range(2)
    )
    cut = first[: len(first) // 2]
    decoder = real.VideoDecoder()
    with pytest.raises(CodecError):
        decoder.decode(cut)
    assert decoder.decode(cut + bytes(len(first) - len(cut)))
    assert decoder.decode(second[: len(second) // 2])


def test_damaged_frames_do_no_harm(real, clip):
    """Each is a picture or an error, and the decoder goes on. tests.fuzz.codecs has many more."""
    rng, decoder = random.Random(1), real.VideoDecoder()
    shown = 0
    for _ in range(300):
        frame = bytearray(rng.choice(clip))
        for _ in range(rng.randrange(1, 6)):
            frame[rng.randrange(len(frame))] = rng.randrange(256)
        try:
            shown += decoder.decode(bytes(frame[: rng.randrange(len(frame) + 1)]))
        except CodecError:
            pass
    assert 0 < shown < 300
    assert decoder.decode(clip[0]) and decoder.decode(clip[1])


def test_views_stay_whatever_happens_to_the_decoder(real, clip):
    """A Python program may keep them: it sees other pixels, but no fault."""
    decoder = real.VideoDecoder()
    decoder.decode(clip[0])
    views = decoder.planes()
    before = [bytes(view) for view in views]
    small = real.VideoEncoder(16, 32, 100).encode(*picture(16, 32), key_frame=False).data
    decoder.decode(small)
    with pytest.raises(CodecError):
        decoder.decode(clip[1][:4])
    decoder.decode(small)
    del decoder
    gc.collect()
    assert [bytes(view) for view in views] == before


def test_other_threads_go_on_during_the_work(real):
    encoder, decoder = real.VideoEncoder(1280, 960, 10_000), real.VideoDecoder()
    planes = noise(1280, 960, 1)
    made = []
    assert in_other_thread(lambda: made.append(encoder.encode(*planes, key_frame=True)))
    assert in_other_thread(lambda: decoder.decode(made[0].data))


def test_memory_is_given_back(real, clip):
    """An encoder and a decoder of that size have 1.5 MB."""

    def use():
        encoder, decoder = real.VideoEncoder(160, 120, 100), real.VideoDecoder()
        encoder.encode(*planes, key_frame=False)
        decoder.decode(clip[0])
        decoder.planes()

    planes = picture(160, 120)
    for _ in range(10):
        use()
    gc.collect()
    before = kilobytes()
    for _ in range(50):
        use()
    gc.collect()
    assert kilobytes() - before < 8000
