"""Packets of sessions in groups: what is in their boxes, and how the datapath hands them over.

    lossless    zeros | kind 1 | message id 8 | data
    lossy       zeros | kind 1 | data

The envelopes are in packets.py, the data in toxpy/group/packets.py. c-toxcore: group_chats.c.
"""

from __future__ import annotations

from struct import Struct

from toxpy.errors import PacketError
from toxpy.wire.packets import GROUP_LOSSLESS, GROUP_LOSSY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.wire.data_packets import Record

#: Stands for the message id of a lossy packet.
LOSSY_ID = -1
#: Where the nonce and the box of a packet begin.
NONCE_AT, BOX_AT = GROUP_LOSSLESS.offset("nonce"), GROUP_LOSSLESS.size
#: Bytes of a whole packet.
MAX_GROUP_PACKET_SIZE = GROUP_LOSSLESS.max_size
#: Data of an unfragmented packet that stock receivers take, bytes.
MAX_GROUP_DATA_SIZE = 1377
#: Data that c-toxcore sends in one packet, bytes: they count in the padding.
GROUP_PADDED_LOSSLESS, GROUP_PADDED_LOSSY = 500, 1373
_PADDING = 8
_ID = Struct(">Q")


def pad_lossless(kind: int, message_id: int, data: bytes) -> bytes:
    """The plain text of a lossless packet."""
    zeros = bytes((GROUP_PADDED_LOSSLESS - len(data)) % _PADDING)
    return zeros + bytes((kind,)) + _ID.pack(message_id) + data


def pad_lossy(kind: int, data: bytes) -> bytes:
    """The plain text of a lossy packet."""
    return bytes((GROUP_PADDED_LOSSY - len(data)) % _PADDING) + bytes((kind,)) + data


def unpad_lossless(plain: bytes) -> tuple[int, int, bytes]:
    """Kind, message id and data."""
    packet = plain.lstrip(b"\0")
    if len(packet) < 1 + _ID.size:
        raise PacketError("group packet: cut short")
    return packet[0], _ID.unpack_from(packet, 1)[0], packet[1 + _ID.size :]


def unpad_lossy(plain: bytes) -> tuple[int, bytes]:
    """Kind and data."""
    packet = plain.lstrip(b"\0")
    if not packet:
        raise PacketError("group packet: empty")
    return packet[0], packet[1:]


def packet_head(message_id: int, sender_pk: bytes) -> bytes:
    """What stands before the nonce."""
    layout = GROUP_LOSSY if message_id == LOSSY_ID else GROUP_LOSSLESS
    return bytes((layout.kind,)) + sender_pk


def pad(message_id: int, kind: int, data: bytes) -> bytes:
    """The plain text of a record."""
    return pad_lossy(kind, data) if message_id == LOSSY_ID else pad_lossless(kind, message_id, data)


def unpad(is_lossless: bool, plain: bytes) -> Record:
    """The record of a plain text."""
    if is_lossless:
        kind, message_id, data = unpad_lossless(plain)
        return message_id, kind, data
    return (LOSSY_ID, *unpad_lossy(plain))
