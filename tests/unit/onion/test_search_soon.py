"""Friends who come online in the same moment find each other soon, and looking for many stays bounded."""

import pytest

from tests.support.worlds import SimulatedWorld
from toxpy.crypto.keys import KeyPair
from toxpy.onion.client import SEARCHES_BURST, SEARCHES_PER_S, SOON_MS


@pytest.fixture(params=[False, True], ids=["udp", "tcp"])
def world(request):
    world = SimulatedWorld(seed=4, relayed=request.param)
    yield world
    world.close()


def friends(world, plain_nodes=4):
    """A settled network, and two who have just started and know each other's keys."""
    nodes = [world.actor(f"node{i}") for i in range(plain_nodes)]
    for node in nodes[1:]:
        node.bootstrap_to(nodes[0])
    world.run_for(20)
    alice, bob = world.actor("alice"), world.actor("bob")
    alice.friend_add_norequest(bob.self_get_public_key())
    bob.friend_add_norequest(alice.self_get_public_key())
    return nodes, alice, bob


def test_both_are_new(world):
    nodes, alice, bob = friends(world)
    alice.bootstrap_to(nodes[1])
    bob.bootstrap_to(nodes[2])
    assert world.run_until(lambda: alice.is_online() and bob.is_online(), 3)


def test_one_comes_ten_seconds_later(world):
    nodes, alice, bob = friends(world)
    alice.bootstrap_to(nodes[1])
    world.run_for(10)
    bob.bootstrap_to(nodes[2])
    assert world.run_until(lambda: alice.is_online() and bob.is_online(), 3)


def test_the_network_comes_back_after_a_minute():
    world = SimulatedWorld(seed=4)
    nodes, alice, bob = friends(world)
    alice.bootstrap_to(nodes[1])
    bob.bootstrap_to(nodes[2])
    alice.socket.online = False
    world.run_for(60)
    alice.socket.online = True
    # bootstrapping goes on in growing steps, then the nodes have to learn about us again
    assert world.run_until(lambda: alice.self_get_connection_status() != 0, 61)
    assert world.run_until(lambda: alice.is_online() and bob.is_online(), 6)
    world.close()


def questions(actor, run):
    """Onion packets that this actor sends while `run` lets time pass."""
    before = actor.socket.traffic.packets_sent[0x80]
    run()
    return actor.socket.traffic.packets_sent[0x80] - before


def test_a_thousand_friends_are_searched_within_the_budget_and_none_is_forgotten():
    world = SimulatedWorld(seed=4)
    nodes, alice, _ = friends(world)
    keys = [KeyPair(i.to_bytes(2, "big") * 16).public for i in range(1, 1001)]
    for key in keys:
        alice.friend_add_norequest(key)
    alice.bootstrap_to(nodes[1])
    sent = questions(alice, lambda: world.run_for(10))
    own = 200
    assert 2000 < sent <= SEARCHES_BURST + 11 * SEARCHES_PER_S + own
    world.run_for(25)
    searched = [alice.tox.onion.friends[key] for key in keys]
    assert all(len(friend.nodes) == len(nodes) + 1 for friend in searched), "also the bystander is asked"
    assert all(friend.rounds >= 2 for friend in searched)
    world.close()


def test_friends_are_not_searched_while_nobody_answers():
    world = SimulatedWorld(seed=4)
    nodes, alice, _ = friends(world)
    for node in nodes:
        node.socket.online = False
    alice.bootstrap_to(nodes[1])
    world.run_for(2 * SOON_MS / 1000)
    asked = []
    onion = alice.tox.onion
    send_along = onion._send_along
    onion._send_along = lambda *packet: asked.append(packet) or send_along(*packet)
    world.run_for(30)
    friend_keys = {friend.keys.public for friend in onion.friends.values()}
    assert asked
    assert not any(packet[2][25:57] in friend_keys for packet in asked)
    world.close()
