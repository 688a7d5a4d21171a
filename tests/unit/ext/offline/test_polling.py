"""What a recipient finds in mailboxes, what it keeps of it over a stop, and what a mailbox can do to it."""

import pytest

from tests.support.bad_mailboxes import BAD, Mixes, Replays, Silent, SilentAfterHello, Slow
from tests.support.offline_world import ACK, GET, HAS, OPEN, PUT, REFUSED, PlainMailbox
from tests.support.parcels import damaged, noise
from tests.unit.ext.offline.recipient import EPOCH, Recipient, Stage
from toxpy.ext.mailbox.memory_store import MemoryStore
from toxpy.ext.mailbox.server import MailboxServer
from toxpy.ext.messages.events import ExtendedMessage, MessageEdited
from toxpy.ext.offline import inbox, poll
from toxpy.ext.offline.events import OfflineMessageLost
from toxpy.ext.offline.keys import epoch_at
from toxpy.ext.offline.seal import ACTION, COVER, EDIT, OFFERED, PART, RECEIPTS

ID, OTHER = b"i" * 16, b"o" * 16


def test_messages_are_fetched_shown_and_deleted():
    stage = Stage(tokens=(b"t" * 32,))
    alice, carol = stage.friends
    bob, host = stage.bob, stage.hosts[0]
    stage.leave(alice, bob.sealed(alice, b"long" * 900, id=ID, sent_ms=7))
    stage.leave(carol, bob.sealed(carol, b"waves", ACTION))
    left = {friend: len(bob.prekeys.pack()) for friend in stage.friends}
    stage.until(lambda: not host.blobs())
    by_friend = {event.friend_number: event for event in bob.shown}
    first, second = by_friend[1], by_friend[2]
    assert (first.message, first.id, first.sent_ms, first.type) == (b"long" * 900, ID, 7, 0)
    assert (second.message, second.type) == (b"waves", 1) and len(bob.shown) == 2
    assert (alice, ID) in bob.receipts and len(bob.receipts) == 2
    # two pre-keys are gone for good
    assert len(bob.prekeys.pack()) == left[alice] - 2 * 36 + 2 * 8
    # one poll: a greeting, one question, the two queues and one of the others, a week is opened
    assert (host.counts[1], host.counts[HAS], host.counts[GET], host.counts[ACK]) == (1, 1, 3, 2)
    assert host.counts[OPEN] == 4 + 1 + poll.OPENED_EPOCHS
    assert stage.count("poll_errors") == 0 and not bob.inbox.is_owing(stage.mailboxes[0].real_pk)


def test_members_open_a_week_once_and_then_each_epoch():
    stage = Stage(tokens=(b"t" * 32,))
    host, week = stage.hosts[0], 4 + 1 + poll.OPENED_EPOCHS
    stage.run_for(3600)
    assert host.counts[1] > 3 and host.counts[OPEN] == week
    stage.run_for(6 * 3600)
    assert host.counts[OPEN] == week + 1
    # a new secret is opened for the whole week
    stage.bob.offers.renew(stage.friends[0].real_pk)
    stage.bob.tell(stage.friends[0])
    stage.run_for(1800)
    assert host.counts[OPEN] == 2 * week + 1


class RealMailbox:
    """Our own server over a store in memory; nobody but members may have queues."""

    token = b"t" * 32

    def __init__(self, rt):
        self.rt = rt
        self.store = MemoryStore(rt=rt)
        self.store.add_member(self.token, lambda _member: None)
        self.accept = MailboxServer(self.store, rt=rt).accept

    def put(self, _session, queue, blob):
        codes = []
        self.store.put(queue, blob, 0, codes.append)
        return [bytes(codes)]


