"""DHTs that find each other."""

from itertools import pairwise

from tests.support.universe import Universe
from tests.unit.dht.net import Peer, network, settled
from toxpy.dht.dht import BUSY, NODES_REQUEST_INTERVAL_MS
from toxpy.dht.kbucket import BAD_NODE_TIMEOUT_MS, number_of
from toxpy.dht.packets import MAX_REQUEST_PAYLOAD
from toxpy.dht.sendbacks import MAX_OUTSTANDING
from toxpy.wire.address import Node
from toxpy.wire.packets import NODES_REQUEST, PING_REQUEST


def test_a_chain_becomes_a_network_and_a_searched_key_is_found():
    universe, peers = network(20, loss=0.05)
    first, last = peers[0], peers[-1]
    found = []
    first.dht.add_friend(last.key, found.append)
    assert not first.dht.nodes.is_connected()
    assert universe.run_until(lambda: found, 30_000)
    assert found[0] == last.address == first.dht.nodes.friend_address(last.key)
    universe.run_for(20_000)
    for peer in peers:
        assert peer.dht.nodes.is_connected()
        addresses = {node.address for node in peer.dht.nodes.random_nodes(100)}
        assert addresses <= {other.address for other in peers if other is not peer}
        assert len(addresses) >= 12


def test_the_closest_nodes_are_those_of_the_whole_network():
    _, peers = settled(14)
    dht = peers[3].dht
    for target in (bytes(32), b"\xff" * 32, dht.public_key, peers[7].key, b"\x5a" * 32):
        others = [peer.key for peer in peers if peer.key != dht.public_key]
        expected = sorted(others, key=lambda key: number_of(key) ^ number_of(target))[:4]
        assert [node.public_key for node in dht.nodes.closest_nodes(target)] == expected
    assert len(dht.nodes.closest_nodes(bytes(32), 9)) == 9
    assert dht.nodes.closest_nodes(bytes(32), 1) == dht.nodes.closest_nodes(bytes(32))[:1]


def test_answers_of_a_friend_are_reported_until_the_last_search_ends():
    universe, peers = settled(4)
    one, two = [], []
    dht, friend = peers[0].dht, peers[3]
    first = dht.add_friend(friend.key, one.append)
    second = dht.add_friend(friend.key, two.append)
    assert universe.run_until(lambda: one and two, 5000)
    dht.remove_friend(first)
    heard = len(one)
    universe.run_for(90_000)
    assert len(one) == heard
    assert len(two) > heard
    assert dht.nodes.searches[friend.key].get(friend.key) is not None
    dht.remove_friend(second)
    dht.remove_friend(second)
    assert dht.nodes.friend_address(friend.key) is None
    assert friend.key not in dht.nodes.searches


def test_a_callback_may_end_its_search():
    universe, peers = settled(3)
    dht, friend = peers[0].dht, peers[2]
    found = []

    def on_address(address):
        found.append(address)
        dht.remove_friend(token)

    token = dht.add_friend(friend.key, on_address)
    universe.run_for(5000)
    assert found == [friend.address]


def test_a_silent_node_is_forgotten():
    universe, peers = settled(3)
    gone, dht = peers[2], peers[0].dht
    gone.socket.online = False
    universe.run_for(BAD_NODE_TIMEOUT_MS)
    assert gone.key not in [node.public_key for node in dht.nodes.closest_nodes(gone.key)]
    assert dht.nodes.is_connected()


def test_a_node_that_was_cut_off_comes_back():
    universe, peers = settled(5)
    # the one that bootstrapped from nobody, so only its own lists can help it
    lonely = peers[0]
    lonely.socket.online = False
    universe.run_for(600_000)
    assert not lonely.dht.nodes.is_connected()
    assert lonely.dht.nodes.closest_nodes(bytes(32)) == []
    assert len(lonely.dht.saved_nodes()) == 4
    lonely.socket.online = True
    assert universe.run_until(lonely.dht.nodes.is_connected, 61_000)


