"""Conference packets: the payload of friend connections; integers are big-endian.

    96 invitation    0 | inviter's number u16 | type 1 | id 32
                     1 | joiner's number u16 | inviter's number u16 | type 1 | id 32             accept
                     2 | the same | peer number u16 of the joiner                a member already
    97 online        sender's number u16 | type 1 | id 32
    98 direct        receiver's number u16 | 1 introduced, 8 query, 9 list | peers, 10 title | text
       a peer        peer number u16 | real_pk 32 | dht_pk 32 | name length 1 | name
    99 message       receiver's number u16 | author u16 | message number u32 | kind 1 | data
       kinds         0 ping
                     16 new peer     peer number u16 | real_pk 32 | dht_pk 32
                     17 gone for good, 18 gone for now    author u16
                     48 name         0 to 128 bytes
                     49 title        1 to 128 bytes
                     64 text, 65 action    1 to 1363 bytes
    100 rejoin       type 1 | id 32
    199 lossy        receiver's number u16 | author u16 | lossy number u16 | kind 1 | data
       kinds         192 audio    sequence u16 | Opus packet

A number is how its owner calls the conference; both sides tell each other theirs in 96 and 97. 96 is for
friends, all others are for anybody who is linked to us in a conference. From `author` on a message or lossy
packet is passed on as it is. What a client gets and gives as the cookie of an invitation is all that
follows the 0.

c-toxcore: group.c.
"""

from __future__ import annotations

from struct import Struct

from toxpy.errors import PacketError

INVITATION, ONLINE, DIRECT, MESSAGE, REJOIN, LOSSY = 96, 97, 98, 99, 100, 199
#: What an invitation packet says.
INVITE, ACCEPT, MEMBER = 0, 1, 2
#: What a direct packet says.
INTRODUCED, QUERY, PEERS, PEERS_TITLE = 1, 8, 9, 10
#: What a message packet says.
PING, NEW_PEER, KILL_PEER, FREEZE_PEER, NAME, TITLE, TEXT, ACTION = 0, 16, 17, 18, 48, 49, 64, 65

#: What a lossy packet is.
AUDIO = 192

TYPE_TEXT, TYPE_AV = 0, 1
MAX_PACKET_SIZE = 1373
MAX_NAME_LENGTH = 128
#: Bytes of an author's packet before its data, in message packets, without the receiver's number.
MESSAGE_HEADER_SIZE = 7
MAX_MESSAGE_LENGTH = MAX_PACKET_SIZE - 3 - MESSAGE_HEADER_SIZE
#: The whole packets must have these sizes.
INVITE_SIZE, ACCEPT_SIZE, MEMBER_SIZE, ONLINE_SIZE = 37, 39, 41, 36
MIN_REJOIN_SIZE = 34
MIN_MESSAGE_SIZE, MIN_LOSSY_SIZE, MIN_DIRECT_SIZE = 10, 8, 4
COOKIE_SIZE = INVITE_SIZE - 2

#: number, type, id: after the 0 of an invitation, and after the kind of an online packet
COOKIE = Struct(">HB32s")
#: two numbers, type, id
ANSWER = Struct(">BBHHB32s")
#: kind of packet and the receiver's number, before what is the same for all receivers
HEAD = Struct(">BH")
#: kind of packet, receiver's number, author, message number, kind
MESSAGE_HEADER = Struct(">BHHIB")
#: the same from the author on
AUTHORED = Struct(">HIB")
#: kind of packet, receiver's number, author, lossy number
LOSSY_HEADER = Struct(">BHHH")
LOSSY_AUTHORED = Struct(">HH")
NEW_PEER_DATA = Struct(">H32s32s")
PEER = Struct(">H32s32sB")
PEER_NUMBER = Struct(">H")
_REJOIN = Struct(">BB32s")


def pack_invite(number: int, kind: int, conference_id: bytes) -> bytes:
    """An invitation to our conference of that number."""
    return bytes((INVITATION, INVITE)) + COOKIE.pack(number, kind, conference_id)


def pack_answer(own_number: int, cookie: bytes, own_peer_number: int = -1) -> bytes:
    """The answer to an invitation; with our peer number when we are a member already."""
    says = ACCEPT if own_peer_number < 0 else MEMBER
    packet = bytes((INVITATION, says)) + PEER_NUMBER.pack(own_number) + cookie
    return packet if own_peer_number < 0 else packet + PEER_NUMBER.pack(own_peer_number)


def pack_online(number: int, kind: int, conference_id: bytes) -> bytes:
    """We are linked in that conference, which is `number` to us."""
    return bytes((ONLINE,)) + COOKIE.pack(number, kind, conference_id)


def pack_rejoin(kind: int, conference_id: bytes) -> bytes:
    """We want to be back in a conference."""
    return _REJOIN.pack(REJOIN, kind, conference_id)


def pack_peers(peers: list[tuple[int, bytes, bytes, bytes]]) -> list[bytes]:
    """What follows the receiver's number in the packets that list these (number, real_pk, dht_pk, name)."""
    bodies, body = [], bytes((PEERS,))
    for number, real_pk, dht_pk, name in peers:
        entry = PEER.pack(number, real_pk, dht_pk, len(name)) + name
        if HEAD.size + len(body) + len(entry) > MAX_PACKET_SIZE:
            bodies.append(body)
            body = bytes((PEERS,))
        body += entry
    bodies.append(body)
    return bodies


def unpack_peers(data: bytes, offset: int) -> list[tuple[int, bytes, bytes, bytes]]:
    """The whole entries before the end or the first damage."""
    peers = []
    while offset + PEER.size <= len(data):
        number, real_pk, dht_pk, length = PEER.unpack_from(data, offset)
        offset += PEER.size + length
        if length > MAX_NAME_LENGTH or offset > len(data):
            break
        peers.append((number, real_pk, dht_pk, data[offset - length : offset]))
    return peers


def unpack_new_peer(data: bytes) -> tuple[int, bytes, bytes]:
    """Peer number, real_pk and dht_pk; PacketError for another length."""
    if len(data) != NEW_PEER_DATA.size:
        raise PacketError("conference: a new peer of a wrong length")
    number, real_pk, dht_pk = NEW_PEER_DATA.unpack(data)
    return number, real_pk, dht_pk
