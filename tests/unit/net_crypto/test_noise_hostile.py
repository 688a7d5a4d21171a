"""Noise handshakes that are bad, replayed, too many or made by somebody else."""

import random

import pytest

from tests.unit.net_crypto.noise_pair import established_with_noise, flipped, speaking
from tests.unit.net_crypto.pair import Peer, Recorder, both_established
from toxpy.crypto import noise
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.noise import NoiseIK
from toxpy.dht import budget
from toxpy.net_crypto import net_crypto
from toxpy.net_crypto.handshake import COOKIE_LIFETIME_MS, NOISE_IK
from toxpy.net_crypto.noise_handshakes import MAX_SPEAKERS
from toxpy.net_crypto.noise_setup import HEAD, PROLOGUE
from toxpy.net_crypto.setup import HANDSHAKE_SENT, NOT_CONFIRMED
from toxpy.runtime import FORKS
from toxpy.wire.packets import DATA, NOISE_HANDSHAKE

NOISE = NOISE_HANDSHAKE.kind
ELSEWHERE = b"\x09\x09\x09\x09", 9


def forged(server, identity, dht_pk, rng, cookie_of=None):
    """A message 1 by anybody who knows the server's real key, with a cookie that the server made."""
    cookie = server.net.keys.cookies.make(cookie_of or identity.public, dht_pk)
    message = NoiseIK(identity, PROLOGUE, server.identity.public).write(
        cookie + bytes(112), KeyPair.generate(rng)
    )
    return HEAD + message


def test_every_flipped_bit_is_dropped_and_the_true_message_still_counts():
    universe, client, server = speaking(jitter_ms=0)
    client.connect(server)
    assert universe.run_until(lambda: client.kinds_sent(NOISE), 5000)
    universe.in_flight.clear()
    message = client.kinds_sent(NOISE)[0]
    for bad in flipped(message):
        if bad[0] == NOISE:
            server.inject(bad, client.address)
    assert (server.sent[1:], server.incoming, len(server.net), server.net.newest) == ([], [], 0, {})
    server.inject(message, client.address)
    (answer,) = server.kinds_sent(NOISE)
    universe.in_flight.clear()
    state = client.connection.state
    for bad in flipped(answer):
        if bad[0] == NOISE:
            client.inject(bad, server.address)
    assert client.connection.state == state == HANDSHAKE_SENT
    client.inject(answer, server.address)
    assert client.connection.state == NOT_CONFIRMED
    assert universe.run_until(lambda: both_established(client, server), 5000)
    assert server.drops("noise_message_1") >= 8 * 320 and client.drops("noise_answer") >= 8 * 160


def test_every_truncation_and_other_sizes_are_dropped():
    universe, client, server = established_with_noise()
    universe.run_for(300)
    calls = [*server.owner.calls], [*client.owner.calls]
    x25519 = [peer.rt.counters.values["x25519"] for peer in (client, server)]
    for data in (client.kinds_sent(NOISE)[0], server.kinds_sent(NOISE)[0]):
        for peer in (client, server):
            for address in (client.address, server.address, ELSEWHERE):
                for size in {*range(1, 400)} - {162, 322}:
                    peer.inject(data[:size].ljust(size, b"x"), address)
    assert (server.owner.calls, client.owner.calls) == calls
    assert [peer.rt.counters.values["x25519"] for peer in (client, server)] == x25519
    assert server.drops("noise_size_or_version") == client.drops("noise_size_or_version") > 2000


def test_another_version_costs_nothing():
    universe, client, server = speaking()
    client.connect(server)
    assert universe.run_until(lambda: client.kinds_sent(NOISE), 5000)
    message = client.kinds_sent(NOISE)[0]
    x25519 = server.rt.counters.values["x25519"]
    for version in {*range(256)} - {NOISE_IK}:
        server.inject(message[:1] + bytes((version,)) + message[2:], client.address)
    assert server.rt.counters.values["x25519"] == x25519 and server.drops("noise_size_or_version") == 255


