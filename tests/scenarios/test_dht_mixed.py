"""Friends who share no bootstrap node find each other in a DHT of both kinds of nodes."""

import pytest

from tests.support.worlds import LoopbackWorld, SimulatedWorld
from toxpy.generated import events
from toxpy.generated.enums import TOX_MESSAGE_TYPE_NORMAL

NODES = [f"node{i}" for i in range(6)]
STAGES = {
    "universe": lambda: SimulatedWorld(seed=5),
    "4-real-2-ours": lambda: LoopbackWorld(real={"node0", "node2", "node3", "node5", "bob"}),
    "2-real-4-ours": lambda: LoopbackWorld(real={"node1", "node4", "alice"}),
}


@pytest.mark.parametrize("stage", STAGES)
def test_dht_mixed(stage):
    world = STAGES[stage]()
    try:
        nodes = [world.actor(name) for name in NODES]
        for left, right in zip(nodes, nodes[1:], strict=False):
            right.bootstrap_to(left)
        alice, bob = world.actor("alice"), world.actor("bob")
        alice.bootstrap_to(nodes[0])
        bob.bootstrap_to(nodes[-1])
        alice.friend_add(bob.self_get_address(), b"far away")
        request = bob.wait(events.FriendRequest, timeout_s=90)
        bob.friend_add_norequest(request.public_key)
        world.connect(alice, bob, timeout_s=120)
        bob.friend_send_message(0, TOX_MESSAGE_TYPE_NORMAL, b"found you")
        assert alice.wait(events.FriendMessage).message == b"found you"
    finally:
        world.close()
