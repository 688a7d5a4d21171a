"""Two instances that know only each other become friends: the smallest network there is."""

from toxpy.generated import events
from toxpy.generated.enums import TOX_MESSAGE_TYPE_NORMAL


def test_two_nodes(udp_world):
    alice, bob = udp_world.actor("alice"), udp_world.actor("bob")
    alice.bootstrap_to(bob)
    alice.friend_add_norequest(bob.self_get_public_key())
    bob.friend_add_norequest(alice.self_get_public_key())
    udp_world.connect(alice, bob, timeout_s=120)
    alice.friend_send_message(0, TOX_MESSAGE_TYPE_NORMAL, b"hi")
    assert bob.wait(events.FriendMessage).message == b"hi"
