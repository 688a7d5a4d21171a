"""The API's errors, and what friends and peers may send: wrong, stale, forged."""

import random

import pytest

from tests.unit.conference.room import Room
from toxpy.conference import packets, table
from toxpy.conference.conference import RENUMBER_MS
from toxpy.conference.links import AGAIN_MS
from toxpy.conference.peers import ConferencePeers
from toxpy.errors import ToxError
from toxpy.generated import events as ev

NOBODY = 0xFFFF_FFFF


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


def fails(name, call, *args):
    with pytest.raises(ToxError) as error:
        call(*args)
    assert error.value.name == "TOX_ERR_CONFERENCE_" + name


def message(author, number, kind, data=b"", receiver=0):
    return packets.HEAD.pack(packets.MESSAGE, receiver) + packets.AUTHORED.pack(author, number, kind) + data


def direct(kind, data=b"", receiver=0):
    return packets.HEAD.pack(packets.DIRECT, receiver) + bytes([kind]) + data


def number_of(member):
    return member.conference().own.number


# errors


def test_errors_of_everything_that_needs_a_conference(room):
    alice = room.member("alice")
    query = "PEER_QUERY_CONFERENCE_NOT_FOUND"
    fails("DELETE_CONFERENCE_NOT_FOUND", alice.conference_delete, 0)
    fails(query, alice.conference_peer_count, 0)
    fails(query, alice.conference_peer_get_name, 0, 0)
    fails(query, alice.conference_peer_get_public_key, 0, 0)
    fails(query, alice.conference_peer_number_is_ours, 0, 0)
    fails(query, alice.conference_offline_peer_count, 0)
    fails(query, alice.conference_offline_peer_get_name, 0, 0)
    fails(query, alice.conference_offline_peer_get_public_key, 0, 0)
    fails(query, alice.conference_offline_peer_get_last_active, 0, 0)
    fails("SET_MAX_OFFLINE_CONFERENCE_NOT_FOUND", alice.conference_set_max_offline, 0, 1)
    fails("INVITE_CONFERENCE_NOT_FOUND", alice.conference_invite, 0, 0)
    fails("SEND_MESSAGE_CONFERENCE_NOT_FOUND", alice.conference_send_message, 0, 0, b"x")
    fails("TITLE_CONFERENCE_NOT_FOUND", alice.conference_get_title, 0)
    fails("TITLE_CONFERENCE_NOT_FOUND", alice.conference_set_title, 0, b"x")
    fails("GET_TYPE_CONFERENCE_NOT_FOUND", alice.conference_get_type, 0)
    fails("BY_ID_NULL", alice.conference_by_id, None)
    fails("BY_ID_NOT_FOUND", alice.conference_by_id, bytes(32))
    fails("BY_UID_NULL", alice.conference_by_uid, None)
    fails("BY_UID_NOT_FOUND", alice.conference_by_uid, bytes(32))
    with pytest.raises(ToxError):
        alice.conference_get_id(0)
    assert alice.conference_get_chatlist() == []


def test_a_conference_of_ones_own(room):
    alice = room.member("alice")
    assert [alice.conference_new(), alice.conference_new()] == [0, 1] == alice.conference_get_chatlist()
    alice.iterate()
    # our user knows that it is there
    assert alice.seen == []
    assert alice.names() == ["alice"] and alice.conference_peer_number_is_ours(0, 0)
    assert alice.conference_peer_get_public_key(0, 0) == alice.real_pk
    assert alice.conference_get_type(0) == 0
    uid = alice.conference_get_id(1)
    assert alice.conference_get_uid(1) == uid and len(uid) == 32
    assert alice.conference_by_id(uid) == alice.conference_by_uid(uid) == 1
    fails("PEER_QUERY_PEER_NOT_FOUND", alice.conference_peer_get_name, 0, 1)
    fails("PEER_QUERY_PEER_NOT_FOUND", alice.conference_offline_peer_get_name, 0, 0)
    fails("SEND_MESSAGE_TOO_LONG", alice.conference_send_message, 0, 0, bytes(1364))
    fails("SEND_MESSAGE_NO_CONNECTION", alice.conference_send_message, 0, 0, b"x")
    fails("TITLE_INVALID_LENGTH", alice.conference_get_title, 0)
    fails("TITLE_INVALID_LENGTH", alice.conference_set_title, 0, b"")
    fails("TITLE_INVALID_LENGTH", alice.conference_set_title, 0, bytes(129))
    assert alice.conference_set_title(0, b"t" * 128) and alice.conference_get_title(0) == b"t" * 128
    assert alice.conference_delete(0)
    assert alice.conference_get_chatlist() == [1]


