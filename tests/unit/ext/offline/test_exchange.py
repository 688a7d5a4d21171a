"""What friends tell each other about mailboxes, and what they leave when they do not meet."""

import random

import pytest

from tests.support.offline_world import PlainMailbox
from tests.unit.ext.offline.away import KEYS, Away
from toxpy.ext.offline import segments as seg
from toxpy.ext.offline.events import OfflinePrekeysLow
from toxpy.ext.offline.prekeys import RESERVED
from toxpy.ext.offline.receipts import Receipts
from toxpy.ext.offline.segments import Offer
from toxpy.ext.offline.their_offers import TheirOffers


def hear(away, name, data):
    core = away.cores[name]
    away.offline(name)._exchange.on_segment(core.messenger.friend(0), data)


def test_prekeys_are_refilled_by_mailboxes_when_two_never_meet():
    away = Away()
    away.meet()
    away.leave("bob")
    warned = 0
    for turn in range(8):
        for number in range(30):
            away.send("alice", b"%d %d" % (turn, number))
        away.run_for(1800)
        warned += sum(isinstance(event, OfflinePrekeysLow) for event in away.logs["alice"])
        away.leave("alice")
        away.start("bob")
        away.run_for(1800)
        away.leave("bob")
        away.run_for(3 * 3600)
        away.start("alice")
        away.run_for(1800)
    assert len(away.texts("bob")) == 240 and len(away.receipts("alice")) == 240
    assert away.offline("alice")._prekeys.left(KEYS["bob"]) > RESERVED


def test_other_mailboxes_are_told_to_friends_who_are_there_and_to_others():
    away = Away()
    away.meet()
    away.leave("bob")
    away.options["bob"].mailboxes = away.places[:1]
    away.start("bob")
    away.run_for(200)
    offer = away.offline("alice")._theirs.of(KEYS["bob"])
    assert (offer.generation, len(offer.mailboxes)) == (2, 1)
    # and by a mailbox
    away.leave("alice")
    away.leave("bob")
    away.options["bob"].mailboxes = away.places[1:]
    away.start("bob")
    away.run_for(600)
    away.leave("bob")
    away.start("alice")
    away.run_for(600)
    offer = away.offline("alice")._theirs.of(KEYS["bob"])
    assert (offer.generation, len(offer.mailboxes)) == (3, 2)


def test_a_friend_may_use_a_mailbox_of_ours():
    away = Away(both=False)
    away.options["bob"].lend = away.places[:2]
    away.meet()
    assert [box.real_pk for box in away.offline("alice")._own.mailboxes().values()] == [
        box.real_pk for box in away.places[:2]
    ]
    assert len(away.offline("bob")._theirs.of(KEYS["alice"]).mailboxes) >= 1
    away.leave("alice")
    away.send("bob", b"text")
    away.run_for(300)
    away.leave("bob")
    away.start("alice")
    away.run_for(900)
    assert away.texts("alice") == [b"text"]


def test_a_friend_who_lost_everything_begins_anew():
    away = Away()
    away.meet()
    away.leave("bob")
    away.saves["bob"] = b""
    away.start("bob")
    away.run_for(400)
    away.leave("bob")
    away.send("alice", b"text")
    away.run_for(300)
    away.leave("alice")
    away.start("bob")
    away.run_for(600)
    assert away.texts("bob") == [b"text"]


def test_without_mailboxes_nothing_is_asked_for():
    away = Away(kinds=())
    away.meet()
    for name, other in (("alice", "bob"), ("bob", "alice")):
        assert away.offline(name)._theirs.of(KEYS[other]) is None
        assert away.offline(name)._prekeys.left(KEYS[other]) == 0
    away.leave("bob")
    away.send("alice", b"text")
    away.run_for(7200)
    away.start("bob")
    away.run_for(30)
    assert away.texts("bob") == [b"text"] and len(away.receipts("alice")) == 1


def test_receipts_that_come_directly():
    away = Away()
    away.meet()
    away.leave("bob")
    sent = away.send("alice", b"text")
    away.run_for(300)
    # bob fetches it before alice is found
    away.leave("alice")
    away.start("bob")
    away.run_for(100)
    assert away.texts("bob") == [b"text"]
    away.start("alice")
    away.run_for(15)
    assert away.receipts("alice") == [sent.message_id]
    assert away.texts("bob") == [b"text"]


