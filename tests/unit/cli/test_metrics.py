"""What the Prometheus exporter says, and what it must not say."""

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.universe import Universe
from toxpy.cli.bootstrapd.metrics import FRAME_NAMES, PACKET_NAMES, make_registry, read_node
from toxpy.crypto.keys import KeyPair
from toxpy.network.bootstrap_node import BootstrapNode
from toxpy.system.streams import Streams


class Network:
    """Bootstrap nodes in the simulated universe."""

    def __init__(self, count):
        self.universe = Universe(3)
        self.nodes = []
        self.addresses = []
        for number in range(count):
            socket = self.universe.socket()
            socket.errors, socket.oversized = {}, 0
            rt = self.universe.runtime(f"node {number}")
            streams = Streams(rt=rt, ipv6=False)
            node = BootstrapNode(
                KeyPair.generate(rt.rng),
                rt=rt,
                udp=socket,
                streams=streams,
                listeners=[streams.listen(0, "127.0.0.1")],
                motd=b"hello",
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
    node.dispatch.handlers[0xF0](network.addresses[1], b"\xf0" + bytes(77))
    node.dispatch.handlers[0xF0](network.addresses[1], b"\xf0")
    node.rt.counters.count("onion_relayed", 3)
    node.streams.count(104)
    node.udp.errors[111] = 2
    node.udp.errors[99999] = 5
    node.udp.oversized = 4
    _, samples = scrape(node)
    assert samples["tox_drops_total"][labels(reason="bootstrap_info_size")] == 1
    assert samples["tox_drops_total"][labels(reason="udp_oversized")] == 4
    assert samples["tox_events_total"][labels(event="onion_relayed")] == 3
    assert samples["tox_socket_errors_total"] == {
        labels(transport="tcp", errno="ECONNRESET"): 1,
        labels(transport="udp", errno="ECONNREFUSED"): 2,
        labels(transport="udp", errno="other"): 5,
    }
    assert samples["tox_x25519_total"][()] == node.rt.counters.values["x25519"] >= 3
    assert samples["tox_dht_nodes"] == {labels(family="ipv4"): 3, labels(family="ipv6"): 0}
    assert samples["tox_dht_connected"][()] == 1
    assert samples["tox_relay_connections"][()] == samples["tox_relay_half_open_connections"][()] == 0
    assert samples["tox_shared_keys"][()] == 3
    assert samples["tox_node_info"] == {labels(version="1000002023"): 1}
    assert samples["process_resident_memory_bytes"][()] > 0


def test_traffic(network):
    """Every id is counted once, under its name or together with the others that have none."""
    node = network.nodes[0]
    for traffic in (node.udp.traffic, node.relay.traffic):
        for packet_id in range(256):
            traffic.packets_sent[packet_id] = 1
            traffic.bytes_sent[packet_id] = 10
            traffic.packets_received[packet_id] = 100
            traffic.bytes_received[packet_id] = 1000
    _, samples = scrape(node)
    packets, sizes = samples["tox_packets_total"], samples["tox_bytes_total"]
    names = [("udp", PACKET_NAMES, "other"), ("tcp", FRAME_NAMES, "data")]
    for direction, count in (("sent", 1), ("received", 100)):
        for transport, known, rest in names:
            wanted = dict.fromkeys(known.values(), count)
            wanted[rest] = (256 - len(known)) * count
            for name, packet_count in wanted.items():
                key = labels(transport=transport, direction=direction, packet=name)
                assert packets.pop(key) == packet_count
                assert sizes.pop(key) == 10 * packet_count
    assert not packets and not sizes


def test_a_relay_client_is_counted(network):
    node = network.nodes[0]
    stream = node.streams.connect((b"\x7f\0\0\1", node.relay.ports[0]))
    for _ in range(100):
        node.streams.poll()
        if node.relay.half_open:
            break
    assert scrape(node)[1]["tox_relay_half_open_connections"][()] == 1
    stream.close()


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
        network.universe.carry(network.nodes[1].udp, network.addresses[0], data)
    network.run(2)
    text, _ = scrape(node)
    new = {line.partition(" ")[0] for line in text.splitlines() if not line.startswith("#")} - names
    assert all(name.startswith(("tox_drops_total", "tox_events_total")) for name in new)
    assert len(new) < 40
