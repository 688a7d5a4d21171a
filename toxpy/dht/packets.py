"""The DHT's own datagrams. Spec: DHT Packet, RPC Services, DHT Request Packets.

    DHT packet     kind 1 | sender's DHT key 32 | nonce 24 | box(payload)
      0x00 ping request     payload  0x00 | ping id 8
      0x01 ping response    payload  0x01 | ping id 8
      0x02 nodes request    payload  searched key 32 | ping id 8
      0x04 nodes response   payload  count 1 | packed nodes | ping id 8
    0x20 DHT request        kind 1 | receiver's key 32 | sender's key 32 | nonce 24 | box(payload)
                            payload  kind 1 | data

The box is 16 bytes longer than its payload. Nothing here is decided; decoding functions
check every length and give None or raise PacketError.
"""

from __future__ import annotations

from toxpy.crypto.sodium import MAC_SIZE, decrypt, encrypt
from toxpy.errors import PacketError
from toxpy.wire.address import NODE4_SIZE, NODE6_SIZE, pack_nodes, unpack_nodes
from toxpy.wire.packets import DHT_REQUEST, MAX_SENT_NODES, PING_REQUEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxpy.wire.address import Node
    from toxpy.wire.packets import Layout

PING_ID_SIZE = 8
#: Where the nonce stands, and where the box begins; all but the DHT request begin alike.
NONCE_AT, HEADER_SIZE = PING_REQUEST.offset("nonce"), PING_REQUEST.size
#: Largest payload of a DHT request behind its kind, bytes.
MAX_REQUEST_PAYLOAD = DHT_REQUEST.max_size - DHT_REQUEST.size - MAC_SIZE - 1


def seal_packet(layout: Layout, sender: bytes, key: bytes, nonce: bytes, payload: bytes) -> bytes:
    """A DHT packet under the shared key."""
    return layout.prefix + sender + nonce + encrypt(key, nonce, payload)


def sender_of(packet: bytes) -> bytes:
    """The sender's key, which is a claim until the box opens."""
    return packet[1:NONCE_AT]


def open_packet(key: bytes, packet: bytes) -> bytes | None:
    """The payload of a DHT packet as long as its layout asks for, or None when it does not decrypt."""
    return decrypt(key, packet[NONCE_AT:HEADER_SIZE], packet[HEADER_SIZE:])


def pack_nodes_response(nodes: Sequence[Node], ping_id: bytes) -> bytes:
    """The payload of a nodes response with at most 4 nodes."""
    return bytes((len(nodes),)) + pack_nodes(nodes) + ping_id


def unpack_nodes_response(payload: bytes) -> tuple[list[Node], bytes]:
    """Nodes and ping id; PacketError unless count and bytes agree and all nodes are UDP."""
    end = len(payload) - PING_ID_SIZE
    if end < 1:
        raise PacketError("nodes response: cut short")
    count = payload[0]
    if count > MAX_SENT_NODES or not NODE4_SIZE * count <= end - 1 <= NODE6_SIZE * count:
        raise PacketError("nodes response: impossible number of nodes")
    nodes, offset = unpack_nodes(payload[:end], count, 1)
    if len(nodes) != count or offset != end:
        raise PacketError("nodes response: count and size disagree")
    for node in nodes:
        if node.tcp:
            raise PacketError("nodes response: a TCP relay among DHT nodes")
    return nodes, payload[end:]


def seal_request(receiver: bytes, sender: bytes, key: bytes, nonce: bytes, kind: int, data: bytes) -> bytes:
    """A DHT request packet; the caller has checked the size of `data`."""
    return DHT_REQUEST.make(receiver, sender, nonce) + encrypt(key, nonce, bytes((kind,)) + data)


def request_keys(packet: bytes) -> tuple[bytes, bytes]:
    """Receiver and claimed sender of a DHT request as long as its layout asks for."""
    _, receiver, sender, _ = DHT_REQUEST.unpack_from(packet)
    return receiver, sender


def open_request(key: bytes, packet: bytes) -> bytes | None:
    """Kind and data of a DHT request as long as its layout asks for, or None."""
    nonce = DHT_REQUEST.unpack_from(packet)[3]
    return decrypt(key, nonce, packet[DHT_REQUEST.size :])
