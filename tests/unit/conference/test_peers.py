"""Lists of peers: what is new, who is there, who is away, and whom others' lists bring."""

import pytest

from tests.support.universe import SeededRng, SimClock
from toxpy.conference import peers as module
from toxpy.conference.peer import ACTIVE, FROZEN, GONE, MAX_HEARD, ConferencePeer
from toxpy.conference.peers import ConferencePeers
from toxpy.conference.reports import ConferenceReports
from toxpy.runtime import Runtime


def key(number):
    return bytes([number]) * 32


class Table(ConferencePeers):
    """With its world."""

    def __init__(self, friends=()):
        self.clock = SimClock()
        self.clock.now_ms = 1_000_000
        self.rt = Runtime(self.clock, SeededRng("peers"))
        self.events = []
        reports = ConferenceReports(self.events, 7)
        reports.silent = False
        super().__init__(reports, lambda real_pk: real_pk in friends, rt=self.rt)

    def settle(self):
        """Nobody waits: who left leaves the list."""
        while self.leaving:
            self.unlist()

    def shown(self):
        """The names of the events so far, which are gone then."""
        names = [type(event).__name__.removeprefix("ConferencePeer") for event in self.events]
        self.events.clear()
        return names


@pytest.fixture
def table():
    return Table()


@pytest.fixture
def peer():
    return ConferencePeer(1, key(1), key(1), 0)


# what is new


def test_each_number_is_taken_once(peer):
    assert [peer.takes(n, 64) for n in (1, 1, 2, 4, 3, 3, 2, 5)] == [
        True,
        False,
        True,
        True,
        True,
        False,
        False,
        True,
    ]


def test_numbers_may_come_late_but_not_later_than_eight(peer):
    for number in range(1, MAX_HEARD + 1):
        assert peer.takes(number * 10, 64)
    assert not peer.takes(5, 64)
    assert peer.takes(25, 64)
    assert not peer.takes(10, 64)


def test_numbers_wrap(peer):
    assert peer.takes(0xFFFFFFFE, 64)
    assert peer.takes(0xFFFFFFFF, 64)
    assert peer.takes(1, 64)
    assert not peer.takes(0xFFFFFFFF, 64)


