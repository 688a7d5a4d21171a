"""When a friend who was found is told our DHT key."""

from tests.support.worlds import SimulatedWorld
from toxpy.onion.client import OnionClient, OnionFriend


def test_a_lost_packet_is_made_up_for_soon(monkeypatch):
    """The first ones follow each other quickly, later ones every half minute; anew when the friend left."""
    world = SimulatedWorld(seed=6)
    alice, bob = world.strangers()
    alice.friend_add_norequest(bob.self_get_public_key())
    onion = alice.tox.onion
    (friend,) = onion.friends.values()
    sent = []
    clock = onion._rt.clock
    monkeypatch.setattr(OnionFriend, "storing", lambda _self: [type("Node", (), {"data_pk": b""})()])
    monkeypatch.setattr(OnionClient, "send_data", lambda *_: sent.append(clock.now_ms - begin) or 1)
    for _ in range(2):
        begin = clock.now_ms
        while clock.now_ms - begin <= 75_000:
            onion._tell_dht_pk(friend)
            clock.now_ms += 500
        assert sent == [0, 1_000, 4_000, 13_000, 43_000, 73_000]
        sent.clear()
        friend.set_online(True)
        friend.set_online(False)
    world.close()
