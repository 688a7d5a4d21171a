"""What peers of a group say to each other, once a packet is opened; integers are big-endian.

    lossless    zeros 0-7 | kind 1 | message id 8 | data        lossy    zeros 0-7 | kind 1 | data

The zeros make sizes tell less; kinds are never 0. Data by kind, `[...]` what may be missing:

    01 ping (lossy)     peers checksum u16 | confirmed peers u16 | state version u32 | sanctions version u32
                        | roles checksum u16 | topic version u32 | topic checksum u16 | [packed address]
    02 ack (lossy)      0 received, 1 send again | message id u64 | ours: how many ids before it too u8
    03 reject (lossy)   0 group full, 1 wrong password, 2 failed
    ee, f2 custom       to one peer, to all; lossless or lossy; 1-1373 bytes
    ef fragment         of a longer packet
    f0 key rotation     0 request, 1 response | session pk 32
    f1 TCP relays       1-3 packed nodes
    f3 broadcast        kind 1 | body (below)
    f4 peer info request         f5 peer info    [password] | name length u16 | name in 128 | status 1
    f6 invite request            [password]                            f7 invite response
    f8 sync request     flags u16 (1 peers, 2 topic, 4 state) | [password]
    f9 sync response    [a member, as it is announced]
    fa topic            signature 64 | version u32 | checksum u16 | length u16 | topic | setter's sig pk 32
    fb shared state     signature 64 | 192 bytes (shared_state.py)
    fc moderators       count u16 | sig pk 32 each
    fd sanctions        count u16 | sanction 137 each | credentials 134 (moderation.py)
    ff handshake done

    password    length u16 | 32 bytes

    00 status       status 1                       04 private message    type 1 | id u32 | text
    01 name         1-128 bytes                    05 exit               0-128 bytes
    02 message      id u32 | text 1-1372           06 kick               peer's enc pk 32
    03 action       id u32 | text 1-1372           07 moderator          1 add, 0 remove | sig pk 32
    08 observer     1 add, 0 remove | enc pk 32 | sig pk 32 | [sanction 137] | credentials 134

Between friends, kind 95:

    fe | 0 invitation, 1 accepted, 2 confirmed | chat id 32 | sender's enc pk 32 | group name or packed nodes

What follows behind a body of a fixed size is read over. c-toxcore: group_chats.c.
"""

from __future__ import annotations

from struct import Struct

from toxpy.crypto.sodium import KEY_SIZE
from toxpy.errors import PacketError
from toxpy.generated import enums
from toxpy.onion.group_announce import pack_member, unpack_member
from toxpy.wire.address import pack_ip_port, pack_nodes, unpack_ip_port, unpack_nodes
from toxpy.wire.group_packets import MAX_GROUP_DATA_SIZE
from toxpy.wire.group_packets import pad_lossless as pad_lossless
from toxpy.wire.group_packets import pad_lossy as pad_lossy
from toxpy.wire.group_packets import unpad_lossless as unpad_lossless
from toxpy.wire.group_packets import unpad_lossy as unpad_lossy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.onion.group_announce import Member
    from toxpy.wire.address import Address, Node

# kinds, lossy
PING, ACK, REJECT = 0x01, 0x02, 0x03
# lossless; both kinds of custom packets are lossy as well
CUSTOM_PRIVATE, FRAGMENT, KEY_ROTATION, TCP_RELAYS, CUSTOM, BROADCAST = 0xEE, 0xEF, 0xF0, 0xF1, 0xF2, 0xF3
PEER_INFO_REQUEST, PEER_INFO, INVITE_REQUEST, INVITE_RESPONSE = 0xF4, 0xF5, 0xF6, 0xF7
SYNC_REQUEST, SYNC_RESPONSE, TOPIC, SHARED_STATE, MODERATORS, SANCTIONS = 0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD
HANDSHAKE_DONE = 0xFF
# kinds of broadcasts
STATUS, NAME, MESSAGE, ACTION, PRIVATE_MESSAGE, EXIT, KICK, SET_MODERATOR, SET_OBSERVER = range(9)
# values
ACK_RECEIVED, ACK_SEND_AGAIN = 0, 1
#: Ids that one acknowledgement covers besides its own, at most; what stands for their number in c-toxcore's.
MAX_RUN, NO_RUN = 255, -1
REJECT_FULL, REJECT_PASSWORD, REJECT_FAILED = 0, 1, 2
SYNC_PEERS, SYNC_TOPIC, SYNC_STATE = 1, 2, 4
INVITATION, INVITATION_ACCEPTED, INVITATION_CONFIRMED = 0, 1, 2

