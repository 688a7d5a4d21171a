"""Laws of port guessing, and bytes from anyone as NAT ping or LAN discovery."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.universe import Universe
from tests.unit.dht.net import Peer
from toxpy.dht.kbucket import MAX_CLIENTS, number_of
from toxpy.dht.lan import LAN_DISCOVERY, Lan
from toxpy.dht.nat import MAX_PUNCHING_PORTS, MIN_TELLERS, NAT_PING, common_ip, near_ports

ports = st.integers(0, 65535)
told = st.lists(ports, min_size=1, max_size=MAX_CLIENTS)
friend = b"\x42" * 32


def apart(one, other):
    """How far two ports are from each other, around the end."""
    return min((one - other) % 65536, (other - one) % 65536)


@given(told, st.integers(0, 1000))
def test_one_go_after_the_other_leaves_no_port_out(told, goes):
    goes = goes % 20 + 1
    guesses = [port for go in range(goes) for port in near_ports(told, go * MAX_PUNCHING_PORTS)]
    assert len(guesses) == goes * MAX_PUNCHING_PORTS
    assert all(0 <= port < 65536 for port in guesses)
    reach = len(guesses) // (2 * len(told))
    near = {(port + delta) % 65536 for port in told for delta in range(-reach + 1, reach)}
    assert near <= set(guesses)
    assert all(min(apart(guess, port) for port in told) <= reach for guess in guesses)


@given(st.lists(st.tuples(st.binary(min_size=4, max_size=4), ports), max_size=MAX_CLIENTS))
def test_the_common_ip_is_told_by_half_of_the_list(addresses):
    ip = common_ip(addresses)
    ips = [address[0] for address in addresses]
    if ip is None:
        assert all(ips.count(each) < MIN_TELLERS for each in ips)
    else:
        assert ips.count(ip) >= MIN_TELLERS


inputs = st.lists(
    st.tuples(
        st.sampled_from(["nat", "lan"]),
        st.one_of(st.binary(max_size=40), st.binary(min_size=8, max_size=8).map(lambda tail: b"\0" + tail)),
        st.sampled_from([friend, b"\x43" * 32]),
        st.integers(0, 4000),
    ),
    max_size=40,
)


@settings(max_examples=30)
@given(st.booleans(), inputs)
def test_any_bytes_at_any_time(tellers_known, inputs):
    universe = Universe(1)
    peer = Peer(universe, "alice")
    Lan(
        peer.dht,
        rt=peer.rt,
        udp=peer.udp,
        port=peer.socket.port,
        broadcast=peer.socket.broadcast,
        destinations=lambda: [(b"\xff" * 4, 0)],
    )
    peer.dht.add_friend(friend, lambda _address: None)
    search = peer.dht.nodes.searches[friend]
    for i in range(MAX_CLIENTS if tellers_known else 0):
        key = bytes((i,)) + friend[1:]
        search.add(key, number_of(key), (bytes((30, 0, 0, i)), 33445), universe.clock.now_ms)
        search.get(key).told((bytes((40, 0, 0, 1)), 5000 + i), universe.clock.now_ms)
    for way, data, sender, wait_ms in inputs:
        if way == "nat":
            peer.dht.requests.handlers[NAT_PING]((bytes((30, 0, 0, 1)), 33445), sender, data)
        else:
            peer.udp.handlers[LAN_DISCOVERY]((bytes((10, 0, 0, 1)), 33445), bytes((LAN_DISCOVERY,)) + data)
        universe.run_for(wait_ms)
