"""Somebody on every way between two friends, with the secret key of one of them: nothing talks the two down.

The adversary drops, repeats, changes and keeps handshakes as it likes, and poses as the friend, while both
lose their session and start anew. Pinned friends have Noise sessions or none, and meet once it is over.
"""

import os
import random

import pytest

from tests.support.handshakes import NOISE_IK, NONE, Pair
from tests.support.impostor import Impostor
from toxpy.generated import events
from toxpy.net_crypto.policy import LEGACY, Handshakes
from toxpy.wire.packets import COOKIE_REQUEST, COOKIE_RESPONSE, HANDSHAKE, NOISE_HANDSHAKE

SET_UP = {COOKIE_REQUEST.kind, COOKIE_RESPONSE.kind, HANDSHAKE.kind, NOISE_HANDSHAKE.kind}
#: Shares of Noise handshakes and of all other packets that get lost.
LOSSES = ((1.0, 0.2), (0.9, 0.0), (0.6, 0.2), (0.3, 0.4))
#: For more: TOXPY_SEEDS=1000.
SEEDS = int(os.environ.get("TOXPY_SEEDS", "8"))


class Adversary:
    """Between alice and bob from now on."""

    def __init__(self, pair, rng):
        self.pair, self.rng = pair, rng
        self.seen, self.active = [], True
        self.losses = rng.choice(LOSSES)
        self.carry = pair.universe.carry
        pair.universe.carry = self.on_packet
        self.socket, self.impostor = pair.universe.socket(), None

    def on_packet(self, source, address, data):
        between = {self.pair.alice.socket.address, self.pair.bob.socket.address}
        if self.active and {source.address, address} == between:
            if data[0] in SET_UP:
                self.seen.append((source, address, data))
            if self.rng.random() < self.losses[data[0] != NOISE_HANDSHAKE.kind]:
                return
        self.carry(source, address, data)

    def act(self):
        rng = self.rng
        if self.seen and rng.random() < 0.5:
            source, address, data = rng.choice(self.seen)
            if rng.random() < 0.3:
                changed = bytearray(data)
                changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
                data = bytes(changed)
            self.carry(source, address, data)
        if rng.random() < 0.1:
            self.pose()
        for packet, _address in self.socket.receive():
            # answers to an earlier attempt are of no use to this one
            if packet[0] != COOKIE_RESPONSE.kind or self.impostor.opens(packet):
                self.impostor.feed(packet)

    def pose(self):
        """As bob, to alice, whose secret key is known."""
        alice = self.pair.alice
        self.impostor = Impostor(
            alice.tox.identity.secret,
            alice.tox.dht.public_key,
            alice.friend_get_public_key(0),
            lambda packet: self.socket.send(alice.socket.address, packet),
            noise=self.rng.random() < 0.5,
            seed=self.rng.random(),
        )
        self.impostor.begin()


def disturb(pair, rng):
    """The friends have troubles of their own."""
    if rng.random() < 0.04:
        name = rng.choice(("alice", "bob"))
        started = pair.restart(getattr(pair, name))
        setattr(pair, name, started)
        started.bootstrap_to(pair.nodes[0])
    connection = pair.alice.tox.messenger.friend(0).connection
    if rng.random() < 0.04 and connection.crypto is not None:
        connection.crypto.kill()
        connection.on_closed()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_pinned_friends_are_never_talked_down(seed, monkeypatch):
    rng, versions = random.Random(seed), []
    pair = Pair("prefer", "prefer", seed=seed).befriend().together()
    assert pair.pins() == (NOISE_IK, NOISE_IK)
    # what net_crypto tells the policy of every session, also of one that nobody sees
    policy = type(pair.alice.tox.handshakes.capability)
    told = policy.on_established
    assert issubclass(policy, Handshakes)

    def on_established(self, real_pk, version):
        versions.append(version)
        told(self, real_pk, version)

    monkeypatch.setattr(policy, "on_established", on_established)
    adversary = Adversary(pair, rng)
    for _ in range(120):
        pair.run_for(0.5)
        adversary.act()
        disturb(pair, rng)
        for actor in (pair.alice, pair.bob):
            assert actor.friend_get_handshake(0) in (NOISE_IK, NONE)
            assert actor.got(events.FriendMessage) is None
    adversary.active = False
    pair.together(120)
    assert pair.versions() == (NOISE_IK, NOISE_IK) and LEGACY not in versions and len(versions) >= 2
