"""The members of one group as we know them: by key and by number, and those to be tried again.

A peer has the smallest free number from 1 on as long as it is in the table; 0 is ours. It is *confirmed* once
it has told its name. Until then programs hear nothing of it.
"""

from __future__ import annotations

from toxpy.dht.budget import TokenBucket
from toxpy.generated import enums
from toxpy.group import packets
from toxpy.group.keys import ExtendedPublicKey
from toxpy.group.saved import MAX_SAVED_PEERS, SavedPeer
from toxpy.tcp.pool import MAX_PEER_RELAYS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from toxpy.group.peer_session import PeerSession
    from toxpy.group.relays import GroupRelays
    from toxpy.runtime import Clock
    from toxpy.tcp.peer import TcpPeer
    from toxpy.wire.address import Address, Node

    class PeerHost(Protocol):
        """Who takes what peers send."""

        def on_established(
            self, peer: Peer, asked: bool, request_type: int, undelivered: list[tuple[int, bytes]]
        ) -> None:
            """There is a session; see `PeerOwner.on_established`."""

        def on_lossless(self, peer: Peer, kind: int, data: bytes) -> None:
            """The next lossless packet; PacketError when it is malformed."""

        def on_lossy(self, peer: Peer, kind: int, data: bytes) -> None:
            """A lossy packet; PacketError when it is malformed."""

        def make_ping(self, peer: Peer) -> bytes:
            """What a ping to that peer says."""

        def on_timed_out(self, peer: Peer) -> None:
            """The peer is silent; its session is closed."""

        def send_udp(self, address: Address, packet: bytes) -> None:
            """Send a datagram."""


#: Packets kept for a peer that began anew, until it says who it is.
MAX_UNDELIVERED = 256
#: Packets with signatures of one peer that we look into: per second, and at once. Each costs up to 31 checks
#: of 80 us if it comes from a moderator, one from anybody else.
SIGNED_PER_S, SIGNED_BURST = 16, 64
#: Kinds that wait.
_SENT_AGAIN = frozenset((packets.BROADCAST, packets.CUSTOM, packets.CUSTOM_PRIVATE))
#: Time between two tries of a peer that has gone, in ms: while we are alone, and otherwise.
ALONE_INTERVAL_MS, LEFT_INTERVAL_MS = 20_000, 36_000
#: Time for which a peer that has gone is tried while others are there, in ms. As in c-toxcore.
LEFT_FOR_MS = 900_000
#: Tries at once.
MAX_TRIES = 12


