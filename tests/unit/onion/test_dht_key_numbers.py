"""What tells a friend our DHT key cannot be replayed, whatever the wall clock says."""

from tests.support.universe import SimClock
from tests.support.worlds import SimulatedWorld


def test_dht_keys_are_told_with_numbers_that_only_grow(monkeypatch):
    """And not faster than time: a friend would ignore us after a restart, until it has passed."""
    world = SimulatedWorld(seed=6)
    alice, bob = world.strangers()
    alice.friend_add_norequest(bob.self_get_public_key())
    onion = alice.tox.onion
    (friend,) = onion.friends.values()
    numbers = []
    for wall in (1_700_000_000, 1_700_000_000, 1_699_996_400, 0, 1_700_000_100):
        monkeypatch.setattr(SimClock, "unix_s", lambda _self, wall=wall: wall)
        onion._rt.clock.now_ms += 1000
        for _ in range(50):
            onion._dht_pk_packet(friend)
        numbers.append(int.from_bytes(onion._dht_pk_packet(friend)[1:9], "big"))
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 1_700_000_100, "and it never runs ahead of a sound clock"
    world.close()


def test_a_recorded_dht_key_is_worth_nothing(monkeypatch):
    """Neither at once nor when clocks have gone back."""
    world = SimulatedWorld(seed=6)
    alice, bob = world.strangers()
    alice.friend_add_norequest(bob.self_get_public_key())
    bob.friend_add_norequest(alice.self_get_public_key())
    (to_bob,) = alice.tox.onion.friends.values()
    onion = bob.tox.onion
    (to_alice,) = onion.friends.values()
    told = []
    to_alice.owner = type("Owner", (), {"on_dht_pk": lambda _self, pk: told.append(pk)})()
    old = alice.tox.onion._dht_pk_packet(to_bob)[1:41]
    alice.tox.onion._rt.clock.now_ms += 1000
    new = alice.tox.onion._dht_pk_packet(to_bob)[1:41]
    for packet in (new, new, old):
        onion._on_dht_pk(alice.self_get_public_key(), packet)
    monkeypatch.setattr(SimClock, "unix_s", lambda _self: 0)
    onion._on_dht_pk(alice.self_get_public_key(), old)
    assert len(told) == 1
    assert bob.rt.counters.values["drop.dht_pk_replay"] == 3
    world.close()
