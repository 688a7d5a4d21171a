"""Whom the onion client looks for, and the nodes it knows around them.

A target is a real key: our own or a friend's. Its nodes are the closest to that key that answered an
announce request; how often each is asked again is decided here, who is asked over which path in `client`.
"""

from __future__ import annotations

from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.crypto.sodium import KEY_SIZE, encrypt
from toxpy.dht.budget import TokenBucket
from toxpy.onion.announce import STORED_NO, STORED_OTHER, STORED_SELF
from toxpy.wire.address import is_usable
from toxpy.wire.packets import ANNOUNCE_REQUEST, ANNOUNCE_REQUEST_OLD, ONION_PING_ID_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from toxpy.runtime import Clock, Runtime
    from toxpy.wire.address import Address, Node

    class OnionOwner(Protocol):
        """Who wants to know where a friend is."""

        def on_dht_pk(self, dht_pk: bytes) -> None: ...
        def on_relay(self, node: Node) -> None: ...

    class OnionGroup(Protocol):
        """Who looks for the members of a group."""

        def announcement(self) -> bytes:
            """What we say of ourselves: chat id and member; b"" while nobody could reach us."""

        def on_members(self, data: bytes) -> None:
            """What others have said: members one after the other, from anybody."""

        def interval_ms(self) -> int:
            """Time from one question to the next one to the same node."""

        def others_per_round(self) -> int:
            """How many nodes anywhere to ask in this round; -1 not to look for members at all."""


MAX_ANNOUNCE_NODES, MAX_SEARCH_NODES = 12, 8
#: Unanswered questions in a row after which an entry makes room. c-toxcore: ONION_NODE_MAX_PINGS.
MAX_MISSES = 3
INTERVAL_NEW_MS, INTERVAL_MS = 3000, 15_000
INTERVAL_STABLE_MS, STABLE_AFTER_MS = 120_000, 90_000
#: Ours: nodes around our key from which on stable ones are asked rarely.
MANY_NODES = 6
#: Ours: the first intervals between questions to a node, ms; c-toxcore waits 3 s every time.
SOON_INTERVALS_MS = (300, 500, 900, 1500, 2500)
SEARCH_NEW_ROUNDS = 5
MAX_SEARCH_INTERVAL_MS = 3_600_000
#: Share of a friend's absence that an interval is: a quarter.
SEARCH_BACKOFF = 4
#: Pause before a newcomer is asked again, ms.
ASKED_AGAIN_MS = 10_000
#: Ours: the same pause while nobody at all has answered, ms. The first questions often go out before there
#: is a way.
ASKED_AGAIN_ALONE_MS = 500
#: Ours: the same pause in the first rounds, ms, since some paths may lead over a node that has just gone.
ASKED_AGAIN_SOON_MS = 2000
MAX_RECENTLY_ASKED = 64
#: Ours: limits of questions about one target to nodes that we only heard of. A node that answers names four
#: more. If it lies, all of them are its own, each closer to the target.
NEWCOMERS_PER_S, NEWCOMERS_BURST = 8, 64
#: Nodes anywhere that are remembered for a group, new ones and asked ones, and the time until one is asked
#: again, in ms: nodes of c-toxcore keep what we say for 30 s.
MAX_WALK_NODES, WALK_AGAIN_MS = 256, 15_000
#: Interval between the packets that tell a friend our DHT key over the onion, ms.
DHT_PK_INTERVAL_MS = 30_000
#: Ours: the first of these intervals, ms, since a packet is easily lost on a path through a node that has
#: just gone.
DHT_PK_FIRST_INTERVALS_MS = (1_000, 3_000, 9_000)
DHT_PK_DIRECT_INTERVAL_MS = 20_000


class AnnounceNode:
    """A node that answered an announce request."""

    __slots__ = (
        "added_ms",
        "address",
        "asked_ms",
        "data_pk",
        "misses",
        "path",
        "ping_id",
        "public_key",
        "stored",
    )

    def __init__(self, public_key: bytes, address: Address, now_ms: int) -> None:
        self.public_key = public_key
        self.address = address
        self.added_ms = now_ms
        self.asked_ms = now_ms
        self.misses = 0
        self.stored = STORED_NO
        self.ping_id = bytes(ONION_PING_ID_SIZE)
        self.data_pk = b""
        self.path = 0


