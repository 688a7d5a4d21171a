"""Which links a conference has, and what goes over them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.conference.room import Room
from toxpy.conference import links as module
from toxpy.conference.links import CLOSEST, INTRODUCER, INTRODUCING, SEEKING, closest_keys
from toxpy.conference.packets import AUTHORED, DIRECT, HEAD, INTRODUCED, LOSSY, MESSAGE, ONLINE, QUERY, TEXT
from toxpy.conference.peers import MAX_QUESTIONS


def key(place, rest=0):
    return place.to_bytes(8, "big") + bytes([rest]) * 24


def closest_of_c_toxcore(own, keys):
    """The two with the least (own - key), and of the others the two with the least (key - own)."""
    place = {k: int.from_bytes(k[:8], "big") for k in [own, *keys]}
    left = sorted(keys, key=lambda k: (place[own] - place[k]) % 2**64)[:2]
    right = sorted((k for k in keys if k not in left), key=lambda k: (place[k] - place[own]) % 2**64)[:2]
    return set(left + right)


places = st.sets(st.integers(0, 2**64 - 1), min_size=1, max_size=40)


@given(places)
def test_the_nearest_are_two_on_either_side(ring):
    own, *others = map(key, ring)
    assert set(closest_keys(own, others)) == closest_of_c_toxcore(own, others)


@given(places)
def test_nearness_is_mutual(ring):
    keys = list(map(key, ring))
    near = {own: closest_keys(own, [k for k in keys if k != own]) for own in keys}
    assert all(own in near[other] for own in keys for other in near[own])


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def three(room):
    """alice, bob and carol in a conference, all linked with each other."""
    everybody = room.together("alice", "bob", "carol")
    room.run(2)
    for member in everybody:
        member.written.clear()
    return everybody


def link(one, other):
    return one.conference().links.by_key[other.real_pk]


def test_reasons(three):
    alice, bob, carol = three
    assert link(alice, bob).reasons == CLOSEST | INTRODUCING
    assert link(bob, alice).reasons == CLOSEST | INTRODUCER
    assert link(bob, carol).reasons == link(carol, bob).reasons == CLOSEST


def test_a_link_lasts_while_there_is_a_reason(room, three):
    alice, bob, _ = three
    links = alice.conference().links
    links.lose_reason(link(alice, bob), CLOSEST)
    assert link(alice, bob).is_online
    links.lose_reason(link(alice, bob), INTRODUCING)
    assert bob.real_pk not in links.by_key
    assert all(one.connection.real_pk != bob.real_pk for one in links.online)
    assert alice.conference() not in alice.connections.connections[bob.real_pk].users


def test_the_introducer_hears_that_it_is_not_needed_any_more(room, three):
    alice, bob, _ = three
    bob.conference().links.lose_reason(link(bob, alice), INTRODUCER)
    room.run(1)
    assert ("alice", HEAD.pack(DIRECT, 0) + bytes([INTRODUCED])) in bob.written
    assert link(alice, bob).reasons == CLOSEST


def test_who_is_heard_from_elsewhere_needs_no_introducer_when_there_are_many(room):
    everybody = room.together(*[f"m{i}" for i in range(9)])
    room.run(60)
    # the founder introduced all eight
    links = everybody[0].conference().links
    assert len(links.online) == 4
    assert all(one.reasons & CLOSEST for one in links.online)


def test_an_introducer_lets_go_of_whom_it_hears_from_elsewhere(room):
    everybody = room.together(*[f"m{i}" for i in range(9)])
    room.run(60)
    links = everybody[0].conference().links
    newcomer = room.member("newcomer")
    links.add(newcomer.real_pk, INTRODUCING)
    links.set_online(links.by_key[newcomer.real_pk], 0)
    links.on_heard(newcomer.real_pk, links.by_key[newcomer.real_pk])
    assert newcomer.real_pk in links.by_key
    links.on_heard(newcomer.real_pk, links.online[0])
    assert newcomer.real_pk not in links.by_key


def test_a_message_goes_over_all_links_but_the_one_it_came_from(three):
    alice, bob, _ = three
    links = alice.conference().links
    assert links.send(b"tail") == 2
    assert links.send(b"tail", link(alice, bob)) == 1


def test_what_people_say_waits_for_nobody(three):
    """A peer whose connection is full misses a message; what keeps the conference together is queued."""
    alice, bob, carol = three
    full = alice.connections.connections[bob.real_pk].crypto
    full.takes_message = lambda: False
    links = alice.conference().links
    assert links.send(b"ping") == 2
    assert links.send(b"text", waits=False) == 1
    full.room = 0
    assert links.send(b"ping") == 1
    alice.connections.connections[carol.real_pk].crypto.room = 0
    assert links.send(b"ping") == 0


def test_what_people_say_after_a_greeting_waits_for_the_answer(room):
    """Whoever was greeted believes to be among us, and may not tell us its number before we speak."""
    alice, bob = room.together("alice", "bob")
    late = []
    room.loses = lambda one, packet: one is bob and packet[0] == ONLINE and not late.append(packet)
    for one, other in ((alice, bob), (bob, alice)):
        one.connections.connections[other.real_pk].on_closed()
        one.seen.clear()
    room.until(lambda: alice.connections.connections[bob.real_pk].is_online)
    room.run(1)
    waiting = link(alice, bob)
    assert not waiting.is_online
    for number in range(10):
        alice.conference().links.send(
            AUTHORED.pack(alice.conference().own.number, 100 + number, TEXT) + b"%d" % number, waits=False
        )
    alice.conference().links.send(b"for the list to say")
    assert len(waiting.waiting) == module.MAX_WAITING and bob.texts() == []
    alice.hear(bob, late[0])
    room.run(1)
    assert bob.texts() == [b"%d" % number for number in range(2, 10)] and not waiting.waiting


def test_what_waited_is_gone_with_the_connection(room):
    alice, bob = room.together("alice", "bob")
    links = alice.conference().links
    links.set_offline(link(alice, bob))
    links.send(b"text", waits=False)
    assert link(alice, bob).waiting == [b"text"]
    alice.connections.connections[bob.real_pk].on_closed()
    assert not link(alice, bob).waiting
    links.send(b"text", waits=False)
    assert not link(alice, bob).waiting


def test_lossy_packets_go_once_round_in_both_directions(room):
    everybody = room.together(*[f"m{i}" for i in range(9)])
    room.run(60)
    conference = everybody[0].conference()
    own = everybody[0].real_pk
    chosen = conference.links.round_the_ring(own)
    near = closest_keys(own, [one.connection.real_pk for one in conference.links.online])
    assert [one.connection.real_pk for one in chosen] == [near[0], near[-1]]
    assert [one.connection.real_pk for one in conference.links.round_the_ring(own, chosen[0])][1:] == [
        near[-1]
    ]


def test_a_link_is_made_again_when_its_connection_comes_back(room, three):
    alice, bob, _ = three
    bob.iterates = False
    room.run(35)
    assert not link(alice, bob).is_online and link(alice, bob).reasons & (CLOSEST | SEEKING)
    bob.iterates = True
    room.until(lambda: link(alice, bob).is_online)


def test_an_answer_to_a_greeting_is_no_greeting_without_end(room, three):
    alice, bob, _ = three
    link(alice, bob).is_online = False
    alice.conference().links.online.remove(link(alice, bob))
    link(bob, alice).greeted_ms -= module.GREETED_MS
    link(alice, bob).greeted_ms -= module.GREETED_MS
    room.until(lambda: link(alice, bob).is_online, 10)
    room.run(5)
    greetings = [
        p for one in (alice, bob) for name, p in one.written if p[0] == ONLINE and name in ("alice", "bob")
    ]
    assert 2 <= len(greetings) <= 4


def test_links_that_come_to_nothing_go(room, three):
    alice, _, _ = three
    links = alice.conference().links
    stranger = room.member("stranger")
    links.add(stranger.real_pk, INTRODUCER, stranger.dht.public_key)
    assert stranger.real_pk in alice.connections.connections
    room.run(module.MAX_SILENT_MS / 1000 + 5)
    assert stranger.real_pk not in links.by_key
    assert stranger.real_pk not in alice.connections.connections


def test_there_is_always_room_for_the_nearest(room, three, monkeypatch):
    alice, *_ = three
    links = alice.conference().links
    monkeypatch.setattr(module, "MAX_LINKS", 4)
    strangers = [room.member(f"s{i}") for i in range(4)]
    assert links.add(strangers[0].real_pk, INTRODUCER) is not None
    assert links.add(strangers[1].real_pk, INTRODUCER) is not None
    for stranger in strangers[:2]:
        links.set_online(links.by_key[stranger.real_pk], 0)
    # both have nobody but us
    assert links.add(strangers[2].real_pk, INTRODUCING) is None
    assert alice.dropped("conference_links_full") == 1
    links.on_heard(strangers[0].real_pk, link(alice, three[1]))
    assert links.add(strangers[2].real_pk, INTRODUCING) is not None
    assert strangers[0].real_pk not in links.by_key
    assert three[1].real_pk in links.by_key


def test_packets_bear_the_number_of_the_receiver(three):
    alice, bob, _ = three
    one = link(alice, bob)
    one.learn(0x1234)
    assert (one.message_head, one.lossy_head) == (bytes([MESSAGE, 0x12, 0x34]), bytes([LOSSY, 0x12, 0x34]))


def test_lost_names_are_asked_for(room):
    """A name is said once: who did not know its author then has it from somebody's list."""
    alice, _bob, carol = room.together("alice", "bob", "carol")
    # everybody has said its name
    room.run(1)
    peer = alice.conference().peers.by_key[carol.real_pk]
    peer.name, peer.is_name_own = b"", False
    room.run(10)
    assert "carol" in alice.names()


def test_who_has_no_name_is_not_asked_about_for_ever(room):
    alice, bob = room.together("alice", "bob")
    for member in (alice, bob):
        for peer in member.conference().peers.listed:
            peer.name, peer.is_name_own = b"", False
    asked = []

    def loses(one, packet):
        if one is alice and packet[0] == DIRECT and packet[3] == QUERY:
            asked.append(packet)
            return True
        return False

    room.loses = loses
    room.run(120)
    assert len(asked) == MAX_QUESTIONS
