"""The names of members: at joining and when they change; the same name twice is two members."""

from tests.support.groups import fails, gather, id_of, own_name, share
from toxpy.generated import events


def names(actor, others):
    return [actor.group_peer_get_name(0, id_of(actor, other)) for other in others]


def test_group_peer_nick(group_world):
    members = alice, bob, carol = share(group_world, "alice", "bob", "carol")
    for actor in members:
        assert actor.group_self_get_name(0) == own_name(actor)
        others = [other for other in members if other is not actor]
        assert names(actor, others) == [own_name(other) for other in others]
    for text in ("żółw".encode(), b"x" * 128, b"alice"):
        bob.group_self_set_name(0, text)
        for actor in (alice, carol):
            assert actor.wait(events.GroupPeerName, peer_id=id_of(actor, bob)).name == text
            assert names(actor, [bob]) == [text]
    assert bob.group_self_get_name(0) == b"alice"
    fails("SELF_NAME_SET_TOO_LONG", bob.group_self_set_name, 0, b"x" * 129)
    fails("SELF_NAME_SET_INVALID", bob.group_self_set_name, 0, b"")
    fails("SELF_NAME_SET_GROUP_NOT_FOUND", bob.group_self_set_name, 1, b"x")
    fails("PEER_QUERY_PEER_NOT_FOUND", bob.group_peer_get_name, 0, 99)
    # both are called alice
    gather(group_world, members)
    assert names(carol, [alice, bob]) == [b"alice", b"alice"]
    assert id_of(carol, alice) != id_of(carol, bob)
    assert alice.group_self_get_name(0) == b"alice"