class Target:
    """A real key with the closest nodes known: our own, or a friend's."""

    __slots__ = (
        "asked_ms",
        "capacity",
        "keys",
        "newcomers",
        "nodes",
        "number",
        "public_key",
        "recently_asked",
        "rounds",
        "shared_keys",
    )

    def __init__(self, public_key: bytes, keys: KeyPair, capacity: int, *, rt: Runtime) -> None:
        self.public_key = public_key
        self.number = int.from_bytes(public_key, "big")
        #: what we show to the nodes: our real keys for ourselves, temporary ones for a friend
        self.keys = keys
        self.shared_keys = SharedKeys(keys, rt=rt)
        self.capacity = capacity
        self.nodes: dict[bytes, AnnounceNode] = {}
        self.recently_asked: dict[bytes, int] = {}
        self.newcomers = TokenBucket(NEWCOMERS_PER_S, NEWCOMERS_BURST, rt.clock.now_ms)
        self.rounds = 0
        #: when a known node was last asked
        self.asked_ms = rt.clock.now_ms

    def wants(self, public_key: bytes) -> bool:
        """True if a new node with that key would get a place."""
        if len(self.nodes) < self.capacity:
            return True
        return self._victim(int.from_bytes(public_key, "big")) is not None

    def _victim(self, number: int) -> AnnounceNode | None:
        missing = [node for node in self.nodes.values() if node.misses >= MAX_MISSES]
        if missing:
            return missing[0]
        farthest = max(self.nodes.values(), key=lambda n: int.from_bytes(n.public_key, "big") ^ self.number)
        is_closer = number ^ self.number < int.from_bytes(farthest.public_key, "big") ^ self.number
        return farthest if is_closer else None

    def place(self, public_key: bytes, address: Address, now_ms: int) -> AnnounceNode | None:
        """The entry of a node that answered, made now if there is room; None when there is none."""
        node = self.nodes.get(public_key)
        if node is None:
            if len(self.nodes) >= self.capacity:
                victim = self._victim(int.from_bytes(public_key, "big"))
                if victim is None:
                    return None
                del self.nodes[victim.public_key]
            node = self.nodes[public_key] = AnnounceNode(public_key, address, now_ms)
        node.address = address
        return node

    def interval_ms(self, node: AnnounceNode, now_ms: int) -> int:
        """Time from one question about our own announcement to the next one to the same node, ms.

        Nodes are asked rarely only where there are many: with few nodes in the network, one that goes takes
        most paths with it.
        """
        if node.stored != STORED_SELF or node.misses:
            return self._soon_ms()
        stable = now_ms - node.added_ms >= STABLE_AFTER_MS and len(self.nodes) >= MANY_NODES
        return INTERVAL_STABLE_MS if stable else INTERVAL_MS

    def ask_again(self, paths: set[int]) -> None:
        """Those paths are gone: let the nodes that answered over one of them be asked at once."""
        for node in self.nodes.values():
            if node.path in paths:
                node.asked_ms -= INTERVAL_STABLE_MS

    def _soon_ms(self) -> int:
        """The same for a node that is new to us."""
        rounds = self.rounds
        return SOON_INTERVALS_MS[rounds] if rounds < len(SOON_INTERVALS_MS) else INTERVAL_NEW_MS

    def was_asked_lately(self, public_key: bytes, now_ms: int) -> bool:
        """True if this newcomer was asked a short time ago."""
        asked_ms = self.recently_asked.get(public_key)
        again_ms = ASKED_AGAIN_SOON_MS if self.rounds <= SEARCH_NEW_ROUNDS else ASKED_AGAIN_MS
        if not self.nodes:
            again_ms = ASKED_AGAIN_ALONE_MS
        return asked_ms is not None and now_ms - asked_ms < again_ms

    def note_asked(self, public_key: bytes, now_ms: int) -> None:
        """This newcomer is asked now."""
        asked = self.recently_asked
        asked.pop(public_key, None)
        if len(asked) >= MAX_RECENTLY_ASKED:
            del asked[next(iter(asked))]
        asked[public_key] = now_ms

    def make_request(self, key: bytes, nonce: bytes, question: bytes) -> bytes:
        """An announce request to the node with that shared key."""
        return ANNOUNCE_REQUEST_OLD.make(nonce, self.keys.public) + encrypt(key, nonce, question)

    def search_key(self) -> bytes:
        """The key that a question names: the answer has the nodes nearest to it."""
        return self.public_key

    def on_node(self, node: Node) -> None:
        """An answer names that node."""

    def on_extra(self, data: bytes) -> None:
        """What stands behind the nodes of an answer: it is about groups."""


