"""Calls with asyncio: two talk in the simulated network, with codecs that stand in for the real ones."""

import array
import asyncio

import pytest

import toxpy
from tests.support.meeting import play
from toxpy.generated import enums
from toxpy.media.codecs import load


def sound(value, samples=960, channels=1):
    return array.array("h", [value] * samples * channels)


def picture(value, width=32, height=16):
    small = bytes([value + 1]) * (width // 2 * (height // 2))
    return toxpy.Picture(width, height, bytes([value]) * (width * height), small, small)


async def friends(meeting, *names):
    found = await meeting.friends(*(names or ("Alice", "Bob")))
    for tox in found:
        tox.sync.core.calls.codecs = load(standin=True)
    return found


async def talk(meeting, **kinds):
    """Alice has called Bob: both ends."""
    alice, bob = await friends(meeting)
    ringing = asyncio.ensure_future(anext(bob.calls()))
    calling = asyncio.ensure_future(alice.friend(0).call(**kinds))
    call = await meeting.result(ringing)
    assert not call.active and not calling.done()
    await call.answer(**kinds)
    return await meeting.result(calling), call


async def say(meeting, call, value, frames=20):
    """Speak for a while, as a microphone does."""
    for _ in range(frames):
        call.send_audio(sound(value))
        await meeting.pass_ms(20)


async def hear(frames, value):
    """The next frame of that value, and not what is guessed where nothing came."""
    async for frame in frames:
        if {*frame.pcm} == {value}:
            return frame


def test_they_hear_and_see_each_other():
    async def scene(meeting):
        ours, theirs = await talk(meeting, audio=True, video=True)
        assert ours.active and theirs.active and theirs.incoming and not ours.incoming
        wanted = toxpy.FriendCallState
        assert ours.state == theirs.state == wanted.SENDING_A | wanted.SENDING_V | 16 | 32
        assert ours.friend.current_call is ours
        for here, there, value in ((ours, theirs, 1000), (theirs, ours, -500)):
            heard, seen = there.audio(), there.video()
            assert here.send_audio(sound(value)) is True
            frame = await meeting.result(hear(heard, value))
            assert (frame.samples, frame.channels, frame.rate) == (960, 1, 48000)
            assert here.send_picture(picture(90)) is True
            shown = await meeting.result(anext(seen))
            assert shown.size == (32, 16)
            assert [{*plane} for plane in (shown.y, shown.u, shown.v)] == [{90}, {91}, {91}]
            # what came can be sent back
            heard, seen = here.audio(), here.video()
            assert there.send_audio(frame) and there.send_picture(shown)
            assert await meeting.result(hear(heard, value))
            assert {*(await meeting.result(anext(seen))).y} == {90}
        await ours.hang_up()
        assert await meeting.result(theirs.ended()) == "the friend hung up"
        assert ours.why_over == "we hung up" and not ours.active
        assert await meeting.result(hear(theirs.audio(), 1)) is None and ours.friend.current_call is None
        with pytest.raises(toxpy.CallError, match="the call is over: the friend hung up") as over:
            theirs.send_audio(sound(1))
        assert over.value.name == "CALL_OVER"
        await theirs.hang_up()

    play(scene)


def test_a_call_is_refused_in_words():
    async def scene(meeting):
        alice, bob = await friends(meeting)
        friend = alice.friend(0)
        # nobody takes calls, and calls were never thought of: it does not ring
        with pytest.raises(toxpy.CallError, match="the friend's program takes no calls") as failed:
            await meeting.result(friend.call())
        assert failed.value.name == "CALL_FAILED" and not failed.value.retryable
        assert friend.current_call is None and bob.current_call(0) is None
        # calls were thought of, but no loop takes them any more
        ringing = asyncio.ensure_future(anext(bob.calls()))
        calling = asyncio.ensure_future(friend.call())
        call = await meeting.result(ringing)
        await call.reject()
        with pytest.raises(toxpy.CallError, match="the friend does not take it, or is busy") as refused:
            await meeting.result(calling)
        assert refused.value.name == "CALL_REFUSED" and call.why_over == "we hung up"
        with pytest.raises(toxpy.CallError, match="busy"):
            await meeting.result(friend.call())
        assert bob.current_call(0) is None
        # one call at a time
        ringing = asyncio.ensure_future(anext(bob.calls()))
        calling = asyncio.ensure_future(friend.call())
        await meeting.result(ringing)
        with pytest.raises(toxpy.ToxError) as busy:
            await friend.call()
        assert busy.value.code == enums.TOXAV_ERR_CALL_FRIEND_ALREADY_IN_CALL
        # who is called may close
        meeting.stop("Bob")
        with pytest.raises(toxpy.CallError, match=r"offline|busy"):
            await meeting.result(calling)
        await meeting.until(lambda: friend.connection == toxpy.Connection.NONE)
        with pytest.raises(toxpy.ToxError) as offline:
            await friend.call()
        assert offline.value.code == enums.TOXAV_ERR_CALL_FRIEND_NOT_CONNECTED and offline.value.retryable

    play(scene)


def test_nobody_answers():
    async def scene(meeting):
        alice, bob = await friends(meeting)
        calls = bob.calls()
        with pytest.raises(TimeoutError, match=r"the friend did not answer within 0\.01 s"):
            await alice.friend(0).call(timeout_s=0.01)
        assert alice.current_call(0) is None
        call = await meeting.result(anext(calls))
        assert await meeting.result(call.ended()) == "the friend hung up"
        with pytest.raises(toxpy.CallError, match="the call is over: the friend hung up"):
            await call.answer()
        # nor does it ring on when who calls is cancelled
        calling = asyncio.ensure_future(alice.friend(0).call())
        call = await meeting.result(anext(calls))
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        assert await meeting.result(call.ended()) == "the friend hung up"

    play(scene)


def test_a_handler_of_the_event_takes_calls_too():
    async def scene(meeting):
        alice, bob = await friends(meeting)
        rang = []

        async def take(event):
            rang.append(event)
            await bob.current_call(event.friend_number).answer()

        bob.on(toxpy.ToxavCall, take)
        call = await meeting.result(alice.friend(0).call())
        assert rang == [toxpy.ToxavCall(0, True, False)]
        await call.hang_up()
        await meeting.until(lambda: bob.current_call(0) is None)
        bob.on(toxpy.ToxavCall, None)
        with pytest.raises(toxpy.CallError):
            await meeting.result(alice.friend(0).call())

    play(scene)


def test_handlers_may_be_set_before_the_start():
    async def scene():
        for setting in (lambda tox: tox.on_call(print), lambda tox: tox.on(toxpy.ToxavCall, print)):
            tox = toxpy.AsyncTox(udp_enabled=False)
            setting(tox)
            async with tox:
                # there are calls: a second time is an error
                with pytest.raises(toxpy.ToxError) as twice:
                    tox.sync.core.calls.toxav_new()
                assert twice.value.code == enums.TOXAV_ERR_NEW_MULTIPLE

    asyncio.run(scene())


def test_both_call_at_once():
    async def scene(meeting):
        alice, bob = await friends(meeting)
        calling = [asyncio.ensure_future(tox.friend(0).call()) for tox in (alice, bob)]
        ours, theirs = [await meeting.result(task) for task in calling]
        assert ours.active and theirs.active
        ours.send_audio(sound(7))
        assert await meeting.result(hear(theirs.audio(), 7))

    play(scene)


def test_a_handler_answers():
    async def scene(meeting):
        alice, bob = await friends(meeting)
        got = []

        async def take(call):
            async with call:
                await call.answer(audio=32)
                got.append((await anext(call.audio())).pcm[0])

        assert bob.on_call(take) is None
        call = await meeting.result(alice.friend(0).call())
        await say(meeting, call, 12, 3)
        assert got == [12]
        assert await meeting.result(call.ended()) == "the friend hung up"
        # what a handler raises is reported, and a plain function is one as well
        reported = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context))
        assert bob.on_call(lambda call: 1 / 0) is take
        calling = asyncio.ensure_future(alice.friend(0).call())
        await meeting.until(lambda: reported)
        assert isinstance(reported[0]["exception"], ZeroDivisionError)
        await bob.current_call(0).reject()
        with pytest.raises(toxpy.CallError):
            await meeting.result(calling)
        bob.on_call(None)
        with pytest.raises(toxpy.CallError):
            await meeting.result(alice.friend(0).call())
        for wrong in (5, "take"):
            with pytest.raises(TypeError):
                bob.on_call(wrong)

    play(scene)


