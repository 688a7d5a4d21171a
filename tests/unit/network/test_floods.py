"""Floods from strangers: what they may cost, and that nothing grows.

Everything an unauthenticated packet can put something into has a cap. `TABLES` lists those of a running
instance; the others are filled tenfold below or beside what they belong to.
"""

import pytest

from tests.fuzz.datagrams import memory_mb
from tests.support.fake_streams import FakeConnector, FakeListener, pump_all
from tests.support.relay_client import RelayClient
from tests.support.universe import SeededRng, SimClock
from tests.support.worlds import SimulatedWorld
from tests.unit.network.test_clients_of_one_address import RelayUser, Town
from toxpy.crypto import keys as crypto_keys
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.dht import bootstrap, budget, kbucket, ping, sendbacks
from toxpy.dht.announcement_store import BUCKET_SIZE, BUCKETS
from toxpy.dht.budget import Budget, KeyBudget
from toxpy.net_crypto import net_crypto
from toxpy.onion import announce, client, group_announce, paths, targets
from toxpy.runtime import MIN_PURGE_SIZE, Runtime
from toxpy.system import datapath_twin, sockets
from toxpy.tcp import pool as tcp_pool
from toxpy.tcp import relays as tcp_relays
from toxpy.tcp import server as tcp_server
from toxpy.wire.address import Node

#: Requests that make a node compute a shared key with whoever sent them, by their sizes.
REQUESTS = {
    0x00: (82,),
    0x02: (113,),
    0x18: (145,),
    0x80: (300, 1400),
    0x81: (300, 1400),
    0x82: (300, 1400),
    0x83: (354,),
    0x87: (354, 490),
    0x93: (81 + 32, 81 + 64),
    0x95: (81 + 65,),
    0x97: (81 + 109, 81 + 621),
}
#: What is dropped before that: answers to nothing, forged tags and cookies, sizes and kinds that are none.
CHEAP = {
    **{kind: (1, 5, 60, size) for kind, size in ((0x01, 82), (0x04, 286), (0x94, 300), (0x19, 161))},
    **dict.fromkeys(REQUESTS, (1, 5, 20, 3000)),
    **dict.fromkeys((0x84, 0x88, 0x8C, 0x8D, 0x8E, 0x85), (1, 60, 300, 1400)),
    0x1A: (5, 385),
    0x1B: (5, 40, 1400),
    0x20: (5, 100, 1025),
    0x21: (5, 33),
    # in between is what may hold a forwarded request
    **dict.fromkeys((0x90, 0x91, 0x92), (1, 2, 40, 2048)),
    **dict.fromkeys((0x03, 0x10, 0x1F, 0x30, 0xF0, 0xFF), (5, 78)),
}


def tables(core):
    """What a running instance remembers of strangers, with caps."""
    node, dht, onion, net = core.node, core.dht, core.onion, core.net_crypto
    target = onion._self
    buckets = {
        "x25519 by prefix": dht.budget._prefixes,
        "replies by prefix": dht.nodes._replies,
        "forwards by prefix": node.forwarding._budget,
    }
    return {
        **{name: (len(each), budget.MAX_PREFIXES) for name, each in buckets.items()},
        "open nodes requests": (len(dht.sendbacks), sendbacks.MAX_OUTSTANDING),
        "open pings": (len(dht.pings._sendbacks), sendbacks.MAX_OUTSTANDING),
        "open searches": (len(dht._announce_nodes._sendbacks), sendbacks.MAX_OUTSTANDING),
        "to ping": (len(dht.pings._to_ping), ping.MAX_TO_PING),
        "close list": (len(dht.nodes.close_list), kbucket.BUCKETS * kbucket.MAX_CLIENTS),
        "shared keys": (len(dht.shared_keys), 2 * crypto_keys.MAX_SHARED_KEYS),
        "data keys": (len(onion._data_shared), 2 * crypto_keys.MAX_SHARED_KEYS),
        "identity keys": (len(net.keys.identity_keys), 2 * crypto_keys.MAX_SHARED_KEYS),
        "announcements of the onion": (len(node.announce), announce.MAX_ENTRIES),
        "groups": (len(node.announce.groups), group_announce.MAX_GROUPS),
        "announcements of the DHT": (len(node.announcements.store), BUCKETS * BUCKET_SIZE),
        "questions of the onion": (len(onion._questions), client.MAX_PENDING),
        "asked lately": (len(target.recently_asked), targets.MAX_RECENTLY_ASKED),
        "announced to": (len(target.nodes), client.MAX_ANNOUNCE_NODES),
        "path nodes": (len(onion.path_nodes), paths.MAX_PATH_NODES),
        "sessions": (len(net), net_crypto.MAX_CONNECTIONS),
        "addresses of sessions": (len(net.routes.by_address), 3 * net_crypto.MAX_CONNECTIONS),
        "handshakes": (len(net.newest), net_crypto.MAX_REMEMBERED),
        "friend requests": (len(core.messenger.requests._received), 32),
        "timers": (len(core.rt.timers._heap), MIN_PURGE_SIZE),
        "counters": (len(core.rt.counters.values), 1024),
        "events": (len(core.messenger.events), 32),
    }


