"""Sessions between members of a group: set-up, loss of any packet, restarts, silence."""

import pytest

from tests.support.universe import Universe
from tests.unit.group.session_pair import (
    PING_DATA,
    Member,
    Peer,
    established,
    is_established,
    run_for,
    two_members,
)
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import shared_key
from toxpy.errors import PacketError
from toxpy.group import setup
from toxpy.group.packets import ACK, BROADCAST, CUSTOM, HANDSHAKE_DONE, PING, unpad_lossless, unpad_lossy
from toxpy.group.peer_session import (
    CONFIRMED_TIMEOUT_MS,
    DEAF_MS,
    HANDSHAKE_INTERVAL_MS,
    PING_INTERVAL_MS,
    ROTATION_INTERVAL_MS,
    UNCONFIRMED_TIMEOUT_MS,
)
from toxpy.group.session_keys import SessionKeys
from toxpy.group.wire import (
    INVITE,
    JOIN_PRIVATE,
    PEER_INFO,
    GroupHandshake,
    open_session_packet,
    pack_handshake,
    seal_handshake,
)
from toxpy.wire.address import Node

RELAY = Node(bytes(range(32)), (bytes([1, 2, 3, 4]), 443), tcp=True)


def number(i):
    return i.to_bytes(4, "big")


def talk(universe, a, b, count=10):
    """Messages both ways, each once and in order; what was said before does not count."""
    for one, other in ((a, b), (b, a)):
        one.peer(other).lossless.clear()
    for i in range(count):
        for one, other in ((a, b), (b, a)):
            assert one.peer(other).session.send_lossless(BROADCAST, number(i))
    expected = [number(i) for i in range(count)]
    assert universe.run_until(lambda: a.peer(b).messages == b.peer(a).messages == expected, 20_000)
    run_for(a, 2000)
    assert a.peer(b).messages == b.peer(a).messages == expected


def lossless_sent(member, other):
    """Message id and kind of each lossless packet that it sent in this session, copies too."""
    key = member.peer(other).session._keys.for_lossy()
    opened = [unpad_lossless(open_session_packet(key, p)) for p in member.sent if p[0] == 0x5B]
    return [(message_id, kind) for kind, message_id, _ in opened]


# set-up


def test_who_asks_begins_with_id_2_and_who_answers_with_3():
    universe, a, b = two_members()
    assert universe.run_until(lambda: is_established(a, b), 1000)
    a.peer(b).session.send_lossless(BROADCAST, b"x")
    b.peer(a).session.send_lossless(BROADCAST, b"y")
    assert lossless_sent(a, b) == [(2, HANDSHAKE_DONE), (3, BROADCAST)]
    assert lossless_sent(b, a) == [(3, BROADCAST)]
    assert [packet[0] for packet in a.sent][:2] == [0x5A, 0x5B] and b.sent[0][0] == 0x5A
    assert a.peer(b).calls == [("established", True, INVITE)]
    assert b.peer(a).calls == [("established", False, INVITE)]
    assert a.peer(b).session.sig_pk == b.own.sig_pk and b.peer(a).session.sig_pk == a.own.sig_pk


def test_the_answer_is_for_what_was_asked():
    universe = Universe()
    a, b = Member(universe, "a"), Member(universe, "b")
    a.connect(b, PEER_INFO)
    assert universe.run_until(lambda: is_established(a, b), 1000)
    assert a.peer(b).calls == [("established", True, PEER_INFO)]
    assert b.peer(a).calls == [("established", False, PEER_INFO)]


@pytest.mark.parametrize("lost", range(8))
@pytest.mark.parametrize("both_ask", [False, True])
@pytest.mark.parametrize("deaf", [0, 1])
def test_whichever_packet_is_lost_there_is_a_session(lost, both_ask, deaf):
    universe = Universe(lost)
    members = a, b = Member(universe, "a"), Member(universe, "b")
    a.connect(b)
    if both_ask:
        b.connect(a)
    seen = []
    members[deaf].deaf_to = lambda packet: seen.append(packet) or len(seen) == lost + 1
    assert universe.run_until(lambda: is_established(a, b), 10_000)
    talk(universe, a, b)
    # and it is one session, not one after the other
    assert len(a.peer(b).calls) == len(b.peer(a).calls) == 1


