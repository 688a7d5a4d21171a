"""The sections of a save: their numbers, and how their headers are written on a machine of either byte order.

    length u32 | type u16 | cookie u16 | `length` bytes        (all little-endian)
    length u32 | cookie u16 | type u16 | `length` bytes        (all big-endian)

c-toxcore: state.c, state.h.
"""

from __future__ import annotations

import struct

from toxpy.errors import PacketError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, TypeVar

    Bytes = TypeVar("Bytes", bytes, memoryview)

COOKIE_SECTION = 0x01CE

NOSPAM_KEYS, DHT_STATE, FRIENDS, NAME, STATUS_MESSAGE, STATUS, GROUPS = range(1, 8)
TCP_RELAYS, PATH_NODES, CONFERENCES, END = 10, 11, 20, 255
#: Ours; c-toxcore reads over them and does not keep them.
FRIEND_MEMBERS, GROUP_SANCTIONS = 0x7470, 0x7471
#: Ours as well: a record for each extension, see `toxpy.friend.records`.
EXTENSIONS = 0x7001
#: In the order in which they are written.
KNOWN = (*range(NOSPAM_KEYS, GROUPS + 1), TCP_RELAYS, PATH_NODES, CONFERENCES)
#: Those that Core writes itself; all others are for capabilities.
OF_CORE = frozenset((*range(NOSPAM_KEYS, STATUS + 1), TCP_RELAYS, PATH_NODES))
#: The type is a u16.
MAX_SECTION = 2**16 - 1
#: Bytes of one friend in its section.
FRIEND_SIZE = 2216

#: Bytes of a header, in either order.
_HEADER_SIZE = 8


class ByteOrder:
    """How the numbers of a file are written; `name` is that of `sys.byteorder`."""

    __slots__ = ("header", "name", "u32")

    def __init__(self, name: str, sign: str) -> None:
        self.name = name
        self.header = struct.Struct(sign + "IHH")
        self.u32 = struct.Struct(sign + "I")

    def section(self, section_type: int, size: int, cookie: int = COOKIE_SECTION) -> bytes:
        """The header of a section of `size` bytes."""
        # the two halves of one number, the type being the lower
        halves = (section_type, cookie) if self.name == "little" else (cookie, section_type)
        return self.header.pack(size, *halves)

    def read_section(self, data: bytes | memoryview, offset: int) -> tuple[int, int, int]:
        """Length, type and cookie in a header."""
        length, first, second = self.header.unpack_from(data, offset)
        return (length, first, second) if self.name == "little" else (length, second, first)

    def sections(self, data: Bytes, offset: int, cookie: int) -> Iterator[tuple[int, Bytes]]:
        """Type and content of each section; PacketError for a wrong cookie or a cut."""
        end = len(data)
        while end - offset >= _HEADER_SIZE:
            length, section_type, section_cookie = self.read_section(data, offset)
            offset += _HEADER_SIZE
            if length > end - offset:
                raise PacketError("save: a section is longer than what is left")
            if section_cookie != cookie:
                raise PacketError("save: wrong section cookie")
            yield section_type, data[offset : offset + length]
            offset += length
        if offset != end:
            raise PacketError("save: bytes left over behind the last section")


LITTLE, BIG = ByteOrder("little", "<"), ByteOrder("big", ">")
ORDERS = {order.name: order for order in (LITTLE, BIG)}


class Records:
    """A section of items of one size, packed one by one while it is written: 1000 friends have 2.2 MB."""

    __slots__ = ("_items", "_pack", "_size")

    def __init__(self, items: Sequence[Any], pack: Callable[[Any], bytes], size: int) -> None:
        self._items = items
        self._pack = pack
        self._size = size

    def __len__(self) -> int:
        return len(self._items) * self._size

    def pieces(self) -> Iterator[bytes]:
        """The packed items."""
        return map(self._pack, self._items)


def last_text(contents: Iterable[bytes], max_size: int) -> bytes:
    """The last of several texts that is neither empty nor too long; c-toxcore reads over the others."""
    text = b""
    for content in contents:
        if 0 < len(content) <= max_size:
            text = content
    return text