def test_controls_and_bit_rates():
    async def scene(meeting):
        ours, theirs = await talk(meeting, audio=True)
        state = toxpy.FriendCallState
        assert ours.state == state.SENDING_A | 48 and not ours.send_picture(picture(1))
        theirs.set_bit_rates(video=True)
        await meeting.until(lambda: ours.state == state.SENDING_A | state.SENDING_V | 48)
        theirs.set_bit_rates(audio=False, video=0)
        await meeting.until(lambda: ours.state == 48)
        assert theirs.send_audio(sound(1)) is False
        theirs.mute()
        await meeting.until(lambda: ours.state == state.ACCEPTING_V)
        assert ours.send_audio(sound(1)) is False
        theirs.hide()
        await meeting.until(lambda: ours.state == state.NONE)
        theirs.mute(False)
        theirs.hide(False)
        await meeting.until(lambda: ours.state == 48)
        theirs.pause()
        await meeting.until(lambda: ours.state == state.NONE)
        with pytest.raises(toxpy.ToxError) as twice:
            theirs.pause()
        assert twice.value.code == enums.TOXAV_ERR_CALL_CONTROL_INVALID_TRANSITION
        theirs.resume()
        await meeting.until(lambda: ours.state == 48)
        for wrong in (600, 5):
            with pytest.raises(toxpy.ToxError) as invalid:
                theirs.set_bit_rates(audio=wrong)
            assert invalid.value.code == enums.TOXAV_ERR_BIT_RATE_SET_INVALID_BIT_RATE
        for use in (lambda: theirs.mute("yes"), lambda: theirs.set_bit_rates(audio="loud")):
            with pytest.raises(TypeError):
                use()

    play(scene)


