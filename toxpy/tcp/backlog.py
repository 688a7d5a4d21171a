"""What we sent to a relay and it has not read yet: how much that may be, and what makes it read on.

A ping goes along behind every so many bytes of data: its pong says that all before it was read.
That gives the limit: it doubles per round trip while pongs come back soon, and shrinks while they take
QUEUE_MS longer than they would without data, since whatever we send waits behind all of it.

A relay of c-toxcore up to 0.2.18 asks its kernel how much there is to read, and keeps the low 16 bits of
the answer. So of 65 546 bytes it sees 10, fewer than a frame, and looks again only when more comes.
Two things follow. While over STALL_SIZE bytes are there, something must keep coming: news in answer to
every pong, data or filler frames when pongs stay away. And there must always be room for those in the
relay's kernel, so the window it tells ours is never used up.
c-toxcore: network.c, TCP_common.c, TCP_server.c.
"""

from __future__ import annotations

from toxpy.tcp.secure import MAX_PENDING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Clock
    from toxpy.system.streams import Stream

#: Unread bytes, the limit's smallest and largest value: the smallest is allowed whatever happens.
MIN_UNREAD, MAX_UNREAD = 49_152, 2_097_152
#: Data between two pings, bytes.
PING_AFTER_SIZE = 12_288
#: Unread bytes from which on a relay may not see all that is there: 64 KiB less a few frames.
STALL_SIZE = 61_440
#: Waiting time allowed to what a relay reads, ms beyond the shortest round trip.
QUEUE_MS = 120
#: Shift of what is read that the limit grows by once it was too high: an 8th of it.
SLOWER = 3
#: Bytes left free in the relay's kernel, for several fills.
RESERVE = 16_384
#: Silence until the next fill, ms, and how often it is doubled.
FILL_AFTER_MS, MAX_DOUBLINGS = 60, 5
#: Data of one fill, bytes, and the filler frames sent when there is none: two are more than any frame.
FILL_SIZE, FILLER_FRAMES = 4096, 2
#: Time limit of a pong, ms.
PONG_TIMEOUT_MS = 10_000
#: Time limit of a pong behind data, ms: as long as without data to the end of the next ping.
DATA_PONG_TIMEOUT_MS = 40_000


class Backlog:
    """The unread bytes of one connection to a relay."""

    __slots__ = (
        "_allowed",
        "_base_ms",
        "_clock",
        "_filled_ms",
        "_fills",
        "_judged",
        "_limited",
        "_ping_at",
        "_read",
        "_slower",
        "is_full",
        "limit",
        "pings",
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
        self._ping_at = PING_AFTER_SIZE
        #: open pings: id, how much was sent before it, when; the oldest first
        self.pings: dict[bytes, tuple[int, int]] = {}
        #: when the relay last showed that it reads, or began to have something to read
        self.progress_ms = 0
        #: somebody was told that there is no room
        self.is_full = False
        #: it was the limit that left no room, and not the relay's kernel
        self._limited = False
        self._base_ms = -1
        #: the limit was judged with so much sent
        self._judged = 0
        #: 0 until the limit was too high for the first time, then SLOWER
        self._slower = 0
        self._fills = self._filled_ms = 0

    @property
    def unread(self) -> int:
        """Bytes that the relay may not have read."""
        return self.sent - self._read

    def add(self, size: int) -> bool:
        """A frame of that size was sent; True when a ping should follow."""
        self.sent = sent = self.sent + size
        return sent >= self._ping_at

    def add_ping(self, ping_id: bytes, size: int) -> None:
        """A ping goes out."""
        now_ms = self._clock.now_ms
        if not self.pings:
            self.progress_ms = now_ms
        self.sent += size
        self.pings[ping_id] = (self.sent, now_ms)
        self._ping_at = self.sent + PING_AFTER_SIZE

    def on_pong(self, ping_id: bytes) -> bool:
        """A pong came; False when there is no such ping."""
        pings = self.pings
        ping = pings.get(ping_id)
        if ping is None:
            return False
        for known in list(pings):
            del pings[known]
            if known == ping_id:
                break
        read, sent_ms = ping
        self.progress_ms = now_ms = self._clock.now_ms
        self._judge(read - self._read, now_ms - sent_ms)
        self._read = read
        self._fills = 0
        return True

    def _judge(self, size: int, rtt_ms: int) -> None:
        """That much more was read; the ping behind it took that long."""
        if self._base_ms < 0 or rtt_ms < self._base_ms:
            self._base_ms = rtt_ms
        elif size < PING_AFTER_SIZE:
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
        """True if more data may be sent."""
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
                room = min(room, max(window - RESERVE, FILL_SIZE))
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
        """True if there may be more than a relay sees."""
        return self.sent - self._read >= STALL_SIZE

    def fill_at_ms(self) -> int:
        """When the relay must be given a reason to go on."""
        delay_ms = FILL_AFTER_MS << min(self._fills, MAX_DOUBLINGS)
        return max(self.progress_ms + max(self._base_ms, 0), self._filled_ms) + delay_ms

    def patience_ms(self) -> int:
        """The time limit of the pong that is awaited."""
        return DATA_PONG_TIMEOUT_MS if self.unread >= PING_AFTER_SIZE else PONG_TIMEOUT_MS

    def on_silence(self) -> None:
        """Nothing was read for long enough: fill now, the next time later."""
        self._fills += 1
        self._filled_ms = self._clock.now_ms

    def allow_fill(self) -> None:
        """Let a little more through than the limit."""
        self.is_full = False
        self._allowed = self.sent + FILL_SIZE
