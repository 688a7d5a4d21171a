"""Conferences of many: joining, the ring, messages, leaving, freezing, partitions. On fakes, see `room`."""

import pytest

from tests.unit.conference.room import Room
from toxpy.conference import invitations, links, packets
from toxpy.errors import ToxError
from toxpy.generated import events as ev

NO_PEER = 0xFFFFFFFF


@pytest.fixture
def room():
    return Room()


def names(count):
    return [f"m{i}" for i in range(count)]


def shown(event):
    return (type(event).__name__.removeprefix("Conference"), *[getattr(event, s) for s in event.__slots__])


def test_two(room):
    alice, bob = room.friends("alice", "bob")
    number = alice.conference_new()
    assert alice.conference_set_title(number, b"title")
    alice.seen.clear(), bob.seen.clear()
    room.bring_in(alice, [bob], number)
    room.until(lambda: bob.names() == alice.names() == ["alice", "bob"])
    # as recorded of c-toxcore; only there one's own name is told when it comes back
    assert [shown(event) for event in bob.seen] == [
        ("PeerListChanged", 0),
        ("PeerName", 0, 0, b"alice"),
        ("Connected", 0),
        ("PeerListChanged", 0),
        ("PeerName", 0, 1, b"bob"),
        ("Title", 0, NO_PEER, b"title"),
    ]
    assert [shown(event) for event in alice.seen] == [("PeerListChanged", 0), ("PeerName", 0, 1, b"bob")]
    assert bob.conference_get_title(0) == b"title"
    assert bob.conference_peer_number_is_ours(0, 1) and not bob.conference_peer_number_is_ours(0, 0)


@pytest.mark.parametrize("count", [2, 3, 10])
def test_all_invited_at_once(room, count):
    founder, *others = everybody = room.friends(*names(count))
    room.bring_in(founder, others)
    took_s = room.until(lambda: all(sorted(m.names()) == sorted(names(count)) for m in everybody))
    assert took_s < 0.5


def test_thirty_invited_at_once(room):
    """c-toxcore leaves 13 of them outside for ever: it has no more than 16 links, and nobody asks again."""
    founder, *others = everybody = room.friends(*names(30))
    room.bring_in(founder, others)
    took_s = room.until(lambda: all(len(m.names()) == 30 for m in everybody), 5)
    assert took_s < 5
    room.run(5)
    for member in everybody:
        member.seen.clear()
    others[7].conference_send_message(0, 0, b"hello all")
    room.run(1)
    assert [m.texts() for m in everybody] == [[b"hello all"]] * 30
    # the founder need not send everything to everybody for ever
    room.run(60)
    assert len(founder.links()) <= links.ENOUGH_LINKS


@pytest.mark.parametrize("accepts", [invitations.MAX_ACCEPTS, 0])
def test_more_than_there_are_links(room, monkeypatch, accepts):
    """Also when nobody accepts again, as real members do not."""
    monkeypatch.setattr(invitations, "MAX_ACCEPTS", accepts)
    monkeypatch.setattr(links, "MAX_LINKS", 6)
    founder, *others = everybody = room.friends(*names(16))
    room.bring_in(founder, others)
    room.until(lambda: all(len(m.names()) == 16 for m in everybody), 30)
    room.run(10)
    assert not founder.conferences.invitations.queued
    for member in everybody:
        member.seen.clear()
    founder.conference_send_message(0, 1, b"waves")
    room.run(1)
    assert [m.texts() for m in everybody] == [[b"waves"]] * 16


def test_a_chain_of_invitations(room):
    everybody = [room.member(name) for name in names(8)]
    everybody[0].conference_new()
    for one, other in zip(everybody, everybody[1:], strict=False):
        room.befriend(one, other)
        room.until(lambda one=one, other=other: one.messenger.friend_by_key(other.real_pk).status == 4)
        room.until(lambda one=one: one.conference().own is not None)
        room.bring_in(one, [other], 0)
    room.until(lambda: all(len(m.names()) == 8 for m in everybody))
    everybody[7].conference_send_message(0, 0, b"from the end")
    room.run(1)
    assert [m.texts() for m in everybody] == [[b"from the end"]] * 8


def test_messages_come_once_in_order_and_to_the_sender_too(room):
    everybody = room.together(*names(12))
    said = [b"%d" % i for i in range(200)]
    for text in said:
        everybody[3].conference_send_message(0, 0, text)
        room.step()
    room.run(1)
    assert [m.texts() for m in everybody] == [said] * 12


