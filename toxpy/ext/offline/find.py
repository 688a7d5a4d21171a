"""Looks for mailboxes among the nodes of the DHT that we know: asks one of them each second.

Nodes that are no mailbox do not answer. Nobody is asked again for an hour, and when all were asked there is
a pause.
Only a node that was asked, at the address where it was asked, can answer, and once.
"""

from __future__ import annotations

from toxpy.crypto.sodium import NONCE_SIZE
from toxpy.dht.packets import open_packet, seal_packet, sender_of
from toxpy.ext.mailbox.probe import pack_probe, unpack_answer
from toxpy.ext.offline.records import MailboxRecord
from toxpy.network.network_address import ExtendedNode
from toxpy.wire.address import Node
from toxpy.wire.packets import ECHO_SIZE, MAILBOX_ANSWER, MAILBOX_PROBE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.ext.mailbox.probe import ProbeAnswer
    from toxpy.friend.layers import Layers
    from toxpy.runtime import Timer
    from toxpy.wire.address import Address

    Found = Callable[[MailboxRecord, ProbeAnswer], None]

#: Time between two probes, and the same while all known nodes were asked, ms.
PROBE_MS, ALL_ASKED_MS = 1_000, 60_000
#: Time after which a node is asked again, ms, and the nodes remembered until then.
ASK_AGAIN_MS, MAX_ASKED = 3_600_000, 4096
#: Probes without an answer that are remembered: the oldest goes first.
MAX_OPEN = 64


class Finder:
    """Claims 0xf9 of the node; `on_found(record, answer)` hears of each mailbox that answers."""

    __slots__ = ("_asked", "_layers", "_on_found", "_open", "_timer")

    def __init__(self, layers: Layers, on_found: Found) -> None:
        self._layers = layers
        self._on_found = on_found
        #: DHT key -> when it was asked
        self._asked: dict[bytes, int] = {}
        #: echo -> key and address
        self._open: dict[bytes, tuple[bytes, Address]] = {}
        self._timer: Timer | None = None
        layers.node.dispatch.claim(MAILBOX_ANSWER.kind, self._on_answer)

    def look(self, wanted: bool) -> None:
        """Begin to look, or stop. Repeating it is harmless."""
        if not wanted and self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._open.clear()
        elif wanted and self._timer is None:
            self._timer = self._layers.rt.timers.call_about(PROBE_MS, self._ask_one)

    def close(self) -> None:
        """Stop for good."""
        self.look(False)
        self._layers.node.dispatch.release(MAILBOX_ANSWER.kind)

    def _ask_one(self) -> None:
        rt = self._layers.rt
        node = self._choose()
        if node is not None:
            self._ask(node)
        delay_ms = PROBE_MS if node is not None else ALL_ASKED_MS
        self._timer = rt.timers.call_about(delay_ms, self._ask_one)

    def _choose(self) -> Node | None:
        """A node that was not asked lately, at random."""
        rt, asked = self._layers.rt, self._asked
        now_ms = rt.clock.now_ms
        for key in [key for key, asked_ms in asked.items() if now_ms - asked_ms >= ASK_AGAIN_MS]:
            del asked[key]
        nodes = [node for node in self._layers.node.dht.saved_nodes() if node.public_key not in asked]
        return rt.rng.choice(nodes) if nodes and len(asked) < MAX_ASKED else None

    def _ask(self, node: Node) -> None:
        dht, rt = self._layers.node.dht, self._layers.rt
        self._asked[node.public_key] = rt.clock.now_ms
        key = dht.shared_keys.get(node.public_key)
        if key is None:
            return
        if len(self._open) >= MAX_OPEN:
            del self._open[next(iter(self._open))]
        echo = rt.rng.bytes(ECHO_SIZE)
        self._open[echo] = node.public_key, node.address
        nonce = rt.rng.bytes(NONCE_SIZE)
        dht.send(node.address, seal_packet(MAILBOX_PROBE, dht.public_key, key, nonce, pack_probe(echo)))

    def _on_answer(self, address: Address, data: bytes) -> None:
        dht, drop = self._layers.node.dht, self._layers.rt.counters.drop
        if not MAILBOX_ANSWER.fits(data):
            return drop("mailbox_answer_size")
        sender = sender_of(data)
        if (sender, address) not in self._open.values():
            return drop("mailbox_answer_unasked")
        key = dht.shared_keys.get(sender)
        payload = open_packet(key, data) if key is not None else None
        if payload is None:
            return drop("mailbox_answer_box")
        echo, answer = unpack_answer(payload)
        if self._open.get(echo) != (sender, address):
            return drop("mailbox_answer_replay")
        del self._open[echo]
        node = ExtendedNode.from_node(Node(sender, address))
        return self._on_found(MailboxRecord(answer.real_pk, node), answer)
