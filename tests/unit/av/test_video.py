"""Pictures between a sender and a receiver, with codecs that show what was lost."""

import random
import tracemalloc
from threading import Event, Thread

import pytest

from toxpy.av import rtp
from toxpy.av.bandwidth import Bandwidth
from toxpy.av.pictures import END_MS, MIN_WAIT_MS
from toxpy.av.video import (
    FIRST_KEYS_MS,
    KEY_DISTANCE_MS,
    MAX_ERRORS,
    MAX_QUESTIONS,
    MAX_READY,
    MAX_SHOWN,
    MAX_WAITING,
    MIN_DECODER_AGE_MS,
    VideoReceiver,
    VideoSender,
)
from toxpy.media.codecs import load
from toxpy.media.formats import CodecError
from toxpy.runtime import Counters

CODECS = load(standin=True)
WIDTH, HEIGHT, DISTANCE_MS = 64, 48, 33


def planes(number, width=WIDTH, height=HEIGHT):
    """A picture that tells its number."""
    value, chroma = bytes([number & 0xFF]), (width // 2) * (height // 2)
    return value * (width * height), b"\x80" * chroma, b"\x40" * chroma


class Camera:
    """A sender of numbered pictures."""

    def __init__(self, bit_rate=1000, codecs=CODECS):
        self.sender, self.bit_rate = VideoSender(codecs, 0), bit_rate

    def send(self, number, now_ms=None, size=(WIDTH, HEIGHT)):
        now_ms = number * DISTANCE_MS if now_ms is None else now_ms
        return self.sender.send(*size, *planes(number, *size), self.bit_rate, now_ms)


class Eyes:
    """A receiver, and what was seen: (value of the first pixel, width, height)."""

    def __init__(self, codecs=CODECS):
        self.counters, self.bandwidth = Counters(), Bandwidth(0)
        self.receiver = VideoReceiver(codecs, self.counters, self.bandwidth)
        self.seen = []

    def sink(self, decoder):
        self.seen.append((decoder.planes()[0][0], decoder.width, decoder.height))

    def take(self, packets, now_ms):
        for packet in packets:
            self.receiver.take(packet, now_ms)
        self.receiver.play(now_ms, self.sink)

    def wait_until(self, now_ms):
        while (due_ms := self.receiver.next_ms()) is not None and due_ms <= now_ms:
            self.receiver.play(due_ms, self.sink)

    def values(self):
        return [row[0] for row in self.seen]


def is_key(packets):
    return bool(rtp.parse(packets[0], Counters()).flags & rtp.KEY_FRAME)


def test_what_is_shown_is_seen_at_once():
    camera, eyes = Camera(), Eyes()
    for number in range(60):
        eyes.take(camera.send(number), number * DISTANCE_MS)
        assert eyes.seen[-1] == (number, WIDTH, HEIGHT)
    assert len(eyes.seen) == 60
    assert not eyes.counters.values
    assert not eyes.receiver.is_damaged


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (161, 121), (640, 480)])
def test_every_size(size):
    camera, eyes = Camera(4000), Eyes()
    for number in range(3):
        eyes.take(camera.send(number, size=size), number)
    assert eyes.seen == [(number, *size) for number in range(3)]


def test_the_size_may_change():
    camera, eyes = Camera(), Eyes()
    sizes = [(64, 48), (32, 24), (64, 48)]
    for number, size in enumerate(sizes):
        packets = camera.send(number, size=size)
        assert is_key(packets)
        eyes.take(packets, number * MIN_DECODER_AGE_MS)
    assert eyes.seen == [(number, *size) for number, size in enumerate(sizes)]


def test_what_packets_say_of_themselves():
    sender = VideoSender(CODECS, 0x1234567800000100)
    sent = [sender.send(WIDTH, HEIGHT, *planes(1), 1000, now_ms)[0] for now_ms in (0, 33)]
    found = [rtp.parse(packet, Counters()) for packet in sent]
    assert [piece.sequence for piece in found] == [0, 1]
    assert [piece.stamp_ms for piece in found] == [0x100, 0x121]
    assert {packet[9:13] for packet in sent} == {bytes.fromhex("12345678")}
    assert [piece.flags for piece in found] == [3, 1]


