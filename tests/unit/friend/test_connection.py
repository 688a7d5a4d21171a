"""toxpy.friend.connection: searching, connecting, staying alive, giving up."""

import pytest

from tests.unit.friend.fakes import ADDRESS, Stage
from toxpy.wire.address import Node, pack_nodes

DHT_A, DHT_B = b"A" * 32, b"B" * 32
OTHER = (b"\x05\x06\x07\x08", 1234)


class Owner:
    """Writes down what it is told."""

    def __init__(self):
        self.seen = []

    def on_online(self):
        self.seen.append("online")

    def on_offline(self):
        self.seen.append("offline")

    def on_lossless(self, data):
        self.seen.append(data)

    def on_transport(self):
        self.moved = True

    def on_lossy(self, data):
        self.seen.append(("lossy", data))


@pytest.fixture
def stage():
    return Stage()


@pytest.fixture
def connection(stage):
    return stage.connections.add(stage.key(), Owner())


def test_a_dht_key_starts_search_and_connection(stage, connection):
    assert stage.net_crypto.connections == []
    stage.onion.friends[connection.real_pk].owner.on_dht_pk(DHT_A)
    assert stage.dht.searched_keys() == [DHT_A]
    assert stage.onion.friends[connection.real_pk].dht_pk == DHT_A
    (crypto,) = stage.net_crypto.connections
    assert (crypto.real_pk, crypto.dht_pk, crypto.address) == (connection.real_pk, DHT_A, None)
    connection.on_address(ADDRESS)
    assert crypto.address == ADDRESS


def test_an_address_the_dht_knows_is_used_at_once(stage, connection):
    stage.dht.found[DHT_A] = ADDRESS
    connection.on_dht_pk(DHT_A)
    assert connection.crypto.address == ADDRESS


def test_the_same_dht_key_again_changes_nothing(stage, connection):
    connection.on_dht_pk(DHT_A)
    connection.on_dht_pk(DHT_A)
    assert len(stage.net_crypto.connections) == 1
    assert stage.dht.searched_keys() == [DHT_A]


def test_a_new_dht_key_replaces_search_and_connection(stage, connection):
    first = stage.connect(connection, DHT_A)
    connection.on_dht_pk(DHT_B)
    assert first.killed
    assert connection.owner.seen == ["online", "offline"]
    assert stage.dht.searched_keys() == [DHT_B]
    assert connection.crypto.dht_pk == DHT_B


def test_a_refused_connect_is_counted(stage, connection):
    stage.net_crypto.refuse = True
    connection.on_dht_pk(DHT_A)
    assert connection.crypto is None
    assert stage.dropped("friend_connect") == 1


def test_online_and_alive_every_8_s(stage, connection):
    crypto = stage.connect(connection)
    assert connection.owner.seen == ["online"]
    assert stage.onion.friends[connection.real_pk].online
    stage.run(0)
    assert crypto.written == [b"\x10"]
    stage.run(7_999)
    assert len(crypto.written) == 1
    stage.run(1)
    assert len(crypto.written) == 2


def test_alive_waits_for_room_in_the_window(stage, connection):
    crypto = stage.connect(connection)
    crypto.room = 0
    stage.run(500)
    assert crypto.written == []
    crypto.room = 10
    stage.run(1_000)
    assert crypto.written == [b"\x10"]


def test_without_alive_packets_dead_after_32_s(stage, connection):
    crypto = stage.connect(connection)
    stage.run(20_000)
    connection.on_lossless(b"\x10")
    connection.on_lossless(b"\x40 not an alive packet")
    stage.run(31_999)
    assert connection.is_online
    stage.run(1)
    assert crypto.killed
    assert not connection.is_online
    assert connection.owner.seen[-1] == "offline"
    assert not stage.onion.friends[connection.real_pk].online
    stage.run(50)
    assert connection.crypto is stage.net_crypto.connections[-1]
    assert connection.crypto is not crypto


def test_a_closed_connection_is_tried_again_at_the_last_address(stage, connection):
    stage.connect(connection)
    connection.on_address(ADDRESS)
    connection.on_closed()
    assert connection.owner.seen == ["online", "offline"]
    assert connection.crypto is None
    stage.run(50)
    assert connection.crypto.address == ADDRESS


def test_an_attempt_that_fails_tells_nobody_and_is_repeated(stage, connection):
    connection.on_dht_pk(DHT_A)
    for _ in range(5):
        connection.on_closed()
        stage.run(50)
    assert connection.owner.seen == []
    assert len(stage.net_crypto.connections) == 6


def test_an_old_address_is_not_believed(stage, connection):
    stage.connect(connection)
    connection.on_address(ADDRESS)
    for _ in range(20):
        stage.run(7_000)
        connection.on_lossless(b"\x10")
    connection.on_closed()
    stage.run(50)
    assert connection.crypto.address is None


def test_an_unconfirmed_dht_key_is_dropped_after_122_s(stage, connection):
    connection.on_dht_pk(DHT_A)
    stage.run(60_000)
    connection.on_dht_pk(DHT_A)
    stage.run(121_999)
    assert stage.dht.searched_keys() == [DHT_A]
    stage.run(1)
    assert stage.dht.searched_keys() == []
    assert stage.net_crypto.connections[0].killed
    stage.run(1_000)
    assert connection.crypto is None
    connection.on_dht_pk(DHT_A)
    assert stage.dht.searched_keys() == [DHT_A]
    assert connection.crypto is not None


