"""What two friends tell each other about mailboxes while both are online: an extension in the envelope.

When a friend comes online it hears where we look for its messages, which mailboxes of ours it may use, what
came from it by mailboxes, and that we need pre-keys. Whoever is asked for pre-keys makes them, and says them
when they are on disk: a key that is forgotten is a message that nobody can open.
"""

from __future__ import annotations

from toxpy.errors import PacketError
from toxpy.ext.offline import segments as seg
from toxpy.ext.offline.prekeys import FULL
from toxpy.friend.envelope import Extension

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxpy.ext.offline.own_offers import OwnOffers
    from toxpy.ext.offline.prekeys import Prekeys
    from toxpy.ext.offline.receipts import Receipts
    from toxpy.ext.offline.records import Mailbox
    from toxpy.ext.offline.sending import Sending
    from toxpy.ext.offline.their_offers import TheirOffers
    from toxpy.ext.offline.versions import Versions
    from toxpy.friend.friend import FriendState
    from toxpy.friend.messenger import Messenger

#: Segments that wait for one friend: it has to be slow, or ask all the time.
MAX_WAITING = 32
#: Offers and mailboxes that a friend tells while it is online: each is written to the disk.
MAX_TOLD = 20


def prekey_segments(public_keys: Sequence[bytes]) -> list[bytes]:
    """As many PREKEYS as they need."""
    most = seg.MAX_PREKEYS
    return [seg.pack_prekeys(list(public_keys[at : at + most])) for at in range(0, len(public_keys), most)]


class _Talk:
    """With a friend who is online and has it."""

    __slots__ = ("asked", "told", "waiting")

    def __init__(self) -> None:
        #: versions and segments that are said when the version is on disk
        self.waiting: list[tuple[int, bytes]] = []
        #: pre-keys that we asked for and that have not come
        self.asked = 0
        #: offers and mailboxes that the friend told
        self.told = 0


