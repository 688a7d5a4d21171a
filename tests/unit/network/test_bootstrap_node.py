"""A bootstrap node in the simulated universe: what it answers, what it carries, that nothing hurts it."""

import pytest

from tests.support.forwarding import pack_relay_request
from tests.support.sim_streams import SimStreams, TcpFabric
from tests.support.universe import Universe
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.network.bootstrap_node import VERSION, BootstrapNode
from toxpy.network.flood_queue import STRANGERS_AT_ONCE
from toxpy.network.node import NetworkNode
from toxpy.tcp.pool import TcpPool
from toxpy.wire.address import Node

RELAY_PORT = 443
#: what c-toxcore's bootstrap daemon has a handler for
CLAIMED = {
    *(0x00, 0x01, 0x02, 0x04, 0x20),
    *(0x80, 0x81, 0x82, 0x83, 0x85, 0x87, 0x8C, 0x8D, 0x8E),
    *(0x90, 0x91, 0x92, 0x93, 0x95, 0x97),
    0xF0,
}


class Network:
    """Bootstrap nodes, all with a relay, bootstrapped to the first one."""

    def __init__(self, count, **settings):
        self.universe = Universe(7)
        self.fabric = TcpFabric(self.universe)
        self.nodes = [self.node(f"node {number}", **settings) for number in range(count)]
        for node in self.nodes[1:]:
            node.bootstrap(self.nodes[0].udp.address, self.nodes[0].dht.public_key)

    def node(self, name, **settings):
        socket, rt = self.universe.socket(), self.universe.runtime(name)
        streams = SimStreams(self.fabric, socket, rt)
        settings = {"listeners": [streams.listen(RELAY_PORT)], "motd": b"hello", **settings}
        node = BootstrapNode(KeyPair.generate(rt.rng), rt=rt, udp=socket, streams=streams, **settings)
        self.universe.add(node, socket)
        return node

    def run(self, seconds):
        self.universe.run_until(lambda: False, seconds * 1000)

    def close(self):
        for node in self.nodes:
            node.close()


@pytest.fixture
def network():
    made = Network(3)
    made.run(20)
    yield made
    made.close()


class Client(TcpPool):
    """A client of one relay; its host has no UDP."""

    def __init__(self, network, relay, name="client"):
        self.rt = network.universe.runtime(name)
        self.host = network.universe.socket()
        keys = KeyPair.generate(self.rt.rng)
        streams = SimStreams(network.fabric, self.host, self.rt)
        super().__init__(keys, SharedKeys(keys, rt=self.rt), rt=self.rt, connect=streams.connect)
        self.relay_pk = relay.dht.public_key
        self.forwarded = []
        self.on_forwarding = lambda _relay_pk, data: self.forwarded.append(data)
        self.add_relay(Node(self.relay_pk, (relay.udp.address[0], RELAY_PORT), tcp=True))
        network.universe.add(self, self.host)

    def iterate(self):
        self.rt.timers.run_due()


def test_nodes_know_each_other(network):
    keys = {node.dht.public_key for node in network.nodes}
    for node in network.nodes:
        assert node.dht.nodes.is_connected()
        known = {other.public_key for other in node.dht.nodes.closest_nodes(node.dht.public_key, 10)}
        assert known == keys - {node.dht.public_key}


def test_every_packet_of_a_bootstrap_node_has_an_owner(network):
    handlers = network.nodes[0].dispatch.handlers
    assert {kind for kind in range(256) if handlers[kind] is not None} >= CLAIMED
    without_motd = Network(1, motd=None)
    assert without_motd.nodes[0].dispatch.handlers[0xF0] is None
    with_lan = Network(1, lan_discovery=True)
    assert with_lan.nodes[0].dispatch.handlers[0x21] is not None
    assert handlers[0x21] is None


def test_bootstrap_info(network):
    asking = network.universe.socket()
    network.universe.carry(asking, network.nodes[0].udp.address, b"\xf0" + bytes(77))
    network.run(1)
    assert asking.inbox == [(b"\xf0" + VERSION.to_bytes(4, "big") + b"hello\0", network.nodes[0].udp.address)]


def test_a_client_of_the_relay_has_a_packet_forwarded(network):
    """Through its relay to another node and back."""
    relay, other = network.nodes[:2]
    got = []

    def on_request(forwarder, sendback, data):
        got.append(data)
        other.forwarding.send_reply(forwarder, sendback, b"re:" + data)

    other.forwarding.on_request = on_request
    client = Client(network, relay)
    network.run(5)
    assert len(relay.relay) == 1 and client.relay_states()
    assert client.send_forward_request(client.relay_pk, pack_relay_request(other.udp.address, [], b"hi"))
    network.run(2)
    assert got == [b"hi"]
    assert client.forwarded == [b"re:hi"]
    client.close()
    network.run(2)
    assert len(relay.relay) == 0


def test_the_relay_has_room_for_so_many(network):
    # 5 files: one for the rest of the program, one for who is no client yet
    crowded = Network(1, max_files=5)
    for i in range(5):
        Client(crowded, crowded.nodes[0], f"client {i}")
    crowded.run(10)
    assert len(crowded.nodes[0].relay) == 3
    assert crowded.nodes[0].rt.counters.values["drop.tcp_full"] >= 2


def test_noise_hurts_nobody(network):
    """Every kind in every length, then random bytes: all dropped, and the node answers as before."""
    node, stranger = network.nodes[0], network.universe.socket()
    rng = network.universe.runtime("noise").rng
    packets = [bytes((kind,)) + rng.bytes(size) for kind in range(256) for size in (0, 1, 4, 77, 112, 400)]
    packets += [rng.bytes(1 + rng.below(1500)) for _ in range(2000)]
    for packet in [b"", *packets]:
        node.udp.inbox.append((packet, stranger.address))
        node.iterate()
    assert sum(n for name, n in node.rt.counters.values.items() if name.startswith("drop.")) > 3000
    network.run(1)
    stranger.inbox.clear()
    test_bootstrap_info(network)


def test_the_next_timer(network):
    node = network.nodes[0]
    assert 0 <= node.timeout_ms() <= 1000
    node.close()
    node.close()
    assert node.udp.closed
    assert not any(listener.streams is node.streams for listener in network.fabric.listeners.values())


def test_a_pass_of_a_bootstrap_node_computes_fewer_keys_than_one_of_a_client():
    assert BootstrapNode.x25519_per_pass < NetworkNode.x25519_per_pass
    network = Network(1)
    (node,) = network.nodes
    before, rng = node.dht.budget.spent, network.universe.random
    home = (bytes((192, 168, 1, 1)), 33445)
    requests = [b"\x00" + rng.randbytes(81) for _ in range(4 * BootstrapNode.x25519_per_pass)]
    node.udp.inbox += [(data, home) for data in requests]
    node.iterate()
    spent = node.dht.budget.spent - before
    assert BootstrapNode.x25519_per_pass <= spent < BootstrapNode.x25519_per_pass + STRANGERS_AT_ONCE
    network.close()
