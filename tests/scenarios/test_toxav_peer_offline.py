"""A friend in a call is deleted, and one who rings: the call is over on both sides, and there is no other."""

from tests.support.calls import ALL, ERROR, fails, phones


def test_toxav_peer_offline(call_world):
    alice, bob = phones(call_world, *call_world.friends())
    alice.call()
    bob.answer()
    alice.state(ALL)
    alice.tone = bob.tone = 3
    alice.hears(3)
    alice.actor.friend_delete(0)
    bob.state(ERROR)
    call_world.until(lambda: not bob.actor.is_online(), "bob to be alone")
    fails("TOXAV_ERR_CALL_FRIEND_NOT_FOUND", alice.call)
    fails("TOXAV_ERR_CALL_FRIEND_NOT_CONNECTED", bob.call)
    fails("TOXAV_ERR_CALL_CONTROL_FRIEND_NOT_IN_CALL", bob.hang_up)
    call_world.run_for(1)
    assert [state for state in alice.states if state[1] != ERROR] == bob.states == []