MAX_DATA_SIZE = MAX_GROUP_DATA_SIZE
MAX_SHARED_RELAYS = 3
MAX_GROUP_NAME = enums.TOX_GROUP_MAX_GROUP_NAME_LENGTH
_MAX_NAME = enums.TOX_MAX_NAME_LENGTH
_MAX_PASSWORD = enums.TOX_GROUP_MAX_PASSWORD_SIZE
_MAX_STATUS = enums.TOX_USER_STATUS_BUSY

_SIZE = Struct(">H")
_PING = Struct(">HHIIHIH")
_ACK = Struct(">BQ")
_ACK_OF_RUN = Struct(">BQB")
_KEY_ROTATION = Struct(">?32s")
_PASSWORD = Struct(f">H{_MAX_PASSWORD}s")
_INFO = Struct(f">H{_MAX_NAME}sB")
_TEXT = Struct(">I")
_PRIVATE = Struct(">BI")
_MODERATOR = Struct(">?32s")
_OBSERVER = Struct(">?32s32s")
_INVITATION = Struct(">BB32s32s")
_GROUP_INVITE = 0xFE


def _unpack(layout: Struct, data: bytes, what: str) -> tuple[int, ...]:
    """The fields of a body; what stands behind it is not looked at."""
    if len(data) < layout.size:
        raise PacketError(f"{what}: cut short")
    return layout.unpack_from(data)


# the data


class Ping:
    """What a peer says of its lists, and perhaps its address."""

    __slots__ = (
        "address",
        "peer_count",
        "peers_checksum",
        "roles_checksum",
        "sanctions_version",
        "state_version",
        "topic_checksum",
        "topic_version",
    )

    def __init__(
        self,
        peers_checksum: int,
        peer_count: int,
        state_version: int,
        sanctions_version: int,
        roles_checksum: int,
        topic_version: int,
        topic_checksum: int,
        *,
        address: Address | None = None,
    ) -> None:
        self.peers_checksum = peers_checksum
        #: confirmed peers, the sender among them
        self.peer_count = peer_count
        self.state_version = state_version
        self.sanctions_version = sanctions_version
        self.roles_checksum = roles_checksum
        self.topic_version = topic_version
        self.topic_checksum = topic_checksum
        self.address = address


def pack_ping(ping: Ping) -> bytes:
    """20 bytes, and up to 19 of an address."""
    versions = ping.state_version, ping.sanctions_version
    topic = ping.topic_version, ping.topic_checksum
    packed = _PING.pack(ping.peers_checksum, ping.peer_count, *versions, ping.roles_checksum, *topic)
    return packed if ping.address is None else packed + pack_ip_port(ping.address)


def unpack_ping(data: bytes) -> Ping:
    """An address that is none is read over, as in c-toxcore."""
    fields = _unpack(_PING, data, "group ping")
    address = None
    if len(data) > _PING.size:
        try:
            address, _ = unpack_ip_port(data, _PING.size)
        except PacketError:
            address = None
    return Ping(*fields, address=address)


def pack_ack(kind: int, message_id: int, before: int = 0) -> bytes:
    """ACK_RECEIVED, of so many ids `before` that one as well, or ACK_SEND_AGAIN.

    c-toxcore reads over the number, so it says that we understand it as well.
    """
    return _ACK_OF_RUN.pack(kind, message_id, before)


def unpack_ack(data: bytes) -> tuple[int, int, int]:
    """Kind, which may be unknown, message id, and how many ids before; NO_RUN from a peer that knows none."""
    if len(data) >= _ACK_OF_RUN.size:
        kind, message_id, before = _ACK_OF_RUN.unpack_from(data)
        return kind, message_id, before
    kind, message_id = _unpack(_ACK, data, "group ack")
    return kind, message_id, NO_RUN


def pack_reject(reason: int) -> bytes:
    """One of REJECT_FULL, ..."""
    return bytes((reason,))


