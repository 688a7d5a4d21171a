"""Clocks that jump: a machine that slept for hours, a wall clock set to anything."""

import time

import pytest

from tests.support.universe import SeededRng, SimClock
from tests.support.worlds import SimulatedWorld, events
from toxpy.runtime import Clock, Runtime, Timers

HOUR_MS = 3_600_000


# the monotonic clock


@pytest.mark.parametrize("hours", [1, 24])
def test_a_machine_that_slept_bursts_into_nothing_and_comes_back(hours):
    """The network goes on without it, then one pass sees all those hours at once."""
    world = SimulatedWorld(seed=5)
    alice, bob = world.friends()
    world.run_for(60)
    universe, core = world.universe, alice.tox
    heap = len(core.rt.timers._heap)
    universe.remove(core)
    alice.socket.online = False
    if hours == 1:
        world.run_for(3600)
    else:
        # all nodes slept
        universe.clock.now_ms += hours * HOUR_MS
    alice.socket.online = True
    universe.add(core, alice.socket)
    sent = sum(core.socket.traffic.packets_sent)
    for _ in range(10):
        core.iterate()
    # a pass sends what one pass may send, not what the hours would have
    assert sum(core.socket.traffic.packets_sent) - sent < 150
    assert len(core.rt.timers._heap) < heap + 100
    # whoever slept believes in the connection until nothing comes for a while
    world.until(
        lambda: any(isinstance(e, events.FriendConnectionStatus) for e in bob.seen + alice.seen), "news", 60
    )
    world.connect(alice, bob, 90)
    alice.friend_send_message(0, 0, b"good morning")
    bob.wait(events.FriendMessage, message=b"good morning")
    world.close()


def test_a_timer_that_renews_itself_runs_once_however_late():
    rt = Runtime(SimClock(), SeededRng(1))
    ran = []

    def every_second():
        rt.timers.call_later(1000, every_second)
        ran.append(rt.clock.now_ms)

    rt.timers.call_later(1000, every_second)
    rt.clock.now_ms += 24 * HOUR_MS
    rt.timers.run_due()
    assert len(ran) == 1
    assert rt.timers.next_deadline_ms() == rt.clock.now_ms + 1000


def test_the_monotonic_clock_never_steps_back_and_survives_its_failure(monkeypatch):
    clock = Clock()
    readings = iter([5_000_000_000, 4_000_000_000, 6_000_000_000])
    clock.now_ms = 0
    monkeypatch.setattr(time, "monotonic_ns", lambda: next(readings))
    seen = []
    for _ in range(3):
        clock.update()
        seen.append(clock.now_ms)
    assert seen == [5000, 5000, 6000]

    def broken():
        raise OSError(5, "no clock")

    monkeypatch.setattr(time, "monotonic_ns", broken)
    clock.update()
    assert clock.now_ms == 6000


# the wall clock


@pytest.mark.parametrize("reading", [-1.0, -1e18, 0.0, 946_000_000.0, 2.0**63, float("inf"), OSError])
def test_any_wall_clock_reads_as_a_number_that_can_be_sent(monkeypatch, reading):
    def now():
        if reading is OSError:
            raise OSError(5, "no clock")
        return reading

    monkeypatch.setattr(time, "time", now)
    assert 0 <= Clock().unix_s() < 2**64


class Whims:
    """Wall clocks, reading by reading."""

    @staticmethod
    def back():
        """An hour less each time."""
        at = 2_000_000_000
        while True:
            yield at
            at -= 3600

    @staticmethod
    def zero():
        """1970, as a machine without a battery."""
        while True:
            yield 0

    @staticmethod
    def anything():
        """From one end to the other."""
        while True:
            yield from (2**64 - 10**6, 0, 1_000_000_000, 5)


@pytest.mark.parametrize("whim", ["back", "zero", "anything"])
def test_friends_meet_and_talk_whatever_the_wall_clock_says(monkeypatch, whim):
    readings = getattr(Whims, whim)()
    monkeypatch.setattr(SimClock, "unix_s", lambda _self: next(readings))
    world = SimulatedWorld(seed=6)
    alice, bob = world.friends()
    alice.friend_send_message(0, 0, b"hello")
    bob.wait(events.FriendMessage, message=b"hello")
    # a restart means a new DHT key, which the other must believe
    bob = world.restart(bob)
    bob.bootstrap_to(world.actors[0])
    world.connect(alice, bob)
    world.close()


def test_cancelled_timers_are_given_back():
    """A stranger who makes us move a timer again and again fills no heap with those cancelled."""
    timers = Timers(clock := SimClock())
    clock.now_ms = 0
    timer = None
    for i in range(100_000):
        if timer is not None:
            timer.cancel()
        timer = timers.call_at(HOUR_MS - i, lambda: None)
    assert len(timers._heap) < 1000
    assert timers.next_deadline_ms() == HOUR_MS - 99_999
