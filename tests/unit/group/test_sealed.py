"""Packets of groups that the datapath seals and opens, and what comes of several at once."""

import pytest

from tests.unit.group.session_pair import established, run_for
from toxpy.group.packets import (
    ACK,
    ACK_RECEIVED,
    BROADCAST,
    CUSTOM,
    KEY_ROTATION,
    MAX_RUN,
    pack_ack,
    pack_key_rotation,
    unpad_lossy,
)
from toxpy.group.wire import INVITE, open_session_packet
from toxpy.wire.group_packets import LOSSY_ID


def say(one, other, *texts):
    for text in texts:
        assert one.peer(other).session.send_lossless(BROADCAST, text)


def texts(count):
    return [bytes((number,)) for number in range(count)]


def pair(**options):
    """Two with a session, who have heard from each other."""
    universe, a, b = established(datapath=True, jitter_ms=0, **options)
    for one, other in ((a, b), (b, a)):
        say(one, other, b"hello")
    run_for(a, 500)
    for one, other in ((a, b), (b, a)):
        one.peer(other).lossless.clear()
        one.sent.clear()
    return universe, a, b


def acks(one, other):
    """What one acknowledged."""
    key = one.peer(other).session._keys.for_lossy()
    opened = [unpad_lossy(open_session_packet(key, packet)) for packet in one.sent if packet[0] == 0x5C]
    return [data for kind, data in opened if kind == ACK]


def last_id(one, other):
    """The id of what one sent last."""
    return one.peer(other).session.channel.next_id - 1


def test_several_packets_are_acknowledged_by_one():
    _, a, b = pair()
    say(a, b, *texts(20))
    run_for(a, 500)
    assert b.peer(a).messages == texts(20)
    assert acks(b, a) == [pack_ack(ACK_RECEIVED, last_id(a, b), 19)]
    assert len(a.peer(b).session.channel._send_array) == 0


def test_no_acknowledgement_is_for_more_than_its_byte_can_say():
    _, a, b = pair()
    # opens the window
    for _ in range(4):
        say(a, b, *texts(100))
        run_for(a, 500)
    b.sent.clear()
    say(a, b, *texts(MAX_RUN + 1), b"x", b"y")
    run_for(a, 500)
    assert acks(b, a) == [
        pack_ack(ACK_RECEIVED, last_id(a, b) - 2, MAX_RUN),
        pack_ack(ACK_RECEIVED, last_id(a, b), 1),
    ]


def test_a_gap_ends_what_is_acknowledged_together():
    _, a, b = pair()
    seen = []
    b.deaf_to = lambda packet: packet[0] == 0x5B and (seen.append(packet) or len(seen) == 4)
    say(a, b, *texts(9))
    run_for(a, 2000)
    newest = last_id(a, b)
    assert acks(b, a)[:2] == [pack_ack(ACK_RECEIVED, newest - 6, 2), pack_ack(ACK_RECEIVED, newest, 4)]
    assert b.peer(a).messages == texts(9)


def test_a_peer_that_knows_no_runs_gets_one_for_each():
    _, a, b = pair()
    b.peer(a).session.channel.on_ack(pack_ack(ACK_RECEIVED, 1)[:9])
    say(a, b, *texts(5))
    run_for(a, 500)
    newest = last_id(a, b)
    assert acks(b, a) == [pack_ack(ACK_RECEIVED, i) for i in range(newest - 4, newest + 1)]


def test_what_ends_a_session_is_acknowledged_with_what_came_before():
    _, a, b = pair()
    b.peer(a).then = lambda _kind, data: data == b"end" and b.sessions.remove(a.keys.public)
    say(a, b, b"one", b"end", b"after")
    run_for(a, 500)
    assert b.peer(a).messages == [b"one", b"end"]
    assert acks(b, a) == [pack_ack(ACK_RECEIVED, last_id(a, b) - 1, 1)]
    assert b.path.receive(10) == ([], [], False)


def test_nothing_of_an_earlier_session_comes_to_the_next_one():
    universe, a, b = pair()
    key, head = a.peer(b).session._keys.for_lossy(), a.own.lossless_head
    stale_id = last_id(a, b) + 1
    session = b.peer(a).session
    a.sessions.remove(b.keys.public)
    a.connect(b, INVITE)
    assert universe.run_until(lambda: a.peer(b).session.is_established, 20_000)
    assert universe.run_until(lambda: len(b.peer(a).calls) == 2, 20_000)
    assert b.peer(a).session is session
    before = b.drops("group_sealed")
    for message_id in (stale_id, last_id(a, b) + 1):
        a.path.send_group(b.socket.address, head, bytes(24), key, message_id, BROADCAST, b"old")
    run_for(a, 500)
    assert b.peer(a).messages == [] and b.drops("group_sealed") == before + 2
    say(a, b, b"new")
    run_for(a, 500)
    assert b.peer(a).messages == [b"new"]


def test_a_run_under_the_old_key_is_no_sign_that_the_peer_has_the_new_one():
    """The datapath opened two runs with the key in use; what is in the first one renews the key."""
    _, a, b = pair()
    asker, other = (a, b) if a.own.is_closer(b.keys.public) else (b, a)
    session, address = other.peer(asker).session, asker.socket.address
    run_for(a, 31_000)
    old = session._keys.for_lossy()
    request = pack_key_rotation(False, asker.peer(other).session._keys.make_request())
    next_id = last_id(asker, other) + 1
    session.receive_run(address, [(next_id, KEY_ROTATION, request)])
    session.receive_run(address, [(next_id + 1, BROADCAST, b"x")])
    assert session._keys.newest != old == session._keys.for_lossy()


def test_what_never_left_cannot_be_acknowledged():
    _, a, b = pair()
    say(a, b, *texts(200))
    channel = a.peer(b).session.channel
    under_way = channel._send_array._under_way
    assert 0 < under_way < 200
    channel.on_ack(pack_ack(ACK_RECEIVED, last_id(a, b), 199))
    assert len(channel._send_array) == 200 - under_way
    # the others left now that there was room
    run_for(a, 500)
    assert b.peer(a).messages == texts(200) and len(channel._send_array) == 0


@pytest.mark.parametrize("records", [[(LOSSY_ID, ACK, b"")], [(LOSSY_ID, CUSTOM, b"x")] * 2])
def test_what_follows_a_malformed_packet_is_taken(records):
    _, a, b = pair()
    next_id = last_id(a, b) + 1
    b.peer(a).session.receive_run(a.socket.address, [*records, (next_id, BROADCAST, b"x")])
    assert b.peer(a).messages == [b"x"]
    assert b.drops("group_packet") == (records[0][1] == ACK)


def test_ids_that_are_not_under_way_say_nothing():
    _, a, b = pair()
    first = last_id(a, b)
    say(a, b, *texts(3))
    channel = a.peer(b).session.channel
    for message_id in (1, first, first + 4 + MAX_RUN, 2**64 - 1):
        channel.on_ack(pack_ack(ACK_RECEIVED, message_id, MAX_RUN))
    assert len(channel._send_array) == 3
    channel.on_ack(pack_ack(ACK_RECEIVED, first + 9, MAX_RUN))
    assert len(channel._send_array) == 0
