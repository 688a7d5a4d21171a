"""The links of one conference: over whose connections its packets go, and why.

    CLOSEST       the peer is one of the four nearest on the ring of keys: two on either side
    INTRODUCING   we bring this peer in, and tell it everything until others do
    INTRODUCER    this peer brings us in
    SEEKING       a frozen peer that would be one of the nearest: it may be looking for us too

A link without a reason goes. It is online when the peer told us its number of the conference; then
everything is sent over it. What people say between our greeting and that number waits for it: who was
greeted believes to be among us. The ring connects everybody with everybody in few hops: each message goes
to all links but the one it came from, and is taken once. c-toxcore: group.c.
"""

from __future__ import annotations

from toxpy.conference.packets import (
    DIRECT,
    HEAD,
    INTRODUCED,
    LOSSY,
    MESSAGE,
    QUERY,
    pack_online,
    pack_peers,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from toxpy.friend.connection import FriendConnection, FriendConnections
    from toxpy.runtime import Runtime

CLOSEST, INTRODUCING, INTRODUCER, SEEKING = 1, 2, 4, 8

#: The nearest on one side of the ring.
NEAREST = 2

# ours
#: Links at once. c-toxcore has 16, and whoever comes then finds no place and is never heard.
MAX_LINKS = 64
#: Links above which those to peers who were heard from elsewhere go.
ENOUGH_LINKS = 14
#: Milliseconds until a link that is none of the nearest has to be online.
MAX_SILENT_MS = 30_000
#: Milliseconds for which a peer that we bring in keeps its link although others wait for one.
MAX_ALONE_MS = 60_000
#: Milliseconds between two questions, or two lists, over a link.
AGAIN_MS = 1_000
#: Milliseconds for which a greeting needs no other one in return: more than it is under way.
GREETED_MS = 60_000
#: Milliseconds until a greeting without an answer is repeated.
GREET_AGAIN_MS = 8_000
#: Messages of people that wait for a link to be online: as many as c-toxcore tells apart, 11 kB.
MAX_WAITING = 8
#: Messages of unknown authors that wait for the list of who passed them on, per link, and milliseconds for
#: which one does.
MAX_UNKNOWN, UNKNOWN_MS = 16, 10_000
#: Links that are online from which on one to somebody heard from elsewhere is not needed. c-toxcore: the
#: same.
ENOUGH_ONLINE = 4

_RING = 1 << 64


def ring_place(real_pk: bytes) -> int:
    """Where a key is on the ring."""
    return int.from_bytes(real_pk[:8], "big")


def closest_keys(own_pk: bytes, real_pks: Iterable[bytes]) -> list[bytes]:
    """The two nearest on either side of us."""
    own = ring_place(own_pk)
    ring = sorted(real_pks, key=lambda real_pk: (ring_place(real_pk) - own) % _RING)
    return ring if len(ring) <= 2 * NEAREST else ring[:NEAREST] + ring[-NEAREST:]


class ConferenceLink:
    """One of them."""

    __slots__ = (
        "asked_ms",
        "connection",
        "greeted_ms",
        "is_heard_elsewhere",
        "is_online",
        "listed_ms",
        "lossy_head",
        "message_head",
        "number",
        "reasons",
        "since_ms",
        "unknown",
        "waiting",
        "wants_peers",
    )

    def __init__(self, connection: FriendConnection, now_ms: int) -> None:
        self.connection = connection
        #: when it was made, or went offline
        self.since_ms = now_ms
        self.reasons = 0
        #: what the peer calls the conference
        self.number = 0
        self.message_head = self.lossy_head = b""
        self.is_online = False
        #: what people said since it was greeted, from the author on, the oldest first
        self.waiting: list[bytes] = []
        #: messages of authors whom we do not know, the oldest first, with the moment when each came
        self.unknown: list[tuple[int, bytes]] = []
        #: True if the peer asked for the list when we could not answer
        self.wants_peers = False
        #: True if a message of the peer came over another link
        self.is_heard_elsewhere = False
        #: when we asked for the list, sent it, and said that we are online
        self.asked_ms = self.listed_ms = now_ms - AGAIN_MS
        self.greeted_ms = now_ms - GREETED_MS

    def learn(self, number: int) -> None:
        """The peer says what it calls the conference."""
        self.number = number
        self.message_head = HEAD.pack(MESSAGE, number)
        self.lossy_head = HEAD.pack(LOSSY, number)


class ConferenceLinks:
    """All links of a conference, which `user` is for the friend connections; by the key of the peer."""

    __slots__ = ("_connections", "_greeting", "_rt", "_user", "by_key", "online")

    def __init__(
        self, connections: FriendConnections, user: object, number: int, kind: int, conference_id: bytes
    ) -> None:
        self._connections = connections
        self._rt: Runtime = connections.rt
        self._user = user
        self._greeting = pack_online(number, kind, conference_id)
        self.by_key: dict[bytes, ConferenceLink] = {}
        #: those that are online, the oldest first
        self.online: list[ConferenceLink] = []

    # making and dropping them

    def add(self, real_pk: bytes, reason: int, dht_pk: bytes = b"") -> ConferenceLink | None:
        """The link to a peer, a new one if need be, with one more reason; None when there is no room.

        `dht_pk` is what others say of it.
        """
        link = self.by_key.get(real_pk)
        if link is None:
            if len(self.by_key) >= MAX_LINKS and not self._make_room():
                self._rt.counters.drop("conference_links_full")
                return None
            connection = self._connections.hold(real_pk, self._user)
            if connection is None:
                return None
            link = self.by_key[real_pk] = ConferenceLink(connection, self._rt.clock.now_ms)
        link.reasons |= reason
        if dht_pk and not link.connection.is_online:
            link.connection.on_rumoured_dht_pk(dht_pk)
        return link

    def _make_room(self) -> bool:
        """Drop the oldest link that is none of the nearest, unless its peer has nobody but us yet."""
        long_ago_ms = self._rt.clock.now_ms - MAX_ALONE_MS
        for link in self.by_key.values():
            dispensable = link.is_heard_elsewhere or not link.is_online or link.since_ms < long_ago_ms
            if not link.reasons & CLOSEST and dispensable:
                self.drop(link)
                return True
        return False

    def drop(self, link: ConferenceLink) -> None:
        """Close a link, whatever its reasons."""
        del self.by_key[link.connection.real_pk]
        if link.is_online:
            self.online.remove(link)
            link.is_online = False
        self._connections.release(link.connection, self._user)

    def lose_reason(self, link: ConferenceLink, reason: int) -> None:
        """One reason less; the peer that introduced us hears that we are in."""
        if not link.reasons & reason:
            return
        link.reasons &= ~reason
        if reason == INTRODUCER and link.is_online:
            self._send_direct(link, bytes((INTRODUCED,)))
        if not link.reasons:
            self.drop(link)

    def close(self) -> None:
        """Drop all."""
        for link in list(self.by_key.values()):
            self.drop(link)

    def set_online(self, link: ConferenceLink, number: int) -> None:
        """The peer told us its number: it gets what waited for that."""
        link.learn(number)
        if not link.is_online:
            link.is_online = True
            self.online.append(link)
            waiting, link.waiting = link.waiting, []
            for authored in waiting:
                link.connection.write_message(link.message_head + authored)

    def set_offline(self, link: ConferenceLink) -> None:
        """The connection is gone, for now."""
        if link.is_online:
            link.is_online = False
            link.since_ms = self._rt.clock.now_ms
            self.online.remove(link)
        link.waiting.clear()
        link.unknown.clear()
        link.wants_peers = False

    def on_heard(self, real_pk: bytes, link: ConferenceLink) -> None:
        """A message of that peer came over this link: another link to it may not be needed any more."""
        own = self.by_key.get(real_pk)
        if own is None or own is link:
            return
        own.is_heard_elsewhere = True
        if own.reasons & (INTRODUCER | INTRODUCING) and len(self.online) > ENOUGH_ONLINE:
            self.lose_reason(own, INTRODUCER)
            self.lose_reason(own, INTRODUCING)

    def tend(self) -> None:
        """Drop links that come to nothing, and those that are not needed when there are many."""
        now_ms = self._rt.clock.now_ms
        for link in list(self.by_key.values()):
            connected = link.connection.is_online
            link.unknown = self.take_unknown(link)
            if link.unknown:
                self.ask(link)
            if connected and not link.is_online and now_ms - link.greeted_ms >= GREET_AGAIN_MS:
                self.greet(link)
            if link.reasons & CLOSEST:
                continue
            many = len(self.by_key) > ENOUGH_LINKS
            if not link.is_online:
                old = now_ms - link.since_ms >= MAX_SILENT_MS
                if (old and not link.reasons & SEEKING) or (many and not connected):
                    self.drop(link)
            elif many and link.is_heard_elsewhere:
                self.drop(link)

    # messages of unknown authors

    def keep_unknown(self, link: ConferenceLink, packet: bytes) -> None:
        """Keep a message until who passed it on, and so knows its author, tells us who that is."""
        if len(link.unknown) >= MAX_UNKNOWN:
            del link.unknown[0]
            self._rt.counters.drop("conference_author")
        link.unknown.append((self._rt.clock.now_ms, packet))
        self.ask(link)

    def take_unknown(self, link: ConferenceLink) -> list[tuple[int, bytes]]:
        """What was kept and is not too old, the oldest first; nothing is kept any more."""
        unknown, link.unknown = link.unknown, []
        since_ms = self._rt.clock.now_ms - UNKNOWN_MS
        fresh = [kept for kept in unknown if kept[0] > since_ms]
        for _ in range(len(unknown) - len(fresh)):
            self._rt.counters.drop("conference_author")
        return fresh

    # what is said over one of them

    def greet(self, link: ConferenceLink) -> None:
        """Tell a peer our number."""
        link.greeted_ms = self._rt.clock.now_ms
        link.connection.write(self._greeting)

    def was_greeted(self, link: ConferenceLink) -> bool:
        """True if we told it our number a moment ago."""
        return self._rt.clock.now_ms - link.greeted_ms < GREETED_MS

    def _send_direct(self, link: ConferenceLink, body: bytes) -> bool:
        return link.connection.write(HEAD.pack(DIRECT, link.number) + body) >= 0

    def ask(self, link: ConferenceLink) -> None:
        """Ask a peer for its list, unless we just did."""
        now_ms = self._rt.clock.now_ms
        if now_ms - link.asked_ms >= AGAIN_MS and link.is_online:
            link.asked_ms = now_ms
            self._send_direct(link, bytes((QUERY,)))

    def send_list(
        self, link: ConferenceLink, peers: list[tuple[int, bytes, bytes, bytes]], title: bytes
    ) -> None:
        """Answer a question for the list."""
        link.wants_peers = False
        link.listed_ms = self._rt.clock.now_ms
        for body in pack_peers(peers):
            if not self._send_direct(link, body):
                return
        if title:
            self._send_direct(link, title)

    # what is said over all

    def send(self, authored: bytes, but: ConferenceLink | None = None, *, waits: bool = True) -> int:
        """Send a message packet, from its author on, over all links that are online: over how many it went.

        One that need not get through (not `waits`) is not sent where much waits already.
        """
        sent = 0
        for link in self.online:
            if link is not but:
                connection = link.connection
                packet = link.message_head + authored
                number = connection.write(packet) if waits else connection.write_message(packet)
                if number >= 0:
                    sent += 1
        if not waits and len(self.online) < len(self.by_key):
            self._keep(authored, but)
        return sent

    def _keep(self, authored: bytes, but: ConferenceLink | None) -> None:
        """Keep a message for those who were greeted and have not answered yet."""
        for link in self.by_key.values():
            if not link.is_online and link is not but and link.connection.is_online:
                if len(link.waiting) >= MAX_WAITING:
                    del link.waiting[0]
                link.waiting.append(authored)

    def round_the_ring(self, own_pk: bytes, but: ConferenceLink | None = None) -> list[ConferenceLink]:
        """The links for a lossy packet: once round the ring in both directions, and those beside the ring."""
        closest = {
            link.connection.real_pk: link
            for link in self.online
            if link.reasons & CLOSEST and link is not but
        }
        own = ring_place(own_pk)
        ring = sorted(closest, key=lambda real_pk: (ring_place(real_pk) - own) % _RING)
        chosen = [closest[real_pk] for real_pk in dict.fromkeys(ring[:1] + ring[-1:])]
        return chosen + [link for link in self.online if not link.reasons & CLOSEST and link is not but]
