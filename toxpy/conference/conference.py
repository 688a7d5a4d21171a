"""One conference: our place among its peers, and the links that follow from who they are.

Whoever joins is introduced by the peer that invited it: that one gives it a number, tells the others of it
(`NEW_PEER`), and sends it the list of peers. Once it finds itself in a list it is connected. From then on
it is linked to the nearest of the ring (links.py).

Every peer says something at least every 20 s; who was silent for a minute is frozen, and so is everybody
when our last link goes. A frozen peer is active again as soon as anything of it comes. When a connection to
a frozen peer comes up we ask to be back over it (`REJOIN`), and it introduces us as it would somebody new.

Our own messages are known to us when we send them: c-toxcore waits until they come back from a peer, which
may never happen. What comes from others: messages.py. c-toxcore: group.c.
"""

from __future__ import annotations

from toxpy.conference.links import (
    AGAIN_MS,
    CLOSEST,
    INTRODUCER,
    INTRODUCING,
    NEAREST,
    SEEKING,
    ConferenceLinks,
    closest_keys,
)
from toxpy.conference.packets import (
    AUTHORED,
    FREEZE_PEER,
    KILL_PEER,
    LOSSY_AUTHORED,
    NAME,
    NEW_PEER,
    NEW_PEER_DATA,
    PEER_NUMBER,
    PEERS_TITLE,
    PING,
    TITLE,
    pack_rejoin,
)
from toxpy.conference.peer import ACTIVE, FROZEN
from toxpy.conference.peers import ConferencePeers
from toxpy.conference.reports import ConferenceReports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.conference.audio import ConferenceAudio
    from toxpy.conference.links import ConferenceLink
    from toxpy.conference.peer import ConferencePeer
    from toxpy.friend.connection import FriendConnection
    from toxpy.friend.messenger import Messenger
    from toxpy.runtime import Timer

#: Milliseconds of silence after which a peer is frozen.
FREEZE_MS = 60_000
#: Milliseconds after which we say something; c-toxcore's 20 s less what `TEND_MS` may add.
PING_MS = 15_000
#: Milliseconds between two questions for the list because somebody has no name.
ASK_FOR_NAMES_MS = 5_000

# ours
#: Milliseconds between two looks at who is silent and what is due.
TEND_MS = 4_000
#: Milliseconds for which a frozen peer is looked for.
SEEK_MS = 3_600_000
#: Milliseconds between two changes of our own number because another has it too.
RENUMBER_MS = 5_000


