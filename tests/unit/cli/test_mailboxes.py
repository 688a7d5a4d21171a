"""Messages for friends who are away on the command line: what a profile remembers, and what is said."""

import argparse
import asyncio
from types import SimpleNamespace

import pytest

import toxpy
from toxpy.cli import mailboxes, states
from toxpy.cli.mailboxes import mailbox_or_none, option, pack, remember, remembered, unpack
from toxpy.cli.messages import send_main
from toxpy.ext.offline import states as states_of
from toxpy.ext.offline.message_state import MessageState
from toxpy.ext.offline.options import Offline
from toxpy.save.profile import Profile

KEYS = ":".join(["AB" * 32] * 2)
TEXT, OTHER = f"192.0.2.1:33445:{KEYS}", f"[2001:db8::1]:443:{KEYS[:64]}:{'CD' * 32}:{'EF' * 32}"
ALONE = {"udp_enabled": False, "local_discovery_enabled": False}


def arguments(*given, extended=True, later=False):
    found = [mailbox_or_none(text) for text in given]
    return SimpleNamespace(mailbox=found, extended=extended, later=later)


@pytest.fixture
def profile(tmp_path):
    with Profile.create(tmp_path / "alice.tox") as made:
        yield made


def use(profile, **how):
    """What a command does at its start; the mailboxes that it has, None if nothing is kept."""
    given = arguments(*how.pop("mailboxes", ()), **how)
    offline = option(given, profile)

    async def command():
        async with toxpy.AsyncTox(
            profile=profile, extended_messages=True, offline_messages=offline, **ALONE
        ) as tox:
            remember(given, tox)

    asyncio.run(command())
    return None if offline is False else [str(mailbox) for mailbox in offline.mailboxes]


def test_a_profile_remembers_its_mailboxes(profile):
    assert use(profile) is None and remembered(profile) is None
    assert use(profile, mailboxes=[TEXT, OTHER]) == [TEXT, OTHER]
    assert use(profile) == [TEXT, OTHER]
    # others take their place
    assert use(profile, mailboxes=[OTHER]) == [OTHER]
    assert use(profile, extended=False) is None
    assert use(profile) == [OTHER]
    assert use(profile, mailboxes=["none"]) is None
    assert use(profile) is None and remembered(profile) is None


def test_a_profile_that_keeps_messages_goes_on_with_it(profile):
    assert use(profile, later=True) == []
    assert use(profile) == []


def test_commands_without_friends_keep_nothing(profile):
    use(profile, mailboxes=[TEXT])
    assert option(argparse.Namespace(), profile) is False


def test_the_record_is_whole_or_read_up_to_its_damage():
    both = Offline([TEXT, OTHER]).mailboxes
    record = pack(both)
    assert unpack(record) == both
    for end in range(len(record)):
        assert unpack(record[:end]) in ((), both[:1])
    assert unpack(b"") == unpack(b"\x02" + record[1:]) == ()
    assert unpack(record[:1] + b"\x03\x00abc") == unpack(record[:1] + b"\x01\x00\xff") == ()
    many = pack(Offline([f"192.0.2.1:{port}:{KEYS[:64]}:{port:064X}" for port in range(1, 5)]).mailboxes)
    assert len(unpack(many + many[1:])) == mailboxes.MAX_MAILBOXES


def test_what_is_no_mailbox_is_said():
    assert mailbox_or_none("none") is None
    for wrong in ("192.0.2.1:33445", f"example.org:33445:{KEYS}", ""):
        with pytest.raises(argparse.ArgumentTypeError, match="mailbox"):
            mailbox_or_none(wrong)


def test_each_state_has_its_words():
    words = {state: states.state_words(state, "Bob", 2) for state in MessageState}
    assert len({*words.values()}) == len(MessageState)
    assert words[MessageState.STORED] == "is stored at 2 mailboxes, for Bob to fetch"
    assert "at 1 mailbox," in states.state_words(MessageState.STORED, "Bob", 1)


def test_later_needs_what_plain_leaves_out(capsys):
    with pytest.raises(SystemExit):
        send_main(["Bob", "hi", "--later", "--plain"])
    assert "--plain" in capsys.readouterr().err


def stored(friend):
    """A mailbox takes all that waits."""
    core = friend.tox.sync.core
    for message in core.offline.outbox(friend.number):
        for event in (states_of.STORE, states_of.ACCEPT):
            core.offline.capability.sending.stored(core.messenger.friend(friend.number), message, event)
    friend.tox.call("self_get_friend_list")


def test_a_command_stays_until_mailboxes_have_it(monkeypatch):
    monkeypatch.setattr(states, "MORE_COPIES_S", 0)

    async def scene():
        async with toxpy.AsyncTox(offline_messages=True, **ALONE) as tox:
            friend = tox.friend_add_norequest(bytes(range(32)))
            assert await states.until_left(friend, 1) == 0
            await friend.send("hi")
            assert await states.until_left(friend, 0.01) == 1
            waiting = asyncio.create_task(states.until_left(friend, None))
            await asyncio.sleep(0)
            stored(friend)
            assert await waiting == 0
            await states.until_not_on_its_way(friend)

    asyncio.run(scene())
