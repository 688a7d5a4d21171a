"""The codecs of calls and conferences: Opus and VP8 by the compiled module, or stand-ins for tests.

`load` gives four classes as one object. Whoever encodes or decodes gets that object in its constructor, so a
simulated call runs with the stand-ins, which are deterministic and need no library. Nothing here is loaded
before the first call, nor are the libraries themselves.

A codec belongs to one thread at a time. The work of the real ones runs outside the interpreter's lock. All
raise CodecError for what they do not take; the codec can be used further.
"""

from __future__ import annotations

from toxpy.media.formats import CodecError as CodecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from toxpy.media.formats import EncodedPicture, Memory

    class AudioEncoder(Protocol):
        """PCM to Opus packets. Rates are in Hz, bit rates in bit/s, samples are of each channel."""

        def __init__(
            self, rate: int, channels: int, *, application: str, bit_rate: int, fec: bool, vbr: bool = False
        ) -> None:
            """`application`: "voip" for calls, "audio" for conferences.

            `fec`: packets repeat the one before in short, once there is an expected loss as well.
            """

        def encode(self, pcm: Memory, samples: int) -> bytes:
            """One packet of int16 samples, those of two channels in turns."""

        def set_bit_rate(self, bits: int) -> None:
            """From the next packet on."""

        def set_expected_loss(self, percent: int) -> None:
            """How many packets of 100 get lost: decides how much of a packet repeats the one before."""

    class AudioDecoder(Protocol):
        """Opus packets to PCM, which is kept inside until the next call."""

        rate: int
        channels: int
        #: of each channel, in the last frame
        samples: int

        def __init__(self, rate: int, channels: int) -> None: ...

        def decode(self, packet: bytes) -> int:
            """Samples of each channel that there are now."""

        def recover(self, next_packet: bytes, samples: int) -> int:
            """The lost frame before that packet: what the packet repeats of it, else concealed."""

        def conceal(self, samples: int) -> int:
            """A guess at a lost frame."""

        def pcm(self) -> memoryview:
            """The int16 samples, those of two channels in turns; valid until the next call."""

    class VideoEncoder(Protocol):
        """Pictures to VP8 frames. Sizes are in pixels, bit rates in kbit/s."""

        width: int
        height: int

        def __init__(self, width: int, height: int, bit_rate: int) -> None: ...

        def encode(
            self, y: Memory, u: Memory, v: Memory, *, key_frame: bool, elapsed_ms: int = 0
        ) -> EncodedPicture | None:
            """One frame, or None when the bit rate has no room for this picture.

            `elapsed_ms` is the time since the picture before, if known: the bit rate is for a second, not for
            30 pictures.

            `y` has width * height bytes, `u` and `v` have (width // 2) * (height // 2); no gaps between rows.
            The last column and row of an odd size have the colours of those beside them.
            """

        def set_bit_rate(self, kbit: int) -> None:
            """From the next picture on."""

    class VideoDecoder(Protocol):
        """VP8 frames to pictures, which are kept inside until the next call."""

        width: int
        height: int
        #: bytes from a row to the next: of y, u and v
        strides: tuple[int, int, int]

        def __init__(self) -> None: ...

        def decode(self, frame: bytes) -> bool:
            """True if there is a picture now. The frame may end early, but not in its first partition."""

        def planes(self) -> tuple[memoryview, memoryview, memoryview]:
            """y, u and v; u and v have half the width and height, rounded up. Valid until the next call."""


class Codecs:
    """The four classes."""

    __slots__ = ("AudioDecoder", "AudioEncoder", "VideoDecoder", "VideoEncoder")

    def __init__(
        self,
        audio_encoder: type[AudioEncoder],
        audio_decoder: type[AudioDecoder],
        video_encoder: type[VideoEncoder],
        video_decoder: type[VideoDecoder],
    ) -> None:
        self.AudioEncoder = audio_encoder
        self.AudioDecoder = audio_decoder
        self.VideoEncoder = video_encoder
        self.VideoDecoder = video_decoder


def load(standin: bool = False) -> Codecs:
    """The codecs; CodecError when the real ones are asked for and were not built."""
    if standin:
        from toxpy.media import standin as made

        return Codecs(made.AudioEncoder, made.AudioDecoder, made.VideoEncoder, made.VideoDecoder)
    reason = missing()
    if reason:
        raise CodecError(reason)
    from toxpy.media import opus, vp8

    return Codecs(opus.AudioEncoder, opus.AudioDecoder, vp8.VideoEncoder, vp8.VideoDecoder)


def missing() -> str:
    """Why there are no real codecs, and how to get them; empty when there are."""
    try:
        from toxpy.media import native as native
    except ModuleNotFoundError:
        return "toxpy was built without codecs: install libopus-dev and libvpx-dev, then build it again"
    except ImportError as error:
        # the dynamic linker's words: a library is not installed
        return str(error)
    return ""
