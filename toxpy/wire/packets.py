"""What packets look like: a table of named layouts, each over one `struct.Struct`.

A layout is a kind byte, fields of a fixed size, and often a tail of any size within bounds. The code packs
and unpacks with the raw methods of the `Struct`, the page of the wire formats prints the table, and the
property tests hold every entry to the same laws. What only one module ever looks into stays in that module.
"""

from __future__ import annotations

from struct import Struct, calcsize

from toxpy.crypto.sodium import KEY_SIZE, MAC_SIZE, NONCE_SIZE, SHA256_SIZE, SHA512_SIZE
from toxpy.crypto.timed_auth import TIMED_AUTH_SIZE
from toxpy.wire.address import NODE6_SIZE

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

#: Nodes in one packet.
MAX_SENT_NODES = 4
_NODES_SIZE = MAX_SENT_NODES * NODE6_SIZE
#: Sendback of a question, bytes: it comes back in the answer, and says what was asked.
SENDBACK_SIZE = 8

#: A cookie, bytes: nonce and box of stamp, real key, DHT key.
COOKIE_SIZE = NONCE_SIZE + 8 + 2 * KEY_SIZE + MAC_SIZE
#: Echo of a cookie request, bytes: it comes back beside the cookie.
ECHO_SIZE = 8

#: In the box of a mailbox's probe, and of the answer, bytes.
MAILBOX_PROBE_SIZE = 72

#: A datagram on its way through the onion, bytes.
MAX_ONION_SIZE = 1400
#: An address in the onion, bytes, of whichever family.
ONION_ADDRESS_SIZE = 19
#: What one hop adds: the next key, its own box's address and MAC.
LAYER_SIZE = KEY_SIZE + ONION_ADDRESS_SIZE + MAC_SIZE
#: What the hops so far need to lead an answer back.
RETURN_1_SIZE = NONCE_SIZE + ONION_ADDRESS_SIZE + MAC_SIZE
RETURN_2_SIZE = RETURN_1_SIZE + RETURN_1_SIZE
RETURN_3_SIZE = RETURN_2_SIZE + RETURN_1_SIZE
#: A ping id of an announce request, bytes.
ONION_PING_ID_SIZE = TIMED_AUTH_SIZE
#: In the box of an announce request: ping id, searched key, data key, sendback.
ANNOUNCE_QUESTION = Struct(f">{ONION_PING_ID_SIZE}s{KEY_SIZE}s{KEY_SIZE}s{SENDBACK_SIZE}s")
#: What a member of a group adds to an announce request, bytes: chat id and where it can be reached. In a
#: response c-toxcore allows as much for each of four.
MAX_EXTRA_SIZE = 136

#: A forwarded datagram, bytes.
MAX_FORWARDED_SIZE = 2048
#: The way back of a forwarded packet, bytes.
MAX_SENDBACK_SIZE = 254
#: Kind, size byte and the longest sendback leave this much.
MAX_FORWARD_DATA_SIZE = MAX_FORWARDED_SIZE - 2 - MAX_SENDBACK_SIZE

#: What is stored under one key, bytes.
MAX_ANNOUNCEMENT_SIZE = 512


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

    def __init__(self, group: str, kind: int, name: str, **fields: str | int | tuple[int, int]) -> None:
        """Fields by name: a `struct` code, or for the tail its size, or its smallest and largest one."""
        self.kind = kind
        #: the kind byte
        self.prefix = bytes((kind,))
        self.name = name
        codes, smallest, largest = ">B", 0, 0
        self.fields: dict[str, int] = {}
        #: the tail's name, "" without one
        self.tail = ""
        for field, code in fields.items():
            if isinstance(code, str):
                codes += code
                self.fields[field] = calcsize(">" + code)
            else:
                self.tail = field
                smallest, largest = (code, code) if isinstance(code, int) else code
        struct = Struct(codes)
        self.pack, self.unpack_from, self.size = struct.pack, struct.unpack_from, struct.size
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


