"""Pre-keys: used once, refilled within limits, bounded for each friend and in all, kept by a save."""

import pytest

from tests.support.offline_world import runtime
from tests.support.universe import Universe
from toxpy.crypto.keys import KeyPair
from toxpy.ext.offline import prekeys as module
from toxpy.ext.offline.keys import prekey_id
from toxpy.ext.offline.prekeys import Prekeys
from toxpy.ext.offline.versions import Versions
from toxpy.ext.offline.wall_clock import WallClock

ALICE, CAROL = b"a" * 32, b"c" * 32


class Stage:
    def __init__(self):
        self.universe = Universe(1)
        self.rt = runtime(self.universe, "bob")
        self.versions = Versions(rt=self.rt)
        self.low = []
        self.prekeys = self.again()

    def again(self, record=None):
        clock = WallClock(rt=self.rt)
        prekeys = Prekeys(self.versions, clock, lambda *low: self.low.append(low), rt=self.rt)
        if record is not None:
            prekeys.load(record)
        return prekeys


@pytest.fixture
def stage():
    return Stage()


def numbered(count):
    return [number.to_bytes(32, "big") for number in range(1, count + 1)]


def test_a_key_of_ours_is_found_until_it_is_used(stage):
    keys, before = stage.prekeys, stage.versions.version
    made = keys.refill(ALICE, 0)
    assert len(set(made)) == 200 and stage.versions.version > before
    key_id = prekey_id(made[0])
    pair = keys.find(ALICE, key_id)
    assert isinstance(pair, KeyPair) and pair.public == made[0]
    # made for one friend alone
    assert keys.find(CAROL, key_id) is None and keys.is_ours(key_id)
    assert not keys.was_used(ALICE, key_id)
    keys.use(ALICE, key_id)
    assert keys.find(ALICE, key_id) is None and keys.was_used(ALICE, key_id) and keys.is_ours(key_id)
    assert pair.secret not in keys.pack()
    assert not keys.is_ours(b"none")


def test_a_friend_is_refilled_to_200_and_not_too_often(stage):
    keys, universe = stage.prekeys, stage.universe
    assert len(keys.refill(ALICE, 49)) == 151
    assert keys.refill(ALICE, 200) == keys.refill(ALICE, 65535) == []
    assert [len(keys.refill(ALICE, 199)) for _ in range(12)] == [1] * 9 + [0] * 3
    # others are not in the way
    assert len(keys.refill(CAROL, 0)) == 200
    universe.clock.now_ms += 299_999
    assert keys.refill(ALICE, 199) == []
    universe.clock.now_ms += 1
    assert len(keys.refill(ALICE, 199)) == 1


def test_what_a_friend_lost_is_replaced_in_the_end(stage):
    keys = stage.prekeys
    rounds = [keys.refill(ALICE, 0) for _ in range(3)]
    assert all(keys.find(ALICE, prekey_id(key)) is None for key in rounds[0])
    assert all(keys.find(ALICE, prekey_id(key)) is not None for key in rounds[1] + rounds[2])


def test_keys_of_all_friends_are_bounded(stage, monkeypatch):
    monkeypatch.setattr(module, "MAX_ALL", 250)
    keys = stage.prekeys
    assert len(keys.refill(ALICE, 0)) == 200 and len(keys.refill(CAROL, 0)) == 50
    assert keys.refill(CAROL, 0) == []
    keys.forget(ALICE)
    assert keys.friends() == [CAROL] and len(keys.refill(CAROL, 0)) == 200
    keys.add_theirs(ALICE, numbered(200))
    keys.add_theirs(CAROL, numbered(200))
    assert (keys.left(ALICE), keys.left(CAROL)) == (200, 50)
    keys.forget_theirs(ALICE)
    keys.add_theirs(CAROL, numbered(400))
    assert (keys.left(ALICE), keys.left(CAROL)) == (0, 250)


def test_used_ids_are_remembered_for_two_days(stage):
    keys, clock = stage.prekeys, stage.rt.clock
    first, second = (prekey_id(key) for key in keys.refill(ALICE, 198))
    keys.use(ALICE, first)
    clock.ahead_s += 48 * 3600
    for number in range(module.MAX_USED - 1):
        keys.use(ALICE, number.to_bytes(4, "big"))
    assert keys.was_used(ALICE, first)
    # no more than a thousand, and none for longer
    keys.use(ALICE, second)
    assert not keys.was_used(ALICE, first)
    clock.ahead_s += 48 * 3600 + 1
    keys.use(ALICE, first)
    assert not keys.was_used(ALICE, second)


def test_a_friends_keys_are_taken_once(stage):
    keys, given = stage.prekeys, numbered(60)
    keys.add_theirs(ALICE, given)
    keys.add_theirs(ALICE, given[:3])
    assert keys.left(ALICE) == 60 and keys.wanted(ALICE) is None
    before = stage.versions.version
    taken = keys.take(ALICE, 11)
    assert taken == [(prekey_id(key), key) for key in given[:11]] and stage.versions.version > before
    assert keys.wanted(ALICE) == 49 and stage.low == []
    keys.take(ALICE, 19)
    assert stage.low == [(ALICE, 30)]
    # the last 20 are for receipts and offers
    assert len(keys.take(ALICE, 100)) == 10 and keys.take(ALICE, 1) == []
    assert len(keys.take(ALICE, 5, 0)) == 5 and stage.low == [(ALICE, 30)]
    assert keys.take(CAROL, 1, 0) == [] and keys.wanted(CAROL) == 0
    # said again once there were more
    keys.add_theirs(ALICE, numbered(90)[60:])
    keys.take(ALICE, 20)
    assert stage.low == [(ALICE, 30), (ALICE, 25)]
    keys.add_theirs(ALICE, numbered(900)[100:])
    assert keys.left(ALICE) == module.MAX_THEIRS
    assert stage.rt.counters.values["drop.offline_prekeys"] == 1


def test_a_save_keeps_them(stage):
    keys = stage.prekeys
    assert keys.pack() == b""
    mine = keys.refill(ALICE, 190)
    keys.use(ALICE, prekey_id(mine[0]))
    keys.add_theirs(ALICE, numbered(33))
    keys.add_theirs(CAROL, numbered(2))
    record = keys.pack()
    again = stage.again(record)
    assert again.pack() == record and again.friends() == [ALICE, CAROL]
    assert again.find(ALICE, prekey_id(mine[1])).public == mine[1]
    assert again.find(ALICE, prekey_id(mine[0])) is None and again.was_used(ALICE, prekey_id(mine[0]))
    assert again.take(ALICE, 1)[0][1] == numbered(1)[0]
    assert again.left(CAROL) == 2
    for size in range(len(record)):
        cut = stage.again(record[:size])
        assert record.startswith(cut.pack())
    for at in range(0, len(record), 7):
        damaged = bytearray(record)
        damaged[at] ^= 0xFF
        stage.again(bytes(damaged)).pack()
