"""The part of `AsyncTox` for messages with ids, and that of its `Friend`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from toxpy.aio_part import AioPart, FriendPart, finish_all
from toxpy.arguments import as_number
from toxpy.generated.enums import TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ
from toxpy.generated.typed_enums import Connection
from toxpy.generated.typed_events import (
    Event,
    FriendConnectionStatus,
    FriendName,
    FriendStatus,
    FriendStatusMessage,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from toxpy.ext.messages.sent import Sent
    from toxpy.friend.aio_sent import Receipts, SentMessage

#: Seconds that the first message to a friend who came online waits at most to learn what its program can.
SETTLING_S = 1.0
#: What a friend says when it comes online, after it said what its program can.
_GREETINGS = (FriendName, FriendStatus, FriendStatusMessage)


class MessagesFriend(FriendPart):
    """Part of `Friend`."""

    __slots__ = ()

    tox: MessagesAio

    @property
    def has_extended_messages(self) -> bool:
        """True if the friend is online and its program has these too."""
        return self.tox.sync.friend_has_extended_messages(self.number)

    async def edit(self, original: bytes, message: str | bytes, *, as_new: bool = False) -> SentMessage:
        """Give our message with the id `original` another text; see `Tox.friend_edit`."""
        return await self.tox.edit_message(self.number, original, message, as_new=as_new)

    async def delete_message(self, original: bytes) -> None:
        """Take our message with the id `original` back; see `Tox.friend_delete_message`."""
        await self.tox.delete_message(self.number, original)

    async def mark_seen(self, ids: Iterable[bytes]) -> None:
        """Tell the friend that our user saw the messages with these ids."""
        await self.tox.mark_seen(self.number, ids)


class MessagesAio(AioPart):
    """Part of `AsyncTox`."""

    _receipts: Receipts

    def __init__(self) -> None:
        super().__init__()
        self._before_message = self._until_settled
        #: friends of whom is known what their program can, as far as it will be
        self._settled: set[int] = set()
        #: those who have a message for another one
        self._settling: dict[int, list[asyncio.Future[None]]] = {}

    async def edit_message(
        self, number: int, original: bytes, message: str | bytes, *, as_new: bool = False
    ) -> SentMessage:
        """Give a message of ours another text; see `Friend.edit`."""
        await self._until_settled(number)

        def edit() -> SentMessage:
            sent: Sent = self.call("friend_edit", number, original, message, as_new=as_new)
            return self._receipts.handed_over(number, sent)

        return await self._send_when_possible(edit, TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ)

    async def delete_message(self, number: int, original: bytes) -> None:
        """Take a message of ours back; see `Friend.delete_message`."""
        await self._control(number, "friend_delete_message", original)

    async def mark_seen(self, number: int, ids: Iterable[bytes]) -> None:
        """Tell a friend what our user saw; see `Friend.mark_seen`."""
        await self._control(number, "friend_mark_seen", ids)

    async def _control(self, number: int, method: str, about: object) -> None:
        await self._until_settled(number)
        await self._send_when_possible(
            lambda: self.call(method, number, about), TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ
        )

    # what the friend's program can

    async def _until_settled(self, number: int) -> None:
        if self.sync.core.messages.capability is not None and as_number(number) not in self._settled:
            await self._settle(number)

    async def _settle(self, number: int) -> None:
        if not self.sync.friend_exists(number) or (
            self.sync.friend_get_connection_status(number) == Connection.NONE
        ):
            # the function says so
            return
        if self.sync.friend_has_extended_messages(number):
            self._settled.add(number)
            return
        try:
            async with asyncio.timeout(SETTLING_S):
                # it has said what it has, or is gone: `_learn` knows which
                await self._wait(self._settling.setdefault(number, []))
        except TimeoutError:
            # an old friend who said nothing of itself
            self._settled.add(number)

    def _on_event(self, event: Event) -> None:
        if self.sync.core.messages.capability is not None:
            self._learn(event)
        super()._on_event(event)

    def _learn(self, event: Any) -> None:
        from toxpy.ext.messages.events import MessagesExtended

        if isinstance(event, (MessagesExtended, *_GREETINGS)):
            self._settled.add(event.friend_number)
            self._wake(event.friend_number)
        elif isinstance(event, FriendConnectionStatus) and event.connection_status == Connection.NONE:
            self._settled.discard(event.friend_number)
            self._wake(event.friend_number)

    def _wake(self, number: int) -> None:
        finish_all(self._settling.pop(number, []))

    def _forget_friend(self, number: int, why: str) -> None:
        self._settled.discard(number)
        self._wake(number)
        super()._forget_friend(number, why)

    def _forget_all(self, why: str) -> None:
        for number in list(self._settling):
            self._wake(number)
        self._settled.clear()
        super()._forget_all(why)

    def _all_waiting(self) -> list[asyncio.Future[Any]]:
        settling = (waiter for waiters in self._settling.values() for waiter in waiters)
        return [*settling, *super()._all_waiting()]