def test_ones_own_message_comes_even_if_nobody_returns_it(room):
    """In c-toxcore it is an event when it comes back from a peer, and only then."""
    alice, bob = room.together("alice", "bob")
    alice.conference_send_message(0, 0, b"anybody?")
    room.cut(alice, bob)
    room.run(1)
    (event,) = alice.take(ev.ConferenceMessage)
    assert (event.message, event.peer_number) == (b"anybody?", 0)
    room.heal()
    room.run(1)
    assert alice.texts() == []


def test_a_program_that_answers_everything_rests_between(room):
    """One's own message is an event of the next pass, not of this one without end."""
    alice, _bob = room.together("alice", "bob")
    alice.conference_send_message(0, 0, b"1")
    assert alice.conferences.has_event()
    assert alice.events == []
    alice.iterate()
    assert alice.texts() == [b"1"]


def test_names(room):
    alice, bob, carol = room.together("alice", "bob", "carol")
    carol.messenger.set_name(b"Caroline")
    room.run(1)
    for member in (alice, bob, carol):
        (event,) = member.take(ev.ConferencePeerName)
        assert event.name == b"Caroline"
        assert member.conference_peer_get_name(0, event.peer_number) == b"Caroline"
    carol.messenger.set_name(b"Caroline")
    room.run(1)
    assert not any(m.take(ev.ConferencePeerName) for m in (alice, bob, carol))


def test_titles(room):
    alice, bob, carol = room.together("alice", "bob", "carol")
    bob.conference_set_title(0, b"about bob")
    room.run(1)
    assert [m.conference_get_title(0) for m in (alice, bob, carol)] == [b"about bob"] * 3
    assert bob.take(ev.ConferenceTitle) == []
    for member in (alice, carol):
        (event,) = member.take(ev.ConferenceTitle)
        assert (event.title, member.names()[event.peer_number]) == (b"about bob", "bob")
    bob.written.clear()
    assert bob.conference_set_title(0, b"about bob")
    room.run(1)
    assert [p for _, p in bob.written if p[0] == 99] == []


def test_who_leaves_is_forgotten(room):
    alice, bob, carol = room.together("alice", "bob", "carol")
    bob.conference_delete(0)
    room.run(1)
    assert alice.names() == carol.names()[::-1] or sorted(alice.names()) == ["alice", "carol"]
    assert alice.frozen() == carol.frozen() == []
    assert len(alice.take(ev.ConferencePeerListChanged)) == 1
    assert bob.conference_get_chatlist() == []
    assert set(bob.connections.connections) == {alice.real_pk}


def test_whoever_ends_is_frozen(room):
    alice, bob, carol = room.together("alice", "bob", "carol")
    bob.conferences.on_end()
    bob.connections.close()
    room._carry()
    room.remove(bob)
    room.run(1)
    for member in (alice, carol):
        assert sorted(member.names()) == ["alice", "carol"] and member.frozen() == ["bob"]


def test_events_name_places_that_are_valid_when_they_come(room):
    """A message and the end of its author in one pass: the author is still there when the message is read."""
    alice, *_ = everybody = room.together("alice", "bob", "carol", "dave")
    bob = everybody[1]
    at = []
    take = alice.seen.append

    class Watching(list):
        def append(self, event):
            if isinstance(event, ev.ConferenceMessage):
                at.append(alice.names()[event.peer_number])
            take(event)

    alice.seen = Watching()
    bob.conference_send_message(0, 0, b"bye")
    bob.conference_delete(0)
    room.run(1)
    assert at == ["bob"]
    assert sorted(alice.names()) == ["alice", "carol", "dave"]


def test_the_silent_are_frozen_after_a_minute(room):
    alice, bob, carol = room.together("alice", "bob", "carol")
    # a peer that is connected, and of which nothing is heard
    room.loses = lambda one, packet: one is bob and packet[0] == 99
    took_s = room.until(lambda: alice.frozen() == ["bob"], 70)
    assert took_s > 55
    assert "bob" not in alice.names()
    # it may have lost us: it is asked, and as it is alive it says so
    room.until(lambda: sorted(alice.names()) == ["alice", "bob", "carol"] == sorted(carol.names()), 5)


def test_a_name_every_twenty_seconds_is_all_that_is_said(room):
    everybody = room.together("alice", "bob", "carol")
    room.run(60)
    for member in everybody:
        member.written.clear()
    room.run(60)
    for member in everybody:
        own = member.conference().own.number
        pings = [p for _, p in member.written if p[0] == 99 and p[3] << 8 | p[4] == own]
        numbers = {p[5:9] for p in pings}
        assert 3 <= len(numbers) <= 4
        assert {p[9] for p in pings} == {packets.NAME}
        assert {p[0] for _, p in member.written} <= {16, 99}


