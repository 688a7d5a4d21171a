"""What limits must not do: keep out ordinary clients, however many share an address."""

import pytest

from tests.support.sim_streams import SimStreams, TcpFabric
from tests.support.universe import Universe
from toxpy.core import Core
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.network.bootstrap_node import BootstrapNode
from toxpy.options import Options
from toxpy.tcp.pool import TcpPool
from toxpy.wire.address import Node

RELAY_PORT = 443
TOWN = (bytes((60, 1, 1, 1)), 1)


class Town:
    """Bootstrap nodes, each in a network of its own, and many clients behind one address."""

    def __init__(self, nodes=1):
        self.universe = Universe(3)
        self.fabric = TcpFabric(self.universe)
        self.keys = [KeyPair.generate(self.universe.runtime(f"keys {i}").rng) for i in range(nodes)]
        self.nodes = [self.start_node(i) for i in range(nodes)]
        for node in self.nodes[1:]:
            node.bootstrap(self.nodes[0].udp.address, self.nodes[0].dht.public_key)
        self.universe.run_for(20_000)
        self.nat = None

    def start_node(self, number, socket=None):
        # 256 hosts further is the next network
        self.universe.next_host += 256
        socket, rt = socket or self.universe.socket(), self.universe.runtime(f"node {number}")
        streams = SimStreams(self.fabric, socket, rt)
        node = BootstrapNode(
            self.keys[number], rt=rt, udp=socket, streams=streams, listeners=[streams.listen(RELAY_PORT)]
        )
        self.universe.add(node, socket)
        return node

    def host(self, udp):
        """Behind the town's NAT; without UDP only its TCP address matters."""
        if udp:
            if self.nat is None:
                self.universe.next_host += 256
                self.nat = self.universe.nat("port")
            return self.universe.socket(self.nat)
        socket = self.universe.socket()
        socket.address = TOWN
        return socket

    def client(self, number, friends, udp):
        """An instance with friends who are never there, whose only node is the first one."""
        socket, rt = self.host(udp), self.universe.runtime(f"client {number}")
        options = Options(local_discovery_enabled=False, udp_enabled=udp)
        streams = SimStreams(self.fabric, socket, rt)
        core = Core(options, rt=rt, udp=socket if udp else None, streams=streams)
        for _ in range(friends):
            core.friends.friend_add_norequest(KeyPair.generate(rt.rng).public)
        self.universe.add(core, socket)
        return core

    def drops(self, node=0):
        """What the node's limits cost, without what is no limit."""
        values = self.nodes[node].rt.counters.values
        limits = ("budget", "full", "crowded")
        return {
            name: count for name, count in values.items() if any(limit in name for limit in limits) and count
        }


def connected(clients):
    return all(client.network.self_get_connection_status() for client in clients)


@pytest.mark.parametrize("nodes", [1, 8])
def test_a_hundred_clients_behind_one_nat_get_in_at_once(nodes):
    town = Town(nodes)
    clients = [town.client(i, friends=2, udp=True) for i in range(100)]
    node = town.nodes[0]
    for client in clients:
        client.network.bootstrap(
            ".".join(map(str, node.udp.address[0])), node.udp.address[1], node.dht.public_key
        )
    assert town.universe.run_until(lambda: connected(clients), 10_000)
    assert town.drops() == {}


def test_a_hundred_clients_without_udp_get_in_at_once():
    """All over one relay, which is their only node as well: their onion paths cross it three times."""
    town = Town(1)
    clients = [town.client(i, friends=1, udp=False) for i in range(100)]
    node = town.nodes[0]
    host = ".".join(map(str, node.udp.address[0]))
    for client in clients:
        client.network.bootstrap(host, node.udp.address[1], node.dht.public_key)
        client.network.add_tcp_relay(host, RELAY_PORT, node.dht.public_key)
    assert town.universe.run_until(lambda: connected(clients), 10_000)
    assert town.drops() == {}


class RelayUser(TcpPool):
    """Somebody's relays, without the rest."""

    def __init__(self, town, number):
        self.rt = town.universe.runtime(f"user {number}")
        socket = town.host(udp=False)
        keys = KeyPair.generate(self.rt.rng)
        streams = SimStreams(town.fabric, socket, self.rt)
        super().__init__(keys, SharedKeys(keys, rt=self.rt), rt=self.rt, connect=streams.connect)
        relay = town.nodes[0]
        self.add_relay(Node(relay.dht.public_key, (relay.udp.address[0], RELAY_PORT), tcp=True))
        town.universe.add(self, socket)

    def iterate(self):
        self.rt.timers.run_due()


def test_two_hundred_clients_of_one_address_come_back_to_a_relay_that_restarts():
    town = Town(1)
    users = [RelayUser(town, i) for i in range(200)]
    assert town.universe.run_until(lambda: len(town.nodes[0].relay) == 200, 5_000)
    assert town.drops() == {}
    old = town.nodes[0]
    old.close()
    town.universe.remove(old)
    # a moment in which all are told, and try in vain
    town.universe.run_for(2_000)
    assert not any(user.connected() for user in users)
    town.universe.sockets[old.udp.address] = old.udp
    old.udp.closed = False
    town.nodes[0] = town.start_node(0, old.udp)
    assert town.universe.run_until(lambda: all(user.connected() for user in users), 5_000)
    assert len(town.nodes[0].relay) == 200
    assert town.drops() == {}