class Target:
    """An instance in a small network, and what is thrown at it."""

    def __init__(self):
        self.world = SimulatedWorld(seed=4)
        self.alice, self.bob = self.world.strangers()
        self.alice.friend_add(self.bob.self_get_address(), b"hello")
        self.world.run_for(20)
        self.core, self.socket = self.alice.tox, self.alice.socket
        self.random = self.world.universe.random

    def throw(self, count, kinds, source):
        """Random bytes of those kinds and sizes from the addresses `source(i)`; time stands still."""
        choices = [(kind, size) for kind, sizes in kinds.items() for size in sizes]
        for i in range(count):
            kind, size = choices[i % len(choices)]
            self.socket.inbox.append((bytes((kind,)) + self.random.randbytes(size - 1), source(i)))
            if len(self.socket.inbox) == 500:
                self.core.iterate()
        self.core.iterate()

    def x25519(self):
        return self.core.rt.counters.values["x25519"]

    def check_tables(self):
        over = {name: sizes for name, sizes in tables(self.core).items() if sizes[0] > sizes[1]}
        assert over == {}

    def works(self):
        """A newcomer's questions are answered."""
        newcomer = self.world.actor("newcomer")
        newcomer.bootstrap_to(self.alice)
        self.world.until(newcomer.tox.dht.nodes.is_connected, "an answer", 10)


@pytest.fixture
def target():
    made = Target()
    yield made
    made.world.close()


def one_prefix(i):
    return bytes((77, 7, 7, i & 255)), 1 + (i >> 8) % 60_000


def many_prefixes(i):
    """Each from a network of its own, over and over."""
    return bytes((1 + (i >> 16) % 9, (i >> 8) & 255, i & 255, 1)), 33445


def the_lan(i):
    """Or who says so: not every router looks at where a packet claims to come from."""
    return bytes((10, (i >> 16) & 255, (i >> 8) & 255, i & 255)), 33445


@pytest.mark.parametrize(
    ("source", "most"),
    [
        (one_prefix, budget.X25519_BURST),
        (many_prefixes, budget.X25519_TOTAL_BURST),
        (the_lan, budget.X25519_LAN_BURST),
    ],
    ids=["one prefix", "many prefixes", "the LAN"],
)
def test_fresh_keys_cost_no_more_than_the_budget(target, source, most):
    """100 000 of them in no time at all; then memory is as before, and whoever is no part of it is served."""
    before = target.x25519()
    target.throw(20_000, REQUESTS, source)
    resident = memory_mb()
    target.throw(80_000, REQUESTS, source)
    assert 0 < target.x25519() - before <= most
    target.check_tables()
    assert memory_mb() - resident < 4
    target.world.run_for(5)
    target.works()


def test_what_is_dropped_before_any_key_is_computed_costs_none(target):
    target.throw(1000, CHEAP, many_prefixes)
    before, resident = target.x25519(), memory_mb()
    drops = sum(n for name, n in target.core.rt.counters.values.items() if name.startswith("drop."))
    target.throw(100_000, CHEAP, many_prefixes)
    dropped = sum(n for name, n in target.core.rt.counters.values.items() if name.startswith("drop."))
    assert target.x25519() == before
    assert dropped - drops == 100_000
    target.check_tables()
    assert memory_mb() - resident < 4
    target.works()


def test_a_flood_over_udp_closes_no_relay(monkeypatch):
    """A client that connects over TCP has shown where it is."""
    monkeypatch.setattr(budget, "X25519_TOTAL_BURST", 10_000)
    town = Town(1)
    node = town.nodes[0]
    rng = town.universe.runtime("flood").rng
    for i in range(20_000):
        node.udp.inbox.append((b"\x02" + rng.bytes(112), many_prefixes(i)))
        while len(node.udp.inbox) >= 500 or (node.udp.inbox and node.timeout_ms() == 0):
            node.iterate()
    assert node.rt.counters.values["drop.x25519_budget"] > 2000
    user = RelayUser(town, 0)
    assert town.universe.run_until(user.connected, 1000)


