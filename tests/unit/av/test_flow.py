"""Sound and pictures through whole calls: order, loss, portions, reports, and what is kept."""

import random
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.unit.av.pair import RATE, SAMPLES, Pair, picture, tone
from toxpy.av import flow, msi, pacing, rtp
from toxpy.av.rtp import AUDIO, VIDEO
from toxpy.generated import enums

SIZE = (64, 48)
CANCEL = enums.TOXAV_CALL_CONTROL_CANCEL


@pytest.fixture
def talking():
    return Pair().in_call(48, 500)


def say(side, value):
    side.calls.toxav_audio_send_frame(0, tone(value), SAMPLES, 1, RATE)


def show(side, value, width=64, height=48):
    side.calls.toxav_video_send_frame(0, width, height, *picture(width, height, value))


def test_pictures_both_ways(talking):
    for value in range(40, 50):
        show(talking.a, value)
        show(talking.b, value + 100)
        talking.run(35)
    assert talking.b.seen == [*range(40, 50)] and talking.a.seen == [*range(140, 150)]


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 5), (65, 47), (640, 480)])
def test_sizes(talking, width, height):
    shapes = []

    def sink(_number, decoder):
        shapes.append((decoder.width, decoder.height, decoder.planes()[0][0]))

    show(talking.a, 7, width, height)
    for _ in range(20):
        talking.clock.now_ms += 5
        talking.a.stage.rt.timers.run_due()
        talking.carry()
        talking.b.calls.toxav_video_iterate(sink)
    assert shapes == [(width, height, 7)]


def test_a_large_picture_leaves_in_portions_and_holds_up_no_sound(talking):
    a = talking.a
    show(a, 9, 640, 480)
    say(a, 5)
    first = a.take_sent()[1]
    pictures = [packet for packet in first if packet[0] == VIDEO]
    assert 0 < len(pictures) <= 3 and len(first) == len(pictures) + 1
    more = []
    for _ in range(100):
        a.stage.run(2)
        more += a.take_sent()[1]
    assert len(more) >= 3 and all(packet[0] == VIDEO for packet in more)
    talking.b.receive(lossy=pictures + more)
    talking.b.play()
    assert talking.b.seen == [9]


def test_what_waits_is_forgotten_with_the_call(talking):
    a = talking.a
    show(a, 9, 640, 480)
    a.take_sent()
    a.calls.toxav_kill()
    a.stage.run(1_000)
    assert a.take_sent()[1] == []


def test_loss_and_reordering(talking):
    """A tenth is lost, and the rest comes in another order: sound goes on, pictures heal."""
    rng, held = random.Random(3), []

    def mix(source, packet):
        return rng.random() > 0.1

    talking.take = mix
    for number in range(300):
        say(talking.a, 1000 + number)
        if number % 2 == 0:
            show(talking.a, number % 200)
        talking.run(20)
        held.append(len(talking.b.heard))
    heard = talking.b.heard
    # each frame once and in order, or something in its place
    whole = [value for value in heard if 1000 <= value < 1300]
    assert whole == sorted(whole) and len(set(whole)) > 250
    assert 285 <= len(heard) <= 305
    assert len(talking.b.seen) > 100
    assert talking.a.stage.rt.counters.values.get("drop.bandwidth_early", 0) == 0


@pytest.mark.parametrize("lost", [0.05, 0.2])
def test_two_of_ours_lose_next_to_nothing(lost):
    """They send again what the other one asks for."""
    rng, shown = random.Random(5), {True: 0, False: 0}
    for ours in (True, False):
        talking = Pair(ours=ours).in_call(48, 1000)
        talking.take = lambda _source, _packet: rng.random() > lost
        for number in range(150):
            say(talking.a, 1000 + number)
            show(talking.a, number, 320, 240)
            talking.run(35)
        talking.run(500)
        shown[ours] = len({*talking.b.seen} & {*range(150)})
    assert shown[True] > 140 and shown[True] > shown[False]


