"""Messages for friends who are away: what an instance has of it, put together.

    what our user writes    `sending`, and `storing` for friends who are away: `leaving` at their mailboxes
    what friends left       `polling` our mailboxes, `inbox`, `arrivals`
    between friends         `exchange`, by the envelope: offers, pre-keys, receipts
    sessions                `sessions` says when, `link` what they are

All that must survive is in three records of the save: the outbox, pre-keys, and the rest in parts. `version`
grows with each change, and `saved` says what is on disk.
"""

from __future__ import annotations

from toxpy.ext.messages.engine import ExtendedMessages
from toxpy.ext.offline import outbox as outboxes
from toxpy.ext.offline import prekeys
from toxpy.ext.offline.arrivals import Arrivals
from toxpy.ext.offline.cover import Cover
from toxpy.ext.offline.events import OfflinePrekeysLow
from toxpy.ext.offline.exchange import Exchange
from toxpy.ext.offline.fields import pack_fields, unpack_fields
from toxpy.ext.offline.find import Finder
from toxpy.ext.offline.inbox import Inbox
from toxpy.ext.offline.link import Links
from toxpy.ext.offline.options import Offline, as_offline
from toxpy.ext.offline.outbox import Outbox
from toxpy.ext.offline.own_offers import OwnOffers
from toxpy.ext.offline.parts import Joiner
from toxpy.ext.offline.polling import Polling
from toxpy.ext.offline.prekeys import Prekeys
from toxpy.ext.offline.receipts import Receipts
from toxpy.ext.offline.sending import Sending
from toxpy.ext.offline.sessions import Sessions
from toxpy.ext.offline.stats import MailboxStats, StorageStats
from toxpy.ext.offline.storing import Storing
from toxpy.ext.offline.their_offers import TheirOffers
from toxpy.ext.offline.versions import Versions
from toxpy.ext.offline.wall_clock import WallClock
from toxpy.friend.capability import Capability

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.ext.mailbox.probe import ProbeAnswer
    from toxpy.ext.offline.records import Mailbox, MailboxRecord
    from toxpy.friend.friend import FriendState
    from toxpy.friend.layers import Layers
    from toxpy.friend.messenger import Messenger
    from toxpy.generated.events import Event

#: Milliseconds between two looks for messages that are too old.
EXPIRY_LOOK_MS = 600_000
#: Type of the record with the parts.
RECORD = 7
_CLOCK, _OWN_OFFERS, _INBOX, _JOINER, _THEIR_OFFERS, _RECEIPTS = range(1, 7)
#: Mailboxes of ours up to which those that friends lend, and those that are found, are used.
ENOUGH_WITH_LENT, ENOUGH_WITH_FOUND = 3, 2


def _messages_of(messenger: Messenger) -> ExtendedMessages:
    """Ids come from there."""
    for capability in messenger.capabilities:
        if isinstance(capability, ExtendedMessages):
            return capability
    raise LookupError("messages to friends who are away need extended_messages")


