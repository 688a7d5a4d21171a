"""Calls between two friends: who hears what, every control, and how a call ends."""

import pytest

from tests.unit.av.pair import RATE, SAMPLES, Pair, tone
from toxpy.av import calls as calls_module
from toxpy.av import msi
from toxpy.errors import ToxError
from toxpy.friend.connection import CONNECTION_TIMEOUT_MS
from toxpy.friend.friend import FRIEND_ONLINE
from toxpy.generated import enums
from toxpy.net_crypto.congestion import MIN_TALKING_WINDOW, MIN_WINDOW

RESUME, PAUSE, CANCEL = (
    enums.TOXAV_CALL_CONTROL_RESUME,
    enums.TOXAV_CALL_CONTROL_PAUSE,
    enums.TOXAV_CALL_CONTROL_CANCEL,
)
MUTE, UNMUTE = enums.TOXAV_CALL_CONTROL_MUTE_AUDIO, enums.TOXAV_CALL_CONTROL_UNMUTE_AUDIO
HIDE, SHOW = enums.TOXAV_CALL_CONTROL_HIDE_VIDEO, enums.TOXAV_CALL_CONTROL_SHOW_VIDEO


@pytest.fixture
def pair():
    return Pair()


@pytest.fixture
def talking():
    return Pair().in_call(48, 500)


def say(side, value=1000):
    side.calls.toxav_audio_send_frame(0, tone(value), SAMPLES, 1, RATE)


def test_ringing_answering_and_hanging_up(pair):
    a, b = pair.a, pair.b
    assert a.calls.toxav_call(0, 48, 0)
    pair.carry()
    assert (a.state, b.state) == (msi.REQUESTING, msi.REQUESTED)
    assert (a.events(), b.events()) == ([], [("call", True, False)])
    assert b.calls.toxav_answer(0, 32, 500)
    pair.carry()
    assert (a.state, b.state) == (msi.ACTIVE, msi.ACTIVE)
    # who answers hears nothing of it
    assert (a.events(), b.events()) == ([("state", 60)], [])
    a.calls.toxav_call_control(0, CANCEL)
    pair.carry()
    # who hangs up neither
    assert (a.events(), b.events()) == ([], [("state", 2)])
    assert a.call is b.call is None
    assert a.calls.toxav_call(0, 48, 0)


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_a_ringing_call_is_cancelled_or_refused(pair, who):
    a, b = pair.a, pair.b
    a.calls.toxav_call(0, 48, 0)
    pair.carry()
    b.events()
    (a if who == "caller" else b).calls.toxav_call_control(0, CANCEL)
    pair.carry()
    assert (a.events(), b.events()) == (([], [("state", 2)]) if who == "caller" else ([("state", 2)], []))
    assert a.call is b.call is None


def test_both_call_at_once(pair):
    a, b = pair.a, pair.b
    a.calls.toxav_call(0, 48, 0)
    b.calls.toxav_call(0, 32, 500)
    assert pair.carry() == 4
    assert (a.events(), b.events()) == ([("state", 60)], [("state", 52)])
    say(a)
    pair.run(100)
    assert b.heard[0] == 1000


def test_both_hang_up_at_once(talking):
    for side in (talking.a, talking.b):
        side.calls.toxav_call_control(0, CANCEL)
    assert talking.carry() == 2
    assert (talking.a.events(), talking.b.events()) == ([], [])


CONTROLS = [
    (MUTE, 44),
    (UNMUTE, 60),
    (UNMUTE, None),
    (HIDE, 28),
    (SHOW, 60),
    (SHOW, None),
    (PAUSE, 0),
    (RESUME, 60),
]


def test_each_control_is_told(talking):
    a, b = talking.a, talking.b
    for control, told in CONTROLS:
        assert a.calls.toxav_call_control(0, control)
        assert len(a.crypto.written) == 1
        talking.carry()
        assert b.events() == ([] if told is None else [("state", told)]), control
    assert a.events() == []


