"""Savedata: the file format of every Tox client, both ways.

    zeros 4 | cookie 15ed1b1f | section ... | section 255, empty
    section: length u32 | type u16 | cookie 01ce u16 | `length` bytes        (all little-endian)
             length u32 | cookie 01ce u16 | type u16 | `length` bytes        (all big-endian)

     1  nospam 4 | public key 32 | secret key 32
     2  cookie 0159000d u32, then inner sections with cookie 11ce; inner type 4: packed nodes
     3  friends, 2216 bytes each (`_FRIEND`), its integers big-endian
     4  name                5  status message          6  status, 1 byte
     7  groups             10  TCP relays             11  path nodes: packed nodes
    20  conferences       255  end: whatever follows is ignored

These numbers, and those inside section 20, are in the byte order of the machine that wrote the save;
all others are the same everywhere. `build` writes the order of this machine, as c-toxcore does. `parse`
reads either, so that a profile may move between machines; c-toxcore refuses the other order.

`parse` refuses what c-toxcore 0.2.23 refuses: a wrong cookie, a section longer than what is
left, bytes left over that are no section header, keys that do not belong together, a friend
list that is no multiple of 2216, an end section with content. Like c-toxcore it reads over
unusable nodes, over-long names and friends that could not be added, and a file that stops
at a section's edge counts as whole. One thing it refuses that c-toxcore accepts: a save without
section 1, because loading that would give the user a new identity without a word.

Sections of other subsystems (7, 10, 20) are carried as raw bytes, unknown ones with their
place, and all are written back. c-toxcore: state.c, Messenger.c, DHT.c, tox.c.
"""

from __future__ import annotations

import struct
import sys

from toxpy.conference.saved import other_byte_order
from toxpy.crypto import sodium
from toxpy.errors import PacketError
from toxpy.friend.friend import MAX_NAME_LENGTH, MAX_STATUS_MESSAGE_LENGTH
from toxpy.friend.saved import restore_friend, restore_request
from toxpy.wire.address import pack_nodes, unpack_nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, TypeVar

    from toxpy.friend.messenger import Messenger
    from toxpy.wire.address import Node

    Bytes = TypeVar("Bytes", bytes, memoryview)

COOKIE_GLOBAL = 0x15ED1B1F
COOKIE_SECTION = 0x01CE
DHT_COOKIE_GLOBAL = 0x0159000D
DHT_COOKIE_SECTION = 0x11CE
DHT_NODES = 4

NOSPAM_KEYS, DHT_STATE, FRIENDS, NAME, STATUS_MESSAGE, STATUS, GROUPS = range(1, 8)
TCP_RELAYS, PATH_NODES, CONFERENCES, END = 10, 11, 20, 255
#: In the order in which they are written.
KNOWN = (*range(NOSPAM_KEYS, GROUPS + 1), TCP_RELAYS, PATH_NODES, CONFERENCES)

#: c-toxcore: DHT.c MAX_SAVED_DHT_NODES, Messenger.c NUM_SAVED_PATH_NODES, NUM_SAVED_TCP_RELAYS.
MAX_DHT_NODES = 2080
MAX_PATH_NODES = MAX_RELAYS = 8
#: c-toxcore sets room aside for 8 relays and 8 path nodes of 51 bytes; what they leave is zeros at the end.
RESERVED_SIZE = 2 * 8 * 51

#: Of a section, either order.
_HEADER_SIZE = 8
_KEYS = struct.Struct("4s32s32s")
#: status, public key, request message, its length, name, its length, status message, its length,
#: user status, nospam, last seen. The `x` are holes of the C struct this once was.
_FRIEND = struct.Struct(">B32s1024sxH128sH1007sxHB3x4sQ")
_NO_NOSPAM = bytes(4)
#: Where friends go, among the pieces of a save.
_HERE = b"friends"

#: Friend status from which on a friend is saved as confirmed. c-toxcore: Messenger.h Friend_Status.
_CONFIRMED = 3


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


_LITTLE, _BIG = ByteOrder("little", "<"), ByteOrder("big", ">")
_ORDERS = {order.name: order for order in (_LITTLE, _BIG)}


