"""What we sent to a relay and it has not read yet: how much that may be, and what makes it read on.

Every so many bytes of data a ping goes along as a mark: its pong says that all before it was read.
That gives the limit: it doubles per round trip while marks come back soon, and shrinks while they take
QUEUE_MS longer than they would without data, since whatever we send waits behind all of it.

A relay of c-toxcore up to 0.2.18 asks its kernel how much there is to read, and keeps the low 16 bits of
the answer. So of 65 546 bytes it sees 10, fewer than a frame, and looks again only when more comes.
Two things follow. While over STALL_SIZE bytes are there, something must keep coming: news in answer to
every mark, a push when marks stay away. And there must always be room for a push in the relay's kernel,
so the window it tells ours is never used up. c-toxcore: network.c, TCP_common.c, TCP_server.c.
"""

from __future__ import annotations

from toxpy.tcp.secure import MAX_PENDING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Clock
    from toxpy.system.streams import Stream

#: Bytes that may wait unread whatever happens, and at most.
MIN_UNREAD, MAX_UNREAD = 49_152, 2_097_152
#: A mark goes along after so many bytes.
MARK_SIZE = 12_288
#: From here on a relay may not see all that is there.
STALL_SIZE = 61_440
#: What a relay reads may have waited so long.
QUEUE_MS = 120
#: Once it did, the limit only grows by one 8th of what is read.
SLOWER = 3
#: Left free in the relay's kernel: several pushes.
RESERVE = 16_384
#: A push is due when nothing was read for so long, doubled each time.
PUSH_AFTER_MS, MAX_DOUBLINGS = 60, 5
#: Bytes of data that a push may be, and how many out-of-band packets it is when there is no data:
#: two of them are more than any frame.
PUSH_SIZE, FILLERS = 4096, 2
#: Behind data a pong may take longer: as long as without data to the end of the next ping.
MARK_TIMEOUT_MS = 40_000


class Backlog:
    """The unread bytes of one connection to a relay."""

    __slots__ = (
        "_allowed",
        "_base_ms",
        "_clock",
        "_judged",
        "_limited",
        "_mark_at",
        "_pushed_ms",
        "_pushes",
        "_read",
        "_slower",
        "is_full",
        "limit",
        "marks",
        "progress_ms",
        "sent",
    )

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: bytes of all frames that count here: sent, and read by the relay for sure
        self.sent = self._read = 0
        self.limit = MIN_UNREAD
        #: `sent` may grow up to this; until it is looked at again
        self._allowed = MIN_UNREAD
        self._mark_at = MARK_SIZE
        #: open pings: id, how much was sent before it, when; the oldest first
        self.marks: dict[bytes, tuple[int, int]] = {}
        #: when the relay last showed that it reads, or began to have something to read
        self.progress_ms = 0
        #: somebody was told that there is no room
        self.is_full = False
        #: was it the limit, and not the relay's kernel
        self._limited = False
        self._base_ms = -1
        #: the limit was judged with so much sent
        self._judged = 0
        #: 0 until the limit was too high for the first time, then SLOWER
        self._slower = 0
        self._pushes = self._pushed_ms = 0

    @property
    def unread(self) -> int:
        """Bytes that the relay may not have read."""
        return self.sent - self._read

    def add(self, size: int) -> bool:
        """A frame of that size was sent; True when a mark should follow."""
        self.sent = sent = self.sent + size
        return sent >= self._mark_at

    def mark(self, ping_id: bytes, size: int) -> None:
        """A ping goes out."""
        now_ms = self._clock.now_ms
        if not self.marks:
            self.progress_ms = now_ms
        self.sent += size
        self.marks[ping_id] = (self.sent, now_ms)
        self._mark_at = self.sent + MARK_SIZE

    def on_pong(self, ping_id: bytes) -> bool:
        """A pong came; False when there is no such ping."""
        marks = self.marks
        mark = marks.get(ping_id)
        if mark is None:
            return False
        for known in list(marks):
            del marks[known]
            if known == ping_id:
                break
        read, sent_ms = mark
        self.progress_ms = now_ms = self._clock.now_ms
        self._judge(read - self._read, now_ms - sent_ms)
        self._read = read
        self._pushes = 0
        return True

    def _judge(self, size: int, rtt_ms: int) -> None:
        """So much more was read; the mark took so long."""
        if self._base_ms < 0 or rtt_ms < self._base_ms:
            self._base_ms = rtt_ms
        elif size < MARK_SIZE:
            # there was no data to wait behind
            self._base_ms += (rtt_ms - self._base_ms) // 4
        enough_ms = self._base_ms + QUEUE_MS
        if rtt_ms > enough_ms:
            if self._read >= self._judged:
                self._judged = self.sent
                self._slower = SLOWER
                self.limit = max(self.limit * enough_ms // rtt_ms, self.limit // 2, MIN_UNREAD)
        elif self._limited:
            self.limit = min(self.limit + (size >> self._slower), MAX_UNREAD)

    def has_room(self, stream: Stream) -> bool:
        """May more data be sent."""
        if self.sent < self._allowed:
            return True
        unread = self.sent - self._read
        room = self.limit
        if unread < room:
            window = stream.window()
            if window < 0:
                room = MIN_UNREAD
            elif unread:
                room = min(room, unread + window - RESERVE)
            else:
                # whatever the window, a relay that has read everything gets something
                room = min(room, max(window - RESERVE, PUSH_SIZE))
            # our own kernel takes no more than that at once, and behind MAX_PENDING nothing is sent
            room = min(room, unread + MAX_PENDING - stream.pending())
            self._limited = False
        else:
            self._limited = True
        self._allowed = self._read + room
        if self.sent < self._allowed:
            return True
        self.is_full = True
        return False

    def is_long(self) -> bool:
        """May there be more than a relay sees."""
        return self.sent - self._read >= STALL_SIZE

    def push_at_ms(self) -> int:
        """When the relay must be given a reason to go on."""
        delay_ms = PUSH_AFTER_MS << min(self._pushes, MAX_DOUBLINGS)
        return max(self.progress_ms + max(self._base_ms, 0), self._pushed_ms) + delay_ms

    def on_silence(self) -> None:
        """Nothing was read for long enough: a push is tried; the next one is later."""
        self._pushes += 1
        self._pushed_ms = self._clock.now_ms

    def allow_push(self) -> None:
        """Let a little more through than the limit."""
        self.is_full = False
        self._allowed = self.sent + PUSH_SIZE
