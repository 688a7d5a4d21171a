"""The simulated mailboxes of the tests: they do what a mailbox does, late and lossy."""

import struct
from types import SimpleNamespace

import pytest

from tests.support.bad_mailboxes import BAD, Endless, Garbage, Liar, Replays, Unasked, WrongClock
from tests.support.offline_posts import DiskPost, MemoryPost
from tests.support.offline_world import (
    ACK,
    GET,
    HAS,
    HELLO,
    KIND,
    PART,
    PUT,
    FakeLinks,
    PlainMailbox,
    PostNet,
    Runner,
    queue_of,
    runtime,
)
from tests.support.universe import Universe
from toxpy.errors import PacketError
from toxpy.ext.offline import ops

MAILBOX = SimpleNamespace(real_pk=b"M" * 32)
ACCESS = b"A" * 32
BLOB = bytes(range(256)) * 16
END = struct.pack(">IHH", 0xFFFFFFFF, 0, 0)


class Client:
    """Asks by bytes."""

    def __init__(self, universe, net, name="client"):
        self.universe = universe
        rt = runtime(universe, name)
        universe.add(Runner(rt), Runner(rt))
        self.links = FakeLinks(net, rt, name)
        self.got, self.up, self.reason = [], False, None
        self.link = self.links.open(MAILBOX, self)

    def on_up(self):
        self.up = True

    def on_packet(self, data):
        self.got.append(data)

    def on_down(self, reason):
        self.reason = reason

    def ask(self, op, body, answers=1):
        """The bodies of the next answers."""
        assert self.universe.run_until(lambda: self.up, 1000)
        assert self.link.send(bytes((KIND, op)) + body)
        assert self.universe.run_until(lambda: len(self.got) >= answers, 60_000), self.got
        came, self.got = self.got[:answers], self.got[answers:]
        assert {tuple(data[:2]) for data in came} == {(KIND, op | 0x80)}
        return [data[2:] for data in came]

    def put(self, blob):
        """Have a blob stored."""
        assert self.universe.run_until(lambda: self.up, 1000)
        head = struct.pack(">H", len(blob))
        for at in range(0, len(blob), PART):
            body = ACCESS + head + struct.pack(">H", at) + blob[at : at + PART]
            assert self.link.send(bytes((KIND, PUT)) + body)
        assert self.universe.run_until(lambda: self.got, 60_000)
        return self.got.pop()


def start(kind=PlainMailbox, **network):
    """A universe, its post, a mailbox."""
    universe = Universe(3)
    net = PostNet(3, **network)
    rt = runtime(universe, "mailbox")
    mailbox = kind(rt)
    runner = Runner(rt, getattr(mailbox, "begin_pass", lambda: None))
    universe.add(runner, runner)
    net.add(MAILBOX.real_pk, mailbox)
    return universe, net, mailbox


@pytest.mark.parametrize("loss", [0.0, 0.3])
def test_a_blob_is_put_found_given_and_deleted(loss):
    universe, net, mailbox = start(loss=loss)
    client = Client(universe, net)
    hello = struct.unpack(">BBQIHI", client.ask(HELLO, b"\1" + bytes(32))[0])
    assert hello == (1, 0, mailbox.now_s(), 86400, 100, 1024)
    assert client.put(BLOB) == bytes((KIND, 0x82, 0))
    other = Client(universe, net, "other")
    prefixes = [bytes(8), queue_of(ACCESS)[:8]]
    assert other.ask(HAS, bytes((2,)) + b"".join(prefixes)) == [bytes((2, 2))]
    *came, end = other.ask(GET, ACCESS, 5)
    assert b"".join(part[8:] for part in came) == BLOB
    assert end == END
    assert other.ask(GET, bytes(32)) == [END]
    assert other.ask(ACK, ACCESS + bytes((1,)) + came[0][:4]) == [b"\0"]
    assert other.ask(GET, ACCESS) == [END]
    assert mailbox.blobs() == []
    assert net.traffic["other"].bytes > len(BLOB)
    other.link.close()
    assert not other.link.send(b"x")


def test_what_was_kept_for_a_day_is_gone():
    universe, net, mailbox = start()
    client = Client(universe, net)
    client.put(BLOB)
    assert mailbox.blobs() == [BLOB]
    universe.clock.now_ms += 86_405_000
    assert mailbox.blobs() == []


def test_sessions_end_with_either_side_and_when_they_are_cut():
    universe, net, mailbox = start()
    client = Client(universe, net)
    assert universe.run_until(lambda: client.up, 1000)
    net.remove(MAILBOX.real_pk)
    gone_ms = universe.clock.now_ms
    assert universe.run_until(lambda: client.reason == "timed out", 40_000)
    assert universe.clock.now_ms - gone_ms == 32_000
    client = Client(universe, net, "nobody there")
    assert universe.run_until(lambda: client.reason == "no answer", 25_000)
    net.add(MAILBOX.real_pk, mailbox)
    client = Client(universe, net, "cut")
    assert universe.run_until(lambda: client.up, 1000)
    net.cuts = 1.0
    assert client.link.send(bytes((KIND, HELLO, 1)) + bytes(32))
    assert universe.run_until(lambda: client.reason == "timed out", 40_000)
    assert client.got == []
    assert not net.sessions


