"""LAN discovery in the simulated universe."""

from tests.support.universe import Universe
from tests.unit.dht.net import Peer
from toxpy.crypto.keys import KeyPair
from toxpy.dht.lan import INTERVAL_MS, LAN_DISCOVERY, NEWCOMERS_BURST, PORTS_PER_ROUND, Lan
from toxpy.system.sockets import FIRST_PORT, LAST_PORT
from toxpy.wire.packets import NODES_REQUEST

EVERYBODY = [(b"\xff\xff\xff\xff", 0)]


def neighbour(i):
    return bytes((192, 168, i >> 8, i & 255)), 33445


class Neighbour(Peer):
    """A peer with LAN discovery; `rounds` has what it would send, (port, destinations) by time."""

    def __init__(self, universe, name, behind=None, port=FIRST_PORT):
        super().__init__(universe, name, behind=behind)
        self.rounds = {}
        self.lan = Lan(
            self.dht,
            rt=self.rt,
            udp=self.udp,
            port=port,
            broadcast=self.broadcast,
            destinations=lambda: EVERYBODY,
        )

    def broadcast(self, data, port, destinations):
        assert data == bytes((LAN_DISCOVERY,)) + self.key
        assert destinations == EVERYBODY
        self.rounds.setdefault(self.rt.clock.now_ms, []).append(port)
        self.socket.broadcast(data, port, destinations)

    def hear(self, address, key=None):
        """A discovery packet from there."""
        key = KeyPair.generate(self.rt.rng).public if key is None else key
        self.deliver(address, bytes((LAN_DISCOVERY,)) + key)

    def asked(self):
        """Addresses of nodes requests sent since the last time."""
        found = [to for to, data in self.sent if data[0] == NODES_REQUEST.kind]
        self.sent.clear()
        return found


def test_hosts_of_one_lan_find_each_other_without_bootstrap():
    universe = Universe(1)
    nat = universe.nat("port")
    peers = [Neighbour(universe, f"host {i}", behind=nat) for i in range(3)]
    alone = Neighbour(universe, "elsewhere", behind=universe.nat("port"))
    assert universe.run_until(lambda: all(peer.dht.nodes.is_connected() for peer in peers), 5000)
    universe.run_for(20_000)
    for peer in peers:
        known = {node.public_key for node in peer.dht.nodes.random_nodes(9)}
        assert known == {other.key for other in peers if other is not peer}
        assert not peer.dht.nodes.is_connected_beyond_lan()
    assert not alone.dht.nodes.is_connected()


def test_a_searched_friend_of_the_lan_is_reached_at_its_private_address():
    universe = Universe(2)
    nat = universe.nat("symmetric", "random")
    alice, bob = (Neighbour(universe, name, behind=nat) for name in ("alice", "bob"))
    alice.dht.add_friend(bob.key, lambda _address: None)
    assert universe.run_until(lambda: alice.dht.nodes.friend_address(bob.key), 15_000)
    assert alice.dht.nodes.friend_address(bob.key) == bob.address


def test_ten_rounds_cover_the_default_range_every_ten_seconds():
    universe = Universe(3)
    peer = Neighbour(universe, "alice")
    universe.run_for(20 * INTERVAL_MS - 1000)
    times = list(peer.rounds)
    assert [later - earlier for earlier, later in zip(times, times[1:], strict=False)] == [INTERVAL_MS] * 19
    rounds = list(peer.rounds.values())
    assert rounds[0] == [FIRST_PORT, *range(FIRST_PORT + 1, FIRST_PORT + 1 + PORTS_PER_ROUND)]
    assert all(ports[0] == FIRST_PORT and len(ports) <= PORTS_PER_ROUND + 1 for ports in rounds)
    assert {port for ports in rounds[:10] for port in ports} == set(range(FIRST_PORT, LAST_PORT + 1))
    assert rounds[10:] == rounds[:10]


def test_our_own_port_is_tried_as_well():
    universe = Universe(3)
    peer = Neighbour(universe, "alice", port=50_000)
    universe.run_for(2 * INTERVAL_MS)
    assert all(ports[-1] == 50_000 and ports.count(50_000) == 1 for ports in peer.rounds.values())


def test_only_the_lan_is_heard_and_only_right_sizes():
    peer = Neighbour(Universe(4), "alice")
    peer.hear((bytes((8, 8, 8, 8)), 33445))
    peer.hear((b"\x20\x01" + bytes(13) + b"\x01", 33445))
    assert peer.dropped("lan_stranger") == 2
    for size in (1, 32, 34, 1500):
        peer.deliver(neighbour(1), bytes((LAN_DISCOVERY,)) * size)
    assert peer.dropped("lan_size") == 4
    peer.hear(neighbour(1), peer.key)
    peer.hear((neighbour(1)[0], 0))
    assert peer.asked() == []
    link_local = (b"\xfe\x80" + bytes(13) + b"\x01", 33445)
    for address in (neighbour(1), (b"\x7f\0\0\x01", 33446), link_local):
        peer.hear(address)
        assert peer.asked() == [address]


def test_a_low_order_key_is_harmless():
    peer = Neighbour(Universe(4), "alice")
    peer.hear(neighbour(1), bytes(32))
    assert peer.asked() == []


def test_a_neighbour_is_asked_once_and_not_again_while_it_is_good():
    universe = Universe(5)
    peer = Neighbour(universe, "alice")
    key = KeyPair.generate(peer.rt.rng).public
    for _ in range(12):
        peer.hear(neighbour(1), key)
    assert peer.asked() == [neighbour(1)]
    universe.clock.now_ms += INTERVAL_MS
    peer.hear(neighbour(1), key)
    assert peer.asked() == [neighbour(1)], "it did not answer"
    peer.dht.answered(neighbour(1), key)
    universe.clock.now_ms += INTERVAL_MS
    peer.hear(neighbour(1), key)
    assert peer.asked() == []
    peer.hear(neighbour(2), key)
    assert peer.asked() == [neighbour(2)], "elsewhere it is news"


def test_a_flood_from_the_lan_makes_few_questions():
    peer = Neighbour(Universe(6), "alice")
    for i in range(20 * NEWCOMERS_BURST):
        peer.hear(neighbour(i))
    assert len(peer.asked()) == NEWCOMERS_BURST
    assert peer.dropped("lan_budget") == 19 * NEWCOMERS_BURST


def test_nothing_after_close():
    universe = Universe(7)
    peer = Neighbour(universe, "alice")
    universe.run_for(5000)
    peer.lan.close()
    peer.lan.close()
    peer.rounds.clear()
    universe.run_for(5 * INTERVAL_MS)
    assert peer.rounds == {}
