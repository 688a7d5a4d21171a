"""The relay: becoming a client, routing, data, OOB, pings, invalid frames, and every limit."""

import pytest

from tests.support.fake_streams import FakeListener, pump_all
from tests.support.relay_client import RelayClient
from tests.support.universe import SeededRng, SimClock
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.dht.budget import KeyBudget
from toxpy.runtime import Runtime
from toxpy.tcp.half_open import MAX_HALF_OPEN, TIMEOUT_MS
from toxpy.tcp.secure import MAX_PENDING, MAX_PENDING_PRIORITY
from toxpy.tcp.server import (
    HELLOS_BURST,
    HELLOS_TOTAL_BURST,
    PING_TOGETHER_MS,
    RESERVED_FILES,
    TcpServer,
    room_for,
)
from toxpy.tcp.server_client import REQUESTS_BURST

PING = b"\x04" + b"\x01" * 8
PONG = b"\x05" + b"\x01" * 8


class Relay:
    """A server with a fake clock, and clients that connect to it."""

    def __init__(self, **options):
        self.rng = SeededRng(3)
        self.rt = Runtime(SimClock(), SeededRng(4))
        self.keys = KeyPair.generate(self.rng)
        self.listener = FakeListener()
        self.shared_keys = SharedKeys(self.keys, rt=self.rt)
        budget = KeyBudget(rt=self.rt)
        self.server = TcpServer(
            self.keys, self.shared_keys, [self.listener], rt=self.rt, budget=budget, **options
        )

    def connect(self, keys=None, ip=(127, 0, 0, 1), **options):
        stream = self.listener.connect((bytes(ip), 40_000), **options)
        return RelayClient(stream, self.keys.public, self.rng, keys)

    def client(self, keys=None, **options):
        client = self.connect(keys, **options)
        client.confirm()
        return client

    def pair(self):
        """Two clients who asked for each other, with the ids that each has for the other."""
        a, b = self.client(), self.client()
        id_a, _ = a.route(b.public_key)
        id_b, _ = b.route(a.public_key)
        assert a.frames() == [bytes((2, id_a))]
        return a, b, id_a, id_b

    def wait(self, ms):
        """Let time pass, timer by timer."""
        end = self.rt.clock.now_ms + ms
        while (deadline := self.rt.timers.next_deadline_ms()) is not None and deadline <= end:
            self.rt.clock.now_ms = max(self.rt.clock.now_ms, deadline)
            self.rt.timers.run_due()
        self.rt.clock.now_ms = end

    def count(self, name):
        return self.rt.counters.values.get(name, 0)

    def drops(self, reason):
        return self.count("drop." + reason)


@pytest.fixture
def relay():
    return Relay()


# becoming a client


def test_confirmed_by_the_first_frame_only(relay):
    client = relay.connect()
    assert (len(relay.server), relay.server.half_open) == (0, 1)
    client.send_hello()
    client.receive_answer()
    assert (len(relay.server), relay.server.half_open) == (0, 1)
    client.write(PING)
    assert client.frames() == [PONG]
    assert (len(relay.server), relay.server.half_open) == (1, 0)


def test_the_hello_may_come_in_pieces(relay):
    client = relay.connect()
    for byte in client.hello():
        client.stream.write(bytes((byte,)))
        pump_all(client.stream)
    client.receive_answer()
    frame = client.seal(PING)
    for byte in frame:
        assert len(relay.server) == 0
        client.stream.write(bytes((byte,)))
        client.stream.pump()
    assert client.frames() == [PONG]


def test_several_frames_with_the_first(relay):
    client = relay.connect()
    client.send_hello()
    client.receive_answer()
    client.stream.write(b"".join(client.seal(PING) for _ in range(3)))
    client.stream.pump()
    assert client.frames() == [PONG] * 3


def test_an_invalid_first_frame_closes(relay):
    client = relay.connect()
    client.send_hello()
    client.receive_answer()
    client.write(b"\x01" * 34)
    assert client.is_closed and len(relay.server) == 0


