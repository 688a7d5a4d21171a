"""Every message is answered by one receipt with its id, in the order of sending."""

from toxpy.generated import events
from toxpy.generated.enums import TOX_MESSAGE_TYPE_NORMAL


def test_friend_read_receipt(world):
    alice, bob = world.friends()
    for sender, receiver in ((alice, bob), (bob, alice)):
        ids = [sender.friend_send_message(0, TOX_MESSAGE_TYPE_NORMAL, b"message %d" % i) for i in range(20)]
        assert len(set(ids)) == 20
        for message_id in ids:
            assert sender.wait(events.FriendReadReceipt).message_id == message_id
        received = [receiver.wait(events.FriendMessage).message for _ in ids]
        assert received == [b"message %d" % i for i in range(20)]
