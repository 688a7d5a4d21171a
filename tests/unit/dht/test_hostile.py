"""What is refused, and what it costs."""

import pytest

from tests.unit.dht.net import Peer, settled
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.dht import packets
from toxpy.dht.budget import REPLIES_BURST, X25519_BURST
from toxpy.dht.ping import MAX_TO_PING
from toxpy.wire.address import Node
from toxpy.wire.packets import DHT_REQUEST, NODES_REQUEST, NODES_RESPONSE, PING_REQUEST, PING_RESPONSE

ELSEWHERE = (bytes((66, 1, 1, 1)), 5)
#: Points of low order: Diffie-Hellman with them is all zero, whatever our key.
LOW_ORDER = [
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]


def captured(layout):
    """A genuine packet of that kind caught before it arrives, its receiver and its source."""
    universe, peers = settled(3)
    caught = []
    carry = universe.carry

    def intercept(source, address, data):
        if data[0] == layout.kind and not caught:
            caught.append((universe.sockets[address], source.address, data))
        else:
            carry(source, address, data)

    universe.carry = intercept
    if layout in (PING_REQUEST, PING_RESPONSE):
        peers[0].dht.pings.send_request(peers[1].address, peers[1].key)
    if layout is DHT_REQUEST:
        peers[0].send(peers[1].address, peers[0].dht.create_request(peers[1].key, 77, b"data"))
    # the time-out of a question is 5 s: stop at once
    assert universe.run_until(lambda: caught, 61_000)
    ((socket, source, data),) = caught
    (receiver,) = [peer for peer in peers if peer.socket is socket]
    receiver.sent.clear()
    return receiver, source, data


def drops(peer):
    return sum(count for name, count in peer.rt.counters.values.items() if name.startswith("drop."))


ALL_KINDS = [
    PING_REQUEST,
    PING_RESPONSE,
    NODES_REQUEST,
    NODES_RESPONSE,
    DHT_REQUEST,
]


@pytest.mark.parametrize("layout", ALL_KINDS)
def test_every_truncation_and_every_flipped_bit_is_dropped(layout):
    receiver, source, data = captured(layout)
    saved = receiver.dht.saved_nodes()
    damaged = [data[:size] for size in range(1, len(data))]
    damaged += [data + b"\0"]
    # byte 0 is the kind; keys of others are answered by nobody either
    damaged += [data[:i] + bytes((data[i] ^ 1,)) + data[i + 1 :] for i in range(1, len(data))]
    for packet in damaged:
        receiver.deliver(source, packet)
    assert receiver.sent == []
    assert receiver.dht.saved_nodes() == saved
    assert drops(receiver) == len(damaged)


@pytest.mark.parametrize("layout", [PING_RESPONSE, NODES_RESPONSE])
def test_a_response_counts_once_and_only_from_where_was_asked(layout):
    receiver, source, data = captured(layout)
    name = {PING_RESPONSE: "ping", NODES_RESPONSE: "nodes_response"}[layout]
    heard = []
    receiver.dht.add_friend(packets.sender_of(data), heard.append)
    receiver.deliver(ELSEWHERE, data)
    assert receiver.dropped(f"{name}_unasked") == 1
    assert heard == []
    receiver.deliver(source, data)
    assert heard == [source]
    receiver.deliver(source, data)
    assert heard == [source]
    assert receiver.dropped(f"{name}_unasked") + receiver.dropped(f"{name}_replay") == 2


@pytest.mark.parametrize("layout", [PING_RESPONSE, NODES_RESPONSE])
def test_an_unasked_response_costs_no_cryptography(layout):
    _, peers = settled(2)
    before = peers[0].rt.counters.values["x25519"]
    for i in range(300):
        peers[0].deliver(ELSEWHERE, layout.prefix + i.to_bytes(32, "big") + bytes(49))
    assert peers[0].rt.counters.values["x25519"] == before


