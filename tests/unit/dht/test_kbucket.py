"""Distances, buckets and the lists of nodes."""

import json
from pathlib import Path

import pytest

from toxpy.dht.kbucket import (
    BAD_NODE_TIMEOUT_MS,
    BUCKETS,
    KILL_NODE_TIMEOUT_MS,
    MAX_CLIENTS,
    PING_INTERVAL_MS,
    Client,
    CloseList,
    Nearest,
    SearchList,
    bucket_index,
    number_of,
)
from toxpy.wire.address import Node

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "vectors.json").read_text())
OURS = bytes(32)
LAN = (bytes((192, 168, 0, 7)), 33445)


def key(*head):
    return bytes(head) + bytes(32 - len(head))


def address(n, port=33445):
    return bytes((30, n >> 16 & 255, n >> 8 & 255, n & 255)), port


def v6(n):
    return bytes((0x20, 1)) + bytes(12) + n.to_bytes(2, "big"), 33445


def test_the_known_answers_of_closeness():
    for vector in VECTORS["id_closest"]:
        base, a, b = (number_of(bytes.fromhex(vector[name]).ljust(32, b"\0")) for name in ("pk", "a", "b"))
        assert (1 if base ^ a < base ^ b else 2) == vector["closest"]


def test_the_known_answers_of_add_to_list():
    vector = VECTORS["add_to_list"]

    def node(text):
        return Node(bytes.fromhex(text).ljust(32, b"\0"), address(1))

    nearest = Nearest(number_of(node(vector["self"]).public_key), 4)
    assert all(nearest.offer(node(text)) for text in vector["insert"])
    assert not nearest.offer(node(vector["then_reject"]))
    assert nearest.offer(node(vector["then_accept"]))
    assert [n.public_key[:1].hex() for n in nearest.take()] == vector["order_after"]
    assert len(nearest) == 0


@pytest.mark.parametrize(
    ("distance", "index"),
    [(1 << 255, 0), ((1 << 256) - 1, 0), (1 << 254, 1), (1 << 129, 126), (1 << 128, 127), (1, 127)],
)
def test_a_bucket_is_the_length_of_the_common_prefix(distance, index):
    assert bucket_index(distance) == index


def test_a_bucket_holds_eight_and_replaces_only_bad_nodes():
    close = CloseList(OURS)
    for i in range(MAX_CLIENTS):
        assert close.add(key(0x80, i), address(i), 0)
    assert not close.has_room(key(0xFF), 1)
    assert not close.add(key(0xFF), address(99), 1)
    assert close.add(key(0x40), address(98), 1)
    for i in range(1, MAX_CLIENTS):
        assert close.add(key(0x80, i), address(i), 1000)
    assert close.has_room(key(0xFF), BAD_NODE_TIMEOUT_MS)
    assert close.add(key(0xFF), address(99), BAD_NODE_TIMEOUT_MS)
    assert close.get(key(0x80, 0)) is None
    assert len(close) == MAX_CLIENTS + 1
    assert len(close.by_address) == len(close)
    assert address(0) not in close.by_address


def test_we_are_never_in_our_own_list():
    close = CloseList(OURS)
    assert not close.has_room(OURS, 0)
    assert not close.add(OURS, address(1), 0)
    assert len(close) == 0


def test_the_close_list_is_capped():
    close = CloseList(OURS)
    for bit in range(256):
        for i in range(2 * MAX_CLIENTS):
            number = 1 << (255 - bit) | i
            if number.bit_length() == 256 - bit:
                close.add(number.to_bytes(32, "big"), address(bit * 16 + i), 0)
    assert len(close) == BUCKETS * MAX_CLIENTS


def test_a_new_key_at_an_old_address_replaces_the_old_key():
    close = CloseList(OURS)
    close.add(key(0x80), address(1), 0)
    close.add(key(0x40), address(1), 1)
    assert close.get(key(0x80)) is None
    assert close.get(key(0x40)).address(1) == address(1)


def test_losing_one_address_keeps_the_other():
    close = CloseList(OURS)
    close.add(key(0x80), address(1), 0)
    close.add(key(0x80), v6(1), 0)
    close.add(key(0x40), address(1), 1)
    assert close.get(key(0x80)).address(1) == v6(1)


def test_a_node_that_moved_frees_its_old_address():
    close = CloseList(OURS)
    close.add(key(0x80), address(1), 0)
    close.add(key(0x80), address(2), 1)
    close.add(key(0x40), address(1), 2)
    assert close.get(key(0x80)).address(2) == address(2)
    assert close.get(key(0x40)).address(2) == address(1)


