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

from toxpy.crypto.sodium import NONCE_SIZE
from toxpy.dht.announce_nodes import AnnounceNodes
from toxpy.dht.bootstrap import Bootstrap
from toxpy.dht.kbucket import (
    number_of,
)
from toxpy.dht.nat import HolePunching
from toxpy.dht.nodes import Nodes
from toxpy.dht.own_address import OwnAddress
from toxpy.dht.packets import (
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
from toxpy.ids import PUBLIC_KEY_SIZE
from toxpy.runtime import LOG_DEBUG
from toxpy.wire.address import Node, is_lan, is_loopback, is_usable
from toxpy.wire.packets import MAX_SENT_NODES, NODES_REQUEST, NODES_RESPONSE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.crypto.keys import KeyPair
    from toxpy.dht.kbucket import NodeList
    from toxpy.runtime import Dispatch, Runtime, Timer
    from toxpy.wire.address import Address

PASS_MS = 1000
#: Pause before the next pass once somebody told us about nodes, ms.
NEWS_MS = 30
NODES_REQUEST_INTERVAL_MS = 20_000
QUICK_REQUESTS = 5
#: Open questions at which a pass puts the rest off, so that none is forgotten before its answer.
BUSY = MAX_OUTSTANDING * 3 // 4


class DHT:
    """One node of the DHT. Claims 0x00, 0x01, 0x02, 0x04, 0x20 and 0x94 of `udp`."""

    __slots__ = (
        "_announce_nodes",
        "_bootstrap",
        "_punching",
        "_requests",
        "_rt",
        "_timer",
        "_turn",
        "_was_connected",
        "budget",
        "keys",
        "nodes",
        "on_returned",
        "own_address",
        "pings",
        "public_key",
        "requests",
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
        nodes = self.nodes = Nodes(keys, rt=rt, send=send)
        #: what all layers share
        self.shared_keys, self.budget = nodes.shared_keys, nodes.budget
        self.sendbacks = Sendbacks(rt=rt)
        #: hears of every node in the answers to our questions, as it came
        self.on_returned: Callable[[Node], None] | None = None
        self.own_address = OwnAddress()
        self._was_connected = False
        self._turn = 0
        self._bootstrap = Bootstrap(self._ask_for_ourselves, rt=rt)
        self.pings = Pings(nodes, self.answered, self._pinged, rt=rt, udp=udp)
        self._announce_nodes = AnnounceNodes(nodes, rt=rt, udp=udp)
        self._requests = Requests(nodes, rt=rt, udp=udp)
        self.requests = self._requests.dispatch
        self._punching = HolePunching(nodes, self._requests, self.pings, rt=rt, enabled=hole_punching)
        udp.claim(NODES_REQUEST.kind, self.on_nodes_request)
        udp.claim(NODES_RESPONSE.kind, self.on_nodes_response)
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
        search, is_new = self.nodes.search(dht_pk)
        if is_new:
            self._wake()
        token = (dht_pk, object())
        search.callbacks[token] = on_address
        return token

    def remove_friend(self, token: object) -> None:
        """Search no longer for this caller; the list goes with the last one."""
        search = self.nodes.remove_caller(token)
        if search is not None:
            self._punching.forget(search.public_key)

    def create_request(self, receiver_pk: bytes, kind: int, payload: bytes) -> bytes:
        """A DHT request packet; b"" for a low-order key, ValueError beyond 918 bytes."""
        return self._requests.create(receiver_pk, kind, payload)

    def route_request(self, receiver_pk: bytes, packet: bytes) -> int:
        """Send a packet of `create_request` towards its receiver; the number of datagrams sent."""
        return self._requests.route(receiver_pk, packet)

    def saved_nodes(self) -> list[Node]:
        """What a save keeps: the close list, the random searches, nodes of a save not used up."""
        nodes: dict[Node, None] = {}
        for each in self.nodes.own_lists():
            for client in each.clients():
                for association in client.associations():
                    nodes[Node(client.public_key, association.address)] = None
        # last, since who reads the save takes only so many
        nodes.update(dict.fromkeys(self._bootstrap.saved))
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
        self.nodes.searches.clear()

    def answered(self, address: Address, public_key: bytes, target: bytes = b"") -> None:
        """This node answered a question of ours (for `target`) from there."""
        self._bootstrap.answered(public_key)
        if self.nodes.answered(address, public_key, target):
            self._announce_nodes.ask(address, public_key)
        found = self.nodes.searches.get(public_key)
        if found is not None:
            for on_address in list(found.callbacks.values()):
                on_address(address)

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

    def _pinged(self, address: Address, public_key: bytes) -> None:
        """This node has our answer to its ping, and so knows us: it may tell where we are."""
        if self.own_address.is_looked_for(self._rt.clock.now_ms):
            self._ask_for_ourselves(address, public_key)

    def on_nodes_request(self, address: Address, data: bytes) -> None:
        """0x02: answer with the nodes nearest to the key asked for."""
        if not NODES_REQUEST.fits(data):
            self._rt.counters.drop("nodes_request_size")
            return
        sender = sender_of(data)
        key = self.nodes.request_key(address, sender)
        if key is None:
            return
        payload = open_packet(key, data)
        if payload is None:
            self._rt.counters.drop("nodes_request_decrypt")
            return
        target, ping_id = payload[:PUBLIC_KEY_SIZE], payload[PUBLIC_KEY_SIZE:]
        answer = pack_nodes_response(self.nodes.closest_nodes(target, MAX_SENT_NODES, address), ping_id)
        nonce = self._rt.rng.bytes(NONCE_SIZE)
        self.send(address, seal_packet(NODES_RESPONSE, self.public_key, key, nonce, answer))
        self.pings.offer(address, sender)

    def on_nodes_response(self, address: Address, data: bytes) -> None:
        """0x04: from whom we asked, where we asked, and once."""
        drop = self._rt.counters.drop
        if not NODES_RESPONSE.fits(data):
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
            if not _is_plausible(node.address, address):
                continue
            if node.public_key == self.public_key:
                self.own_address.note(sender, node.address)
            else:
                self._note_returned(node, sender)
                self._consider(node)

    def _note_returned(self, node: Node, teller: bytes) -> None:
        """`teller` knows where a searched key is: DHT requests can go that way, holes be punched there."""
        search = self.nodes.searches.get(node.public_key)
        client = search.get(teller) if search is not None else None
        if search is not None and client is not None:
            client.told(node.address, self._rt.clock.now_ms)
            self._punching.told(search)

    def _consider(self, node: Node) -> None:
        """Remember a node as one to ask, for every list that has room for it and does not know it."""
        now_ms = self._rt.clock.now_ms
        public_key, address = node.public_key, node.address
        close_list = self.nodes.close_list
        news = False
        client = close_list.get(public_key)
        if client is not None:
            if not client.is_good_at(address, now_ms):
                news = self._offer(close_list, node)
        elif close_list.has_room(public_key, now_ms):
            news = self._offer(close_list, node)
        number = number_of(public_key)
        for search in self.nodes.searches.values():
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
        connected = self.nodes.is_connected()
        if connected != self._was_connected:
            self._was_connected = connected
            self._rt.log(LOG_DEBUG, "DHT connected" if connected else "DHT: all nodes are silent")
        self._bootstrap.run(connected, self.nodes.is_connected_beyond_lan())
        lists: list[NodeList] = [self.nodes.close_list, *self.nodes.searches.values()]
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
            if not alive and nodes is self.nodes.close_list:
                self.nodes.close_list.revive(now_ms)
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


def _is_plausible(address: Address, teller: Address) -> bool:
    """False for an address in our own network that somebody outside of it names."""
    if not is_usable(address):
        return False
    if is_loopback(address):
        return is_loopback(teller)
    return not is_lan(address) or is_lan(teller)
