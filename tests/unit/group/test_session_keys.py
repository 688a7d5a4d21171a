"""A session's key is renewed without a moment in which one side cannot read the other."""

import json

import pytest

from tests.support.prefix import ROOT
from tests.support.universe import SeededRng, SimClock
from tests.unit.group.session_pair import CHAT_ID, PING_DATA, Peer, established, run_for
from toxpy.group import session_keys
from toxpy.group.packets import ACK, BROADCAST, KEY_ROTATION, PING, pack_ack, unpad_lossless, unpad_lossy
from toxpy.group.peer_session import ROTATION_INTERVAL_MS, ROTATION_RETRY_MS
from toxpy.group.session_keys import ANSWER_INTERVAL_MS, OLD_KEY_MS, SessionKeys
from toxpy.group.wire import open_session_packet, seal_lossy
from toxpy.runtime import Runtime

LOW_ORDER = bytes(32)
VECTORS = json.loads((ROOT / "tests" / "vectors" / "groups" / "ngc_key_rotation.json").read_text())["packets"]


class Sides:
    """The keys of both sides, under one clock."""

    def __init__(self):
        self.clock = SimClock()
        self.clock.now_ms = 1_000_000
        self.asker, self.other = (
            SessionKeys(bytes([7]) * 32, rt=Runtime(self.clock, SeededRng(name))) for name in ("a", "b")
        )

    def rotate(self, answer_id=9):
        """The other has answered; what it says with, for the asker."""
        public, key = self.other.prepare_answer(self.asker.make_request())
        self.other.begin(key, answer_id)
        return public


def packet(key):
    return seal_lossy(key, bytes(24), bytes(32), b"\1x")


def reads(keys, key):
    return keys.open(packet(key)) is not None


def test_both_come_to_the_same_key():
    sides = Sides()
    old = sides.asker.for_lossy()
    assert sides.asker.on_answer(sides.rotate())
    new = sides.asker.for_lossy()
    assert new != old and reads(sides.other, new)
    # what was on its way
    assert reads(sides.asker, old)
    assert sides.other.for_lossy() == sides.other.for_lossless(9) == new


def test_until_the_asker_has_the_answer_it_can_read_what_it_needs():
    sides = Sides()
    old = sides.asker.for_lossy()
    sides.rotate(answer_id=9)
    # the answer and what is before it, however often it is sent, and what is lossy
    assert {sides.other.for_lossless(message_id) for message_id in (3, 8, 9)} == {old}
    assert sides.other.for_lossy() == old
    assert reads(sides.asker, sides.other.for_lossless(9))
    # what comes behind the answer cannot be handled before it
    assert sides.other.for_lossless(10) != old
    # a packet under the old key is no sign
    assert reads(sides.other, old) and sides.other.for_lossy() == old


def test_the_old_key_opens_for_a_minute():
    sides = Sides()
    old = sides.asker.for_lossy()
    sides.asker.on_answer(sides.rotate())
    # without a sign of the asker's for as long as it takes
    sides.clock.now_ms += 10 * OLD_KEY_MS
    assert reads(sides.other, old)
    assert reads(sides.other, sides.asker.for_lossy())
    sides.clock.now_ms += OLD_KEY_MS - 1
    assert reads(sides.other, old)
    sides.clock.now_ms += 1
    assert not reads(sides.other, old)


def test_answers_that_were_not_asked_for_and_keys_that_are_none():
    sides = Sides()
    old = sides.asker.for_lossy()
    assert not sides.asker.on_answer(bytes([9]) * 32)
    sides.asker.make_request()
    assert not sides.asker.on_answer(LOW_ORDER)
    assert sides.other.prepare_answer(LOW_ORDER) is None
    assert sides.asker.for_lossy() == old
    # the good one still counts
    assert sides.asker.on_answer(sides.rotate())


