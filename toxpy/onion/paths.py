"""The onion paths in use: which nodes they go over, and when one is given up. c-toxcore: onion_client.c.

Six paths for announcing ourselves and six for everything about friends, so that no node sees
both. A path is given up after 20 minutes, or when it has not answered: within 4 s if it never
did, 10 s otherwise, and not for each of 4 packets.
"""

from __future__ import annotations

from toxpy.onion.path import PATH_LENGTH, OnionPath, create_path
from toxpy.wire.address import is_usable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.dht.dht import DHT
    from toxpy.dht.nodes import Nodes
    from toxpy.runtime import Runtime
    from toxpy.tcp.pool import TcpPool
    from toxpy.wire.address import Node

PATHS = 6
FIRST_TIMEOUT_MS = 4000
TIMEOUT_MS = 10_000
LIFETIME_MS = 1_200_000
MAX_UNANSWERED = 4
MAX_PATH_NODES = 32


class PathNodes:
    """Nodes that paths may be built from: those of this run, and those of a save, which may all be gone."""

    __slots__ = ("_known", "_nodes", "_own", "_rt", "_saved", "_tcp")

    def __init__(self, known: Nodes, *, rt: Runtime, tcp: TcpPool | None = None) -> None:
        self._known = known
        self._rt = rt
        self._tcp = tcp
        #: named or heard of in this run, the longest known first
        self._nodes: dict[bytes, Node] = {}
        #: only of a save, in its order; keys that are not in `_nodes`
        self._saved: dict[bytes, Node] = {}
        #: our own node, where the client names it: it may be the only one there is
        self._own: Node | None = None

    def __len__(self) -> int:
        return len(self._nodes) + len(self._saved)

    def add(self, node: Node) -> None:
        """A node that is or was reachable over UDP in this run; the longest known one goes for it."""
        if node.tcp or not is_usable(node.address):
            return
        if node.public_key == self._known.public_key:
            self._own = node
            return
        self._saved.pop(node.public_key, None)
        _put(self._nodes, node)

    def forget(self, public_key: bytes) -> None:
        """That node is gone."""
        self._nodes.pop(public_key, None)

    def load(self, nodes: list[Node]) -> None:
        """Nodes of a save."""
        for node in nodes:
            known = node.public_key == self._known.public_key or node.public_key in self._nodes
            if not node.tcp and is_usable(node.address) and not known:
                _put(self._saved, node)

    def all(self) -> list[Node]:
        """What is worth saving, the last learnt first: who reads a save takes only the first few."""
        return [*reversed(self._nodes.values()), *self._saved.values()][:MAX_PATH_NODES]

    def candidates(self, count: int) -> list[Node]:
        """Random ones to ask while the DHT knows nobody: of this run and of a save in turn.

        Neither crowds the other out: what was just learnt may be all that lives, or wrong.
        """
        fresh, saved = self._of_this_run(), list(self._saved.values())
        self._rt.rng.shuffle(fresh)
        self._rt.rng.shuffle(saved)
        turns = [node for pair in zip(fresh, saved, strict=False) for node in pair]
        paired = len(turns) // 2
        return [*turns, *fresh[paired:], *saved[paired:]][:count]

    def _of_this_run(self) -> list[Node]:
        """With our own node where the DHT knows no other: two clients of our relay find each other there."""
        alone = self._own is not None and not self._known.is_connected()
        return [*self._nodes.values(), self._own] if alone and self._own else list(self._nodes.values())

    def pick(self) -> list[Node] | None:
        """Three random nodes; None when none is known.

        They are different when three answer. Otherwise each is drawn by itself, so that a single live node
        among dead ones makes a path in the end. While the DHT is out of reach a TCP relay takes the first
        place. None as well where the nodes' network is one that we do not use.
        """
        if self._tcp is not None and self._tcp.only is not None and not self._tcp.only.has_ip:
            return None
        rng = self._rt.rng
        good = self._known.random_nodes(MAX_PATH_NODES)
        for node in good:
            self.add(node)
        # few that answer: over them alone every other time, for those known from before may all be gone
        if len(good) >= PATH_LENGTH or (good and rng.below(2)):
            rng.shuffle(good)
            chosen = [good[i % len(good)] for i in range(PATH_LENGTH)]
        else:
            nodes = self._of_this_run()
            if not nodes or rng.below(2):
                nodes += self._saved.values()
            if not nodes:
                return None
            chosen = [rng.choice(nodes) for _ in range(PATH_LENGTH)]
        if not self._known.is_connected() and self._tcp is not None:
            relays = self._tcp.onion_relays()
            if relays:
                chosen[0] = rng.choice(relays)
        return chosen


def _put(nodes: dict[bytes, Node], node: Node) -> None:
    """Behind all others, at most MAX_PATH_NODES."""
    nodes.pop(node.public_key, None)
    if len(nodes) >= MAX_PATH_NODES:
        del nodes[next(iter(nodes))]
    nodes[node.public_key] = node


class Paths:
    """One set of six paths."""

    __slots__ = ("_dht", "_next_number", "_nodes", "_paths", "_rt")

    def __init__(self, dht: DHT, nodes: PathNodes, *, rt: Runtime) -> None:
        self._dht = dht
        self._nodes = nodes
        self._rt = rt
        self._paths: list[OnionPath | None] = [None] * PATHS
        self._next_number = 0

    def _is_dead(self, path: OnionPath) -> bool:
        now_ms = self._rt.clock.now_ms
        if now_ms - path.created_ms >= LIFETIME_MS:
            return True
        if path.responded_ms == 0:
            return path.uses > 0 and now_ms - path.created_ms >= FIRST_TIMEOUT_MS
        return path.uses >= MAX_UNANSWERED and now_ms - path.responded_ms >= TIMEOUT_MS

    def take(self, number: int | None = None) -> OnionPath | None:
        """A path for one packet: the numbered one while it lives, else any, made anew when dead.

        Of all the one with the fewest unanswered packets is taken, so that those over a node that has just
        gone are tried once each and not again and again.
        """
        first = self._rt.rng.below(PATHS)
        slots = [(first + i) % PATHS for i in range(PATHS)]
        numbered = [i for i in slots if number is not None and self._number(i) == number]
        slot = numbered[0] if numbered else min(slots, key=self._unanswered)
        path = self._paths[slot]
        if path is None or self._is_dead(path):
            path = self._paths[slot] = self._create()
        if path is not None:
            path.uses += 1
        return path

    def _number(self, slot: int) -> int:
        path = self._paths[slot]
        return path.number if path is not None else 0

    def _unanswered(self, slot: int) -> int:
        """Packets sent over that path since its last answer; none for one that is to be made anew."""
        path = self._paths[slot]
        return 0 if path is None or self._is_dead(path) else path.uses

    def forget(self, public_key: bytes) -> set[int]:
        """Give up the paths over that node; their numbers."""
        lost: set[int] = set()
        for slot, path in enumerate(self._paths):
            if path is not None and any(node.public_key == public_key for node in path.nodes):
                self._paths[slot] = None
                lost.add(path.number)
        return lost

    def _create(self) -> OnionPath | None:
        nodes = self._nodes.pick()
        if nodes is None:
            return None
        self._next_number += 1
        return create_path(self._dht, self._next_number, nodes, rt=self._rt)

    def answered(self, number: int) -> None:
        """A packet came back for one sent over that path."""
        for path in self._paths:
            if path is not None and path.number == number:
                path.responded_ms = self._rt.clock.now_ms or 1
                path.uses = 0
