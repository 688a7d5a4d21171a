"""Noise over relays, between relay and direct way, and in whole instances."""

import pytest

from tests.support.worlds import SimulatedWorld
from tests.unit.net_crypto.noise_pair import Rules
from tests.unit.net_crypto.test_transport_moves import MixedWorld, send_all, way
from toxpy.generated import enums
from toxpy.net_crypto.handshake import LEGACY, NOISE_IK


def friends(world, **rules):
    """alice and bob, connected; those who have rules speak Noise."""
    alice, bob = world.strangers()
    for actor in (alice, bob):
        if actor.name in rules:
            actor.rules = Rules(**rules[actor.name])
            actor.tox.net_crypto.use(actor.rules)
    alice.friend_add_norequest(bob.self_get_public_key())
    bob.friend_add_norequest(alice.self_get_public_key())
    world.connect(alice, bob)
    return alice, bob


def sessions(*actors):
    return [connection for actor in actors for connection in actor.tox.net_crypto.connections()]


@pytest.mark.parametrize("loss", [0.0, 0.1])
def test_over_a_relay_and_to_the_direct_way_and_back(loss):
    world = MixedWorld(loss=loss)
    world.blocked = True
    alice, bob = friends(world, alice={}, bob={})
    assert way(alice) == way(bob) == enums.TOX_CONNECTION_TCP
    begun = sessions(alice, bob)
    assert [connection.version for connection in begun] == [NOISE_IK, NOISE_IK]
    keys = [connection.session for connection in begun]
    texts = [b"one %d" % i for i in range(100)]
    assert send_all(world, alice, bob, texts) == texts

    world.blocked = False
    world.until(lambda: way(alice) == way(bob) == enums.TOX_CONNECTION_UDP, "the direct way", 60)
    texts = [b"two %d" % i for i in range(100)]
    assert send_all(world, bob, alice, texts) == texts

    world.blocked = True
    world.until(lambda: way(alice) == way(bob) == enums.TOX_CONNECTION_TCP, "the relay again", 60)
    texts = [b"three %d" % i for i in range(100)]
    assert send_all(world, alice, bob, texts) == texts
    # it was one session all the time
    assert [connection.session for connection in sessions(alice, bob)] == keys


@pytest.mark.parametrize(
    ("alice_rules", "bob_rules", "version"),
    [({}, {}, NOISE_IK), ({}, None, LEGACY), ({"legacy": False}, {"begins": False}, NOISE_IK)],
    ids=["both", "one", "one insists"],
)
@pytest.mark.parametrize("relayed", [False, True], ids=["UDP", "relay"])
def test_friends_find_each_other(relayed, alice_rules, bob_rules, version):
    world = SimulatedWorld(relayed=relayed)
    rules = {"alice": alice_rules, "bob": bob_rules}
    alice, bob = friends(world, **{name: each for name, each in rules.items() if each is not None})
    assert [connection.version for connection in sessions(alice, bob)] == [version, version]
    assert {made for _, made in alice.rules.established} == {version}
    texts = [b"%d" % i for i in range(50)]
    assert send_all(world, alice, bob, texts) == texts


def test_restarted_friends_meet_again_over_a_relay():
    world = SimulatedWorld(relayed=True)
    alice, bob = friends(world, alice={}, bob={})
    saved = bob.tox.get_savedata()
    world.vanish(bob)
    bob = world.actor("bob", savedata=saved)
    bob.tox.net_crypto.use(Rules())
    world.connect(alice, bob)
    assert [connection.version for connection in sessions(alice, bob)] == [NOISE_IK, NOISE_IK]