def test_replays_change_nothing():
    universe, client, server = established_with_noise()
    everything = [(server, client, d) for d in client.sent] + [(client, server, d) for d in server.sent]
    client.connection.write_lossless(b"\x40once")
    universe.run_for(200)
    calls = [*server.owner.calls], [*client.owner.calls]
    sessions = client.connection.session, server.connection.session
    for target, source, data in everything * 2:
        target.inject(data, source.address)
        target.inject(data, ELSEWHERE)
    assert (server.owner.calls, client.owner.calls) == calls
    assert (client.connection.session, server.connection.session) == sessions
    client.connection.write_lossless(b"\x40twice")
    universe.run_for(200)
    assert server.owner.lossless == [b"\x40once", b"\x40twice"]


def test_a_replayed_message_1_after_the_session_ended():
    universe, client, server = established_with_noise()
    message = client.kinds_sent(NOISE)[0]
    client.connection.kill()
    universe.run_for(500)
    server.inject(message, client.address)
    server.inject(message, ELSEWHERE)
    assert len(server.net) == 0 and server.drops("handshake_replayed") == 2


def test_a_stale_cookie_is_refused():
    universe, client, server = speaking()
    client.connect(server)
    assert universe.run_until(lambda: client.kinds_sent(NOISE), 5000)
    message = client.kinds_sent(NOISE)[0]
    server.stop()
    universe.run_for(COOKIE_LIFETIME_MS + 100)
    server.inject(message, client.address)
    assert (len(server.net), server.drops("noise_message_1")) == (0, 1)


def test_a_cookie_of_somebody_else_is_refused():
    universe, client, server = speaking()
    rng = universe.runtime("thief").rng
    thief = KeyPair.generate(rng)
    packet = forged(server, thief, client.dht.public_key, rng, cookie_of=client.identity.public)
    server.inject(packet, ELSEWHERE)
    assert (len(server.net), server.drops("noise_message_1"), server.incoming) == (0, 1, [])


@pytest.mark.parametrize("change", ["real_pk", "dht_pk"])
def test_a_message_2_must_bring_our_cookie_back(change):
    universe, client, server = speaking(jitter_ms=0)
    client.connect(server)
    assert universe.run_until(lambda: client.kinds_sent(NOISE), 5000)
    own = {"real_pk": server.identity.public, "dht_pk": server.dht.public_key, change: bytes(32)}
    ik = NoiseIK(server.identity, PROLOGUE)
    assert ik.read(client.kinds_sent(NOISE)[0][2:]) is not None
    other = client.net.keys.cookies.make(own["real_pk"], own["dht_pk"])
    client.inject(HEAD + ik.write(other, KeyPair.generate(server.rt.rng)), server.address)
    assert client.connection.state == HANDSHAKE_SENT and client.drops("noise_answer") == 1
    assert client.rules.established == []


def test_who_has_our_secret_is_not_established():
    """He makes a message 1 in the name of a friend; without the friend's secret he cannot answer as one."""
    universe, client, server = speaking()
    rng = universe.runtime("thief").rng
    # e, es, s and ss can all be computed with the server's secret
    ik = NoiseIK(KeyPair(server.identity.secret), PROLOGUE, server.identity.public)
    ik._state.s.public = ik._state.s.public_bytes = client.identity.public
    ik._state.noise_protocol.dh_fn = OursInsteadOf(server, client)
    cookie = server.net.keys.cookies.make(client.identity.public, client.dht.public_key)
    server.inject(HEAD + ik.write(cookie + bytes(112), KeyPair.generate(rng)), ELSEWHERE)
    assert server.incoming and len(server.kinds_sent(NOISE)) == 1
    universe.run_for(20_000)
    assert (server.owner.calls, server.rules.established) == (["attach", "closed"], [])


class OursInsteadOf:
    """Diffie-Hellman of two static keys, with the secret of the other side."""

    dhlen = 32

    def __init__(self, server, client):
        self.server, self.client = server, client

    def dh(self, private, public):
        from toxpy.crypto.noise import _Curve

        if private == self.server.identity.secret and public == self.server.identity.public:
            return _Curve.dh(private, self.client.identity.public)
        return _Curve.dh(private, public)


