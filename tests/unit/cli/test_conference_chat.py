"""`conference chat` without a network: the answers to what is typed, and the order of what comes."""

import asyncio
import dataclasses
import json
from types import SimpleNamespace

import pytest

import toxpy
from toxpy.cli import conference_chat
from toxpy.cli.conference_chat import ConferenceChat
from toxpy.cli.terminal import Output
from toxpy.ids import PublicKey

BOB = toxpy.Peer(1, "Bob", PublicKey(b"b" * 32), False)
CAROL = toxpy.Peer(2, "Carol", PublicKey(b"c" * 32), False)


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
            return conference.title if tox.conferences else None

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


def test_leaving():
    assert typed("/close", "never read") is None


class Talk:
    """A conference whose peers leave as soon as they have spoken."""

    number, id, title = 0, bytes(32), "Talk"

    def __init__(self, peers, speakers):
        self.peers, self._speakers = peers, speakers

    async def messages(self):
        for peer in self._speakers:
            yield toxpy.HeardMessage(peer, toxpy.MessageType.NORMAL, b"hi")


@pytest.mark.parametrize("there", [[], [BOB], [BOB, CAROL]])
def test_nobody_speaks_before_they_are_here(there, capsys):
    async def nothing():
        await asyncio.sleep(3600)
        yield ""

    async def scene():
        tox = SimpleNamespace(on=lambda *_: None, closed=False)
        chat = ConferenceChat(SimpleNamespace(tox=tox, out=Output(json=True)), Talk(there, [BOB, CAROL, BOB]))
        await chat.run(nothing())
        chat._look()

    asyncio.run(scene())
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    said = [(one["name"], one.get("status", "said")) for one in found]
    for name in ("Bob", "Carol"):
        own = [status for who, status in said if who == name]
        gone = [] if name in [peer.name for peer in there] else ["gone"]
        assert own == ["here"] + ["said"] * (2 if name == "Bob" else 1) + gone


@pytest.mark.parametrize("patient", [True, False])
def test_somebody_is_shown_with_the_name_if_it_comes_soon(patient, capsys, monkeypatch):
    if not patient:
        monkeypatch.setattr(conference_chat, "NAMELESS_LOOKS", 0)

    async def scene():
        tox = SimpleNamespace(on=lambda *_: None, closed=False)
        talk = Talk([dataclasses.replace(BOB, name=""), CAROL], [])
        chat = ConferenceChat(SimpleNamespace(tox=tox, out=Output(json=True)), talk)
        chat._look()
        talk.peers = [BOB, CAROL]
        chat._look()
        talk.peers = [CAROL]
        chat._look()

    asyncio.run(scene())
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    name = "Bob" if patient else "62626262…"
    wanted = [("Carol", "here"), (name, "here"), ("Bob", "gone")]
    assert sorted((one["name"], one["status"]) for one in found) == sorted(wanted)
