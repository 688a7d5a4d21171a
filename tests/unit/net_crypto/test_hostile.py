"""Bad, replayed and excessive input."""

import random
from struct import Struct

import pytest

from tests.support.nonces import add_to_nonce
from tests.unit.net_crypto.pair import (
    KeysOnlyDht,
    Peer,
    Recorder,
    both_established,
    client_and_server,
    established,
)
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import encrypt, shared_key
from toxpy.dht import budget
from toxpy.net_crypto import handshake as hs
from toxpy.net_crypto import net_crypto, setup
from toxpy.net_crypto.window import BUFFER_SIZE, MAX_HELD
from toxpy.system.datapath_twin import Session
from toxpy.wire.address import is_usable

HEAD = Struct(">II")
LOW_ORDER = [
    bytes(32),
    b"\x01" + bytes(31),
    b"\xec" + b"\xff" * 30 + b"\x7f",
    b"\xed" + b"\xff" * 30 + b"\x7f",
]


def recorded(seed=0):
    """Two peers that connected and talked, and one example of each packet kind that the server got."""
    universe, client, server = established(seed)
    client.connection.write_lossless(b"\x40hello")
    universe.run_for(200)
    return universe, client, server, {data[0]: data for data in reversed(server.received)}


class KnownSession(Session):
    """Shows its key."""

    def __init__(self, key, receive_nonce, send_nonce):
        super().__init__(key, receive_nonce, send_nonce)
        self.key = key


@pytest.fixture(autouse=True)
def known_keys(monkeypatch):
    monkeypatch.setattr(setup, "Session", KnownSession)


def craft(peer, plain):
    """A data packet of the peer's session with this plain text."""
    session = peer.connection.session
    nonce = session.send_nonce
    session.send_nonce = add_to_nonce(nonce)
    return b"\x1b" + nonce[-2:] + encrypt(session.key, nonce, plain)


def test_every_truncation_is_dropped():
    _universe, client, server, examples = recorded()
    examples[0x19] = next(data for data in client.received if data[0] == 0x19)
    stranger = (b"\x09\x09\x09\x09", 9)
    for data in examples.values():
        for peer in (client, server):
            for address in (stranger, client.address, server.address):
                before = sum(peer.rt.counters.values.values())
                for size in range(1, len(data)):
                    peer.inject(data[:size], address)
                assert sum(peer.rt.counters.values.values()) >= before + len(data) - 1
    assert both_established(client, server)
    assert server.owner.lossless == [b"\x40hello"]


def test_random_and_mutated_packets():
    universe, client, server, examples = recorded()
    rng = random.Random(5)
    for _ in range(3000):
        data = bytearray(rng.choice(list(examples.values())))
        if rng.random() < 0.5:
            data[rng.randrange(1, len(data))] ^= 1 << rng.randrange(8)
        else:
            data[1:] = rng.randbytes(rng.randrange(1500))
        server.inject(bytes(data), rng.choice([client.address, (b"\x09\x09\x09\x09", 9)]))
    client.connection.write_lossless(b"\x40still")
    universe.run_for(1000)
    assert server.owner.lossless == [b"\x40hello", b"\x40still"]
    assert server.owner.calls == ["attach", "established"]


def test_replays_change_nothing():
    universe, client, server = established()
    everything = [(server, client, d) for d in client.sent] + [(client, server, d) for d in server.sent]
    client.connection.write_lossless(b"\x40once")
    universe.run_for(200)
    everything += [(server, client, d) for d in client.sent]
    calls = list(server.owner.calls), list(client.owner.calls)
    x25519 = [p.rt.counters.values["x25519"] for p in (client, server)]
    for target, source, data in everything * 3:
        target.inject(data, source.address)
    assert (server.owner.calls, client.owner.calls) == calls
    assert server.owner.lossless == [b"\x40once"]
    assert [p.rt.counters.values["x25519"] for p in (client, server)] == x25519
    client.connection.write_lossless(b"\x40twice")
    universe.run_for(200)
    assert server.owner.lossless == [b"\x40once", b"\x40twice"]


def test_replayed_handshake_after_the_session_ended():
    universe, client, server = established()
    shake = client.kinds_sent(0x1A)[0]
    client.connection.kill()
    universe.run_for(100)
    server.inject(shake, client.address)
    server.inject(shake, (b"\x09\x09\x09\x09", 9))
    assert len(server.net) == 0
    assert server.drops("handshake_replayed") == 2