def test_a_hello_that_does_not_decrypt(relay):
    client = relay.connect()
    client.stream.write(client.hello()[:-1] + b"\0")
    assert client.is_closed and relay.server.half_open == 0
    assert relay.drops("tcp_hello_decrypt") == 1


def test_a_hello_with_something_behind_costs_no_x25519(relay):
    client = relay.connect()
    client.stream.write(client.hello() + b"\0")
    assert client.is_closed and relay.count("x25519") == 0


def test_a_low_order_key_in_the_hello(relay):
    client = relay.connect()
    client.stream.write(bytes(32) + client.hello()[32:])
    assert client.is_closed and relay.drops("low_order_key") == 1


def test_a_low_order_session_key(relay):
    client = relay.connect()
    client.session.public = bytes(32)
    client.send_hello()
    # the answer says nothing about it
    client.read()
    assert len(client.buffer) == 96
    client.stream.write(b"\0\x11" + bytes(17))
    assert client.is_closed and relay.drops("low_order_key") == 1


def test_a_recorded_hello_confirms_nothing_and_costs_no_session(relay):
    victim = relay.client()
    other = relay.connect()
    relay.rt.counters.values.clear()
    again = RelayClient(other.stream, relay.keys.public, relay.rng, victim.keys)
    other.stream.write(again.hello())
    other.stream.pump()
    assert relay.count("x25519") == 0
    # the replayer does not have the session's secret
    other.stream.write(b"\0\x19" + bytes(25))
    assert other.is_closed
    victim.write(PING)
    assert victim.frames() == [PONG] and len(relay.server) == 1


def test_closing_before_the_hello_and_before_the_frame(relay):
    early, late = relay.connect(), relay.connect()
    late.send_hello()
    for client in (early, late):
        client.stream.close()
        pump_all(client.stream)
    assert relay.server.half_open == 0
    assert relay.drops("tcp_hello_closed") == relay.drops("tcp_unconfirmed_closed") == 1


def test_a_new_connection_of_the_same_key_replaces_the_old_one(relay):
    a, b, _, id_b = relay.pair()
    again = relay.connect(a.keys)
    again.send_hello()
    again.receive_answer()
    assert not a.is_closed and b.frames() == []
    again.write(PING)
    assert a.is_closed and again.frames() == [PONG] and len(relay.server) == 2
    assert b.frames() == [bytes((3, id_b))]
    # b still wants to be connected with that key
    assert again.route(b.public_key) == (16, [bytes((2, 16))])
    assert b.frames() == [bytes((2, id_b))]


# time


def test_half_open_connections_expire(relay):
    silent, halfway, unconfirmed = (relay.connect() for _ in range(3))
    halfway.stream.write(halfway.hello()[:100])
    halfway.stream.pump()
    relay.wait(5000)
    unconfirmed.send_hello()
    relay.wait(TIMEOUT_MS - 5001)
    assert relay.server.half_open == 3
    relay.wait(1)
    assert silent.is_closed and halfway.is_closed and not unconfirmed.is_closed
    relay.wait(5000)
    assert unconfirmed.is_closed and relay.server.half_open == 0
    assert relay.drops("tcp_hello_timeout") == 2 and relay.drops("tcp_unconfirmed_timeout") == 1
    assert relay.rt.timers.next_deadline_ms() is None


def test_pings_and_what_happens_without_a_pong(relay):
    alive, dead = relay.client(), relay.client()
    id_a, _ = alive.route(dead.public_key)
    dead.route(alive.public_key)
    alive.frames(), dead.frames()
    relay.wait(30_000 - PING_TOGETHER_MS - 1)
    assert alive.frames() == []
    relay.wait(PING_TOGETHER_MS + 1)
    (ping,) = alive.frames()
    assert len(ping) == 9 and ping[0] == 4 and any(ping[1:])
    (other,) = dead.frames()
    assert other != ping
    # the pong of somebody else's ping is none
    dead.write(b"\x05" + ping[1:])
    alive.write(b"\x05" + ping[1:])
    relay.wait(9_999)
    assert not dead.is_closed
    relay.wait(1)
    assert dead.is_closed and not alive.is_closed
    assert alive.frames() == [bytes((3, id_a))]
    assert relay.drops("tcp_pong_timeout") == 1
    relay.wait(20_000)
    (again,) = alive.frames()
    assert again[0] == 4 and again != ping


