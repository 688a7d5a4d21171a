"""The codecs for tests do to sound and pictures what tests rely on."""

from array import array

import pytest

from toxpy.media import codecs
from toxpy.media.formats import channels_of, picture_header, samples_of

MADE = codecs.load(standin=True)
UNITS = [1, 2, 4, 8, 16, 24, 32, 40, 48]


def encoder(rate=48000, channels=1, bit_rate=48000, fec=True, **more):
    return MADE.AudioEncoder(rate, channels, application="voip", bit_rate=bit_rate, fec=fec, **more)


def pcm(*values, samples):
    """A frame with those values in turns."""
    return array("h", values * samples)


@pytest.mark.parametrize("rate", [8000, 12000, 16000, 24000, 48000])
@pytest.mark.parametrize("units", UNITS)
@pytest.mark.parametrize("values", [(-12345,), (7, -30000)], ids=["mono", "stereo"])
def test_a_frame_of_one_value_comes_out_with_it(rate, units, values):
    samples = rate * units // 400
    packet = encoder(rate, len(values)).encode(pcm(*values, samples=samples), samples)
    assert (channels_of(packet), samples_of(packet, rate)) == (len(values), samples)
    decoder = MADE.AudioDecoder(rate, len(values))
    assert decoder.decode(packet) == samples == decoder.samples
    assert decoder.pcm().tolist() == list(values) * samples


def test_the_bit_rate_decides_the_size():
    for bits in (16000, 48000, 128000):
        packet = encoder(bit_rate=bits).encode(pcm(1, samples=960), 960)
        assert len(packet) == pytest.approx(bits / 400, abs=3)


def test_silence_is_small_only_with_a_variable_bit_rate():
    assert len(encoder(vbr=True).encode(pcm(0, samples=960), 960)) < 10
    assert len(encoder().encode(pcm(0, samples=960), 960)) > 100


def test_a_lost_frame_is_seen():
    """The next packet repeats it, if loss is expected; else it is half as loud."""
    sender = encoder()
    packets = [sender.encode(pcm(1000, samples=960), 960)]
    sender.set_expected_loss(10)
    packets += [sender.encode(pcm(value, samples=960), 960) for value in (2000, 3000)]
    decoder = MADE.AudioDecoder(48000, 1)
    decoder.decode(packets[0])
    assert decoder.recover(packets[2], 960) == 960
    assert set(decoder.pcm()) == {2000}
    assert decoder.recover(packets[0], 480) == 480 == len(decoder.pcm())
    assert set(decoder.pcm()) == {1000}
    decoder.conceal(960)
    assert set(decoder.pcm()) == {500}


def test_other_channels_than_the_decoder_has():
    stereo = encoder(channels=2).encode(pcm(1, 2, samples=960), 960)
    mono = encoder().encode(pcm(3, samples=960), 960)
    one, two = MADE.AudioDecoder(48000, 1), MADE.AudioDecoder(48000, 2)
    one.decode(stereo)
    two.decode(mono)
    assert (set(one.pcm()), set(two.pcm()), len(two.pcm())) == ({1}, {3}, 1920)


@pytest.mark.parametrize("packet", [b"", b"\xf8", b"\xf8\0\1\0", b"\xf8\0\2\0\1\1", b"\xfb\0\0\1\0\1\1"])
def test_what_is_no_packet_is_refused(packet):
    with pytest.raises(codecs.CodecError):
        MADE.AudioDecoder(48000, 1).decode(packet)


def planes(width, height, y=10, u=20, v=30):
    chroma = (width // 2) * (height // 2)
    return bytes([y]) * (width * height), bytes([u]) * chroma, bytes([v]) * chroma


def colours(decoder):
    """The values of y, u and v, without what is beside the picture."""
    width, height = decoder.width, decoder.height
    sizes = (width, height), ((width + 1) // 2, (height + 1) // 2), ((width + 1) // 2, (height + 1) // 2)
    return [
        {value for row in range(rows) for value in plane[row * stride : row * stride + columns]}
        for plane, stride, (columns, rows) in zip(decoder.planes(), decoder.strides, sizes, strict=True)
    ]


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 1), (1, 2), (5, 3), (64, 48), (641, 479)])
def test_a_picture_of_one_colour_comes_out_with_it(width, height):
    sender, decoder = MADE.VideoEncoder(width, height, 100), MADE.VideoDecoder()
    for y in (10, 200):
        picture = sender.encode(*planes(width, height, y), key_frame=False)
        assert picture_header(picture.data) == ((True, width, height) if y == 10 else (False, 0, 0))
        assert picture.is_key == (y == 10)
        assert decoder.decode(picture.data)
        assert (decoder.width, decoder.height) == (width, height)
        chroma = [{20}, {30}] if min(width, height) > 1 else [{128}, {128}]
        assert colours(decoder) == [{y}, *chroma]


def test_after_a_lost_picture_all_are_wrong_until_a_key_frame():
    sender, decoder = MADE.VideoEncoder(64, 48, 100), MADE.VideoDecoder()
    first, _, third = [sender.encode(*planes(64, 48, y), key_frame=False) for y in (1, 2, 4)]
    decoder.decode(first.data)
    decoder.decode(third.data)
    assert colours(decoder)[0] == {1 ^ 2 ^ 4}
    decoder.decode(sender.encode(*planes(64, 48, 8), key_frame=True).data)
    assert colours(decoder)[0] == {8}


def test_where_a_frame_ends_the_last_picture_stays():
    sender, decoder = MADE.VideoEncoder(16, 16, 1000), MADE.VideoDecoder()
    first, second = [sender.encode(*planes(16, 16, y), key_frame=False).data for y in (1, 2)]
    decoder.decode(first)
    decoder.decode(second[: 4 + 128])
    y = decoder.planes()[0]
    stride = decoder.strides[0]
    assert [y[row * stride] for row in range(16)] == [2] * 8 + [1] * 8
    with pytest.raises(codecs.CodecError):
        decoder.decode(second[:3])


def test_the_bit_rate_decides_the_size_of_pictures_and_drops_some():
    sender = MADE.VideoEncoder(640, 480, 1000)
    sender.encode(*planes(640, 480), key_frame=True)
    assert 1000 < len(sender.encode(*planes(640, 480), key_frame=False).data) <= 1000_000 / 240 + 4
    sender.set_bit_rate(100)
    assert len(sender.encode(*planes(640, 480), key_frame=False).data) <= 100_000 / 240 + 4
    sender = MADE.VideoEncoder(288, 240, 100)
    sent = [sender.encode(*planes(288, 240), key_frame=number < 10) for number in range(60)]
    assert None in sent and sent[-1] is not None


def test_an_inter_frame_needs_a_picture():
    sender = MADE.VideoEncoder(16, 16, 1000)
    sender.encode(*planes(16, 16), key_frame=False)
    inter = sender.encode(*planes(16, 16), key_frame=False)
    with pytest.raises(codecs.CodecError):
        MADE.VideoDecoder().decode(inter.data)
