"""Prometheus metrics of a bootstrap node. Labels are program text: never a key, never an address.

A scrape comes on a thread of its own. It asks the node's thread for a snapshot of plain numbers
(`read_node` is the only place that looks into the node) and turns that into metrics.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from toxpy.network.bootstrap_node import VERSION, BootstrapNode
from toxpy.system.http_server import serve_http
from toxpy.system.traffic import Traffic

#: first byte -> name of the packet; all others are "other"
PACKET_NAMES = {
    0x00: "ping_request",
    0x01: "ping_response",
    0x02: "nodes_request",
    0x04: "nodes_response",
    0x18: "cookie_request",
    0x19: "cookie_response",
    0x1A: "crypto_handshake",
    0x1B: "crypto_data",
    0x20: "dht_request",
    0x21: "lan_discovery",
    0x80: "onion_send_1",
    0x81: "onion_send_2",
    0x82: "onion_send_3",
    0x83: "announce_request_old",
    0x84: "announce_response_old",
    0x85: "onion_data_request",
    0x86: "onion_data_response",
    0x87: "announce_request",
    0x88: "announce_response",
    0x8C: "onion_recv_3",
    0x8D: "onion_recv_2",
    0x8E: "onion_recv_1",
    0x90: "forward_request",
    0x91: "forwarding",
    0x92: "forward_reply",
    0x93: "data_search_request",
    0x94: "data_search_response",
    0x95: "data_retrieve_request",
    0x96: "data_retrieve_response",
    0x97: "store_announce_request",
    0x98: "store_announce_response",
    0xF0: "bootstrap_info",
}
#: first byte of a frame of the relay -> name; connection data is "data"
FRAME_NAMES = {
    0: "routing_request",
    1: "routing_response",
    2: "connected",
    3: "disconnected",
    4: "ping",
    5: "pong",
    6: "oob_send",
    7: "oob_received",
    8: "onion_request",
    9: "onion_response",
    10: "forward_request",
    11: "forwarding",
}
#: How long a scrape waits for the node.
SNAPSHOT_TIMEOUT_S = 5


class MetricsError(Exception):
    """The exporter cannot start; the text says why."""


class Snapshot:
    """One moment of a node, as numbers."""

    __slots__ = ("counters", "errors", "gauges", "nodes", "traffic")

    def __init__(self) -> None:
        #: (transport, direction, packet) -> packets, bytes
        self.traffic: dict[tuple[str, str, str], tuple[int, int]] = {}
        #: (transport, errno's name) -> count
        self.errors: dict[tuple[str, str], int] = {}
        self.counters: dict[str, int] = {}
        #: family -> good nodes of the close list
        self.nodes: dict[str, int] = {}
        self.gauges: dict[str, int] = {}


def read_node(node: BootstrapNode) -> Snapshot:
    """What a node has to tell; to be called by the thread that iterates it."""
    snapshot, relay = Snapshot(), node.relay
    _read_traffic(snapshot.traffic, "udp", node.udp.traffic, PACKET_NAMES, "other")
    if relay is not None:
        _read_traffic(snapshot.traffic, "tcp", relay.traffic, FRAME_NAMES, "data")
    for transport, errors in (("udp", node.udp.errors), ("tcp", node.streams.errors)):
        for number, count in errors.items():
            snapshot.errors[transport, errno.errorcode.get(number, "other")] = count
    snapshot.counters = dict(node.rt.counters.values)
    if node.udp.oversized:
        snapshot.counters["drop.udp_oversized"] = node.udp.oversized
    good = node.dht.nodes.close_list.good_nodes(node.rt.clock.now_ms)
    sizes = [len(each.address[0]) for each in good]
    snapshot.nodes = {"ipv4": sizes.count(4), "ipv6": sizes.count(16)}
    snapshot.gauges = {
        "tox_dht_connected": int(node.dht.nodes.is_connected()),
        "tox_onion_announcements": len(node.announce),
        "tox_relay_connections": len(relay) if relay is not None else 0,
        "tox_relay_half_open_connections": relay.half_open if relay is not None else 0,
        "tox_shared_keys": len(node.dht.shared_keys),
    }
    return snapshot


def _read_traffic(
    traffic: dict[tuple[str, str, str], tuple[int, int]],
    transport: str,
    counters: Traffic,
    names: dict[int, str],
    rest: str,
) -> None:
    """Counts by name; those of all ids without one go into `rest`."""
    for direction, received in (("sent", False), ("received", True)):
        packets, sizes = counters.counts(received, False), counters.counts(received, True)
        left_packets, left_bytes = sum(packets), sum(sizes)
        for packet_id, name in names.items():
            traffic[transport, direction, name] = packets[packet_id], sizes[packet_id]
            left_packets -= packets[packet_id]
            left_bytes -= sizes[packet_id]
        traffic[transport, direction, rest] = left_packets, left_bytes


class NodeCollector(Collector):
    """Turns a snapshot into metrics at every scrape."""

    def __init__(self, read: Callable[[], Snapshot]) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        """Names without asking the node."""
        return metrics_of(Snapshot())

    def collect(self) -> Iterable[Metric]:
        """For one scrape."""
        return metrics_of(self._read())


GAUGES = {
    "tox_dht_connected": "Does any node answer us",
    "tox_onion_announcements": "Clients announced here",
    "tox_relay_connections": "Clients of the TCP relay",
    "tox_relay_half_open_connections": "Connections to the TCP relay that are not clients yet",
    "tox_shared_keys": "Shared keys remembered",
}


def metrics_of(snapshot: Snapshot) -> list[Metric]:
    """All of the node's metrics."""
    by_packet = ["transport", "direction", "packet"]
    packets = CounterMetricFamily("tox_packets", "UDP packets and frames of the TCP relay", labels=by_packet)
    sizes = CounterMetricFamily("tox_bytes", "Bytes in them", labels=by_packet)
    for labels, (count, size) in snapshot.traffic.items():
        packets.add_metric(labels, count)
        sizes.add_metric(labels, size)
    errors = CounterMetricFamily("tox_socket_errors", "Errors of sockets", labels=["transport", "errno"])
    for error_labels, count in snapshot.errors.items():
        errors.add_metric(error_labels, count)
    drops = CounterMetricFamily("tox_drops", "Input that was dropped, by reason", labels=["reason"])
    events = CounterMetricFamily("tox_events", "What else is counted, by name", labels=["event"])
    for name, count in sorted(snapshot.counters.items()):
        if name.startswith("drop."):
            drops.add_metric([name.removeprefix("drop.")], count)
        elif name != "x25519":
            events.add_metric([name], count)
    x25519 = CounterMetricFamily(
        "tox_x25519", "Public-key operations", value=snapshot.counters.get("x25519", 0)
    )
    nodes = GaugeMetricFamily("tox_dht_nodes", "Good nodes in the close list", labels=["family"])
    for family, count in snapshot.nodes.items():
        nodes.add_metric([family], count)
    info = GaugeMetricFamily("tox_node_info", "Always 1", labels=["version"])
    info.add_metric([str(VERSION)], 1)
    gauges = [
        GaugeMetricFamily(name, text, value=snapshot.gauges.get(name, 0)) for name, text in GAUGES.items()
    ]
    return [packets, sizes, errors, drops, events, x25519, nodes, *gauges, info]


def make_registry(read: Callable[[], Snapshot]) -> CollectorRegistry:
    """The metrics of one node and of this process."""
    registry = CollectorRegistry()
    registry.register(NodeCollector(read))
    ProcessCollector(registry=registry)
    return registry


def serve(host: str, port: int, read: Callable[[], Snapshot]) -> None:
    """Serve them over HTTP, to the end of the process; MetricsError when that fails."""
    try:
        # prometheus_client's own server refuses HEAD, which monitors of web services send, and has no limits
        serve_http(host, port, "/metrics", make_wsgi_app(make_registry(read)))
    except OSError as error:
        problem = f"Couldn't listen for metrics on {host} port {port}: {error.strerror}."
        raise MetricsError(problem) from error