def refused(side, control):
    with pytest.raises(ToxError) as raised:
        side.calls.toxav_call_control(0, control)
    assert side.crypto.written == []
    return raised.value.code == enums.TOXAV_ERR_CALL_CONTROL_INVALID_TRANSITION


def test_controls_that_make_no_sense(talking):
    a = talking.a
    assert refused(a, RESUME) and refused(a, 7) and refused(a, -1)
    a.calls.toxav_call_control(0, MUTE)
    a.calls.toxav_call_control(0, HIDE)
    talking.carry()
    assert refused(a, MUTE) and refused(a, HIDE)
    a.calls.toxav_call_control(0, PAUSE)
    talking.carry()
    assert refused(a, PAUSE)


def test_a_pause_remembers_what_was_wanted(talking):
    a, b = talking.a, talking.b
    a.calls.toxav_call_control(0, MUTE)
    a.calls.toxav_call_control(0, PAUSE)
    a.calls.toxav_call_control(0, RESUME)
    talking.carry()
    assert b.events() == [("state", 44), ("state", 0), ("state", 44)]
    # also what is changed in the pause, of which nobody is told before its end
    a.calls.toxav_call_control(0, PAUSE)
    talking.carry()
    a.calls.toxav_call_control(0, UNMUTE)
    a.calls.toxav_video_set_bit_rate(0, 0)
    assert a.crypto.written == []
    a.calls.toxav_call_control(0, RESUME)
    talking.carry()
    assert b.events() == [("state", 0), ("state", 52)]


def test_a_bit_rate_is_told_when_it_begins_or_ends(talking):
    a, b = talking.a, talking.b
    for audio, video in ((32, 500), (0, 500), (0, 0), (0, 300), (6, 300), (510, 1_000_000)):
        a.calls.toxav_audio_set_bit_rate(0, audio)
        a.calls.toxav_video_set_bit_rate(0, video)
    talking.carry()
    assert b.events() == [("state", state) for state in (56, 48, 56, 60)]


def test_who_does_not_listen_is_not_called(pair):
    a, b = pair.a, pair.b
    b.calls.toxav_listen("call", False)
    a.calls.toxav_call(0, 48, 0)
    pair.carry()
    assert (a.events(), b.events()) == ([("state", 1)], [])
    assert a.call is b.call is None


def test_a_caller_who_would_not_hear_of_the_answer_ends_the_call(pair):
    a, b = pair.a, pair.b
    a.calls.toxav_listen("call_state", False)
    a.calls.toxav_call(0, 48, 0)
    pair.carry()
    b.events()
    b.calls.toxav_answer(0, 48, 0)
    pair.carry()
    assert (a.events(), b.events()) == ([], [("state", 1)])
    assert a.call is b.call is None


def test_calls_end_with_toxav_kill(talking):
    a, b = talking.a, talking.b
    a.calls.toxav_kill()
    a.calls.toxav_kill()
    talking.carry()
    assert (a.events(), b.events()) == ([], [("state", 2)])
    b.calls.toxav_call(0, 48, 0)
    # nobody is there: as in c-toxcore no answer at all
    assert talking.carry() == 1
    assert a.events() == [] and b.state == msi.REQUESTING
    with pytest.raises(LookupError):
        a.calls.toxav_call(0, 48, 0)
    a.calls.toxav_new()
    with pytest.raises(ToxError) as raised:
        a.calls.toxav_new()
    assert raised.value.code == enums.TOXAV_ERR_NEW_MULTIPLE


def test_calls_end_with_the_instance(talking):
    talking.a.calls.capability.on_end()
    talking.carry()
    assert talking.b.events() == [("state", 2)]