def test_a_pong_that_waits_unread_saves_the_connection(relay):
    client = relay.client()
    relay.wait(30_000)
    (ping,) = client.frames()
    client.stream.write(client.seal(b"\x05" + ping[1:]))
    # it has arrived, but the program slept: its timers run before its streams
    client.stream.other.inbox += client.stream.out
    client.stream.out.clear()
    relay.wait(20_000)
    assert not client.is_closed


def test_an_empty_relay_has_no_timer(relay):
    assert relay.rt.timers.next_deadline_ms() is None
    clients = [relay.client() for _ in range(50)]
    assert relay.rt.timers.next_deadline_ms() is not None
    for client in clients:
        client.stream.close()
        pump_all(client.stream)
    assert len(relay.server) == 0
    relay.wait(30_000)
    assert relay.rt.timers.next_deadline_ms() is None


def test_pings_of_many_clients_need_few_wake_ups(relay):
    clients = []
    for _ in range(100):
        clients.append(relay.client())
        relay.wait(10)
    moments = set()
    for _ in range(40):
        deadline = relay.rt.timers.next_deadline_ms()
        moments.add(deadline)
        relay.wait(deadline - relay.rt.clock.now_ms)
        for client in clients:
            for ping in client.frames():
                client.write(b"\x05" + ping[1:])
    # two rounds and more of pings to 100 clients
    assert len(relay.server) == 100
    assert max(moments) > 60_000


# routing


def test_routing_ids_count_up_from_16_and_the_lowest_free_one_is_next(relay):
    client = relay.client()
    keys = [relay.rng.bytes(32) for _ in range(4)]
    assert [client.route(key)[0] for key in keys[:3]] == [16, 17, 18]
    assert client.route(keys[1])[0] == 17
    client.write(bytes((3, 17)))
    assert client.route(keys[3])[0] == 17
    assert client.route(keys[1])[0] == 19


def test_240_connections_and_no_more(relay):
    client = relay.client()
    keys = [relay.rng.bytes(32) for _ in range(241)]
    assert [client.route(key)[0] for key in keys[:240]] == list(range(16, 256))
    for _ in range(2400):
        assert client.route(relay.rng.bytes(32))[0] == 0
    assert client.route(keys[239])[0] == 255
    client.write(bytes((3, 200)))
    assert client.route(keys[240])[0] == 200


def test_oneself_is_refused(relay):
    client = relay.client()
    assert client.route(client.public_key) == (0, [])


def test_both_are_told_once_both_have_asked(relay):
    a, b = relay.client(), relay.client()
    a.route(relay.rng.bytes(32))
    assert a.route(b.public_key) == (17, [])
    assert b.frames() == []
    assert b.route(a.public_key) == (16, [b"\x02\x10"])
    assert a.frames() == [b"\x02\x11"]


def test_a_peer_who_comes_later(relay):
    a = relay.client()
    keys = KeyPair.generate(relay.rng)
    a.route(keys.public)
    b = relay.client(keys)
    assert a.frames() == []
    b.route(a.public_key)
    assert a.frames() == [b"\x02\x10"]


def test_data_both_ways(relay):
    a, b, id_a, id_b = relay.pair()
    assert (id_a, id_b) == (16, 16)
    a.route(relay.rng.bytes(32))
    a.write(bytes((id_a,)) + b"forth", bytes((id_a,)))
    b.write(bytes((id_b,)) + b"x" * 2031)
    assert b.frames() == [bytes((id_b,)) + b"forth", bytes((id_b,))]
    assert a.frames() == [bytes((id_a,)) + b"x" * 2031]


