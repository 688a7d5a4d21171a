"""Whom to believe about the time."""

import random

from tests.support.offline_world import START_UNIX_S, runtime
from tests.support.universe import Universe
from toxpy.ext.offline.keys import GENESIS_S, epoch_at
from toxpy.ext.offline.wall_clock import MAX_REPORTS, WallClock

HOUR = 3600
ONE, TWO, THREE = (bytes((number,)) * 32 for number in (1, 2, 3))
NOW = epoch_at(START_UNIX_S)


def clock_of(ahead_s=0):
    rt = runtime(Universe(1), "bob")
    rt.clock.ahead_s = ahead_s
    return WallClock(rt=rt), rt.clock


def test_a_clock_is_believed_when_nobody_contradicts():
    clock, machine = clock_of()
    assert clock.trusted() and clock.now_s() == START_UNIX_S
    machine.ahead_s = 10_000_000
    assert clock.trusted() and clock.now_s() == START_UNIX_S + 10_000_000


def test_before_2025_nothing_ages_and_two_mailboxes_cannot_change_that():
    clock, _ = clock_of(GENESIS_S - 1 - START_UNIX_S)
    assert not clock.trusted() and clock.now_s() == 0
    for mailbox in (ONE, TWO):
        clock.on_unix(mailbox, GENESIS_S - 1)
        assert not clock.trusted()


def test_back_by_more_than_an_hour_until_two_mailboxes_agree():
    clock, machine = clock_of()
    assert clock.trusted()
    machine.ahead_s = -HOUR
    assert clock.trusted() and clock.now_s() == START_UNIX_S - HOUR
    machine.ahead_s = -HOUR - 1
    assert not clock.trusted() and clock.now_s() == START_UNIX_S
    # also when it comes back to where it would be believed
    machine.ahead_s = -60
    assert not clock.trusted()
    clock.on_unix(ONE, START_UNIX_S)
    clock.on_unix(TWO, START_UNIX_S - 5000)
    assert not clock.trusted()
    clock.on_unix(THREE, START_UNIX_S - 660)
    assert clock.trusted() and clock.now_s() == START_UNIX_S - 60
    # from now on that is the time
    machine.ahead_s = -HOUR - 30
    for mailbox in (ONE, TWO, THREE):
        clock.forget(mailbox)
    assert clock.trusted()


def test_one_mailbox_is_enough_where_there_is_one():
    clock, machine = clock_of()
    assert clock.trusted()
    machine.ahead_s = -2 * HOUR
    assert not clock.trusted()
    clock.on_unix(ONE, START_UNIX_S)
    assert not clock.trusted()
    clock.on_unix(ONE, START_UNIX_S - 2 * HOUR + 600)
    assert clock.trusted()


def test_more_who_contradict_than_agree():
    clock, _ = clock_of(3 * HOUR)
    clock.on_unix(ONE, START_UNIX_S)
    assert not clock.trusted()
    clock.on_unix(TWO, START_UNIX_S + 3 * HOUR)
    assert clock.trusted()
    clock.on_unix(THREE, START_UNIX_S)
    assert not clock.trusted()
    clock.forget(ONE)
    assert clock.trusted()


def test_reports_age_with_the_monotonic_clock():
    clock, machine = clock_of()
    clock.on_unix(ONE, START_UNIX_S)
    machine._clock.now_ms += 5 * HOUR * 1000
    assert clock.trusted()
    # as after a night in which the monotonic clock stood still
    machine.ahead_s = 8 * HOUR
    assert not clock.trusted()


def test_over_a_restart():
    clock, _ = clock_of()
    assert clock.trusted()
    again, machine = clock_of(-HOUR - 1)
    again.load(clock.pack())
    assert not again.trusted()
    machine.ahead_s = 0
    fresh, _ = clock_of(-HOUR - 1)
    for damaged in (b"", bytes(7), bytes(9)):
        fresh.load(damaged)
    assert fresh.trusted()


def test_epochs_by_both_clocks():
    clock, machine = clock_of()
    six = list(range(NOW - 4, NOW + 2))
    assert clock.epochs(START_UNIX_S) == six
    # 3 hours off is another epoch at most
    machine.ahead_s = 3 * HOUR
    assert len(clock.epochs(START_UNIX_S)) <= 7 and {*six} <= {*clock.epochs(START_UNIX_S)}
    # a mailbox that knows nothing of the time
    assert clock.epochs(0) == clock.epochs(2**64 - 1) == clock.epochs(START_UNIX_S + 3 * HOUR)
    # both are looked into, whoever of them is right
    assert clock.epochs(START_UNIX_S + 10**8) == sorted(
        {*clock.epochs(0), *range(epoch_at(START_UNIX_S + 10**8) - 4, epoch_at(START_UNIX_S + 10**8) + 2)}
    )
    machine.ahead_s = -START_UNIX_S
    assert clock.epochs(START_UNIX_S) == six and clock.epochs(5) == []


def test_any_mailbox_may_say_anything():
    clock, machine = clock_of()
    rng = random.Random(4)
    for number in range(1000):
        clock.on_unix(number.to_bytes(32, "big"), rng.getrandbits(rng.randrange(1, 65)))
        machine.ahead_s = rng.randrange(-START_UNIX_S, 10**9)
        assert clock.now_s() >= 0 and len(clock.epochs(rng.getrandbits(64))) <= 12
    assert len(clock._reports) == MAX_REPORTS
