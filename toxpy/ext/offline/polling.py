"""When we look into our mailboxes: soon after the start, and then every five minutes or so, each on its own.

The time between two polls is random, from half to one and a half of the mean. The mean is four times as long
where nothing came for an hour, and at first shorter where a poll failed. Three of ten polls are followed by
another one at a random moment in between, so that polls say less about when messages come.
"""

from __future__ import annotations

from toxpy.ext.offline.keys import epoch_at
from toxpy.ext.offline.poll import Opened, Poll
from toxpy.ext.offline.records import NO_TOKEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.ext.offline import ops
    from toxpy.ext.offline.conversation import Conversation
    from toxpy.ext.offline.cover import Cover
    from toxpy.ext.offline.inbox import Inbox
    from toxpy.ext.offline.own_offers import OwnOffers
    from toxpy.ext.offline.records import Mailbox
    from toxpy.ext.offline.versions import Versions
    from toxpy.ext.offline.wall_clock import WallClock
    from toxpy.runtime import Runtime, Timer

#: Time from the start, or from when a mailbox is new, to the first poll, ms: at least, and random on top.
FIRST_MS, FIRST_SPREAD_MS = 1000, 6000
#: Mean time between two polls, ms.
POLL_MS = 300_000
#: The mean is so many times as long where nothing came for that time, ms.
EMPTY_FACTOR, EMPTY_MS = 4, 3_600_000
#: The same after a poll that failed, ms; twice as long after each other one, up to the usual time.
RETRY_MS = 30_000
#: Of ten polls so many are followed by one for cover.
COVER_OF_10 = 3
_MAX_DOUBLINGS = 16
#: A poll that found so many messages may have left some: the next one follows soon.
MANY = 100


class _Watched:
    """A mailbox that is polled."""

    __slots__ = ("failures", "found_ms", "is_cover", "mailbox", "poll", "rest_ms", "timer")

    def __init__(self, mailbox: Mailbox, now_ms: int) -> None:
        self.mailbox = mailbox
        #: polls that failed since one did not
        self.failures = 0
        self.timer: Timer | None = None
        #: what goes on
        self.poll: Poll | None = None
        #: the next poll is one for cover; and how long after it the one is due that it comes before, ms
        self.is_cover, self.rest_ms = False, 0
        #: when something was found, or we began to look
        self.found_ms = now_ms