@pytest.mark.parametrize("kind", BAD, ids=lambda kind: kind.__name__)
def test_no_bad_mailbox_behaves(kind):
    """Each of them breaks the row of a good one in some place."""
    universe, net, mailbox = start(kind)
    client = Client(universe, net)
    assert universe.run_until(lambda: client.up, 1000)
    # as a good client does, without a look at the answers
    requests = [(HELLO, b"\1" + bytes(32))]
    requests += [(PUT, ACCESS + struct.pack(">HH", 256, 0) + BLOB[:256])] * 2
    requests += [(HAS, bytes((1,)) + bytes(8)), (GET, ACCESS)]
    requests += [(ACK, ACCESS + bytes((1,)) + bytes(4)), (GET, ACCESS)]
    for op, body in requests:
        client.link.send(bytes((KIND, op)) + body)
        universe.run_for(1000)
    parts = [struct.pack(">IHH", number, 256, 0) + BLOB[:256] for number in (0, 1)]
    answers = [data[:4] + data[12:] if data[1:2] == b"\x81" else data for data in client.got]
    good = [(HELLO, struct.pack(">BBIHI", 1, 0, 86400, 100, 1024))]
    good += [(PUT, b"\0")] * 2
    good += [(HAS, b"\1\0"), (GET, parts[0]), (GET, parts[1]), (GET, END), (ACK, b"\0")]
    good += [(GET, parts[1]), (GET, END)]
    expected = [bytes((KIND, op | 0x80)) + body for op, body in good]
    if kind is PlainMailbox:
        assert answers == expected
    elif kind is WrongClock:
        assert abs(struct.unpack_from(">Q", client.got[0], 4)[0] - mailbox.now_s()) > 10**9
    else:
        assert answers != expected


def speak(kind):
    """What a client that reads with `ops` makes of all answers; it leaves when something does not fit."""
    universe, net, _ = start(kind)
    client = Client(universe, net)
    assert universe.run_until(lambda: client.up, 1000)
    answers, read = ops.Answers(), []
    requests = [([ops.hello(bytes(32))], ops.HELLO, 0), (ops.put(ACCESS, BLOB), ops.PUT, 0)]
    requests += [([ops.has([queue_of(ACCESS)[:8], bytes(8)])], ops.HAS, 2), ([ops.get(ACCESS)], ops.GET, 0)]
    requests += [([], ops.ACK, 0), ([ops.get(ACCESS)], ops.GET, 0)]
    for packets, op, count in requests:
        answers.expect(op, count)
        if op == ops.ACK:
            numbers = [answer.number for answer in read if isinstance(answer, ops.Blob)]
            packets = [ops.ack(ACCESS, numbers or [0])]
        for packet in packets:
            client.link.send(packet)
        end_ms = universe.clock.now_ms + 4_000
        client.links.rt.timers.call_at(end_ms, lambda: None)
        while universe.clock.now_ms < end_ms:
            universe.run_until(lambda: client.got, end_ms - universe.clock.now_ms)
            while client.got:
                answer = answers.read(client.got.pop(0))
                if answer is not None:
                    read.append(answer)
    return read


def test_the_parsers_read_what_a_good_one_says():
    """Both were written by the description of the bytes alone."""
    hello, put, found, blob, end, ack, last = speak(PlainMailbox)
    assert (hello.code, hello.ttl_s, hello.room_kib) == (0, 86400, 1024)
    assert (put.code, ack.code) == (0, 0)
    assert found.found == [True, False]
    assert (blob.number, blob.data) == (0, BLOB)
    assert isinstance(end, ops.End)
    assert isinstance(last, ops.End)


@pytest.mark.parametrize("kind", BAD, ids=lambda kind: kind.__name__)
def test_the_parsers_refuse_what_cannot_be_an_answer(kind):
    """What a bad one says is read, or is a PacketError, and never anything else."""
    try:
        read = speak(kind)
    except PacketError:
        return
    assert kind not in (Endless, Garbage, Liar, Replays, Unasked)
    assert len(read) <= 8


def test_the_row_of_a_good_one():
    """What `test_no_bad_mailbox_behaves` compares with."""
    test_no_bad_mailbox_behaves(PlainMailbox)


@pytest.mark.parametrize("where", ["memory", "disk"])
def test_the_real_mailbox_says_the_same(where, tmp_path):
    def make(rt):
        post = MemoryPost(rt) if where == "memory" else DiskPost(rt, tmp_path / "mailbox.sqlite")
        posts.append(post)
        return post

    posts = []
    _, put, found, blob, end, ack, last = speak(make)
    assert (put.code, ack.code) == (0, 0)
    assert found.found == [True, False]
    assert blob.data == BLOB
    assert isinstance(end, ops.End)
    assert isinstance(last, ops.End)
    posts[0].close()
