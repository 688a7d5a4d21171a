"""All that is on is asked for in one packet, each time a friend comes online."""

import pytest

from tests.support.worlds import SimulatedWorld, events
from toxpy.friend.envelope import MAGIC, NEGOTIATE, unpack_packet
from toxpy.generated.enums import TOX_HANDSHAKE_MODE_NOISE_AND_LEGACY

ON = {"extended_messages": True, "handshake": TOX_HANDSHAKE_MODE_NOISE_AND_LEGACY}


@pytest.fixture
def world():
    world = SimulatedWorld(options={"alice": ON})
    yield world
    world.close()


def test_a_friend_who_has_nothing_gets_one_packet(world):
    alice, bob = world.strangers()
    alice.friend_add_norequest(bob.self_get_public_key())
    bob.friend_add_norequest(alice.self_get_public_key())
    for _ in range(2):
        bob.seen.clear()
        world.until(lambda who=alice: who.is_online() and bob.is_online(), "both to be online", 120)
        world.run_for(60)
        (packet,) = [event.data for event in bob.seen if isinstance(event, events.FriendLosslessPacket)]
        segments, whole = unpack_packet(packet)
        assert whole and packet.startswith(MAGIC) and len(packet) == 4 + 25 * len(segments)
        # messages, those of ToxExt, and Noise
        assert [segment_id for segment_id, _ in segments] == [NEGOTIATE] * 3
        assert len({data[4:20] for _, data in segments}) == 3
        alice = alice.restart()
        alice.bootstrap_to(world.actors[0])
        world.until(lambda: not bob.is_online(), "bob to see that alice left")
