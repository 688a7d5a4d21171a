"""Messages that were handed over, as `AsyncTox` programs wait for their receipts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from toxpy.aio_part import fail, finish
from toxpy.arguments import as_seconds
from toxpy.errors import ToxError
from toxpy.ext.offline.message_state import MessageState
from toxpy.generated.enums import TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_CONNECTED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from toxpy.ext.messages.sent import Sent
    from toxpy.generated.typed_events import FriendReadReceipt


def not_connected(message: str) -> ToxError:
    """The friend is offline: the error of sending."""
    code = TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_CONNECTED
    return ToxError(code, "TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_CONNECTED", message, retryable=True)


class SentMessage:
    """A message that was handed over; its receipt may be waited for, or not."""

    __slots__ = ("_news", "_outcome", "_state", "id", "message_id")

    def __init__(
        self, message_id: int, id: bytes, state: MessageState, outcome: asyncio.Future[FriendReadReceipt]
    ) -> None:
        #: the number that its `FriendReadReceipt` will have
        self.message_id = message_id
        #: its id of 16 bytes, for edits and answers; empty without `extended_messages`
        self.id = id
        self._state = state
        self._outcome = outcome
        #: done when the state is another one; None while nobody waits for that
        self._news: asyncio.Future[None] | None = None

    @property
    def received(self) -> bool:
        """True once the receipt came."""
        return self._outcome.done() and self._outcome.exception() is None

    @property
    def state(self) -> MessageState:
        """How far it has come."""
        return self._state

    async def receipt(self, timeout_s: float | None = None) -> FriendReadReceipt:
        """Return the read receipt, now or when it comes.

        TimeoutError after `timeout_s`, and the receipt may be waited for again. ToxError FRIEND_NOT_CONNECTED
        (retryable) when the friend went offline before: whether the message arrived is then unknown. With
        `offline_messages` it goes on instead, and MessageError says that it expired.
        """
        as_seconds(timeout_s, "timeout_s")
        # not `await`ed itself: that would cancel it together with who waits
        await asyncio.wait([self._outcome], timeout=timeout_s)
        if not self._outcome.done():
            raise TimeoutError(f"no receipt within {timeout_s:g} s")
        return self._outcome.result()

    async def delivered(self, timeout_s: float | None = None) -> None:
        """Return once the friend's program has it; the errors of `receipt`."""
        await self.receipt(timeout_s)

    async def states(self) -> AsyncIterator[MessageState]:
        """Its state now and each later one, up to DELIVERED or EXPIRED; who is slow gets the newest only.

        Raises what `receipt` does when the message is lost.
        """
        seen = None
        while True:
            if seen != self._state:
                seen = self._state
                yield seen
                continue
            if seen.is_final:
                return
            if self._outcome.done():
                self._outcome.result()
            if self._news is None:
                self._news = asyncio.get_running_loop().create_future()
            # not `await`ed themselves, as above
            waited: list[asyncio.Future[Any]] = [self._outcome, self._news]
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)

    def moved(self, state: MessageState) -> None:
        """For the instance: it came that far."""
        self._state = state
        news, self._news = self._news, None
        if news is not None:
            finish(news, None)

    def end(self, outcome: FriendReadReceipt | ToxError) -> None:
        """For the instance: nothing more happens to it."""
        if isinstance(outcome, ToxError):
            fail(self._outcome, outcome)
        else:
            self.moved(MessageState.DELIVERED)
            finish(self._outcome, outcome)

    def __repr__(self) -> str:
        return f"<SentMessage {self.message_id} {self._state.name.lower()}>"


class Receipts:
    """Messages without a receipt, by the friend's number and that of the receipt."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: dict[tuple[int, int], SentMessage] = {}

    def expect(self, number: int, message_id: int, id: bytes, state: MessageState) -> SentMessage:
        """A message that was handed over, now or before."""
        sent = self._waiting.get((number, message_id))
        if sent is None or sent.id != id:
            outcome: asyncio.Future[FriendReadReceipt] = asyncio.get_running_loop().create_future()
            sent = self._waiting[number, message_id] = SentMessage(message_id, id, state, outcome)
        return sent

    def handed_over(self, number: int, sent: Sent) -> SentMessage:
        """The same for what sending gave."""
        return self.expect(number, sent.message_id, sent.id, MessageState(sent.state))

    def take(self, receipt: FriendReadReceipt) -> None:
        """One came."""
        sent = self._waiting.pop((receipt.friend_number, receipt.message_id), None)
        if sent is not None:
            sent.end(receipt)

    def moved(self, number: int, message_id: int, state: MessageState) -> None:
        """A message came that far."""
        sent = self._waiting.get((number, message_id))
        if sent is not None:
            sent.moved(state)

    def lost(self, number: int, message_id: int, error: ToxError) -> None:
        """For that message none comes any more."""
        sent = self._waiting.pop((number, message_id), None)
        if sent is not None:
            sent.end(error)

    def fail(self, number: int, why: str, kept: Collection[int] = ()) -> None:
        """None comes any more from that friend, but for messages that are kept."""
        for key in [key for key in self._waiting if key[0] == number and key[1] not in kept]:
            self._waiting.pop(key).end(not_connected(why))

    def friends(self) -> set[int]:
        """Whose receipts are waited for."""
        return {number for number, _ in self._waiting}

    def all(self) -> list[asyncio.Future[FriendReadReceipt]]:
        """Those who wait."""
        return [sent._outcome for sent in self._waiting.values()]
