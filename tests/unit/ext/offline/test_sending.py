"""What is written to a friend who is away waits, goes to it when it comes, and is confirmed once."""

import pytest

from tests.support.worlds import SimulatedWorld, events
from toxpy.errors import ToxError
from toxpy.ext.messages.events import ExtendedMessage, ExtendedReceipt
from toxpy.ext.messages.sent import MessageError
from toxpy.ext.offline.events import MessageStateChanged
from toxpy.ext.offline.options import Offline
from toxpy.ext.offline.states import DELIVERED, DIRECT, EXPIRED, QUEUED

ON = {"offline_messages": True}


@pytest.fixture
def make_world():
    made = []

    def make(bob=None, **how):
        made.append(SimulatedWorld(options={"alice": ON, "bob": bob or {}}, **how))
        return made[-1]

    yield make
    for world in made:
        world.close()


def texts(actor):
    return [event.message for event in actor.seen if isinstance(event, events.FriendMessage)]


def states(actor, sent):
    return [e.state for e in actor.seen if isinstance(e, MessageStateChanged) and e.id == sent.id]


def receipts(actor):
    return [e.message_id for e in actor.seen if isinstance(e, events.FriendReadReceipt)]


def apart(world):
    """alice, whose friend bob was online once, and who is away; and what brings him back."""
    alice, bob = world.friends()
    saved = bob.tox.get_savedata()
    world.vanish(bob)
    world.until(lambda: not alice.is_online(), "alice to see that bob left", 60)
    alice.seen.clear()

    def come():
        again = world.actor("bob", saved)
        again.bootstrap_to(world.actors[0])
        return again

    return alice, come


def offline(actor):
    return actor.tox.offline


@pytest.mark.parametrize("bob", [{}, {"extended_messages": True}, ON], ids=["old", "ids", "offline"])
def test_messages_wait_and_come_in_their_order(make_world, bob):
    world = make_world(bob)
    alice, come = apart(world)
    sent = [offline(alice).send(0, kind, text) for kind, text in ((0, b"1"), (1, b"2"), (0, b"3" * 3000))]
    assert [one.state for one in sent] == [QUEUED] * 3
    assert [m.text[:1] for m in offline(alice).outbox(0)] == [b"1", b"2", b"3"]
    number = alice.friend_send_message(0, 0, b"4")
    bob = come()
    world.until(lambda: receipts(alice), "the first receipt", 120)
    later = offline(alice).send(0, 0, b"5")
    assert later.state == DIRECT
    world.until(lambda: len(receipts(alice)) == 5, "all receipts", 60)
    assert receipts(alice) == [one.message_id for one in sent] + [number, later.message_id]
    got = texts(bob)
    assert b"".join(got) == b"12" + b"3" * 3000 + b"45" and [text[:1] for text in got[:2]] == [b"1", b"2"]
    assert states(alice, sent[0]) == [DIRECT, DELIVERED] and states(alice, later) == [DELIVERED]
    assert offline(alice).outbox(0) == [] and offline(alice).message_state(0, sent[0].id) == DELIVERED
    stats = offline(alice).storage_stats()
    assert stats.messages == stats.bytes == 0


def test_they_are_kept_over_a_restart(make_world):
    world = make_world(ON)
    alice, come = apart(world)
    sent = [offline(alice).send(0, 0, b"text %d" % number) for number in range(3)]
    alice = alice.restart()
    alice.bootstrap_to(world.actors[0])
    assert [m.id for m in offline(alice).outbox(0)] == [one.id for one in sent]
    # a new one has a number of its own
    sent.append(offline(alice).send(0, 0, b"text 3"))
    assert len({one.message_id for one in sent}) == 4
    bob = come()
    world.until(lambda: len(receipts(alice)) == 4, "the receipts", 120)
    assert receipts(alice) == [one.message_id for one in sent]
    assert [(e.message, e.id) for e in bob.seen if isinstance(e, ExtendedMessage)] == [
        (b"text %d" % number, one.id) for number, one in enumerate(sent)
    ]


def friends(world):
    """alice and bob, who know what the other's program can."""
    alice, bob = world.friends()
    world.run_for(3)
    return alice, bob


def test_what_was_written_and_not_confirmed_goes_again(make_world):
    world = make_world(ON)
    alice, bob = friends(world)
    bob.socket.online = False
    sent = offline(alice).send(0, 0, b"text")
    assert sent.state == DIRECT
    world.until(lambda: not alice.is_online(), "the connection to end", 90)
    bob.socket.online = True
    assert states(alice, sent) == [QUEUED]
    world.until(lambda: receipts(alice), "the receipt", 180)
    world.run_for(5)
    assert receipts(alice) == [sent.message_id] and texts(bob) == [b"text"]
    assert states(alice, sent) == [QUEUED, DIRECT, DELIVERED]
    assert alice.tox.rt.counters.values["offline_written_again"] == 1


def test_a_friend_who_got_it_and_whose_receipt_was_lost_shows_it_once(make_world):
    """The friend has the message, and dies before its confirmation leaves."""
    world = make_world(ON)
    alice, bob = friends(world)
    carry, silent = world.universe.carry, bob.socket
    world.universe.carry = lambda source, *packet: source is silent or carry(source, *packet)
    sent = offline(alice).send(0, 0, b"text")
    world.until(lambda: texts(bob), "the message")
    saved = bob.tox.get_savedata()
    assert receipts(alice) == [] and states(alice, sent) == []
    world.vanish(bob)
    world.until(lambda: not alice.is_online(), "alice to see that bob left", 90)
    assert states(alice, sent)[-1:] == [QUEUED]
    bob = world.actor("bob", saved)
    bob.bootstrap_to(world.actors[0])
    world.until(lambda: receipts(alice), "the receipt", 120)
    world.run_for(5)
    assert texts(bob) == [] and receipts(alice) == [sent.message_id]


