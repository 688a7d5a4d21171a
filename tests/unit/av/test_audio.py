"""Sound between a sender and a receiver, with codecs that show what was lost."""

import random
import tracemalloc
from array import array
from threading import Event, Thread

import pytest

from toxpy.av import rtp
from toxpy.av.audio import (
    EXPECTED_LOSS,
    MAX_MONO,
    MAX_WAITING,
    MIN_DECODER_AGE_MS,
    AudioReceiver,
    AudioSender,
)
from toxpy.media.codecs import load
from toxpy.media.formats import CodecError
from toxpy.runtime import Counters

CODECS = load(standin=True)
FRAME_MS, RATE, SAMPLES = 20, 48000, 960


def frame(number, channels=1, samples=SAMPLES):
    """Sound that tells its number."""
    return array("h", [number] * samples * channels).tobytes()


def marked(number):
    """The number of a frame, which a concealed one does not have: half of it is odd."""
    return 2 * number + 1


class Ears:
    """A receiver and what came out of it: (first sample, samples, rate, channels)."""

    def __init__(self):
        self.counters = Counters()
        self.receiver = AudioReceiver(CODECS, self.counters)
        self.heard = []

    def sink(self, decoder):
        self.heard.append((decoder.pcm()[0], decoder.samples, decoder.rate, decoder.channels))

    def take(self, packets, now_ms):
        for packet in packets:
            self.receiver.take(packet, now_ms)
        self.receiver.play(now_ms, self.sink)

    def numbers(self):
        return [row[0] for row in self.heard]


def test_what_is_said_is_heard_at_once():
    sender, ears = AudioSender(CODECS, 0), Ears()
    for number in range(50):
        ears.take(sender.send(frame(number), SAMPLES, 1, RATE, 48, number * FRAME_MS), number * FRAME_MS)
        assert ears.heard[-1] == (number, SAMPLES, RATE, 1)
    assert len(ears.heard) == 50
    assert not ears.counters.values


def test_what_packets_say_of_themselves():
    sender = AudioSender(CODECS, 0x1234567800000100)
    sent = [sender.send(frame(1), SAMPLES, 1, RATE, 48, now_ms)[0] for now_ms in (0, 20, 2**32 - 0x100)]
    found = [rtp.parse(packet, Counters()) for packet in sent]
    assert [piece.sequence for piece in found] == [0, 1, 2]
    assert [piece.stamp_ms for piece in found] == [0x100, 0x114, 0]
    assert {packet[9:13] for packet in sent} == {bytes.fromhex("12345678")}
    # 48 kbit/s, in a packet with the rate
    assert len(sent[0]) <= rtp.HEADER_SIZE + 4 + 120


def test_a_lost_frame_is_told_by_the_next_one():
    sender, ears = AudioSender(CODECS, 0), Ears()
    for number in range(20):
        packets = sender.send(frame(marked(number)), SAMPLES, 1, RATE, 48, number * FRAME_MS)
        if number % 5 != 3:
            ears.take(packets, number * FRAME_MS)
        else:
            ears.receiver.play(number * FRAME_MS, ears.sink)
    ears.receiver.play(400, ears.sink)
    assert ears.numbers() == [marked(number) for number in range(20)]
    assert {row[1] for row in ears.heard} == {SAMPLES}


def test_of_two_lost_frames_one_is_guessed():
    sender, ears = AudioSender(CODECS, 0), Ears()
    for number in range(6):
        packets = sender.send(frame(marked(number)), SAMPLES, 1, RATE, 48, number * FRAME_MS)
        if number not in (2, 3):
            ears.take(packets, number * FRAME_MS)
    ears.receiver.play(200, ears.sink)
    assert ears.numbers()[:6] == [1, 3, 1, 7, 9, 11]


def test_a_gap_is_concealed_though_nothing_follows():
    sender, ears = AudioSender(CODECS, 0), Ears()
    ears.take(sender.send(frame(64), SAMPLES, 1, RATE, 48, 0), 0)
    while (due_ms := ears.receiver.next_ms()) is not None:
        ears.receiver.play(due_ms, ears.sink)
    assert ears.numbers() == [64, 32, 16, 8]


