"""Known answers for crypto, and the small objects of the runtime."""

import json

import pytest

from tests.support.nonces import add_to_nonce
from tests.support.prefix import ROOT
from tests.support.universe import SimClock
from toxpy.crypto import sodium
from toxpy.crypto.keys import ACQUAINTANCE_MS, MAX_SHARED_KEYS, MAX_STRANGERS, KeyPair, SharedKeys
from toxpy.errors import PacketError
from toxpy.runtime import Clock, Counters, Dispatch, Rng, Runtime, Timers
from toxpy.wire.address import Node, is_lan, is_usable, pack_node, pack_nodes, unpack_node, unpack_nodes

VECTORS = json.loads((ROOT / "tests" / "vectors" / "vectors.json").read_text())

LOW_ORDER_POINTS = [
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    b"\xec" + b"\xff" * 30 + b"\x7f",
    b"\xed" + b"\xff" * 30 + b"\x7f",
]


class FakeClock(Clock):
    def update(self):
        pass


def test_crypto_box_known_answer():
    v = {k: bytes.fromhex(x) for k, x in VECTORS["crypto_box"].items() if k != "check"}
    key = sodium.shared_key(v["bobpk"], v["alicesk"])
    assert sodium.encrypt(key, v["test_nonce"], v["test_m"]) == v["test_c"]
    assert sodium.decrypt(key, v["test_nonce"], v["test_c"]) == v["test_m"]
    assert sodium.decrypt(key, v["test_nonce"], v["test_c"][:-1] + b"\0") is None
    assert sodium.decrypt(key, v["test_nonce"], b"short") is None


@pytest.mark.parametrize("case", VECTORS["increment_nonce"])
def test_add_to_nonce(case):
    assert add_to_nonce(bytes.fromhex(case["start"]), case["add"]) == bytes.fromhex(case["end"])


def test_nonce_wraps():
    assert add_to_nonce(b"\xff" * 24) == bytes(24)


@pytest.mark.parametrize("point", LOW_ORDER_POINTS)
def test_low_order_points_are_refused(point):
    assert sodium.shared_key(point, KeyPair(b"\x07" * 32).secret) is None


@pytest.mark.parametrize("size", [0, 1, 31, 33])
def test_key_sizes_are_checked(size):
    with pytest.raises(ValueError):
        KeyPair(b"\x01" * size)
    with pytest.raises(ValueError):
        sodium.shared_key(b"\x01" * size, b"\x01" * 32)


def test_keypair_hides_its_secret():
    pair = KeyPair(b"\x07" * 32)
    assert pair.secret.hex() not in repr(pair).lower()


def test_shared_keys_are_bounded_and_cached():
    rt = Runtime()
    keys = SharedKeys(KeyPair(b"\x07" * 32), rt=rt)
    first = KeyPair(b"\x09" * 32).public
    assert keys.get(first) == keys.get(first)
    assert rt.counters.values["x25519"] == 1
    for i in range(MAX_SHARED_KEYS + 100):
        keys.get(i.to_bytes(32, "little"))
    assert len(keys) == MAX_STRANGERS
    for i in range(MAX_SHARED_KEYS + 100):
        keys.get(i.to_bytes(32, "little"))
        keys.keep(i.to_bytes(32, "little"))
    assert len(keys) - MAX_STRANGERS <= MAX_SHARED_KEYS


def test_a_flood_of_keys_crowds_out_strangers_only():
    clock = FakeClock()
    rt = Runtime(clock)
    keys = SharedKeys(KeyPair(b"\x07" * 32), rt=rt)
    node, friend, stranger = (KeyPair(bytes((i,)) * 32).public for i in (9, 10, 11))
    keys.get(node)
    keys.keep(node)
    keys.get(friend)
    clock.now_ms += ACQUAINTANCE_MS
    keys.get(friend)
    keys.get(stranger)
    for i in range(MAX_STRANGERS):
        keys.get(i.to_bytes(32, "little"))
    assert [keys.knows(key) for key in (node, friend, stranger)] == [True, True, False]
    assert [keys.is_acquainted(key) for key in (node, friend, stranger)] == [True, True, False]