def test_key_frames_at_the_beginning_and_when_asked_for():
    camera = Camera()
    found = [now_ms for now_ms in range(0, 3000, 10) if is_key(camera.send(1, now_ms))]
    assert found == [*FIRST_KEYS_MS]
    camera.sender.request_key_frame()
    assert is_key(camera.send(1, 3000))
    for _ in range(5):
        camera.sender.request_key_frame()
    found = [now_ms for now_ms in range(3010, 9000, 10) if is_key(camera.send(1, now_ms))]
    assert found == [3000 + KEY_DISTANCE_MS]


def test_a_report_asks_for_a_key_frame_and_lowers_the_rate():
    camera = Camera(1000)
    for now_ms in range(0, 3000, 33):
        camera.send(1, now_ms)
    camera.sender.on_report(500, 1000, 3000)
    assert is_key(camera.send(1, 3001))
    assert camera.sender.rate.kbit < 500


class Remembering(CODECS.VideoEncoder):
    """What encoders are told."""

    told = None

    def __init__(self, width, height, bit_rate):
        super().__init__(width, height, bit_rate)
        self.told.append((width, height, bit_rate))

    def set_bit_rate(self, kbit):
        super().set_bit_rate(kbit)
        self.told.append(kbit)


def test_what_the_encoder_is_told():
    codecs = load(standin=True)
    codecs.VideoEncoder, Remembering.told = Remembering, []
    camera = Camera(codecs=codecs)
    # small changes are not worth it
    for camera.bit_rate in (1000, 1000, 1050, 1051, 500):
        camera.send(1)
    camera.send(1, size=(32, 24))
    camera.sender.close()
    camera.send(1, size=(32, 24))
    assert Remembering.told == [(64, 48, 1000), 1051, 500, (32, 24, 500), (32, 24, 500)]


def test_a_picture_that_the_encoder_drops():
    codecs = load(standin=True)

    class Full(CODECS.VideoEncoder):
        def encode(self, *planes, key_frame, **more):
            return super().encode(*planes, key_frame=key_frame, **more) if key_frame else None

    codecs.VideoEncoder = Full
    camera, eyes = Camera(codecs=codecs), Eyes()
    assert camera.send(0)
    assert camera.send(1) == []
    camera.sender.request_key_frame()
    for packets in (camera.send(0, 0), camera.send(2, 5000)):
        eyes.take(packets, 0)
    # no gap in the sequence
    assert not eyes.receiver.is_damaged


def test_wrong_pictures_are_refused():
    camera = Camera()
    for size in ((0, 48), (64, 5000)):
        with pytest.raises(CodecError):
            camera.sender.send(*size, *planes(1), 1000, 0)
    with pytest.raises(CodecError):
        camera.sender.send(64, 48, b"", b"", b"", 1000, 0)
    assert camera.send(0)


def test_of_a_broken_picture_the_beginning_is_shown():
    camera, eyes = Camera(9000), Eyes()
    size = (160, 120)
    eyes.take(camera.send(0, size=size), 0)
    packets = camera.send(7, size=size)
    assert len(packets) > 4
    eyes.take(packets[:1] + packets[2:], 33)
    eyes.wait_until(33 + END_MS + MIN_WAIT_MS)
    assert eyes.values() == [0, 7]
    assert eyes.receiver.is_damaged


def test_without_its_first_piece_a_picture_is_worth_nothing():
    camera, eyes = Camera(9000), Eyes()
    size = (160, 120)
    eyes.take(camera.send(0, size=size), 0)
    eyes.take(camera.send(7, size=size)[1:], 33)
    eyes.wait_until(200)
    assert eyes.values() == [0]
    assert eyes.receiver.is_damaged


