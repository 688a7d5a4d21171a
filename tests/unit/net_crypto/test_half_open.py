"""Half-open sessions: they expire, and leave nothing."""

from tests.unit.net_crypto.pair import Recorder, client_and_server
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import shared_key
from toxpy.net_crypto import handshake as hs
from toxpy.net_crypto import net_crypto

# what is half-open


def test_a_thousand_half_open_sessions_are_gone_in_time():
    """Handshakes that nobody confirms, and requests for cookies that nobody answers."""
    universe, client, server = client_and_server()
    server.net.on_incoming = lambda *_: Recorder()
    rng = universe.runtime("flood").rng
    most = 0
    for i in range(1000):
        identity = KeyPair.generate(rng)
        key = shared_key(server.identity.public, identity.secret)
        cookie = server.net.keys.cookies.make(identity.public, client.dht.public_key)
        shake = hs.create_handshake(key, bytes(24), cookie, bytes(24), client.dht.public_key, bytes(112))
        server.inject(shake, (bytes([9, i >> 8, i & 255, 1]), 9))
        most = max(most, len(server.net))
        universe.clock.now_ms += 1
    assert most == net_crypto.MAX_HALF_OPEN
    for _ in range(1000):
        peer = server.net.connect(KeyPair.generate(rng).public, KeyPair.generate(rng).public, Recorder())
        peer.set_address((bytes((9, 9, 9, 9)), 9))
    assert len(server.net) == most + 1000
    universe.run_for(9_000)
    assert (len(server.net), len(server.net.routes.by_address)) == (0, 0)
    assert server.rt.timers.next_deadline_ms() is None


def test_ten_thousand_first_halves_of_handshakes_leave_nothing():
    """A cookie request is answered and forgotten."""
    _universe, client, server = client_and_server()
    sent = len(server.sent)
    for i in range(10_000):
        packet = hs.create_cookie_request(
            client.dht.shared_keys.get(server.dht.public_key),
            i.to_bytes(24, "big"),
            client.dht.public_key,
            bytes(32),
            bytes(8),
        )
        server.inject(packet, (bytes([9, i >> 8, i & 255, 1]), 9))
    assert len(server.sent) - sent == 10_000
    assert (len(server.net), len(server.net.routes.by_address), len(server.net.newest)) == (0, 0, 0)
    assert server.rt.timers.next_deadline_ms() is None


def test_handshakes_pushed_out_of_the_memory_cannot_be_replayed():
    """The memory is bounded, and flushing it is no way around it."""
    universe, client, server = client_and_server()
    client.connect(server)
    assert universe.run_until(
        lambda: server.connection is not None and server.connection.is_established, 5000
    )
    shake = client.kinds_sent(0x1A)[0]
    client.connection.kill()
    universe.run_for(100)
    for i in range(2 * net_crypto.MAX_REMEMBERED):
        stamp = server.net.keys.cookies.open(server.net.keys.cookies.make(bytes(32), bytes(32))).stamp
        cookie = hs.Cookie(stamp, i.to_bytes(32, "big"), bytes(32))
        server.net.remember(cookie.real_pk, cookie.stamp)
    assert client.identity.public not in server.net.newest
    server.inject(shake, (bytes((9, 9, 9, 9)), 9))
    assert server.drops("handshake_replayed") == 1 and len(server.net) == 0
    # who comes with a new cookie is let in as ever
    again = client.connect(server)
    assert universe.run_until(lambda: again.is_established, 20_000)
