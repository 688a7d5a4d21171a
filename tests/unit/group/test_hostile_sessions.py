"""Whatever anybody sends to a group's sessions: no exception, no growing memory, little work, and no harm."""

import random
import tracemalloc

import pytest

from tests.support.universe import Universe
from tests.unit.group.session_pair import PING_DATA, Member, Peer, established, run_for
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import shared_key
from toxpy.group import sessions
from toxpy.group.guard import HANDSHAKES_BURST, MAX_NONCES, HandshakeGuard
from toxpy.group.packets import BROADCAST, CUSTOM, FRAGMENT, KEY_ROTATION, PING
from toxpy.group.receive_array import MAX_AHEAD, MAX_STORED_SIZE
from toxpy.group.wire import INVITE, GroupHandshake, pack_handshake, seal_handshake, seal_lossless, seal_lossy
from toxpy.wire.packets import GROUP_HANDSHAKE

STRANGER = (bytes([66, 0, 0, 1]), 1234)


def recorded():
    """One of each kind of packet between two members, whose session goes on."""
    universe, a, b = established(5)
    run_for(a, 100)
    session = a.peer(b).session
    for kind, data in ((BROADCAST, b"text"), (CUSTOM, bytes(1373)), (0xFC, bytes(3000))):
        session.send_lossless(kind, data)
    session.send_lossy(PING, PING_DATA)
    run_for(a, 1000)
    return universe, a, b


def mutations(rng, packets):
    """Without end: changed, cut, longer, put together, made up."""
    while True:
        packet = bytearray(rng.choice(packets))
        kind = rng.randrange(6)
        if kind == 0:
            packet[rng.randrange(len(packet))] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del packet[rng.randrange(len(packet) + 1) :]
        elif kind == 2:
            packet += rng.randbytes(rng.randrange(600))
        elif kind == 3:
            other = rng.choice(packets)
            packet = packet[: rng.randrange(len(packet))] + other[rng.randrange(len(other)) :]
        elif kind == 4:
            packet = bytearray([rng.choice([0x5A, 0x5B, 0x5C])]) + rng.randbytes(rng.randrange(1600))
        else:
            packet[0] = rng.randrange(256)
        yield bytes(packet)


def test_a_hundred_thousand_changed_packets_do_no_harm():
    _universe, a, b = recorded()
    rng = random.Random(1)
    source = mutations(rng, a.sent + b.sent)
    heard = list(b.peer(a).lossless)

    def feed(count):
        for _, packet in zip(range(count), source, strict=False):
            b.sessions.receive(packet, rng.choice([a.socket.address, STRANGER, None]))

    feed(5000)
    tracemalloc.start()
    feed(5000)
    before = tracemalloc.get_traced_memory()[0]
    feed(20_000)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    feed(70_000)
    assert grown < 64 * 1024
    assert b.peer(a).lossless == heard and len(b.sessions) == 1
    assert b.rt.counters.values["x25519"] < 2000
    # and the session goes on
    a.peer(b).session.send_lossless(BROADCAST, b"still here")
    run_for(a, 1000)
    assert b.peer(a).messages[-1] == b"still here"


class Evil:
    """A peer with a session that says what it likes."""

    def __init__(self):
        self.universe, self.a, self.b = established(6)
        run_for(self.a, 100)
        self.pk = self.a.keys.public
        self.key = self.a.peer(self.b).session._keys.for_lossy()
        self.next_id = self.a.peer(self.b).session.channel.next_id
        self.session = self.b.peer(self.a).session

    def lossless(self, message_id, plain):
        packet = seal_lossless(self.key, self.a.rt.rng.bytes(24), self.pk, plain)
        self.b.sessions.receive(packet, self.a.socket.address)

    def lossy(self, plain):
        packet = seal_lossy(self.key, self.a.rt.rng.bytes(24), self.pk, plain)
        self.b.sessions.receive(packet, self.a.socket.address)

    def say(self, message_id, kind, data):
        self.lossless(message_id, bytes([kind]) + message_id.to_bytes(8, "big") + data)


