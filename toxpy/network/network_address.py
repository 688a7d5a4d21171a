"""Addresses of all networks, and the nodes that have them.

    type 1 | length 1 | address | port 2, big-endian             the address of an extended node
    public key 32 | address                                     an extended node

type: 1 IPv4, 2 IPv6, 3 onion service, 4 I2P, 5 Nym, 6 Lokinet. An address is the 4 or 16 bytes of an IP, and
in the other networks the ASCII name with its suffix. What has a type that is not known here is kept, and is
never dialled. A node of the DHT knows the first two only (`toxpy.wire.address`).
"""

from __future__ import annotations

import ipaddress
from base64 import b32decode
from binascii import Error as NotBase32
from enum import IntEnum
from hashlib import sha3_256
from typing import TYPE_CHECKING, Self

from toxpy.errors import PacketError
from toxpy.ids import PUBLIC_KEY_SIZE
from toxpy.wire.address import Node, is_lan, is_usable, normalise_ip

if TYPE_CHECKING:
    from toxpy.wire.address import Address

__all__ = ["AddressType", "ExtendedNode", "NetworkAddress", "type_of_name"]

MAX_PORT = 0xFFFF
#: A name has a length byte.
MAX_NAME_SIZE = 255
#: Name of a version 3 onion service without suffix, characters: key 32, checksum 2, version 1 in base 32.
ONION_NAME_SIZE = 56
#: Name of an I2P destination without suffix, characters: SHA-256 in base 32 without padding.
I2P_NAME_SIZE = 52
_ONION_VERSION = b"\x03"
_LABEL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")


class AddressType(IntEnum):
    """The network of an address, as it is written in an extended node."""

    IPV4 = 1
    IPV6 = 2
    ONION = 3
    I2P = 4
    NYM = 5
    LOKI = 6
    UNKNOWN = 255

    def __str__(self) -> str:
        return _NAMES[self]


_NAMES = {
    AddressType.IPV4: "IPv4",
    AddressType.IPV6: "IPv6",
    AddressType.ONION: "Onion",
    AddressType.I2P: "I2P",
    AddressType.NYM: "Nym",
    AddressType.LOKI: "Loki",
    AddressType.UNKNOWN: "Unknown",
}
_TYPES = {name.lower(): type for type, name in _NAMES.items()}
_SUFFIXES = {
    AddressType.ONION: ".onion",
    AddressType.I2P: ".b32.i2p",
    AddressType.NYM: ".nym",
    AddressType.LOKI: ".loki",
}
_NETWORKS = {
    AddressType.IPV4: "ip",
    AddressType.IPV6: "ip",
    AddressType.ONION: "tor",
    AddressType.I2P: "i2p",
    AddressType.NYM: "nym",
    AddressType.LOKI: "lokinet",
    AddressType.UNKNOWN: "unknown",
}
_IP_SIZES = {AddressType.IPV4: 4, AddressType.IPV6: 16}