class OfflineMessages(Capability):
    """Of an instance."""

    __slots__ = (
        "_clock",
        "_cover",
        "_exchange",
        "_finder",
        "_found",
        "_inbox",
        "_joiner",
        "_lent",
        "_links",
        "_messenger",
        "_options",
        "_own",
        "_polling",
        "_prekeys",
        "_receipts",
        "_rt",
        "_seen",
        "_sessions",
        "_storing",
        "_theirs",
        "_versions",
        "outbox",
        "sending",
    )

    def __init__(self, layers: Layers) -> None:
        self._messenger = messenger = layers.messenger
        self._rt = rt = layers.rt
        self._options = options = as_offline(layers.options.offline_messages) or Offline()
        messages = _messages_of(messenger)
        self._versions = versions = Versions(rt=rt)
        self._clock = clock = WallClock(rt=rt)
        self.outbox = Outbox()
        self._receipts = receipts = Receipts()
        self._joiner = Joiner(rt=rt)
        self._own = own = OwnOffers(versions, clock, rt=rt)
        self._theirs = theirs = TheirOffers()
        self._prekeys = keys = Prekeys(versions, clock, self._on_low, rt=rt)
        self.sending = sending = Sending(messenger, messages, self.outbox, versions)
        self._exchange = exchange = Exchange(
            messenger, sending, own, theirs, keys, receipts, versions, options.lend
        )
        arrivals = Arrivals(messages.friends, self._joiner, receipts, sending, exchange, versions, rt=rt)
        self._inbox = Inbox(messenger, arrivals, keys, own, versions, clock)
        self._load()
        self._links = Links(layers)
        self._sessions = sessions = Sessions(self._links, rt=rt)
        self._cover = Cover(own, clock, sessions.ask, is_on=options.cover, rt=rt)
        self._polling = Polling(own, self._inbox, clock, self._cover, versions, sessions.ask, rt=rt)
        wait_s = options.direct_wait_s
        self._storing = Storing(
            messenger, sending, own, theirs, keys, receipts, versions, clock, sessions, wait_s
        )
        self._found: list[Mailbox] = list(own.mailboxes().values()) if options.find else []
        self._finder = Finder(layers, self._on_found) if options.find else None
        self._seen, self._lent = (-1, -1, -1), -1
        messenger.outbound = sending
        rt.timers.call_later(0, self._look_for_old)

    # what is on disk

    @property
    def version(self) -> int:
        """The number of the last change that has to be on disk."""
        return self._versions.version

    @property
    def saved_version(self) -> int:
        """The number of the last one that is on disk."""
        return self._versions.saved_version

    def saved(self, version: int) -> None:
        """All changes up to that one are on disk."""
        self._versions.saved(version)

    @property
    def holds_events(self) -> bool:
        """True if somebody calls `saved`: what came from a mailbox is shown after that."""
        return self._versions.holds

    @holds_events.setter
    def holds_events(self, holds: bool) -> None:
        self._versions.holds = holds

    def _load(self) -> None:
        records = self._messenger.records()
        records.claim(outboxes.RECORD, self._load_outbox, self._collect_outbox)
        records.claim(prekeys.RECORD, self._prekeys.load, lambda: self._prekeys.pack() or None)
        records.claim(RECORD, self._load_parts, self._collect_parts)
        self._forget_strangers()

    def _load_outbox(self, record: bytes) -> None:
        self.outbox.load(record)
        for real_pk in self.outbox.friends():
            friend = self._messenger.friend_by_key(real_pk)
            if friend is None:
                self.outbox.forget(real_pk)
                continue
            numbers = [message.number for message in self.outbox.of(real_pk).values()]
            friend.last_message_id = max(friend.last_message_id, *numbers)

    def _collect_outbox(self) -> bytes | None:
        self._versions.collect()
        return self.outbox.pack()

    def _forget_strangers(self) -> None:
        """What a save has of those who are no friends any more."""
        known = self._messenger.friend_by_key
        for part in (self._own, self._prekeys, self._receipts):
            for real_pk in part.friends():
                if known(real_pk) is None:
                    part.forget(real_pk)

    def _load_parts(self, record: bytes) -> None:
        fields = unpack_fields(record)
        # the others need to know what time it is
        self._clock.load(fields.get(_CLOCK, b""))
        self._own.load(fields.get(_OWN_OFFERS, b""))
        self._inbox.load(fields.get(_INBOX, b""))
        self._joiner.load(fields.get(_JOINER, b""))
        self._theirs.load(fields.get(_THEIR_OFFERS, b""))
        self._receipts.load(fields.get(_RECEIPTS, b""))

    def _collect_parts(self) -> bytes | None:
        fields = {
            _CLOCK: self._clock.pack(),
            _OWN_OFFERS: self._own.pack(),
            _INBOX: self._inbox.pack(),
            _JOINER: self._joiner.pack(),
            _THEIR_OFFERS: self._theirs.pack(),
            _RECEIPTS: self._receipts.pack(),
        }
        return pack_fields(fields)

    # the capability

    def begin_pass(self) -> None:
        """Go on with what waits."""
        self._links.begin_pass()
        if self._lent != self._exchange.lent:
            self._lent = self._exchange.lent
            self._choose_mailboxes()
        self.sending.begin_pass()
        self._exchange.begin_pass()
        self._inbox.begin_pass()
        self._polling.begin_pass()
        seen = (self.sending.changes, self._receipts.changes, self._exchange.changed)
        if seen != self._seen:
            self._seen = seen
            self._storing.is_due = True
        self._storing.begin_pass()

    def next_event(self) -> Event | None:
        """The next message that friends left for us."""
        return self._inbox.next_event()

    def has_event(self) -> bool:
        """True if there is one."""
        return self._inbox.has_event()

    def on_friend_online(self, friend: FriendState) -> None:
        """What waits for the friend is written soon."""
        self._storing.on_online(friend)
        self.sending.on_online(friend)

    def on_friend_gone(self, friend: FriendState) -> None:
        """What was not confirmed waits again; of one who is no friend any more nothing is kept."""
        self.sending.on_gone(friend)
        self._storing.on_gone(friend)
        if friend.deleted:
            for part in (self._own, self._prekeys, self._inbox, self._joiner, self._receipts, self._theirs):
                part.forget(friend.real_pk)
            self._lent = -1
            self._versions.changed()

    def on_end(self) -> None:
        """No session and no timer any more."""
        for part in (self._storing, self._polling, self._cover, self._sessions, self._versions):
            part.end()
        self._links.close()
        if self._finder is not None:
            self._finder.close()

    def _look_for_old(self) -> None:
        """Give up what is too old, by a clock that is believed."""
        if self._clock.trusted():
            self.sending.expire(int((self._clock.now_s() - self._options.expire_after_s) * 1000))
        delay_ms = min(EXPIRY_LOOK_MS, int(self._options.expire_after_s * 1000) // 4)
        self._rt.timers.call_later(delay_ms, self._look_for_old)

    def _on_low(self, friend_pk: bytes, left: int) -> None:
        friend = self._messenger.friend_by_key(friend_pk)
        if friend is not None:
            self._messenger.events.append(OfflinePrekeysLow(friend, left))

    # our mailboxes

    def _choose_mailboxes(self) -> None:
        """Those of the options; while they are few, those that friends lend, and that we found."""
        chosen = {mailbox.real_pk: mailbox for mailbox in self._options.mailboxes}
        for others, enough in ((self._theirs.lent(), ENOUGH_WITH_LENT), (self._found, ENOUGH_WITH_FOUND)):
            for mailbox in others:
                if len(chosen) < enough:
                    chosen.setdefault(mailbox.real_pk, mailbox)
        self._own.set_mailboxes(list(chosen.values()))
        self._exchange.tell_offers()
        if self._finder is not None:
            self._finder.look(len(chosen) < ENOUGH_WITH_FOUND)

    def _on_found(self, record: MailboxRecord, answer: ProbeAnswer) -> None:
        if answer.is_open and all(mailbox.real_pk != record.real_pk for mailbox in self._found):
            self._found.append(record.mailbox())
            self._choose_mailboxes()

    def is_settled(self) -> bool:
        """True if nothing waits to be told to friends who are online, to our mailboxes, or for the disk."""
        is_told = self._exchange.is_settled() and self._polling.is_settled()
        # receipts can be left where a friend looks for them
        owes = any(
            self._theirs.of(real_pk) and self._prekeys.left(real_pk) for real_pk in self._receipts.friends()
        )
        return is_told and not owes and self._versions.is_saved(self._versions.version)

    def storage_stats(self) -> StorageStats:
        """What waits in our outbox, and what our mailboxes said."""
        count = sum(len(self.outbox.of(real_pk)) for real_pk in self.outbox.friends())
        return StorageStats(count, self.outbox.size if count else 0, outboxes.MAX_SIZE, self._mailbox_stats())

    def _mailbox_stats(self) -> list[MailboxStats]:
        found, hellos = [], self._polling.hellos
        for real_pk, mailbox in self._own.mailboxes().items():
            hello = hellos.get(real_pk)
            if hello is None:
                found.append(MailboxStats(mailbox, 0, 0, 0, 0, "it has not answered yet"))
            else:
                said = (hello.unix_s, hello.room_kib, hello.ttl_s, hello.per_queue)
                found.append(MailboxStats(mailbox, *said, ""))
        return found
