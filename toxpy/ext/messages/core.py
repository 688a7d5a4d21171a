"""The part of `Core` for messages with ids. Without `Options.extended_messages` it sends plain ones."""

from __future__ import annotations

from toxpy.errors import api_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.ext.messages.engine import ExtendedMessages
    from toxpy.ext.messages.outgoing import Outgoing
    from toxpy.ext.messages.sent import MessageError, Sent
    from toxpy.friend.friend import FriendState
    from toxpy.friend.layers import Layers


def _is_off() -> MessageError:
    """The option was not set."""
    from toxpy.ext.messages.sent import MessageError

    return MessageError(1, "MESSAGE_ERROR_OFF", "this needs the option extended_messages=True")


class MessagesCore:
    """Those functions. Texts are bytes of UTF-8, ids have 16 bytes."""

    __slots__ = ("_layers", "capability")

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        self.capability: ExtendedMessages | None = None
        # messages that are kept for later need ids
        if layers.options.extended_messages or layers.options.offline_messages:
            from toxpy.ext.messages.engine import ExtendedMessages

            self.capability = ExtendedMessages(layers)

    def _outgoing(self) -> Outgoing:
        if self.capability is None:
            raise _is_off()
        return self.capability.outgoing

    def _friend(self, number: int) -> FriendState:
        self._layers.rt.converse()
        friend = self._layers.messenger.friend(number)
        if friend is None:
            raise api_error("TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_FOUND")
        return friend

    def has_friend_messages(self, friend_number: int) -> bool:
        """True if the friend is online and has extended messages too."""
        friend = self._friend(friend_number)
        return self.capability is not None and self.capability.outgoing.is_on(friend)

    def send(
        self,
        friend_number: int,
        type: int,
        message: bytes,
        reply_to: bytes | None = None,
        again: bytes | None = None,
    ) -> Sent:
        """Send a text of up to 64 KiB; `again` is the id of one that nobody confirmed."""
        outbound = self._layers.messenger.outbound
        if outbound is not None:
            from toxpy.ext.messages.sent import Sent

            taken = outbound.send(self._friend(friend_number), type, message, reply_to, again)
            return Sent(taken.message_id, taken.id, taken.state)
        if self.capability is None:
            if reply_to is not None or again is not None:
                raise _is_off()
            # only Python programs have this function, and the module
            from toxpy.ext.messages.sent import Sent

            self._layers.rt.converse()
            return Sent(self._layers.messenger.send_message(friend_number, type, message), b"")
        return self.capability.outgoing.send(self._friend(friend_number), type, message, reply_to, again)

    def edit(self, friend_number: int, original: bytes, message: bytes, as_new: bool = False) -> Sent:
        """Give a message of ours another text; with `as_new` friends without edits get it as a message."""
        return self._outgoing().edit(self._friend(friend_number), original, message, as_new)

    def delete(self, friend_number: int, original: bytes) -> None:
        """Take a message of ours back."""
        self._outgoing().delete(self._friend(friend_number), original)

    def mark_seen(self, friend_number: int, ids: list[bytes]) -> None:
        """Tell the friend that our user saw these messages."""
        self._outgoing().mark_seen(self._friend(friend_number), ids)
