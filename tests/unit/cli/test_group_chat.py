"""`group chat` without a network: the answers to what is typed, and the words for what comes."""

import asyncio
from types import SimpleNamespace

import pytest

import toxpy
from tests.support.meeting import play
from toxpy.cli.group import tell_group
from toxpy.cli.group_chat import GroupChat
from toxpy.cli.group_commands import DONE, find_peer, split_peer
from toxpy.cli.group_news import GONE, GroupNews
from toxpy.cli.terminal import Failure, Output
from toxpy.group.aio_state import GroupPeer
from toxpy.group.keys import ExtendedKeyPair

#: How each talk begins.
BEGIN = "looking for the members of Club\n"
NOBODYS_ID = ExtendedKeyPair(b"\7" * 32).public.sig
OPTIONS = {"udp_enabled": False, "local_discovery_enabled": False}


def typed(*lines):
    """Say these in a group that has nobody else: the group's state."""

    async def each():
        for line in lines:
            yield line

    async def scene():
        async with toxpy.AsyncTox(**OPTIONS) as tox:
            arguments = SimpleNamespace(linger=0, timeout=0.1)
            session = SimpleNamespace(tox=tox, out=Output(json=False), arguments=arguments)
            group = await tox.group_new("Club", "Alice", topic="Old")
            await GroupChat(session, group).run(each())
            return (repr(group.settings), group.topic, group.me) if tox.groups else None

    return asyncio.run(scene())


def test_what_is_set(capsys):
    settings, topic, me = typed(
        "/topic", "/topic New", "/nick Bob the rook", "/status Busy", "/privacy private", "/voice founder",
        "/locktopic off", "/peerlimit 7", "/passwd word", "/passwd", "/list", "/whois bob the rook",
    )  # fmt: skip
    assert (topic, me.name, me.status) == ("New", "Bob the rook", toxpy.UserStatus.BUSY)
    assert settings == "<GroupSettings privacy=1 peer_limit=7 topic_lock=1 voice=2>"
    assert capsys.readouterr().err == BEGIN + (
        "the topic is 'Old'\nthe topic is 'New', set by us\nwe are 'Bob the rook' now\nwe are busy now\n"
        "privacy: private, by us\nvoice: founder, by us\ntopic lock: off, by us\npeer limit: 7, by us\n"
        "password: set, by us\npassword: removed, by us\nBob the rook (founder, busy, you)\n"
        f"Bob the rook (founder, busy, you): {me.public_key}, connection tcp\n"
    )


@pytest.mark.parametrize(
    "line, problem",
    [
        ("/kick", "/kick is followed by NAME"),
        ("/kick Carol", "nobody here is called 'Carol'. Members: Alice"),
        ("/kick Alice", "we cannot kick ourselves (TOX_ERR_GROUP_KICK_PEER_SELF)"),
        ("/whisper Alice", "/whisper is followed by NAME TEXT"),
        ("/privacy secret", "'secret' is none of: public, private"),
        ("/locktopic maybe", "'maybe' is none of: on, off"),
        ("/peerlimit 0", "'0' is no number of members, 1 to 65535"),
        ("/peerlimit many", "'many' is no number of members, 1 to 65535"),
        ("/close " + "x" * 129, "a farewell has at most 128 bytes"),
        ("/topic " + "x" * 513, "TOX_ERR_GROUP_TOPIC_SET_TOO_LONG"),
        ("/me", "/me is followed by TEXT"),
    ],
)
def test_what_is_wrong(line, problem, capsys):
    assert typed(line) is not None
    said = capsys.readouterr().err.removeprefix(BEGIN)
    assert said.startswith("Warning: ") and problem in said and said.count("\n") == 1


def test_what_is_no_command(capsys):
    typed("/foo bar")
    said = capsys.readouterr().err.removeprefix(BEGIN)
    assert said.startswith("Warning: no such command: /foo\nWhat can be typed:\n")


def test_leaving(capsys):
    assert typed("/close bye", "never read") is None
    assert capsys.readouterr().err == BEGIN + "we left for good\n"


def test_a_message_that_nobody_can_get(capsys):
    with pytest.raises(Failure, match=r"nobody is in Club after 0\.1 s: we are in it"):
        typed("hello?")
    with pytest.raises(Failure, match="1 messages were not said"):
        typed("/disconnect", "hello?")
    assert "Warning: not said: we are not in the group now: /rejoin comes back" in capsys.readouterr().err


def test_commands_do_not_wait_for_what_nobody_can_get_yet(capsys):
    with pytest.raises(Failure, match="nobody is in Club"):
        typed("hello?", "/topic New", "and more")
    assert capsys.readouterr().err == BEGIN + (
        "the topic is 'New', set by us\n"
        "2 messages wait for somebody to be in Club; Ctrl-C ends at once\n"
        "waiting for somebody to be in Club\n"
    )
    with pytest.raises(Failure, match="2 messages were not said"):
        typed("hello?", "more", "/close")


def test_a_group_that_we_are_out_of_is_looked_for(capsys):
    async def nothing():
        return
        yield

    async def scene():
        async with toxpy.AsyncTox(**OPTIONS) as tox:
            session = SimpleNamespace(tox=tox, out=Output(json=False), arguments=SimpleNamespace(linger=0))
            group = await tox.group_new("Club", "Alice")
            group.disconnect()
            await GroupChat(session, group).run(nothing())
            assert group.connected

    asyncio.run(scene())
    out = "we left for a while, were sent away, or not let in: "
    assert capsys.readouterr().err == out + BEGIN


