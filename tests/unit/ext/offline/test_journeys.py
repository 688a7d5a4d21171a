"""From one friend to another who is never there at the same time, past bad mailboxes and wrong clocks."""

import pytest

from tests.support.bad_mailboxes import BAD
from tests.support.offline_people import KEYS, Stage, check, journey
from tests.support.offline_posts import MemoryPost
from tests.support.offline_week import Week
from tests.support.offline_world import START_UNIX_S, PlainMailbox
from toxpy.ext.offline.keys import EPOCH_S, epoch_at
from toxpy.ext.offline.states import STORED

TEXTS = [b"hello", b"long " * 1000]
#: Seconds from the beginning of a world to the next epoch.
TO_BORDER_S = EPOCH_S - (START_UNIX_S - epoch_at(START_UNIX_S) * EPOCH_S) % EPOCH_S


def shown_once(stage):
    """All of it, and receipts."""
    check(stage)
    assert sorted(texts[0] for texts in stage.bob.log.values()) == sorted(TEXTS)


#: Bytes that a client says and hears at most at a bad mailbox on such a way.
MOST_BYTES = 6_000_000


@pytest.mark.parametrize("kind", BAD, ids=lambda kind: kind.__name__)
def test_one_mailbox_is_bad_and_one_is_killed(kind):
    """That costs no message and no second one, and a bad one is not listened to without an end."""
    stage = Stage(3, make=MemoryPost)
    stage.net.remove(KEYS[0].public)
    stage.add_mailbox(0, kind)
    journey(stage, TEXTS, lambda: stage.net.remove(KEYS[1].public))
    check(stage, lost=True)
    assert sorted(texts[0] for texts in stage.bob.log.values()) == sorted(TEXTS)
    assert stage.net.traffic_of(KEYS[0].public).bytes < MOST_BYTES


@pytest.mark.parametrize("loss", [0.0, 0.2])
def test_lossy_links_that_are_cut(loss):
    stage = Stage(4, make=MemoryPost, loss=loss, cuts=0.02)
    journey(stage, TEXTS)
    shown_once(stage)
    assert stage.net.most_at_once <= 2


@pytest.mark.parametrize("before_s", [62, 64, 66, 70, 75])
def test_an_epoch_ends_while_messages_are_on_their_way(before_s):
    """The sessions of the sender lie around the border, some seconds more or less."""
    stage = Stage(5, make=MemoryPost)
    stage.run_for(TO_BORDER_S - before_s)
    journey(stage, TEXTS)
    shown_once(stage)


def test_an_epoch_ends_between_putting_and_fetching():
    stage = Stage(6, make=MemoryPost)
    alice, bob = stage.alice, stage.bob
    alice.start()
    ids = [alice.send(text) for text in TEXTS]
    assert stage.run_until(lambda: alice.states() == [STORED] * 2, 600)
    stage.run_for(60)
    alice.stop()
    # some hours before all that mailboxes keep is gone
    stage.universe.clock.now_ms += 22 * 3600 * 1000
    bob.start()
    assert stage.run_until(lambda: set(bob.log) == set(ids), 600)


@pytest.mark.parametrize(
    "ahead_s", [-3 * 3600, 3 * 3600, -365 * 86400 * 10], ids=["late", "early", "before 2025"]
)
@pytest.mark.parametrize("who", ["alice", "bob"])
def test_a_wrong_clock(who, ahead_s):
    """Three hours are an epoch or none; before 2025 no clock is believed until mailboxes agree with it."""
    stage = Stage(7, make=MemoryPost)
    getattr(stage, who).wall.ahead_s = ahead_s
    journey(stage, TEXTS)
    shown_once(stage)


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_a_clock_that_jumps_back(who):
    """By five hours, in the middle."""
    stage = Stage(8, make=MemoryPost)
    stage.after(45, lambda: setattr(getattr(stage, who).wall, "ahead_s", -5 * 3600))
    journey(stage, TEXTS)
    shown_once(stage)


def test_all_mailboxes_are_away_for_a_while():
    stage = Stage(9, make=PlainMailbox)
    boxes = [stage.net.remove(key.public) for key in KEYS]
    alice = stage.alice
    alice.start()
    alice.send(TEXTS[0])
    stage.run_for(600)
    assert alice.states() != [STORED]
    for key, box in zip(KEYS, boxes, strict=True):
        stage.net.add(key.public, box)
    assert stage.run_until(lambda: alice.states() == [STORED], 7200)


def test_some_nodes_for_some_days():
    """A small one of the weeks of `tests.support.offline_week`."""
    week = Week(nodes=10, mailboxes=3, friends=3, per_day=12, seed=2)
    week.run(1.5)
    result = week.result()
    assert result["twice"] == 0
    assert result["away_due"] > 30
    assert result["within_goal"] == 1.0
    assert result["most_at_once"] <= 2
