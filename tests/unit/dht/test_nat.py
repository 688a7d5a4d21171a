"""NAT pings and the guessing of ports."""

import pytest

from tests.support.universe import Universe
from tests.unit.dht.net import Peer
from toxpy.crypto.keys import KeyPair
from toxpy.dht.kbucket import BAD_NODE_TIMEOUT_MS, number_of
from toxpy.dht.nat import (
    ANSWERS_BURST,
    MAX_NORMAL_TRIES,
    MAX_PUNCHING_PORTS,
    MIN_TELLERS,
    NAT_PING,
    PINGS_BURST,
    PUNCH_INTERVAL_MS,
    PUNCH_RESET_MS,
    PUNCHES_BURST,
    common_ip,
    low_ports,
    near_ports,
)
from toxpy.dht.packets import open_request, request_keys
from toxpy.dht.sendbacks import MAX_OUTSTANDING, PING_TIMEOUT_MS
from toxpy.wire.packets import DHT_REQUEST, PING_REQUEST

NAT_IP = bytes((40, 0, 0, 1))
LIAR_IP = bytes((50, 0, 0, 1))
PING_ID = b"8 bytes!"


def teller_address(i):
    return bytes((30, 0, i >> 8, i & 255)), 33445


class Stage:
    """alice searches bob; eight nodes, which never answer, are around bob's key and tell where bob is."""

    def __init__(self, told=(), **dht):
        self.universe = Universe(5)
        self.alice = Peer(self.universe, "alice", **dht)
        self.bob = KeyPair.generate(self.alice.rt.rng)
        self.token = self.alice.dht.add_friend(self.bob.public, lambda _address: None)
        self.search = self.alice.dht.nodes.searches[self.bob.public]
        self.tell(told)
        self.alice.sent.clear()

    def tell(self, told):
        """One teller for each of these addresses."""
        now_ms = self.universe.clock.now_ms
        for i, address in enumerate(told):
            key = bytes((i,)) + self.bob.public[1:]
            self.search.add(key, number_of(key), teller_address(i), now_ms)
            self.search.get(key).told(address, now_ms)

    def receive(self, kind, ping_id=PING_ID, sender=None):
        """A NAT ping that a teller brought."""
        payload = bytes((kind,)) + ping_id
        self.alice.dht.requests.handlers[NAT_PING](teller_address(0), sender or self.bob.public, payload)

    @property
    def ping_id(self):
        """That of our own NAT pings for bob."""
        return self.alice.dht._punching._nats[self.bob.public].ping_id

    def both_sides_are_at_it(self):
        """bob's request, and bob's response to ours."""
        self.receive(0)
        self.receive(1, self.ping_id)

    def later(self, delay_ms):
        """Time passes, timers do not run."""
        self.universe.clock.now_ms += delay_ms

    def take(self):
        sent, self.alice.sent[:] = list(self.alice.sent), []
        return sent

    def punches(self):
        """Ports pinged since the last time."""
        sent = [to for to, data in self.take() if data[0] == PING_REQUEST.kind]
        assert all(ip == NAT_IP for ip, _ in sent)
        return [port for _, port in sent]

    def nat_pings(self, sent):
        """(teller, payload) of the NAT pings among these packets."""
        found = []
        for to, data in sent:
            if data[0] == DHT_REQUEST.kind:
                assert request_keys(data) == (self.bob.public, self.alice.key)
                payload = open_request(self.alice.dht.shared_keys.get(self.bob.public), data)
                assert payload[0] == NAT_PING
                found.append((to, payload[1:]))
        return found


def cone(count=8, ip=NAT_IP):
    return [(ip, 5000)] * count


def symmetric(count=8):
    return [(NAT_IP, 5000 + 10 * i) for i in range(count)]


# guesses


def test_guesses_go_around_each_port_and_away_from_it():
    assert near_ports([100, 200], 0)[:10] == [100, 100, 200, 200, 101, 99, 201, 199, 102, 98]
    assert near_ports([100, 200], 4)[:4] == [101, 99, 201, 199]
    assert near_ports([65535, 0], 4)[:4] == [0, 65534, 1, 65535]
    assert len(near_ports([1], 7)) == MAX_PUNCHING_PORTS


def test_low_guesses_go_upwards():
    assert low_ports(0) == list(range(1024, 1024 + MAX_PUNCHING_PORTS))
    assert low_ports(65536 - 1024)[:2] == [0, 1]


def test_the_ip_is_that_of_the_majority():
    assert common_ip(cone(MIN_TELLERS)) == NAT_IP
    assert common_ip(cone(MIN_TELLERS - 1)) is None
    assert common_ip([*cone(3, LIAR_IP), *cone(4)]) == NAT_IP
    assert common_ip([]) is None


# what others told