def test_a_request_sent_back_is_no_response():
    """The key is the same both ways, so only the byte inside the box tells them apart."""
    universe, peers = settled(2)
    one, two = peers
    universe.carry = lambda *_: None
    one.dht.pings.send_request(two.address, two.key)
    _, request = one.sent[-1]
    one.deliver(two.address, PING_RESPONSE.prefix + two.key + request[33:])
    assert one.dropped("ping_decrypt") == 1
    two.deliver(one.address, request)
    _, response = two.sent[-1]
    one.sent.clear()
    one.deliver(two.address, PING_REQUEST.prefix + response[1:])
    assert one.dropped("ping_decrypt") == 2
    assert one.sent == []


@pytest.mark.parametrize("key", LOW_ORDER)
def test_low_order_keys_get_nothing(key):
    _, peers = settled(2)
    peer = peers[0]
    peer.sent.clear()
    for kind, size in ((0x00, PING_REQUEST.max_size), (0x02, NODES_REQUEST.max_size)):
        peer.deliver(ELSEWHERE, bytes((kind,)) + key + bytes(size - 33))
    peer.deliver(ELSEWHERE, b"\x20" + peer.key + key + bytes(60))
    peer.dht.bootstrap(ELSEWHERE, key)
    peer.dht.add_node(Node(key, ELSEWHERE), target=peer.key)
    assert peer.sent == []


def test_packets_under_our_own_key_are_dropped():
    _, peers = settled(2)
    peer = peers[0]
    peer.sent.clear()
    peer.deliver(ELSEWHERE, b"\x00" + peer.key + bytes(PING_REQUEST.max_size - 33))
    peer.deliver(ELSEWHERE, b"\x20" + peer.key + peer.key + bytes(60))
    assert peer.dropped("dht_own_key") == 2
    peer.dht.bootstrap(ELSEWHERE, peer.key)
    assert peer.sent == []


def stranger_packets(peer, count, layout=NODES_REQUEST):
    """Genuine requests of that many fresh keys."""
    for _ in range(count):
        pair = KeyPair.generate(peer.rt.rng)
        key = SharedKeys(pair, rt=peer.rt).get(peer.key)
        payload = bytes(40) if layout is NODES_REQUEST else b"\0" * 9
        yield packets.seal_packet(layout, pair.public, key, peer.rt.rng.bytes(24), payload)


def test_fresh_keys_from_one_network_run_out_of_budget():
    _, peers = settled(2)
    peer = peers[0]
    peer.sent.clear()
    for data in list(stranger_packets(peer, X25519_BURST + 20)):
        peer.deliver(ELSEWHERE, data)
    assert len(peer.sent) == X25519_BURST
    assert peer.dropped("x25519_budget") == 20
    # the neighbours of the flood are served, and so is whom we know
    peer.deliver(peers[1].address, next(stranger_packets(peer, 1)))
    assert len(peer.sent) == X25519_BURST + 1


def test_a_replayed_request_cannot_flood_its_victim():
    receiver, _, data = captured(NODES_REQUEST)
    for _ in range(REPLIES_BURST + 5000):
        receiver.deliver(ELSEWHERE, data)
    assert len(receiver.sent) <= REPLIES_BURST
    assert receiver.dropped("dht_budget") >= 5000
    assert max(len(answer) for _, answer in receiver.sent) <= NODES_RESPONSE.max_size


def test_strangers_are_pinged_at_most_32_at_a_time():
    universe, peers = settled(2)
    peer = peers[0]
    for data in list(stranger_packets(peer, 4 * MAX_TO_PING, PING_REQUEST)):
        peer.deliver(ELSEWHERE, data)
    peer.sent.clear()
    universe.run_for(2100)
    assert sum(data[0] == PING_REQUEST.kind for _, data in peer.sent) <= MAX_TO_PING
    assert len(peer.dht.nodes.close_list) == 1


def forged_response(liar, peer, nodes):
    """Let `peer` ask `liar`, and answer with these nodes."""
    liar.socket.universe.carry = lambda *_: None
    peer.dht.send_nodes_request(liar.address, liar.key, peer.key)
    _, request = peer.sent[-1]
    key = liar.dht.shared_keys.get(peer.key)
    ping_id = packets.open_packet(key, request)[32:]
    payload = packets.pack_nodes_response(nodes, ping_id)
    return packets.seal_packet(NODES_RESPONSE, liar.key, key, liar.rt.rng.bytes(24), payload)