def test_much_data_at_once_makes_the_program_come_back_soon(relay):
    a, b, id_a, _ = relay.pair()
    relay.wait(20_000)
    pace, clock = relay.rt.pace, relay.rt.clock
    # a sign of life is no reason
    a.write(bytes((id_a,)) + b"1")
    idle_ms = pace.interval_ms(clock.now_ms, None)
    a.write(*[bytes((id_a,)) + b"1"] * 3)
    assert len(b.frames()) == 4
    assert pace.interval_ms(clock.now_ms, None) == 10 < 20 < idle_ms
    # most of what is read at once: more may wait already
    a.write(*[bytes((id_a,)) + bytes(1400)] * 40)
    assert len(b.frames()) == 40
    assert pace.interval_ms(clock.now_ms, None) == 2


def test_data_for_a_peer_who_is_offline_is_dropped(relay):
    a = relay.client()
    connection_id, _ = a.route(relay.rng.bytes(32))
    a.write(bytes((connection_id,)) + b"x")
    assert not a.is_closed and relay.drops("tcp_data_peer_offline") == 1


def test_forgetting_a_peer(relay):
    a, b, id_a, id_b = relay.pair()
    a.write(bytes((3, id_a)))
    assert a.frames() == [] and b.frames() == [bytes((3, id_b))]
    b.write(bytes((id_b,)) + b"lost")
    assert a.frames() == [] and not b.is_closed
    assert a.route(b.public_key) == (id_a, [bytes((2, id_a))])
    assert b.frames() == [bytes((2, id_b))]


def test_a_peer_who_leaves(relay):
    a, b, id_a, _ = relay.pair()
    b.stream.close()
    pump_all(b.stream)
    assert a.frames() == [bytes((3, id_a))]
    assert len(relay.server) == 1 and relay.count("tcp_closed") == 1


def test_what_was_sent_before_leaving_arrives(relay):
    a, b, id_a, id_b = relay.pair()
    b.stream.write(b.seal(bytes((id_b,)) + b"bye"))
    b.stream.close()
    pump_all(b.stream)
    assert a.frames() == [bytes((id_a,)) + b"bye", bytes((3, id_a))]


# OOB


@pytest.mark.parametrize("size", [1, 1024])
def test_oob(relay, size):
    a, b = relay.client(), relay.client()
    a.write(b"\x06" + b.public_key + b"x" * size)
    assert b.frames() == [b"\x07" + a.public_key + b"x" * size]


def test_oob_to_nobody_is_dropped_in_silence(relay):
    a = relay.client()
    a.write(b"\x06" + relay.rng.bytes(32) + b"x")
    assert a.frames() == [] and not a.is_closed


# what is not valid

INVALID = {
    "routing request short": b"\0" * 32,
    "routing request long": b"\0" * 34,
    "routing response": b"\x01\x10" + bytes(32),
    "connected short": b"\x02",
    "connected long": b"\x02\x10\0",
    "disconnected short": b"\x03",
    "disconnected long": b"\x03\x10\x10",
    "disconnected reserved": b"\x03\x0f",
    "disconnected unknown": b"\x03\x11",
    "ping short": b"\x04" + bytes(7),
    "ping long": b"\x04" + bytes(9),
    "pong short": b"\x05" + b"\x01" * 7,
    "pong zero": b"\x05" + bytes(8),
    "oob empty": b"\x06" + bytes(32),
    "oob key cut": b"\x06" + bytes(31),
    "oob big": b"\x06" + bytes(32 + 1025),
    "oob received": b"\x07" + bytes(40),
    "onion request short": b"\x08" + bytes(158),
    "onion response": b"\x09" + bytes(200),
    "forward request empty": b"\x0a",
    "forward request tcp": b"\x0a\x82" + bytes(40),
    "forward request cut": b"\x0a\x02\x7f\0\0",
    "forward request big": b"\x0a\x02\x7f\0\0\x01\x01\x01" + bytes(1793),
    "forwarding": b"\x0b" + bytes(40),
    "12": b"\x0c",
    "15": b"\x0f" + bytes(20),
    "data for an unknown id": b"\x11" + bytes(20),
    "255": b"\xff",
}