def test_wrong_sound_and_pictures_are_errors():
    async def scene(meeting):
        ours, _ = await talk(meeting, audio=True, video=True)
        for wrong in (sound(1, 441), b"", sound(1, 960 * 7)):
            with pytest.raises(toxpy.ToxError) as invalid:
                ours.send_audio(wrong)
            assert invalid.value.code in (enums.TOXAV_ERR_SEND_FRAME_INVALID, enums.TOXAV_ERR_SEND_FRAME_NULL)
        for values in ((sound(1), 3), (sound(1), 0), (sound(1), 1, 44100), (sound(1), 1, 0)):
            with pytest.raises((toxpy.ToxError, ValueError)):
                ours.send_audio(*values)
        with pytest.raises(ValueError, match="3 bytes are no samples of 1 channels"):
            ours.send_audio(b"abc")
        for values in ((None,), ("sound",), (sound(1), "1"), (sound(1), 1, None)):
            with pytest.raises(TypeError):
                ours.send_audio(*values)
        with pytest.raises(TypeError, match="a Picture is needed"):
            ours.send_picture(b"picture")

    play(scene)


def test_what_nobody_takes_is_dropped():
    async def scene(meeting):
        ours, theirs = await talk(meeting)
        heard = theirs.audio()
        for value in range(60):
            ours.send_audio(sound(100 + value))
            await meeting.pass_ms(20)
        await meeting.pass_ms(200)
        await ours.hang_up()
        await meeting.result(theirs.ended())
        values = [frame.pcm[-1] async for frame in heard]
        # the newest, and what is guessed behind them
        assert len(values) == 50 and max(values) == 159 and 110 not in values
        assert theirs.tox.sync.core.rt.counters.values["drop.call_frame_not_taken"] >= 8

    play(scene)


def test_frames_are_played_in_their_time():
    async def scene(meeting):
        ours, _ = await talk(meeting)
        frames = [toxpy.AudioFrame(memoryview(sound(value, 120)), 1, 48000) for value in range(1, 5)]
        loop = asyncio.get_running_loop()
        begin_s = loop.time()
        assert await ours.play(frames) is True
        assert loop.time() - begin_s >= 0.009
        playing = asyncio.ensure_future(ours.play(frames * 100_000))
        await asyncio.sleep(0)
        await ours.hang_up()
        assert await playing is False and await ours.play(frames) is False

    play(scene)


def test_the_end_of_an_instance_is_that_of_its_calls():
    async def scene(meeting):
        ours, theirs = await talk(meeting)
        listening = asyncio.ensure_future(anext(ours.audio(), None))
        calls = ours.tox.calls()
        waiting = asyncio.ensure_future(anext(calls, None))
        await asyncio.sleep(0)
        meeting.stop("Alice")
        assert ours.why_over == "this AsyncTox was closed"
        assert await listening is None and await waiting is None
        assert await meeting.result(theirs.ended()) in ("the friend hung up", "the friend went offline")

    play(scene)


def test_a_deleted_friend_is_in_no_call():
    async def scene(meeting):
        ours, _ = await talk(meeting)
        ours.friend.delete()
        assert ours.why_over == "the friend was deleted"
        with pytest.raises(toxpy.CallError, match="the friend was deleted"):
            ours.send_audio(sound(1))
        await meeting.steps(20)

    play(scene)


def test_another_state_has_calls_as_well():
    """After `load` calls are taken as before; those of the state before are over."""

    async def scene():
        async with toxpy.AsyncTox(udp_enabled=False) as tox:
            calls = tox.calls()
            before = tox.sync.core.calls
            tox.load(tox.get_savedata())
            assert tox.sync.core.calls is not before
            with pytest.raises(toxpy.ToxError) as nobody:
                tox.sync.toxav_answer(0)
            assert nobody.value.code == enums.TOXAV_ERR_ANSWER_FRIEND_NOT_FOUND
            waiting = asyncio.ensure_future(anext(calls, None))
            await asyncio.sleep(0)
        assert await waiting is None

    asyncio.run(scene())
