"""What a relay may have left unread."""

import pytest

from tests.support.universe import SimClock
from toxpy.tcp.backlog import (
    FILL_AFTER_MS,
    FILL_SIZE,
    MAX_UNREAD,
    MIN_UNREAD,
    PING_AFTER_SIZE,
    QUEUE_MS,
    RESERVE,
    STALL_SIZE,
    Backlog,
)

FRAME = 1400


class Kernel:
    """What ours knows of the relay's."""

    def __init__(self, window=1 << 30):
        self.size = window

    def window(self):
        return self.size

    def pending(self):
        return 0


class Relay:
    """Reads so many bytes per ms, whole pings at a time."""

    def __init__(self, rate, delay_ms=0):
        self.clock = SimClock()
        self.clock.now_ms = 1000
        self.backlog = Backlog(self.clock)
        self.kernel = Kernel()
        self.rate, self.delay_ms = rate, delay_ms
        self.read = 0
        self.number = 0
        self.open, self.answers = [], []

    def fill(self, most=1 << 30):
        """Send as much as may be, pings as they are asked for."""
        start = self.backlog.sent
        while self.backlog.sent - start < most and self.backlog.has_room(self.kernel):
            if self.backlog.add(FRAME):
                self.ping()
        return self.backlog.sent - start

    def ping(self):
        self.number += 1
        self.backlog.add_ping(self.number.to_bytes(8, "big"), 27)
        self.open.append((self.number, self.backlog.sent))

    def run(self, duration_ms, most=1 << 30):
        """Bytes sent in that time."""
        before = self.backlog.sent
        for _ in range(duration_ms):
            self.clock.now_ms += 1
            self.read = min(self.read + self.rate, self.backlog.sent)
            while self.open and self.open[0][1] <= self.read:
                self.answers.append((self.open.pop(0)[0], self.clock.now_ms + self.delay_ms))
            while self.answers and self.answers[0][1] <= self.clock.now_ms:
                assert self.backlog.on_pong(self.answers.pop(0)[0].to_bytes(8, "big"))
            self.backlog.is_full = False
            self.fill(most)
        return self.backlog.sent - before


@pytest.mark.parametrize(("rate", "delay_ms"), [(100, 20), (1000, 5), (1000, 200), (5000, 50)])
def test_a_relay_is_kept_busy_and_its_queue_short(rate, delay_ms):
    relay = Relay(rate, delay_ms)
    relay.run(3000)
    assert relay.run(2000) > 0.9 * 2000 * rate
    waiting_ms = (relay.backlog.sent - relay.read) / rate
    # never less than 48 KiB, whatever the rate
    assert waiting_ms < max(2 * QUEUE_MS, 1.3 * MIN_UNREAD / rate)


def test_the_limit_is_bounded():
    relay = Relay(1_000_000, 100)
    relay.run(3000)
    assert relay.backlog.limit == MAX_UNREAD
    assert relay.backlog.unread <= MAX_UNREAD + FRAME + 27


def test_a_slower_relay_gets_less():
    relay = Relay(5000, 5)
    relay.run(3000)
    assert relay.backlog.limit > 10 * MIN_UNREAD
    relay.rate = 200
    relay.run(8000)
    assert relay.backlog.limit < 2 * MIN_UNREAD


def test_who_sends_little_gets_no_higher_limit():
    relay = Relay(5000, 5)
    relay.run(3000, most=FRAME)
    assert relay.backlog.limit == MIN_UNREAD


def test_the_kernel_of_the_relay_keeps_a_reserve():
    relay = Relay(5000)
    relay.backlog.limit = MAX_UNREAD
    assert relay.backlog.add(PING_AFTER_SIZE)
    relay.kernel.window = lambda: 200_000 - relay.backlog.unread
    relay.fill()
    assert 0 <= relay.backlog.unread - (200_000 - RESERVE) <= FRAME + 27
    # a window that nobody can tell
    relay = Relay(5000)
    relay.kernel.size = -1
    relay.backlog.limit = MAX_UNREAD
    relay.fill()
    assert MIN_UNREAD <= relay.backlog.unread < MIN_UNREAD + FRAME + 27 * 4


def test_a_relay_that_read_everything_gets_something():
    relay = Relay(5000)
    relay.kernel.size = 0
    relay.backlog.allow_fill()
    relay.fill()
    relay.ping()
    relay.run(1, most=0)
    assert relay.backlog.unread == 0
    assert FILL_SIZE <= relay.fill() < FILL_SIZE + FRAME
    relay.ping()
    relay.run(10)
    assert relay.backlog.sent - relay.read <= 2 * FILL_SIZE + FRAME


def test_fills_become_rare():
    relay = Relay(0)
    relay.kernel.size = 1 << 20
    relay.backlog.limit = MAX_UNREAD
    relay.fill(most=STALL_SIZE + FRAME)
    backlog = relay.backlog
    assert backlog.is_long()
    times, start_ms = [], relay.clock.now_ms
    for _ in range(6):
        times.append(backlog.fill_at_ms() - relay.clock.now_ms)
        relay.clock.now_ms = backlog.fill_at_ms()
        backlog.on_silence()
    assert times == [FILL_AFTER_MS << n for n in range(6)] and relay.clock.now_ms > start_ms + 3000
    # as soon as it reads they are quick again
    assert backlog.on_pong(next(iter(backlog.pings)))
    assert backlog.fill_at_ms() <= relay.clock.now_ms + FILL_AFTER_MS + 4000
    assert backlog.fill_at_ms() - backlog.progress_ms <= 4000 + FILL_AFTER_MS


def test_a_fill_is_small():
    relay = Relay(0)
    relay.fill()
    assert not relay.backlog.has_room(relay.kernel)
    relay.backlog.allow_fill()
    assert FILL_SIZE <= relay.fill(most=1 << 20) + 3 * FRAME <= FILL_SIZE + 4 * FRAME


def test_pongs_that_nobody_asked_for():
    relay = Relay(0)
    relay.fill()
    assert not relay.backlog.on_pong(bytes(8))
    first, second, *_ = list(relay.backlog.pings)
    assert relay.backlog.on_pong(second)
    assert not relay.backlog.on_pong(first)
