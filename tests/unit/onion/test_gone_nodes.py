"""In a network of a few nodes most onion paths lead over a friend's node: what happens when it goes."""

import pytest

from tests.support.sim_streams import SimStreams
from tests.support.universe import FIRST_PORT, SeededRng, SimClock, SimSocket
from tests.support.worlds import SimulatedWorld
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.dht.kbucket import BAD_NODE_TIMEOUT_MS
from toxpy.network.bootstrap_node import BootstrapNode
from toxpy.onion import paths, targets
from toxpy.onion.announce import STORED_SELF
from toxpy.onion.paths import PATHS, PathNodes, Paths
from toxpy.runtime import Runtime
from toxpy.wire.address import Node

NODES = [Node(KeyPair.generate(SeededRng(i)).public, (bytes((20, 0, 0, i)), 33445)) for i in range(1, 7)]


class Dht:
    """A DHT in which all of NODES answer."""

    def __init__(self, rt):
        keys = KeyPair.generate(rt.rng)
        self.public_key, self.shared_keys = keys.public, SharedKeys(keys, rt=rt)
        self.good = list(NODES)

    def random_nodes(self, count):
        return self.good[:count]

    def is_connected(self):
        return True


@pytest.fixture
def onion_paths():
    rt = Runtime(SimClock(), SeededRng(3))
    rt.clock.now_ms = 1_000_000
    dht = Dht(rt)
    return Paths(dht, PathNodes(dht, rt=rt), rt=rt)


def test_packets_go_over_the_paths_that_answer(onion_paths):
    """One of six is dead: it is tried once, and again when all others owe an answer as well."""
    taken = [onion_paths.take() for _ in range(PATHS)]
    assert len({path.number for path in taken}) == PATHS
    dead = taken[0]
    for path in taken[1:]:
        onion_paths.answered(path.number)
    for _ in range(50):
        path = onion_paths.take()
        assert path is not dead
        onion_paths.answered(path.number)
    for _ in range(PATHS - 1):
        assert onion_paths.take() is not dead
    assert dead in [onion_paths.take() for _ in range(PATHS)]


def test_a_path_that_is_given_up_makes_room_for_a_new_one(onion_paths):
    taken = [onion_paths.take() for _ in range(PATHS)]
    onion_paths._rt.clock.now_ms += paths.FIRST_TIMEOUT_MS
    assert not {path.number for path in taken} & {onion_paths.take().number for _ in range(PATHS)}


def test_the_paths_over_a_node_that_left_are_gone(onion_paths):
    taken = [onion_paths.take() for _ in range(PATHS)]
    gone = taken[0].nodes[1].public_key
    over_it = {path.number for path in taken if gone in [node.public_key for node in path.nodes]}
    onion_paths._dht.good = [node for node in NODES if node.public_key != gone]
    assert onion_paths.forget(gone) == over_it and taken[0].number in over_it
    again = [onion_paths.take() for _ in range(PATHS)]
    assert over_it.isdisjoint(path.number for path in again)
    assert all(node.public_key != gone for path in again for node in path.nodes)
    assert onion_paths.forget(gone) == set()


def test_a_question_that_was_not_answered_is_asked_over_another_path(monkeypatch):
    world = SimulatedWorld(seed=3)
    alice, _bob = world.strangers()
    world.run_for(20)
    onion = alice.tox.onion
    node = next(iter(onion._self.nodes.values()))
    used = []
    monkeypatch.setattr(Paths, "take", lambda _paths, number: used.append(number))
    for node.misses in (0, 1, 2, 3):
        onion._ask(onion._self, node.public_key, node.address, node)
    assert used == [node.path, node.path, None, None]
    world.close()


