"""Lossless and lossy custom packets arrive as sent, with every first byte that is for them."""

import pytest

from tests.support.off import TOXEXT
from toxpy.errors import ToxError
from toxpy.generated import events


def test_custom_packets(world):
    alice, bob = world.friends()
    for sender, receiver in ((alice, bob), (bob, alice)):
        sender.friend_send_lossless_packet(0, b"\xa0" + b"l" * 1372)
        assert receiver.wait(events.FriendLosslessPacket).data == b"\xa0" + b"l" * 1372
        sender.friend_send_lossy_packet(0, b"\xfe" + b"l" * 1372)
        assert receiver.wait(events.FriendLossyPacket).data == b"\xfe" + b"l" * 1372
        if not world.options:
            # without extensions of ours those of a program's own are like all others
            sender.friend_send_lossless_packet(0, TOXEXT)
            assert receiver.wait(events.FriendLosslessPacket).data == TOXEXT
        for first in range(160, 192):
            sender.friend_send_lossless_packet(0, bytes([first]))
        for first in range(160, 192):
            assert receiver.wait(events.FriendLosslessPacket).data == bytes([first])
        for first in range(200, 255):
            sender.friend_send_lossy_packet(0, bytes([first]))
            # one by one, so that none is lost for want of room
            assert receiver.wait(events.FriendLossyPacket).data == bytes([first])
        with pytest.raises(ToxError):
            sender.friend_send_lossless_packet(0, b"\x10not ours")
        with pytest.raises(ToxError):
            sender.friend_send_lossy_packet(0, b"\xa0lossless")