def test_a_group_that_was_never_reached_is_told_apart(capsys):
    async def scene():
        async with toxpy.AsyncTox(**OPTIONS) as tox:
            tell_group(Output(json=False), await tox.group_new("Club", "Alice"))
            tell_group(Output(json=False), tox.group(tox.sync.group_join(NOBODYS_ID, "Alice")))

    asyncio.run(scene())
    joined, unreached = capsys.readouterr().out.splitlines()
    assert joined.endswith(" Club (founder, public, 0 other members known)")
    assert unreached == NOBODYS_ID.hex().upper() + " (not joined yet: no member was reached)"


def group_of(*names):
    """With these members; the keys are 0101..., 0202... and so on."""
    peers = [GroupPeer(i, name, toxpy.PublicKey(bytes([i + 1]) * 32)) for i, name in enumerate(names)]
    return SimpleNamespace(peers=peers)


def test_members_are_found():
    group = group_of("Bob", "Bob the rook", "Carol", "carol", "")
    assert [find_peer(group, text).number for text in (" bob ", "BOB the rook", "0404", "05")] == [0, 1, 3, 4]
    for text, problem in [
        ("Carol", r"2 members are meant by 'Carol': .* 03030303 \(Carol\), 04040404 \(carol\)"),
        ("", "nobody"),
        ("0", "5 members"),
    ]:
        with pytest.raises(Failure, match=problem):
            find_peer(group, text)


def test_whoever_is_named_by_key_is_found_though_others_are_called_so():
    for digits in (8, 9, 64):
        group = group_of("02" * 4, "Bob", "02" * 32, "02020202 0", "020202020")
        key = ("02" * 32)[:digits]
        assert find_peer(group, key).number == 1
        assert (split_peer(group, f"{key} 0 hi")[0].number, split_peer(group, f"{key} 0")[1]) == (1, "0")
    # few digits may be a name
    group = group_of("020", "Bob", "02 hi")
    for find in (find_peer(group, "02"), split_peer(group, "0202 hi")[0]):
        assert find.number == 1
    with pytest.raises(Failure, match=r"2 members .* 01010101 \(020\), 02020202 \(Bob\)"):
        find_peer(group, "020")
    with pytest.raises(Failure, match=r"2 members .* 02020202 \(Bob\), 03030303 \(02 hi\)"):
        split_peer(group, "02 hi you")


def test_what_is_said_to_one_alone_reaches_no_other_with_a_longer_name():
    group = group_of("Bob", "Bob are you", "Carol", "Ada the rook")
    for text, number, rest in [
        ("bob hi you", 0, "hi you"), ("Ada the rook  hi", 3, "hi"), ("01010101 are you in", 0, "are you in"),
        ("02 are you", 1, "are you"), ("Carolus", None, "nobody here"),
        ("Bob are you in?", None, "2 members"),
        ("Bob are you", None, "2 members"), ("Ada the rook", None, "followed by"), ("", None, "nobody"),
    ]:  # fmt: skip
        if number is None:
            with pytest.raises(Failure, match=rest):
                split_peer(group, text)
        else:
            peer, said = split_peer(group, text)
            assert (peer.number, said) == (number, rest)


def test_everything_that_is_done_to_members_has_words():
    assert {*GONE} == {*toxpy.GroupExitType}
    assert {kind.name.lower() for kind in toxpy.GroupModEvent} <= {*DONE}


def test_news(capsys):
    """As they come: who, and what became of it."""

    async def scene(meeting):
        alice, bob = await meeting.friends("Alice", "Bob")
        group = await alice.group_new("club", privacy=1)
        group.invite(0)
        joining = bob.group_join(await meeting.result(meeting.event("Bob", toxpy.GroupInvite)))
        other = await meeting.result(joining)
        out = Output(json=False)
        news = GroupNews(other, lambda what, text, /, **fields: out.status(what, text, **fields))
        happened = other.events()
        (peer,) = (peer for peer in group.peers if not peer.ours)
        group.topic = "plans"
        group.settings.voice = toxpy.GroupVoice.FOUNDER
        group.own_name = "Al\nice"
        group.set_role(peer, toxpy.GroupRole.OBSERVER)
        group.kick(peer)
        event = None
        while not isinstance(event, toxpy.GroupPeerExit):
            event = await meeting.result(anext(happened))
            news.tell(event)
        news.tell(toxpy.GroupTopic(other.number, 77, b"theirs"))
        news.tell(toxpy.GroupJoinFail(other.number, toxpy.GroupJoinFailure.PEER_LIMIT))

    play(scene)
    assert sorted(capsys.readouterr().err.splitlines()) == sorted([
        "the topic is 'plans', set by Alice",
        "voice: founder",
        "Alice is called 'Al\\nice' now",
        "you may only read now, by Al\\nice",
        # so that whoever comes back may speak
        "you are a user now, by Al\\nice",
        "you were sent away, by Al\\nice: /rejoin comes back",
        "Al\\nice is not seen any more: we are out",
        "the topic is 'theirs'",
        "we are not let in: the group is full: /rejoin tries again",
    ])  # fmt: skip
