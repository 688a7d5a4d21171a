"""Nodes we know, by distance. Spec: Distance, Client Lists, K-buckets; c-toxcore: DHT.c.

The distance of two keys is the XOR of them as big-endian numbers. A list keeps nodes near
its base key: the close list 8 for each of 128 lengths of common prefix with our own key, a
search list the 8 nearest to a searched key. Each node may have an IPv4 and an IPv6 address,
each with times of its own:

    heard from within 122 s   good: handed to others, used for everything
    then until 182 s          bad: still asked once more, the first to be replaced
    beyond                    dead: not even asked, kept only to fill a slot or a save
"""

from __future__ import annotations

from toxpy.wire.address import Node, is_lan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from toxpy.wire.address import Address

PING_INTERVAL_MS = 60_000
#: Silence after which a node is bad, ms: one missed ping, and two seconds for the round trip.
#: c-toxcore: DHT.h
BAD_NODE_TIMEOUT_MS = 122_000
KILL_NODE_TIMEOUT_MS = BAD_NODE_TIMEOUT_MS + PING_INTERVAL_MS

MAX_CLIENTS = 8
BUCKETS = 128
KEY_BITS = 256
#: Moment of what never was, ms: longer ago than every time-out.
NEVER_MS = -(1 << 62)
_BEYOND = 1 << KEY_BITS


def number_of(public_key: bytes) -> int:
    """A key as the number that distances are made of."""
    return int.from_bytes(public_key, "big")


def bucket_index(distance: int) -> int:
    """How many leading bits two keys share, at most 127. c-toxcore: bit_by_bit_cmp."""
    return min(KEY_BITS - distance.bit_length(), BUCKETS - 1)


def bits_of(distance: int) -> int:
    """All bits up to the highest one of a distance: the smallest 2**n - 1 that is not less."""
    return (1 << distance.bit_length()) - 1


class Association:
    """One address of a node and its times."""

    __slots__ = ("address", "pinged_ms", "seen_ms")

    def __init__(self, address: Address, seen_ms: int, pinged_ms: int) -> None:
        self.address = address
        self.seen_ms = seen_ms
        self.pinged_ms = pinged_ms


class Client:
    """A node in one list, with an association per IP version."""

    __slots__ = ("announces", "distance", "number", "public_key", "returned_v4", "returned_v6", "v4", "v6")

    def __init__(self, public_key: bytes, number: int, distance: int) -> None:
        self.public_key = public_key
        self.number = number
        #: to the base key of the list it is in
        self.distance = distance
        self.v4: Association | None = None
        self.v6: Association | None = None
        #: it has shown that it speaks the announcements protocol
        self.announces = False
        #: where this node sees the key that the list is for, and when it last said so
        self.returned_v4: tuple[Address, int] | None = None
        self.returned_v6: tuple[Address, int] | None = None

    def associations(self) -> list[Association]:
        """Those there are, IPv6 first."""
        return [a for a in (self.v6, self.v4) if a is not None]

    def is_good(self, now_ms: int) -> bool:
        """True if heard from within BAD_NODE_TIMEOUT_MS on either IP version."""
        return self.good_until_ms() > now_ms

    def good_until_ms(self) -> int:
        """When it turns bad unless it is heard from again."""
        v4, v6 = self.v4, self.v6
        seen_ms = v4.seen_ms if v4 is not None else NEVER_MS
        if v6 is not None and v6.seen_ms > seen_ms:
            seen_ms = v6.seen_ms
        return seen_ms + BAD_NODE_TIMEOUT_MS

    def address(self, now_ms: int, lan: bool = True) -> Address | None:
        """The good address heard from last; without `lan` only one that strangers can use."""
        best = None
        for association in (self.v4, self.v6):
            if association is None or association.seen_ms + BAD_NODE_TIMEOUT_MS <= now_ms:
                continue
            if best is not None and association.seen_ms <= best.seen_ms:
                continue
            if lan or not is_lan(association.address):
                best = association
        return best.address if best is not None else None

    def is_good_at(self, address: Address, now_ms: int) -> bool:
        """True if it is good on that IP version, whatever the address."""
        association = self.v4 if len(address[0]) == 4 else self.v6
        return association is not None and association.seen_ms + BAD_NODE_TIMEOUT_MS > now_ms

    def heard(self, address: Address, now_ms: int, pinged_ms: int = NEVER_MS) -> None:
        """It answered from there. A good public address is not given up for a LAN one."""
        is_v4 = len(address[0]) == 4
        association = self.v4 if is_v4 else self.v6
        if association is None:
            association = Association(address, now_ms, pinged_ms)
            if is_v4:
                self.v4 = association
            else:
                self.v6 = association
            return
        if association.address != address:
            good = association.seen_ms + BAD_NODE_TIMEOUT_MS > now_ms
            if good and is_lan(address) and not is_lan(association.address):
                return
            association.address = address
        association.seen_ms = now_ms

    def told(self, address: Address, now_ms: int) -> None:
        """It told us an address of the searched key."""
        if len(address[0]) == 4:
            self.returned_v4 = (address, now_ms)
        else:
            self.returned_v6 = (address, now_ms)

    def doubt(self, now_ms: int) -> None:
        """It is said to be gone: bad until it answers again, and asked at once."""
        for association in self.associations():
            association.seen_ms = min(association.seen_ms, now_ms - BAD_NODE_TIMEOUT_MS)
            association.pinged_ms = NEVER_MS

    def forget(self, address: Address) -> bool:
        """Another key answered from that address, so it is not this node's; True when none is left."""
        if self.v4 is not None and self.v4.address == address:
            self.v4 = None
        if self.v6 is not None and self.v6.address == address:
            self.v6 = None
        return self.v4 is None and self.v6 is None


