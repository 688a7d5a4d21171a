"""Addresses and packed nodes. Spec: Packed Node Format.

    family 1 | IP 4 or 16 | port 2, big-endian | public key 32

family: 2 UDP over IPv4, 10 UDP over IPv6, 130 TCP over IPv4, 138 TCP over IPv6;
so a node takes 39 or 51 bytes, and a packed address, which is the same without the key,
7 or 19. In memory an address is `(ip, port)` with the raw 4 or 16 bytes of the IP; an
IPv4-mapped IPv6 address is always unwrapped.
"""

from __future__ import annotations

from toxpy.errors import PacketError
from toxpy.ids import PUBLIC_KEY_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Address = tuple[bytes, int]

FAMILY_UDP4, FAMILY_UDP6, FAMILY_TCP4, FAMILY_TCP6 = 2, 10, 130, 138
NODE4_SIZE, NODE6_SIZE = 39, 51
V4_MAPPED_PREFIX = bytes(10) + b"\xff\xff"

#: family byte -> (size of the IP, is TCP)
_FAMILIES = {
    FAMILY_UDP4: (4, False),
    FAMILY_UDP6: (16, False),
    FAMILY_TCP4: (4, True),
    FAMILY_TCP6: (16, True),
}
_FAMILY_OF = {fields: family for family, fields in _FAMILIES.items()}


class Node:
    """A public key at an address; `tcp` marks a relay."""

    __slots__ = ("address", "public_key", "tcp")

    def __init__(self, public_key: bytes, address: Address, tcp: bool = False) -> None:
        self.public_key = public_key
        self.address = address
        self.tcp = tcp

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Node)
            and self.public_key == other.public_key
            and self.address == other.address
            and self.tcp == other.tcp
        )

    def __hash__(self) -> int:
        return hash((self.public_key, self.address, self.tcp))

    def __repr__(self) -> str:
        kind = "tcp" if self.tcp else "udp"
        return f"Node({self.public_key.hex()[:16]}, {format_address(self.address)}, {kind})"


def normalise_ip(ip: bytes) -> bytes:
    """Unwrap an IPv4-mapped IPv6 address (::ffff:a.b.c.d) to its 4 bytes."""
    return ip[12:] if len(ip) == 16 and ip.startswith(V4_MAPPED_PREFIX) else ip


def pack_node(node: Node) -> bytes:
    """39 or 51 bytes."""
    ip, port = node.address
    return bytes((_FAMILY_OF[len(ip), node.tcp],)) + ip + port.to_bytes(2, "big") + node.public_key


def pack_nodes(nodes: Iterable[Node]) -> bytes:
    """Packed nodes one after the other, without a count."""
    return b"".join(map(pack_node, nodes))


def unpack_node(data: bytes, offset: int = 0) -> tuple[Node, int]:
    """One node and the offset behind it; PacketError when it is cut short or of an unknown family."""
    if offset >= len(data):
        raise PacketError("packed node: empty")
    family = _FAMILIES.get(data[offset])
    if family is None:
        raise PacketError("packed node: unknown family")
    ip_size, tcp = family
    port_at = offset + 1 + ip_size
    end = port_at + 2 + PUBLIC_KEY_SIZE
    if end > len(data):
        raise PacketError("packed node: cut short")
    port = int.from_bytes(data[port_at : port_at + 2], "big")
    return Node(data[port_at + 2 : end], (normalise_ip(data[offset + 1 : port_at]), port), tcp), end


def unpack_nodes(data: bytes, max_nodes: int, offset: int = 0) -> tuple[list[Node], int]:
    """Up to `max_nodes` nodes and the offset behind them; PacketError when one is malformed."""
    nodes: list[Node] = []
    end = len(data)
    while offset < end and len(nodes) < max_nodes:
        node, offset = unpack_node(data, offset)
        nodes.append(node)
    return nodes, offset


def pack_ip_port(address: Address) -> bytes:
    """A UDP address in 7 or 19 bytes."""
    ip, port = address
    return bytes((_FAMILY_OF[len(ip), False],)) + ip + port.to_bytes(2, "big")


def unpack_ip_port(data: bytes, offset: int = 0) -> tuple[Address, int]:
    """A UDP address and the offset behind it; PacketError when it is cut short or no UDP address."""
    family = _FAMILIES.get(data[offset]) if offset < len(data) else None
    if family is None or family[1]:
        raise PacketError("packed address: no UDP address")
    port_at = offset + 1 + family[0]
    if port_at + 2 > len(data):
        raise PacketError("packed address: cut short")
    port = int.from_bytes(data[port_at : port_at + 2], "big")
    return (normalise_ip(data[offset + 1 : port_at]), port), port_at + 2


def is_usable(address: Address) -> bool:
    """True if a packet can be sent there: port not 0, IP not unspecified, multicast or broadcast."""
    ip, port = address
    if port == 0 or not any(ip):
        return False
    if len(ip) == 4:
        return ip[0] < 224 and ip[0] != 0
    return ip[0] != 0xFF


def is_loopback(address: Address) -> bool:
    """True for 127/8 and ::1."""
    ip = address[0]
    return ip[0] == 127 if len(ip) == 4 else ip == bytes(15) + b"\x01"


def is_lan(address: Address) -> bool:
    """True for loopback, private and link-local. c-toxcore: LAN_discovery.c ip_is_lan."""
    if is_loopback(address):
        return True
    ip = address[0]
    if len(ip) == 4:
        a, b = ip[0], ip[1]
        private = a == 10 or (a == 172 and 16 <= b <= 31) or (a == 192 and b == 168)
        return private or (a == 169 and b == 254) or (a == 100 and 64 <= b <= 127)
    return (ip[0] == 0xFE and 0x80 <= ip[1] <= 0xBF) or (ip[0] & 0xFE) == 0xFC


def format_address(address: Address) -> str:
    """For logs: 1.2.3.4:33445 or [hex:...]:33445."""
    ip, port = address
    if len(ip) == 4:
        return ".".join(map(str, ip)) + f":{port}"
    return "[" + ":".join(ip[i : i + 2].hex() for i in range(0, 16, 2)) + f"]:{port}"