def test_numbers_are_in_no_circle(peer):
    """Or nine messages spread over all numbers would go round in a conference for ever."""
    numbers = [i * (1 << 32) // 12 for i in range(12)]
    taken = [number for _ in range(100) for number in numbers if peer.takes(number, 64)]
    assert taken.count(0) == 1
    assert len(taken) <= 12


def test_lossy_numbers_go_round_slowly(peer):
    """Or three packets would."""
    moments = range(0, 100_000, 20)
    taken = [now_ms for i, now_ms in enumerate(moments) if peer.takes_lossy(i % 3 * 21_845, now_ms)]
    assert len(taken) <= 2 * 10
    # and who talks all the time is always heard
    other = type(peer)(6, bytes(32), bytes(32), 0)
    assert all(other.takes_lossy(i & 0xFFFF, i * 2) for i in range(200_000))


def test_an_older_name_does_not_replace_a_newer_one(peer):
    assert peer.takes(10, 48)
    assert not peer.takes(9, 48)
    assert peer.takes(8, 49)
    assert not peer.takes(7, 49)
    assert peer.takes(6, 64)


def test_lossy_numbers(peer):
    def takes(number, now_ms=0):
        return peer.takes_lossy(number, now_ms)

    assert [takes(n) for n in (65530, 65530, 2, 65535, 65535, 1, 2)] == [
        True,
        False,
        True,
        True,
        False,
        True,
        False,
    ]
    assert takes(258)
    # outside of the window
    assert not takes(2)
    assert not takes(3 - 1)
    assert takes(259 - 255)
    # a jump forgets everything
    assert takes(20_000) and not takes(20_000)
    assert takes(20_000 - 255) and not takes(20_000 - 256)


# coming and going


def test_places_change_only_when_nobody_waits(table):
    for number in range(4):
        table.renew(number, key(number), key(100))
    assert table.shown() == ["ListChanged"] * 4
    table.depart(table.by_number[1])
    assert [peer.number for peer in table.listed] == [0, 1, 2, 3]
    assert (table.active, 1 in table.by_number) == (3, False)
    table.unlist()
    assert [(peer.number, peer.index) for peer in table.listed] == [(0, 0), (3, 1), (2, 2)]


def test_frozen_peers_come_back_with_their_number(table):
    peer = table.renew(5, key(5), key(100))
    table.freeze(peer)
    table.settle()
    assert (table.listed, table.frozen, peer.state) == ([], [peer], FROZEN)
    assert table.hear(peer)
    assert (table.listed, table.frozen, peer.state, peer.index) == ([peer], [], ACTIVE, 0)
    assert table.active == 1


def test_who_is_back_before_anybody_noticed_was_never_away(table):
    peer = table.renew(5, key(5), key(100))
    table.shown()
    table.freeze(peer)
    assert table.hear(peer)
    table.settle()
    assert (table.listed, table.active, table.frozen, table.shown()) == ([peer], 1, [], [])


def test_a_key_is_there_once(table):
    old = table.renew(5, key(5), key(100))
    new = table.renew(6, key(5), key(101))
    table.settle()
    assert old.state == GONE and table.listed == [new]
    assert (table.by_key[key(5)], set(table.by_number)) == (new, {6})


def test_a_number_is_not_given_away(table):
    table.renew(5, key(5), key(100))
    assert table.renew(5, key(6), key(100)) is None
    assert table.take_listed(5, key(6), key(100), b"") is None
    assert table.by_number[5].real_pk == key(5)


def test_last_active(table):
    peer = table.renew(5, key(5), key(100))
    unix_s = table.clock.unix_s()
    table.clock.now_ms += 61_000
    table.freeze(peer)
    assert peer.last_active_s == unix_s


def test_too_many_frozen_are_forgotten_strangers_first(table):
    table = Table(friends={key(2)})
    everybody = [table.renew(number, key(number), key(100)) for number in range(5)]
    for peer in everybody:
        table.clock.now_ms += 1_000
        table.hear(peer)
    table.max_frozen = 3
    for peer in everybody:
        table.freeze(peer)
    table.settle()
    assert sorted(peer.number for peer in table.frozen) == [2, 3, 4]
    assert set(table.by_number) == {table.by_key[key(n)].number for n in (2, 3, 4)} == {2, 3, 4}
    assert module.DEFAULT_MAX_FROZEN == 128


def test_there_are_not_more_peers_than_fit(table, monkeypatch):
    monkeypatch.setattr(module, "MAX_PEERS", 3)
    assert [table.renew(n, key(n), key(100)) is None for n in range(4)] == [False, False, False, True]
    assert table.take_listed(9, key(9), key(100), b"") is None
    table.depart(table.by_number[0])
    assert table.renew(3, key(3), key(100)) is not None


# lists of others


def test_a_list_brings_who_is_new(table):
    peer = table.take_listed(5, key(5), key(100), b"eve")
    assert (peer.name, peer.state, peer.dht_pk) == (b"eve", ACTIVE, key(100))
    assert table.shown() == ["ListChanged", "Name"]


def test_what_a_peer_said_itself_is_better_than_a_list(table):
    peer = table.renew(5, key(5), key(100))
    table.rename(peer, b"own")
    peer.is_name_own = True
    peer.takes(1, 64)
    table.take_listed(5, key(5), key(101), b"old name")
    assert (peer.name, peer.dht_pk) == (b"own", key(100))
    # somebody knows it by an old number
    assert table.take_listed(6, key(5), key(101), b"old name") is None
    assert table.by_key[key(5)] is peer


def test_who_left_for_good_is_not_brought_back_by_a_list(table):
    peer = table.renew(5, key(5), key(100))
    table.depart(peer)
    assert table.take_listed(5, key(5), key(100), b"ghost") is None
    assert table.by_key == {}
    # who comes again itself does
    assert table.renew(9, key(5), key(100)) is not None
    assert table.take_listed(9, key(5), key(100), b"") is not None


def test_who_left_long_ago_is_news_again(table):
    table.depart(table.renew(5, key(5), key(100)))
    table.clock.now_ms += module.DEPARTED_MS + 1
    assert table.take_listed(5, key(5), key(100), b"") is not None


def test_those_who_left_are_bounded(table, monkeypatch):
    monkeypatch.setattr(module, "MAX_DEPARTED", 2)
    for number in range(4):
        table.depart(table.renew(number, key(number), key(100)))
    assert table.take_listed(1, key(1), key(100), b"") is not None
    assert table.take_listed(3, key(3), key(100), b"") is None


def test_who_was_silent_for_a_minute_is_not_brought_back_by_a_list(table):
    """A list may have a ghost for another minute, and that list's reader for one more."""
    peer = table.renew(5, key(5), key(100))
    table.freeze(peer)
    table.settle()
    assert table.take_listed(5, key(5), key(101), b"ghost") is None
    assert (peer.state, peer.dht_pk) == (FROZEN, key(101))


def test_whom_we_could_not_hear_is_brought_back_by_a_list(table):
    peer = table.renew(5, key(5), key(100))
    table.freeze(peer, unheard=True)
    table.settle()
    assert table.take_listed(5, key(5), key(101), b"") is peer
    assert (peer.state, peer.dht_pk) == (ACTIVE, key(101))
    table.freeze(peer)
    table.settle()
    assert table.take_listed(5, key(5), key(101), b"") is None


def test_free_numbers_are_those_of_nobody(table):
    class Fixed(SeededRng):
        def __init__(self, numbers):
            self.numbers = iter(numbers)

        def below(self, limit):
            assert limit == 1 << 16
            return next(self.numbers)

    table.renew(5, key(5), key(100))
    table.freeze(table.renew(6, key(6), key(100)))
    table.note_strange(7)
    table.rt.rng = Fixed([5, 6, 7, 8])
    assert table.free_number() == 8
    table.rt.rng = Fixed([5] * 1000)
    assert table.free_number() == -1


def test_a_name_that_did_not_change_is_no_event(table):
    peer = table.renew(5, key(5), key(100))
    table.shown()
    table.rename(peer, b"a")
    table.rename(peer, b"a")
    assert table.shown() == ["Name"]


def test_who_lacks_a_name_takes_none_away(table):
    peer = table.take_listed(5, key(5), key(100), b"eve")
    assert table.take_listed(5, key(5), key(100), b"") is peer and peer.name == b"eve"
