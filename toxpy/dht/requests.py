"""DHT request packets (0x20): data for a key, through nodes that know its address.

Spec: DHT Request Packets. A request for us is opened and goes by its kind to the owner in
`dispatch` (254 NAT ping, 156 DHT key, 32 friend request). One for a node of our close list is
passed on as it is; anything else ends here.
"""

from __future__ import annotations

from toxpy.crypto.sodium import NONCE_SIZE
from toxpy.dht.packets import MAX_REQUEST_PAYLOAD, open_request, request_keys, seal_request
from toxpy.runtime import Dispatch
from toxpy.wire.packets import DHT_REQUEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.dht.nodes import Nodes
    from toxpy.runtime import Runtime
    from toxpy.wire.address import Address


class Requests:
    """Creates, opens, passes on and routes DHT requests."""

    __slots__ = ("_nodes", "_rt", "dispatch")

    def __init__(self, nodes: Nodes, *, rt: Runtime, udp: Dispatch) -> None:
        self._nodes = nodes
        self._rt = rt
        #: handler(address, sender's key, data); the address is that of the node that brought it
        self.dispatch = Dispatch()
        udp.claim(DHT_REQUEST.kind, self.on_packet)

    def create(self, receiver: bytes, kind: int, data: bytes) -> bytes:
        """A packet for `receiver`, b"" when nobody can have that key; ValueError beyond 918 bytes of data."""
        if len(data) > MAX_REQUEST_PAYLOAD:
            raise ValueError(f"a DHT request carries at most {MAX_REQUEST_PAYLOAD} bytes")
        key = self._nodes.shared_keys.get(receiver)
        if key is None:
            return b""
        nonce = self._rt.rng.bytes(NONCE_SIZE)
        return seal_request(receiver, self._nodes.public_key, key, nonce, kind, data)

    def route(self, receiver: bytes, packet: bytes) -> int:
        """Send to the receiver, or else to all who say they know it; how many were sent.

        c-toxcore (route_to_friend) wants two such nodes at least; one is enough here, which only
        matters in small networks.
        """
        nodes, now_ms = self._nodes, self._rt.clock.now_ms
        if not packet:
            return 0
        search = nodes.searches.get(receiver)
        address = search.address(now_ms) if search is not None else None
        if address is None:
            client = nodes.close_list.get(receiver)
            address = client.address(now_ms) if client is not None else None
        if address is not None:
            nodes.send(address, packet)
            return 1
        ways = search.tellers(now_ms) if search is not None else []
        for address in ways:
            nodes.send(address, packet)
        return len(ways)

    def on_packet(self, address: Address, data: bytes) -> None:
        """0x20: for us, or for a node we know."""
        drop = self._rt.counters.drop
        if not DHT_REQUEST.fits(data):
            drop("dht_request_size")
            return
        receiver, sender = request_keys(data)
        if receiver != self._nodes.public_key:
            self._pass_on(address, receiver, data)
            return
        key = self._nodes.request_key(address, sender)
        if key is None:
            return
        payload = open_request(key, data)
        if payload is None:
            drop("dht_request_decrypt")
            return
        handler = self.dispatch.handlers[payload[0]]
        if handler is None:
            drop("dht_request_kind")
            return
        handler(address, sender, payload[1:])

    def _pass_on(self, source: Address, receiver: bytes, data: bytes) -> None:
        client = self._nodes.close_list.get(receiver)
        address = client.address(self._rt.clock.now_ms) if client is not None else None
        if address is None or address == source:
            self._rt.counters.drop("dht_request_unroutable")
            return
        self._nodes.send(address, data)