def test_cookie_response_to_another_request_is_refused():
    universe, client, server = client_and_server()
    client.connect(server)
    cookie = server.net.keys.cookies.make(client.identity.public, client.dht.public_key)
    key = server.dht.shared_keys.get(client.dht.public_key)
    client.inject(hs.create_cookie_response(key, bytes(24), cookie, bytes(8)), server.address)
    assert client.kinds_sent(0x1A) == []
    assert client.drops("cookie_response") == 1
    # the right one still counts
    assert universe.run_until(lambda: both_established(client, server), 5000)


def test_stale_cookie_is_refused():
    universe, client, server = client_and_server()
    client.connect(server)
    universe.run_until(lambda: client.kinds_sent(0x1A), 5000)
    shake = client.kinds_sent(0x1A)[0]
    server.stop()
    universe.run_for(hs.COOKIE_LIFETIME_MS + 100)
    server.inject(shake, client.address)
    assert (len(server.net), server.drops("handshake_cookie")) == (0, 1)


def test_fresh_cookie_is_accepted_until_the_end():
    universe, client, server = client_and_server()
    client.connect(server)
    universe.run_until(lambda: client.kinds_sent(0x1A), 5000)
    shake = client.kinds_sent(0x1A)[0]
    server.stop()
    universe.run_for(hs.COOKIE_LIFETIME_MS - 200)
    server.inject(shake, client.address)
    assert len(server.net) == 1


def test_cookie_of_another_instance_is_refused():
    universe, client, server = client_and_server()
    client.connect(server)
    universe.run_until(lambda: client.kinds_sent(0x1A), 5000)
    other = Peer(universe, "other", identity=server.identity)
    other.inject(client.kinds_sent(0x1A)[0], client.address)
    assert (len(other.net), other.drops("handshake_cookie")) == (0, 1)


def test_refused_peer_leaves_nothing():
    universe, client, server = client_and_server()
    server.accepts = False
    client.connect(server)
    assert universe.run_until(lambda: "closed" in client.owner.calls, 20_000)
    assert server.incoming
    assert (len(server.net), len(server.net.routes.by_address), len(server.net.newest)) == (0, 0, 0)


def test_nobody_listening_refuses():
    universe, client, server = client_and_server()
    server.net.on_incoming = net_crypto.refuse_all
    client.connect(server)
    universe.run_for(3000)
    assert server.drops("handshake_refused") >= 1


@pytest.mark.parametrize("point", LOW_ORDER, ids=lambda p: p[:2].hex())
def test_low_order_keys(point):
    _universe, client, server = client_and_server()
    with pytest.raises(ValueError, match="low order"):
        client.net.connect(server.identity.public, point, client.owner)
    server.inject(b"\x18" + point + bytes(112), client.address)
    assert server.drops("cookie_request_box") == 1
    # a session key and a real key of low order, in handshakes that are otherwise right
    real_key = shared_key(server.identity.public, client.identity.secret)
    for real_pk, session_pk, reason in (
        (client.identity.public, point, "handshake_session_key"),
        (point, client.dht.public_key, "handshake_box"),
    ):
        cookie = server.net.keys.cookies.make(real_pk, client.dht.public_key)
        server.inject(
            hs.create_handshake(real_key, bytes(24), cookie, bytes(24), session_pk, bytes(112)),
            client.address,
        )
        assert server.drops(reason) == 1
    assert (len(server.net), server.net.routes.by_address) == (0, {})
    assert "attach" not in server.owner.calls


def test_handshake_with_a_foreign_cookie_hash_is_refused():
    _universe, client, server = client_and_server()
    key = shared_key(server.identity.public, client.identity.secret)
    cookies = [server.net.keys.cookies.make(client.identity.public, client.dht.public_key) for _ in range(2)]
    shake = hs.create_handshake(key, bytes(24), cookies[0], bytes(24), client.dht.public_key, bytes(112))
    server.inject(shake[:1] + cookies[1] + shake[113:], client.address)
    assert server.drops("handshake_box") == 1


def test_half_open_flood_is_bounded_and_expires():
    universe, client, server = client_and_server()
    server.on_incoming = lambda *_: Recorder()
    server.net.on_incoming = lambda *_: Recorder()
    rng = universe.runtime("flood").rng
    for i in range(net_crypto.MAX_HALF_OPEN + 20):
        identity = KeyPair.generate(rng)
        key = shared_key(server.identity.public, identity.secret)
        cookie = server.net.keys.cookies.make(identity.public, client.dht.public_key)
        shake = hs.create_handshake(key, bytes(24), cookie, bytes(24), client.dht.public_key, bytes(112))
        server.inject(shake, (bytes([9, i >> 8, i & 255, 1]), 9))
    assert len(server.net) == net_crypto.MAX_HALF_OPEN
    assert server.drops("handshake_full") == 20
    universe.run_for(9000)
    assert (len(server.net), len(server.net.routes.by_address)) == (0, 0)
    assert server.rt.timers.next_deadline_ms() is None


