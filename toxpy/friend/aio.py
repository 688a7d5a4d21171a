"""The friends' part of `AsyncTox` and of its `Friend`: ourselves, friends, messages with their receipts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from toxpy.aio_part import AioPart, FriendPart, fail, finish
from toxpy.arguments import as_number
from toxpy.friend.aio_sent import Receipts, SentMessage, not_connected
from toxpy.generated.enums import TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ
from toxpy.generated.typed_enums import Connection, MessageType, UserStatus
from toxpy.generated.typed_events import Event, FriendConnectionStatus, FriendReadReceipt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from toxpy.ext.messages.sent import Sent
    from toxpy.friend.why_offline import WhyOffline
    from toxpy.ids import PublicKey, ToxId


class AsyncFriend(FriendPart):
    """A `Friend` without the other capabilities' parts."""

    __slots__ = ()

    tox: FriendAio[Any]

    @property
    def name(self) -> str:
        """The friend's name as last told."""
        return self.tox.sync.friend_get_name(self.number)

    @property
    def status_message(self) -> str:
        """The friend's status message as last told."""
        return self.tox.sync.friend_get_status_message(self.number)

    @property
    def status(self) -> UserStatus:
        """The friend's status as last told."""
        return self.tox.sync.friend_get_status(self.number)

    @property
    def connection(self) -> Connection:
        """How the friend is reached: not at all, over UDP or over relays."""
        return self.tox.sync.friend_get_connection_status(self.number)

    def why_offline(self) -> WhyOffline:
        """How far the connection to the friend came, and when; `print` it for a sentence."""
        return self.tox.sync.friend_why_offline(self.number)

    @property
    def safety_number(self) -> str:
        """What both compare to know that each has the other's true key: 12 groups of 5 digits."""
        return self.tox.sync.friend_get_safety_number(self.number)

    async def online(self) -> None:
        """Return once the friend is connected."""
        await self.tox.wait_for_friend(self.number)

    async def send(
        self,
        message: str | bytes,
        type: MessageType | int = MessageType.NORMAL,
        *,
        reply_to: bytes | None = None,
        again: bytes | None = None,
    ) -> SentMessage:
        """Hand a message over, and return; `await sent.receipt()` waits until it was received.

        Waits while the friend's send queue is full. ToxError FRIEND_NOT_CONNECTED (retryable) when the friend
        is offline. `reply_to` and `again` as in `Tox.friend_send`.

        With `offline_messages` a message to a friend who is offline is kept. With a profile this returns once
        the disk has it; OSError when it cannot, and the message is not kept then. ToxError SENDQ (retryable)
        when too much waits already.
        """
        return await self.tox.send_message(self.number, message, type, reply_to=reply_to, again=again)

    def send_nowait(
        self,
        message: str | bytes,
        type: MessageType | int = MessageType.NORMAL,
        *,
        reply_to: bytes | None = None,
        again: bytes | None = None,
    ) -> SentMessage:
        """`send`, but ToxError SENDQ (retryable) while the friend's send queue is full."""
        return self.tox.send_message_nowait(self.number, message, type, reply_to=reply_to, again=again)

    @property
    def last_online(self) -> int:
        """Seconds since 1970 of the last moment we saw the friend online, 0 for never."""
        return self.tox.sync.friend_get_last_online(self.number)

    @property
    def typing(self) -> bool:
        """True if the friend is typing."""
        return self.tox.sync.friend_get_typing(self.number)

    def send_lossless_packet(self, data: bytes) -> None:
        """Send a custom packet; first byte 160 to 191, at most 1373 bytes."""
        self.tox.call("friend_send_lossless_packet", self.number, data)

    def send_lossy_packet(self, data: bytes) -> None:
        """Send a custom packet that may get lost; first byte 192 to 254, at most 1373 bytes."""
        self.tox.call("friend_send_lossy_packet", self.number, data)

    def set_typing(self, typing: bool) -> None:
        """Tell the friend whether we are typing."""
        self.tox.call("self_set_typing", self.number, typing)

    def delete(self) -> None:
        """Remove this friend."""
        self.tox.friend_delete(self.number)

    def __repr__(self) -> str:
        return f"<Friend {self.number} {self.public_key}>"


F = TypeVar("F", bound=AsyncFriend)


class UserAio(AioPart):
    """Part of `AsyncTox`: ourselves."""

    @property
    def address(self) -> ToxId:
        """Our Tox ID."""
        return self.sync.self_get_address()

    @property
    def name(self) -> str:
        """Our name."""
        return self.sync.self_get_name()

    @name.setter
    def name(self, name: str) -> None:
        self.call("self_set_name", name)

    @property
    def status_message(self) -> str:
        """Our status message."""
        return self.sync.self_get_status_message()

    @status_message.setter
    def status_message(self, message: str) -> None:
        self.call("self_set_status_message", message)

    @property
    def status(self) -> UserStatus:
        """Our status."""
        return self.sync.self_get_status()

    @status.setter
    def status(self, status: UserStatus | int) -> None:
        self.call("self_set_status", status)

    @property
    def nospam(self) -> int:
        """The nospam in our Tox ID; requests to an address with the one before are ignored."""
        return self.sync.self_get_nospam()

    @nospam.setter
    def nospam(self, nospam: int) -> None:
        self.call("self_set_nospam", nospam)


