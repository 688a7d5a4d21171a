"""The server's protocol over a channel in memory: answers, limits, clients that go too far."""

import pytest

from tests.support.mailboxes import ACCESS, MemoryChannel, MemoryMailbox
from toxpy.ext.mailbox import limits, server, session
from toxpy.ext.mailbox.keeping import KEPT_S
from toxpy.ext.offline import ops
from toxpy.ext.offline.keys import queue_of

OTHER = bytes(reversed(ACCESS))
TOKEN = bytes(range(100, 132))
#: Of the internet, in one /24, in another, and in two /64 of IPv6.
HERE, NEIGHBOUR, FAR = ((bytes((20, 0, 0, 1)), 1), (bytes((20, 0, 0, 200)), 2), (bytes((20, 0, 9, 1)), 3))
SIX, SIX_TOO, SIX_FAR = (
    (bytes((0x20, 1, 0, 0, 0, 0, 0, n)) + bytes(7) + bytes((m,)), 1) for n, m in ((1, 1), (1, 2), (2, 1))
)


@pytest.fixture
def box():
    return MemoryMailbox()


def blob(size=256, fill=1):
    return bytes((fill,)) * size


def test_hello_says_what_there_is(box):
    client = box.client()
    answer = client.ask(ops.HELLO, ops.hello(bytes(32)))
    assert (answer.version, answer.code) == (ops.VERSION, ops.OK)
    assert (answer.unix_s, answer.ttl_s, answer.per_queue) == (box.rt.clock.unix_s(), KEPT_S, 100)
    # a tenth is for strangers
    assert answer.room_kib == box.store.stats.capacity_bytes // 10 // 1024
    box.store.add_member(TOKEN, lambda _number: None)
    assert box.client().ask(ops.HELLO, ops.hello(TOKEN)).room_kib == box.store.stats.capacity_bytes // 1024
    wrong = box.client()
    assert wrong.ask(ops.HELLO, ops.hello(OTHER)).code == ops.REFUSED
    # it goes on as a stranger
    assert wrong.put(ACCESS, blob()) == ops.OK


@pytest.mark.parametrize("size", [256, 1024, 4096])
def test_put_has_get_ack(box, size):
    client = box.client().greet()
    blobs = [blob(size, fill) for fill in range(1, 8)]
    assert [client.put(ACCESS, each) for each in blobs] == [ops.OK] * 7
    prefixes = [queue_of(OTHER)[:8], queue_of(ACCESS)[:8], bytes(8)]
    assert client.has(prefixes) == [False, True, False]
    reader = box.client().greet()
    got = reader.get(ACCESS)
    assert [data for _number, data in got] == blobs
    assert reader.get(OTHER) == []
    numbers = [number for number, _data in got]
    assert len(set(numbers)) == 7
    # another's queue does not have them
    assert reader.ack(OTHER, numbers) == ops.OK
    assert reader.ack(ACCESS, numbers[:3]) == ops.OK
    assert [data for _number, data in reader.get(ACCESS)] == blobs[3:]
    assert reader.ack(ACCESS, numbers) == ops.OK
    assert reader.has(prefixes) == [False, False, False]


def test_a_full_queue(box):
    member = box.member()
    assert [member.put(ACCESS, blob()) for _ in range(101)] == [ops.OK] * 100 + [ops.QUEUE_FULL]
    assert len(member.get(ACCESS)) == 100


def test_a_message_of_another_size_ends_the_session(box):
    client = box.client().greet()
    client.channel.receive(bytes((ops.PACKET_MAILBOX, ops.PUT)) + ACCESS + b"\x02\x00\x00\x00" + bytes(512))
    assert client.channel.closed


def test_only_members_open_queues(box):
    queues = [bytes((i,)) * 32 for i in range(ops.OPEN_QUEUES)]
    assert box.client().greet().open_queues(0, queues) == ops.REFUSED
    member = box.member()
    assert member.open_queues(0, queues) == ops.OK
    assert box.store.stats.open_queues == ops.OPEN_QUEUES


def test_requests_sent_together_are_answered_in_order(box):
    client = box.client()
    puts = [packet for fill in range(4) for packet in ops.put(ACCESS, blob(4096, fill + 1))]
    for op, packets, prefixes in (
        (ops.HELLO, [ops.hello(bytes(32))], 0),
        *((ops.PUT, puts[4 * i : 4 * i + 4], 0) for i in range(4)),
        (ops.HAS, [ops.has([queue_of(ACCESS)[:8]])], 1),
        (ops.GET, [ops.get(ACCESS)], 0),
        (ops.ACK, [ops.ack(ACCESS, [1])], 0),
    ):
        client.send(op, *packets, prefixes=prefixes)
    kinds = [type(answer) for answer in client.take()]
    assert kinds == [ops.HelloAnswer, *[ops.Code] * 4, ops.Found, *[ops.Blob] * 4, ops.End, ops.Code]


