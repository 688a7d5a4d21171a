"""WAV files in calls: `WavSource` has the frames to send, `WavRecorder` keeps those that come.

Opus takes 8000, 12000, 16000, 24000 or 48000 samples a second. A file with another rate must be converted
first, which is what sound programs are good at.
"""

from __future__ import annotations

import array
import os
import sys
import wave
from shlex import quote
from struct import Struct
from typing import TYPE_CHECKING

from toxpy.arguments import as_kind
from toxpy.av.frames import SAMPLE_SIZE, AudioFrame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike
    from types import TracebackType
    from typing import BinaryIO

#: Sampling rates that can be sent.
RATES = (8000, 12000, 16000, 24000, 48000)
#: How long a frame that is sent sounds, in ms: what all clients use.
FRAME_MS = 20
#: Bytes of sound in a file at most: sizes in WAV have 32 bits, and those of the head are counted.
MAX_DATA_SIZE = 2**32 - 2**12
#: The format of a recording in which nothing was heard: samples a second of one channel.
SILENT_RATE = 48000
_HEAD = Struct("<4sL4s4sLHHLLHH4sL")
#: Bytes before the sound of a recording.
HEAD_SIZE = _HEAD.size


class WavSource:
    """The sound of a WAV file; OSError, or ValueError that says how to convert it, when it cannot be sent."""

    __slots__ = ("_file", "_input", "channels", "path", "rate", "samples")

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = path
        self._input = open(path, "rb")  # noqa: SIM115
        try:
            self._file = _read_head(self._input, path)
            self.rate, self.channels = self._file.getframerate(), self._file.getnchannels()
            #: of each channel; fewer than the head says where the file was cut off
            self.samples = min(self._file.getnframes(), self._room() // (SAMPLE_SIZE * self.channels))
            if problem := self._problem():
                raise ValueError(f"{path}: {problem}; {_advice(path)}")
        except BaseException:
            self._input.close()
            raise

    def _room(self) -> int:
        """Bytes of the file from the beginning of the sound on."""
        begin = self._input.tell()
        return self._input.seek(0, os.SEEK_END) - begin

    def _problem(self) -> str:
        if self._file.getsampwidth() != SAMPLE_SIZE:
            return f"samples of {8 * self._file.getsampwidth()} bits cannot be sent, only those of 16"
        if self.channels not in (1, 2):
            return f"{self.channels} channels cannot be sent, only 1 or 2"
        if self.rate not in RATES:
            rates = ", ".join(map(str, RATES))
            return f"{self.rate} samples a second cannot be sent, only {rates}"
        return ""

    @property
    def duration_s(self) -> float:
        """How long it sounds."""
        return self.samples / self.rate

    def frames(self) -> Iterator[AudioFrame]:
        """Frames of 20 ms from the beginning on; the last one is filled up with silence."""
        self._file.rewind()
        count = self.rate * FRAME_MS // 1000
        size = count * self.channels * SAMPLE_SIZE
        while data := self._file.readframes(count):
            samples = _samples(data.ljust(size, b"\0"))
            yield AudioFrame(memoryview(samples), self.channels, self.rate)

    def close(self) -> None:
        """Close the file; repeatable."""
        self._input.close()

    def __enter__(self) -> WavSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class WavRecorder:
    """Writes frames into a new WAV file; FileExistsError for one that is there, unless `overwrite`.

    The file has the format of the first frame; others are converted. It is complete from the beginning on,
    and after each frame. OSError when the disk is full: the file then ends with the frame before.
    """

    __slots__ = ("_output", "_size", "channels", "path", "rate", "samples")

    def __init__(self, path: str | PathLike[str], *, overwrite: bool = False) -> None:
        self.path = path
        # without a buffer: what could not be written is not tried again when the file is closed
        self._output = open(path, "wb" if overwrite else "xb", buffering=0)  # noqa: SIM115
        #: bytes of sound
        self._size = 0
        #: 0 until the first frame
        self.rate = self.channels = self.samples = 0
        try:
            self._put(0, _head(SILENT_RATE, 1, 0))
        except OSError:
            self._output.close()
            raise

    @property
    def duration_s(self) -> float:
        """How long the recording is."""
        return self.samples / self.rate if self.rate else 0.0

    def write(self, frame: AudioFrame) -> bool:
        """Add a frame; False when the file is as large as a WAV file can be."""
        as_kind(frame, AudioFrame, "an AudioFrame")
        rate, channels = self.rate or frame.rate, self.channels or frame.channels
        pcm = converted(frame, rate, channels).pcm
        size = self._size + pcm.nbytes
        if size > MAX_DATA_SIZE:
            return False
        # the sound is there before the head says so
        self._put(HEAD_SIZE + self._size, _little_endian(pcm))
        self._put(0, _head(rate, channels, size))
        self.rate, self.channels, self._size = rate, channels, size
        self.samples += len(pcm) // channels
        return True

    def _put(self, place: int, data: bytes) -> None:
        self._output.seek(place)
        # a full disk takes a part, and says so only of the rest
        while data:
            data = data[self._output.write(data) :]

    def close(self) -> None:
        """Close the file; repeatable."""
        self._output.close()

    def __enter__(self) -> WavRecorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _head(rate: int, channels: int, size: int) -> bytes:
    """What a WAV file begins with, before so many bytes of sound."""
    block = channels * SAMPLE_SIZE
    riff, form = HEAD_SIZE - 8 + size, (16, wave.WAVE_FORMAT_PCM, channels, rate, rate * block, block)
    return _HEAD.pack(b"RIFF", riff, b"WAVE", b"fmt ", *form, 8 * SAMPLE_SIZE, b"data", size)


def converted(frame: AudioFrame, rate: int, channels: int) -> AudioFrame:
    """The frame with that rate and that many channels; itself when it has them."""
    if (frame.rate, frame.channels) == (rate, channels):
        return frame
    lanes = [frame.pcm[channel :: frame.channels] for channel in range(frame.channels)]
    if len(lanes) > channels:
        lanes = [memoryview(array.array("h", [(a + b) // 2 for a, b in zip(*lanes, strict=True)]))]
    lines = [_at_rate(lane, frame.rate, rate) for lane in lanes]
    if len(lines) < channels:
        lines *= 2
    mixed = array.array("h", bytes(SAMPLE_SIZE * channels * len(lines[0])))
    for channel, line in enumerate(lines):
        mixed[channel::channels] = line
    return AudioFrame(memoryview(mixed), channels, rate)


def _at_rate(lane: memoryview, have: int, wanted: int) -> array.array[int]:
    """The samples of one channel at another rate: on straight lines between those that are there."""
    if have == wanted or not lane:
        return array.array("h", lane.tolist())
    values, last = lane.tolist(), len(lane) - 1
    line = array.array("h")
    for number in range(len(values) * wanted // have):
        place, rest = divmod(number * have, wanted)
        before, after = values[place], values[min(place + 1, last)]
        line.append(before + (after - before) * rest // wanted)
    return line


def _samples(data: bytes) -> array.array[int]:
    """Samples of a file, which has them with the low byte first."""
    samples = array.array("h", data)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _little_endian(pcm: memoryview) -> bytes:
    """Samples as a file has them."""
    if sys.byteorder == "little":
        return pcm.tobytes()
    samples = array.array("h", pcm.tobytes())
    samples.byteswap()
    return samples.tobytes()


def _read_head(file: BinaryIO, path: object) -> wave.Wave_read:
    """What reads the sound, which the file is at now."""
    try:
        return wave.open(file, "rb")
    except (wave.Error, EOFError) as error:
        reason = str(error) or "it ends too early"
        raise ValueError(f"{path} is no WAV file that can be read ({reason}); {_advice(path)}") from error


def _advice(path: object) -> str:
    return f"convert it first: ffmpeg -i {quote(str(path))} -ar 48000 -ac 1 -c:a pcm_s16le converted.wav"
