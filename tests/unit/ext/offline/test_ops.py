"""Requests and answers of a mailbox: there and back, every bound, every damage, the wrong moment."""

import random

import pytest

from tests.support.parcels import damaged, noise, tries
from toxpy.errors import PacketError
from toxpy.ext.offline import ops
from toxpy.ext.offline.ops import Answers, Requests

RNG = random.Random(6)
ACCESS, OTHER, TOKEN = (RNG.randbytes(32) for _ in range(3))
BLOBS = {size: RNG.randbytes(size) for size in (256, 1024, 4096)}
PREFIXES = [RNG.randbytes(8) for _ in range(161)]
QUEUES = [RNG.randbytes(32) for _ in range(42)]
REQUESTS = {
    "hello": ops.hello(TOKEN),
    "put": ops.put(ACCESS, BLOBS[256])[0],
    "has": ops.has(PREFIXES[:10]),
    "get": ops.get(ACCESS),
    "ack": ops.ack(ACCESS, [1, 2, 0xFFFFFFFE]),
    "open": ops.open_queues(2977, QUEUES[:2]),
}
#: With what the client has asked.
ANSWERS = {
    "hello": (ops.hello_answer(0, 2**63, 86400, 100, 2**40), ops.HELLO, 0),
    "put": (ops.code_answer(ops.PUT, 6), ops.PUT, 0),
    "has": (ops.has_answer([True] * 10), ops.HAS, 10),
    "get": (ops.blob_answer(5, BLOBS[256])[0], ops.GET, 0),
    "end": (ops.end_answer(), ops.GET, 0),
    "ack": (ops.code_answer(ops.ACK, 4), ops.ACK, 0),
    "open": (ops.code_answer(ops.OPEN, 1), ops.OPEN, 0),
}


def same(request):
    """A request packed again."""
    return {
        ops.Hello: lambda r: ops.hello(r.token) if r.version == 1 else None,
        ops.Put: lambda r: ops.put(r.access, r.blob)[0],
        ops.Has: lambda r: ops.has(r.prefixes),
        ops.Get: lambda r: ops.get(r.access),
        ops.Ack: lambda r: ops.ack(r.access, r.numbers),
        ops.Open: lambda r: ops.open_queues(r.epoch, r.queues),
    }[type(request)](request)


def same_answer(answer):
    return {
        ops.HelloAnswer: lambda a: (
            ops.hello_answer(a.code, a.unix_s, a.ttl_s, a.per_queue, a.room_kib) if a.version == 1 else None
        ),
        ops.Code: lambda a: ops.code_answer(a.op, a.code),
        ops.Found: lambda a: ops.has_answer(a.found),
        ops.Blob: lambda a: ops.blob_answer(a.number, a.data)[0],
        ops.End: lambda a: ops.end_answer(),
    }[type(answer)](answer)


@pytest.mark.parametrize("packet", REQUESTS.values(), ids=REQUESTS)
def test_requests(packet):
    assert len(packet) <= 1373 and same(Requests().read(packet)) == packet
    inputs = [*damaged(packet), *(packet[:2] + more for more in noise(1, 500, 200)), *noise(2, 200, 1400)]
    for data, request in tries(lambda data: Requests().read(data), inputs):
        # a part of a longer message, a HELLO of another version, or just another request of the kind
        assert request is None or same(request) in (data, None)


@pytest.mark.parametrize(("packet", "op", "prefixes"), ANSWERS.values(), ids=ANSWERS)
def test_answers(packet, op, prefixes):
    def read(data):
        answers = Answers()
        answers.expect(op, prefixes)
        return answers.read(data)

    assert len(packet) <= 1373 and same_answer(read(packet)) == packet
    inputs = [*damaged(packet), *(packet[:2] + more for more in noise(1, 500, 200)), *noise(2, 200, 1400)]
    for data, answer in tries(read, inputs):
        assert answer is None or same_answer(answer) in (data, None)
    # nobody asked, or for something else
    for expected in ([], [op + 1], [op + 1, op]):
        answers = Answers()
        for other in expected:
            answers.expect(other)
        with pytest.raises(PacketError):
            answers.read(packet)


