"""Packets of the signalling, and what is answered in which state."""

import random

import pytest

from toxpy.av import msi
from toxpy.errors import PacketError

INIT, PUSH = msi.pack(msi.INIT, capabilities=60), msi.pack(msi.PUSH, capabilities=60)
POP, POP_ERROR = msi.pack(msi.POP), msi.pack(msi.POP, error=3)
BARE = [bytes((69, 1, 1, request, 0)) for request in (msi.INIT, msi.PUSH)]
INVALID_MESSAGE = msi.pack(msi.POP, error=msi.ERROR_INVALID_MESSAGE)
STRAY = msi.pack(msi.POP, error=msi.ERROR_STRAY)
DAMAGED = [
    b"\x45",
    b"\x45\x01",
    b"\x45\x00",
    b"\x45\x01\x01\x00\x01",
    b"\x45\x01\x01\x00\x03\x01\x3c",
    b"\x45\x01\x02\x00\x00",
    b"\x45\x01\x00\x00",
    b"\x45\x01\x01\x03\x03\x01\x3c\x00",
    b"\x45\x01\x01\x02\x02\x01\x08\x00",
    b"\x45\x01\x01\x00\x04\x01\x3c\x00",
    b"\x45\x03\x01\x3c\x00",
    b"\x45\x01\x01\x00\x03\x01\x00",
    b"\x45\x01\x00",
]


class Side:
    """One side of a call in a state, with what it sent."""

    def __init__(self, state=msi.NONE):
        self.sent = []
        self.call = msi.Signalling(lambda packet: self.sent.append(packet) or 0, lambda _number: True)
        if state in (msi.REQUESTING, msi.ACTIVE, msi.AWAY, msi.AGAIN):
            self.call.call(60)
        if state == msi.REQUESTED:
            self.call.receive(INIT)
        if state in (msi.ACTIVE, msi.AWAY, msi.AGAIN):
            self.call.receive(PUSH)
        if state in (msi.AWAY, msi.AGAIN):
            self.call.happened(msi.LEFT)
        if state == msi.AGAIN:
            self.call.ring_again()
        assert self.call.state == state
        self.sent.clear()


def test_packets_are_those_of_c_toxcore():
    assert [INIT.hex(), PUSH.hex(), POP.hex()] == ["4501010003013c00", "4501010103013c00", "4501010200"]
    assert msi.pack(msi.PUSH, capabilities=0).hex() == "4501010103010000"
    assert POP_ERROR.hex() == "4501010202010300"
    assert [msi.parse(packet) for packet in (INIT, PUSH, POP, POP_ERROR)] == [
        (msi.INIT, 0, 60),
        (msi.PUSH, 0, 60),
        (msi.POP, 0, None),
        (msi.POP, 3, None),
    ]


def test_of_a_field_that_is_there_twice_the_last_one_counts_and_an_inner_zero_ends():
    assert msi.parse(b"\x45\x01\x01\x00\x03\x01\x04\x01\x01\x01\x03\x01\x0c\x00") == (msi.PUSH, 0, 12)
    assert msi.parse(b"\x45\x01\x01\x02\x00\xff\xff\x00") == (msi.POP, 0, None)


def test_bits_that_programs_take_for_the_end_of_the_call_are_left_out():
    assert msi.parse(msi.pack(msi.PUSH, capabilities=255))[2] == 60
    assert msi.parse(msi.pack(msi.PUSH, capabilities=1 | 2 | 64 | 128))[2] == 0


@pytest.mark.parametrize("packet", DAMAGED, ids=bytes.hex)
def test_damaged_packets_do_not_decode(packet):
    with pytest.raises(PacketError):
        msi.parse(packet)


def test_any_bytes_decode_or_are_a_packet_error():
    rng = random.Random(1)
    decoded = 0
    for _ in range(20_000):
        packet = b"\x45" + bytes(rng.choice((0, 1, 1, 1, 2, 3, 60)) for _ in range(rng.randrange(12)))
        try:
            msi.parse(packet)
        except PacketError:
            continue
        decoded += 1
    assert decoded > 20