def test_each_ip_version_has_its_own_time():
    client = Client(key(1), 1, 1)
    client.heard(address(1), 0)
    client.heard(v6(1), 50_000)
    assert client.address(50_000) == v6(1)
    client.heard(address(1), 60_000)
    assert client.address(60_000) == address(1)
    late_ms = 50_000 + BAD_NODE_TIMEOUT_MS
    assert not client.is_good_at(v6(1), late_ms)
    assert client.is_good_at(address(1), late_ms)
    assert client.is_good(late_ms)
    assert not client.is_good(60_000 + BAD_NODE_TIMEOUT_MS)
    assert client.address(60_000 + BAD_NODE_TIMEOUT_MS) is None


def test_a_good_public_address_is_not_given_up_for_a_lan_one():
    client = Client(key(1), 1, 1)
    client.heard(address(1), 0)
    client.heard(LAN, 1)
    assert client.address(1) == address(1)
    client.heard(LAN, BAD_NODE_TIMEOUT_MS)
    assert client.address(BAD_NODE_TIMEOUT_MS) == LAN
    assert client.address(BAD_NODE_TIMEOUT_MS, lan=False) is None
    client.heard(v6(1), BAD_NODE_TIMEOUT_MS - 5)
    assert client.address(BAD_NODE_TIMEOUT_MS, lan=False) == v6(1)


def test_a_search_list_keeps_the_eight_nearest():
    search = SearchList(OURS, 4)
    for i in range(20, 0, -1):
        search.add(key(i), number_of(key(i)), address(i), 0)
    assert sorted(client.public_key[0] for client in search.clients()) == list(range(1, 9))
    assert not search.add(key(9), number_of(key(9)), address(9), 0)
    assert not search.has_room(number_of(key(9)), 0)
    assert search.has_room(number_of(key(8)), 0)


def test_a_search_list_takes_a_far_node_once_one_is_bad():
    search = SearchList(OURS, 4)
    for i in range(1, 9):
        search.add(key(i), number_of(key(i)), address(i), i)
    assert not search.has_room(number_of(key(200)), BAD_NODE_TIMEOUT_MS)
    assert search.add(key(200), number_of(key(200)), address(200), BAD_NODE_TIMEOUT_MS + 1)
    assert search.get(key(1)) is None
    assert len(list(search.clients())) == MAX_CLIENTS


def test_the_successor_of_a_replaced_node_waits_for_its_minute():
    search = SearchList(OURS, 4)
    for i in range(2, 10):
        search.add(key(i), number_of(key(i)), address(i), 0)
    asked = []
    search.ask_due(0, lambda *question: asked.append(question), 512)
    assert len(asked) == MAX_CLIENTS
    search.add(key(1), number_of(key(1)), address(1), 0)
    search.ask_due(1000, lambda *question: asked.append(question), 512)
    assert len(asked) == MAX_CLIENTS


def test_the_searched_node_is_found_with_ipv6_preferred():
    search = SearchList(key(7), 4)
    assert search.address(0) is None
    search.add(key(7), number_of(key(7)), address(7), 0)
    assert search.address(0) == address(7)
    search.add(key(7), number_of(key(7)), v6(7), 10)
    search.add(key(7), number_of(key(7)), address(7), 20)
    assert search.address(30) == v6(7)
    assert search.address(15 + BAD_NODE_TIMEOUT_MS) == address(7)
    assert search.address(20 + BAD_NODE_TIMEOUT_MS) is None


def test_nodes_are_asked_once_a_minute_until_they_are_dead():
    close = CloseList(OURS)
    close.add(key(0x80), address(1), 0)
    asked = []
    now_ms = 0
    alive = 1
    while alive:
        alive = close.ask_due(now_ms, lambda *_: asked.append(now_ms), 512)  # noqa: B023
        now_ms += 1000
    assert asked == [0, PING_INTERVAL_MS, 2 * PING_INTERVAL_MS, 3 * PING_INTERVAL_MS]
    assert now_ms - 1000 == KILL_NODE_TIMEOUT_MS
    close.revive(now_ms)
    assert close.ask_due(now_ms, lambda *_: asked.append(now_ms), 512) == 1
    assert not close.get(key(0x80)).is_good(now_ms)


def test_questions_beyond_the_room_are_asked_later():
    close = CloseList(OURS)
    for i in range(6):
        close.add(key(0x80, i), address(i), 0)
    asked = []
    close.ask_due(0, lambda _address, public_key, _target: asked.append(public_key), 4)
    assert len(asked) == 4
    assert close.due_ms <= 0
    close.ask_due(1, lambda _address, public_key, _target: asked.append(public_key), 4)
    assert len(set(asked)) == len(asked) == 6


def test_good_nodes_come_farthest_first():
    close = CloseList(OURS)
    for first in (0x01, 0x80, 0x20):
        close.add(key(first), address(first), 0)
    close.add(key(0x40), address(0x40), -BAD_NODE_TIMEOUT_MS)
    assert [node.public_key[0] for node in close.good_nodes(0)] == [0x80, 0x20, 0x01]
