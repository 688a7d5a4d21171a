"""The part of `AsyncTox` for messages to friends who are away, and that of its `Friend`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from toxpy.aio_part import AioPart, FriendPart, fail, finish
from toxpy.ext.messages.sent import MessageError
from toxpy.ext.messages.tox import as_message_id
from toxpy.ext.offline.message_state import MessageState
from toxpy.ext.offline.typed import MessageStateChanged

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from toxpy.ext.offline.stats import StorageStats
    from toxpy.ext.offline.typed import QueuedMessage
    from toxpy.friend.aio_sent import Receipts, SentMessage
    from toxpy.generated.typed_events import Event
    from toxpy.save.profile import Profile
    from toxpy.tox import Tox


def _expired() -> MessageError:
    return MessageError(6, "MESSAGE_ERROR_EXPIRED", "the friend did not get the message in time")


def _taken_back() -> MessageError:
    return MessageError(7, "MESSAGE_ERROR_TAKEN_BACK", "the message was taken back")


class OfflineFriend(FriendPart):
    """Part of `Friend`."""

    __slots__ = ()

    tox: OfflineAio

    def outbox(self) -> list[QueuedMessage]:
        """Messages of ours that the friend has not confirmed, oldest first; also those of a run before."""
        return self.tox.sync.friend_outbox(self.number)

    def message_state(self, sent_id: bytes) -> MessageState:
        """How far our message with that id has come; MessageError for one that is not known any more."""
        return self.tox.sync.friend_message_state(self.number, sent_id)

    def sent_message(self, sent_id: bytes) -> SentMessage:
        """What `send` gave for a message in the outbox, also of a run before; MessageError for others."""
        return self.tox.sent_message(self.number, sent_id)

    def cancel_message(self, sent_id: bytes) -> None:
        """Keep a message no longer; see `Tox.friend_cancel_message`."""
        self.tox.cancel_message(self.number, sent_id)


class OfflineAio(AioPart):
    """Part of `AsyncTox`."""

    _profile: Profile | None
    _receipts: Receipts
    _kept: Callable[[int], set[int]] | None
    _after_message: Callable[[int, SentMessage], Awaitable[None]] | None

    def __init__(self) -> None:
        super().__init__()
        #: those for whom the disk is to have a version
        self._disk_waiters: dict[asyncio.Future[None], int] = {}

    def _begin(self, sync: Tox) -> None:
        super()._begin(sync)
        if sync.core.offline.capability is not None:
            # the outbox does that
            self._before_message = None
            self._after_message = self._until_on_disk
            self._kept = self._numbers_in_outbox
            sync._waits_for_disk, sync._on_sent = False, None

    # the disk

    async def _until_on_disk(self, number: int, sent: SentMessage) -> None:
        """Return once the disk has a message that waits; one that it cannot have is not kept."""
        if self._profile is None or sent.state != MessageState.QUEUED:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._disk_waiters[waiter] = self.sync._ask_to_save()
        self._schedule()
        try:
            await waiter
        except OSError:
            if not self.closed:
                self.cancel_message(number, sent.id)
            raise
        finally:
            self._disk_waiters.pop(waiter, None)

    def _after_pass(self) -> None:
        for waiter, version in list(self._disk_waiters.items()):
            try:
                if self.sync._is_saved(version):
                    finish(waiter, None)
            except OSError as error:
                fail(waiter, error)
        super()._after_pass()

    def _all_waiting(self) -> list[asyncio.Future[Any]]:
        return [*self._disk_waiters, *super()._all_waiting()]

    def _forget_all(self, why: str) -> None:
        for waiter in self._disk_waiters:
            finish(waiter, None)
        super()._forget_all(why)

    # states

    def _numbers_in_outbox(self, number: int) -> set[int]:
        return {queued.message_id for queued in self.sync.friend_outbox(number)}

    def _on_event(self, event: Event) -> None:
        if isinstance(event, MessageStateChanged):
            self._receipts.moved(event.friend_number, event.message_id, event.state)
            if event.state == MessageState.EXPIRED:
                self._receipts.lost(event.friend_number, event.message_id, _expired())
        super()._on_event(event)

    def sent_message(self, number: int, sent_id: bytes) -> SentMessage:
        """What sending gave for a message in the outbox; see `Friend.sent_message`."""
        raw = as_message_id(sent_id)
        for queued in self.sync.friend_outbox(number):
            if queued.id == raw:
                return self._receipts.expect(number, queued.message_id, raw, queued.state)
        raise MessageError(3, "MESSAGE_ERROR_UNKNOWN", "no message with that id waits for the friend")

    def cancel_message(self, number: int, sent_id: bytes) -> None:
        """Keep a message no longer; see `Friend.cancel_message`."""
        sent = self.sent_message(number, sent_id)
        self.call("friend_cancel_message", number, sent_id)
        self._receipts.moved(number, sent.message_id, MessageState.EXPIRED)
        self._receipts.lost(number, sent.message_id, _taken_back())

    def storage_stats(self) -> StorageStats:
        """What waits here, and what our mailboxes said of their room; see `Tox.storage_stats`."""
        return self.sync.storage_stats()
