"""The command `handshake`, and which mode the other commands take for a profile."""

import json

import pytest

from tests.support.handshakes import NOISE_IK, Pair
from toxpy import Profile, Tox
from toxpy.cli import settings
from toxpy.cli.main import main

KEYS = [character * 64 for character in "12"]


@pytest.fixture
def profile(tmp_path):
    """The path of a profile with two friends without names."""
    path = str(tmp_path / "alice.tox")
    with (
        Profile.create(path) as made,
        Tox(profile=made, udp_enabled=False, local_discovery_enabled=False) as tox,
    ):
        for key in KEYS:
            tox.friend_add_norequest(key)
    return path


def run(capsys, *words):
    """What the command prints, as JSON."""
    assert main(["handshake", *words, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def mode(path, *words):
    """The handshakes that a command on the network would make."""
    parser = settings.make_parser("x", "")
    settings.add_network_options(parser)
    with Profile.open(path, read_only=True) as opened:
        return settings.tox_options(parser.parse_args(list(words)), opened)["handshake"]


def test_policies_of_all_friends_and_of_one(profile, capsys):
    assert main(["handshake", "-p", profile]) == 0
    assert capsys.readouterr().out == "11111111…: Noise if both have it\n22222222…: Noise if both have it\n"
    (told,) = run(capsys, "-p", profile, KEYS[0], "require")
    expected = {"event": "handshake", "friend": KEYS[0], "name": "", "policy": "require", "pinned": False}
    assert told == expected
    first, second = run(capsys, "-p", profile)
    assert (first["policy"], second["policy"]) == ("require", "auto")
    assert run(capsys, "-p", profile, KEYS[1])[0]["friend"] == KEYS[1]


def test_who_had_noise_goes_on_with_it(profile, capsys):
    assert mode(profile) == "legacy" and mode(profile, "--handshake", "only") == "only"
    run(capsys, "-p", profile, KEYS[0], "require")
    assert mode(profile) == "prefer" and mode(profile, "--handshake", "legacy") == "legacy"
    run(capsys, "-p", profile, KEYS[0], "auto")
    assert mode(profile) == "legacy"


def test_a_pin_is_shown_and_taken_away(tmp_path, capsys):
    pair = Pair().befriend().together()
    path = str(tmp_path / "alice.tox")
    Profile.create(path, savedata=pair.alice.tox.get_savedata()).close()
    assert pair.versions() == (NOISE_IK, NOISE_IK)
    assert mode(path) == "prefer"
    key = str(pair.bob.self_get_public_key().hex().upper())
    assert main(["handshake", "-p", path]) == 0
    assert capsys.readouterr().out == f"{key[:8]}…: pinned to Noise\n"
    assert main(["handshake", "-p", path, key, "legacy"]) == 1
    assert "unpin" in capsys.readouterr().err
    (told,) = run(capsys, "-p", path, key, "--unpin")
    assert told["pinned"] is False and told["policy"] == "auto"
    assert mode(path) == "legacy"


def test_what_is_no_friend_or_policy(profile, capsys):
    assert main(["handshake", "-p", profile, "nobody"]) == 1
    assert "no friend is called" in capsys.readouterr().err
    for words in ([KEYS[0], "noise"], ["--unpin"]):
        assert main(["handshake", "-p", profile, *words]) == 2