FRAMES = "Frames between client and relay"
ROUTING_REQUEST = Layout(FRAMES, 0, "routing request", dht_pk="32s")
#: An id below RESERVED_IDS refuses.
ROUTING_RESPONSE = Layout(FRAMES, 1, "routing response", connection_id="B", dht_pk="32s")
#: The peer is there.
CONNECTED = Layout(FRAMES, 2, "connected", connection_id="B")
#: From the relay: the peer went; to the relay: forget that peer.
DISCONNECTED = Layout(FRAMES, 3, "disconnected", connection_id="B")
PING = Layout(FRAMES, 4, "ping", ping_id="8s")
PONG = Layout(FRAMES, 5, "pong", ping_id="8s")
OOB_SEND = Layout(FRAMES, 6, "oob send", dht_pk="32s", data=(1, MAX_OOB_SIZE))
OOB_RECEIVED = Layout(FRAMES, 7, "oob received", dht_pk="32s", data=(1, MAX_FRAME_PAYLOAD - 33))
#: Nonce and two layers, and what is in them.
ONION_REQUEST = Layout(
    FRAMES, 8, "onion request", data=(NONCE_SIZE + 2 * LAYER_SIZE + 1, MAX_FRAME_PAYLOAD - 1)
)
ONION_RESPONSE = Layout(FRAMES, 9, "onion response", data=(1, MAX_FRAME_PAYLOAD - 1))
FORWARD_REQUEST_FRAME = Layout(FRAMES, 10, "forward request", data=(1, MAX_FRAME_PAYLOAD - 1))
FORWARDING_FRAME = Layout(FRAMES, 11, "forwarding", data=(1, MAX_FRAME_PAYLOAD - 1))

# A box is MAC_SIZE longer than what is in it.
_DHT = "DHT packets over UDP"
PING_REQUEST = Layout(_DHT, 0x00, "ping request", sender="32s", nonce="24s", box=MAC_SIZE + 9)
PING_RESPONSE = Layout(_DHT, 0x01, "ping response", sender="32s", nonce="24s", box=MAC_SIZE + 9)
NODES_REQUEST = Layout(_DHT, 0x02, "nodes request", sender="32s", nonce="24s", box=MAC_SIZE + 40)
NODES_RESPONSE = Layout(
    _DHT, 0x04, "nodes response", sender="32s", nonce="24s", box=(MAC_SIZE + 9, MAC_SIZE + 9 + _NODES_SIZE)
)
DHT_REQUEST = Layout(
    _DHT, 0x20, "DHT request", receiver="32s", sender="32s", nonce="24s", box=(MAC_SIZE + 2, 1024 - 89)
)

_SESSION = "Packets of sessions, over UDP and relays"
COOKIE_REQUEST = Layout(
    _SESSION, 0x18, "cookie request", sender="32s", nonce="24s", box=MAC_SIZE + 2 * KEY_SIZE + ECHO_SIZE
)
COOKIE_RESPONSE = Layout(
    _SESSION, 0x19, "cookie response", nonce="24s", box=MAC_SIZE + COOKIE_SIZE + ECHO_SIZE
)
HANDSHAKE = Layout(
    _SESSION,
    0x1A,
    "crypto handshake",
    cookie=f"{COOKIE_SIZE}s",
    nonce="24s",
    box=MAC_SIZE + NONCE_SIZE + KEY_SIZE + SHA512_SIZE + COOKIE_SIZE,
)
#: From the initiator to the responder with both static keys and two cookies, back with one cookie.
NOISE_HANDSHAKE = Layout(
    _SESSION,
    0x1C,
    "noise handshake",
    version="B",
    ephemeral="32s",
    sealed=(COOKIE_SIZE + MAC_SIZE, KEY_SIZE + MAC_SIZE + 2 * COOKIE_SIZE + MAC_SIZE),
)
#: The nonce's low two bytes; in the box the receive window's start, the number, and at least a kind.
DATA = Layout(_SESSION, 0x1B, "crypto data", nonce_end="2s", box=(MAC_SIZE + 8 + 1, 1400 - 3))

