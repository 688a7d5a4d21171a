"""Whom the words of a command line mean, and when nodes are missed."""

import asyncio
import types

import pytest

import toxpy
from toxpy.cli import conference, group, settings
from toxpy.cli.session import CliSession
from toxpy.cli.terminal import Failure, Output


def test_no_name_means_nobody():
    async def scene():
        async with toxpy.AsyncTox(udp_enabled=False, local_discovery_enabled=False) as tox:
            session = CliSession(tox, types.SimpleNamespace(), Output(json=False, quiet=True))
            friend = tox.friend_add_norequest(b"\x09" * 32)
            assert friend.name == ""
            for nothing in ("", " "):
                with pytest.raises(Failure, match="no friend is called"):
                    session.find_friend(nothing, request="")
            assert session.find_friend(str(friend.public_key), request="") is friend

    asyncio.run(scene())


@pytest.mark.parametrize(("main", "words"), [(conference.create_main, []), (group.create_main, ["Chess"])])
def test_to_found_one_no_nodes_are_needed(tmp_path, capsys, main, words):
    profile = str(tmp_path / "alice.tox")
    toxpy.Profile.create(profile, name="Alice").close()
    assert main([*words, "-p", profile, "--no-lan", "--no-udp"]) == 0
    assert "no node" not in capsys.readouterr().err


def test_others_are_missed_without_nodes(tmp_path):
    parser = settings.make_parser("receive", "Receive.")
    settings.add_network_options(parser)
    arguments = parser.parse_args(["--no-lan"])
    assert arguments.needs_others
