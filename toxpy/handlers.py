"""Handlers: functions that an instance calls for what happens.

There is one handler per type of event (a typed one of `toxpy`, or one of a capability that the program
added), and two more for messages, which many programs want without
looking at events: one gets friend and text, one the message type too; and one for each ID of a custom
packet. All that are set are called, always in this order: `on_message`, `on_typed_message`, or `on_packet`,
then the event type's own.

A handler may be replaced by any thread, and by a handler: it is looked up once for each event, so each
goes to the one before or the one after, never to none. A None takes the handler away.

An async function can be a handler of an `AsyncTox` only, which runs what it returns as a task: `Tox` has no
loop that could, and says so with a TypeError.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from inspect import iscoroutinefunction
from typing import Any, TypeVar

from toxpy.arguments import as_number
from toxpy.generated import events as core_events
from toxpy.generated.typed_enums import MessageType
from toxpy.generated.typed_events import Event, FriendLosslessPacket, FriendLossyPacket, FriendMessage

E = TypeVar("E", bound=Event | core_events.Event)
MessageHandler = Callable[[int, str], object]
TypedMessageHandler = Callable[[int, MessageType, str], object]
PacketHandler = Callable[[int, bytes], object]
Spawn = Callable[[Coroutine[Any, Any, object], Event], None]

#: First bytes of custom packets, lossless and lossy.
PACKET_IDS = frozenset((*range(160, 192), *range(200, 255)))


def check_function(function: object, *, may_be_async: bool = False) -> None:
    """TypeError for what nobody could call, or wait for; None is no function at all, and right."""
    if function is None:
        return
    if not callable(function):
        raise TypeError(f"a function is needed here, or None, not {function!r}")
    if not may_be_async and (iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__)):
        raise TypeError(_no_async(function))


def refuse_coroutine(result: object) -> None:
    """TypeError for what an async function returned, in a program that cannot run it."""
    if isinstance(result, Coroutine):
        result.close()
        raise TypeError(_no_async(result))


def _no_async(what: object) -> str:
    name = getattr(what, "__qualname__", repr(what))
    return f"{name} is async, and Tox cannot run it: use AsyncTox, or a plain function"


def _check_event_type(kind: object) -> None:
    if not (isinstance(kind, type) and issubclass(kind, Event | core_events.Event)):
        raise TypeError(f"{kind!r} is no type of event")
    if kind in core_events.ALL:
        raise TypeError(f"{kind!r} comes as toxpy.{kind.__name__}")


class Handlers:
    """Of one instance; `spawn` runs what async ones return, without it none may be async."""

    __slots__ = ("_by_packet_id", "_by_type", "_message", "_spawn", "_typed_message")

    def __init__(self, spawn: Spawn | None = None) -> None:
        self._spawn = spawn
        self._by_type: dict[type[object], Callable[[Any], object]] = {}
        self._by_packet_id: dict[int, PacketHandler] = {}
        self._message: MessageHandler | None = None
        self._typed_message: TypedMessageHandler | None = None

    def set(self, kind: type[E], handler: Callable[[E], object] | None) -> Callable[[E], object] | None:
        """See `Tox.on`."""
        _check_event_type(kind)
        self._check(handler)
        before = self._by_type.get(kind)
        if handler is None:
            self._by_type.pop(kind, None)
        else:
            # in one step: between taking away and setting an event could find nobody
            self._by_type[kind] = handler
        return before

    def set_message(self, handler: MessageHandler | None) -> MessageHandler | None:
        """See `Tox.on_message`."""
        self._check(handler)
        before, self._message = self._message, handler
        return before

    def set_typed_message(self, handler: TypedMessageHandler | None) -> TypedMessageHandler | None:
        """See `Tox.on_typed_message`."""
        self._check(handler)
        before, self._typed_message = self._typed_message, handler
        return before

    def set_packet(self, packet_id: int, handler: PacketHandler | None) -> PacketHandler | None:
        """See `Tox.on_packet`."""
        if as_number(packet_id, "a packet ID") not in PACKET_IDS:
            raise ValueError("custom packets begin with 160 to 191 (lossless) or 200 to 254 (lossy)")
        self._check(handler)
        before = self._by_packet_id.get(packet_id)
        if handler is None:
            self._by_packet_id.pop(packet_id, None)
        else:
            self._by_packet_id[packet_id] = handler
        return before

    def _check(self, handler: object) -> None:
        check_function(handler, may_be_async=self._spawn is not None)

    def has(self, kind: type[object]) -> bool:
        """True if there is a handler for events of that type."""
        return kind in self._by_type

    def wants(self, event: Event) -> bool:
        """True if there is a handler for the event."""
        if self.has(type(event)):
            return True
        if isinstance(event, FriendMessage):
            return self._message is not None or self._typed_message is not None
        return (
            isinstance(event, FriendLosslessPacket | FriendLossyPacket)
            and event.data[0] in self._by_packet_id
        )

    def call(self, event: Event) -> None:
        """Call all who are set for the event, also when one raises; an error is raised in the end."""
        # each is read once: a thread may take it away between a look and the call
        handler = self._by_type.get(type(event))
        try:
            if isinstance(event, FriendMessage):
                self._call_for_message(event)
            elif isinstance(event, FriendLosslessPacket | FriendLossyPacket):
                for_packet = self._by_packet_id.get(event.data[0])
                if for_packet is not None:
                    self._run(event, for_packet, event.friend_number, event.data)
        finally:
            if handler is not None:
                self._run(event, handler, event)

    def _call_for_message(self, event: FriendMessage) -> None:
        message, typed_message = self._message, self._typed_message
        try:
            if message is not None:
                self._run(event, message, event.friend_number, event.message)
        finally:
            if typed_message is not None:
                self._run(event, typed_message, event.friend_number, event.type, event.message)

    def _run(self, event: Event, handler: Callable[..., object], *arguments: object) -> None:
        result = handler(*arguments)
        if result is not None and isinstance(result, Coroutine):
            # also of a plain function that hands on what an async one returned
            if self._spawn is None:
                refuse_coroutine(result)
            else:
                self._spawn(result, event)
