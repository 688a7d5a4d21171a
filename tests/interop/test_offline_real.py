"""Messages kept for a friend whose program knows nothing of that: sent when the friend comes, once."""

from tests.support.worlds import LoopbackWorld
from toxpy.ext.offline.events import MessageStateChanged
from toxpy.ext.offline.states import DELIVERED, QUEUED
from toxpy.generated import events

#: the last one is cut into ordinary messages
TEXTS = [b"first", "zweite: äöü".encode(), b"long. " * 500]


def test_a_real_friend_gets_what_was_kept():
    options = {"alice": {"offline_messages": True, "extended_messages": True}}
    world = LoopbackWorld(real={"bob", "node0"}, options=options)
    try:
        alice, bob = world.friends()
        kept = bob.tox.get_savedata()
        world.stop(bob)
        world.until(lambda: not alice.is_online(), "alice to see that bob left", 60)
        alice.seen.clear()
        offline = alice.tox.offline
        ids = [offline.send(0, 0, text).id for text in TEXTS]
        assert [message.state for message in offline.outbox(0)] == [QUEUED] * 3
        # alice begins anew as well, before bob is back
        alice = alice.restart()
        alice.bootstrap_to(world.actors[0])
        offline = alice.tox.offline
        assert [message.id for message in offline.outbox(0)] == ids
        bob = world.actor("bob", kept)
        bob.bootstrap_to(world.actors[-2])
        delivered = set()

        def all_delivered():
            while (event := alice.got(MessageStateChanged, state=DELIVERED)) is not None:
                assert event.id not in delivered
                delivered.add(event.id)
            return len(delivered) == len(TEXTS)

        world.until(all_delivered, "receipts of all", 90)
        assert delivered == set(ids)
        assert offline.outbox(0) == []
        world.run_for(3)
        came = [event.message for event in bob.seen if isinstance(event, events.FriendMessage)]
        assert came[:2] == TEXTS[:2]
        assert all(len(piece) <= 1372 for piece in came)
        assert b"".join(came[2:]) == TEXTS[2]
        # and nothing of it comes again with another connection
        bob.seen.clear()
        alice = alice.restart()
        alice.bootstrap_to(world.actors[0])
        world.until(lambda: alice.is_online() and bob.is_online(), "both to be online again", 90)
        world.run_for(3)
        assert [event for event in bob.seen if isinstance(event, events.FriendMessage)] == []
    finally:
        world.close()