def test_a_first_partition_with_a_hole_is_not_given_to_the_decoder():
    camera, eyes = Camera(9000), Eyes()
    eyes.take(camera.send(0), 0)
    # a tag that says that the first partition has 3000 bytes
    frame = (3000 << 5 | 1 << 4 | 1).to_bytes(3, "little") + bytes(5000)
    eyes.take(rtp.pieces(rtp.VIDEO, 1, 33, 0, frame)[:2], 33)
    eyes.wait_until(200)
    assert eyes.counters.values == {"drop.picture_broken": 1}


def test_broken_key_frames():
    camera, eyes = Camera(9000), Eyes()
    size = (160, 120)
    # better than nothing
    eyes.take(camera.send(3, now_ms=0, size=size)[:-1], 0)
    eyes.wait_until(100)
    assert eyes.values() == [3]
    assert eyes.receiver.is_damaged
    # what is shown is better
    camera.sender.request_key_frame()
    packets = camera.send(5, now_ms=5000, size=size)
    assert is_key(packets)
    eyes.take(packets[:-1], 5000)
    eyes.wait_until(5100)
    assert eyes.values() == [3]
    assert eyes.counters.values == {"drop.picture_broken": 1}
    # another size: the old picture is of no use
    packets = camera.send(9, now_ms=9000, size=(128, 96))
    eyes.take(packets[:-1], 9000)
    eyes.wait_until(9100)
    assert eyes.seen[-1] == (9, 128, 96)
    # whole again
    camera.sender.request_key_frame()
    eyes.take(camera.send(11, now_ms=12_000, size=(128, 96)), 12_000)
    assert eyes.values()[-1] == 11
    assert not eyes.receiver.is_damaged


def holed(frame, number, *missing):
    """The packets of a picture without some of its pieces."""
    packets = rtp.pieces(rtp.VIDEO, number, number * DISTANCE_MS, 0, frame, key_frame=not frame[0] & 1)
    return [packet for piece, packet in enumerate(packets) if piece not in missing]


def test_a_first_key_frame_with_a_hole_in_its_first_partition_is_better_than_nothing():
    """At much loss no key frame of c-toxcore's size comes whole: it begins with what there is."""
    decoded = []

    class Noting(CODECS.VideoDecoder):
        def decode(self, frame):
            decoded.append(frame)
            return True

        def planes(self):
            return b"x", b"x", b"x"

    codecs = load(standin=True)
    codecs.VideoDecoder = Noting
    eyes = Eyes(codecs)
    first = (3000 << 5 | 1 << 4).to_bytes(3, "little")
    frame = first + b"\x9d\x01\x2a\x40\0\x30\0" + b"\1" * 5000
    size = rtp.MAX_PIECE_SIZE
    # the second piece is missing: zeros; no other picture of that kind
    for number in (0, 1):
        eyes.take(holed(frame, number, 1), number * 1000)
        eyes.wait_until(number * 1000 + 100)
        assert decoded == [frame[:size] + bytes(size) + frame[2 * size :]]
    # one whose first partition is whole is better than that; after it another one is not
    for number in (2, 3):
        eyes.take(holed(frame, number, 3), number * 1000)
        eyes.wait_until(number * 1000 + 100)
        assert decoded[1:] == [frame[: 3 * size]]
    assert eyes.receiver.is_damaged
    eyes.take(holed(frame, 4), 4000)
    assert decoded[2:] == [frame]
    assert not eyes.receiver.is_damaged


def test_a_first_key_frame_with_any_hole_has_zeros_there():
    """A decoder begins with a whole one only. It is shown at once, and what follows it with it."""
    decoded = []

    class Noting(CODECS.VideoDecoder):
        def decode(self, frame):
            decoded.append(frame)
            return True

        def planes(self):
            return b"x", b"x", b"x"

    codecs = load(standin=True)
    codecs.VideoDecoder = Noting
    eyes = Eyes(codecs)
    size = rtp.MAX_PIECE_SIZE
    key = (100 << 5 | 1 << 4).to_bytes(3, "little") + b"\x9d\x01\x2a\x40\0\x30\0" + b"\1" * 5000
    inter = (100 << 5 | 1 << 4 | 1).to_bytes(3, "little") + b"\1" * 5000
    for number, frame in enumerate((key, inter)):
        eyes.take(holed(frame, number, 2), number * 1000)
        eyes.wait_until(number * 1000 + 100)
    assert decoded == [key[: 2 * size] + bytes(size) + key[3 * size :], inter[: 2 * size]]
    assert eyes.receiver.is_damaged