@pytest.mark.parametrize("seed", range(30))
def test_both_ask_over_a_bad_line(seed):
    universe = Universe(seed, loss=0.2, duplicate=0.2, latency_ms=50, jitter_ms=100)
    a, b = Member(universe, "a"), Member(universe, "b")
    a.connect(b)
    run_for(a, seed * 10)
    if b.keys.public not in b.peers and a.keys.public not in b.peers:
        b.connect(a)
    assert universe.run_until(lambda: is_established(a, b), 12_000)
    talk(universe, a, b)


def test_requests_go_every_three_seconds_until_nobody_answers():
    universe, a, b = two_members()
    b.stop()
    b.socket.online = False
    assert universe.run_until(lambda: a.peer(b).calls, 60_000)
    assert a.peer(b).calls == ["timed out"] and len(a.sessions) == 0
    assert len(a.sent) == UNCONFIRMED_TIMEOUT_MS // HANDSHAKE_INTERVAL_MS
    assert {packet[0] for packet in a.sent} == {0x5A}
    assert a.rt.timers.next_deadline_ms() is None


def test_responses_are_repeated_until_the_session_is_proven():
    _, a, b = two_members()
    run_for(a, 30)
    a.stop()
    run_for(b, 60_000)
    assert [packet[0] for packet in b.sent] == [0x5A] * 4 and len(b.sessions) == 0
    assert b.peer(a).calls == ["timed out"]


def test_there_are_requests_until_the_session_is_proven():
    _, a, b = two_members()
    a.deaf_to = lambda packet: packet[0] != 0x5A
    run_for(a, 11_000)
    assert a.peer(b).session.is_established and len(a.peer(b).calls) == 1
    assert [packet[0] for packet in a.sent].count(0x5A) == 4
    a.deaf_to = None
    talk(a.universe, a, b)
    a.sent.clear()
    run_for(a, 11_000)
    assert [packet[0] for packet in a.sent].count(0x5A) == 0


def test_responses_that_say_nothing_new_do_not_begin_anew():
    universe, a, b = two_members()
    b.deaf_to = lambda packet: packet[0] != 0x5A
    run_for(a, 7000)
    assert len(b.sent) > 3 and len(a.peer(b).calls) == 1
    b.deaf_to = None
    assert universe.run_until(lambda: is_established(a, b), 4000)
    talk(universe, a, b)
    assert len(a.peer(b).calls) == len(b.peer(a).calls) == 1


def test_a_peer_that_takes_the_second_request_only():
    """As c-toxcore 0.2.20 does if it has a session already: it answers the first one, with its old key."""
    universe, a, b = two_members()
    taken = []

    def first_request_goes_elsewhere(packet):
        if packet[0] == 0x5A and not taken:
            taken.append(packet)
            # an answer that is good, but not followed by a session
            a.sessions.receive(handshake_of(b, a, KeyPair.generate(b.rt.rng).public), b.socket.address)
            return True
        return False

    b.deaf_to = first_request_goes_elsewhere
    assert universe.run_until(lambda: b.keys.public in a.peers and b.peers and is_established(a, b), 6000)
    talk(universe, a, b)


def test_there_is_no_request_without_a_way_and_one_as_soon_as_there_is_one():
    universe = Universe()
    a, b = Member(universe, "a"), Member(universe, "b")
    a.connect(b, address=False)
    run_for(a, 1000)
    assert a.sent == []
    a.peer(b).session.on_way(b.socket.address)
    run_for(a, 100)
    assert is_established(a, b)
    a.peer(b).session.on_way(a.socket.address)
    assert a.peer(b).session.transport.address == b.socket.address


def test_who_is_not_accepted_gets_no_answer():
    _universe, a, b = two_members()
    b.accepts = False
    run_for(a, 10_000)
    assert b.sent == [] and len(b.sessions) == 0


def test_only_who_was_invited_comes_into_a_private_group():
    universe, a, b = two_members()
    b.own.is_private = True
    run_for(a, 2000)
    assert b.sent == [] and b.drops("group_join_type") == 1 and len(b.sessions) == 0
    a.own.join_type = JOIN_PRIVATE
    assert universe.run_until(lambda: is_established(a, b), 5000)
    # and so it is for those that we know
    run_for(a, 100)
    a.own.join_type = 0
    a.peer(b).session.connect(INVITE)
    run_for(a, 1000)
    assert b.drops("group_join_type") == 2


