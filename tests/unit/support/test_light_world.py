"""Instances without a network still are friends with messages."""

from tests.support.light_world import LightCore, LightWorld
from toxpy.ext.messages.engine import ExtendedMessages
from toxpy.ext.messages.events import ExtendedMessage, ExtendedReceipt

SECRETS = [bytes((number,)) * 32 for number in (1, 2)]


def with_messages(core):
    core.messages = ExtendedMessages(core)
    return [core.messages]


def start(world, number, saved=b""):
    from toxpy.crypto.keys import KeyPair

    friends = [KeyPair(secret).public for secret in SECRETS if secret != SECRETS[number]]
    name = ("alice", "bob")[number]
    return LightCore(world, name, SECRETS[number], friends, saved, with_messages)


def online(core):
    return core.messenger.friend(0).status == 4


def test_two_meet_talk_part_and_meet_again():
    world = LightWorld(1)
    alice, bob = start(world, 0), start(world, 1)
    assert world.run_until(lambda: online(alice) and online(bob), 30)
    world.run_for(1)
    friend = alice.messenger.friend(0)
    assert alice.messages.outgoing.is_on(friend)
    text = b"long " * 1000
    sent = alice.messages.outgoing.send(friend, 0, text, None, None)
    world.run_for(1)
    (message,) = [event for event in bob.seen if isinstance(event, ExtendedMessage)]
    assert (message.message, message.id) == (text, sent.id)
    (receipt,) = [event for event in alice.seen if isinstance(event, ExtendedReceipt)]
    assert receipt.id == sent.id
    saved = bob.collect()
    bob.leave(silent=True)
    world.run_for(20)
    assert online(alice)
    world.run_for(20)
    assert not online(alice)
    bob = start(world, 1, saved)
    assert world.run_until(lambda: online(alice) and online(bob), 30)
    # the same once more: it is known
    world.run_for(1)
    alice.messages.outgoing.send(friend, 0, text, None, sent.id)
    world.run_for(1)
    assert [event for event in bob.seen if isinstance(event, ExtendedMessage)] == []
    assert bob.rt.counters.values
    bob.leave()
    world.run_for(1)
    assert not online(alice)


def test_an_idle_week_costs_nothing():
    world = LightWorld(1)
    alice, bob = start(world, 0), start(world, 1)
    world.run_for(100)
    before = world.sequence
    world.run_for(7 * 86400)
    assert world.sequence - before < 10
    assert online(alice)
    assert online(bob)