def test_calls_need_codecs(pair, monkeypatch):
    log = []
    a, b = pair.a, pair.b
    for side in (a, b):
        side.calls.toxav_kill()
        side.calls.codecs = None
        side.calls.toxav_new()
        side.calls.toxav_listen("call", True)
        side.calls.toxav_listen("audio_receive_frame", True)
        side.stage.rt.log = lambda _level, line: log.append(line)

    def load():
        raise calls_module.CodecError("there are none")

    monkeypatch.setattr(calls_module, "load", load)
    with pytest.raises(ToxError) as raised:
        a.calls.toxav_call(0, 48, 0)
    assert raised.value.code == enums.TOXAV_ERR_CALL_MALLOC
    assert log == ["no calls: there are none"] == [str(raised.value)]
    b.receive([msi.pack(msi.INIT, capabilities=52)])
    b.tell()
    with pytest.raises(ToxError) as raised:
        b.calls.toxav_answer(0, 48, 0)
    assert raised.value.code == enums.TOXAV_ERR_ANSWER_CODEC_INITIALIZATION
    assert str(raised.value) == "no calls: there are none"
    assert b.state == msi.REQUESTED


def test_what_our_program_has_not_heard_of_it_cannot_answer_or_refuse(pair):
    a, b = pair.a, pair.b
    a.calls.toxav_call(0, 48, 0)
    a.calls.toxav_call_control(0, CANCEL)
    a.calls.toxav_call(0, 48, 0)
    b.receive(a.take_sent()[0])
    first, *rest = b.stage.events
    assert not first.owner.deleted
    with pytest.raises(ToxError) as raised:
        b.calls.toxav_answer(0, 48, 0)
    assert raised.value.code == enums.TOXAV_ERR_ANSWER_FRIEND_NOT_CALLING
    with pytest.raises(ToxError) as raised:
        b.calls.toxav_call_control(0, CANCEL)
    assert raised.value.code == enums.TOXAV_ERR_CALL_CONTROL_FRIEND_NOT_IN_CALL
    assert not any(event.owner.deleted for event in rest)
    assert b.calls.toxav_answer(0, 48, 0)
    pair.carry()
    assert a.events() == [("state", 52)]


# a friend who goes offline


def test_a_ringing_call_ends_when_the_friend_goes_offline(pair):
    a, b = pair.a, pair.b
    a.calls.toxav_call(0, 48, 0)
    pair.carry()
    b.events()
    for side in (a, b):
        side.friend.connection.crypto = None
        side.friend.connection.on_closed()
    assert (a.events(), b.events()) == ([("state", 1)], [("state", 1)])
    assert a.call is b.call is None


def test_a_call_goes_on_when_the_friend_comes_back_in_time(talking):
    a, b = talking.a, talking.b
    for side in (a, b):
        side.go_offline()
    talking.run(5_000)
    assert (a.state, b.state) == (msi.AWAY, msi.AWAY)
    # in between a frame is lost, and no error
    say(a)
    for side in (a, b):
        side.come_back()
    talking.run(1_000)
    assert (a.state, b.state) == (msi.ACTIVE, msi.ACTIVE)
    assert (a.events(), b.events()) == ([], [])
    say(a, 77)
    talking.run(100)
    assert b.heard[0] == 77


def test_a_friend_who_lost_the_call_is_rung_at(talking):
    a, b = talking.a, talking.b
    a.go_offline()
    b.calls.toxav_kill()
    b.take_sent()
    b.calls.toxav_new()
    for event in ("call", "call_state", "audio_receive_frame"):
        b.calls.toxav_listen(event, True)
    a.come_back()
    talking.run(1_000)
    assert (a.state, b.events()) == (msi.AGAIN, [("call", True, True)])
    b.calls.toxav_answer(0, 48, 0)
    talking.carry()
    assert (a.state, a.events()) == (msi.ACTIVE, [("state", 52)])


def test_a_call_ends_when_the_friend_does_not_come_back(talking):
    a = talking.a
    a.go_offline()
    talking.run(calls_module.AWAY_MS - 500)
    assert a.events() == []
    talking.run(1_000)
    assert a.events() == [("state", 1)] and a.call is None


def test_a_call_ends_with_a_friend_who_was_silent(talking):
    """The connection is kept for 32 s of silence, so nobody waits another time."""
    a = talking.a
    a.stage.run(CONNECTION_TIMEOUT_MS - 100)
    assert a.events() == [] and a.state == msi.ACTIVE
    a.stage.run(200)
    assert a.friend.status != FRIEND_ONLINE
    assert a.events() == [("state", 1)] and a.call is None