class Conference:
    """A conference that we are in, or about to join."""

    __slots__ = (
        "_messenger",
        "_owes_name",
        "_renumbered_ms",
        "_rt",
        "_said_ms",
        "_settle_timer",
        "_tend_timer",
        "audio",
        "id",
        "is_title_fresh",
        "links",
        "lossy_number",
        "message_number",
        "number",
        "own",
        "peers",
        "reports",
        "title",
        "type",
    )

    def __init__(self, number: int, kind: int, conference_id: bytes, messenger: Messenger) -> None:
        self._messenger = messenger
        self._rt = rt = messenger.rt
        self.number = number
        self.type = kind
        self.id = conference_id
        self.title = b""
        #: True if the title came while others were there: no list replaces it
        self.is_title_fresh = False
        self.reports = ConferenceReports(messenger.events, number)
        self.peers = ConferencePeers(
            self.reports, lambda real_pk: messenger.friend_by_key(real_pk) is not None, rt=rt
        )
        self.links = ConferenceLinks(messenger.connections, self, number, kind, conference_id)
        #: ourselves; None until we are connected
        self.own: ConferencePeer | None = None
        #: while our user has it enabled
        self.audio: ConferenceAudio | None = None
        #: of the last message and the next lossy packet that we sent
        self.message_number = self.lossy_number = 0
        self._owes_name = False
        self._said_ms = rt.clock.now_ms - PING_MS
        self._renumbered_ms = rt.clock.now_ms - RENUMBER_MS
        self._settle_timer: Timer | None = None
        self._tend_timer: Timer | None = rt.timers.call_about(TEND_MS, self._tend)

    # our own place

    def enter(self, number: int) -> None:
        """We are the peer of that number from now on."""
        messenger, peers = self._messenger, self.peers
        other = peers.by_number.get(number)
        if other is not None:
            peers.drop(other)
        self.own = peers.renew(number, messenger.identity.public, messenger.connections.dht.public_key)
        self.on_own_name()

    def on_own_name(self) -> None:
        """Our user has another name."""
        if self.own is not None:
            self.peers.rename(self.own, self._messenger.user.name)
            self.tell_name()

    def tell_name(self) -> None:
        """Our name is news to somebody."""
        self._owes_name = True
        self.changed()

    def leave(self, for_good: bool) -> None:
        """Say goodbye, and let go of everything."""
        if self.own is not None:
            self._say(KILL_PEER if for_good else FREEZE_PEER, PEER_NUMBER.pack(self.own.number))
        self.reports.deleted = True
        self.end_audio()
        self.links.close()
        for timer in (self._settle_timer, self._tend_timer):
            if timer is not None:
                timer.cancel()
        self._settle_timer = self._tend_timer = None

    def end_audio(self) -> None:
        """No audio any more."""
        if self.audio is not None:
            self.audio.close()
            self.audio = None

    def _renumber(self, own: ConferencePeer) -> None:
        """Another peer has our number: some know us by it, some the other one. Take another."""
        number, now_ms = self.peers.free_number(), self._rt.clock.now_ms
        if number < 0 or now_ms - self._renumbered_ms < RENUMBER_MS:
            return
        self._renumbered_ms = now_ms
        self._rt.counters.count("conference.renumbered")
        # whoever knows anybody by the old number believes what that one says
        self._say(NEW_PEER, NEW_PEER_DATA.pack(number, own.real_pk, own.dht_pk))
        self.peers.renumber(own, number)
        self._say(NEW_PEER, NEW_PEER_DATA.pack(number, own.real_pk, own.dht_pk))
        self.tell_name()

    # saying something

    def _say(self, kind: int, data: bytes = b"", *, waits: bool = True) -> int:
        """Send a message to everybody: over how many links it went."""
        own = self.own
        if own is None or not self.links.online:
            return 0
        number = self.message_number = (self.message_number + 1) & 0xFFFFFFFF or 1
        self._said_ms = self._rt.clock.now_ms
        return self.links.send(AUTHORED.pack(own.number, number, kind) + data, waits=waits)

    def _show_life(self) -> None:
        """Say something after some silence: our name once more, for whoever did not know us when it came.

        c-toxcore pings. Its members take a list without our name for the truth until we say it.
        """
        own = self.own
        if own is not None and self._rt.clock.now_ms - self._said_ms >= PING_MS:
            self._say(NAME if own.name else PING, own.name)

    def say(self, kind: int, text: bytes) -> bool:
        """Send our user's message: True if a link took it."""
        return self._say(kind, text, waits=False) > 0

    def say_title(self, title: bytes) -> bool:
        """Set the title: False when nobody else heard of it."""
        if title == self.title:
            return True
        self.title = title
        return self.peers.active == 1 or self._say(TITLE, title) > 0

    def introduce(self, peer: ConferencePeer) -> None:
        """Tell everybody of a peer who is here now."""
        self._say(NEW_PEER, NEW_PEER_DATA.pack(peer.number, peer.real_pk, peer.dht_pk))

    def send_lossy(self, data: bytes) -> bool:
        """Send a lossy packet, from its kind on: False when nobody is there. From any thread."""
        own = self.own
        links = self.links.round_the_ring(own.real_pk) if own is not None else []
        if own is None or not links:
            return False
        packet, outbox = LOSSY_AUTHORED.pack(own.number, self.lossy_number) + data, self._messenger.outbox
        self.lossy_number = (self.lossy_number + 1) & 0xFFFF
        for link in links:
            outbox.put(link.connection, link.lossy_head + packet, audio=True)
        outbox.flush()
        return True

    def send_list(self, link: ConferenceLink) -> None:
        """Tell a peer who is here, and the title."""
        peers = [
            (peer.number, peer.real_pk, peer.dht_pk, peer.name)
            for peer in self.peers.listed
            if peer.state == ACTIVE
        ]
        self.links.send_list(link, peers, bytes((PEERS_TITLE,)) + self.title if self.title else b"")

    # what others tell us of peers

    def meet(self, number: int, real_pk: bytes, dht_pk: bytes, link: ConferenceLink) -> None:
        """Somebody says that this peer is here now."""
        peers, own = self.peers, self.own
        if real_pk == self._messenger.identity.public:
            if own is not None and number not in peers.by_number:
                # who introduces us gave us another number, since we asked twice
                peers.renumber(own, number)
            return
        other = peers.by_number.get(number)
        if other is not None and other.real_pk != real_pk:
            # two were given the same number at the same time
            self._rt.counters.drop("conference_number_taken")
            if own is not None and other is own:
                self._renumber(own)
                return
            if other.real_pk in self.links.by_key or real_pk not in self.links.by_key:
                self.links.ask(link)
                return
            # only this one is linked to us
            peers.drop(other)
        known = peers.by_key.get(real_pk)
        was_away = known is not None and known.state == FROZEN
        peer = peers.renew(number, real_pk, dht_pk)
        if peer is not None:
            self.changed()
            if was_away:
                # c-toxcore reads a list up to the first whom it has frozen: who comes back hears us ourselves
                self.tell_name()
            linked = self.links.by_key.get(real_pk)
            if linked is not None:
                linked.connection.on_rumoured_dht_pk(dht_pk)

    def on_goodbye(self, peer: ConferencePeer, for_good: bool) -> None:
        """A peer leaves."""
        link = self.links.by_key.get(peer.real_pk)
        if link is not None:
            self.links.drop(link)
        if for_good:
            self.peers.depart(peer)
        else:
            self.peers.freeze(peer)
        self.changed()

    # links

    def on_connected(self, connection: FriendConnection) -> None:
        """There is a connection to somebody who may be a peer."""
        peer = self.peers.by_key.get(connection.real_pk)
        if peer is not None and peer.state == FROZEN:
            self._rejoin(connection)
        link = self.links.by_key.get(connection.real_pk)
        if link is not None:
            self.links.greet(link)

    def on_disconnected(self, connection: FriendConnection) -> None:
        """There is none any more."""
        link = self.links.by_key.get(connection.real_pk)
        if link is None:
            return
        self.links.set_offline(link)
        if not self.links.online:
            for peer in list(self.peers.by_number.values()):
                if peer.state == ACTIVE and peer is not self.own:
                    self.peers.freeze(peer, unheard=True)
            self.changed()

    def _rejoin(self, connection: FriendConnection) -> None:
        """Ask a peer whom we have lost to bring us back."""
        if self.own is not None and connection.write(pack_rejoin(self.type, self.id)) >= 0:
            self.links.add(connection.real_pk, INTRODUCER)

    def on_rejoin(self, connection: FriendConnection) -> None:
        """A peer wants to be back."""
        peer = self.peers.by_key.get(connection.real_pk)
        if peer is None or connection.dht_pk is None:
            self._rt.counters.drop("conference_rejoin")
            return
        self.peers.renew(peer.number, peer.real_pk, connection.dht_pk)
        self.changed()
        link = self.links.add(connection.real_pk, INTRODUCING)
        if link is not None:
            self.links.greet(link)

    def on_online(self, link: ConferenceLink, number: int) -> None:
        """The peer of a link tells its number."""
        links = self.links
        peer = self.peers.by_key.get(link.connection.real_pk)
        if peer is not None and self.peers.hear(peer):
            self.tell_name()
        if link.is_online:
            link.learn(number)
            if not links.was_greeted(link):
                links.greet(link)
            return
        was_alone = not links.online
        # before the question: who does not know our number yet cannot answer it
        links.greet(link)
        links.set_online(link, number)
        if was_alone or link.reasons & INTRODUCER:
            links.ask(link)
        if link.wants_peers:
            self.send_list(link)
        if link.reasons & INTRODUCING:
            if peer is not None:
                self.introduce(peer)
            self._owes_name = True
        if len(links.online) == NEAREST:
            # who introduced us hears from elsewhere that its link to us is not needed any more
            self._owes_name = True
        self.changed()
        self._show_life()

    # what follows from changes

    def _freeze(self, peer: ConferencePeer) -> None:
        """A peer is silent: if there is a connection to it, it may have lost us."""
        self.peers.freeze(peer)
        link = self.links.by_key.get(peer.real_pk)
        if link is not None:
            self.links.set_offline(link)
        connection = self._messenger.connections.connections.get(peer.real_pk)
        if connection is not None and connection.is_online:
            self._rejoin(connection)

    def changed(self) -> None:
        """Do what follows at the end of this pass."""
        if self._settle_timer is None and not self.reports.deleted:
            self._settle_timer = self._rt.timers.call_later(0, self._settle)

    def _settle(self) -> None:
        """Link to the nearest, answer who waits, tell our name."""
        self._settle_timer = None
        if self.peers.active <= 1:
            self.is_title_fresh = False
        now_ms = self._rt.clock.now_ms
        for link in list(self.links.online):
            if link.wants_peers and now_ms - link.listed_ms >= AGAIN_MS:
                self.send_list(link)
        own = self.own
        if own is None:
            return
        self._link_nearest(own)
        if self._owes_name and self._say(NAME, own.name):
            self._owes_name = False

    def _link_nearest(self, own: ConferencePeer) -> None:
        links, by_key = self.links, self.peers.by_key
        since_ms = self._rt.clock.now_ms - SEEK_MS
        others = [peer for peer in by_key.values() if peer is not own]
        active = [peer.real_pk for peer in others if peer.state == ACTIVE]
        sought = [peer.real_pk for peer in others if peer.state == ACTIVE or peer.frozen_ms > since_ms]
        closest = dict.fromkeys(closest_keys(own.real_pk, active), CLOSEST)
        if len(sought) > len(active):
            for real_pk in closest_keys(own.real_pk, sought):
                closest.setdefault(real_pk, SEEKING)
        for real_pk, reason in closest.items():
            was_linked = real_pk in links.by_key
            link = links.add(real_pk, reason, by_key[real_pk].dht_pk)
            if link is not None and not was_linked and link.connection.is_online:
                if reason == CLOSEST:
                    links.greet(link)
                else:
                    self._rejoin(link.connection)
        for link in list(links.by_key.values()):
            for reason in (CLOSEST, SEEKING):
                if closest.get(link.connection.real_pk) != reason:
                    links.lose_reason(link, reason)

    def _ask_for_names(self, now_ms: int) -> None:
        """A name is said once, and lost to whoever does not know its author yet: lists have it as well."""
        online, nameless = self.links.online, self.peers.nameless(self.own)
        if nameless and online and now_ms - max(link.asked_ms for link in online) >= ASK_FOR_NAMES_MS:
            for peer in nameless:
                peer.questions += 1
            # everybody in turn: who is asked may not know it either
            self.links.ask(min(online, key=lambda link: link.asked_ms))

    def _tend(self) -> None:
        """From time to time: freeze the silent, be heard, drop what is not needed."""
        now_ms = self._rt.clock.now_ms
        self._tend_timer = self._rt.timers.call_about(TEND_MS, self._tend)
        for peer in self.peers.listed:
            if peer is not self.own and peer.state == ACTIVE and now_ms - peer.active_ms >= FREEZE_MS:
                self._freeze(peer)
                self.changed()
        self.links.tend()
        self._ask_for_names(now_ms)
        self._show_life()
        if self._owes_name or any(link.wants_peers for link in self.links.online):
            self.changed()