def test_errors_of_invitations(room):
    alice, bob = room.friends("alice", "bob")
    number = alice.conference_new()
    fails("INVITE_FAIL_SEND", alice.conference_invite, 7, number)
    bob_offline = alice.messenger.add_norequest(bytes(32)).number
    fails("INVITE_FAIL_SEND", alice.conference_invite, bob_offline, number)
    alice.conference_invite(0, number)
    room.run(1)
    (invite,) = bob.take(ev.ConferenceInvite)
    assert invite.cookie == bytes(3) + alice.conference_get_id(number)
    join = bob.conference_join
    fails("JOIN_NULL", join, 0, None)
    fails("JOIN_INVALID_LENGTH", join, 0, invite.cookie + b"\0")
    fails("JOIN_WRONG_TYPE", join, 0, b"\0\0\1" + invite.cookie[3:])
    fails("JOIN_FRIEND_NOT_FOUND", join, 7, invite.cookie)
    bob.messenger.friend(0).connection.crypto.room = 0
    fails("JOIN_FAIL_SEND", join, 0, invite.cookie)
    assert bob.conference_get_chatlist() == []
    bob.messenger.friend(0).connection.crypto.room = 99
    assert join(0, invite.cookie) == 0
    fails("INVITE_NO_CONNECTION", bob.conference_invite, 0, 0)
    fails("SEND_MESSAGE_NO_CONNECTION", bob.conference_send_message, 0, 0, b"x")
    fails("JOIN_DUPLICATE", join, 0, invite.cookie)
    room.run(1)
    assert bob.conference_peer_count(0) == 2


def test_while_joining_nobody_is_ours(room):
    alice, bob = room.friends("alice", "bob")
    alice.conference_new()
    alice.conference_invite(0, 0)
    room.run(1)
    bob.conference_join(0, bob.take(ev.ConferenceInvite)[0].cookie)
    fails("PEER_QUERY_PEER_NOT_FOUND", bob.conference_peer_number_is_ours, 0, 0)
    bob.conference().peers.renew(9, alice.real_pk, bytes(32))
    fails("PEER_QUERY_NO_CONNECTION", bob.conference_peer_number_is_ours, 0, 0)


def test_sending_can_fail(room, three):
    alice, bob, carol = three
    for other in bob, carol:
        alice.connections.connections[other.real_pk].crypto.room = 0
    fails("SEND_MESSAGE_FAIL_SEND", alice.conference_send_message, 0, 0, b"x")
    fails("TITLE_FAIL_SEND", alice.conference_set_title, 0, b"kept")
    assert alice.conference_get_title(0) == b"kept"
    room.run(1)
    assert alice.texts() == []


def test_messages_of_any_allowed_length_and_type(room, three):
    alice, bob, _ = three
    alice.conference_send_message(0, 0, b"x" * 1363)
    alice.conference_send_message(0, 7, b"an action, as all that is not normal")
    alice.conference_send_message(0, 0, b"")
    alice.conference_send_message(0, 0, None)
    room.run(1)
    said = [(event.type, len(event.message)) for event in bob.take(ev.ConferenceMessage)]
    assert said == [(0, 1363), (1, 36)]


def test_the_place_of_a_peer_can_be_asked_without_a_conference_number_of_zero(room):
    alice = room.member("alice")
    alice.conference_new()
    for peer in (-1, 1, 2**32 - 1):
        fails("PEER_QUERY_PEER_NOT_FOUND", alice.conference_peer_get_public_key, 0, peer)


