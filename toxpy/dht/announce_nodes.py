"""Finds out which nodes speak the announcements protocol. c-toxcore: DHT.c, CHECK_ANNOUNCE_NODE.

Nothing in the other packets tells. So every node that enters the close list is asked once for a random
key; if it answers, it may be named in answers to searches (`announcements`).
"""

from __future__ import annotations

from toxpy.crypto.sodium import KEY_SIZE, NONCE_SIZE
from toxpy.dht.packets import open_packet, seal_packet, sender_of
from toxpy.dht.sendbacks import Sendbacks
from toxpy.wire.packets import SEARCH_REQUEST, SEARCH_RESPONSE, SENDBACK_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.dht.nodes import Nodes
    from toxpy.runtime import Dispatch, Runtime
    from toxpy.wire.address import Address


class AnnounceNodes:
    """Asks nodes and marks those that answer. Claims 0x94 of `udp`."""

    __slots__ = ("_nodes", "_rt", "_sendbacks")

    def __init__(self, nodes: Nodes, *, rt: Runtime, udp: Dispatch) -> None:
        self._nodes = nodes
        self._rt = rt
        self._sendbacks = Sendbacks(rt=rt)
        udp.claim(SEARCH_RESPONSE.kind, self.on_response)

    def ask(self, address: Address, public_key: bytes) -> None:
        """A node has just entered the close list."""
        key = self._nodes.shared_keys.get(public_key)
        if key is None:
            return
        payload = self._rt.rng.bytes(KEY_SIZE) + self._sendbacks.add(public_key, address)
        nonce = self._rt.rng.bytes(NONCE_SIZE)
        self._nodes.send(address, seal_packet(SEARCH_REQUEST, self._nodes.public_key, key, nonce, payload))

    def on_response(self, address: Address, data: bytes) -> None:
        """0x94: what it says does not matter, that it says it does."""
        drop = self._rt.counters.drop
        if len(data) < SEARCH_RESPONSE.min_size:
            return drop("announcement_size")
        public_key = sender_of(data)
        if not self._sendbacks.is_asked(public_key, address):
            return drop("announcement_unasked")
        key = self._nodes.shared_keys.get(public_key)
        payload = open_packet(key, data) if key is not None else None
        if payload is None:
            return drop("announcement_decrypt")
        if self._sendbacks.take(payload[-SENDBACK_SIZE:], public_key, address) is None:
            return drop("announcement_replay")
        return self._nodes.note_announce_node(public_key)

    def close(self) -> None:
        """Nothing is asked any more."""
        self._sendbacks.clear()
