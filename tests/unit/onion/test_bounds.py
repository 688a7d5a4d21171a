"""The onion's tables stay within their caps when filled tenfold; its packets are dropped when cut or bent."""

import pytest

from tests.support.universe import Universe
from tests.support.worlds import SimulatedWorld
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import decrypt, encrypt, shared_key
from toxpy.dht.dht import DHT
from toxpy.onion import client as onion_client
from toxpy.onion import targets
from toxpy.onion.announce import ENTRY_LIFETIME_MS, MAX_ENTRIES, AnnounceServer
from toxpy.onion.paths import MAX_PATH_NODES, PathNodes
from toxpy.runtime import Dispatch
from toxpy.wire.address import Node
from toxpy.wire.packets import RETURN_1_SIZE, RETURN_2_SIZE, RETURN_3_SIZE

DATA_PK = b"\x05" * 32
NOWHERE = (bytes([20, 9, 9, 9]), 33445)


class Server:
    """An announce server whose answers are caught instead of sent."""

    def __init__(self):
        self.universe = Universe()
        self.rt = self.universe.runtime("server")
        self.udp = Dispatch()
        self.sent = []
        keys = KeyPair.generate(self.rt.rng)
        self.dht = DHT(keys, rt=self.rt, send=lambda *_: None, udp=self.udp)
        self.server = AnnounceServer(self.dht, rt=self.rt, send=self.catch, udp=self.udp)

    def catch(self, _address, data):
        self.sent.append(data)

    def ask(self, pair, ping_id=bytes(32), searched=None, *, address=NOWHERE):
        """One request as it leaves the onion: (stored, ping id or data pk), None without an answer."""
        key = shared_key(self.dht.public_key, pair.secret)
        plain = ping_id + (searched or pair.public) + DATA_PK + b"sendback"
        box = encrypt(key, bytes(24), plain)
        packet = b"\x83" + bytes(24) + pair.public + box + bytes(RETURN_3_SIZE)
        self.sent.clear()
        self.udp.handlers[0x83](address, packet)
        if not self.sent:
            return None
        answer = self.sent[0][1 + RETURN_3_SIZE :]
        assert answer[0] == 0x84
        assert answer[1:9] == b"sendback"
        opened = decrypt(key, answer[9:33], answer[33:])
        return opened[0], opened[1:33]


def lan(i):
    return (bytes([10, 1, i >> 8, i & 255]), 33445)


def test_announcing_takes_two_steps_and_lasts_300_s():
    server = Server()
    alice, bob = KeyPair(b"\x01" * 32), KeyPair(b"\x02" * 32)
    stored, ping_id = server.ask(alice)
    assert stored == 0 and len(server.server) == 0
    assert server.ask(alice, ping_id, address=lan(1))[0] == 0, "the ping id is for one address only"
    assert server.ask(alice, ping_id)[0] == 2
    assert server.ask(bob, searched=alice.public) == (1, DATA_PK)
    server.universe.clock.now_ms += ENTRY_LIFETIME_MS
    assert server.ask(bob, searched=alice.public)[0] == 0


def test_an_old_ping_id_expires():
    server = Server()
    alice = KeyPair(b"\x01" * 32)
    _, ping_id = server.ask(alice)
    server.universe.clock.now_ms += 2 * ENTRY_LIFETIME_MS
    assert server.ask(alice, ping_id)[0] == 0


def test_entries_are_capped_and_the_closest_stay():
    server = Server()
    pairs = [KeyPair.generate(server.rt.rng) for _ in range(10 * MAX_ENTRIES)]
    for i, pair in enumerate(pairs):
        _, ping_id = server.ask(pair, address=lan(i))
        server.ask(pair, ping_id, address=lan(i))
    assert len(server.server) == MAX_ENTRIES
    own = int.from_bytes(server.dht.public_key, "big")
    closest = min(pairs, key=lambda pair: int.from_bytes(pair.public, "big") ^ own)
    asker = KeyPair(b"\x03" * 32)
    assert server.ask(asker, searched=closest.public, address=lan(0))[0] == 1