def test_max_offline(room, three):
    alice, bob, carol = three
    for other in (bob, carol):
        other.conferences.on_end()
        room._carry()
        other.iterates = False
    room.run(1)
    assert sorted(alice.frozen()) == ["bob", "carol"]
    assert alice.conference_offline_peer_count(0) == 2
    names = {alice.conference_offline_peer_get_name(0, i) for i in range(2)}
    keys = {alice.conference_offline_peer_get_public_key(0, i) for i in range(2)}
    assert (names, keys) == ({b"bob", b"carol"}, {bob.real_pk, carol.real_pk})
    assert abs(alice.conference_offline_peer_get_last_active(0, 0) - room.clock.unix_s()) <= 20
    assert alice.conference_set_max_offline(0, 1)
    assert alice.conference_offline_peer_count(0) == 1
    alice.conference_set_max_offline(0, 0)
    assert alice.conference_offline_peer_count(0) == 0


def test_a_conference_after_a_deleted_one_remembers_who_is_away(room):
    """In c-toxcore one in a used slot keeps no frozen peers."""
    alice = room.member("alice")
    alice.conference_new(), alice.conference_new(), alice.conference_new()
    alice.conference_delete(1)
    alice.conference_new()
    assert {conference.peers.max_frozen for conference in alice.conferences.table.all()} == {128}


# numbers


def test_a_number_rests_before_it_is_used_again(room):
    alice = room.member("alice")
    assert alice.conference_new() == 0
    alice.conference_delete(0)
    assert alice.conference_new() == 1
    room.run(11)
    assert alice.conference_new() == 0


def test_the_id_decides_and_not_the_number(room):
    """Two conferences of the same two, whose numbers are exchanged after a restart."""
    alice, bob = room.friends("alice", "bob")
    for title in (b"first", b"second"):
        number = alice.conference_new()
        alice.conference_set_title(number, title)
        room.bring_in(alice, [bob], number)
        room.until(lambda number=number: len(bob.names(number)) == 2)
    first, second = (bob.conference_get_id(number) for number in (0, 1))
    connection = bob.connections.connections[alice.real_pk]
    # as alice would say after she was loaded with the two in the other order
    connection.on_lossless(packets.pack_online(1, 0, first))
    connection.on_lossless(packets.pack_online(0, 0, second))
    links = [bob.conference(number).links.by_key[alice.real_pk] for number in (0, 1)]
    assert [link.number for link in links] == [1, 0]
    assert [bob.conference_get_title(number) for number in (0, 1)] == [b"first", b"second"]


def test_an_answer_counts_for_the_conference_it_names(room):
    alice, bob = room.friends("alice", "bob")
    alice.conference_new(), alice.conference_new()
    cookie = packets.COOKIE.pack(0, 0, alice.conference_get_id(1))
    alice.hear(bob, packets.pack_answer(5, cookie))
    assert (alice.conference_peer_count(0), alice.conference_peer_count(1)) == (1, 2)
    alice.hear(bob, packets.pack_answer(5, packets.COOKIE.pack(0, 1, alice.conference_get_id(1))))
    assert alice.dropped("conference_answer") == 1


def test_packets_of_a_number_that_is_not_linked_are_dropped(room, three):
    alice, bob, _ = three
    alice.hear(bob, message(number_of(bob), 99, packets.TEXT, b"x", receiver=1))
    other = alice.conference_new()
    alice.hear(bob, message(0, 99, packets.TEXT, b"x", receiver=other))
    alice.hear(bob, direct(packets.QUERY, receiver=other))
    assert alice.dropped("conference_not_linked") == 3
    alice.iterate()
    assert alice.texts() == []


