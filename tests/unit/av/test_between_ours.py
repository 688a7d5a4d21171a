"""Two of ours in a call: they find each other, tell what they lose, and mend it."""

import pytest

from tests.support.call_link import Line, LinkedCall, Side, figures
from toxpy.av.audio import EXPECTED_LOSS
from toxpy.av.between_ours import (
    CLEAN_LOSS,
    HELLO,
    HELLO_MS,
    MAX_HELLOS,
    NEVER_MS,
    RARE_REPORT_MS,
    REPORT,
    REPORT_MS,
    UNKNOWN,
)
from toxpy.av.repeats import KEY, REPEAT, USUAL_ROUND_TRIP_MS
from toxpy.media.codecs import load

CODECS = load(standin=True)


class TinyClip:
    """Pictures of one value each."""

    width, height = 64, 48

    def planes(self, number):
        chroma = bytes(self.width * self.height // 4)
        return bytes([number & 0xFF]) * (self.width * self.height), chroma, chroma

    def number_of(self, decoder, newest):
        """The picture, and 99 dB if it is right: one value all over, of a picture of the last second."""
        y = bytes(decoder.planes()[0])
        rows = [y[row * decoder.strides[0] :][: self.width] for row in range(self.height)]
        age = (newest - y[0]) % 256
        return newest - age, 99.0 if age <= 30 and {*b"".join(rows)} == {y[0]} else 0.0


def linked(ours=True, **line):
    return LinkedCall(CODECS, TinyClip(), ours=ours, bit_rate=600, **line)


class Quiet(Line):
    """Keeps what it is given."""

    def __init__(self):
        self.packets = []

    def put(self, packet, now_ms):
        self.packets.append(packet)


def side():
    made = Side(CODECS, Quiet(), seed=7)
    return made, made.ours


def hello(bits=0):
    return bytes([HELLO, 1, bits])


def report(stamp=0, echo=0, held=UNKNOWN, sound=0, lost=0, size=0, pieces=0, missed=0, span=200, delay=0):
    packet = bytes([REPORT]) + stamp.to_bytes(4, "big") + echo.to_bytes(4, "big")
    for value in (held, sound, lost):
        packet += value.to_bytes(2, "big")
    packet += size.to_bytes(4, "big")
    for value in (pieces, missed, span, delay):
        packet += value.to_bytes(2, "big")
    return packet


def test_they_find_each_other():
    call = linked()
    call.run(1)
    assert [side.ours.is_ours for side in call.sides] == [True, True]
    # 20 ms each way, and each client's turn
    assert all(40 <= side.ours.round_trip_ms <= 60 for side in call.sides)


def test_they_find_each_other_where_most_is_lost():
    call = linked(loss=0.5)
    call.run(3)
    assert [side.ours.is_ours for side in call.sides] == [True, True]


def test_who_does_not_answer_is_left_alone():
    _, ours = side()
    said = [(now_ms, *ours.say(now_ms)) for now_ms in range(10_000) if now_ms >= ours.next_ms()]
    assert [row[0] for row in said] == [n * HELLO_MS for n in range(MAX_HELLOS + 1)]
    assert {row[1:] for row in said} == {(hello(),), ()}
    assert ours.next_ms() == NEVER_MS


def test_hellos():
    _, ours = side()
    assert ours.take(hello(), 0) == [hello(1)]
    assert ours.is_ours
    # its own hello got no answer
    assert ours.take(hello(), 5) == [hello(1)]
    assert ours.take(hello(1), 9) == []
    # a later version says more
    _, ours = side()
    assert ours.take(bytes([HELLO, 9, 0xFE, 1, 2, 3]), 0) == [hello(1)]
    assert ours.is_ours


def test_who_is_ours_no_more():
    """A friend may go on with another client: it must get nothing twice."""
    made, ours = side()
    ours.take(hello(1), 0)
    for now_ms in range(1000, 4000, 1000):
        ours.take(report(sound=40, lost=10), now_ms)
    assert made.audio_out.is_twice
    said = []
    for now_ms in range(4000, 9000):
        if now_ms >= ours.next_ms():
            said += ours.say(now_ms)
    assert {packet[0] for packet in said} == {REPORT}
    for now_ms in range(9000, 12_000):
        if now_ms >= ours.next_ms():
            said += ours.say(now_ms)
    assert not ours.is_ours
    assert not made.audio_out.is_twice
    assert said[-MAX_HELLOS:] == [hello()] * MAX_HELLOS
    assert ours.take(bytes([REPEAT]) + bytes(4), 12_000) == []
    # it was only away
    assert ours.take(hello(), 20_000) == [hello(1)]
    assert ours.is_ours
    assert ours.next_ms() == 0


@pytest.mark.parametrize("packet", [b"\xc2", b"\xc2\x01", b"\xc2\x00\x00"])
def test_wrong_hellos(packet):
    made, ours = side()
    assert ours.take(packet, 0) == []
    assert not ours.is_ours
    assert made.counters.values == {"drop.ours_size": 1}


@pytest.mark.parametrize("packet", [report(), bytes([REPEAT]) + bytes(4), bytes([KEY])])
def test_nothing_before_a_hello(packet):
    made, ours = side()
    assert ours.take(packet, 0) == []
    assert made.counters.values == {"drop.ours_early": 1}


def test_wrong_reports():
    made, ours = side()
    ours.take(hello(1), 0)
    for size in range(1, len(report())):
        ours.take(report()[:size], size * 1000)
    assert made.counters.values == {"drop.ours_size": len(report()) - 1}
    for now_ms in range(100_000, 100_100):
        ours.take(report() + b"more", now_ms)
    assert made.counters.values["drop.ours_early"] == 99


def test_reports_may_say_anything():
    made, ours = side()
    ours.take(hello(1), 0)
    made.video_out.send(64, 48, *TinyClip().planes(0), 1000, 0)
    top = 0xFFFF
    for number, packet in enumerate(
        (
            report(sound=top, lost=top, size=2**32 - 1, pieces=top, missed=top, span=top, delay=top),
            report(pieces=1, missed=top, span=0, delay=0),
            report(lost=1, pieces=top, size=2**32 - 1, span=1, delay=top - 1),
            report(echo=2**32 - 1, held=0),
            report(stamp=2**32 - 1, echo=5, held=top - 1),
        )
    ):
        ours.take(packet, 1000 * (number + 1))
        assert made.video_out.send(64, 48, *TinyClip().planes(1), 1000, 6000 + number)
        assert 0 <= ours.round_trip_ms <= 5000
        assert 64 <= made.video_out.rate.kbit <= 1000


def test_what_a_report_says():
    made, ours = side()
    ours.take(hello(1), 0)
    first = ours.say(10)
    assert first == [report(stamp=17, span=10, delay=UNKNOWN)]
    assert ours.next_ms() == 10 + REPORT_MS
    ours.take(report(stamp=99), 300)
    for number in (0, 2):
        made.audio_in.take(made.audio_out.send(bytes(1920), 960, 1, 48000, 48, 500 + number)[0], 510)
    for packet in made.video_out.send(64, 48, *TinyClip().planes(0), 1000, 500):
        made.video_in.take(packet, 510)
    size, pieces = made.video_in.received_bytes, made.video_in.received
    made.audio_in.play(510, lambda decoder: None)
    assert ours.say(1010) == [
        report(stamp=1017, echo=99, held=710, sound=2, size=size, pieces=pieces, span=1000, delay=0)
    ]
    assert ours.next_ms() == 1010 + REPORT_MS
    ours.take(report(echo=1017, held=5), 1100)
    ours.say(1210)
    # nothing to hurry for
    assert ours.next_ms() == 1210 + RARE_REPORT_MS


def test_the_round_trip():
    _, ours = side()
    ours.take(hello(1), 0)
    assert ours.round_trip_ms == USUAL_ROUND_TRIP_MS
    # said at 1000, it was there for 30 of 90 ms
    ours.take(report(echo=1007, held=30), 1090)
    assert ours.round_trip_ms == 60


def test_sound_that_is_lost_is_sent_twice():
    made, ours = side()
    ours.take(hello(1), 0)
    say = lambda now_ms: made.audio_out.send(bytes(1920), 960, 1, 48000, 48, now_ms)  # noqa: E731
    assert len(say(0)) == 1
    for number in range(1, 4):
        ours.take(report(sound=40, lost=10), number * 1000)
    first, second, third = say(0), say(20), say(40)
    assert second[1:] == first[:1]
    assert third[1:] == second[:1]
    for number in range(4, 30):
        ours.take(report(sound=50), number * 1000)
    assert len(say(60)) == len(say(80)) == 1


def test_nothing_is_sent_twice_into_a_queue():
    made, ours = side()
    made.video_out.history.add(0, [bytes(1000)] * 9)
    ours.take(hello(1), 0)
    for number in range(1, 4):
        ours.take(report(sound=40, lost=10, delay=90), number * 1000)
    assert not made.audio_out.is_twice
    assert len(ours.take(bytes([REPEAT]) + bytes(4), 3500)) == 1
    for number in range(4, 6):
        ours.take(report(sound=40, lost=10, delay=5), number * 1000)
    assert made.audio_out.is_twice
    assert len(ours.take(bytes([REPEAT]) + bytes(4), 5500)) == 2
    for number in range(6, 8):
        ours.take(report(sound=40, lost=10, delay=90), number * 1000)
    assert not made.audio_out.is_twice


def test_the_encoder_learns_what_is_lost():
    codecs, told = load(standin=True), []

    class Encoder(codecs.AudioEncoder):
        def set_expected_loss(self, percent):
            told.append(percent)
            super().set_expected_loss(percent)

    codecs.AudioEncoder = Encoder
    made = Side(codecs, Quiet(), seed=7)
    made.ours.take(hello(1), 0)
    for now_ms in range(0, 30_000, 1000):
        made.audio_out.send(bytes(1920), 960, 1, 48000, 48, now_ms)
        made.ours.take(report(sound=49, lost=now_ms == 15_000), now_ms + 500)
    assert told == [EXPECTED_LOSS, CLEAN_LOSS, EXPECTED_LOSS, CLEAN_LOSS]


def test_a_key_frame_that_the_friend_asks_for():
    made, ours = side()
    ours.take(hello(1), 0)
    flags = []
    for now_ms in range(0, 4000, 100):
        if now_ms >= 2000:
            ours.take(bytes([KEY]), now_ms)
        packets = made.video_out.send(64, 48, *TinyClip().planes(0), 1000, now_ms)
        flags.append(bool(packets[0][20] & 2))
    # the first, and then every half second: no others at the beginning
    assert [n * 100 for n, key in enumerate(flags) if key] == [0, 2000, 2500, 3000, 3500]


@pytest.mark.parametrize(("loss", "fps", "right"), [(0.0, 29.9, 49.7), (0.05, 29, 49.5), (0.2, 27, 48.5)])
def test_a_call_over_a_bad_line(loss, fps, right):
    call = linked(loss=loss)
    call.run(8)
    row = figures(call, 8, 1)
    assert row["fps"] >= fps
    assert row["dB"] >= 95
    assert row["right"] >= right
    # to see it is worth it: a client of another kind
    other = linked(ours=False, loss=0.2)
    other.run(4)
    assert figures(other, 4, 1)["dB"] < 60


def test_a_call_over_a_narrow_line():
    call = linked(capacity=400)
    call.run(25)
    row = figures(call, 25, 10)
    assert row["below 25"] == 0
    assert row["right"] >= 49.5
    assert 200 <= row["mean kbit"] <= 320
    # the queue of 100 ms is hardly used
    assert row["p95"] <= 120


def test_loss_without_a_queue_does_not_lower_the_rate():
    call = linked(loss=0.2)
    call.run(25)
    assert figures(call, 25, 5)["mean kbit"] >= 400


def test_a_call_where_packets_overtake_each_other():
    call = linked(jitter_ms=60)
    call.run(12)
    row = figures(call, 12, 4)
    assert row["fps"] >= 29.5
    assert row["dB"] >= 98
    # that is no loss
    assert row["mean kbit"] >= 500


def apart(seed, line):
    """Between a picture and the sound of its moment, ms."""
    call = linked(seed=seed, **line)
    # frames tell their number
    call.tone = [number.to_bytes(2, "little") * 960 for number in range(50)]
    call.run(15)
    heard, found = {}, []
    for at_ms, value in call.heard:
        age = (at_ms // 20 - value) % 50
        heard[(at_ms // 20 - age) * 20] = at_ms
    for at_ms, (number, _) in call.shown:
        recorded_ms = number * 1000 // 30
        sound_ms = heard.get(recorded_ms // 20 * 20)
        if sound_ms is not None and at_ms > 5000:
            found.append(abs(at_ms - sound_ms - recorded_ms % 20))
    assert len(found) > 200
    return found


@pytest.mark.parametrize(
    ("line", "mean_ms", "most_ms"),
    [
        ({}, 5, 10),
        ({"loss": 0.05}, 25, 115),
        ({"loss": 0.2}, 55, 140),
        ({"capacity": 600}, 30, 60),
        ({"jitter_ms": 60}, 30, 60),
    ],
)
def test_sound_and_pictures_stay_together(line, mean_ms, most_ms):
    """What was recorded at one time is heard and seen at one time, in the mean and nearly always."""
    # chance decides much where pieces are lost
    seeds = range(1, 5) if "loss" in line else [1]
    found = sorted(ms for seed in seeds for ms in apart(seed, line))
    assert sum(found) / len(found) <= mean_ms
    assert found[len(found) * 95 // 100] <= most_ms