class Peer:
    """One member but ourselves; the owner of its session."""

    __slots__ = (
        "_host",
        "_is_holding_back",
        "_relays",
        "_route",
        "_signed",
        "_undelivered",
        "answered_ms",
        "asked_ms",
        "enc_pk",
        "is_asked_in",
        "is_confirmed",
        "is_gone",
        "is_greeted",
        "is_ignored",
        "is_trusted",
        "key",
        "name",
        "number",
        "relays",
        "session",
        "since_ms",
        "status",
        "told",
    )

    def __init__(
        self, enc_pk: bytes, number: int, host: PeerHost, relays: GroupRelays | None, clock: Clock
    ) -> None:
        self.enc_pk = enc_pk
        self.number = number
        self._host = host
        self._relays = relays
        self._route: TcpPeer | None = None
        #: made at its first use: most peers send nothing that is signed
        self._signed: TokenBucket | None = None
        self.session: PeerSession | None = None
        #: both public keys, once there was a session
        self.key: ExtendedPublicKey | None = None
        self.name = b""
        self.status: int = enums.TOX_USER_STATUS_NONE
        self.is_confirmed = False
        #: True if our user does not want to hear it
        self.is_ignored = False
        #: True if it has shown that it knows the password
        self.is_trusted = False
        #: True while we wait for it to let us in
        self.is_asked_in = False
        #: True if we have told it who we are, and asked who it is
        self.is_greeted = False
        #: True once it is in the table no more
        self.is_gone = False
        self.since_ms = clock.now_ms
        #: when we asked it for what it knows, and answered its own question; None for never
        self.asked_ms: int | None = None
        self.answered_ms: int | None = None
        #: when we told it the topic unasked, and the topic's signature; None for never
        self.told: tuple[int, bytes] | None = None
        #: what an earlier session did not deliver, and what was said since
        self._undelivered: list[tuple[int, bytes]] = []
        #: True while the peer may not know who we are
        self._is_holding_back = False
        #: where the peer said that it is, the newest last
        self.relays: dict[bytes, Node] = {}

    # the session's owner

    def attach(self, session: PeerSession) -> None:
        """This is the peer's session."""
        self.session = session

    def on_established(self, asked: bool, request_type: int, undelivered: list[tuple[int, bytes]]) -> None:
        """There is a session."""
        self._host.on_established(self, asked, request_type, undelivered)

    def on_lossless(self, kind: int, data: bytes) -> None:
        """The next lossless packet."""
        if not self.is_gone:
            self._host.on_lossless(self, kind, data)

    def on_lossy(self, kind: int, data: bytes) -> None:
        """A lossy packet."""
        if not self.is_gone:
            self._host.on_lossy(self, kind, data)

    def make_ping(self) -> bytes:
        """What a ping says."""
        return self._host.make_ping(self)

    def on_timed_out(self) -> None:
        """The peer is gone."""
        if not self.is_gone:
            self._host.on_timed_out(self)

    def pays_for_signatures(self, now_ms: int) -> bool:
        """True if a packet with signatures is worth a look; counts it."""
        if self._signed is None:
            self._signed = TokenBucket(SIGNED_PER_S, SIGNED_BURST, now_ms)
        return self._signed.take(now_ms)

    # ways

    def send_udp(self, address: Address, packet: bytes) -> None:
        """Send a datagram."""
        self._host.send_udp(address, packet)

    def send_relay(self, packet: bytes) -> bool:
        """Send through a relay where the peer is."""
        return self._route is not None and self._route.send(packet)

    def add_relay(self, relay: Node) -> None:
        """The peer can be reached there."""
        relays = self.relays
        relays.pop(relay.public_key, None)
        if len(relays) >= MAX_PEER_RELAYS:
            del relays[next(iter(relays))]
        relays[relay.public_key] = relay
        route = self._use_relays()
        if route is not None:
            route.add_relay(relay)

    def heard_through(self, relay_pk: bytes) -> None:
        """The peer sent us something out of band: it is at that relay."""
        route = self._use_relays()
        if route is not None:
            route.heard_through(relay_pk)

    def _use_relays(self) -> TcpPeer | None:
        if self._route is None and self._relays is not None and not self.is_gone:
            self._route = self._relays.route(self.enc_pk, self._on_way)
        return self._route

    def _on_way(self) -> None:
        if self.session is not None:
            self.session.on_way()

    def own_relay(self) -> Node | None:
        """A relay where the peer can reach us."""
        own = self._relays.own(1) if self._relays is not None else []
        return own[0] if own else None

    # for the group

    def hold_back(self, undelivered: list[tuple[int, bytes]]) -> int:
        """A new session with a peer that may have forgotten us: what is said waits until it knows us.

        `undelivered` is what the session before did not deliver. How much of it there is no room for.
        """
        left = [*self._undelivered, *(packet for packet in undelivered if packet[0] in _SENT_AGAIN)]
        self._undelivered = left[-MAX_UNDELIVERED:]
        self._is_holding_back = self.is_confirmed
        return len(left) - len(self._undelivered)

    def deliver(self) -> None:
        """The peer knows us: send what was held back."""
        self._is_holding_back = False
        left, self._undelivered = self._undelivered, []
        for kind, data in left:
            self.send(kind, data)

    def send(self, kind: int, data: bytes) -> bool:
        """A lossless packet."""
        if self._is_holding_back and kind in _SENT_AGAIN:
            room = len(self._undelivered) < MAX_UNDELIVERED
            if room:
                self._undelivered.append((kind, data))
            return room
        return self.session is not None and self.session.send_lossless(kind, data)

    def send_lossy(self, kind: int, data: bytes) -> bool:
        """A lossy packet."""
        return self.session is not None and self.session.send_lossy(kind, data)

    def address(self) -> Address | None:
        """Where it is, or may be."""
        return self.session.transport.address if self.session is not None else None

    def direct_address(self) -> Address | None:
        """Its address if that works."""
        return self.address() if self.is_direct() else None

    def is_direct(self) -> bool:
        """True if its address works."""
        return self.session is not None and self.session.transport.is_direct()

    def saved(self) -> SavedPeer:
        """How to reach it again."""
        relays = list(self.relays.values())
        return SavedPeer(self.enc_pk, self.address(), relays[-1] if relays else None)

    def close(self) -> None:
        """The peer is in the table no more."""
        self.is_gone = True
        if self._route is not None:
            self._route.close()
            self._route = None


class Absent:
    """A peer that is not there."""

    __slots__ = ("gone_ms", "saved", "tried_ms")

    def __init__(self, saved: SavedPeer, gone_ms: int) -> None:
        self.saved = saved
        self.gone_ms = gone_ms
        self.tried_ms: int | None = None


