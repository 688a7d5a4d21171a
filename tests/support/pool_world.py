"""A TcpPool whose relay connections are made of lists: the test plays all relays."""

from tests.support.universe import SeededRng, SimClock
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.runtime import Runtime
from toxpy.tcp.pool import TcpPool
from toxpy.tcp.relay import ONLINE
from toxpy.wire.address import Node


def relay_node(number, port=33445):
    """Relay `number`; its key begins with R."""
    address = (bytes((10, 1, number >> 8, number & 255)), port)
    return Node(b"R" + number.to_bytes(31, "big"), address, tcp=True)


def peer_pk(number):
    """The DHT key of peer `number`; it begins with P."""
    return b"P" + number.to_bytes(31, "big")


class FakeClient:
    """What TcpClient offers its owner, and the relay's side of it."""

    def __init__(self, world, node, owner, host):
        self.world, self.node, self.owner, self.host = world, node, owner, host
        self.confirmed = self.closed = False
        #: the out-buffer is full: everything is refused
        self.full = False
        #: (what, id or key, data), in order
        self.sent = []
        #: the relay's side: unanswered requests, key by id, ids that are online
        self.asked, self.ids, self.online = [], {}, set()

    # what the pool uses

    def _put(self, *frame):
        if self.closed or not self.confirmed or self.full:
            return False
        self.sent.append(frame)
        return True

    def send_routing_request(self, dht_pk):
        assert dht_pk not in self.asked, "asked twice"
        if not self._put("route", dht_pk):
            return False
        self.asked.append(dht_pk)
        return True

    def send_data(self, connection_id, data):
        assert 0 <= connection_id < 240
        return self._put("data", connection_id, data)

    def has_room(self):
        return not self.full

    def send_oob(self, dht_pk, data):
        return self._put("oob", dht_pk, data)

    def send_disconnect(self, connection_id):
        assert 0 <= connection_id < 240
        if self.closed or not self.confirmed:
            return False
        # such frames are never refused
        self.sent.append(("disconnect", connection_id))
        self.ids.pop(connection_id, None)
        self.online.discard(connection_id)
        return True

    def send_onion(self, data):
        return self._put("onion", data)

    def send_forward_request(self, data):
        return self._put("forward", data)

    def close(self):
        self.closed = True

    # what the relay does

    def up(self):
        """Confirmed."""
        assert not self.closed and not self.confirmed
        self.confirmed = True
        self.owner.on_connected(self)
        return self

    def down(self, reason="relay closed the connection"):
        if not self.closed:
            self.closed = True
            self.owner.on_closed(self, reason)

    def answer(self, dht_pk=None):
        """Give an id to one that was asked for: the lowest free one."""
        dht_pk = self.asked.pop(0) if dht_pk is None else self.asked.pop(self.asked.index(dht_pk))
        connection_id = next(i for i in range(240) if i not in self.ids)
        self.ids[connection_id] = dht_pk
        self.owner.on_routing_response(self, connection_id, dht_pk)
        return connection_id

    def id_of(self, dht_pk):
        return next(i for i, pk in self.ids.items() if pk == dht_pk)

    def come(self, dht_pk):
        """The peer is at this relay as well."""
        if dht_pk in self.asked:
            self.answer(dht_pk)
        connection_id = self.id_of(dht_pk)
        self.online.add(connection_id)
        self.owner.on_peer_status(self, connection_id, True)
        return connection_id

    def leave(self, dht_pk):
        connection_id = self.id_of(dht_pk)
        self.online.discard(connection_id)
        self.owner.on_peer_status(self, connection_id, False)

    def count(self, what):
        return sum(frame[0] == what for frame in self.sent)


def online_relays(peer):
    """Relays where both a TcpPeer and its other end are."""
    return [link.relay.node for link in peer._route.links.values() if link.state == ONLINE]


class World:
    """A pool, its clock and everything it did."""

    def __init__(self, seed=1, proxy=None):
        self.clock = SimClock()
        self.clock.now_ms = 1_000_000
        self.rt = Runtime(clock=self.clock, rng=SeededRng(seed))
        self.clients = []
        keys = KeyPair.generate(self.rt.rng)
        self.pool = TcpPool(
            keys,
            SharedKeys(keys, rt=self.rt),
            rt=self.rt,
            connect=lambda address: None,
            proxy=proxy,
            make_client=self._make_client,
        )
        self.oob, self.onion, self.forwarding = [], [], []
        self.pool.on_oob = lambda *given: self.oob.append(given)
        self.pool.on_onion = self.onion.append
        self.pool.on_forwarding = lambda *given: self.forwarding.append(given)

    def _make_client(self, node, keys, shared_keys, owner, *, rt, connect, proxy, host, traffic):
        client = FakeClient(self, node, owner, host)
        self.clients.append(client)
        return client

    def live(self):
        return [client for client in self.clients if not client.closed]

    def client(self, number):
        """The living connection to relay `number`."""
        (found,) = [c for c in self.live() if c.node.public_key == relay_node(number).public_key]
        return found

    def tries(self, number):
        """How often relay `number` was tried."""
        return sum(c.node.public_key == relay_node(number).public_key for c in self.clients)

    def state(self, number):
        """The pool's word for relay `number`; None when unknown."""
        key = relay_node(number).public_key
        return next((state for node, state, _ in self.pool.relay_states() if node.public_key == key), None)

    def drops(self, reason):
        return self.rt.counters.values.get("drop." + reason, 0)

    def advance(self, duration_ms):
        """Let time pass; timers run when they are due."""
        end_ms = self.clock.now_ms + duration_ms
        while True:
            self.rt.timers.run_due()
            due_ms = self.rt.timers.next_deadline_ms()
            if due_ms is None or due_ms > end_ms:
                break
            self.clock.now_ms = max(self.clock.now_ms, due_ms)
        self.clock.now_ms = end_ms
        self.rt.timers.run_due()

    def up(self, *numbers):
        """The client names these relays, and they are reached."""
        for number in numbers:
            self.pool.add_relay(relay_node(number))
            self.client(number).up()
        return [self.client(number) for number in numbers]


class Friend:
    """A TcpPeer and what it told."""

    def __init__(self, world, number):
        self.pk = peer_pk(number)
        self.data, self.changes = [], []
        self.peer = world.pool.peer(self.pk, self.data.append, self._changed)

    def _changed(self):
        self.changes.append(self.peer.is_online)
