"""Many simulated networks with loss, reordering and an attacker on the way who has no secret.

He drops, repeats, damages and forges packets. In the end there is one session, and what a policy refuses
there never was.
"""

import random

from tests.unit.net_crypto.noise_pair import speaking
from tests.unit.net_crypto.pair import Recorder, both_established
from tests.unit.net_crypto.test_connection import message
from toxpy.net_crypto.handshake import LEGACY, NOISE_IK
from toxpy.wire.packets import COOKIE_REQUEST, COOKIE_RESPONSE, DATA, HANDSHAKE, NOISE_HANDSHAKE

#: What the attacker keeps for later, packets.
MAX_KEPT = 400
#: How long he is there, ms, and how long the peers then have.
ATTACK_MS, PEACE_MS = 12_000, 60_000
KINDS = [layout.kind for layout in (COOKIE_REQUEST, COOKIE_RESPONSE, HANDSHAKE, DATA, NOISE_HANDSHAKE)]


class Attacker:
    """Between the two peers; what he does is random, and the seed's."""

    def __init__(self, seed, universe, peers):
        self.random = random.Random(f"attacker {seed}")
        self.universe, self.peers = universe, peers
        self.carry, universe.carry = universe.carry, self.on_packet
        self.kept, self.active = [], True
        #: of these he lets nothing pass, from that moment on
        self.dropped = {*self.random.sample(KINDS, self.random.randrange(3))}
        if self.random.random() < 0.5:
            self.dropped.add(NOISE_HANDSHAKE.kind)
        self.begins_ms = universe.clock.now_ms + self.random.choice([0, self.random.randrange(6000)])
        #: shares of packets that he damages, and upon which he says something of his own
        self.damages, self.forges = self.random.choice([(0, 0), (0.1, 0.3), (0.3, 1)])

    def on_packet(self, source, address, data):
        if not self.active:
            self.carry(source, address, data)
            return
        if len(self.kept) < MAX_KEPT:
            self.kept.append((source, address, data))
        if self.universe.clock.now_ms >= self.begins_ms and data[0] in self.dropped:
            return
        if self.random.random() < self.damages:
            data = self.damaged(data)
        self.carry(source, address, data)
        if self.random.random() < self.forges:
            source, address, data = self.random.choice(self.kept)
            self.carry(source, address, self.random.choice([data, self.damaged(data), self.forged(data)]))

    def damaged(self, data):
        bad = bytearray(data)
        bad[self.random.randrange(len(bad))] ^= 1 << self.random.randrange(8)
        return bytes(bad)

    def forged(self, data):
        return data[:2] + self.random.randbytes(len(data) - 2)


class Persistent(Recorder):
    """Begins again some time after a connection closed, as friends do."""

    def __init__(self, peer, other, delays):
        super().__init__()
        self.peer, self.other, self.delays = peer, other, delays
        self.versions = []

    def on_established(self):
        super().on_established()
        self.versions.append(self.connection.version)

    def on_closed(self):
        super().on_closed()
        self.peer.rt.timers.call_later(self.delays.randrange(100, 2000), self.begin)

    def begin(self):
        self.peer.connect(self.other)


def play(seed, *rules):
    """One network: both peers afterwards."""
    universe, client, server = speaking(
        seed, *rules, loss=0.3, duplicate=0.1, jitter_ms=random.Random(seed).choice([10, 60, 300])
    )
    delays = random.Random(f"delays {seed}")
    for peer, other in (client, server), (server, client):
        peer.owner = Persistent(peer, other, delays)
    attacker = Attacker(seed, universe, (client, server))
    client.owner.begin()
    universe.run_for(delays.choice([0, 0, delays.randrange(300), delays.randrange(8000)]))
    if server.connection is None:
        server.owner.begin()
    universe.run_for(ATTACK_MS)
    attacker.active = False

    def they_talk():
        return both_established(client, server) and all(
            peer.owner.lossless[-1:] == [message(2)] for peer in (client, server)
        )

    end_ms = universe.clock.now_ms + PEACE_MS
    while universe.clock.now_ms < end_ms and not they_talk():
        for peer in (client, server):
            if peer.connection is not None:
                peer.connection.write_lossless(message(2))
        universe.run_for(500)
    assert they_talk(), (client.rt.counters.values, server.rt.counters.values)
    for peer in (client, server):
        assert len(peer.net) == 1
        # the policy heard of each session, before anybody used it
        assert [version for _, version in peer.rules.established] == peer.owner.versions
    return client, server


def seeds(pytestconfig):
    return range(40 * pytestconfig.getoption("seeds"))


def test_who_insists_on_noise_has_it(pytestconfig):
    """Peers that are pinned to each other."""
    for seed in seeds(pytestconfig):
        pinned = {"legacy": False}
        for peer in play(seed, pinned, pinned):
            assert {*peer.owner.versions} == {NOISE_IK}, seed


def test_one_insists_and_the_other_would_fall_back(pytestconfig):
    for seed in seeds(pytestconfig):
        for peer in play(seed, {"legacy": False}, {"falls_back": True}):
            assert {*peer.owner.versions} == {NOISE_IK}, seed


def test_both_agree_which_handshake_it_was(pytestconfig):
    """They would fall back, and hear of it when they do."""
    found = set()
    for seed in seeds(pytestconfig):
        client, server = play(seed, {"falls_back": True}, {"falls_back": True})
        assert client.connection.version == server.connection.version, seed
        found |= {*client.owner.versions}
    # so this attacker can do something
    assert found == {LEGACY, NOISE_IK}


def test_a_peer_of_the_old_kind_is_reached(pytestconfig):
    for seed in seeds(pytestconfig):
        client, server = play(seed, {"falls_back": True}, {"begins": False, "noise": False})
        assert client.connection.version == server.connection.version == LEGACY, seed
