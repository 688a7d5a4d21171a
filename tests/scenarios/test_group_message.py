"""Members talk: messages, actions, private ones and custom packets come once, in order, and from whom."""

import pytest

from tests.support.groups import ACTION, NORMAL, OBSERVER, fails, hear, id_of, say, share
from toxpy.generated import events

MANY = 100


def texts(actor, author, count):
    """The next messages of that peer."""
    return [actor.wait(events.GroupMessage, peer_id=author).message for _ in range(count)]


@pytest.mark.with_real
def test_group_message(group_world):
    alice, bob, carol = share(group_world, "alice", "bob", "carol")
    bobs_alice, carols_alice = id_of(bob, alice), id_of(carol, alice)
    for text, kind in ((b"hello", NORMAL), (b"x" * 1372, ACTION), ("żółw".encode(), NORMAL)):
        sent = say(alice, text, kind=kind)
        for listener in (bob, carol):
            event = hear(listener, alice, text)
            assert (event.message_type, event.message_id) == (kind, sent)

    # to bob alone
    to_bob = id_of(alice, bob)
    sent = alice.group_send_private_message(0, to_bob, ACTION, b"psst")
    event = bob.wait(events.GroupPrivateMessage, peer_id=bobs_alice)
    assert (event.message, event.message_type, event.message_id) == (b"psst", ACTION, sent)
    alice.group_send_private_message(0, to_bob, NORMAL, b"p" * 1367)
    assert bob.wait(events.GroupPrivateMessage, peer_id=bobs_alice).message == b"p" * 1367
    alice.group_send_custom_private_packet(0, to_bob, True, b"\xa0" * 1373)
    assert bob.wait(events.GroupCustomPrivatePacket, peer_id=bobs_alice).data == b"\xa0" * 1373
    # to all
    alice.group_send_custom_packet(0, True, b"\0custom")
    for listener, author in ((bob, bobs_alice), (carol, carols_alice)):
        assert listener.wait(events.GroupCustomPacket, peer_id=author).data == b"\0custom"
    # what may be lost is sent until it comes
    for send, event in (
        (lambda: alice.group_send_custom_packet(0, False, b"lossy"), events.GroupCustomPacket),
        (
            lambda: alice.group_send_custom_private_packet(0, to_bob, False, b"lossy"),
            events.GroupCustomPrivatePacket,
        ),
    ):

        def came(send=send, event=event):
            send()
            return bob.got(event, data=b"lossy", peer_id=bobs_alice)

        group_world.until(came, "a lossy packet", 5)

    # many, of both sides at once
    ours = [b"%d from alice" % number for number in range(MANY)]
    theirs = [b"%d from bob" % number for number in range(MANY)]
    for one, other in zip(ours, theirs, strict=True):
        say(alice, one)
        say(bob, other)
    carols_bob = id_of(carol, bob)
    assert texts(bob, bobs_alice, MANY) == texts(carol, carols_alice, MANY) == ours
    assert texts(alice, to_bob, MANY) == texts(carol, carols_bob, MANY) == theirs
    group_world.run_for(2)
    for actor in (alice, bob, carol):
        assert actor.got(events.GroupMessage) is None
    assert (
        carol.got(events.GroupPrivateMessage) is None and carol.got(events.GroupCustomPrivatePacket) is None
    )


def test_what_cannot_be_said(group_world):
    alice, bob = share(group_world, "alice", "bob")
    to_bob = id_of(alice, bob)
    fails("SEND_MESSAGE_TOO_LONG", alice.group_send_message, 0, NORMAL, b"x" * 1373)
    fails("SEND_MESSAGE_EMPTY", alice.group_send_message, 0, NORMAL, b"")
    fails("SEND_MESSAGE_BAD_TYPE", alice.group_send_message, 0, 2, b"x")
    fails("SEND_MESSAGE_GROUP_NOT_FOUND", alice.group_send_message, 1, NORMAL, b"x")
    private = alice.group_send_private_message
    fails("SEND_PRIVATE_MESSAGE_TOO_LONG", private, 0, to_bob, NORMAL, b"x" * 1373)
    fails("SEND_PRIVATE_MESSAGE_EMPTY", private, 0, to_bob, NORMAL, b"")
    fails("SEND_PRIVATE_MESSAGE_PEER_NOT_FOUND", private, 0, 99, NORMAL, b"x")
    fails("SEND_CUSTOM_PACKET_TOO_LONG", alice.group_send_custom_packet, 0, True, b"x" * 1374)
    fails("SEND_CUSTOM_PACKET_EMPTY", alice.group_send_custom_packet, 0, False, b"")
    custom = alice.group_send_custom_private_packet
    fails("SEND_CUSTOM_PRIVATE_PACKET_PEER_NOT_FOUND", custom, 0, 99, True, b"x")
    alice.group_set_role(0, to_bob, OBSERVER)
    bob.wait(events.GroupModeration)
    to_alice = id_of(bob, alice)
    fails("SEND_MESSAGE_PERMISSIONS", bob.group_send_message, 0, NORMAL, b"x")
    fails("SEND_PRIVATE_MESSAGE_PERMISSIONS", bob.group_send_private_message, 0, to_alice, NORMAL, b"x")
    # as in c-toxcore an observer may send these
    bob.group_send_custom_packet(0, True, b"observed")
    assert alice.wait(events.GroupCustomPacket, peer_id=to_bob).data == b"observed"
