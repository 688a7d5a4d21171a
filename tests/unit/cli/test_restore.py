"""`toxpy restore`: what it says and does about a profile that is whole, damaged or missing."""

import json
import os
from pathlib import Path

import pytest

from toxpy.cli.identity import restore_main
from toxpy.save.profile import Profile


@pytest.fixture
def path(tmp_path):
    """A profile with a last good copy."""
    path = str(tmp_path / "alice.tox")
    with Profile.create(path, name="Alice") as profile:
        profile.save(profile.savedata)
    return path


def test_a_whole_profile_is_left_alone(path, capsys):
    before = Path(path).read_bytes()
    assert restore_main(["-p", path]) == 1
    said = capsys.readouterr()
    assert (
        said.out == ""
        and f"{path} is whole" in said.err
        and f"{path}.bak" in said.err
        and "--force" in said.err
    )
    assert Path(path).read_bytes() == before
    assert sorted(os.listdir(os.path.dirname(path))) == ["alice.tox", "alice.tox.bak"]
    os.unlink(path + ".bak")
    assert restore_main(["-p", path]) == 1
    assert "--force" not in capsys.readouterr().err


def test_an_explicit_wish(path, capsys):
    assert restore_main(["-p", path, "--force"]) == 0
    said = capsys.readouterr()
    assert f"{path}.replaced" in said.err and len(said.out.strip()) == 76
    assert os.path.exists(path + ".replaced")
    os.unlink(path + ".bak")
    assert restore_main(["-p", path, "--force"]) == 1
    assert f"{path}.bak: " in capsys.readouterr().err


def test_a_damaged_one(path, capsys):
    Path(path).write_bytes(b"damaged")
    assert restore_main(["-p", path]) == 0
    said = capsys.readouterr()
    assert "was damaged (" in said.err and f"{path}.damaged" in said.err
    Path(path).write_bytes(b"damaged")
    assert restore_main(["-p", path, "--json"]) == 0
    restored, shown = map(json.loads, capsys.readouterr().out.splitlines())
    assert restored.pop("message").startswith("the profile was damaged")
    assert restored == {
        "event": "restored",
        "profile": path,
        "backup": path + ".bak",
        "replaced": path + ".damaged2",
    }
    assert shown["event"] == "id"


def test_nothing_good_is_left(path, capsys):
    for name in (path, path + ".bak"):
        Path(name).write_bytes(b"damaged")
    assert restore_main(["-p", path]) == 1
    assert "there is no good copy" in capsys.readouterr().err
    os.unlink(path)
    assert restore_main(["-p", path]) == 1
    assert f"{path}.bak: the profile is damaged" in capsys.readouterr().err
    os.unlink(path + ".bak")
    assert restore_main(["-p", path]) == 1
    assert "there is no such file" in capsys.readouterr().err