def test_what_was_told_is_kept_per_ip_version_and_for_two_minutes():
    v6 = (b"\x20\x01" + bytes(13) + b"\x01", 33445)
    stage = Stage(cone(3))
    now_ms = stage.universe.clock.now_ms
    assert stage.search.returned(now_ms) == cone(3)
    for client in list(stage.search.clients())[:2]:
        client.told(v6, now_ms)
    assert stage.search.returned(now_ms) == cone(3)
    list(stage.search.clients())[2].told(v6, now_ms)
    assert stage.search.returned(now_ms) == [v6] * 3, "equally many: IPv6"
    assert stage.search.tellers(now_ms) == [teller_address(i) for i in range(3)]
    stage.later(BAD_NODE_TIMEOUT_MS)
    now_ms = stage.universe.clock.now_ms
    assert stage.search.returned(now_ms) == stage.search.tellers(now_ms) == []


# NAT pings


def test_requests_are_answered_through_one_teller():
    stage = Stage(cone())
    stage.receive(0)
    ((to, payload),) = stage.nat_pings(stage.take())
    assert payload == b"\x01" + PING_ID
    assert to in [teller_address(i) for i in range(8)]


def test_answers_are_bounded():
    stage = Stage(cone())
    for _ in range(5 * ANSWERS_BURST):
        stage.receive(0)
    assert len(stage.take()) == ANSWERS_BURST
    assert stage.alice.dropped("nat_ping_budget") == 4 * ANSWERS_BURST


def test_answers_to_all_friends_together_are_bounded():
    stage = Stage(cone())
    for i in range(2 * PINGS_BURST):
        friend = KeyPair.generate(stage.alice.rt.rng).public
        stage.alice.dht.add_friend(friend, lambda _address: None)
        stage.alice.dht.nodes.searches[friend].add(friend[:31] + b"!", 0, teller_address(8 + i), 0)
        for client in stage.alice.dht.nodes.searches[friend].clients():
            client.heard(client.v4.address, stage.universe.clock.now_ms)
            client.told((NAT_IP, 5000), stage.universe.clock.now_ms)
        stage.receive(0, sender=friend)
    assert len(stage.take()) == PINGS_BURST
    assert stage.alice.rt.counters.values["nat_ping_budget"] == PINGS_BURST


def test_strangers_and_nonsense_are_dropped():
    stage = Stage(cone())
    handler = stage.alice.dht.requests.handlers[NAT_PING]
    stranger = KeyPair.generate(stage.alice.rt.rng).public
    stage.receive(0, sender=stranger)
    # nobody is behind a random key, so this cannot be its owner
    random_key = next(key for key, search in stage.alice.dht.nodes.searches.items() if not search.callbacks)
    stage.receive(0, sender=random_key)
    assert stage.alice.dropped("nat_ping_stranger") == 2
    for size in (0, 1, 8, 10, 900):
        handler(teller_address(0), stage.bob.public, bytes(size))
    assert stage.alice.dropped("nat_ping_size") == 5
    stage.receive(2)
    assert stage.alice.dropped("nat_ping_kind") == 1
    stage.receive(1)
    assert stage.alice.dropped("nat_ping_replay") == 1
    assert stage.take() == []
    stage.alice.dht.remove_friend(stage.token)
    stage.receive(0)
    assert stage.alice.dropped("nat_ping_stranger") == 3


def test_a_ping_id_is_good_once():
    stage = Stage(symmetric())
    stage.receive(0)
    ping_id = stage.ping_id
    stage.receive(1, ping_id)
    assert stage.punches()
    stage.later(PUNCH_INTERVAL_MS)
    stage.receive(1, ping_id)
    stage.receive(0)
    assert stage.punches() == []
    assert stage.alice.dropped("nat_ping_replay") == 1


# punching


def test_it_takes_a_request_and_a_response():
    stage = Stage(symmetric())
    stage.receive(0)
    assert stage.punches() == []
    stage.receive(1, stage.ping_id)
    assert len(stage.punches()) == MAX_PUNCHING_PORTS - 8, "the first guess of each port comes twice"
    late = Stage(symmetric())
    late.receive(0)
    late.later(2 * PUNCH_INTERVAL_MS + 1)
    late.receive(1, late.ping_id)
    assert late.punches() == []
    late.receive(0)
    assert late.punches()


def test_a_cone_gets_one_ping_each_time_and_a_scan_in_the_end():
    stage = Stage(cone())
    for _ in range(MAX_NORMAL_TRIES + 1):
        stage.both_sides_are_at_it()
        assert stage.punches() == [5000]
        stage.both_sides_are_at_it()
        assert stage.punches() == [], "too early"
        stage.later(PUNCH_INTERVAL_MS)
    for first in (1024, 1024 + 24, 1024 + 48):
        stage.both_sides_are_at_it()
        assert stage.punches() == [5000, *range(first, first + 48)]
        stage.later(PUNCH_INTERVAL_MS)
    stage.later(PUNCH_RESET_MS)
    stage.both_sides_are_at_it()
    assert stage.punches() == [5000]


