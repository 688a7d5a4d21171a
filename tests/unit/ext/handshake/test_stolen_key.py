"""Somebody has our secret key and poses to us as a friend: what our policy makes of it."""

import pytest

from tests.support.handshakes import NOISE_IK, NONE, Pair
from tests.support.impostor import TEXT, Impostor
from toxpy import Tox
from toxpy.generated import events


class Attack:
    """On alice, in the name of bob, from a socket of its own."""

    def __init__(self, pair, noise=False):
        self.pair, self.socket = pair, pair.universe.socket()
        alice = pair.alice
        address = alice.socket.address
        self.impostor = Impostor(
            alice.tox.identity.secret,
            alice.tox.dht.public_key,
            pair.bob.self_get_public_key(),
            lambda packet: self.socket.send(address, packet),
            noise=noise,
        )

    def run(self, seconds=8):
        """Nobody but alice is there."""
        pair = self.pair
        self.impostor.begin()
        for _ in range(seconds * 5):
            pair.run_for(0.2)
            for packet, _address in self.socket.receive():
                self.impostor.feed(packet)

    @property
    def fooled(self):
        alice = self.pair.alice
        return alice.is_online() and alice.got(events.FriendMessage, message=TEXT) is not None


def alone(mode, pinned=False, policy="auto"):
    """Alice, who knows bob; he is off."""
    pair = Pair(mode, mode).befriend()
    if policy != "auto":
        Tox(core=pair.alice.tox).friend_set_handshake(0, policy)
    if pinned:
        pair.together()
    pair.stop(pair.bob)
    pair.until(lambda: not pair.alice.is_online(), "bob to be gone")
    pair.alice.seen.clear()
    return pair


@pytest.mark.parametrize("mode", ["legacy", "prefer"])
def test_who_has_our_key_is_taken_for_a_friend_that_is_not_pinned(mode):
    """Also the proof that the attack works."""
    pair = alone(mode)
    attack = Attack(pair)
    attack.run()
    assert attack.fooled
    assert pair.alice.friend_get_handshake_pin(0) == NONE


@pytest.mark.parametrize(
    ("mode", "pinned", "policy"),
    [("prefer", True, "auto"), ("prefer", False, "require"), ("only", False, "auto")],
)
def test_a_pin_or_who_requires_noise_refuses(mode, pinned, policy):
    pair = alone(mode, pinned, policy)
    attack = Attack(pair)
    attack.run()
    assert not attack.fooled and attack.impostor.session is None
    told = pair.alice.got(events.FriendHandshakeDowngrade) is not None
    assert told == pinned
    # refused before any cryptography with the real keys
    assert pair.alice.tox.rt.counters.values["drop.handshake_version"] >= 1
    assert attack.impostor.friend_pk not in pair.alice.tox.net_crypto.keys.identity_keys


@pytest.mark.parametrize("pinned", [False, True])
def test_the_first_noise_message_alone_proves_nothing(pinned):
    """Our secret is enough to make it, but not to go on: nobody comes online, nobody is pinned by it."""
    pair = alone("prefer", pinned)
    attack = Attack(pair, noise=True)
    attack.run(12)
    assert attack.impostor.answered
    assert not pair.alice.is_online() and pair.alice.got(events.FriendConnectionStatus) is None
    assert (pair.alice.friend_get_handshake_pin(0) == NOISE_IK) == pinned


def test_a_stranger_who_becomes_a_friend_is_not_pinned_by_a_first_message():
    pair = Pair()
    bob = pair.bob.self_get_public_key()
    pair.stop(pair.bob)
    connection = pair.alice.tox.messenger.connections.hold(bob, object())
    attack = Attack(pair, noise=True)
    attack.run(1)
    assert attack.impostor.answered and connection.crypto.version == NOISE_IK
    pair.alice.friend_add_norequest(bob)
    assert pair.alice.friend_get_handshake_pin(0) == NONE
