"""Messages for friends who are away: what an instance has of it, put together.

`sending` has our messages until their receipts come. What it keeps is in the outbox, which is a record of the
save; `version` grows with each change, and `saved` says what is on disk.
"""

from __future__ import annotations

from toxpy.ext.messages.engine import ExtendedMessages
from toxpy.ext.offline import outbox as outboxes
from toxpy.ext.offline.keys import GENESIS_S
from toxpy.ext.offline.options import Offline, as_offline
from toxpy.ext.offline.outbox import Outbox
from toxpy.ext.offline.sending import Sending
from toxpy.ext.offline.stats import StorageStats
from toxpy.ext.offline.versions import Versions
from toxpy.friend.capability import Capability

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.friend.friend import FriendState
    from toxpy.friend.layers import Layers
    from toxpy.friend.messenger import Messenger

#: Milliseconds between two looks for messages that are too old.
EXPIRY_LOOK_MS = 600_000


def _messages_of(messenger: Messenger) -> ExtendedMessages:
    """Ids come from there."""
    for capability in messenger.capabilities:
        if isinstance(capability, ExtendedMessages):
            return capability
    raise LookupError("messages to friends who are away need extended_messages")


class OfflineMessages(Capability):
    """Of an instance."""

    __slots__ = ("_messenger", "_options", "_rt", "_versions", "outbox", "sending")

    def __init__(self, layers: Layers) -> None:
        self._messenger = messenger = layers.messenger
        self._rt = layers.rt
        self._options = as_offline(layers.options.offline_messages) or Offline()
        self._versions = versions = Versions(rt=layers.rt)
        self.outbox = Outbox()
        self.sending = Sending(messenger, _messages_of(messenger), self.outbox, versions)
        messenger.records().claim(outboxes.RECORD, self._load_outbox, self._collect_outbox)
        messenger.outbound = self.sending
        layers.rt.timers.call_later(0, self._look_for_old)

    # what is on disk

    @property
    def version(self) -> int:
        """The number of the last change that has to be on disk."""
        return self._versions.version

    @property
    def saved_version(self) -> int:
        """The number of the last change that is on disk."""
        return self._versions.saved_version

    def saved(self, version: int) -> None:
        """All changes up to that one are on disk."""
        self._versions.saved(version)

    @property
    def holds_events(self) -> bool:
        """True if somebody calls `saved`: what came from a mailbox is shown after that."""
        return self._versions.holds

    @holds_events.setter
    def holds_events(self, holds: bool) -> None:
        self._versions.holds = holds

    def _load_outbox(self, record: bytes) -> None:
        self.outbox.load(record)
        for real_pk in self.outbox.friends():
            friend = self._messenger.friend_by_key(real_pk)
            if friend is None:
                self.outbox.forget(real_pk)
                continue
            numbers = [message.number for message in self.outbox.of(real_pk).values()]
            friend.last_message_id = max(friend.last_message_id, *numbers)

    def _collect_outbox(self) -> bytes | None:
        self._versions.collect()
        return self.outbox.pack()

    # the capability

    def begin_pass(self) -> None:
        """Go on with what waits for friends who are online."""
        self.sending.begin_pass()

    def on_friend_online(self, friend: FriendState) -> None:
        """What waits for the friend is written soon."""
        self.sending.on_online(friend)

    def on_friend_gone(self, friend: FriendState) -> None:
        """What was not confirmed waits again."""
        self.sending.on_gone(friend)

    def _look_for_old(self) -> None:
        """Give up what is too old. A clock before 2025 knows nothing of that."""
        now_s = self._rt.clock.unix_s()
        if now_s >= GENESIS_S:
            self.sending.expire(int((now_s - self._options.expire_after_s) * 1000))
        delay_ms = min(EXPIRY_LOOK_MS, int(self._options.expire_after_s * 1000) // 4)
        self._rt.timers.call_later(delay_ms, self._look_for_old)

    # what is known

    def storage_stats(self) -> StorageStats:
        """What waits in our outbox."""
        count = sum(len(self.outbox.of(real_pk)) for real_pk in self.outbox.friends())
        return StorageStats(count, self.outbox.size, outboxes.MAX_SIZE, [])
