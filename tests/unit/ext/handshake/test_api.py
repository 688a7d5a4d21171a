"""The handshakes of `Tox` and of asyncio's `Friend`."""

import asyncio

import pytest

from tests.support.handshakes import NOISE_IK, NONE, Pair
from toxpy import AsyncTox, FriendHandshakeDowngrade, HandshakePolicy, Tox, ToxError
from toxpy.generated import enums


def test_a_program_hears_of_a_downgrade():
    pair = Pair().befriend().together()
    tox, heard = Tox(core=pair.alice.tox), []
    pair.alice.collect = tox.iterate
    tox.on(FriendHandshakeDowngrade, heard.append)
    pair.comes_back(pair.bob, "legacy")
    pair.until(lambda: heard, "alice to hear of it")
    assert heard == [FriendHandshakeDowngrade(0)]


async def see_friend():
    pair = Pair().befriend().together()
    async with AsyncTox(core=pair.alice.tox) as tox:
        (friend,) = tox.friends
        assert friend.handshake == NOISE_IK and friend.handshake_pin == NOISE_IK
        assert friend.handshake_policy is HandshakePolicy.AUTO
        friend.set_handshake(HandshakePolicy.REQUIRE)
        assert friend.handshake_policy is HandshakePolicy.REQUIRE
        with pytest.raises(ToxError) as pinned:
            friend.set_handshake("legacy")
        assert pinned.value.code == enums.TOX_ERR_FRIEND_SET_HANDSHAKE_PINNED
        assert "unpinned" in str(pinned.value)
        friend.set_handshake("legacy", unpin=True)
        assert friend.handshake_pin == NONE and friend.handshake == NONE


def test_a_friend_in_asyncio():
    asyncio.run(see_friend())