def test_a_member_that_sleeps_comes_back(room):
    everybody = alice, bob, carol, dave = room.together("alice", "bob", "carol", "dave")
    carol.iterates = False
    room.run(75)
    assert all("carol" in m.frozen() for m in (alice, bob, dave))
    bob.conference_send_message(0, 0, b"while carol sleeps")
    room.run(1)
    carol.iterates = True
    took_s = room.until(lambda: all(len(m.names()) == 4 for m in everybody), 60)
    assert took_s < 5
    for member in everybody:
        member.seen.clear()
    carol.conference_send_message(0, 0, b"back")
    room.run(1)
    assert [m.texts() for m in everybody] == [[b"back"]] * 4


def test_a_partition_heals_without_friends_in_common(room):
    """Two halves that lose each other for two minutes: strangers look for each other as well."""
    everybody = room.together(*names(8))
    left, right = everybody[:4], everybody[4:]
    for one in left:
        for other in right:
            room.cut(one, other)
    room.run(120)
    assert all(len(m.names()) == 4 for m in everybody)
    room.heal()
    room.until(lambda: all(len(m.names()) == 8 for m in everybody), 60)
    for member in everybody:
        member.seen.clear()
    left[1].conference_send_message(0, 0, b"one again")
    room.run(1)
    assert [m.texts() for m in everybody] == [[b"one again"]] * 8


def test_an_invitation_joins_two_halves_without_asking(room):
    alice, bob = room.friends("alice", "bob")
    room.bring_in(alice, [bob])
    room.until(lambda: len(bob.names()) == 2)
    room.run(3)
    bob.seen.clear()
    alice.conference_invite(0, 0)
    room.run(1)
    assert bob.take(ev.ConferenceInvite) == []
    assert alice.names() == ["alice", "bob"] and bob.names() == ["alice", "bob"]


def test_an_invitation_joins_two_who_have_forgotten_each_other(room):
    alice, bob = room.together("alice", "bob")
    for one, other in ((alice, bob), (bob, alice)):
        conference = one.conference()
        conference.links.close()
        conference.peers.drop(conference.peers.by_key[other.real_pk])
    room.run(3)
    assert (alice.names(), bob.names()) == (["alice"], ["bob"])
    bob.conference_invite(0, 0)
    room.until(lambda: sorted(alice.names()) == sorted(bob.names()) == ["alice", "bob"], 5)
    assert alice.take(ev.ConferenceInvite) == []
    alice.seen.clear()
    bob.conference_send_message(0, 0, b"here you are")
    room.run(1)
    assert alice.texts() == [b"here you are"]


def test_a_second_join_is_a_duplicate(room):
    alice, bob = room.friends("alice", "bob")
    alice.conference_new()
    alice.conference_invite(0, 0)
    room.run(1)
    (invite,) = bob.take(ev.ConferenceInvite)
    bob.conference_join(0, invite.cookie)
    with pytest.raises(ToxError) as error:
        bob.conference_join(0, invite.cookie)
    assert error.value.name == "TOX_ERR_CONFERENCE_JOIN_DUPLICATE"


def test_a_joiner_asks_again_when_the_inviter_did_not_hear(room):
    alice, bob = room.friends("alice", "bob")
    alice.conference_new()
    alice.conference_invite(0, 0)
    room.run(1)
    (invite,) = bob.take(ev.ConferenceInvite)
    # the inviter has no place for it, as in c-toxcore
    handlers = alice.messenger.packets.handlers
    handler, handlers[96] = handlers[96], lambda *_: None
    bob.conference_join(0, invite.cookie)
    room.run(1)
    assert bob.conference().own is None
    handlers[96] = handler
    room.until(lambda: bob.conference().own is not None, invitations.ACCEPT_AGAIN_MS / 1000 + 1)
    room.run(20)
    assert alice.names() == ["alice", "bob"] == bob.names()
    assert not bob.conferences.invitations.joining


def test_a_stranger_is_never_a_friend(room):
    alice, bob, carol = room.together("alice", "bob", "carol")
    room.run(1)
    assert bob.connections.connections[carol.real_pk].is_online
    assert {friend.real_pk for friend in bob.messenger.friends()} == {alice.real_pk}
    room.run(5)
    for member in (alice, bob, carol):
        assert member.take(ev.FriendConnectionStatus) == []
    carol.conference_delete(0)
    room.run(40)
    assert set(bob.connections.connections) == {alice.real_pk}
    for member in (alice, bob, carol):
        assert member.take(ev.FriendConnectionStatus) == []