class NetworkAddress:
    """An address and its port in whichever network; it does not change. `str` gives "IPv4://192.168.1.1:8080".

    `type` is its `AddressType`, UNKNOWN for one that this version does not know; `number` what it is on the
    wire. `data` are the bytes of an IP, else those of the name. ValueError for what cannot be an address.
    """

    __slots__ = ("data", "number", "port", "type")

    def __init__(self, type: AddressType | int, data: bytes, port: int) -> None:
        number = int(type)
        if not 0 <= number <= AddressType.UNKNOWN:
            raise ValueError(f"a type of an address has one byte, not {number}")
        if not 0 <= port <= MAX_PORT:
            raise ValueError(f"{port} is no port")
        known = AddressType(number) if number in AddressType._value2member_map_ else AddressType.UNKNOWN
        _check(known, data)
        self.type = known
        self.number = number
        self.data = bytes(data)
        self.port = port

    @classmethod
    def parse(cls, text: str) -> Self:
        """An address with its port: "1.2.3.4:33445", "[2001:db8::1]:443", "NAME.onion:33445".

        Also what `str` gave. ValueError in words for anything else. No name is looked up.
        """
        wanted, is_url, rest = text.strip().rpartition("://")
        host, colon, port_text = rest.rpartition(":")
        if not colon or not (port_text.isascii() and port_text.isdigit()) or int(port_text) > MAX_PORT:
            raise ValueError(f"{text!r} does not end with a port, as in 1.2.3.4:33445")
        kind, data = _read_host(host)
        if is_url and _TYPES.get(wanted.lower()) != kind:
            raise ValueError(f"{text!r}: {host} is no address of {wanted}")
        return cls(kind, data, int(port_text))

    @classmethod
    def from_ip(cls, address: Address) -> Self:
        """The address of a node of the DHT."""
        ip, port = address
        return cls(AddressType.IPV4 if len(ip) == 4 else AddressType.IPV6, ip, port)

    @property
    def ip(self) -> Address | None:
        """(IP, port) as a node of the DHT has it; None in networks without IPs."""
        return (normalise_ip(self.data), self.port) if self.type in _IP_SIZES else None

    @property
    def host(self) -> str:
        """The IP or the name, without port; what is not known as its bytes in hexadecimal."""
        if self.type in _IP_SIZES:
            return str(ipaddress.ip_address(self.data))
        return self.data.decode("ascii") if self.type in _SUFFIXES else self.data.hex()

    @property
    def network(self) -> str:
        """The network it belongs to: "ip", "tor", "i2p", "nym", "lokinet" or "unknown"."""
        return _NETWORKS[self.type]

    @property
    def is_private(self) -> bool:
        """True for an IP of this machine or a local network, and for what is not known."""
        address = self.ip
        return is_lan(address) if address is not None else self.type == AddressType.UNKNOWN

    @property
    def is_routable(self) -> bool:
        """True if everybody in its network can be reached by it: never for a private one, nor with port 0."""
        address = self.ip
        usable = is_usable(address) if address is not None else self.port != 0
        return usable and not self.is_private

    def pack(self) -> bytes:
        """Type, length, address, port."""
        return bytes((self.number, len(self.data))) + self.data + self.port.to_bytes(2, "big")

    def __str__(self) -> str:
        host = f"[{self.host}]" if self.type == AddressType.IPV6 else self.host
        return f"{self.type}://{host}:{self.port}"

    def __repr__(self) -> str:
        return f"NetworkAddress({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NetworkAddress) and self.pack() == other.pack()

    def __hash__(self) -> int:
        return hash(self.pack())


def type_of_name(host: str) -> AddressType | None:
    """The network that a host's name belongs to by its end; None for one of the internet's, and an IP.

    All of .i2p counts: proxies of I2P know short names too.
    """
    name = host.lower().rstrip(".")
    for kind, suffix in _SUFFIXES.items():
        if name.endswith(suffix.removeprefix(".b32")):
            return kind
    return None


def _read_host(host: str) -> tuple[AddressType, bytes]:
    """The type and the bytes of what stands before a port."""
    name = host.lower()
    for kind, suffix in _SUFFIXES.items():
        if name.endswith(suffix):
            return kind, name.encode("ascii", "replace")
    in_brackets = host.startswith("[") and host.endswith("]")
    try:
        ip = ipaddress.ip_address(host[1:-1] if in_brackets else host)
    except ValueError:
        raise ValueError(
            f"{host!r} is neither an IP nor a name ending in {', '.join(_SUFFIXES.values())}"
        ) from None
    if (ip.version == 6) != in_brackets:
        raise ValueError(f"{host!r}: an IPv6 address stands in brackets, an IPv4 address does not")
    return (AddressType.IPV4 if ip.version == 4 else AddressType.IPV6), ip.packed