def test_two_introducers_give_the_same_number(room, monkeypatch):
    """bob and carol bring in dave and eve at once, with one number for both: all find each other."""
    alice, bob, carol = everybody = room.together("alice", "bob", "carol")
    dave, eve = room.member("dave"), room.member("eve")
    room.befriend(bob, dave)
    room.befriend(carol, eve)
    room.run(1)
    monkeypatch.setattr(ConferencePeers, "free_number", lambda _self: 4711)
    bob.conference_invite(bob.messenger.friend_by_key(dave.real_pk).number, 0)
    carol.conference_invite(carol.messenger.friend_by_key(eve.real_pk).number, 0)
    room.run(0.1)
    for newcomer in (dave, eve):
        (invite,) = newcomer.take(ev.ConferenceInvite)
        newcomer.conference_join(invite.friend_number, invite.cookie)
    room.until(lambda: dave.conference().own is not None and eve.conference().own is not None)
    assert number_of(dave) == number_of(eve) == 4711
    monkeypatch.undo()
    everybody = [alice, bob, carol, dave, eve]
    room.until(lambda: all(len(set(member.names())) == 5 for member in everybody), 60)
    assert number_of(dave) != number_of(eve)


def test_a_peer_whose_number_another_has_takes_a_new_one(room, three):
    alice, bob, carol = three
    taken = number_of(bob)
    eve = room.member("eve")
    new_peer = packets.NEW_PEER_DATA.pack(taken, eve.real_pk, eve.dht.public_key)
    bob.hear(alice, message(number_of(alice), 1000, packets.NEW_PEER, new_peer))
    assert number_of(bob) != taken
    room.run(1)
    for member in (alice, carol):
        assert member.conference().peers.by_key[bob.real_pk].number == number_of(bob)
        assert sorted(member.names()) in (["alice", "bob", "carol"], ["", "alice", "bob", "carol"])
    # nobody makes us do that all the time
    again = number_of(bob)
    new_peer = packets.NEW_PEER_DATA.pack(again, eve.real_pk, eve.dht.public_key)
    bob.hear(alice, message(number_of(alice), 1001, packets.NEW_PEER, new_peer))
    assert number_of(bob) == again
    room.run(RENUMBER_MS / 1000 + 1)
    bob.hear(alice, message(number_of(alice), 1002, packets.NEW_PEER, new_peer))
    assert number_of(bob) != again


def test_of_two_with_one_number_the_one_that_is_linked_to_us_counts(room, three):
    alice, bob, carol = three
    ghost = bytes([7]) * 32
    peers = alice.conference().peers
    number = number_of(carol)
    # somebody told alice first that a ghost has carol's number
    peers.drop(peers.by_key[carol.real_pk])
    peers.renew(number, ghost, bytes(32))
    new_peer = packets.NEW_PEER_DATA.pack(number, carol.real_pk, carol.dht.public_key)
    alice.hear(bob, message(number_of(bob), 1000, packets.NEW_PEER, new_peer))
    assert peers.by_number[number].real_pk == carol.real_pk and ghost not in peers.by_key
    # the other way round nothing changes, but the teller is asked for its list
    room.run(AGAIN_MS / 1000)
    alice.written.clear()
    new_peer = packets.NEW_PEER_DATA.pack(number, ghost, bytes(32))
    alice.hear(bob, message(number_of(bob), 1001, packets.NEW_PEER, new_peer))
    assert peers.by_number[number].real_pk == carol.real_pk
    room.step()
    assert ("bob", direct(packets.QUERY)) in alice.written


def test_a_new_number_for_ourselves_is_taken(room, three):
    """The peer that introduced us, asked twice, gave two; or we were told by another name."""
    alice, bob, _ = three
    new_peer = packets.NEW_PEER_DATA.pack(4711, bob.real_pk, bob.dht.public_key)
    bob.hear(alice, message(number_of(alice), 1000, packets.NEW_PEER, new_peer))
    assert number_of(bob) == 4711 and bob.names().count("bob") == 1


def test_numbers_of_unknown_authors_are_not_given_to_newcomers(room, three):
    alice, bob, _ = three
    alice.hear(bob, message(4711, 5, packets.TEXT, b"who?"))
    room.step()
    assert ("bob", direct(packets.QUERY)) in alice.written
    assert alice.texts() == []

    class Fixed:
        def below(self, _limit, numbers=iter([number_of(bob), 4711, 42])):  # noqa: B008 -- one row for all calls
            return next(numbers)

    alice.rt.rng = Fixed()
    assert alice.conference().peers.free_number() == 42