@pytest.mark.parametrize("rate", [8000, 12000, 16000, 24000, 48000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("units", [1, 2, 4, 8, 16, 24, 32, 40, 48])
def test_every_rate_and_length(rate, channels, units):
    samples = rate * units // 400
    sender, ears = AudioSender(CODECS, 0), Ears()
    for number in range(3):
        now_ms = number * 1000 * samples // rate
        ears.take(sender.send(frame(number, channels, samples), samples, channels, rate, 510, now_ms), now_ms)
    assert ears.heard == [(number, samples, rate, channels) for number in range(3)]


def test_another_rate_is_heard_without_a_gap():
    sender, ears = AudioSender(CODECS, 0), Ears()
    for number in range(20):
        rate = 8000 if number < 10 else 24000
        ears.take(sender.send(frame(number, 1, rate // 50), rate // 50, 1, rate, 48, 0), number * FRAME_MS)
    assert [row[0] for row in ears.heard] == [*range(20)]


def test_stereo_stays_stereo_where_the_encoder_leaves_out_a_channel():
    sender, ears = AudioSender(CODECS, 0), Ears()
    for number in range(50):
        channels = 1 if number % 9 == 5 or number >= 20 else 2
        ears.take(sender.send(frame(number, channels), SAMPLES, channels, RATE, 48, 0), number * FRAME_MS)
    assert ears.numbers() == [*range(50)]
    # it is mono in the end
    assert [row[3] for row in ears.heard] == [2] * (19 + MAX_MONO) + [1] * (50 - 19 - MAX_MONO)


def test_another_rate_costs_a_decoder_rarely():
    sender, ears, made = AudioSender(CODECS, 0), Ears(), []

    class Counted(CODECS.AudioDecoder):
        def __init__(self, *args):
            made.append(args)
            super().__init__(*args)

    codecs = load(standin=True)
    codecs.AudioDecoder = Counted
    ears.receiver = AudioReceiver(codecs, ears.counters)
    for number in range(200):
        rate = 8000 if number % 2 else 48000
        ears.take(sender.send(frame(number, 1, rate // 50), rate // 50, 1, rate, 48, 0), number * 5)
    assert len(made) <= 1000 // MIN_DECODER_AGE_MS
    assert ears.counters.values["drop.audio_decoder"] > 10


def test_long_sound_comes_in_pieces():
    ears, counters = Ears(), Counters()
    sound = (48000).to_bytes(4, "big") + b"\xff\x06" + bytes(5000)
    for number in range(3):
        packets = rtp.pieces(rtp.AUDIO, number, 0, 0, sound)
        assert len(packets) == 4
        for packet in packets:
            ears.receiver.take(packet, 0)
    assert ears.receiver.next_ms() == 0
    # a piece lost, and one twice
    packets = rtp.pieces(rtp.AUDIO, 3, 0, 0, sound)
    for packet in (packets[0], packets[1], packets[1], packets[3]):
        ears.receiver.take(packet, 0)
    assert ears.counters.values == {"drop.audio_pieces": 2}
    for packet in rtp.pieces(rtp.AUDIO, 4, 0, 0, sound):
        ears.receiver.take(packet, 0)
    assert ears.counters.values == {"drop.audio_pieces": 2, "drop.audio_unfinished": 1}
    assert counters.values == {}


def test_pieces_that_are_never_whole_take_little():
    ears = Ears()
    header = rtp.pieces(rtp.AUDIO, 0, 0, 0, bytes(rtp.MAX_SOUND_SIZE))[0][:77]
    for offset in range(1000):
        ears.receiver.take(header + offset.to_bytes(2, "big") + (7000).to_bytes(2, "big") + b"x", 0)
    assert ears.counters.values == {"drop.audio_pieces": 1000 - 8}


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (b"\0\0\xbb\x80", "audio_rate"),
        (b"\0\0\0\x01\xf8x", "audio_rate"),
        (b"\xff\xff\xff\xff\xf8x", "audio_rate"),
        (b"\0\0\xbb\x80\xf8", "audio_codec"),
        (b"\0\0\xbb\x80\xff\xff\xff", "audio_codec"),
    ],
)
def test_damaged_sound_is_dropped(sound, reason):
    ears = Ears()
    ears.take(rtp.pieces(rtp.AUDIO, 0, 0, 0, sound), 0)
    assert ears.counters.values == {"drop." + reason: 1}
    sender = AudioSender(CODECS, 0)
    sender.send(frame(1), SAMPLES, 1, RATE, 48, 0)
    ears.take(sender.send(frame(1), SAMPLES, 1, RATE, 48, 0), 200)
    assert ears.numbers() == [1]


def test_wrong_sound_is_refused():
    sender = AudioSender(CODECS, 0)
    for samples, channels, rate in ((SAMPLES + 1, 1, RATE), (SAMPLES, 3, RATE), (SAMPLES, 1, 44100)):
        with pytest.raises(CodecError):
            sender.send(frame(1, 3, 2000), samples, channels, rate, 48, 0)
    assert rtp.parse(sender.send(frame(1), SAMPLES, 1, RATE, 48, 0)[0], Counters()).sequence == 0


def test_nobody_plays():
    sender, ears = AudioSender(CODECS, 0), Ears()
    packets = [sender.send(frame(number), SAMPLES, 1, RATE, 48, 0)[0] for number in range(500)]
    tracemalloc.start()
    try:
        for number, packet in enumerate(packets):
            ears.receiver.take(packet + bytes(1373 - len(packet)), number * FRAME_MS)
            ears.receiver.take(packet, number * FRAME_MS)
        assert tracemalloc.get_traced_memory()[1] < 280_000
    finally:
        tracemalloc.stop()
    assert ears.counters.values["drop.audio_waiting"] == 500 - MAX_WAITING
    ears.receiver.play(500 * FRAME_MS, ears.sink)
    assert ears.numbers() == [*range(490, 500)]


def test_a_call_may_end_while_it_is_heard():
    sender, ears = AudioSender(CODECS, 0), Ears()
    for number in range(5):
        for packet in sender.send(frame(number), SAMPLES, 1, RATE, 48, 0):
            ears.receiver.take(packet, 0)

    def sink(decoder):
        ears.sink(decoder)
        ears.receiver.close()
        # the decoder is still there
        assert decoder.pcm()[0] == 0

    ears.receiver.play(0, sink)
    assert ears.numbers() == [0]
    ears.receiver.play(0, sink)
    assert ears.numbers() == [0]


def test_a_program_may_play_in_the_midst_of_it():
    sender, ears = AudioSender(CODECS, 0), Ears()
    for number in range(3):
        for packet in sender.send(frame(number), SAMPLES, 1, RATE, 48, 0):
            ears.receiver.take(packet, 0)

    def sink(decoder):
        before = decoder.pcm()[0]
        ears.receiver.play(0, sink)
        assert ears.receiver.next_ms() == 0
        assert decoder.pcm()[0] == before
        ears.sink(decoder)

    ears.receiver.play(0, sink)
    assert ears.numbers() == [0, 1, 2]


def test_a_sink_that_fails_leaves_it_usable():
    sender, ears = AudioSender(CODECS, 0), Ears()
    for packet in sender.send(frame(0), SAMPLES, 1, RATE, 48, 0):
        ears.receiver.take(packet, 0)

    def sink(_decoder):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ears.receiver.play(0, sink)
    ears.take(sender.send(frame(1), SAMPLES, 1, RATE, 48, 0), 0)
    assert ears.numbers() == [1]


def test_two_threads_do_not_play_at_once():
    sender, ears = AudioSender(CODECS, 0), Ears()
    inside, go_on = Event(), Event()
    ears.receiver.take(sender.send(frame(0), SAMPLES, 1, RATE, 48, 0)[0], 0)

    def sink(decoder):
        inside.set()
        assert go_on.wait(5)
        ears.sink(decoder)

    player = Thread(target=ears.receiver.play, args=(0, sink))
    player.start()
    assert inside.wait(5)
    # returns at once
    ears.receiver.play(0, sink)
    go_on.set()
    player.join()
    assert ears.numbers() == [0]


class Remembering(CODECS.AudioEncoder):
    """What encoders are told."""

    made = None

    def __init__(self, *args, **settings):
        super().__init__(*args, **settings)
        self.told = [(args, settings)]
        Remembering.made.append(self)

    def set_expected_loss(self, percent):
        self.told.append(("loss", percent))
        super().set_expected_loss(percent)

    def set_bit_rate(self, bits):
        self.told.append(("bits", bits))
        super().set_bit_rate(bits)


def test_what_the_encoder_is_told():
    codecs = load(standin=True)
    codecs.AudioEncoder, Remembering.made = Remembering, []
    sender = AudioSender(codecs, 0)
    for bit_rate in (48, 48, 24):
        sender.send(frame(0), SAMPLES, 1, RATE, bit_rate, 0)
    for percent in (2, 2, 50, 2):
        sender.expect_loss(percent)
        sender.send(frame(0), SAMPLES, 1, RATE, bit_rate, 0)
    sender.send(frame(0, 2), SAMPLES, 2, RATE, 24, 0)
    first, second = Remembering.made
    settings = {"application": "voip", "bit_rate": 48000, "fec": True, "vbr": False}
    assert first.told == [
        ((RATE, 1), settings),
        ("loss", EXPECTED_LOSS),
        ("bits", 24000),
        ("loss", 2),
        ("loss", EXPECTED_LOSS),
        ("loss", 2),
    ]
    assert second.told == [((RATE, 2), settings | {"bit_rate": 24000}), ("loss", 2)]


@pytest.mark.parametrize(("loss", "right"), [(0.0, 50), (0.05, 49.7), (0.2, 47.5)])
def test_right_frames_of_fifty(loss, right):
    """Loss of its own for each packet, two packets in a hundred out of order."""
    rng, sender, ears, count = random.Random(3), AudioSender(CODECS, 0), Ears(), 2000
    arriving = []
    for number in range(count):
        packets = sender.send(frame(marked(number) % 30000), SAMPLES, 1, RATE, 48, number * FRAME_MS)
        if rng.random() >= loss:
            delay_ms = 30 if rng.random() < 0.02 else rng.randrange(3)
            arriving += [(number * FRAME_MS + delay_ms, packet) for packet in packets]
    for at_ms, packet in sorted(arriving):
        while (due_ms := ears.receiver.next_ms()) is not None and 0 < due_ms <= at_ms:
            ears.receiver.play(due_ms, ears.sink)
        ears.take([packet], at_ms)
    said = {marked(number) % 30000 for number in range(count)}
    assert len(said & {*ears.numbers()}) / count * 50 >= right