@pytest.mark.parametrize("direct", [True, False])
def test_nonsense_is_dropped(direct):
    away = Away()
    away.meet()
    rng, exchange = random.Random(1), away.offline("alice")._exchange
    friend = away.cores["alice"].messenger.friend(0)
    before = away.offline("alice").version
    for _ in range(3000):
        data = bytes((rng.randrange(8),)) + rng.randbytes(rng.choice((0, 1, 2, 40, 200)))
        if direct:
            exchange.on_segment(friend, data)
        else:
            exchange.on_sealed(friend, seg.pack_offered([data]))
    exchange.on_sealed(friend, b"\xff\xff")
    away.run_for(10)
    counters = away.cores["alice"].rt.counters.values
    assert counters["drop.offline_segment"] + counters.get("drop.offline_told_too_often", 0) > 2900
    assert away.offline("alice").version - before < 100


def test_one_who_asks_all_the_time_gets_little():
    away = Away()
    away.meet()
    before = away.cores["alice"].friend_bytes
    for _ in range(1000):
        hear(away, "alice", seg.pack_wanted(0))
    away.run_for(200)
    assert away.cores["alice"].friend_bytes - before < 100_000
    assert len(away.offline("alice")._exchange._talks) == 1


def test_one_who_tells_all_the_time_changes_little():
    """What a friend says is written to the disk: it must not keep the disk busy."""
    away = Away()
    away.meet()
    offline = away.offline("alice")
    before, counters = offline.version, away.cores["alice"].rt.counters.values
    for number in range(500):
        hear(away, "alice", Offer(number, number.to_bytes(32, "big"), []).pack())
        hear(away, "alice", seg.pack_mailbox(away.places[0].record(), number.to_bytes(32, "big")))
        hear(away, "alice", seg.pack_prekeys([number.to_bytes(32, "big")]))
    assert offline.version - before < 100
    assert counters["drop.offline_told_too_often"] > 900 and counters["drop.offline_prekeys_unasked"] >= 300
    assert offline._prekeys.left(KEYS["bob"]) <= 200


def test_receipts_of_others_messages_do_nothing():
    away = Away()
    away.meet()
    away.leave("bob")
    sent = away.send("alice", b"text")
    hear(away, "alice", seg.pack_receipt([b"x" * 16]))
    assert away.offline("alice").outbox.of(KEYS["bob"])[sent.id].text == b"text"


def test_sealed_offers_do_not_go_back():
    theirs = TheirOffers()
    offers = [Offer(generation, bytes((generation,)) * 32, []) for generation in (1, 2, 3)]
    assert theirs.put(KEYS["bob"], offers[1], is_direct=False)
    assert not theirs.put(KEYS["bob"], offers[0], is_direct=False)
    assert theirs.put(KEYS["bob"], offers[2], is_direct=False)
    assert theirs.put(KEYS["bob"], offers[0], is_direct=True)
    assert not theirs.put(KEYS["bob"], offers[0], is_direct=True)
    assert theirs.secret(KEYS["bob"]) == offers[0].pair_secret and theirs.of(KEYS["bob"]) is None


def test_records_come_back_and_damage_does_no_harm():
    away = Away(both=False)
    away.options["bob"].lend = away.places[:1]
    away.meet()
    theirs = away.offline("alice")._theirs
    record, again = theirs.pack(), TheirOffers()
    again.load(record)
    assert again.pack() == record and again.lent() == theirs.lent() and again.lent()
    receipts, others = Receipts(), Receipts()
    for number in range(2000):
        receipts.owe(KEYS["alice" if number % 3 else "bob"], number.to_bytes(16, "big"))
    others.load(receipts.pack())
    assert others.pack() == receipts.pack() and len(receipts.of(KEYS["alice"])) == 1000
    rng = random.Random(2)
    for _ in range(500):
        data = bytearray(record)
        data[rng.randrange(len(data))] = rng.randrange(256)
        TheirOffers().load(bytes(data[: rng.randrange(len(data))]))
        Receipts().load(receipts.pack()[: rng.randrange(3000)])
    receipts.told(KEYS["alice"], receipts.of(KEYS["alice"]))
    receipts.forget(KEYS["bob"])
    assert receipts.friends() == [] and receipts.pack() == b""


def test_a_mailbox_without_a_word():
    """One that takes what it gets and forgets it: the other copies come."""

    class Forgets(PlainMailbox):
        def put(self, _session, _queue, _data):
            return [b"\0"]

    away = Away(kinds=(Forgets, PlainMailbox, PlainMailbox))
    away.meet()
    away.leave("bob")
    away.send("alice", b"text")
    away.run_for(300)
    away.leave("alice")
    away.start("bob")
    away.run_for(600)
    assert away.texts("bob") == [b"text"]
