"""`conference chat` without a network: the answers to what is typed."""

import asyncio
from types import SimpleNamespace

import pytest

import toxpy
from toxpy.cli.conference_chat import ConferenceChat
from toxpy.cli.terminal import Output


def typed(*lines, json=False):
    """Say these in a conference that has nobody else."""

    async def each():
        for line in lines:
            yield line

    async def scene():
        async with toxpy.AsyncTox(udp_enabled=False, local_discovery_enabled=False) as tox:
            session = SimpleNamespace(tox=tox, out=Output(json=json), arguments=SimpleNamespace(linger=0))
            conference = tox.conference_new("Old")
            await ConferenceChat(session, conference).run(each())
            return conference.title

    return asyncio.run(scene())


def test_our_own_title(capsys):
    assert typed("/title New") == "New"
    assert capsys.readouterr().err == "the title is 'New', set by us\n"


@pytest.mark.parametrize("title, size", [("", 0), (" x" + "y" * 199, 200), ("ż" * 65, 130)])
def test_a_title_of_a_wrong_length(title, size, capsys):
    assert typed(f"/title {title}") == "Old"
    assert capsys.readouterr().err == f"Warning: a title has 1 to 128 bytes, and this one has {size}\n"


def test_what_is_no_command(capsys):
    typed("/foo bar")
    said = capsys.readouterr().err
    assert said.startswith("Warning: no such command: /foo\nWhat can be typed:\n")
    typed("/help")
    assert capsys.readouterr().err.startswith("What can be typed:\n")
    typed("/me", "/invite ")
    assert capsys.readouterr().err == (
        "Warning: /me is followed by TEXT\nWarning: /invite is followed by FRIEND\n"
    )