class SavedFriend:
    """One friend as saved. Below status 3 only the request fields count, from 3 on only the others."""

    __slots__ = (
        "last_online",
        "name",
        "nospam",
        "public_key",
        "request_message",
        "status",
        "status_message",
        "user_status",
    )

    def __init__(self, status: int, public_key: bytes) -> None:
        self.status = status
        self.public_key = public_key
        self.request_message = b""
        self.nospam = bytes(4)
        self.name = b""
        self.status_message = b""
        self.user_status = 0
        self.last_online = 0


class KeptSection:
    """A section we do not know; `after` is the known type that came before it, 0 at the start."""

    __slots__ = ("after", "data", "type")

    def __init__(self, section_type: int, data: bytes, after: int) -> None:
        self.type = section_type
        self.data = data
        self.after = after


class SaveData:
    """What a save holds. `groups_raw` is None when there is no such section; the secret is in no repr.

    The numbers in `conferences_raw` are little-endian here, whatever they are in a file.
    """

    __slots__ = (
        "conferences_raw",
        "dht_nodes",
        "friends",
        "groups_raw",
        "kept",
        "name",
        "nospam",
        "path_nodes",
        "public_key",
        "relays_raw",
        "secret_key",
        "status",
        "status_message",
    )

    def __init__(self, nospam: bytes, public_key: bytes, secret_key: bytes) -> None:
        self.nospam = nospam
        self.public_key = public_key
        self.secret_key = secret_key
        self.dht_nodes: list[Node] = []
        self.friends: list[SavedFriend] = []
        self.name = b""
        self.status_message = b""
        self.status = 0
        self.groups_raw: bytes | None = None
        self.relays_raw = b""
        self.path_nodes: list[Node] = []
        self.conferences_raw = b""
        self.kept: list[KeptSection] = []

    def relays(self) -> list[Node]:
        """The TCP relays, none when the section is damaged."""
        try:
            nodes, _ = unpack_nodes(self.relays_raw, MAX_RELAYS)
        except PacketError:
            return []
        return [node for node in nodes if node.tcp]

    def set_relays(self, nodes: list[Node]) -> None:
        """At most MAX_RELAYS."""
        self.relays_raw = pack_nodes(nodes[:MAX_RELAYS])


def _sections(data: Bytes, offset: int, cookie: int, order: ByteOrder) -> Iterator[tuple[int, Bytes]]:
    """Type and content of each section; PacketError for a wrong cookie or a cut."""
    end = len(data)
    while end - offset >= _HEADER_SIZE:
        length, section_type, section_cookie = order.read_section(data, offset)
        offset += _HEADER_SIZE
        if length > end - offset:
            raise PacketError("save: a section is longer than what is left")
        if section_cookie != cookie:
            raise PacketError("save: wrong section cookie")
        yield section_type, data[offset : offset + length]
        offset += length
    if offset != end:
        raise PacketError("save: bytes left over behind the last section")


def _parse_keys(content: bytes) -> tuple[bytes, bytes, bytes]:
    if len(content) != _KEYS.size:
        raise PacketError("save: the keys' section has a wrong length")
    nospam, public_key, secret_key = _KEYS.unpack(content)
    if not any(secret_key) or not sodium.equal(sodium.public_key(secret_key), public_key):
        raise PacketError("save: public and secret key do not belong together")
    return nospam, public_key, secret_key


def _parse_nodes(content: bytes, max_nodes: int) -> list[Node]:
    """Packed UDP nodes; none at all when one is malformed or a TCP relay, as in c-toxcore."""
    try:
        nodes, _ = unpack_nodes(content, max_nodes)
    except PacketError:
        return []
    return [] if any(node.tcp for node in nodes) else nodes


def _parse_dht(content: bytes, order: ByteOrder) -> list[Node]:
    """Damage here costs only the nodes that can be read no more: a DHT is found again."""
    nodes: list[Node] = []
    if len(content) <= 4 or order.u32.unpack_from(content)[0] != DHT_COOKIE_GLOBAL:
        return nodes
    try:
        for inner_type, inner in _sections(content, 4, DHT_COOKIE_SECTION, order):
            if inner_type == DHT_NODES:
                nodes = _parse_nodes(inner, MAX_DHT_NODES) or nodes
    except PacketError:
        return nodes
    return nodes


