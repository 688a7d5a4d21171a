"""The checksums by which peers see that their lists and topics differ. c-toxcore: util.c, group_chats.c."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


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


def _key_hash(public_key: bytes) -> int:
    """Jenkins' one-at-a-time hash, 32 bits."""
    value = 0
    for byte in public_key:
        value = (value + byte) & 0xFFFFFFFF
        value = (value + (value << 10)) & 0xFFFFFFFF
        value ^= value >> 6
    value = (value + (value << 3)) & 0xFFFFFFFF
    value ^= value >> 11
    return (value + (value << 15)) & 0xFFFFFFFF


def peers_checksum(enc_keys: Iterable[bytes]) -> int:
    """16 bits of the encryption keys of all confirmed peers, ourselves among them, in any order."""
    return sum(map(_key_hash, enc_keys)) & 0xFFFF


def roles_checksum(sanctions_checksum: int, roles: Iterable[tuple[bytes, int]]) -> int:
    """16 bits of the sanctions and of (encryption key, role) of all confirmed peers, ourselves among them."""
    return (sanctions_checksum + sum(role + enc[0] for enc, role in roles)) & 0xFFFF
