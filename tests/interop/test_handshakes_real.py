"""Handshakes with the real library, which has the old one only."""

import socket

import pytest

from tests.support.handshakes import LEGACY, MODES, NONE
from tests.support.impostor import TEXT, Impostor
from tests.support.real_tox import RealTox
from tests.support.worlds import LOOPBACK, LoopbackWorld
from toxpy import OfflineReason, Tox
from toxpy.core import Core
from toxpy.crypto.keys import KeyPair
from toxpy.generated import events
from toxpy.options import Options


@pytest.fixture
def worlds():
    made = []

    def make(mode):
        world = LoopbackWorld(real={"bob", "node0", "node2"}, options={"alice": MODES[mode]})
        made.append(world)
        return world

    yield make
    for world in made:
        world.close()


def test_who_prefers_noise_still_meets_the_real_library(worlds):
    world = worlds("prefer")
    alice, bob = world.friends()
    assert alice.friend_get_handshake(0) == LEGACY
    assert alice.friend_get_handshake_pin(0) == NONE
    alice.friend_send_message(0, 0, b"hi")
    assert bob.wait(events.FriendMessage).message == b"hi"
    # and again, after a restart of either side
    alice.bootstrap_to(world.actors[0])
    bob = bob.restart()
    bob.bootstrap_to(world.actors[0])
    world.connect(alice, bob)
    assert alice.friend_get_handshake(0) == LEGACY


def test_who_has_noise_only_does_not_meet_it(worlds):
    world = worlds("only")
    alice, bob = world.strangers()
    alice.friend_add_norequest(bob.self_get_public_key())
    bob.friend_add_norequest(alice.self_get_public_key())
    tox = Tox(core=alice.tox)
    lacks = OfflineReason.FRIEND_LACKS_NOISE
    world.until(lambda: tox.friend_why_offline(0).reason == lacks, "the old handshake to be refused")
    world.run_for(2)
    assert not alice.is_online() and not bob.is_online()


def test_the_real_library_reads_over_pins_and_drops_them():
    friend = KeyPair(bytes(range(1, 33))).public
    options = Options(udp_enabled=False, local_discovery_enabled=False, **MODES["prefer"])
    ours = Core(options)
    ours.friends.friend_add_norequest(friend)
    ours.handshakes.friend_set_handshake(0, 1, False)
    save = ours.get_savedata()
    ours.kill()
    real = RealTox(savedata=save, udp=False)
    assert real.friend_by_public_key(friend) == 0
    options.savedata_type, options.savedata_data = 1, real.get_savedata()
    real.kill()
    again = Core(options)
    assert again.handshakes.friend_get_handshake_policy(0) == 0
    again.kill()


@pytest.mark.timeout(60)
def test_who_has_the_key_of_a_user_of_the_real_library_poses_as_a_friend():
    """What pins are for."""
    victim = RealTox(ipv6=False)
    friend = KeyPair(bytes(range(1, 33))).public
    victim.friend_add_norequest(friend)
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with here:
        here.bind((LOOPBACK, 0))
        here.settimeout(0.02)
        address = LOOPBACK, victim.self_get_udp_port()
        secret, dht_id = victim.self_get_secret_key(), victim.self_get_dht_id()
        impostor = Impostor(secret, dht_id, friend, lambda packet: here.sendto(packet, address))
        impostor.begin()
        told = []
        for _ in range(250):
            victim.iterate()
            told += victim.drain_events()
            try:
                impostor.feed(here.recv(2048))
            except TimeoutError:
                continue
            if any(isinstance(event, events.FriendMessage) for event in told):
                break
        assert victim.friend_get_connection_status(0) != 0
        assert [event.message for event in told if isinstance(event, events.FriendMessage)] == [TEXT]
    victim.kill()