def _check(kind: AddressType, data: bytes) -> None:
    """ValueError for data that no address of the type has."""
    size = _IP_SIZES.get(kind)
    if size is not None and len(data) != size:
        raise ValueError(f"an {kind} address has {size} bytes, not {len(data)}")
    if len(data) > MAX_NAME_SIZE:
        raise ValueError(f"an address has at most {MAX_NAME_SIZE} bytes, not {len(data)}")
    suffix = _SUFFIXES.get(kind)
    if suffix is None:
        return
    name = data.decode("ascii", "replace")
    label = name.removesuffix(suffix)
    if label == name or not label or not _LABEL.issuperset(label):
        raise ValueError(f"{name!r} is no name of {kind}: it ends in {suffix}, in lower case")
    if kind == AddressType.ONION:
        _check_onion(label)
    elif kind == AddressType.I2P and len(_base32(label + "====", I2P_NAME_SIZE + 4)) != 32:
        raise ValueError(f"{name!r} is no I2P address: {I2P_NAME_SIZE} characters and {suffix}")


def _base32(text: str, size: int) -> bytes:
    """The bytes of that many characters; b"" for anything else."""
    try:
        return b32decode(text.upper()) if len(text) == size else b""
    except NotBase32:
        return b""


def _check_onion(label: str) -> None:
    """Version 3: key, checksum and version in base 32. Tor: rend-spec-v3, section 6."""
    raw = _base32(label, ONION_NAME_SIZE)
    key, checksum, version = raw[:32], raw[32:34], raw[34:]
    if version != _ONION_VERSION:
        raise ValueError(f"'{label}.onion' is no onion service of version 3: {ONION_NAME_SIZE} characters")
    if sha3_256(b".onion checksum" + key + version).digest()[:2] != checksum:
        raise ValueError(f"'{label}.onion' has a wrong checksum: a character is mistyped")


class ExtendedNode:
    """A public key at an address of whichever network; it does not change. `str` gives NAME:PORT:KEY."""

    __slots__ = ("address", "public_key")

    def __init__(self, public_key: bytes, address: NetworkAddress) -> None:
        if len(public_key) != PUBLIC_KEY_SIZE:
            raise ValueError(f"a public key has {PUBLIC_KEY_SIZE} bytes, not {len(public_key)}")
        self.public_key = bytes(public_key)
        self.address = address

    @classmethod
    def parse(cls, text: str) -> Self:
        """NAME:PORT:KEY, what `str` gives; ValueError in words for anything else."""
        place, _, key = text.strip().rpartition(":")
        try:
            public_key = bytes.fromhex(key)
            if len(key) != 2 * PUBLIC_KEY_SIZE:
                raise ValueError
        except ValueError:
            raise ValueError(f"{text!r} does not end with a public key, as NAME:PORT:KEY") from None
        return cls(public_key, NetworkAddress.parse(place))

    @classmethod
    def from_node(cls, node: Node) -> Self:
        """A node of the DHT, or a relay."""
        return cls(node.public_key, NetworkAddress.from_ip(node.address))

    def to_relay(self) -> Node | None:
        """The relay that a node of the DHT can be told of; None in networks without IPs."""
        address = self.address.ip
        return Node(self.public_key, address, tcp=True) if address is not None else None

    def pack(self) -> bytes:
        """Public key and address."""
        return self.public_key + self.address.pack()

    @classmethod
    def unpack(cls, data: bytes, offset: int = 0) -> tuple[Self, int]:
        """A node and the offset behind it; PacketError when it is cut short or cannot be one."""
        kind_at = offset + PUBLIC_KEY_SIZE
        begin = kind_at + 2
        if begin > len(data):
            raise PacketError("extended node: cut short")
        port_at = begin + data[kind_at + 1]
        end = port_at + 2
        if end > len(data):
            raise PacketError("extended node: cut short")
        port = int.from_bytes(data[port_at:end], "big")
        try:
            address = NetworkAddress(data[kind_at], data[begin:port_at], port)
        except ValueError as error:
            raise PacketError(f"extended node: {error}") from None
        return cls(data[offset:kind_at], address), end

    def __str__(self) -> str:
        return f"{str(self.address).rpartition('://')[2]}:{self.public_key.hex().upper()}"

    def __repr__(self) -> str:
        return f"ExtendedNode({self.public_key.hex()[:16]}, {self.address})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExtendedNode) and self.pack() == other.pack()

    def __hash__(self) -> int:
        return hash(self.pack())
