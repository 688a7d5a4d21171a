"""Mailboxes: how friends tell each other of one, and the text by which people do.

    record   real key 32 | extended node: DHT key 32, type 1, length 1, address, port u16
    text     HOST:PORT:DHTKEY:REALKEY or HOST:PORT:DHTKEY:REALKEY:TOKEN, keys and token in hexadecimal

A mailbox keeps both of its keys. The host is an IP (an IPv6 address in brackets), a name in .onion or
.b32.i2p, or a name that only a proxy looks up: of such a mailbox no record can be made, so nobody can be told
of it.
"""

from __future__ import annotations

from toxpy.errors import PacketError
from toxpy.ids import PUBLIC_KEY_SIZE
from toxpy.network.network_address import ExtendedNode, NetworkAddress, type_of_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

TOKEN_SIZE = 32
NO_TOKEN = bytes(TOKEN_SIZE)
#: The longest name of a host, characters; RFC 1035.
MAX_HOST_SIZE = 253
MAX_PORT = 0xFFFF
_HOST_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")


class MailboxRecord:
    """What a friend is told of a mailbox; it does not change."""

    __slots__ = ("node", "real_pk")

    def __init__(self, real_pk: bytes, node: ExtendedNode) -> None:
        self.real_pk = real_pk
        self.node = node

    def pack(self) -> bytes:
        """The record."""
        return self.real_pk + self.node.pack()

    @classmethod
    def unpack(cls, data: bytes, offset: int = 0) -> tuple[Self, int]:
        """A record and the offset behind it; PacketError when it is cut short or cannot be one."""
        node, end = ExtendedNode.unpack(data, offset + PUBLIC_KEY_SIZE)
        if node.address.port == 0:
            raise PacketError("mailbox: no port")
        return cls(data[offset : offset + PUBLIC_KEY_SIZE], node), end

    def mailbox(self, token: bytes = NO_TOKEN) -> Mailbox:
        """The same as something to connect to; PacketError for one in a network that is not known here."""
        address = self.node.address
        if address.network == "unknown":
            raise PacketError("mailbox: in a network that is not known here")
        return Mailbox(address.host, address.port, self.node.public_key, self.real_pk, token)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MailboxRecord) and self.pack() == other.pack()

    def __hash__(self) -> int:
        return hash(self.pack())

    def __repr__(self) -> str:
        return f"MailboxRecord({self.real_pk.hex()[:16]}, {self.node.address})"


class Mailbox:
    """A mailbox to connect to; it does not change. The token, if it has one, shows in `str` and in no repr.

    `host` has no brackets. ValueError in words for what cannot be one.
    """

    __slots__ = ("dht_pk", "host", "port", "real_pk", "token")

    def __init__(self, host: str, port: int, dht_pk: bytes, real_pk: bytes, token: bytes = NO_TOKEN) -> None:
        if not 0 < port <= MAX_PORT:
            raise ValueError(f"{port} is no port of a mailbox")
        for name, value in (("DHT key", dht_pk), ("real key", real_pk), ("token", token)):
            if len(value) != PUBLIC_KEY_SIZE:
                raise ValueError(f"the {name} of a mailbox has {PUBLIC_KEY_SIZE} bytes, not {len(value)}")
        self.host = _checked_host(host)
        self.port = port
        self.dht_pk = bytes(dht_pk)
        self.real_pk = bytes(real_pk)
        #: zeros for none
        self.token = bytes(token)

    @classmethod
    def parse(cls, text: str) -> Self:
        """What a mailbox's owner gives to friends. ValueError in words for anything else."""
        text = text.strip()
        host, behind = "", text
        if text.startswith("["):
            host, bracket, behind = text[1:].partition("]")
            if not bracket or not behind.startswith(":") or ":" not in host:
                raise ValueError("a mailbox begins with [IPv6 address]:PORT, an IP or a name, and :PORT")
            behind = behind[1:]
        else:
            host, _, behind = text.partition(":")
        fields = behind.split(":")
        if len(fields) not in (3, 4):
            raise ValueError("a mailbox is HOST:PORT:DHTKEY:REALKEY, and :TOKEN if it asks for one")
        port, *keys = fields
        if not (port.isascii() and port.isdigit() and len(port) <= 5):
            raise ValueError(f"{port!r} is no port of a mailbox")
        names = ("DHT key", "real key", "token")
        values = [_unhex(name, key) for name, key in zip(names, keys, strict=False)]
        return cls(host, int(port), *values)

    def record(self) -> MailboxRecord | None:
        """What friends are told; None for a name that only a proxy looks up."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        try:
            address = NetworkAddress.parse(f"{host}:{self.port}")
        except ValueError:
            return None
        return MailboxRecord(self.real_pk, ExtendedNode(self.dht_pk, address))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        keys = [self.dht_pk, self.real_pk]
        if self.token != NO_TOKEN:
            keys.append(self.token)
        return ":".join((host, str(self.port), *(key.hex().upper() for key in keys)))

    def __repr__(self) -> str:
        return f"Mailbox({self.host!r}, {self.port}, {self.real_pk.hex()[:16]})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mailbox) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


def _checked_host(host: str) -> str:
    """An IP or a name in lower case; ValueError for anything else."""
    name = host.lower()
    if ":" in name:
        return NetworkAddress.parse(f"[{name}]:1").host
    if not name or len(name) > MAX_HOST_SIZE or not _HOST_CHARACTERS.issuperset(name):
        raise ValueError(f"{host!r} is no host of a mailbox")
    if type_of_name(name) is not None or name.replace(".", "").isdigit():
        # a mistyped onion service or IP is said at once
        return NetworkAddress.parse(f"{name}:1").host
    return name


def _unhex(name: str, text: str) -> bytes:
    """A key or a token from its text."""
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != PUBLIC_KEY_SIZE or len(text) != 2 * PUBLIC_KEY_SIZE:
        raise ValueError(f"the {name} of a mailbox has {2 * PUBLIC_KEY_SIZE} hexadecimal digits") from None
    return value
