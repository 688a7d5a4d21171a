"""One look into one mailbox: which of our queues have something, fetch it, and delete what our user has.

All queues are asked for at once, and random ones make their number a multiple of 64. Of those that have
nothing one is fetched too. Members of a mailbox then open their queues of the next week.

A mailbox may bring as much as it likes and claim what it likes: a poll takes at most 2 minutes, some thousand
messages and some dozens that do not open, and the next one is some minutes later.
"""

from __future__ import annotations

from toxpy.ext.offline import ops
from toxpy.ext.offline.conversation import Conversation, Question
from toxpy.ext.offline.keys import ACCESS_SIZE, QUEUE_SIZE, epoch_at
from toxpy.ext.offline.own_offers import Queue
from toxpy.ext.offline.records import NO_TOKEN
from toxpy.ext.offline.wall_clock import EPOCHS_BEFORE, MAX_EPOCH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from toxpy.ext.offline.conversation import Answer, Talk
    from toxpy.ext.offline.cover import Cover
    from toxpy.ext.offline.inbox import Inbox
    from toxpy.ext.offline.own_offers import OwnOffers
    from toxpy.ext.offline.records import Mailbox
    from toxpy.ext.offline.wall_clock import WallClock
    from toxpy.runtime import Runtime

    Steps = Generator[Question | None, Answer, None]

#: HAS names a multiple of so many queues, and no more than that in one request.
PADDING, MAX_ASKED = 64, 128
#: Messages of one poll, and those of them that do not open: after more no other queue is fetched.
MAX_BLOBS, MAX_BAD = 4096, 64
#: Time for which messages wait for those that may have been sent before them, ms.
HOLD_MS = 15_000
#: Epochs from the present one on that a member opens: a week.
OPENED_EPOCHS = 28