def test_announcements_that_came_over_a_node_that_left_are_made_again_at_once():
    """Until then, what friends send us would go that way."""
    world = SimulatedWorld(seed=5)
    alice, _bob = world.friends()
    world.run_for(100)
    onion = alice.tox.onion
    for path in onion._self_paths._paths:
        gone = path.nodes[0].public_key
        over_it = [node for node in onion._self.nodes.values() if node.path == path.number]
        others = [node for node in over_it if node.public_key != gone]
        if others:
            break
    world.vanish(next(actor for actor in world.actors if actor.self_get_dht_id() == gone))
    begin_ms = world.universe.clock.now_ms
    onion.node_left(gone)
    world.run_for(2)
    assert others and all(node.asked_ms >= begin_ms and node.stored == STORED_SELF for node in others)
    assert all(node.path != path.number and not node.misses for node in others)
    assert gone not in {node.public_key for node in onion.path_nodes.all()}
    world.close()


def test_a_node_in_doubt_is_used_again_once_it_answers():
    world = SimulatedWorld(seed=5)
    nodes = world.network()
    world.run_for(20)
    dht, other = nodes[1].tox.dht, nodes[2].tox.dht.public_key

    def is_told():
        return other in {node.public_key for node in dht.nodes.random_nodes(100)}

    assert is_told()
    dht.nodes.doubt(other)
    assert not is_told() and dht.nodes.is_connected()
    world.run_for(3)
    assert is_told()
    world.vanish(nodes[2])
    dht.nodes.doubt(other)
    world.run_for(BAD_NODE_TIMEOUT_MS // 1000)
    assert not is_told()
    world.close()


def test_nodes_are_asked_rarely_only_where_there_are_many():
    rt = Runtime(SimClock(), SeededRng(3))
    target = targets.Target(bytes(32), KeyPair.generate(rt.rng), targets.MAX_ANNOUNCE_NODES, rt=rt)
    for count in range(1, targets.MANY_NODES + 1):
        node = target.place(bytes((count,)) * 32, NODES[0].address, 0)
        node.stored = STORED_SELF
        interval_ms = target.interval_ms(node, targets.STABLE_AFTER_MS)
        many = count == targets.MANY_NODES
        assert interval_ms == (targets.INTERVAL_STABLE_MS if many else targets.INTERVAL_MS)


def one_machine(universe):
    """All hosts are ports of the loopback, where addresses of the LAN are told to everybody."""

    def socket(_behind):
        address = bytes((127, 0, 0, 1)), FIRST_PORT + len(universe.sockets)
        return universe.sockets.setdefault(address, SimSocket(universe, address))

    return socket


@pytest.mark.parametrize("polite", [True, False])
@pytest.mark.parametrize("seed", (5, 7, 10, 35))
def test_a_restarted_friend_is_found_soon(seed, polite):
    """One plain node. Alice's program hangs and is killed; later the friend of both starts again."""
    world = SimulatedWorld(seed=seed, latency_ms=0, jitter_ms=2)
    world.universe.socket = one_machine(world.universe)
    universe = world.universe
    rt, socket = universe.runtime("node"), universe.socket(None)
    streams = SimStreams(world.fabric, socket, rt)
    node = BootstrapNode(KeyPair.generate(rt.rng), rt=rt, udp=socket, streams=streams)
    universe.add(node, socket)

    def joined(name, savedata=b""):
        actor = world.actor(name, savedata)
        actor.bootstrap_addresses([socket.address[0]], socket.port, node.dht.public_key)
        return actor

    bot = joined("bot")
    world.run_for(1)
    alice, bob = joined("alice"), joined("bob")
    for actor in (alice, bob):
        actor.friend_add_norequest(bot.self_get_public_key())
        bot.friend_add_norequest(actor.self_get_public_key())
    world.until(lambda: all(actor.is_online() for actor in (alice, bob)) and bot.is_online(1), "all to meet")
    world.run_for(2)
    world.vanish(alice)
    world.until(lambda: not bot.is_online(), "the bot to miss alice")
    savedata = bot.get_savedata()
    (world.stop if polite else world.vanish)(bot)
    world.until(lambda: not bob.is_online(), "bob to miss the bot")
    again = joined("bot", savedata)
    assert world.run_until(lambda: bob.is_online() and again.is_online(1), 2)
    world.close()