def _parse_friend(content: bytes, offset: int) -> SavedFriend:
    fields = _FRIEND.unpack_from(content, offset)
    status, public_key, request, request_size, name, name_size, message, message_size, *rest = fields
    user_status, nospam, seen = rest
    friend = SavedFriend(status, public_key)
    friend.request_message = request[:request_size]
    friend.nospam = nospam
    friend.name = name[:name_size] if name_size <= MAX_NAME_LENGTH else b""
    friend.status_message = message[:message_size] if message_size <= MAX_STATUS_MESSAGE_LENGTH else b""
    friend.user_status = user_status if user_status <= 2 else 0
    friend.last_online = seen
    return friend


def _check_friends(content: bytes | memoryview) -> None:
    if len(content) % _FRIEND.size != 0:
        raise PacketError("save: the friend list is cut short")


def _check_end(content: bytes | memoryview) -> None:
    if content:
        raise PacketError("save: the end section has content")


def _parse_friends(content: bytes) -> list[SavedFriend]:
    _check_friends(content)
    friends = (_parse_friend(content, offset) for offset in range(0, len(content), _FRIEND.size))
    return [friend for friend in friends if friend.status != 0]


def _read_section(save: SaveData, section_type: int, content: bytes, order: ByteOrder) -> None:
    """Put one known section other than the keys and the end into `save`."""
    if section_type == DHT_STATE:
        save.dht_nodes = _parse_dht(content, order) or save.dht_nodes
    elif section_type == FRIENDS:
        save.friends += _parse_friends(content)
    elif section_type == NAME:
        if 0 < len(content) <= MAX_NAME_LENGTH:
            save.name = content
    elif section_type == STATUS_MESSAGE:
        if 0 < len(content) <= MAX_STATUS_MESSAGE_LENGTH:
            save.status_message = content
    elif section_type == STATUS:
        if len(content) == 1 and content[0] <= 2:
            save.status = content[0]
    elif section_type == GROUPS:
        save.groups_raw = content
    elif section_type == TCP_RELAYS:
        save.relays_raw = content
    elif section_type == PATH_NODES:
        save.path_nodes = _parse_nodes(content, MAX_PATH_NODES)
    elif section_type == CONFERENCES:
        save.conferences_raw = content if order is _LITTLE else other_byte_order(content, "big")


def _order_of(data: bytes) -> ByteOrder:
    """By the cookie at the beginning."""
    if len(data) >= 8 and not any(data[:4]):
        for order in _ORDERS.values():
            if order.u32.unpack_from(data, 4)[0] == COOKIE_GLOBAL:
                return order
    raise PacketError("save: not a Tox save")


def parse(data: bytes) -> SaveData:
    """Read a save; PacketError when it is damaged or holds no identity."""
    order = _order_of(data)
    save = SaveData(b"", b"", b"")
    after = 0
    for section_type, content in _sections(data, 8, COOKIE_SECTION, order):
        if section_type == END:
            _check_end(content)
            break
        if section_type == NOSPAM_KEYS:
            save.nospam, save.public_key, save.secret_key = _parse_keys(content)
        elif section_type in KNOWN:
            _read_section(save, section_type, content, order)
        else:
            save.kept.append(KeptSection(section_type, content, after))
            continue
        after = section_type
    if not save.secret_key:
        raise PacketError("save: it holds no keys")
    return save


def owner(data: bytes) -> bytes:
    """The public key in a save; refuses what `parse` refuses, but is much faster."""
    order, public_key = _order_of(data), b""
    for section_type, content in _sections(memoryview(data), 8, COOKIE_SECTION, order):
        if section_type == NOSPAM_KEYS:
            public_key = _parse_keys(bytes(content))[1]
        elif section_type == FRIENDS:
            _check_friends(content)
        elif section_type == END:
            _check_end(content)
            break
    if not public_key:
        raise PacketError("save: it holds no keys")
    return public_key


def _friend_fields(friend: SavedFriend) -> tuple[Any, ...]:
    """What `_FRIEND` packs."""
    if friend.status < _CONFIRMED:
        # the real length is written although only 1024 bytes fit; what we send is never longer than 921
        request = friend.request_message
        return friend.status, friend.public_key, request, len(request), b"", 0, b"", 0, 0, friend.nospam, 0
    name, message, status = friend.name, friend.status_message, friend.user_status
    texts = (name, len(name), message, len(message))
    return _CONFIRMED, friend.public_key, b"", 0, *texts, status, _NO_NOSPAM, friend.last_online