class Nearest:
    """A bounded set of nodes that keeps the nearest to a key. c-toxcore: add_to_list."""

    __slots__ = ("_base", "_capacity", "_nodes")

    def __init__(self, base: int, capacity: int) -> None:
        self._base = base
        self._capacity = capacity
        self._nodes: dict[bytes, tuple[int, Node]] = {}

    def __len__(self) -> int:
        return len(self._nodes)

    def offer(self, node: Node) -> bool:
        """Add unless it is there or all others are nearer; True when it was added."""
        nodes = self._nodes
        if node.public_key in nodes:
            return False
        distance = number_of(node.public_key) ^ self._base
        if len(nodes) >= self._capacity:
            farthest = max(nodes, key=lambda key: nodes[key][0])
            if nodes[farthest][0] <= distance:
                return False
            del nodes[farthest]
        nodes[node.public_key] = (distance, node)
        return True

    def take(self) -> list[Node]:
        """All nodes, nearest first; the set is empty then."""
        nodes = sorted(self._nodes.values(), key=lambda entry: entry[0])
        self._nodes.clear()
        return [node for _, node in nodes]


class NodeList:
    """What close list and search lists have in common: whom to ask about the base key, and when."""

    __slots__ = ("base", "due_ms", "pending", "public_key", "quick_requests", "requested_ms")

    def __init__(self, public_key: bytes, max_pending: int) -> None:
        self.public_key = public_key
        self.base = number_of(public_key)
        #: nodes others told us about, to be asked next
        self.pending = Nearest(self.base, max_pending)
        #: when a node of this list must next be asked whether it is still there
        self.due_ms = NEVER_MS
        self.requested_ms = NEVER_MS
        self.quick_requests = 0

    def clients(self) -> Iterable[Client]:
        """All, in no promised order."""
        raise NotImplementedError

    def get(self, public_key: bytes) -> Client | None:
        """The node of that key."""
        raise NotImplementedError

    def doubt(self, public_key: bytes, now_ms: int) -> None:
        """The node of that key, if it is here, is said to be gone."""
        client = self.get(public_key)
        if client is not None:
            client.doubt(now_ms)
            self.due_ms = NEVER_MS

    def note_answer(self, public_key: bytes, address: Address, now_ms: int) -> None:
        """It has just answered for our base key: the next question can wait its minute."""
        client = self.get(public_key)
        for association in client.associations() if client is not None else ():
            if association.address == address:
                association.pinged_ms = now_ms

    def good_nodes(self, now_ms: int) -> list[Node]:
        """Every good address of every node, farthest first."""
        return [
            Node(client.public_key, association.address)
            for client in sorted(self.clients(), key=lambda client: -client.distance)
            for association in client.associations()
            if association.seen_ms + BAD_NODE_TIMEOUT_MS > now_ms
        ]

    def ask_due(self, now_ms: int, ask: Callable[[Address, bytes, bytes], object], room: int) -> int:
        """Ask at most `room` nodes not asked for a minute; how many associations are not dead."""
        due_ms = now_ms + PING_INTERVAL_MS
        alive = 0
        for client in self.clients():
            for association in client.associations():
                if association.seen_ms + KILL_NODE_TIMEOUT_MS <= now_ms:
                    continue
                alive += 1
                if association.pinged_ms + PING_INTERVAL_MS <= now_ms:
                    if room <= 0:
                        due_ms = now_ms
                        continue
                    room -= 1
                    association.pinged_ms = now_ms
                    ask(association.address, client.public_key, self.public_key)
                due_ms = min(due_ms, association.pinged_ms + PING_INTERVAL_MS)
        self.due_ms = due_ms
        return alive


