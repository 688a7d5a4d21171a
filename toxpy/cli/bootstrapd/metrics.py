"""Prometheus metrics of a bootstrap node. Labels are program text: never a key, never an address.

A scrape comes on a thread of its own. It asks the node's thread for a snapshot of plain numbers
(`read_node` is the only place that looks into the node) and turns that into metrics.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from toxpy.dht.lan import LAN_DISCOVERY
from toxpy.ext.offline.ops import BAD_SIZE, FULL, OK, QUEUE_FULL, REFUSED
from toxpy.network.bootstrap_info import BOOTSTRAP_INFO
from toxpy.network.bootstrap_node import VERSION, BootstrapNode
from toxpy.system.http_server import serve_http
from toxpy.system.traffic import Traffic
from toxpy.wire.packets import FRAMES, TABLE, Layout

if TYPE_CHECKING:
    from toxpy.ext.mailbox.host import MailboxHost


def _label(layout: Layout) -> str:
    """A packet's name as a label's value."""
    return layout.name.lower().replace(" ", "_")


#: first byte -> name of the packet; all others are "other"
PACKET_NAMES = {
    layout.kind: _label(layout) for group, layouts in TABLE.items() if group != FRAMES for layout in layouts
} | {LAN_DISCOVERY: "lan_discovery", BOOTSTRAP_INFO: "bootstrap_info"}
#: first byte of a frame of the relay -> name; connection data is "data"
FRAME_NAMES = {layout.kind: _label(layout) for layout in TABLE[FRAMES]}
#: How long a scrape waits for the node.
SNAPSHOT_TIMEOUT_S = 5


class MetricsError(Exception):
    """The exporter cannot start; the text says why."""


class Snapshot:
    """One moment of a node, as numbers."""

    __slots__ = ("answers", "counters", "errors", "gauges", "nodes", "totals", "traffic")

    def __init__(self) -> None:
        #: (transport, direction, packet) -> packets, bytes
        self.traffic: dict[tuple[str, str, str], tuple[int, int]] = {}
        #: (transport, errno's name) -> count
        self.errors: dict[tuple[str, str], int] = {}
        self.counters: dict[str, int] = {}
        #: family -> good nodes of the close list
        self.nodes: dict[str, int] = {}
        self.gauges: dict[str, int] = {}
        #: what only a mailbox counts
        self.totals: dict[str, int] = {}
        #: word for what a PUT was answered -> count; None without a mailbox
        self.answers: dict[str, int] | None = None


def read_node(node: BootstrapNode, mailbox: MailboxHost | None = None) -> Snapshot:
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
    if mailbox is not None:
        _read_mailbox(snapshot, mailbox)
    return snapshot


def _read_mailbox(snapshot: Snapshot, mailbox: MailboxHost) -> None:
    stats = mailbox.server.store.stats
    answers = {word: stats.answers.get(code, 0) for code, word in ANSWERS.items()}
    # they come no farther than to the session
    answers["too_fast"] = snapshot.counters.get("drop.mailbox_too_fast", 0)
    snapshot.answers = answers
    snapshot.gauges |= {
        "tox_mailbox_blobs": stats.blobs,
        "tox_mailbox_bytes": stats.bytes,
        "tox_mailbox_capacity_bytes": stats.capacity_bytes,
        "tox_mailbox_queues": stats.queues,
        "tox_mailbox_open_queues": stats.open_queues,
        "tox_mailbox_members": stats.members,
        "tox_mailbox_sessions": len(mailbox.server),
    }
    snapshot.totals = {
        "tox_mailbox_gets": stats.gets,
        "tox_mailbox_evicted": stats.evicted,
        "tox_mailbox_expired": stats.expired,
        "tox_mailbox_disk_errors": stats.errors,
    }


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


#: Those of a node that is a mailbox too.
MAILBOX_GAUGES = {
    "tox_mailbox_blobs": "Messages kept",
    "tox_mailbox_bytes": "Bytes in them",
    "tox_mailbox_capacity_bytes": "Bytes there is room for",
    "tox_mailbox_queues": "Queues with a message in them",
    "tox_mailbox_open_queues": "Queues that members opened",
    "tox_mailbox_members": "Members",
    "tox_mailbox_sessions": "Clients that are here now",
}
MAILBOX_TOTALS = {
    "tox_mailbox_gets": "Messages fetched",
    "tox_mailbox_evicted": "Messages that made room for others",
    "tox_mailbox_expired": "Messages that were kept for their day",
    "tox_mailbox_disk_errors": "Operations that the disk failed",
}
#: code of an answer to PUT -> label
ANSWERS = {OK: "ok", FULL: "full", QUEUE_FULL: "queue_full", BAD_SIZE: "size", REFUSED: "refused"}


def mailbox_metrics(snapshot: Snapshot) -> list[Metric]:
    """Those of a node that is a mailbox too, none for others."""
    if snapshot.answers is None:
        return []
    puts = CounterMetricFamily(
        "tox_mailbox_puts", "Messages brought, by what became of them", labels=["code"]
    )
    for word, count in snapshot.answers.items():
        puts.add_metric([word], count)
    gauges = [
        GaugeMetricFamily(name, text, value=snapshot.gauges.get(name, 0))
        for name, text in MAILBOX_GAUGES.items()
    ]
    totals = [
        CounterMetricFamily(name, text, value=snapshot.totals.get(name, 0))
        for name, text in MAILBOX_TOTALS.items()
    ]
    return [puts, *gauges, *totals]


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
    more = mailbox_metrics(snapshot)
    return [packets, sizes, errors, drops, events, x25519, nodes, *gauges, info, *more]


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
