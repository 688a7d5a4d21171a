"""What strangers may make us compute."""

from tests.support.universe import SeededRng, SimClock
from toxpy.crypto.keys import KeyPair, SharedKeys
from toxpy.dht import budget
from toxpy.dht.budget import Budget, KeyBudget
from toxpy.runtime import Runtime


def runtime():
    return Runtime(SimClock(), SeededRng(1))


def public(a, b, c=1):
    return bytes((30, a, b, c)), 33445


def test_a_prefix_has_a_burst_and_a_rate():
    rt = runtime()
    limit = Budget(10, 20, rt=rt)
    assert sum(limit.allows(public(0, 0, i)) for i in range(100)) == 20
    rt.clock.now_ms += 500
    assert sum(limit.allows(public(0, 0)) for _ in range(100)) == 5
    rt.clock.now_ms += 3_600_000
    assert sum(limit.allows(public(0, 0)) for _ in range(100)) == 20


def test_prefixes_do_not_touch_each_other():
    limit = Budget(1, 1, rt=runtime())
    assert limit.allows(public(0, 0))
    assert not limit.allows(public(0, 0))
    assert limit.allows(public(0, 1))
    network, other = bytes((0x20, 1, 0, 0, 0, 0, 0)), bytes((0x20, 1, 0, 0, 0, 0, 1))
    assert limit.allows((network + bytes(9), 1))
    assert not limit.allows((network + b"\xff" * 9, 1))
    assert limit.allows((other + bytes(9), 1))


def test_lan_and_loopback_pay_nothing():
    limit = Budget(1, 1, rt=runtime())
    for ip in (bytes((127, 0, 0, 1)), bytes((192, 168, 1, 1)), bytes(15) + b"\x01"):
        assert all(limit.allows((ip, 1)) for _ in range(100))
    assert len(limit) == 0


def test_the_table_is_capped():
    limit = Budget(1, 1, rt=runtime())
    for i in range(2 * budget.MAX_PREFIXES):
        limit.allows(public(i >> 8, i & 255))
    assert len(limit) == budget.MAX_PREFIXES


def test_a_clock_that_steps_back_gives_nothing():
    rt = runtime()
    rt.clock.now_ms = 10_000
    limit = Budget(1, 1, rt=rt)
    assert limit.allows(public(0, 0))
    rt.clock.now_ms = 0
    assert not limit.allows(public(0, 0))


def test_known_keys_are_free_and_fresh_ones_run_out():
    rt = runtime()
    keys = SharedKeys(KeyPair.generate(rt.rng), rt=rt)
    limit = KeyBudget(rt=rt)
    fresh = [KeyPair.generate(rt.rng).public for _ in range(budget.X25519_BURST + 5)]
    opened = [limit.shared_key(keys, key, public(0, 0)) for key in fresh]
    assert [key is not None for key in opened] == [True] * budget.X25519_BURST + [False] * 5
    assert rt.counters.values == {"x25519": budget.X25519_BURST, "drop.x25519_budget": 5}
    assert limit.shared_key(keys, fresh[0], public(0, 0)) == opened[0]
    assert limit.shared_key(keys, fresh[-1], public(0, 1)) is not None


def test_all_prefixes_together_have_a_limit(monkeypatch):
    monkeypatch.setattr(budget, "X25519_TOTAL_BURST", 30)
    rt = runtime()
    keys = SharedKeys(KeyPair.generate(rt.rng), rt=rt)
    limit = KeyBudget(rt=rt)
    for i in range(50):
        limit.shared_key(keys, rt.rng.bytes(32), public(i, 0))
    assert rt.counters.values["x25519"] == 30
    assert limit.shared_key(keys, rt.rng.bytes(32), (bytes((127, 0, 0, 1)), 1)) is not None
