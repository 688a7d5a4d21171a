"""Members of a group on the simulated network: their sessions only, no state and no discovery."""

from __future__ import annotations

import errno
import socket as std_socket

from tests.support.universe import Universe
from toxpy.crypto.keys import KeyPair
from toxpy.dht.budget import KeyBudget
from toxpy.group.packets import BROADCAST
from toxpy.group.sessions import GroupSessions
from toxpy.group.setup import OwnMember
from toxpy.group.wire import INVITE, JOIN_PUBLIC
from toxpy.system.datapath_twin import Datapath
from toxpy.system.traffic import Traffic

CHAT_ID = bytes(31) + b"\1"
PING_DATA = bytes(20)


class Peer:
    """One peer as a member sees it: an owner that writes down what it is told."""

    def __init__(self, member):
        self.member = member
        self.session = None
        self.calls = []
        self.lossless, self.lossy = [], []
        self.undelivered = []
        self.then = None
        #: what carries packets over a relay
        self.relay = None
        self.relay_node = None
        self.relays_heard = []

    def attach(self, session):
        self.session = session

    def on_established(self, asked, request_type, undelivered):
        self.calls.append(("established", asked, request_type))
        self.undelivered += undelivered

    def on_lossless(self, kind, data):
        self.lossless.append((kind, data))
        if self.then is not None:
            self.then(kind, data)

    def on_lossy(self, kind, data):
        self.lossy.append((kind, data))

    def make_ping(self):
        return PING_DATA

    def on_timed_out(self):
        self.calls.append("timed out")
        self.member.sessions.remove(self.session.peer_pk)

    def send_udp(self, address, packet):
        self.member.sent.append(packet)
        self.member.socket.send(address, packet)

    def send_relay(self, packet):
        if self.relay is None:
            return False
        self.member.sent.append(packet)
        self.relay(packet)
        return True

    def add_relay(self, relay):
        self.relays_heard.append(relay)

    def own_relay(self):
        return self.relay_node

    @property
    def messages(self):
        """Data of the broadcasts that came."""
        return [data for kind, data in self.lossless if kind == BROADCAST]


class _SocketOfPath:
    """A simulated socket as the datapath uses one."""

    def __init__(self, member):
        self.member = member
        self.waiting = []

    def recvfrom(self, _size):
        self.waiting += self.member.receive()
        if not self.waiting:
            raise BlockingIOError(errno.EAGAIN, "nothing there")
        data, (ip, port) = self.waiting.pop(0)
        return data, (std_socket.inet_ntoa(ip), port)

    def sendto(self, data, name):
        self.member.sent.append(data)
        self.member.socket.send((std_socket.inet_aton(name[0]), name[1]), data)


class Member:
    """One member with all its peers; with a `datapath`, that opens and seals what comes and goes over UDP."""

    def __init__(self, universe, name, keys=None, socket=None, datapath=False):
        self.universe = universe
        self.rt = universe.runtime(name)
        self.socket = socket or universe.socket()
        self.keys = keys or KeyPair.generate(self.rt.rng)
        sig_pk = self.rt.rng.bytes(32)
        self.path = Datapath(_SocketOfPath(self), False, Traffic(), {}, {}) if datapath else None
        self.own = OwnMember(self.keys, sig_pk, CHAT_ID, JOIN_PUBLIC, rt=self.rt, path=self.path)
        self.sessions = GroupSessions(self.own, KeyBudget(rt=self.rt), self)
        self.peers = {}
        self.accepts = True
        self.sent = []
        #: packets that are not taken in: a function of the packet
        self.deaf_to = None
        universe.add(self, self.socket)

    def accept(self, peer_pk):
        if not self.accepts:
            return None
        peer = self.peers[peer_pk] = Peer(self)
        return peer

    def connect(self, other, request_type=INVITE, address=True):
        """Ask the other for a session."""
        peer = self.peers[other.keys.public] = Peer(self)
        where = other.socket.address if address else None
        self.sessions.connect(other.keys.public, request_type, peer, where)
        return peer

    def iterate(self):
        if self.path is None:
            runs, raw = [], self.receive()
        else:
            runs, raw, _more = self.path.receive(4096)
        for receiver, address, records in runs:
            receiver.receive_run(address, records)
        for data, address in raw:
            self.sessions.receive(data, address)
        self.rt.timers.run_due()

    def receive(self):
        """The packets that it is not deaf to."""
        deaf_to = self.deaf_to
        return [each for each in self.socket.receive() if deaf_to is None or not deaf_to(each[0])]

    def peer(self, other):
        return self.peers[other.keys.public]

    def drops(self, reason):
        return self.rt.counters.values.get("drop." + reason, 0)

    def stop(self):
        """Disappear without a word; the socket may be used again."""
        self.universe.remove(self)
        self.sessions.close()


def run_for(member, duration_ms):
    """Let exactly that time pass: the universe leaps to the next timer."""
    member.rt.timers.call_later(duration_ms, int)
    member.universe.run_for(duration_ms)


def is_established(a, b):
    """True if both have a session with the other."""
    pair = (a, b), (b, a)
    return all(
        other.keys.public in one.peers and one.peer(other).session.is_established for one, other in pair
    )


def two_members(seed=0, *, datapath=False, **network):
    """Two members; the first one has asked the second."""
    universe = Universe(seed, **network)
    a, b = Member(universe, "a", datapath=datapath), Member(universe, "b", datapath=datapath)
    a.connect(b)
    return universe, a, b


def established(seed=0, *, confirmed=True, datapath=False, **network):
    """Two members with a session."""
    universe, a, b = two_members(seed, datapath=datapath, **network)
    assert universe.run_until(lambda: is_established(a, b), 20_000)
    if confirmed:
        a.peer(b).session.confirm()
        b.peer(a).session.confirm()
    return universe, a, b
