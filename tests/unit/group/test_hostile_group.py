"""What hostile strangers and members could do to a whole group, and what becomes of it."""

import pytest

from tests.fuzz.groups import Silent
from tests.unit.group.group_world import World, mesh
from toxpy.crypto.sodium import verify
from toxpy.generated import events as ev
from toxpy.group import packets
from toxpy.group.discovery import MAX_TRIED, Discovery
from toxpy.group.group import CONNECTING, INTRODUCTION_MS, MAX_UNCONFIRMED
from toxpy.group.keys import ExtendedKeyPair
from toxpy.group.peers import SIGNED_BURST, SIGNED_PER_S
from toxpy.group.saved import MAX_SAVED_PEERS, SavedPeer
from toxpy.group.topic import Topic
from toxpy.group.wire import INVITE, PEER_INFO
from toxpy.onion.group_announce import GroupAnnounces, Member, pack_member
from toxpy.tcp.pool import MAX_PEER_RELAYS
from toxpy.wire.address import Node


def stranger(world, name, other, request_type=PEER_INFO):
    """Somebody with a session that says nothing by itself."""
    liar = world._add(name)
    liar.group.begin()
    liar.group.connect(other.keys.public.enc, request_type, other.socket.address)
    peer = liar.group.peers.get(other.keys.public.enc)
    peer._host = Silent(liar.group)
    return liar, peer


@pytest.fixture
def verified(monkeypatch):
    """The signatures that are checked."""
    calls = []

    def counted(*arguments):
        calls.append(arguments)
        return verify(*arguments)

    for module in ("state", "topic", "sanctions"):
        monkeypatch.setattr(f"toxpy.group.{module}.verify", counted)
    return calls


def refuser(world, joiner):
    """Somebody whom the joiner asks and who refuses."""
    liar = world._add("liar")
    liar.group.begin()
    joiner.ask(liar)
    enc_pk = joiner.keys.public.enc
    assert world.until(
        lambda: (peer := liar.group.peers.get(enc_pk)) is not None and peer.session.is_established, 1000
    )
    return liar.group.peers.get(enc_pk)


def test_who_refuses_does_not_keep_others_from_letting_us_in():
    world = World()
    joiner = world._add("joiner")
    joiner.group.begin()
    liar = refuser(world, joiner)
    # a request is under way to the founder, who is slow
    world.universe.latency_ms = 400
    joiner.ask(world.founder)
    liar.send_lossy(packets.REJECT, packets.pack_reject(packets.REJECT_FULL))
    assert world.until(lambda: joiner.group.is_connected, 3500)
    world.wait(5000)
    assert joiner.group.is_connected and not joiner.told(ev.GroupJoinFail)


def test_when_all_refuse_we_hear_it_once_and_soon():
    world = World()
    joiner = world._add("joiner")
    joiner.group.begin()
    liars = [refuser(world, joiner) for _ in range(3)]
    for liar in liars:
        liar.send_lossy(packets.REJECT, packets.pack_reject(packets.REJECT_PASSWORD))
    world.wait(200)
    assert [event.fail_type for event in joiner.told(ev.GroupJoinFail)] == [packets.REJECT_PASSWORD]
    assert not joiner.group.is_in_use


def test_who_is_asked_and_silent_delays_a_refusal_by_three_seconds():
    world = World()
    joiner = world._add("joiner")
    joiner.group.begin()
    silent = refuser(world, joiner)
    refuser(world, joiner).send_lossy(packets.REJECT, packets.pack_reject(packets.REJECT_FAILED))
    world.wait(2500)
    assert joiner.group.connection == CONNECTING and silent.session.is_established
    world.wait(1000)
    assert len(joiner.told(ev.GroupJoinFail)) == 1
    # a refusal does not end the next try
    joiner.group.begin()
    refuser(world, joiner)
    refuser(world, joiner).send_lossy(packets.REJECT, packets.pack_reject(packets.REJECT_FAILED))
    world.wait(2000)
    joiner.group.disconnect()
    joiner.group.begin()
    world.wait(2000)
    assert joiner.group.connection == CONNECTING
    joiner.ask(world.founder)
    assert world.until(lambda: joiner.group.is_connected, 1000)


