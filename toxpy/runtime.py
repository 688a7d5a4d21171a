"""What the world gives the core: time, timers, randomness, dispatch, counters.

State machines read no clock, make no random numbers and own no socket; they get
one `Runtime`. A simulated universe passes a fake clock and a seeded generator, and
the whole run is then reproducible to the byte. Imports nothing of toxpy.
"""

from __future__ import annotations

import heapq
import time
from posix import register_at_fork, urandom

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, MutableSequence, Sequence
    from typing import Any, TypeVar

    T = TypeVar("T")
    Log = Callable[[int, str], None]

LOG_TRACE, LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR = range(5)

#: Timers in the heap from which on it is looked through for cancelled ones.
MIN_PURGE_SIZE = 512
#: Distance between the moments at which timers that need not be exact are due, ms.
BEAT_MS = 1000
#: Counter names are program text, not input; the cap only guards against a bug.
MAX_COUNTERS = 1024


class Forks:
    """How many forks lie between the first process and this one: `count`.

    After a fork two processes have the same keys and the same counters of nonces. A nonce that both used
    would give away what they said, so keys of sessions work only in the process that made them.
    """

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def add(self) -> None:
        """We are the child."""
        self.count += 1


FORKS = Forks()
register_at_fork(after_in_child=FORKS.add)


class Clock:
    """Monotonic milliseconds, read once per iterate so that one pass sees one time."""

    __slots__ = ("_pass_ms", "late_ms", "now_ms")

    def __init__(self) -> None:
        self.now_ms = self.late_ms = 0
        self.update()
        self._pass_ms = self.now_ms

    def left_out(self, at_ms: int) -> None:
        """The C library left a pass out at that moment: nothing had arrived by then. 0 for never."""
        if at_ms > self._pass_ms:
            self._pass_ms = at_ms

    def begin_pass(self) -> None:
        """As `update`. What is received now may have waited for `late_ms` while the program called others."""
        self.late_ms = max(self.now_ms - self._pass_ms, 0)
        self.update()
        self._pass_ms = self.now_ms

    def update(self) -> None:
        """Read the real clock into `now_ms`; never goes backwards."""
        now_ms = self.read_ms()
        if now_ms > self.now_ms:
            self.now_ms = now_ms

    def read_ms(self) -> int:
        """The real clock, without a word to the pass that another thread may be in."""
        try:
            now_ms = time.monotonic_ns() // 1_000_000
        except OSError:
            # a broken clock stands still rather than ending the program
            return self.now_ms
        return now_ms if now_ms > self.now_ms else self.now_ms

    def unix_s(self) -> int:
        """Wall-clock seconds since 1970, only for what the wire or a save demands.

        Anybody may have set it to anything: nothing may depend on it. 0 for a time before that, or none.
        """
        return self.unix_ms() // 1000

    def unix_ms(self) -> int:
        """The same in milliseconds."""
        try:
            return max(int(time.time() * 1000), 0)
        except (OSError, OverflowError):
            return 0


