"""Ping ids: once, in time, from whom and where it was asked."""

from tests.support.universe import SeededRng, SimClock
from toxpy.dht.sendbacks import MAX_OUTSTANDING, PING_TIMEOUT_MS, Sendbacks
from toxpy.runtime import Runtime

KEY, OTHER = b"\x01" * 32, b"\x02" * 32
HERE, THERE = (bytes((1, 2, 3, 4)), 5), (bytes((1, 2, 3, 4)), 6)


def table():
    rt = Runtime(SimClock(), SeededRng(1))
    return rt.clock, Sendbacks(rt=rt)


def test_an_answer_counts_once():
    _, sendbacks = table()
    ping_id = sendbacks.add(KEY, HERE, b"why")
    assert len(ping_id) == 8
    assert sendbacks.take(ping_id, KEY, HERE) == b"why"
    assert sendbacks.take(ping_id, KEY, HERE) is None
    assert not sendbacks.is_asked(KEY, HERE)


def test_only_who_was_asked_may_answer_and_only_from_there():
    _, sendbacks = table()
    ping_id = sendbacks.add(KEY, HERE)
    assert sendbacks.take(ping_id, OTHER, HERE) is None
    assert sendbacks.take(ping_id, KEY, THERE) is None
    assert sendbacks.take(bytes(8), KEY, HERE) is None
    assert sendbacks.take(ping_id, KEY, HERE) == b""


def test_an_answer_must_come_in_time():
    clock, sendbacks = table()
    late, in_time = sendbacks.add(KEY, HERE), None
    clock.now_ms += 1
    in_time = sendbacks.add(KEY, HERE)
    clock.now_ms += PING_TIMEOUT_MS - 1
    assert sendbacks.take(late, KEY, HERE) is None
    assert sendbacks.take(in_time, KEY, HERE) is not None
    assert len(sendbacks) == 0


def test_what_was_asked_for_is_known():
    clock, sendbacks = table()
    sendbacks.add(KEY, HERE, b"a")
    ping_id = sendbacks.add(KEY, HERE, b"b")
    assert sendbacks.is_asked(KEY, HERE, b"a")
    assert not sendbacks.is_asked(KEY, HERE, b"c")
    assert not sendbacks.is_asked(KEY, THERE)
    sendbacks.take(ping_id, KEY, HERE)
    assert not sendbacks.is_asked(KEY, HERE, b"b")
    assert sendbacks.is_asked(KEY, HERE)
    clock.now_ms += PING_TIMEOUT_MS
    assert not sendbacks.is_asked(KEY, HERE)


def test_the_table_is_capped_and_forgets_the_oldest():
    _, sendbacks = table()
    first = sendbacks.add(KEY, HERE)
    for port in range(10 * MAX_OUTSTANDING):
        last = sendbacks.add(OTHER, (HERE[0], port))
    assert len(sendbacks) == MAX_OUTSTANDING
    assert sendbacks.take(first, KEY, HERE) is None
    assert not sendbacks.is_asked(KEY, HERE)
    assert sendbacks.take(last, OTHER, (HERE[0], 10 * MAX_OUTSTANDING - 1)) is not None
