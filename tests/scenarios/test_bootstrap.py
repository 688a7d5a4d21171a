"""Bootstrapping by IPv4 address, IPv6 address and host name reaches the other node."""

import pytest

from tests.support.worlds import LoopbackWorld

REAL = {"ours-real": {"bob"}, "real-ours": {"alice"}, "ours-ours": set()}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
@pytest.mark.parametrize("sides", REAL)
def test_bootstrap(sides, host):
    world = LoopbackWorld(real=REAL[sides])
    try:
        alice, bob = world.actor("alice"), world.actor("bob")
        bob.host = host
        alice.bootstrap_to(bob)
        alice.friend_add_norequest(bob.self_get_public_key())
        bob.friend_add_norequest(alice.self_get_public_key())
        world.connect(alice, bob, timeout_s=90)
    finally:
        world.close()
