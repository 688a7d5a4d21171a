"""Two pools meet at real relays of ours, over streams without sockets."""

import pytest

from tests.support.fake_streams import FakeListener, FakeStream
from tests.support.pool_world import online_relays
from tests.support.universe import SeededRng, SimClock
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.dht.budget import KeyBudget
from toxpy.runtime import Runtime
from toxpy.tcp.pool import ANNOUNCE_TIMEOUT_MS, MAINTAIN_MS, TcpPool
from toxpy.tcp.relay import MAX_RETRY_MS
from toxpy.tcp.server import TcpServer
from toxpy.wire.address import Node

#: a round trip of everything takes so long at most
STEP_MS = 10


class Server:
    """A relay that can be switched off and on."""

    def __init__(self, net, number):
        self.net = net
        self.keys = KeyPair.generate(net.rt.rng)
        self.address = (bytes((10, 2, 0, number)), 33445)
        self.node = Node(self.keys.public, self.address, tcp=True)
        self.start()

    def start(self):
        rt = self.net.rt
        self.listener = FakeListener(self.address[1])
        self.net.listeners[self.address] = self.listener
        shared_keys = SharedKeys(self.keys, rt=rt)
        self.tcp = TcpServer(self.keys, shared_keys, [self.listener], rt=rt, budget=KeyBudget(rt=rt))

    def stop(self):
        del self.net.listeners[self.address]
        self.tcp.close()


class Client:
    """A pool, and the way to the other client."""

    def __init__(self, net, number):
        self.net = net
        self.ip = bytes((10, 3, 0, number))
        self.keys = KeyPair.generate(net.rt.rng)
        self.pool = TcpPool(self.keys, SharedKeys(self.keys, rt=net.rt), rt=net.rt, connect=self.connect)
        self.oob, self.data, self.changes = [], [], []
        self.pool.on_oob = lambda *given: self.oob.append(given)

    def connect(self, address):
        stream = FakeStream(address, connected=False)
        self.net.connecting.append((stream, (self.ip, 40_000 + len(self.net.streams))))
        self.net.streams.append(stream)
        return stream

    def befriend(self, other):
        self.peer = self.pool.peer(other.keys.public, self.data.append, self._changed)
        return self.peer

    def _changed(self):
        self.changes.append(self.peer.is_online)


class Net:
    """Carries everything; time moves in steps."""

    def __init__(self):
        self.clock = SimClock()
        self.clock.now_ms = 1_000_000
        self.rt = Runtime(clock=self.clock, rng=SeededRng(5))
        self.listeners, self.connecting, self.streams = {}, [], []

    def carry(self):
        while True:
            connecting, self.connecting = self.connecting, []
            for stream, source in connecting:
                self._connect(stream, source)
            moved = [stream.pump() for stream in self.streams]
            if not any(moved) and not self.connecting:
                break
        self.streams = [s for s in self.streams if not s.closed]

    def _connect(self, stream, source):
        listener = self.listeners.get(stream.address)
        if stream.closed:
            return
        if listener is None:
            stream.fail()
            return
        far = FakeStream(source)
        far.join(stream)
        listener.on_accept(far)
        stream.on_ready()

    def advance(self, duration_ms):
        end_ms = self.clock.now_ms + duration_ms
        self.carry()
        while self.clock.now_ms < end_ms:
            due_ms = self.rt.timers.next_deadline_ms()
            self.clock.now_ms = min(end_ms, max(self.clock.now_ms + STEP_MS, due_ms or end_ms))
            self.rt.timers.run_due()
            self.carry()


class Scene:
    """Two relays, and two clients that know of each other."""

    def __init__(self):
        self.net = net = Net()
        self.servers = [Server(net, 1), Server(net, 2)]
        self.alice, self.bob = Client(net, 1), Client(net, 2)
        self.alice.befriend(self.bob)
        self.bob.befriend(self.alice)

    def meet(self):
        """Alice named both relays; Bob was told of them."""
        for server in self.servers:
            self.alice.pool.add_relay(server.node)
            self.alice.peer.add_relay(server.node)
            self.bob.peer.add_relay(server.node)
        self.net.advance(1000)
        return self

    def talk(self):
        """A packet each way arrives, once."""
        for one, other in ((self.alice, self.bob), (self.bob, self.alice)):
            data = self.net.rt.rng.bytes(1300)
            assert one.peer.send(data)
            self.net.advance(STEP_MS)
            assert other.data == [data]
            other.data.clear()


