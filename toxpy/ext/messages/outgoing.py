"""What we say in extended messages, and what friends confirm of it."""

from __future__ import annotations

from toxpy.errors import ToxError, api_error
from toxpy.ext.messages import segments as seg
from toxpy.ext.messages.events import ExtendedReceipt, MessageSeen
from toxpy.ext.messages.remembered import DELETED, IS_SEEN, MAX_IDS
from toxpy.ext.messages.sent import MessageError, Sent
from toxpy.ext.messages.split import split
from toxpy.friend.friend import FRIEND_ONLINE
from toxpy.friend.packets import MAX_MESSAGE_LENGTH, PACKET_MESSAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from toxpy.ext.messages.foreign import ForeignMessages
    from toxpy.ext.messages.friends import Friends, Talk
    from toxpy.friend.envelope import Envelope
    from toxpy.friend.friend import FriendState
    from toxpy.runtime import Runtime

_U32_MASK = 0xFFFFFFFF


def _queue_is_full() -> ToxError:
    return api_error("TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ", retryable=True)


def _check_online(friend: FriendState) -> None:
    if friend.status != FRIEND_ONLINE:
        raise api_error("TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_CONNECTED", retryable=True)


def check_text(kind: int, text: bytes) -> None:
    """The errors of an ordinary message, in their order."""
    if not text:
        raise api_error("TOX_ERR_FRIEND_SEND_MESSAGE_EMPTY")
    if kind not in (0, 1):
        raise api_error("TOX_ERR_FRIEND_SEND_MESSAGE_NULL")
    if len(text) > seg.MAX_TEXT_SIZE:
        words = f"a message has at most {seg.MAX_TEXT_SIZE} bytes"
        raise api_error("TOX_ERR_FRIEND_SEND_MESSAGE_TOO_LONG", words)


def _not_extended(words: str) -> MessageError:
    return MessageError(2, "MESSAGE_ERROR_NOT_EXTENDED", words)


