"""Net_crypto peers on the simulated network, without DHT or friends."""

from tests.support.universe import Universe
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.dht.budget import KeyBudget
from toxpy.net_crypto.net_crypto import NetCrypto
from toxpy.runtime import Dispatch


class KeysOnlyDht:
    """What net_crypto needs of a DHT."""

    def __init__(self, rt):
        self.keys = KeyPair.generate(rt.rng)
        self.public_key = self.keys.public
        self.shared_keys = SharedKeys(self.keys, rt=rt)
        self.budget = KeyBudget(rt=rt)


class Recorder:
    """An owner that writes down what it is told."""

    def __init__(self):
        self.connection = None
        self.calls = []
        self.lossless = []
        self.lossy = []
        self.then = None

    def attach(self, connection):
        self.connection = connection
        self.calls.append("attach")

    def on_established(self):
        self.calls.append("established")

    def on_closed(self):
        self.calls.append("closed")

    def on_lossless(self, data):
        self.lossless.append(data)
        if self.then is not None:
            self.then(data)

    def on_transport(self):
        self.moved = True

    def on_lossy(self, data):
        self.lossy.append(data)


class Peer:
    """One instance: identity, DHT keys, net_crypto, a socket of the universe."""

    def __init__(self, universe, name, identity=None, socket=None):
        self.universe = universe
        self.rt = universe.runtime(name)
        self.socket = socket or universe.socket()
        self.address = self.socket.address
        self.identity = identity or KeyPair.generate(self.rt.rng)
        self.udp = Dispatch()
        self.dht = KeysOnlyDht(self.rt)
        self.received = []
        self.sent = []
        self.net = NetCrypto(self.identity, self.dht, rt=self.rt, send=self.send, udp=self.udp)
        self.net.on_incoming = self.on_incoming
        self.accepts = True
        self.owner = Recorder()
        self.incoming = []
        universe.add(self, self.socket)

    def on_incoming(self, real_pk, dht_pk, address):
        self.incoming.append((real_pk, dht_pk, address))
        return self.owner if self.accepts else None

    def send(self, address, data):
        self.sent.append(data)
        self.socket.send(address, data)

    def iterate(self):
        for data, address in self.socket.receive():
            self.received.append(data)
            self.inject(data, address)
        self.rt.timers.run_due()

    def inject(self, data, address):
        """A datagram; nobody takes those of other kinds."""
        handler = self.udp.handlers[data[0]]
        if handler is not None:
            handler(address, data)

    def connect(self, other):
        connection = self.net.connect(other.identity.public, other.dht.public_key, self.owner)
        self.owner.connection = connection
        connection.set_address(other.address)
        return connection

    @property
    def connection(self):
        return self.owner.connection

    def drops(self, reason):
        return self.rt.counters.values.get("drop." + reason, 0)

    def stop(self):
        """Disappear without a word."""
        self.universe.remove(self)
        self.socket.online = False

    def kinds_sent(self, kind):
        return [data for data in self.sent if data[0] == kind]


def client_and_server(seed=0, **network):
    """Two peers and their universe; nothing has been sent."""
    universe = Universe(seed, **network)
    return universe, Peer(universe, "client"), Peer(universe, "server")


def established(seed=0, **network):
    """Two connected peers."""
    universe, client, server = client_and_server(seed, **network)
    client.connect(server)
    assert universe.run_until(lambda: both_established(client, server), 20_000)
    return universe, client, server


def both_established(a, b):
    return all(p.connection is not None and p.connection.is_established for p in (a, b))
