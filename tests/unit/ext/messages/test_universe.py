"""Extended messages over networks that lose, double and reorder, and over restarts in the middle."""

import pytest

from tests.support.worlds import SimulatedWorld
from toxpy.errors import ToxError
from toxpy.ext.messages.events import (
    ExtendedMessage,
    ExtendedReceipt,
    MessageDeleted,
    MessageEdited,
    MessageSeen,
    MessagesExtended,
)
from toxpy.friend.envelope import MAGIC
from toxpy.generated import events as ev

ON = {"extended_messages": True}
BOTH = {"alice": ON, "bob": ON}
SHORT = b"short"
LONG = bytes(range(256)) * 256
BAD_LINE = {"loss": 0.25, "duplicate": 0.1, "jitter_ms": 150}


@pytest.fixture
def make_world():
    made = []

    def make(**how):
        made.append(SimulatedWorld(**how))
        return made[-1]

    yield make
    for world in made:
        world.close()


def extended_friends(world):
    """alice and bob, who know that both have extended messages."""
    alice, bob = world.strangers()
    alice.friend_add_norequest(bob.self_get_public_key())
    bob.friend_add_norequest(alice.self_get_public_key())
    for actor in (alice, bob):
        actor.wait(MessagesExtended, 120)
    world.connect(alice, bob)
    return alice, bob


def taken_message(actor):
    """An ordinary message, if there is room for it."""
    try:
        return actor.friend_send_message(0, 0, b"ordinary")
    except ToxError:
        return 0


def taken(world, actor, call):
    """What a call gives that waits while much is on its way."""
    found = []

    def attempt():
        try:
            found.append(call(actor.tox.messages))
        except ToxError as error:
            assert error.name == "TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ"
        return bool(found)

    world.until(attempt, "room for a message")
    return found[0]


def talk(world, sender, receiver):
    """All that one can say to the other."""
    sent = [
        taken(world, sender, lambda say, text=text: say.send(0, text is SHORT, text))
        for text in (LONG, SHORT, LONG[1:])
    ]
    world.until(lambda: taken_message(sender), "room for a message")
    edited = taken(world, sender, lambda say: say.edit(0, sent[1].id, LONG[2:]))
    taken(world, sender, lambda say: say.delete(0, sent[0].id))
    receiver.wait(MessageDeleted, 120)
    texts = [e for e in receiver.seen if isinstance(e, (ev.FriendMessage, MessageEdited))]
    assert [getattr(e, "message", None) if isinstance(e, ev.FriendMessage) else e.raw for e in texts] == [
        LONG,
        SHORT,
        LONG[1:],
        b"ordinary",
        LONG[2:],
    ]
    receiver.tox.messages.mark_seen(0, [sent[2].id])
    sender.wait(MessageSeen, 120, id=sent[2].id)
    receipts = [e for e in sender.seen if isinstance(e, ExtendedReceipt)]
    assert [(e.message_id, e.id) for e in receipts] == [(one.message_id, one.id) for one in [*sent, edited]]
    assert sender.got(ev.FriendReadReceipt, message_id=sent[-1].message_id + 1)
    receiver.seen.clear()


@pytest.mark.parametrize("how", [BAD_LINE, {"relayed": True}], ids=["bad line", "relayed"])
def test_everything_arrives_in_order(make_world, how):
    world = make_world(seed=3, options=BOTH, **how)
    alice, bob = extended_friends(world)
    talk(world, alice, bob)
    talk(world, bob, alice)


def test_with_a_friend_who_has_it_off(make_world):
    world = make_world(seed=4, options={"alice": ON}, **BAD_LINE)
    alice, bob = world.friends()
    sent = [alice.tox.messages.send(0, 0, LONG), alice.tox.messages.send(0, 0, b"end", reply_to=b"r" * 16)]
    for one in sent:
        alice.wait(ExtendedReceipt, 120, id=one.id, message_id=one.message_id)
    texts = [event.message for event in bob.seen if type(event) is ev.FriendMessage]
    assert b"".join(texts[:-1]) == LONG and texts[-1] == b"end"
    assert max(map(len, texts)) <= 1372
    # and sees no more of it than the question of the envelope
    packets = [event.data for event in bob.seen if isinstance(event, ev.FriendLosslessPacket)]
    assert all(packet.startswith(MAGIC) for packet in packets) and len(packets) <= 1
    assert bob.friend_send_message(0, 0, b"answer") and alice.wait(ev.FriendMessage).message == b"answer"


@pytest.mark.parametrize("who", ["sender", "receiver"])
def test_a_restart_in_the_middle(make_world, who):
    """Nothing of a half message is shown; what is sent again under its id is shown once."""
    # so slow that a long message is not under way as a whole
    world = make_world(seed=8, options=BOTH, latency_ms=50, loss=0.1)
    alice, bob = extended_friends(world)
    first = alice.tox.messages.send(0, 0, b"first")
    # bob has it, and alice does not know that
    world.until(lambda: any(isinstance(event, ExtendedMessage) for event in bob.seen), "the first message")
    sent = alice.tox.messages.send(0, 0, LONG)
    incoming = bob.tox.messages.capability.incoming
    world.until(lambda: incoming.held > 0, "the long message to be under way")
    goes = alice if who == "sender" else bob
    saved = goes.tox.get_savedata()
    world.vanish(goes)
    comes = world.actor(goes.name, savedata=saved)
    comes.bootstrap_to(world.actors[0])
    alice, bob = (comes, bob) if who == "sender" else (alice, comes)
    for actor in (alice, bob):
        actor.wait(MessagesExtended, 120)
    assert not [event for event in bob.seen if getattr(event, "message", b"") == LONG]
    assert not [event for event in alice.seen if isinstance(event, ExtendedReceipt) and event.id == sent.id]
    alice.seen.clear()
    again = [
        alice.tox.messages.send(0, 0, b"first", again=first.id),
        alice.tox.messages.send(0, 0, LONG, again=sent.id),
    ]
    for one in again:
        alice.wait(ExtendedReceipt, 120, id=one.id, message_id=one.message_id)
    shown = [event for event in bob.seen if isinstance(event, ExtendedMessage)]
    expected = [sent.id] if who == "receiver" else [first.id, sent.id]
    assert [event.id for event in shown] == expected and shown[-1].message == LONG
    # its number goes on too
    alice.tox.messages.edit(0, first.id, b"changed")
    assert bob.wait(MessageEdited).raw == b"changed"
