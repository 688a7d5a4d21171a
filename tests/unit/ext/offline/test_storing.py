"""Messages for a friend who is away lie in its mailboxes until it comes, and its receipts in ours."""

import pytest

from tests.support.bad_mailboxes import Mixes
from tests.support.offline_world import PlainMailbox
from tests.unit.ext.offline.away import KEYS, Away
from toxpy.ext.offline.states import DELIVERED, DIRECT, QUEUED, STORED

LONG = bytes(range(256)) * 256


@pytest.fixture
def away():
    """alice is alone, and knows where bob looks for messages."""
    world = Away()
    world.meet()
    world.leave("bob")
    world.run_for(5)
    return world


def test_what_two_tell_each_other_who_are_there():
    world = Away()
    world.meet()
    for name in ("alice", "bob"):
        friend = world.cores[name].messenger.friend(0)
        offer = world.offline(name)._theirs.of(friend.real_pk)
        assert [record.real_pk for record in offer.mailboxes] == [box.real_pk for box in world.places]
        assert world.offline(name)._prekeys.left(friend.real_pk) == 200


def test_never_together_and_delivered_once(away):
    sent = [away.send("alice", text) for text in (b"one", b"two")]
    assert [one.state for one in sent] == [QUEUED] * 2
    away.run_for(200)
    assert away.states("alice", sent[0]) == [STORED] and away.blobs() == [2, 2, 2]
    assert [
        m.copies
        for m in away.offline("alice").outbox.of(away.cores["alice"].messenger.friend(0).real_pk).values()
    ] == [3, 3]
    away.leave("alice")
    away.run_for(3600)
    away.start("bob")
    away.run_for(600)
    assert away.texts("bob") == [b"one", b"two"]
    away.leave("bob")
    away.run_for(600)
    away.start("alice")
    away.run_for(1200)
    assert sorted(away.receipts("alice")) == sorted(one.message_id for one in sent)
    assert away.states("alice", sent[0]) == [STORED, DELIVERED]
    assert away.offline("alice").outbox.friends() == [] and away.texts("bob") == [b"one", b"two"]
    away.leave("alice")
    away.start("bob")
    away.run_for(3600)
    assert away.blobs() == [0, 0, 0] and away.texts("bob") == [b"one", b"two"]


@pytest.mark.parametrize(("text", "reply_to"), [(LONG, None), (b"x", b"r" * 16)])
def test_a_long_text_and_an_answer_come_whole(away, text, reply_to):
    sent = away.send("alice", text, 1, reply_to)
    away.run_for(300)
    away.leave("alice")
    away.start("bob")
    away.run_for(600)
    assert away.texts("bob") == [text]
    event = next(event for event in away.logs["bob"] if getattr(event, "id", None) == sent.id)
    assert (event.type, event.reply_to, event.id) == (1, reply_to, sent.id)
    away.leave("bob")
    away.start("alice")
    away.run_for(1500)
    assert away.receipts("alice") == [sent.message_id]


def test_a_friend_who_comes_meanwhile_gets_it_directly_and_shows_it_once(away):
    sent = away.send("alice", b"text")
    away.run_for(61)
    away.start("bob")
    away.until(lambda: away.receipts("alice"), 600, "the receipt")
    away.run_for(1800)
    assert away.texts("bob") == [b"text"] and away.receipts("alice") == [sent.message_id]
    assert away.states("alice", sent)[-1] == DELIVERED


def test_a_friend_who_comes_soon_gets_nothing_by_mailboxes(away):
    sent = away.send("alice", b"text")
    away.run_for(30)
    away.start("bob")
    away.until(lambda: away.receipts("alice"), 100, "the receipt")
    assert away.states("alice", sent) == [DIRECT, DELIVERED]
    assert [box.counts.get(2) for box in away.boxes] == [None] * 3
    # no pre-key was used
    assert away.offline("alice")._prekeys.left(away.cores["alice"].messenger.friend(0).real_pk) == 200


def test_what_nobody_fetched_is_stored_again_until_it_is_too_old(away):
    sent = away.send("alice", b"text")
    away.run_for(300)
    assert away.blobs() == [1, 1, 1]
    away.run_for(2 * 86400)
    # a copy and the one of half a day before
    assert set(away.blobs()) <= {1, 2} and away.boxes[0].counts[2] in (4, 5)
    away.leave("alice")
    away.start("bob")
    away.run_for(600)
    assert away.texts("bob") == [b"text"]
    away.leave("bob")
    away.start("alice")
    away.run_for(7 * 86400)
    assert away.states("alice", sent)[-1] == DELIVERED


def test_after_a_week_it_is_given_up(away):
    sent = away.send("alice", b"text")
    away.run_for(8 * 86400)
    assert away.states("alice", sent) == [STORED, 4] and away.offline("alice").outbox.friends() == []
    # twice a day, as long as there are pre-keys
    assert all(12 <= box.counts[2] <= 15 for box in away.boxes)