@pytest.mark.parametrize("size", BLOBS)
def test_messages_come_in_parts(size):
    requests, answers = Requests(), Answers()
    packets = ops.put(ACCESS, BLOBS[size])
    *first, last = [requests.read(packet) for packet in packets]
    assert first == [None] * (len(packets) - 1)
    assert (last.access, last.blob) == (ACCESS, BLOBS[size])
    assert max(map(len, packets)) <= 1373
    answers.expect(ops.GET)
    answers.expect(ops.ACK)
    for number in (3, 1, 0xFFFFFFFE):
        *first, last = [answers.read(packet) for packet in ops.blob_answer(number, BLOBS[size])]
        assert not any(first) and (last.number, last.data) == (number, BLOBS[size])
    assert isinstance(answers.read(ops.end_answer()), ops.End)
    assert answers.read(ops.code_answer(ops.ACK, 0)).code == ops.OK


def test_parts_that_are_not_the_next():
    one, two, three, four = ops.put(ACCESS, BLOBS[4096])
    other = ops.put(OTHER, BLOBS[4096])
    for row in (
        [two],
        [one, one],
        [one, three],
        [one, two, two],
        [one, other[1]],
        [one, ops.put(ACCESS, BLOBS[1024])[0]],
        # whole, and then its end again
        [one, two, three, four, four],
        *([one, packet] for packet in REQUESTS.values()),
    ):
        requests = Requests()
        for packet in row[:-1]:
            requests.read(packet)
        with pytest.raises(PacketError):
            requests.read(row[-1])
    for total in (0, 255, 257, 1025, 4097, 65535):
        with pytest.raises(PacketError):
            Requests().read(b"\xa8\x02" + ACCESS + total.to_bytes(2, "big") + bytes(2) + bytes(255))


def answered(*packets):
    answers = Answers()
    answers.expect(ops.GET)
    return [answers.read(packet) for packet in packets]


def test_a_mailbox_that_answers_get_without_end():
    blobs = [ops.blob_answer(number, BLOBS[256])[0] for number in range(101)]
    assert len(answered(*blobs[:100], ops.end_answer())) == 101
    part = ops.blob_answer(7, BLOBS[4096])
    for row in (
        blobs,
        [blobs[0], blobs[0]],
        [part[0], blobs[1]],
        [part[0], ops.end_answer()],
        [part[1]],
        [ops.end_answer(), ops.end_answer()],
        [ops.end_answer(), blobs[0]],
    ):
        with pytest.raises(PacketError):
            answered(*row)


def test_bounds():
    assert len(ops.has(PREFIXES[:160])) <= 1373 and len(ops.open_queues(1, QUEUES[:41])) <= 1373
    assert Requests().read(ops.has(PREFIXES[:160])).prefixes == PREFIXES[:160]
    assert Requests().read(ops.open_queues(2**32 - 1, QUEUES[:41])).queues == QUEUES[:41]
    assert len(Requests().read(ops.ack(ACCESS, range(255))).numbers) == 255
    for bad in (
        ops.has([]),
        ops.has(PREFIXES),
        ops.open_queues(1, []),
        ops.open_queues(1, QUEUES),
        ops.ack(ACCESS, []),
        b"\xa8\x07",
        b"\xa8\x81" + bytes(20),
        b"\xa7\x04" + ACCESS,
        b"\xa8",
    ):
        with pytest.raises(PacketError):
            Requests().read(bad)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 64, 160])
def test_bitmaps(count):
    found = [RNG.random() < 0.5 for _ in range(count)]
    answers = Answers()
    answers.expect(ops.HAS, count)
    assert answers.read(ops.has_answer(found)).found == found
    for wrong in (count - 1, count + 1):
        answers.expect(ops.HAS, count)
        with pytest.raises(PacketError):
            answers.read(ops.has_answer([False] * wrong))
        answers = Answers()
    if count % 8:
        answers.expect(ops.HAS, count)
        with pytest.raises(PacketError):
            answers.read(ops.has_answer([False] * count)[:-1] + b"\x80")


def test_other_versions_are_known_by_their_first_byte():
    request = Requests().read(b"\xa8\x01\x02" + bytes(100))
    assert request.version == 2
    answers = Answers()
    answers.expect(ops.HELLO)
    answer = answers.read(b"\xa8\x81\x02\x06" + bytes(100))
    assert (answer.version, answer.code) == (2, ops.BAD_VERSION)


def test_room_beyond_4_tib_is_the_largest_number():
    answers = Answers()
    answers.expect(ops.HELLO)
    assert answers.read(ops.hello_answer(0, 1, 2, 3, 2**40)).room_kib == 2**32 - 1
