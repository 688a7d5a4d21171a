"""A connection that is not a friend's alone: its users, and what friends must not notice."""

import pytest

from tests.unit.friend.fakes import Stage
from toxpy.friend import connection as module

DHT_A, DHT_B = b"A" * 32, b"B" * 32
KIND, LOSSY_KIND = 99, 199


class Watcher:
    """Writes down whom it hears of."""

    def __init__(self):
        self.seen = []

    def on_connected(self, connection):
        self.seen.append(("on", connection.real_pk))

    def on_disconnected(self, connection):
        self.seen.append(("off", connection.real_pk))


@pytest.fixture
def stage():
    stage = Stage()
    stage.watcher = Watcher()
    stage.connections.watchers.append(stage.watcher)
    stage.packets = []
    for kind in (KIND, LOSSY_KIND):
        stage.connections.packets.claim(kind, lambda *args: stage.packets.append(args))
    return stage


def test_a_stranger_is_looked_for_and_connected_like_a_friend(stage):
    key, user = stage.key(), object()
    connection = stage.connections.hold(key, user)
    assert stage.connections.hold(key, user) is connection
    connection.on_rumoured_dht_pk(DHT_A)
    assert stage.dht.searched_keys() == [DHT_A]
    assert set(stage.onion.friends) == {key}
    stage.connect(connection)
    connection.on_lossless(b"\x63hello")
    connection.on_lossy(b"\xc7voice")
    assert stage.packets == [(connection, b"\x63hello"), (connection, b"\xc7voice")]
    connection.on_closed()
    assert stage.watcher.seen == [("on", key), ("off", key)]
    # all of it without an event, a friend or a greeting
    assert stage.events == [] and stage.messenger.friends() == []
    assert b"\x18" not in stage.net_crypto.connections[0].written


def test_what_nobody_claims_of_a_stranger_is_dropped(stage):
    connection = stage.connections.hold(stage.key(), "user")
    stage.connect(connection)
    for packet in (b"\x18", b"\x30name", b"\x40hi", b"\x62"):
        connection.on_lossless(packet)
    connection.on_lossy(b"\xc8x")
    assert stage.dropped("friend_packet_kind") == 5
    assert stage.events == [] == stage.packets


def test_it_lasts_until_its_last_user_leaves(stage):
    key = stage.key()
    connection = stage.connections.hold(key, 1)
    stage.connections.hold(key, 2)
    crypto = stage.connect(connection)
    stage.connections.release(connection, 1)
    stage.connections.release(connection, 1)
    assert stage.connections.connections == {key: connection} and not crypto.killed
    stage.connections.release(connection, 2)
    assert stage.connections.connections == {} and crypto.killed
    assert stage.dht.searches == {} and stage.onion.friends == {}
    assert stage.connections.strangers == set()
    stage.connections.release(connection, 2)


def test_packets_of_users_come_from_a_friend_too_online_or_not(stage):
    friend = stage.messenger.add_norequest(stage.key())
    stage.connect(friend.connection)
    friend.connection.on_lossless(b"\x63before")
    friend.connection.on_lossless(b"\x18")
    friend.connection.on_lossless(b"\x63after")
    friend.connection.on_lossy(b"\xc7voice")
    assert [data for _, data in stage.packets] == [b"\x63before", b"\x63after", b"\xc7voice"]
    assert {connection for connection, _ in stage.packets} == {friend.connection}


def test_packets_of_users_are_no_activity_of_friends(stage):
    """Pings of a conference come all the time: the client of a silent user may sleep."""
    friend, _ = stage.online_friend()
    active_ms = stage.rt.pace.active_ms
    stage.run(1_000)
    friend.connection.on_lossless(b"\x63ping")
    friend.connection.on_lossy(b"\xc7")
    assert stage.rt.pace.active_ms == active_ms
    friend.connection.on_lossless(b"\x40hi")
    assert stage.rt.pace.active_ms == stage.clock.now_ms


def test_a_stranger_who_becomes_a_friend_keeps_the_connection(stage):
    key = stage.key()
    connection = stage.connections.hold(key, "user")
    crypto = stage.connect(connection)
    stage.run(0)
    crypto.written.clear()
    friend = stage.messenger.add_norequest(key)
    assert friend.connection is connection and not crypto.killed
    assert crypto.written == [b"\x18"]
    assert stage.events == [] and stage.connections.strangers == set()
    connection.on_lossless(b"\x18")
    assert [type(event).__name__ for event in stage.drain()] == ["FriendConnectionStatus"]
    stage.connections.release(connection, "user")
    assert stage.connections.connections == {key: connection}


def test_a_friend_who_is_deleted_stays_connected_while_used(stage):
    friend, crypto = stage.online_friend()
    connection = stage.connections.hold(friend.real_pk, "user")
    assert connection is friend.connection and stage.connections.strangers == set()
    stage.messenger.delete(friend)
    assert crypto.written == [b"\x19"] and not crypto.killed
    stage.drain()
    connection.on_lossless(b"\x40hi")
    connection.on_lossless(b"\x63still here")
    connection.on_closed()
    assert stage.events == []
    assert [data for _, data in stage.packets] == [b"\x63still here"]
    stage.connections.release(connection, "user")
    assert stage.connections.connections == {}


def test_rumours_do_not_replace_what_was_told(stage):
    connection = stage.connections.hold(stage.key(), "user")
    connection.on_rumoured_dht_pk(DHT_A)
    connection.on_rumoured_dht_pk(DHT_B)
    assert connection.dht_pk == DHT_B
    assert connection.steps.dht_key < 0
    connection.on_dht_pk(DHT_A)
    connection.on_rumoured_dht_pk(DHT_B)
    assert connection.dht_pk == DHT_A
    other = stage.connections.hold(stage.key(), "user")
    other.on_rumoured_dht_pk(DHT_A)
    crypto = stage.connect(other)
    other.on_rumoured_dht_pk(DHT_B)
    assert other.dht_pk == DHT_A and not crypto.killed
    # once established it is known to be right
    other.on_closed()
    other.on_rumoured_dht_pk(DHT_B)
    assert other.dht_pk == DHT_A


def test_strangers_are_bounded_friends_are_not(stage, monkeypatch):
    monkeypatch.setattr(module, "MAX_STRANGERS", 3)
    keys = [stage.key() for _ in range(4)]
    held = [stage.connections.hold(key, "user") for key in keys]
    assert held[-1] is None and None not in held[:-1]
    assert stage.dropped("connection_to_stranger") == 1
    assert stage.connections.hold(keys[0], "another") is held[0]
    friend = stage.messenger.add_norequest(stage.key())
    assert stage.connections.hold(friend.real_pk, "user") is friend.connection
    stage.connections.release(held[1], "user")
    assert stage.connections.hold(keys[3], "user") is not None


def test_whoever_hears_of_the_end_may_leave(stage):
    connection = stage.connections.hold(stage.key(), "user")
    stage.connect(connection)
    stage.watcher.on_disconnected = lambda gone: stage.connections.release(gone, "user")
    connection.on_closed()
    assert stage.connections.connections == {}
    stage.run(300_000)
    assert stage.rt.timers.next_deadline_ms() is None
