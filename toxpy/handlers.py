"""Handlers: functions that an instance calls for what happens.

There is one handler per type of event, and two more for messages, which many programs want without
looking at events: one gets friend and text, one the message type too; and one for each ID of a custom
packet. All that are set are called, always in this order: `on_message`, `on_typed_message`, or `on_packet`,
then the event type's own.

A handler may be replaced by any thread, and by a handler: it is looked up once for each event, so each
goes to the one before or the one after, never to none. A None takes the handler away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from toxpy.generated.typed_enums import MessageType
from toxpy.generated.typed_events import Event, FriendLosslessPacket, FriendLossyPacket, FriendMessage

E = TypeVar("E", bound=Event)
MessageHandler = Callable[[int, str], object]
TypedMessageHandler = Callable[[int, MessageType, str], object]
PacketHandler = Callable[[int, bytes], object]

#: First bytes of custom packets, lossless and lossy.
PACKET_IDS = frozenset((*range(160, 192), *range(200, 255)))


class Handlers:
    """Of one instance."""

    __slots__ = ("_by_packet_id", "_by_type", "_message", "_typed_message")

    def __init__(self) -> None:
        self._by_type: dict[type[Event], Callable[[Any], object]] = {}
        self._by_packet_id: dict[int, PacketHandler] = {}
        self._message: MessageHandler | None = None
        self._typed_message: TypedMessageHandler | None = None

    def set(self, kind: type[E], handler: Callable[[E], object] | None) -> Callable[[E], object] | None:
        """See `Tox.on`."""
        if not issubclass(kind, Event):
            raise TypeError(f"{kind!r} is no type of event")
        before = self._by_type.get(kind)
        if handler is None:
            self._by_type.pop(kind, None)
        else:
            # in one step: between taking away and setting an event could find nobody
            self._by_type[kind] = handler
        return before

    def set_message(self, handler: MessageHandler | None) -> MessageHandler | None:
        """See `Tox.on_message`."""
        before, self._message = self._message, handler
        return before

    def set_typed_message(self, handler: TypedMessageHandler | None) -> TypedMessageHandler | None:
        """See `Tox.on_typed_message`."""
        before, self._typed_message = self._typed_message, handler
        return before

    def set_packet(self, packet_id: int, handler: PacketHandler | None) -> PacketHandler | None:
        """See `Tox.on_packet`."""
        if packet_id not in PACKET_IDS:
            raise ValueError("custom packets begin with 160 to 191 (lossless) or 200 to 254 (lossy)")
        before = self._by_packet_id.get(packet_id)
        if handler is None:
            self._by_packet_id.pop(packet_id, None)
        else:
            self._by_packet_id[packet_id] = handler
        return before

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
                    for_packet(event.friend_number, event.data)
        finally:
            if handler is not None:
                handler(event)

    def _call_for_message(self, event: FriendMessage) -> None:
        message, typed_message = self._message, self._typed_message
        try:
            if message is not None:
                message(event.friend_number, event.message)
        finally:
            if typed_message is not None:
                typed_message(event.friend_number, event.type, event.message)
