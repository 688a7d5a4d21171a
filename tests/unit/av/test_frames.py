"""Pictures and sound as Python programs get them."""

import array
import sys

import numpy
import PIL.Image
import pytest

from toxpy.av.frames import AudioFrame, Picture, as_view

#: RGB, and the same in BT.601 with limited range.
COLOURS = {
    (0, 0, 0): (16, 128, 128),
    (255, 255, 255): (235, 128, 128),
    (128, 128, 128): (126, 128, 128),
    (255, 0, 0): (81, 90, 240),
    (0, 255, 0): (145, 54, 34),
    (0, 0, 255): (41, 240, 110),
    (255, 255, 0): (210, 16, 146),
}


def near(found, wanted, most=2):
    assert numpy.abs(numpy.asarray(found, int) - numpy.asarray(wanted, int)).max() <= most, (found, wanted)


def flat(width, height, yuv):
    y, u, v = (bytes([value]) for value in yuv)
    return Picture(
        width, height, y * width * height, *(plane * (width // 2 * (height // 2)) for plane in (u, v))
    )


@pytest.mark.parametrize("size", [(8, 4), (7, 5), (2, 2)])
@pytest.mark.parametrize("rgb", COLOURS)
def test_colours_are_those_of_clients(size, rgb):
    yuv = COLOURS[rgb]
    array_of = numpy.full((size[1], size[0], 3), rgb, numpy.uint8)
    for made in (Picture.from_array(array_of), Picture.from_image(PIL.Image.new("RGB", size, rgb))):
        assert made.size == size
        for plane, value in zip((made.y, made.u, made.v), yuv, strict=True):
            assert {*plane} <= {value - 1, value, value + 1}
    picture = flat(*size, yuv)
    near(picture.array(), array_of, 3)
    near(numpy.asarray(picture.image()), array_of, 3)


def test_a_picture_survives_the_way_to_rgb_and_back():
    """A smooth one: lines of its own brightness, and colours that change slowly."""
    rows, columns = numpy.mgrid[0:48, 0:64]
    rgb = numpy.stack((columns * 4, rows * 5, 255 - columns * 2 - rows), axis=-1).astype(numpy.uint8)
    near(Picture.from_array(rgb).array(), rgb, 12)
    near(numpy.asarray(Picture.from_image(PIL.Image.fromarray(rgb)).image()), rgb, 12)
    near(Picture.from_array(rgb).array()[::7, ::7], rgb[::7, ::7], 12)


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (5, 1)])
def test_of_a_thin_picture_only_the_brightness_is_left(size):
    picture = Picture.from_image(PIL.Image.new("RGB", size, (255, 0, 0)))
    assert (*picture.y,) == (81,) * (size[0] * size[1]) or (*picture.y,) == (82,) * (size[0] * size[1])
    assert len(picture.u) == len(picture.v) == 0
    near(numpy.asarray(picture.image()), numpy.full((size[1], size[0], 3), 76), 2)
    near(picture.array(), numpy.full((size[1], size[0], 3), 76), 2)
    assert Picture.from_array(picture.array()).size == size


def test_gaps_between_lines_are_left_out():
    y = bytes(range(6)) + b"??" + bytes(range(6, 12)) + b"??" + bytes(range(12, 18))
    picture = Picture(6, 3, y, b"abc???", b"defgh", (8, 3, 5))
    assert picture.without_gaps() is not picture
    copy = picture.copy()
    assert (bytes(copy.y), bytes(copy.u), bytes(copy.v)) == (bytes(range(18)), b"abc", b"def")
    assert copy.without_gaps() is copy and copy.strides == (6, 3, 3)
    assert copy.array().shape == (3, 6, 3) and copy.image().size == (6, 3)


@pytest.mark.parametrize(
    "strides, error",
    [
        ((16, 8), ValueError),
        (("a", 8, 8), TypeError),
        ((16.0, 8.0, 8.0), TypeError),
        ((16, 8, -8), ValueError),
    ],
)
def test_strides_are_three_numbers(strides, error):
    with pytest.raises(error, match="stride"):
        Picture(16, 2, bytes(32), bytes(8), bytes(8), strides)


@pytest.mark.parametrize("kind", ["f4", "f8", "i4", "u2"])
def test_numbers_of_other_sizes_are_no_sound(kind):
    with pytest.raises(TypeError, match="16-bit"):
        as_view(numpy.zeros(4, kind), "the samples")
    assert as_view(numpy.array([1, 2], "i2"), "the samples").nbytes == 4


def test_planes_are_not_copied():
    plane = bytearray(4)
    picture = Picture(2, 2, plane, b"u", b"v")
    plane[3] = 7
    assert picture.y[3] == 7
    picture.release()
    with pytest.raises(ValueError, match="released"):
        picture.y[0]


def test_a_picture_of_a_decoder_is_what_is_in_it():
    class Decoder:
        width, height, strides = 4, 2, (6, 3, 3)

        def planes(self):
            return memoryview(b"abcd??efgh??"), memoryview(b"uv?"), memoryview(b"xy?")

    picture = Picture.of(Decoder()).copy()
    assert (bytes(picture.y), bytes(picture.u), bytes(picture.v)) == (b"abcdefgh", b"uv", b"xy")


@pytest.mark.parametrize(
    "values, error",
    [
        ((2, 2, b"123", b"u", b"v"), "the plane y of 2 x 2 pixels has 4 bytes, not 3"),
        ((4, 2, bytes(8), b"u", b"vv"), "the plane u of"),
        ((4, 2, bytes(8), b"uu", b"v"), "the plane v of"),
        ((2, 2, bytes(8), b"u", b"v", (1, 1, 1)), "the plane y of"),
        ((-1, 2, b"", b"", b""), "a width is a number from 0"),
        ((2, 65536, b"", b"", b""), "a height is a number from 0"),
    ],
)
def test_wrong_planes_are_refused(values, error):
    with pytest.raises(ValueError, match=error):
        Picture(*values)
    with pytest.raises(TypeError, match="the plane v is bytes"):
        Picture(2, 2, bytes(4), b"u", "v")
    with pytest.raises(ValueError, match="in one row"):
        Picture(2, 2, numpy.zeros((2, 4), numpy.uint8)[:, ::2], b"u", b"v")


@pytest.mark.parametrize("shape, kind", [((2, 2), "uint8"), ((2, 2, 4), "uint8"), ((2, 2, 3), "float64")])
def test_wrong_arrays_are_refused(shape, kind):
    with pytest.raises(ValueError, match="height x width x 3 bytes is needed"):
        Picture.from_array(numpy.zeros(shape, kind))


def test_without_the_library_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy", None)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    picture = flat(2, 2, (16, 128, 128))
    for use, name in ((picture.image, "Pillow"), (picture.array, "NumPy")):
        with pytest.raises(ModuleNotFoundError, match=f"pip install {name}"):
            use()


def test_a_frame_knows_how_long_it_is():
    frame = AudioFrame(memoryview(array.array("h", range(1920))), 2, 48000)
    assert (frame.samples, frame.duration_s) == (960, 0.02)