_ONION = "Onion packets over UDP"
#: What `sender` and `nonce` leave of a datagram in the onion.
_ONION_REST = MAX_ONION_SIZE - 1 - NONCE_SIZE - KEY_SIZE
#: The last box with one byte in it, and with the boxes around it; the first key of a layer stands in front.
_LAST_BOX, _MIDDLE_BOX, _FIRST_BOX = (layers * LAYER_SIZE - KEY_SIZE + 1 for layers in (1, 2, 3))
ONION_SEND_1 = Layout(_ONION, 0x80, "onion send 1", nonce="24s", sender="32s", box=(_FIRST_BOX, _ONION_REST))
#: Here and in the next the return data of the hops so far stands behind the box.
ONION_SEND_2 = Layout(
    _ONION,
    0x81,
    "onion send 2",
    nonce="24s",
    sender="32s",
    box_return=(_MIDDLE_BOX + RETURN_1_SIZE, _ONION_REST),
)
ONION_SEND_3 = Layout(
    _ONION,
    0x82,
    "onion send 3",
    nonce="24s",
    sender="32s",
    box_return=(_LAST_BOX + RETURN_2_SIZE, _ONION_REST),
)
ONION_RECV_3 = Layout(
    _ONION,
    0x8C,
    "onion recv 3",
    return_data=f"{RETURN_3_SIZE}s",
    data=(1, MAX_ONION_SIZE - 1 - RETURN_3_SIZE),
)
ONION_RECV_2 = Layout(
    _ONION,
    0x8D,
    "onion recv 2",
    return_data=f"{RETURN_2_SIZE}s",
    data=(1, MAX_ONION_SIZE - 1 - RETURN_2_SIZE),
)
ONION_RECV_1 = Layout(
    _ONION,
    0x8E,
    "onion recv 1",
    return_data=f"{RETURN_1_SIZE}s",
    data=(1, MAX_ONION_SIZE - 1 - RETURN_1_SIZE),
)

_ANNOUNCE = "Announcing and data, through the onion"
_QUESTION = MAC_SIZE + ANNOUNCE_QUESTION.size
ANNOUNCE_REQUEST_OLD = Layout(
    _ANNOUNCE, 0x83, "announce request old", nonce="24s", sender="32s", box_return=_QUESTION + RETURN_3_SIZE
)
ANNOUNCE_REQUEST = Layout(
    _ANNOUNCE,
    0x87,
    "announce request",
    nonce="24s",
    sender="32s",
    box_return=(_QUESTION + RETURN_3_SIZE, _QUESTION + MAX_EXTRA_SIZE + RETURN_3_SIZE),
)
#: Stored or not, ping id or data key.
_ANSWER = MAC_SIZE + 1 + ONION_PING_ID_SIZE
ANNOUNCE_RESPONSE_OLD = Layout(
    _ANNOUNCE,
    0x84,
    "announce response old",
    sendback=f"{SENDBACK_SIZE}s",
    nonce="24s",
    box=(_ANSWER, _ANSWER + _NODES_SIZE),
)
#: With a count of the nodes.
ANNOUNCE_RESPONSE = Layout(
    _ANNOUNCE,
    0x88,
    "announce response",
    sendback=f"{SENDBACK_SIZE}s",
    nonce="24s",
    box=(_ANSWER + 1, _ANSWER + 1 + _NODES_SIZE + 4 * MAX_EXTRA_SIZE),
)
ONION_DATA_REQUEST = Layout(
    _ANNOUNCE,
    0x85,
    "onion data request",
    receiver="32s",
    nonce="24s",
    sender="32s",
    box_return=(MAC_SIZE + 1 + RETURN_3_SIZE, _ONION_REST - KEY_SIZE),
)
#: In the box the sender's real key and another box, of at least a kind.
ONION_DATA_RESPONSE = Layout(
    _ANNOUNCE,
    0x86,
    "onion data response",
    nonce="24s",
    sender="32s",
    box=(MAC_SIZE + KEY_SIZE + MAC_SIZE + 1, _ONION_REST),
)

