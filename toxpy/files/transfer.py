"""One file under way between friends, and the states it goes through.

`TRANSITIONS` is the whole machine: what is not in it is refused, of our user with an error, of the friend
by dropping the packet. Each side may pause on its own; data flows while neither does. A sender who has sent
all waits in FINISHED for the acknowledgement. A transfer lives as long as the friend is online.
c-toxcore: Messenger.h, Messenger.c.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.friend.friend import FriendState

MAX_TRANSFERS = 256
#: Milliseconds that a number stays unused after a transfer whose end the friend has not acknowledged, if
#: another is free: a control packet for the old transfer may still be on its way.
REUSE_DELAY_MS = 2_000

NEW, OFFERED, ASKED, RUNNING, PAUSED_BY_US, PAUSED_BY_FRIEND, PAUSED_BY_BOTH = range(7)
FINISHED, FINISHED_PAUSED, ENDED = range(7, 10)
STATE_NAMES = (
    "new",
    "offered by us",
    "offered by the friend",
    "transferring",
    "paused by us",
    "paused by the friend",
    "paused by both",
    "all sent, not yet acknowledged",
    "the same, paused by the friend",
    "ended",
)

WE_OFFER, FRIEND_OFFERS = "we offer it", "the friend offers it"
WE_RESUME, FRIEND_RESUMES = "we accept or resume", "the friend accepts or resumes"
WE_PAUSE, FRIEND_PAUSES = "we pause", "the friend pauses"
WE_CANCEL, FRIEND_CANCELS = "we cancel", "the friend cancels"
ALL_SENT, ALL_RECEIVED = "the last piece is sent", "the last piece comes"
ACKNOWLEDGED = "the last piece is acknowledged"
FRIEND_LEAVES = "the friend goes offline"

TRANSITIONS: dict[tuple[int, str], int] = {
    (NEW, WE_OFFER): OFFERED,
    (NEW, FRIEND_OFFERS): ASKED,
    (OFFERED, FRIEND_RESUMES): RUNNING,
    (ASKED, WE_RESUME): RUNNING,
    (RUNNING, WE_PAUSE): PAUSED_BY_US,
    (RUNNING, FRIEND_PAUSES): PAUSED_BY_FRIEND,
    (PAUSED_BY_US, WE_RESUME): RUNNING,
    (PAUSED_BY_US, FRIEND_PAUSES): PAUSED_BY_BOTH,
    (PAUSED_BY_FRIEND, FRIEND_RESUMES): RUNNING,
    (PAUSED_BY_FRIEND, WE_PAUSE): PAUSED_BY_BOTH,
    (PAUSED_BY_BOTH, WE_RESUME): PAUSED_BY_FRIEND,
    (PAUSED_BY_BOTH, FRIEND_RESUMES): PAUSED_BY_US,
    # chunks that were asked for before a pause are still sent, and taken
    (RUNNING, ALL_SENT): FINISHED,
    (PAUSED_BY_US, ALL_SENT): FINISHED,
    (PAUSED_BY_FRIEND, ALL_SENT): FINISHED_PAUSED,
    (PAUSED_BY_BOTH, ALL_SENT): FINISHED_PAUSED,
    (FINISHED_PAUSED, FRIEND_RESUMES): FINISHED,
    (FINISHED, ACKNOWLEDGED): ENDED,
    (FINISHED_PAUSED, ACKNOWLEDGED): ENDED,
    **{(state, ALL_RECEIVED): ENDED for state in range(RUNNING, PAUSED_BY_BOTH + 1)},
    **{(state, WE_CANCEL): ENDED for state in range(OFFERED, ENDED)},
    **{(state, FRIEND_CANCELS): ENDED for state in range(OFFERED, ENDED)},
    **{(state, FRIEND_LEAVES): ENDED for state in range(OFFERED, ENDED)},
}


class FileTransfer:
    """One file, in one direction; the owner of its events."""

    __slots__ = (
        "cancelled",
        "file_id",
        "files",
        "friend",
        "incoming",
        "last_packet",
        "number",
        "requested",
        "rests",
        "shown_number",
        "size",
        "state",
        "transferred",
        "unanswered",
    )

    def __init__(self, files: FriendFiles, number: int, incoming: bool, size: int, file_id: bytes) -> None:
        self.files = files
        self.friend = files.friend
        #: on the wire
        self.number = number
        #: in the API, where the two directions share one range
        self.shown_number = (number + 1) << 16 if incoming else number
        self.incoming = incoming
        self.size = size
        self.file_id = file_id
        self.state = TRANSITIONS[NEW, FRIEND_OFFERS if incoming else WE_OFFER]
        #: bytes sent or received; position of the next chunk to ask our user for
        self.transferred = self.requested = 0
        #: chunks asked for that our user has not sent yet
        self.unanswered = 0
        self.last_packet = 0
        self.cancelled = False
        #: True if the friend may still send something about the transfer when it is over. They do not after
        #: an acknowledged end, nor after their own cancel. But a control that came too late they answer, as
        #: c-toxcore does.
        self.rests = False

    def may(self, event: str) -> bool:
        """True if `TRANSITIONS` leads anywhere from here."""
        return (self.state, event) in TRANSITIONS

    def move(self, event: str) -> bool:
        """Go where `TRANSITIONS` leads; False when it leads nowhere."""
        state = TRANSITIONS.get((self.state, event))
        if state is None:
            return False
        self.state = state
        return True

    @property
    def deleted(self) -> bool:
        """True if our user ended it; then its waiting events are not delivered."""
        return self.cancelled or self.friend.deleted

    @property
    def takes_data(self) -> bool:
        """True from the acceptance to the last piece."""
        return RUNNING <= self.state <= PAUSED_BY_BOTH

    @property
    def wants_chunks(self) -> bool:
        """True if we send and neither side paused: an empty file still has its end to send."""
        return self.state == RUNNING and not self.incoming and (self.requested < self.size or self.size == 0)


class FriendFiles:
    """All transfers with one friend, by number: at most 256 each way."""

    __slots__ = ("finished", "freed_ms", "friend", "ready", "receiving", "sending", "unanswered")

    def __init__(self, friend: FriendState) -> None:
        self.friend = friend
        self.sending: dict[int, FileTransfer] = {}
        self.receiving: dict[int, FileTransfer] = {}
        #: those that want chunks, next one first
        self.ready: dict[FileTransfer, None] = {}
        #: those whose last packet is not acknowledged yet
        self.finished: dict[FileTransfer, None] = {}
        #: when a number of ours that rests became free
        self.freed_ms: dict[int, int] = {}
        self.unanswered = 0

    def all(self) -> list[FileTransfer]:
        """Both directions."""
        return [*self.sending.values(), *self.receiving.values()]

    def find(self, shown_number: int) -> FileTransfer | None:
        """The transfer with that number in the API, unless it is over."""
        incoming = shown_number >> 16
        transfer = self.receiving.get(incoming - 1) if incoming else self.sending.get(shown_number)
        return transfer if transfer is not None and transfer.state != ENDED else None

    def free_number(self, now_ms: int) -> int:
        """The lowest number that has rested long enough, else the one that rested longest; -1 for none."""
        best, best_ms = -1, now_ms
        for number in range(MAX_TRANSFERS):
            if number in self.sending:
                continue
            freed_ms = self.freed_ms.get(number)
            if freed_ms is None or now_ms - freed_ms >= REUSE_DELAY_MS:
                return number
            if best < 0 or freed_ms < best_ms:
                best, best_ms = number, freed_ms
        return best

    def drop_requests(self, transfer: FileTransfer) -> None:
        """Nothing asked for of that transfer will be answered any more."""
        self.unanswered -= transfer.unanswered
        transfer.unanswered = 0

    def release(self, transfer: FileTransfer, now_ms: int) -> None:
        """Forget a transfer that is over; its number may be used again."""
        table = self.receiving if transfer.incoming else self.sending
        if table.get(transfer.number) is transfer:
            del table[transfer.number]
            if not transfer.incoming:
                if transfer.rests:
                    self.freed_ms[transfer.number] = now_ms
                else:
                    self.freed_ms.pop(transfer.number, None)
