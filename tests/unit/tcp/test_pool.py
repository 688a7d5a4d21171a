"""Many relays make one connection per peer."""

import pytest

from tests.support.pool_world import Friend, World, online_relays, peer_pk, relay_node
from toxpy.tcp.pool import (
    ANNOUNCE_TIMEOUT_MS,
    MAINTAIN_MS,
    MAX_PEER_RELAYS,
    MAX_TRIES,
    NEW_RELAYS_BURST,
    REGISTER_RETRY_MS,
)
from toxpy.tcp.proxy import SOCKS5, Proxy
from toxpy.tcp.relay import FIRST_RETRY_MS, MAX_RETRY_MS
from toxpy.tcp.relays import MAX_NAMED, MAX_RELAYS, ONION_RELAYS
from toxpy.wire.address import Node


@pytest.fixture
def world():
    return World()


def fail_until(world, number, condition, limit=200):
    """The relay refuses every try until the condition holds; the pauses between the tries."""
    pauses = []
    for _ in range(limit):
        if condition(pauses):
            return pauses
        world.client(number).down("cannot connect to the relay")
        started_ms, tries = world.clock.now_ms, world.tries(number)
        while world.tries(number) == tries:
            if world.state(number) is None:
                return pauses
            world.advance(1)
        pauses.append(world.clock.now_ms - started_ms)
    raise AssertionError("never")


# Relays


def test_a_named_relay_is_connected_and_shared(world):
    assert not world.pool.relay_states()
    assert world.pool.add_relay(Node(relay_node(1).public_key, relay_node(1).address))
    assert world.pool.relay_states() and world.pool.connected() == 0 and world.pool.relays(3) == []
    world.client(1).up()
    assert world.pool.connected() == 1
    assert world.pool.relays(3) == [relay_node(1)] and world.pool.relays(0) == []
    assert world.pool.add_relay(relay_node(1)), "known already"
    assert len(world.clients) == 1


def test_relays_are_shared_in_random_order(world):
    world.up(1, 2, 3)
    first = {world.pool.relays(1)[0].public_key for _ in range(60)}
    assert first == {relay_node(n).public_key for n in (1, 2, 3)}


@pytest.mark.parametrize(
    "address", [(bytes(4), 33445), (bytes((10, 1, 0, 1)), 0), (bytes((224, 0, 0, 1)), 5)]
)
def test_unusable_addresses_are_refused(world, address):
    node = Node(relay_node(1).public_key, address, tcp=True)
    assert not world.pool.add_relay(node)
    assert not Friend(world, 1).peer.add_relay(node)
    assert world.clients == []


def test_a_named_relay_is_tried_for_ever_with_growing_pauses(world):
    world.pool.add_relay(relay_node(1))
    pauses = fail_until(world, 1, lambda pauses: len(pauses) == 14)
    for i, pause_ms in enumerate(pauses):
        full_ms = min(FIRST_RETRY_MS << i, MAX_RETRY_MS)
        assert full_ms * 3 // 4 - 1 <= pause_ms <= full_ms + 1
    assert pauses[-1] != pauses[-2], "no jitter"
    # a connection that lasted begins anew
    client = world.client(1).up()
    world.advance(ANNOUNCE_TIMEOUT_MS)
    client.down()
    assert world.state(1) == "waiting"
    world.advance(FIRST_RETRY_MS)
    assert world.state(1) == "connecting"


