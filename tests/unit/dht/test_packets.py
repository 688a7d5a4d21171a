"""Codecs of the DHT's datagrams."""

import pytest

from toxpy.crypto.sodium import NONCE_SIZE
from toxpy.dht import packets
from toxpy.errors import PacketError
from toxpy.wire.address import Node, pack_node
from toxpy.wire.packets import DHT_REQUEST, PING_REQUEST

KEY, OTHER, SHARED = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
NONCE = bytes(range(NONCE_SIZE))
PING_ID = b"ping id!"
V4 = Node(KEY, (bytes((1, 2, 3, 4)), 33445))
V6 = Node(OTHER, (bytes((0x20, 1)) + bytes(14), 33445))
TCP = Node(KEY, (bytes((1, 2, 3, 4)), 443), tcp=True)


def test_the_largest_request_is_that_of_c_toxcore():
    assert packets.MAX_REQUEST_PAYLOAD == 918


def test_a_packet_names_its_sender_and_opens_with_the_key():
    packet = packets.seal_packet(PING_REQUEST, KEY, SHARED, NONCE, b"\0" + PING_ID)
    assert len(packet) == PING_REQUEST.max_size
    assert packet[0] == 0
    assert packets.sender_of(packet) == KEY
    assert packets.open_packet(SHARED, packet) == b"\0" + PING_ID
    assert packets.open_packet(OTHER, packet) is None


def test_a_request_names_both_ends():
    packet = packets.seal_request(KEY, OTHER, SHARED, NONCE, 254, b"data")
    assert packets.request_keys(packet) == (KEY, OTHER)
    assert packets.open_request(SHARED, packet) == b"\xfedata"
    assert packets.open_request(KEY, packet) is None
    full = packets.seal_request(KEY, OTHER, SHARED, NONCE, 1, bytes(packets.MAX_REQUEST_PAYLOAD))
    assert len(full) == DHT_REQUEST.max_size


@pytest.mark.parametrize("nodes", [[], [V4], [V6], [V4, V6, V4, V6], [V6] * 4])
def test_nodes_responses_come_back(nodes):
    assert packets.unpack_nodes_response(packets.pack_nodes_response(nodes, PING_ID)) == (nodes, PING_ID)


@pytest.mark.parametrize("nodes", [[], [V4], [V4, V6]])
def test_every_cut_is_malformed(nodes):
    payload = packets.pack_nodes_response(nodes, PING_ID)
    for size in range(len(payload)):
        with pytest.raises(PacketError):
            packets.unpack_nodes_response(payload[:size])
    with pytest.raises(PacketError):
        packets.unpack_nodes_response(payload + b"\0")


@pytest.mark.parametrize(
    "payload",
    [
        packets.pack_nodes_response([V4] * 5, PING_ID),
        packets.pack_nodes_response([TCP], PING_ID),
        b"\x02" + pack_node(V4) + PING_ID,
        b"\x01" + pack_node(V4) * 2 + PING_ID,
        b"\x01" + b"\x63" + pack_node(V4)[1:] + PING_ID,
        b"\xff" + PING_ID,
    ],
)
def test_what_cannot_be_is_malformed(payload):
    with pytest.raises(PacketError):
        packets.unpack_nodes_response(payload)