# whoever goes too far


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\xa8",
        b"\xa8\x00",
        b"\xa8\x07",
        b"\xa8\x81" + bytes(33),
        b"\xa7" + ops.hello(bytes(32))[1:],
        ops.hello(bytes(32)) + b"\0",
        ops.hello(bytes(32))[:-1],
        ops.get(ACCESS) + b"\0",
        bytes((ops.PACKET_MAILBOX, ops.HAS, 161)) + bytes(8 * 161),
        bytes((ops.PACKET_MAILBOX, ops.ACK)) + ACCESS + b"\x02" + bytes(4),
        # a part that is not the next one
        ops.put(ACCESS, blob(4096))[1],
    ],
)
@pytest.mark.parametrize("greeted", [False, True])
def test_what_makes_no_sense_ends_the_session(box, packet, greeted):
    client = box.client()
    if greeted:
        client.greet()
    client.channel.receive(packet)
    assert client.channel.closed and len(box.server) == 0
    # what was under way comes to nothing
    client.channel.receive(ops.hello(bytes(32)))
    assert box.rt.counters.values["drop.mailbox_request"] == 1


@pytest.mark.parametrize("request_", [ops.has([bytes(8)]), ops.get(ACCESS), ops.ack(ACCESS, [1])])
def test_hello_comes_first_and_once(box, request_):
    client = box.client()
    client.channel.receive(request_)
    assert client.channel.closed and client.channel.sent == []
    client = box.client().greet()
    client.channel.receive(ops.hello(bytes(32)))
    assert client.channel.closed


def test_another_version_is_answered_and_nothing_more(box):
    client = box.client()
    other = bytes((ops.PACKET_MAILBOX, ops.HELLO, 9)) + b"who knows"
    client.channel.receive(other)
    assert client.channel.sent == [ops.hello_answer(ops.BAD_VERSION, box.rt.clock.unix_s(), KEPT_S, 100, 102)]
    # it may know ours as well
    client.channel.receive(ops.hello(bytes(32)))
    assert len(client.channel.sent) == 2
    client = box.client()
    client.channel.receive(other)
    client.channel.receive(ops.get(ACCESS))
    assert client.channel.closed


def test_strangers_put_so_many_in_a_minute_from_one_network(box):
    def codes(source, count):
        client = box.client(source).greet()
        return [client.put(ACCESS if i % 2 else OTHER, blob()) for i in range(count)]

    assert codes(HERE, 20) == [ops.OK] * 20
    # another session, and another address of the network
    assert codes(NEIGHBOUR, 15) == [ops.OK] * 10 + [ops.TOO_FAST] * 5
    assert codes(FAR, 3) == [ops.OK] * 3
    assert codes(SIX, 20) + codes(SIX_TOO, 12) == [ops.OK] * 30 + [ops.TOO_FAST] * 2
    assert codes(SIX_FAR, 1) == [ops.OK]
    # a member may
    member = box.member(HERE)
    assert member.put(ACCESS, blob()) == ops.OK
    box.clock.now_ms += 10_000
    assert codes(HERE, 7) == [ops.OK] * 5 + [ops.TOO_FAST] * 2
    assert box.rt.counters.values["drop.mailbox_too_fast"] == 9


def test_strangers_put_so_much_in_a_day_from_one_network():
    share, now_ms = limits.Share(1, 0), 0
    took = 0
    for _ in range(4000):
        now_ms += 2_000
        if share.has(4096, now_ms):
            share.spend(4096)
            took += 1
    # 8000 s are a tenth of a day
    assert 1 <= took - limits.BYTES_PER_DAY // 4096 <= 200


def test_who_has_no_network_has_a_share_of_its_own_and_one_with_all_others(box, monkeypatch):
    assert limits.network_of((bytes((127, 0, 0, 1)), 1)) == limits.network_of(None) == b""
    clients = [box.client(source).greet() for source in (None, (bytes((192, 168, 1, 1)), 1))]
    for client in clients:
        assert [client.put(ACCESS, blob()) for _ in range(31)] == [ops.OK] * 30 + [ops.TOO_FAST]
    codes = []
    for _ in range(limits.HIDDEN_SHARE):
        client = box.client().greet()
        codes += [client.put(OTHER, blob()) for _ in range(30)]
    allowed = limits.HIDDEN_SHARE * limits.PUTS_PER_MINUTE - 60
    assert codes.count(ops.TOO_FAST) == len(codes) - allowed
    assert box.client(HERE).greet().put(bytes(32), blob()) == ops.OK


def test_networks_remembered_are_bounded():
    box = MemoryMailbox()
    for i in range(limits.MAX_NETWORKS + 100):
        box.server.limits.share(bytes((20, i >> 8, i & 255)))
    assert len(box.server.limits) == limits.MAX_NETWORKS


