"""Ping service and the list of strangers to ping. Spec: Ping Service; c-toxcore: ping.c.

Whoever asks us something may be worth knowing, but only an answer to our own ping proves
the address. Strangers are collected, 32 at most in two seconds, the nearest to us
preferred, so that asking us cannot make us send more than was sent to us. c-toxcore always
collects for two seconds; here the first ones after a quiet time are pinged soon, since whoever
has just joined is found only when somebody knows it.
"""

from __future__ import annotations

from toxpy.crypto.sodium import NONCE_SIZE
from toxpy.dht.kbucket import Nearest
from toxpy.dht.packets import open_packet, seal_packet, sender_of
from toxpy.dht.sendbacks import Sendbacks
from toxpy.wire.address import Node, is_usable
from toxpy.wire.packets import PING_REQUEST, PING_RESPONSE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.dht.nodes import Nodes
    from toxpy.runtime import Dispatch, Runtime, Timer
    from toxpy.wire.address import Address
    from toxpy.wire.packets import Layout

MAX_TO_PING = 32
TIME_TO_PING_MS = 2000
#: Delay of the first pings after a quiet time, ms.
SOON_MS = 50


class Pings:
    """Answers pings, sends pings, reports who answered to `on_answer`, and to `on_asked` who was answered."""

    __slots__ = ("_nodes", "_on_answer", "_on_asked", "_pinged_ms", "_rt", "_sendbacks", "_timer", "_to_ping")

    def __init__(
        self,
        nodes: Nodes,
        on_answer: Callable[[Address, bytes], None],
        on_asked: Callable[[Address, bytes], None],
        *,
        rt: Runtime,
        udp: Dispatch,
    ) -> None:
        self._nodes = nodes
        self._on_answer = on_answer
        self._on_asked = on_asked
        self._rt = rt
        self._sendbacks = Sendbacks(rt=rt)
        self._to_ping = Nearest(nodes.close_list.base, MAX_TO_PING)
        self._timer: Timer | None = None
        self._pinged_ms = rt.clock.now_ms - TIME_TO_PING_MS
        udp.claim(PING_REQUEST.kind, self.on_request)
        udp.claim(PING_RESPONSE.kind, self.on_response)

    def send_request(self, address: Address, public_key: bytes) -> None:
        """Ping one node."""
        key = self._nodes.shared_keys.get(public_key)
        if key is None or public_key == self._nodes.public_key:
            return
        self._send(PING_REQUEST, key, address, self._sendbacks.add(public_key, address))

    def _send(self, layout: Layout, key: bytes, address: Address, ping_id: bytes) -> None:
        nonce = self._rt.rng.bytes(NONCE_SIZE)
        # the kind again inside the box: the key is the same in both directions, and a request
        # must not be its own response
        payload = layout.prefix + ping_id
        self._nodes.send(address, seal_packet(layout, self._nodes.public_key, key, nonce, payload))

    def on_request(self, address: Address, data: bytes) -> None:
        """0x00: answer it."""
        if not PING_REQUEST.fits(data):
            self._rt.counters.drop("ping_size")
            return
        key = self._nodes.request_key(address, sender_of(data))
        if key is None:
            return
        payload = open_packet(key, data)
        if payload is None or payload[0] != PING_REQUEST.kind:
            self._rt.counters.drop("ping_decrypt")
            return
        self._send(PING_RESPONSE, key, address, payload[1:])
        self._on_asked(address, sender_of(data))
        self.offer(address, sender_of(data))

    def on_response(self, address: Address, data: bytes) -> None:
        """0x01: counts once for each of our pings, and from the key and address that we pinged only."""
        drop = self._rt.counters.drop
        if not PING_RESPONSE.fits(data):
            drop("ping_size")
            return
        public_key = sender_of(data)
        if not self._sendbacks.is_asked(public_key, address):
            drop("ping_unasked")
            return
        key = self._nodes.shared_keys.get(public_key)
        payload = open_packet(key, data) if key is not None else None
        if payload is None or payload[0] != PING_RESPONSE.kind:
            drop("ping_decrypt")
            return
        if self._sendbacks.take(payload[1:], public_key, address) is None:
            drop("ping_replay")
            return
        self._on_answer(address, public_key)

    def offer(self, address: Address, public_key: bytes) -> None:
        """A stranger asked us something: ping it soon if the close list has room for it."""
        nodes, now_ms = self._nodes, self._rt.clock.now_ms
        if not is_usable(address):
            return
        if nodes.is_searched_in_vain(public_key):
            self.send_request(address, public_key)
            return
        client = nodes.close_list.get(public_key)
        if client is not None:
            if client.is_good_at(address, now_ms):
                return
        elif not nodes.close_list.has_room(public_key, now_ms):
            return
        self._to_ping.offer(Node(public_key, address))
        if self._timer is None:
            at_ms = max(now_ms + SOON_MS, self._pinged_ms + TIME_TO_PING_MS)
            self._timer = self._rt.timers.call_at(at_ms, self._to_ping_due)

    def _to_ping_due(self) -> None:
        self._timer = None
        self._pinged_ms = self._rt.clock.now_ms
        for node in self._to_ping.take():
            # it may have answered by now
            client = self._nodes.close_list.get(node.public_key)
            if client is None or not client.is_good_at(node.address, self._pinged_ms):
                self.send_request(node.address, node.public_key)

    def close(self) -> None:
        """No pings any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._to_ping.take()
        self._sendbacks.clear()