def test_a_lost_bootstrap_request_is_repeated_with_growing_delays():
    universe, peers = network(2)
    peers[0].socket.online = False
    universe.run_for(200_000)
    asked = [data for address, data in peers[1].sent if data[0] == NODES_REQUEST.kind]
    assert 6 <= len(asked) <= 10
    peers[0].socket.online = True
    assert universe.run_until(peers[1].dht.nodes.is_connected, 80_000)


def test_nodes_met_now_stand_in_a_save_before_those_of_an_old_one():
    _universe, peers = settled(2)
    first, second = peers
    first.dht._bootstrap.saved = [Node(bytes((i,)) * 32, (bytes((30, 0, 0, i)), 1)) for i in range(1, 9)]
    assert first.dht.saved_nodes()[0] == Node(second.key, second.address)
    assert len(first.dht.saved_nodes()) == 9


def test_saved_nodes_are_tried_eight_at_a_time_until_one_answers():
    universe, peers = settled(4)
    alive = peers[0].dht.saved_nodes()
    assert {node.address for node in alive} == {peer.address for peer in peers[1:]}
    dead = [Node(bytes((i + 1,)) * 32, (bytes((40, 0, 0, i + 1)), 33445)) for i in range(20)]
    newcomer = Peer(universe, "newcomer")
    newcomer.dht.load_nodes([*dead, *alive, Node(b"\x77" * 32, (bytes((40, 0, 0, 1)), 443), tcp=True)])
    universe.run_for(1005)
    assert len(newcomer.sent) == 8
    assert newcomer.dht.saved_nodes() == [*dead, *alive]
    assert universe.run_until(newcomer.dht.nodes.is_connected, 10_000)
    universe.run_for(2000)
    assert {node.address for node in newcomer.dht.saved_nodes()} == {peer.address for peer in peers}
    newcomer.sent.clear()
    universe.run_for(60_000)
    assert all(address[0][0] != 40 for address, _ in newcomer.sent)


def test_lan_nodes_are_for_the_lan():
    universe, peers = settled(3)
    home = Peer(universe, "home", bytes((192, 168, 1, 5)))
    home.dht.bootstrap(peers[0].address, peers[0].key)
    universe.run_for(5000)
    nodes = peers[0].dht.nodes
    assert home.address in [node.address for node in nodes.closest_nodes(home.key)]
    assert home.address not in [n.address for n in nodes.closest_nodes(home.key, requester=peers[1].address)]
    assert home.address in [n.address for n in nodes.closest_nodes(home.key, requester=(b"\x0a\0\0\x01", 1))]


def test_loading_goes_on_while_only_the_lan_answers():
    universe = Universe(1)
    peers = [Peer(universe, f"lan {i}", bytes((10, 0, 0, i + 1))) for i in range(2)]
    dead = Node(b"\x01" * 32, (bytes((40, 0, 0, 1)), 33445))
    peers[0].dht.load_nodes([dead, Node(peers[1].key, peers[1].address)])
    universe.run_for(30_000)
    assert peers[0].dht.nodes.is_connected()
    assert dead in peers[0].dht.saved_nodes()
    assert 3 <= sum(address == dead.address for address, _ in peers[0].sent) <= 6


def test_a_quiet_network_says_little():
    universe, peers = settled(10)
    universe.run_for(60_000)
    sent = universe.sent
    minutes = 10
    universe.run_for(minutes * 60_000)
    per_list_and_minute = 9 + 60_000 // NODES_REQUEST_INTERVAL_MS
    lists, both_ways = 3, 2
    assert universe.sent - sent <= len(peers) * minutes * lists * per_list_and_minute * both_ways
    assert all(peer.dht.nodes.is_connected() for peer in peers)


def test_two_hundred_searches_never_overrun_the_table_of_questions():
    universe, peers = settled(12)
    dht = peers[0].dht
    for i in range(200):
        dht.add_friend(bytes((i,)) * 32, lambda _: None)
    most = 0

    def watch():
        nonlocal most
        most = max(most, len(dht.sendbacks))

    universe.run_until(watch, 120_000)
    assert BUSY <= most <= BUSY + 16 < MAX_OUTSTANDING
    for i in range(200):
        assert len(dht.nodes.searches[bytes((i,)) * 32].good_nodes(universe.clock.now_ms)) == 8
    assert peers[0].dropped("nodes_response_unasked") == 0


