"""A few DHTs, each alone on a socket of the simulated network."""

from itertools import pairwise

from tests.support.universe import Universe
from toxpy.crypto.keys import KeyPair
from toxpy.dht.announcements import Announcements
from toxpy.dht.dht import DHT
from toxpy.dht.forwarding import Forwarding
from toxpy.runtime import Dispatch


class Peer:
    """A DHT with the part of Core's interface that the universe needs."""

    def __init__(self, universe, name, ip=None, behind=None, **dht):
        self.socket = universe.socket(behind)
        if ip is not None:
            del universe.sockets[self.socket.address]
            self.socket.address = (ip, self.socket.port)
            universe.sockets[self.socket.address] = self.socket
        self.rt = universe.runtime(name)
        self.udp = Dispatch()
        self.sent = []
        keys = KeyPair.generate(self.rt.rng)
        self.dht = DHT(keys, rt=self.rt, send=self.send, udp=self.udp, **dht)
        self.forwarding = Forwarding(self.dht, rt=self.rt, send=self.send, udp=self.udp)
        self.announcements = Announcements(
            self.dht, self.forwarding, rt=self.rt, send=self.send, udp=self.udp
        )
        self.key = self.dht.public_key
        universe.add(self, self.socket)

    @property
    def address(self):
        return self.socket.address

    def send(self, address, data):
        self.sent.append((address, data))
        self.socket.send(address, data)

    def iterate(self):
        for data, address in self.socket.receive():
            self.deliver(address, data)
        self.rt.timers.run_due()

    def deliver(self, address, data):
        self.udp.handlers[data[0]](address, data)

    def dropped(self, reason):
        return self.rt.counters.values.get(f"drop.{reason}", 0)


def network(size, seed=1, **kind):
    """`size` peers, each bootstrapped from the one before it."""
    universe = Universe(seed, **kind)
    peers = [Peer(universe, f"peer {i}") for i in range(size)]
    for before, peer in pairwise(peers):
        peer.dht.bootstrap(before.address, before.key)
    return universe, peers


def settled(size, seed=1, **kind):
    """The same, 20 s later."""
    universe, peers = network(size, seed, **kind)
    universe.run_for(20_000)
    return universe, peers
