"""Whom we know, and who may ask us: the tables of the DHT, without a packet of their own.

`Nodes` has the close list around our own key and a search list for every key we look for. What serves the
DHT (pings, requests, hole punching) takes it, and so does whoever asks for the nearest nodes; `DHT` fills
it with those that answered.
"""

from __future__ import annotations

from toxpy.crypto.keys import SharedKeys
from toxpy.crypto.sodium import KEY_SIZE
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
from toxpy.wire.address import Node, is_lan
from toxpy.wire.packets import MAX_SENT_NODES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from toxpy.crypto.keys import KeyPair
    from toxpy.dht.kbucket import Client, NodeList
    from toxpy.runtime import Runtime
    from toxpy.wire.address import Address

#: Random keys searched for. c-toxcore: DHT_FAKE_FRIEND_NUMBER.
RANDOM_SEARCHES = 2
#: The largest distance there is.
ALL_BITS = (1 << KEY_BITS) - 1


class Nodes:
    """Close list, searches, and the keys shared with whoever is in them."""

    __slots__ = (
        "_connected_until_ms",
        "_non_lan_until_ms",
        "_random_keys",
        "_replies",
        "_rt",
        "budget",
        "close_list",
        "public_key",
        "searches",
        "send",
        "shared_keys",
    )

    def __init__(self, keys: KeyPair, *, rt: Runtime, send: Callable[[Address, bytes], None]) -> None:
        self._rt = rt
        self.send = send
        self.public_key = keys.public
        self.shared_keys = SharedKeys(keys, rt=rt)
        #: for keys from the network; shared by all layers
        self.budget = KeyBudget(rt=rt)
        self._replies = Budget(REPLIES_PER_S, REPLIES_BURST, rt=rt)
        self.close_list = CloseList(keys.public)
        #: searched key -> list; bounded by what our own layers ask for
        self.searches: dict[bytes, SearchList] = {}
        self._connected_until_ms = self._non_lan_until_ms = NEVER_MS
        self._random_keys = [rt.rng.bytes(KEY_SIZE) for _ in range(RANDOM_SEARCHES)]
        for key in self._random_keys:
            self.searches[key] = SearchList(key, MAX_SENT_NODES)

    # what we know

    def friend_address(self, dht_pk: bytes) -> Address | None:
        """Where a searched key answered from within the last two minutes."""
        search = self.searches.get(dht_pk)
        return search.address(self._rt.clock.now_ms) if search is not None else None

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
        nodes = {node.public_key: node for each in self.own_lists() for node in each.good_nodes(now_ms)}
        chosen = list(nodes.values())
        self._rt.rng.shuffle(chosen)
        return chosen[:count]

    def is_connected(self) -> bool:
        """True if there is a good node in the close list."""
        return self._rt.clock.now_ms < self._connected_until_ms

    def is_connected_beyond_lan(self) -> bool:
        """True if there is a good node in the close list that is not of the LAN."""
        return self._rt.clock.now_ms < self._non_lan_until_ms

    def close_count(self, *, announce_only: bool = False) -> int:
        """How many nodes of the close list are good (and speak the announcements protocol)."""
        now_ms = self._rt.clock.now_ms
        good = [client for client in self.close_list.clients() if client.is_good(now_ms)]
        return sum(client.announces or not announce_only for client in good)

    def is_searched_in_vain(self, public_key: bytes) -> bool:
        """True if we search this key and do not know its address."""
        search = self.searches.get(public_key)
        return search is not None and search.address(self._rt.clock.now_ms) is None

    def own_lists(self) -> list[NodeList]:
        """The lists that say nothing about friends."""
        randoms = [self.searches[key] for key in self._random_keys if key in self.searches]
        return [self.close_list, *randoms]

    # friends' searches

    def search(self, dht_pk: bytes) -> tuple[SearchList, bool]:
        """The search for a key, and True if it was made now."""
        search = self.searches.get(dht_pk)
        if search is not None:
            return search, False
        search = self.searches[dht_pk] = SearchList(dht_pk, MAX_SENT_NODES)
        for node in self.closest_nodes(dht_pk):
            search.pending.offer(node)
        return search, True

    def remove_caller(self, token: object) -> SearchList | None:
        """Search no longer for this caller; the list, if it goes because nobody else wants it."""
        for dht_pk, search in self.searches.items():
            if search.callbacks.pop(token, None) is not None:
                if search.callbacks or dht_pk in self._random_keys:
                    return None
                del self.searches[dht_pk]
                return search
        return None

    # who asks and who answers

    def request_key(self, address: Address, public_key: bytes) -> bytes | None:
        """The shared key for a request that a stranger sent, or None, counted, if it gets no answer."""
        if public_key == self.public_key:
            self._rt.counters.drop("dht_own_key")
            return None
        if not self._replies.allows(address):
            self._rt.counters.drop("dht_budget")
            return None
        return self.budget.shared_key(self.shared_keys, public_key, address)

    def answered(self, address: Address, public_key: bytes, target: bytes) -> bool:
        """This node answered a question of ours (for `target`) from there: the only way into the lists.

        True if that put it into the close list.
        """
        now_ms = self._rt.clock.now_ms
        self.shared_keys.keep(public_key)
        is_new = self.close_list.get(public_key) is None
        is_close = self.close_list.add(public_key, address, now_ms)
        if is_close:
            self._connected_until_ms = now_ms + BAD_NODE_TIMEOUT_MS
            if not is_lan(address):
                self._non_lan_until_ms = self._connected_until_ms
        number = number_of(public_key)
        for search in self.searches.values():
            search.add(public_key, number, address, now_ms)
        asked = self.close_list if target == self.public_key else self.searches.get(target)
        if asked is not None:
            asked.note_answer(public_key, address, now_ms)
        return is_new and is_close

    def doubt(self, public_key: bytes) -> None:
        """This node seems to be gone: nothing is sent over it until it answers again.

        Searches for friends, of which there may be thousands, find out by themselves.
        """
        for each in self.own_lists():
            each.doubt(public_key, self._rt.clock.now_ms)

    def note_announce_node(self, public_key: bytes) -> None:
        """This node speaks the announcements protocol."""
        for each in (self.close_list, *self.searches.values()):
            client = each.get(public_key)
            if client is not None:
                client.announces = True


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