def test_with_the_server_of_ours_and_membership():
    stage = Stage([RealMailbox], friends=3, tokens=(RealMailbox.token,), cover=True)
    alice, bob, store = stage.friends[0], stage.bob, stage.hosts[0].store
    blob = bob.sealed(alice)
    # nothing is taken for queues that nobody opened
    assert stage.hosts[0].put(None, stage.queue(alice), blob) == [bytes((REFUSED,))]
    stage.run_for(20)
    for epoch in (EPOCH - 4, EPOCH, EPOCH + 1):
        stage.leave(alice, bob.sealed(alice, b"%d" % epoch, sent_ms=epoch), epoch=epoch)
    assert stage.hosts[0].put(None, stage.queue(alice, epoch=EPOCH + 28), blob) == [b"\0"]
    stage.run_for(1800)
    assert bob.texts() == [b"%d" % epoch for epoch in (EPOCH - 4, EPOCH, EPOCH + 1)]
    assert store.stats.blobs == 1
    # a friend who is new can leave something within seconds
    carol = stage.friends[1]
    bob.offers.renew(carol.real_pk)
    bob.tell(carol)
    bob.iterate()
    stage.run_for(20)
    stage.leave(carol, bob.sealed(carol, b"soon"))
    stage.run_for(48 * 3600)
    assert bob.texts()[3:] == [b"soon"] and store.stats.blobs <= 2
    assert [stage.count(name) for name in ("open_refused", "cover_errors", "poll_errors")] == [0, 0, 0]


def test_questions_do_not_say_how_many_friends_there_are(monkeypatch):
    asked = []

    class Watching(PlainMailbox):
        def has(self, session, prefixes):
            asked.append(len(prefixes))
            return super().has(session, prefixes)

    for friends, expected in ((1, [64]), (9, [64]), (10, [128]), (40, [128, 128])):
        stage = Stage([Watching], friends)
        stage.until(lambda stage=stage: stage.hosts[0].counts.get(GET), 60)
        assert asked == expected
        asked.clear()


@pytest.mark.parametrize("epoch", range(-4, 2))
def test_epochs(epoch):
    stage = Stage()
    alice = stage.friends[0]
    stage.leave(alice, stage.bob.sealed(alice), epoch=EPOCH + epoch)
    stage.run_for(20)
    assert stage.bob.texts() == [b"hello"]


@pytest.mark.parametrize("hours", [-3, 3, -24 * 365 * 3, 24 * 365 * 30])
def test_a_wrong_clock_of_the_recipient_hides_nothing(hours):
    stage = Stage()
    stage.bob.rt.clock.ahead_s = hours * 3600
    alice = stage.friends[0]
    stage.leave(alice, stage.bob.sealed(alice))
    stage.run_for(20)
    assert stage.bob.texts() == [b"hello"] and not stage.bob.clock.trusted()


def test_all_kinds():
    stage = Stage()
    alice, bob = stage.friends[0], stage.bob
    for body, kind, message_id in (
        (b"one", 0, ID),
        (ID + b"\0\1one!", EDIT, b"1" * 16),
        (ID + b"\0\1again", EDIT, b"2" * 16),
        (OTHER + b"\0\3new", EDIT, b"3" * 16),
        (OTHER + b"\0\0none", EDIT, b"4" * 16),
        (b"short", EDIT, b"5" * 16),
        (b"first, ", PART, b"6" * 16),
        (b"second", PART, b"6" * 16),
        (b"third", PART, b"6" * 16),
        (b"receipts", RECEIPTS, b"7" * 16),
        (b"offers", OFFERED, b"8" * 16),
        (b"nothing", COVER, b"9" * 16),
        (b"", 0, b"a" * 16),
        (b"what?", 99, b"b" * 16),
    ):
        stage.leave(alice, bob.sealed(alice, body, kind, id=message_id))
    stage.until(lambda: not stage.hosts[0].blobs())
    shown = [(type(event), event.id, event.message) for event in bob.shown]
    assert shown == [
        (ExtendedMessage, ID, b"one"),
        (MessageEdited, ID, "one!"),
        (ExtendedMessage, OTHER, b"new"),
        (ExtendedMessage, b"6" * 16, b"first, second"),
    ]
    assert [(friend, parcel.body) for friend, parcel in bob.parcels] == [
        (alice, b"receipts"),
        (alice, b"offers"),
    ]
    assert (stage.count("copies"), stage.count("unknown_kind"), stage.count("lost")) == (1, 4, 0)
    # the friend is told what is here as a whole, and nothing of what means nothing
    assert {message_id[:1] for _, message_id in bob.receipts} == {b"i", b"1", b"2", b"3", b"6"}


def test_of_a_text_of_which_parts_are_missing_nobody_is_told():
    stage = Stage()
    alice, bob = stage.friends[0], stage.bob
    stage.leave(alice, bob.sealed(alice, b"first, ", PART, id=ID))
    stage.run_for(60)
    assert stage.hosts[0].blobs() == [] and bob.receipts == []
    # what was here had to go meanwhile
    bob.parts.clear()
    stage.leave(alice, bob.sealed(alice, b"second", PART, id=ID))
    stage.run_for(1000)
    assert stage.hosts[0].blobs() == [] and bob.receipts == [] and bob.shown == []
    stage.leave(alice, bob.sealed(alice, b"!", PART, id=ID))
    stage.run_for(1000)
    assert bob.texts() == [b"second!"] and bob.receipts == [(alice, ID)]


