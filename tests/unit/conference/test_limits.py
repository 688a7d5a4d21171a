"""Every table of a conference, filled tenfold by somebody who means no good."""

import pytest

from tests.unit.conference.room import Room
from toxpy.conference import links, packets, peers
from toxpy.conference.invitations import Invitations
from toxpy.conference.links import INTRODUCING
from toxpy.conference.peer import ACTIVE
from toxpy.friend import connection as connections


def key(number):
    return number.to_bytes(32, "big")


@pytest.fixture
def alice():
    """Alone in a conference of hers."""
    member = Room().member("alice")
    member.conference_new()
    return member


def test_peers_and_departed(alice):
    table = alice.conference().peers
    for number in range(1, 65_536):
        table.renew(number, key(number), key(1))
    assert table.active == len(table.listed) == peers.MAX_PEERS
    assert alice.dropped("conference_peers_full") == 65_536 - peers.MAX_PEERS
    for peer in list(table.by_number.values()):
        if peer is not alice.conference().own:
            table.depart(peer)
    alice.iterate()
    assert alice.names() == ["alice"] and table.leaving == {}
    # those who left last are not believed to be there
    listed = [table.take_listed(n, key(n), key(1), b"") for n in range(1, peers.MAX_PEERS)]
    assert listed.count(None) == peers.MAX_DEPARTED and listed[0] is not None


def test_frozen(alice):
    table = alice.conference().peers
    for number in range(1, 10 * peers.DEFAULT_MAX_FROZEN + 1):
        table.freeze(table.renew(number, key(number), key(1)))
        if number % 100 == 0:
            alice.iterate()
    alice.iterate()
    assert len(table.frozen) == peers.DEFAULT_MAX_FROZEN == len(table.by_key) - 1


def test_strange_numbers(alice):
    table = alice.conference().peers
    for number in range(10 * peers.MAX_STRANGE):
        table.note_strange(number)
    assert len(table.strange) == peers.MAX_STRANGE
    assert min(table.strange) == 9 * peers.MAX_STRANGE


def test_links_of_those_who_come_in(alice):
    """All of them ask to be brought in, and none has anybody but us."""
    table = alice.conference().links
    for number in range(1, 10 * links.MAX_LINKS + 1):
        link = table.add(key(number), INTRODUCING)
        if link is not None:
            table.set_online(link, number)
    assert len(table.by_key) == len(table.online) == links.MAX_LINKS
    assert alice.dropped("conference_links_full") == 9 * links.MAX_LINKS


def test_connections_to_members(alice):
    """For all conferences together."""
    keys = map(key, range(1, 10 * connections.MAX_STRANGERS))
    held = [alice.connections.hold(real_pk, object()) for real_pk in keys]
    kept = [connection for connection in held if connection is not None]
    assert len(kept) == len(alice.connections.strangers) == connections.MAX_STRANGERS


def test_who_waits_for_a_link(monkeypatch):
    """One place for each friend, however often it accepts."""
    room = Room()
    alice, bob = room.friends("alice", "bob")
    number = alice.conference_new()
    monkeypatch.setattr(links, "MAX_LINKS", 0)
    answer = packets.pack_answer(7, packets.COOKIE.pack(number, 0, alice.conference_get_id(number)))
    for _ in range(100):
        alice.hear(bob, answer)
    invitations: Invitations = alice.conferences.invitations
    assert len(invitations.queued) == 1
    assert [peer.state for peer in alice.conference().peers.listed] == [ACTIVE]
