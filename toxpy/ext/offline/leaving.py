"""A session in which we leave messages for one friend at one of its mailboxes.

Each is sealed when its turn comes, and put under the epoch of that moment. The mailbox says what time it is.
One whose clock is a day or more away from ours, with which others agree, is not believed.
"""

from __future__ import annotations

from toxpy.errors import PacketError
from toxpy.ext.offline import ops
from toxpy.ext.offline.conversation import Conversation, Question
from toxpy.ext.offline.keys import access, epoch_at
from toxpy.ext.offline.seal import Parcel, seal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from toxpy.ext.offline.conversation import Talk
    from toxpy.ext.offline.outbox import Message
    from toxpy.ext.offline.records import Mailbox
    from toxpy.ext.offline.wall_clock import WallClock
    from toxpy.friend.friend import FriendState
    from toxpy.friend.messenger import Messenger

    class Owner(Protocol):
        """Who has messages left."""

        def on_left(self, leaving: Leaving, load: Load, /) -> None: ...
        def on_over(self, leaving: Leaving, reason: str, /) -> None: ...


#: Difference in s up to which a mailbox's clock says in which epoch a message is put.
MAX_AHEAD_S = 86_400


class Load:
    """A message, or something else for a friend, on its way to mailboxes."""

    __slots__ = (
        "given",
        "id",
        "is_over",
        "left_at",
        "message",
        "parcels",
        "receipts",
        "sent_ms",
        "version",
        "wanted",
    )

    def __init__(
        self, message_id: bytes, sent_ms: int, parcels: list[tuple[int, bytes]], wanted: int
    ) -> None:
        self.id = message_id
        self.sent_ms = sent_ms
        #: kind and body of each sealed message
        self.parcels = parcels
        #: mailboxes that shall have it
        self.wanted = wanted
        #: the pre-keys that are left for each mailbox it is on its way to; one for each parcel not left yet
        self.given: dict[bytes, list[bytes]] = {}
        #: mailboxes that have it
        self.left_at: set[bytes] = set()
        #: that its pre-keys are used is on disk with this
        self.version = 0
        self.is_over = False
        #: what it is: one of ours, or ids that we confirm
        self.message: Message | None = None
        self.receipts: list[bytes] = []


class Leaving(Conversation):
    """One session. `loads` may grow meanwhile."""

    __slots__ = ("_clock", "_messenger", "_owner", "_secret", "_unix_s", "code", "friend", "loads")

    def __init__(
        self,
        mailbox: Mailbox,
        friend: FriendState,
        secret: bytes,
        messenger: Messenger,
        clock: WallClock,
        owner: Owner,
    ) -> None:
        super().__init__(mailbox, rt=messenger.rt)
        self.friend = friend
        self._secret = secret
        self._messenger = messenger
        self._clock = clock
        self._owner = owner
        self._unix_s = 0
        #: why the mailbox took one no more
        self.code = ops.OK
        self.loads: list[Load] = []

    def _on_hello(self, answer: ops.HelloAnswer) -> None:
        self._unix_s = answer.unix_s - self.rt.clock.now_ms // 1000

    def _epoch(self) -> int:
        own_s, theirs_s = self.rt.clock.unix_s(), self._unix_s + self.rt.clock.now_ms // 1000
        if self._clock.trusted() and abs(own_s - theirs_s) >= MAX_AHEAD_S:
            return epoch_at(own_s)
        return max(epoch_at(theirs_s), 0)

    def _talk(self) -> Talk:
        mailbox_pk = self.mailbox.real_pk
        while self.loads:
            load = self.loads[0]
            keys = load.given.get(mailbox_pk)
            if load.is_over or keys is None:
                del self.loads[0]
                continue
            if not keys:
                del self.loads[0], load.given[mailbox_pk]
                load.left_at.add(mailbox_pk)
                self._owner.on_left(self, load)
                continue
            # a key that went out is never used again
            packets = self._seal(load, len(load.parcels) - len(keys), keys.pop(0))
            answer = yield Question(ops.PUT, packets)
            self.code = answer.code if isinstance(answer, ops.Code) else ops.REFUSED
            if self.code != ops.OK:
                self._end(f"the mailbox refuses with code {self.code}")
                return

    def _seal(self, load: Load, number: int, key: bytes) -> list[bytes]:
        identity, friend_pk = self._messenger.identity, self.friend.real_pk
        parcel = Parcel(load.id, load.sent_ms, *load.parcels[number])
        try:
            blob = seal(identity, friend_pk, key, parcel, rng=self.rt.rng)
        except PacketError:
            # the friend's key is none, and what is sealed for another one it cannot open
            self.rt.counters.drop("offline_prekey")
            blob = self.rt.rng.bytes(256)
        return ops.put(access(self._secret, self._epoch(), self.mailbox.real_pk), blob)

    def _over(self, reason: str) -> None:
        self._owner.on_over(self, reason)
