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

from toxpy.crypto.sodium import MAC_SIZE, NONCE_SIZE, decrypt, encrypt
from toxpy.errors import PacketError
from toxpy.wire import packets
from toxpy.wire.address import NODE4_SIZE, NODE6_SIZE, PUBLIC_KEY_SIZE, pack_nodes, unpack_nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxpy.wire.address import Node

PING_REQUEST, PING_RESPONSE = packets.PING_REQUEST.kind, packets.PING_RESPONSE.kind
NODES_REQUEST, NODES_RESPONSE = packets.NODES_REQUEST.kind, packets.NODES_RESPONSE.kind
DHT_REQUEST = packets.DHT_REQUEST.kind
SEARCH_REQUEST, SEARCH_RESPONSE, RETRIEVE_REQUEST, RETRIEVE_RESPONSE = 0x93, 0x94, 0x95, 0x96
STORE_REQUEST, STORE_RESPONSE = 0x97, 0x98

PING_ID_SIZE = 8
#: Sendback of an announcements packet, bytes: it comes back in the answer.
SENDBACK_SIZE = 8
NONCE_AT = 1 + PUBLIC_KEY_SIZE
#: kind, sender, nonce: where the box of a DHT packet begins
HEADER_SIZE = NONCE_AT + NONCE_SIZE
OVERHEAD = HEADER_SIZE + MAC_SIZE

PING_SIZE = packets.PING_REQUEST.max_size
NODES_REQUEST_SIZE = packets.NODES_REQUEST.max_size
MAX_SENT_NODES = 4
MIN_NODES_RESPONSE_SIZE = packets.NODES_RESPONSE.min_size
MAX_NODES_RESPONSE_SIZE = packets.NODES_RESPONSE.max_size

REQUEST_HEADER_SIZE = packets.DHT_REQUEST.size
#: with the kind and no data
MIN_REQUEST_SIZE = REQUEST_HEADER_SIZE + MAC_SIZE + 1
MAX_REQUEST_SIZE = packets.DHT_REQUEST.max_size
#: Largest payload of a DHT request behind its kind, bytes.
MAX_REQUEST_PAYLOAD = MAX_REQUEST_SIZE - MIN_REQUEST_SIZE


def seal_packet(kind: int, sender: bytes, key: bytes, nonce: bytes, payload: bytes) -> bytes:
    """A DHT packet under the shared key."""
    return bytes((kind,)) + sender + nonce + encrypt(key, nonce, payload)


def sender_of(packet: bytes) -> bytes:
    """The sender's key, which is a claim until the box opens."""
    return packet[1:NONCE_AT]


def open_packet(key: bytes, packet: bytes) -> bytes | None:
    """The payload of a DHT packet of at least OVERHEAD bytes, or None when it does not decrypt."""
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
    return bytes((DHT_REQUEST,)) + receiver + sender + nonce + encrypt(key, nonce, bytes((kind,)) + data)


def request_keys(packet: bytes) -> tuple[bytes, bytes]:
    """Receiver and claimed sender of a DHT request of at least MIN_REQUEST_SIZE bytes."""
    middle = 1 + PUBLIC_KEY_SIZE
    return packet[1:middle], packet[middle : middle + PUBLIC_KEY_SIZE]


def open_request(key: bytes, packet: bytes) -> bytes | None:
    """Kind and data of a DHT request of at least MIN_REQUEST_SIZE bytes, or None."""
    nonce = packet[REQUEST_HEADER_SIZE - NONCE_SIZE : REQUEST_HEADER_SIZE]
    return decrypt(key, nonce, packet[REQUEST_HEADER_SIZE:])
