"""Announcements of group chats that we keep for others. c-toxcore: group_announce.c, group_onion_announce.c.

Behind the fixed part of an onion announce request (87) stands where a member of a group can be reached, and
behind the nodes of the response (88) up to 4 other members of that group:

    in a request    chat id 32 | member
    in a response   member | member | ...
    member          peer's key 32 | has address 1 | relays 0 or 1 | [packed address] | [packed node]

Of each group the last 16 are kept, until nobody has announced the group for 30 s. A member needs no ping id
to be stored, so anybody can fill the table: the groups farthest from our DHT key, which nobody would look
for at our node, leave first.
"""

from __future__ import annotations

from toxpy.errors import PacketError
from toxpy.ids import PUBLIC_KEY_SIZE
from toxpy.wire.address import pack_ip_port, pack_nodes, unpack_ip_port, unpack_nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Runtime
    from toxpy.wire.address import Address, Node

CHAT_ID_SIZE = 32
MAX_RELAYS = 1
MAX_SENT_MEMBERS = 4
MAX_MEMBERS = 16
#: Groups kept; c-toxcore has no limit.
MAX_GROUPS = 512
GROUP_LIFETIME_MS = 30_000


class Member:
    """A peer of a group, its address if it has one, and its relays."""

    __slots__ = ("address", "public_key", "relays")

    def __init__(self, public_key: bytes, address: Address | None, relays: list[Node]) -> None:
        self.public_key = public_key
        self.address = address
        self.relays = relays

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Member) and pack_member(self) == pack_member(other)

    def __hash__(self) -> int:
        return hash(pack_member(self))


def pack_member(member: Member) -> bytes:
    """At most 104 bytes."""
    address = b"" if member.address is None else pack_ip_port(member.address)
    flags = bytes((bool(address), len(member.relays)))
    return member.public_key + flags + address + pack_nodes(member.relays)


def unpack_member(data: bytes, offset: int = 0) -> tuple[Member, int]:
    """A member and the offset behind it; PacketError when malformed."""
    flags_at = offset + PUBLIC_KEY_SIZE
    end = flags_at + 2
    if len(data) < end:
        raise PacketError("group member: cut short")
    has_address, relay_count = data[flags_at], data[flags_at + 1]
    if relay_count > MAX_RELAYS:
        raise PacketError("group member: impossible number of relays")
    address = None
    if has_address:
        address, end = unpack_ip_port(data, end)
    relays, end = unpack_nodes(data, relay_count, end)
    if len(relays) != relay_count:
        raise PacketError("group member: cut short")
    return Member(data[offset:flags_at], address, relays), end


class Group:
    """The last members announced; new ones overwrite the oldest."""

    __slots__ = ("announced_ms", "distance", "members", "turn")

    def __init__(self, distance: int) -> None:
        self.distance = distance
        self.announced_ms = 0
        self.members: list[Member] = []
        self.turn = 0

    def add(self, member: Member, now_ms: int) -> None:
        """In the order of arrival, round and round."""
        self.announced_ms = now_ms
        if len(self.members) < MAX_MEMBERS:
            self.members.append(member)
        else:
            self.members[self.turn] = member
        self.turn = (self.turn + 1) % MAX_MEMBERS

    def others(self, public_key: bytes) -> list[Member]:
        """Up to 4 different members without this one."""
        found: dict[bytes, Member] = {}
        for member in self.members:
            if member.public_key != public_key and len(found) < MAX_SENT_MEMBERS:
                found.setdefault(member.public_key, member)
        return list(found.values())


class GroupAnnounces:
    """At most MAX_GROUPS groups with at most MAX_MEMBERS members each."""

    __slots__ = ("_farthest", "_groups", "_own", "_rt")

    def __init__(self, public_key: bytes, *, rt: Runtime) -> None:
        self._own = int.from_bytes(public_key, "big")
        self._rt = rt
        #: the group announced longest ago first
        self._groups: dict[bytes, Group] = {}
        #: the next one to leave, when known
        self._farthest: bytes | None = None

    def __len__(self) -> int:
        self._expire()
        return len(self._groups)

    def exchange(self, extra: bytes) -> bytes | None:
        """Store what a request carried; what its response is to carry, None when malformed."""
        try:
            member, _ = unpack_member(extra, CHAT_ID_SIZE)
        except PacketError:
            self._rt.counters.drop("group_announce_malformed")
            return None
        self._expire()
        chat_id = extra[:CHAT_ID_SIZE]
        if member.address is None and not member.relays:
            # c-toxcore keeps it, and then answers nobody of that group
            self._rt.counters.drop("group_announce_unreachable")
            group = self._groups.get(chat_id)
        else:
            group = self._add(chat_id, member)
        return b"" if group is None else b"".join(map(pack_member, group.others(member.public_key)))

    def _add(self, chat_id: bytes, member: Member) -> Group | None:
        """The group, perhaps new, with that member, as the one announced last; None when there is no room."""
        groups = self._groups
        group = groups.pop(chat_id, None)
        if group is None:
            group = Group(int.from_bytes(chat_id, "big") ^ self._own)
            if len(groups) >= MAX_GROUPS and not self._make_room(group.distance):
                self._rt.counters.drop("group_announce_full")
                return None
            self._farthest = None
        groups[chat_id] = group
        group.add(member, self._rt.clock.now_ms)
        return group

    def _make_room(self, distance: int) -> bool:
        groups = self._groups
        if self._farthest is None:
            self._farthest = max(groups, key=lambda chat_id: groups[chat_id].distance)
        if groups[self._farthest].distance <= distance:
            return False
        del groups[self._farthest]
        return True

    def _expire(self) -> None:
        groups, expired_ms = self._groups, self._rt.clock.now_ms - GROUP_LIFETIME_MS
        while groups:
            oldest = next(iter(groups))
            if groups[oldest].announced_ms > expired_ms:
                return
            del groups[oldest]
            self._farthest = None