N, R, Q, A, W, G = msi.NONE, msi.REQUESTING, msi.REQUESTED, msi.ACTIVE, msi.AWAY, msi.AGAIN
#: state, packets, state afterwards, what it means, what is answered
REACTIONS = [
    (N, [INIT], Q, msi.INVITED, []),
    (N, [PUSH, BARE[1]], N, msi.NOTHING, [STRAY]),
    (N, [BARE[0], *DAMAGED], N, msi.NOTHING, [INVALID_MESSAGE]),
    (N, [POP, POP_ERROR], N, msi.NOTHING, []),
    (R, [INIT], A, msi.STARTED, [PUSH]),
    (R, [PUSH], A, msi.STARTED, []),
    (Q, [INIT], Q, msi.NOTHING, []),
    (Q, [PUSH], N, msi.FINISHED, []),
    (A, [INIT], A, msi.NOTHING, [PUSH]),
    (A, [PUSH], A, msi.NOTHING, []),
    (A, [msi.pack(msi.INIT, capabilities=52)], A, msi.CHANGED, [PUSH]),
    (A, [msi.pack(msi.PUSH, capabilities=52)], A, msi.CHANGED, []),
    (W, [INIT], A, msi.NOTHING, [PUSH]),
    (W, [PUSH], W, msi.NOTHING, []),
    (G, [INIT], A, msi.NOTHING, [PUSH]),
    (G, [PUSH], A, msi.NOTHING, []),
    (G, [msi.pack(msi.PUSH, capabilities=52)], A, msi.CHANGED, []),
]
for _state in (R, Q, A, W, G):
    REACTIONS += [
        (_state, [POP], N, msi.FINISHED, []),
        (_state, [POP_ERROR], N, msi.FAILED, []),
        (_state, [*BARE, *DAMAGED], N, msi.FAILED, [INVALID_MESSAGE]),
    ]


@pytest.mark.parametrize(("state", "packets", "after", "news", "answer"), REACTIONS)
def test_every_packet_in_every_state(state, packets, after, news, answer):
    for packet in packets:
        side = Side(state)
        assert (side.call.receive(packet), side.call.state, side.sent) == (news, after, answer), packet.hex()


def exchange(a, b):
    """Carry what both send until nobody sends any more: how many packets that were."""
    carried = 0
    while a.sent or b.sent:
        for source, target in ((a, b), (b, a)):
            packets, source.sent[:] = source.sent[:], []
            for packet in packets:
                carried += 1
                assert carried < 20
                target.call.receive(packet)
    return carried


def test_both_call_at_once():
    a, b = Side(), Side()
    a.call.call(60)
    b.call.call(52)
    assert exchange(a, b) == 4
    assert (a.call.state, b.call.state) == (msi.ACTIVE, msi.ACTIVE)
    assert (a.call.theirs, b.call.theirs) == (52, 60)


def test_what_the_friend_sent_before_it_had_our_call_is_no_answer():
    for state in (msi.REQUESTING, msi.AGAIN):
        side = Side(state)
        side.call._has = [].count
        for packet in (POP, POP_ERROR, PUSH):
            assert side.call.receive(packet) == msi.NOTHING
        assert side.call.state == state and side.sent == []
        assert side.call.receive(INIT) != msi.FAILED and side.call.state == msi.ACTIVE


def test_both_hang_up_at_once():
    a, b = Side(), Side()
    a.call.call(60)
    exchange(a, b)
    b.call.answer(60)
    exchange(a, b)
    a.call.hang_up()
    b.call.hang_up()
    assert exchange(a, b) == 2
    assert (a.call.state, b.call.state) == (msi.NONE, msi.NONE)


def test_a_call_that_cannot_be_told_is_none():
    call = msi.Signalling(lambda _packet: -1, lambda _number: False)
    assert not call.call(60) and call.state == msi.NONE


def test_what_is_sent_in_a_call_has_capabilities_and_nothing_is_told_outside_of_one():
    side = Side(msi.ACTIVE)
    side.call.tell(0)
    assert side.sent == [msi.pack(msi.PUSH, capabilities=0)]
    for state in (msi.AWAY, msi.AGAIN):
        side = Side(state)
        side.call.tell(44)
        assert side.sent == []
        # told when it goes on
        side.call.receive(INIT)
        assert side.sent == [msi.pack(msi.PUSH, capabilities=44)]


def test_who_rang_again_in_vain_takes_it_back():
    side = Side(msi.AGAIN)
    side.call.give_up()
    assert (side.sent, side.call.state) == ([POP], msi.NONE)
    side = Side(msi.AWAY)
    side.call.give_up()
    assert (side.sent, side.call.state) == ([], msi.NONE)