class FriendAio(AioPart, Generic[F]):
    """Part of `AsyncTox`: friends, whose class it says."""

    _friend_type: type[F]

    def __init__(self) -> None:
        super().__init__()
        self._friends: dict[int, F] = {}
        self._receipts = Receipts()
        #: gives the numbers of messages to a friend that are kept until their receipts come
        self._kept: Callable[[int], set[int]] | None = None
        #: what the one who sent a message waits for
        self._after_message: Callable[[int, SentMessage], Awaitable[None]] | None = None
        #: those for whom a friend is to come online
        self._online_waiters: dict[int, list[asyncio.Future[None]]] = {}

    @property
    def friends(self) -> list[F]:
        """All friends."""
        return [self.friend(number) for number in self.sync.self_get_friend_list()]

    def friend(self, number: int) -> F:
        """The friend with that number, for example of an event."""
        friend = self._friends.get(as_number(number))
        if friend is None:
            friend = self._friends[number] = self._friend_type(self, number)
        return friend

    def friend_add(self, address: str | bytes | ToxId, message: str | bytes) -> F:
        """Send a friend request to a Tox ID."""
        return self.friend(self.call("friend_add", address, message))

    def friend_add_norequest(self, public_key: str | bytes | PublicKey) -> F:
        """Add without a request, for example to accept one."""
        return self.friend(self.call("friend_add_norequest", public_key))

    def friend_delete(self, number: int) -> None:
        """Remove a friend; who waits for them gets a ToxError."""
        self.call("friend_delete", number)
        self._forget_friend(number, "the friend was deleted")

    def _forget_friend(self, number: int, why: str) -> None:
        self._friends.pop(number, None)
        self._receipts.fail(number, why)
        for waiter in self._online_waiters.pop(number, ()):
            fail(waiter, not_connected(why))
        super()._forget_friend(number, why)

    def _forget_all(self, why: str) -> None:
        for number in {*self._friends, *self._online_waiters, *self._receipts.friends()}:
            self._forget_friend(number, why)
        super()._forget_all(why)

    async def wait_for_friend(self, number: int) -> None:
        """Return once that friend is connected."""
        if self.sync.friend_get_connection_status(number) == Connection.NONE:
            waiters = self._online_waiters.setdefault(number, [])
            try:
                await self._wait(waiters)
            finally:
                if not waiters and self._online_waiters.get(number) is waiters:
                    del self._online_waiters[number]

    async def send_message(
        self,
        number: int,
        message: str | bytes,
        type: MessageType | int = MessageType.NORMAL,
        *,
        reply_to: bytes | None = None,
        again: bytes | None = None,
    ) -> SentMessage:
        """Hand a message over; see `Friend.send`."""
        if self._before_message is not None:
            await self._before_message(number)
        sent = await self._send_when_possible(
            lambda: self.send_message_nowait(number, message, type, reply_to=reply_to, again=again),
            TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ,
            # there will be no room in the outbox of a friend who is away
            lambda: self._kept is None or self.sync.friend_get_connection_status(number) != Connection.NONE,
        )
        if self._after_message is not None:
            await self._after_message(number, sent)
        return sent

    def send_message_nowait(
        self,
        number: int,
        message: str | bytes,
        type: MessageType | int = MessageType.NORMAL,
        *,
        reply_to: bytes | None = None,
        again: bytes | None = None,
    ) -> SentMessage:
        """Hand a message over; see `Friend.send_nowait`."""
        sent: Sent = self.call("friend_send", number, message, type, reply_to=reply_to, again=again)
        return self._receipts.handed_over(number, sent)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, FriendReadReceipt):
            self._receipts.take(event)
        elif isinstance(event, FriendConnectionStatus):
            self._friend_changed(event)
        super()._on_event(event)

    def _all_waiting(self) -> list[asyncio.Future[Any]]:
        """Those to fail when the instance closes; nobody may wait for a receipt."""
        online = (waiter for waiters in self._online_waiters.values() for waiter in waiters)
        return [*online, *self._receipts.all(), *super()._all_waiting()]

    def _friend_changed(self, event: FriendConnectionStatus) -> None:
        if event.connection_status == Connection.NONE:
            number, why = event.friend_number, "the friend went offline before the receipt came"
            self._receipts.fail(number, why, kept=self._kept(number) if self._kept is not None else ())
            return
        for waiter in self._online_waiters.pop(event.friend_number, ()):
            finish(waiter, None)
