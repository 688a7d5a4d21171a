"""Members of conferences on fakes: the friend layer and all above it is real, below it packets are carried.

Two members are connected a moment after both have a connection for each other and one knows the other's DHT
key.
"""

from tests.support.universe import SimClock
from tests.unit.friend.fakes import ADDRESS, FakeCrypto, Stage
from toxpy.conference.conferences import Conferences
from toxpy.conference.core import ConferenceAudioCore, ConferenceCore
from toxpy.generated import events as ev

STEP_MS = 5
CONNECT_MS = 50


class Layers:
    """What a part is built of."""

    def __init__(self, stage):
        self.messenger, self.rt = stage.messenger, stage.rt


class Member(Stage):
    """One instance; `seen` has its events, as they are delivered."""

    def __init__(self, room, name):
        super().__init__(f"{room.seed} {name}", room.clock)
        self.room, self.name = room, name
        self.messenger.user.name = name.encode()
        self.core = ConferenceCore(Layers(self))
        self.messenger.capabilities.append(self.core.capability)
        self.conferences: Conferences = self.core.capability.get()
        self.audio = ConferenceAudioCore(Layers(self))
        self.seen = []
        self.iterates = True
        #: packets written so far, by connection
        self.carried = {}
        #: everything that it wrote, as (receiver, packet)
        self.written = []

    @property
    def real_pk(self):
        return self.identity.public

    def __getattr__(self, name):
        if name.startswith("conference_"):
            return getattr(self.core, name)
        raise AttributeError(name)

    def iterate(self):
        """What is due, then the events."""
        self.rt.timers.run_due()
        self.messenger.check_receipts()
        self.conferences.begin_pass()
        while self.events or self.conferences.has_event():
            if not self.events:
                event = self.conferences.next_event()
                if event is None:
                    self.conferences.begin_pass()
                    continue
                self.seen.append(event)
                continue
            event = self.events.pop(0)
            if event.owner is None or not event.owner.deleted:
                self.seen.append(event)

    def take(self, kind):
        """The events of that kind so far, oldest first; they are gone then."""
        taken = [event for event in self.seen if isinstance(event, kind)]
        self.seen = [event for event in self.seen if not isinstance(event, kind)]
        return taken

    def texts(self):
        """The messages so far."""
        return [event.message for event in self.take(ev.ConferenceMessage)]

    def conference(self, number=0):
        """The protocol's object."""
        return self.conferences.table.find(number, "TOX_ERR_CONFERENCE_DELETE_CONFERENCE_NOT_FOUND")

    def names(self, number=0):
        """Of the peers, in the order that a user sees."""
        return [peer.name.decode() for peer in self.conference(number).peers.listed]

    def frozen(self, number=0):
        """The same of those who are away."""
        return [peer.name.decode() for peer in self.conference(number).peers.frozen]

    def links(self, number=0):
        """Names of the members that it has an online link to."""
        return {
            self.room.by_key[link.connection.real_pk].name
            for link in self.conference(number).links.online
            if link.connection.real_pk in self.room.by_key
        }

    def hear(self, other, packet):
        """A packet of another member arrives, whether it was sent or not."""
        connection = self.connections.connections[other.real_pk]
        (connection.on_lossy if packet[0] >= 192 else connection.on_lossless)(packet)


