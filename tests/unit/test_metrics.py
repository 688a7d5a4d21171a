"""What the Prometheus exporter says, and what it must not say."""

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.universe import Universe
from toxpy.cli.metrics import PACKET_NAMES, make_registry, read_node
from toxpy.crypto.keys import KeyPair
from toxpy.node import BootstrapNode
from toxpy.streams import Streams


class Network:
    """Bootstrap nodes in the simulated universe."""

    def __init__(self, count):
        self.universe = Universe(3)
        self.nodes = []
        self.addresses = []
        for number in range(count):
            socket = self.universe.socket()
            rt = self.universe.runtime(f"node {number}")
            node = BootstrapNode(
                KeyPair.generate(rt.rng), rt=rt, udp=socket, streams=Streams(rt=rt), motd=b"hello"
            )
            self.universe.add(node, socket)
            self.nodes.append(node)
            self.addresses.append(socket.address)

    def run(self, seconds):
        self.universe.run_until(lambda: False, seconds * 1000)

    def close(self):
        for node in self.nodes:
            node.close()


@pytest.fixture
def network():
    made = Network(4)
    for node in made.nodes[1:]:
        node.bootstrap(made.addresses[0], made.nodes[0].dht.public_key)
    made.run(30)
    yield made
    made.close()


def scrape(node):
    """name -> {labels: value} as Prometheus reads it."""
    text = generate_latest(make_registry(lambda: read_node(node))).decode()
    samples = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            samples.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return text, samples


def labels(**pairs):
    return tuple(sorted(pairs.items()))


def test_figures(network):
    node = network.nodes[0]
    node.iterate()
    node.dispatch.handlers[0xF0](network.addresses[1], b"\xf0" + bytes(77))
    node.dispatch.handlers[0xF0](network.addresses[1], b"\xf0")
    node.rt.counters.count("onion_relayed", 3)
    node.streams.count(104)
    _, samples = scrape(node)
    packets, sizes = samples["tox_udp_packets_total"], samples["tox_udp_bytes_total"]
    for direction in ("sent", "received"):
        count = packets[labels(direction=direction, packet="nodes_request")]
        assert count > 3
        assert sizes[labels(direction=direction, packet="nodes_request")] == 113 * count
    assert packets[labels(direction="sent", packet="bootstrap_info")] == 1
    assert sizes[labels(direction="sent", packet="bootstrap_info")] == 11
    assert packets[labels(direction="sent", packet="other")] == 0
    assert samples["tox_drops_total"][labels(reason="bootstrap_info_size")] == 1
    assert samples["tox_events_total"][labels(event="onion_relayed")] == 3
    assert samples["tox_socket_errors_total"][labels(transport="tcp", errno="ECONNRESET")] == 1
    assert samples["tox_x25519_total"][()] == node.rt.counters.values["x25519"] >= 3
    assert samples["tox_dht_nodes"] == {labels(family="ipv4"): 3, labels(family="ipv6"): 0}
    assert samples["tox_dht_connected"][()] == 1
    assert samples["process_resident_memory_bytes"][()] > 0


def test_packets_without_a_name_are_counted_together(network):
    node = network.nodes[0]
    for kind in range(256):
        network.universe.carry(network.nodes[1]._udp, network.addresses[0], bytes((kind,)))
    before = scrape(node)[1]["tox_udp_packets_total"][labels(direction="received", packet="other")]
    network.run(1)
    after = scrape(node)[1]["tox_udp_packets_total"][labels(direction="received", packet="other")]
    assert after - before == 256 - len(PACKET_NAMES)
    total = sum(node.received.packets)
    received = scrape(node)[1]["tox_udp_packets_total"]
    assert sum(value for key, value in received.items() if ("direction", "received") in key) == total


def test_no_keys_and_no_addresses(network):
    for node in network.nodes:
        text, _ = scrape(node)
        for other, address in zip(network.nodes, network.addresses, strict=True):
            for key in (other.dht.public_key, other.dht.keys.secret):
                assert key.hex()[:8] not in text.lower()
            assert ".".join(map(str, address[0])) not in text


def test_names_stay_the_same_whatever_happens(network):
    """Labels are bounded: a flood of nonsense makes no new series beside the reasons of drops."""
    node = network.nodes[0]
    before = set(scrape(node)[0].splitlines())
    names = {line.partition(" ")[0] for line in before if not line.startswith("#")}
    for i in range(2000):
        data = node.rt.rng.bytes(1 + i % 150)
        network.universe.carry(network.nodes[1]._udp, network.addresses[0], data)
    network.run(2)
    text, _ = scrape(node)
    new = {line.partition(" ")[0] for line in text.splitlines() if not line.startswith("#")} - names
    assert all(name.startswith(("tox_drops_total", "tox_events_total")) for name in new)
    assert len(new) < 40