def test_copies_at_several_mailboxes_and_directly():
    stage = Stage([PlainMailbox] * 3)
    alice, bob = stage.friends[0], stage.bob
    for number in range(3):
        stage.leave(alice, bob.sealed(alice, id=ID), number)
    bob.ids[alice.real_pk].put(OTHER, bob.rt.clock.unix_s())
    stage.leave(alice, bob.sealed(alice, id=OTHER), 1)
    stage.until(lambda: not any(host.blobs() for host in stage.hosts))
    assert bob.texts() == [b"hello"] and {message_id for _, message_id in bob.receipts} == {ID, OTHER}


@pytest.mark.parametrize("seed", range(5))
def test_in_the_order_in_which_they_were_sent(seed):
    stage = Stage(seed=seed)
    alice, bob = stage.friends[0], stage.bob
    for number in range(12):
        epoch = EPOCH - 3 + number // 4
        stage.leave(alice, bob.sealed(alice, b"%d" % number, sent_ms=number), epoch=epoch)
    stage.run_for(20)
    assert bob.texts() == [b"%d" % number for number in range(12)]


# what does not open


def test_what_does_not_open_is_reported_and_the_others_go_on():
    stage = Stage()
    alice, bob = stage.friends[0], stage.bob
    good = bob.sealed(alice, b"before")
    key_gone = bob.sealed(alice)
    bob.prekeys._friends[alice.real_pk].secrets.pop(key_gone[:4])
    broken = bytearray(bob.sealed(alice))
    broken[100] ^= 1
    true_one = bytearray(broken)
    true_one[100] ^= 1
    for blob in (good, key_gone, bytes(broken), bytes(true_one), bob.sealed(alice, b"after")):
        stage.leave(alice, blob)
    stage.until(lambda: not stage.hosts[0].blobs())
    # the key of the broken one was not used up
    assert sorted(bob.texts()) == [b"after", b"before", b"hello"]
    assert [type(event) for event in bob.events] == [OfflineMessageLost] * 2
    assert {event.reason for event in bob.events} == {
        "the key for it is not here",
        "it is damaged, or somebody else made it",
    }
    # with the next offer the friend forgets keys that we do not have
    assert stage.count("lost") == 2 and not bob.offers.is_told(alice.real_pk)


def test_reports_are_few_and_each_counts_once():
    stage = Stage([Replays])
    alice, bob = stage.friends[0], stage.bob
    for _ in range(20):
        stage.leave(alice, bob.rt.rng.bytes(256))
    stage.run_for(1200)
    assert stage.count("lost") == 20 and len(bob.events) == inbox.MAX_REPORTS
    stage.run_for(3600)
    assert stage.count("lost") == 20 and len(bob.events) == inbox.MAX_REPORTS
    stage.run_for(86_400)
    for _ in range(20):
        stage.leave(alice, bob.rt.rng.bytes(256), epoch=epoch_at(bob.rt.clock.unix_s()))
    stage.run_for(3600)
    assert stage.count("lost") == 40 and len(bob.events) == 2 * inbox.MAX_REPORTS


def test_another_friends_message_in_the_wrong_queue():
    stage = Stage([Mixes])
    alice, carol = stage.friends
    stage.leave(alice, stage.bob.sealed(alice, b"of alice"))
    stage.run_for(20)
    assert stage.bob.texts() == [b"of alice"] and stage.bob.events == []
    assert stage.count("wrong_queue") + stage.count("again") > 0
    assert stage.bob.offers.is_told(carol.real_pk)


# the order in which things are kept


class Steps:
    """A recipient that is stopped after any number of passes, with the last save that reached the disk."""

    def __init__(self, kind=PlainMailbox):
        self.stage = Stage([kind], 1)
        self.alice = self.stage.friends[0]
        for number in range(3):
            self.stage.leave(self.alice, self.stage.bob.sealed(self.alice, b"%d" % number, sent_ms=number))
        self.disk = self.stage.bob.save()
        self.log = {}

    def run(self, passes, saves_at):
        """Passes of which some reach the disk; what the program saw goes into its log by id."""
        bob = self.stage.bob
        bob.saves = False
        for number in range(passes):
            self.stage.universe.step()
            self.note()
            if number % saves_at == saves_at - 1:
                version, self.disk = bob.versions.version, bob.save()
                bob.versions.saved(version)

    def note(self):
        bob = self.stage.bob
        for event in bob.shown:
            self.log.setdefault(event.id, []).append(event.message)
        bob.shown.clear()