def test_pictures_before_the_first_key_frame():
    camera, eyes = Camera(), Eyes()
    camera.send(0)
    eyes.take(camera.send(1), 33)
    assert eyes.seen == []
    assert eyes.receiver.is_damaged
    eyes.take(camera.send(2, FIRST_KEYS_MS[1]), FIRST_KEYS_MS[1])
    assert eyes.values() == [2]


@pytest.mark.parametrize(
    "frame",
    [
        b"\x11",
        b"\x10\x02\0\x9d\x01\x2a",
        b"\x10\x02\0\x9d\x01\x2b\x40\0\x30\0x",
        # 16383x16383 pixels in a few bytes
        b"\x10\x02\0\x9d\x01\x2a\xff\x3f\xff\x3f" + bytes(90),
        bytes(100),
    ],
)
def test_damaged_pictures_are_dropped(frame):
    camera, eyes = Camera(), Eyes()
    eyes.take(rtp.pieces(rtp.VIDEO, 0, 0, 0, frame), 0)
    assert eyes.seen == []
    assert eyes.counters.values == {"drop.picture_codec": 1}
    camera.send(0)
    camera.sender.request_key_frame()
    eyes.take(camera.send(1, 5000), 5000)
    assert eyes.values() == [1]


def test_a_picture_without_its_first_partition_is_no_matter_for_the_decoder():
    eyes = Eyes()
    for number, frame in enumerate((b"\xff" * 100, b"\xf0\xff\xff\x9d\x01\x2a\x40\0\x30\0" + bytes(99))):
        eyes.take(rtp.pieces(rtp.VIDEO, number, number, 0, frame), number)
    assert eyes.counters.values == {"drop.picture_broken": 2}
    assert eyes.receiver.is_damaged


def key_frame(width, height):
    """A picture that claims that size, of few bytes."""
    return b"\x30\0\0\x9d\x01\x2a" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + b"\x40" * 40


class Costly(CODECS.VideoDecoder):
    """Notes the sizes for which it would take memory."""

    sizes = None
    fails = False

    def decode(self, frame):
        self.sizes.append(frame[6] | frame[7] << 8)
        if self.fails:
            raise CodecError("damaged")
        return True

    def planes(self):
        return b"x", b"x", b"x"


@pytest.mark.parametrize("fails", [False, True])
def test_new_decoders_are_rare(fails):
    codecs = load(standin=True)
    codecs.VideoDecoder, Costly.sizes, Costly.fails = Costly, [], fails
    eyes = Eyes(codecs)
    for number in range(1000):
        # another size each time, or the same one that fails
        width = 4096 if fails else 4090 + number % 2
        eyes.take(rtp.pieces(rtp.VIDEO, number, number, 0, key_frame(width, 2160)), number)
    renewed = [b for a, b in zip([0, *Costly.sizes], Costly.sizes, strict=False) if a != b or fails]
    assert 5 <= len(renewed) <= 1000 // MIN_DECODER_AGE_MS
    assert eyes.counters.values["drop.picture_decoder"] > 400


def test_one_call_of_play_does_so_much_and_no_more():
    codecs = load(standin=True)
    codecs.VideoDecoder, Costly.sizes, Costly.fails = Costly, [], False
    eyes, shown = Eyes(codecs), []
    for number in range(50):
        for packet in rtp.pieces(rtp.VIDEO, number, number, 0, key_frame(4096, 2160)):
            eyes.receiver.take(packet, 0)
    turns = 0
    while eyes.receiver.next_ms() is not None:
        before = len(Costly.sizes)
        eyes.receiver.play(0, shown.append)
        turns += 1
        assert 1 <= len(Costly.sizes) - before <= 3
    assert (len(Costly.sizes), turns, len(shown)) == (50, 17, MAX_SHOWN)