class Room:
    """Everybody, and the time."""

    def __init__(self, seed=0):
        self.seed = seed
        self.clock = SimClock()
        self.clock.now_ms = 1_000_000
        self.members = []
        self.by_key = {}
        self.meeting = {}
        #: pairs of names between which nothing passes
        self.cuts = set()
        #: True for packets that get lost on the way from a member
        self.loses = lambda _one, _packet: False
        #: packets under way: (moment, sender, receiver, packet)
        self.flying = []

    def member(self, name):
        """One more."""
        member = Member(self, name)
        self.members.append(member)
        self.by_key[member.real_pk] = member
        return member

    def friends(self, *names):
        """Members who are friends: everybody with the first."""
        first, *others = [self.member(name) for name in names]
        for other in others:
            self.befriend(first, other)
        self.until(
            lambda: all(
                m.messenger.friends() and m.messenger.friends()[0].status == 4 for m in [first, *others]
            )
        )
        self.run(0.1)
        for member in (first, *others):
            member.seen.clear()
        return [first, *others]

    def befriend(self, one, other):
        """They know each other and their DHT keys."""
        for a, b in ((one, other), (other, one)):
            a.messenger.add_norequest(b.real_pk).connection.on_dht_pk(b.dht.public_key)

    def remove(self, member):
        """It is gone, without a word of the layers below."""
        self.members.remove(member)
        del self.by_key[member.real_pk]

    def cut(self, one, other):
        """Nothing passes between these two."""
        self.cuts.add(frozenset((one.name, other.name)))

    def heal(self):
        """Everything passes."""
        self.cuts.clear()

    def _reaches(self, one, other):
        return frozenset((one.name, other.name)) not in self.cuts and one.iterates and other.iterates

    def _connect(self):
        for one in self.members:
            for key, connection in list(one.connections.connections.items()):
                other = self.by_key.get(key)
                back = other.connections.connections.get(one.real_pk) if other is not None else None
                if back is None or (connection.is_online and back.is_online) or not self._reaches(one, other):
                    continue
                pair = frozenset((one.real_pk, key))
                keys = connection.dht_pk == other.dht.public_key, back.dht_pk == one.dht.public_key
                if not any(keys):
                    continue
                since_ms = self.meeting.setdefault(pair, self.clock.now_ms)
                if self.clock.now_ms - since_ms < CONNECT_MS:
                    continue
                del self.meeting[pair]
                halves = (one, connection, other), (other, back, one)
                for _, half, _ in halves:
                    if half.is_online:
                        half.on_closed()
                if any(
                    own.connections.connections.get(peer.real_pk) is not half for own, half, peer in halves
                ):
                    # one of them had enough
                    continue
                for own, half, peer in halves:
                    dht_pk = peer.dht.public_key
                    if half.crypto is not None and half.crypto.dht_pk != dht_pk:
                        half.on_dht_pk(dht_pk)
                    elif half.crypto is None and half.accept(dht_pk, ADDRESS):
                        own.net_crypto.connections.append(FakeCrypto(peer.real_pk, dht_pk, half))
                        half.attach(own.net_crypto.connections[-1])
                    half.crypto.seen_end = False
                    half.on_established()

    def _carry(self):
        now_ms = self.clock.now_ms
        for one in self.members:
            for key, connection in list(one.connections.connections.items()):
                other = self.by_key.get(key)
                if connection.crypto is None or other is None:
                    continue
                crypto = connection.crypto
                for packet in crypto.written + crypto.lossy:
                    one.written.append((other.name, packet))
                    if self._reaches(one, other) and not self.loses(one, packet):
                        self.flying.append((now_ms + STEP_MS, one, other, packet))
                # what left makes room
                crypto.room += len(crypto.written)
                crypto.written.clear()
                crypto.lossy.clear()
            for crypto in one.net_crypto.connections:
                other = self.by_key.get(crypto.real_pk)
                if crypto.killed and not getattr(crypto, "seen_end", True) and other is not None:
                    crypto.seen_end = True
                    for packet in crypto.written:
                        one.written.append((other.name, packet))
                        self.flying.append((now_ms + STEP_MS, one, other, packet))
                    if self._reaches(one, other):
                        self.flying.append((now_ms + STEP_MS, one, other, None))

    def step(self):
        """A few milliseconds."""
        self.clock.now_ms += STEP_MS
        self._connect()
        arriving = [item for item in self.flying if item[0] <= self.clock.now_ms]
        self.flying = [item for item in self.flying if item[0] > self.clock.now_ms]
        for _, one, other, packet in arriving:
            back = other.connections.connections.get(one.real_pk)
            if back is None or not back.is_online or other not in self.members:
                continue
            if packet is None:
                back.on_closed()
            else:
                other.hear(one, packet)
        for member in list(self.members):
            if member.iterates:
                member.iterate()
        self._carry()

    def run(self, seconds):
        """Let time pass."""
        end_ms = self.clock.now_ms + seconds * 1000
        while self.clock.now_ms < end_ms:
            self.step()

    def until(self, condition, seconds=20):
        """Run until the condition holds; the seconds that took."""
        start_ms = self.clock.now_ms
        while not condition():
            assert self.clock.now_ms - start_ms < seconds * 1000, "waited in vain"
            self.step()
        return (self.clock.now_ms - start_ms) / 1000

    # conferences

    def bring_in(self, founder, others, number=None):
        """The founder invites them all at once, and they accept."""
        if number is None:
            number = founder.conference_new()
        for other in others:
            founder.conference_invite(founder.messenger.friend_by_key(other.real_pk).number, number)
        self.until(lambda: all(any(isinstance(e, ev.ConferenceInvite) for e in m.seen) for m in others))
        for other in others:
            (invite,) = other.take(ev.ConferenceInvite)
            other.conference_join(invite.friend_number, invite.cookie)
        return number

    def together(self, *names):
        """Members of one conference, number 0 to all, which the first founded."""
        members = self.friends(*names)
        self.bring_in(members[0], members[1:])
        self.until(lambda: all(sorted(m.names()) == sorted(names) for m in members))
        for member in members:
            member.seen.clear()
        return members
