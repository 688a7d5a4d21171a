"""What a DHT node does for others: pings and questions for nodes."""

from __future__ import annotations

from bench.micro.conftest import TIMED
from toxpy.crypto.keys import KeyPair
from toxpy.dht.packets import open_packet, seal_packet
from toxpy.wire.packets import NODES_REQUEST, NODES_RESPONSE, PING_REQUEST, PING_RESPONSE

REQUEST_ID = b"12345678"


def fill(node, count=200):
    """Neighbours to name in answers."""
    for i in range(count):
        key = KeyPair.generate(node.rt.rng).public
        node.dht.nodes.close_list.add(key, (bytes([30, 0, i >> 8, i & 255]), 33445), node.clock.now_ms)


def ask(benchmark, nodes, request, response, payload):
    """Time the answer to one request; its plain text."""
    node, client = nodes("node"), nodes("client")
    fill(node)
    key = client.dht.shared_keys.get(node.keys.public)
    packet = seal_packet(request, client.keys.public, key, bytes(24), payload)
    assert benchmark.pedantic(node.answers, args=(client.address, packet), **TIMED) >= 1
    (answer,) = (data for _, data in node.sent if data[0] == response.kind)
    return open_packet(key, answer)


def test_answer_a_ping(benchmark, nodes):
    plain = ask(benchmark, nodes, PING_REQUEST, PING_RESPONSE, b"\0" + REQUEST_ID)
    assert plain == b"\x01" + REQUEST_ID


def test_answer_a_question_for_nodes(benchmark, nodes):
    plain = ask(benchmark, nodes, NODES_REQUEST, NODES_RESPONSE, bytes(range(32)) + REQUEST_ID)
    assert plain[0] == 4 and plain.endswith(REQUEST_ID)