def test_low_order_keys_are_not_answered():
    server = Server()
    packet = b"\x83" + bytes(24) + bytes(32) + bytes(120) + bytes(RETURN_3_SIZE)
    server.udp.handlers[0x83](NOWHERE, packet)
    assert server.sent == []


def test_path_nodes_are_capped():
    server = Server()
    nodes = PathNodes(server.dht.nodes, rt=server.rt)
    for i in range(10 * MAX_PATH_NODES):
        nodes.add(Node(i.to_bytes(32, "big"), (bytes([20, 1, i >> 8, i & 255]), 1)))
    assert len(nodes) == MAX_PATH_NODES


def test_search_tables_are_capped_under_a_flood_of_nodes():
    world = SimulatedWorld()
    alice, bob = world.strangers()
    alice.friend_add(bob.self_get_address(), b"hello")
    world.run_for(20)
    onion, rng = alice.tox.onion, world.universe.random
    (friend,) = onion.friends.values()
    for i in range(10 * onion_client.MAX_PENDING):
        onion._ask_newcomer(friend, Node(rng.randbytes(32), (bytes([20, 1, i >> 8, i & 255]), 1)))
    assert len(onion._questions) <= onion_client.MAX_PENDING
    assert len(friend.recently_asked) <= targets.MAX_RECENTLY_ASKED
    assert len(friend.nodes) <= targets.MAX_SEARCH_NODES
    world.close()


#: kind -> (every shorter packet is refused up to this size, the bytes that are checked there)
EVERYTHING = 10_000
CHECKED = {
    0x80: (EVERYTHING, 1, EVERYTHING),
    0x81: (EVERYTHING, 1, 57),
    0x82: (EVERYTHING, 1, 57),
    0x83: (EVERYTHING, 1, 57),
    0x84: (EVERYTHING, 9, EVERYTHING),
    # what is inside only the receiver can check
    0x85: (1 + 32 + 24 + 32 + 16 + RETURN_3_SIZE, 1, 33),
    0x86: (EVERYTHING, 1, EVERYTHING),
    0x8C: (1 + RETURN_3_SIZE, 1, 1 + RETURN_3_SIZE),
    0x8D: (1 + RETURN_2_SIZE, 1, 1 + RETURN_2_SIZE),
    0x8E: (1 + RETURN_1_SIZE, 1, 1 + RETURN_1_SIZE),
}


@pytest.mark.parametrize("kind", CHECKED)
def test_cut_and_bent_packets_are_dropped(kind):
    world = SimulatedWorld(seed=2)
    caught = []
    carry = world.universe.carry

    def record(source, address, data):
        if data[0] == kind:
            caught.append((source.address, address, data))
        carry(source, address, data)

    world.universe.carry = record
    alice, bob = world.strangers()
    alice.friend_add(bob.self_get_address(), b"hello")
    world.run_for(30)
    source, target, data = caught[-1]
    (victim,) = [actor.tox for actor in world.actors if actor.socket.address == target]
    sent = world.universe.sent
    cut, first, last = CHECKED[kind]
    bad = [data[:size] for size in range(1, min(cut, len(data)))]
    bad += [data[:i] + bytes((data[i] ^ 1,)) + data[i + 1 :] for i in range(first, min(last, len(data)))]
    for packet in bad:
        victim.node.dispatch.handlers[kind](source, packet)
    assert world.universe.sent == sent
    world.close()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (0x84, bytes(33) + b"\x02"),
        (0x88, bytes(33)),
        (0x88, bytes(33) + b"\x04"),
        (0x88, bytes(33) + b"\x01\x02"),
        (0x84, b"\x03" + bytes(32)),
        (0x88, b"\x03" + bytes(32) + b"\x00"),
    ],
)
def test_a_node_we_asked_answers_nonsense(kind, body):
    """The box is genuine, its contents are not."""
    world = SimulatedWorld()
    alice, _bob = world.strangers()
    world.run_until(lambda: alice.tox.onion._questions, 20)
    onion = alice.tox.onion
    sendback, question = next(iter(onion._questions.items()))
    key = question.target.shared_keys.get(question.public_key)
    answer = bytes((kind,)) + sendback + bytes(24) + encrypt(key, bytes(24), body)
    before = sum(n for name, n in alice.rt.counters.values.items() if name.startswith("drop."))
    alice.socket.inbox.append((answer, NOWHERE))
    alice.iterate()
    after = sum(n for name, n in alice.rt.counters.values.items() if name.startswith("drop."))
    assert after > before
    world.close()


