"""A friend request by Tox ID arrives once with its text, the longest; accepting it connects both."""

from toxpy.generated import events
from toxpy.generated.enums import TOX_MAX_FRIEND_REQUEST_LENGTH

TEXT = "Grüße aus Köln".encode().ljust(TOX_MAX_FRIEND_REQUEST_LENGTH, b".")


def test_friend_request(world):
    alice, bob = world.strangers()
    number = alice.friend_add(bob.self_get_address(), TEXT)
    request = bob.wait(events.FriendRequest)
    assert request.public_key == alice.self_get_public_key()
    assert request.message == TEXT
    assert not alice.is_online(number)
    assert bob.friend_add_norequest(request.public_key) == 0
    alice.wait(events.FriendConnectionStatus, friend_number=number, timeout_s=90)
    bob.wait(events.FriendConnectionStatus, friend_number=0, timeout_s=90)
    assert alice.is_online(number) and bob.is_online(0)
    assert bob.got(events.FriendRequest) is None
