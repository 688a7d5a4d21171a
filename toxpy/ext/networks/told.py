"""Endpoints that friends tell each other of, and how a save keeps them.

    list              n 1 (at most 4) | n x extended node                toxpy.network.network_address
    to friends        01 | list                    segments of the extension, see `ENDPOINTS_UUID`
    by the onion      9d | no_replay u64 | list    to friends who once told theirs
    record 3          m x (real key 32 | list | last good u32, Unix seconds, little-endian)
    record 5          secret key 32 | m x (type 1 | size u16, little-endian | key of the service)

The public key of a node is that of the endpoint, which stays the same; the DHT key changes at each start.
"""

from __future__ import annotations

from toxpy.crypto.keys import KeyPair
from toxpy.errors import PacketError
from toxpy.ids import PUBLIC_KEY_SIZE
from toxpy.network.network_address import ExtendedNode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from toxpy.ext.networks.endpoint import Service

ENDPOINTS_UUID = bytes.fromhex("e8d8e221d30f4f9aa044228aef1b9630")
SEGMENT_LIST = 1
DATA_ENDPOINTS = 157
NO_REPLAY_SIZE = 8
RECORD_FRIENDS, RECORD_OWN = 3, 5
MAX_TOLD = 4
#: Time between two changes by the onion, ms: each may open connections.
MIN_CHANGE_MS = 10_000
_TIME_SIZE = 4
_SECRET_SIZE, _SIZE_SIZE = 32, 2


class Told:
    """What one friend told last."""

    __slots__ = ("changed_ms", "good_s", "no_replay", "nodes")

    def __init__(self, nodes: list[ExtendedNode], good_s: int = 0) -> None:
        self.nodes = nodes
        #: when one of them last led to the friend, Unix seconds; 0 for never
        self.good_s = good_s
        #: of the newest list that came by the onion
        self.no_replay = 0
        #: when the onion last brought another list
        self.changed_ms = -MIN_CHANGE_MS


class Own:
    """What a save keeps of our endpoint: its key pair, and the key of each kind of service."""

    __slots__ = ("_kind", "_services", "keys", "service")

    def __init__(self, kind: int) -> None:
        """`kind` is the AddressType of the service that is used now."""
        self._kind = kind
        self._services: dict[int, bytes] = {}
        self.keys: KeyPair | None = None
        self.service: Service | None = None

    def service_key(self) -> bytes:
        """What the service had before; b"" for nothing."""
        return self._services.get(self._kind, b"")

    def load(self, content: bytes) -> None:
        """Record 5; a damaged one means a new endpoint."""
        secret, self._services = unpack_own(content)
        if secret:
            self.keys = KeyPair(secret)

    def collect(self) -> bytes | None:
        """The same; None while there was never an endpoint."""
        if self.keys is None:
            return None
        if self.service is not None:
            self._services[self._kind] = self.service.key
        return pack_own(self.keys.secret, self._services)


def pack_list(nodes: Iterable[ExtendedNode]) -> bytes:
    """A list of at most 4."""
    packed = [node.pack() for node in nodes][:MAX_TOLD]
    return bytes((len(packed),)) + b"".join(packed)


def unpack_list(data: bytes, offset: int = 0) -> tuple[list[ExtendedNode], int]:
    """A list, and the offset behind it; PacketError for what is none."""
    if offset >= len(data) or data[offset] > MAX_TOLD:
        raise PacketError("endpoints: no list of at most 4")
    count, offset = data[offset], offset + 1
    nodes = []
    for _ in range(count):
        node, offset = ExtendedNode.unpack(data, offset)
        nodes.append(node)
    return nodes, offset


def read_list(data: bytes) -> list[ExtendedNode]:
    """A list with nothing behind it; PacketError for anything else."""
    nodes, end = unpack_list(data)
    if end != len(data):
        raise PacketError("endpoints: bytes left over")
    return nodes


def pack_friends(told: Iterable[tuple[bytes, Told]]) -> bytes:
    """Record 3."""
    return b"".join(
        real_pk + pack_list(of.nodes) + of.good_s.to_bytes(_TIME_SIZE, "little") for real_pk, of in told
    )


def unpack_friends(content: bytes) -> Iterator[tuple[bytes, Told]]:
    """The entries of record 3, up to the first damaged one."""
    at = 0
    while at + PUBLIC_KEY_SIZE < len(content):
        try:
            nodes, end = unpack_list(content, at + PUBLIC_KEY_SIZE)
        except PacketError:
            return
        time = content[end : end + _TIME_SIZE]
        if len(time) < _TIME_SIZE:
            return
        yield content[at : at + PUBLIC_KEY_SIZE], Told(nodes, int.from_bytes(time, "little"))
        at = end + _TIME_SIZE


def pack_own(secret: bytes, services: dict[int, bytes]) -> bytes:
    """Record 5."""
    packed = [
        bytes((kind,)) + len(key).to_bytes(_SIZE_SIZE, "little") + key
        for kind, key in services.items()
        if key
    ]
    return secret + b"".join(packed)


def unpack_own(content: bytes) -> tuple[bytes, dict[int, bytes]]:
    """Secret key, b"" if it is damaged, and the services' keys by type."""
    if len(content) < _SECRET_SIZE or not any(content[:_SECRET_SIZE]):
        return b"", {}
    services, at = {}, _SECRET_SIZE
    while at + 1 + _SIZE_SIZE <= len(content):
        begin = at + 1 + _SIZE_SIZE
        end = begin + int.from_bytes(content[at + 1 : begin], "little")
        if end > len(content):
            break
        services[content[at]] = content[begin:end]
        at = end
    return content[:_SECRET_SIZE], services