def test_remembered_handshakes_are_bounded():
    universe, _client, server = client_and_server()
    net = server.net
    for i in range(10 * net_crypto.MAX_REMEMBERED):
        cookie = hs.Cookie(hs.CookieJar.stamp_at(universe.clock.now_ms), i.to_bytes(32, "big"), bytes(32))
        net.remember(cookie.real_pk, cookie.stamp)
    assert len(net.newest) == net_crypto.MAX_REMEMBERED
    universe.clock.now_ms += hs.COOKIE_LIFETIME_MS + 1
    net.remember(cookie.real_pk, cookie.stamp)
    assert len(net.newest) <= 1


def test_cookie_requests_keep_no_state():
    _universe, client, server = client_and_server()
    dht = KeysOnlyDht(client.rt)
    key = dht.shared_keys.get(server.dht.public_key)
    for i in range(200):
        echo = i.to_bytes(8, "big")
        nonce = client.rt.rng.bytes(24)
        request = hs.create_cookie_request(key, nonce, dht.public_key, client.identity.public, echo)
        server.inject(request, client.address)
        cookie, echoed = hs.open_cookie_response(key, server.sent[-1])
        assert echoed == echo
        assert server.net.keys.cookies.open(cookie).real_pk == client.identity.public
    assert len(server.net) == 0
    assert server.rt.timers.next_deadline_ms() is None


def test_fresh_keys_from_one_network_cost_a_bounded_number_of_x25519(monkeypatch):
    monkeypatch.setattr(budget, "X25519_BURST", 1000)
    _universe, client, server = client_and_server()
    rng = random.Random(3)
    before = server.rt.counters.values.get("x25519", 0)
    for i in range(5000):
        server.inject(b"\x18" + rng.randbytes(144), (bytes([9, 9, 9, i & 255]), 9))
        cookie = server.net.keys.cookies.make(rng.randbytes(32), client.dht.public_key)
        server.inject(b"\x1a" + cookie + bytes(272), (bytes([9, 9, 9, i & 255]), 9))
    assert server.rt.counters.values["x25519"] - before <= 1000
    assert server.drops("x25519_budget") >= 9000


def test_early_packets_are_held_up_to_the_cap():
    universe, client, server = established()
    universe.run_for(100)
    for i in range(1, MAX_HELD + 100):
        server.inject(craft(client, HEAD.pack(0, i) + b"\x40x"), client.address)
    assert len(server.connection.receiving.held) == MAX_HELD
    server.inject(craft(client, HEAD.pack(0, 0) + b"\x40x"), client.address)
    assert len(server.owner.lossless) == MAX_HELD + 1


@pytest.mark.parametrize(
    ("start", "number", "data"),
    [
        (0, 0, b""),
        (0, 0, bytes(40)),
        (0, 0, b"\x03x"),
        (0, 0, b"\x0f"),
        (0, 0, b"\xff"),
        (1, 0, b"\x40ahead of what was sent"),
        (0x80000000, 0, b"\x40"),
        (0, BUFFER_SIZE, b"\x40"),
        (0, 0xFFFFFFFF, b"\x40"),
        (0, 0x80000000, b"\x01"),
    ],
)
def test_odd_plain_texts_are_harmless(start, number, data):
    universe, client, server = established()
    universe.run_for(100)
    server.inject(craft(client, HEAD.pack(start, number) + data), client.address)
    assert server.owner.lossless == []
    client.connection.write_lossless(b"\x40fine")
    universe.run_for(200)
    assert server.owner.lossless == [b"\x40fine"]


def test_gap_lists_of_any_bytes_are_harmless():
    _universe, client, server = established()
    rng = random.Random(1)
    for i in range(100):
        server.connection.write_lossless(bytes([64, i]))
        gaps = rng.randbytes(rng.randrange(40)) if i % 2 else bytes(rng.choices([0, 1, 2, 255], k=30))
        server.inject(craft(client, HEAD.pack(0, 0) + b"\x01" + gaps), client.address)
        connection = server.connection
        in_flight = connection.sender.window.in_flight
        assert 0 <= in_flight <= connection.sender.window.waiting()


def test_spoofed_addresses_never_enter_the_table():
    _universe, client, server = established()
    shake, data = client.kinds_sent(0x1A)[0], client.kinds_sent(0x1B)[0]
    for i in range(1000):
        address = (bytes([8, 8, i >> 8, i & 255]), 5)
        assert is_usable(address)
        server.inject(shake, address)
        server.inject(data, address)
    assert len(server.net.routes.by_address) == 1
