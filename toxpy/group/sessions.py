"""The sessions of one group, by the peers' permanent keys: who a packet is for, and who may begin.

Whatever comes passes here first, from the cheapest check to the dearest: size, whose it is, whether it can
be opened. A stranger costs a multiplication on the curve, so its source pays for that: the same budget as
for all other strangers, and one for what comes over relays. Who can be opened counts against a limit of new
peers; once half of that is used up, each network has a share only, so that one cannot keep out all others.
c-toxcore takes 32 at once and one per second, where each refused handshake costs a joiner 3 s.
"""

from __future__ import annotations

from toxpy.dht.budget import Budget, TokenBucket
from toxpy.errors import PacketError
from toxpy.group.peer_session import PeerSession
from toxpy.group.wire import LAYOUTS, open_handshake, unpack_handshake
from toxpy.wire.packets import GROUP_HANDSHAKE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from toxpy.dht.budget import KeyBudget
    from toxpy.group.peer_session import PeerOwner
    from toxpy.group.setup import OwnMember
    from toxpy.wire.address import Address

    class Host(Protocol):
        """The group."""

        def accept(self, peer_pk: bytes) -> PeerOwner | None:
            """A peer that we do not know asks for a session; None to refuse."""


#: New peers that may come: per second, and at once.
NEW_PEERS_PER_S, NEW_PEERS_BURST = 32, 128
#: The same for one network, while more than half of those at once have come.
SHARE_PER_S, SHARE_BURST = 8, 32
#: Shared keys for strangers that come over relays: per second, and at once.
RELAYED_PER_S, RELAYED_BURST = 16, 128
_RECEIVER = slice(GROUP_HANDSHAKE.offset("receiver"), GROUP_HANDSHAKE.offset("nonce"))
_SENDER = slice(GROUP_HANDSHAKE.offset("sender"), GROUP_HANDSHAKE.offset("receiver"))


class GroupSessions:
    """All peers of a group that we have a session or a set-up with."""

    __slots__ = ("_budget", "_host", "_new_peers", "_own", "_relayed", "_sessions", "_shares")

    def __init__(self, own: OwnMember, budget: KeyBudget, host: Host) -> None:
        now_ms = own.rt.clock.now_ms
        self._own = own
        self._budget = budget
        self._host = host
        self._new_peers = TokenBucket(NEW_PEERS_PER_S, NEW_PEERS_BURST, now_ms)
        self._shares = Budget(SHARE_PER_S, SHARE_BURST, rt=own.rt)
        self._relayed = TokenBucket(RELAYED_PER_S, RELAYED_BURST, now_ms)
        self._sessions: dict[bytes, PeerSession] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def get(self, peer_pk: bytes) -> PeerSession | None:
        """The session with that peer."""
        return self._sessions.get(peer_pk)

    def connect(
        self, peer_pk: bytes, request_type: int, owner: PeerOwner, address: Address | None = None
    ) -> PeerSession | None:
        """A session with a peer that has none, to be asked for; None when its key is none or our own."""
        if peer_pk == self._own.keys.public or peer_pk in self._sessions:
            return None
        key = self._own.shared_keys.get(peer_pk)
        if key is None:
            return None
        session = self._add(peer_pk, key, owner)
        if address is not None:
            session.on_way(address)
        session.connect(request_type)
        return session

    def _add(self, peer_pk: bytes, key: bytes, owner: PeerOwner) -> PeerSession:
        session = self._sessions[peer_pk] = PeerSession(peer_pk, key, owner, self._own)
        owner.attach(session)
        return session

    def remove(self, peer_pk: bytes) -> None:
        """Close the session with that peer, if there is one."""
        session = self._sessions.pop(peer_pk, None)
        if session is not None:
            session.close()

    def close(self) -> None:
        """Close all of them."""
        for peer_pk in list(self._sessions):
            self.remove(peer_pk)

    def receive(self, packet: bytes, address: Address | None) -> None:
        """A packet of the group, from that address or over a relay."""
        counters = self._own.rt.counters
        layout = LAYOUTS.get(packet[0]) if packet else None
        if layout is None or not layout.fits(packet):
            counters.drop("group_size")
            return
        session = self._sessions.get(packet[_SENDER])
        if layout is not GROUP_HANDSHAKE:
            if session is None:
                counters.drop("group_stranger")
            else:
                session.receive(packet, address)
        elif packet[_RECEIVER] != self._own.keys.public:
            counters.drop("group_receiver")
        elif session is None:
            self._on_stranger(packet, address)
        else:
            session.on_handshake(packet, address)

    def _on_stranger(self, packet: bytes, address: Address | None) -> None:
        own, peer_pk = self._own, packet[_SENDER]
        counters = own.rt.counters
        key = None
        if peer_pk == own.keys.public:
            counters.drop("group_own_key")
        elif peer_pk[-1] & 0x80:
            # the highest bit does not count in a multiplication: another peer's key, and its recorded request
            counters.drop("group_alias")
        elif address is not None:
            key = self._budget.shared_key(own.shared_keys, peer_pk, address)
        elif own.shared_keys.knows(peer_pk) or self._relayed.take(own.rt.clock.now_ms):
            key = own.shared_keys.get(peer_pk)
        else:
            counters.drop("x25519_budget")
        plain = None if key is None else open_handshake(key, packet)
        if key is None or plain is None:
            counters.drop("group_handshake_forged")
            return
        try:
            handshake = unpack_handshake(plain)
        except PacketError:
            counters.drop("group_handshake")
            return
        if handshake.is_response or own.refuses(handshake):
            counters.drop("group_handshake_late" if handshake.is_response else "group_join_type")
            return
        if not self._may_come(address):
            counters.drop("group_new_peers")
            return
        owner = self._host.accept(peer_pk)
        if owner is None:
            counters.drop("group_peers")
            return
        own.shared_keys.keep(peer_pk)
        self._add(peer_pk, key, owner).on_handshake(packet, address)

    def _may_come(self, address: Address | None) -> bool:
        """True if there may be one more new peer; counts it."""
        now_ms, new_peers = self._own.rt.clock.now_ms, self._new_peers
        has_share = address is None or not new_peers.is_scarce(now_ms) or self._shares.allows(address)
        return has_share and new_peers.take(now_ms)
