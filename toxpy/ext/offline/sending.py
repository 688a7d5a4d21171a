"""Our messages from `send` to their receipts, as far as the friend's own connection goes.

Every message is in the outbox until its receipt comes. It is written to a friend who is online, by
`toxpy.ext.messages`, and again under the same id if the connection ends without a receipt. A friend with
extended messages shows it once. One with an old program shows it twice if all came but the acknowledgement:
nobody can know, and a message that is lost is worse.

A friend who comes online says first what its program can, and what it found in its mailboxes. So we wait a
moment before we write.
"""

from __future__ import annotations

from toxpy.errors import ToxError
from toxpy.ext.messages.events import ExtendedReceipt
from toxpy.ext.messages.outgoing import check_text, new_number
from toxpy.ext.messages.sent import MessageError, Sent
from toxpy.ext.offline.events import MessageStateChanged
from toxpy.ext.offline.outbox import Message
from toxpy.ext.offline.states import CONFIRM, DIRECT, EXPIRE, TAKE_BACK, WRITE, shown
from toxpy.friend.friend import FRIEND_ONLINE
from toxpy.generated.enums import TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.ext.messages.engine import ExtendedMessages
    from toxpy.ext.offline.outbox import Outbox
    from toxpy.ext.offline.versions import Versions
    from toxpy.friend.friend import FriendState
    from toxpy.friend.messenger import Messenger
    from toxpy.runtime import Timer

_NO_ID = bytes(16)
#: Time in ms that a friend who comes online has to say what its program can; and what it found in mailboxes.
SETTLING_MS, RECEIPTS_MS = 1_000, 2_000
#: Ends of messages that are remembered.
MAX_ENDED = 1024


class Online:
    """A friend who is online: what was written, by the number of the receipt, and what was not, by id."""

    __slots__ = ("settling", "timer", "unwritten", "written")

    def __init__(self, waiting: dict[bytes, Message]) -> None:
        self.unwritten = dict(waiting)
        self.written: dict[int, Message] = {}
        self.settling = True
        self.timer: Timer | None = None