def test_more_than_the_connection_takes_waits(make_world):
    world = make_world({})
    alice, bob = friends(world)
    count = 2000
    sent = [alice.friend_send_message(0, 0, b"%d" % number) for number in range(count)]
    assert {m.state for m in offline(alice).outbox(0)} == {QUEUED, DIRECT}
    world.until(lambda: len(receipts(alice)) == count, "all receipts", 60)
    assert receipts(alice) == sent and texts(bob) == [b"%d" % number for number in range(count)]


def test_what_is_too_old_is_given_up(make_world, monkeypatch):
    monkeypatch.setitem(ON, "offline_messages", Offline(expire_after_s=60))
    world = make_world()
    alice, come = apart(world)
    # the world's clock says 2023, and nothing is given up by such a clock
    old = offline(alice).send(0, 0, b"old")
    world.run_for(90)
    assert states(alice, old) == []
    clock = type(alice.tox.rt.clock)
    for name, factor in (("unix_s", 1), ("unix_ms", 1000)):
        before = getattr(clock, name)
        later = lambda self, before=before, factor=factor: before(self) + 100_000_000 * factor  # noqa: E731
        monkeypatch.setattr(clock, name, later)
    # a clock that went wrong is believed again when mailboxes agree with it, or after a new start
    alice = alice.restart()
    alice.bootstrap_to(world.actors[0])
    new = offline(alice).send(0, 0, b"new")
    world.run_for(30)
    assert states(alice, old) == [EXPIRED] and states(alice, new) == []
    assert offline(alice).message_state(0, old.id) == EXPIRED
    bob = come()
    world.until(lambda: receipts(alice), "the receipt", 120)
    assert texts(bob) == [b"new"]


def test_one_can_be_taken_back_until_it_is_on_its_way(make_world):
    world = make_world(ON)
    alice, come = apart(world)
    first, second = (offline(alice).send(0, 0, text) for text in (b"first", b"second"))
    offline(alice).cancel(0, first.id)
    with pytest.raises(MessageError, match="known"):
        offline(alice).message_state(0, first.id)
    bob = come()
    world.until(lambda: receipts(alice), "the receipt", 120)
    assert texts(bob) == [b"second"]
    for gone in (first, second):
        with pytest.raises(MessageError, match="known"):
            offline(alice).cancel(0, gone.id)
    bob.socket.online = False
    with pytest.raises(MessageError, match="on its way"):
        offline(alice).cancel(0, offline(alice).send(0, 0, b"third").id)


def test_the_same_again_is_the_same_message(make_world):
    alice, _ = apart(make_world())
    sent = offline(alice).send(0, 0, b"text")
    again = offline(alice).send(0, 0, b"text", None, sent.id)
    assert (again.id, again.message_id) == (sent.id, sent.message_id) and len(offline(alice).outbox(0)) == 1


def test_a_friend_who_is_deleted_is_forgotten(make_world):
    alice, _ = apart(make_world())
    offline(alice).send(0, 0, b"text")
    version = offline(alice).capability.version
    alice.friend_delete(0)
    assert offline(alice).capability.outbox.friends() == [] and offline(alice).capability.version > version
    with pytest.raises(ToxError):
        offline(alice).outbox(0)


def test_errors_are_those_of_any_message(make_world):
    alice, _ = apart(make_world())
    for number, kind, text in ((7, 0, b"x"), (0, 0, b""), (0, 2, b"x"), (0, 0, b"x" * 65537)):
        with pytest.raises(ToxError):
            offline(alice).send(number, kind, text)
    with pytest.raises(ToxError, match="TOO_LONG"):
        alice.friend_send_message(0, 0, b"x" * 1373)
    assert offline(alice).outbox(0) == []


def test_a_full_outbox_says_so_and_takes_more_later(make_world):
    alice, _ = apart(make_world())
    with pytest.raises(ToxError) as caught:
        for _ in range(100):
            offline(alice).send(0, 0, b"x" * 65536)
    assert caught.value.retryable
    offline(alice).cancel(0, offline(alice).outbox(0)[0].id)
    assert offline(alice).send(0, 0, b"x" * 65000).state == QUEUED
    assert len(alice.tox.get_savedata()) < 1_100_000


def test_without_the_option_there_is_none(make_world):
    world = make_world()
    _, bob = world.strangers()
    for call in (lambda: offline(bob).send(0, 0, b"x"), lambda: offline(bob).storage_stats()):
        with pytest.raises(MessageError, match="offline_messages=True"):
            call()
    bob.friend_add_norequest(world.actors[-2].self_get_public_key())
    with pytest.raises(ToxError) as caught:
        bob.friend_send_message(0, 0, b"x")
    assert caught.value.name == "TOX_ERR_FRIEND_SEND_MESSAGE_FRIEND_NOT_CONNECTED"


def test_python_and_c_have_one_queue(make_world):
    alice, come = apart(make_world(ON))
    first = alice.tox.messages.send(0, 0, b"1", None, None)
    assert first.state == QUEUED and first.id == offline(alice).outbox(0)[0].id
    number = alice.friend_send_message(0, 0, b"2")
    bob = come()
    alice.wait(ExtendedReceipt, 120, message_id=first.message_id)
    alice.wait(ExtendedReceipt, 60, message_id=number)
    assert texts(bob) == [b"1", b"2"]
