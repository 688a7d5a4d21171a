"""The part of `Core` for messages to friends who are away. Nothing of it is loaded without the option."""

from __future__ import annotations

from toxpy.errors import api_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.ext.messages.sent import Sent
    from toxpy.ext.offline.engine import OfflineMessages
    from toxpy.ext.offline.outbox import Message
    from toxpy.ext.offline.stats import StorageStats
    from toxpy.friend.friend import FriendState
    from toxpy.friend.layers import Layers


class OfflineCore:
    """Those functions, of Python programs only: C programs send as ever. Ids have 16 bytes."""

    __slots__ = ("_layers", "capability")

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        self.capability: OfflineMessages | None = None
        if layers.options.offline_messages:
            from toxpy.ext.offline.engine import OfflineMessages

            self.capability = OfflineMessages(layers)

    def _on(self) -> OfflineMessages:
        if self.capability is None:
            from toxpy.ext.messages.sent import MessageError

            raise MessageError(1, "MESSAGE_ERROR_OFF", "this needs the option offline_messages=True")
        return self.capability

    def _friend(self, number: int) -> FriendState:
        self._layers.rt.clock.update()
        friend = self._layers.messenger.friend(number)
        if friend is None:
            raise api_error("TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_FOUND")
        return friend

    def send(
        self,
        friend_number: int,
        type: int,
        message: bytes,
        reply_to: bytes | None = None,
        again: bytes | None = None,
    ) -> Sent:
        """Take a text of up to 64 KiB for a friend, online or not; `again` is the id that it had before."""
        sending = self._on().sending
        friend = self._friend(friend_number)
        self._layers.rt.converse()
        return sending.send(friend, type, message, reply_to, again)

    def message_state(self, friend_number: int, message_id: bytes) -> int:
        """What became of a message: one of `toxpy.ext.offline.states`. MessageError for an unknown one."""
        return self._on().sending.state(self._friend(friend_number), message_id)

    def outbox(self, friend_number: int) -> list[Message]:
        """The messages to a friend that no receipt came for, oldest first."""
        return list(self._on().outbox.of(self._friend(friend_number).real_pk).values())

    def cancel(self, friend_number: int, message_id: bytes) -> None:
        """Send a message no more; MessageError when somebody may have it already."""
        self._on().sending.take_back(self._friend(friend_number), message_id)

    def is_settled(self) -> bool:
        """True if friends who are online and our mailboxes know what they should, and the disk has all."""
        return self._on().is_settled()

    def version(self) -> int:
        """The number of the last change that has to be on disk."""
        return self._on().version

    def storage_stats(self) -> StorageStats:
        """What waits in our outbox, and what our mailboxes said of their room."""
        return self._on().storage_stats()