def test_a_peer_with_a_session_that_says_anything():
    evil, rng = Evil(), random.Random(2)
    kinds = [BROADCAST, FRAGMENT, KEY_ROTATION, 0xFF, 0, 1, 2, 3, 0xF6]
    for _ in range(20_000):
        plain = bytes(rng.randrange(9)) + bytes([rng.choice(kinds)])
        plain += rng.choice([rng.randrange(200), rng.randrange(2**64)]).to_bytes(8, "big")
        plain += rng.randbytes(rng.choice([0, 1, 9, 33, 500, 1377]))
        evil.lossless(0, plain)
        evil.lossy(bytes(rng.randrange(9)) + rng.randbytes(rng.randrange(50)))
        evil.lossy(bytes(3))
    run_for(evil.b, 1000)
    assert evil.session.is_established
    # the answers to rotations, one per half a minute
    assert evil.b.rt.counters.values["x25519"] < 20


def test_no_peer_takes_more_memory_than_allowed():
    evil = Evil()
    tracemalloc.start()
    for i in range(1, MAX_AHEAD + 500):
        evil.say(evil.next_id + i, FRAGMENT, bytes(1377))
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert used < 2 * MAX_STORED_SIZE


def test_a_row_of_fragments_without_an_end_is_not_kept():
    evil = Evil()
    # the acknowledgements take memory too
    evil.b.socket.online = False
    tracemalloc.start()
    for i in range(3000):
        evil.say(evil.next_id + i, FRAGMENT, bytes(1377))
        evil.b.sent.clear()
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert used < 256 * 1024


def test_far_ids_make_few_questions():
    evil = Evil()
    evil.b.sent.clear()
    for i in range(1, 2000):
        evil.say(evil.next_id + MAX_AHEAD - 1 - (i % 3), BROADCAST, b"x")
        evil.say(2**64 - i, BROADCAST, b"x")
    run_for(evil.b, 10_000)
    # each copy of the three is acknowledged, and some ids are asked for
    assert len(evil.b.sent) < 2000 + 16 * 8


def test_a_peer_that_asks_for_everything_gets_each_packet_once_in_a_round_trip():
    evil = Evil()
    for _ in range(10):
        evil.session.send_lossless(CUSTOM, bytes(1373))
    evil.b.sent.clear()
    for _ in range(1000):
        for message_id in range(20):
            evil.lossy(b"\2\1" + message_id.to_bytes(8, "big"))
    assert len(evil.b.sent) <= 10


def test_handshakes_are_remembered_but_not_without_end():
    _, a, b = established(8)
    run_for(a, 100)
    peer = KeyPair.generate(a.rt.rng)
    guard = HandshakeGuard(shared_key(peer.public, b.keys.secret), rt=b.rt)
    packets = [handshake_from(a, peer, b, i.to_bytes(24, "big")) for i in range(MAX_NONCES + 1)]
    for packet in packets:
        run_for(a, 1000)
        assert guard.open(packet) is not None and guard.open(packet) is None
    assert guard.open(packets[1]) is None
    run_for(a, 1000)
    assert guard.open(packets[0]) is not None


def handshake_from(member, peer_keys, target, nonce, *, session_pk=None, is_response=False):
    key = shared_key(target.keys.public, peer_keys.secret)
    pk = member.rt.rng.bytes(32) if session_pk is None else session_pk
    handshake = GroupHandshake(is_response, pk, bytes(32), INVITE, 0)
    return seal_handshake(key, nonce, peer_keys.public, target.keys.public, pack_handshake(handshake))


