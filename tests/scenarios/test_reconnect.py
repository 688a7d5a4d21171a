"""A friend who leaves is seen offline; one who vanishes is noticed by time-out; both come back."""

from toxpy.generated import events
from toxpy.generated.enums import TOX_CONNECTION_NONE, TOX_MESSAGE_TYPE_NORMAL


def come_back(world, alice, saved):
    bob = world.actor("bob", savedata=saved)
    bob.bootstrap_to(alice)
    world.connect(alice, bob, timeout_s=120)
    alice.friend_send_message(0, TOX_MESSAGE_TYPE_NORMAL, b"welcome back")
    assert bob.wait(events.FriendMessage).message == b"welcome back"
    return bob


def test_reconnect(world):
    alice, bob = world.friends()
    saved = bob.get_savedata()
    world.stop(bob)
    alice.wait(events.FriendConnectionStatus, timeout_s=40, connection_status=TOX_CONNECTION_NONE)
    bob = come_back(world, alice, saved)
    world.vanish(bob)
    alice.wait(events.FriendConnectionStatus, timeout_s=60, connection_status=TOX_CONNECTION_NONE)
    come_back(world, alice, saved)
