"""Who is on the way and has no keys: drops, damages and repeats handshakes on a bad line, at random.

A friend who is pinned never gets an old session; and when the attacker gives up, both have Noise. `--seeds N`
plays N times as many networks.
"""

import random

from tests.support.handshakes import LEGACY, NOISE_IK, Pair
from toxpy.wire.packets import COOKIE_REQUEST, COOKIE_RESPONSE, HANDSHAKE, NOISE_HANDSHAKE

NETWORKS = 6
#: What an attacker can tell apart and would like to change.
SETTING_UP = {COOKIE_REQUEST.kind, COOKIE_RESPONSE.kind, HANDSHAKE.kind, NOISE_HANDSHAKE.kind}
MAX_SEEN = 200


class Attacker:
    """Between alice and bob. Half of them would like to see old sessions only."""

    def __init__(self, pair, seed):
        self.random = random.Random(f"attacker {seed}")
        self.carry, self.seen, self.works = pair.universe.carry, [], True
        self.hates_noise = self.random.random() < 0.5
        pair.universe.carry = self.on_packet

    def on_packet(self, source, address, data):
        if not self.works or data[0] not in SETTING_UP:
            self.carry(source, address, data)
            return
        chance = self.random.random
        if len(self.seen) < MAX_SEEN:
            self.seen.append((source, address, data))
        if chance() < 0.2:
            self.carry(*self.random.choice(self.seen))
        if chance() < 0.2:
            damaged = bytearray(data)
            damaged[self.random.randrange(1, len(data))] ^= 1 << self.random.randrange(8)
            self.carry(source, address, bytes(damaged))
        if not (self.hates_noise and data[0] == NOISE_HANDSHAKE.kind) and chance() > 0.3:
            self.carry(source, address, data)


def watch(actor, sessions):
    """Keep the version of each confirmed session, and whether the friend was pinned before."""
    policy = actor.tox.handshakes.capability

    class Watched(type(policy)):
        __slots__ = ()

        def on_established(self, real_pk, version):
            sessions.append((version, self.is_pinned(real_pk)))
            super().on_established(real_pk, version)

    policy.__class__ = Watched


def play(seed):
    pair = Pair(seed=seed, loss=0.2, duplicate=0.05, jitter_ms=60)
    attacker = Attacker(pair, seed)
    of_alice, of_bob = [], []
    watch(pair.alice, of_alice)
    watch(pair.bob, of_bob)
    pair.befriend()
    for _ in range(3):
        pair.run_for(60)
        if pair.alice.is_online() and pair.bob.is_online():
            pair.reconnect()
    attacker.works = False
    pair.together(180)
    if LEGACY in pair.versions():
        # the one that was won
        pair.run_for(5)
        pair.reconnect()
        pair.together(120)
    assert pair.versions() == pair.pins() == (NOISE_IK, NOISE_IK)
    for sessions in (of_alice, of_bob):
        assert (LEGACY, True) not in sessions, sessions
    return of_alice + of_bob


def test_nobody_without_keys_talks_down_a_pinned_friend(request):
    seen = set()
    for seed in range(1, 1 + NETWORKS * request.config.getoption("seeds")):
        seen.update(version for version, _ in play(seed))
    # some did have an old session first
    assert seen == {LEGACY, NOISE_IK}
