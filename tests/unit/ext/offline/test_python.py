"""Messages for friends who are away, as Python programs see them: states, outbox, and what is on the disk."""

import asyncio

import pytest

import toxpy
from toxpy import AsyncTox, MessageState, Offline, Profile, Tox
from toxpy.errors import ToxError
from toxpy.ext.messages.sent import MessageError
from toxpy.ext.offline import events, outbox
from toxpy.ext.offline.states import ACCEPT, STORE
from toxpy.friend.aio_sent import Receipts

KEY = bytes(range(32))
ALONE = {"udp_enabled": False, "local_discovery_enabled": False, "offline_messages": True}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "alice.tox"
    Profile.create(path).close()
    return path


@pytest.fixture
def profile(path):
    with Profile.open(path) as opened:
        yield opened


def on_disk(path):
    """What waits, as somebody finds it who looks at the disk now."""
    with Profile.open(path, read_only=True) as found, Tox(savedata=found.savedata, **ALONE) as tox:
        numbers = tox.self_get_friend_list()
        return [queued.message for number in numbers for queued in tox.friend_outbox(number)]


def friend_of(core):
    return core.messenger.friend(0)


def confirm(core, message_id):
    core.offline.capability.sending.confirm(friend_of(core), [message_id])


def play(scene, **how):
    async def main():
        async with asyncio.timeout(10), AsyncTox(**ALONE, **how) as tox:
            await scene(tox, tox.friend_add_norequest(KEY) if not tox.friends else tox.friends[0])

    asyncio.run(main())


# Tox


def test_a_message_that_waits_is_on_the_disk_when_it_was_sent(path, profile):
    with Tox(profile=profile, **ALONE) as tox:
        number = tox.friend_add_norequest(KEY)
        sent = tox.friend_send(number, "hi", toxpy.MessageType.ACTION)
        assert (sent.state, len(sent.id)) == (MessageState.QUEUED, 16)
        assert on_disk(path) == ["hi"]
        plain = tox.friend_send_message(number, "plain")
        assert on_disk(path) == ["hi", "plain"]
        first, second = tox.friend_outbox(number)
        assert (first.id, first.message_id, first.type, first.message, first.copies) == (
            sent.id,
            sent.message_id,
            toxpy.MessageType.ACTION,
            "hi",
            0,
        )
        assert second.message_id == plain and first.state == second.state == MessageState.QUEUED
        assert tox.friend_message_state(number, sent.id) is MessageState.QUEUED
        assert (tox.storage_stats().messages, tox.storage_stats().mailboxes) == (2, [])
        assert tox.storage_stats().bytes < tox.storage_stats().capacity_bytes
        tox.friend_cancel_message(number, sent.id)
        assert [queued.id for queued in tox.friend_outbox(number)] == [second.id]
        with pytest.raises(MessageError, match="no such message"):
            tox.friend_message_state(number, sent.id)
    # also that it was taken back
    assert on_disk(path) == ["plain"]


def test_what_the_disk_does_not_take_is_not_kept(profile, monkeypatch):
    with Tox(profile=profile, **ALONE) as tox:
        number = tox.friend_add_norequest(KEY)

        def full(_savedata):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(profile, "save", full)
            for send in (tox.friend_send, tox.friend_send_message):
                with pytest.raises(OSError, match="No space"):
                    send(number, "hi")
        assert tox.friend_outbox(number) == []


def test_without_a_profile_the_save_of_the_program_has_it():
    with Tox(**ALONE) as tox:
        number = tox.friend_add_norequest(KEY)
        sent = tox.friend_send(number, "hi")
        savedata = tox.get_savedata()
    with Tox(savedata=savedata, **ALONE) as again:
        (queued,) = again.friend_outbox(number)
        assert (queued.id, queued.message_id) == (sent.id, sent.message_id)


def test_changes_are_saved_and_the_engine_is_told(profile):
    """What came from a mailbox is shown, and the mailbox told, only after that."""
    with Tox(profile=profile, **ALONE) as tox:
        capability = tox.core.offline.capability
        assert capability.holds_events
        tox.friend_send(tox.friend_add_norequest(KEY), "hi")
        confirm(tox.core, tox.friend_outbox(0)[0].id)
        version = capability.version
        assert capability.saved_version < version
        while capability.saved_version < version:
            tox.iterate()
        # the state of another save counts anew
        tox.load(tox.get_savedata())
        assert tox.core.offline.capability.holds_events


def test_events_are_typed():
    with Tox(**ALONE) as tox:
        number, heard = tox.friend_add_norequest(KEY), []
        tox.on(toxpy.MessageStateChanged, heard.append)
        tox.on(toxpy.OfflineMessageLost, heard.append)
        sent = tox.friend_send(number, "hi")
        confirm(tox.core, sent.id)
        tox.core.messenger.events.append(events.OfflineMessageLost(friend_of(tox.core), "no such key"))
        tox.core.messenger.events.append(events.OfflinePrekeysLow(friend_of(tox.core), 30))
        receipt, changed, lost, low = tox.iterate()
        assert receipt == toxpy.FriendReadReceipt(number, sent.message_id, sent.id)
        assert changed == toxpy.MessageStateChanged(number, sent.message_id, sent.id, MessageState.DELIVERED)
        assert changed.state is MessageState.DELIVERED
        assert lost == toxpy.OfflineMessageLost(number, "no such key")
        assert low == toxpy.OfflinePrekeysLow(number, 30)
        assert heard == [changed, lost]
        assert tox.friend_message_state(number, sent.id) is MessageState.DELIVERED