def test_answers_are_rare():
    sides = Sides()
    assert sides.other.may_answer()
    sides.asker.on_answer(sides.rotate())
    sides.clock.now_ms += ANSWER_INTERVAL_MS
    # the asker has not shown that it has the last one
    assert not sides.other.may_answer()
    reads(sides.other, sides.asker.for_lossy())
    assert sides.other.may_answer()
    sides.asker.on_answer(sides.rotate())
    reads(sides.other, sides.asker.for_lossy())
    sides.clock.now_ms += ANSWER_INTERVAL_MS - 1
    assert not sides.other.may_answer()


# in sessions


def by_distance(a, b):
    """The one that asks, the other."""
    return (a, b) if a.own.is_closer(b.keys.public) else (b, a)


def key_of(one, other):
    return one.peer(other).session._keys._key


@pytest.mark.parametrize("seed", range(4))
def test_keys_are_renewed_while_packets_are_lost(seed):
    datapath = seed % 2 == 1
    _universe, a, b = established(seed, datapath=datapath, loss=0.15, duplicate=0.05, jitter_ms=30)
    asker, other = by_distance(a, b)
    first, keys = key_of(a, b), set()
    for i in range(950):
        for one, peer in ((a, b), (b, a)):
            assert one.peer(peer).session.send_lossless(BROADCAST, i.to_bytes(4, "big"))
        run_for(a, 1000)
        keys.add(key_of(asker, other))
    run_for(a, 15_000)
    expected = [i.to_bytes(4, "big") for i in range(950)]
    assert a.peer(b).messages == b.peer(a).messages == expected
    assert len(keys) == 4 and first in keys and key_of(a, b) == key_of(b, a)
    assert a.drops("group_sealed") <= 3 and b.drops("group_sealed") <= 3


@pytest.mark.parametrize("datapath", [False, True])
@pytest.mark.parametrize("lost", [0, 1, 2])
def test_whatever_is_lost_of_a_rotation_both_go_on(lost, datapath):
    """The request, the answer, or what acknowledges it."""
    universe, a, b = established(1, datapath=datapath, jitter_ms=0)
    asker, other = by_distance(a, b)
    run_for(a, ROTATION_INTERVAL_MS - 5000)
    old = key_of(a, b)
    heard = {asker: 0, other: 0}

    def deaf(member, from_packet, to_packet):
        def to(packet):
            if packet[0] == 0x5B or key_of(a, b) != old:
                heard[member] += 1
                return from_packet <= heard[member] < to_packet
            return False

        return to

    if lost == 0:
        other.deaf_to = deaf(other, 1, 3)
    else:
        asker.deaf_to = deaf(asker, 1, 3) if lost == 1 else None
        other.deaf_to = deaf(other, 2, 4) if lost == 2 else None
    assert universe.run_until(lambda: key_of(asker, other) == key_of(other, asker) != old, 30_000)
    for one, peer in ((a, b), (b, a)):
        one.peer(peer).session.send_lossless(BROADCAST, b"after")
    assert universe.run_until(lambda: a.peer(b).messages == b.peer(a).messages == [b"after"], 10_000)


def test_a_peer_that_reads_over_our_request_is_asked_again(monkeypatch):
    universe, a, b = established(2)
    asker, other = by_distance(a, b)
    moments = []

    def read_over(_keys):
        moments.append(universe.clock.now_ms)
        return False

    monkeypatch.setattr(SessionKeys, "may_answer", read_over)
    run_for(a, ROTATION_INTERVAL_MS + 2 * ROTATION_RETRY_MS)
    assert [round((moment - moments[0]) / ROTATION_RETRY_MS, 2) for moment in moments] == [0, 1]
    monkeypatch.undo()
    old = key_of(asker, other)
    run_for(a, ROTATION_RETRY_MS)
    assert key_of(asker, other) == key_of(other, asker) != old


# the recorded rotation: B asks