class Peers:
    """The table."""

    __slots__ = ("_absent", "_by_key", "_by_number", "_clock", "_confirmed", "_members", "_own")

    def __init__(self, own: ExtendedPublicKey, clock: Clock) -> None:
        self._own = own
        self._clock = clock
        #: the keys of all confirmed peers and our own, None when somebody came or went
        self._members: list[ExtendedPublicKey] | None = None
        self._by_key: dict[bytes, Peer] = {}
        self._by_number: dict[int, Peer] = {}
        self._confirmed: dict[bytes, Peer] = {}
        #: who was there, or is in a save, the longest gone first
        self._absent: dict[bytes, Absent] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Peer]:
        return iter(list(self._by_key.values()))

    def get(self, enc_pk: bytes) -> Peer | None:
        """The peer with that key."""
        return self._by_key.get(enc_pk)

    def numbered(self, number: int) -> Peer | None:
        """The peer with that number."""
        return self._by_number.get(number)

    def confirmed(self) -> list[Peer]:
        """All peers that have told who they are, the first confirmed first."""
        return list(self._confirmed.values())

    def members(self) -> list[ExtendedPublicKey]:
        """The keys of all confirmed peers, and ours: the same list until that changes."""
        if self._members is None:
            keys = [peer.key for peer in self._confirmed.values() if peer.key is not None]
            self._members = [self._own, *keys]
        return self._members

    def count_confirmed(self) -> int:
        """How many there are, without ourselves."""
        return len(self._confirmed)

    def add(self, enc_pk: bytes, host: PeerHost, relays: GroupRelays | None) -> Peer:
        """A peer that is not in the table."""
        number = next(n for n in range(1, len(self._by_number) + 2) if n not in self._by_number)
        peer = Peer(enc_pk, number, host, relays, self._clock)
        self._by_key[enc_pk] = self._by_number[number] = peer
        return peer

    def set_key(self, peer: Peer, key: ExtendedPublicKey) -> None:
        """The peer has that key, its signature key with it."""
        if peer.key != key:
            peer.key = key
            self._members = None

    def confirm(self, peer: Peer) -> None:
        """The peer has told who it is."""
        peer.is_confirmed = True
        self._members = None
        self._confirmed[peer.enc_pk] = peer
        self._absent.pop(peer.enc_pk, None)

    def remove(self, peer: Peer) -> None:
        """The peer is not there any more."""
        peer.close()
        del self._by_key[peer.enc_pk], self._by_number[peer.number]
        if self._confirmed.pop(peer.enc_pk, None) is not None:
            self._members = None

    # absent ones

    def remember(self, saved: SavedPeer) -> None:
        """Try that peer again, if there is a way to it."""
        if saved.address is None and saved.relay is None:
            return
        absent = self._absent
        absent.pop(saved.enc_pk, None)
        if len(absent) >= MAX_SAVED_PEERS:
            del absent[next(iter(absent))]
        absent[saved.enc_pk] = Absent(saved, self._clock.now_ms)

    def forget(self, enc_pk: bytes) -> None:
        """Do not try that peer again: it left, or was sent away."""
        self._absent.pop(enc_pk, None)

    def try_anew(self) -> None:
        """Absent peers that were tried a while ago are due again."""
        for absent in self._absent.values():
            absent.tried_ms = None

    def to_try(self) -> list[SavedPeer]:
        """Absent peers whose time has come; all of them while nobody is there."""
        now_ms, alone = self._clock.now_ms, not self._confirmed
        interval_ms = ALONE_INTERVAL_MS if alone else LEFT_INTERVAL_MS
        found: list[SavedPeer] = []
        for enc_pk, absent in self._absent.items():
            is_due = absent.tried_ms is None or now_ms - absent.tried_ms >= interval_ms
            is_wanted = alone or now_ms - absent.gone_ms < LEFT_FOR_MS
            if is_due and is_wanted and enc_pk not in self._by_key and len(found) < MAX_TRIES:
                absent.tried_ms = now_ms
                found.append(absent.saved)
        return found

    def is_absent(self, enc_pk: bytes) -> bool:
        """True if that peer belongs here, and is not here."""
        return enc_pk in self._absent

    def saved(self) -> list[SavedPeer]:
        """All that can be reached again, those that are there first."""
        found = {peer.enc_pk: saved for peer in self._confirmed.values() if _has_way(saved := peer.saved())}
        for enc_pk, absent in reversed(self._absent.items()):
            found.setdefault(enc_pk, absent.saved)
        return list(found.values())[:MAX_SAVED_PEERS]


def _has_way(saved: SavedPeer) -> bool:
    return saved.address is not None or saved.relay is not None
