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
def test_each_call_has_a_recording(path, count, name):
    assert calls.numbered(path, count) == name
