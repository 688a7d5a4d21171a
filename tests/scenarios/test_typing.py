"""Typing starts and stops at the friend."""

from toxpy.generated import events


def test_typing(world):
    alice, bob = world.friends()
    for sender, receiver in ((alice, bob), (bob, alice)):
        sender.self_set_typing(0, True)
        receiver.wait(events.FriendTyping, typing=True)
        sender.self_set_typing(0, False)
        receiver.wait(events.FriendTyping, typing=False)
