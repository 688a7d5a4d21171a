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
    """Nodes that paths may be built from, the longest known out first."""

    __slots__ = ("_known", "_nodes", "_rt", "_tcp")

    def __init__(self, known: Nodes, *, rt: Runtime, tcp: TcpPool | None = None) -> None:
        self._known = known
        self._rt = rt
        self._tcp = tcp
        self._nodes: dict[bytes, Node] = {}

    def __len__(self) -> int:
        return len(self._nodes)

    def add(self, node: Node) -> None:
        """A node that is or was reachable over UDP."""
        if node.tcp or not is_usable(node.address) or node.public_key == self._known.public_key:
            return
        self._nodes.pop(node.public_key, None)
        if len(self._nodes) >= MAX_PATH_NODES:
            del self._nodes[next(iter(self._nodes))]
        self._nodes[node.public_key] = node

    def all(self) -> list[Node]:
        """What is worth saving."""
        return list(self._nodes.values())

    def pick(self) -> list[Node] | None:
        """Three random nodes, different ones if there are three; None when none is known.

        While the DHT is out of reach a TCP relay takes the first place.
        """
        fresh = self._known.random_nodes(MAX_PATH_NODES)
        for node in fresh:
            self.add(node)
        # few that answer: over them alone every other time, for those known from before may all be gone
        enough = len(fresh) >= PATH_LENGTH or (fresh and self._rt.rng.below(2))
        nodes = fresh if enough else self.all()
        if not nodes:
            return None
        self._rt.rng.shuffle(nodes)
        chosen = [nodes[i % len(nodes)] for i in range(PATH_LENGTH)]
        if not self._known.is_connected() and self._tcp is not None:
            relays = self._tcp.onion_relays()
            if relays:
                chosen[0] = self._rt.rng.choice(relays)
        return chosen


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
        """A path for one packet: the numbered one while it lives, else a random one, made anew when dead."""
        slot = self._rt.rng.below(PATHS)
        if number is not None:
            for i, path in enumerate(self._paths):
                if path is not None and path.number == number:
                    slot = i
        path = self._paths[slot]
        if path is None or self._is_dead(path):
            path = self._paths[slot] = self._create()
        if path is not None:
            path.uses += 1
            path.used_ms = self._rt.clock.now_ms
        return path

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