def test_guesses_go_on_where_they_stopped():
    stage = Stage(symmetric(4))
    guessed = set()
    for _ in range(4):
        stage.both_sides_are_at_it()
        guessed |= set(stage.punches())
        stage.later(PUNCH_INTERVAL_MS)
    expected = {5000 + 10 * i + delta for i in range(4) for delta in range(-23, 24)}
    assert guessed == expected


def test_off_means_no_guesses_but_answers():
    stage = Stage(symmetric(), hole_punching=False)
    stage.both_sides_are_at_it()
    sent = stage.take()
    assert [data[0] for _, data in sent] == [DHT_REQUEST.kind]


def test_too_few_tellers_aim_at_nobody():
    for told in (symmetric(3), [*cone(3), *cone(3, LIAR_IP)]):
        stage = Stage(told)
        stage.both_sides_are_at_it()
        assert stage.punches() == []


def test_a_reached_friend_is_left_alone():
    stage = Stage(symmetric())
    stage.alice.dht.answered((NAT_IP, 6000), stage.bob.public)
    stage.both_sides_are_at_it()
    pings = stage.nat_pings(sent := stage.take())
    assert [to for to, _ in pings] == [(NAT_IP, 6000)]
    assert PING_REQUEST.kind not in [data[0] for _, data in sent], "the answer goes straight to bob"


def test_all_friends_together_stay_within_the_open_pings():
    stage = Stage(symmetric())
    dht, friends = stage.alice.dht, [stage.bob.public]
    for i in range(40):
        friend = KeyPair.generate(stage.alice.rt.rng).public
        friends.append(friend)
        dht.add_friend(friend, lambda _address: None)
        for j, address in enumerate(symmetric()):
            key = bytes((j,)) + friend[1:]
            dht.nodes.searches[friend].add(key, number_of(key), teller_address(20 * i + j), 0)
            dht.nodes.searches[friend].get(key).told(address, stage.universe.clock.now_ms)
    total = 0
    end_ms = stage.universe.clock.now_ms + PING_TIMEOUT_MS
    while stage.universe.clock.now_ms < end_ms:
        for friend in friends:
            stage.receive(0, sender=friend)
            stage.receive(1, dht._punching._nats[friend].ping_id, sender=friend)
        total += len(stage.punches())
        stage.later(250)
    assert PUNCHES_BURST < total < MAX_OUTSTANDING
    assert stage.alice.rt.counters.values["nat_punch_budget"] > 0


# timers


def unreachable(searched_back, size=12):
    """alice searches bob, who is behind a symmetric NAT with random ports and lets nobody in."""
    universe = Universe(9)
    public = [Peer(universe, f"node {i}") for i in range(size)]
    alice = Peer(universe, "alice", behind=universe.nat("symmetric", "random"))
    bob = Peer(universe, "bob", behind=universe.nat("symmetric", "random"))
    for peer in (*public[1:], alice, bob):
        peer.dht.bootstrap(public[0].address, public[0].key)
    universe.run_for(10_000)
    token = alice.dht.add_friend(bob.key, lambda _address: None)
    if searched_back:
        bob.dht.add_friend(alice.key, lambda _address: None)
    return universe, alice, bob, token


def nat_pings_to(peer, receiver):
    return [to for to, data in peer.sent if data[0] == DHT_REQUEST.kind and data[1:33] == receiver.key]


@pytest.mark.parametrize("searched_back", [False, True])
def test_requests_go_out_every_three_seconds_while_he_is_searched(searched_back):
    universe, alice, bob, token = unreachable(searched_back)
    universe.run_for(60_000)
    pings = nat_pings_to(alice, bob)
    assert 18 * MIN_TELLERS <= len(pings) <= 21 * 8 * (2 if searched_back else 1)
    assert len(set(pings)) >= MIN_TELLERS
    if not searched_back:
        assert bob.dropped("nat_ping_stranger") >= 18
    alice.dht.remove_friend(token)
    alice.sent.clear()
    universe.run_for(60_000)
    assert nat_pings_to(alice, bob) == []


def test_with_too_few_tellers_there_are_no_pings():
    universe, alice, bob, _ = unreachable(True, size=MIN_TELLERS - 1)
    universe.run_for(60_000)
    assert len(alice.dht.nodes.searches[bob.key].tellers(universe.clock.now_ms)) == MIN_TELLERS - 1
    assert nat_pings_to(alice, bob) == []


def test_pings_end_when_the_tellers_forget_him():
    universe, alice, bob, _ = unreachable(True)
    universe.run_for(20_000)
    assert nat_pings_to(alice, bob)
    bob.socket.online = False
    universe.run_for(3 * BAD_NODE_TIMEOUT_MS)
    alice.sent.clear()
    universe.run_for(60_000)
    assert nat_pings_to(alice, bob) == []
    bob.socket.online = True
    universe.run_for(200_000)
    assert nat_pings_to(alice, bob)


def test_nothing_is_sent_after_close():
    universe, alice, bob, _ = unreachable(True)
    universe.run_for(20_000)
    alice.dht.close()
    alice.sent.clear()
    universe.run_for(20_000)
    assert nat_pings_to(alice, bob) == []
