"""Both restart from savedata without any bootstrap by hand and find each other again."""

from toxpy.generated import events
from toxpy.generated.enums import TOX_MESSAGE_TYPE_NORMAL


def test_save_friend(world):
    alice, bob = world.friends()
    alice.self_set_name(b"Alice")
    bob.wait(events.FriendName, name=b"Alice")
    world.run_for(5)
    alice, bob = world.restart(alice), world.restart(bob)
    assert alice.self_get_name() == b"Alice"
    assert alice.self_get_friend_list() == [0] == bob.self_get_friend_list()
    assert bob.friend_get_name(0) == b"Alice"
    assert bob.friend_get_public_key(0) == alice.self_get_public_key()
    world.connect(alice, bob, timeout_s=120)
    bob.friend_send_message(0, TOX_MESSAGE_TYPE_NORMAL, b"still here")
    assert alice.wait(events.FriendMessage).message == b"still here"