def test_reports_lower_the_rate_of_pictures_and_silence_raises_it(talking):
    rng = random.Random(4)
    talking.take = lambda _source, packet: packet[0] != VIDEO or rng.random() > 0.4
    told = []
    for number in range(300):
        show(talking.a, number % 200, 320, 240)
        talking.run(35)
        told += [event for event in talking.a.events() if event[0] == "video rate"]
        if told:
            break
    assert told and 0 < told[0][1] < 500
    talking.a.calls.toxav_video_set_bit_rate(0, told[0][1])
    talking.take = lambda _source, _packet: True
    told = []
    for number in range(900):
        show(talking.a, number % 200, 320, 240)
        talking.run(35)
        told += [event for event in talking.a.events() if event[0] == "video rate"]
        if told:
            break
    assert told and told[0][1] > talking.a.call.video_bit_rate


def test_a_call_of_sound_is_told_of_loss_by_the_friend():
    talking = Pair().in_call(48, 0)
    talking.a.receive(lossy=[bytes((196,)) + (200).to_bytes(4, "big") + (1000).to_bytes(4, "big")])
    assert talking.a.events() == [("audio rate", 38)]


def test_wrong_reports_are_dropped(talking):
    a = talking.a
    for packet in (
        b"\xc4",
        bytes((196,)) + bytes(8),
        bytes((196,)) + b"\xff" * 9,
        bytes((196,)) + b"\xff" * 4 + bytes(4),
    ):
        a.receive(lossy=[packet])
    assert a.events() == []
    assert a.stage.dropped("bandwidth_size") == 2 and a.stage.dropped("bandwidth_values") == 2


def test_a_flood_takes_little_memory(talking):
    """Frames that nobody plays, and pictures that never become whole."""
    b = talking.b
    sound = rtp.pieces(AUDIO, 0, 0, 1, RATE.to_bytes(4, "big") + bytes(100))[0]
    piece = rtp.pieces(VIDEO, 0, 0, 1, bytes(2_000_000), key_frame=True)[0]
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(5_000):
            b.receive(lossy=[sound[:3] + number.to_bytes(2, "big") + sound[5:]])
            stamp = number.to_bytes(4, "big")
            b.receive(lossy=[piece[:3] + stamp[2:] + stamp + piece[9:]])
        kept = tracemalloc.get_traced_memory()[0] - before
        b.play()
        played = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert kept < 4_000_000 and played < 24_000_000
    assert b.call is not None
    for name in ("audio_waiting", "video_waiting"):
        assert b.stage.dropped(name) > 0


def test_pictures_that_are_hidden_are_not_shown(talking):
    a, b = talking.a, talking.b
    show(a, 5)
    late = a.take_sent()[1]
    b.calls.toxav_call_control(0, 5)
    talking.carry()
    b.receive(lossy=late)
    b.play()
    assert b.seen == [] and b.stage.dropped("call_video") == len(late) > 0


def test_a_friend_who_sees_again_gets_a_key_frame(talking):
    a, b = talking.a, talking.b
    for value in range(80):
        show(a, value)
        talking.run(35)
    b.calls.toxav_call_control(0, 5)
    talking.run(2_000)
    b.calls.toxav_call_control(0, 6)
    talking.carry()
    a.take_sent()
    show(a, 99)
    assert a.crypto.lossy[0][13:21] == (3).to_bytes(8, "big")


def kept_out(side, work):
    """Work that one thread does while another one has the instance's lock."""
    lock = side.stage.messenger.outbox.lock = threading.RLock()
    with lock, ThreadPoolExecutor(1) as pool:
        pool.submit(work).result(30)


def test_few_pictures_wait_for_the_lock_the_youngest(talking, monkeypatch):
    a = talking.a
    monkeypatch.setattr(flow, "MAX_WAITING", 4)
    kept_out(a, lambda: [show(a, value % 200) for value in range(600)])
    paced = a.call.flow._paced
    assert len(paced._pictures) == 4 and a.stage.dropped("pictures_waiting") == 596
    # one entry for all of them
    assert len(a.stage.messenger.outbox._other) == 1 and a.stage.dropped("outbox_full") == 0
    a.stage.messenger.outbox.flush()
    a.stage.run(100)
    assert [int.from_bytes(packet[3:5], "big") for packet in a.take_sent()[1]] == [596, 597, 598, 599]
    kept_out(a, lambda: show(a, 1))
    assert len(paced._pictures) == 1 and len(a.stage.messenger.outbox._other) == 1


