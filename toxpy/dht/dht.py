"""The DHT: which keys are where. Spec: DHT; c-toxcore: DHT.c.

Everything turns around node lists (`kbucket`): the close list around our own key, a search
list for every key we look for, two of which are random so that onion paths can be built from
nodes that say nothing about our friends. A pass every second (sooner while there is news):

    asks what others told us about     pending nodes of each list, those nearest to its key
    asks every node of every list      once a minute, whether it is still there
    asks one random good node per list every 20 s, five times in a row at first
    asks bootstrap and saved nodes     while nobody answers (`bootstrap`)

Every question is a nodes request for the base key of the list, so an answer both keeps a
node alive and brings up to four nodes to ask next. Only a node that answered us itself, from
the address that we asked, enters a list.
"""

from __future__ import annotations

from toxpy.crypto.keys import SharedKeys
from toxpy.crypto.sodium import KEY_SIZE, NONCE_SIZE
from toxpy.dht.announce_nodes import AnnounceNodes
from toxpy.dht.bootstrap import Bootstrap
from toxpy.dht.budget import REPLIES_BURST, REPLIES_PER_S, Budget, KeyBudget
from toxpy.dht.kbucket import (
    BAD_NODE_TIMEOUT_MS,
    KEY_BITS,
    NEVER_MS,
    CloseList,
    SearchList,
    bits_of,
    number_of,
)
from toxpy.dht.nat import HolePunching
from toxpy.dht.packets import (
    MAX_NODES_RESPONSE_SIZE,
    MAX_SENT_NODES,
    MIN_NODES_RESPONSE_SIZE,
    NODES_REQUEST,
    NODES_REQUEST_SIZE,
    NODES_RESPONSE,
    open_packet,
    pack_nodes_response,
    seal_packet,
    sender_of,
    unpack_nodes_response,
)
from toxpy.dht.ping import Pings
from toxpy.dht.requests import Requests
from toxpy.dht.sendbacks import MAX_OUTSTANDING, Sendbacks
from toxpy.errors import PacketError
from toxpy.runtime import LOG_DEBUG
from toxpy.wire.address import PUBLIC_KEY_SIZE, Node, is_lan, is_loopback, is_usable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from toxpy.crypto.keys import KeyPair
    from toxpy.dht.kbucket import Client, NodeList
    from toxpy.runtime import Dispatch, Runtime, Timer
    from toxpy.wire.address import Address

PASS_MS = 1000
#: Sooner when somebody told us about nodes, but never sooner than this.
NEWS_MS = 30
NODES_REQUEST_INTERVAL_MS = 20_000
QUICK_REQUESTS = 5
#: Open questions beyond which a pass puts the rest off, so that none is forgotten before its answer.
BUSY = MAX_OUTSTANDING * 3 // 4
#: Random keys searched for. c-toxcore: DHT_FAKE_FRIEND_NUMBER.
RANDOM_SEARCHES = 2
ALL_BITS = (1 << KEY_BITS) - 1