def test_a_machine_that_is_too_slow_leaves_pictures_out():
    codecs = load(standin=True)
    codecs.VideoDecoder, Costly.sizes, Costly.fails = Costly, [], False
    eyes = Eyes(codecs)
    for number in range(MAX_READY + 10):
        for packet in rtp.pieces(rtp.VIDEO, number, number, 0, key_frame(4096, 2160)):
            eyes.receiver.take(packet, 0)
    eyes.receiver.play(0, eyes.sink)
    assert eyes.counters.values == {"drop.picture_ready": 1}
    assert eyes.receiver.is_damaged
    assert eyes.receiver.next_ms() is None
    for packet in rtp.pieces(rtp.VIDEO, MAX_READY + 10, 99, 0, key_frame(4096, 2160)):
        eyes.receiver.take(packet, 1)
    seen = []
    eyes.receiver.play(1, seen.append)
    assert len(seen) == 1
    assert not eyes.receiver.is_damaged


def test_a_decoder_that_fails_all_the_time_is_replaced():
    codecs, made = load(standin=True), []

    class Broken(CODECS.VideoDecoder):
        def __init__(self):
            super().__init__()
            made.append(self)

        def decode(self, frame):
            if len(made) > 1:
                return super().decode(frame)
            raise CodecError("broken")

    codecs.VideoDecoder = Broken
    camera, eyes = Camera(), Eyes(codecs)
    for number in range(MAX_ERRORS):
        eyes.take(camera.send(number, 0), 0)
    assert (len(made), eyes.seen) == (1, [])
    camera.sender.request_key_frame()
    eyes.take(camera.send(99, 9000), 9000)
    assert (len(made), eyes.values()) == (2, [99])


def test_when_many_have_piled_up_only_the_newest_are_shown():
    camera, eyes = Camera(), Eyes()
    for number in range(20):
        for packet in camera.send(number):
            eyes.receiver.take(packet, number * DISTANCE_MS)
    eyes.receiver.play(700, eyes.sink)
    assert eyes.values() == [*range(20 - MAX_SHOWN, 20)]
    # all were decoded
    assert not eyes.receiver.is_damaged


def test_nobody_plays():
    eyes, size = Eyes(), rtp.MAX_PIECE_SIZE
    packet = rtp.pieces(rtp.VIDEO, 0, 0, 0, bytes(size))[0][:-size]
    tracemalloc.start()
    try:
        for _ in range(MAX_WAITING + 500):
            eyes.receiver.take(packet + bytes(size), 0)
        assert tracemalloc.get_traced_memory()[1] < 3_200_000
    finally:
        tracemalloc.stop()
    assert eyes.counters.values["drop.video_waiting"] == 500


def test_what_was_lost_is_counted():
    camera, eyes = Camera(9000), Eyes()
    size = (160, 120)
    for number in range(40):
        packets = camera.send(number, size=size)
        eyes.take(packets if number != 20 else packets[1:], number * DISTANCE_MS)
    report = eyes.bandwidth.report(2000)
    assert int.from_bytes(report[1:5], "big") == rtp.MAX_PIECE_SIZE


def test_a_call_may_end_while_it_is_seen():
    camera, eyes = Camera(), Eyes()
    for number in range(4):
        for packet in camera.send(number):
            eyes.receiver.take(packet, 0)

    def sink(decoder):
        eyes.sink(decoder)
        eyes.receiver.close()
        # the picture is still there
        assert decoder.planes()[0][0] == 0

    eyes.receiver.play(0, sink)
    eyes.receiver.play(0, sink)
    assert eyes.values() == [0]


def test_a_program_may_play_in_the_midst_of_it():
    camera, eyes = Camera(), Eyes()
    for number in range(3):
        for packet in camera.send(number):
            eyes.receiver.take(packet, 0)

    def sink(decoder):
        before = decoder.planes()[0][0]
        eyes.receiver.play(0, sink)
        assert eyes.receiver.next_ms() == 0
        assert decoder.planes()[0][0] == before
        eyes.sink(decoder)

    eyes.receiver.play(0, sink)
    assert eyes.values() == [0, 1, 2]