class GroupTarget(Target):
    """A group whose members we look for; its key is the chat id.

    What a member says of itself goes with each question, and any node that is asked keeps it for 30 s and
    tells what others have said. c-toxcore's members announce themselves near a random key, so besides the
    nodes near the chat id, where all of ours meet, others are asked too: `owner` says how many.
    """

    __slots__ = ("owner", "walk")

    def __init__(self, chat_id: bytes, owner: OnionGroup, *, rt: Runtime) -> None:
        super().__init__(chat_id, KeyPair.generate(rt.rng), MAX_SEARCH_NODES, rt=rt)
        self.owner = owner
        self.walk = GroupWalk(self, rt=rt)

    def ask_anew(self) -> None:
        """There is something to say of ourselves now: all nodes are asked in the next round."""
        for node in self.nodes.values():
            node.asked_ms -= INTERVAL_STABLE_MS
        self.walk.ask_anew()

    def interval_ms(self, _node: AnnounceNode, _now_ms: int) -> int:
        """Time from one question to the next one to the same node, ms."""
        return self.owner.interval_ms()

    def make_request(self, key: bytes, nonce: bytes, question: bytes) -> bytes:
        """With what we say of ourselves."""
        said = self.owner.announcement()
        if not said:
            return super().make_request(key, nonce, question)
        return ANNOUNCE_REQUEST.make(nonce, self.keys.public) + encrypt(key, nonce, question + said)

    def on_extra(self, data: bytes) -> None:
        """What others have said."""
        if data:
            self.owner.on_members(data)


class GroupWalk(Target):
    """Nodes anywhere, asked about the members of one group.

    Each question names another random key, so the nodes in the answers are anywhere as well. In the end every
    node of a small network is asked, and of a large one always other ones.
    """

    __slots__ = ("_asked", "_group", "_new", "_rng")

    def __init__(self, group: GroupTarget, *, rt: Runtime) -> None:
        super().__init__(group.public_key, group.keys, 0, rt=rt)
        self._group = group
        self._rng = rt.rng
        #: nodes that we heard of, and those that were asked, with the time, the longest ago first
        self._new: dict[bytes, Node] = {}
        self._asked: dict[bytes, tuple[Node, int]] = {}

    def ask_anew(self) -> None:
        """Those that were asked may be asked again."""
        for node, _ in self._asked.values():
            self._new[node.public_key] = node
        self._asked.clear()

    def search_key(self) -> bytes:
        """Another one each time."""
        return self._rng.bytes(KEY_SIZE)

    def wants(self, public_key: bytes) -> bool:
        """No node has a place here."""
        return False

    def place(self, public_key: bytes, address: Address, now_ms: int) -> AnnounceNode | None:
        """No node has a place here."""
        return None

    def on_node(self, node: Node) -> None:
        """It may be asked."""
        key, new = node.public_key, self._new
        if key in new or key in self._asked or node.tcp or not is_usable(node.address):
            return
        if len(new) >= MAX_WALK_NODES:
            del new[next(iter(new))]
        new[key] = node

    def choose(self, draw: Callable[[int], list[Node]], count: int, now_ms: int) -> list[Node]:
        """Up to `count` nodes to ask now: new ones, then those that were asked the longest ago.

        `draw` gives so many that we know from elsewhere.
        """
        for node in draw(count) if count else ():
            self.on_node(node)
        new, asked = self._new, self._asked
        chosen: list[Node] = []
        while len(chosen) < count:
            if new:
                node = next(iter(new.values()))
            elif asked and now_ms - next(iter(asked.values()))[1] >= WALK_AGAIN_MS:
                node = next(iter(asked.values()))[0]
            else:
                break
            if not self.newcomers.take(now_ms):
                break
            new.pop(node.public_key, None)
            asked.pop(node.public_key, None)
            if len(asked) >= MAX_WALK_NODES:
                del asked[next(iter(asked))]
            asked[node.public_key] = node, now_ms
            chosen.append(node)
        return chosen

    def make_request(self, key: bytes, nonce: bytes, question: bytes) -> bytes:
        """With what we say of ourselves."""
        return self._group.make_request(key, nonce, question)

    def on_extra(self, data: bytes) -> None:
        """What others have said."""
        self._group.on_extra(data)