def test_fewer_prekeys_fewer_copies_and_the_last_are_for_others(away):
    keys = away.offline("alice")._prekeys
    pk = away.cores["alice"].messenger.friend(0).real_pk
    sent = [away.send("alice", b"%d" % number) for number in range(120)]
    away.run_for(3600)
    assert keys.left(pk) == 20
    states = [away.states("alice", one) for one in sent]
    stored = states.count([STORED])
    # 34 of three copies, 20 of two, 40 of one
    assert 90 <= stored <= 95 and states[-1] == []
    away.leave("alice")
    away.start("bob")
    away.run_for(600)
    assert sorted(away.texts("bob")) == sorted(b"%d" % number for number in range(stored))


def test_a_dead_mailbox_and_a_full_one_stop_nothing(away):
    away.net.remove(away.places[0].real_pk)
    away.boxes[1].per_queue = 0
    sent = [away.send("alice", b"%d" % number) for number in range(60)]
    away.run_for(4 * 3600)
    assert {tuple(away.states("alice", one)) for one in sent} == {(STORED,)}
    assert len(away.boxes[2].blobs()) == 60
    away.leave("alice")
    away.start("bob")
    away.run_for(600)
    assert away.texts("bob") == [b"%d" % number for number in range(60)]


def test_nothing_leaves_before_it_is_on_disk(away):
    offline = away.offline("alice")
    offline.holds_events = True
    sent = away.send("alice", b"text")
    away.run_for(3600)
    assert away.blobs() == [0, 0, 0] and away.states("alice", sent) == []
    offline.saved(offline.version)
    away.run_for(200)
    assert away.blobs() == [1, 1, 1]


def test_a_friend_who_is_deleted_leaves_nothing(away):
    away.send("alice", b"text")
    away.run_for(61)
    core = away.cores["alice"]
    core.messenger.delete(0)
    away.run_for(600)
    assert away.blobs() == [0, 0, 0]
    away.leave("alice")
    assert b"text" not in away.saves["alice"] and len(away.saves["alice"]) < 200


def test_at_the_end_no_timer_is_left_of_sessions(away):
    away.send("alice", b"text")
    away.run_for(62)
    away.leave("alice")
    assert all(end.closed for end in away.links["alice"].open_now)


def test_a_mailbox_cannot_make_two_lose_each_other():
    """One that brings what lies elsewhere, so that pre-keys seem to be unknown."""
    away = Away(kinds=(Mixes, PlainMailbox, PlainMailbox))
    away.meet()
    for name in ("alice", "bob"):
        away.leave(name)
    sent = {"alice": [], "bob": []}
    for turn in range(12):
        name = ("alice", "bob")[turn % 2]
        away.start(name)
        sent[name] += [away.send(name, b"%d %d" % (turn, number)).message_id for number in range(4)]
        away.run_for(3600)
        away.leave(name)
        away.run_for(600)
    for name in ("alice", "bob", "alice"):
        away.start(name)
        away.run_for(3600)
        away.leave(name)
    for name, other in (("alice", "bob"), ("bob", "alice")):
        assert len(away.texts(other)) == 24
        assert sorted(away.receipts(name)) == sorted(sent[name])


class Answers(PlainMailbox):
    """Answers PUT with a code, as long as it has some."""

    codes = ()

    def put(self, session, queue, data):
        if self.codes:
            code, self.codes = self.codes[0], self.codes[1:]
            return [bytes((code,))]
        return super().put(session, queue, data)


@pytest.mark.parametrize(("code", "longest_s"), [(1, 120), (2, 2800), (3, 120), (4, 120), (5, 200), (6, 120)])
def test_what_a_mailbox_refuses_it_gets_later(code, longest_s):
    away = Away(kinds=(Answers,))
    away.meet()
    away.leave("bob")
    away.run_for(5)
    away.boxes[0].codes = (code,)
    sent = away.send("alice", b"text")
    away.until(lambda: away.boxes[0].counts.get(2) == 1, 300, "the first try")
    away.until(lambda: away.states("alice", sent) == [STORED], longest_s, "another one")
    assert away.boxes[0].counts[2] == 2
    # neither try cost more than its pre-key
    assert away.offline("alice")._prekeys.left(KEYS["bob"]) == 198


def test_a_mailbox_that_never_takes_anything_is_asked_ever_more_rarely():
    away = Away(kinds=(Answers,))
    away.meet()
    away.leave("bob")
    away.boxes[0].codes = (1,) * 1000
    away.send("alice", b"text")
    away.run_for(86400)
    assert 20 < away.boxes[0].counts[2] < 40
    assert away.offline("alice")._prekeys.left(KEYS["bob"]) > 160


def test_what_our_mailboxes_say_of_themselves():
    away = Away()
    away.net.remove(away.places[2].real_pk)
    away.meet(600)
    stats = away.offline("alice").storage_stats()
    assert [(stat.room_kib, stat.ttl_s, stat.per_queue, stat.failure) for stat in stats.mailboxes[:2]] == [
        (1024, 86400, 100, "")
    ] * 2
    assert stats.mailboxes[2].failure and stats.messages == 0
