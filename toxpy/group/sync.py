"""Asking other members for what they know better, and answering them.

    f8 flags, password ->          <- fb state, fc moderators, fd sanctions, fa topic, f9 one per member

An f9 without a member says that there is none. c-toxcore asks one peer of a group per 13 s, so that it takes
minutes until all members of a group have found each other. We ask each peer as often as c-toxcore answers,
and all members in an answer at once. c-toxcore: group_chats.c.
"""

from __future__ import annotations

from toxpy.group import packets
from toxpy.group.wire import PEER_INFO
from toxpy.onion.group_announce import MAX_RELAYS, Member

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.group.group import Group
    from toxpy.group.peers import Peer

ALL_FLAGS = packets.SYNC_PEERS | packets.SYNC_TOPIC | packets.SYNC_STATE
#: Time between two questions to a peer, in ms: c-toxcore answers each peer once per 12 s.
ASK_INTERVAL_MS = 12_500
#: The same for answers, in ms.
ANSWER_INTERVAL_MS = 3000
#: Time between two topics for a peer that does not ask, in ms: it pings as often.
TELL_INTERVAL_MS = 10_000


class Sync:
    """The questions of one group."""

    __slots__ = ("_group",)

    def __init__(self, group: Group) -> None:
        self._group = group

    def ask(self, peer: Peer, flags: int, *, first: bool = False) -> None:
        """Ask a peer, unless it would not answer; the `first` question always."""
        now_ms = self._group.net.rt.clock.now_ms
        if not first and peer.asked_ms is not None and now_ms - peer.asked_ms < ASK_INTERVAL_MS:
            return
        password = self._group.state.entry_password
        if peer.send(packets.SYNC_REQUEST, packets.pack_sync_request(flags, password)):
            peer.asked_ms = now_ms

    def tell_topic(self, peer: Peer, checksum: int) -> None:
        """A peer has a topic that was replaced: it would not ask for ours if that has a smaller checksum.

        Two that were set at the same moment may have come in another order there: then the peer refuses ours,
        as we would refuse its own. So a greater checksum wins after all.
        """
        now_ms, topics = self._group.net.rt.clock.now_ms, self._group.state.topics
        if peer.told is not None and now_ms - peer.told[0] < TELL_INTERVAL_MS:
            return
        signature = topics.topic.signature
        if peer.told is not None and peer.told[1] == signature and checksum > topics.topic.checksum:
            topics.forget_replaced(checksum)
            return
        peer.told = now_ms, signature
        for kind, content in self._group.state.sync(packets.SYNC_TOPIC):
            peer.send(kind, content)

    def on_request(self, peer: Peer, data: bytes) -> None:
        """A peer asks. Who is no member yet has to know the password, which is in the state."""
        group = self._group
        state, counters = group.state, group.net.rt.counters
        flags, password = packets.unpack_sync_request(data)
        if not state.is_synced:
            counters.drop("group_sync_unsynced")
            return
        if not peer.is_confirmed and not state.accepts_password(password):
            counters.drop("group_sync_password")
            return
        now_ms = group.net.rt.clock.now_ms
        if peer.answered_ms is not None and now_ms - peer.answered_ms < ANSWER_INTERVAL_MS:
            counters.drop("group_sync_often")
            return
        if group.is_full_for(peer):
            counters.drop("group_sync_full")
            return
        peer.is_trusted = True
        peer.answered_ms = now_ms
        for kind, content in state.sync(flags):
            peer.send(kind, content)
        if flags & packets.SYNC_PEERS:
            members = [member for other in group.peers if (member := _announced(other, peer))]
            for member in members:
                peer.send(packets.SYNC_RESPONSE, packets.pack_sync_response(member))
            if not members:
                peer.send(packets.SYNC_RESPONSE, packets.pack_sync_response(None))

    def on_response(self, peer: Peer, data: bytes) -> None:
        """A peer that we asked tells of a member, or that there is none: it has told all it knows before."""
        group = self._group
        if peer.asked_ms is None:
            group.net.rt.counters.drop("group_sync_unasked")
            return
        member = packets.unpack_sync_response(data)
        if member is not None:
            group.connect(member.public_key, PEER_INFO, member.address, member.relays)
        if not group.state.is_synced:
            return
        # of those that join at once each may have asked others to let it in, who were not in either
        greeted = [peer] if group.is_connected else group.peers
        group.become_connected()
        for other in greeted:
            if not other.is_confirmed:
                group.greet(other)


def _announced(other: Peer, asker: Peer) -> Member | None:
    """How the asker reaches another peer; None when we do not know, or it is none of the group.

    Who was let in but has not told its name yet is one: of two that join at once, one hears of the other.
    """
    if other is asker or not (other.is_confirmed or other.is_trusted):
        return None
    address, relays = other.address(), list(other.relays.values())[-MAX_RELAYS:]
    return Member(other.enc_pk, address, relays) if address is not None or relays else None