class Timer:
    """One pending moment; `cancel` makes it never happen."""

    __slots__ = ("callback", "deadline_ms")

    def __init__(self, deadline_ms: int, callback: Callable[[], None]) -> None:
        self.deadline_ms = deadline_ms
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Forget the callback; cheap, and safe to repeat or to call after it ran."""
        self.callback = None


class Timers:
    """The one deadline heap. Nothing in the core polls a list.

    Cancelled timers stay in it until their time, but never more than half of it, or some hundreds, are such.
    """

    __slots__ = ("_beat_ms", "_clock", "_heap", "_purge_at", "_sequence", "on_sooner", "told_ms")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: somebody rests until then and has to hear of what is due before, by `on_sooner`; 0 for nobody
        self.told_ms = 0
        self.on_sooner: Callable[[int], None] | None = None
        #: one of the moments of `call_about`; those of another instance are others
        self._beat_ms = clock.now_ms % BEAT_MS
        self._heap: list[tuple[int, int, Timer]] = []
        self._sequence = 0
        #: the size at which cancelled ones are thrown out
        self._purge_at = MIN_PURGE_SIZE

    def call_at(self, deadline_ms: int, callback: Callable[[], None]) -> Timer:
        """Call once when the clock reaches `deadline_ms`; equal deadlines keep their order."""
        timer = Timer(deadline_ms, callback)
        if len(self._heap) >= self._purge_at:
            self._purge()
        self._sequence += 1
        heapq.heappush(self._heap, (deadline_ms, self._sequence, timer))
        if deadline_ms < self.told_ms and self.on_sooner is not None:
            self.told_ms = deadline_ms
            self.on_sooner(deadline_ms)
        return timer

    def _purge(self) -> None:
        heap = self._heap
        heap[:] = [entry for entry in heap if entry[2].callback is not None]
        heapq.heapify(heap)
        self._purge_at = max(2 * len(heap), MIN_PURGE_SIZE)

    def call_later(self, delay_ms: int, callback: Callable[[], None]) -> Timer:
        """Call once `delay_ms` after the current pass's time."""
        return self.call_at(self._clock.now_ms + delay_ms, callback)

    def call_about(self, delay_ms: int, callback: Callable[[], None]) -> Timer:
        """Call once after some seconds, up to half of one early or late: together with others that may wait.

        An idle client wakes up once for all of them.
        """
        beats = (self._clock.now_ms + delay_ms - self._beat_ms + BEAT_MS // 2) // BEAT_MS
        return self.call_at(self._beat_ms + beats * BEAT_MS, callback)

    def run_due(self) -> None:
        """Run everything due now. What a callback adds for now or earlier runs next time."""
        heap, now_ms = self._heap, self._clock.now_ms
        last = self._sequence
        again: list[tuple[int, int, Timer]] = []
        while heap and heap[0][0] <= now_ms:
            entry = heapq.heappop(heap)
            if entry[1] > last:
                again.append(entry)
                continue
            callback = entry[2].callback
            if callback is not None:
                entry[2].callback = None
                callback()
        for entry in again:
            heapq.heappush(heap, entry)

    def next_deadline_ms(self) -> int | None:
        """The earliest pending moment, or None; drops cancelled entries on the way."""
        heap = self._heap
        while heap and heap[0][2].callback is None:
            heapq.heappop(heap)
        return heap[0][0] if heap else None


#: How soon a client should come back, by the age of what went on last: (age below, interval), both in ms.
ITERATION_STEPS = ((1_000, 1), (2_000, 2), (5_000, 5), (10_000, 10), (15_000, 20))
#: The same while nothing goes on, in ms; c-toxcore's.
IDLE_INTERVAL_MS = 50
#: Time in ms that joining takes at most: the first nodes, the onion, friends who are there already.
JOIN_MS = 15_000
#: Pause in ms after which those who go on in a room may be people; and passes without one, in each of which
#: something was said, that make them a program. What c-toxcore says at once is read in two at most.
PAUSE_MS, MANY_PASSES = 20, 4
#: Moment before everything that went on, in ms.
NEVER_MS = -1_000_000


class Pace:
    """How often a client that asks for the interval should let the instance iterate.

    While something goes on between users (`note`) clients come back soon, so that an answer does not wait for
    the next pass, or at the next timer; then ever more rarely. An idle client does not wake up for timers:
    they can wait for its next pass, as they do in c-toxcore.

    Joining takes several round trips with nodes of which most may be dead. So after each question (`join`,
    `heard`) a client comes back at once and then ever more rarely: an answer waits at most as long as it was
    under way, and silence costs a handful of passes. Programs that count passes as time rely on that.
    """

    __slots__ = ("_asked_ms", "_clock", "_joining_until_ms", "_room_ms", "_room_passes", "active_ms")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: when something went on last
        self.active_ms = NEVER_MS
        self._asked_ms = self._joining_until_ms = self._room_ms = NEVER_MS
        #: passes in a row in which somebody spoke in a room
        self._room_passes = 0

    def note(self) -> None:
        """Something from or to a friend: more may follow at once, and somebody waits for it."""
        self.active_ms = self._clock.now_ms

    def note_relaying(self, much: bool) -> None:
        """Something is relayed, which is less urgent: as `note` five seconds ago, or one when it is much."""
        active_ms = self._clock.now_ms - ITERATION_STEPS[0 if much else 2][0]
        if active_ms > self.active_ms:
            self.active_ms = active_ms

    def note_room(self) -> None:
        """Somebody speaks in a group or conference: as `note` two seconds ago, so that we come every 5 ms.

        As `note` where programs talk as fast as they can. What we say ourselves is a `note`.
        """
        now_ms = self._clock.now_ms
        if now_ms == self._room_ms:
            return
        self._room_passes = self._room_passes + 1 if now_ms - self._room_ms <= PAUSE_MS else 1
        self._room_ms = now_ms
        if self._room_passes < MANY_PASSES:
            self.note_media()
        else:
            self.active_ms = now_ms

    def note_media(self) -> None:
        """Sound or pictures come, some ten packets a second: as `note` two seconds ago, so every 5 ms."""
        active_ms = self._clock.now_ms - ITERATION_STEPS[1][0]
        if active_ms > self.active_ms:
            self.active_ms = active_ms

    def join(self) -> None:
        """A node was asked that leads to others."""
        self._asked_ms = self._clock.now_ms
        self._joining_until_ms = self._asked_ms + JOIN_MS

    def heard(self) -> None:
        """Something arrived: while joining, the next question has left."""
        now_ms = self._clock.now_ms
        if now_ms < self._joining_until_ms:
            self._asked_ms = now_ms

    def step(self, now_ms: int) -> tuple[int, int]:
        """How long to sleep at most, and the moment at which that has to be asked again."""
        age_ms = now_ms - self.active_ms
        for limit_ms, step_ms in ITERATION_STEPS:
            if age_ms < limit_ms:
                return step_ms, self.active_ms + limit_ms
        waited_ms = now_ms - self._asked_ms
        if waited_ms < IDLE_INTERVAL_MS:
            step_ms = waited_ms or 1
            return step_ms, now_ms + step_ms
        return IDLE_INTERVAL_MS, now_ms + JOIN_MS

    def interval_ms(self, now_ms: int, delay_ms: int | None) -> int:
        """How long to sleep when the next timer is due after `delay_ms`; resting.c shortens it too."""
        if delay_ms is not None and delay_ms <= 0:
            return 1
        step_ms = self.step(now_ms)[0]
        if step_ms >= IDLE_INTERVAL_MS or delay_ms is None or delay_ms > step_ms:
            return step_ms
        return delay_ms


class Rng:
    """Randomness from the operating system; `SeededRng` of the tests has the same methods."""

    __slots__ = ()

    def bytes(self, count: int) -> bytes:
        """`count` random bytes."""
        return urandom(count)

    def below(self, limit: int) -> int:
        """A uniform integer in [0, limit); `limit` at least 1, at most 2**64."""
        # 16 bytes make the modulo's bias smaller than 2**-64
        return int.from_bytes(self.bytes(16), "little") % limit

    def u32(self) -> int:
        """A uniform unsigned 32-bit integer."""
        return int.from_bytes(self.bytes(4), "little")

    def u64(self) -> int:
        """A uniform unsigned 64-bit integer."""
        return int.from_bytes(self.bytes(8), "little")

    def choice(self, items: Sequence[T]) -> T:
        """One element of a non-empty sequence."""
        return items[self.below(len(items))]

    def shuffle(self, items: MutableSequence[Any]) -> None:
        """Shuffle in place."""
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]


