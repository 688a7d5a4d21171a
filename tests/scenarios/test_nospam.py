"""After a nospam change the old address is refused and the new one works."""

from toxpy.core import Core
from toxpy.generated import events


def test_nospam(world):
    alice, bob = world.strangers()
    old = bob.self_get_address()
    bob.self_set_nospam(0x12345678)
    assert bob.self_get_address() != old
    assert bob.self_get_address()[:32] == old[:32]
    number = alice.friend_add(old, b"by the old address")
    if isinstance(bob.tox, Core):
        dropped = bob.tox.rt.counters.values
        world.until(lambda: "drop.friend_request_nospam" in dropped, "the old address to be refused")
    else:
        # the real library says nothing: the time in which a request comes
        world.run_for(25)
    assert bob.got(events.FriendRequest) is None
    alice.friend_delete(number)
    alice.friend_add(bob.self_get_address(), b"by the new address")
    assert bob.wait(events.FriendRequest).message == b"by the new address"