def test_off_everything_is_as_ever():
    with Tox(**{**ALONE, "offline_messages": False}, extended_messages=True) as tox:
        number = tox.friend_add_norequest(KEY)
        with pytest.raises(ToxError, match="FRIEND_NOT_CONNECTED"):
            tox.friend_send(number, "hi")
        for ask in (
            lambda: tox.friend_outbox(number),
            lambda: tox.friend_message_state(number, bytes(16)),
            lambda: tox.friend_cancel_message(number, bytes(16)),
            tox.storage_stats,
        ):
            with pytest.raises(MessageError, match="offline_messages=True"):
                ask()


# AsyncTox


def test_states_of_a_message():
    async def scene(tox, friend):
        sent = await friend.send("hi")
        assert sent.state is MessageState.QUEUED and not sent.received
        states = sent.states()
        assert await anext(states) is MessageState.QUEUED
        core = tox.sync.core
        sending, message = core.offline.capability.sending, core.offline.outbox(0)[0]
        sending.stored(friend_of(core), message, STORE)
        sending.stored(friend_of(core), message, ACCEPT)
        tox.call("self_get_friend_list")
        assert await anext(states) is MessageState.STORED
        waiting = asyncio.create_task(sent.delivered())
        confirm(core, sent.id)
        tox.call("self_get_friend_list")
        assert [state async for state in states] == [MessageState.DELIVERED]
        await waiting
        assert sent.received and sent.state is MessageState.DELIVERED
        assert friend.outbox() == [] and friend.message_state(sent.id) is MessageState.DELIVERED

    play(scene)


def test_a_message_is_on_the_disk_when_send_returns(path, profile):
    async def scene(tox, friend):
        # several wait for the same save
        await asyncio.gather(*(friend.send(text) for text in "abc"))
        assert on_disk(path) == ["a", "b", "c"]
        friend.send_nowait("d")
        assert len(friend.outbox()) == 4

    play(scene, profile=profile)
    assert on_disk(path) == ["a", "b", "c", "d"]


def test_after_a_restart_a_message_can_be_waited_for(path):
    with Profile.open(path) as profile:

        async def first(tox, friend):
            await friend.send("hi")

        play(first, profile=profile)
    with Profile.open(path) as profile:

        async def second(tox, friend):
            (queued,) = friend.outbox()
            sent = friend.sent_message(queued.id)
            assert sent is friend.sent_message(queued.id) and sent.state is MessageState.QUEUED
            confirm(tox.sync.core, sent.id)
            tox.call("self_get_friend_list")
            await sent.delivered(5)
            with pytest.raises(MessageError, match="no message with that id"):
                friend.sent_message(queued.id)

        play(second, profile=profile)


def test_what_the_disk_does_not_take_is_not_kept_in_asyncio(profile, monkeypatch):
    def full(_savedata):
        raise OSError(28, "No space left on device")

    async def scene(tox, friend):
        with monkeypatch.context() as patched:
            patched.setattr(profile._file, "write", lambda *_a, **_k: full(b""))
            with pytest.raises(OSError, match="No space"):
                await friend.send("hi")
        assert friend.outbox() == []

    play(scene, profile=profile)


def test_who_waits_for_the_disk_is_told_when_the_instance_ends(profile):
    async def scene(tox, friend):
        sending = asyncio.create_task(friend.send("hi"))
        await asyncio.sleep(0)
        tox.close()
        with pytest.raises(toxpy.ToxClosed):
            await sending

    play(scene, profile=profile)


def test_a_message_that_is_taken_back_or_expires_gets_no_receipt():
    async def scene(tox, friend):
        sent, other = await friend.send("hi"), await friend.send("there")
        waiting = asyncio.create_task(sent.delivered())
        await asyncio.sleep(0)
        friend.cancel_message(sent.id)
        with pytest.raises(MessageError, match="taken back"):
            await waiting
        assert [state async for state in sent.states()] == [MessageState.EXPIRED]
        tox.sync.core.offline.capability.sending.expire(2**62)
        tox.call("self_get_friend_list")
        with pytest.raises(MessageError, match="did not get the message in time"):
            await other.delivered()
        assert other.state is MessageState.EXPIRED

    play(scene)


def test_nobody_waits_for_room_in_the_outbox_of_a_friend_who_is_away(monkeypatch):
    monkeypatch.setattr(outbox, "MAX_MESSAGES", 1)

    async def scene(tox, friend):
        await friend.send("hi")
        with pytest.raises(ToxError, match="no more of them are kept"):
            await friend.send("there")

    play(scene)


def test_a_friend_who_leaves_takes_no_receipt_along_of_what_is_kept():
    async def scene():
        receipts = Receipts()
        kept = receipts.expect(0, 1, b"k" * 16, MessageState.DIRECT)
        edit = receipts.expect(0, 2, b"e" * 16, MessageState.DIRECT)
        receipts.fail(0, "the friend went offline", kept={1})
        with pytest.raises(ToxError, match="went offline"):
            await edit.receipt()
        with pytest.raises(ToxError, match="went offline"):
            assert [state async for state in edit.states()] == [MessageState.DIRECT]
        with pytest.raises(TimeoutError):
            await kept.receipt(0)

    asyncio.run(scene())


def test_the_option_is_an_object_too():
    with Tox(**{**ALONE, "offline_messages": Offline(expire_after_s=60)}) as tox:
        assert tox.friend_send(tox.friend_add_norequest(KEY), "hi").state is MessageState.QUEUED