# what is said about others, and in their name


def test_nobody_sends_another_away(room, three):
    alice, bob, carol = three
    for kind in (packets.KILL_PEER, packets.FREEZE_PEER):
        victim = packets.PEER_NUMBER.pack(number_of(carol))
        alice.hear(bob, message(number_of(bob), 1000 + kind, kind, victim))
        alice.hear(bob, message(number_of(bob), 2000 + kind, kind, victim + b"\0"))
    room.run(1)
    assert sorted(alice.names()) == ["alice", "bob", "carol"]
    # nor is it passed on
    assert all(packet[0] != packets.MESSAGE or packet[9] not in (17, 18) for _, packet in alice.written)


def test_nobody_speaks_for_us(room, three):
    alice, bob, _ = three
    own = number_of(alice)
    for kind, data in (
        (packets.KILL_PEER, packets.PEER_NUMBER.pack(own)),
        (packets.NAME, b"x"),
        (packets.TEXT, b"x"),
    ):
        alice.hear(bob, message(own, 1 << 20, kind, data))
    room.run(1)
    assert "alice" in alice.names() and alice.texts() == []


def test_a_lie_about_a_key_breaks_no_link(room, three):
    """Any member may say of any peer that it has another DHT key."""
    alice, bob, carol = three
    peer = alice.conference().peers.by_key[carol.real_pk]
    lie = packets.NEW_PEER_DATA.pack(peer.number, carol.real_pk, bytes([7]) * 32)
    alice.hear(bob, message(number_of(bob), 10_000, packets.NEW_PEER, lie))
    room.run(1)
    assert alice.links() == {"bob", "carol"}
    carol.conference_send_message(0, 0, b"still linked")
    room.run(1)
    assert alice.texts() == [b"still linked"]


def test_a_list_with_a_frozen_peer_goes_on_behind_it(room, three):
    """c-toxcore reads no further."""
    alice, bob, carol = three
    peers = alice.conference().peers
    peers.freeze(peers.by_key[carol.real_pk])
    new = [(number, bytes([number]) * 32, bytes(32), b"n%d" % number) for number in (1, 2, 3)]
    entries = [(number_of(carol), carol.real_pk, carol.dht.public_key, b"carol"), *new]
    for body in packets.pack_peers(entries):
        alice.hear(bob, packets.HEAD.pack(packets.DIRECT, 0) + body)
    assert {"n1", "n2", "n3"} <= {peer.name.decode() for peer in peers.by_number.values()}


def test_who_is_brought_back_hears_everybody(room, three):
    """c-toxcore stops reading a list at a frozen peer, and has everybody frozen after a restart."""
    alice, bob, carol = three
    peer = carol.conference().peers.by_key[bob.real_pk]
    carol.conference().peers.freeze(peer)
    room.run(0.1)
    back = packets.NEW_PEER_DATA.pack(peer.number, peer.real_pk, peer.dht_pk)
    carol.hear(alice, message(number_of(alice), 1000, packets.NEW_PEER, back))
    room.run(0.1)
    said = [p[3 + 6 :] for name, p in carol.written if name == "bob" and p[0] == packets.MESSAGE]
    assert bytes([packets.NAME]) + b"carol" in said


def test_a_list_with_a_contradiction_goes_on_behind_it(room, three):
    alice, bob, carol = three
    entries = [(number_of(carol), b"X" * 32, bytes(32), b"x"), (77, b"Y" * 32, bytes(32), b"y")]
    for body in packets.pack_peers(entries):
        alice.hear(bob, packets.HEAD.pack(packets.DIRECT, 0) + body)
    assert set(alice.conference().peers.by_key) >= {carol.real_pk, b"Y" * 32}
    assert b"X" * 32 not in alice.conference().peers.by_key


def test_a_title_of_a_list_counts_only_for_who_has_none_from_a_message(room, three):
    alice, bob, _ = three
    alice.hear(bob, direct(packets.PEERS_TITLE, b"from the list"))
    assert alice.conference_get_title(0) == b"from the list"
    bob.conference_set_title(0, b"said")
    room.run(1)
    alice.hear(bob, direct(packets.PEERS_TITLE, b"older"))
    assert alice.conference_get_title(0) == b"said"


