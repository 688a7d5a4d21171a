"""Away, busy and back are told to the friend."""

from toxpy.generated import events
from toxpy.generated.enums import TOX_USER_STATUS_AWAY, TOX_USER_STATUS_BUSY, TOX_USER_STATUS_NONE


def test_set_status(world):
    alice, bob = world.friends()
    for sender, receiver in ((alice, bob), (bob, alice)):
        for status in (TOX_USER_STATUS_AWAY, TOX_USER_STATUS_BUSY, TOX_USER_STATUS_NONE):
            sender.self_set_status(status)
            assert receiver.wait(events.FriendStatus, status=status).friend_number == 0
