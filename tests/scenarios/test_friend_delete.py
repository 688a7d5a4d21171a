"""A deleted friend is gone on our side, goes offline on theirs, and can be added again."""

import pytest

from toxpy.errors import ToxError
from toxpy.generated import events
from toxpy.generated.enums import (
    TOX_CONNECTION_NONE,
    TOX_ERR_FRIEND_DELETE_FRIEND_NOT_FOUND,
    TOX_MESSAGE_TYPE_NORMAL,
)


def test_friend_delete(world):
    alice, bob = world.friends()
    alice.friend_delete(0)
    assert alice.self_get_friend_list() == []
    with pytest.raises(ToxError) as gone:
        alice.friend_delete(0)
    assert gone.value.code == TOX_ERR_FRIEND_DELETE_FRIEND_NOT_FOUND
    bob.wait(events.FriendConnectionStatus, timeout_s=60, connection_status=TOX_CONNECTION_NONE)
    assert alice.friend_add(bob.self_get_address(), b"me again") == 0
    world.connect(alice, bob, timeout_s=120)
    alice.friend_send_message(0, TOX_MESSAGE_TYPE_NORMAL, b"hi")
    assert bob.wait(events.FriendMessage).message == b"hi"
