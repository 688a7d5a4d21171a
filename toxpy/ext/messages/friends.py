"""What extended messages know of each friend: what goes on while it is online, and the ids that last."""

from __future__ import annotations

from toxpy.ext.messages.remembered import Pair, pack, unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.ext.messages.segments import Half
    from toxpy.friend.friend import FriendState
    from toxpy.friend.messenger import Messenger


class Talk:
    """What goes on with a friend while it is online. Receipts have numbers, as those of ordinary messages."""

    __slots__ = ("awaiting", "foreign", "half", "owed", "plain")

    def __init__(self) -> None:
        #: the beginning of a text that the friend sends
        self.half: Half | None = None
        #: ids of complete texts, which the friend is to be told
        self.owed: list[bytes] = []
        #: numbers of the receipts by the id of what the friend has not confirmed, oldest first
        self.awaiting: dict[bytes, list[int]] = {}
        #: id and number by the receipt of a ToxExt message
        self.foreign: dict[int, tuple[bytes, int]] = {}
        #: last packet, id and number of ordinary messages
        self.plain: list[tuple[int, bytes, int]] = []


class Friends:
    """All of them."""

    __slots__ = ("_messenger", "_pairs", "_talks", "busy")

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        self._talks: dict[FriendState, Talk] = {}
        #: by public key
        self._pairs: dict[bytes, Pair] = {}
        #: those with whom something is to be looked at in each pass
        self.busy: dict[FriendState, Talk] = {}

    def talk(self, friend: FriendState) -> Talk:
        """What goes on with it."""
        talk = self._talks.get(friend)
        if talk is None:
            talk = self._talks[friend] = Talk()
        return talk

    def find(self, friend: FriendState) -> Talk | None:
        """The same if anything did."""
        return self._talks.get(friend)

    def ids(self, friend: FriendState) -> Pair:
        """The ids that went to it and came from it."""
        pair = self._pairs.get(friend.real_pk)
        if pair is None:
            pair = self._pairs[friend.real_pk] = Pair()
        return pair

    def gone(self, friend: FriendState) -> Talk | None:
        """It went offline, or was deleted: what went on."""
        if friend.deleted:
            self._pairs.pop(friend.real_pk, None)
        self.busy.pop(friend, None)
        return self._talks.pop(friend, None)

    # the record of a save

    def load(self, record: bytes) -> None:
        """The ids, of those who still are friends."""
        now_s = self._messenger.rt.clock.unix_s()
        for real_pk, pair in unpack(record, now_s):
            if self._messenger.friend_by_key(real_pk) is not None:
                self._pairs[real_pk] = pair

    def collect(self) -> bytes | None:
        """The ids; None when there are none."""
        return pack(self._pairs, self._messenger.rt.clock.unix_s()) or None
