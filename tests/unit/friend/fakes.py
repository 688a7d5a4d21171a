"""The layers below the friend layer, as small as they can be while keeping their interface."""

from types import SimpleNamespace

from tests.support.universe import SeededRng, SimClock
from toxpy.crypto.keys import KeyPair
from toxpy.friend.connection import FriendConnections
from toxpy.friend.messenger import Messenger
from toxpy.friend.requests import FriendRequests
from toxpy.net_crypto.congestion import MIN_WINDOW
from toxpy.runtime import Dispatch, Runtime

ADDRESS = (b"\x01\x02\x03\x04", 33445)


class FakeBudget:
    """Spends without limit."""

    def shared_key(self, keys, public_key, address):
        return keys.get(public_key)


class FakeDht:
    def __init__(self, public_key=bytes(32)):
        self.budget = FakeBudget()
        self.public_key = public_key
        self.searches = {}
        self.found = {}
        self.nodes = self

    def add_friend(self, dht_pk, on_address):
        token = object()
        self.searches[token] = (dht_pk, on_address)
        return token

    def remove_friend(self, token):
        del self.searches[token]

    def friend_address(self, dht_pk):
        return self.found.get(dht_pk)

    def searched_keys(self):
        return [dht_pk for dht_pk, _ in self.searches.values()]


class FakeOnionFriend:
    def __init__(self, owner):
        self.owner = owner
        self.dht_pk = None
        self.online = False
        self.found_ms = -1

    def set_dht_pk(self, dht_pk):
        self.dht_pk = dht_pk

    def set_online(self, online):
        self.online = online


class FakeOnion:
    def __init__(self):
        self.friends = {}
        self.data = Dispatch()
        self.reachable = 0
        self.sent, self.left = [], []

    def add_friend(self, real_pk, owner):
        self.friends[real_pk] = FakeOnionFriend(owner)
        return self.friends[real_pk]

    def remove_friend(self, friend):
        self.friends = {pk: other for pk, other in self.friends.items() if other is not friend}

    def node_left(self, dht_pk):
        self.left.append(dht_pk)

    def send_data(self, friend, data):
        if self.reachable:
            self.sent.append(data)
        return self.reachable


class FakeCrypto:
    """A CryptoConnection whose window has `room` packets."""

    def __init__(self, real_pk, dht_pk, owner):
        self.real_pk, self.dht_pk, self.owner = real_pk, dht_pk, owner
        self.address = None
        self.connection_type = 2
        self.state = self.reached = 0
        self.relays = []
        self.killed = False
        self.room = 1000
        self.sender = self
        self.written = []
        self.lossy = []
        self.acknowledged_below = 0
        self.silence_ms = 0
        #: the transport is the connection itself, as the sender, its window and its congestion control are
        self.transport = self.window = self.congestion = self
        self.least = MIN_WINDOW
        self.takes = True
        self.doubts = 0

    def doubt(self):
        self.doubts += 1

    def on_route(self):
        pass

    def set_address(self, address):
        self.address = address

    def add_relay(self, node):
        self.relays.append(node)

    def waiting(self):
        return 0

    def write_lossless(self, data):
        if self.room <= 0:
            return -1
        self.room -= 1
        self.written.append(data)
        return len(self.written) - 1

    def send_lossy(self, data):
        self.lossy.append(data)
        return self.room > 0

    def takes_bulk(self):
        return True

    def takes_message(self):
        return self.takes

    def takes_pieces(self, count):
        return self.takes and self.room >= 2 * count

    def free_slots(self):
        return self.room

    def acknowledged(self, number):
        return number < self.acknowledged_below

    def kill(self):
        self.killed = True


class FakeNetCrypto:
    #: none
    keys = SimpleNamespace(policy=None)

    def __init__(self):
        self.on_incoming = None
        self.connections = []
        self.refuse = False

    def connect(self, real_pk, dht_pk, owner):
        if self.refuse:
            raise ValueError("no room")
        self.connections.append(FakeCrypto(real_pk, dht_pk, owner))
        return self.connections[-1]


class Stage:
    """A messenger on fakes under a fake clock."""

    def __init__(self, seed=0, clock=None):
        self.clock = clock or SimClock()
        self.clock.now_ms = max(self.clock.now_ms, 1_000_000)
        self.rt = Runtime(self.clock, SeededRng(f"friend {seed}"))
        self.identity = KeyPair.generate(self.rt.rng)
        self.dht = FakeDht(KeyPair.generate(self.rt.rng).public)
        self.onion, self.net_crypto = FakeOnion(), FakeNetCrypto()
        self.connections = FriendConnections(self.identity, self.dht, self.onion, self.net_crypto, rt=self.rt)
        self.requests = FriendRequests(self.onion, self.connections, rt=self.rt)
        self.events = []
        self.messenger = Messenger(self.connections, self.requests, self.events, rt=self.rt)

    def key(self):
        """A new friend's public key."""
        return KeyPair.generate(self.rt.rng).public

    def run(self, duration_ms):
        """Let time pass, stopping at every deadline."""
        end_ms = self.clock.now_ms + duration_ms
        while True:
            self.rt.timers.run_due()
            self.messenger.check_receipts()
            deadline_ms = self.rt.timers.next_deadline_ms()
            if deadline_ms is None or deadline_ms > end_ms:
                break
            self.clock.now_ms = max(deadline_ms, self.clock.now_ms)
        self.clock.now_ms = end_ms

    def drain(self):
        """Take the events so far."""
        taken = list(self.events)
        self.events.clear()
        return taken

    def dropped(self, reason):
        """How often input was dropped for that reason."""
        return self.rt.counters.values.get("drop." + reason, 0)

    def connect(self, connection, dht_pk=bytes([7]) * 32):
        """Let net_crypto establish the connection; returns the crypto connection."""
        if connection.crypto is None:
            connection.on_dht_pk(dht_pk)
        connection.on_established()
        return connection.crypto

    def online_friend(self):
        """A friend who is online and whose greetings are behind us: the friend and its crypto connection."""
        friend = self.messenger.add_norequest(self.key())
        crypto = self.connect(friend.connection)
        friend.connection.on_lossless(b"\x18")
        self.run(0)
        self.events.clear()
        crypto.written.clear()
        return friend, crypto