@pytest.fixture
def scene():
    return Scene()


def test_both_are_online_at_both_relays(scene):
    scene.meet()
    for client in (scene.alice, scene.bob):
        assert client.pool.connected() == 2 and client.changes == [True]
        assert {node.address for node in online_relays(client.peer)} == {s.address for s in scene.servers}
        assert {node.address for node in client.pool.relays(9)} == {s.address for s in scene.servers}
    scene.talk()


def test_a_relay_dies_and_the_other_carries_on(scene):
    scene.meet().talk()
    scene.servers[0].stop()
    scene.net.advance(STEP_MS)
    assert scene.alice.changes == scene.bob.changes == [True], "they were never apart"
    scene.talk()
    assert online_relays(scene.alice.peer) == [scene.servers[1].node] == online_relays(scene.bob.peer)
    # it comes back, and then it is the only one
    scene.servers[0].start()
    scene.net.advance(1000)
    scene.servers[1].stop()
    scene.net.advance(STEP_MS)
    assert scene.alice.changes == scene.bob.changes == [True]
    scene.talk()


@pytest.mark.parametrize("away_ms", [50, 1000, 10_000])
def test_both_relays_die_and_come_back(scene, away_ms):
    scene.meet()
    scene.net.advance(ANNOUNCE_TIMEOUT_MS)
    for server in scene.servers:
        server.stop()
    scene.net.advance(away_ms)
    assert scene.alice.changes == scene.bob.changes == [True, False]
    assert not scene.alice.peer.send(b"x") and scene.alice.pool.connected() == 0
    for server in scene.servers:
        server.start()
    scene.net.advance(MAX_RETRY_MS)
    assert scene.alice.changes == scene.bob.changes == [True, False, True]
    scene.talk()


def test_found_out_of_band(scene):
    """Only Alice knows that both are at the relay: what Alice sends there makes Bob register."""
    alice, bob, (relay, _) = scene.alice, scene.bob, scene.servers
    alice.pool.add_relay(relay.node)
    bob.pool.add_relay(relay.node)
    alice.peer.add_relay(relay.node)
    scene.net.advance(1000)
    assert alice.peer.send(b"handshake") and not alice.peer.is_online
    scene.net.advance(STEP_MS)
    assert bob.oob == [(alice.keys.public, relay.keys.public, b"handshake")]
    assert bob.pool.send_oob(relay.keys.public, alice.keys.public, b"answer")
    scene.net.advance(STEP_MS)
    assert alice.data == [b"answer"], "from a peer that is expected there"
    alice.data.clear()
    bob.peer.heard_through(relay.keys.public)
    scene.net.advance(STEP_MS)
    assert alice.changes == bob.changes == [True]
    scene.talk()


def test_both_sleep_and_wake(scene):
    scene.meet()
    for client in (scene.alice, scene.bob):
        client.peer.set_sleeping(True)
    scene.net.advance(ANNOUNCE_TIMEOUT_MS + MAINTAIN_MS)
    assert [len(server.tcp) for server in scene.servers] == [0, 0]
    for client in (scene.alice, scene.bob):
        client.peer.set_sleeping(False)
    scene.net.advance(1000)
    assert scene.alice.changes == scene.bob.changes == [True, False, True]
    scene.talk()


def test_closing_one_side_is_seen_by_the_other(scene):
    scene.meet()
    scene.alice.peer.close()
    scene.net.advance(STEP_MS)
    assert scene.bob.changes == [True, False] and scene.bob.pool.connected() == 2
    scene.alice.befriend(scene.bob)
    for server in scene.servers:
        assert scene.alice.peer.add_relay(server.node)
    scene.net.advance(STEP_MS)
    assert scene.bob.changes == [True, False, True]
    scene.talk()
    scene.alice.pool.close()
    scene.net.advance(STEP_MS)
    assert scene.bob.changes[-1] is False
    assert [len(server.tcp) for server in scene.servers] == [1, 1]


def test_idle_connections_live_for_hours(scene):
    scene.meet()
    scene.net.advance(2 * 3600 * 1000)
    assert scene.alice.changes == scene.bob.changes == [True]
    scene.talk()
    assert scene.net.rt.counters.values["tcp_relay_connected"] == 4
