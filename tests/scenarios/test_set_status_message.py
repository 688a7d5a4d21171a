"""A new status message reaches the friend."""

from toxpy.generated import events


def test_set_status_message(world):
    alice, bob = world.friends()
    for sender, receiver in ((alice, bob), (bob, alice)):
        for message in (b"at lunch", b"s" * 1007):
            sender.self_set_status_message(message)
            assert receiver.wait(events.FriendStatusMessage, message=message).friend_number == 0
            assert receiver.friend_get_status_message(0) == message