class CloseList(NodeList):
    """The k-buckets around our own key: 128 x 8 nodes."""

    __slots__ = ("_buckets", "_by_key", "by_address")

    def __init__(self, public_key: bytes) -> None:
        super().__init__(public_key, MAX_CLIENTS)
        self._buckets: dict[int, list[Client]] = {}
        self._by_key: dict[bytes, Client] = {}
        #: exactly the addresses of the nodes, each with its node
        self.by_address: dict[Address, Client] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def clients(self) -> Iterable[Client]:
        return self._by_key.values()

    def get(self, public_key: bytes) -> Client | None:
        return self._by_key.get(public_key)

    def add(self, public_key: bytes, address: Address, now_ms: int) -> bool:
        """It answered: refresh it, or put it into its bucket when there is room or a bad node to replace."""
        client = self._by_key.get(public_key)
        if client is None:
            number = number_of(public_key)
            client = Client(public_key, number, number ^ self.base)
            if not client.distance or not self._has_room(client.distance, now_ms, evict=True):
                return False
            self._by_key[public_key] = client
            self._buckets.setdefault(bucket_index(client.distance), []).append(client)
            self.due_ms = NEVER_MS
        holder = self.by_address.get(address)
        if holder is not None and holder is not client:
            # a node that came back with a new key, or one pretending: only it can answer from there
            del self.by_address[address]
            if holder.forget(address):
                self._remove(holder)
        before = [association.address for association in client.associations()]
        client.heard(address, now_ms)
        after = [association.address for association in client.associations()]
        if before != after:
            for old in before:
                if old not in after:
                    self.by_address.pop(old, None)
            self.by_address[address] = client
        return True

    def has_room(self, public_key: bytes, now_ms: int) -> bool:
        """True if `add` would take a node of that key which is not there yet."""
        distance = number_of(public_key) ^ self.base
        return distance != 0 and self._has_room(distance, now_ms, evict=False)

    def _has_room(self, distance: int, now_ms: int, evict: bool) -> bool:
        bucket = self._buckets.get(bucket_index(distance), ())
        if len(bucket) < MAX_CLIENTS:
            return True
        for client in bucket:
            if not client.is_good(now_ms):
                if evict:
                    self._remove(client)
                return True
        return False

    def _remove(self, client: Client) -> None:
        del self._by_key[client.public_key]
        index = bucket_index(client.distance)
        bucket = self._buckets[index]
        bucket.remove(client)
        if not bucket:
            del self._buckets[index]
        for association in client.associations():
            self.by_address.pop(association.address, None)

    def nearest(self, target: int) -> Iterator[list[Client]]:
        """Groups of nodes, every group nearer to `target` than the next: stop when there are enough.

        Nodes of the target's own bucket share more bits with it than we do; those of all longer
        buckets share exactly as many as we do; each shorter bucket shares fewer.
        """
        buckets = self._buckets
        index = bucket_index(target ^ self.base)
        if index in buckets:
            yield buckets[index]
        longer = [client for i, bucket in buckets.items() if i > index for client in bucket]
        if longer:
            yield longer
        for i in range(index - 1, -1, -1):
            if i in buckets:
                yield buckets[i]

    def revive(self, now_ms: int) -> None:
        """All are dead, perhaps because we were cut off: let them be asked again."""
        for client in self.clients():
            for association in client.associations():
                association.seen_ms = max(association.seen_ms, now_ms - BAD_NODE_TIMEOUT_MS)
        self.due_ms = NEVER_MS


