"""Savedata: the file format of every Tox client, both ways. Here is the container; the capabilities read
and write what is in it.

    zeros 4 | cookie 15ed1b1f | section ... | section 255, empty
    section: length u32 | type u16 | cookie 01ce u16 | `length` bytes        (all little-endian)
             length u32 | cookie 01ce u16 | type u16 | `length` bytes        (all big-endian)

     1  nospam 4 | public key 32 | secret key 32
     2  nodes of the DHT         10  TCP relays             11  path nodes     (network/saved.py)
     3  friends                   4  name     5  status message     6  status  (friend/saved.py)
     7  groups                                                                 (group/saved.py)
    20  conferences                                                            (conference/saved.py)
  7001  what extensions keep, ours                                         (friend/records.py; hexadecimal)
  7470  which friend is which member of a group, ours             (group/friend_members.py; hexadecimal)
   255  end: whatever follows is ignored

These numbers, and those inside sections 2 and 20, are in the byte order of the machine that wrote the save;
all others are the same everywhere. `build` writes the order of this machine, as c-toxcore does. `parse`
reads either, so that a profile may move between machines; c-toxcore refuses the other order.

`parse` refuses what c-toxcore 0.2.23 refuses: a wrong cookie, a section longer than what is
left, bytes left over that are no section header, keys that do not belong together, a friend
list that is no multiple of 2216, an end section with content. Like c-toxcore we read over
unusable nodes, over-long names and friends that could not be added, and a file that stops
at a section's edge counts as whole. One thing it refuses that c-toxcore accepts: a save without
section 1, because loading that would give the user a new identity without a word.

Sections that nobody reads are written back as they were, unknown ones in their place.
c-toxcore: state.c, tox.c.
"""

from __future__ import annotations

import struct
import sys

