"""The whole of it in the simulated network: real sessions with mailboxes of our own code."""

import pytest

from tests.support import universe
from tests.support.mailboxes import SimMailbox
from tests.support.worlds import SimulatedWorld, events
from toxpy.ext.offline.keys import GENESIS_S
from toxpy.ext.offline.options import Offline


@pytest.fixture
def make_world(monkeypatch):
    """Worlds after 2025."""
    monkeypatch.setattr(universe, "START_UNIX_S", GENESIS_S + 10_000_000)
    made = []

    def make(**how):
        world = SimulatedWorld(**how)
        boxes = [SimMailbox(world, f"mailbox {number}") for number in range(3)]
        made.extend((*boxes, world))
        places = [box.mailbox() for box in boxes]
        world.options = {
            name: {"offline_messages": Offline(places, cover=False)} for name in ("alice", "bob")
        }
        return world, boxes

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("relayed", [False, True], ids=["udp", "tcp"])
def test_two_who_are_never_there_together(make_world, relayed):
    world, boxes = make_world(relayed=relayed)
    alice, bob = world.friends()
    world.run_for(150)

    def swap(old, new, saved):
        kept = old.tox.get_savedata()
        world.stop(old)
        actor = world.actor(new, saved)
        actor.bootstrap_to(world.actors[0])
        return actor, kept

    saved_bob = bob.tox.get_savedata()
    world.stop(bob)
    world.until(lambda: not alice.is_online(), "alice to see that bob left", 60)
    number = alice.friend_send_message(0, 0, b"text")
    world.until(lambda: sum(box.store.stats.blobs for box in boxes) == 3, "the mailboxes to have it", 300)
    bob, saved_alice = swap(alice, "bob", saved_bob)
    bob.wait(events.FriendMessage, 200, message=b"text")
    world.until(lambda: sum(box.store.stats.blobs for box in boxes) == 2, "the receipt to be left", 600)
    alice, _ = swap(bob, "alice", saved_alice)
    alice.wait(events.FriendReadReceipt, 900, message_id=number)
    assert alice.tox.offline.outbox(0) == []
    stats = alice.tox.offline.storage_stats()
    assert stats.messages == 0 and len(stats.mailboxes) == 3
    assert all(stat.room_kib for stat in stats.mailboxes if not stat.failure)


def test_mailboxes_are_found_in_the_network(make_world):
    world, boxes = make_world()
    for name in ("alice", "bob"):
        world.options[name] = {"offline_messages": Offline(find=True, cover=False)}
    alice, bob = world.strangers()
    for box in boxes:
        place = box.mailbox()
        alice.bootstrap(place.host, place.port, place.dht_pk)
    alice.friend_add_norequest(bob.self_get_public_key())
    bob.friend_add_norequest(alice.self_get_public_key())
    world.connect(alice, bob)
    for actor in (alice, bob):
        world.until(lambda a=actor: len(a.tox.offline.storage_stats().mailboxes) == 2, "two mailboxes", 300)
    alice = alice.restart()
    alice.bootstrap_to(world.actors[0])
    world.run_for(60)
    assert len(alice.tox.offline.storage_stats().mailboxes) == 2
