"""Which conference or group is meant by what is typed."""

import asyncio

import pytest

import toxpy
from toxpy.cli import conference, conference_chat, group, group_chat
from toxpy.cli.rooms import find_room
from toxpy.cli.terminal import Failure


@pytest.fixture
def rooms():
    """Conferences with a title, with none, and with those that are made of the first one's ID."""

    async def scene():
        async with toxpy.AsyncTox(udp_enabled=False, local_discovery_enabled=False) as tox:
            first = tox.conference_new("Secret")
            digits = first.id.hex()
            titles = [None, digits.upper(), digits[:8], digits[:4], "Twice", "twice"]
            yield [first, *map(tox.conference_new, titles)]

    return scene()


def test_an_id_means_the_room_that_has_it(rooms):
    async def scene():
        known = await anext(rooms)
        first, *others = known
        for one in known:
            for digits in (one.id.hex(), one.id.hex().upper(), one.id.hex()[:8]):
                assert find_room(known, "conference", digits) is one
        assert find_room(known, "conference", "SECRET ") is first
        few, twice = others[3], others[4:]
        for text, both in ((few.title, [first, few]), ("Twice", twice)):
            with pytest.raises(Failure, match="which conference") as failure:
                find_room(known, "conference", text)
            assert all(one.id.hex().upper()[:8] in str(failure.value) for one in both)
        for nothing in ("", " ", "no such"):
            with pytest.raises(Failure, match="no conference is called"):
                find_room(known, "conference", nothing)
        assert find_room([first], "conference", None) is first
        await rooms.aclose()

    asyncio.run(scene())


@pytest.mark.parametrize(
    "command",
    [
        conference_chat.chat_main, conference.leave_main, conference.invite_main,
        group_chat.chat_main, group.leave_main, group.invite_main,
    ],
)  # fmt: skip
def test_an_empty_name_is_a_wrong_command_line(command, capsys):
    for empty in ("", " "):
        with pytest.raises(SystemExit) as ended:
            command([empty, "Bob"] if "invite" in command.__name__ else [empty])
        assert ended.value.code == 2
        assert "an empty text names nothing" in capsys.readouterr().err
