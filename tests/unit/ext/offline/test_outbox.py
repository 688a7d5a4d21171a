"""The outbox keeps its order, its bounds and its record."""

import random

import pytest

from toxpy.errors import ToxError
from toxpy.ext.offline import outbox as ob
from toxpy.ext.offline.outbox import Message, Outbox
from toxpy.ext.offline.states import ACCEPT, QUEUED, STORE, STORED, WRITE

ALICE, BOB = b"a" * 32, b"b" * 32


def message(number, text=b"text", kind=0):
    return Message(number.to_bytes(16, "big"), number, 1_800_000_000_000 + number, kind, bytes(16), text)


def told(box, real_pk):
    fields = ("id", "number", "sent_ms", "kind", "reply_to", "text", "state", "stored_s", "copies")
    return [tuple(getattr(m, field) for field in fields) for m in box.of(real_pk).values()]


def filled():
    box = Outbox()
    for number in range(1, 6):
        box.add(ALICE if number % 2 else BOB, message(number, b"x" * number, number % 2))
    stored = box.of(BOB)[bytes(15) + b"\x02"]
    assert stored.move(STORE) and stored.move(ACCEPT)
    stored.stored_s, stored.copies = 1_800_000_100, 3
    return box


def test_a_record_comes_back():
    box, again = filled(), Outbox()
    again.load(box.pack())
    for friend in (ALICE, BOB):
        assert told(again, friend) == told(box, friend) and told(box, friend)
    assert again.size == box.size == len(box.pack()) and again.pack() == box.pack()
    assert [m.number for m in again.of(ALICE).values()] == [1, 3, 5]
    assert again.of(BOB)[bytes(15) + b"\x02"].state == STORED


def test_nothing_is_no_record():
    box = filled()
    for real_pk, one in box:
        box.remove(real_pk, one)
    assert box.pack() is None and box.size == 1 and box.friends() == []
    box.load(b"")
    assert box.friends() == []


def test_a_message_on_its_way_waits_again_after_a_new_start():
    box, again = Outbox(), Outbox()
    for number, events in enumerate(([WRITE], [STORE], [STORE, ACCEPT, WRITE])):
        one = message(number + 1)
        box.add(ALICE, one)
        assert all(one.move(event) for event in events)
        one.copies = events.count(ACCEPT)
    again.load(box.pack())
    assert [m.state for m in again.of(ALICE).values()] == [QUEUED, QUEUED, STORED]


def test_every_beginning_of_a_record_gives_whole_messages():
    record, whole = filled().pack(), Outbox()
    whole.load(record)
    for size in range(len(record)):
        box = Outbox()
        box.load(record[:size])
        for friend in (ALICE, BOB):
            assert told(whole, friend)[: len(told(box, friend))] == told(box, friend)
        assert box.size <= size or not box.friends()


def test_damage_is_read_without_harm():
    rng, record = random.Random(1), filled().pack()
    for _ in range(2000):
        data = bytearray(record)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        box = Outbox()
        box.load(bytes(data))
        assert box.pack() is None or len(box.pack()) == box.size <= len(record)
        for _, one in box:
            assert one.kind in (0, 1) and one.state in (QUEUED, STORED) and one.text


def test_another_version_is_left_alone():
    box = Outbox()
    box.load(b"\x02" + filled().pack()[1:])
    assert box.friends() == []


def test_a_friend_has_a_bound_and_all_have():
    box, number, friend = Outbox(), 0, 0
    with pytest.raises(ToxError, match="are kept") as caught:
        while True:
            number += 1
            box.add(ALICE, message(number, b"x" * 60_000))
    assert caught.value.name == "TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ" and caught.value.retryable
    assert ob.MAX_FRIEND_SIZE - 61_000 < len(box.pack()) <= ob.MAX_FRIEND_SIZE + 1
    with pytest.raises(ToxError, match="outbox is full"):
        while True:
            number, friend = number + 1, friend + 1
            box.add(friend.to_bytes(32, "big"), message(number, b"x" * 30_000))
    assert len(box.pack()) == box.size <= ob.MAX_SIZE
    box.remove(ALICE, next(iter(box.of(ALICE).values())))
    box.add(ALICE, message(number, b"x" * 59_000))


def test_many_short_ones_have_a_bound(monkeypatch):
    monkeypatch.setattr(ob, "MAX_MESSAGES", 10)
    box = Outbox()
    with pytest.raises(ToxError, match="10 messages wait"):
        for number in range(11):
            box.add(ALICE, message(number + 1))
    assert [m.number for m in box.forget(ALICE)] == list(range(1, 11)) and box.size == 1
    assert box.forget(ALICE) == []


def test_a_record_of_too_much_is_taken_to_the_bound(monkeypatch):
    record = filled().pack()
    monkeypatch.setattr(ob, "MAX_MESSAGES", 2)
    box = Outbox()
    box.load(record)
    assert len(box.of(ALICE)) == 2
    box.load(record)
    assert len(box.of(ALICE)) == 2