@pytest.mark.parametrize("name", INVALID)
def test_invalid_frames_close_the_connection(relay, name):
    relay.server.on_onion_request = relay.server.on_forward_request = lambda client, data: None
    a, b, _, id_b = relay.pair()
    a.write(INVALID[name], PING)
    assert a.frames() == [] and a.is_closed
    assert b.frames() == [bytes((3, id_b))]
    assert relay.drops("tcp_frame_invalid") == 1 and len(relay.server) == 1


@pytest.mark.parametrize("payload", [b"\x02\x10", b"\x05" + b"\x07" * 8, b"\x04" + bytes(8)])
def test_strange_but_harmless_frames(relay, payload):
    client = relay.client()
    client.write(payload)
    assert not client.is_closed


def test_a_stream_that_does_not_decrypt_closes(relay):
    a, b, _, id_b = relay.pair()
    a.stream.write(a.seal(PING) + b"\0\x20" + bytes(32))
    assert a.is_closed and relay.drops("tcp_stream_invalid") == 1
    assert b.frames() == [bytes((3, id_b))]


def test_random_frames_never_raise(relay):
    client, peer, _, _ = relay.pair()
    keys = client.keys
    for kind in range(256):
        for size in (0, 1, 7, 8, 31, 32, 33, 40, 158, 159, 1100, 2031):
            client.write(bytes((kind,)) + relay.rng.bytes(size))
            if client.is_closed:
                client = relay.client(keys)
                client.route(peer.public_key)
            client.frames(), peer.frames()
    peer.write(PING)
    assert peer.frames() == [PONG]


def test_random_streams_never_raise(relay):
    for size in range(1, 400, 7):
        fresh = relay.connect()
        fresh.stream.write(relay.rng.bytes(size))
        pump_all(fresh.stream)
        answered = relay.connect()
        answered.send_hello()
        answered.receive_answer()
        answered.stream.write(relay.rng.bytes(size))
        pump_all(answered.stream)
    relay.wait(TIMEOUT_MS)
    assert relay.server.half_open == len(relay.server) == 0


# onion and forwarding


def test_onion_requests_and_responses(relay):
    taken = []
    relay.server.on_onion_request = lambda client, data: taken.append((client, data))
    a = relay.client()
    a.write(b"\x08" + b"o" * 159)
    ((client, data),) = taken
    assert data == b"o" * 159 and client.public_key == a.public_key
    assert relay.server.client_by_token(client.token) is client
    assert client.send_onion_response(b"answer")
    assert a.frames() == [b"\x09answer"]
    a.stream.close()
    pump_all(a.stream)
    assert relay.server.client_by_token(client.token) is None
    assert not client.send_onion_response(b"answer")


def test_onion_requests_without_an_onion_are_ignored(relay):
    client = relay.client()
    client.write(b"\x08" + b"o" * 300, b"\x08")
    assert not client.is_closed


def test_forward_requests(relay):
    taken = []
    relay.server.on_forward_request = lambda client, data: taken.append((client, data))
    a = relay.client()
    data = b"\x02\xc0\0\x02\x01\x82\xa5payload"
    a.write(b"\x0a" + data)
    ((client, forwarded),) = taken
    assert forwarded == data
    assert client.send_forwarding(b"answer")
    assert a.frames() == [b"\x0banswer"]


def test_forward_requests_without_forwarding_close(relay):
    client = relay.client()
    client.write(b"\x0a\x02\xc0\0\x02\x01\x82\xa5payload")
    assert client.is_closed


def test_tokens_never_repeat(relay):
    tokens = set()
    relay.server.on_onion_request = lambda client, data: tokens.add(client.token)
    keys = KeyPair.generate(relay.rng)
    for _ in range(20):
        relay.client(keys).write(b"\x08" + b"o" * 159)
    assert len(tokens) == 20 and all(0 < token < 1 << 64 for token in tokens)


def test_a_call_back_may_close_the_server(relay):
    taken = []
    relay.server.on_onion_request = lambda client, data: (taken.append(data), relay.server.close())
    client = relay.client()
    client.stream.write(client.seal(b"\x08" + b"o" * 159) + client.seal(b"\x08" + b"p" * 159))
    assert client.is_closed and client.frames() == []
    assert taken == [b"o" * 159]


