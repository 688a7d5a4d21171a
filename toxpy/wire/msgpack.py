"""The part of MessagePack that saved groups are written in: nil, booleans, integers from 0, bytes, arrays.

    c0 nil | c2 false | c3 true
    00-7f, cc u8, cd u16, ce u32, cf u64                    the shortest that fits
    c4 u8, c5 u16, c6 u32 length | bytes
    90-9f, dc u16, dd u32 count | values                    read: 15 values at most

The packages for it are one more compiled module for the C library to carry, for five types. Spec:
MessagePack.
"""

from __future__ import annotations

from toxpy.errors import PacketError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    Value: TypeAlias = bool | int | bytes | Sequence["Value"] | None

#: Arrays in arrays, and values of an array, that are read: a saved group has two and eight. So however
#: damaged a save is, a look at what may be a group is short.
_MAX_DEPTH, _MAX_COUNT = 3, 15
_SHORT_INTEGER, _SHORT_ARRAY, _SHORT_ARRAY_END = 0x80, 0x90, 0xA0
_NIL, _FALSE, _TRUE = 0xC0, 0xC2, 0xC3
#: the first byte of those with a number behind it, by the number's bytes
_BYTES = {1: 0xC4, 2: 0xC5, 4: 0xC6}
_INTEGER = {1: 0xCC, 2: 0xCD, 4: 0xCE, 8: 0xCF}
_ARRAY = {2: 0xDC, 4: 0xDD}
_NUMBERED = {first: (table, size) for table in (_BYTES, _INTEGER, _ARRAY) for size, first in table.items()}


def _numbered(table: dict[int, int], number: int) -> bytes:
    for size, first in table.items():
        if number < 1 << 8 * size:
            return bytes((first,)) + number.to_bytes(size, "big")
    raise ValueError("too large for MessagePack")


def pack(value: Value) -> bytes:
    """The shortest form of a value."""
    if value is None:
        return bytes((_NIL,))
    if isinstance(value, bool):
        return bytes((_TRUE if value else _FALSE,))
    if isinstance(value, int):
        return bytes((value,)) if 0 <= value < _SHORT_INTEGER else _numbered(_INTEGER, value)
    if isinstance(value, bytes):
        return _numbered(_BYTES, len(value)) + value
    count = len(value)
    head = bytes((_SHORT_ARRAY + count,)) if count < 16 else _numbered(_ARRAY, count)
    return head + b"".join(map(pack, value))


def unpack(data: bytes, offset: int = 0, depth: int = 0) -> tuple[Value, int]:
    """One value and the offset behind it; PacketError for other types and what is cut short."""
    if offset >= len(data) or depth > _MAX_DEPTH:
        raise PacketError("MessagePack: cut short, or too deep")
    first, offset = data[offset], offset + 1
    if first < _SHORT_INTEGER:
        return first, offset
    if _SHORT_ARRAY <= first < _SHORT_ARRAY_END:
        return _array(data, offset, first - _SHORT_ARRAY, depth)
    if first in (_NIL, _FALSE, _TRUE):
        return {_NIL: None, _FALSE: False, _TRUE: True}[first], offset
    table, size = _NUMBERED.get(first, (None, 0))
    if table is None:
        raise PacketError("MessagePack: another type")
    number, offset = int.from_bytes(data[offset : offset + size], "big"), offset + size
    if offset > len(data):
        raise PacketError("MessagePack: cut short")
    if table is _INTEGER:
        return number, offset
    if table is _ARRAY:
        return _array(data, offset, number, depth)
    if number > len(data) - offset:
        raise PacketError("MessagePack: cut short")
    return data[offset : offset + number], offset + number


def _array(data: bytes, offset: int, count: int, depth: int) -> tuple[Value, int]:
    if count > _MAX_COUNT:
        raise PacketError("MessagePack: too many values")
    values: list[Value] = []
    for _ in range(count):
        value, offset = unpack(data, offset, depth + 1)
        values.append(value)
    return values, offset
