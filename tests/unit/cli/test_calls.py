"""`call` and `answer` where nobody needs to be called to see it."""

import pytest

from toxpy.cli import calls
from toxpy.cli.terminal import Failure


def test_without_codecs_it_is_said_what_is_missing(monkeypatch):
    monkeypatch.setattr(calls, "missing", lambda: "")
    calls.check_codecs()
    monkeypatch.setattr(calls, "missing", lambda: "built without libopus")
    with pytest.raises(Failure, match="no calls: built without libopus"):
        calls.check_codecs()


@pytest.mark.parametrize(
    "path, count, name",
    [
        (None, 3, None),
        ("a.wav", 1, "a.wav"),
        ("a.wav", 2, "a-2.wav"),
        ("x.y/a", 12, "x.y/a-12"),
    ],
)
def test_each_call_has_a_recording(path, count, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert calls.free_name(path, count) == name


def test_a_recording_of_another_day_is_kept(tmp_path):
    for number in (2, 3):
        (tmp_path / f"a-{number}.wav").touch()
    assert calls.free_name(str(tmp_path / "a.wav"), 2) == str(tmp_path / "a-4.wav")
