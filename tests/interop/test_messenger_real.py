"""Our messenger and the real library, over real encrypted connections on loopback.

Without DHT and onion: we are told where the other side is and connect to it, which
is all that the real library needs to accept a friend.
"""

import time

import pytest

from tests.support.real_tox import RealTox
from tests.unit.friend.fakes import FakeDht, FakeOnion
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.friend.connection import FriendConnections
from toxpy.friend.messenger import Messenger
from toxpy.friend.requests import FriendRequests
from toxpy.net_crypto.net_crypto import NetCrypto
from toxpy.runtime import Dispatch, Runtime
from toxpy.system.sockets import UdpSocket

LOOPBACK = b"\x7f\x00\x00\x01"


class Ours:
    """Our side, on a real socket."""

    def __init__(self):
        self.rt = Runtime()
        self.socket = UdpSocket.bind(False, 33500, 33999)
        self.udp = Dispatch()
        self.identity = KeyPair.generate(self.rt.rng)
        self.dht, self.onion = FakeDht(), FakeOnion()
        keys = KeyPair.generate(self.rt.rng)
        self.dht.public_key, self.dht.shared_keys = keys.public, SharedKeys(keys, rt=self.rt)
        self.net_crypto = NetCrypto(self.identity, self.dht, rt=self.rt, send=self.socket.send, udp=self.udp)
        self.connections = FriendConnections(self.identity, self.dht, self.onion, self.net_crypto, rt=self.rt)
        self.requests = FriendRequests(self.onion, self.connections, rt=self.rt)
        self.events = []
        self.messenger = Messenger(self.connections, self.requests, self.events, rt=self.rt)

    def iterate(self):
        self.rt.clock.update()
        for data, address in self.socket.receive():
            handler = self.udp.handlers[data[0]]
            if handler is not None:
                handler(address, data)
        self.rt.timers.run_due()
        self.messenger.check_receipts()

    def find(self, real):
        """The searches found the real library's node."""
        dht_pk = real.self_get_dht_id()
        self.dht.found[dht_pk] = (LOOPBACK, real.self_get_udp_port())
        self.messenger.friend(0).connection.on_dht_pk(dht_pk)


class Pair:
    """Both sides and what they saw."""

    def __init__(self, **real):
        self.ours, self.real = Ours(), RealTox(**real)
        self.seen = []

    def until(self, condition, timeout_s=20):
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, (self.ours.events, self.seen)
            self.ours.iterate()
            self.real.iterate()
            self.seen += self.real.drain_events()
            time.sleep(0.003)

    def got(self, events, kind, /, **fields):
        """The events of that class with those fields."""
        named = [event for event in events if type(event).__name__ == kind]
        return [e for e in named if all(getattr(e, field) == value for field, value in fields.items())]

    def is_online(self):
        online = self.real.friend_get_connection_status(0) != 0
        return online and self.ours.messenger.friend(0).connection_type == 2

    def close(self):
        self.ours.connections.close()
        self.ours.socket.close()
        self.real.kill()


@pytest.fixture
def friends():
    """Online with each other, each the other's friend 0."""
    pair = Pair()
    pair.ours.messenger.user.set_name("Wir €".encode())
    pair.ours.messenger.user.set_status_message(b"here")
    pair.real.self_set_name(b"Real")
    pair.real.self_set_status_message(b"s" * 1007)
    pair.real.friend_add_norequest(pair.ours.identity.public)
    pair.ours.messenger.add_norequest(pair.real.self_get_public_key())
    pair.ours.find(pair.real)
    pair.until(pair.is_online)
    yield pair
    pair.close()


def test_greetings(friends):
    # typing is the last of the greetings
    friends.until(lambda: friends.got(friends.seen, "FriendTyping"))
    friends.until(lambda: friends.got(friends.ours.events, "FriendTyping"))
    assert friends.real.friend_get_name(0) == "Wir €".encode()
    assert friends.real.friend_get_status_message(0) == b"here"
    friend = friends.ours.messenger.friend(0)
    assert (friend.name, friend.status_message, friend.user_status) == (b"Real", b"s" * 1007, 0)


