"""What a friend says in extended messages: texts, edits, deletions."""

from __future__ import annotations

from toxpy.ext.messages import segments as seg
from toxpy.ext.messages.events import ExtendedMessage, MessageDeleted, MessageEdited
from toxpy.ext.messages.remembered import DELETED, MAX_IDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toxpy.ext.messages.friends import Friends, Talk
    from toxpy.ext.messages.segments import Half
    from toxpy.friend.friend import FriendState
    from toxpy.runtime import Runtime

#: Bytes of unfinished texts of all friends.
MAX_HALVES = 8 * 1024 * 1024


class Incoming:
    """Puts texts together. Each counts once: an id that is known is only confirmed again."""

    __slots__ = ("_events", "_friends", "_rt", "held")

    def __init__(self, friends: Friends, events: list[Any], *, rt: Runtime) -> None:
        self._friends = friends
        self._events = events
        self._rt = rt
        #: bytes of unfinished texts
        self.held = 0

    def _drop(self, why: str) -> None:
        self._rt.counters.drop("extended_message_" + why)

    def on_beginning(self, friend: FriendState, data: bytes) -> None:
        """A text or an edit, or the first piece of one."""
        talk = self._friends.talk(friend)
        if talk.half is not None:
            self._drop("broken_off")
            self.forget_half(talk)
        half = seg.parse_beginning(data)
        if half is None:
            self._drop("beginning")
            return
        talk.half = half
        self._grow(friend, talk, half, len(half.data))

    def on_more(self, friend: FriendState, data: bytes) -> None:
        """The next piece."""
        talk = self._friends.talk(friend)
        half, size = talk.half, len(data) - 1
        if half is None:
            self._drop("without_beginning")
            return
        if size == 0 or len(half.data) + size > half.total:
            self._drop("more")
            self.forget_half(talk)
            return
        half.data += data[1:]
        self._grow(friend, talk, half, size)

    def _grow(self, friend: FriendState, talk: Talk, half: Half, size: int) -> None:
        """`size` bytes more of a text are there, perhaps all."""
        self.held += size
        if len(half.data) == half.total:
            self.forget_half(talk)
            self._on_complete(friend, talk, half)
        elif self.held > MAX_HALVES:
            self._drop("too_many")
            self.forget_half(talk)

    def forget_half(self, talk: Talk) -> None:
        """What was begun is not needed any more."""
        if talk.half is not None:
            self.held -= len(talk.half.data)
            talk.half = None

    def _on_complete(self, friend: FriendState, talk: Talk, half: Half) -> None:
        ids, now_s = self._friends.ids(friend).received, self._rt.clock.unix_s()
        known = ids.get(half.id)
        if len(talk.owed) < MAX_IDS:
            # also when it came before, which the friend does not know
            talk.owed.append(half.id)
            self._friends.busy[friend] = talk
        if known is None:
            ids.put(half.id, now_s, half.number)
            reply_to = None if half.reply_to == seg.NO_ID else half.reply_to
            text = bytes(half.data)
            self._events.append(ExtendedMessage(friend, half.kind, text, half.id, half.sent_ms, reply_to))
        elif known[1] & DELETED or half.number <= known[0]:
            # the number of a text is 0
            self._drop("repeated")
        else:
            ids.put(half.id, now_s, half.number, known[1])
            self._events.append(MessageEdited(friend, half.id, bytes(half.data), half.sent_ms))

    def on_delete(self, friend: FriendState, data: bytes) -> None:
        """The friend takes a message back."""
        fields = seg.parse_delete(data)
        if fields is None:
            self._drop("delete")
            return
        message_id, sent_ms = fields
        ids = self._friends.ids(friend).received
        known = ids.get(message_id)
        if known is None or known[1] & DELETED:
            self._drop("delete_unknown")
            return
        ids.put(message_id, self._rt.clock.unix_s(), known[0], known[1] | DELETED)
        self._events.append(MessageDeleted(friend, message_id, sent_ms))