def test_sessions_are_bounded_and_the_silent_of_the_crowd_go(box, monkeypatch):
    monkeypatch.setattr(server, "MAX_SESSIONS", 20)
    alone = [box.client(source) for source in (FAR, SIX)]
    crowd = []
    for i in range(40):
        box.clock.now_ms += 10
        crowd.append(box.client((bytes((20, 0, 0, i)), 1)))
        # the first one says something all the time
        crowd[0].channel.receive(ops.hello(bytes(32)) if i == 0 else ops.has([bytes(8)]))
    assert len(box.server) == 20
    assert not any(client.channel.closed for client in alone)
    assert not crowd[0].channel.closed
    assert all(client.channel.closed for client in crowd[1:23])
    assert not any(client.channel.closed for client in crowd[23:])


def test_who_says_nothing_has_to_leave(box):
    client, busy = box.client(), box.client().greet()
    for _ in range(8):
        box.run_for(10_000)
        if not busy.channel.closed:
            busy.has([bytes(8)])
    assert client.channel.closed and not busy.channel.closed
    box.run_for(80_000)
    assert busy.channel.closed and len(box.server) == 0
    # and then there is nothing to look at
    assert box.rt.timers.next_deadline_ms() is None or box.store is not None


def test_a_client_that_does_not_wait_for_answers(box):
    box.store.hold = True
    client = box.client()
    client.channel.receive(ops.hello(bytes(32)))
    client.channel.receive(ops.get(ACCESS))
    for _ in range(session.MAX_WAITING):
        client.channel.receive(ops.has([bytes(8)]))
    assert not client.channel.closed
    client.channel.receive(ops.has([bytes(8)]))
    assert client.channel.closed and len(box.server) == 0
    assert box.server.may_wait()
    box.store.release()


def test_waiting_requests_of_all_are_bounded(box, monkeypatch):
    monkeypatch.setattr(server, "MAX_WAITING", 40)
    box.store.hold = True
    clients = [box.client() for _ in range(6)]
    for client in clients:
        client.channel.receive(ops.hello(bytes(32)))
        for _ in range(13):
            client.channel.receive(ops.get(ACCESS))
    closed = [client.channel.closed for client in clients]
    assert closed == [False, False, False, True, True, True]
    box.store.release()
    assert box.server._waiting == 0


def test_what_the_store_answers_after_the_end_is_for_nobody(box):
    box.store.hold = True
    client = box.client()
    client.channel.receive(ops.hello(bytes(32)))
    for packet in ops.put(ACCESS, blob()):
        client.channel.receive(packet)
    client.channel.receive(ops.get(ACCESS))
    client.session.on_down()
    sent = list(client.channel.sent)
    box.store.release()
    assert client.channel.sent == sent
    # but what was accepted is kept
    assert len(box.client().greet().get(ACCESS)) == 1


def test_a_slow_reader_costs_little_and_gets_all(box):
    member = box.member()
    blobs = [blob(4096, fill + 1) for fill in range(100)]
    for each in blobs:
        assert member.put(ACCESS, each) == ops.OK
    reader = box.client().greet()
    reader.channel.space = 3
    reader.send(ops.GET, ops.get(ACCESS))
    most = 0
    for _ in range(200):
        most = max(most, len(reader.session._unsent))
        reader.channel.space = 3
        box.run_for(session.ROOM_MS)
    assert most <= 4 * session.PAGE + 1
    answers = reader.take()
    assert [answer.data for answer in answers[:-1]] == blobs and isinstance(answers[-1], ops.End)


def test_a_reader_that_stops_reading_has_to_leave(box):
    member = box.member()
    for _ in range(20):
        member.put(ACCESS, blob(4096))
    reader = box.client().greet()
    reader.channel.space = 3
    reader.send(ops.GET, ops.get(ACCESS))
    box.run_for(80_000)
    assert reader.channel.closed
    assert box.rt.timers.next_deadline_ms() - box.clock.now_ms > 1_000


def test_what_comes_during_a_get_does_not_make_it_endless(box):
    member = box.member()
    for fill in range(100):
        member.put(ACCESS, blob(256, fill + 1))
    reader = box.client().greet()
    reader.channel.space = 8
    reader.send(ops.GET, ops.get(ACCESS))
    numbers = [number for number, _data in box.member().get(ACCESS)]
    for number in numbers:
        member.ack(ACCESS, [number])
        member.put(ACCESS, blob(256))
    reader.channel.space = 1000
    box.run_for(1_000)
    answers = reader.take()
    assert len(answers) <= 101 and isinstance(answers[-1], ops.End)


def test_channels_without_use_hold_no_memory():
    """Of each session the same, however many requests it had."""
    box = MemoryMailbox()
    client = box.client().greet()
    for _ in range(10_000):
        client.has([bytes(8)])
        client.channel.sent.clear()
    assert not client.session._waiting and not client.session._unsent
    assert isinstance(client.channel, MemoryChannel)
