"""The checksums by which peers see that their lists and topics differ. c-toxcore: util.c, group_chats.c."""

from __future__ import annotations


def data_checksum(data: bytes) -> int:
    """16 bits of a topic or a hash: the even bytes in the low half, the odd ones in the high half, xored.

    c-toxcore has the two bytes in the order of its machine; all that matter are little-endian.
    """
    low = high = 0
    for byte in data[::2]:
        low ^= byte
    for byte in data[1::2]:
        high ^= byte
    return low | high << 8


def key_checksum(enc_pk: bytes) -> int:
    """Jenkins' one-at-a-time hash of an encryption key, 32 bits.

    The sum of all confirmed peers' ones, ourselves among them, is the checksum of the peers, 16 bits of it.
    """
    value = 0
    for byte in enc_pk:
        value = (value + byte) & 0xFFFFFFFF
        value = (value + (value << 10)) & 0xFFFFFFFF
        value ^= value >> 6
    value = (value + (value << 3)) & 0xFFFFFFFF
    value ^= value >> 11
    return (value + (value << 15)) & 0xFFFFFFFF