def test_the_dht_key_of_an_online_friend_stays(stage, connection):
    stage.connect(connection, DHT_A)
    for _ in range(60):
        stage.run(7_000)
        connection.on_lossless(b"\x10")
    assert stage.dht.searched_keys() == [DHT_A]
    connection.on_closed()
    stage.run(121_999)
    assert stage.dht.searched_keys() == [DHT_A]
    stage.run(1)
    assert stage.dht.searched_keys() == []


def test_incoming_from_a_friend_is_accepted(stage, connection):
    owner = stage.net_crypto.on_incoming(connection.real_pk, DHT_B, OTHER)
    assert owner is connection
    crypto = stage.net_crypto.connect(connection.real_pk, DHT_B, owner)
    owner.attach(crypto)
    connection.on_established()
    assert connection.owner.seen == ["online"]
    assert stage.dht.searched_keys() == [DHT_B]
    connection.on_closed()
    stage.run(50)
    assert connection.crypto.address == OTHER


def test_incoming_from_a_stranger_or_beside_our_own_attempt_is_refused(stage, connection):
    assert stage.net_crypto.on_incoming(stage.key(), DHT_A, OTHER) is None
    assert stage.dropped("handshake_from_stranger") == 1
    connection.on_dht_pk(DHT_A)
    assert stage.net_crypto.on_incoming(connection.real_pk, DHT_A, OTHER) is None


def test_shared_relays_lead_to_the_friend(stage, connection):
    stage.connect(connection)
    relays = [Node(bytes([i]) * 32, ADDRESS, True) for i in range(3)]
    packed = b"\x11" + pack_nodes(relays)
    connection.on_lossless(packed)
    assert connection.crypto.relays == relays
    cuts = [packed[:size] for size in range(2, len(packed)) if (size - 1) % 39]
    for cut in cuts:
        connection.on_lossless(cut)
    assert stage.dropped("share_relays") == len(cuts)


def test_a_new_connection_tries_the_newest_relays_of_a_bounded_memory(stage, connection):
    relays = [Node(bytes([i]) * 32, ADDRESS, True) for i in range(240)]
    for node in relays:
        connection.on_relay(node)
    connection.on_dht_pk(DHT_A)
    assert connection.crypto.relays == relays[-3:]
    assert len(connection._relays) == 24


def test_a_relay_on_the_friends_own_machine_is_where_the_friend_is(stage, connection):
    connection.on_dht_pk(DHT_A)
    connection.on_relay(Node(DHT_A, (b"\x7f\0\0\1", 3389), True))
    connection.on_address(OTHER)
    assert connection.crypto.relays[-1] == Node(DHT_A, (OTHER[0], 3389), True)


def test_our_relays_are_shared_at_once_and_every_two_minutes(stage, connection):
    node = Node(bytes([7]) * 32, ADDRESS, True)
    pool = {"relays": lambda self, count: [node], "relays_by_name": lambda self: []}
    stage.connections.tcp = type("Pool", (), pool)()
    stage.connect(connection)
    stage.run(0)
    assert b"\x11" + pack_nodes([node]) in connection.crypto.written
    assert connection.crypto.relays == [node]
    before = len(connection.crypto.written)
    for _ in range(16):
        connection.on_lossless(b"\x10")
        stage.run(7_500)
    shared = [p for p in connection.crypto.written[before:] if p[0] == 17]
    assert len(shared) == 1


def test_other_packets_go_to_the_owner(stage, connection):
    stage.connect(connection)
    connection.on_lossless(b"\x40hello")
    connection.on_lossy(b"\xc8x")
    assert connection.owner.seen == ["online", b"\x40hello", ("lossy", b"\xc8x")]


def test_write_needs_an_established_connection(stage, connection):
    assert connection.write(b"\x40x") == -1
    assert not connection.send_lossy(b"\xc8x")
    connection.on_dht_pk(DHT_A)
    assert connection.write(b"\x40x") == -1
    connection.on_established()
    assert connection.write(b"\x40x") == 0
    assert connection.send_lossy(b"\xc8x")


def test_removed_means_nothing_left(stage, connection):
    crypto = stage.connect(connection)
    stage.connections.remove(connection)
    assert crypto.killed
    assert stage.dht.searches == {}
    assert stage.onion.friends == {}
    stage.run(300_000)
    assert stage.rt.timers.next_deadline_ms() is None
    assert stage.net_crypto.on_incoming(connection.real_pk, DHT_A, OTHER) is None
    assert connection.owner.seen == ["online"]


def test_a_key_is_added_once(stage, connection):
    with pytest.raises(ValueError, match="already"):
        stage.connections.add(connection.real_pk, Owner())


def test_close_removes_everybody(stage, connection):
    stage.connections.add(stage.key(), Owner())
    stage.connections.close()
    assert stage.connections.connections == {}
    assert stage.onion.friends == {}


def test_any_bytes_from_a_friend_are_survived(stage, connection):
    stage.connect(connection)
    for kind in range(256):
        for size in range(1, 60):
            connection.on_lossless(bytes([kind]) + stage.rt.rng.bytes(size - 1))
