"""Messages with ids, between two who have them: the bytes are in `segments`.

A friend's program may have these (then everything works), only the messages of ToxExt (then long texts and
receipts do), or neither: then a text goes as ordinary messages, cut where it is too long. All take the one
ordered stream of the friend connection, so messages of all kinds arrive in the order in which they were sent.

A text is written to the stream as a whole, or not at all. What of it has not arrived when the connection ends
is lost, and our user knows it, since no receipt came: the same text may be sent again under the same id, and
the friend shows it once. For that ids are remembered, in the save too.
"""

from __future__ import annotations

from toxpy.ext.messages import segments as seg
from toxpy.ext.messages.events import ExtendedMessage, MessagesExtended
from toxpy.ext.messages.foreign import ForeignMessages
from toxpy.ext.messages.friends import Friends, Talk
from toxpy.ext.messages.incoming import Incoming
from toxpy.ext.messages.outgoing import Outgoing
from toxpy.friend.capability import Capability
from toxpy.friend.envelope import Extension

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.friend.friend import FriendState
    from toxpy.friend.layers import Layers

#: Record of the ids in the section of extensions.
RECORD = 4


class ExtendedMessages(Capability, Extension):
    """Those of an instance."""

    __slots__ = ("_envelope", "_events", "_handlers", "_rt", "friends", "incoming", "outgoing")

    def __init__(self, layers: Layers) -> None:
        messenger, rt = layers.messenger, layers.rt
        self._events = events = messenger.events
        self._rt = rt
        self.friends = friends = Friends(messenger)
        self._envelope = envelope = messenger.envelope()
        envelope.add(seg.UUID, self)
        foreign = ForeignMessages(envelope, self._on_foreign_message, self._on_foreign_receipt, rt=rt)
        self.incoming = incoming = Incoming(friends, events, rt=rt)
        self.outgoing = outgoing = Outgoing(friends, envelope, foreign, events, rt=rt)
        self._handlers = {
            seg.TEXT: incoming.on_beginning,
            seg.EDIT: incoming.on_beginning,
            seg.MORE: incoming.on_more,
            seg.DELETE: incoming.on_delete,
            seg.GOT: outgoing.on_got,
            seg.SEEN: outgoing.on_seen,
        }
        messenger.records().claim(RECORD, friends.load, friends.collect)

    # the extension

    def on_ready(self, friend: FriendState) -> None:
        """The friend has them too."""
        self._events.append(MessagesExtended(friend))

    def on_segment(self, friend: FriendState, data: bytes) -> None:
        """One segment from the friend."""
        handler = self._handlers.get(data[0])
        if handler is None:
            self._rt.counters.drop("extended_message_kind")
        else:
            handler(friend, data)

    def on_gone(self, friend: FriendState) -> None:
        """The friend has them no longer: what was begun gets no end."""
        talk = self.friends.find(friend)
        if talk is not None:
            self.incoming.forget_half(talk)

    def _on_foreign_message(self, friend: FriendState, text: bytes) -> None:
        self._events.append(ExtendedMessage(friend, 0, text, None, None, None))

    def _on_foreign_receipt(self, friend: FriendState, receipt: int) -> None:
        self.outgoing.on_foreign_receipt(friend, receipt)

    # the capability

    def begin_pass(self) -> None:
        """Confirm what came, and see what of ordinary messages arrived."""
        busy = self.friends.busy
        for friend, talk in list(busy.items()):
            self._confirm(friend, talk)
            self.outgoing.check_plain(friend, talk)
            if not talk.owed and not talk.plain:
                del busy[friend]

    def _confirm(self, friend: FriendState, talk: Talk) -> None:
        while talk.owed:
            ids = talk.owed[: seg.MAX_IDS]
            if self._envelope.send(friend, seg.UUID, seg.id_segment(seg.GOT, ids)) < 0:
                # in a later pass: there is room once the friend confirms something
                return
            del talk.owed[: seg.MAX_IDS]

    def on_friend_gone(self, friend: FriendState) -> None:
        """What was under way is lost."""
        talk = self.friends.gone(friend)
        if talk is not None:
            self.incoming.forget_half(talk)