@pytest.mark.parametrize("saves_at", [1, 2, 3, 7, 50])
def test_a_stop_after_any_step_loses_nothing(saves_at):
    """And what is shown again has the same id."""
    whole = Steps()
    whole.run(2500, saves_at)
    assert sorted(text for texts in whole.log.values() for text in texts) == [b"0", b"1", b"2"]
    assert whole.stage.hosts[0].blobs() == []
    for passes in range(saves_at % 4, 160, 4):
        stopped = Steps()
        stopped.run(passes, saves_at)
        stopped.stage.restart(stopped.disk)
        stopped.stage.run_for(40)
        stopped.note()
        assert sorted(texts[0] for texts in stopped.log.values()) == [b"0", b"1", b"2"], passes
        assert all(len({*texts}) == 1 for texts in stopped.log.values())
        # never twice within a run, and all is deleted in the end
        assert all(len(texts) <= 2 for texts in stopped.log.values())
        stopped.stage.run_for(3600)
        stopped.note()
        assert stopped.stage.hosts[0].blobs() == [] and len(stopped.log) == 3
        assert all(len(texts) <= 2 for texts in stopped.log.values())


def test_nothing_is_shown_or_deleted_before_it_is_on_disk():
    stage = Stage()
    alice, bob, host = stage.friends[0], stage.bob, stage.hosts[0]
    stage.leave(alice, bob.sealed(alice))
    bob.saves = False
    stage.run_for(60)
    assert host.counts[GET] and bob.shown == [] and bob.receipts == [] and len(host.blobs()) == 1
    version = bob.versions.version
    bob.takes_events = False
    bob.versions.saved(version)
    stage.run_for(1200)
    assert bob.inbox.has_event() and bob.receipts == []
    bob.takes_events = True
    stage.run_for(1200)
    assert bob.texts() == [b"hello"] and host.blobs() == [] and len(bob.receipts) == 1


def test_what_is_no_message_is_on_disk_before_it_is_deleted():
    stage = Stage()
    alice, bob, host = stage.friends[0], stage.bob, stage.hosts[0]
    stage.leave(alice, bob.sealed(alice, b"receipts", RECEIPTS))
    bob.saves = False
    stage.run_for(60)
    assert len(bob.parcels) == 1 and len(host.blobs()) == 1
    bob.saves = True
    stage.run_for(1000)
    assert len(bob.parcels) == 1 and host.blobs() == []


def test_with_nobody_who_tells_what_is_on_disk_deleting_waits():
    stage = Stage(holds=False)
    alice, bob, host = stage.friends[0], stage.bob, stage.hosts[0]
    stage.leave(alice, bob.sealed(alice))
    bob.saves = False
    stage.until(lambda: bob.shown)
    stage.run_for(5)
    assert len(host.blobs()) == 1
    stage.run_for(900)
    assert host.blobs() == [] and bob.texts() == [b"hello"]


def test_a_friend_who_was_deleted_says_nothing_more():
    stage = Stage()
    alice, bob = stage.friends[0], stage.bob
    stage.leave(alice, bob.sealed(alice))
    bob.takes_events = False
    stage.until(bob.inbox.has_event)
    del bob.friends[alice.real_pk]
    for part in (bob.inbox, bob.offers, bob.prekeys):
        part.forget(alice.real_pk)
    bob.takes_events = True
    stage.run_for(2000)
    assert bob.shown == [] and bob.inbox.pack() == b"" and bob.offers.friends() == [stage.friends[1].real_pk]


