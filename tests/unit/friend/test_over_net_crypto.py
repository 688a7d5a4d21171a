"""Two messengers over real encrypted connections; only the searches below are fakes."""

import pytest

from tests.support.universe import Universe
from tests.unit.friend.fakes import FakeDht, FakeOnion
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.friend.connection import PACKET_ALIVE, FriendConnections
from toxpy.friend.messenger import PACKET_MESSAGE, Messenger
from toxpy.friend.requests import FriendRequests
from toxpy.net_crypto.net_crypto import NetCrypto
from toxpy.runtime import Dispatch


class Node:
    """An instance without DHT and onion."""

    def __init__(self, universe, name, identity=None):
        self.rt = universe.runtime(name)
        self.socket = universe.socket()
        self.udp = Dispatch()
        self.identity = identity or KeyPair.generate(self.rt.rng)
        self.dht, self.onion = FakeDht(), FakeOnion()
        keys = KeyPair.generate(self.rt.rng)
        self.dht.public_key, self.dht.shared_keys = keys.public, SharedKeys(keys, rt=self.rt)
        self.net_crypto = NetCrypto(self.identity, self.dht, rt=self.rt, send=self.socket.send, udp=self.udp)
        self.connections = FriendConnections(self.identity, self.dht, self.onion, self.net_crypto, rt=self.rt)
        requests = FriendRequests(self.onion, self.connections, rt=self.rt)
        self.events = []
        self.messenger = Messenger(self.connections, requests, self.events, rt=self.rt)
        universe.add(self, self.socket)

    def iterate(self):
        for data, address in self.socket.receive():
            self.udp.handlers[data[0]](address, data)
        self.rt.timers.run_due()
        self.messenger.check_receipts()

    def find(self, other):
        """The searches found the other node."""
        friend = self.messenger.friend_by_key(other.identity.public)
        self.dht.found[other.dht.public_key] = other.socket.address
        friend.connection.on_dht_pk(other.dht.public_key)

    def names(self):
        """The kinds of the events so far."""
        return [type(event).__name__ for event in self.events]

    def is_online(self, number=0):
        return self.messenger.friend(number).connection_type == 2


@pytest.fixture(params=[0.0, 0.2], ids=["clean", "lossy"])
def universe(request):
    return Universe(3, loss=request.param, duplicate=request.param / 2)


@pytest.fixture
def pair(universe):
    """alice and bob, friends, who found each other and are online."""
    alice, bob = Node(universe, "alice"), Node(universe, "bob")
    alice.messenger.add_norequest(bob.identity.public)
    bob.messenger.add_norequest(alice.identity.public)
    alice.messenger.user.set_name(b"Alice")
    alice.find(bob)
    bob.find(alice)
    assert universe.run_until(lambda: alice.is_online() and bob.is_online(), 30_000)
    return alice, bob


def test_names_messages_receipts(universe, pair):
    alice, bob = pair
    assert universe.run_until(lambda: bob.messenger.friend(0).name == b"Alice", 20_000)
    texts = [b"message %d" % n for n in range(50)]
    ids = [alice.messenger.send_message(0, 0, text) for text in texts]
    assert universe.run_until(lambda: alice.names().count("FriendReadReceipt") == 50, 60_000)
    assert [e.message for e in bob.events if type(e).__name__ == "FriendMessage"] == texts
    assert [e.message_id for e in alice.events if type(e).__name__ == "FriendReadReceipt"] == ids


def test_only_one_side_searches(universe):
    alice, bob = Node(universe, "alice"), Node(universe, "bob")
    alice.messenger.add_norequest(bob.identity.public)
    bob.messenger.add_norequest(alice.identity.public)
    alice.find(bob)
    assert universe.run_until(lambda: alice.is_online() and bob.is_online(), 30_000)


def test_one_who_does_not_know_us_stays_offline(universe):
    alice, bob = Node(universe, "alice"), Node(universe, "bob")
    alice.messenger.add_norequest(bob.identity.public)
    alice.find(bob)
    universe.run_for(20_000)
    assert not alice.is_online()
    assert bob.events == []


def test_staying_online_and_a_silent_end(universe, pair):
    alice, bob = pair
    universe.run_for(120_000)
    assert alice.is_online()
    assert "FriendConnectionStatus" in alice.names()
    assert alice.names().count("FriendConnectionStatus") == 1
    bob.socket.online = False
    universe.remove(bob)
    universe.run_for(31_000 - 8_000)
    assert alice.is_online()
    assert universe.run_until(lambda: not alice.is_online(), 10_000)


def test_a_goodbye_is_noticed_at_once(universe, pair):
    alice, bob = pair
    bob.connections.close()
    assert universe.run_until(lambda: not alice.is_online(), 1_000 if universe.loss == 0 else 40_000)


def test_deleting_and_adding_again(universe, pair):
    alice, bob = pair
    bob.messenger.delete(0)
    assert universe.run_until(lambda: not alice.is_online(), 40_000)
    bob.messenger.add_norequest(alice.identity.public)
    bob.find(alice)
    assert universe.run_until(lambda: alice.is_online() and bob.is_online(), 60_000)


def test_a_restart_of_the_friend(universe, pair):
    alice, bob = pair
    bob.socket.online = False
    universe.remove(bob)
    again = Node(universe, "bob again", bob.identity)
    again.messenger.add_norequest(alice.identity.public)
    again.find(alice)
    assert universe.run_until(lambda: again.is_online() and alice.is_online(), 60_000)
    again.messenger.send_message(0, 0, b"I am back")
    assert universe.run_until(lambda: "FriendMessage" in alice.names(), 20_000)
    assert alice.names().count("FriendConnectionStatus") == 3


def test_a_request_over_the_connection_of_a_friend(universe):
    """alice adds bob with a request while bob already looks for alice: no onion needed."""
    from toxpy.ids import address_checksum

    alice, bob = Node(universe, "alice"), Node(universe, "bob")
    bob.messenger.add_norequest(alice.identity.public)
    body = bob.identity.public + b"\0\0\0\0"
    alice.messenger.add(body + address_checksum(body), b"hi")
    bob.find(alice)
    assert universe.run_until(lambda: alice.is_online() and bob.is_online(), 30_000)


class Listener:
    """Stands before a connection's owner and writes down the kinds of lossless packets."""

    def __init__(self, owner):
        self.owner, self.kinds = owner, []

    def on_lossless(self, data):
        self.kinds.append(data[0])
        self.owner.on_lossless(data)

    def __getattr__(self, name):
        return getattr(self.owner, name)


def test_alive_packets_go_among_queued_messages(universe, pair):
    """A friend that counts only these, as c-toxcore does, must not wait for the end of a long queue."""
    alice, bob = pair
    crypto = bob.messenger.friend(0).connection.crypto
    crypto.owner = listener = Listener(crypto.owner)
    for number in range(2000):
        while not alice.messenger.friend(0).connection.crypto.sender.takes_message():
            universe.step()
        alice.messenger.send_message(0, 0, b"%d" % number)
    assert universe.run_until(lambda: listener.kinds.count(PACKET_MESSAGE) == 2000, 120_000)
    # without those before and after there was a queue
    first, last = listener.kinds.index(PACKET_ALIVE), len(listener.kinds) - 200
    between = bytes(listener.kinds[first:last]).split(bytes([PACKET_ALIVE]))
    assert len(between) > 25 and max(map(len, between)) <= 64