class Counters:
    """Counts by name; drops of bad input are counted as ``drop.<reason>``."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: dict[str, int] = {}

    def count(self, name: str, amount: int = 1) -> None:
        """Add to one counter."""
        values = self.values
        if name in values:
            values[name] += amount
        elif len(values) < MAX_COUNTERS:
            values[name] = amount

    def drop(self, reason: str) -> None:
        """Count one piece of input that was dropped."""
        self.count("drop." + reason)


class Dispatch:
    """256 slots, one owner per first byte; the same class at every level of the stack."""

    __slots__ = ("handlers",)

    def __init__(self) -> None:
        self.handlers: list[Callable[..., None] | None] = [None] * 256

    def claim(self, kind: int, handler: Callable[..., None]) -> None:
        """Own `kind`; a second owner is a programming error."""
        if self.handlers[kind] is not None:
            raise ValueError(f"kind {kind:#04x} is already claimed")
        self.handlers[kind] = handler

    def release(self, kind: int) -> None:
        """The owner of `kind` makes room for another one."""
        self.handlers[kind] = None


def no_log(_level: int, _message: str) -> None:
    """The log sink when nobody listens."""


class Runtime:
    """Everything a layer may ask of the world, passed as `rt`."""

    __slots__ = ("clock", "counters", "log", "pace", "rng", "timers")

    def __init__(self, clock: Clock | None = None, rng: Rng | None = None, log: Log = no_log) -> None:
        self.clock = clock or Clock()
        self.timers = Timers(self.clock)
        self.pace = Pace(self.clock)
        self.rng = rng or Rng()
        self.counters = Counters()
        self.log = log

    def converse(self) -> None:
        """For calls that send something to a friend: read the clock, and expect an answer soon."""
        clock = self.clock
        clock.update()
        self.pace.active_ms = clock.now_ms
