"""What packets look like: a table of named layouts, each over one `struct.Struct`.

A layout is a kind byte, fields of a fixed size, and often a tail of any size within bounds. The code packs
and unpacks with the raw methods of the `Struct`, the page of the wire formats prints the table, and the
property tests hold every entry to the same laws. What only one module ever looks into stays in that module.
"""

from __future__ import annotations

from struct import Struct

#: Layouts by what they travel in.
TABLE: dict[str, list[Layout]] = {}

#: Payload of a frame between client and relay, bytes: c-toxcore's MAX_PACKET_SIZE without the MAC.
MAX_FRAME_PAYLOAD = 2048 - 16
#: Connection ids below this are control frames. Spec: TCP Server.
RESERVED_IDS = 16
#: Peers that one relay connects a client with.
MAX_CONNECTION_IDS = 256 - RESERVED_IDS
#: Data of an out-of-band frame, bytes. Spec: TCP Server.
MAX_OOB_SIZE = 1024


class Layout:
    """One kind of packet. Sizes are in bytes and count the kind byte.

    `pack` takes the kind and every fixed field and gives all but the tail; `unpack_from` gives the same back.
    """

    __slots__ = (
        "fields",
        "kind",
        "max_size",
        "min_size",
        "name",
        "pack",
        "prefix",
        "size",
        "tail",
        "unpack_from",
    )

    def __init__(self, group: str, kind: int, name: str, **fields: str | tuple[int, int]) -> None:
        """Fields by name: a `struct` code, or for the tail its smallest and largest size."""
        self.kind = kind
        #: the kind byte
        self.prefix = bytes((kind,))
        self.name = name
        codes = {field: code for field, code in fields.items() if isinstance(code, str)}
        tails = {field: sizes for field, sizes in fields.items() if not isinstance(sizes, str)}
        struct = Struct(">B" + "".join(codes.values()))
        self.pack, self.unpack_from = struct.pack, struct.unpack_from
        self.size = struct.size
        self.fields = {field: Struct(">" + code).size for field, code in codes.items()}
        #: the tail's name, "" without one
        self.tail = next(iter(tails), "")
        smallest, largest = tails.get(self.tail, (0, 0))
        self.min_size, self.max_size = self.size + smallest, self.size + largest
        TABLE.setdefault(group, []).append(self)

    def make(self, *fields: object) -> bytes:
        """The kind and these fixed fields; the tail is to be added."""
        return self.pack(self.kind, *fields)

    def fits(self, packet: bytes) -> bool:
        """True if a packet of this kind can have that size."""
        return self.min_size <= len(packet) <= self.max_size

    def offset(self, field: str) -> int:
        """Where a fixed field or the tail begins."""
        at = 1
        for name, size in self.fields.items():
            if name == field:
                return at
            at += size
        return self.size


_FRAMES = "Frames between client and relay"
ROUTING_REQUEST = Layout(_FRAMES, 0, "routing request", dht_pk="32s")
#: An id below RESERVED_IDS refuses.
ROUTING_RESPONSE = Layout(_FRAMES, 1, "routing response", connection_id="B", dht_pk="32s")
CONNECTED = Layout(_FRAMES, 2, "the peer is there", connection_id="B")
#: From the relay: the peer went; to the relay: forget that peer.
DISCONNECTED = Layout(_FRAMES, 3, "the peer went, or is to be forgotten", connection_id="B")
PING = Layout(_FRAMES, 4, "ping", ping_id="8s")
PONG = Layout(_FRAMES, 5, "pong", ping_id="8s")
OOB_SEND = Layout(_FRAMES, 6, "out-of-band data to", dht_pk="32s", data=(1, MAX_OOB_SIZE))
OOB_RECEIVED = Layout(_FRAMES, 7, "out-of-band data from", dht_pk="32s", data=(1, MAX_FRAME_PAYLOAD - 33))
#: Nonce and two layers of key 32, address 19 and MAC 16, and what is in them.
ONION_REQUEST = Layout(_FRAMES, 8, "onion request", data=(24 + 2 * (32 + 19 + 16) + 1, MAX_FRAME_PAYLOAD - 1))
ONION_RESPONSE = Layout(_FRAMES, 9, "onion response", data=(1, MAX_FRAME_PAYLOAD - 1))
FORWARD_REQUEST = Layout(_FRAMES, 10, "forward request", data=(1, MAX_FRAME_PAYLOAD - 1))
FORWARDING = Layout(_FRAMES, 11, "forwarding", data=(1, MAX_FRAME_PAYLOAD - 1))

#: Sizes that a DHT packet's box has beside its payload: the MAC.
_MAC = 16
#: A packed node, bytes, at most: family, IPv6 address, port, key.
_NODE = 51

_DHT = "DHT packets over UDP"
PING_REQUEST = Layout(_DHT, 0x00, "ping request", sender="32s", nonce="24s", box=(_MAC + 9, _MAC + 9))
PING_RESPONSE = Layout(_DHT, 0x01, "ping response", sender="32s", nonce="24s", box=(_MAC + 9, _MAC + 9))
NODES_REQUEST = Layout(_DHT, 0x02, "nodes request", sender="32s", nonce="24s", box=(_MAC + 40, _MAC + 40))
NODES_RESPONSE = Layout(
    _DHT, 0x04, "nodes response", sender="32s", nonce="24s", box=(_MAC + 9, _MAC + 9 + 4 * _NODE)
)
DHT_REQUEST = Layout(
    _DHT, 0x20, "DHT request", receiver="32s", sender="32s", nonce="24s", box=(_MAC + 2, 1024 - 89)
)

#: Bytes of a packet of a group at most; c-toxcore takes no larger ones.
_MAX_GROUP_PACKET = 1477
#: A handshake of a group, bytes, without a relay: kind, two keys, two types.
_GROUP_HANDSHAKE = 1 + 32 + 32 + 2

_GROUP = "Packets of groups, over UDP and relays"
GROUP_HANDSHAKE = Layout(
    _GROUP,
    0x5A,
    "group handshake",
    sender="32s",
    receiver="32s",
    nonce="24s",
    box=(_MAC + _GROUP_HANDSHAKE, _MAC + _GROUP_HANDSHAKE + _NODE),
)
#: Of the box at least: the kind, the message id.
GROUP_LOSSLESS = Layout(
    _GROUP,
    0x5B,
    "group lossless packet",
    sender="32s",
    nonce="24s",
    box=(_MAC + 9, _MAX_GROUP_PACKET - 57),
)
#: Of the box at least: the kind, one byte.
GROUP_LOSSY = Layout(
    _GROUP, 0x5C, "group lossy packet", sender="32s", nonce="24s", box=(_MAC + 2, _MAX_GROUP_PACKET - 57)
)