def test_few_nodes_that_answer_are_enough_among_many_that_do_not():
    server = Server()
    alive = Node(b"\x01" * 32, lan(1))

    class OneNode:
        public_key = server.dht.public_key
        random_nodes = staticmethod(lambda _count: [alive])
        is_connected = staticmethod(lambda: True)

    nodes = PathNodes(OneNode(), rt=server.rt)
    for i in range(2, 10):
        nodes.add(Node(bytes([i]) * 32, lan(i)))
    picked = [nodes.pick() for _ in range(100)]
    assert picked.count([alive] * 3) > 20
    # where we are cut off from the rest, those known from before get their chance
    assert sum(len(set(path)) == 3 for path in picked) > 20


class Nobody:
    """A DHT that knows no node."""

    public_key = b"\x07" * 32
    random_nodes = staticmethod(lambda _count: [])
    is_connected = staticmethod(lambda: False)


def many_saved(count=32):
    """Path nodes after a start: only those of a save, which may all be gone."""
    nodes = PathNodes(Nobody(), rt=Server().rt)
    nodes.load([Node(bytes([100 + i]) * 32, lan(100 + i)) for i in range(count)])
    return nodes


def test_one_node_learnt_now_makes_paths_and_is_asked_beside_any_number_of_saved_ones():
    nodes, alive = many_saved(), Node(b"\x01" * 32, lan(1))
    nodes.add(alive)
    assert alive in nodes.candidates(4)
    assert [nodes.pick() for _ in range(100)].count([alive] * 3) > 20
    # and the other way round: what was just named may be wrong
    assert sum(alive not in nodes.pick() for _ in range(100)) > 20


def test_all_saved_nodes_are_asked_in_the_end():
    nodes = many_saved()
    asked = {node.public_key for _ in range(100) for node in nodes.candidates(4)}
    assert len(asked) == 32


def test_one_live_node_among_dead_ones_of_this_run_makes_a_path_in_the_end():
    nodes = PathNodes(Nobody(), rt=Server().rt)
    for i in range(4):
        nodes.add(Node(bytes([i]) * 32, lan(1 + i)))
    assert any(len({node.public_key for node in nodes.pick()}) == 1 for _ in range(500))


def test_what_was_learnt_last_comes_first_in_the_save():
    nodes = many_saved()
    for i in range(8):
        nodes.add(Node(bytes([50 + i]) * 32, lan(1 + i)))
    assert [node.public_key[0] for node in nodes.all()[:8]] == [57, 56, 55, 54, 53, 52, 51, 50]
    assert len(nodes.all()) == MAX_PATH_NODES


def test_a_node_named_now_is_saved_no_more_as_an_old_one():
    nodes = many_saved(1)
    (saved,) = nodes.all()
    nodes.add(Node(saved.public_key, lan(9)))
    nodes.load([saved])
    assert nodes.all() == [Node(saved.public_key, lan(9))]


def test_our_own_node_is_a_path_node_while_it_is_the_only_one():
    nodes = PathNodes(Nobody(), rt=Server().rt)
    own = Node(Nobody.public_key, lan(1))
    assert nodes.pick() is None
    nodes.add(own)
    assert nodes.candidates(4) == [own] and nodes.pick() == [own] * 3
    assert nodes.all() == [], "it is not worth saving"


def test_our_own_node_is_on_no_path_once_the_dht_knows_another():
    other = Node(b"\x01" * 32, lan(1))

    class One(Nobody):
        random_nodes = staticmethod(lambda _count: [other])
        is_connected = staticmethod(lambda: True)

    nodes = PathNodes(One(), rt=Server().rt)
    nodes.add(Node(Nobody.public_key, lan(2)))
    assert all(nodes.pick() == [other] * 3 for _ in range(50))
