"""What the inbox hands on: parts of long texts, receipts, what friends tell in sealed messages."""

from __future__ import annotations

from toxpy.errors import PacketError
from toxpy.ext.offline import seal
from toxpy.ext.offline import segments as seg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.ext.messages.friends import Friends
    from toxpy.ext.messages.remembered import Remembered
    from toxpy.ext.offline.exchange import Exchange
    from toxpy.ext.offline.parts import Joiner
    from toxpy.ext.offline.receipts import Receipts
    from toxpy.ext.offline.sending import Sending
    from toxpy.ext.offline.versions import Versions
    from toxpy.friend.friend import FriendState
    from toxpy.runtime import Runtime


class Arrivals:
    """Of an instance; the handlers of `Inbox`."""

    __slots__ = ("_exchange", "_ids", "_joiner", "_receipts", "_rt", "_sending", "_versions")

    def __init__(
        self,
        ids: Friends,
        joiner: Joiner,
        receipts: Receipts,
        sending: Sending,
        exchange: Exchange,
        versions: Versions,
        *,
        rt: Runtime,
    ) -> None:
        self._ids = ids
        self._joiner = joiner
        self._receipts = receipts
        self._sending = sending
        self._exchange = exchange
        self._versions = versions
        self._rt = rt

    def received_ids(self, friend: FriendState) -> Remembered:
        """The ids of messages that came from the friend, in whatever way."""
        return self._ids.ids(friend).received

    def on_part(self, friend: FriendState, parcel: seal.Parcel) -> tuple[int, bytes | None, bytes] | None:
        """A part of a long text; kind, the id it replies to, and text if it was the last one."""
        return self._joiner.add(friend.real_pk, parcel)

    def on_parcel(self, friend: FriendState, parcel: seal.Parcel) -> None:
        """Receipts, or segments that the friend left."""
        if parcel.kind == seal.OFFERED:
            self._exchange.on_sealed(friend, parcel.body)
            return
        try:
            self._sending.confirm(friend, seg.unpack_receipt(parcel.body))
        except PacketError:
            self._rt.counters.drop("offline_receipt")

    def receipt_owed(self, friend: FriendState, message_id: bytes) -> None:
        """The friend is to be told that this message came, unless it is a text of which parts are missing."""
        if not self._joiner.has(friend.real_pk, message_id):
            self._receipts.owe(friend.real_pk, message_id)
            self._versions.changed()