def test_no_session_with_oneself_or_a_key_that_is_none():
    _, a, b = established()
    assert a.sessions.connect(a.keys.public, INVITE, Peer(a)) is None
    assert a.sessions.connect(bytes(32), INVITE, Peer(a)) is None
    assert a.sessions.connect(b.keys.public, INVITE, Peer(a)) is None


def test_a_relay_in_the_handshakes_is_told():
    _, a, b = established()
    run_for(a, 100)
    a.peer(b).relay_node = b.peer(a).relay_node = RELAY
    a.peer(b).session.connect(INVITE)
    run_for(a, 500)
    assert a.peer(b).relays_heard == b.peer(a).relays_heard == [RELAY]


# copies and old handshakes


def test_a_copied_request_changes_nothing():
    universe, a, b = established(duplicate=1.0)
    talk(universe, a, b)
    assert len(a.peer(b).calls) == len(b.peer(a).calls) == 1
    assert b.drops("group_handshake_copy") == 1


def test_a_request_that_somebody_recorded_ends_no_session():
    universe, a, b = two_members()
    run_for(a, 500)
    old_request = a.sent[0]
    # a begins anew; b does not know the old request any more
    a.stop()
    b.sessions.remove(a.keys.public)
    a2 = Member(universe, "a2", a.keys, a.socket)
    a2.connect(b)
    assert universe.run_until(lambda: is_established(a2, b), 5000)
    b.peer(a2).session.confirm()
    b.sent.clear()
    b.sessions.receive(old_request, (bytes([6, 6, 6, 6]), 6666))
    # it is answered, but who recorded it cannot read the answer
    assert [packet[0] for packet in b.sent] == [0x5A]
    assert b.peer(a2).session.transport.address == a2.socket.address
    talk(universe, a2, b)
    run_for(b, 30_000)
    assert len(b.peer(a2).calls) == 1 and b.peer(a2).session._setup is None
    assert b.peer(a2).session.transport.address == a2.socket.address


def test_a_request_with_the_session_that_there_is_is_not_answered():
    universe, a, b = established()
    talk(universe, a, b)
    session_pk = b.peer(a).session._session_pk
    b.sent.clear()
    b.sessions.receive(handshake_of(a, b, session_pk, is_response=False), a.socket.address)
    assert b.sent == [] and b.drops("group_handshake_late") == 1


def test_a_response_is_not_taken_from_whom_nothing_was_asked():
    _, a, b = two_members()
    run_for(a, 30)
    assert a.keys.public in b.peers and not b.peer(a).session.is_established
    b.sessions.receive(handshake_of(a, b, bytes([9]) * 32), a.socket.address)
    assert not b.peer(a).session.is_established and b.drops("group_handshake_late") == 1


@pytest.mark.parametrize("when", ["first", "later"])
def test_a_response_that_somebody_recorded_ends_no_session(when):
    universe, a, b = two_members()
    run_for(a, 500)
    old_response = b.sent[0]
    a.stop()
    a2 = Member(universe, "a2", a.keys, a.socket)
    a2.connect(b)
    if when == "first":
        a2.sessions.receive(old_response, b.socket.address)
    assert universe.run_until(lambda: len(b.peer(a2).calls) == 2, 5000)
    talk(universe, a2, b)
    if when == "later":
        a2.sessions.receive(old_response, b.socket.address)
        assert a2.drops("group_handshake_late") == 1
        talk(universe, a2, b)


def test_copies_of_a_peers_packets_do_not_draw_ours_elsewhere():
    universe, a, b = established()
    talk(universe, a, b)
    elsewhere = (bytes([6, 6, 6, 6]), 6666)
    for packet in list(a.sent):
        b.sessions.receive(packet, elsewhere)
    assert b.peer(a).session.transport.address == a.socket.address
    # but the peer may move
    a.peer(b).session.send_lossless(BROADCAST, b"x")
    b.sessions.receive(a.sent[-1], elsewhere)
    assert b.peer(a).session.transport.address == elsewhere


# restarts


