"""Section 20: as c-toxcore writes it, both ways, damaged, and what becomes of a conference that was saved."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.conference.room import Room
from toxpy.conference.saved import LOSSY_NUMBER_LEAD, MESSAGE_NUMBER_LEAD, read_conferences
from toxpy.generated import events as ev
from toxpy.runtime import Counters

#: Section 20 of 0.2.18: one conference, of which we are the founder.
RECORDED = bytes.fromhex(
    "00fdc8f310506ac23607355b0fc21cca6cc020a0cb84b092972944f33dccdfb74b0500010000200000020000"
    "00034e6577"
    "75c2e53d571f02eafcb8b1697d8bf7ac6c7f1e34474cbe03ccf8f4b1a0d04272"
    "a040a494b72fef5cc7b07eca43ad2a0ab027fea68602cf7a906dc12dfca3d718"
    "0812caf20c6b000000000142"
    "e4dddd4ee76ba0e0137b0d7e9011d306a58002fb42f37676ef5475a199928032"
    "d93640d9a7d893813343f64971b25e493294c6c97b40357af95942c24e63282b"
    "5664c9f20c6b0000000005436563696c"
)


def read(content):
    counters = Counters()
    return list(read_conferences(content, counters)), counters.values.get("drop.saved_conference", 0)


@pytest.fixture
def room():
    return Room()


def reload(room, member):
    """The member ends, and another instance of it starts from what it saved."""
    saved = member.conferences.collect()
    friends = [friend.real_pk for friend in member.messenger.friends()]
    member.conferences.on_end()
    member.connections.close()
    room._carry()
    room.remove(member)
    room.run(0.1)
    again = room.member(member.name)
    again.identity = again.connections.identity = again.messenger.identity = member.identity
    room.by_key = {one.real_pk: one for one in room.members}
    for key in friends:
        again.messenger.add_norequest(key)
    again.conferences.load([saved])
    return again


def test_a_recorded_section():
    (saved,), damage = read(RECORDED)
    assert (saved.type, saved.number, saved.title, damage) == (0, 0, b"New", 0)
    assert (saved.message_number, saved.lossy_number) == (65541, 8192)
    assert [(number, seen, name) for number, _, _, seen, name in saved.peers] == [
        (4616, 1796010698, b"B"),
        (25686, 1796010697, b"Cecil"),
    ]


def test_loaded_and_written_again(room):
    alice = room.member("alice")
    alice.conferences.load([RECORDED])
    written = alice.conferences.collect()
    # only our own numbers are further
    expected = bytearray(RECORDED)
    struct.pack_into("<IH", expected, 33, 65541 + MESSAGE_NUMBER_LEAD, 8192 + LOSSY_NUMBER_LEAD)
    assert written == expected
    alice.iterate()
    assert alice.seen == []
    assert alice.names() == ["alice"] and alice.frozen() == ["B", "Cecil"]
    assert alice.conference_get_title(0) == b"New"
    assert alice.conference_offline_peer_get_last_active(0, 1) == 1796010697


@pytest.mark.parametrize("size", range(0, len(RECORDED), 3))
def test_a_cut_section_gives_the_whole_conferences_before_the_cut(size):
    saved, damage = read(RECORDED + RECORDED[:size])
    assert len(saved) == 1
    # what is shorter than the head of a conference is left over
    assert damage == (size >= 46)


@pytest.mark.parametrize("offset", [45, 46 + 3 + 74])
def test_texts_that_are_too_long_are_damage(offset):
    content = bytearray(RECORDED + bytes(300))
    content[offset] = 129
    assert read(bytes(content)) == ([], 1)


@given(st.binary(max_size=400))
def test_any_bytes_are_read(content):
    saved, _ = read(content)
    assert all(len(one.id) == 32 for one in saved)


def test_damage_costs_no_other_conference_and_no_start(room):
    alice = room.member("alice")
    alice.conferences.load([RECORDED + RECORDED[:90], b"\xff" * 50, b""])
    assert alice.conference_get_chatlist() == [0]
    assert alice.dropped("saved_conference") == 2


def test_a_conference_saved_twice_is_one(room):
    alice = room.member("alice")
    alice.conferences.load([RECORDED, RECORDED])
    assert alice.conference_get_chatlist() == [0]


def test_peers_that_are_there_twice_or_ourselves_are_read_over(room):
    alice = room.member("alice")
    peer = RECORDED[-80:]
    ours = alice.real_pk + bytes(32) + struct.pack("<HQB", 9, 1, 0)
    head = bytearray(RECORDED[:49])
    struct.pack_into("<I", head, 41, 4)
    alice.conferences.load([bytes(head) + RECORDED[49:] + peer + ours])
    assert alice.frozen() == ["B", "Cecil"] and alice.names() == ["alice"]


def test_more_frozen_peers_than_usual_are_kept(room):
    alice = room.member("alice")
    head = bytearray(RECORDED[:49])
    struct.pack_into("<I", head, 41, 300)
    peers = b"".join(i.to_bytes(32, "big") + bytes(32) + struct.pack("<HQB", i, i, 0) for i in range(1, 301))
    alice.conferences.load([bytes(head) + peers])
    assert alice.conference_offline_peer_count(0) == 300
    assert alice.conference().peers.max_frozen == 300


def test_only_those_that_we_are_in_are_saved(room):
    alice, bob = room.friends("alice", "bob")
    assert alice.conferences.collect() == b""
    alice.conference_new()
    alice.conference_invite(0, 0)
    room.run(1)
    bob.conference_join(0, bob.take(ev.ConferenceInvite)[0].cookie)
    assert bob.conferences.collect() == b""
    room.run(1)
    (saved,), _ = read(bob.conferences.collect())
    assert [name for *_, name in saved.peers] == [b"alice"]
    assert saved.number == bob.conference().own.number


def test_one_member_restarts(room):
    everybody = room.together("alice", "bob", "carol")
    everybody[0].conference_set_title(0, b"title")
    everybody[2].conference_send_message(0, 0, b"before")
    room.run(1)
    number = everybody[2].conference().own.number
    carol = reload(room, everybody[2])
    assert carol.names() == ["carol"] and sorted(carol.frozen()) == ["alice", "bob"]
    room.until(lambda: all(len(m.names()) == 3 for m in (*everybody[:2], carol)), 20)
    assert carol.conference().own.number == number
    assert carol.conference_get_title(0) == b"title"
    assert carol.take(ev.ConferenceConnected) == []
    for member in (*everybody[:2], carol):
        member.seen.clear()
    # its numbers are above all that the others have heard
    carol.conference_send_message(0, 0, b"after")
    everybody[0].conference_send_message(0, 0, b"hello again")
    room.run(1)
    assert [sorted(m.texts()) for m in (*everybody[:2], carol)] == [[b"after", b"hello again"]] * 3


def test_everybody_restarts_while_the_founder_is_away(room):
    """They are no friends of each other: they look for each other with the keys of the save."""
    everybody = room.together(*[f"m{i}" for i in range(6)])
    room.run(3)
    members = [reload(room, member) for member in everybody[1:]]
    everybody[0].iterates = False
    room.until(lambda: all(len(m.names()) == 5 for m in members), 90)
    for member in members:
        member.seen.clear()
    members[2].conference_send_message(0, 0, b"without the founder")
    room.run(1)
    assert [m.texts() for m in members] == [[b"without the founder"]] * 5


def test_numbers_shift_at_a_restart(room):
    """The others still know the number that it had; titles and messages come where they belong."""
    alice, bob, carol = room.together("alice", "bob", "carol")
    assert room.bring_in(alice, [bob, carol]) == 1
    room.run(2)
    alice.conference_set_title(0, b"first")
    alice.conference_set_title(1, b"second")
    room.run(1)
    alice.conference_delete(0)
    room.run(1)
    alice = reload(room, alice)
    assert alice.conference_get_chatlist() == [0]
    assert alice.conference_get_title(0) == b"second"
    room.until(lambda: len(alice.names()) == 3 == len(bob.names(1)) == len(carol.names(1)), 20)
    room.run(2)
    for member in (alice, bob, carol):
        member.seen.clear()
    bob.conference_send_message(1, 0, b"to the second")
    carol.conference_send_message(0, 0, b"to the first")
    room.run(1)
    assert alice.texts() == [b"to the second"]
    assert sorted(bob.texts()) == sorted(carol.texts()) == [b"to the first", b"to the second"]
    assert [bob.conference_get_title(number) for number in (0, 1)] == [b"first", b"second"]
