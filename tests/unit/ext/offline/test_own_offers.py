"""Our offers: a generation for each change, old ones for two days, all of it in a save."""

import pytest

from tests.support.offline_world import START_UNIX_S, runtime
from tests.support.universe import Universe
from tests.unit.ext.offline.recipient import mailbox_of
from toxpy.ext.offline import own_offers as module
from toxpy.ext.offline.fields import pack_fields, unpack_fields
from toxpy.ext.offline.keys import access, queue_of
from toxpy.ext.offline.own_offers import OwnOffers
from toxpy.ext.offline.records import Mailbox
from toxpy.ext.offline.versions import Versions
from toxpy.ext.offline.wall_clock import WallClock

ALICE, CAROL = b"a" * 32, b"c" * 32
BOXES = [mailbox_of(number, token=bytes((number,)) * 32) for number in range(1, 7)]


class Stage:
    def __init__(self):
        self.rt = runtime(Universe(1), "bob")
        self.clock = WallClock(rt=self.rt)
        self.versions = Versions(rt=self.rt)
        self.offers = self.again()

    def again(self, part=b""):
        offers = OwnOffers(self.versions, self.clock, rt=self.rt)
        offers.load(part)
        return offers


@pytest.fixture
def stage():
    return Stage()


def names(offer):
    return [record.mailbox().host for record in offer.mailboxes]


def test_generations(stage):
    offers, version = stage.offers, stage.versions.version
    assert offers.our_offer(ALICE) is None and offers.is_told(ALICE) and offers.pack() == b""
    offers.set_mailboxes(BOXES)
    assert not offers.is_told(ALICE)
    first = offers.our_offer(ALICE)
    assert first.generation == 1 and names(first) == [f"10.0.0.{n}" for n in range(1, 5)]
    assert stage.versions.version > version and offers.is_told(ALICE)
    again = offers.our_offer(ALICE)
    assert again.pack() == first.pack()
    # each friend has a secret of its own
    assert offers.our_offer(CAROL).pair_secret != first.pair_secret
    offers.set_mailboxes(BOXES[:1])
    assert not offers.is_told(ALICE)
    second = offers.our_offer(ALICE)
    assert (second.generation, second.pair_secret) == (2, first.pair_secret) and names(second) == ["10.0.0.1"]
    # until carol is told, she leaves things where she was told before
    assert {*offers.mailboxes()} == {box.real_pk for box in BOXES[:4]}
    offers.renew(ALICE)
    assert not offers.is_told(ALICE)
    third = offers.our_offer(ALICE)
    assert third.generation == 3 and third.pair_secret != first.pair_secret and offers.is_told(ALICE)
    offers.set_mailboxes([])
    assert names(offers.our_offer(ALICE)) == []
    offers.renew(bytes(32))
    offers.forget(CAROL)
    assert offers.friends() == [ALICE]


def test_what_was_replaced_is_looked_into_for_two_days(stage):
    offers = stage.offers
    offers.set_mailboxes(BOXES[:2])
    offers.our_offer(ALICE)
    offers.set_mailboxes(BOXES[1:2])
    offers.our_offer(ALICE)
    machine, old = stage.rt.clock, BOXES[0].real_pk
    machine.ahead_s = 48 * 3600
    assert {*offers.mailboxes()} == {box.real_pk for box in BOXES[:2]}
    # not by a clock that nobody believes
    machine.ahead_s = -START_UNIX_S
    assert old in offers.mailboxes()
    machine.ahead_s = 48 * 3600 + 1
    stage.clock.on_unix(ALICE, START_UNIX_S)
    assert old in offers.mailboxes()
    stage.clock.on_unix(ALICE, START_UNIX_S + machine.ahead_s)
    assert [*offers.mailboxes()] == [BOXES[1].real_pk] and offers.secrets(old) == []
    # nobody makes us look into more and more
    for _ in range(20):
        offers.renew(ALICE)
        offers.our_offer(ALICE)
        assert len(offers.secrets(BOXES[1].real_pk)) <= module.MAX_OFFERS


def test_a_mailbox_that_moved_or_has_another_token(stage):
    offers, old = stage.offers, BOXES[0]
    offers.set_mailboxes([old])
    offers.our_offer(ALICE)
    offers.our_offer(CAROL)
    before = offers.changes
    moved = Mailbox("10.9.9.9", 1, old.dht_pk, old.real_pk, b"n" * 32)
    offers.set_mailboxes([moved])
    assert offers.changes > before and offers.mailboxes() == {old.real_pk: moved}
    # each friend is told where it is
    assert not offers.is_told(ALICE) and names(offers.our_offer(ALICE)) == ["10.9.9.9"]
    assert offers.mailboxes() == {old.real_pk: moved}
    assert len(offers.secrets(old.real_pk)) == 2


def test_queues(stage):
    offers, (one, two) = stage.offers, (box.real_pk for box in BOXES[:2])
    offers.set_mailboxes(BOXES[:1])
    secrets = [offers.our_offer(friend).pair_secret for friend in (ALICE, CAROL)]
    expected = [
        (friend, epoch, access(secret, epoch, one), queue_of(access(secret, epoch, one)))
        for friend, secret in zip((ALICE, CAROL), secrets, strict=True)
        for epoch in (-1, 5, 6)
    ]
    for _ in range(2):
        queues = offers.queues(one, [-1, 5, 6])
        assert [(queue.friend_pk, queue.epoch, queue.access, queue.name) for queue in queues] == expected
    assert offers.queues(two, [5, 6]) == []


def test_derived_keys_are_bounded(stage, monkeypatch):
    monkeypatch.setattr(module, "MAX_DERIVED", 10)
    for epoch in range(100):
        stage.offers.derive(ALICE, CAROL, epoch)
    assert len(stage.offers._derived) == 10


def test_a_save_keeps_them(stage):
    offers = stage.offers
    for boxes in (BOXES[:2], BOXES[2:5], []):
        offers.set_mailboxes(boxes)
        offers.our_offer(ALICE)
    offers.set_mailboxes(BOXES[:1])
    offers.our_offer(CAROL)
    offers.renew(CAROL)
    part = offers.pack()
    again = stage.again(part)
    assert again.pack() == part and again.mailboxes() == offers.mailboxes()
    # with their tokens
    assert {str(box) for box in again.mailboxes().values()} == {str(box) for box in BOXES[:5]}
    again.set_mailboxes(BOXES[:1])
    assert not again.is_told(CAROL) and again.our_offer(CAROL).generation == 2
    for size in range(len(part)):
        stage.again(part[:size]).pack()
    for at in range(len(part)):
        damaged = bytearray(part)
        damaged[at] ^= 0xFF
        stage.again(bytes(damaged)).mailboxes()


def test_parts_of_a_record():
    fields = {1: b"one", 7: b"seven" * 100}
    record = pack_fields({**fields, 3: b""})
    assert unpack_fields(record) == fields
    for size in range(len(record)):
        assert unpack_fields(record[:size]).items() <= fields.items()