_FORWARD = "Forwarding over UDP"
FORWARD_REQUEST = Layout(_FORWARD, 0x90, "forward request", receiver="32s", data=(0, MAX_FORWARD_DATA_SIZE))
FORWARDING = Layout(
    _FORWARD,
    0x91,
    "forwarding",
    sendback_size="B",
    sendback_data=(0, MAX_SENDBACK_SIZE + MAX_FORWARD_DATA_SIZE),
)
FORWARD_REPLY = Layout(
    _FORWARD,
    0x92,
    "forward reply",
    sendback_size="B",
    sendback_data=(0, MAX_SENDBACK_SIZE + MAX_FORWARD_DATA_SIZE),
)

_STORE = "DHT announcements, over UDP or forwarded"
#: In every box: the MAC, the data key, the sendback.
_ABOUT = MAC_SIZE + KEY_SIZE + SENDBACK_SIZE
#: With the hash of the last answer or without.
SEARCH_REQUEST = Layout(
    _STORE, 0x93, "data search request", sender="32s", nonce="24s", box=(_ABOUT, _ABOUT + SHA256_SIZE)
)
#: Only the data key; or whether something is stored, its hash, tag, whether we would store, counted nodes.
SEARCH_RESPONSE = Layout(
    _STORE,
    0x94,
    "data search response",
    sender="32s",
    nonce="24s",
    box=(_ABOUT, _ABOUT + 1 + SHA256_SIZE + TIMED_AUTH_SIZE + 1 + 1 + _NODES_SIZE),
)
RETRIEVE_REQUEST = Layout(
    _STORE, 0x95, "data retrieve request", sender="32s", nonce="24s", box=_ABOUT + 1 + TIMED_AUTH_SIZE
)
RETRIEVE_RESPONSE = Layout(
    _STORE,
    0x96,
    "data retrieve response",
    sender="32s",
    nonce="24s",
    box=(_ABOUT + 1, _ABOUT + 1 + MAX_ANNOUNCEMENT_SIZE),
)
#: Nonce and box in the box, of tag, seconds, kind, and what is to be stored.
_STORED = _ABOUT + NONCE_SIZE + MAC_SIZE + TIMED_AUTH_SIZE + 4 + 1
STORE_REQUEST = Layout(
    _STORE,
    0x97,
    "store announce request",
    sender="32s",
    nonce="24s",
    box=(_STORED, _STORED + MAX_ANNOUNCEMENT_SIZE),
)
#: Seconds, our time.
STORE_RESPONSE = Layout(
    _STORE, 0x98, "store announce response", sender="32s", nonce="24s", box=_ABOUT + 4 + 8
)

#: Bytes of a packet of a group at most; c-toxcore takes no larger ones.
_MAX_GROUP_PACKET = 1477
#: A handshake of a group, bytes, without a relay: kind, two keys, two types.
_GROUP_HANDSHAKE = 1 + 2 * KEY_SIZE + 2

_GROUP = "Packets of groups, over UDP and relays"
GROUP_HANDSHAKE = Layout(
    _GROUP,
    0x5A,
    "group handshake",
    sender="32s",
    receiver="32s",
    nonce="24s",
    box=(MAC_SIZE + _GROUP_HANDSHAKE, MAC_SIZE + _GROUP_HANDSHAKE + NODE6_SIZE),
)
#: Of the box at least: the kind, the message id.
GROUP_LOSSLESS = Layout(
    _GROUP,
    0x5B,
    "group lossless",
    sender="32s",
    nonce="24s",
    box=(MAC_SIZE + 9, _MAX_GROUP_PACKET - 57),
)
#: Of the box at least: the kind, one byte.
GROUP_LOSSY = Layout(
    _GROUP, 0x5C, "group lossy", sender="32s", nonce="24s", box=(MAC_SIZE + 2, _MAX_GROUP_PACKET - 57)
)

#: Ours alone: nodes of other programs drop them.
MAILBOXES = "Packets to and from mailboxes over UDP"
MAILBOX_PROBE, MAILBOX_ANSWER = (
    Layout(MAILBOXES, kind, name, sender="32s", nonce="24s", box=MAC_SIZE + MAILBOX_PROBE_SIZE)
    for kind, name in ((0xF8, "mailbox probe"), (0xF9, "mailbox answer"))
)