def _pieces(save: SaveData, order: ByteOrder, friends: Iterable[bytes]) -> Iterator[bytes]:
    """The whole save, with that as the content of the friend list."""
    nodes = pack_nodes(save.dht_nodes)
    dht = order.u32.pack(DHT_COOKIE_GLOBAL) + order.section(DHT_NODES, len(nodes), DHT_COOKIE_SECTION) + nodes
    conferences = save.conferences_raw
    contents = {
        NOSPAM_KEYS: _KEYS.pack(save.nospam, save.public_key, save.secret_key),
        DHT_STATE: dht,
        NAME: save.name,
        STATUS_MESSAGE: save.status_message,
        STATUS: bytes((save.status,)),
        GROUPS: save.groups_raw,
        TCP_RELAYS: save.relays_raw,
        PATH_NODES: pack_nodes(save.path_nodes),
        CONFERENCES: conferences if order is _LITTLE else other_byte_order(conferences, "little"),
    }
    yield bytes(4) + order.u32.pack(COOKIE_GLOBAL)
    for known in (0, *KNOWN):
        content = contents.get(known)
        if known == FRIENDS:
            yield order.section(FRIENDS, len(save.friends) * _FRIEND.size)
            yield from friends
        elif content is not None:
            yield order.section(known, len(content)) + content
        for kept in save.kept:
            if kept.after == known:
                yield order.section(kept.type, len(kept.data)) + kept.data
    yield order.section(END, 0)
    reserved = RESERVED_SIZE - len(save.relays_raw) - len(contents[PATH_NODES] or b"")
    yield bytes(max(reserved, 0))


def build(save: SaveData, byteorder: str = sys.byteorder) -> bytes:
    """Write a save; the order of the sections is c-toxcore's."""
    friends = (_FRIEND.pack(*_friend_fields(friend)) for friend in save.friends)
    # all put together at once: a save of 1000 friends has 2.2 MB, and each copy costs
    return b"".join(_pieces(save, _ORDERS[byteorder], friends))


def build_into(buffer: memoryview, save: SaveData) -> None:
    """`build` into a buffer of that `size`, without a copy in between."""
    position, size = 0, _FRIEND.size
    for piece in _pieces(save, _ORDERS[sys.byteorder], (_HERE,)):
        if piece is not _HERE:
            buffer[position : position + len(piece)] = piece
            position += len(piece)
            continue
        for friend in save.friends:
            _FRIEND.pack_into(buffer, position, *_friend_fields(friend))
            position += size


def size(save: SaveData, friends: int) -> int:
    """How many bytes `build` gives with that many friends, whatever friends are in `save`."""
    return sum(map(len, _pieces(save, _LITTLE, ()))) + friends * _FRIEND.size


def restore(save: SaveData, messenger: Messenger) -> None:
    """Give a fresh messenger its nospam, our texts and the friends, numbered 0..n-1 in saved order."""
    messenger.requests.nospam = save.nospam
    messenger.name = save.name
    messenger.status_message = save.status_message
    messenger.status = save.status
    for saved in save.friends:
        if saved.status < _CONFIRMED:
            restore_request(messenger, saved.public_key, saved.nospam, saved.request_message)
            continue
        friend = restore_friend(messenger, saved.public_key)
        if friend is not None:
            friend.name = saved.name
            friend.status_message = saved.status_message
            friend.user_status = saved.user_status
            friend.last_seen_s = saved.last_online


def collect(messenger: Messenger) -> SaveData:
    """What a save has about ourselves; friends, nodes and other sections are for the caller to fill in."""
    identity = messenger.identity
    save = SaveData(messenger.requests.nospam, identity.public, identity.secret)
    save.name, save.status_message, save.status = messenger.name, messenger.status_message, messenger.status
    return save


def collect_friends(messenger: Messenger) -> list[SavedFriend]:
    """All friends as they are saved."""
    friends = []
    for friend in messenger.friends():
        saved = SavedFriend(friend.status, friend.real_pk)
        if friend.request is not None:
            saved.request_message, saved.nospam = friend.request.message, friend.request.nospam
        saved.name, saved.status_message = friend.name, friend.status_message
        saved.user_status = friend.user_status
        saved.last_online = messenger.last_online(friend)
        friends.append(saved)
    return friends