def test_requests_reach_the_receiver_directly_over_tellers_and_relays():
    universe, peers = settled(6)
    a, relay, b = peers[0], peers[2], peers[5]
    seen = []
    b.dht.requests.claim(77, lambda address, sender, data: seen.append((address, sender, data)))
    packet = a.dht.create_request(b.key, 77, b"payload")
    assert a.dht.route_request(b.key, packet) == 1
    a.send(relay.address, packet)
    universe.run_for(1000)
    assert sorted(seen) == sorted([(a.address, a.key, b"payload"), (relay.address, a.key, b"payload")])


def test_a_request_goes_to_all_who_told_where_the_friend_is():
    universe, peers = settled(5)
    a, b = peers[0], peers[4]
    seen = []
    b.dht.requests.claim(77, lambda address, sender, data: seen.append((address[0], data)))
    # b answers everybody but a, as behind a NAT
    deliver = universe.carry
    universe.carry = lambda source, address, data: (
        None if {source.address, address} == {a.address, b.address} else deliver(source, address, data)
    )
    universe.run_for(BAD_NODE_TIMEOUT_MS + 5000)
    a.dht.add_friend(b.key, lambda _: None)
    universe.run_for(30_000)
    assert a.dht.nodes.friend_address(b.key) is None
    packet = a.dht.create_request(b.key, 77, b"knock")
    assert a.dht.route_request(b.key, packet) == 3
    universe.run_for(1000)
    assert sorted(seen) == [(peer.address[0], b"knock") for peer in peers[1:4]]


def test_requests_that_cannot_be():
    _, peers = settled(2)
    dht = peers[0].dht
    assert dht.create_request(bytes(32), 1, b"") == b""
    assert dht.route_request(bytes(32), b"") == 0
    assert dht.route_request(b"\x05" * 32, dht.create_request(b"\x05" * 32, 1, b"x")) == 0
    assert len(dht.create_request(peers[1].key, 1, bytes(MAX_REQUEST_PAYLOAD))) == 1024
    try:
        dht.create_request(peers[1].key, 1, bytes(MAX_REQUEST_PAYLOAD + 1))
    except ValueError:
        return
    raise AssertionError("too much data was accepted")


def test_nothing_happens_after_close():
    universe, peers = settled(3)
    token = peers[0].dht.add_friend(peers[2].key, lambda _: None)
    peers[0].dht.close()
    peers[0].dht.remove_friend(token)
    peers[0].sent.clear()
    universe.remove(peers[0])
    assert peers[0].rt.timers.next_deadline_ms() is None
    universe.run_for(10_000)
    peers[0].rt.timers.run_due()
    assert peers[0].sent == []


def test_a_node_that_answered_for_a_list_is_not_asked_for_it_again_at_once():
    universe, peers = network(2)
    assert universe.run_until(peers[1].dht.nodes.is_connected, 1000)
    close_list, now_ms = peers[1].dht.nodes.close_list, universe.clock.now_ms
    assert [a.pinged_ms for a in close_list.get(peers[0].key).associations()] == [now_ms]


def test_a_told_node_is_asked_for_the_key_wanted():
    universe, peers = settled(2)
    stranger = Peer(universe, "stranger")
    peers[0].sent.clear()
    peers[0].dht.add_node(Node(stranger.key, stranger.address), target=b"\x01" * 32)
    assert [(address, data[0]) for address, data in peers[0].sent] == [(stranger.address, NODES_REQUEST.kind)]
    peers[1].dht.add_node(Node(stranger.key, stranger.address))
    peers[1].dht.add_node(Node(peers[1].key, stranger.address))
    universe.run_for(1000)
    for peer in peers:
        assert peer.dht.nodes.close_list.get(stranger.key).address(universe.clock.now_ms) == stranger.address


