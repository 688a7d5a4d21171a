"""Onion paths: three hops that hide who asks from who answers. Spec: Onion.

    to the first hop   80 | nonce 24 | pk1 32 | box1(address 19, pk2 32,
                                                 box2(address 19, pk3 32, box3(address 19, data)))
    to the second      81 | nonce 24 | pk2 32 | box2(...) | return 59
    to the third       82 | nonce 24 | pk3 32 | box3(...) | return 118
    to the destination data | return 177
    and back           8c | return 177 | data,   8d | return 118 | data,   8e | return 59 | data

A client without UDP sends the same through a TCP relay that plays the first hop: what would be
inside the first box goes as it is, for the relay connection is encrypted already,

    nonce 24 | address 19 | pk2 32 | box2(...)

All three boxes use one nonce. pk1 is our DHT key (the first hop knows us anyway), pk2 and pk3
are random keys made for the path. Each hop adds to the return data where the packet came from,
encrypted under a key that only it has. An address takes 19 bytes here: family, 16 bytes of
IP (IPv4 padded with zeros behind), port.
"""

from __future__ import annotations

from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import KEY_SIZE, NONCE_SIZE, decrypt, encrypt, shared_key
from toxpy.wire.address import FAMILY_UDP4, FAMILY_UDP6, is_usable, normalise_ip
from toxpy.wire.packets import (
    ANNOUNCE_REQUEST,
    ANNOUNCE_REQUEST_OLD,
    ANNOUNCE_RESPONSE,
    ANNOUNCE_RESPONSE_OLD,
    LAYER_SIZE,
    MAX_ONION_SIZE,
    ONION_ADDRESS_SIZE,
    ONION_DATA_REQUEST,
    ONION_DATA_RESPONSE,
    ONION_RECV_1,
    ONION_RECV_2,
    ONION_RECV_3,
    ONION_SEND_1,
    ONION_SEND_2,
    ONION_SEND_3,
    RETURN_1_SIZE,
    RETURN_2_SIZE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.dht.dht import DHT
    from toxpy.runtime import Dispatch, Runtime
    from toxpy.wire.address import Address, Node
    from toxpy.wire.packets import Layout

#: Address family of a client of our relay, whose token follows: in our own return data only.
FAMILY_RELAY_CLIENT = 6
TOKEN_SIZE = 8

#: Kinds that the last hop may deliver, and that may come back to a first hop's client.
FORWARD_KINDS = frozenset((ANNOUNCE_REQUEST_OLD.kind, ANNOUNCE_REQUEST.kind, ONION_DATA_REQUEST.kind))
RETURN_KINDS = frozenset((ANNOUNCE_RESPONSE_OLD.kind, ANNOUNCE_RESPONSE.kind, ONION_DATA_RESPONSE.kind))

PATH_LENGTH = 3
#: Request of a relay's client, bytes: one byte in the last box, and what becomes the second hop's packet.
MIN_RELAY_REQUEST_SIZE, MAX_RELAY_REQUEST_SIZE = (
    NONCE_SIZE + 2 * LAYER_SIZE + 1,
    MAX_ONION_SIZE - RETURN_1_SIZE,
)
MAX_DATA_SIZE = MAX_ONION_SIZE - (1 + NONCE_SIZE + PATH_LENGTH * LAYER_SIZE)

#: Age at which the key of our return data changes, ms: a path still in use then loses one answer.
RETURN_KEY_LIFETIME_MS = 7_200_000


def pack_address(address: Address) -> bytes:
    """19 bytes."""
    ip, port = address
    family = FAMILY_UDP4 if len(ip) == 4 else FAMILY_UDP6
    return bytes((family,)) + ip.ljust(16, b"\0") + port.to_bytes(2, "big")


def unpack_address(data: bytes) -> Address | None:
    """The UDP address in 19 bytes; None for another family or one that nothing can be sent to."""
    if data[0] == FAMILY_UDP4:
        ip = data[1:5]
    elif data[0] == FAMILY_UDP6:
        ip = normalise_ip(data[1:17])
    else:
        return None
    address = ip, int.from_bytes(data[17:19], "big")
    return address if is_usable(address) else None


class OnionPath:
    """Three nodes with the keys agreed for them; `number` tells paths apart."""

    __slots__ = ("created_ms", "keys", "nodes", "number", "publics", "responded_ms", "uses")

    def __init__(
        self, number: int, nodes: list[Node], publics: tuple[bytes, ...], keys: tuple[bytes, ...], now_ms: int
    ) -> None:
        self.number = number
        self.nodes = nodes
        self.publics = publics
        self.keys = keys
        self.created_ms = now_ms
        #: 0 until the first answer
        self.responded_ms = 0
        #: packets sent since the last answer
        self.uses = 0

    def wrap(self, nonce: bytes, destination: Address, data: bytes) -> bytes:
        """The packet for the first node that delivers `data` (at most MAX_DATA_SIZE) to the destination.

        For a relay as the first node, the request to it.
        """
        inner = encrypt(self.keys[2], nonce, pack_address(destination) + data)
        middle = encrypt(self.keys[1], nonce, pack_address(self.nodes[2].address) + self.publics[2] + inner)
        body = pack_address(self.nodes[1].address) + self.publics[1] + middle
        if self.nodes[0].tcp:
            return nonce + body
        return ONION_SEND_1.prefix + nonce + self.publics[0] + encrypt(self.keys[0], nonce, body)


def create_path(dht: DHT, number: int, nodes: list[Node], *, rt: Runtime) -> OnionPath | None:
    """Agree keys for three nodes; None when one of them has a low-order key."""
    first = dht.shared_keys.get(nodes[0].public_key)
    pairs = [KeyPair.generate(rt.rng) for _ in nodes[1:]]
    rt.counters.count("x25519", len(pairs))
    rest = [shared_key(node.public_key, pair.secret) for node, pair in zip(nodes[1:], pairs, strict=True)]
    if first is None or rest[0] is None or rest[1] is None:
        return None
    publics = (dht.public_key, pairs[0].public, pairs[1].public)
    return OnionPath(number, nodes, publics, (first, rest[0], rest[1]), rt.clock.now_ms)


class OnionRelay:
    """Passes onion packets on for others, in all three roles; keeps no state per packet."""

    def __init__(
        self, dht: DHT, *, rt: Runtime, send: Callable[[Address, bytes], None], udp: Dispatch
    ) -> None:
        self._dht = dht
        self._rt = rt
        self._send = send
        #: takes what came back for a client of our TCP relay: (token, data)
        self.to_relay_client: Callable[[int, bytes], None] = self._no_relay
        self._return_key = rt.rng.bytes(KEY_SIZE)
        self._return_key_ms = rt.clock.now_ms
        udp.claim(ONION_SEND_1.kind, self._on_send_1)
        udp.claim(ONION_SEND_2.kind, self._on_send_2)
        udp.claim(ONION_SEND_3.kind, self._on_send_3)
        udp.claim(ONION_RECV_3.kind, self._on_recv_3)
        udp.claim(ONION_RECV_2.kind, self._on_recv_2)
        udp.claim(ONION_RECV_1.kind, self._on_recv_1)

    def _on_send_1(self, address: Address, data: bytes) -> None:
        self._pass_on(address, data, ONION_SEND_1, 0, ONION_SEND_2)

    def _on_send_2(self, address: Address, data: bytes) -> None:
        self._pass_on(address, data, ONION_SEND_2, RETURN_1_SIZE, ONION_SEND_3)

    def _on_send_3(self, address: Address, data: bytes) -> None:
        self._pass_on(address, data, ONION_SEND_3, RETURN_2_SIZE, None)

    def _pass_on(
        self, address: Address, data: bytes, layout: Layout, return_size: int, onward: Layout | None
    ) -> None:
        """Open one layer and send the rest with the longer return data; `onward` None is the last hop."""
        if not layout.fits(data):
            return self._rt.counters.drop("onion_size")
        _, nonce, sender = layout.unpack_from(data)
        return_at = len(data) - return_size
        key = self._dht.nodes.request_key(address, sender)
        plain = decrypt(key, nonce, data[layout.size : return_at]) if key is not None else None
        if plain is None:
            return self._rt.counters.drop("onion_decrypt")
        destination = unpack_address(plain)
        if destination is None:
            return self._rt.counters.drop("onion_address")
        body = plain[ONION_ADDRESS_SIZE:]
        if onward is None:
            if body[0] not in FORWARD_KINDS:
                return self._rt.counters.drop("onion_forward_kind")
            out = body
        else:
            out = onward.prefix + nonce + body
        self._rt.counters.count("onion_relayed")
        return self._send(destination, out + self._seal_return(address, data[return_at:]))

    def on_relay_request(self, token: int, data: bytes) -> None:
        """A client of our TCP relay asks for the first hop; the token leads an answer back to it."""
        if not MIN_RELAY_REQUEST_SIZE <= len(data) <= MAX_RELAY_REQUEST_SIZE:
            return self._rt.counters.drop("onion_size")
        nonce, body = data[:NONCE_SIZE], data[NONCE_SIZE:]
        destination = unpack_address(body)
        if destination is None:
            return self._rt.counters.drop("onion_address")
        source = bytes((FAMILY_RELAY_CLIENT,)) + token.to_bytes(TOKEN_SIZE, "big")
        out = ONION_SEND_2.prefix + nonce + body[ONION_ADDRESS_SIZE:]
        self._rt.counters.count("onion_relayed")
        return self._send(destination, out + self._seal(source.ljust(ONION_ADDRESS_SIZE, b"\0"), b""))

    def _no_relay(self, _token: int, _data: bytes) -> None:
        self._rt.counters.drop("onion_relay_client")

    def _seal_return(self, address: Address, came_with: bytes) -> bytes:
        return self._seal(pack_address(address), came_with)

    def _seal(self, source: bytes, came_with: bytes) -> bytes:
        now_ms = self._rt.clock.now_ms
        if now_ms - self._return_key_ms >= RETURN_KEY_LIFETIME_MS:
            self._return_key, self._return_key_ms = self._rt.rng.bytes(KEY_SIZE), now_ms
        nonce = self._rt.rng.bytes(NONCE_SIZE)
        return nonce + encrypt(self._return_key, nonce, source + came_with)

    def _on_recv_3(self, _address: Address, data: bytes) -> None:
        self._pass_back(data, ONION_RECV_3, ONION_RECV_2)

    def _on_recv_2(self, _address: Address, data: bytes) -> None:
        self._pass_back(data, ONION_RECV_2, ONION_RECV_1)

    def _on_recv_1(self, _address: Address, data: bytes) -> None:
        self._pass_back(data, ONION_RECV_1, None)

    def _pass_back(self, data: bytes, layout: Layout, onward: Layout | None) -> None:
        """Open our return data and send the answer one hop back; `onward` None is the first hop."""
        if not layout.fits(data):
            return self._rt.counters.drop("onion_size")
        body = data[layout.size :]
        if body[0] not in RETURN_KINDS:
            return self._rt.counters.drop("onion_return_kind")
        sealed = data[1 : layout.size]
        plain = decrypt(self._return_key, sealed[:NONCE_SIZE], sealed[NONCE_SIZE:])
        if onward is None and plain is not None and plain[0] == FAMILY_RELAY_CLIENT:
            return self.to_relay_client(int.from_bytes(plain[1 : 1 + TOKEN_SIZE], "big"), body)
        address = unpack_address(plain) if plain is not None else None
        if plain is None or address is None:
            return self._rt.counters.drop("onion_return")
        out = body if onward is None else onward.prefix + plain[ONION_ADDRESS_SIZE:] + body
        return self._send(address, out)