# limits


def test_half_open_connections_of_one_network(relay):
    """The crowd loses its own oldest ones."""
    others = [relay.connect(ip=(198, 51, 100, i)) for i in range(2)]
    clients = [relay.connect(ip=(192, 0, 2, i % 256)) for i in range(10 * MAX_HALF_OPEN)]
    others += [relay.connect(ip=(198, 51, 100, i)) for i in range(2)]
    assert relay.server.half_open == MAX_HALF_OPEN
    assert not any(client.is_closed for client in others)
    left = MAX_HALF_OPEN - len(others)
    assert [c.is_closed for c in clients] == [True] * (len(clients) - left) + [False] * left


def test_half_open_connections_of_everybody(relay):
    clients = [relay.connect(ip=(i >> 8, i & 255, 1, 1)) for i in range(256, 256 + 10 * MAX_HALF_OPEN)]
    assert relay.server.half_open == MAX_HALF_OPEN
    assert sum(client.is_closed for client in clients) == 9 * MAX_HALF_OPEN
    assert not clients[-1].is_closed
    relay.wait(TIMEOUT_MS)
    assert relay.server.half_open == 0


def test_unconfirmed_connections_do_not_crowd_out_clients(relay):
    client = relay.client()
    waiting = [relay.connect() for _ in range(2)]
    for _ in range(3 * MAX_HALF_OPEN):
        relay.connect().send_hello()
    assert relay.server.half_open == MAX_HALF_OPEN + 2
    assert not any(stream.is_closed for stream in waiting)
    client.write(PING)
    assert client.frames() == [PONG]


def test_clients_are_limited_and_a_known_key_may_come_back():
    relay = Relay(max_clients=5)
    clients = [relay.client() for _ in range(5)]
    for _ in range(50):
        more = relay.connect()
        more.send_hello()
        more.receive_answer()
        more.write(PING)
        assert more.is_closed
    assert len(relay.server) == 5 and relay.drops("tcp_full") == 50
    again = relay.client(clients[0].keys)
    assert clients[0].is_closed and not again.is_closed and len(relay.server) == 5


def test_hellos_with_fresh_keys_are_paid_by_their_network(relay):
    for i in range(HELLOS_BURST + 100):
        client = relay.connect(ip=(192, 0, 2, i % 256))
        client.send_hello()
        client.stream.close()
        pump_all(client.stream)
    # none of them came to the session's
    assert relay.count("x25519") == HELLOS_BURST
    # others are not throttled
    relay.client(ip=(198, 51, 100, 1))


def test_hellos_with_a_known_key_are_paid_as_well(relay):
    keys = KeyPair.generate(relay.rng)
    answered = 0
    for _ in range(HELLOS_BURST + 100):
        client = relay.connect(keys, ip=(192, 0, 2, 1))
        client.send_hello()
        client.read()
        answered += len(client.buffer) == 96
        client.stream.close()
        pump_all(client.stream)
    assert answered == HELLOS_BURST
    assert relay.drops("tcp_hello_budget") == 100


def test_connections_of_all_kinds_are_limited():
    """Whoever is no client makes room for the newest, and clients never do."""
    relay = Relay(max_clients=12, max_connections=16)
    clients = [relay.client(ip=(198, 51, 100, 1)) for _ in range(10)]
    silent = [relay.connect(ip=(192, 0, 2, 1)) for _ in range(50)]
    assert len(relay.server) + relay.server.half_open == 16
    assert [c.is_closed for c in silent] == [True] * 44 + [False] * 6
    halfway = []
    for _ in range(50):
        halfway.append(relay.connect(ip=(203, 0, 113, 1)))
        halfway[-1].send_hello()
    assert len(relay.server) + relay.server.half_open == 16
    # both kinds crowd each other out evenly
    assert (sum(not c.is_closed for c in silent), sum(not c.is_closed for c in halfway)) == (2, 4)
    late = [relay.client(ip=(198, 51, 101, 1)) for _ in range(2)]
    assert not any(client.is_closed for client in (*clients, *late))
    assert len(relay.server) == 12 and relay.server.half_open == 4


