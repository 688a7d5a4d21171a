"""Conferences with asyncio: the simulated network moves, and the instances take what comes."""

import asyncio
from array import array
from types import SimpleNamespace

import pytest

import toxpy
from tests.support.meeting import play
from toxpy import aio_events
from toxpy.aio import AsyncTox
from toxpy.media import codecs

NAMES = ["Alice", "Bob", "Carol"]


async def come_together(meeting, title="plans"):
    """All are friends of Alice, and in her conference: their objects."""
    alice, *others = await meeting.friends(*NAMES)
    found = [alice.conference_new(title)]
    for friend, name, other in zip(alice.friends, NAMES[1:], others, strict=True):
        found[0].invite(friend)
        invite = await meeting.result(meeting.event(name, toxpy.ConferenceInvite))
        found.append(await meeting.result(other.conference_join(invite)))
    await meeting.until(lambda: all(names(conference) == NAMES for conference in found))
    return found


def names(conference):
    return sorted(peer.name for peer in conference.peers)


async def take(messages, count):
    """The next messages of a loop: who said what."""
    found = [await anext(messages) for _ in range(count)]
    return [(message.peer.name, message.type, message.text) for message in found]


def test_three_talk():
    async def scene(meeting):
        alice, bob, carol = conferences = await come_together(meeting)
        assert [conference.title for conference in conferences] == ["plans"] * 3
        assert len({conference.id for conference in conferences}) == 1
        # what is said before the loop begins waits for it
        await bob.send("żółw")
        await bob.action("waves")
        said = [
            ("Bob", toxpy.MessageType.NORMAL, "żółw"),
            ("Bob", toxpy.MessageType.ACTION, "waves"),
        ]
        assert await meeting.result(take(carol.messages(), 2)) == said
        assert await meeting.result(take(alice.messages(ours=True), 2)) == said
        # without our own, unless they are asked for
        bobs, all_of_bobs = bob.messages(), bob.messages(ours=True)
        await carol.send("hello")
        heard = ("Carol", toxpy.MessageType.NORMAL, "hello")
        assert await meeting.result(take(bobs, 1)) == [heard]
        assert await meeting.result(take(all_of_bobs, 1)) == [heard]
        happened = alice.events()
        bob.send_nowait("mine")
        assert (await meeting.result(take(all_of_bobs, 1)))[0][0] == "Bob"
        carol.title = "Größe"
        message, title = [await meeting.result(anext(happened)) for _ in range(2)]
        assert (message.raw, title.title, alice.title) == (b"mine", "Größe", "Größe")
        keys = {peer.name: peer.public_key for peer in carol.peers}
        assert keys["Bob"] == bob.tox.address.public_key
        assert [peer.name for peer in bob.peers if peer.ours] == ["Bob"]

    play(scene)


def test_loops_end_when_we_leave_and_when_all_is_closed():
    async def scene(meeting):
        alice, bob, carol = await come_together(meeting)
        loops = [asyncio.ensure_future(collect(conference)) for conference in (bob, carol)]
        events = bob.events()
        await alice.send("last words")
        await meeting.steps(300)
        bob.leave()
        assert [type(event) async for event in events] == [toxpy.ConferenceMessage]
        assert await meeting.result(loops[0]) == ["last words"]
        assert bob.tox.conferences == []
        await meeting.until(lambda: names(alice) == ["Alice", "Carol"])
        meeting.stop("Carol")
        assert await meeting.result(loops[1]) == ["last words"]
        await meeting.until(lambda: names(alice) == ["Alice"])
        (away,) = alice.offline_peers
        assert away.name == "Carol" and away.last_active > 1_000_000_000
        alice.set_max_offline(0)
        assert alice.offline_peers == []

    play(scene)


async def collect(conference):
    return [message.text async for message in conference.messages()]


def test_who_comes_back_is_in_it_again():
    async def scene(meeting):
        alice, bob, _ = await come_together(meeting)
        savedata = meeting.stop("Carol")
        await meeting.until(lambda: names(bob) == ["Alice", "Bob"])
        (carol,) = (await meeting.start("Carol", savedata)).conferences
        assert carol.title == "plans" and carol.id == alice.id
        await meeting.until(lambda: names(bob) == names(carol) == NAMES)
        await carol.send("back")
        assert (await meeting.result(take(bob.messages(), 1)))[0] == ("Carol", 0, "back")

    play(scene)


def test_a_join_that_is_given_up_leaves_nothing():
    async def scene(meeting):
        alice, bob = await meeting.friends(*NAMES[:2])
        conference = alice.conference_new()
        assert conference.title == ""
        conference.invite(0)
        invite = await meeting.result(meeting.event("Bob", toxpy.ConferenceInvite))
        joining = asyncio.ensure_future(bob.conference_join(invite))
        # not a step of the network: no answer comes
        await asyncio.sleep(0)
        assert len(bob.conferences) == 1
        joining.cancel()
        with pytest.raises(asyncio.CancelledError):
            await joining
        assert bob.conferences == []
        with pytest.raises(TimeoutError, match=r"not in the conference after 0\.01 s: who invited us"):
            await bob.conference_join(invite, timeout_s=0.01)
        assert bob.conferences == []
        joining = asyncio.ensure_future(bob.conference_join(invite))
        await asyncio.sleep(0)
        bob.conferences[0].leave()
        with pytest.raises(toxpy.ToxError, match="we left the conference"):
            await joining
        joining = asyncio.ensure_future(bob.conference_join(invite))
        await asyncio.sleep(0)
        bob.close()
        with pytest.raises(toxpy.ToxClosed):
            await joining
        del meeting.toxes["Bob"]

    play(scene)