@pytest.mark.parametrize("title", [b"", b"x" * 129])
def test_titles_and_names_of_wrong_lengths(room, three, title):
    alice, bob, _ = three
    alice.hear(bob, direct(packets.PEERS_TITLE, title))
    alice.hear(bob, message(number_of(bob), 1000, packets.TITLE, title))
    alice.hear(bob, message(number_of(bob), 1001, packets.NAME, b"x" * 129))
    room.run(1)
    assert alice.dropped("conference_title") == 1
    assert alice.dropped("conference_message") == 2
    fails("TITLE_INVALID_LENGTH", alice.conference_get_title, 0)
    assert "bob" in alice.names()


def test_unknown_kinds_are_not_passed_on(room, three):
    alice, bob, _ = three
    for kind in set(range(256)) - {0, 16, 17, 18, 48, 49, 64, 65}:
        alice.hear(bob, message(number_of(bob), 1000 + kind, kind, b"data"))
        alice.hear(bob, direct(kind if kind not in (1, 8, 9, 10) else 2, b"data"))
    alice.hear(bob, message(number_of(bob), 3000, packets.TEXT, b""))
    room.step()
    assert alice.dropped("conference_message") == 249
    assert alice.dropped("conference_direct_kind") == 248
    assert [packet for _, packet in alice.written if packet[0] == packets.MESSAGE] == []


def test_the_list_is_told_once_a_second_at_most(room, three):
    """A question has 4 bytes, its answer may have 300 kB."""
    alice, bob, _ = three
    for _ in range(100):
        alice.hear(bob, direct(packets.QUERY))
    room.step()
    lists = [packet for name, packet in alice.written if name == "bob" and packet[0] == packets.DIRECT]
    assert len(lists) == 1
    room.run(6)
    lists = [packet for name, packet in alice.written if name == "bob" and packet[0] == packets.DIRECT]
    assert len(lists) == 2


def test_unknown_authors_make_one_question_a_second(room, three):
    alice, bob, _ = three
    for author in range(1000):
        alice.hear(bob, message(20_000 + author, 1, packets.TEXT, b"x"))
    room.step()
    assert len([packet for _, packet in alice.written if packet == direct(packets.QUERY)]) == 1
    assert len(alice.conference().peers.strange) == 64


def test_invitations_of_an_unknown_type_are_dropped(room):
    alice, bob = room.friends("alice", "bob")
    for kind in range(2, 256):
        alice.hear(bob, packets.pack_invite(0, kind, bytes(32)))
    alice.iterate()
    assert alice.take(ev.ConferenceInvite) == []
    assert alice.dropped("conference_type") == 254
    alice.hear(bob, packets.pack_invite(0, 1, bytes(32)))
    alice.iterate()
    assert [event.type for event in alice.take(ev.ConferenceInvite)] == [1]


def test_strangers_do_not_invite(room, three):
    _, bob, carol = three
    bob.hear(carol, packets.pack_invite(0, 0, bytes(32)))
    assert bob.take(ev.ConferenceInvite) == []


def test_who_is_no_peer_cannot_rejoin(room, three):
    alice, *_ = three
    eve = room.member("eve")
    room.befriend(alice, eve)
    room.run(1)
    alice.hear(eve, packets.pack_rejoin(0, alice.conference_get_id(0)))
    alice.hear(eve, packets.pack_rejoin(0, bytes(32)))
    alice.hear(eve, packets.pack_online(0, 0, alice.conference_get_id(0)))
    alice.hear(eve, message(0, 99, packets.TEXT, b"x"))
    assert alice.dropped("conference_rejoin") == 2
    assert alice.dropped("conference_not_linked") == 2
    assert eve.real_pk not in alice.conference().peers.by_key