def test_what_waits_is_kept_by_a_save_and_damage_does_no_harm():
    stage = Stage()
    alice, bob = stage.friends[0], stage.bob
    bob.ids[alice.real_pk].put(OTHER, bob.rt.clock.unix_s())
    for body, kind in ((b"one", 0), (b"waves", ACTION), (OTHER + b"\0\1edited", EDIT)):
        stage.leave(alice, bob.sealed(alice, body, kind))
    bob.takes_events = False
    stage.run_for(30)
    part = bob.inbox.pack()
    again = stage.restart(bob.save(), name="again")
    assert again.inbox.pack() == part
    again.iterate()
    again.iterate()
    assert [
        (type(event), event.type if kind == 0 else 0)
        for event, kind in zip(again.shown, (0, 0, 1), strict=True)
    ] == [
        (ExtendedMessage, 0),
        (ExtendedMessage, 1),
        (MessageEdited, 0),
    ]
    # the friend is told of messages; of an edit when it leaves it again
    assert len(again.receipts) == 2 and again.inbox.pack() == b""
    for data in [*damaged(part), *noise(4, 200, 400)]:
        fresh = Recipient(stage.universe, stage.net, stage.friends[:1], name="fresh")
        fresh.inbox.load(data)
        fresh.iterate()
        assert all(event.friend_number == alice.number for event in fresh.shown)
        stage.universe.remove(fresh)


def test_a_full_inbox_leaves_the_rest_to_the_mailbox(monkeypatch):
    monkeypatch.setattr(inbox, "MAX_PENDING", 5)
    stage = Stage(friends=4)
    bob = stage.bob
    for friend in stage.friends:
        for _ in range(4):
            stage.leave(friend, bob.sealed(friend))
    bob.takes_events = False
    stage.run_for(1200)
    assert 5 <= len(bob.inbox._pending) <= 8 and len(stage.hosts[0].blobs()) == 16
    bob.takes_events = True
    stage.run_for(2400)
    assert len(bob.shown) == 16 and stage.hosts[0].blobs() == []


# when


def polls_of(stage, seconds):
    """Seconds between the greetings that a mailbox gets."""
    host, times, clock = stage.hosts[0], [], stage.universe.clock
    seen, end_ms = host.counts.get(1, 0), clock.now_ms + seconds * 1000
    while clock.now_ms < end_ms:
        stage.universe.step()
        if host.counts.get(1, 0) > seen:
            seen = host.counts[1]
            times.append(clock.now_ms / 1000)
    return [later - earlier for earlier, later in zip(times, times[1:], strict=False)]


def test_polls_are_irregular_and_rarer_where_nothing_comes():
    stage = Stage(friends=1)
    gaps = polls_of(stage, 48 * 3600)
    assert max(gaps) < 1.5 * 1200 + 10 and len({round(gap) for gap in gaps}) > 0.7 * len(gaps)
    # 20 minutes in the mean, 5 in the first hour; and three of ten are followed by one for cover
    usual = 47 * 3 + 12
    assert 1.15 * usual < len(gaps) < 1.45 * usual
    alice, bob = stage.friends[0], stage.bob
    stage.leave(alice, bob.sealed(alice), epoch=EPOCH + 8)
    stage.until(lambda: bob.shown, 2000)
    assert max(polls_of(stage, 3000)) < 1.5 * 300 + 10


def test_a_mailbox_that_does_not_answer_is_soon_asked_again():
    stage = Stage()
    host = stage.net.remove(stage.mailboxes[0].real_pk)
    alice, bob = stage.friends[0], stage.bob
    stage.leave(alice, bob.sealed(alice))
    times = []
    for _ in range(12):
        before = stage.count("poll_errors")
        stage.until(lambda before=before: stage.count("poll_errors") > before, 2000)
        times.append(stage.universe.clock.now_ms / 1000)
    # twice within some two minutes, and seldom after a day
    assert times[2] - times[0] < 45 + 90 + 2 * 21 and times[-1] - times[5] > 6 * 200
    stage.net.add(stage.mailboxes[0].real_pk, host)
    stage.until(lambda: bob.shown, 2000)


def test_cover_is_left_fetched_and_deleted():
    stage = Stage(friends=1, cover=True)
    host = stage.hosts[0]
    sizes = []
    stage.net.on_carry = lambda _end, data: (
        data[1] == PUT and sizes.append(int.from_bytes(data[34:36], "big"))
    )
    stage.run_for(48 * 3600)
    assert 25 < host.counts[PUT] < 80 and {*sizes} == {256, 1024}
    stage.run_for(1800)
    assert len(host.blobs()) <= 1 and stage.bob.shown == [] and stage.count("cover_errors") == 0


