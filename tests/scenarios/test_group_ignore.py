"""Whoever is ignored is not heard by that member, and by all others still; no more than that."""

from tests.support.groups import fails, hear, id_of, say, share
from toxpy.generated import events


def test_group_ignore(group_world):
    alice, bob, carol = share(group_world, "alice", "bob", "carol")
    bobs_alice = id_of(bob, alice)
    bob.group_set_ignore(0, bobs_alice, True)
    say(alice, b"unheard")
    hear(carol, alice, b"unheard")
    alice.group_send_private_message(0, id_of(alice, bob), 0, b"unheard")
    # these are no messages, and come after those
    alice.group_send_custom_packet(0, True, b"custom")
    assert bob.wait(events.GroupCustomPacket, peer_id=bobs_alice).data == b"custom"
    alice.group_self_set_name(0, b"Alice the second")
    assert bob.wait(events.GroupPeerName, peer_id=bobs_alice).name == b"Alice the second"
    assert bob.got(events.GroupMessage) is None and bob.got(events.GroupPrivateMessage) is None
    say(carol, b"heard")
    hear(bob, carol, b"heard")

    bob.group_set_ignore(0, bobs_alice, False)
    say(alice, b"heard again")
    hear(bob, alice, b"heard again")
    fails("SET_IGNORE_PEER_NOT_FOUND", bob.group_set_ignore, 0, 99, True)
    fails("SET_IGNORE_SELF", bob.group_set_ignore, 0, 0, True)
    fails("SET_IGNORE_GROUP_NOT_FOUND", bob.group_set_ignore, 1, bobs_alice, True)
