"""Addresses of all networks: text and bytes both ways, and what cannot be one."""

import random

import pytest

from toxpy import AddressType, ExtendedNode, NetworkAddress
from toxpy.errors import PacketError
from toxpy.wire.address import Node

KEY = bytes(range(32))
#: The onion service of the Tor Project, and the name of an I2P destination.
ONION = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
I2P = "udhdrtrhjgjzyoi2mpyizkqvo4b6dfymqrmdyoi2mpyizkqvo4ba.b32.i2p"
TEXTS = {
    "192.168.1.1:8080": ("IPv4", "IPv4://192.168.1.1:8080", "ip", True, False),
    "8.8.8.8:33445": ("IPv4", "IPv4://8.8.8.8:33445", "ip", False, True),
    "127.0.0.1:1": ("IPv4", "IPv4://127.0.0.1:1", "ip", True, False),
    "8.8.8.8:0": ("IPv4", "IPv4://8.8.8.8:0", "ip", False, False),
    "[2a01:4f8::1]:443": ("IPv6", "IPv6://[2a01:4f8::1]:443", "ip", False, True),
    "[fe80::1]:443": ("IPv6", "IPv6://[fe80::1]:443", "ip", True, False),
    ONION + ":33445": ("Onion", f"Onion://{ONION}:33445", "tor", False, True),
    I2P + ":1": ("I2P", f"I2P://{I2P}:1", "i2p", False, True),
    "somebody.nym:7": ("Nym", "Nym://somebody.nym:7", "nym", False, True),
    "some.body.loki:7": ("Loki", "Loki://some.body.loki:7", "lokinet", False, True),
}


@pytest.mark.parametrize("text", TEXTS)
def test_text_and_bytes(text):
    address = NetworkAddress.parse(text)
    kind, shown, network, is_private, is_routable = TEXTS[text]
    assert (str(address.type), str(address), address.network) == (kind, shown, network)
    assert (address.is_private, address.is_routable) == (is_private, is_routable)
    assert NetworkAddress.parse(shown) == NetworkAddress.parse(shown.upper()) == address
    assert hash(NetworkAddress.parse(shown)) == hash(address)
    node = ExtendedNode(KEY, address)
    assert ExtendedNode.unpack(b"x" + node.pack() + b"y", 1) == (node, 1 + len(node.pack()))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "port"),
        ("1.2.3.4", "port"),
        ("1.2.3.4:", "port"),
        ("1.2.3.4:65536", "port"),
        ("1.2.3.4:+1", "port"),
        ("1.2.3.4:١", "port"),
        ("example.com:1", "neither an IP nor a name"),
        ("2001:db8::1:443", "brackets"),
        ("[1.2.3.4]:443", "brackets"),
        (ONION.replace("2gzy", "3gzy") + ":1", "checksum"),
        (ONION[1:] + ":1", "version 3"),
        ("facebookcorewwwi.onion:1", "version 3"),
        ("ö" + ONION[1:] + ":1", "no name"),
        (".onion:1", "no name"),
        (I2P[1:] + ":1", "no I2P address"),
        ("stats.i2p:1", "neither an IP nor a name"),
        (f"I2P://{ONION}:1", "no address of I2P"),
        ("http://1.2.3.4:1", "no address of http"),
        ("x" * 300 + ".nym:1", "at most 255"),
    ],
)
def test_what_is_no_address(text, why):
    with pytest.raises(ValueError, match=why):
        NetworkAddress.parse(text)


@pytest.mark.parametrize(
    ("kind", "data", "port"),
    [
        (1, bytes(5), 1),
        (2, bytes(4), 1),
        (3, b"\xff" * 62, 1),
        (256, b"", 1),
        (-1, b"", 1),
        (1, bytes(4), -1),
    ],
)
def test_what_cannot_be_built(kind, data, port):
    with pytest.raises(ValueError):
        NetworkAddress(kind, data, port)


def test_what_is_not_known_is_kept():
    packed = KEY + b"\x09\x03abc\x00\x07"
    node, end = ExtendedNode.unpack(packed)
    assert (node.address.type, node.address.number, end) == (AddressType.UNKNOWN, 9, len(packed))
    assert node.pack() == packed
    assert str(node.address) == "Unknown://616263:7"
    assert node.address.is_private and not node.address.is_routable
    assert node.to_relay() is None


def test_nodes_of_the_dht():
    node = Node(KEY, (bytes((1, 2, 3, 4)), 33445), tcp=True)
    extended = ExtendedNode.from_node(node)
    assert extended.pack() == KEY + bytes((1, 4, 1, 2, 3, 4)) + (33445).to_bytes(2, "big")
    assert extended.to_relay() == node
    assert ExtendedNode(KEY, NetworkAddress.parse(ONION + ":1")).to_relay() is None
    with pytest.raises(ValueError, match="public key"):
        ExtendedNode(KEY[1:], extended.address)


def test_an_ip_within_ipv6_is_an_ipv4():
    address = NetworkAddress.parse("[::ffff:192.168.1.1]:80")
    assert address.ip == (bytes((192, 168, 1, 1)), 80)
    assert address.is_private and not address.is_routable


def test_nodes_that_are_cut_or_changed():
    """A packet error or a node that is packed to the same bytes."""
    rng = random.Random(1)
    for text in TEXTS:
        packed = ExtendedNode(KEY, NetworkAddress.parse(text)).pack()
        for size in range(len(packed)):
            with pytest.raises(PacketError):
                ExtendedNode.unpack(packed[:size])
        for _ in range(300):
            changed = bytearray(packed)
            changed[rng.randrange(len(changed))] = rng.randrange(256)
            try:
                node, end = ExtendedNode.unpack(bytes(changed))
            except PacketError:
                continue
            assert node.pack() == changed[:end]


@pytest.mark.parametrize("place", ["1.2.3.4:5", "[2001:db8::1]:443", f"{'a' * 52}.b32.i2p:1"])
def test_nodes_as_text(place):
    key = bytes(range(32))
    text = f"{place}:{key.hex().upper()}"
    node = ExtendedNode.parse(f" {text.lower()}\n")
    assert node == ExtendedNode(key, NetworkAddress.parse(place)) and str(node) == text


@pytest.mark.parametrize("key", ["", "AB" * 31, "AB" * 33, "AB" * 31 + " A", "xy" * 32])
def test_what_is_no_text_of_a_node(key):
    with pytest.raises(ValueError, match="public key"):
        ExtendedNode.parse(f"1.2.3.4:5:{key}")
    with pytest.raises(ValueError, match="does not end with a port"):
        ExtendedNode.parse("1.2.3.4:" + "AB" * 32)
