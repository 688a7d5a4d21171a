"""Long texts go in parts, and come whole in whatever order the parts come."""

import random

import pytest

from tests.support.universe import SeededRng, SimClock
from toxpy.ext.offline import parts
from toxpy.ext.offline.parts import Joiner, cut
from toxpy.ext.offline.seal import MAX_BODY_SIZE, PART, Parcel
from toxpy.runtime import Runtime

ALICE, BOB = b"a" * 32, b"b" * 32
NO_ID, REPLY = bytes(16), b"r" * 16
TEXT = bytes(range(256)) * 256


@pytest.fixture
def joiner():
    clock = SimClock()
    return Joiner(rt=Runtime(clock, SeededRng(1)))


def parcels(text, kind=0, reply_to=NO_ID, message_id=b"i" * 16):
    return [Parcel(message_id, 1, kind, body) for kind, body in cut(kind, reply_to, text)]


def drops(joiner):
    values = joiner._rt.counters.values
    return {name.removeprefix("drop.offline_part_"): count for name, count in values.items()}


def test_what_fits_is_one_message():
    assert cut(1, NO_ID, TEXT[:MAX_BODY_SIZE]) == [(1, TEXT[:MAX_BODY_SIZE])]
    assert [kind for kind, _ in cut(1, NO_ID, TEXT[: MAX_BODY_SIZE + 1])] == [PART, PART]
    assert [kind for kind, _ in cut(0, REPLY, b"x")] == [PART]
    assert len(cut(0, NO_ID, TEXT)) == parts.MAX_PARTS == 17
    assert all(len(body) <= MAX_BODY_SIZE for _, body in cut(0, NO_ID, TEXT))


@pytest.mark.parametrize("size", [1, parts.MAX_DATA_SIZE, parts.MAX_DATA_SIZE + 1, len(TEXT)])
def test_any_order_gives_the_text(joiner, size):
    made = parcels(TEXT[:size], 1, REPLY)
    random.Random(size).shuffle(made)
    for parcel in made[:-1]:
        assert joiner.add(ALICE, parcel) is None
    assert joiner.add(ALICE, made[-1]) == (1, REPLY, TEXT[:size])
    assert not joiner.has(ALICE, b"i" * 16) and joiner.pack() == b""


def test_friends_and_ids_are_apart(joiner):
    first, second = parcels(TEXT[:5000])
    others = parcels(b"y" * 5000, message_id=b"j" * 16)
    assert joiner.add(ALICE, first) is joiner.add(BOB, second) is joiner.add(ALICE, others[0]) is None
    assert joiner.add(ALICE, second) == (0, None, TEXT[:5000])
    assert joiner.has(BOB, b"i" * 16)
    joiner.forget(BOB)
    assert not joiner.has(BOB, b"i" * 16) and joiner.has(ALICE, b"j" * 16)


def test_a_part_that_comes_again_or_does_not_fit_is_dropped(joiner):
    first, _second = parcels(TEXT[:5000])
    joiner.add(ALICE, first)
    joiner.add(ALICE, first)
    joiner.add(ALICE, parcels(TEXT[:9000])[1])
    joiner.add(ALICE, parcels(TEXT[:5000], 1)[1])
    assert drops(joiner) == {"again": 3}


@pytest.mark.parametrize(
    "body",
    [b"", bytes(19), b"\x02\0\1" + NO_ID + b"x", b"\0\1\1" + NO_ID + b"x", b"\0\0\x12" + NO_ID + b"x"],
)
def test_what_is_no_part_is_dropped(joiner, body):
    assert joiner.add(ALICE, Parcel(b"i" * 16, 1, PART, body)) is None
    assert drops(joiner) == {"malformed": 1} and joiner.pack() == b""


def test_more_than_a_text_may_have_is_no_text(joiner):
    for index in range(17):
        body = bytes((0, index, 17)) + NO_ID + b"x" * parts.MAX_DATA_SIZE
        assert joiner.add(ALICE, Parcel(b"i" * 16, 1, PART, body)) is None
    assert drops(joiner) == {"malformed": 1} and joiner.pack() == b""


def test_memory_has_a_bound_and_the_oldest_go(joiner):
    for friend in range(8):
        for number in range(100):
            made = parcels(TEXT[:8000], message_id=number.to_bytes(16, "big"))
            joiner.add(bytes((friend,)) * 32, made[0])
    assert len(joiner.pack()) < parts.MAX_SIZE + 100_000
    assert joiner.has(bytes((7,)) * 32, (99).to_bytes(16, "big"))
    assert all(joiner.has(bytes((friend,)) * 32, (99).to_bytes(16, "big")) for friend in range(8))
    assert not joiner.has(bytes(32), bytes(16)) and drops(joiner)["memory"] > 100


def test_a_record_comes_back_and_damage_does_no_harm(joiner):
    made = parcels(TEXT[:20_000], 1, REPLY)
    for parcel in made[:3]:
        joiner.add(ALICE, parcel)
    joiner.add(BOB, parcels(TEXT[:5000])[1])
    record = joiner.pack()
    again = Joiner(rt=joiner._rt)
    again.load(record)
    assert again.pack() == record
    again.load(record)
    assert again.pack() == record
    again.add(ALICE, made[3])
    for parcel in made[4:-1]:
        again.add(ALICE, parcel)
    assert again.add(ALICE, made[-1])[2] == TEXT[:20_000]
    rng = random.Random(3)
    for size in range(0, len(record), 97):
        cut_short = Joiner(rt=joiner._rt)
        cut_short.load(record[:size])
        assert len(cut_short.pack()) <= size
    for _ in range(300):
        data = bytearray(record)
        data[rng.randrange(150)] = rng.randrange(256)
        Joiner(rt=joiner._rt).load(bytes(data))


def test_what_is_old_is_forgotten(joiner):
    joiner.add(ALICE, parcels(TEXT[:5000])[0])
    joiner._rt.clock.now_ms += (parts.KEPT_S - 1) * 1000
    assert joiner.pack()
    joiner._rt.clock.now_ms += 2000
    assert joiner.pack() == b"" and not joiner.has(ALICE, b"i" * 16)
