"""What a save has of the network: nodes of the DHT, relays, and nodes for the first paths.

    section 2     cookie 0159000d u32, then inner sections with cookie 11ce; inner type 4: packed nodes
    section 10    packed nodes of TCP relays
    section 11    packed nodes

Damage here costs only the nodes that can be read no more: the network is found again. The numbers of
section 2 are in the byte order of the machine that wrote the save, and little-endian here.
c-toxcore: DHT.c, Messenger.c.
"""

from __future__ import annotations

from toxpy.errors import PacketError
from toxpy.wire.address import pack_nodes, unpack_nodes
from toxpy.wire.sections import DHT_STATE, LITTLE, ORDERS, PATH_NODES, TCP_RELAYS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from toxpy.wire.address import Node

_COOKIE_GLOBAL, _COOKIE_SECTION, _NODES = 0x0159000D, 0x11CE, 4
#: c-toxcore: DHT.c MAX_SAVED_DHT_NODES, Messenger.c NUM_SAVED_PATH_NODES, NUM_SAVED_TCP_RELAYS.
MAX_DHT_NODES = 2080
MAX_PATH_NODES = MAX_RELAYS = 8


def _read_nodes(content: bytes, max_nodes: int) -> list[Node]:
    """Packed UDP nodes; none at all when one is malformed or a TCP relay, as in c-toxcore."""
    try:
        nodes, _ = unpack_nodes(content, max_nodes)
    except PacketError:
        return []
    return [] if any(node.tcp for node in nodes) else nodes


def read_dht_nodes(contents: Mapping[int, Sequence[bytes]]) -> list[Node]:
    """The nodes of section 2."""
    nodes: list[Node] = []
    for content in contents.get(DHT_STATE, ()):
        if len(content) <= 4 or LITTLE.u32.unpack_from(content)[0] != _COOKIE_GLOBAL:
            continue
        try:
            for inner_type, inner in LITTLE.sections(content, 4, _COOKIE_SECTION):
                if inner_type == _NODES:
                    nodes = _read_nodes(inner, MAX_DHT_NODES) or nodes
        except PacketError:
            # what came before the damage counts
            continue
    return nodes


def read_path_nodes(contents: Mapping[int, Sequence[bytes]]) -> list[Node]:
    """The nodes of section 11."""
    return _read_nodes(b"".join(contents.get(PATH_NODES, ())[-1:]), MAX_PATH_NODES)


def read_relays(contents: Mapping[int, Sequence[bytes]]) -> list[Node]:
    """The relays of section 10."""
    try:
        nodes, _ = unpack_nodes(b"".join(contents.get(TCP_RELAYS, ())[-1:]), MAX_RELAYS)
    except PacketError:
        return []
    return [node for node in nodes if node.tcp]


def write_nodes(
    dht_nodes: Iterable[Node], path_nodes: Iterable[Node], relays: Sequence[Node]
) -> dict[int, bytes]:
    """The three sections."""
    nodes = pack_nodes(dht_nodes)
    dht = LITTLE.u32.pack(_COOKIE_GLOBAL) + LITTLE.section(_NODES, len(nodes), _COOKIE_SECTION) + nodes
    paths, tcp = pack_nodes(path_nodes), pack_nodes(relays[:MAX_RELAYS])
    return {DHT_STATE: dht, TCP_RELAYS: tcp, PATH_NODES: paths}


def other_byte_order(raw: bytes, byteorder: str) -> bytes:
    """Section 2 with its numbers turned round, `byteorder` being what it has now ("little" or "big").

    What is behind damage stays as it is: nobody can read it in either order.
    """
    now, then = ORDERS[byteorder], ORDERS["big" if byteorder == "little" else "little"]
    if len(raw) < 4:
        return raw
    pieces, offset = [then.u32.pack(*now.u32.unpack_from(raw))], 4
    try:
        for inner_type, inner in now.sections(raw, 4, _COOKIE_SECTION):
            pieces.append(then.section(inner_type, len(inner), _COOKIE_SECTION) + inner)
            offset += len(pieces[-1])
    except PacketError:
        pass
    return b"".join(pieces) + raw[offset:]