@pytest.mark.parametrize("files", [1, 4, 20, 256, 1024, 32_768])
def test_a_full_relay_leaves_files_for_the_rest_of_the_program(files):
    clients, connections = room_for(files)
    assert 1 <= clients < connections
    assert connections <= max(2, files - min(RESERVED_FILES, files // 4))
    if files >= 256:
        assert clients >= files / 2


def test_requests_of_one_client_are_limited(relay):
    taken = []
    relay.server.on_onion_request = lambda client, data: taken.append(data)
    relay.server.on_forward_request = lambda client, data: taken.append(data)
    client, other = relay.client(), relay.client()
    for _ in range(REQUESTS_BURST):
        client.write(b"\x08" + bytes(159), b"\x0a\x02\xc0\0\x02\x01\x82\xa5payload")
    assert len(taken) == REQUESTS_BURST == relay.drops("tcp_request_budget")
    other.write(b"\x08" + bytes(159))
    relay.wait(1000)
    client.write(b"\x08" + bytes(159))
    assert len(taken) == REQUESTS_BURST + 2


def test_hellos_of_all_networks_together_have_a_limit(relay):
    """Even of a known key, for each costs a new key pair."""
    keys = KeyPair.generate(relay.rng)
    for i in range(HELLOS_TOTAL_BURST + 50):
        client = relay.connect(keys, ip=(60, i >> 8, i & 255, 1))
        client.send_hello()
        client.stream.close()
        pump_all(client.stream)
    assert relay.drops("tcp_hello_budget") == 50


def test_a_peer_who_does_not_read_bounds_what_waits_for_him(relay):
    a, b, id_a, _ = relay.pair()
    slow = b.stream.other
    slow.limit = 0
    for _ in range(200):
        a.write(bytes((id_a,)) + b"x" * 1000)
    assert MAX_PENDING < slow.pending() < MAX_PENDING + 2050
    assert relay.drops("tcp_data_refused") > 100
    # notifications still go through, and data as soon as there is room
    a.write(bytes((3, id_a)))
    slow.limit = None
    b.stream.pump()
    assert b.frames()[-1] == b"\x03\x10"
    assert not b.is_closed


def test_a_client_who_never_reads_is_closed(relay):
    a, b, id_a, _ = relay.pair()
    slow = b.stream.other
    slow.limit = 0
    for _ in range(12_000):
        b.write(PING)
    assert MAX_PENDING_PRIORITY < slow.pending() < MAX_PENDING_PRIORITY + 2050
    a.write(bytes((3, id_a)))
    relay.wait(0)
    assert slow.closed and len(relay.server) == 1


def test_what_cannot_be_told_is_not_so(relay):
    a, b = relay.client(), relay.client()
    a.stream.other.limit = 0
    while a.stream.other.pending() <= MAX_PENDING_PRIORITY:
        a.write(b"\x04" + b"\x01" * 8)
    a.write(b"\0" + b.public_key)
    assert b.route(a.public_key) == (16, [])
    a.stream.other.limit = None
    assert set(a.frames()) == {PONG}
    assert a.route(b.public_key) == (16, [b"\x02\x10"])


def test_closing_everything(relay):
    half_open, unconfirmed, client = relay.connect(), relay.connect(), relay.client()
    unconfirmed.send_hello()
    relay.server.close()
    relay.server.close()
    assert half_open.is_closed and unconfirmed.is_closed and client.is_closed
    assert relay.listener.closed
    assert len(relay.server) == relay.server.half_open == 0
    assert relay.rt.timers.next_deadline_ms() is None


def test_the_profile_counts(relay):
    a, _, id_a, id_b = relay.pair()
    a.write(bytes((id_a,)) + b"x" * 99)
    traffic = relay.server.traffic
    assert traffic.bytes_received[id_a] == traffic.bytes_sent[id_b] == 100
    assert traffic.packets_received[4] == traffic.packets_sent[5] == 2
