"""Laws of the DHT: codecs, lists of nodes, ping ids, and bytes from anyone."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.universe import SeededRng, SimClock
from toxpy.crypto.keys import KeyPair
from toxpy.dht import packets
from toxpy.dht.dht import DHT
from toxpy.dht.kbucket import (
    BAD_NODE_TIMEOUT_MS,
    MAX_CLIENTS,
    CloseList,
    Nearest,
    SearchList,
    bucket_index,
    number_of,
)
from toxpy.dht.sendbacks import MAX_OUTSTANDING, PING_TIMEOUT_MS, Sendbacks
from toxpy.errors import PacketError
from toxpy.runtime import Dispatch, Runtime
from toxpy.wire.address import Node, normalise_ip

#: Few different values, so that keys and addresses collide; some near each other, some far.
keys = st.builds(
    lambda head, tail: bytes((head,)) + bytes(30) + bytes((tail,)),
    st.sampled_from([0, 1, 2, 0x40, 0x80]),
    st.integers(0, 255),
)
ips = st.one_of(
    st.builds(lambda n: bytes((30, 0, 0, n)), st.integers(1, 30)),
    st.builds(lambda n: b"\x20\x01" + bytes(13) + bytes((n,)), st.integers(1, 30)),
    st.builds(lambda n: bytes((10, 0, 0, n)), st.integers(1, 5)),
)
addresses = st.tuples(ips, st.just(33445))
steps_ms = st.sampled_from([0, 1, 1000, 30_000, BAD_NODE_TIMEOUT_MS])
answers = st.lists(st.tuples(keys, addresses, steps_ms), max_size=80)

any_ip = st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16).map(normalise_ip))
any_node = st.builds(Node, st.binary(min_size=32, max_size=32), st.tuples(any_ip, st.integers(0, 65535)))


@given(st.lists(any_node, max_size=4), st.binary(min_size=8, max_size=8))
def test_nodes_responses_come_back(nodes, ping_id):
    payload = packets.pack_nodes_response(nodes, ping_id)
    assert packets.unpack_nodes_response(payload) == (nodes, ping_id)


@given(st.binary(max_size=250))
def test_any_bytes_fail_or_come_back(payload):
    try:
        nodes, ping_id = packets.unpack_nodes_response(payload)
    except PacketError:
        return
    again = packets.pack_nodes_response(nodes, ping_id)
    # only IPv4-mapped IPv6 addresses have two forms
    assert packets.unpack_nodes_response(again) == (nodes, ping_id)
    assert len(again) <= len(payload)


@given(answers)
def test_the_close_list_keeps_its_shape(steps):
    close, now_ms, times = CloseList(bytes(32)), 0, {}
    for public_key, address, step_ms in steps:
        now_ms += step_ms
        had_room = public_key != bytes(32) and (
            close.get(public_key) is not None or close.has_room(public_key, now_ms)
        )
        assert close.add(public_key, address, now_ms) == had_room
        if had_room:
            times[public_key] = now_ms
        clients = list(close.clients())
        buckets = [bucket_index(client.distance) for client in clients]
        assert all(buckets.count(index) <= MAX_CLIENTS for index in buckets)
        held = [association.address for client in clients for association in client.associations()]
        assert sorted(held) == sorted(close.by_address)
        for client in clients:
            assert client.associations()
            assert client.good_until_ms() <= times[client.public_key] + BAD_NODE_TIMEOUT_MS
            assert close.get(client.public_key) is client


@given(answers, keys)
def test_the_nearest_of_the_close_list_are_the_nearest(steps, target):
    close, now_ms = CloseList(bytes(32)), 0
    for public_key, address, step_ms in steps:
        now_ms += step_ms
        close.add(public_key, address, now_ms)
    number = number_of(target)
    groups = [sorted(client.number ^ number for client in group) for group in close.nearest(number)]
    in_order = [distance for group in groups for distance in group]
    assert in_order == sorted(client.number ^ number for client in close.clients())


@given(answers, keys)
def test_a_search_list_holds_the_nearest_good_nodes(steps, target):
    """Against a plain model: without bad nodes in play it is the eight nearest ever heard."""
    search, heard = SearchList(target, 4), {}
    for i, (public_key, _, _) in enumerate(steps):
        address = bytes((30, 0, i >> 8, i & 255)), 33445
        search.add(public_key, number_of(public_key), address, 0)
        heard[public_key] = number_of(public_key) ^ number_of(target)
        assert sorted(client.distance for client in search.clients()) == sorted(heard.values())[:MAX_CLIENTS]


@given(answers, keys)
def test_a_search_list_never_refuses_whom_it_needs(steps, target):
    search, now_ms = SearchList(target, 4), 0
    for public_key, address, step_ms in steps:
        now_ms += step_ms
        clients = list(search.clients())
        distance = number_of(public_key) ^ number_of(target)
        useful = (
            len(clients) < MAX_CLIENTS
            or any(not client.is_good(now_ms) for client in clients)
            or any(distance <= client.distance for client in clients)
        )
        assert search.has_room(number_of(public_key), now_ms) == useful
        assert search.add(public_key, number_of(public_key), address, now_ms) == useful
        assert len(list(search.clients())) <= MAX_CLIENTS


@settings(max_examples=150)
@given(
    st.lists(st.tuples(keys, addresses), max_size=12),
    st.lists(keys, max_size=5),
    st.lists(st.tuples(keys, addresses), max_size=10),
    keys,
    st.integers(1, 6),
)
def test_the_closest_nodes_are_the_nearest_of_all_lists(heard, searched, found, target, count):
    rt = Runtime(SimClock(), SeededRng(9))
    dht = DHT(KeyPair(b"\x05" * 32), rt=rt, send=lambda *_: None, udp=Dispatch())
    for key in searched:
        dht.add_friend(key, lambda _: None)
    for key, address in heard:
        dht.answered(address, key)
    for search in list(dht.nodes.searches.values())[2:]:
        # as if the close list had had no room for them
        for key, address in found:
            search.add(key, number_of(key), address, 0)
    lists = [dht.nodes.close_list, *dht.nodes.searches.values()]
    known = {node.public_key for each in lists for node in each.good_nodes(0)}
    expected = sorted(number_of(key) ^ number_of(target) for key in known)[:count]
    closest = [
        number_of(node.public_key) ^ number_of(target) for node in dht.nodes.closest_nodes(target, count)
    ]
    assert closest == expected


@given(st.lists(keys, max_size=60), keys, st.integers(1, 10))
def test_nearest_keeps_the_nearest(offered, base, capacity):
    nearest = Nearest(number_of(base), capacity)
    for public_key in offered:
        nearest.offer(Node(public_key, (bytes(4), 1)))
    distances = [number_of(node.public_key) ^ number_of(base) for node in nearest.take()]
    assert distances == sorted({number_of(key) ^ number_of(base) for key in offered})[:capacity]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 3000)), max_size=60))
def test_ping_ids_are_taken_once_and_in_time(steps):
    rt = Runtime(SimClock(), SeededRng(7))
    sendbacks, known = Sendbacks(rt=rt), []
    for add, n, step_ms in steps:
        rt.clock.now_ms += step_ms
        who = bytes((n,)) * 32, (bytes(4), n)
        if add:
            known.append((sendbacks.add(*who), who, rt.clock.now_ms + PING_TIMEOUT_MS))
        elif known:
            ping_id, who, deadline_ms = known.pop(n % len(known))
            assert (sendbacks.take(ping_id, *who) is not None) == (rt.clock.now_ms < deadline_ms)
            assert sendbacks.take(ping_id, *who) is None
        alive = [who for _, who, deadline_ms in known if rt.clock.now_ms < deadline_ms]
        assert len(sendbacks) == len(alive) <= MAX_OUTSTANDING
        for n in range(6):
            who = bytes((n,)) * 32, (bytes(4), n)
            assert sendbacks.is_asked(*who) == (who in alive)


@settings(max_examples=300)
@given(st.sampled_from([0x00, 0x01, 0x02, 0x04, 0x20]), st.binary(max_size=300), st.booleans(), addresses)
def test_any_bytes_from_anyone_never_raise_and_are_never_answered(kind, body, for_us, address):
    rt, udp, sent = Runtime(SimClock(), SeededRng(9)), Dispatch(), []
    dht = DHT(KeyPair(b"\x05" * 32), rt=rt, send=lambda *datagram: sent.append(datagram), udp=udp)
    data = bytes((kind,)) + (dht.public_key if for_us else b"") + body
    udp.handlers[kind](address, data)
    rt.clock.now_ms += 5000
    rt.timers.run_due()
    assert sent == []
    assert sum(count for name, count in rt.counters.values.items() if name.startswith("drop.")) == 1
