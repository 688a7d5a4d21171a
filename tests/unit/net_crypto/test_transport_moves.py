"""Between relay and direct way and back: messages arrive once and in order, and both sides say which way."""

import pytest

from tests.support.worlds import SimulatedWorld
from toxpy.generated import enums, events


class MixedWorld(SimulatedWorld):
    """Everybody has UDP, and knows a relay as well."""

    def __init__(self, **network):
        super().__init__(relayed=True, **network)
        self.blocked = False
        carry = self.universe.carry

        def walled(source, address, data):
            hosts = {source.address[0], address[0]}
            if self.blocked and hosts == self.pair():
                return
            carry(source, address, data)

        self.universe.carry = walled

    def has_udp(self, name):
        return True

    def pair(self):
        return {actor.socket.address[0] for actor in self.actors if not actor.name.startswith("node")}


def send_all(world, alice, bob, texts, between=None):
    """Send every text as soon as there is room, and collect what bob gets."""
    waiting, got = list(texts), []

    def progress():
        while waiting:
            try:
                alice.friend_send_message(0, 0, waiting[0])
            except Exception as error:
                if getattr(error, "name", "") != "TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ":
                    raise
                break
            waiting.pop(0)
        while (event := bob.got(events.FriendMessage)) is not None:
            got.append(event.message)
        if between is not None:
            between(len(got))
        return len(got) >= len(texts)

    world.until(progress, "all messages", 600)
    world.run_for(5)
    while (event := bob.got(events.FriendMessage)) is not None:
        got.append(event.message)
    return got


def way(actor):
    return actor.friend_get_connection_status(0)


@pytest.mark.parametrize("loss", [0.0, 0.1])
def test_from_relay_to_direct_and_back(loss):
    world = MixedWorld(loss=loss)
    world.blocked = True
    alice, bob = world.friends()
    assert way(alice) == way(bob) == enums.TOX_CONNECTION_TCP
    texts = [b"one %d" % i for i in range(200)]
    assert send_all(world, alice, bob, texts) == texts

    world.blocked = False
    world.until(lambda: way(alice) == way(bob) == enums.TOX_CONNECTION_UDP, "the direct way", 60)
    assert alice.got(events.FriendConnectionStatus, connection_status=enums.TOX_CONNECTION_UDP)
    # the relay is not needed by anybody now
    world.run_for(60)

    def block(count):
        world.blocked = world.blocked or count > 100

    texts = [b"two %d" % i for i in range(400)]
    assert send_all(world, alice, bob, texts, block) == texts
    world.until(lambda: way(alice) == way(bob) == enums.TOX_CONNECTION_TCP, "the relay again", 60)
    assert alice.got(events.FriendConnectionStatus, connection_status=enums.TOX_CONNECTION_NONE) is None
    assert bob.got(events.FriendConnectionStatus, connection_status=enums.TOX_CONNECTION_NONE) is None
    texts = [b"three %d" % i for i in range(100)]
    assert send_all(world, bob, alice, texts) == texts


def test_a_relay_that_goes_away_is_replaced_by_the_direct_way():
    world = MixedWorld()
    world.blocked = True
    alice, bob = world.friends()
    assert way(alice) == enums.TOX_CONNECTION_TCP
    world.blocked = False
    world.vanish(world.relay)
    texts = [b"%d" % i for i in range(50)]
    assert send_all(world, alice, bob, texts) == texts
    world.until(lambda: way(alice) == way(bob) == enums.TOX_CONNECTION_UDP, "the direct way", 60)


@pytest.mark.parametrize("gap_s", [0.1, 0.5, 1, 2, 4, 6])
def test_what_was_under_way_follows_soon_once_the_relay_carries(gap_s):
    """Whatever the time-outs had grown to on the way that closed."""
    world = MixedWorld()
    alice, bob = world.friends()
    world.until(lambda: way(alice) == way(bob) == enums.TOX_CONNECTION_UDP, "the direct way", 60)
    world.run_for(30)
    world.blocked = True
    for actor in (alice, bob):
        for i in range(60):
            actor.friend_send_message(0, 0, b"%d" % i)
    world.run_for(gap_s)
    for actor in (alice, bob):
        actor.friend_send_message(0, 0, b"last")
    world.until(lambda: way(alice) == way(bob) == enums.TOX_CONNECTION_TCP, "the relay", 20)
    world.until(lambda: alice.got(events.FriendMessage, message=b"last"), "bob's last message", 2)
    world.until(lambda: bob.got(events.FriendMessage, message=b"last"), "alice's last message", 2)
    world.close()
