"""Envelopes of a group's packets: the handshake between two members, and what goes within their session.

    5a handshake    sender's enc pk 32 | receiver's enc pk 32 | nonce 24 | box with the permanent keys
    5b lossless     sender's enc pk 32 | nonce 24 | box with the session's key
    5c lossy        sender's enc pk 32 | nonce 24 | box with the session's key

A handshake, 67 bytes and perhaps a relay where its sender can be reached:

    0 request, 1 response | session pk 32 | sig pk 32 | 0 invite, 1 peer info | 0 public, 1 private
                          | [packed node]

What is in the other boxes is in packets.py. Nonces are random. Over a relay these packets are what is sent to
the peer, a request may be out of band. c-toxcore: group_chats.c.
"""

from __future__ import annotations

from struct import Struct

from toxpy.crypto.sodium import decrypt, encrypt
from toxpy.errors import PacketError
from toxpy.wire.address import pack_node, unpack_node
from toxpy.wire.group_packets import BOX_AT, NONCE_AT
from toxpy.wire.packets import GROUP_HANDSHAKE, GROUP_LOSSLESS, GROUP_LOSSY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.wire.address import Node

#: What the requester wants first: to be let in, or to tell who it is.
INVITE, PEER_INFO = 0, 1
#: How the requester came to the group.
JOIN_PUBLIC, JOIN_PRIVATE = 0, 1

LAYOUTS = {layout.kind: layout for layout in (GROUP_HANDSHAKE, GROUP_LOSSLESS, GROUP_LOSSY)}
_HANDSHAKE = Struct(">B32s32sBB")


class GroupHandshake:
    """What two members say first; `relay` is where the sender can be reached too."""

    __slots__ = ("is_response", "join_type", "relay", "request_type", "session_pk", "sig_pk")

    def __init__(
        self,
        is_response: bool,
        session_pk: bytes,
        sig_pk: bytes,
        request_type: int,
        join_type: int,
        relay: Node | None = None,
    ) -> None:
        self.is_response = is_response
        self.session_pk = session_pk
        self.sig_pk = sig_pk
        self.request_type = request_type
        self.join_type = join_type
        self.relay = relay


def pack_handshake(handshake: GroupHandshake) -> bytes:
    """67 bytes, 106 or 118 with a relay."""
    fields = handshake.session_pk, handshake.sig_pk, handshake.request_type, handshake.join_type
    packed = _HANDSHAKE.pack(handshake.is_response, *fields)
    return packed if handshake.relay is None else packed + pack_node(handshake.relay)


def unpack_handshake(plain: bytes) -> GroupHandshake:
    """A relay that is none is read over: over UDP c-toxcore takes such a handshake too."""
    if len(plain) < _HANDSHAKE.size:
        raise PacketError("group handshake: cut short")
    is_response, session_pk, sig_pk, request_type, join_type = _HANDSHAKE.unpack_from(plain)
    if is_response > 1 or request_type > PEER_INFO or join_type > JOIN_PRIVATE:
        raise PacketError("group handshake: unknown type")
    relay = None
    if len(plain) > _HANDSHAKE.size:
        try:
            relay, _ = unpack_node(plain, _HANDSHAKE.size)
        except PacketError:
            relay = None
        if relay is not None and not relay.tcp:
            relay = None
    return GroupHandshake(is_response == 1, session_pk, sig_pk, request_type, join_type, relay)


def seal_handshake(key: bytes, nonce: bytes, sender: bytes, receiver: bytes, plain: bytes) -> bytes:
    """A handshake packet; `key` is the shared key of the two members' permanent keys."""
    return GROUP_HANDSHAKE.make(sender, receiver, nonce) + encrypt(key, nonce, plain)


def open_handshake(key: bytes, packet: bytes) -> bytes | None:
    """The plain text of a handshake packet whose size fits, None when it is forged."""
    _, _, _, nonce = GROUP_HANDSHAKE.unpack_from(packet)
    return decrypt(key, nonce, packet[GROUP_HANDSHAKE.size :])


def seal_lossless(key: bytes, nonce: bytes, sender: bytes, plain: bytes) -> bytes:
    """A lossless packet; `key` is the session's."""
    return GROUP_LOSSLESS.make(sender, nonce) + encrypt(key, nonce, plain)


def seal_lossy(key: bytes, nonce: bytes, sender: bytes, plain: bytes) -> bytes:
    """A lossy packet; `key` is the session's."""
    return GROUP_LOSSY.make(sender, nonce) + encrypt(key, nonce, plain)


def open_session_packet(key: bytes, packet: bytes) -> bytes | None:
    """The plain text of a lossless or lossy packet whose size fits, None when it is not of that key."""
    return decrypt(key, packet[NONCE_AT:BOX_AT], packet[BOX_AT:])
