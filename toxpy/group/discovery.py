"""How members of a public group are found: each says at nodes of the DHT where it is, through the onion.

c-toxcore's members do so near a random key each, at first every 3 s and then ever more rarely, and nodes
keep it for 30 s. So who joins an older group meets nobody. We ask the nodes near the chat id, where all of us
meet, every 3 s until we are in, and then every 20 s; and others anywhere, so that c-toxcore's members and we
meet. How many depends on how many members share that work. c-toxcore: group_onion_announce.c.
"""

from __future__ import annotations

from toxpy.errors import PacketError
from toxpy.group.group import DISCONNECTED
from toxpy.group.wire import INVITE
from toxpy.onion.group_announce import MAX_RELAYS, MAX_SENT_MEMBERS, Member, pack_member, unpack_member
from toxpy.onion.targets import GroupTarget

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from toxpy.group.group import Group
    from toxpy.onion.group_announce import GroupAnnounces

#: Time between questions to a node, in ms: while we look for members, and while we want to be found.
SEARCH_INTERVAL_MS, ANNOUNCE_INTERVAL_MS = 3000, 20_000
#: Nodes anywhere that are asked per round: while we look for members, and by all members of a group together.
SEARCH_OTHERS, ANNOUNCE_OTHERS = 8, 2
#: Time until a member that did not answer is tried again, in ms: while we know nobody, and otherwise.
ALONE_RETRY_MS, RETRY_MS = 3000, 60_000
#: Members remembered that were tried.
MAX_TRIED = 256


class Discovery:
    """Looks for the members of one group."""

    __slots__ = ("_group", "_has_said", "_store", "_tried", "target")

    def __init__(self, group: Group, store: GroupAnnounces) -> None:
        """`store` is what our own node keeps."""
        rt = group.net.rt
        self._group = group
        self._store = store
        #: when a member was tried last, the longest ago first
        self._tried: dict[bytes, int] = {}
        #: True once nodes could be told of us
        self._has_said = False
        self.target = GroupTarget(group.state.chat.sig, self, rt=rt)

    def tried(self) -> Iterable[bytes]:
        """The keys of the members that we heard of."""
        return self._tried.keys()

    # what the onion asks

    def announcement(self) -> bytes:
        """What we say of ourselves: chat id and member; b"" while nobody could reach us."""
        group = self._group
        address = group.net.own_address()
        relays = group.relays.own(MAX_RELAYS) if group.relays is not None else []
        if address is None and not relays:
            return b""
        return group.state.chat.sig + pack_member(Member(group.state.keys.public.enc, address, relays))

    def interval_ms(self) -> int:
        """Time between questions to a node."""
        return SEARCH_INTERVAL_MS if self._is_searching() else ANNOUNCE_INTERVAL_MS

    def others_per_round(self) -> int:
        """How many nodes anywhere to ask; -1 for a group that is not to be found."""
        if self._is_hidden():
            return -1
        said = self.announcement()
        if bool(said) != self._has_said:
            self._has_said = bool(said)
            self.target.ask_anew()
        if not said:
            # who says nothing of itself is told of nobody
            return 0
        # our own node is one like any other
        self.on_members(self._store.exchange(said) or b"")
        if self._is_searching():
            return SEARCH_OTHERS
        group = self._group
        members = group.peers.count_confirmed() + 1
        share, rest = divmod(ANNOUNCE_OTHERS, members)
        return share + (group.net.rt.rng.below(members) < rest)

    def _is_hidden(self) -> bool:
        return self._group.own.is_private or self._group.connection == DISCONNECTED

    def _is_searching(self) -> bool:
        return not self._group.is_connected

    def on_members(self, data: bytes) -> None:
        """What others have said, also long ago. Anybody may have said anything."""
        if self._is_hidden():
            return
        offset = count = 0
        try:
            while offset < len(data) and count < MAX_SENT_MEMBERS:
                member, offset = unpack_member(data, offset)
                count += 1
                self._try(member)
        except PacketError:
            self._group.net.rt.counters.drop("group_members_malformed")

    def _try(self, member: Member) -> None:
        group, tried, enc_pk = self._group, self._tried, member.public_key
        peer = group.peers.get(enc_pk)
        if peer is not None and peer.is_confirmed:
            return
        now_ms = group.net.rt.clock.now_ms
        retry_ms = RETRY_MS if group.peers.count_confirmed() else ALONE_RETRY_MS
        if now_ms - tried.get(enc_pk, now_ms - retry_ms) < retry_ms:
            return
        tried.pop(enc_pk, None)
        if len(tried) >= MAX_TRIED:
            del tried[next(iter(tried))]
        tried[enc_pk] = now_ms
        group.connect(enc_pk, INVITE, member.address, member.relays)