class Sending:
    """Of an instance."""

    __slots__ = (
        "_busy",
        "_ended",
        "_events",
        "_messages",
        "_messenger",
        "_online",
        "_rt",
        "_settling",
        "_versions",
        "changes",
        "outbox",
    )

    def __init__(
        self, messenger: Messenger, messages: ExtendedMessages, outbox: Outbox, versions: Versions
    ) -> None:
        self._messenger = messenger
        self._events = messenger.events
        self._rt = messenger.rt
        self._messages = messages
        self._versions = versions
        self.outbox = outbox
        #: grows when other messages wait for friends who are away
        self.changes = 0
        self._online: dict[FriendState, Online] = {}
        #: those of them for whom something is to be looked at in each pass
        self._settling: dict[FriendState, Online] = {}
        self._busy: dict[FriendState, Online] = {}
        #: the state in which messages ended, by friend and id, oldest first
        self._ended: dict[tuple[bytes, bytes], int] = {}
        messages.outgoing.on_receipt = self._on_receipt

    # for our user

    def send(
        self, friend: FriendState, kind: int, text: bytes, reply_to: bytes | None, again: bytes | None
    ) -> Sent:
        """Take a message of 1 to 65536 bytes; it goes on from here without our user.

        ToxError TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ if too much waits already.
        """
        check_text(kind, text)
        if again is not None:
            known = self.outbox.of(friend.real_pk).get(again)
            if known is not None:
                return self._sent(known)
        clock, message_id = self._rt.clock, again or self._rt.rng.bytes(16)
        number = new_number(friend)
        message = Message(message_id, number, clock.unix_ms(), kind, reply_to or _NO_ID, text)
        self.outbox.add(friend.real_pk, message)
        self._messages.outgoing.remember(friend, message_id)
        self._ended.pop((friend.real_pk, message_id), None)
        self._versions.changed()
        online = self._online.get(friend)
        if online is None:
            self.changes += 1
        else:
            online.unwritten[message_id] = message
            self._write(friend, online, quiet=True)
        return self._sent(message)

    def _sent(self, message: Message) -> Sent:
        return Sent(message.number, message.id, shown(message.state))

    def state(self, friend: FriendState, message_id: bytes) -> int:
        """The state of a message; MessageError for one that is not known, or no longer."""
        message = self.outbox.of(friend.real_pk).get(message_id)
        if message is not None:
            return shown(message.state)
        ended = self._ended.get((friend.real_pk, message_id))
        if ended is None:
            raise _unknown()
        return ended

    def take_back(self, friend: FriendState, message_id: bytes) -> None:
        """Send a message no more. MessageError for one that is over, or that somebody may have already."""
        message = self.outbox.of(friend.real_pk).get(message_id)
        if message is None:
            raise _unknown()
        if message.copies or message.state == DIRECT:
            words = "the message is on its way already: it cannot be taken back"
            raise MessageError(5, "MESSAGE_ERROR_ON_ITS_WAY", words)
        self._end(friend, message, TAKE_BACK)

    def expire(self, before_ms: int) -> None:
        """Give up messages that our user wrote before that moment, in ms since 1970."""
        for real_pk, message in self.outbox:
            friend = self._messenger.friend_by_key(real_pk)
            if message.sent_ms < before_ms and friend is not None:
                self._end(friend, message, EXPIRE)

    # the friend's connection

    def on_online(self, friend: FriendState) -> None:
        """The friend came online."""
        waiting = self.outbox.of(friend.real_pk)
        online = self._online[friend] = self._settling[friend] = Online(waiting)
        stored = any(message.copies for message in waiting.values())
        delay_ms = RECEIPTS_MS if stored else SETTLING_MS
        online.timer = self._rt.timers.call_later(delay_ms, lambda: self._settled(friend, online))

    def _settled(self, friend: FriendState, online: Online) -> None:
        """What the friend's program can is known, as far as it will be."""
        if online.timer is not None:
            online.timer.cancel()
            online.timer = None
        self._settling.pop(friend, None)
        online.settling = False
        self._write(friend, online)

    def begin_pass(self) -> None:
        """Write what now can be written."""
        for friend, online in list(self._settling.items()):
            if self._messages.outgoing.is_on(friend) and not any(m.copies for m in online.unwritten.values()):
                self._settled(friend, online)
        for friend, online in list(self._busy.items()):
            self._write(friend, online)

    def on_gone(self, friend: FriendState) -> None:
        """The friend went offline: what was written and not confirmed has to go again. Or it was deleted."""
        online = self._online.pop(friend, None)
        self._settling.pop(friend, None)
        self._busy.pop(friend, None)
        if online is not None:
            if online.timer is not None:
                online.timer.cancel()
            for message in online.written.values():
                message.settle()
                self._report(friend, message)
            if online.written:
                self._rt.counters.count("offline_written_again", len(online.written))
                self._versions.changed()
        if friend.deleted and self.outbox.forget(friend.real_pk):
            self._versions.changed()

    def _write(self, friend: FriendState, online: Online, quiet: bool = False) -> None:
        """Write in their order what the connection has room for; `quiet` reports no new state."""
        if online.settling or friend.status != FRIEND_ONLINE:
            return
        send, unwritten = self._messages.outgoing.send, online.unwritten
        while unwritten:
            message = next(iter(unwritten.values()))
            reply_to = None if message.reply_to == _NO_ID else message.reply_to
            words = (message.kind, message.text, reply_to, message.id)
            try:
                send(friend, *words, number=message.number, sent_ms=message.sent_ms)
            except ToxError as error:
                if isinstance(error, MessageError) or error.code != TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ:
                    # deleted by our user meanwhile
                    self._end(friend, message, TAKE_BACK)
                    continue
                self._busy[friend] = online
                return
            del unwritten[message.id]
            online.written[message.number] = message
            message.move(WRITE)
            self._versions.changed()
            if not quiet:
                self._report(friend, message)
        self._busy.pop(friend, None)

    # receipts

    def _on_receipt(self, friend: FriendState, number: int) -> None:
        """The friend confirmed what was written to it; the receipt is reported already."""
        online = self._online.get(friend)
        message = None if online is None else online.written.get(number)
        if message is not None:
            self._end(friend, message, CONFIRM)

    def confirm(self, friend: FriendState, ids: list[bytes]) -> None:
        """The friend found these in mailboxes."""
        messages = self.outbox.of(friend.real_pk)
        for message_id in ids:
            message = messages.get(message_id)
            if message is None:
                # confirmed twice: it was in several mailboxes, or came directly as well
                self._rt.counters.count("offline_receipt_again")
                continue
            self._messages.outgoing.forget(friend, message.number, message_id)
            self._events.append(ExtendedReceipt(friend, message.number, message_id))
            self._end(friend, message, CONFIRM)

    def _end(self, friend: FriendState, message: Message, event: str) -> None:
        """Nothing more is to be done for it."""
        message.move(event)
        self.outbox.remove(friend.real_pk, message)
        online = self._online.get(friend)
        if online is None:
            self.changes += 1
        else:
            online.unwritten.pop(message.id, None)
            online.written.pop(message.number, None)
        self._versions.changed()
        if event != TAKE_BACK:
            if len(self._ended) >= MAX_ENDED:
                del self._ended[next(iter(self._ended))]
            self._ended[friend.real_pk, message.id] = message.state
            self._report(friend, message)

    def stored(self, friend: FriendState, message: Message, event: str) -> None:
        """Take a step of the way by mailboxes."""
        before = shown(message.state)
        if message.move(event) and shown(message.state) != before:
            self._versions.changed()
            self._report(friend, message)

    def _report(self, friend: FriendState, message: Message) -> None:
        self._events.append(MessageStateChanged(friend, message.number, message.id, shown(message.state)))


def _unknown() -> MessageError:
    return MessageError(3, "MESSAGE_ERROR_UNKNOWN", "no such message to that friend is known, or no longer")