def test_a_refusal_of_whom_nobody_asked_ends_nothing():
    world = World()
    joiner = world._add("joiner")
    joiner.group.begin()
    _, peer = stranger(world, "liar", joiner)
    world.wait(300)
    assert peer.session.is_established
    peer.send_lossy(packets.REJECT, packets.pack_reject(packets.REJECT_FAILED))
    world.wait(5000)
    assert joiner.group.connection == CONNECTING and not joiner.told()
    assert joiner.group.peers.get(peer._host._group.state.keys.public.enc) is None


def test_strangers_who_do_not_say_who_they_are_make_room():
    world = World()
    founder = world.founder
    founder.talk.set_peer_limit(4)
    peers = [stranger(world, f"liar {i}", founder)[1] for i in range(10 * MAX_UNCONFIRMED // 4)]
    for _ in range(12):
        world.wait(1000)
        for peer in peers:
            # a sign of life
            peer.send_lossy(packets.CUSTOM, b"x")
    assert len(founder.group.peers) == 4 + MAX_UNCONFIRMED
    joiner = world.join("joiner")
    assert world.until(lambda: joiner.sees(founder) and founder.sees(joiner), INTRODUCTION_MS)
    assert len(founder.group.peers) <= 4 + MAX_UNCONFIRMED


def test_forged_signatures_are_checked_within_a_budget(verified):
    world = mesh(4)
    founder, liar, victim, _ = world.members
    topic = Topic(9, b"Not the founder's", founder.keys.public.sig, bytes(64))
    peer = liar.group.peers.get(victim.keys.public.enc)
    verified.clear()
    for _ in range(40):
        for _ in range(50):
            topic.signature = liar.rt.rng.bytes(64)
            peer.send(packets.TOPIC, topic.pack())
        world.wait(100)
    assert SIGNED_BURST <= len(verified) <= SIGNED_BURST + 5 * SIGNED_PER_S
    assert victim.rt.counters.values["drop.group_signatures"] > 1000
    assert victim.sees(liar) and victim.told() == []
    founder.talk.set_topic(b"The founder's")
    world.wait(200)
    assert [event.topic for event in victim.told(ev.GroupTopic)] == [b"The founder's"]


def test_who_is_no_member_and_was_not_asked_has_no_signature_checked(verified):
    world = mesh(3)
    world.founder.talk.set_password(b"secret")
    world.wait(500)
    victim = world.members[1]
    _, peer = stranger(world, "liar", victim)
    world.wait(500)
    verified.clear()
    sent = victim.group.state.sync(7)
    for kind, data in sent:
        peer.send(kind, data[:-1] + bytes([data[-1] ^ 1]))
    world.wait(500)
    assert verified == [] and victim.rt.counters.values["drop.group_state_unasked"] == len(sent) >= 3


def test_many_changes_of_one_member_at_once_reach_all():
    """More than the budget: the last topic comes all the same."""
    world = mesh(4)
    for i in range(3 * SIGNED_BURST):
        world.founder.talk.set_topic(b"topic %d" % i)
    assert world.until(world.is_agreed, 30_000)
    assert all(member.group.state.topics.topic.text == b"topic 191" for member in world.members)


def test_a_member_asks_nobody_in_for_an_answer_to_no_question():
    world = mesh(3)
    _, liar, victim = world.members
    peer = liar.group.peers.get(victim.keys.public.enc)
    liar.rt.counters.values.clear()
    for _ in range(500):
        peer.send(packets.INVITE_RESPONSE, b"")
    world.wait(2000)
    assert victim.rt.counters.values["drop.group_invite_unasked"] == 500
    asked = [name for name in liar.rt.counters.values if "sync" in name]
    assert asked == []


def test_a_peer_with_many_relays_has_few():
    world = mesh(2)
    _, member = world.members
    (peer,) = world.founder.group.peers
    host = member.group.peers.get(world.founder.keys.public.enc)
    for i in range(200):
        node = Node(bytes([i]) * 32, (bytes([20, 1, 1, i]), 3389), tcp=True)
        host.send(packets.TCP_RELAYS, packets.pack_relays([node]))
    world.wait(1000)
    assert len(peer.relays) == MAX_PEER_RELAYS


def test_a_stranger_of_any_request_type_is_no_member():
    world = mesh(2)
    world.founder.talk.set_password(b"secret")
    for request_type in (INVITE, PEER_INFO):
        _, peer = stranger(world, f"liar {request_type}", world.founder, request_type)
        world.wait(500)
        assert peer.session.is_established
        for kind in (packets.BROADCAST, packets.CUSTOM, packets.PING, packets.TCP_RELAYS):
            peer.send(kind, packets.pack_message(packets.MESSAGE, 1, b"text"))
        world.wait(500)
    assert world.founder.told() == [] and world.founder.group.peers.count_confirmed() == 1


def test_questions_without_end_are_answered_once_in_three_seconds():
    world = mesh(6)
    _, liar, victim, *_ = world.members
    sent = []
    session = victim.group.peers.get(liar.keys.public.enc).session
    transmit = session.send_lossless
    peer = liar.group.peers.get(victim.keys.public.enc)
    victim.group.peers.get(liar.keys.public.enc).session = Spy(session, sent, transmit)
    for _ in range(20):
        for _ in range(50):
            peer.send(packets.SYNC_REQUEST, packets.pack_sync_request(7, b""))
        world.wait(300)
    answers = [kind for kind in sent if kind == packets.SHARED_STATE]
    assert 2 <= len(answers) <= 3
    assert len(sent) <= 3 * (4 + len(world.members))


class Spy:
    """A session that writes down the kinds of what is sent over it."""

    def __init__(self, session, sent, send_lossless):
        self._session, self._sent, self._send_lossless = session, sent, send_lossless

    def __getattr__(self, name):
        return getattr(self._session, name)

    def send_lossless(self, kind, data):
        self._sent.append(kind)
        return self._send_lossless(kind, data)


def test_names_without_end_leave_one():
    world = mesh(3)
    _, liar, victim = world.members
    for i in range(1000):
        liar.talk.set_name(b"%d " % i + bytes(100))
        if i % 100 == 0:
            world.wait(300)
    world.wait(2000)
    (peer,) = (peer for peer in victim.group.peers if peer.enc_pk == liar.keys.public.enc)
    assert peer.name.startswith(b"999 ")
    assert len(victim.group.peers) == 2


def somebody(number):
    return ExtendedKeyPair(number.to_bytes(32, "little")).public.enc


def test_tables_filled_tenfold_stay_small():
    world = mesh(2)
    group = world.founder.group
    for i in range(10 * MAX_SAVED_PEERS):
        group.peers.remember(SavedPeer(somebody(i), (b"\x14\0\1\1", 1 + i), None))
    assert len(group.peers._absent) == MAX_SAVED_PEERS and len(group.peers.saved()) == MAX_SAVED_PEERS
    discovery = Discovery(group, GroupAnnounces(rt=group.net.rt))
    for i in range(10 * MAX_TRIED):
        discovery.on_members(pack_member(Member(somebody(i), (b"\x14\0\1\1", 1 + i), [])))
    assert len(discovery._tried) == MAX_TRIED
    assert len(group.peers) <= group.state.shared.peer_limit + MAX_UNCONFIRMED


def test_members_of_a_group_in_answers_are_not_kept_from_coming_themselves():
    """Somebody near the chat id names a thousand members that do not exist."""
    world = World()
    founder = world.founder
    discovery = Discovery(founder.group, GroupAnnounces(rt=founder.rt))
    for i in range(1000):
        discovery.on_members(pack_member(Member(somebody(i), (b"\x14\0\1\1", 1 + i), [])))
    world.wait(INTRODUCTION_MS)
    joiner = world.join("joiner")
    assert world.until(lambda: joiner.sees(founder) and founder.sees(joiner), 1000)
