"""A record of a save that several have a part of: type u8 | length u32 | value, little-endian."""

from __future__ import annotations

from struct import Struct

_HEAD = Struct("<BI")


def pack_fields(fields: dict[int, bytes]) -> bytes:
    """The record; parts without a byte are left out."""
    return b"".join(_HEAD.pack(kind, len(value)) + value for kind, value in fields.items() if value)


def unpack_fields(record: bytes) -> dict[int, bytes]:
    """The parts by type, up to where the record is damaged."""
    fields, at = {}, 0
    while at + _HEAD.size <= len(record):
        kind, length = _HEAD.unpack_from(record, at)
        begin = at + _HEAD.size
        at = begin + length
        if at > len(record):
            break
        fields[kind] = record[begin:at]
    return fields
