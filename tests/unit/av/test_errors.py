"""Every error of every function, and which comes first when several apply."""

import pytest

from tests.unit.av.pair import RATE, SAMPLES, Pair, picture, tone
from toxpy.av import msi
from toxpy.errors import ToxError
from toxpy.generated import enums

NOBODY = 7
SOUND, PICTURE = tone(1), picture(64, 48, 1)
CANCEL, PAUSE, MUTE = (
    enums.TOXAV_CALL_CONTROL_CANCEL,
    enums.TOXAV_CALL_CONTROL_PAUSE,
    enums.TOXAV_CALL_CONTROL_MUTE_AUDIO,
)


def error(function, *arguments):
    """The name of the error that it raises, without what all of the function's have in common."""
    with pytest.raises(ToxError) as raised:
        function(*arguments)
    assert getattr(enums, raised.value.name) == raised.value.code
    name = raised.value.name.removeprefix("TOXAV_ERR_")
    for prefix in ("CALL_CONTROL_", "CALL_", "ANSWER_", "BIT_RATE_SET_", "SEND_FRAME_"):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


@pytest.fixture
def idle():
    return Pair()


@pytest.fixture
def ringing():
    pair = Pair()
    pair.a.calls.toxav_call(0, 48, 500)
    pair.carry()
    return pair


@pytest.fixture
def talking():
    return Pair().in_call(48, 500)


RATES = [(5, 0), (511, 0), (0, 1_000_001), (2**32 - 1, 0), (0, 2**32 - 1), (48, 2**31)]


def test_call(idle):
    a, b = idle.a, idle.b
    call = a.calls.toxav_call
    a.go_offline()
    for audio, video in RATES:
        assert error(call, NOBODY, audio, video) == "INVALID_BIT_RATE"
    assert error(call, NOBODY, 48, 0) == "FRIEND_NOT_FOUND"
    assert error(call, 0, 48, 0) == "FRIEND_NOT_CONNECTED"
    a.come_back()
    a.take_sent()
    # nothing of it left
    assert a.call is None
    for audio, video in ((0, 0), (6, 0), (510, 1_000_000)):
        assert call(0, audio, video)
        assert error(call, 0, 48, 0) == "FRIEND_ALREADY_IN_CALL"
        a.calls.toxav_call_control(0, CANCEL)
    a.take_sent()
    a.receive([msi.pack(msi.INIT, capabilities=60)])
    assert error(call, 0, 48, 0) == "FRIEND_ALREADY_IN_CALL"
    assert b.call is None


def test_a_call_that_cannot_be_told(idle):
    idle.a.crypto.room = 0
    assert error(idle.a.calls.toxav_call, 0, 48, 0) == "SYNC"
    assert idle.a.call is None


def test_answer(ringing):
    a, b = ringing.a, ringing.b
    answer = b.calls.toxav_answer
    for audio, video in RATES:
        assert error(answer, NOBODY, audio, video) == "FRIEND_NOT_FOUND"
        assert error(answer, 0, audio, video) == "INVALID_BIT_RATE"
    b.calls.toxav_listen("audio_receive_frame", False)
    b.calls.toxav_listen("video_receive_frame", False)
    assert error(answer, 0, 48, 0) == "CODEC_INITIALIZATION"
    # it rings on
    b.calls.toxav_listen("video_receive_frame", True)
    assert b.state == msi.REQUESTED and answer(0, 48, 0)
    assert error(answer, 0, 48, 0) == "SYNC"
    assert error(a.calls.toxav_answer, 0, 48, 0) == "SYNC"


def test_answer_without_a_call(idle):
    answer = idle.a.calls.toxav_answer
    idle.a.calls.toxav_listen("audio_receive_frame", False)
    idle.a.calls.toxav_listen("video_receive_frame", False)
    assert error(answer, 0, 5, 0) == "INVALID_BIT_RATE"
    assert error(answer, 0, 48, 0) == "FRIEND_NOT_CALLING"


def test_call_control(idle):
    control = idle.a.calls.toxav_call_control
    for value in (*range(8), -1, 2**31):
        assert error(control, NOBODY, value) == "FRIEND_NOT_FOUND"
        assert error(control, 0, value) == "FRIEND_NOT_IN_CALL"


