"""Going online is told once to ourselves and once for each friend, with the way: UDP, or relays only."""

from toxpy.generated import events
from toxpy.generated.enums import TOX_CONNECTION_NONE, TOX_CONNECTION_TCP, TOX_CONNECTION_UDP


def test_connection_status(world):
    alice, bob = world.strangers()
    told = []
    assert [actor.self_get_connection_status() for actor in (alice, bob)] == [TOX_CONNECTION_NONE] * 2
    for actor in (alice, bob):
        told.append(actor.wait(events.SelfConnectionStatus).connection_status)
        assert actor.self_get_connection_status() == told[-1] != TOX_CONNECTION_NONE
    # both libraries say the same; over UDP that is what they take the addresses of the network for
    assert told[0] == told[1]
    if world.relayed:
        assert told[0] == TOX_CONNECTION_TCP
    alice.friend_add_norequest(bob.self_get_public_key())
    bob.friend_add_norequest(alice.self_get_public_key())
    way = TOX_CONNECTION_TCP if world.relayed else TOX_CONNECTION_UDP
    for actor in (alice, bob):
        event = actor.wait(events.FriendConnectionStatus, timeout_s=90, connection_status=way)
        assert event.friend_number == 0
        assert actor.friend_get_connection_status(0) == way
        assert actor.got(events.SelfConnectionStatus) is None