@pytest.mark.parametrize("is_response", [False, True])
def test_a_peer_that_makes_handshakes_without_end(is_response):
    _universe, a, b = established(8)
    run_for(a, 100)
    before = b.rt.counters.values["x25519"]
    b.sent.clear()
    for i in range(2000):
        nonce = i.to_bytes(24, "big")
        b.sessions.receive(handshake_from(a, a.keys, b, nonce, is_response=is_response), a.socket.address)
    assert b.rt.counters.values["x25519"] - before <= 2 * HANDSHAKES_BURST
    assert len(b.sent) <= HANDSHAKES_BURST
    a.peer(b).session.send_lossless(BROADCAST, b"still here")
    run_for(a, 1000)
    assert b.peer(a).messages == [b"still here"]


def test_session_keys_that_are_none():
    _universe, a, b = established(8)
    run_for(a, 100)
    b.sessions.receive(handshake_from(a, a.keys, b, bytes(24), session_pk=bytes(32)), a.socket.address)
    assert b.drops("low_order_key") == 1 and b.peer(a).session.is_established


def test_new_peers_are_limited_and_one_network_does_not_keep_out_others():
    universe = Universe()
    b, others = Member(universe, "b"), [Member(universe, f"o{i}") for i in range(200)]
    for other in others:
        other.connect(b)
    run_for(b, 100)
    # the half that is for all, and the network's share
    came = sessions.NEW_PEERS_BURST // 2 + sessions.SHARE_BURST
    assert came <= len(b.sessions) <= came + 1 + sessions.SHARE_PER_S
    assert b.drops("group_new_peers") == 200 - len(b.sessions)
    came = len(b.sessions)
    for i in range(200):
        keys = KeyPair.generate(b.rt.rng)
        packet = handshake_from(b, keys, b, i.to_bytes(24, "big"))
        b.sessions.receive(packet, (bytes([30, i, 0, 1]), 1234))
    assert sessions.NEW_PEERS_BURST <= len(b.sessions) <= sessions.NEW_PEERS_BURST + 4
    # who was not let in at once is a little later
    run_for(b, 9000)
    assert len(b.sessions) >= came + 8 * sessions.SHARE_PER_S


@pytest.mark.parametrize("address", [STRANGER, None])
def test_strangers_have_a_budget(address):
    universe = Universe()
    b = Member(universe, "b")
    rng = random.Random(3)
    for _ in range(40_000):
        packet = GROUP_HANDSHAKE.make(rng.randbytes(32), b.keys.public, bytes(24)) + bytes(83)
        b.sessions.receive(packet, address)
        if b.rt.counters.values["x25519"] > 300 and address is None:
            break
    assert b.drops("x25519_budget") > 0 and len(b.sessions) == 0
    assert len(b.own.shared_keys) <= 1024


def test_what_is_not_for_us_or_from_us():
    _universe, a, b = established(9)
    run_for(a, 100)
    stranger = KeyPair.generate(b.rt.rng)
    request = a.sent[0]
    own = b.keys.public
    for packet, reason in [
        (b"", "group_size"),
        (b"\x5a" + own + request[33:], "group_own_key"),
        (b"\x5a" + request[1:33] + bytes(32) + request[65:], "group_receiver"),
        (b"\x5b" + own + bytes(70), "group_stranger"),
        # a response that nobody asked for
        (handshake_from(b, stranger, b, bytes(24), is_response=True), "group_handshake_late"),
        # another name of the same key
        (request[:32] + bytes([request[32] | 0x80]) + request[33:], "group_alias"),
    ]:
        b.sessions.receive(packet, STRANGER)
        assert b.drops(reason) == 1 and len(b.sessions) == 1, reason


def test_all_of_it_ends_with_the_group():
    universe, a, b = established(10)
    a.connect(Member(universe, "c"))
    a.sessions.close()
    assert len(a.sessions) == 0 and a.rt.timers.next_deadline_ms() is None
    a.sessions.close()
    run_for(b, 1000)
    assert isinstance(a.peer(b), Peer) and not a.peer(b).session.send_lossy(PING, PING_DATA)