def test_timers_run_in_order_and_cancel():
    clock = FakeClock()
    clock.now_ms = 0
    timers, seen = Timers(clock), []
    timers.call_later(20, lambda: seen.append("b"))
    timers.call_later(10, lambda: seen.append("a"))
    timers.call_later(20, lambda: seen.append("c"))
    timers.call_later(5, lambda: seen.append("never")).cancel()
    assert timers.next_deadline_ms() == 10
    clock.now_ms = 20
    timers.run_due()
    assert seen == ["a", "b", "c"]
    assert timers.next_deadline_ms() is None


def test_timers_that_may_wait_are_due_together():
    clock = SimClock()
    clock.now_ms = 123_456
    timers = Timers(clock)
    seen = []

    def renew(name):
        seen.append((clock.now_ms, name))
        timers.call_about(1000, lambda: renew(name))

    for offset_ms, name in enumerate("abc"):
        clock.now_ms = 123_456 + 300 * offset_ms
        timers.call_about(1000, lambda name=name: renew(name))
    for now_ms in range(clock.now_ms, 133_456, 50):
        clock.now_ms = now_ms
        timers.run_due()
    moments = sorted({moment_ms for moment_ms, _ in seen})
    for name in "abc":
        times = [moment_ms for moment_ms, each in seen if each == name]
        assert all(950 <= later - earlier <= 1050 for earlier, later in zip(times, times[1:], strict=False))
        assert len(times) >= 8
    assert len(moments) <= 10


def test_a_timer_that_renews_itself_for_now_does_not_hang():
    clock = FakeClock()
    timers, count = Timers(clock), []

    def again():
        count.append(1)
        timers.call_later(0, again)

    timers.call_later(0, again)
    timers.run_due()
    assert len(count) == 1
    timers.run_due()
    assert len(count) == 2


def test_dispatch_has_one_owner_per_kind():
    dispatch = Dispatch()
    dispatch.claim(2, print)
    with pytest.raises(ValueError):
        dispatch.claim(2, print)


def test_counters_are_bounded():
    counters = Counters()
    for i in range(20000):
        counters.count(f"n{i}")
    assert len(counters.values) <= 1024


def test_rng_below_covers_its_range():
    assert {Rng().below(3) for _ in range(200)} == {0, 1, 2}


NODES = [
    Node(b"\x01" * 32, (bytes([1, 2, 3, 4]), 33445)),
    Node(b"\x02" * 32, (b"\x20\x01" + bytes(13) + b"\x05", 1)),
    Node(b"\x03" * 32, (bytes([9, 8, 7, 6]), 443), tcp=True),
    Node(b"\x04" * 32, (b"\x20\x01" + bytes(13) + b"\x07", 65535), tcp=True),
]


def test_nodes_round_trip_and_every_truncation_fails():
    packed = pack_nodes(NODES)
    assert unpack_nodes(packed, 4) == (NODES, len(packed))
    for node in NODES:
        data = pack_node(node)
        assert unpack_node(data) == (node, len(data))
        for size in range(len(data)):
            with pytest.raises(PacketError):
                unpack_node(data[:size])


def test_unknown_family_fails():
    with pytest.raises(PacketError):
        unpack_node(b"\x03" + bytes(60))


def test_mapped_addresses_are_unwrapped():
    data = b"\x0a" + bytes(10) + b"\xff\xff\x7f\x00\x00\x01" + b"\x82\xa5" + bytes(32)
    assert unpack_node(data)[0].address == (bytes([127, 0, 0, 1]), 33445)


def test_address_classes():
    assert is_lan((bytes([192, 168, 1, 1]), 1)) and not is_lan((bytes([8, 8, 8, 8]), 1))
    assert not is_usable((bytes(4), 5)) and not is_usable((bytes([8, 8, 8, 8]), 0))
    assert not is_usable((bytes([255] * 4), 5)) and is_usable((bytes([127, 0, 0, 1]), 5))


def test_functions_that_pynacl_does_not_declare_are_found(monkeypatch):
    """pynacl 1.5, Debian 12's, does not declare what `encrypt` and `decrypt` need."""
    monkeypatch.setattr(sodium, "lib", object())
    assert all(sodium.box_functions())
    for name in "secretbox_easy", "secretbox_open_easy":
        monkeypatch.setattr(sodium, name, sodium._box_pointer(f"crypto_{name}"))
    sealed = sodium.encrypt(b"k" * 32, b"n" * 24, b"text")
    assert sodium.decrypt(b"k" * 32, b"n" * 24, sealed) == b"text"
    monkeypatch.undo()
    assert sodium.encrypt(b"k" * 32, b"n" * 24, b"text") == sealed