@pytest.mark.parametrize("loss", [0.0, 0.1])
def test_a_peer_that_was_restarted_comes_again(loss):
    universe, a, b = established(3, loss=loss)
    talk(universe, a, b)
    a.stop()
    # nobody takes these
    for i in range(3):
        b.peer(a).session.send_lossless(BROADCAST, number(i))
    run_for(b, 5000)
    a2 = Member(universe, "a2", a.keys, a.socket)
    a2.connect(b)
    assert universe.run_until(lambda: is_established(a2, b) and len(b.peer(a2).calls) == 2, 20_000)
    assert b.peer(a2).calls[1] == ("established", False, INVITE)
    assert b.peer(a2).undelivered == [(BROADCAST, number(i)) for i in range(3)]
    talk(universe, a2, b)


def test_only_what_the_group_said_is_handed_back():
    universe, a, b = established()
    asker, other = (a, b) if a.own.is_closer(b.keys.public) else (b, a)
    run_for(a, ROTATION_INTERVAL_MS - 10_000)
    other.stop()
    run_for(asker, 30_000)
    asker.peer(other).session.send_lossless(BROADCAST, b"x")
    again = Member(universe, "again", other.keys, other.socket)
    again.connect(asker)
    assert universe.run_until(lambda: len(asker.peer(again).calls) == 2, 10_000)
    assert asker.peer(again).undelivered == [(BROADCAST, b"x")]


def test_both_are_restarted_by_turns():
    universe, a, b = established()
    for turn in range(4):
        a.stop()
        a, b = b, Member(universe, f"restarted {turn}", a.keys, a.socket)
        b.connect(a)
        began_anew(universe, b, a, turn)
        talk(universe, a, b)


def began_anew(universe, one, other, turn):
    """Both have a session, which is the other's second one but for the first turn."""
    done = lambda: is_established(one, other) and len(other.peer(one).calls) == min(turn + 2, 2)  # noqa: E731
    assert universe.run_until(done, 10_000)


def test_a_restarted_peer_from_another_address():
    universe, a, b = established()
    a.stop()
    a2 = Member(universe, "a2", a.keys)
    a2.connect(b)
    assert universe.run_until(lambda: len(b.peer(a2).calls) == 2, 10_000)
    talk(universe, a2, b)
    assert b.peer(a2).session.transport.address == a2.socket.address


def test_who_cannot_be_read_any_more_is_asked_for_a_new_session():
    universe, a, b = established()
    talk(universe, a, b)
    b.peer(a).session._keys = SessionKeys(bytes(32), rt=b.rt)
    a.peer(b).session.send_lossless(BROADCAST, b"lost")
    began_ms = universe.clock.now_ms
    assert universe.run_until(lambda: a.peer(b).undelivered and b.peer(a).calls[1:], 60_000)
    assert universe.clock.now_ms - began_ms < DEAF_MS + PING_INTERVAL_MS + 5000
    assert a.peer(b).undelivered == [(BROADCAST, b"lost")]
    talk(universe, a, b)


def test_a_peer_that_keeps_its_session_key_for_a_new_session(monkeypatch):
    """c-toxcore does so."""
    pairs = {}

    class KeptPair:
        @staticmethod
        def generate(rng):
            return pairs.setdefault(rng, KeyPair.generate(rng))

    monkeypatch.setattr(setup, "KeyPair", KeptPair)
    universe, a, b = established()
    talk(universe, a, b)
    # of ours there is a new one
    del pairs[a.rt.rng]
    a.peer(b).session.connect(PEER_INFO)
    assert universe.run_until(lambda: a.peer(b).calls[1:] and b.peer(a).calls[1:], 10_000)
    talk(universe, a, b)
    assert len(a.peer(b).calls) == len(b.peer(a).calls) == 2


def test_what_cannot_be_read_does_nothing_while_the_peer_is_there():
    _universe, a, b = established()
    forged = bytearray(a.sent[-1])
    forged[-1] ^= 1
    for _ in range(60):
        b.sessions.receive(bytes(forged), a.socket.address)
        run_for(a, 1000)
    assert b.drops("group_sealed") == 60 and len(a.peer(b).calls) == 1
    assert [packet for packet in b.sent if packet[0] == 0x5A] == b.sent[:1]