def test_a_client_that_began_anew_rings_anew(talking):
    a = talking.a
    a.go_offline()
    a.come_back(anew=True)
    a.receive([msi.pack(msi.INIT, capabilities=52)])
    assert a.state == msi.REQUESTED and a.take_sent()[0] == []
    a.tell()
    assert a.events() == [("state", 1), ("call", True, False)]
    a.calls.toxav_answer(0, 48, 0)
    assert a.take_sent()[0] == [msi.pack(msi.PUSH, capabilities=52)]
    a.stage.run(2 * calls_module.AGAIN_MS)
    assert a.state == msi.ACTIVE


def test_a_client_that_began_anew_is_not_rung_at(talking):
    a = talking.a
    a.go_offline()
    a.come_back(anew=True)
    a.stage.run(calls_module.LOOK_MS)
    assert a.events() == [("state", 1)] and a.call is None
    assert a.take_sent()[0] == []


@pytest.mark.parametrize("waits_ms", [0, calls_module.LOOK_MS])
def test_who_calls_again_with_the_same_client_goes_on_with_the_call(talking, waits_ms):
    """Before we ring again, and after it."""
    a = talking.a
    a.go_offline()
    a.come_back()
    a.stage.run(waits_ms)
    a.receive([msi.pack(msi.INIT, capabilities=60)])
    assert a.state == msi.ACTIVE and a.events() == []
    assert a.take_sent()[0][-1] == msi.pack(msi.PUSH, capabilities=60)


def test_a_call_ends_when_the_friend_does_not_go_on_with_it(talking):
    a = talking.a
    a.go_offline()
    a.come_back()
    talking.take = None
    a.stage.run(1_000)
    assert a.state == msi.AGAIN
    a.stage.run(calls_module.AGAIN_MS)
    assert a.events() == [("state", 1)] and a.call is None
    assert [packet for packet in a.crypto.written if packet[0] == 69] == [
        msi.pack(msi.INIT, capabilities=60),
        msi.pack(msi.POP),
    ]


def test_a_call_can_be_hung_up_while_the_friend_is_away(talking):
    a = talking.a
    a.go_offline()
    a.calls.toxav_call_control(0, CANCEL)
    a.come_back()
    a.stage.run(2 * calls_module.AWAY_MS)
    assert a.events() == [] and a.call is None
    assert [packet for packet in a.crypto.written if packet[0] == 69] == []


def test_a_call_ends_with_the_friend(talking):
    a = talking.a
    a.stage.messenger.delete(0)
    assert a.events() == [("state", 1)] and a.call is None
    assert a.calls.capability.get()._signals == {}


def test_a_silent_friend_is_asked_and_then_reached_another_way(talking):
    a = talking.a
    a.stage.run(calls_module.CARE_MS)
    assert a.crypto.written == []
    a.crypto.silence_ms = 1_000
    a.stage.run(calls_module.CARE_MS)
    assert (a.crypto.written, a.crypto.doubts) == ([b"\x10"], 0)
    a.crypto.silence_ms = 2_000
    a.stage.run(calls_module.CARE_MS)
    assert a.crypto.doubts == 1
    # who is not heard anyway may be silent
    a.calls.toxav_call_control(0, PAUSE)
    a.stage.run(calls_module.CARE_MS)
    assert a.crypto.doubts == 1


# floods


def test_files_make_room_for_a_call(pair):
    a = pair.a
    assert a.crypto.least == MIN_WINDOW
    pair.in_call(48, 0)
    a.stage.run(calls_module.CARE_MS)
    assert a.crypto.least == MIN_TALKING_WINDOW
    a.calls.toxav_call_control(0, CANCEL)
    assert a.crypto.least == MIN_WINDOW


def test_a_flood_of_signals_is_dropped(pair):
    b = pair.b
    b.receive([msi.pack(msi.PUSH, capabilities=60)] * 500)
    assert len(b.take_sent()[0]) == calls_module.MAX_SIGNALS
    assert b.stage.dropped("call_signals") == 500 - calls_module.MAX_SIGNALS
    b.stage.run(1_000)
    b.receive([msi.pack(msi.PUSH, capabilities=60)] * 500)
    assert len(b.take_sent()[0]) == calls_module.SIGNALS_PER_S


