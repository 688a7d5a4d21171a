"""The part of `Tox` for messages to friends who are away: their states, the outbox, what mailboxes have.

With `Tox(offline_messages=True)` a message to a friend who is away is kept. With a profile it is on the disk
when the function that sends it returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toxpy.arguments import as_number
from toxpy.ext.messages.tox import as_message_id
from toxpy.ext.offline import events
from toxpy.ext.offline.message_state import MessageState
from toxpy.ext.offline.states import shown
from toxpy.ext.offline.typed import (
    MessageStateChanged,
    OfflineMessageLost,
    OfflinePrekeysLow,
    QueuedMessage,
)
from toxpy.generated.typed_enums import MessageType
from toxpy.generated.typed_events import FriendEvent
from toxpy.tox_part import ToxPart

if TYPE_CHECKING:
    from toxpy.core import Core
    from toxpy.ext.offline.stats import StorageStats


class OfflineTox(ToxPart):
    """Part of `Tox`."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        #: False: who sends sees to it that the disk has what is kept
        self._waits_for_disk = True
        #: the capability's version that a save was asked for
        self._asked_version = 0
        if core.offline.capability is not None:
            typed = self._typed
            self._typed = lambda event: _typed_of(event) or typed(event)

    # saving

    def _begin_saving(self) -> None:
        """The instance, or the core that it goes on with, is saved into a profile."""
        capability = self.core.offline.capability
        self._asked_version = 0
        if self._autosave is not None:
            self._autosave.tell(capability)
            if capability is not None:
                capability.holds_events = True
                self._on_sent = self._keep if self._waits_for_disk else None

    def _before_events(self) -> None:
        super()._before_events()
        capability = self.core.offline.capability
        if capability is not None and capability.version != self._asked_version:
            self._asked_version = capability.version
            self._changed()

    def _keep(self, friend_number: int, message_id: int) -> None:
        """Return once the disk has a message that waits; one that it cannot have is not kept."""
        waiting = [queued for queued in self.friend_outbox(friend_number) if queued.message_id == message_id]
        if self._autosave is None or not waiting or waiting[0].state != MessageState.QUEUED:
            # it was written to the friend
            return
        try:
            self._autosave.save_now()
        except OSError:
            self.core.offline.cancel(friend_number, waiting[0].id)
            raise

    def _ask_to_save(self) -> int:
        """Have the present state saved at once; the version that `_is_saved` is to be asked for."""
        capability = self.core.offline.capability
        if capability is None or self._autosave is None:
            return 0
        self._asked_version = capability.version
        self._autosave.changed(at_once=True)
        return self._asked_version

    def _is_saved(self, version: int) -> bool:
        """True if the disk has that version; raises why the last save failed."""
        capability = self.core.offline.capability
        if capability is None or self._autosave is None or capability.saved_version >= version:
            return True
        if self._autosave.profile.save_error is not None:
            raise self._autosave.profile.save_error
        return False

    # what programs ask

    def friend_message_state(self, friend_number: int, sent_id: bytes) -> MessageState:
        """How far our message with that id has come; MessageError for one that is not known any more."""
        state = self.core.offline.message_state(as_number(friend_number), as_message_id(sent_id))
        return MessageState(state)

    def friend_outbox(self, friend_number: int) -> list[QueuedMessage]:
        """Messages of ours that the friend has not confirmed, oldest first."""
        return [
            QueuedMessage(
                entry.id,
                entry.number,
                MessageType(entry.kind),
                entry.text,
                entry.sent_ms / 1000,
                MessageState(shown(entry.state)),
                entry.copies,
            )
            for entry in self.core.offline.outbox(as_number(friend_number))
        ]

    def friend_cancel_message(self, friend_number: int, sent_id: bytes) -> None:
        """Keep a message no longer. MessageError when the friend or a mailbox may have it already."""
        self.core.offline.cancel(as_number(friend_number), as_message_id(sent_id))
        self._changed()

    def storage_stats(self) -> StorageStats:
        """What waits here and in mailboxes of ours, and what room they have."""
        return self.core.offline.storage_stats()


def _typed_of(event: Any) -> FriendEvent | None:
    """An event of ours as programs see it; None for all others."""
    kind = type(event)
    if kind is events.MessageStateChanged:
        state = MessageState(event.state)
        return MessageStateChanged(event.friend_number, event.message_id, event.id, state)
    if kind is events.OfflineMessageLost:
        return OfflineMessageLost(event.friend_number, event.reason)
    if kind is events.OfflinePrekeysLow:
        return OfflinePrekeysLow(event.friend_number, event.left)
    return None