def test_half_open_sessions_are_bounded_and_expire():
    universe, client, server = speaking()
    server.net.on_incoming = lambda *_: Recorder()
    rng = universe.runtime("flood").rng
    for i in range(net_crypto.MAX_HALF_OPEN + 20):
        packet = forged(server, KeyPair.generate(rng), client.dht.public_key, rng)
        server.inject(packet, (bytes([9, i >> 8, i & 255, 1]), 9))
    assert len(server.net) == net_crypto.MAX_HALF_OPEN
    assert server.drops("handshake_full") == 20
    universe.run_for(9000)
    assert (len(server.net), len(server.net.routes.by_address)) == (0, 0)
    assert server.rt.timers.next_deadline_ms() is None


def test_who_is_remembered_to_speak_noise_is_bounded():
    _universe, _client, server = speaking()
    handshakes = server.net._noise
    for i in range(3 * MAX_SPEAKERS):
        handshakes._speaks(i.to_bytes(32, "big"))
    assert len(server.net.keys.speakers) == MAX_SPEAKERS


@pytest.mark.parametrize("kind", ["message 1", "message 2"])
def test_bogus_messages_cost_a_bounded_number_of_x25519(monkeypatch, kind):
    """And peers from other networks are served."""
    monkeypatch.setattr(budget, "X25519_BURST", 500)
    universe, client, server = speaking()
    waiting = Peer(universe, "waiting")
    connection = server.net.connect(waiting.identity.public, waiting.dht.public_key, Recorder())
    rng = random.Random(3)
    addresses = [(bytes([9, 9, 9, i]), 9) for i in range(3)]
    for address in addresses:
        connection.set_address(address)
    cookie = server.net.keys.cookies.make(waiting.identity.public, waiting.dht.public_key)
    connection.setup.begin_handshake(cookie, addresses[0])
    connection._happened("the peer's cookie comes")
    before, done, dh = server.rt.counters.values["x25519"], [], noise._Curve.dh
    monkeypatch.setattr(noise._Curve, "dh", staticmethod(lambda *keys: done.append(1) or dh(*keys)))
    size = 320 if kind == "message 1" else 160
    for i in range(3000):
        server.inject(HEAD + rng.randbytes(size), addresses[i % 3])
    assert 400 < server.rt.counters.values["x25519"] - before <= 500
    # what is counted is what was done, or more: a message may end after the first of its two
    assert len(done) <= 500
    assert server.drops("x25519_budget") >= 2700
    client.connect(server)
    assert universe.run_until(lambda: both_established(client, server), 5000)


def test_nothing_is_made_for_a_message_1_before_it_opened():
    _universe, _client, server = speaking()
    rng, state = random.Random(1), server.rt.rng._random.getstate()
    for _ in range(50):
        server.inject(HEAD + rng.randbytes(320), ELSEWHERE)
    # also no key: that would take randomness
    assert server.rt.rng._random.getstate() == state
    assert (server.sent, len(server.net), server.net.keys.speakers) == ([], 0, {})


def test_the_keys_serve_nobody_in_the_child_of_a_fork(monkeypatch):
    _universe, client, server = established_with_noise()
    sealed = client.connection.session.seal(0, 0, b"\x40parent")
    monkeypatch.setattr(FORKS, "count", FORKS.count + 1)
    assert client.connection.session.seal(0, 0, b"\x40child")[3:].strip(b"\0") == b""
    assert server.connection.session.open(sealed) is None


def test_random_and_mutated_packets():
    universe, client, server = established_with_noise()
    examples = [client.kinds_sent(NOISE)[0], server.kinds_sent(NOISE)[0], client.kinds_sent(DATA.kind)[0]]
    rng = random.Random(5)
    for _ in range(1500):
        data = bytearray(rng.choice(examples))
        if rng.random() < 0.5:
            data[rng.randrange(1, len(data))] ^= 1 << rng.randrange(8)
        else:
            data[2:] = rng.randbytes(rng.choice([160, 320, rng.randrange(1500)]))
        rng.choice([client, server]).inject(
            bytes(data), rng.choice([client.address, server.address, ELSEWHERE])
        )
    client.connection.write_lossless(b"\x40still")
    universe.run_for(1000)
    assert server.owner.lossless == [b"\x40still"]
    assert both_established(client, server)