def test_strangers_who_ask_are_pinged_once_and_soon_but_not_more_often_than_every_two_seconds():
    universe, peers = settled(2)
    known = peers[0]

    def pings(stranger):
        kinds = [data[0] for address, data in known.sent if address == stranger.address]
        return kinds.count(PING_REQUEST.kind)

    first, second = Peer(universe, "first stranger"), Peer(universe, "second stranger")
    known.sent.clear()
    for _ in range(5):
        first.dht.send_nodes_request(known.address, known.key, first.key)
    assert universe.run_until(lambda: pings(first), 200)
    pinged_ms = universe.clock.now_ms
    for _ in range(5):
        second.dht.send_nodes_request(known.address, known.key, second.key)
    # otherwise others make it known
    second.socket.online = False
    assert universe.run_until(lambda: pings(second), 3000)
    assert universe.clock.now_ms - pinged_ms >= 2000
    universe.run_for(1000)
    assert pings(first) == pings(second) == 1
    assert known.dht.nodes.close_list.get(first.key) is not None


def test_a_node_the_client_named_is_asked_again_although_others_know_us():
    universe, peers = settled(2)
    lost, newcomer = Peer(universe, "behind a bad link"), Peer(universe, "newcomer")
    lost.socket.online = False
    lost.dht.bootstrap(peers[0].address, peers[0].key)
    lost.socket.online = True
    newcomer.dht.bootstrap(lost.address, lost.key)
    universe.run_for(500)
    assert lost.dht.nodes.is_connected() and lost.dht.nodes.close_list.get(peers[0].key) is None
    universe.run_for(4000)
    assert lost.dht.nodes.close_list.get(peers[0].key) is not None


def test_a_node_the_client_named_that_is_silent_is_asked_four_times():
    universe, peers = settled(2)
    gone = Peer(universe, "gone")
    gone.socket.online = False
    peers[0].sent.clear()
    peers[0].dht.bootstrap(gone.address, gone.key)
    universe.run_for(200_000)
    assert len([data for address, data in peers[0].sent if address == gone.address]) == 4


def test_the_same_seed_gives_the_same_run():
    def trace(seed):
        universe, _ = settled(6, seed, loss=0.1, duplicate=0.1)
        return universe.trace.hexdigest()

    assert trace(3) == trace(3)
    assert trace(3) != trace(4)


def test_two_ip_versions_of_one_node_are_one_node():
    universe, peers = settled(2)
    dht, other = peers[0].dht, peers[1]
    v6 = (bytes((0x20, 1)) + bytes(13) + b"\x01", 33445)
    universe.sockets[v6] = other.socket
    dht.send_nodes_request(v6, other.key, dht.public_key)
    universe.run_for(1000)
    # the answer comes from the IPv4 address, which was not asked this
    assert [a.address for a in dht.nodes.close_list.get(other.key).associations()] == [other.address]
    other.socket.address, ipv4 = v6, other.socket.address
    dht.send_nodes_request(v6, other.key, dht.public_key)
    universe.run_for(1000)
    other.socket.address = ipv4
    assert [a.address for a in dht.nodes.close_list.get(other.key).associations()] == [v6, ipv4]
    assert len(dht.nodes.close_list) == 1
    for one, two in pairwise(sorted(node.address for node in dht.saved_nodes())):
        assert one != two


def test_nodes_of_a_search_are_given_to_who_asks_for_something_else():
    """With fewer nodes than asked for, every list counts, however far its key is from the target."""
    _, peers = network(1)
    dht = peers[0].dht
    searched = Node(b"\x80" + bytes(31), (bytes((40, 0, 0, 1)), 33445))
    dht.add_friend(searched.public_key, lambda _: None)
    dht.nodes.searches[searched.public_key].add(
        searched.public_key, number_of(searched.public_key), searched.address, peers[0].rt.clock.now_ms
    )
    assert dht.nodes.closest_nodes(bytes(32)) == [searched]
