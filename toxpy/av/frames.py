"""What Python programs hear and see in a call: `AudioFrame` and `Picture`.

A picture has three planes (YUV 4:2:0): y with a byte for each pixel, u and v with one for a square of four.
Colours are those of BT.601 with limited range, as Tox clients have them: y from 16 to 235, u and v from 16 to
240 with 128 for grey. Of an odd width or height the last column or row has no colour of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toxpy.arguments import as_range

if TYPE_CHECKING:
    from typing import Protocol

    from typing_extensions import Buffer

    class Decoded(Protocol):
        """A decoder with a picture in it."""

        width: int
        height: int
        strides: tuple[int, int, int]

        def planes(self) -> tuple[memoryview, memoryview, memoryview]:
            """The planes, valid until the decoder is used again."""


#: Bytes of a sample.
SAMPLE_SIZE = 2
#: Pixels of a side at most: the C API has 16 bits for it, the codecs take less.
MAX_SIDE = 65_535
#: Bytes from one line to the next at most, so that sizes stay small numbers.
MAX_STRIDE = 1 << 20
#: Steps of y between black and white, and of u and v between their ends; with full range there are 255.
Y_STEPS, COLOUR_STEPS = 219, 224
#: y of black, u and v of grey.
BLACK, GREY = 16, 128


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """A moment of sound, usually 20 ms."""

    #: Samples of 16 bits, those of the channels alternating; format "h".
    pcm: memoryview
    channels: int
    #: Samples per second of each channel.
    rate: int

    @property
    def samples(self) -> int:
        """Samples of each channel."""
        return len(self.pcm) // self.channels

    @property
    def duration_s(self) -> float:
        """How long it sounds."""
        return self.samples / self.rate


class Picture:
    """A picture as three planes; the lines of each may have gaps between them.

    `strides` are the bytes from one line to the next of y, u and v; without it there are no gaps. ValueError
    for a plane that is too small or strides that are not three, TypeError for other things.
    """

    __slots__ = ("height", "strides", "u", "v", "width", "y")

    def __init__(
        self,
        width: int,
        height: int,
        y: Buffer,
        u: Buffer,
        v: Buffer,
        strides: tuple[int, int, int] | None = None,
    ) -> None:
        self.width = as_range(width, "a width", MAX_SIDE)
        self.height = as_range(height, "a height", MAX_SIDE)
        if strides is None:
            strides = (width, width // 2, width // 2)
        elif len(strides) != 3:
            raise ValueError(f"a picture has 3 strides, of y, u and v, not {len(strides)}")
        y_stride, u_stride, v_stride = (as_range(stride, "a stride", MAX_STRIDE) for stride in strides)
        self.strides = strides = y_stride, u_stride, v_stride
        sizes = ((width, height), (width // 2, height // 2), (width // 2, height // 2))
        planes = []
        for name, plane, stride, (columns, rows) in zip("yuv", (y, u, v), strides, sizes, strict=True):
            view = as_view(plane, f"the plane {name}")
            needed = stride * (rows - 1) + columns if columns and rows else 0
            if stride < columns or len(view) < needed:
                raise ValueError(
                    f"the plane {name} of {width} x {height} pixels has {needed} bytes, not {len(view)}"
                )
            planes.append(view[:needed])
        self.y, self.u, self.v = planes

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height

    @classmethod
    def of(cls, decoder: Decoded) -> Picture:
        """What is in a decoder, without a copy: valid until the decoder is used again."""
        return cls(decoder.width, decoder.height, *decoder.planes(), decoder.strides)

    def copy(self) -> Picture:
        """The same with planes of its own, without gaps."""
        width, height = self.size
        sizes = ((width, height), (width // 2, height // 2), (width // 2, height // 2))
        y, u, v = (
            _tight(plane, stride, *size)
            for plane, stride, size in zip((self.y, self.u, self.v), self.strides, sizes, strict=True)
        )
        return Picture(width, height, y, u, v)

    def without_gaps(self) -> Picture:
        """Itself if there are none, else a copy."""
        return self if self.strides == (self.width, self.width // 2, self.width // 2) else self.copy()

    def release(self) -> None:
        """The planes are over: to look at them is a ValueError."""
        for plane in (self.y, self.u, self.v):
            plane.release()

    # for Pillow and NumPy, where they are installed

    def image(self) -> Any:
        """A `PIL.Image` in RGB. ModuleNotFoundError without Pillow."""
        pillow = _pillow()
        full = self.without_gaps()
        bands = [pillow.frombytes("L", self.size, full.y).point(_FULL_Y)]
        small = self.width // 2, self.height // 2
        for plane in (full.u, full.v):
            if not all(small):
                bands.append(pillow.new("L", self.size, GREY))
                continue
            band = pillow.frombytes("L", small, plane).point(_FULL_COLOUR)
            bands.append(band.resize(self.size, pillow.Resampling.BILINEAR))
        return pillow.merge("YCbCr", bands).convert("RGB")

    @classmethod
    def from_image(cls, image: Any) -> Picture:
        """The picture of a `PIL.Image`."""
        pillow = _pillow()
        width, height = image.size
        y, *colours = image.convert("RGB").convert("YCbCr").split()
        small = width // 2, height // 2
        planes = [y.point(_LIMITED_Y).tobytes()]
        for band in colours:
            if not all(small):
                planes.append(b"")
                continue
            even = band.crop((0, 0, 2 * small[0], 2 * small[1]))
            planes.append(even.resize(small, pillow.Resampling.BOX).point(_LIMITED_COLOUR).tobytes())
        return cls(width, height, planes[0], planes[1], planes[2])

    def array(self) -> Any:
        """A NumPy array of `height` x `width` x 3 bytes: RGB. ModuleNotFoundError without NumPy."""
        numpy = _numpy()
        full, (width, height) = self.without_gaps(), self.size
        luma = (numpy.frombuffer(full.y, numpy.uint8).reshape(height, width) - numpy.float32(BLACK)) * (
            255 / Y_STEPS
        )
        u, v = (_wide(numpy, plane, width, height) * (255 / COLOUR_STEPS) for plane in (full.u, full.v))
        rgb = numpy.stack((luma + 1.402 * v, luma - 0.344136 * u - 0.714136 * v, luma + 1.772 * u), axis=-1)
        return numpy.clip(rgb + 0.5, 0, 255).astype(numpy.uint8)

    @classmethod
    def from_array(cls, array: Any) -> Picture:
        """The picture of a NumPy array of `height` x `width` x 3 bytes: RGB."""
        numpy = _numpy()
        if array.ndim != 3 or array.shape[2] != 3 or array.dtype != numpy.uint8:
            raise ValueError(
                f"an array of height x width x 3 bytes is needed, not {array.shape} {array.dtype}"
            )
        height, width, _ = array.shape
        red, green, blue = (array[:, :, band].astype(numpy.float32) for band in range(3))
        luma = 0.299 * red + 0.587 * green + 0.114 * blue
        planes = [BLACK + luma * (Y_STEPS / 255)]
        for band, scale in ((blue, 1.772), (red, 1.402)):
            difference = (band - luma)[: height // 2 * 2, : width // 2 * 2] / scale
            squares = difference.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
            planes.append(GREY + squares * (COLOUR_STEPS / 255))
        y, u, v = ((plane + 0.5).astype(numpy.uint8).tobytes() for plane in planes)
        return cls(width, height, y, u, v)

    def __repr__(self) -> str:
        return f"<Picture {self.width} x {self.height}>"


#: Types of numbers, as `struct` names them, that are taken as they are: bytes, and samples.
FORMATS = ("B", "b", "c", "h")


def as_view(data: Buffer, what: str) -> memoryview:
    """The bytes of anything that has some, without a copy; TypeError or ValueError for what has none."""
    try:
        view = memoryview(data)
    except TypeError:
        raise TypeError(f"{what} is bytes, or an array, not {type(data).__name__}") from None
    if not view.c_contiguous:
        raise ValueError(f"{what} must have its bytes in one row: make a copy of the array")
    # a numpy array names its byte order, numbers of other sizes would be noise
    if view.format.lstrip("@=<") not in FORMATS:
        raise TypeError(
            f"{what} is bytes, or an array of bytes or 16-bit numbers, not of type {view.format!r}"
        )
    # an empty array cannot be cast
    return view.cast("B") if view.nbytes else memoryview(b"")


def _tight(plane: memoryview, stride: int, columns: int, rows: int) -> bytes:
    """A plane without the gaps between its lines."""
    if stride == columns:
        return bytes(plane)
    return b"".join([plane[at : at + columns] for at in range(0, stride * rows, stride)])


def _pillow() -> Any:
    try:
        import PIL.Image
    except ImportError as error:
        raise ModuleNotFoundError("this needs Pillow: pip install Pillow", name="PIL") from error
    return PIL.Image


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as error:
        raise ModuleNotFoundError("this needs NumPy: pip install NumPy", name="numpy") from error
    return numpy


def _wide(numpy: Any, plane: memoryview, width: int, height: int) -> Any:
    """A plane of colour with a value for each pixel, 0 for grey."""
    wide = numpy.zeros((height, width), numpy.float32)
    columns, rows = width // 2, height // 2
    if columns and rows:
        small = numpy.frombuffer(plane, numpy.uint8).reshape(rows, columns)
        # the nearest one, also for the last column and row of odd sizes
        lines = numpy.minimum(numpy.arange(height) // 2, rows - 1)
        places = numpy.minimum(numpy.arange(width) // 2, columns - 1)
        wide[:] = small[lines][:, places] - numpy.float32(GREY)
    return wide


def _table(low: int, centre: int, scale: float) -> list[int]:
    """What Pillow puts in the place of each byte."""
    return [min(255, max(0, round((value - low) * scale + centre))) for value in range(256)]


_FULL_Y = _table(BLACK, 0, 255 / Y_STEPS)
_FULL_COLOUR = _table(GREY, GREY, 255 / COLOUR_STEPS)
_LIMITED_Y = _table(0, BLACK, Y_STEPS / 255)
_LIMITED_COLOUR = _table(GREY, GREY, COLOUR_STEPS / 255)