def test_changes(friends):
    ours, real = friends.ours.messenger, friends.real
    ours.user.set_name(b"n" * 128)
    ours.user.set_status(2)
    ours.set_typing(0, True)
    real.self_set_name(b"")
    real.self_set_status(1)
    real.self_set_typing(0, True)
    friends.until(lambda: friends.got(friends.seen, "FriendTyping", typing=True))
    friends.until(lambda: friends.got(friends.ours.events, "FriendTyping", typing=True))
    assert friends.got(friends.seen, "FriendName", name=b"n" * 128)
    assert friends.got(friends.seen, "FriendStatus", status=2)
    friend = ours.friend(0)
    friends.until(lambda: (friend.name, friend.user_status) == (b"", 1))


def test_messages_and_receipts(friends):
    ours, real = friends.ours.messenger, friends.real
    texts = [b"x", b"y" * 1372, "Grüße".encode(), *(b"%d" % n for n in range(60))]
    our_ids = [ours.send_message(0, n % 2, text) for n, text in enumerate(texts)]
    their_ids = [real.friend_send_message(0, n % 2, text) for n, text in enumerate(texts)]
    assert our_ids == their_ids == list(range(1, len(texts) + 1))
    for events in (friends.ours.events, friends.seen):
        friends.until(lambda events=events: len(friends.got(events, "FriendReadReceipt")) == len(texts))
        assert [e.message_id for e in friends.got(events, "FriendReadReceipt")] == our_ids
        messages = friends.got(events, "FriendMessage")
        assert [(e.type, e.message) for e in messages] == [(n % 2, text) for n, text in enumerate(texts)]


def test_custom_packets(friends):
    ours, real = friends.ours.messenger, friends.real
    for first in (160, 191):
        ours.send_lossless_packet(0, bytes([first]) * 1373)
        real.friend_send_lossless_packet(0, bytes([first]) * 1373)
    for first in (200, 254):
        ours.send_lossy_packet(0, bytes([first]) * 1373)
        real.friend_send_lossy_packet(0, bytes([first]) * 1373)
    for events in (friends.ours.events, friends.seen):
        expected = [("FriendLosslessPacket", 160), ("FriendLosslessPacket", 191)]
        expected += [("FriendLossyPacket", 200), ("FriendLossyPacket", 254)]
        for kind, first in expected:
            data = bytes([first]) * 1373
            friends.until(lambda what=(events, kind), data=data: friends.got(*what, data=data))


def test_the_other_side_deletes_us(friends):
    friends.real.friend_delete(0)
    friends.until(lambda: friends.ours.messenger.friend(0).connection_type == 0)


def test_we_delete_the_other_side_and_come_back(friends):
    real_pk = friends.real.self_get_public_key()
    friends.ours.messenger.delete(0)
    friends.until(lambda: friends.real.friend_get_connection_status(0) == 0)
    friends.ours.messenger.add_norequest(real_pk)
    friends.ours.find(friends.real)
    friends.until(friends.is_online)


def test_a_goodbye_and_a_return(friends):
    save = friends.real.get_savedata()
    friends.real.kill()
    end = time.monotonic() + 5
    while friends.ours.messenger.friend(0).connection_type != 0:
        assert time.monotonic() < end
        friends.ours.iterate()
        time.sleep(0.003)
    friends.real = RealTox(savedata=save)
    friends.ours.find(friends.real)
    friends.until(friends.is_online)


def test_a_request_over_an_established_connection():
    """The real library has us on its list already; ours asks, which it ignores, and both are friends."""
    pair = Pair()
    try:
        pair.real.friend_add_norequest(pair.ours.identity.public)
        pair.ours.messenger.add(pair.real.self_get_address(), b"hello")
        pair.ours.find(pair.real)
        pair.until(pair.is_online)
    finally:
        pair.close()
