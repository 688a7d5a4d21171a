"""Calls with `Tox`: the functions of the C API, and handlers for frames."""

import array

import pytest

import toxpy
from tests.support.stage import Stage
from toxpy.generated import enums
from toxpy.media.codecs import load


def sound(value):
    return array.array("h", [value] * 960)


@pytest.fixture
def stage():
    made = Stage()
    for tox in (made.alice, made.bob):
        tox.core.calls.codecs = load(standin=True)
    return made


def events(stage, tox, kind):
    return [event for event in stage.seen[tox] if isinstance(event, kind)]


def in_a_call(stage, **rates):
    stage.bob.on(toxpy.ToxavCall, lambda event: None)
    stage.alice.toxav_call(0, **rates)
    stage.run(lambda: events(stage, stage.bob, toxpy.ToxavCall))
    stage.bob.toxav_answer(0, **rates)
    stage.run(lambda: events(stage, stage.alice, toxpy.ToxavCallState))


def test_a_call_from_ring_to_end(stage):
    in_a_call(stage, video_bit_rate=500)
    assert events(stage, stage.bob, toxpy.ToxavCall) == [toxpy.ToxavCall(0, True, True)]
    (state,) = events(stage, stage.alice, toxpy.ToxavCallState)
    assert state.state == 60
    heard, seen, views = [], [], []

    def on_audio(friend_number, frame):
        heard.append((friend_number, frame.samples, frame.channels, frame.rate, frame.pcm[-1]))
        views.append(frame.pcm)

    def on_video(friend_number, picture):
        seen.append((friend_number, picture.size, picture.y[0]))
        views.append(picture.y)

    assert stage.bob.on_audio_frame(on_audio) is None and stage.bob.on_video_frame(on_video) is None
    stage.alice.toxav_audio_send_frame(0, sound(900))
    stage.alice.toxav_video_send_frame(0, toxpy.Picture(16, 8, bytes([77]) * 128, bytes(32), bytes(32)))
    stage.run(lambda: heard and seen)
    assert heard[0] == (0, 960, 1, 48000, 900) and seen == [(0, (16, 8), 77)]
    # what a handler kept is over, and no stale memory
    for view in views:
        with pytest.raises(ValueError, match="released"):
            view[0]
    assert stage.bob.on_audio_frame(None) is on_audio and stage.bob.on_video_frame(None) is on_video
    stage.alice.toxav_call_control(0, toxpy.CallControl.CANCEL)
    stage.run(lambda: events(stage, stage.bob, toxpy.ToxavCallState))
    assert events(stage, stage.bob, toxpy.ToxavCallState)[0].state == enums.TOXAV_FRIEND_CALL_STATE_FINISHED


def test_what_nobody_hears_does_not_stay_due(stage):
    """Without handlers an instance sleeps as it does without frames."""
    in_a_call(stage)
    for _ in range(20):
        stage.alice.toxav_audio_send_frame(0, sound(5))
        stage.run_for_ms(20)
    stage.run_for_ms(500)
    assert stage.bob.deadline_in_ms() != 0 and stage.bob.iteration_interval() > 0


def test_who_takes_no_calls_says_so_at_once(stage):
    stage.alice.toxav_call(0)
    stage.run(lambda: events(stage, stage.alice, toxpy.ToxavCallState), 5)
    assert events(stage, stage.alice, toxpy.ToxavCallState)[0].state == enums.TOXAV_FRIEND_CALL_STATE_ERROR
    # also who only calls others, and who takes none any more
    with pytest.raises(toxpy.ToxError):
        stage.bob.toxav_call(7)
    for takes_them_before in (False, True):
        if takes_them_before:
            stage.bob.toxav_new()
            stage.bob.toxav_kill()
        stage.seen[stage.alice].clear()
        stage.alice.toxav_call(0)
        stage.run(lambda: events(stage, stage.alice, toxpy.ToxavCallState), 5)
    assert not events(stage, stage.bob, toxpy.ToxavCall)
    # what is no call is not answered
    stage.alice.core.messenger.friend(0).connection.write(b"\x45\x01\x01\x02\x00")
    stage.alice.core.messenger.friend(0).connection.write(b"\x45rubbish")
    stage.run_for_ms(500)
    assert not stage.alice.core.rt.counters.values.get("call_signals")


def test_a_handler_may_end_everything(stage):
    in_a_call(stage)

    def stop(friend_number, frame):
        stage.bob.toxav_call_control(friend_number, toxpy.CallControl.CANCEL)
        stage.bob.toxav_kill()

    stage.bob.on_audio_frame(stop)
    stage.alice.toxav_audio_send_frame(0, sound(1))
    stage.run(lambda: len(events(stage, stage.alice, toxpy.ToxavCallState)) == 2)
    stage.bob.close()


def test_calls_of_the_c_api_fail_as_there(stage):
    stage.alice.toxav_kill()
    for use, code in (
        (lambda tox: tox.toxav_call(7), enums.TOXAV_ERR_CALL_FRIEND_NOT_FOUND),
        (lambda tox: tox.toxav_call(0, 5), enums.TOXAV_ERR_CALL_INVALID_BIT_RATE),
        (lambda tox: tox.toxav_answer(0), enums.TOXAV_ERR_ANSWER_FRIEND_NOT_CALLING),
        (lambda tox: tox.toxav_call_control(0, 2), enums.TOXAV_ERR_CALL_CONTROL_FRIEND_NOT_IN_CALL),
        (lambda tox: tox.toxav_audio_set_bit_rate(0, 8), enums.TOXAV_ERR_BIT_RATE_SET_FRIEND_NOT_IN_CALL),
        (lambda tox: tox.toxav_video_set_bit_rate(0, 8), enums.TOXAV_ERR_BIT_RATE_SET_FRIEND_NOT_IN_CALL),
        (lambda tox: tox.toxav_audio_send_frame(0, b""), enums.TOXAV_ERR_SEND_FRAME_FRIEND_NOT_IN_CALL),
    ):
        with pytest.raises(toxpy.ToxError) as failed:
            use(stage.alice)
        assert failed.value.code == code
