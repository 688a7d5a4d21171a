"""Whatever relays, friends and the network do: bounded tables, and all agree on who is online where."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.pool_world import Friend, World, online_relays, peer_pk, relay_node
from toxpy.tcp.pool import MAX_PEER_RELAYS
from toxpy.tcp.relay import MAX_RETRY_MS
from toxpy.tcp.relays import MAX_RELAYS, ONION_RELAYS, RECOMMENDED_RELAYS

RELAYS, PEERS = 10, 5


class Play:
    """The pool against a model: what the relays, who are all here, believe."""

    def __init__(self, seed):
        self.world = World(seed)
        self.friends = {}
        self.named = set()
        self.onion = False
        self.steps = {
            name.removeprefix("do_"): getattr(self, name) for name in dir(self) if name.startswith("do_")
        }

    # steps; a and b are any numbers

    def do_name(self, a, b):
        self.world.pool.add_relay(relay_node(a % RELAYS, 1000 + b % 3))
        self.named.add(relay_node(a % RELAYS).public_key)

    def do_open(self, a, b):
        if a % PEERS not in self.friends:
            self.friends[a % PEERS] = Friend(self.world, a % PEERS)

    def do_close(self, a, b):
        friend = self.friends.pop(a % PEERS, None)
        if friend is not None:
            friend.peer.close()

    def do_tell(self, a, b):
        if a % PEERS in self.friends:
            self.friends[a % PEERS].peer.add_relay(relay_node(b % RELAYS))

    def do_hear(self, a, b):
        if a % PEERS in self.friends:
            self.friends[a % PEERS].peer.heard_through(relay_node(b % RELAYS).public_key)

    def do_sleep(self, a, b):
        if a % PEERS in self.friends:
            self.friends[a % PEERS].peer.set_sleeping(bool(b % 3))

    def do_onion(self, a, b):
        self.onion = bool(a % 2)
        self.world.pool.set_onion(self.onion)

    def do_wait(self, a, b):
        self.world.advance(a if b % 3 else a * 60)

    def do_up(self, a, b):
        waiting = [client for client in self.world.live() if not client.confirmed]
        if waiting:
            waiting[a % len(waiting)].up()

    def do_down(self, a, b):
        live = self.world.live()
        if live:
            live[a % len(live)].down()

    def confirmed(self, a):
        clients = [client for client in self.world.live() if client.confirmed]
        return clients[a % len(clients)] if clients else None

    def do_full(self, a, b):
        client = self.confirmed(a)
        if client is not None:
            client.full = bool(b % 2)

    def do_answer(self, a, b):
        client = self.confirmed(a)
        if client is not None and client.asked:
            client.answer(client.asked[b % len(client.asked)])

    def do_refuse(self, a, b):
        client = self.confirmed(a)
        if client is not None and client.asked:
            dht_pk = client.asked.pop(b % len(client.asked))
            client.owner.on_routing_response(client, None, dht_pk)

    def do_answer_nonsense(self, a, b):
        client = self.confirmed(a)
        if client is not None and client.asked:
            connection_id = (-1, 240, 255, *client.ids)[b % (3 + len(client.ids))]
            client.owner.on_routing_response(client, connection_id, client.asked.pop(0))

    def do_answer_unasked(self, a, b):
        client = self.confirmed(a)
        if client is not None and peer_pk(b % PEERS) not in client.asked:
            client.owner.on_routing_response(client, b % 300, peer_pk(b % PEERS))

    def do_come(self, a, b):
        client = self.confirmed(a)
        if client is not None and client.ids:
            client.come(list(client.ids.values())[b % len(client.ids)])

    def do_leave(self, a, b):
        client = self.confirmed(a)
        if client is not None and client.ids:
            client.leave(list(client.ids.values())[b % len(client.ids)])

    def do_claim(self, a, b):
        client = self.confirmed(a)
        if client is not None and b % 300 not in client.ids:
            client.owner.on_peer_status(client, b % 300, bool(a % 2))
            client.owner.on_data(client, b % 300, b"claimed")

    def do_send(self, a, b):
        friend = self.friends.get(a % PEERS)
        if friend is None:
            return
        data = bytes(1300 if b % 2 else 100)
        before = {client: len(client.sent) for client in self.world.live()}
        sent = friend.peer.send(data)
        new = [(client, frame) for client in before for frame in client.sent[before[client] :]]
        assert sent == bool(new)
        if friend.peer.is_online:
            assert len(new) <= 1
        for client, frame in new:
            if friend.peer.is_online:
                assert frame == ("data", client.id_of(friend.pk), data)
                assert frame[1] in client.online
            else:
                assert frame == ("oob", friend.pk, data)
                assert friend.pk in client.ids.values()

    def do_receive(self, a, b):
        client = self.confirmed(a)
        if client is not None and client.ids:
            connection_id = list(client.ids)[b % len(client.ids)]
            friend = self.friends[client.ids[connection_id][-1]]
            client.owner.on_data(client, connection_id, b"%d" % b)
            assert friend.data.pop() == b"%d" % b

    # what always holds

    def check(self):
        pool, live = self.world.pool, self.world.live()
        states = pool.relay_states()
        keys = [node.public_key for node, _, _ in states]
        assert len(keys) == len(set(keys)) <= MAX_RELAYS
        assert self.named <= set(keys)
        up = {client.node.public_key for client in live if client.confirmed}
        trying = {client.node.public_key for client in live if not client.confirmed}
        assert len(live) == len(up) + len(trying)
        assert up == {node.public_key for node, state, _ in states if state == "connected"}
        assert trying == {node.public_key for node, state, _ in states if state == "connecting"}
        assert pool.connected() == len(up)
        assert {node.public_key for node in pool.relays(MAX_RELAYS)} == up
        onion = {node.public_key for node in pool.onion_relays()}
        assert onion <= up and len(onion) == (min(ONION_RELAYS, len(up)) if self.onion else 0)
        for friend in self.friends.values():
            at = [c.node for c in live if any(c.ids.get(i) == friend.pk for i in c.online)]
            assert sorted(map(repr, online_relays(friend.peer))) == sorted(map(repr, at))
            assert friend.peer.is_online == bool(at)
            assert sum(friend.pk in c.ids.values() for c in live) <= MAX_PEER_RELAYS
            # every flip was told, once
            assert friend.changes == [i % 2 == 0 for i in range(len(friend.changes))]
            assert (len(friend.changes) % 2 == 1) == friend.peer.is_online
        for client in live:
            # no id is held for anybody who left
            assert {pk[-1] for pk in client.ids.values()} <= set(self.friends)

    def settle(self, rounds=12):
        """Relays answer, peers come wherever they are expected."""
        for _ in range(rounds):
            self.world.advance(MAX_RETRY_MS)
            for client in self.world.live():
                client.full = False
                if not client.confirmed:
                    client.up()
            self.world.advance(2000)
            for client in self.world.live():
                while client.asked:
                    client.answer()
                for connection_id, dht_pk in list(client.ids.items()):
                    if connection_id not in client.online:
                        client.come(dht_pk)
            self.check()


NAMES = sorted(name.removeprefix("do_") for name in dir(Play) if name.startswith("do_"))
USUAL = ["tell", "tell", "up", "up", "answer", "answer", "come", "come", "name", "open", "wait"]
STEPS = st.lists(
    st.tuples(st.sampled_from(NAMES + USUAL), st.integers(0, 1000), st.integers(0, 1000)),
    min_size=20,
    max_size=200,
)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 1000), STEPS)
def test_the_books_are_kept_and_all_comes_right_again(seed, steps):
    play = Play(seed)
    for name, a, b in steps:
        play.steps[name](a, b)
        play.check()
    # all relays work now and every peer needs them: everybody is reached
    play.do_name(0, 0)
    play.settle()
    for i in range(PEERS):
        play.do_open(i, 0)
        play.do_sleep(i, 0)
    for _ in range(2):
        for i in range(PEERS):
            play.do_tell(i, 0)
        play.settle(2)
    assert all(friend.peer.is_online for friend in play.friends.values())
    for i in range(PEERS):
        play.do_send(i, 0)
    # and when nobody does, what remains awake is what the onion and the client keep
    for i in range(PEERS):
        play.do_sleep(i, 1)
    play.settle()
    assert play.world.pool.connected() <= RECOMMENDED_RELAYS
    for i in range(PEERS):
        play.do_close(i, 0)
    play.settle(2)
    assert all(client.ids == {} for client in play.world.live())


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(200, 400), st.integers(0, 100))
def test_the_table_of_relays_is_bounded(seed, told, named):
    world = World(seed)
    friends = [Friend(world, i) for i in range(80)]
    for i in range(told):
        if friends[i % 80].peer.add_relay(relay_node(1000 + i)) and i % 7 == 0:
            world.live()[-1].up()
    accepted = [world.pool.add_relay(relay_node(i)) for i in range(named)]
    assert all(accepted[:64]) and len(world.pool.relay_states()) <= MAX_RELAYS
    assert len(world.live()) == len(world.pool.relay_states())
