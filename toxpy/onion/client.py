"""Being found and finding friends, without telling the network who looks for whom. Spec: Onion client.

For ourselves and for each friend we keep the nodes of the DHT that are closest to the real key:
we announce ourselves to ours, and ask a friend's about it. Whoever stores the friend's
announcement tells its data key; data sealed to that key and sent to that node reaches the friend.

    searching   announce request -> response: closer nodes, and is the friend stored there
    found       DHT-key packet over the storing nodes: 9c | no_replay 8 | our DHT pk 32 | nodes
    known       the same inside a DHT request, once the friend's DHT key is known

A node that answers is asked again every 15 s by the announcing side, less often when stable, and
ever more rarely for a friend that stays away. While something is new (we, the network, a friend) rounds are
short and questions come quickly at first: whom we look for often comes online in the same moment.
"""

from __future__ import annotations

from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.crypto.sodium import KEY_SIZE, MAC_SIZE, NONCE_SIZE, decrypt, encrypt, shared_key
from toxpy.dht.budget import TokenBucket
from toxpy.errors import PacketError
from toxpy.onion.announce import STORED_NO, STORED_OTHER, STORED_SELF
from toxpy.onion.path import MAX_DATA_SIZE
from toxpy.onion.paths import PathNodes, Paths
from toxpy.onion.targets import (
    DHT_PK_DIRECT_INTERVAL_MS,
    INTERVAL_MS,
    MAX_ANNOUNCE_NODES,
    MAX_MISSES,
    GroupTarget,
    OnionFriend,
    Question,
    Target,
)
from toxpy.runtime import Dispatch
from toxpy.wire.address import NODE6_SIZE, Node, is_lan, is_usable, pack_nodes, unpack_nodes
from toxpy.wire.packets import (
    ANNOUNCE_QUESTION,
    ANNOUNCE_RESPONSE,
    ANNOUNCE_RESPONSE_OLD,
    MAX_SENT_NODES,
    ONION_DATA_REQUEST,
    ONION_DATA_RESPONSE,
    ONION_PING_ID_SIZE,
    SENDBACK_SIZE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.dht.dht import DHT
    from toxpy.onion.path import OnionPath
    from toxpy.onion.targets import AnnounceNode, OnionOwner
    from toxpy.runtime import Runtime
    from toxpy.tcp.pool import TcpPool
    from toxpy.wire.address import Address
    from toxpy.wire.packets import Layout


DATA_DHT_PK = 156
DHT_REQUEST_DHT_PK = 156

#: Round of questions, ms.
ROUND_MS = 1000
#: Ours: round while something is new, and for how long it is new, ms.
SOON_ROUND_MS, SOON_MS = 100, 5000
#: Ours: questions about all friends together; whoever is not asked waits for the next round.
SEARCHES_PER_S, SEARCHES_BURST = 500, 1000
#: Questions under way: more than the budget allows in a round trip over slow paths.
MAX_PENDING = 2048
ANSWER_TIMEOUT_MS = 10_000
#: Candidates asked in one round while the DHT knows nobody. c-toxcore: MAX_PATH_NODES / 8.
MAX_CANDIDATES = 4
#: Age of the last answer at which we are connected no more, ms.
CONNECTED_FOR_MS = 75_000
MAX_FRIENDS = 65_536
#: Source of all that came through a relay, for the budget: one for all of it.
RELAYED: Address = (bytes(4), 0)
#: Relays in a DHT-key packet, before nodes.
MAX_SENT_RELAYS = MAX_SENT_NODES // 2

#: The longest `send_data`, with its kind byte: 1021 bytes. c-toxcore: ONION_CLIENT_MAX_DATA_SIZE.
MAX_CLIENT_DATA_SIZE = MAX_DATA_SIZE - (ONION_DATA_REQUEST.size + MAC_SIZE) - (KEY_SIZE + MAC_SIZE)
MIN_DHT_PK_SIZE = 8 + KEY_SIZE


class OnionClient:
    """Announces our real key and searches friends' real keys through onion paths."""

    def __init__(
        self,
        identity: KeyPair,
        dht: DHT,
        *,
        rt: Runtime,
        send: Callable[[Address, bytes], None],
        udp: Dispatch,
        tcp: TcpPool | None = None,
    ) -> None:
        self._tcp = tcp
        if tcp is not None:
            tcp.on_onion = self._on_relayed
        self._identity = identity
        self._identity_keys = SharedKeys(identity, rt=rt)
        self._dht = dht
        self._rt = rt
        self._send = send
        self.data = Dispatch()
        #: what searchers get to know to send us data; new at each start
        self._data_keys = KeyPair.generate(rt.rng)
        self._data_shared = SharedKeys(self._data_keys, rt=rt)
        self._self = Target(identity.public, identity, MAX_ANNOUNCE_NODES, rt=rt)
        self.friends: dict[bytes, OnionFriend] = {}
        #: whoever looks for members of a group puts its target here
        self.groups: list[GroupTarget] = []
        self.path_nodes = PathNodes(dht.nodes, rt=rt, tcp=tcp)
        self._self_paths = Paths(dht, self.path_nodes, rt=rt)
        self._friend_paths = Paths(dht, self.path_nodes, rt=rt)
        self._questions: dict[bytes, Question] = {}
        self._answered_ms = -CONNECTED_FOR_MS
        now_ms = rt.clock.now_ms
        self._searches = TokenBucket(SEARCHES_PER_S, SEARCHES_BURST, now_ms)
        self._turn = 0
        self._soon_until_ms = now_ms + SOON_MS
        self._was_reachable = False
        self.data.claim(DATA_DHT_PK, self._on_dht_pk)
        dht.requests.claim(DHT_REQUEST_DHT_PK, self._on_dht_request)
        udp.claim(ANNOUNCE_RESPONSE_OLD.kind, self._on_response_old)
        udp.claim(ANNOUNCE_RESPONSE.kind, self._on_response)
        udp.claim(ONION_DATA_RESPONSE.kind, self.on_data)
        self._timer = rt.timers.call_later(SOON_ROUND_MS, self._round)

    def close(self) -> None:
        """Stop the rounds."""
        self._timer.cancel()

    # friends

    def add_friend(self, real_pk: bytes, owner: OnionOwner) -> OnionFriend:
        """Search that key from now on; ValueError beyond 65536 friends."""
        if len(self.friends) >= MAX_FRIENDS:
            raise ValueError("too many friends")
        friend = self.friends[real_pk] = OnionFriend(real_pk, owner, rt=self._rt)
        self.search_soon()
        return friend

    def search_soon(self) -> None:
        """Something is new: short rounds for a while."""
        now_ms = self._rt.clock.now_ms
        self._soon_until_ms = now_ms + SOON_MS
        if self._timer.deadline_ms > now_ms + SOON_ROUND_MS:
            self._timer.cancel()
            self._timer = self._rt.timers.call_at(now_ms + SOON_ROUND_MS, self._round)

    def remove_friend(self, friend: OnionFriend) -> None:
        """Search it no more; answers under way are dropped."""
        if self.friends.get(friend.public_key) is friend:
            del self.friends[friend.public_key]

    def node_left(self, dht_pk: bytes) -> None:
        """A friend's node is gone: so are the paths over it, and our announcements that came along those."""
        self._dht.nodes.doubt(dht_pk)
        self.path_nodes.forget(dht_pk)
        self._friend_paths.forget(dht_pk)
        self._self.ask_again(self._self_paths.forget(dht_pk))
        self.search_soon()

    def add_bootstrap(self, node: Node) -> None:
        """A node that paths may use before the DHT knows others."""
        self.path_nodes.add(node)
        self.search_soon()

    def is_connected(self) -> bool:
        """True if any node has answered within 75 s."""
        return self._rt.clock.now_ms - self._answered_ms < CONNECTED_FOR_MS

    def connection_state(self) -> int:
        """0 not connected, 1 over TCP relays, 2 over UDP, for which c-toxcore wants a node beyond the LAN."""
        if not self.is_connected():
            return 0
        return 2 if self._dht.nodes.is_connected_beyond_lan() else 1

    def _send_along(self, path: OnionPath, destination: Address, packet: bytes) -> None:
        """Send to the first node of a path: directly, or as a request to a relay."""
        first = path.nodes[0]
        wrapped = path.wrap(self._rt.rng.bytes(NONCE_SIZE), destination, packet)
        if not first.tcp:
            self._send(first.address, wrapped)
        elif self._tcp is not None:
            self._tcp.send_onion(first.public_key, wrapped)

    def _on_relayed(self, data: bytes) -> None:
        """An answer that a relay, as our first hop, brings back."""
        kind = data[0] if data else -1
        try:
            if kind == ANNOUNCE_RESPONSE_OLD.kind:
                self._on_response_old(RELAYED, data)
            elif kind == ANNOUNCE_RESPONSE.kind:
                self._on_response(RELAYED, data)
            elif kind == ONION_DATA_RESPONSE.kind:
                self.on_data(RELAYED, data)
            else:
                self._rt.counters.drop("onion_relayed_kind")
        except PacketError:
            self._rt.counters.drop("onion_relayed_malformed")

    # questions

    def _paths(self, target: Target) -> Paths:
        return self._self_paths if target is self._self else self._friend_paths

    def _ask(
        self, target: Target, public_key: bytes, address: Address, node: AnnounceNode | None = None
    ) -> None:
        """Send an announce request to a node, over the path that worked for it if there is one.

        When it did not answer over that one, it may be the path that is dead, and another one is tried.
        """
        worked = node.path if node is not None and node.misses <= 1 else None
        path = self._paths(target).take(worked)
        key = target.shared_keys.get(public_key) if path is not None else None
        if path is None or key is None:
            return
        now_ms = self._rt.clock.now_ms
        if len(self._questions) >= MAX_PENDING:
            del self._questions[next(iter(self._questions))]
        sendback = self._rt.rng.bytes(SENDBACK_SIZE)
        self._questions[sendback] = Question(target, public_key, address, path.number, now_ms)
        is_self = target is self._self
        ping_id = node.ping_id if node is not None and is_self else bytes(ONION_PING_ID_SIZE)
        data_pk = self._data_keys.public if is_self else bytes(KEY_SIZE)
        nonce = self._rt.rng.bytes(NONCE_SIZE)
        question = ANNOUNCE_QUESTION.pack(ping_id, target.search_key(), data_pk, sendback)
        self._send_along(path, address, target.make_request(key, nonce, question))

    def _round(self) -> None:
        now_ms, connected = self._rt.clock.now_ms, self._dht.nodes.is_connected()
        reachable = connected or (self._tcp is not None and bool(self._tcp.onion_relays()))
        if reachable and not self._was_reachable:
            self._soon_until_ms = now_ms + SOON_MS
        self._was_reachable = reachable
        timers = self._rt.timers
        if now_ms < self._soon_until_ms:
            self._timer = timers.call_later(SOON_ROUND_MS, self._round)
        else:
            self._timer = timers.call_about(ROUND_MS, self._round)
        if self._tcp is not None:
            # without the DHT the onion needs relays, at first until it is known whether there is a DHT
            self._tcp.set_onion(not connected)
        self._maintain(self._self)
        if now_ms >= self._soon_until_ms and not self.is_connected():
            # nobody answers even about ourselves
            return
        for group in self.groups:
            others = group.owner.others_per_round()
            if others >= 0:
                self._maintain(group)
                for node in group.walk.choose(self._dht.nodes.random_nodes, others, now_ms):
                    self._ask(group.walk, node.public_key, node.address)
        friends = [friend for friend in self.friends.values() if not friend.is_online]
        # a round that ran out of questions goes on where it stopped
        start = self._turn = self._turn % len(friends) if friends else 0
        for friend in friends[start:] + friends[:start]:
            if self._searches.is_empty(now_ms):
                break
            self._turn += 1
            self._maintain(friend)
            self._tell_dht_pk(friend)

    def _maintain(self, target: Target) -> None:
        """Ask the known nodes that are due, and look for more while there are too few."""
        now_ms = self._rt.clock.now_ms
        asked = False
        for node in list(target.nodes.values()):
            if node.misses >= MAX_MISSES and now_ms - node.asked_ms >= INTERVAL_MS:
                del target.nodes[node.public_key]
            elif now_ms - node.asked_ms >= target.interval_ms(node, now_ms) or self._is_silent(
                target, now_ms
            ):
                if target is not self._self and not self._searches.take(now_ms):
                    return
                node.asked_ms = target.asked_ms = now_ms
                node.misses += 1
                asked = True
                self._ask(target, node.public_key, node.address, node)
        target.rounds += asked
        known = len(target.nodes)
        if known < target.capacity and self._rt.rng.below(target.capacity) >= known:
            closest = self._dht.nodes.closest_nodes(target.public_key, target.capacity // 2)
            for candidate in closest or self.path_nodes.candidates(MAX_CANDIDATES):
                self._ask_newcomer(target, candidate)

    def _is_silent(self, target: Target, now_ms: int) -> bool:
        """Stable nodes are asked every two minutes, but one after 15 s, to see that we are connected."""
        return target is self._self and now_ms - target.asked_ms >= INTERVAL_MS

    def _ask_newcomer(self, target: Target, node: Node) -> None:
        # our own DHT node may be among them: where only two nodes exist, each stores the other's friend
        if node.public_key in target.nodes or not is_usable(node.address) or node.tcp:
            return
        now_ms = self._rt.clock.now_ms
        if not target.wants(node.public_key) or target.was_asked_lately(node.public_key, now_ms):
            return
        if not target.newcomers.take(now_ms):
            self._rt.counters.drop("onion_newcomer_budget")
        elif target is not self._self and not self._searches.take(now_ms):
            self._rt.counters.drop("onion_search_budget")
        else:
            target.note_asked(node.public_key, now_ms)
            self._ask(target, node.public_key, node.address)

    # answers

    def _on_response_old(self, _address: Address, data: bytes) -> None:
        self._on_answer(data, ANNOUNCE_RESPONSE_OLD)

    def _on_response(self, _address: Address, data: bytes) -> None:
        self._on_answer(data, ANNOUNCE_RESPONSE)

    def _on_answer(self, data: bytes, layout: Layout) -> None:
        if not layout.fits(data):
            return self._rt.counters.drop("announce_response_size")
        _, sendback, nonce = layout.unpack_from(data)
        question = self._questions.get(sendback)
        now_ms = self._rt.clock.now_ms
        if question is None or now_ms - question.asked_ms >= ANSWER_TIMEOUT_MS:
            return self._rt.counters.drop("announce_response_unasked")
        target = question.target
        key = target.shared_keys.get(question.public_key)
        plain = decrypt(key, nonce, data[layout.size :]) if key is not None else None
        if plain is None:
            return self._rt.counters.drop("announce_response_decrypt")
        at = 1 + ONION_PING_ID_SIZE
        if layout is ANNOUNCE_RESPONSE:
            # what follows the nodes is about groups
            nodes, end = unpack_nodes(plain, min(plain[at], MAX_SENT_NODES), at + 1)
            if len(nodes) != plain[at]:
                raise PacketError("announce response: wrong count of nodes")
        else:
            nodes, end = unpack_nodes(plain, MAX_SENT_NODES, at)
            if end != len(plain):
                raise PacketError("announce response: bytes left over")
        if plain[0] > STORED_SELF:
            return self._rt.counters.drop("announce_response_stored")
        del self._questions[sendback]
        self._paths(target).answered(question.path)
        self._answered_ms = now_ms
        self._learn(target, question, plain[0], plain[1:at])
        target.on_extra(plain[end:])
        teller_is_lan = is_lan(question.address)
        for node in nodes:
            if teller_is_lan or not is_lan(node.address):
                target.on_node(node)
                self._ask_newcomer(target, node)
        return None

    def _learn(self, target: Target, question: Question, stored: int, ping_id: bytes) -> None:
        """Keep what a node told about the target; our own first announcement follows at once."""
        node = target.place(question.public_key, question.address, question.asked_ms)
        if node is None:
            return
        was_new = node.ping_id == bytes(ONION_PING_ID_SIZE) and node.stored == STORED_NO
        if not self._dht.nodes.is_connected():
            # reached through others only: what is announced to can also be on a path
            self.path_nodes.add(Node(question.public_key, question.address))
        node.misses = 0
        node.path = question.path
        node.stored = stored
        is_news = stored == STORED_OTHER and node.data_pk != ping_id
        if stored == STORED_OTHER:
            node.data_pk = ping_id
        else:
            node.ping_id = ping_id
        if target is self._self:
            if stored == STORED_NO and was_new:
                self._ask(target, node.public_key, node.address, node)
        elif stored == STORED_OTHER and isinstance(target, OnionFriend):
            target.found_ms = self._rt.clock.now_ms
            if is_news and not target.knows_data_key(ping_id):
                # the friend restarted: what went to its old data key was lost
                target.tell_anew()
            self._tell_dht_pk(target)

    # data

    def send_data(self, friend: OnionFriend, data: bytes, nodes: list[AnnounceNode] | None = None) -> int:
        """Data from the kind byte on (at most 1021 bytes) to every node that stores the friend: how many.

        With `nodes` only to those of them.
        """
        key = self._identity_keys.get(friend.public_key)
        if key is None or len(data) > MAX_CLIENT_DATA_SIZE:
            return 0
        sent = 0
        for node in nodes if nodes is not None else friend.storing():
            path = self._friend_paths.take(node.path)
            temporary = KeyPair.generate(self._rt.rng)
            nonce = self._rt.rng.bytes(NONCE_SIZE)
            inner = self._identity.public + encrypt(key, nonce, data)
            self._rt.counters.count("x25519")
            outer_key = shared_key(node.data_pk, temporary.secret)
            if path is None or outer_key is None:
                continue
            box = encrypt(outer_key, nonce, inner)
            packet = ONION_DATA_REQUEST.make(friend.public_key, nonce, temporary.public) + box
            self._send_along(path, node.address, packet)
            sent += 1
        return sent

    def on_data(self, address: Address, data: bytes) -> None:
        """Data that somebody sent to our key by a node that stores it."""
        if not ONION_DATA_RESPONSE.fits(data):
            return self._rt.counters.drop("onion_data_size")
        _, nonce, temporary = ONION_DATA_RESPONSE.unpack_from(data)
        outer_key = self._dht.budget.shared_key(self._data_shared, temporary, address)
        box = data[ONION_DATA_RESPONSE.size :]
        outer = decrypt(outer_key, nonce, box) if outer_key is not None else None
        if outer is None:
            return self._rt.counters.drop("onion_data_decrypt")
        sender = outer[:KEY_SIZE]
        key = self._dht.budget.shared_key(self._identity_keys, sender, address)
        plain = decrypt(key, nonce, outer[KEY_SIZE:]) if key is not None else None
        if not plain:
            return self._rt.counters.drop("onion_data_decrypt")
        handler = self.data.handlers[plain[0]]
        if handler is None:
            return self._rt.counters.drop("onion_data_kind")
        return handler(sender, plain[1:])

    # DHT keys

    def _dht_pk_packet(self, friend: OnionFriend) -> bytes:
        """Kind, no_replay, our DHT key, and up to 4 relays of ours and nodes near us."""
        no_replay = friend.next_no_replay(self._rt.clock).to_bytes(8, "big")
        nodes = self._tcp.relays(MAX_SENT_RELAYS) if self._tcp is not None else []
        nodes += self._dht.nodes.closest_nodes(self._dht.public_key, MAX_SENT_NODES - len(nodes))
        return bytes((DATA_DHT_PK,)) + no_replay + self._dht.public_key + pack_nodes(nodes)

    def _tell_dht_pk(self, friend: OnionFriend) -> None:
        """Tell the friend our DHT key: by onion every 30 s, sooner at first; by DHT request every 20 s."""
        now_ms = self._rt.clock.now_ms
        nodes = friend.to_tell(now_ms)
        if nodes and self.send_data(friend, self._dht_pk_packet(friend), nodes) > 0:
            friend.note_told(nodes, now_ms)
        if friend.dht_pk and now_ms - friend.direct_sent_ms >= DHT_PK_DIRECT_INTERVAL_MS:
            sealed = self._identity_keys.seal(friend.public_key, self._dht_pk_packet(friend))
            if sealed is not None:
                packet = self._dht.create_request(
                    friend.dht_pk, DHT_REQUEST_DHT_PK, self._identity.public + sealed
                )
                if packet and self._dht.route_request(friend.dht_pk, packet) > 0:
                    friend.direct_sent_ms = now_ms

    def _on_dht_request(self, _address: Address, source: bytes, payload: bytes) -> None:
        """The DHT-key packet inside a DHT request: sender's real pk, nonce, box from real key to real key."""
        sender = payload[:KEY_SIZE]
        too_short = len(payload) < KEY_SIZE + NONCE_SIZE + MAC_SIZE + 1 + MIN_DHT_PK_SIZE
        if too_short or sender not in self.friends:
            return self._rt.counters.drop("dht_pk_stranger")
        plain = self._identity_keys.open(sender, payload[KEY_SIZE:])
        if not plain or plain[0] != DATA_DHT_PK:
            return self._rt.counters.drop("dht_pk_decrypt")
        if plain[9:41] != source:
            return self._rt.counters.drop("dht_pk_source")
        return self._on_dht_pk(sender, plain[1:])

    def _on_dht_pk(self, sender: bytes, payload: bytes) -> None:
        if not MIN_DHT_PK_SIZE <= len(payload) <= MIN_DHT_PK_SIZE + MAX_SENT_NODES * NODE6_SIZE:
            return self._rt.counters.drop("dht_pk_size")
        friend = self.friends.get(sender)
        if friend is None:
            return self._rt.counters.drop("dht_pk_stranger")
        no_replay = int.from_bytes(payload[:8], "big")
        if no_replay <= friend.no_replay:
            return self._rt.counters.drop("dht_pk_replay")
        nodes, end = unpack_nodes(payload, MAX_SENT_NODES, MIN_DHT_PK_SIZE)
        if end != len(payload):
            raise PacketError("DHT key packet: bytes left over")
        friend.no_replay = no_replay
        friend.owner.on_dht_pk(payload[8:MIN_DHT_PK_SIZE])
        for node in nodes:
            if node.tcp:
                friend.owner.on_relay(node)
            else:
                self._dht.add_node(node)
        return None