class DHT:
    """One node of the DHT. Claims 0x00, 0x01, 0x02, 0x04, 0x20 and 0x94 of `udp`."""

    __slots__ = (
        "_announce_nodes",
        "_bootstrap",
        "_connected_until_ms",
        "_non_lan_until_ms",
        "_punching",
        "_random_keys",
        "_replies",
        "_requests",
        "_rt",
        "_timer",
        "_turn",
        "_was_connected",
        "budget",
        "close_list",
        "keys",
        "on_returned",
        "pings",
        "public_key",
        "requests",
        "searches",
        "send",
        "sendbacks",
        "shared_keys",
    )

    def __init__(
        self,
        keys: KeyPair,
        *,
        rt: Runtime,
        send: Callable[[Address, bytes], None],
        udp: Dispatch,
        hole_punching: bool = True,
    ) -> None:
        self._rt = rt
        self.send = send
        self.keys = keys
        self.public_key = keys.public
        self.shared_keys = SharedKeys(keys, rt=rt)
        #: for keys from the network; shared by all layers
        self.budget = KeyBudget(rt=rt)
        self._replies = Budget(REPLIES_PER_S, REPLIES_BURST, rt=rt)
        self.sendbacks = Sendbacks(rt=rt)
        self.close_list = CloseList(keys.public)
        #: hears of every node in the answers to our questions, as it came
        self.on_returned: Callable[[Node], None] | None = None
        #: searched key -> list; bounded by what our own layers ask for
        self.searches: dict[bytes, SearchList] = {}
        self._connected_until_ms = self._non_lan_until_ms = NEVER_MS
        self._was_connected = False
        self._turn = 0
        self._bootstrap = Bootstrap(self._ask_for_ourselves, rt=rt)
        self.pings = Pings(self, rt=rt, udp=udp)
        self._announce_nodes = AnnounceNodes(self, rt=rt, udp=udp)
        self._requests = Requests(self, rt=rt, udp=udp)
        self.requests = self._requests.dispatch
        self._punching = HolePunching(self, rt=rt, enabled=hole_punching)
        udp.claim(NODES_REQUEST, self.on_nodes_request)
        udp.claim(NODES_RESPONSE, self.on_nodes_response)
        self._random_keys = [rt.rng.bytes(KEY_SIZE) for _ in range(RANDOM_SEARCHES)]
        for key in self._random_keys:
            self.searches[key] = SearchList(key, MAX_SENT_NODES)
        self._timer: Timer | None = rt.timers.call_later(PASS_MS, self._pass_due)

    # what other layers ask for

    def bootstrap(self, address: Address, public_key: bytes) -> None:
        """Ask a node that the client named; it is asked again while nobody answers us."""
        if public_key == self.public_key or not is_usable(address):
            return
        self._bootstrap.remember(address, public_key)
        self._ask_for_ourselves(address, public_key)

    def add_node(self, node: Node, target: bytes | None = None) -> None:
        """A node that somebody told us about: ask it if a list has room.

        With `target` it is asked for that key, at once and in any case.
        """
        if node.tcp or node.public_key == self.public_key or not is_usable(node.address):
            return
        if target is not None:
            self.send_nodes_request(node.address, node.public_key, target)
        else:
            self._consider(node)

    def add_friend(self, dht_pk: bytes, on_address: Callable[[Address], None]) -> object:
        """Search a key; `on_address` hears every answer of that node. The token is for `remove_friend`."""
        search = self.searches.get(dht_pk)
        if search is None:
            search = self.searches[dht_pk] = SearchList(dht_pk, MAX_SENT_NODES)
            for node in self.closest_nodes(dht_pk):
                search.pending.offer(node)
            self._wake()
        token = (dht_pk, object())
        search.callbacks[token] = on_address
        return token

    def remove_friend(self, token: object) -> None:
        """Search no longer for this caller; the list goes with the last one."""
        for dht_pk, search in self.searches.items():
            if search.callbacks.pop(token, None) is not None:
                if not search.callbacks and dht_pk not in self._random_keys:
                    self._punching.forget(search)
                    del self.searches[dht_pk]
                return

    def friend_address(self, dht_pk: bytes) -> Address | None:
        """Where a searched key answered from within the last two minutes."""
        search = self.searches.get(dht_pk)
        return search.address(self._rt.clock.now_ms) if search is not None else None

    def friend_nodes(self, dht_pk: bytes) -> list[Node]:
        """The good nodes nearest to a searched key."""
        search = self.searches.get(dht_pk)
        return search.good_nodes(self._rt.clock.now_ms)[::-1] if search is not None else []

    def closest_nodes(
        self,
        target: bytes,
        count: int = MAX_SENT_NODES,
        requester: Address | None = None,
        *,
        announce_only: bool = False,
    ) -> list[Node]:
        """The good nodes nearest to a key, nearest first.

        LAN addresses are only for ourselves (no `requester`) and for requesters of the LAN;
        `announce_only` is about nodes that speak the announcements protocol.
        """
        now_ms = self._rt.clock.now_ms
        lan = requester is None or is_lan(requester)
        number = number_of(target)
        found: dict[bytes, tuple[int, Node]] = {}
        for group in self.close_list.nearest(number):
            _collect(found, group, number, now_ms, lan, announce_only)
            if len(found) >= count:
                break
        limit = ALL_BITS
        if len(found) >= count:
            limit = sorted(distance for distance, _ in found.values())[count - 1]
        reach = bits_of(limit)
        for search in self.searches.values():
            # base and target differ in a bit in which no node of the list differs from the base, and
            # which alone makes them farther than what we have: that is most lists
            if search.base ^ number <= search.spread | reach:
                nearer = [client for client in search.clients() if client.number ^ number <= limit]
                _collect(found, nearer, number, now_ms, lan, announce_only)
        nearest = sorted(found.values(), key=lambda entry: entry[0])
        return [node for _, node in nearest[:count]]

    def random_nodes(self, count: int) -> list[Node]:
        """Good nodes in random order, none of them from the search for a friend."""
        now_ms = self._rt.clock.now_ms
        nodes = {node.public_key: node for each in self._own_lists() for node in each.good_nodes(now_ms)}
        chosen = list(nodes.values())
        self._rt.rng.shuffle(chosen)
        return chosen[:count]

    def create_request(self, receiver_pk: bytes, kind: int, payload: bytes) -> bytes:
        """A DHT request packet; b"" for a low-order key, ValueError beyond 918 bytes."""
        return self._requests.create(receiver_pk, kind, payload)

    def route_request(self, receiver_pk: bytes, packet: bytes) -> int:
        """Send a packet of `create_request` towards its receiver; the number of datagrams sent."""
        return self._requests.route(receiver_pk, packet)

    def is_connected(self) -> bool:
        """Is there a good node in the close list."""
        return self._rt.clock.now_ms < self._connected_until_ms

    def is_connected_beyond_lan(self) -> bool:
        """Is there a good node in the close list that is not of the LAN."""
        return self._rt.clock.now_ms < self._non_lan_until_ms

    def close_count(self, *, announce_only: bool = False) -> int:
        """How many nodes of the close list are good (and speak the announcements protocol)."""
        now_ms = self._rt.clock.now_ms
        good = [client for client in self.close_list.clients() if client.is_good(now_ms)]
        return sum(client.announces or not announce_only for client in good)

    def saved_nodes(self) -> list[Node]:
        """What a save keeps: nodes of a save not used up, the close list, the random searches."""
        nodes = dict.fromkeys(self._bootstrap.saved)
        for each in self._own_lists():
            for client in each.clients():
                for association in client.associations():
                    nodes[Node(client.public_key, association.address)] = None
        return list(nodes)

    def load_nodes(self, nodes: list[Node]) -> None:
        """Nodes of a save: tried a few a second until somebody beyond the LAN has answered."""
        self._bootstrap.load([node for node in nodes if not node.tcp and is_usable(node.address)])

    def close(self) -> None:
        """No timers, no searches any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.pings.close()
        self._announce_nodes.close()
        self._punching.close()
        self.sendbacks.clear()
        self.searches.clear()

    # for the parts of the DHT

    def request_key(self, address: Address, public_key: bytes) -> bytes | None:
        """The shared key for a request that a stranger sent, or None, counted, if it gets no answer."""
        if public_key == self.public_key:
            self._rt.counters.drop("dht_own_key")
            return None
        if not self._replies.allows(address):
            self._rt.counters.drop("dht_budget")
            return None
        return self.budget.shared_key(self.shared_keys, public_key, address)

    def is_searched_in_vain(self, public_key: bytes) -> bool:
        """Do we search this key and not know its address."""
        search = self.searches.get(public_key)
        return search is not None and search.address(self._rt.clock.now_ms) is None

    def answered(self, address: Address, public_key: bytes, target: bytes = b"") -> None:
        """This node answered a question of ours (for `target`) from there: the only way into the lists."""
        now_ms = self._rt.clock.now_ms
        self.shared_keys.keep(public_key)
        self._bootstrap.answered(public_key)
        is_new = self.close_list.get(public_key) is None
        if self.close_list.add(public_key, address, now_ms):
            if is_new:
                self._announce_nodes.ask(address, public_key)
            self._connected_until_ms = now_ms + BAD_NODE_TIMEOUT_MS
            if not is_lan(address):
                self._non_lan_until_ms = self._connected_until_ms
        number = number_of(public_key)
        for search in self.searches.values():
            search.add(public_key, number, address, now_ms)
        asked = self.close_list if target == self.public_key else self.searches.get(target)
        if asked is not None:
            asked.note_answer(public_key, address, now_ms)
        found = self.searches.get(public_key)
        if found is not None:
            for on_address in list(found.callbacks.values()):
                on_address(address)

    def note_announce_node(self, public_key: bytes) -> None:
        """This node speaks the announcements protocol."""
        for each in (self.close_list, *self.searches.values()):
            client = each.get(public_key)
            if client is not None:
                client.announces = True

    def _own_lists(self) -> list[NodeList]:
        """The lists that say nothing about friends."""
        randoms = [self.searches[key] for key in self._random_keys if key in self.searches]
        return [self.close_list, *randoms]

    # nodes requests and responses

    def send_nodes_request(self, address: Address, public_key: bytes, target: bytes) -> bool:
        """Ask one node for the nodes nearest to `target`; False for our own key and impossible ones."""
        if public_key == self.public_key:
            return False
        key = self.shared_keys.get(public_key)
        if key is None:
            return False
        payload = target + self.sendbacks.add(public_key, address, target)
        nonce = self._rt.rng.bytes(NONCE_SIZE)
        self.send(address, seal_packet(NODES_REQUEST, self.public_key, key, nonce, payload))
        return True

    def _ask_for_ourselves(self, address: Address, public_key: bytes) -> None:
        self.send_nodes_request(address, public_key, self.public_key)

    def on_nodes_request(self, address: Address, data: bytes) -> None:
        """0x02: answer with the nodes nearest to the key asked for."""
        if len(data) != NODES_REQUEST_SIZE:
            self._rt.counters.drop("nodes_request_size")
            return
        sender = sender_of(data)
        key = self.request_key(address, sender)
        if key is None:
            return
        payload = open_packet(key, data)
        if payload is None:
            self._rt.counters.drop("nodes_request_decrypt")
            return
        target, ping_id = payload[:PUBLIC_KEY_SIZE], payload[PUBLIC_KEY_SIZE:]
        answer = pack_nodes_response(self.closest_nodes(target, MAX_SENT_NODES, address), ping_id)
        nonce = self._rt.rng.bytes(NONCE_SIZE)
        self.send(address, seal_packet(NODES_RESPONSE, self.public_key, key, nonce, answer))
        self.pings.offer(address, sender)

    def on_nodes_response(self, address: Address, data: bytes) -> None:
        """0x04: from whom we asked, where we asked, and once."""
        drop = self._rt.counters.drop
        if not MIN_NODES_RESPONSE_SIZE <= len(data) <= MAX_NODES_RESPONSE_SIZE:
            drop("nodes_response_size")
            return
        sender = sender_of(data)
        if not self.sendbacks.is_asked(sender, address):
            drop("nodes_response_unasked")
            return
        key = self.shared_keys.get(sender)
        payload = open_packet(key, data) if key is not None else None
        if payload is None:
            drop("nodes_response_decrypt")
            return
        try:
            nodes, ping_id = unpack_nodes_response(payload)
        except PacketError:
            drop("nodes_response_malformed")
            return
        target = self.sendbacks.take(ping_id, sender, address)
        if target is None:
            drop("nodes_response_replay")
            return
        self.answered(address, sender, target)
        for node in nodes:
            if self.on_returned is not None:
                self.on_returned(node)
            if node.public_key != self.public_key and _is_plausible(node.address, address):
                self._note_returned(node, sender)
                self._consider(node)

    def _note_returned(self, node: Node, teller: bytes) -> None:
        """`teller` knows where a searched key is: DHT requests can go that way, holes be punched there."""
        search = self.searches.get(node.public_key)
        client = search.get(teller) if search is not None else None
        if search is not None and client is not None:
            client.told(node.address, self._rt.clock.now_ms)
            self._punching.told(search)

    def _consider(self, node: Node) -> None:
        """Remember a node as one to ask, for every list that has room for it and does not know it."""
        now_ms = self._rt.clock.now_ms
        public_key, address = node.public_key, node.address
        close_list = self.close_list
        news = False
        client = close_list.get(public_key)
        if client is not None:
            if not client.is_good_at(address, now_ms):
                news = self._offer(close_list, node)
        elif close_list.has_room(public_key, now_ms):
            news = self._offer(close_list, node)
        number = number_of(public_key)
        for search in self.searches.values():
            if search.has_room(number, now_ms):
                client = search.get(public_key)
                if client is None or not client.is_good_at(address, now_ms):
                    news |= self._offer(search, node)
        if news:
            self._wake()

    def _offer(self, nodes: NodeList, node: Node) -> bool:
        """Unless it is being asked for this list already."""
        asked = self.sendbacks.is_asked(node.public_key, node.address, nodes.public_key)
        return not asked and nodes.pending.offer(node)

    # the pass

    def _wake(self) -> None:
        """There is news: let the next pass come soon."""
        soon_ms = self._rt.clock.now_ms + NEWS_MS
        timer = self._timer
        if timer is not None and timer.deadline_ms > soon_ms:
            timer.cancel()
            self._timer = self._rt.timers.call_at(soon_ms, self._pass_due)

    def _pass_due(self) -> None:
        self._timer = self._rt.timers.call_about(PASS_MS, self._pass_due)
        now_ms = self._rt.clock.now_ms
        connected = self.is_connected()
        if connected != self._was_connected:
            self._was_connected = connected
            self._rt.log(LOG_DEBUG, "DHT connected" if connected else "DHT: all nodes are silent")
        self._bootstrap.run(connected, now_ms < self._non_lan_until_ms)
        lists: list[NodeList] = [self.close_list, *self.searches.values()]
        # a pass that ran out of room goes on where it stopped
        start = self._turn % len(lists)
        for i in range(len(lists)):
            if len(self.sendbacks) >= BUSY:
                self._turn = start + i
                return
            self._run_list(lists[(start + i) % len(lists)], now_ms)

    def _run_list(self, nodes: NodeList, now_ms: int) -> None:
        for node in nodes.pending.take():
            self.send_nodes_request(node.address, node.public_key, nodes.public_key)
        if now_ms >= nodes.due_ms:
            alive = nodes.ask_due(now_ms, self.send_nodes_request, BUSY - len(self.sendbacks))
            if not alive and nodes is self.close_list:
                self.close_list.revive(now_ms)
        quick = nodes.quick_requests < QUICK_REQUESTS
        # the quick ones are a second apart as well: news make passes come more often than that
        interval_ms = PASS_MS if quick else NODES_REQUEST_INTERVAL_MS
        if now_ms - nodes.requested_ms >= interval_ms:
            good = nodes.good_nodes(now_ms)
            if good:
                nodes.quick_requests += quick
                nodes.requested_ms = now_ms
                # twice random, so that the nodes near the key, which are last, are asked more often
                first = self._rt.rng.below(len(good))
                node = good[first + self._rt.rng.below(len(good) - first)]
                self.send_nodes_request(node.address, node.public_key, nodes.public_key)


def _collect(
    found: dict[bytes, tuple[int, Node]],
    clients: Iterable[Client],
    target: int,
    now_ms: int,
    lan: bool,
    announce_only: bool,
) -> None:
    for client in clients:
        if announce_only and not client.announces:
            continue
        address = client.address(now_ms, lan)
        if address is not None:
            found[client.public_key] = (client.number ^ target, Node(client.public_key, address))


def _is_plausible(address: Address, teller: Address) -> bool:
    """Nobody can send us into our own network who is not in it himself."""
    if not is_usable(address):
        return False
    if is_loopback(address):
        return is_loopback(teller)
    return not is_lan(address) or is_lan(teller)