def test_a_peer_that_answered_twice_and_began_anew_is_begun_with_anew():
    """c-toxcore does so when a second request of ours comes after its session began."""
    universe, a, b = established()
    talk(universe, a, b)
    old = b.peer(a).session

    class AsCToxcore:
        """What b does: it takes nothing but a first packet, and answers every 3 s."""

        def __init__(self):
            self.first = None

        def __call__(self, packet):
            if packet[0] == 0x5B:
                kind, message_id, _ = unpad_lossless(open_session_packet(old._keys.for_lossy(), packet))
                if kind == HANDSHAKE_DONE:
                    self.first = message_id
            return self.first is None

    began = b.deaf_to = AsCToxcore()
    session_pk = a.peer(b).session._session_pk
    for _ in range(3):
        a.sessions.receive(handshake_of(b, a, session_pk), b.socket.address)
        run_for(a, HANDSHAKE_INTERVAL_MS)
    assert began.first == 2 and len(a.peer(b).calls) == 2


def handshake_of(member, other, session_pk, *, is_response=True):
    """A new handshake of a member, with that key of the session."""
    key = shared_key(other.keys.public, member.keys.secret)
    plain = pack_handshake(GroupHandshake(is_response, session_pk, member.own.sig_pk, INVITE, 0))
    return seal_handshake(key, member.rt.rng.bytes(24), member.keys.public, other.keys.public, plain)


def test_a_response_that_is_late_does_not_begin_anew():
    universe, a, b = established()
    talk(universe, a, b)
    session_pk = a.peer(b).session._session_pk
    for _ in range(5):
        a.sessions.receive(handshake_of(b, a, session_pk), b.socket.address)
        talk(universe, a, b, 3)
    assert len(a.peer(b).calls) == 1


# silence


@pytest.mark.parametrize(
    ("confirmed", "timeout_ms"), [(True, CONFIRMED_TIMEOUT_MS), (False, UNCONFIRMED_TIMEOUT_MS)]
)
def test_a_peer_that_is_silent_is_gone(confirmed, timeout_ms):
    universe, a, b = established(confirmed=confirmed)
    run_for(a, 1000)
    b.stop()
    heard_ms = a.peer(b).session._heard_ms
    assert universe.run_until(lambda: "timed out" in a.peer(b).calls, 120_000)
    assert 0 <= universe.clock.now_ms - heard_ms - timeout_ms < 10
    assert not a.peer(b).session.send_lossless(BROADCAST, b"x") and len(a.sessions) == 0


def test_pings_keep_a_session_and_carry_what_the_group_says():
    _universe, a, b = established()
    run_for(a, 300_000)
    assert is_established(a, b) and len(a.peer(b).calls) == 1
    pings = a.peer(b).lossy
    assert set(pings) == {(PING, PING_DATA)} and len(pings) in (24, 25)


def test_a_peer_that_says_only_lossless_things_stays():
    _universe, a, b = established()
    b.peer(a).session._ping_ms = 10**12
    for i in range(100):
        b.peer(a).session.send_lossless(BROADCAST, number(i))
        run_for(a, 1000)
    assert a.peer(b).messages == [number(i) for i in range(100)]
    assert len(a.peer(b).calls) == 1


def test_a_peer_that_acknowledges_nothing_is_gone():
    universe, a, b = established()
    run_for(a, 1000)
    keys = a.peer(b).session._keys
    a.deaf_to = lambda packet: unpad_lossy(open_session_packet(keys.for_lossy(), packet))[0] == ACK
    sent_ms = universe.clock.now_ms
    a.peer(b).session.send_lossless(BROADCAST, b"x")
    assert universe.run_until(lambda: "timed out" in a.peer(b).calls, 120_000)
    assert 0 <= universe.clock.now_ms - sent_ms - CONFIRMED_TIMEOUT_MS < 10
    assert (PING, PING_DATA) in a.peer(b).lossy


# packets


def test_the_handshake_tells_how_long_to_wait():
    _universe, a, b = established(latency_ms=20, jitter_ms=0)
    for one, other in ((a, b), (b, a)):
        lost = []
        other.deaf_to = lambda packet, lost=lost: packet[0] == 0x5B and not lost and lost.append(1) is None
        one.peer(other).session.send_lossless(BROADCAST, b"x")
        run_for(a, 300)
        assert lost and other.peer(one).messages == [b"x"]


