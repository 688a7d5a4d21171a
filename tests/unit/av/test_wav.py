"""WAV files in calls: what is read comes in frames, what is recorded can be read."""

import array
import math
import os
import resource
import wave

import pytest

from toxpy.av import wav
from toxpy.av.frames import AudioFrame
from toxpy.av.wav import WavRecorder, WavSource, converted

#: Bytes of a WAV file before the sound.
HEAD_SIZE = 44


def write(path, samples, *, rate=48000, channels=1, width=2):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(array.array("h", samples).tobytes() if width == 2 else bytes(samples))
    return path


def frame(samples, *, channels=1, rate=48000):
    return AudioFrame(memoryview(array.array("h", samples)), channels, rate)


def read(path):
    with wave.open(str(path), "rb") as file:
        samples = array.array("h", file.readframes(file.getnframes()))
        return file.getframerate(), file.getnchannels(), samples.tolist()


def test_a_file_comes_in_frames_of_20_ms(tmp_path):
    path = write(tmp_path / "in.wav", range(2000), rate=16000, channels=2)
    with WavSource(path) as source:
        assert (source.rate, source.channels, source.samples, source.duration_s) == (16000, 2, 1000, 0.0625)
        frames = list(source.frames())
        assert [each.samples for each in frames] == [320] * 4
        assert {each.duration_s for each in frames} == {0.02}
        found = [sample for each in frames for sample in each.pcm]
        assert found == [*range(2000), *[0] * 560]
        # and again
        assert next(source.frames()).pcm == frames[0].pcm


@pytest.mark.parametrize("size, samples", [(6, 1), (0, 0), (6003, 1500), (8000, 2000)])
def test_a_file_that_was_cut_off_is_as_long_as_what_is_there(tmp_path, size, samples):
    path = write(tmp_path / "in.wav", range(4000), channels=2)
    os.truncate(path, HEAD_SIZE + size)
    with WavSource(path) as source:
        assert (source.samples, source.duration_s) == (samples, samples / 48000)
        assert b"".join(each.pcm for each in source.frames())[:size] == path.read_bytes()[HEAD_SIZE:]


def test_a_source_that_is_closed_twice(tmp_path):
    source = WavSource(write(tmp_path / "in.wav", [0] * 30))
    source.close()
    source.close()
    with pytest.raises(ValueError, match="closed file"):
        next(source.frames())


@pytest.mark.parametrize(
    "form, words",
    [
        ({"rate": 44100}, "44100 samples a second cannot be sent"),
        ({"channels": 3}, "3 channels"),
        ({"width": 1}, "samples of 8 bits"),
    ],
)
def test_what_cannot_be_sent_says_how_to_convert_it(tmp_path, form, words):
    path = write(tmp_path / "in.wav", [0] * 30, **form)
    with pytest.raises(ValueError, match=f"{words}.*ffmpeg -i {path} -ar 48000"):
        WavSource(path)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no sound at all", b"RIFF\0\0\0\0WAVEdata\0\0\0\0"])
def test_what_is_no_wav_file_is_an_error(tmp_path, content):
    (tmp_path / "in.wav").write_bytes(content)
    with pytest.raises(ValueError, match="is no WAV file that can be read"):
        WavSource(tmp_path / "in.wav")
    with pytest.raises(FileNotFoundError):
        WavSource(tmp_path / "missing.wav")


def test_a_recording_is_complete_after_each_frame(tmp_path):
    path = tmp_path / "out.wav"
    with WavRecorder(path) as recorder:
        # nothing was heard yet
        assert read(path) == (48000, 1, [])
        for count in range(1, 4):
            assert recorder.write(frame(range(10)))
            assert read(path) == (48000, 1, list(range(10)) * count)
        assert recorder.samples == 30 and recorder.duration_s == 30 / 48000
    recorder.close()
    assert read(path) == (48000, 1, list(range(10)) * 3)
    with pytest.raises(FileExistsError):
        WavRecorder(path)
    with WavRecorder(path, overwrite=True) as recorder, pytest.raises(TypeError, match="an AudioFrame"):
        recorder.write(b"sound")
    # nothing was heard
    assert read(path) == (48000, 1, [])


def test_the_sound_is_there_before_the_head_says_so(tmp_path, monkeypatch):
    """Whenever the process is killed, the file has what its head says."""
    path, found = tmp_path / "out.wav", []

    def put(recorder, place, data, put=WavRecorder._put):
        put(recorder, place, data)
        found.append(read(path)[2])

    monkeypatch.setattr(WavRecorder, "_put", put)
    with WavRecorder(path) as recorder:
        recorder.write(frame([1, 2], rate=8000))
        recorder.write(frame([3, 4], rate=8000))
    assert found == [[], [], [1, 2], [1, 2], [1, 2, 3, 4]]


def test_a_full_disk_ends_a_recording_with_the_frame_before(tmp_path):
    """The limit of a file's size, in place of the disk's: it too takes a part of what is written."""
    path = tmp_path / "out.wav"
    with WavRecorder(path) as recorder:
        recorder.write(frame(range(10)))
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (HEAD_SIZE + 30, before[1]))
        try:
            with pytest.raises(OSError, match="too large"):
                recorder.write(frame(range(10)))
            recorder.close()
            recorder.close()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert recorder.samples == 10 and read(path) == (48000, 1, list(range(10)))


def test_a_disk_that_is_full_from_the_beginning_on_is_an_error():
    with pytest.raises(OSError, match="No space left"):
        WavRecorder("/dev/full", overwrite=True)


def test_frames_of_another_format_are_converted(tmp_path):
    path = tmp_path / "out.wav"
    with WavRecorder(path) as recorder:
        recorder.write(frame([0, 300], rate=24000))
        recorder.write(frame([0, 300, 600], rate=8000))
        recorder.write(frame([1, 3, -5, -7], channels=2, rate=24000))
    assert read(path) == (24000, 1, [0, 300, 0, 100, 200, 300, 400, 500, 600, 600, 600, 2, -6])


def test_a_tone_keeps_its_pitch_and_its_strength():
    """Zero crossings and amplitude of 440 Hz, between all rates and to two channels."""
    for have in wav.RATES:
        tone = [round(10000 * math.sin(2 * math.pi * 440 * n / have)) for n in range(have // 10)]
        for wanted in wav.RATES:
            other = converted(frame(tone, rate=have), wanted, 2)
            assert other.samples == wanted // 10 and other.pcm[::2] == other.pcm[1::2]
            values = other.pcm[::2].tolist()
            ups = sum(a < 0 <= b for a, b in zip(values, values[1:], strict=False))
            assert ups in (43, 44) and 9000 < max(values) <= 10000, (have, wanted)


def test_a_recording_ends_where_a_wav_file_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(wav, "MAX_DATA_SIZE", 50)
    with WavRecorder(tmp_path / "out.wav") as recorder:
        assert [recorder.write(frame(range(10))) for _ in range(4)] == [True, True, False, False]
        assert recorder.samples == 20
