"""`AsyncTox`: the same instance for asyncio.

    async with AsyncTox(savedata=data) as tox:
        friend = tox.friend_add("76 hex digits of a Tox ID", "Hello, this is Alice")
        await friend.online()
        receipt = await friend.send("hi")
        async for event in tox:
            ...

The event loop watches the UDP socket and one timer set to the core's next deadline: an idle
instance is not polled. Host names are looked up in a thread. Everything else runs in the
loop's own thread, from which alone the methods may be called. Handlers, which any thread may
set, are called there too; what one raises goes to the loop's exception handler.

`AsyncTox(profile=profile)` starts from a `toxpy.save.profile.Profile` and saves into it; the last save, at
the end of `async with`, does not hold up the loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from toxpy.core import Core
from toxpy.errors import ToxError
from toxpy.files.aio import AsyncFiles, FriendFiles
from toxpy.friend.why_offline import WhyOffline
from toxpy.generated.enums import (
    TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_CONNECTED,
    TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ,
)
from toxpy.generated.typed_enums import Connection, MessageType, UserStatus
from toxpy.generated.typed_events import (
    Event,
    FriendConnectionStatus,
    FriendReadReceipt,
    SelfConnectionStatus,
)
from toxpy.handlers import Handlers
from toxpy.ids import PublicKey, ToxId
from toxpy.start import api_error, host_text
from toxpy.system.sockets import ip_text, resolve
from toxpy.tox import Tox, ToxClosed, build_options, to_bytes, with_profile

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from toxpy.handlers import E, MessageHandler, PacketHandler, TypedMessageHandler
    from toxpy.options import Options
    from toxpy.save.profile import Profile

__all__ = ["AsyncTox", "Friend"]

#: Events kept for a program that does not take them; beyond it the oldest is dropped and counted.
MAX_QUEUED_EVENTS = 65_536


def _finish(future: asyncio.Future[Any], result: Any) -> None:
    """Give a waiting call its result, unless it was cancelled."""
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    """Make a waiting call raise, unless it was cancelled."""
    if not future.done():
        future.set_exception(error)


def _nothing() -> None:
    """The last save of an instance that is closed already."""


def _not_connected(message: str) -> ToxError:
    code = TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_CONNECTED
    return ToxError(code, "TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_CONNECTED", message, retryable=True)


class Friend(FriendFiles):
    """One friend of an AsyncTox, valid until deleted."""

    __slots__ = ("number", "public_key", "tox")

    def __init__(self, tox: AsyncTox, number: int) -> None:
        self.tox = tox
        self.number = number
        self.public_key = tox.sync.friend_get_public_key(number)

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
        """Is the friend online, and how."""
        return self.tox.sync.friend_get_connection_status(self.number)

    def why_offline(self) -> WhyOffline:
        """How far the connection to the friend came, and when; `print` it for a sentence."""
        return self.tox.sync.friend_why_offline(self.number)

    async def online(self) -> None:
        """Return once the friend is connected."""
        await self.tox.wait_for_friend(self.number)

    async def send(
        self, message: str | bytes, type: MessageType | int = MessageType.NORMAL
    ) -> FriendReadReceipt:
        """Send a message and return its read receipt.

        Waits while the friend's send queue is full. ToxError FRIEND_NOT_CONNECTED (retryable) when the
        friend is offline, or goes offline before the receipt: whether the message arrived is then unknown.
        """
        return await self.tox.send_message(self.number, to_bytes(message), MessageType(type))

    @property
    def _files(self) -> AsyncTox:
        return self.tox

    @property
    def last_online(self) -> int:
        """Seconds since 1970 of the last moment we saw the friend online, 0 for never."""
        return self.tox.sync.friend_get_last_online(self.number)

    @property
    def typing(self) -> bool:
        """Is the friend typing."""
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


class AsyncTox(AsyncFiles):
    """One Tox instance in an asyncio event loop; `async with` starts and closes it."""

    def __init__(
        self,
        options: Options | None = None,
        *,
        core: Core | None = None,
        profile: Profile | None = None,
        **fields: Any,
    ) -> None:
        self._options = with_profile(build_options(options, fields), profile)
        self._profile = profile
        self._given_core = core
        self.handlers = Handlers()
        self._sync: Tox | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._descriptor = -1
        self._timer: asyncio.TimerHandle | None = None
        self._queue: deque[Event] = deque()
        self._failure: BaseException | None = None
        self._event_waiters: list[asyncio.Future[None]] = []
        self._space_waiters: list[asyncio.Future[None]] = []
        self._connection_waiters: list[asyncio.Future[None]] = []
        self._online_waiters: dict[int, list[asyncio.Future[None]]] = {}
        self._receipts: dict[tuple[int, int], asyncio.Future[FriendReadReceipt]] = {}
        self._friends: dict[int, Friend] = {}

    # life

    async def __aenter__(self) -> AsyncTox:
        if self._loop is not None:
            raise RuntimeError("an AsyncTox can be entered once")
        core = self._given_core if self._given_core is not None else await self._start()
        # when the profile cannot be used for it, the core is closed and this raises
        sync = Tox(core=core, profile=self._profile)
        self._loop = asyncio.get_running_loop()
        self._sync = sync
        sync.transfers.wake = self._schedule
        sync.transfers.report = self._report_program_error
        self._watch()
        return self

    def _watch(self) -> None:
        """Have the loop call us."""
        self._descriptor = self.sync.core.fileno()
        if self._descriptor >= 0 and self._loop is not None:
            self._loop.add_reader(self._descriptor, self._iterate)
        self._schedule()

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._loop is not None and self._descriptor >= 0 and not self._loop.is_closed():
            self._loop.remove_reader(self._descriptor)

    async def _start(self) -> Core:
        """A new instance; the proxy's host name is looked up in a thread."""
        options = self._options
        if options.proxy_type and options.proxy_host:
            names = {"ipv6": options.ipv6_enabled, "dns": not options.experimental_disable_dns}
            ips = await asyncio.to_thread(resolve, host_text(options.proxy_host), **names)
            if ips:
                options = options.copy()
                options.proxy_host = ip_text(ips[0])
        return Core(options)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        last_save = self._close()
        if self._profile is not None:
            await asyncio.to_thread(last_save)

    def close(self) -> None:
        """Leave the loop, tell friends, free everything; whoever waits gets ToxClosed. Repeatable.

        Waits for the last save into the profile; the end of `async with` does so without blocking the loop.
        """
        self._close()()

    def _close(self) -> Callable[[], None]:
        """`close` up to the last save, which is left to the caller."""
        sync, self._sync = self._sync, None
        if sync is None:
            return _nothing
        self._unwatch()
        for future in self._all_waiters():
            _fail(future, self._failure or ToxClosed())
        for waiter in self._event_waiters:
            _finish(waiter, None)
        return sync.close_and_leave_save()

    def _all_waiters(self) -> list[asyncio.Future[Any]]:
        waiting: list[asyncio.Future[Any]] = [*self._space_waiters, *self._connection_waiters]
        for futures in self._online_waiters.values():
            waiting += futures
        return [*waiting, *self._receipts.values()]

    @property
    def sync(self) -> Tox:
        """The synchronous API of this instance, for getters; what sends should go through `call`."""
        if self._sync is None:
            raise self._failure or ToxClosed()
        return self._sync

    @property
    def closed(self) -> bool:
        """Closed, or not yet entered."""
        return self._sync is None

    def call(self, name: str, *args: Any) -> Any:
        """Call a method of `Tox` by name and see to it that its consequences happen in time."""
        result = getattr(self.sync, name)(*args)
        self._schedule()
        return result

    # running

    def _schedule(self) -> None:
        """Set the timer to the core's next deadline."""
        if self._sync is None or self._loop is None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        delay_ms = 0 if self._sync.core.has_events() else self._sync.core.deadline_in_ms()
        if delay_ms is not None:
            self._timer = self._loop.call_later(delay_ms / 1000, self._iterate)

    def _iterate(self) -> None:
        """The socket has data or a deadline came."""
        if self._sync is None:
            return
        sync = self._sync
        try:
            sync.core.iterate()
            for event in sync.take_events():
                self._deliver(event)
        except Exception as error:  # noqa: BLE001
            # a defect of ours: the program must see it where it waits, and not in the loop's log only
            self._failure = error
            self.close()
            return
        if self._sync is not sync:
            # closed by a handler
            return
        for waiter in self._space_waiters:
            _finish(waiter, None)
        self._space_waiters.clear()
        self._schedule()

    def _deliver(self, event: Event) -> None:
        if isinstance(event, FriendReadReceipt):
            future = self._receipts.pop((event.friend_number, event.message_id), None)
            if future is not None:
                _finish(future, event)
        elif isinstance(event, FriendConnectionStatus):
            self._friend_changed(event)
        elif isinstance(event, SelfConnectionStatus) and event.connection_status != Connection.NONE:
            for waiter in self._connection_waiters:
                _finish(waiter, None)
            self._connection_waiters.clear()
        if len(self._queue) >= MAX_QUEUED_EVENTS:
            self._queue.popleft()
            self.sync.core.rt.counters.drop("event_not_taken")
        self._queue.append(event)
        for waiter in self._event_waiters:
            _finish(waiter, None)
        self._event_waiters.clear()
        self._call_handlers(event)

    def _call_handlers(self, event: Event) -> None:
        try:
            self.handlers.call(event)
        except Exception as error:  # noqa: BLE001
            self._report_program_error(error, event)

    def _report_program_error(self, error: BaseException, event: Event | None = None) -> None:
        """The program's defect: it stops neither us nor the events behind this one."""
        if self._loop is not None:
            text = "a handler of a Tox event raised" if event is not None else "a file's on_progress raised"
            self._loop.call_exception_handler({"message": text, "exception": error, "event": event})

    def _friend_changed(self, event: FriendConnectionStatus) -> None:
        if event.connection_status == Connection.NONE:
            self._fail_receipts(event.friend_number, "the friend went offline before the receipt came")
            return
        for waiter in self._online_waiters.pop(event.friend_number, ()):
            _finish(waiter, None)

    def _fail_receipts(self, friend_number: int, message: str) -> None:
        for key in [key for key in self._receipts if key[0] == friend_number]:
            _fail(self._receipts.pop(key), _not_connected(message))

    def __aiter__(self) -> AsyncTox:
        return self

    async def __anext__(self) -> Event:
        while not self._queue:
            if self._failure is not None:
                raise self._failure
            if self._sync is None or self._loop is None:
                raise StopAsyncIteration
            waiter: asyncio.Future[None] = self._loop.create_future()
            self._event_waiters.append(waiter)
            await waiter
        return self._queue.popleft()

    # handlers

    def on(self, kind: type[E], handler: Callable[[E], object] | None) -> Callable[[E], object] | None:
        """Call `handler(event)` for events of that type; None to stop. The handler before is returned."""
        return self.handlers.set(kind, handler)

    def on_message(self, handler: MessageHandler | None) -> MessageHandler | None:
        """Call `handler(friend_number, text)` for each message; None to stop. The one before is returned."""
        return self.handlers.set_message(handler)

    def on_typed_message(self, handler: TypedMessageHandler | None) -> TypedMessageHandler | None:
        """Call `handler(friend_number, message_type, text)` for each message, after that of `on_message`."""
        return self.handlers.set_typed_message(handler)

    def on_packet(self, packet_id: int, handler: PacketHandler | None) -> PacketHandler | None:
        """Call `handler(friend_number, data)` for custom packets of that first byte; see `Tox.on_packet`."""
        return self.handlers.set_packet(packet_id, handler)

    # network

    async def bootstrap(self, host: str, port: int, public_key: str | bytes | PublicKey) -> None:
        """Join the network through a node; a host name is looked up in a thread."""
        core, key = self.sync.core, PublicKey(public_key).raw
        ips = await asyncio.to_thread(resolve, host, **core.resolve_options())
        self.sync.core.bootstrap_addresses(ips, port, key)
        self._schedule()

    async def add_tcp_relay(self, host: str, port: int, public_key: str | bytes | PublicKey) -> None:
        """Use a TCP relay; a host name is looked up in a thread."""
        core, key = self.sync.core, PublicKey(public_key).raw
        ips = await asyncio.to_thread(resolve, host, **core.resolve_options())
        if not ips and core.names_go_to_proxy():
            self.sync.core.add_tcp_relay_by_name(host, port, key)
        else:
            self.sync.core.add_tcp_relay_addresses(ips, port, key)
        self._schedule()

    async def dht_send_nodes_request(
        self,
        public_key: str | bytes | PublicKey,
        ip: str,
        port: int,
        target_public_key: str | bytes | PublicKey,
    ) -> None:
        """`Tox.dht_send_nodes_request`; a host name is looked up in a thread."""
        found = await asyncio.to_thread(resolve, ip, **self.sync.core.resolve_options())
        if not found:
            raise api_error("TOX_ERR_DHT_SEND_NODES_REQUEST_BAD_IP", "unknown host")
        for address in found:
            self.call("dht_send_nodes_request", public_key, ip_text(address), port, target_public_key)

    async def wait_connected(self) -> None:
        """Return once we are connected to the network."""
        if self.sync.self_get_connection_status() == Connection.NONE:
            await self._wait(self._connection_waiters)

    async def _wait(self, waiters: list[asyncio.Future[None]]) -> None:
        """Wait in one of the lists; a cancelled wait leaves nothing behind."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiters.append(waiter)
        try:
            await waiter
        finally:
            if waiter in waiters:
                waiters.remove(waiter)

    # ourselves

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

    def get_savedata(self) -> bytes:
        """Everything worth keeping, secret key included, in c-toxcore's format."""
        return self.sync.get_savedata()

    def load(self, savedata: bytes) -> None:
        """`Tox.load`. Friend objects of the state before end; who waits for one of them gets a ToxError."""
        self._unwatch()
        try:
            self.sync.load(savedata)
        finally:
            if self._sync is not None and self._sync.closed:
                self.close()
            else:
                self._watch()
        for number in {*self._friends, *self._online_waiters, *(number for number, _ in self._receipts)}:
            self._forget_friend(number, "another state was loaded")

    # friends

    @property
    def friends(self) -> list[Friend]:
        """All friends."""
        return [self.friend(number) for number in self.sync.self_get_friend_list()]

    def friend(self, number: int) -> Friend:
        """The friend with that number, for example of an event."""
        friend = self._friends.get(number)
        if friend is None:
            friend = self._friends[number] = Friend(self, number)
        return friend

    def friend_add(self, address: str | bytes | ToxId, message: str | bytes) -> Friend:
        """Send a friend request to a Tox ID."""
        return self.friend(self.call("friend_add", address, message))

    def friend_add_norequest(self, public_key: str | bytes | PublicKey) -> Friend:
        """Add without a request, for example to accept one."""
        return self.friend(self.call("friend_add_norequest", public_key))

    def friend_delete(self, number: int) -> None:
        """Remove a friend; who waits for them gets a ToxError."""
        self.call("friend_delete", number)
        self._forget_friend(number, "the friend was deleted")

    def _forget_friend(self, number: int, why: str) -> None:
        self._friends.pop(number, None)
        self._fail_receipts(number, why)
        for waiter in self._online_waiters.pop(number, ()):
            _fail(waiter, _not_connected(why))

    async def wait_for_friend(self, number: int) -> None:
        """Return once that friend is connected."""
        if self.sync.friend_get_connection_status(number) == Connection.NONE:
            waiters = self._online_waiters.setdefault(number, [])
            try:
                await self._wait(waiters)
            finally:
                if not waiters and self._online_waiters.get(number) is waiters:
                    del self._online_waiters[number]

    async def send_message(self, number: int, message: bytes, type: MessageType) -> FriendReadReceipt:
        """Send and wait for the receipt; see `Friend.send`."""
        while True:
            try:
                message_id = self.call("friend_send_message", number, message, type)
                break
            except ToxError as error:
                if error.code != TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ:
                    raise
            await self._wait(self._space_waiters)
        receipt: asyncio.Future[FriendReadReceipt] = asyncio.get_running_loop().create_future()
        self._receipts[number, message_id] = receipt
        try:
            return await receipt
        finally:
            self._receipts.pop((number, message_id), None)