@pytest.mark.parametrize("networks", [1, 1000])
def test_hellos_to_the_relay_cost_no_more_than_the_budget(networks):
    """10 000 connections, each with a hello under a fresh key that decrypts."""
    rt, rng, listener = Runtime(SimClock(), SeededRng(4)), SeededRng(3), FakeListener()
    keys = KeyPair.generate(rng)
    server = tcp_server.TcpServer(keys, SharedKeys(keys, rt=rt), [listener], rt=rt, budget=KeyBudget(rt=rt))
    for i in range(10_000):
        number = i % networks
        stream = listener.connect((bytes((9, number >> 8, number & 255, 1)), 1))
        if i % 2:
            stream.write(rng.bytes(128))
        else:
            stream.write(RelayClient(stream, keys.public, rng).hello())
        pump_all(stream)
    most = tcp_server.HELLOS_BURST if networks == 1 else tcp_server.HELLOS_TOTAL_BURST
    assert 0 < rt.counters.values["x25519"] <= most
    assert rt.counters.values["drop.tcp_hello_budget"] >= 10_000 - most
    assert len(server) == 0 and server.half_open <= most


# tables that the flood above does not reach, or not so far


def test_prefixes_are_forgotten_beyond_the_cap():
    limit = Budget(1, 1, rt=Runtime(SimClock(), SeededRng(1)))
    for i in range(10 * budget.MAX_PREFIXES):
        limit.allows(many_prefixes(i))
    assert len(limit) == budget.MAX_PREFIXES


def test_shared_keys_are_forgotten_beyond_the_cap(monkeypatch):
    monkeypatch.setattr(crypto_keys, "MAX_SHARED_KEYS", 64)
    if hasattr(crypto_keys, "MAX_STRANGERS"):
        monkeypatch.setattr(crypto_keys, "MAX_STRANGERS", 64)
    rng = SeededRng(1)
    keys = SharedKeys(KeyPair.generate(rng), rt=Runtime(SimClock(), rng))
    for _ in range(1280):
        keys.get(rng.bytes(32))
    assert len(keys) <= 128


def test_addresses_of_the_socket_are_forgotten_beyond_the_cap(monkeypatch):
    """The real cap takes a while."""
    monkeypatch.setattr(datapath_twin, "MAX_CACHED_ADDRESSES", 64)
    sock = sockets.UdpSocket.bind(True, 41300, 41400)
    scopes = {}
    path = datapath_twin.Datapath(sock, True, sock.traffic, sock.errors, scopes)
    for i in range(640):
        path._name((bytes((127, 1, i >> 8, i & 255)), 9))
        path._peer((f"::ffff:127.1.{i >> 8}.{i & 255}", 9, 0, 0))
        path._note_scope(b"\xfe\x80" + i.to_bytes(14, "big"), 1 + i)
    assert len(path._names) <= 64 and len(path._peers) <= 64 and len(scopes) <= 64
    sock.close()


def test_bootstrap_nodes_are_forgotten_beyond_the_cap():
    asked = []
    nodes = bootstrap.Bootstrap(lambda *node: asked.append(node), rt=Runtime(SimClock(), SeededRng(1)))
    for i in range(10 * bootstrap.MAX_BOOTSTRAP_NODES):
        nodes.remember((bytes((9, 9, i >> 8, i & 255)), 1), i.to_bytes(32, "big"))
    nodes._rt.clock.now_ms += 10 * bootstrap.MAX_RETRY_MS
    nodes.run(False, False)
    assert len(asked) == bootstrap.MAX_BOOTSTRAP_NODES
    nodes.load(
        [Node(i.to_bytes(32, "big"), (bytes((9, 9, 9, 9)), 1)) for i in range(10 * bootstrap.MAX_SAVED_NODES)]
    )
    assert len(nodes.saved) == bootstrap.MAX_SAVED_NODES


def test_relays_of_friends_are_refused_beyond_the_cap():
    """Each of very many friends tells one that nobody knows."""
    rt = Runtime(SimClock(), SeededRng(1))
    keys = KeyPair.generate(rt.rng)
    pool = tcp_pool.TcpPool(keys, SharedKeys(keys, rt=rt), rt=rt, connect=FakeConnector())
    for i in range(10 * tcp_relays.MAX_RELAYS):
        peer = pool.peer(rt.rng.bytes(32), lambda _data: None)
        for _ in range(20):
            peer.add_relay(Node(rt.rng.bytes(32), (bytes((9, i >> 8, i & 255, 1)), 443), tcp=True))
    assert len(pool.relay_states()) == tcp_relays.MAX_RELAYS - tcp_relays.MAX_NAMED
    assert len(rt.timers._heap) <= 4 * tcp_relays.MAX_RELAYS + MIN_PURGE_SIZE
    pool.close()