def test_failing_cover_is_counted_and_said_once():
    stage = Stage([Silent, PlainMailbox], friends=1, cover=True)
    said = []
    stage.bob.rt.log = lambda _level, text: said.append(text)
    stage.run_for(24 * 3600)
    bad, good = (mailbox.real_pk.hex()[:16] for mailbox in stage.mailboxes)
    assert stage.count("cover_errors") > 5 and len(said) == 1
    assert bad in said[0] and good not in said[0]


# mailboxes that wish us ill


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_mailbox_costs_little_and_keeps_nobody_elses_messages(kind):
    stage = Stage([kind, PlainMailbox], cover=True)
    alice, bob = stage.friends[0], stage.bob
    for number in range(10):
        stage.hosts[0].put(None, stage.queue(alice, 0), bob.sealed(alice, b"bad %d" % number))
    stage.leave(alice, bob.sealed(alice, b"good"), 1)
    stage.until(lambda: b"good" in bob.texts(), 40)
    stage.run_for(3600)
    texts = bob.texts()
    assert len({*texts}) == len(texts) and {*texts} <= {b"good", *(b"bad %d" % n for n in range(10))}
    assert stage.hosts[1].blobs() == [] and len(bob.events) <= 2 * inbox.MAX_REPORTS
    assert len(bob.inbox._deletions) <= 1 and bob.inbox.pack() == b""
    # nothing stays open or under way for more than two minutes
    assert all(watched.poll is None or watched.poll._pieces < 4 for watched in bob.polling._watched.values())


@pytest.mark.parametrize(("kind", "seconds"), [(Silent, 30), (Slow, 120), (SilentAfterHello, 60)])
def test_a_session_that_leads_to_nothing_ends(kind, seconds):
    stage = Stage([kind])
    alice, bob = stage.friends[0], stage.bob
    for _ in range(20):
        stage.hosts[0].put(None, stage.queue(alice), bob.sealed(alice))
    stage.until(lambda: stage.net.sessions)
    begin_ms = stage.universe.clock.now_ms
    stage.until(lambda: not stage.net.sessions, 300)
    took = (stage.universe.clock.now_ms - begin_ms) / 1000
    assert seconds - 1 < took < seconds + 1 and stage.count("poll_errors") == 1


def test_two_slow_mailboxes_do_not_keep_the_third():
    stage = Stage([Slow, Silent, PlainMailbox], seed=3)
    alice, bob = stage.friends[0], stage.bob
    for number in range(2):
        for _ in range(20):
            stage.hosts[number].put(None, stage.queue(alice, number), bob.sealed(alice))
    for hour in range(4):
        stage.leave(alice, bob.sealed(alice, b"%d" % hour), 2)
        stage.until(lambda hour=hour: b"%d" % hour in bob.texts(), 1000)
        stage.run_for(3600)
    assert stage.net.most_at_once == 2


def test_a_flood_of_false_messages_is_cut():
    stage = Stage()
    alice, bob = stage.friends[0], stage.bob
    stage.hosts[0].per_queue = 10_000
    for epoch in range(EPOCH - 4, EPOCH + 1):
        for _ in range(90):
            stage.leave(alice, bob.rt.rng.bytes(256), epoch=epoch)
    stage.run_for(20)
    assert poll.MAX_BAD <= stage.count("lost") == 90 and len(stage.hosts[0].blobs()) == 4 * 90
    assert stage.count("polls_cut") == 1
    stage.run_for(3600)
    assert stage.count("lost") == 450 and stage.hosts[0].blobs() == []


def test_the_end_leaves_no_timers():
    stage = Stage(cover=True)
    stage.until(lambda: stage.net.sessions)
    stage.bob.polling.end()
    stage.bob.cover.end()
    assert stage.bob.rt.timers.next_deadline_ms() is None or not any(
        "Conversation" in repr(timer[2].callback) for timer in stage.bob.rt.timers._heap
    )
    got = stage.hosts[0].counts.get(1, 0)
    stage.run_for(7200)
    assert stage.hosts[0].counts.get(1, 0) <= got + 1


def test_a_line_that_loses_and_breaks():
    stage = Stage([PlainMailbox] * 2, loss=0.2, cuts=0.02, seed=5)
    alice, bob = stage.friends[0], stage.bob
    for number in range(30):
        stage.leave(alice, bob.sealed(alice, b"%d" % number, sent_ms=number), number % 2)
    stage.run_for(4 * 3600)
    assert sorted(bob.texts(), key=int) == [b"%d" % number for number in range(30)]
    assert not any(host.blobs() for host in stage.hosts) and stage.count("lost") == 0
