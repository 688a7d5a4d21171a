"""A side goes away in the middle: the transfer is gone; a new one under the same ID goes on from there."""

from tests.support.files import CANCEL, RESUME, Sent, accepted, content, fails, finish, received, run
from toxpy.generated import events
from toxpy.generated.enums import TOX_CONNECTION_NONE


def gone(sender, sent):
    """Nothing is left of it."""
    fails("TOX_ERR_FILE_CONTROL_FRIEND_NOT_CONNECTED", sent.control, CANCEL)
    fails("TOX_ERR_FILE_SEND_FRIEND_NOT_CONNECTED", sender.file_send, 0, 0, 1, None, b"x")
    fails("TOX_ERR_FILE_GET_NOT_FOUND", sender.file_get_file_id, 0, sent.number)


def test_file_offline(world):
    alice, bob = world.friends()
    data = content(4_000_000)
    sent, got = accepted(world, alice, bob, data)
    run(world, [sent, got], lambda: len(got.data) > 100_000, "data to arrive")
    bob = bob.restart()
    run(world, [sent], lambda: not alice.is_online(), "alice to notice", 60)
    gone(alice, sent)
    kept, sent_id = bytes(got.data), sent.file_id

    bob.bootstrap_to(alice)
    world.connect(alice, bob, 120)
    fails("TOX_ERR_FILE_CONTROL_NOT_FOUND", sent.control, CANCEL)
    sent = Sent(alice, data, file_id=sent_id)
    got = received(bob)
    assert bob.file_get_file_id(0, got.number) == sent_id
    got.seek(len(kept))
    got.control(RESUME)
    finish(world, sent, got)
    assert kept + got.data == data

    sent, got = accepted(world, alice, bob, data)
    run(world, [sent, got], lambda: len(got.data) > 100_000, "data to arrive")
    alice.friend_delete(0)
    fails("TOX_ERR_FILE_CONTROL_FRIEND_NOT_FOUND", sent.control, CANCEL)
    bob.wait(events.FriendConnectionStatus, connection_status=TOX_CONNECTION_NONE)
    fails("TOX_ERR_FILE_CONTROL_FRIEND_NOT_CONNECTED", got.control, CANCEL)