class Exchange(Extension):
    """Of an instance. `changed` grows when a friend told something that leaving messages depends on."""

    __slots__ = (
        "_envelope",
        "_lend",
        "_own",
        "_prekeys",
        "_receipts",
        "_rt",
        "_sending",
        "_talks",
        "_theirs",
        "_versions",
        "changed",
        "lent",
    )

    def __init__(
        self,
        messenger: Messenger,
        sending: Sending,
        own: OwnOffers,
        theirs: TheirOffers,
        prekeys: Prekeys,
        receipts: Receipts,
        versions: Versions,
        lend: Sequence[Mailbox],
    ) -> None:
        self._rt = messenger.rt
        self._envelope = messenger.envelope()
        self._sending = sending
        self._own = own
        self._theirs = theirs
        self._prekeys = prekeys
        self._receipts = receipts
        self._versions = versions
        self._lend = lend
        self._talks: dict[FriendState, _Talk] = {}
        #: how often a friend told something, and how often it lent a mailbox
        self.changed = self.lent = 0
        self._envelope.add(seg.UUID, self)

    # what is said

    def on_ready(self, friend: FriendState) -> None:
        """The friend has it too."""
        self._talks[friend] = _Talk()
        self.tell_offer(friend)
        for mailbox in self._lend:
            record = mailbox.record()
            if record is not None:
                self._say(friend, seg.pack_mailbox(record, mailbox.token))
        self._ask_for_prekeys(friend)

    def on_gone(self, friend: FriendState) -> None:
        """What was not said is said the next time."""
        self._talks.pop(friend, None)

    def is_settled(self) -> bool:
        """True if nothing waits to be said to a friend who is online."""
        return not any(talk.waiting for talk in self._talks.values())

    def tell_offer(self, friend: FriendState) -> None:
        """Say where we look for its messages."""
        offer = self._own.our_offer(friend.real_pk)
        if offer is not None:
            self._say(friend, offer.pack(), self._versions.version)

    def tell_offers(self) -> None:
        """To all who are online and do not know it."""
        for friend in self._talks:
            if not self._own.is_told(friend.real_pk):
                self.tell_offer(friend)

    def _ask_for_prekeys(self, friend: FriendState) -> None:
        wanted = self._prekeys.wanted(friend.real_pk)
        if wanted is not None and self._theirs.of(friend.real_pk) is not None:
            self._say(friend, seg.pack_wanted(wanted))
            talk = self._talks.get(friend)
            if talk is not None:
                talk.asked = FULL - wanted

    def _say(self, friend: FriendState, segment: bytes, version: int = 0) -> None:
        talk = self._talks.get(friend)
        if talk is None or len(talk.waiting) >= MAX_WAITING:
            self._rt.counters.drop("offline_segment_unsaid")
            return
        talk.waiting.append((version, segment))

    def begin_pass(self) -> None:
        """Say what waits and is on disk."""
        if self._talks:
            owing = self._receipts.friends()
            for friend, talk in self._talks.items():
                if talk.waiting:
                    self._say_waiting(friend, talk.waiting)
                if owing and friend.real_pk in owing:
                    self._tell_receipts(friend)

    def _say_waiting(self, friend: FriendState, waiting: list[tuple[int, bytes]]) -> None:
        """Those that wait for the disk keep their order: pre-keys belong to the offer before them."""
        left: list[tuple[int, bytes]] = []
        for version, segment in waiting:
            is_next = version == 0 or (
                not any(other for other, _ in left) and self._versions.is_saved(version)
            )
            if not is_next or self._envelope.send(friend, seg.UUID, segment) < 0:
                left.append((version, segment))
        waiting[:] = left

    def _tell_receipts(self, friend: FriendState) -> None:
        ids = self._receipts.of(friend.real_pk)[: seg.MAX_RECEIPTS]
        if self._envelope.send(friend, seg.UUID, seg.pack_receipt(ids)) >= 0:
            self._receipts.told(friend.real_pk, ids)
            self._versions.changed()

    # what is heard

    def on_segment(self, friend: FriendState, data: bytes) -> None:
        """The friend tells something."""
        self._hear(friend, data, is_direct=True)

    def on_sealed(self, friend: FriendState, body: bytes) -> None:
        """The friend left some segments at a mailbox."""
        try:
            segments = seg.unpack_offered(body)
        except PacketError:
            self._rt.counters.drop("offline_segment")
            return
        for segment in segments:
            self._hear(friend, segment, is_direct=False)

    def _hear(self, friend: FriendState, data: bytes, *, is_direct: bool) -> None:
        try:
            if data[0] in (seg.OFFER, seg.MAILBOX) and is_direct and not self._may_tell(friend):
                self._rt.counters.drop("offline_told_too_often")
            elif data[0] == seg.OFFER:
                self._on_offer(friend, seg.Offer.unpack(data), is_direct)
            elif data[0] == seg.PREKEYS:
                self._on_prekeys(friend, seg.unpack_prekeys(data), is_direct)
            elif data[0] == seg.WANTED:
                self._on_wanted(friend, seg.unpack_wanted(data))
            elif data[0] == seg.RECEIPT:
                self._sending.confirm(friend, seg.unpack_receipt(data))
            elif data[0] == seg.MAILBOX:
                self._on_mailbox(friend, data)
            else:
                self._rt.counters.drop("offline_segment")
        except PacketError:
            self._rt.counters.drop("offline_segment")

    def _may_tell(self, friend: FriendState) -> bool:
        """Count what the friend tells and we keep."""
        talk = self._talks.get(friend)
        if talk is None or talk.told >= MAX_TOLD:
            return False
        talk.told += 1
        return True

    def _on_prekeys(self, friend: FriendState, keys: list[bytes], is_direct: bool) -> None:
        """Sealed ones come unasked, when the friend sees that few are left."""
        talk = self._talks.get(friend)
        if is_direct:
            asked = 0 if talk is None else talk.asked
            keys = keys[:asked]
            if talk is None or not keys:
                self._rt.counters.drop("offline_prekeys_unasked")
                return
            talk.asked -= len(keys)
        self._prekeys.add_theirs(friend.real_pk, keys)
        self.changed += 1

    def _on_offer(self, friend: FriendState, offer: seg.Offer, is_direct: bool) -> None:
        before = self._theirs.secret(friend.real_pk)
        if not self._theirs.put(friend.real_pk, offer, is_direct=is_direct):
            return
        if before and before != offer.pair_secret:
            # what the friend had is lost, and the secrets of its pre-keys with it
            self._prekeys.forget_theirs(friend.real_pk)
        self.changed += 1
        self._versions.changed()
        if is_direct:
            self._ask_for_prekeys(friend)

    def _on_wanted(self, friend: FriendState, left: int) -> None:
        if friend not in self._talks or self._own.our_offer(friend.real_pk) is None:
            return
        keys = self._prekeys.refill(friend.real_pk, left)
        for segment in prekey_segments(keys):
            self._say(friend, segment, self._versions.version)

    def _on_mailbox(self, friend: FriendState, data: bytes) -> None:
        if self._theirs.lend(friend.real_pk, *seg.unpack_mailbox(data)):
            self.lent += 1
            self._versions.changed()