def test_a_relay_that_drops_us_at_once_is_not_hammered(world):
    world.pool.add_relay(relay_node(1))
    for _ in range(10):
        world.client(1).up().down()
        world.advance(MAX_RETRY_MS)
    tries = world.tries(1)
    world.client(1).up().down()
    world.advance(MAX_RETRY_MS // 2)
    assert world.tries(1) == tries


def test_the_reason_of_the_last_failure_is_told(world):
    world.pool.add_relay(relay_node(1))
    world.client(1).down("proxy refused: 407")
    assert world.pool.relay_states() == [(relay_node(1), "waiting", "proxy refused: 407")]
    world.advance(FIRST_RETRY_MS)
    assert world.pool.relay_states() == [(relay_node(1), "connecting", "proxy refused: 407")]
    world.client(1).up()
    assert world.pool.relay_states() == [(relay_node(1), "connected", "")]


def test_the_ports_of_one_relay_are_tried_in_turn(world):
    for port in (33445, 443, 3389):
        assert world.pool.add_relay(relay_node(1, port))
    assert len(world.clients) == 1
    ports = []
    for _ in range(6):
        ports.append(world.client(1).node.address[1])
        world.client(1).down()
        world.advance(MAX_RETRY_MS)
    assert ports == [33445, 443, 3389] * 2
    # the one that works is kept
    client = world.client(1).up()
    world.advance(ANNOUNCE_TIMEOUT_MS)
    client.down()
    world.advance(FIRST_RETRY_MS)
    assert world.client(1).node.address == client.node.address


def test_more_ports_than_anybody_has(world):
    for port in range(1000, 1100):
        world.pool.add_relay(relay_node(1, port))
    ports = set()
    for _ in range(12):
        ports.add(world.client(1).node.address[1])
        world.client(1).down()
        world.advance(MAX_RETRY_MS)
    assert ports == {1000, 1096, 1097, 1098, 1099}


def test_a_friend_cannot_misplace_a_relay_of_the_client(world):
    friend = Friend(world, 1)
    wrong = Node(relay_node(1).public_key, relay_node(99).address, tcp=True)
    assert friend.peer.add_relay(wrong)
    world.pool.add_relay(relay_node(1))
    world.client(1).down()
    world.advance(FIRST_RETRY_MS)
    assert world.client(1).node == relay_node(1)


def test_names_go_to_the_proxy_and_are_not_shared():
    world = World(proxy=Proxy(SOCKS5, (bytes((127, 0, 0, 1)), 9050)))
    node = Node(relay_node(1).public_key, (bytes(4), 33445), tcp=True)
    with pytest.raises(ValueError):
        world.pool.add_relay(node, "not a name")
    assert world.pool.add_relay(node, "tox.example.org")
    client = world.client(1)
    assert client.host == "tox.example.org" and client.node.address[1] == 33445
    client.up()
    assert world.pool.connected() == 1 and world.pool.relays(3) == []
    with pytest.raises(ValueError):
        World().pool.add_relay(node, "tox.example.org")


def test_a_friends_relay_is_forgotten_when_it_cannot_be_reached(world):
    friend = Friend(world, 1)
    assert friend.peer.add_relay(relay_node(1))
    assert not friend.peer.add_relay(relay_node(1))
    world.client(1).down()
    assert not world.pool.relay_states()
    world.advance(MAX_RETRY_MS)
    assert world.tries(1) == 1
    assert friend.peer.add_relay(relay_node(1)), "it can be told again"


def test_a_friends_relay_that_worked_gets_more_tries(world):
    friend = Friend(world, 1)
    friend.peer.add_relay(relay_node(1))
    client = world.client(1).up()
    client.come(friend.pk)
    world.advance(ANNOUNCE_TIMEOUT_MS)
    pauses = fail_until(world, 1, lambda pauses: False)
    assert len(pauses) == MAX_TRIES and 15_000 < sum(pauses) < 30_000
    assert not world.pool.relay_states()


def test_the_clients_relays_always_find_room(world):
    friends = [Friend(world, i) for i in range(60)]
    added = 0
    for i in range(MAX_RELAYS + 100):
        added += friends[i % 60].peer.add_relay(relay_node(1000 + i))
    assert added == MAX_RELAYS - MAX_NAMED == len(world.live())
    assert world.drops("tcp_relays_full") > 0
    for i in range(MAX_NAMED):
        assert world.pool.add_relay(relay_node(i))
    assert not world.pool.add_relay(relay_node(MAX_NAMED)), "all is full now"
    assert len(world.pool.relay_states()) == MAX_RELAYS == len(world.live())
    assert all(world.state(i) == "connecting" for i in range(MAX_NAMED))


def test_more_named_relays_than_are_kept_are_treated_like_a_friends(world):
    for i in range(MAX_NAMED + 1):
        assert world.pool.add_relay(relay_node(i))
    world.client(MAX_NAMED).down()
    assert world.state(MAX_NAMED) is None
    world.client(0).down()
    assert world.state(0) == "waiting"


def test_a_sleeping_relay_makes_room_for_a_new_one(world):
    sleeper = Friend(world, 0)
    sleeper.peer.add_relay(relay_node(1))
    world.client(1).up().come(sleeper.pk)
    sleeper.peer.set_sleeping(True)
    world.advance(ANNOUNCE_TIMEOUT_MS + MAINTAIN_MS)
    assert world.state(1) == "sleeping"
    friends = [Friend(world, i) for i in range(1, 40)]
    added = sum(friends[i % 39].peer.add_relay(relay_node(1000 + i)) for i in range(234))
    assert added == MAX_RELAYS - MAX_NAMED and world.state(1) is None


# Peers


def test_peers_are_registered_when_the_relay_connects_and_again_after_it_was_lost(world):
    friend, other = Friend(world, 1), Friend(world, 2)
    world.pool.add_relay(relay_node(1))
    assert friend.peer.add_relay(relay_node(1)) and other.peer.add_relay(relay_node(1))
    client = world.client(1).up()
    assert client.asked == [friend.pk, other.pk]
    client.answer()
    assert not friend.peer.is_online
    client.come(friend.pk)
    assert friend.peer.is_online and online_relays(friend.peer) == [relay_node(1)]
    assert friend.changes == [True] and other.changes == []
    client.down()
    assert friend.changes == [True, False] and online_relays(friend.peer) == []
    world.advance(FIRST_RETRY_MS)
    again = world.client(1).up()
    assert again.asked == [friend.pk, other.pk]
    again.come(friend.pk)
    again.leave(friend.pk)
    assert friend.changes == [True, False, True, False]


def test_a_relay_known_to_be_connected_is_asked_at_once(world):
    (client,) = world.up(1)
    friend = Friend(world, 1)
    assert friend.peer.add_relay(relay_node(1))
    assert client.asked == [friend.pk]


def test_routing_requests_that_did_not_fit_are_sent_later(world):
    (client,) = world.up(1)
    client.full = True
    friends = [Friend(world, i) for i in range(3)]
    for friend in friends:
        assert friend.peer.add_relay(relay_node(1))
    world.advance(REGISTER_RETRY_MS)
    assert client.asked == []
    client.full = False
    world.advance(REGISTER_RETRY_MS)
    assert client.asked == [friend.pk for friend in friends]


def test_a_peer_has_six_relays_at_most(world):
    friend = Friend(world, 1)
    added = [friend.peer.add_relay(relay_node(i)) for i in range(MAX_PEER_RELAYS + 1)]
    assert added == [True] * MAX_PEER_RELAYS + [False]
    assert len(world.live()) == MAX_PEER_RELAYS
    # where it does not come is no reason to refuse another one
    world.client(0).up().answer()
    world.advance(ANNOUNCE_TIMEOUT_MS - 1)
    assert not friend.peer.add_relay(relay_node(MAX_PEER_RELAYS))
    world.advance(1)
    assert friend.peer.add_relay(relay_node(MAX_PEER_RELAYS))
    assert ("disconnect", 0) in world.client(0).sent
    assert friend.pk not in world.client(0).ids.values()


def test_no_new_relays_for_a_peer_that_is_online_at_three(world):
    friend = Friend(world, 1)
    for i in range(3):
        friend.peer.add_relay(relay_node(i))
        world.client(i).up().come(friend.pk)
    assert not friend.peer.add_relay(relay_node(3))
    # but known ones may be added
    world.up(4)
    assert friend.peer.add_relay(relay_node(4))


def test_a_peer_cannot_make_us_knock_at_any_number_of_addresses(world):
    friend = Friend(world, 1)
    for i in range(200):
        if friend.peer.add_relay(relay_node(i)):
            world.client(i).down()
    assert len(world.clients) == NEW_RELAYS_BURST
    world.advance(5000)
    for i in range(200, 300):
        if friend.peer.add_relay(relay_node(i)):
            world.client(i).down()
    assert len(world.clients) == NEW_RELAYS_BURST + 5


def test_heard_through_registers_the_peer_there(world):
    (client,) = world.up(1)
    friend = Friend(world, 1)
    client.owner.on_oob(client, friend.pk, b"handshake")
    assert world.oob == [(friend.pk, relay_node(1).public_key, b"handshake")]
    friend.peer.heard_through(relay_node(1).public_key)
    friend.peer.heard_through(relay_node(1).public_key)
    friend.peer.heard_through(relay_node(2).public_key)
    assert client.asked == [friend.pk]
    # from now on the same is the peer's data
    client.owner.on_oob(client, friend.pk, b"more")
    assert friend.data == [b"more"] and len(world.oob) == 1


def test_closing_a_peer_gives_its_ids_back(world):
    (client,) = world.up(1)
    friend = Friend(world, 1)
    friend.peer.add_relay(relay_node(1))
    client.come(friend.pk)
    friend.peer.close()
    friend.peer.close()
    assert client.sent[-1] == ("disconnect", 0) and client.count("disconnect") == 1
    assert not friend.peer.is_online and friend.changes == [True]
    assert not friend.peer.send(b"x") and not friend.peer.add_relay(relay_node(1))
    client.owner.on_data(client, 0, b"late")
    assert friend.data == [] and world.drops("tcp_data_id") == 1


def test_an_answer_for_a_closed_peer_gives_the_id_back(world):
    (client,) = world.up(1)
    friend = Friend(world, 1)
    friend.peer.add_relay(relay_node(1))
    friend.peer.close()
    assert client.answer(friend.pk) == 0
    assert client.sent[-1] == ("disconnect", 0)


def test_a_peer_opened_again_before_the_answer_is_asked_for_once(world):
    (client,) = world.up(1)
    friend = Friend(world, 1)
    friend.peer.add_relay(relay_node(1))
    friend.peer.close()
    again = Friend(world, 1)
    again.peer.add_relay(relay_node(1))
    client.come(again.pk)
    assert again.peer.is_online and client.count("route") == 1


def test_a_relay_without_room_is_no_relay_of_the_peer(world):
    (client,) = world.up(1)
    friend = Friend(world, 1)
    friend.peer.add_relay(relay_node(1))
    client.asked.clear()
    client.owner.on_routing_response(client, None, friend.pk)
    assert not friend.peer.send(b"x") and client.count("oob") == 0
    assert friend.peer.add_relay(relay_node(1)), "it may be told again"


def test_a_relay_has_240_peers(world):
    (client,) = world.up(1)
    friends = [Friend(world, i) for i in range(250)]
    added = [friend.peer.add_relay(relay_node(1)) for friend in friends]
    assert added == [True] * 240 + [False] * 10 and len(client.asked) == 240
    # closing what was never answered does not make room in the relay
    friends[0].peer.close()
    assert friends[245].peer.add_relay(relay_node(1)) and len(client.asked) == 240


def test_two_connections_to_one_key_share_the_way(world):
    (client,) = world.up(1)
    friend, claimer = Friend(world, 1), Friend(world, 1)
    friend.peer.add_relay(relay_node(1))
    client.come(friend.pk)
    assert friend.changes == [True] == claimer.changes
    late = Friend(world, 1)
    world.advance(0)
    assert late.changes == [True]
    client.owner.on_data(client, 0, b"x")
    assert friend.data == claimer.data == late.data == [b"x"]
    friend.peer.set_sleeping(True)
    claimer.peer.close()
    late.peer.close()
    assert friend.peer.is_online and client.count("disconnect") == 0
    world.advance(ANNOUNCE_TIMEOUT_MS + MAINTAIN_MS)
    assert world.state(1) == "sleeping", "the one that is left sleeps"
    assert late.changes == [True]


def test_an_answer_that_makes_no_sense_can_be_asked_for_again(world):
    (client,) = world.up(1)
    friend = Friend(world, 1)
    friend.peer.add_relay(relay_node(1))
    client.owner.on_routing_response(client, 240, client.asked.pop())
    assert not friend.peer.add_relay(relay_node(1))
    client.come(friend.pk)
    assert friend.peer.is_online


def test_a_relay_that_fell_asleep_without_the_peer_gives_way(world):
    direct, friend = Friend(world, 1), Friend(world, 2)
    for i in range(MAX_PEER_RELAYS):
        for each in (direct, friend):
            each.peer.add_relay(relay_node(i))
        if i % 3 == 2:
            for client in world.live():
                client.up().come(direct.pk)
            direct.peer.set_sleeping(True)
            world.advance(ANNOUNCE_TIMEOUT_MS + MAINTAIN_MS)
    assert [world.state(i) for i in range(MAX_PEER_RELAYS)] == ["sleeping"] * 6
    assert friend.peer.add_relay(relay_node(9)), "instead of one where it did not come"


def test_relays_that_are_tried_in_vain_do_not_keep_a_friends_relay_out(world):
    friend = Friend(world, 1)
    for i in range(MAX_PEER_RELAYS):
        world.pool.add_relay(relay_node(i))
        assert friend.peer.add_relay(relay_node(i))
    assert not friend.peer.add_relay(relay_node(9)), "each may still be reached"
    for client in world.live():
        client.down()
    world.advance(FIRST_RETRY_MS)
    assert [world.state(i) for i in range(MAX_PEER_RELAYS)] == ["connecting"] * 6
    assert friend.peer.add_relay(relay_node(9))


def test_a_new_place_of_a_relay_is_tried_at_once_however_long_the_old_one_failed(world):
    world.pool.add_relay(relay_node(1))
    for _ in range(12):
        world.client(1).down()
        world.advance(MAX_RETRY_MS)
    world.client(1).down()
    assert world.state(1) == "waiting"
    world.pool.add_relay(relay_node(1, port=443))
    assert world.state(1) == "connecting" and world.client(1).node.address[1] == 443
    clients = world.tries(1)
    world.advance(MAX_RETRY_MS)
    assert world.tries(1) == clients, "the old pause is over too"


# Data


def three_online(world):
    friend = Friend(world, 1)
    clients = world.up(1, 2, 3)
    for i, client in enumerate(clients):
        friend.peer.add_relay(relay_node(i + 1))
        client.come(friend.pk)
    return friend, clients


def test_the_relay_that_worked_last_is_preferred(world):
    friend, clients = three_online(world)
    assert friend.changes == [True]
    clients[0].full = clients[1].full = True
    assert friend.peer.send(b"a")
    clients[0].full = clients[1].full = False
    assert friend.peer.send(b"b")
    assert [client.count("data") for client in clients] == [0, 0, 2]
    clients[2].leave(friend.pk)
    assert friend.peer.send(b"c")
    assert [client.count("data") for client in clients] == [1, 0, 2]
    clients[0].down()
    assert friend.peer.send(b"d") and friend.changes == [True]
    assert [client.count("data") for client in clients] == [1, 1, 2]


def test_refused_by_all_is_refused(world):
    friend, clients = three_online(world)
    for client in clients:
        client.full = True
    assert not friend.peer.send(b"a")
    assert all(client.count("data") == client.count("oob") == 0 for client in clients)


def test_out_of_band_through_every_relay_while_the_peer_is_nowhere(world):
    friend = Friend(world, 1)
    clients = world.up(1, 2, 3)
    for i in (1, 2, 3):
        friend.peer.add_relay(relay_node(i))
    assert not friend.peer.send(b"x"), "nowhere registered"
    clients[0].answer()
    clients[1].answer()
    assert friend.peer.send(b"x")
    assert [client.count("oob") for client in clients] == [1, 1, 0]
    assert clients[0].sent[-1] == ("oob", friend.pk, b"x")
    assert friend.peer.send(bytes(1024)) and not friend.peer.send(bytes(1025)) and not friend.peer.send(b"")
    clients[2].come(friend.pk)
    assert friend.peer.send(bytes(1300))
    assert [client.count("oob") for client in clients] == [2, 2, 0] and clients[2].count("data") == 1


def test_data_reaches_its_peer_only(world):
    (client,) = world.up(1)
    friends = [Friend(world, i) for i in range(3)]
    for friend in friends:
        friend.peer.add_relay(relay_node(1))
        client.answer()
    for i in (2, 0, 1):
        client.owner.on_data(client, i, b"to %d" % i)
    assert [friend.data for friend in friends] == [[b"to 0"], [b"to 1"], [b"to 2"]]


def test_everything_else_goes_through_the_named_relay(world):
    client, other = world.up(1, 2)
    relay_pk = relay_node(1).public_key
    assert world.pool.send_oob(relay_pk, peer_pk(7), b"o")
    assert world.pool.send_onion(relay_pk, b"q")
    assert world.pool.send_forward_request(relay_pk, b"f")
    assert client.sent == [("oob", peer_pk(7), b"o"), ("onion", b"q"), ("forward", b"f")] and other.sent == []
    client.owner.on_onion_response(client, b"answer")
    client.owner.on_forwarding(client, b"forwarded")
    assert world.onion == [b"answer"] and world.forwarding == [(relay_pk, b"forwarded")]
    client.down()
    assert not world.pool.send_oob(relay_pk, peer_pk(7), b"o") and not world.pool.send_onion(relay_pk, b"q")
    assert not world.pool.send_forward_request(relay_pk, b"f")
    assert not world.pool.send_onion(relay_node(9).public_key, b"q")


# What relays claim


def test_claims_about_what_was_not_asked_are_counted_and_ignored(world):
    (client,) = world.up(1)
    friend, stranger = Friend(world, 1), Friend(world, 2)
    friend.peer.add_relay(relay_node(1))
    owner = client.owner
    owner.on_routing_response(client, 5, stranger.pk)
    owner.on_routing_response(client, 5, peer_pk(3))
    assert world.drops("tcp_response_not_asked") == 2
    for connection_id in (0, 5, 239):
        owner.on_peer_status(client, connection_id, True)
        owner.on_data(client, connection_id, b"x")
    assert world.drops("tcp_status_id") == world.drops("tcp_data_id") == 3
    connection_id = client.answer()
    owner.on_routing_response(client, 7, friend.pk)
    assert world.drops("tcp_response_not_asked") == 3
    owner.on_peer_status(client, connection_id, False)
    owner.on_peer_status(client, connection_id, True)
    owner.on_peer_status(client, connection_id, True)
    assert world.drops("tcp_status_id") == 5 and friend.changes == [True]
    owner.on_data(client, connection_id, b"")
    owner.on_oob(client, peer_pk(3), b"")
    assert world.drops("tcp_data_id") == 4 and world.drops("tcp_oob_empty") == 1
    assert friend.data == stranger.data == world.oob == []


@pytest.mark.parametrize("connection_id", [-1, 240, 255, 100_000])
def test_ids_outside_the_range(world, connection_id):
    (client,) = world.up(1)
    friend = Friend(world, 1)
    friend.peer.add_relay(relay_node(1))
    client.owner.on_routing_response(client, connection_id, friend.pk)
    assert world.drops("tcp_response_id") == 1
    client.owner.on_peer_status(client, connection_id, True)
    assert not friend.peer.is_online


def test_one_id_for_two_peers(world):
    (client,) = world.up(1)
    friend, other = Friend(world, 1), Friend(world, 2)
    for each in (friend, other):
        each.peer.add_relay(relay_node(1))
        client.owner.on_routing_response(client, 3, each.pk)
    assert world.drops("tcp_response_id") == 1
    client.owner.on_data(client, 3, b"x")
    assert friend.data == [b"x"] and other.data == []


def test_a_connection_that_was_given_up_says_nothing_more(world):
    (client,) = world.up(1)
    friend = Friend(world, 1)
    friend.peer.add_relay(relay_node(1))
    connection_id = client.answer()
    client.down()
    world.advance(FIRST_RETRY_MS)
    world.client(1).up().answer()
    owner = client.owner
    owner.on_connected(client)
    owner.on_peer_status(client, connection_id, True)
    owner.on_data(client, connection_id, b"x")
    owner.on_oob(client, friend.pk, b"x")
    owner.on_onion_response(client, b"x")
    owner.on_forwarding(client, b"x")
    owner.on_closed(client, "again")
    assert world.pool.connected() == 1 and not friend.peer.is_online
    assert friend.data == world.onion == world.forwarding == []


# Sleep


def test_a_relay_sleeps_when_all_its_peers_do_and_wakes_with_the_first(world):
    (client,) = world.up(1)
    friend, other = Friend(world, 1), Friend(world, 2)
    for each in (friend, other):
        each.peer.add_relay(relay_node(1))
        client.come(each.pk)
    friend.peer.set_sleeping(True)
    world.advance(2 * ANNOUNCE_TIMEOUT_MS)
    assert world.state(1) == "connected"
    other.peer.set_sleeping(True)
    world.advance(MAINTAIN_MS)
    assert world.state(1) == "sleeping" and client.closed
    assert friend.changes == other.changes == [True, False]
    world.advance(10 * MAX_RETRY_MS)
    assert world.tries(1) == 1 and world.pool.relay_states()
    friend.peer.set_sleeping(False)
    assert world.state(1) == "connecting"
    again = world.client(1).up()
    assert again.asked == [friend.pk, other.pk]


def test_a_relay_does_not_sleep_right_after_it_was_asked(world):
    (client,) = world.up(1)
    friend, other = Friend(world, 1), Friend(world, 2)
    friend.peer.add_relay(relay_node(1))
    client.come(friend.pk)
    friend.peer.set_sleeping(True)
    world.advance(ANNOUNCE_TIMEOUT_MS - 1000)
    other.peer.add_relay(relay_node(1))
    world.advance(ANNOUNCE_TIMEOUT_MS - 1000)
    assert world.state(1) == "connected"
    world.advance(1000 + MAINTAIN_MS)
    assert world.state(1) == "sleeping"
    # told of it again, the one that is awake wants it
    assert not other.peer.add_relay(relay_node(1))
    assert world.state(1) == "connecting"


def test_a_sleeping_peer_wakes_no_relay(world):
    (client,) = world.up(1)
    friend, other = Friend(world, 1), Friend(world, 2)
    friend.peer.add_relay(relay_node(1))
    client.come(friend.pk)
    friend.peer.set_sleeping(True)
    world.advance(ANNOUNCE_TIMEOUT_MS + MAINTAIN_MS)
    other.peer.set_sleeping(True)
    assert other.peer.add_relay(relay_node(1))
    assert world.state(1) == "sleeping"
    other.peer.set_sleeping(False)
    assert world.state(1) == "connecting"


def test_relays_that_nobody_uses_are_given_up_beyond_three(world):
    friend = Friend(world, 1)
    for i in range(5):
        friend.peer.add_relay(relay_node(i))
        world.client(i).up()
    world.client(4).come(friend.pk)
    world.advance(ANNOUNCE_TIMEOUT_MS - 1)
    assert world.pool.connected() == 5
    world.advance(1 + MAINTAIN_MS)
    assert world.pool.connected() == 3 and world.state(4) == "connected"
    assert [world.state(i) for i in range(5)].count(None) == 2
    assert friend.peer.is_online and friend.changes == [True]


def test_named_relays_beyond_three_sleep_until_they_are_missed(world):
    world.up(*range(6))
    world.advance(MAINTAIN_MS)
    assert world.pool.connected() == 3
    states = {i: world.state(i) for i in range(6)}
    assert sorted(states.values()) == ["connected"] * 3 + ["sleeping"] * 3
    lost = next(i for i in states if states[i] == "connected")
    world.client(lost).down()
    world.advance(MAINTAIN_MS)
    woken = [i for i in states if states[i] == "sleeping" and world.state(i) == "connecting"]
    assert len(woken) == 1
    world.client(woken[0]).up()
    world.advance(FIRST_RETRY_MS)
    world.client(lost).up()
    world.advance(MAINTAIN_MS)
    assert world.pool.connected() == 3
    # nothing moves while all is well
    tries = len(world.clients)
    world.advance(10 * MAX_RETRY_MS)
    assert len(world.clients) == tries


def test_the_clients_relays_are_given_up_last(world):
    friend = Friend(world, 1)
    for i in range(3):
        friend.peer.add_relay(relay_node(i))
        world.client(i).up()
    world.up(10, 11, 12)
    world.advance(ANNOUNCE_TIMEOUT_MS + MAINTAIN_MS)
    assert [world.state(i) for i in (0, 1, 2)] == [None] * 3
    assert [world.state(i) for i in (10, 11, 12)] == ["connected"] * 3


def test_relays_put_to_sleep_by_their_peers_do_not_come_back_by_themselves(world):
    clients = world.up(1, 2)
    friend = Friend(world, 1)
    for i, client in enumerate(clients):
        friend.peer.add_relay(relay_node(i + 1))
        client.come(friend.pk)
    friend.peer.set_sleeping(True)
    world.advance(10 * MAX_RETRY_MS)
    assert world.pool.connected() == 0 and len(world.clients) == 2


# Onion


def test_the_onion_keeps_three_relays_awake(world):
    clients = world.up(*range(5))
    friend = Friend(world, 1)
    for i, client in enumerate(clients):
        friend.peer.add_relay(relay_node(i))
        client.come(friend.pk)
    friend.peer.set_sleeping(True)
    assert world.pool.onion_relays() == []
    world.pool.set_onion(True)
    world.pool.set_onion(True)
    onion = world.pool.onion_relays()
    assert len(onion) == ONION_RELAYS
    world.advance(ANNOUNCE_TIMEOUT_MS + MAINTAIN_MS)
    assert world.pool.connected() == ONION_RELAYS
    assert world.pool.onion_relays() == onion
    world.pool.set_onion(False)
    assert world.pool.onion_relays() == []
    world.advance(MAINTAIN_MS)
    assert world.pool.connected() == 0
    # now all sleep, and as many as needed are woken
    world.pool.set_onion(True)
    assert len(world.live()) == ONION_RELAYS
    for client in world.live():
        client.up()
    assert len(world.pool.onion_relays()) == ONION_RELAYS


def test_a_lost_onion_relay_is_replaced(world):
    world.up(*range(5))
    world.pool.set_onion(True)
    lost = world.pool.onion_relays()[0]
    next(c for c in world.live() if c.node == lost).down()
    assert len(world.pool.onion_relays()) == ONION_RELAYS and lost not in world.pool.onion_relays()


def test_the_onion_rather_uses_the_clients_relays(world):
    world.pool.set_onion(True)
    friend = Friend(world, 1)
    for i in range(3):
        friend.peer.add_relay(relay_node(i))
        world.client(i).up()
    assert len(world.pool.onion_relays()) == 3
    world.up(10, 11)
    assert relay_node(10) in world.pool.onion_relays() and relay_node(11) in world.pool.onion_relays()
    assert len(world.pool.onion_relays()) == 3


# End


def test_close_ends_everything_without_a_word(world):
    (client,) = world.up(1)
    friend = Friend(world, 1)
    friend.peer.add_relay(relay_node(1))
    friend.peer.add_relay(relay_node(2))
    client.come(friend.pk)
    world.pool.add_relay(relay_node(3))
    world.client(3).down()
    world.pool.close()
    world.pool.close()
    assert world.live() == [] and friend.changes == [True]
    assert not friend.peer.is_online and not friend.peer.send(b"x")
    assert not world.pool.add_relay(relay_node(4)) and not friend.peer.add_relay(relay_node(4))
    world.pool.set_onion(True)
    friend.peer.set_sleeping(True)
    friend.peer.close()
    Friend(world, 5).peer.close()
    world.advance(10 * MAX_RETRY_MS)
    assert len(world.clients) == 3 and world.rt.timers.next_deadline_ms() is None


def test_callbacks_may_close_peers_and_the_pool(world):
    (client,) = world.up(1)
    friends = [Friend(world, i) for i in range(4)]
    for friend in friends:
        friend.peer.add_relay(relay_node(1))
        client.come(friend.pk)
    friends[0].peer.on_change = lambda: [friend.peer.close() for friend in friends]
    client.down()
    assert [friend.changes for friend in friends] == [[True]] * 4
    world.advance(FIRST_RETRY_MS)
    client = world.client(1).up()
    last = Friend(world, 9)
    last.peer.add_relay(relay_node(1))
    client.answer()
    last.peer.on_data = lambda data: world.pool.close()
    client.owner.on_data(client, 0, b"x")
    assert world.live() == []
