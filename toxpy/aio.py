"""`AsyncTox`: the same instance for asyncio.

    async with AsyncTox(savedata=data) as tox:
        friend = tox.friend_add("76 hex digits of a Tox ID", "Hello, this is Alice")
        await friend.online()
        await friend.send("hi")
        async for event in tox:
            ...

The event loop watches the UDP socket and one timer set to the core's next deadline: an idle
instance is not polled. Host names are looked up in a thread. Everything else runs in the
loop's own thread, from which alone the methods may be called. Handlers, which any thread may
set, are called there too; what one raises goes to the loop's exception handler. An async handler
becomes a task for each event.

`AsyncTox(profile=profile)` starts from a `toxpy.save.profile.Profile` and saves into it; the last save, at
the end of `async with`, does not hold up the loop.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from toxpy.aio_events import MAX_QUEUED_EVENTS, EventIterator, EventQueues
from toxpy.aio_part import fail
from toxpy.av.aio import CallsAio, CallsFriend
from toxpy.conference.aio import ConferenceAio
from toxpy.core import Core
from toxpy.ext.handshake.aio import HandshakeFriend
from toxpy.ext.messages.aio import MessagesAio, MessagesFriend
from toxpy.ext.offline.aio import OfflineAio, OfflineFriend
from toxpy.files.aio import FilesAio, FilesFriend
from toxpy.friend.aio import AsyncFriend, FriendAio, UserAio
from toxpy.group.aio import GroupAio
from toxpy.handlers import Handlers
from toxpy.network.aio import NetworkAio
from toxpy.runtime import LOG_WARNING
from toxpy.system.sockets import host_text, ip_text, resolve
from toxpy.tox import Tox, build_options, with_profile
from toxpy.tox_part import ToxClosed

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from toxpy.generated.typed_events import Event
    from toxpy.handlers import E, MessageHandler, PacketHandler, TypedMessageHandler
    from toxpy.options import Options
    from toxpy.save.profile import Profile

__all__ = ["AsyncTox", "Friend"]


def _nothing() -> None:
    """The last save of an instance that is closed already."""


class Friend(AsyncFriend, MessagesFriend, OfflineFriend, FilesFriend, CallsFriend, HandshakeFriend):
    """One friend of an AsyncTox, valid until deleted."""

    __slots__ = ()

    tox: AsyncTox


class AsyncTox(
    UserAio,
    OfflineAio,
    MessagesAio,
    FriendAio[Friend],
    FilesAio,
    ConferenceAio,
    GroupAio,
    CallsAio,
    NetworkAio,
):
    """One Tox instance in an asyncio event loop; `async with` starts and closes it."""

    _friend_type = Friend

    def __init__(
        self,
        options: Options | None = None,
        *,
        core: Core | None = None,
        profile: Profile | None = None,
        **fields: Any,
    ) -> None:
        super().__init__()
        self._options = with_profile(build_options(options, fields), profile)
        self._profile = profile
        self._given_core = core
        self.handlers = Handlers(self._spawn)
        self._descriptor = -1
        self._events: EventQueues[Event] = EventQueues(self._dropped, MAX_QUEUED_EVENTS)

    # life

    async def __aenter__(self) -> AsyncTox:
        if self._loop is not None:
            raise RuntimeError("an AsyncTox can be entered once")
        core = self._given_core if self._given_core is not None else await self._start()
        # when the profile cannot be used for it, the core is closed and this raises
        sync = Tox(core=core, profile=self._profile)
        self._loop = asyncio.get_running_loop()
        self._sync = sync
        # so that handlers that are set there are called too
        sync.handlers = self.handlers
        self._begin(sync)
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
        tasks = self._other_tasks()
        last_save = self._close()
        # they are cancelled; their last words belong to this instance
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._profile is not None:
            await asyncio.to_thread(last_save)

    def close(self) -> None:
        """Leave the loop, tell friends, free everything; whoever waits gets ToxClosed. Repeatable.

        Async handlers that still run are cancelled, but for one that calls this. Waits for the last save into
        the profile; the end of `async with` does so without blocking the loop.
        """
        self._close()()

    def _close(self) -> Callable[[], None]:
        """`close` up to the last save, which is left to the caller."""
        sync, self._sync = self._sync, None
        if sync is None:
            return _nothing
        self._unwatch()
        self._cancel_tasks()
        for future in self._all_waiting():
            fail(future, self._failure or ToxClosed())
        self._events.wake_all()
        self._on_close()
        return sync.close_and_leave_save()

    # running

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
        self._after_pass()
        self._schedule()

    def _deliver(self, event: Event) -> None:
        self._on_event(event)
        self._events.put(event)
        self._call_handlers(event)

    def _dropped(self, event: Event, is_first: bool) -> None:
        """No loop took it in time. That is as it should be where handlers do the work."""
        if self._sync is not None and not self.handlers.wants(event):
            rt = self._sync.core.rt
            rt.counters.drop("event_not_taken")
            if is_first:
                most = f"{MAX_QUEUED_EVENTS} wait, or very long texts"
                rt.log(LOG_WARNING, f"no loop takes events: {most}; older ones are dropped")

    def _call_handlers(self, event: Event) -> None:
        try:
            self.handlers.call(event)
        except Exception as error:  # noqa: BLE001
            self._report_program_error(error, event)

    def __aiter__(self) -> EventIterator[Event]:
        """Events, oldest first, until `close`; of several loops each gets all. See `toxpy.aio_events`."""
        return EventIterator(self._events, self._loop, self._raise_if_over)

    async def __anext__(self) -> Event:
        return await anext(aiter(self))

    def _raise_if_over(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._sync is None:
            raise StopAsyncIteration

    # handlers

    def on(self, kind: type[E], handler: Callable[[E], object] | None) -> Callable[[E], object] | None:
        """Call `handler(event)` for events of that type; None to stop. The handler before is returned.

        It may be async, as all handlers here: then each event has a task of its own. One for `ToxavCall` has
        calls taken; `current_call` is the call.
        """
        before = self.handlers.set(kind, handler)
        self._take_calls()
        return before

    def on_message(self, handler: MessageHandler | None) -> MessageHandler | None:
        """Call `handler(friend_number, text)` for each message; None to stop. The one before is returned."""
        return self.handlers.set_message(handler)

    def on_typed_message(self, handler: TypedMessageHandler | None) -> TypedMessageHandler | None:
        """Call `handler(friend_number, message_type, text)` for each message, after that of `on_message`."""
        return self.handlers.set_typed_message(handler)

    def on_packet(self, packet_id: int, handler: PacketHandler | None) -> PacketHandler | None:
        """Call `handler(friend_number, data)` for custom packets of that first byte; see `Tox.on_packet`."""
        return self.handlers.set_packet(packet_id, handler)

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
        self._forget_all("another state was loaded")