from toxpy.crypto import sodium
from toxpy.errors import PacketError
from toxpy.network.saved import other_byte_order as turn_dht
from toxpy.wire.sections import (
    CONFERENCES,
    COOKIE_SECTION,
    DHT_STATE,
    END,
    FRIEND_SIZE,
    FRIENDS,
    GROUPS,
    KNOWN,
    LITTLE,
    NOSPAM_KEYS,
    ORDERS,
    PATH_NODES,
    TCP_RELAYS,
    Records,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from toxpy.wire.sections import ByteOrder

COOKIE_GLOBAL = 0x15ED1B1F
#: c-toxcore sets room aside for 8 relays and 8 path nodes of 51 bytes; what they leave is zeros at the end.
RESERVED_SIZE = 2 * 8 * 51

_KEYS = struct.Struct("4s32s32s")


def _turn_conferences(content: bytes, order: str) -> bytes:
    # rarely needed, and conferences are loaded at their first use
    from toxpy.conference.saved import other_byte_order

    return other_byte_order(content, order)


#: Sections with numbers in the machine's order, which are little-endian in `SaveData`.
_TURNED = {DHT_STATE: turn_dht, CONFERENCES: _turn_conferences}
#: c-toxcore leaves the groups' section out where there are none, and no other.
_ALWAYS = tuple(known for known in KNOWN if known != GROUPS)


class KeptSection:
    """A section we do not know; `after` is the known type that came before it, 0 at the start."""

    __slots__ = ("after", "data", "type")

    def __init__(self, section_type: int, data: bytes, after: int) -> None:
        self.type = section_type
        self.data = data
        self.after = after


class SaveData:
    """What a save holds; the secret is in no repr.

    `contents` has the known sections but the first by their type: usually one each, in a file there may be
    more. Those of `contents` come from a file; those of `written`, if there, are written in their place.
    """

    __slots__ = ("contents", "kept", "nospam", "public_key", "secret_key", "written")

    def __init__(self, nospam: bytes, public_key: bytes, secret_key: bytes) -> None:
        self.nospam = nospam
        self.public_key = public_key
        self.secret_key = secret_key
        self.contents: dict[int, list[bytes]] = {}
        self.written: dict[int, bytes | Records] = {}
        self.kept: list[KeptSection] = []

    def drop(self, section_types: Iterable[int]) -> None:
        """Forget what a file had of these: it was read."""
        for section_type in section_types:
            self.contents.pop(section_type, None)

    def take(self, section_type: int) -> list[bytes]:
        """What a file had in sections of that type; it belongs to the caller from now on."""
        unknown = [kept.data for kept in self.kept if kept.type == section_type]
        self.kept = [kept for kept in self.kept if kept.type != section_type]
        return self.contents.pop(section_type, []) + unknown

    def put(self, sections: Mapping[int, bytes | Records]) -> None:
        """Write these in place of those that came from a file."""
        self.written.update(sections)

    def to_write(self, section_type: int) -> list[bytes | Records]:
        """The contents of that type, as they go to a file."""
        content = self.written.get(section_type)
        if content is not None:
            return [content]
        return [*self.contents.get(section_type, (b"",) if section_type in _ALWAYS else ())]


def _parse_keys(content: bytes) -> tuple[bytes, bytes, bytes]:
    if len(content) != _KEYS.size:
        raise PacketError("save: the keys' section has a wrong length")
    nospam, public_key, secret_key = _KEYS.unpack(content)
    if not any(secret_key) or not sodium.equal(sodium.public_key(secret_key), public_key):
        raise PacketError("save: public and secret key do not belong together")
    return nospam, public_key, secret_key


def _check(section_type: int, content: bytes | memoryview) -> None:
    """PacketError for what c-toxcore refuses by its length."""
    if section_type == FRIENDS and len(content) % FRIEND_SIZE != 0:
        raise PacketError("save: the friend list is cut short")
    if section_type == END and content:
        raise PacketError("save: the end section has content")


def _order_of(data: bytes) -> ByteOrder:
    """By the cookie at the beginning."""
    if len(data) >= 8 and not any(data[:4]):
        for order in ORDERS.values():
            if order.u32.unpack_from(data, 4)[0] == COOKIE_GLOBAL:
                return order
    raise PacketError("save: not a Tox save")


def parse(data: bytes) -> SaveData:
    """Read a save; PacketError when it is damaged or holds no identity."""
    order = _order_of(data)
    save = SaveData(b"", b"", b"")
    after = 0
    for section_type, content in order.sections(data, 8, COOKIE_SECTION):
        _check(section_type, content)
        if section_type == END:
            break
        if section_type not in KNOWN:
            save.kept.append(KeptSection(section_type, content, after))
            continue
        after = section_type
        if section_type == NOSPAM_KEYS:
            save.nospam, save.public_key, save.secret_key = _parse_keys(content)
            continue
        if order is not LITTLE and section_type in _TURNED:
            content = _TURNED[section_type](content, order.name)
        save.contents.setdefault(section_type, []).append(content)
    if not save.secret_key:
        raise PacketError("save: it holds no keys")
    return save


def owner(data: bytes) -> bytes:
    """The public key in a save; refuses what `parse` refuses, but is much faster."""
    order, public_key = _order_of(data), b""
    for section_type, content in order.sections(memoryview(data), 8, COOKIE_SECTION):
        _check(section_type, content)
        if section_type == NOSPAM_KEYS:
            public_key = _parse_keys(bytes(content))[1]
        elif section_type == END:
            break
    if not public_key:
        raise PacketError("save: it holds no keys")
    return public_key


def _parts(save: SaveData, order: ByteOrder) -> Iterator[bytes | Records]:
    """The whole save; the order of the sections is c-toxcore's."""
    keys = _KEYS.pack(save.nospam, save.public_key, save.secret_key)
    reserved = RESERVED_SIZE
    yield bytes(4) + order.u32.pack(COOKIE_GLOBAL)
    for known in (0, *KNOWN):
        for content in [keys] if known == NOSPAM_KEYS else save.to_write(known):
            yield order.section(known, len(content))
            if order is not LITTLE and known in _TURNED and isinstance(content, bytes):
                content = _TURNED[known](content, LITTLE.name)
            yield content
            if known in (TCP_RELAYS, PATH_NODES):
                reserved -= len(content)
        for kept in save.kept:
            if kept.after == known:
                yield order.section(kept.type, len(kept.data)) + kept.data
    for section_type, content in save.written.items():
        if section_type not in KNOWN:
            yield order.section(section_type, len(content))
            yield content
    yield order.section(END, 0)
    yield bytes(max(reserved, 0))


def _pieces(save: SaveData, byteorder: str) -> Iterator[bytes]:
    for part in _parts(save, ORDERS[byteorder]):
        if isinstance(part, Records):
            yield from part.pieces()
        else:
            yield part


def build(save: SaveData, byteorder: str = sys.byteorder) -> bytes:
    """Write a save."""
    # all put together at once: a save of 1000 friends has 2.2 MB, and each copy costs
    return b"".join(_pieces(save, byteorder))


def build_into(buffer: memoryview, save: SaveData) -> None:
    """`build` into a buffer of that `size`, without a copy of the whole in between."""
    position = 0
    for piece in _pieces(save, sys.byteorder):
        end = position + len(piece)
        buffer[position:end] = piece
        position = end


def size(save: SaveData) -> int:
    """How many bytes `build` gives, without packing anything."""
    return sum(map(len, _parts(save, LITTLE)))