def test_told_addresses_must_be_plausible():
    universe, peers = settled(2)
    peer, liar = peers
    ips = [(192, 168, 1, 1), (127, 0, 0, 1), (0, 0, 0, 0), (224, 0, 0, 1), (255, 255, 255, 255)]
    nodes = [Node(bytes((9 + i,)) * 32, (bytes(ip), 33445)) for i, ip in enumerate(ips)]
    no_port, ourselves = Node(b"\x33" * 32, (ELSEWHERE[0], 0)), Node(peer.key, ELSEWHERE)
    for part in (nodes[:4], nodes[4:], [no_port, ourselves]):
        peer.deliver(liar.address, forged_response(liar, peer, part))
    peer.sent.clear()
    universe.run_for(3000)
    assert {address for address, _ in peer.sent} <= {liar.address}
    peer.deliver(liar.address, forged_response(liar, peer, [Node(b"\x34" * 32, ELSEWHERE)]))
    universe.run_for(1000)
    assert ELSEWHERE in {address for address, _ in peer.sent}


def test_a_told_node_does_not_enter_a_list_before_it_answers():
    universe, peers = settled(2)
    peer, liar = peers
    peer.deliver(liar.address, forged_response(liar, peer, [Node(b"\x34" * 32, ELSEWHERE)]))
    universe.run_for(3000)
    assert peer.dht.nodes.close_list.get(b"\x34" * 32) is None
    assert all(node.address != ELSEWHERE for node in peer.dht.nodes.closest_nodes(b"\x34" * 32, 8))


def test_a_malformed_answer_does_not_use_up_the_question():
    _, peers = settled(2)
    peer, liar = peers
    good = forged_response(liar, peer, [])
    key = liar.dht.shared_keys.get(peer.key)
    bad = packets.seal_packet(NODES_RESPONSE, liar.key, key, bytes(24), b"\x05" + bytes(60))
    peer.deliver(liar.address, bad)
    assert peer.dropped("nodes_response_malformed") == 1
    peer.deliver(liar.address, good)
    assert peer.dropped("nodes_response_replay") == 0


def test_a_request_for_others_is_passed_on_unchanged_or_not_at_all():
    universe, peers = settled(3)
    a, relay, b = peers
    packet = a.dht.create_request(b.key, 77, b"data")
    relay.sent.clear()
    relay.deliver(a.address, packet)
    assert relay.sent == [(b.address, packet)]
    relay.deliver(b.address, packet)
    relay.deliver(a.address, a.dht.create_request(KeyPair.generate(a.rt.rng).public, 77, b"data"))
    b.socket.online = False
    universe.run_for(130_000)
    relay.sent.clear()
    relay.deliver(a.address, packet)
    assert relay.sent == []
    assert relay.dropped("dht_request_unroutable") == 3


def test_a_request_of_no_known_kind_or_of_a_wrong_size_is_dropped():
    _, peers = settled(2)
    one, two = peers
    two.deliver(one.address, one.dht.create_request(two.key, 77, b"data"))
    assert two.dropped("dht_request_kind") == 1
    shared = one.dht.shared_keys.get(two.key)
    two.dht.requests.claim(77, lambda *_: pytest.fail("too big"))
    too_much = bytes(packets.MAX_REQUEST_PAYLOAD + 1)
    big = packets.seal_request(two.key, one.key, shared, bytes(24), 77, too_much)
    two.deliver(one.address, big)
    two.deliver(one.address, packets.seal_request(two.key, one.key, shared, bytes(24), 77, b""))
    assert two.dropped("dht_request_size") == 2


def test_a_friend_we_cannot_find_is_pinged_at_once_when_it_asks():
    universe, peers = settled(2)
    friend = Peer(universe, "friend")
    found = []
    peers[0].dht.add_friend(friend.key, found.append)
    friend.dht.pings.send_request(peers[0].address, peers[0].key)
    assert universe.run_until(lambda: found, 150)
    assert found == [friend.address]