def test_who_is_alone_is_told_so():
    async def scene(meeting):
        alice = await meeting.start("Alice")
        conference = alice.conference_new()
        with pytest.raises(toxpy.ToxError) as caught:
            await conference.send("is anybody there?")
        assert caught.value.name == "TOX_ERR_CONFERENCE_SEND_MESSAGE_NO_CONNECTION"
        with pytest.raises(toxpy.ToxError):
            alice.conference_new("x" * 129)
        assert alice.conferences == [conference] == [alice.conference_by_id(conference.id)]
        assert alice.conference_by_id(f" {conference.id.hex().upper()}\n") == conference

    play(scene)


def test_messages_that_nobody_takes_are_bounded(monkeypatch):
    monkeypatch.setattr(aio_events, "MAX_QUEUED_MESSAGES", 5)

    async def scene(meeting):
        alice, bob, _ = await come_together(meeting)
        for number in range(8):
            await alice.send(str(number))
        await meeting.steps(300)
        counted = bob.tox.sync.core.rt.counters.values
        messages = bob.messages()
        assert [text for _, _, text in await take(messages, 5)] == ["3", "4", "5", "6", "7"]
        # without a loop nobody is told; with one they are
        assert "drop.conference_message_not_taken" not in counted
        for number in range(7):
            await alice.send(str(number))
        await meeting.steps(300)
        assert counted["drop.conference_message_not_taken"] == 2
        assert [text for _, _, text in await take(messages, 5)] == ["2", "3", "4", "5", "6"]

    play(scene)


def test_a_conference_with_audio_is_joined_for_text():
    async def scene(meeting):
        alice, bob = await meeting.friends(*NAMES[:2])
        # as programs in C do
        found = alice.conference(alice.sync.core.conference_audio.toxav_add_av_groupchat())
        found.invite(0)
        invite = await meeting.result(meeting.event("Bob", toxpy.ConferenceInvite))
        conference = await meeting.result(bob.conference_join(invite))
        assert invite.type is found.type is conference.type is toxpy.ConferenceType.AV
        await meeting.until(lambda: names(found) == NAMES[:2])
        await conference.send("hello")
        assert (await meeting.result(take(found.messages(), 1)))[0][2] == "hello"

    play(scene)


def test_who_leaves_can_wait_until_all_have_what_was_said():
    async def scene(meeting):
        ours, *others = await come_together(meeting)
        heard = [other.messages() for other in others]
        for number in range(200):
            await meeting.result(ours.send(str(number) * 300))
        await meeting.result(ours.delivered(60))
        ours.leave()
        for messages in heard:
            assert len(await meeting.result(take(messages, 200))) == 200

    play(scene)


def test_sound_of_a_conference():
    async def scene(meeting):
        alice, bob = await meeting.friends(*NAMES[:2])
        for tox in (alice, bob):
            tox.sync.core.conference_audio.capability.get().codecs = codecs.load(standin=True)
        found = alice.conference_new("sound", audio=True)
        found.invite(0)
        invite = await meeting.result(meeting.event("Bob", toxpy.ConferenceInvite))
        conference = await meeting.result(bob.conference_join(invite))
        frames = conference.audio()
        await meeting.until(lambda: names(found) == NAMES[:2])
        for value in (1, 2):
            found.send_audio(array("h", [value] * 1920).tobytes(), 2)
            await meeting.until(lambda: bob._conferences[0]._sound._queues._queues[0].events)
        first, second = await meeting.result(take_frames(frames, 2))
        assert (first.peer.name, first.channels, first.rate, first.samples) == (NAMES[0], 2, 48_000, 960)
        assert [array("h", frame.pcm)[0] for frame in (first, second)] == [1, 2]
        assert not any("Audio" in type(event).__name__ for event in bob._events._queues[0].events)
        with pytest.raises(toxpy.ToxError, match="no frame of 961 samples"):
            found.send_audio(bytes(2 * 961))
        with pytest.raises(ValueError, match="no samples of 2 channels"):
            found.send_audio(bytes(2), 2)
        for _ in range(300):
            bob._on_audio(
                SimpleNamespace(conference_number=0, peer_number=0, pcm=b"", channels=1, sample_rate=8000)
            )
        assert len(bob._conferences[0]._sound._queues._queues[0].events) == 256
        assert bob.sync.core.rt.counters.values["drop.conference_frame_not_taken"] == 44
        found.disable_audio()
        with pytest.raises(toxpy.ToxError, match="audio is not enabled"):
            found.send_audio(bytes(1920))
        with pytest.raises(toxpy.ToxError, match="for text only"):
            alice.conference_new().audio()
        alone = alice.conference_new(audio=True)
        with pytest.raises(toxpy.ToxError, match="nobody else is there") as failure:
            alone.send_audio(bytes(1920))
        assert failure.value.retryable
        waiting = asyncio.ensure_future(take_frames(frames, 1000))
        await meeting.steps(20)
        conference.leave()
        assert len(await waiting) < 1000

    play(scene)


async def take_frames(frames, count):
    taken = []
    async for frame in frames:
        taken.append(frame)
        if len(taken) == count:
            break
    return taken


def test_another_state_ends_the_conferences_of_the_one_before():
    async def scene():
        async with asyncio.timeout(20), AsyncTox(local_discovery_enabled=False) as tox:
            before = tox.conference_new("plans")
            loop = asyncio.ensure_future(collect(before))
            await asyncio.sleep(0)
            tox.load(tox.get_savedata())
            assert await loop == []
            (again,) = tox.conferences
            assert again is not before and (again.id, again.title) == (before.id, "plans")

    asyncio.run(scene())