def test_two_threads_do_not_play_at_once():
    camera, eyes = Camera(), Eyes()
    inside, go_on = Event(), Event()
    for packet in camera.send(0):
        eyes.receiver.take(packet, 0)

    def sink(decoder):
        inside.set()
        assert go_on.wait(5)
        eyes.sink(decoder)

    player = Thread(target=eyes.receiver.play, args=(0, sink))
    player.start()
    assert inside.wait(5)
    # returns at once
    eyes.receiver.play(0, sink)
    go_on.set()
    player.join()
    assert eyes.values() == [0]


def test_damaged_packets_do_no_harm():
    """Any bytes from the friend: nothing is raised, and a good key frame is seen after it all."""
    rng, camera, eyes = random.Random(2), Camera(9000), Eyes()
    size = (96, 72)
    for number in range(200):
        for packet in camera.send(number, size=size):
            damaged = bytearray(packet)
            for _ in range(rng.randrange(3)):
                damaged[rng.randrange(1, len(damaged))] = rng.randrange(256)
            eyes.receiver.take(
                bytes(damaged[: rng.choice((len(damaged), rng.randrange(1, len(damaged) + 1)))]), 0
            )
        eyes.receiver.play(number * DISTANCE_MS, eyes.sink)
    camera.sender.request_key_frame()
    eyes.take(camera.send(200, 10**6, size), 10**6)
    eyes.wait_until(10**6 + 1000)
    assert eyes.seen[-1] == (200, *size)


def test_what_is_asked_of_a_friend_of_ours():
    camera, eyes = Camera(9000), Eyes()
    size = (160, 120)
    eyes.take(camera.send(0, size=size), 0)
    packets = camera.send(1, size=size)
    eyes.take([packets[0], *packets[2:]], 33)
    eyes.receiver.play(60, eyes.sink)
    # others would not understand it
    assert eyes.receiver.questions() == []
    eyes.wait_until(200)
    eyes.receiver.ask(40)
    packets = camera.send(2, size=size)
    eyes.take([packets[0], *packets[2:]], 200)
    assert eyes.receiver.next_ms() == 205
    eyes.receiver.play(205, eyes.sink)
    assert eyes.receiver.missed() == 1
    # a key frame too, for picture 1 was shown with a hole
    piece = b"\xc5" + (2).to_bytes(2, "big") + (1).to_bytes(2, "big")
    assert eyes.receiver.questions() == [b"\xc6", piece, piece]
    assert eyes.receiver.questions() == []
    eyes.take([packets[1]], 250)
    assert eyes.values() == [0, 1, 2]
    # again and again, but not at once
    asked = []
    for now_ms in range(250, 1200, 10):
        eyes.receiver.play(now_ms, eyes.sink)
        asked += [now_ms] * len(eyes.receiver.questions())
    assert asked == [500, 800, 1100]
    camera.sender.request_key_frame(soon=True)
    eyes.take(camera.send(3, 5000, size), 5000)
    eyes.receiver.play(9000, eyes.sink)
    assert eyes.receiver.questions() == []


def test_questions_that_nobody_fetches():
    eyes = Eyes()
    eyes.receiver.ask(40)
    eyes.take(rtp.pieces(rtp.VIDEO, 0, 0, 0, bytes(100)), 0)
    for now_ms in range(0, 90_000, 100):
        eyes.receiver.play(now_ms, eyes.sink)
    assert len(eyes.receiver.questions()) <= MAX_QUESTIONS + 1


def test_key_frames_begin_anew_with_the_encoder():
    camera = Camera()
    for now_ms in range(0, 2000, 100):
        camera.send(1, now_ms)
    camera.sender.close()
    found = [now_ms for now_ms in range(5000, 8000, 10) if is_key(camera.send(1, now_ms))]
    assert found == [5000 + after_ms for after_ms in FIRST_KEYS_MS]
