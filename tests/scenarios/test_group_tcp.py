"""Without UDP: a member comes in by the chat id, and by a friend's invitation; both talk over relays."""

import pytest

from tests.support.groups import found, gather, guests, hear, id_of, invite, join, say
from tests.support.worlds import SimulatedWorld
from toxpy.generated import events
from toxpy.generated.enums import TOX_CONNECTION_TCP, TOX_GROUP_EXIT_TYPE_QUIT

CODEWORD = b"the codeword"


@pytest.fixture
def relayed():
    stage = SimulatedWorld(relayed=True)
    yield stage
    stage.close()


def test_group_tcp(relayed):
    alice, bob = relayed.friends()
    found(alice)
    join(alice, bob)
    gather(relayed, [alice, bob])
    for actor, other in ((alice, bob), (bob, alice)):
        peer = id_of(actor, other)
        assert actor.group_peer_get_connection_status(0, peer) == TOX_CONNECTION_TCP
        assert actor.group_peer_get_ip_address(0, peer) == b"-"
    alice.group_send_private_message(0, id_of(alice, bob), 0, CODEWORD)
    assert bob.wait(events.GroupPrivateMessage).message == CODEWORD
    bob.group_leave(0, b"")
    assert alice.wait(events.GroupPeerExit).exit_type == TOX_GROUP_EXIT_TYPE_QUIT

    invite(alice, bob)
    gather(relayed, [alice, bob])
    for speaker, listener in ((alice, bob), (bob, alice)):
        say(speaker, CODEWORD)
        hear(listener, speaker, CODEWORD)
    # at once, before anything is connected to relays
    assert found(alice, name=b"Another") == 1
    assert invite(alice, bob, 1) == 1


def test_one_side_has_udp(relayed):
    """The founder is one of the plain nodes, which have UDP."""
    relayed.network()
    founder = relayed.actors[1]
    found(founder)
    (carol,) = guests(relayed, "carol")
    join(founder, carol)
    gather(relayed, [founder, carol])
    for speaker, listener in ((founder, carol), (carol, founder)):
        say(speaker, b"x" * 1372)
        hear(listener, speaker, b"x" * 1372)
        assert speaker.group_peer_get_connection_status(0, id_of(speaker, listener)) == TOX_CONNECTION_TCP