def test_what_follows_pictures_that_were_dropped_needs_none_of_them(talking, monkeypatch):
    """Before the friend says that some are lost."""
    a = talking.a
    for value in range(80):
        show(a, value)
        talking.run(35)
    monkeypatch.setattr(flow, "MAX_WAITING", 8)
    kept_out(a, lambda: [show(a, value) for value in range(80, 100)])
    a.stage.messenger.outbox.flush()
    a.stage.run(2_000)
    a.take_sent()
    show(a, 99)
    assert a.crypto.lossy[0][13:21] == (3).to_bytes(8, "big")


def test_pictures_that_had_no_room_among_those_in_portions(talking, monkeypatch):
    a = talking.a
    for value in range(80):
        show(a, value)
        talking.run(35)
    monkeypatch.setattr(pacing, "MAX_WAITING", 8)
    a.take_sent()
    for value in range(80, 100):
        # all at the same moment
        show(a, value)
    assert a.stage.dropped("pictures_waiting") == 11
    a.stage.run(2_000)
    a.take_sent()
    show(a, 99)
    assert a.crypto.lossy[0][13:21] == (3).to_bytes(8, "big")


def test_pictures_leave_though_the_outbox_was_full(talking):
    a = talking.a
    outbox = a.stage.messenger.outbox

    def fill():
        while outbox.put(a.friend.connection, b"\xc8", audio=False):
            pass
        show(a, 5)

    kept_out(a, fill)
    assert a.stage.dropped("outbox_full") == 2
    outbox.flush()
    a.take_sent()
    show(a, 6)
    talking.run(35)
    assert talking.b.seen == [5, 6]


@pytest.mark.parametrize("ours", [False, True])
def test_threads_that_are_late_send_nothing_after_the_end(ours):
    """They had the flow before our user hung up: sound, a large picture, what is played and reported."""
    talking = Pair(ours=ours).in_call(48, 500)
    a = talking.a
    talking.run(200)
    kept_out(a, lambda: [say(a, 5), show(a, 5, 640, 480)])
    show(talking.b, 5, 640, 480)
    talking.clock.now_ms += 100
    talking.b.stage.rt.timers.run_due()
    # all but the end of the picture, so that there is something to ask for and to report
    a.receive(lossy=talking.b.take_sent()[1][:-1])
    late = a.call.flow
    a.calls.toxav_call_control(0, CANCEL)
    assert a.crypto.written == [msi.pack(msi.POP)]
    a.take_sent()
    next_ms = a.stage.rt.timers.next_deadline_ms()
    late.send_audio(tone(5), SAMPLES, 1, RATE, 48)
    late.send_video(640, 480, *picture(640, 480, 5), 500)
    for waited_ms in (0, 200, 2_000):
        late.play_video(talking.clock.now_ms + waited_ms, lambda _decoder: None)
    late.on_ours(bytes((194, 1, 0)))
    assert a.stage.rt.timers.next_deadline_ms() == next_ms
    a.stage.run(5_000)
    assert a.crypto.lossy == []


def test_four_threads(talking):
    """Pass, playing, sound and pictures, each in its own thread, as programs do; nothing is lost."""
    a = talking.a
    lock = a.stage.messenger.outbox.lock = threading.RLock()
    stop = threading.Event()

    def loop(work):
        while not stop.is_set():
            work()

    def a_pass():
        with lock:
            a.stage.rt.timers.run_due()
        a.stage.messenger.outbox.flush()

    def play():
        a.calls.toxav_iterate(lambda _number, _decoder: None, lambda _number, _decoder: None)

    with ThreadPoolExecutor(4) as pool:
        endless = [pool.submit(loop, work) for work in (a_pass, play)]
        sound = pool.submit(lambda: [say(a, value) for value in range(200)])
        pictures = pool.submit(lambda: [show(a, value) for value in range(100)])
        try:
            sound.result(30)
            pictures.result(30)
        finally:
            stop.set()
        for work in endless:
            work.result(30)
    a.stage.run(3_000)
    sent = a.take_sent()[1]
    assert [int.from_bytes(packet[3:5], "big") for packet in sent if packet[0] == 192] == [*range(200)]
    shown = [int.from_bytes(packet[3:5], "big") for packet in sent if packet[0] == VIDEO]
    assert shown == sorted(shown) and {*shown} == {*range(max(shown) + 1)} and max(shown) > 30