@pytest.mark.parametrize("kind", [96, 97, 98, 99, 100, 199])
def test_every_length_of_every_kind(room, three, kind):
    alice, bob, _ = three
    rng = random.Random(kind)
    for size in (*range(1, 140), 1373):
        for _ in range(4):
            head = bytes([kind, *rng.choice([(0, 0), (0, 1), (255, 255)])])[:size]
            alice.hear(bob, head + rng.randbytes(size - len(head)))
            alice.hear(bob, head + bytes(size - len(head)))
    room.run(3)
    assert {"alice", "bob", "carol"} <= set(alice.names())
    alice.conference_send_message(0, 0, b"still here")
    room.run(1)
    assert bob.texts() == [b"still here"]


def test_a_flood_of_invented_peers_is_bounded(room, three, monkeypatch):
    from toxpy.conference import peers as module

    monkeypatch.setattr(module, "MAX_PEERS", 50)
    alice, bob, _carol = three
    for i in range(500):
        invented = packets.NEW_PEER_DATA.pack(100 + i, i.to_bytes(32, "big"), bytes(32))
        alice.hear(bob, message(number_of(bob), 10_000 + i, packets.NEW_PEER, invented))
    room.run(1)
    assert len(alice.names()) == 50
    assert len(alice.conference().links.by_key) <= 8
    assert len(alice.connections.strangers) <= 6
    # after a minute without a word of them all but the real ones are gone, and few are remembered
    room.run(70)
    assert sorted(alice.names()) == ["alice", "bob", "carol"]
    assert len(alice.frozen()) <= 128


# audio conferences


def test_only_audio_conferences_carry_lossy_packets(room, three):
    alice, bob, _ = three
    alice.hear(bob, packets.LOSSY_HEADER.pack(packets.LOSSY, 0, number_of(bob), 1) + b"\xc0audio")
    assert alice.dropped("conference_lossy_author") == 1


def test_conferences_with_audio_are_made_and_joined(room, monkeypatch):
    alice, bob = room.friends("alice", "bob")
    assert alice.audio.toxav_add_av_groupchat() == 0
    assert alice.conference_get_type(0) == 1
    alice.conference_invite(0, 0)
    room.run(1)
    (invite,) = bob.take(ev.ConferenceInvite)
    assert invite.type == 1
    fails("JOIN_WRONG_TYPE", bob.conference_join, 0, invite.cookie)
    assert bob.audio.toxav_join_av_groupchat(1, invite.cookie) == -1
    assert bob.audio.toxav_join_av_groupchat(0, invite.cookie) == 0
    room.until(lambda: alice.names() == ["alice", "bob"])
    bob.conference_send_message(0, 0, b"text")
    room.run(1)
    assert alice.texts() == bob.texts() == [b"text"]
    monkeypatch.setattr(table, "MAX_CONFERENCES", 1)
    assert bob.audio.toxav_add_av_groupchat() == -1


class Hearer:
    """In place of the audio of a conference."""

    def __init__(self, heard):
        self.heard = heard

    def on_packet(self, peer, data):
        self.heard.append((peer.name, data))


def test_lossy_packets_go_round_and_are_taken_once(room):
    members = room.friends(*[f"m{i}" for i in range(9)])
    number = members[0].conferences.new(packets.TYPE_AV).number
    for other in members[1:]:
        members[0].conference_invite(members[0].messenger.friend_by_key(other.real_pk).number, number)
    room.run(1)
    heard = {member.name: [] for member in members}
    for member in members:
        for invite in member.take(ev.ConferenceInvite):
            fails("JOIN_WRONG_TYPE", member.conference_join, 0, invite.cookie)
            member.conferences.join(0, invite.cookie, packets.TYPE_AV)
        member.conference().audio = Hearer(heard[member.name])
    room.until(lambda: all(len(member.names()) == 9 for member in members))
    room.run(60)
    sent = [b"\xc0frame %d" % i for i in range(100)]
    for frame in sent:
        assert members[4].conference().send_lossy(frame)
        room.step()
    room.run(1)
    for member in members:
        expected = [] if member is members[4] else [(b"m4", frame) for frame in sent]
        assert sorted(heard[member.name]) == sorted(expected)
    members[4].conference().send_lossy(b"\xc1unknown kind")
    room.run(1)
    assert members[5].dropped("conference_lossy_kind") == 1