def unpack_reject(data: bytes) -> int:
    """The reason; one that is not known is REJECT_FAILED."""
    if not data:
        raise PacketError("group reject: empty")
    return min(data[0], REJECT_FAILED)


def pack_key_rotation(is_response: bool, session_pk: bytes) -> bytes:
    """33 bytes."""
    return _KEY_ROTATION.pack(is_response, session_pk)


def unpack_key_rotation(data: bytes) -> tuple[bool, bytes]:
    """True for a response, and the session's public key."""
    if len(data) < _KEY_ROTATION.size:
        raise PacketError("group key rotation: cut short")
    is_response, session_pk = _KEY_ROTATION.unpack_from(data)
    return is_response, session_pk


def pack_relays(relays: list[Node]) -> bytes:
    """The first three."""
    return pack_nodes(relays[:MAX_SHARED_RELAYS])


def unpack_relays(data: bytes) -> list[Node]:
    """At least one, and none that is no relay."""
    relays, _ = unpack_nodes(data, MAX_SHARED_RELAYS)
    if not relays or not all(node.tcp for node in relays):
        raise PacketError("group relays: none, or other nodes")
    return relays


def pack_password(password: bytes) -> bytes:
    """34 bytes; none at all where there is no password."""
    return _PASSWORD.pack(len(password), password) if password else b""


def unpack_password(data: bytes) -> bytes:
    """The password behind a request; b"" without one."""
    if len(data) < _PASSWORD.size:
        return b""
    size, field = _PASSWORD.unpack_from(data)
    if size > _MAX_PASSWORD:
        raise PacketError("group password: too long")
    password: bytes = field[:size]
    return password


def pack_info(password: bytes, name: bytes, status: int) -> bytes:
    """131 bytes, or 165 with a password."""
    return pack_password(password) + _INFO.pack(len(name), name, status)


def unpack_info(data: bytes) -> tuple[bytes, bytes, int]:
    """Password, name and status.

    A peer sends a password if it believes that the group has one. We may not know yet, or know better: so the
    size says whether there is one. c-toxcore goes by its own belief, and may show a password as a name.
    """
    password = b""
    if len(data) >= _PASSWORD.size + _INFO.size:
        password = unpack_password(data)
        data = data[_PASSWORD.size :]
    if len(data) < _INFO.size:
        raise PacketError("group peer info: cut short")
    size, field, status = _INFO.unpack_from(data)
    # c-toxcore cuts a name that is too long
    name = field[:size]
    if not name or status > _MAX_STATUS:
        raise PacketError("group peer info: no name, or an unknown status")
    return password, name, status


def pack_sync_request(flags: int, password: bytes) -> bytes:
    """Flags SYNC_PEERS | SYNC_TOPIC | SYNC_STATE."""
    return _SIZE.pack(flags) + pack_password(password)


def unpack_sync_request(data: bytes) -> tuple[int, bytes]:
    """Flags and password."""
    (flags,) = _unpack(_SIZE, data, "group sync request")
    return flags, unpack_password(data[_SIZE.size :])


def pack_sync_response(member: Member | None) -> bytes:
    """A peer that the other shall connect with, or that there is none."""
    return b"" if member is None else pack_member(member)


def unpack_sync_response(data: bytes) -> Member | None:
    """The peer, if there is one."""
    return unpack_member(data)[0] if data else None


# broadcasts: all of these with the kind in front


def unpack_broadcast(data: bytes) -> tuple[int, bytes]:
    """Kind and body."""
    if not data:
        raise PacketError("group broadcast: empty")
    return data[0], data[1:]


def pack_status(status: int) -> bytes:
    """Our status."""
    return bytes((STATUS, status))


def unpack_status(body: bytes) -> int:
    """A peer's status."""
    if not body or body[0] > _MAX_STATUS:
        raise PacketError("group status: unknown")
    return body[0]


def pack_name(name: bytes) -> bytes:
    """Our name."""
    return bytes((NAME,)) + name


def unpack_name(body: bytes) -> bytes:
    """A peer's name."""
    if not 0 < len(body) <= _MAX_NAME:
        raise PacketError("group name: empty or too long")
    return body


def pack_message(kind: int, message_id: int, text: bytes) -> bytes:
    """MESSAGE or ACTION."""
    return bytes((kind,)) + _TEXT.pack(message_id) + text