class Opened:
    """Up to which epoch a member's queues are open, by mailbox and secret. After a start nothing is known."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[tuple[bytes, bytes], int] = {}

    def missing(self, mailbox_pk: bytes, secrets: Sequence[bytes], epoch: int) -> list[bytes]:
        """The secrets whose queues of that epoch are not open."""
        return [secret for secret in secrets if self._last.get((mailbox_pk, secret), -1) < epoch]

    def note(self, mailbox_pk: bytes, secrets: Sequence[bytes], epoch: int) -> None:
        """These are open up to that epoch."""
        for secret in secrets:
            self._last[mailbox_pk, secret] = epoch

    def keep(self, known: set[tuple[bytes, bytes]]) -> None:
        """Forget all others."""
        self._last = {key: epoch for key, epoch in self._last.items() if key in known}


class Poll(Conversation):
    """A job of `Sessions`. `on_over` gets it, and "" or what went wrong before the messages were there."""

    __slots__ = (
        "_bad",
        "_blobs",
        "_clock",
        "_cover",
        "_held_ms",
        "_holds",
        "_inbox",
        "_is_done",
        "_is_waiting",
        "_offers",
        "_on_over",
        "_opened",
        "_unix_s",
        "_waits",
        "found",
        "hello",
    )

    def __init__(
        self,
        mailbox: Mailbox,
        offers: OwnOffers,
        inbox: Inbox,
        clock: WallClock,
        cover: Cover,
        opened: Opened,
        on_over: Callable[[Poll, str], None],
        *,
        waits: bool,
        rt: Runtime,
    ) -> None:
        """`waits` if what is taken will soon be on disk, so that it can be deleted in the same session."""
        super().__init__(mailbox, rt=rt)
        self._offers = offers
        self._inbox = inbox
        self._clock = clock
        self._cover = cover
        self._opened = opened
        self._on_over = on_over
        self._waits = waits
        self._holds, self._held_ms = False, 0
        self._is_done = self._is_waiting = False
        self._unix_s = 0
        self._blobs = self._bad = 0
        #: messages that opened
        self.found = 0
        #: what the mailbox said of itself
        self.hello: ops.HelloAnswer | None = None

    def _on_hello(self, answer: ops.HelloAnswer) -> None:
        self.hello = answer
        self._unix_s = answer.unix_s
        self._clock.on_unix(self.mailbox.real_pk, answer.unix_s)

    def _talk(self) -> Talk:
        mailbox_pk, epochs = self.mailbox.real_pk, self._clock.epochs(self._unix_s)
        if epochs:
            queues = self._offers.queues(mailbox_pk, epochs)
            if queues:
                queues += self._cover.queues(mailbox_pk, epochs)
                hits = yield from self._ask(queues)
                yield from self._fetch(queues, hits)
        self._release()
        self._is_done = True
        if self.mailbox.token != NO_TOKEN:
            yield from self._open()
        yield from self._delete()

    def _ask(self, queues: list[Queue]) -> Generator[Question | None, Answer, list[Queue]]:
        """Those that have something."""
        rng, size = self.rt.rng, ops.PREFIX_SIZE
        asked: list[tuple[bytes, Queue | None]] = [(queue.name[:size], queue) for queue in queues]
        asked += [(rng.bytes(size), None) for _ in range(-len(asked) % PADDING)]
        rng.shuffle(asked)
        hits = []
        for at in range(0, len(asked), MAX_ASKED):
            some = asked[at : at + MAX_ASKED]
            packet = ops.has([prefix for prefix, _ in some])
            answer = yield Question(ops.HAS, [packet], len(some))
            if isinstance(answer, ops.Found):
                pairs = zip(some, answer.found, strict=True)
                hits += [queue for (_, queue), there in pairs if there and queue is not None]
        return hits

    def _fetch(self, queues: list[Queue], hits: list[Queue]) -> Steps:
        """Get what the hits have, and what one of the others has."""
        self._holds, self._held_ms = True, self.rt.clock.now_ms
        self._inbox.hold(1)
        rng, chosen = self.rt.rng, set(hits)
        others = [queue for queue in queues if queue not in chosen]
        others = others or [Queue(b"", 0, rng.bytes(ACCESS_SIZE), b"")]
        hits.append(rng.choice(others))
        rng.shuffle(hits)
        for queue in hits:
            if not self._inbox.has_room() or self._blobs >= MAX_BLOBS or self._bad >= MAX_BAD:
                # the others wait in the mailbox until this is deleted
                self.rt.counters.count("offline_polls_cut")
                break
            answer = yield Question(ops.GET, [ops.get(queue.access)])
            while isinstance(answer, ops.Blob):
                self._on_blob(queue, answer)
                answer = yield None

    def _on_blob(self, queue: Queue, blob: ops.Blob) -> None:
        mailbox_pk = self.mailbox.real_pk
        self._blobs += 1
        if self._cover.is_own(queue):
            self._inbox.discard(mailbox_pk, queue.access, blob.number)
        elif self._inbox.take(mailbox_pk, queue, blob.number, blob.data):
            self.found += 1
        else:
            self._bad += 1

    def _open(self) -> Steps:
        """As a member: open the queues of the next week, those of one epoch at a time."""
        mailbox_pk, rng, now = self.mailbox.real_pk, self.rt.rng, epoch_at(self._unix_s)
        if not EPOCHS_BEFORE <= now <= MAX_EPOCH - OPENED_EPOCHS:
            return
        secrets = [secret for _, secret in self._offers.secrets(mailbox_pk)]
        secrets.append(self._cover.secret)
        for epoch in range(now - EPOCHS_BEFORE, now + OPENED_EPOCHS + 1):
            missing = self._opened.missing(mailbox_pk, secrets, epoch)
            rng.shuffle(missing)
            for at in range(0, len(missing), ops.OPEN_QUEUES):
                some = missing[at : at + ops.OPEN_QUEUES]
                names = [self._offers.derive(secret, mailbox_pk, epoch)[1] for secret in some]
                names += [rng.bytes(QUEUE_SIZE) for _ in range(ops.OPEN_QUEUES - len(names))]
                rng.shuffle(names)
                answer = yield Question(ops.OPEN, [ops.open_queues(epoch, names)])
                if not isinstance(answer, ops.Code) or answer.code != ops.OK:
                    self.rt.counters.count("offline_open_refused")
                    return
                self._opened.note(mailbox_pk, some, epoch)

    def _delete(self) -> Steps:
        mailbox_pk, inbox = self.mailbox.real_pk, self._inbox
        while True:
            for access_key, numbers in inbox.deletions(mailbox_pk).items():
                for at in range(0, len(numbers), ops.MAX_NUMBERS):
                    packet = ops.ack(access_key, numbers[at : at + ops.MAX_NUMBERS])
                    yield Question(ops.ACK, [packet])
            if inbox.has_deletions(mailbox_pk):
                continue
            if not self._waits or not inbox.is_owing(mailbox_pk):
                return
            self._is_waiting = True
            yield None

    def begin_pass(self) -> None:
        """Go on with deleting if there is something, and let a slow mailbox not keep others' messages."""
        if self._holds and self.rt.clock.now_ms - self._held_ms > HOLD_MS:
            self._release()
        if self._is_waiting:
            mailbox_pk, inbox = self.mailbox.real_pk, self._inbox
            if inbox.has_deletions(mailbox_pk) or not inbox.is_owing(mailbox_pk):
                self._is_waiting = False
                self._go_on(None)

    def _release(self) -> None:
        if self._holds:
            self._holds = False
            self._inbox.hold(-1)

    def _over(self, reason: str) -> None:
        self._release()
        self._on_over(self, "" if self._is_done else reason or "the mailbox said something else")