def test_call_control_while_it_rings(ringing):
    for side in (ringing.a, ringing.b):
        for value in (0, 1, 3, 4, 5, 6, 7, 2**31):
            assert error(side.calls.toxav_call_control, 0, value) == "FRIEND_NOT_IN_CALL"
    assert ringing.a.state == msi.REQUESTING and ringing.b.state == msi.REQUESTED


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_set_bit_rate(kind, idle, ringing, talking):
    def setter(side):
        return getattr(side.calls, f"toxav_{kind}_set_bit_rate")

    wrong = (5, 511, 2**32 - 1) if kind == "audio" else (1_000_001, 2**32 - 1)
    for rate in wrong:
        assert error(setter(idle.a), NOBODY, rate) == "FRIEND_NOT_FOUND"
        for pair in (idle, ringing, talking):
            assert error(setter(pair.a), 0, rate) == "INVALID_BIT_RATE"
    assert error(setter(idle.a), 0, 32) == "FRIEND_NOT_IN_CALL"
    assert error(setter(ringing.a), 0, 32) == error(setter(ringing.b), 0, 32) == "FRIEND_NOT_IN_CALL"
    assert setter(talking.a)(0, 32) and setter(talking.a)(0, 32) and setter(talking.a)(0, 0)
    talking.carry()
    assert talking.b.events() == [("state", 56 if kind == "audio" else 52)]


WRONG_SOUND = [
    (SAMPLES, 0, RATE),
    (SAMPLES, 3, RATE),
    (SAMPLES, 255, RATE),
    (SAMPLES, 1, 44_100),
    (SAMPLES, 1, 0),
    (0, 1, RATE),
    (959, 1, RATE),
    (2**40, 1, RATE),
]


def test_audio_send_frame(idle, ringing, talking):
    def send(side, friend=0, pcm=SOUND, samples=SAMPLES, channels=1, rate=RATE):
        return error(side.calls.toxav_audio_send_frame, friend, pcm, samples, channels, rate)

    assert send(idle.a, NOBODY, None, 0, 0, 0) == "FRIEND_NOT_FOUND"
    assert send(idle.a, 0, None, 0, 0, 0) == "FRIEND_NOT_IN_CALL"
    for side in (ringing.a, ringing.b):
        assert send(side) == "FRIEND_NOT_IN_CALL"
    a = talking.a
    for pcm in (None, 0):
        assert send(a, 0, pcm, 0, 0, 0) == "NULL"
    for samples, channels, rate in WRONG_SOUND:
        assert send(a, 0, SOUND, samples, channels, rate) == "INVALID"
    # a buffer that is too short
    assert send(a, 0, SOUND[:-1]) == "INVALID"
    assert a.take_sent() == ([], [])


@pytest.mark.parametrize(
    "block",
    [
        lambda pair: pair.a.calls.toxav_audio_set_bit_rate(0, 0),
        lambda pair: pair.b.calls.toxav_call_control(0, MUTE),
        lambda pair: pair.b.calls.toxav_call_control(0, PAUSE),
        lambda pair: pair.a.calls.toxav_call_control(0, PAUSE),
    ],
)
def test_sound_that_nobody_wants(talking, block):
    block(talking)
    talking.carry()
    send = talking.a.calls.toxav_audio_send_frame
    assert error(send, 0, None, 0, 0, 0) == "PAYLOAD_TYPE_DISABLED"


LENGTHS = [(8_000, 20), (12_000, 60), (16_000, 10), (24_000, 40), (48_000, 120)]


@pytest.mark.parametrize(("rate", "milliseconds"), LENGTHS)
def test_all_rates_and_lengths_are_sound(talking, rate, milliseconds):
    for channels in (1, 2):
        samples = rate * milliseconds // 1000
        assert talking.a.calls.toxav_audio_send_frame(0, tone(1, samples * channels), samples, channels, rate)


def test_no_errors_outside_of_toxav_new(idle):
    idle.a.calls.toxav_kill()
    for call in (idle.a.calls.toxav_iteration_interval, idle.a.calls.next_ms):
        with pytest.raises(LookupError):
            call()


def video_error(side, friend=0, width=64, height=48, planes=PICTURE):
    return error(side.calls.toxav_video_send_frame, friend, width, height, *planes)


def test_video_send_frame_before_anything_is_sent(idle, ringing, talking):
    assert video_error(idle.a, NOBODY, 0, 0, (None, None, None)) == "FRIEND_NOT_FOUND"
    assert video_error(idle.a, 0, 0, 0, (None, None, None)) == "FRIEND_NOT_IN_CALL"
    for side in (ringing.a, ringing.b):
        assert video_error(side) == "FRIEND_NOT_IN_CALL"
    a = talking.a
    y, u, v = PICTURE
    for planes in ((None, u, v), (y, None, v), (y, u, None), (0, u, v), (y, 0, v), (y, u, 0)):
        assert video_error(a, 0, 0, 0, planes) == "NULL"
    for width, height in ((0, 48), (64, 0), (4097, 1), (1, 4097), (-1, 48), (4096, 2161)):
        assert video_error(a, 0, width, height) == "INVALID"
    a.calls.toxav_video_set_bit_rate(0, 0)
    assert video_error(a, 0, 0, 0, (None, None, None)) == "PAYLOAD_TYPE_DISABLED"
