"""What comes before its author is known, and what heals when it was lost. On fakes, see `room`."""

import pytest

from tests.unit.conference.room import Room
from toxpy.conference import links as module
from toxpy.conference.packets import (
    AUTHORED,
    DIRECT,
    HEAD,
    MESSAGE,
    MESSAGE_HEADER,
    NAME,
    PEERS,
    PING,
    QUERY,
    TEXT,
)

#: A number that nobody has.
STRANGER = 20_001


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def three(room):
    everybody = room.together("alice", "bob", "carol")
    room.run(2)
    for member in everybody:
        member.written.clear()
        member.seen.clear()
    return everybody


def message(author, number, kind, data):
    return HEAD.pack(MESSAGE, 0) + AUTHORED.pack(author, number, kind) + data


def kinds(member):
    """Of the messages that it wrote as their author."""
    found = [MESSAGE_HEADER.unpack_from(packet) for _, packet in member.written if packet[0] == MESSAGE]
    own = member.conference().own.number
    return {kind for _, _, author, _, kind in found if author == own}


def forget(one, other):
    """As if nobody had told the one of the other."""
    peers = one.conference().peers
    number = peers.by_key[other.real_pk].number
    peers.drop(peers.by_key[other.real_pk])
    one.iterate()
    one.seen.clear()
    return number


def test_the_sign_of_life_is_the_name(room, three):
    """c-toxcore that has read a list without a name believes that until the peer says it again."""
    alice, bob, _ = three
    peer = bob.conference().peers.by_key[alice.real_pk]
    peer.name = b""
    room.run(25)
    assert kinds(alice) == {NAME}
    assert peer.name == b"alice"


def test_who_has_no_name_pings(room, three):
    alice = three[0]
    alice.conference().own.name = b""
    room.run(25)
    assert kinds(alice) == {PING}


def test_a_message_waits_until_its_author_is_known(room, three):
    alice, bob, carol = three
    number = forget(alice, carol)
    alice.hear(bob, message(number, 500, TEXT, b"hello"))
    alice.hear(bob, message(number, 501, NAME, b"caroline"))
    assert alice.texts() == [] and carol.real_pk not in alice.conference().peers.by_key
    room.run(1)
    assert alice.texts() == [b"hello"]
    assert "caroline" in alice.names()
    # and it was passed on
    assert bob.conference().links.by_key[alice.real_pk].unknown == []
    assert ("carol", message(number, 500, TEXT, b"hello")) in alice.written


def test_a_message_that_came_twice_is_heard_once(room, three):
    alice, bob, carol = three
    number = forget(alice, carol)
    text = message(number, 500, TEXT, b"hello")
    alice.hear(bob, text)
    alice.hear(carol, text)
    room.run(1)
    alice.hear(bob, text)
    room.run(1)
    assert alice.texts() == [b"hello"]


def test_who_asks_too_often_asks_again_for_what_waits(room, three):
    """The list under way may be older than the message."""
    alice, bob, carol = three
    room.run(1)
    alice.hear(bob, message(STRANGER, 1, TEXT, b"who?"))
    room.step()
    number = forget(alice, carol)
    lost = []
    room.loses = lambda one, packet: one is bob and packet[:1] == bytes([DIRECT]) and not lost.append(packet)
    alice.hear(bob, message(number, 500, TEXT, b"hello"))
    room.run(1)
    assert [packet[3] for packet in lost][:1] == [PEERS] and alice.texts() == []
    room.loses = lambda _one, _packet: False
    room.run(5)
    assert alice.texts() == [b"hello"]


def test_what_waits_is_bounded(room, three):
    alice, bob, _ = three
    link = alice.conference().links.by_key[bob.real_pk]
    for i in range(10 * module.MAX_UNKNOWN):
        alice.hear(bob, message(STRANGER + i, 1, TEXT, b"x"))
    assert len(link.unknown) == module.MAX_UNKNOWN
    assert alice.dropped("conference_author") == 9 * module.MAX_UNKNOWN
    room.run(20)
    assert link.unknown == []
    assert alice.dropped("conference_author") == 10 * module.MAX_UNKNOWN
    questions = [packet for _, packet in alice.written if packet[0] == DIRECT and packet[3] == QUERY]
    assert len(questions) <= 4
    assert alice.texts() == []


def test_what_waits_goes_with_the_connection(room, three):
    alice, bob, _ = three
    link = alice.conference().links.by_key[bob.real_pk]
    alice.hear(bob, message(STRANGER, 1, TEXT, b"x"))
    alice.conference().links.set_offline(link)
    assert link.unknown == []