def test_damaged_signals_end_only_the_call_of_who_sent_them(talking):
    b = talking.b
    b.receive([b"\x45\x01\x01\x09\x00"])
    assert b.events() == [("state", 1)] and b.call is None
    assert b.take_sent()[0] == [msi.pack(msi.POP, error=1)]
    assert b.stage.messenger.friend(0) is b.friend


# frames


def test_sound_both_ways(talking):
    for value in range(1, 6):
        say(talking.a, value)
        say(talking.b, -value)
        talking.run(20)
    talking.run(100)
    assert talking.b.heard[:5] == [1, 2, 3, 4, 5] and talking.a.heard[:5] == [-1, -2, -3, -4, -5]


def test_what_is_not_wanted_is_not_sent_and_not_heard(talking):
    a, b = talking.a, talking.b
    say(a, 5)
    late = a.take_sent()[1]
    b.calls.toxav_call_control(0, MUTE)
    talking.carry()
    with pytest.raises(ToxError) as raised:
        say(a)
    assert raised.value.code == enums.TOXAV_ERR_SEND_FRAME_PAYLOAD_TYPE_DISABLED
    b.receive(lossy=late)
    assert b.stage.dropped("call_audio") == 1
    # a push of the friend does not lift our mute
    b.receive([msi.pack(msi.PUSH, capabilities=52)])
    b.receive(lossy=late)
    assert b.stage.dropped("call_audio") == 2
    b.calls.toxav_call_control(0, UNMUTE)
    talking.carry()
    say(a, 7)
    talking.run(200)
    assert 7 in b.heard and 5 not in b.heard


def test_media_outside_of_a_call_is_dropped(pair):
    b = pair.b
    b.receive(lossy=[bytes((kind,)) + bytes(90) for kind in (192, 193, 196)])
    assert [b.stage.dropped(name) for name in ("call_audio", "call_video", "call_bandwidth")] == [1, 1, 1]


def test_intervals(pair):
    a, b = pair.a, pair.b
    assert a.calls.toxav_iteration_interval() == 40
    a.calls.toxav_call(0, 48, 0)
    pair.carry()
    assert a.calls.toxav_iteration_interval() == b.calls.toxav_iteration_interval() == 10
    b.calls.toxav_answer(0, 48, 0)
    pair.carry()
    assert a.calls.toxav_iteration_interval() == b.calls.toxav_iteration_interval() == 5
    pair.run(600)
    assert a.calls.toxav_iteration_interval() == b.calls.toxav_iteration_interval() == 20
    for _ in range(3):
        say(a)
        pair.run(20)
    # the next frame is due now: we look often, and less when it does not come
    pair.run(5)
    assert b.calls.toxav_audio_iteration_interval() == 2
    pair.run(15)
    assert b.calls.toxav_audio_iteration_interval() == 5
    say(a)
    pair.run(5)
    waits = []
    for _ in range(20):
        waits.append(b.calls.toxav_audio_iteration_interval())
        pair.clock.now_ms += 1
    assert waits[0] == 15 and waits == sorted(waits, reverse=True) and waits[-1] == 2
    pair.run(20)
    assert b.calls.toxav_video_iteration_interval() == 20
    pair.run(2_000)
    assert b.calls.toxav_iteration_interval() == 20
    a.calls.toxav_call_control(0, CANCEL)
    pair.carry()
    assert b.calls.toxav_iteration_interval() == 40


def test_ending_the_call_in_a_frame_ends_the_frames(talking):
    a, b = talking.a, talking.b
    for value in range(1, 5):
        say(a, value)
    talking.carry()
    heard = []

    def sink(_number, decoder):
        heard.append(decoder.pcm()[0])
        b.calls.toxav_call_control(0, CANCEL)

    b.calls.toxav_audio_iterate(sink)
    assert heard == [1] and b.call is None