class Polling:
    """Of an instance."""

    __slots__ = (
        "_ask",
        "_clock",
        "_cover",
        "_inbox",
        "_known",
        "_offers",
        "_opened",
        "_rt",
        "_seen",
        "_versions",
        "_watched",
        "hellos",
    )

    def __init__(
        self,
        offers: OwnOffers,
        inbox: Inbox,
        clock: WallClock,
        cover: Cover,
        versions: Versions,
        ask: Callable[[Conversation], None],
        *,
        rt: Runtime,
    ) -> None:
        """`ask` begins a conversation as soon as there is a session for it."""
        self._offers = offers
        self._inbox = inbox
        self._clock = clock
        self._cover = cover
        self._versions = versions
        self._ask = ask
        self._rt = rt
        self._opened = Opened()
        self._seen = -1
        #: mailboxes and secrets of which our first poll after a change knows
        self._known: set[tuple[bytes, bytes]] = set()
        #: by the mailbox's real key
        self._watched: dict[bytes, _Watched] = {}
        #: what each mailbox said last of itself
        self.hellos: dict[bytes, ops.HelloAnswer] = {}

    def begin_pass(self) -> None:
        """See whether there are other mailboxes, and go on with polls that wait."""
        if self._seen != self._offers.changes:
            self._seen = self._offers.changes
            self._update()
        for watched in self._watched.values():
            if watched.poll is not None:
                watched.poll.begin_pass()

    def _update(self) -> None:
        mailboxes, rt = self._offers.mailboxes(), self._rt
        for real_pk, mailbox in mailboxes.items():
            watched = self._watched.get(real_pk)
            if watched is None:
                watched = self._watched[real_pk] = _Watched(mailbox, rt.clock.now_ms)
                self._call_later(watched, FIRST_MS + rt.rng.below(FIRST_SPREAD_MS))
            watched.mailbox = mailbox
        for real_pk in [real_pk for real_pk in self._watched if real_pk not in mailboxes]:
            watched = self._watched[real_pk]
            if watched.poll is None:
                if watched.timer is not None:
                    watched.timer.cancel()
                del self._watched[real_pk]
                self._clock.forget(real_pk)
                self.hellos.pop(real_pk, None)
        secrets = {(pk, secret) for pk in mailboxes for _, secret in self._offers.secrets(pk)}
        self._opened.keep(secrets | {(pk, self._cover.secret) for pk in mailboxes})
        for real_pk in {pk for pk, _ in secrets - self._known if mailboxes[pk].token != NO_TOKEN}:
            # only queues that are open take something
            watched = self._watched[real_pk]
            if watched.poll is None:
                self._call_later(watched, FIRST_MS + rt.rng.below(FIRST_SPREAD_MS))
        self._known = secrets

    def is_settled(self) -> bool:
        """True if all of our mailboxes that answer were looked into, and take what friends may leave."""
        epoch = epoch_at(self._clock.now_s())
        for real_pk, watched in self._watched.items():
            if watched.failures:
                continue
            secrets = [secret for known, secret in self._known if known == real_pk]
            if watched.poll is not None or real_pk not in self.hellos:
                return False
            if watched.mailbox.token != NO_TOKEN and self._opened.missing(real_pk, secrets, epoch):
                return False
        return True

    def _call_later(self, watched: _Watched, delay_ms: int) -> None:
        if watched.timer is not None:
            watched.timer.cancel()
        watched.timer = self._rt.timers.call_later(delay_ms, lambda: self._due(watched))

    def _due(self, watched: _Watched) -> None:
        watched.timer = None
        parts = self._offers, self._inbox, self._clock, self._cover, self._opened
        waits = self._versions.holds
        poll = Poll(
            watched.mailbox,
            *parts,
            lambda over, reason: self._on_over(watched, over, reason),
            waits=waits,
            rt=self._rt,
        )
        watched.poll = poll
        self._ask(poll)

    def _on_over(self, watched: _Watched, poll: Poll, reason: str) -> None:
        real_pk, now_ms = watched.mailbox.real_pk, self._rt.clock.now_ms
        watched.poll = None
        if poll.hello is not None:
            self.hellos[real_pk] = poll.hello
        if poll.found:
            watched.found_ms = now_ms
        watched.failures = watched.failures + 1 if reason else 0
        if reason:
            self._rt.counters.count("offline_poll_errors")
        self._plan(watched, reason, poll.found)
        # what was replaced long ago is looked into no longer
        self._update()

    def _plan(self, watched: _Watched, reason: str, found: int) -> None:
        """When is the next one?"""
        rng, was_cover = self._rt.rng, watched.is_cover
        watched.is_cover = False
        if found >= MANY:
            self._call_later(watched, FIRST_MS + rng.below(FIRST_SPREAD_MS))
            return
        if was_cover:
            self._cover.on_over(watched.mailbox.real_pk, reason)
            self._call_later(watched, watched.rest_ms)
            return
        is_empty = self._rt.clock.now_ms - watched.found_ms >= EMPTY_MS
        mean_ms = POLL_MS * EMPTY_FACTOR if is_empty else POLL_MS
        if watched.failures:
            mean_ms = min(mean_ms, RETRY_MS << min(watched.failures - 1, _MAX_DOUBLINGS))
        delay_ms = mean_ms // 2 + rng.below(mean_ms)
        if rng.below(10) < COVER_OF_10:
            before_ms = rng.below(delay_ms)
            watched.is_cover, watched.rest_ms = True, delay_ms - before_ms
            delay_ms = before_ms
        self._call_later(watched, delay_ms)

    def end(self) -> None:
        """No timer any more."""
        for watched in self._watched.values():
            if watched.timer is not None:
                watched.timer.cancel()
                watched.timer = None
            if watched.poll is not None:
                watched.poll.stop()