class SearchList(NodeList):
    """The 8 nearest nodes to a searched key, in the end the searched node itself."""

    __slots__ = ("_clients", "_limit", "_limit_until_ms", "callbacks", "spread")

    def __init__(self, public_key: bytes, max_pending: int) -> None:
        super().__init__(public_key, max_pending)
        self._clients: list[Client] = []
        #: who wants to hear the address, by token
        self.callbacks: dict[object, Callable[[Address], None]] = {}
        #: nodes farther away than this are of no use until one of ours turns bad
        self._limit = _BEYOND
        self._limit_until_ms = NEVER_MS
        #: all bits in which a node's key may differ from the base key
        self.spread = 0

    def clients(self) -> Iterable[Client]:
        return self._clients

    def get(self, public_key: bytes) -> Client | None:
        for client in self._clients:
            if client.public_key == public_key:
                return client
        return None

    def doubt(self, public_key: bytes, now_ms: int) -> None:
        super().doubt(public_key, now_ms)
        self._find_limit(now_ms)

    def has_room(self, number: int, now_ms: int) -> bool:
        """True if a node of that key is nearer than one of ours, one of ours is bad, or a slot is free."""
        if now_ms >= self._limit_until_ms:
            self._find_limit(now_ms)
        return (number ^ self.base) <= self._limit

    def add(self, public_key: bytes, number: int, address: Address, now_ms: int) -> bool:
        """It answered: refresh it, or take it in place of a bad or the farthest node."""
        if not self.has_room(number, now_ms):
            return False
        clients = self._clients
        client = self.get(public_key)
        pinged_ms = NEVER_MS
        for other in list(clients):
            if other is not client and other.forget(address):
                clients.remove(other)
        if client is None:
            if len(clients) >= MAX_CLIENTS:
                # what the replaced node was asked last counts for its successor: churn must not make traffic
                pinged_ms = self._evict(now_ms)
            client = Client(public_key, number, number ^ self.base)
            clients.append(client)
            self.due_ms = NEVER_MS
        client.heard(address, now_ms, pinged_ms)
        self._find_limit(now_ms)
        return True

    def _evict(self, now_ms: int) -> int:
        bad = [client for client in self._clients if not client.is_good(now_ms)]
        victim = max(bad or self._clients, key=lambda client: client.distance)
        self._clients.remove(victim)
        return max((association.pinged_ms for association in victim.associations()), default=NEVER_MS)

    def _find_limit(self, now_ms: int) -> None:
        until_ms = min((client.good_until_ms() for client in self._clients), default=now_ms)
        farthest = max((client.distance for client in self._clients), default=0)
        self.spread = bits_of(farthest)
        if len(self._clients) < MAX_CLIENTS or until_ms <= now_ms:
            self._limit, self._limit_until_ms = _BEYOND, now_ms + BAD_NODE_TIMEOUT_MS
        else:
            self._limit, self._limit_until_ms = farthest, until_ms

    def address(self, now_ms: int) -> Address | None:
        """Where the searched node itself answered from, IPv6 preferred."""
        client = self.get(self.public_key)
        if client is not None:
            for association in client.associations():
                if association.seen_ms + BAD_NODE_TIMEOUT_MS > now_ms:
                    return association.address
        return None

    def returned(self, now_ms: int) -> list[Address]:
        """Where the nodes of the list see the searched node: those of the IP version more of them told.

        c-toxcore: DHT.c friend_iplist.
        """
        since_ms = now_ms - BAD_NODE_TIMEOUT_MS
        clients = self._clients
        v4 = [told[0] for told in [client.returned_v4 for client in clients] if told and told[1] > since_ms]
        v6 = [told[0] for told in [client.returned_v6 for client in clients] if told and told[1] > since_ms]
        return v6 if len(v6) >= len(v4) else v4

    def tellers(self, now_ms: int) -> list[Address]:
        """Good nodes of the list that know an address of the searched node: the ways to it."""
        since_ms = now_ms - BAD_NODE_TIMEOUT_MS
        ways: list[Address] = []
        for client in self._clients:
            for told in (client.returned_v4, client.returned_v6):
                if told and told[1] > since_ms:
                    address = client.address(now_ms)
                    if address is not None:
                        ways.append(address)
                    break
        return ways
