"""Lossless and lossy custom packets arrive as sent."""

import pytest

from toxpy import events
from toxpy.errors import ToxError


def test_custom_packets(world):
    alice, bob = world.friends()
    for sender, receiver in ((alice, bob), (bob, alice)):
        sender.friend_send_lossless_packet(0, b"\xa0" + b"l" * 1372)
        assert receiver.wait(events.FriendLosslessPacket).data == b"\xa0" + b"l" * 1372
        sender.friend_send_lossy_packet(0, b"\xc8lossy")
        assert receiver.wait(events.FriendLossyPacket).data == b"\xc8lossy"
        with pytest.raises(ToxError):
            sender.friend_send_lossless_packet(0, b"\x10not ours")