def test_a_packet_that_the_group_cannot_read_counts_as_handled():
    universe, a, b = established()

    def refuse(kind, data):
        if data == b"bad":
            raise PacketError("bad")

    b.peer(a).then = refuse
    for data in (b"bad", b"good", bytes(1377), bytes(20_000)):
        assert a.peer(b).session.send_lossless(CUSTOM, data)
    assert universe.run_until(lambda: len(b.peer(a).lossless) == 4, 5000)
    assert b.drops("group_packet") == 1
    run_for(a, 1000)
    assert len(a.peer(b).session.channel._send_array) == 0


def test_a_peer_may_be_removed_while_it_is_heard():
    _universe, a, b = established()
    b.peer(a).then = lambda kind, data: b.sessions.remove(a.keys.public)
    for i in range(5):
        a.peer(b).session.send_lossless(BROADCAST, number(i))
    run_for(a, 5000)
    assert len(b.peer(a).lossless) == 1 and len(b.sessions) == 0


@pytest.mark.parametrize("loss", [0.02, 0.05])
def test_long_messages_over_a_line_that_loses_and_reorders(loss):
    universe, a, b = established(7, loss=loss, duplicate=loss, jitter_ms=20)
    sent_ms, delays = {}, []
    b.peer(a).then = lambda kind, data: delays.append(universe.clock.now_ms - sent_ms[data[:4]])
    for i in range(200):
        sent_ms[number(i)] = universe.clock.now_ms
        a.peer(b).session.send_lossless(BROADCAST, number(i) + bytes(1296))
        run_for(a, 200)
    run_for(a, 5000)
    assert [data[:4] for data in b.peer(a).messages] == [number(i) for i in range(200)]
    assert sorted(delays)[180] <= 60


@pytest.mark.parametrize("seed", range(3))
def test_a_burst_over_a_line_that_loses_and_reorders(seed):
    universe, a, b = established(seed, loss=0.05, duplicate=0.05, jitter_ms=20)
    for i in range(1000):
        assert a.peer(b).session.send_lossless(BROADCAST, number(i) + bytes(500))
    expected = [number(i) for i in range(1000)]
    assert universe.run_until(lambda: len(b.peer(a).messages) == 1000, 10_000)
    assert [data[:4] for data in b.peer(a).messages] == expected
    assert len(a.sent) < 1400


# ways


def join_by_relay(universe, a, b, delay_ms=30):
    """Both have a relay for the other."""

    def carrier(member):
        def carry(packet):
            member.rt.timers.call_later(delay_ms, lambda: member.sessions.receive(packet, None))

        return carry

    a.peer(b).relay = carrier(b)
    b.accept = lambda peer_pk: accepted(b, peer_pk, carrier(a))


def accepted(member, peer_pk, relay):
    peer = member.peers[peer_pk] = Peer(member)
    peer.relay = relay
    return peer


@pytest.mark.parametrize("address", [False, True])
def test_over_a_relay(address):
    universe = Universe()
    a, b = Member(universe, "a"), Member(universe, "b")
    b.socket.online = False
    a.connect(b, address=address)
    join_by_relay(universe, a, b)
    assert universe.run_until(lambda: is_established(a, b), 10_000)
    talk(universe, a, b)
    assert not a.peer(b).session.transport.is_direct()


def test_from_a_relay_to_udp_and_back():
    universe = Universe()
    a, b = Member(universe, "a"), Member(universe, "b")
    b.socket.online = False
    a.connect(b, address=False)
    join_by_relay(universe, a, b)
    assert universe.run_until(lambda: is_established(a, b), 10_000)
    for one, other in ((a, b), (b, a)):
        one.peer(other).session.confirm()
    b.socket.online = True
    a.peer(b).session.transport.set_address(b.socket.address)
    talk(universe, a, b)
    assert a.peer(b).session.transport.is_direct() and b.peer(a).session.transport.is_direct()
    b.socket.online = a.socket.online = False
    run_for(a, 40_000)
    assert not a.peer(b).session.transport.is_direct()
    talk(universe, a, b)
    assert len(a.peer(b).calls) == 1