class OnionFriend(Target):
    """A friend we look for while it is offline."""

    __slots__ = (
        "dht_pk",
        "direct_sent_ms",
        "found_ms",
        "is_online",
        "no_replay",
        "on_told",
        "owner",
        "sent_ms",
        "sent_no_replay",
        "sent_no_replay_ms",
        "times_sent",
        "told",
    )

    def __init__(self, public_key: bytes, owner: OnionOwner, *, rt: Runtime) -> None:
        super().__init__(public_key, KeyPair.generate(rt.rng), MAX_SEARCH_NODES, rt=rt)
        self.owner = owner
        #: hears of the nodes that our DHT key was sent to
        self.on_told: Callable[[OnionFriend, list[AnnounceNode]], None] | None = None
        self.dht_pk = b""
        self.is_online = False
        self.no_replay = self.sent_no_replay = 0
        #: when the number that we send was reckoned
        self.sent_no_replay_ms = 0
        #: when a node last said that it stores the friend's announcement, -1 for never
        self.found_ms = -1
        #: the storing nodes that our DHT key was sent to, each with the friend's data key
        self.told: set[tuple[bytes, bytes]] = set()
        self.sent_ms = self.direct_sent_ms = -DHT_PK_INTERVAL_MS
        #: how often our DHT key was sent since the friend went offline
        self.times_sent = 0

    def interval_ms(self, node: AnnounceNode, now_ms: int) -> int:
        """The longer the friend is away, the rarer: a quarter of the time since the node was first asked."""
        if self.rounds <= SEARCH_NEW_ROUNDS:
            return self._soon_ms()
        away_ms = now_ms - node.added_ms
        return min(max(INTERVAL_MS, away_ms // SEARCH_BACKOFF), MAX_SEARCH_INTERVAL_MS)

    def next_no_replay(self, clock: Clock) -> int:
        """The number of a DHT-key packet.

        The friend ignores what is not newer, so it never shrinks, whatever is done to the wall clock. Nor
        does it run ahead of that: after a restart the friend would ignore us until the clock has caught up.
        """
        passed_s = (clock.now_ms - self.sent_no_replay_ms) // 1000
        if passed_s > 0 or not self.sent_no_replay:
            self.sent_no_replay = max(self.sent_no_replay + passed_s, clock.unix_s())
            self.sent_no_replay_ms = clock.now_ms
        return self.sent_no_replay

    def to_tell(self, now_ms: int) -> list[AnnounceNode]:
        """The nodes that our DHT key is to be sent to now.

        All that store the friend every 30 s, sooner at first; one that is new among them at once.
        """
        first, times = DHT_PK_FIRST_INTERVALS_MS, self.times_sent
        interval_ms = first[times - 1] if 0 < times <= len(first) else DHT_PK_INTERVAL_MS
        storing = self.storing()
        if now_ms - self.sent_ms >= interval_ms:
            return storing
        return [node for node in storing if (node.public_key, node.data_pk) not in self.told]

    def note_told(self, nodes: list[AnnounceNode], now_ms: int) -> None:
        """Our DHT key was sent to these nodes."""
        storing = self.storing()
        pairs = {(node.public_key, node.data_pk) for node in storing}
        self.told = self.told & pairs | {(node.public_key, node.data_pk) for node in nodes}
        if len(nodes) == len(storing):
            self.sent_ms = now_ms
            self.times_sent += 1
        if self.on_told is not None:
            self.on_told(self, nodes)

    def knows_data_key(self, data_pk: bytes) -> bool:
        """True if our DHT key was sent to a friend with that data key."""
        return any(told == data_pk for _, told in self.told)

    def tell_anew(self) -> None:
        """Nothing sent before reached the friend: send our DHT key at once, and at short intervals first."""
        self.sent_ms = self.direct_sent_ms = -DHT_PK_INTERVAL_MS
        self.times_sent = 0

    def storing(self) -> list[AnnounceNode]:
        """The nodes through which data reaches the friend."""
        return [n for n in self.nodes.values() if n.stored == STORED_OTHER and n.misses < MAX_MISSES]

    def set_dht_pk(self, dht_pk: bytes) -> None:
        """The DHT key under which the friend is to be found now."""
        self.dht_pk = dht_pk

    def set_online(self, online: bool) -> None:
        """An online friend is not searched; one that just left is searched from the beginning."""
        if self.is_online and not online:
            self.rounds = self.no_replay = 0
            self.tell_anew()
        self.is_online = online


class Question:
    """An announce request under way."""

    __slots__ = ("address", "asked_ms", "path", "public_key", "target")

    def __init__(self, target: Target, public_key: bytes, address: Address, path: int, now_ms: int) -> None:
        self.target = target
        self.public_key = public_key
        self.address = address
        self.path = path
        self.asked_ms = now_ms