class Replayed:
    """A session with the keys of the recording, in either role, and the packets of the other side."""

    def __init__(self, monkeypatch, own, peer):
        from tests.unit.group.session_pair import Member, Universe
        from toxpy.group.channel import Channel

        wires = [bytes.fromhex(entry["wire"]) for entry in VECTORS]
        pks = {entry["sender"]: wire[1:33] for entry, wire in zip(VECTORS, wires, strict=True)}
        self.old, self.new = (bytes.fromhex(VECTORS[i]["shared_key"]) for i in (0, 2))
        # the secret keys were not recorded: what they give was
        monkeypatch.setattr(session_keys, "shared_key", lambda _public, _secret: self.new)
        self.universe = Universe()
        self.member = Member(self.universe, own)
        self.peer = self.member.peers[pks[peer]] = Peer(self.member)
        self.session = self.member.sessions.connect(pks[peer], 0, self.peer)
        self.session.transport.set_address((bytes([20, 9, 9, 9]), 33445))
        self.session._keys = SessionKeys(self.old, rt=self.member.rt)
        self.packets = [wire for wire, entry in zip(wires, VECTORS, strict=True) if entry["sender"] == peer]
        sent = [entry for entry in VECTORS if entry["sender"] == own and " id=None " not in entry["desc"]]
        got = [entry for entry in VECTORS if entry["sender"] == peer and " id=None " not in entry["desc"]]
        first_sent, first_got = (self.first_id(entries[0]) for entries in (sent, got))
        self.session.channel = Channel(first_sent - 1, first_got - 1, self.session, rt=self.member.rt)
        self.member.sent.clear()

    @staticmethod
    def first_id(entry):
        return unpad_lossless(bytes.fromhex(entry["plain"]))[1]

    def feed(self, packet):
        self.member.sessions.receive(packet, (bytes([20, 9, 9, 9]), 33445))

    def sent(self, key):
        """What left since the last time and opens with that key: kind, and message id or data."""
        opened = []
        for packet in self.member.sent:
            plain = open_session_packet(key, packet)
            if plain is not None:
                opened.append(unpad_lossless(plain)[:2] if packet[0] == 0x5B else unpad_lossy(plain))
        return opened


def test_the_recorded_rotation_as_the_one_who_asks(monkeypatch):
    line = Replayed(monkeypatch, "B", "A")
    public = line.session._keys.make_request()
    line.session.send_lossless(KEY_ROTATION, b"\0" + public)
    answer, ack, *later = line.packets
    # the acknowledgement of the request comes with the new key already; nothing breaks if it comes first
    line.feed(ack)
    assert line.member.drops("group_sealed") == 1
    line.feed(answer)
    line.feed(ack)
    assert (ACK, pack_ack(0, 43)) in line.sent(line.old)
    for packet in later:
        line.feed(packet)
    assert line.member.drops("group_sealed") == 1
    assert len(line.peer.messages) == 3 and line.peer.lossy[0][0] == PING
    acks = [entry for entry in line.sent(line.new) if entry[0] == ACK]
    assert acks == [(ACK, pack_ack(0, i)) for i in (44, 45, 46)]


def test_the_recorded_rotation_as_the_one_who_answers(monkeypatch):
    line = Replayed(monkeypatch, "A", "B")
    request, *later = line.packets
    line.feed(request)
    assert line.sent(line.old) == [(ACK, pack_ack(0, 12)), (KEY_ROTATION, 43)]
    for packet in later:
        line.feed(packet)
    assert line.member.drops("group_sealed") == 0
    line.member.sent.clear()
    line.session.send_lossless(BROADCAST, b"x")
    line.session.send_lossy(PING, PING_DATA)
    assert line.sent(line.new) == [(BROADCAST, 44), (PING, PING_DATA)]


def test_who_is_closer_to_the_chat_id_asks():
    _, a, b = established()
    assert a.own.is_closer(b.keys.public) != b.own.is_closer(a.keys.public)
    assert a.own.is_closer(b.keys.public) == (
        bytes(x ^ y for x, y in zip(a.keys.public, CHAT_ID, strict=True))
        < bytes(x ^ y for x, y in zip(b.keys.public, CHAT_ID, strict=True))
    )
