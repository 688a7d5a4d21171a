"""A new name reaches the friend, and the friend's getter returns it."""

from toxpy.generated import events


def test_set_name(world):
    alice, bob = world.friends()
    for sender, receiver in ((alice, bob), (bob, alice)):
        for name in ("Алиса".encode(), b"n" * 128, b""):
            receiver.seen.clear()  # the name sent on connecting may come late
            sender.self_set_name(name)
            assert receiver.wait(events.FriendName, name=name).friend_number == 0
            assert receiver.friend_get_name(0) == name
