"""Announcements of group chats that we keep for others. c-toxcore: group_announce.c, group_onion_announce.c.

Behind the fixed part of an onion announce request (87) stands where a member of a group can be reached, and
behind the nodes of the response (88) up to 4 other members of that group:

    in a request    chat id 32 | member
    in a response   member | member | ...
    member          peer's key 32 | has address 1 | relays 0 or 1 | [packed address] | [packed node]

Of each group the last 16 members are kept, for 5 minutes. c-toxcore keeps them for 30 s, but its own members
announce themselves less and less often, so that nobody finds an older group. A member needs no ping id to be
stored, and may do so at any node. So anybody can fill the table. Then the group announced longest ago leaves,
and new groups have a budget: a group that is announced every 30 s stays.
"""

from __future__ import annotations

from toxpy.dht.budget import TokenBucket
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
MAX_GROUPS = 1024
#: New groups: per second, and at once; in 30 s fewer than are kept.
NEW_GROUPS_PER_S, NEW_GROUPS_BURST = 24, 256
#: Time for which a member is kept, in ms.
LIFETIME_MS = 300_000


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
    """The last members announced, the longest ago first."""

    __slots__ = ("_members",)

    def __init__(self) -> None:
        self._members: dict[bytes, tuple[Member, int]] = {}

    def __len__(self) -> int:
        return len(self._members)

    def add(self, member: Member, now_ms: int) -> None:
        """This one is the last one."""
        members = self._members
        members.pop(member.public_key, None)
        if len(members) >= MAX_MEMBERS:
            del members[next(iter(members))]
        members[member.public_key] = member, now_ms

    def announced_ms(self) -> int:
        """When the last member was announced."""
        return next(reversed(self._members.values()))[1]

    def others(self, public_key: bytes, now_ms: int) -> list[Member]:
        """Up to 4 members without this one, the last announced first: it is the likeliest to be there."""
        found: list[Member] = []
        for member, announced_ms in reversed(self._members.values()):
            if len(found) >= MAX_SENT_MEMBERS or now_ms - announced_ms >= LIFETIME_MS:
                break
            if member.public_key != public_key:
                found.append(member)
        return found


class GroupAnnounces:
    """At most MAX_GROUPS groups with at most MAX_MEMBERS members each."""

    __slots__ = ("_groups", "_new", "_rt")

    def __init__(self, *, rt: Runtime) -> None:
        self._rt = rt
        #: the group announced longest ago first
        self._groups: dict[bytes, Group] = {}
        self._new = TokenBucket(NEW_GROUPS_PER_S, NEW_GROUPS_BURST, rt.clock.now_ms)

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
        if group is None:
            return b""
        return b"".join(map(pack_member, group.others(member.public_key, self._rt.clock.now_ms)))

    def _add(self, chat_id: bytes, member: Member) -> Group | None:
        """The group with that member, as the one announced last; None for one new group too many."""
        groups, now_ms = self._groups, self._rt.clock.now_ms
        group = groups.pop(chat_id, None)
        if group is None:
            if not self._new.take(now_ms):
                self._rt.counters.drop("group_announce_full")
                return None
            if len(groups) >= MAX_GROUPS:
                del groups[next(iter(groups))]
            group = Group()
        groups[chat_id] = group
        group.add(member, now_ms)
        return group

    def _expire(self) -> None:
        groups, expired_ms = self._groups, self._rt.clock.now_ms - LIFETIME_MS
        while groups:
            oldest = next(iter(groups))
            if groups[oldest].announced_ms() > expired_ms:
                return
            del groups[oldest]
