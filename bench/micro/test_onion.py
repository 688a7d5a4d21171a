"""Onion layers: wrapping a packet, opening one at each hop, and the way back."""

from __future__ import annotations

import pytest

from bench.micro.conftest import TIMED
from toxpy.onion.path import OnionRelay, create_path
from toxpy.wire.address import Node as Known
from toxpy.wire.packets import ANNOUNCE_REQUEST, ANNOUNCE_RESPONSE

DESTINATION = (b"\x14\x00\x00\x63", 33445)
DATA = ANNOUNCE_REQUEST.prefix + bytes(200)
ANSWER = ANNOUNCE_RESPONSE.prefix + bytes(200)
HOPS = ["first", "second", "third"]


@pytest.fixture
def hops(nodes):
    """Three nodes on a path, each with its onion relay."""
    made = [nodes("x" * (i + 1)) for i in range(3)]
    for node in made:
        OnionRelay(node.dht, rt=node.rt, send=lambda *packet, to=node.sent: to.append(packet), udp=node.udp)
    return made


@pytest.fixture
def client(nodes):
    return nodes("client")


@pytest.fixture
def path(hops, client):
    known = [Known(hop.keys.public, hop.address) for hop in hops]
    return create_path(client.dht, 1, known, rt=client.rt)


def carry(hops, source, packet):
    """Where the packet is at each hop: what came to it, from whom, and last what is delivered."""
    came = []
    for hop in hops:
        came.append((source, packet))
        hop.handle(source, packet)
        ((_, packet),) = hop.take()
        source = hop.address
    return came, packet


def test_wrap(benchmark, path):
    assert benchmark(path.wrap, bytes(24), DESTINATION, DATA)[0] == 0x80


def test_agree_keys_for_a_path(benchmark, hops, client):
    known = [Known(hop.keys.public, hop.address) for hop in hops]
    assert benchmark(create_path, client.dht, 1, known, rt=client.rt) is not None


@pytest.mark.parametrize("number", range(3), ids=HOPS)
def test_pass_on(benchmark, hops, client, path, number):
    came, delivered = carry(hops, client.address, path.wrap(bytes(24), DESTINATION, DATA))
    assert delivered.startswith(DATA)
    assert benchmark.pedantic(hops[number].answers, args=came[number], **TIMED) == 1


@pytest.mark.parametrize("number", range(3), ids=HOPS)
def test_pass_back(benchmark, hops, client, path, number):
    _, delivered = carry(hops, client.address, path.wrap(bytes(24), DESTINATION, DATA))
    packet = bytes((0x8C,)) + delivered[len(DATA) :] + ANSWER
    for hop in hops[:number:-1]:
        hop.handle(DESTINATION, packet)
        ((_, packet),) = hop.take()
    answer = (DESTINATION, packet)
    assert benchmark.pedantic(hops[number].answers, args=answer, **TIMED) == 1
