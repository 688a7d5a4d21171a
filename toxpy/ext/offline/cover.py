"""Cover: messages to ourselves, about one an hour, so that what a mailbox sees is not always a real one.

They lie in a queue of our own under a secret that lasts until the program ends, and our polls fetch and
delete them like others. What fails is counted, and said once for each mailbox.
"""

from __future__ import annotations

from math import log

from toxpy.crypto.keys import KeyPair
from toxpy.ext.offline import ops, seal
from toxpy.ext.offline.conversation import Conversation, Question
from toxpy.ext.offline.keys import SECRET_SIZE, epoch_at
from toxpy.ext.offline.own_offers import Queue
from toxpy.runtime import LOG_WARNING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from toxpy.ext.offline.conversation import Talk
    from toxpy.ext.offline.own_offers import OwnOffers
    from toxpy.ext.offline.records import Mailbox
    from toxpy.ext.offline.wall_clock import WallClock
    from toxpy.runtime import Runtime, Timer

    Ask = Callable[[Conversation], None]

#: Mean time between two, ms.
MEAN_MS = 3_600_000
#: Of four of them so many have the smallest size, and the others the next one.
SMALL_OF_4 = 3
_U32 = 2**32


class _Put(Conversation):
    """Leaves one."""

    __slots__ = ("_cover",)

    def __init__(self, mailbox: Mailbox, cover: Cover, *, rt: Runtime) -> None:
        super().__init__(mailbox, rt=rt)
        self._cover = cover

    def _on_hello(self, answer: ops.HelloAnswer) -> None:
        self._cover.on_hello(self.mailbox, answer)

    def _talk(self) -> Talk:
        packets = self._cover.packets(self.mailbox.real_pk)
        answer = yield Question(ops.PUT, packets)
        if isinstance(answer, ops.Code) and answer.code != ops.OK:
            self._end(f"the mailbox refuses with code {answer.code}")

    def _over(self, reason: str) -> None:
        self._cover.on_put(self.mailbox.real_pk, reason)


class Cover:
    """Of an instance."""

    __slots__ = ("_ask", "_clock", "_offers", "_put", "_rt", "_timer", "_unix", "_warned", "secret")

    def __init__(self, offers: OwnOffers, clock: WallClock, ask: Ask, *, is_on: bool, rt: Runtime) -> None:
        """`ask` begins a conversation as soon as there is a session for it."""
        self._offers = offers
        self._clock = clock
        self._ask = ask
        self._rt = rt
        self.secret = rt.rng.bytes(SECRET_SIZE)
        #: what each mailbox said last of the time, for the message that is put next
        self._unix: dict[bytes, int] = {}
        self._warned: set[bytes] = set()
        self._timer: Timer | None = None
        #: what goes on
        self._put: _Put | None = None
        if is_on:
            self._later()

    def _later(self) -> None:
        delay_ms = -log((self._rt.rng.u32() + 1) / _U32) * MEAN_MS
        self._timer = self._rt.timers.call_later(int(delay_ms), self._due)

    def _due(self) -> None:
        self._later()
        mailboxes = list(self._offers.mailboxes().values())
        if mailboxes and self._put is None:
            self._put = _Put(self._rt.rng.choice(mailboxes), self, rt=self._rt)
            self._ask(self._put)

    def on_hello(self, mailbox: Mailbox, answer: ops.HelloAnswer) -> None:
        """A mailbox lets us in."""
        self._clock.on_unix(mailbox.real_pk, answer.unix_s)
        self._unix = {mailbox.real_pk: answer.unix_s}

    def packets(self, mailbox_pk: bytes) -> list[bytes]:
        """What is put: a sealed message that looks like all others, and that nobody can open."""
        rng = self._rt.rng
        size = seal.SIZES[0] if rng.below(4) < SMALL_OF_4 else seal.SIZES[1]
        parcel = seal.Parcel(rng.bytes(seal.ID_SIZE), 0, seal.COVER, bytes(size - seal.SIZES[0]))
        to, key = KeyPair.generate(rng), KeyPair.generate(rng)
        blob = seal.seal(KeyPair.generate(rng), to.public, key.public, parcel, rng=rng)
        epoch = max(epoch_at(self._unix[mailbox_pk]), 0)
        return ops.put(self._offers.derive(self.secret, mailbox_pk, epoch)[0], blob)

    def queues(self, mailbox_pk: bytes, epochs: Sequence[int]) -> list[Queue]:
        """Where they lie."""
        derive = self._offers.derive
        return [Queue(b"", epoch, *derive(self.secret, mailbox_pk, epoch)) for epoch in epochs]

    def is_own(self, queue: Queue) -> bool:
        """True if what is in that queue is cover, or a decoy was fetched."""
        return not queue.friend_pk

    def on_put(self, mailbox_pk: bytes, reason: str) -> None:
        """A message was left there; `reason` is "" if it went well."""
        self._put = None
        self.on_over(mailbox_pk, reason)

    def on_over(self, mailbox_pk: bytes, reason: str) -> None:
        """Something for cover is over."""
        if not reason:
            return
        self._rt.counters.count("offline_cover_errors")
        if mailbox_pk not in self._warned:
            self._warned.add(mailbox_pk)
            self._rt.log(LOG_WARNING, f"cover traffic with mailbox {mailbox_pk.hex()[:16]}: {reason}")

    def end(self) -> None:
        """No timer any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._put is not None:
            self._put.stop()
