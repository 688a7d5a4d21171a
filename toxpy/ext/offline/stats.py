"""What we know of the room that messages have: in our own outbox, and in mailboxes."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.ext.offline.records import Mailbox


class MailboxStats:
    """What a mailbox of ours said when we asked it last; it does not change."""

    __slots__ = ("asked_s", "failure", "mailbox", "per_queue", "room_kib", "ttl_s")

    def __init__(
        self, mailbox: Mailbox, asked_s: int, room_kib: int, ttl_s: int, per_queue: int, failure: str
    ) -> None:
        self.mailbox = mailbox
        #: when it answered last, Unix seconds; 0 for never
        self.asked_s = asked_s
        #: room for messages, how long it keeps one, and how many of one friend
        self.room_kib = room_kib
        self.ttl_s = ttl_s
        self.per_queue = per_queue
        #: why it was not reached the last time, in words; "" if it was
        self.failure = failure

    def __repr__(self) -> str:
        return f"<MailboxStats {self.mailbox!r} {self.room_kib} KiB {self.failure}>"


class StorageStats:
    """Of an instance; it does not change."""

    __slots__ = ("bytes", "capacity_bytes", "mailboxes", "messages")

    def __init__(self, messages: int, used: int, capacity: int, mailboxes: list[MailboxStats]) -> None:
        #: messages of ours that no receipt came for, and their bytes in the save: these of at most so many
        self.messages = messages
        self.bytes = used
        self.capacity_bytes = capacity
        self.mailboxes = mailboxes

    def __repr__(self) -> str:
        return f"<StorageStats {self.messages} messages, {self.bytes} of {self.capacity_bytes} bytes>"
