"""Getting in, and getting in again. c-toxcore: dht_connect_after_load.

Two sources of nodes: those a client named (`remember`), each asked again with growing delays until
it has answered, a few times at most, and all of them while we know no good node at all (whom we
know first may be as new to the network as we are); and those of a save (`load`), asked 8 at a time until a
node beyond the LAN has answered, then forgotten.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.runtime import Runtime
    from toxpy.wire.address import Address, Node

#: Nodes named by the client; the oldest is forgotten first.
MAX_BOOTSTRAP_NODES = 32
#: c-toxcore's MAX_SAVED_DHT_NODES: both addresses of close list and random searches.
MAX_SAVED_NODES = 2 * (1024 + 2 * 8)
SAVED_PER_STEP = 8
STEP_MS = 1000
#: Longest pause between two steps, ms: it doubles after each round through the saved nodes.
MAX_STEP_MS = 16_000
RETRY_MS, MAX_RETRY_MS = 1000, 60_000
#: Questions to a silent node that the client named, although we know others.
MAX_TRIES = 4


class Bootstrap:
    """`run` is called about once a second and asks nodes through `ask(address, public_key)`."""

    __slots__ = (
        "_ask",
        "_next",
        "_nodes",
        "_retry_at_ms",
        "_retry_ms",
        "_rt",
        "_step_at_ms",
        "_step_ms",
        "_unanswered",
        "saved",
    )

    def __init__(self, ask: Callable[[Address, bytes], None], *, rt: Runtime) -> None:
        self._ask = ask
        self._rt = rt
        self._nodes: dict[tuple[Address, bytes], None] = {}
        #: how often each of them was asked that never answered; keys of `_nodes` only
        self._unanswered: dict[bytes, int] = {}
        self._retry_ms = RETRY_MS
        self._retry_at_ms = 0
        #: nodes of a save that are still needed
        self.saved: list[Node] = []
        self._next = 0
        self._step_ms = STEP_MS
        self._step_at_ms = 0

    def remember(self, address: Address, public_key: bytes) -> None:
        """The client named this node; it has been asked just now."""
        nodes = self._nodes
        nodes.pop((address, public_key), None)
        if len(nodes) >= MAX_BOOTSTRAP_NODES:
            oldest = next(iter(nodes))
            del nodes[oldest]
            self._unanswered.pop(oldest[1], None)
        nodes[address, public_key] = None
        self._unanswered[public_key] = 1
        self._retry_ms = RETRY_MS
        self._retry_at_ms = self._rt.clock.now_ms + self._jittered(RETRY_MS)

    def load(self, nodes: list[Node]) -> None:
        """Nodes of a save, tried in this order."""
        self.saved = nodes[:MAX_SAVED_NODES]
        self._next = 0
        self._step_ms = STEP_MS
        self._step_at_ms = self._rt.clock.now_ms

    def answered(self, public_key: bytes) -> None:
        """That node is there."""
        self._unanswered.pop(public_key, None)

    def run(self, connected: bool, connected_beyond_lan: bool) -> None:
        """Ask whoever is due."""
        now_ms = self._rt.clock.now_ms
        if connected and not self._unanswered:
            self._retry_ms = RETRY_MS
            self._retry_at_ms = now_ms + RETRY_MS
        elif self._nodes and now_ms >= self._retry_at_ms:
            self._retry_ms = min(2 * self._retry_ms, MAX_RETRY_MS)
            self._retry_at_ms = now_ms + self._jittered(self._retry_ms)
            for address, public_key in list(self._nodes):
                if not connected or public_key in self._unanswered:
                    self._ask(address, public_key)
            self._count_tries()
        if connected_beyond_lan:
            self.saved = []
        elif self.saved and now_ms >= self._step_at_ms:
            self._step()

    def _count_tries(self) -> None:
        tries = {public_key: count + 1 for public_key, count in self._unanswered.items()}
        self._unanswered = {public_key: count for public_key, count in tries.items() if count < MAX_TRIES}

    def _step(self) -> None:
        start = self._next
        for node in self.saved[start : start + SAVED_PER_STEP]:
            self._ask(node.address, node.public_key)
        self._next = start + SAVED_PER_STEP
        if self._next >= len(self.saved):
            self._next = 0
            self._step_ms = min(2 * self._step_ms, MAX_STEP_MS)
        self._step_at_ms = self._rt.clock.now_ms + self._step_ms

    def _jittered(self, delay_ms: int) -> int:
        """Up to a quarter longer, so that many clients do not come back in step."""
        return delay_ms + self._rt.rng.below(delay_ms // 4 + 1)