class Outgoing:
    """Sends in the best way that the friend's program knows."""

    __slots__ = ("_envelope", "_events", "_foreign", "_friends", "_rt", "on_receipt")

    def __init__(
        self,
        friends: Friends,
        envelope: Envelope,
        foreign: ForeignMessages,
        events: list[Any],
        *,
        rt: Runtime,
    ) -> None:
        self._friends = friends
        self._envelope = envelope
        self._foreign = foreign
        self._events = events
        self._rt = rt
        #: who hears of friend and number of what was confirmed
        self.on_receipt: Callable[[FriendState, int], None] | None = None

    def is_on(self, friend: FriendState) -> bool:
        """True if the friend has them too."""
        return self._envelope.is_on(friend, seg.UUID)

    def send(
        self,
        friend: FriendState,
        kind: int,
        text: bytes,
        reply_to: bytes | None,
        again: bytes | None,
        *,
        number: int | None = None,
        sent_ms: int | None = None,
    ) -> Sent:
        """Send a text of 1 to 65536 bytes; its id is new, or that of one that is sent again.

        `number` and `sent_ms` are those of a text that waited: of its receipt, and when it was written.
        """
        check_text(kind, text)
        _check_online(friend)
        clock = self._rt.clock
        ids = self._friends.ids(friend).sent
        message_id = self._rt.rng.bytes(seg.ID_SIZE) if again is None else again
        known = ids.get(message_id)
        if known is not None and known[1] & DELETED:
            raise MessageError(
                3, "MESSAGE_ERROR_UNKNOWN", "the message was deleted: send the text as a new one"
            )
        if self.is_on(friend):
            reply = seg.NO_ID if reply_to is None else reply_to
            when_ms = clock.unix_ms() if sent_ms is None else sent_ms
            parts = seg.text_segments(message_id, when_ms, kind, reply, text)
            sent = self._send_segments(friend, message_id, parts, number)
        else:
            sent = self._send_otherwise(friend, message_id, kind, text, number)
        if known is None:
            ids.put(message_id, clock.unix_s())
        return sent

    def remember(self, friend: FriendState, message_id: bytes) -> None:
        """One that is sent later: it can be edited then, as others."""
        self._friends.ids(friend).sent.put(message_id, self._rt.clock.unix_s())

    def edit(self, friend: FriendState, message_id: bytes, text: bytes, as_new: bool) -> Sent:
        """Give a message of ours another text."""
        check_text(0, text)
        _check_online(friend)
        edited, flags = self._find_own(friend, message_id)
        if not self.is_on(friend):
            if not as_new:
                raise _not_extended(
                    "the friend's program cannot change messages; as_new=True sends the text as a new one"
                )
            return self._send_otherwise(friend, message_id, 0, text)
        if edited == seg.MAX_EDIT_NUMBER:
            raise MessageError(4, "MESSAGE_ERROR_EDITED_TOO_OFTEN", f"it was edited {edited} times")
        clock = self._rt.clock
        parts = seg.edit_segments(message_id, edited + 1, clock.unix_ms(), text)
        sent = self._send_segments(friend, message_id, parts)
        self._friends.ids(friend).sent.put(message_id, clock.unix_s(), edited + 1, flags)
        return sent

    def delete(self, friend: FriendState, message_id: bytes) -> None:
        """Take a message of ours back."""
        self._check_extended(friend)
        edited, flags = self._find_own(friend, message_id)
        clock = self._rt.clock
        self._send_control(friend, [seg.delete_segment(message_id, clock.unix_ms())])
        self._friends.ids(friend).sent.put(message_id, clock.unix_s(), edited, flags | DELETED)

    def mark_seen(self, friend: FriendState, ids: list[bytes]) -> None:
        """Tell the friend that our user saw these."""
        self._check_extended(friend)
        parts = [ids[at : at + seg.MAX_IDS] for at in range(0, len(ids), seg.MAX_IDS)]
        if parts:
            self._send_control(friend, [seg.id_segment(seg.SEEN, part) for part in parts])

    def _check_extended(self, friend: FriendState) -> None:
        _check_online(friend)
        if not self.is_on(friend):
            raise _not_extended("the friend's program has no extended messages")

    def _find_own(self, friend: FriendState, message_id: bytes) -> tuple[int, int]:
        """Number of the last edit, and flags, of a message of ours that still is one."""
        known = self._friends.ids(friend).sent.get(message_id)
        if known is None or known[1] & DELETED:
            words = "we sent that friend no such message, or it was deleted or is too old"
            raise MessageError(3, "MESSAGE_ERROR_UNKNOWN", words)
        return known

    # in the stream

    def _send_control(self, friend: FriendState, parts: list[bytes]) -> None:
        if self._envelope.send_many(friend, seg.UUID, parts) < 0:
            raise _queue_is_full()

    def _send_segments(
        self, friend: FriendState, message_id: bytes, parts: list[bytes], number: int | None = None
    ) -> Sent:
        self._send_control(friend, parts)
        if number is None:
            number = new_number(friend)
        awaiting = self._friends.talk(friend).awaiting
        if len(awaiting) >= MAX_IDS:
            # the friend confirms nothing
            del awaiting[next(iter(awaiting))]
        awaiting.setdefault(message_id, []).append(number)
        return Sent(number, message_id)

    def _send_otherwise(
        self, friend: FriendState, message_id: bytes, kind: int, text: bytes, number: int | None = None
    ) -> Sent:
        """To a friend without them: as ToxExt message, which has no kind, or as ordinary ones."""
        talk = self._friends.talk(friend)
        if kind == 0 and len(text) <= self._foreign.largest(friend):
            receipt = self._foreign.send(friend, text)
            if receipt < 0:
                raise _queue_is_full()
            if len(talk.foreign) >= MAX_IDS:
                del talk.foreign[next(iter(talk.foreign))]
            if number is None:
                number = new_number(friend)
            talk.foreign[receipt] = (message_id, number)
            return Sent(number, message_id)
        connection, head = friend.connection, bytes((PACKET_MESSAGE + kind,))
        pieces, crypto = split(text, MAX_MESSAGE_LENGTH), connection.crypto
        if crypto is None or not crypto.sender.takes_pieces(len(pieces)):
            raise _queue_is_full()
        for piece in pieces:
            last = connection.write(head + piece)
        if number is None:
            number = new_number(friend)
        talk.plain.append((last, message_id, number))
        self._friends.busy[friend] = talk
        return Sent(number, message_id)

    # what is confirmed

    def _confirmed(self, friend: FriendState, number: int, message_id: bytes) -> None:
        self._events.append(ExtendedReceipt(friend, number, message_id))
        if self.on_receipt is not None:
            self.on_receipt(friend, number)

    def forget(self, friend: FriendState, number: int, message_id: bytes) -> None:
        """No receipt of that text is of interest any more: the friend has it, and said so in another way."""
        talk = self._friends.find(friend)
        if talk is None:
            return
        numbers = talk.awaiting.get(message_id, [])
        if number in numbers:
            numbers.remove(number)
            if not numbers:
                del talk.awaiting[message_id]
        talk.plain[:] = [entry for entry in talk.plain if entry[2] != number]
        talk.foreign = {key: entry for key, entry in talk.foreign.items() if entry[1] != number}

    def _drop(self, why: str) -> None:
        self._rt.counters.drop("extended_message_" + why)

    def _ids_in(self, data: bytes) -> list[bytes]:
        ids = seg.parse_ids(data)
        if ids is None:
            self._drop("ids")
            return []
        return ids

    def on_got(self, friend: FriendState, data: bytes) -> None:
        """The friend has these."""
        awaiting = self._friends.talk(friend).awaiting
        for message_id in self._ids_in(data):
            numbers = awaiting.get(message_id)
            if numbers is None:
                self._drop("got_unknown")
                continue
            self._confirmed(friend, numbers.pop(0), message_id)
            if not numbers:
                del awaiting[message_id]

    def on_seen(self, friend: FriendState, data: bytes) -> None:
        """The friend's user saw these."""
        ids = self._friends.ids(friend).sent
        for message_id in self._ids_in(data):
            known = ids.get(message_id)
            if known is None or known[1] & (IS_SEEN | DELETED):
                self._drop("seen_unknown")
                continue
            ids.put(message_id, self._rt.clock.unix_s(), known[0], known[1] | IS_SEEN)
            self._events.append(MessageSeen(friend, message_id))

    def on_foreign_receipt(self, friend: FriendState, receipt: int) -> None:
        """The friend has that ToxExt message."""
        waiting = self._friends.talk(friend).foreign.pop(receipt, None)
        if waiting is None:
            self._drop("got_unknown")
            return
        message_id, number = waiting
        self._confirmed(friend, number, message_id)

    def check_plain(self, friend: FriendState, talk: Talk) -> None:
        """See which ordinary messages arrived."""
        crypto, done = friend.connection.crypto, 0
        for last, message_id, number in talk.plain:
            if crypto is None or not crypto.acknowledged(last):
                break
            self._confirmed(friend, number, message_id)
            done += 1
        del talk.plain[:done]


def new_number(friend: FriendState) -> int:
    """The number of a receipt, from the same row as those of ordinary messages."""
    friend.last_message_id = (friend.last_message_id + 1) & _U32_MASK
    return friend.last_message_id
