"""When a friend who was found is told our DHT key."""

from tests.support.universe import SeededRng, SimClock
from tests.support.worlds import SimulatedWorld
from toxpy.onion.announce import STORED_OTHER
from toxpy.onion.client import OnionClient, OnionFriend
from toxpy.runtime import Runtime
from toxpy.wire.packets import ONION_DATA_REQUEST, ONION_DATA_RESPONSE, RETURN_3_SIZE


def test_a_lost_packet_is_made_up_for_soon(monkeypatch):
    """The first ones follow each other quickly, later ones every half minute; anew when the friend left."""
    world = SimulatedWorld(seed=6)
    alice, bob = world.strangers()
    alice.friend_add_norequest(bob.self_get_public_key())
    onion = alice.tox.onion
    (friend,) = onion.friends.values()
    sent = []
    clock = onion._rt.clock
    storing = [type("Node", (), {"public_key": b"", "data_pk": b""})()]
    monkeypatch.setattr(OnionFriend, "storing", lambda _self: storing)
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


def test_a_node_that_stores_the_friend_as_well_is_told_at_once():
    """Not when the next packet to all is due: the others may send it along a path that is dead."""
    rt = Runtime(SimClock(), SeededRng(1))
    friend = OnionFriend(b"friend" * 5, None, rt=rt)

    def found(name, data_pk, now_ms):
        node = friend.place(name, ("", 1), now_ms)
        node.stored, node.data_pk = STORED_OTHER, data_pk
        return node

    def tell(now_ms):
        nodes = friend.to_tell(now_ms)
        friend.note_told(nodes, now_ms)
        return nodes

    one = found(b"one", b"key", 0)
    assert (tell(0), tell(100)) == ([one], [])
    two = found(b"two", b"key", 200)
    assert (tell(200), tell(300)) == ([two], [])
    # the first interval is that of all
    assert (tell(999), tell(1_000), tell(3_999), tell(4_000)) == ([], [one, two], [], [one, two])
    # the friend restarted, and one node has heard of it
    assert not friend.knows_data_key(b"new key")
    found(b"two", b"new key", 5_000)
    assert (tell(5_000), tell(5_100)) == ([two], [])
    assert friend.knows_data_key(b"new key") and friend.knows_data_key(b"key")
    friend.tell_anew()
    assert (tell(5_200), tell(6_199), tell(6_200)) == ([one, two], [], [one, two])
    # what is stored no more is no more remembered
    del friend.nodes[b"one"]
    tell(9_200)
    assert not friend.knows_data_key(b"key") and len(friend.told) == 1


def test_what_is_stored_at_our_own_node_arrives_although_the_path_back_is_dead():
    """Where only few nodes exist, the path may lead over a friend's node that is gone."""
    world = SimulatedWorld(seed=7)
    node, bob, carol = (world.actor(name) for name in ("node0", "bob", "carol"))
    for actor in (bob, carol):
        actor.bootstrap_to(node)
    keys = [actor.self_get_public_key() for actor in (bob, carol)]
    server = bob.tox.node.announce
    world.until(lambda: all(key in server._entries for key in keys), "bob's node to store both")
    delivered, sent = [], []
    server._send = lambda address, data: sent.append((address, data))
    server.deliver(keys[0], lambda _address, data: delivered.append(data))
    for number, key in enumerate(keys):
        body = bytes([number]) * (24 + 32 + 100)
        world.universe.carry(
            node.socket, bob.socket.address, ONION_DATA_REQUEST.prefix + key + body + bytes(RETURN_3_SIZE)
        )
    world.until(lambda: len(sent) >= 2, "both to be sent on")
    assert delivered == [ONION_DATA_RESPONSE.prefix + bytes(24 + 32 + 100)]
    # nobody who watches sees a difference
    assert [data[-157] for _address, data in sent] == [ONION_DATA_RESPONSE.kind] * 2
    world.close()
