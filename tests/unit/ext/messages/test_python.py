"""Extended messages as Python programs see them: typed events, and what the first message waits for."""

import asyncio
from types import SimpleNamespace

import pytest

import toxpy
from tests.unit.api.test_aio import ScriptedCore, play, sendq, settle
from toxpy.ext.messages import aio, events
from toxpy.ext.messages.sent import Sent
from toxpy.generated import events as ev

ID, OTHER = b"i" * 16, b"o" * 16
FRIEND = SimpleNamespace(number=0, deleted=False)


class ExtendedCore(ScriptedCore):
    """Has the option on."""

    def __init__(self):
        super().__init__()
        self.capability, self.extended, self.online = True, False, 2

    def send(self, number, kind, message, reply_to=None, again=None):
        if self.fail_with:
            raise self.fail_with.pop(0)
        self.sent.append((number, kind, message, reply_to, again))
        return Sent(len(self.sent), ID)

    def edit(self, number, original, message, as_new):
        self.sent.append((number, original, message, as_new))
        return Sent(len(self.sent), original)

    def delete(self, number, original):
        self.sent.append((number, original))

    mark_seen = delete

    def friend_exists(self, number):
        return True

    def has_friend_messages(self, number):
        return self.extended


def test_a_message_has_its_id_and_a_receipt():
    async def scene(core, tox):
        core.extended = True
        friend = tox.friend(0)
        sent = await friend.send("hello", reply_to=OTHER, again=ID)
        edited = await friend.edit(ID, "good day")
        await friend.delete_message(ID)
        await friend.mark_seen(bytes([i]) * 16 for i in (1, 2))
        assert core.sent == [
            (0, 0, b"hello", OTHER, ID),
            (0, ID, b"good day", False),
            (0, ID),
            (0, [b"\1" * 16, b"\2" * 16]),
        ]
        assert (sent.id, sent.message_id, edited.id, edited.message_id) == (ID, 1, ID, 2)
        assert friend.has_extended_messages
        core.arrive(events.ExtendedReceipt(FRIEND, 2, ID))
        assert await edited.receipt() == toxpy.FriendReadReceipt(0, 2, ID)
        assert not sent.received
        core.arrive(ev.FriendReadReceipt(0, 1))
        assert await sent.receipt() == toxpy.FriendReadReceipt(0, 1)

    play(scene, ExtendedCore())


def test_all_of_them_wait_while_the_queue_is_full():
    async def scene(core, tox):
        core.extended = True
        core.fail_with.append(sendq())
        task = asyncio.create_task(tox.friend(0).send("x"))
        await settle()
        assert not task.done() and not core.sent
        core.arrive()
        await task

    play(scene, ExtendedCore())


@pytest.mark.parametrize(
    "event",
    [
        events.MessagesExtended(FRIEND),
        ev.FriendName(0, b"Bob"),
        ev.FriendStatus(0, 0),
        ev.FriendStatusMessage(0, b""),
        ev.FriendConnectionStatus(0, 0),
    ],
)
def test_the_first_message_waits_until_the_friend_has_said_what_it_has(event, monkeypatch):
    monkeypatch.setattr(aio, "SETTLING_S", 60)

    async def scene(core, tox):
        friend = tox.friend(0)
        tasks = [asyncio.create_task(friend.send(text)) for text in ("1", "2")]
        await settle()
        assert not core.sent
        core.arrive(event)
        await asyncio.gather(*tasks)
        assert [sent[2] for sent in core.sent] == [b"1", b"2"]
        if not isinstance(event, ev.FriendConnectionStatus):
            await friend.send("3")
            core.arrive(ev.FriendConnectionStatus(0, 0))
            await anext(aiter(tox))
            await asyncio.sleep(0.02)
        # it may have another program when it comes back
        core.online, count = 1, len(core.sent)
        task = asyncio.create_task(friend.edit(ID, "4"))
        await settle()
        assert len(core.sent) == count and not task.done()
        task.cancel()

    play(scene, ExtendedCore())


def test_it_does_not_wait_for_ever(monkeypatch):
    monkeypatch.setattr(aio, "SETTLING_S", 0.02)

    async def scene(core, tox):
        await tox.friend(0).send("1")
        monkeypatch.setattr(aio, "SETTLING_S", 60)
        await tox.friend(0).send("2")
        assert len(core.sent) == 2

    play(scene, ExtendedCore())


def test_close_wakes_whoever_waits_with_the_first_message():
    async def scene(_core, tox):
        task = asyncio.create_task(tox.friend(0).send("x"))
        await settle()
        tox.close()
        with pytest.raises(toxpy.ToxClosed):
            await task

    play(scene, ExtendedCore())


def test_a_message_has_more_fields():
    async def scene(core, tox):
        heard = []
        tox.on_message(lambda number, text: heard.append((number, text)))
        tox.on(toxpy.FriendMessage, heard.append)
        tox.on(toxpy.MessageEdited, heard.append)
        tox.on(toxpy.MessageDeleted, heard.append)
        core.arrive(
            events.ExtendedMessage(FRIEND, 1, b"\xff", ID, 1500, OTHER),
            events.ExtendedMessage(FRIEND, 0, b"of ToxExt", None, None, None),
            ev.FriendMessage(0, 0, b"ordinary"),
            events.MessageEdited(FRIEND, ID, b"\xff", 1500),
            events.MessageDeleted(FRIEND, ID, 2500),
        )
        while len(heard) < 8:
            await asyncio.sleep(0)
        full = toxpy.FriendMessage(0, toxpy.MessageType.ACTION, b"\xff", ID, 1.5, OTHER)
        assert heard[:2] == [(0, "�"), full] and full.message == "�"
        assert heard[3] == toxpy.FriendMessage(0, toxpy.MessageType.NORMAL, b"of ToxExt")
        assert heard[5] == toxpy.FriendMessage(0, toxpy.MessageType.NORMAL, b"ordinary", None, None, None)
        assert heard[6].message == "�" and repr(heard[6]).startswith("MessageEdited(friend_number=0, id=")
        assert (heard[6].sent, heard[7].sent) == (1.5, 2.5)

    play(scene, ExtendedCore())


def test_an_id_has_sixteen_bytes():
    with toxpy.Tox(udp_enabled=False, extended_messages=True) as tox:
        tox.friend_add_norequest(bytes(range(32)))
        for short in (b"", b"x" * 15, b"x" * 17):
            for call in (
                lambda: tox.friend_send(0, "x", reply_to=short),  # noqa: B023 -- called at once
                lambda: tox.friend_send(0, "x", again=short),  # noqa: B023
                lambda: tox.friend_edit(0, short, "x"),  # noqa: B023
                lambda: tox.friend_delete_message(0, short),  # noqa: B023
                lambda: tox.friend_mark_seen(0, [short]),  # noqa: B023
            ):
                with pytest.raises(ValueError, match="16 bytes"):
                    call()
        with pytest.raises(toxpy.ToxError, match="FRIEND_NOT_CONNECTED"):
            tox.friend_send(0, "x")


def test_ids_are_saved_into_the_profile(tmp_path):
    profile = toxpy.Profile.create(str(tmp_path / "alice.tox"))
    with toxpy.Tox(profile=profile, udp_enabled=False, extended_messages=True) as tox:
        changes = []
        tox._autosave.changed = changes.append
        tox.core.messenger.events.append(events.ExtendedMessage(FRIEND, 0, b"x", ID, 0, None))
        assert len(tox.iterate()) == 1
        # seldom, however much the friend says
        assert changes == [True]
    profile.close()