def unpack_message(body: bytes) -> tuple[int, bytes]:
    """Message id and text."""
    if not _TEXT.size < len(body) <= _TEXT.size + enums.TOX_GROUP_MAX_MESSAGE_LENGTH:
        raise PacketError("group message: empty or too long")
    return _TEXT.unpack_from(body)[0], body[_TEXT.size :]


def pack_private_message(message_type: int, message_id: int, text: bytes) -> bytes:
    """For one peer; type 0 or 1 as in the API."""
    return bytes((PRIVATE_MESSAGE,)) + _PRIVATE.pack(message_type, message_id) + text


def unpack_private_message(body: bytes) -> tuple[int, int, bytes]:
    """Type, message id and text, which may have as many bytes as c-toxcore sends but does not take."""
    if not _PRIVATE.size < len(body) <= _PRIVATE.size + enums.TOX_GROUP_MAX_MESSAGE_LENGTH:
        raise PacketError("group private message: empty or too long")
    message_type, message_id = _PRIVATE.unpack_from(body)
    if message_type > enums.TOX_MESSAGE_TYPE_ACTION:
        raise PacketError("group private message: unknown type")
    return message_type, message_id, body[_PRIVATE.size :]


def pack_exit(part_message: bytes) -> bytes:
    """Our leave."""
    return bytes((EXIT,)) + part_message


def unpack_exit(body: bytes) -> bytes:
    """A peer's last words, cut where they are too long."""
    return body[: enums.TOX_GROUP_MAX_PART_LENGTH]


def pack_kick(enc_pk: bytes) -> bytes:
    """Who shall go."""
    return bytes((KICK,)) + enc_pk


def unpack_kick(body: bytes) -> bytes:
    """The encryption key of who shall go."""
    if len(body) < KEY_SIZE:
        raise PacketError("group kick: cut short")
    return body[:KEY_SIZE]


def pack_set_moderator(add: bool, sig_pk: bytes) -> bytes:
    """Who becomes or was a moderator."""
    return bytes((SET_MODERATOR,)) + _MODERATOR.pack(add, sig_pk)


def unpack_set_moderator(body: bytes) -> tuple[bool, bytes]:
    """True to add, and the signature key."""
    if len(body) < _MODERATOR.size:
        raise PacketError("group moderator: cut short")
    add, sig_pk = _MODERATOR.unpack_from(body)
    return add, sig_pk


def pack_set_observer(add: bool, enc_pk: bytes, sig_pk: bytes, lists: bytes) -> bytes:
    """Who becomes or was an observer; with sanction and credentials, or only these."""
    return bytes((SET_OBSERVER,)) + _OBSERVER.pack(add, enc_pk, sig_pk) + lists


def unpack_set_observer(body: bytes) -> tuple[bool, bytes, bytes, bytes]:
    """True to add, encryption key, signature key, and the packed sanction (if to add) and credentials."""
    if len(body) <= _OBSERVER.size:
        raise PacketError("group observer: cut short")
    add, enc_pk, sig_pk = _OBSERVER.unpack_from(body)
    return add, enc_pk, sig_pk, body[_OBSERVER.size :]


# between friends


def pack_invitation(kind: int, chat_id: bytes, enc_pk: bytes, rest: bytes = b"") -> bytes:
    """INVITATION with the group's name, INVITATION_ACCEPTED, or INVITATION_CONFIRMED with packed relays."""
    return _INVITATION.pack(_GROUP_INVITE, kind, chat_id, enc_pk) + rest


def unpack_invitation(data: bytes) -> tuple[int, bytes, bytes, bytes]:
    """Kind, chat id, the sender's encryption key in that group, and the rest.

    The first byte is not looked at: c-toxcore does not either.
    """
    if len(data) < _INVITATION.size:
        raise PacketError("group invitation: cut short")
    _, kind, chat_id, enc_pk = _INVITATION.unpack_from(data)
    rest = data[_INVITATION.size :]
    if kind > INVITATION_CONFIRMED or (kind == INVITATION and not 0 < len(rest) <= MAX_GROUP_NAME):
        raise PacketError("group invitation: unknown kind, or no name")
    return kind, chat_id, enc_pk, rest
