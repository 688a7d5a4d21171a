"""A recipient without a network of its own, and friends who leave things for it in mailboxes."""

from __future__ import annotations

from tests.support.offline_world import (
    START_UNIX_S,
    FakeLinks,
    PlainMailbox,
    PostNet,
    Runner,
    queue_of,
    runtime,
)
from tests.support.universe import Universe
from toxpy.crypto.keys import KeyPair
from toxpy.ext.messages.remembered import Remembered
from toxpy.ext.offline.cover import Cover
from toxpy.ext.offline.inbox import Inbox
from toxpy.ext.offline.keys import access, epoch_at
from toxpy.ext.offline.own_offers import OwnOffers
from toxpy.ext.offline.polling import Polling
from toxpy.ext.offline.prekeys import Prekeys
from toxpy.ext.offline.records import Mailbox
from toxpy.ext.offline.seal import MESSAGE, Parcel, seal
from toxpy.ext.offline.sessions import Sessions
from toxpy.ext.offline.versions import Versions
from toxpy.ext.offline.wall_clock import WallClock

EPOCH = epoch_at(START_UNIX_S)


def mailbox_of(number, token=b""):
    """One that a user may write down."""
    keys = [KeyPair(bytes((number, part)) * 16).public for part in (1, 2)]
    return Mailbox(f"10.0.0.{number}", 33445, *keys, *([token] if token else []))


class Friend:
    """Somebody who leaves things for the recipient."""

    deleted = False

    def __init__(self, number):
        self.number = number
        self.keys = KeyPair(bytes((number, 7)) * 16)
        self.real_pk = self.keys.public
        #: what the recipient told
        self.offer, self.prekeys = None, []


class Recipient:
    """All that looks into mailboxes, of an instance whose other parts are simple lists."""

    def __init__(self, universe, net, friends, saved=None, *, holds=True, cover=False, name="recipient"):
        self.rt = rt = runtime(universe, name)
        self.identity = KeyPair(b"\x05" * 32)
        self.friends = {friend.real_pk: friend for friend in friends}
        self.events, self.shown, self.receipts, self.parcels, self.parts = [], [], [], [], {}
        self.low = []
        self.ids = {real_pk: Remembered() for real_pk in self.friends}
        self.links = FakeLinks(net, rt, name)
        self.versions = Versions(rt=rt)
        self.versions.holds = holds
        self.clock = WallClock(rt=rt)
        self.prekeys = Prekeys(self.versions, self.clock, lambda *low: self.low.append(low), rt=rt)
        self.offers = OwnOffers(self.versions, self.clock, rt=rt)
        self.inbox = Inbox(self, self, self.prekeys, self.offers, self.versions, self.clock)
        self.sessions = Sessions(self.links, rt=rt)
        self.cover = Cover(self.offers, self.clock, self.sessions.ask, is_on=cover, rt=rt)
        self.polling = Polling(
            self.offers, self.inbox, self.clock, self.cover, self.versions, self.sessions.ask, rt=rt
        )
        #: passes are seen by a program; the disk keeps up
        self.takes_events = self.saves = True
        if saved is not None:
            for part, content in zip(self._parts(), saved[0], strict=True):
                part.load(content)
            for real_pk, entries in saved[1].items():
                for message_id in entries:
                    self.ids[real_pk].put(message_id, rt.clock.unix_s())
        universe.add(self, Runner(rt))
        self.tick()

    def tick(self):
        """A pass each ten seconds when nothing goes on; a real one comes more often."""
        self.rt.timers.call_later(10_000, self.tick)

    def _parts(self):
        return self.clock, self.prekeys, self.offers, self.inbox

    def save(self):
        """What a save has."""
        ids = {real_pk: list(known._entries) for real_pk, known in self.ids.items()}
        return [part.pack() for part in self._parts()], ids

    def iterate(self):
        """A pass, as `OfflineMessages` and `Core` make it."""
        self.rt.timers.run_due()
        self.inbox.begin_pass()
        self.polling.begin_pass()
        if self.saves:
            self.versions.saved(self.versions.version)
        while self.takes_events and self.inbox.has_event():
            self.shown.append(self.inbox.next_event())

    def texts(self):
        return [event.message for event in self.shown]

    def friend_by_key(self, real_pk):
        return self.friends.get(real_pk)

    # what `Inbox` hands on

    def received_ids(self, friend):
        return self.ids[friend.real_pk]

    def on_part(self, friend, parcel):
        first = self.parts.pop(parcel.id, None)
        if first is None:
            self.parts[parcel.id] = parcel.body
            return None
        return MESSAGE, None, first + parcel.body

    def on_parcel(self, friend, parcel):
        self.parcels.append((friend, parcel))

    def receipt_owed(self, friend, message_id):
        self.receipts.append((friend, message_id))

    # and what friends do

    def tell(self, *friends, left=0):
        """Offers and pre-keys reach these."""
        for friend in friends:
            friend.offer = self.offers.our_offer(friend.real_pk)
            friend.prekeys += self.prekeys.refill(friend.real_pk, left)

    def sealed(self, friend, body=b"hello", kind=MESSAGE, *, id=None, sent_ms=1):
        """What the friend leaves, with the next pre-key."""
        parcel = Parcel(id or self.rt.rng.bytes(16), sent_ms, kind, body)
        return seal(friend.keys, self.identity.public, friend.prekeys.pop(0), parcel, rng=self.rt.rng)


class Stage:
    """A recipient, friends, mailboxes."""

    def __init__(self, kinds=(PlainMailbox,), friends=2, seed=1, tokens=(b"",) * 9, **how):
        network = {name: how.pop(name) for name in ("loss", "cuts", "latency_ms") if name in how}
        self.universe = Universe(seed)
        self.net = PostNet(seed, **network)
        self.friends = [Friend(number + 1) for number in range(friends)]
        self.mailboxes, self.hosts = [], []
        for number, kind in enumerate(kinds, 1):
            rt = runtime(self.universe, f"mailbox {number}")
            self.universe.add(Runner(rt), Runner(rt))
            self.hosts.append(kind(rt))
            self.mailboxes.append(mailbox_of(number, tokens[number - 1]))
            self.net.add(self.mailboxes[-1].real_pk, self.hosts[-1])
        self.bob = Recipient(self.universe, self.net, self.friends, **how)
        self.bob.offers.set_mailboxes(self.mailboxes)
        self.bob.tell(*self.friends)
        self.bob.iterate()

    def queue(self, friend, number=0, epoch=EPOCH):
        """The queue of a friend at a mailbox."""
        return queue_of(access(friend.offer.pair_secret, epoch, self.mailboxes[number].real_pk))

    def leave(self, friend, blob, number=0, epoch=EPOCH):
        """The friend left that there."""
        assert self.hosts[number].put(None, self.queue(friend, number, epoch), blob) == [b"\0"]

    def run_for(self, seconds):
        self.universe.run_for(int(seconds * 1000))

    def until(self, condition, seconds=30):
        assert self.universe.run_until(condition, seconds * 1000)

    def count(self, name):
        return self.bob.rt.counters.values.get("offline_" + name, 0)

    def restart(self, saved, **how):
        """The recipient begins again with that save; who it was is gone without a word."""
        self.universe.remove(self.bob)
        self.net.leave(self.bob.links)
        self.bob = Recipient(self.universe, self.net, self.friends, saved, **how)
        self.bob.offers.set_mailboxes(self.mailboxes)
        self.bob.iterate()
        return self.bob
