"""The signed state of a group: who is believed what, what programs are told, and that members agree."""

import pytest

from tests.unit.group.members import ALL_FLAGS, PRIVATE, Group, Member, pair
from tests.unit.group.vectors import CHAT_ID, KEYS, PACKETS, data_of
from toxpy.crypto import sodium
from toxpy.errors import PacketError, ToxError
from toxpy.generated import enums
from toxpy.group import packets
from toxpy.group.keys import ExtendedPublicKey, chat_public_key
from toxpy.group.moderation import FOUNDER, MODERATOR, OBSERVER, USER
from toxpy.group.shared_state import (
    PASSWORD,
    PEER_LIMIT,
    PRIVACY,
    TOPIC_LOCK,
    VOICE,
    SharedState,
    unpack_shared_state,
)
from toxpy.group.state import GroupState
from toxpy.runtime import Runtime

LOCK, NO_LOCK = enums.TOX_GROUP_TOPIC_LOCK_ENABLED, enums.TOX_GROUP_TOPIC_LOCK_DISABLED
A, B, C = (KEYS[name].public for name in "ABC")


def real_member(name="C", peers="ABC"):
    """A member of the group of the recorded packets."""
    keys = [KEYS[peer].public for peer in peers]
    return GroupState(chat_public_key(CHAT_ID), KEYS[name], lambda: keys, rt=Runtime())


def synced_member():
    """One that took what A sent to B on joining."""
    state = real_member()
    assert state.on_shared_state(data_of("SHARED_STATE")).settings == []
    state.on_moderators(data_of("MOD_LIST"))
    state.on_sanctions(A, data_of("SANCTIONS_LIST"))
    state.on_topic(A, data_of("TOPIC"))
    return state


def drops(state):
    return sum(n for name, n in state._rt.counters.values.items() if name.startswith("drop."))


# real packets


def test_the_state_of_a_real_group():
    state = synced_member()
    assert drops(state) == 0 and state.is_synced
    shared = state.shared
    assert (shared.version, shared.name, shared.peer_limit) == (1, b"Captured", 100)
    assert (shared.privacy, shared.password, shared.voice, shared.topic_is_locked) == (0, b"", 0, True)
    assert shared.founder == A and shared.pack() == data_of("SHARED_STATE")[64:]
    topic = state.topics.topic
    assert (topic.version, topic.text, topic.setter) == (2, b"a topic", A.sig)
    assert [state.role(peer) for peer in (A, B, C)] == [FOUNDER, USER, USER]
    assert state.sanctions.version == 1 and state.sanctions.entries == []


def test_what_a_real_member_sends_on_is_what_it_got():
    state = synced_member()
    state.connected_ms = 0
    assert state.sync(ALL_FLAGS) == [
        (packets.SHARED_STATE, data_of("SHARED_STATE")),
        (packets.MODERATORS, data_of("MOD_LIST")),
        (packets.SANCTIONS, data_of("SANCTIONS_LIST")),
        (packets.TOPIC, data_of("TOPIC")),
    ]


def test_the_ping_of_a_real_member():
    state = synced_member()
    assert packets.pack_ping(state.ping()) == data_of("PING")
    assert state.missing(packets.unpack_ping(data_of("PING"))) == 0


def test_moderation_by_real_peers():
    """A makes B a moderator: the state that came before was not recorded, so its hash is made up here."""
    state = synced_member()
    body = data_of("BROADCAST_07")[1:]
    assert state.on_set_moderator(A, body).needs_state and state.role(B) == USER
    state.shared.moderators_hash = sodium.sha256(B.sig)
    state.on_set_moderator(B, body)
    assert state.role(B) == USER, "only the founder appoints"
    (change,) = state.on_set_moderator(A, body).roles
    assert (change.source, change.target, change.role) == (A, B, MODERATOR)
    # B makes C an observer
    body = data_of("BROADCAST_08")[1:]
    state.on_set_observer(C, body)
    assert state.role(C) == USER
    (change,) = state.on_set_observer(B, body).roles
    assert (change.source, change.target, change.role) == (B, C, OBSERVER)
    assert state.sanctions.version == 2
    again = state.on_set_observer(B, body)
    assert not again.roles and not again.needs_state
    assert state.sanctions.pack()[2:] == packets.unpack_set_observer(body)[3]


def flipped(data):
    """Each byte changed, one at a time, and each bit of the first."""
    for place in range(len(data)):
        yield data[:place] + bytes((data[place] ^ (1 << place % 8),)) + data[place + 1 :]
    for bit in range(8):
        yield bytes((data[0] ^ (1 << bit),)) + data[1:]


def hostile(data):
    """Every length, longer ones too, and every byte flipped."""
    yield from (data[:size] for size in range(len(data)))
    yield from (data + bytes(size) for size in (1, 8, 137, 1000))
    yield from flipped(data)


def snapshot(state):
    """Everything that packets could change."""
    lists = list(state.moderators.sig_pks), state.sanctions.pack()
    return state.shared.pack(), state.signed, lists, state.topics.topic.pack()


@pytest.mark.parametrize(
    "name, call",
    [
        ("SHARED_STATE", lambda state, data: state.on_shared_state(data)),
        ("MOD_LIST", lambda state, data: state.on_moderators(data)),
        ("SANCTIONS_LIST", lambda state, data: state.on_sanctions(B, data)),
        ("TOPIC", lambda state, data: state.on_topic(A, data)),
    ],
)
@pytest.mark.parametrize("synced", [True, False])
def test_damaged_packets_change_nothing(name, call, synced):
    state = synced_member() if synced else real_member()
    before = snapshot(state)
    for data in hostile(data_of(name)):
        if name == "SHARED_STATE" and data.startswith(data_of(name)):
            continue  # what is behind the state is read over
        result = call(state, data)
        assert not result.settings and not result.roles and not result.topic and not result.send
        assert snapshot(state) == before


@pytest.mark.parametrize("name", ["BROADCAST_07", "BROADCAST_08"])
def test_damaged_moderation_changes_nothing(name):
    state = synced_member()
    state.shared.moderators_hash = sodium.sha256(B.sig)
    if name == "BROADCAST_08":
        state.on_set_moderator(A, data_of("BROADCAST_07")[1:])
    call = state.on_set_moderator if name == "BROADCAST_07" else state.on_set_observer
    sender = A if name == "BROADCAST_07" else B
    before = snapshot(state)
    body = data_of(name)[1:]
    for data in hostile(body):
        if data.startswith(body) or (data[:1] > b"\0" and data[1:] == body[1:]):
            continue  # more behind it, or another number that means yes
        if name == "BROADCAST_08" and data[:33] == body[:33] and data[65:] == body[65:]:
            continue  # the signature key of the target is not looked at
        assert not call(sender, data).roles
        assert snapshot(state) == before
    assert call(sender, body).roles


def test_signatures_are_checked_last(monkeypatch):
    """A flood of packets that are wrong in some simpler way costs no curve operation."""
    state = synced_member()
    checked = []
    for module in "state", "topic", "sanctions":
        monkeypatch.setattr(f"toxpy.group.{module}.verify", lambda *_: checked.append(1))
    good = data_of("SHARED_STATE")
    for data in good, good[:100], good[:64] + bytes(192), good[:64] + bytes(4) + good[68:]:
        state.on_shared_state(data)
    topic = data_of("TOPIC")
    for data in topic, topic[:-1], topic + b"x", topic[:64] + bytes(4) + topic[68:], topic[:-1] + b"x":
        state.on_topic(B, data)
    sanctions = data_of("SANCTIONS_LIST")
    for data in sanctions, sanctions[:-1], sanctions[:-66] + b"x" * 2 + sanctions[-64:], bytes(136):
        state.on_sanctions(B, data)
    assert not checked


# the shared state


def test_limits_of_the_shared_state():
    def packed(**values):
        state = SharedState(b"Name")
        state.version = 1
        for name, value in values.items():
            setattr(state, name, value)
        return state.pack()

    assert unpack_shared_state(packed(name=b"n" * 48, password=b"p" * 32, peer_limit=1)).name == b"n" * 48
    # unknown values of the future count as the weakest known one, as in c-toxcore
    future = unpack_shared_state(packed(privacy=2, voice=3))
    assert (future.privacy, future.voice) == (0, 0)
    no_name, no_room = packed(name=b""), packed(peer_limit=0)
    long_name = no_name[:70] + b"\x00\x31" + no_name[72:]
    long_password = packed()[:121] + b"\x00\x21" + packed()[123:]
    for wrong in no_name, no_room, long_name, long_password, packed()[:-1], b"":
        with pytest.raises(PacketError):
            unpack_shared_state(wrong)


def test_settings_are_told_in_the_order_of_c_toxcore():
    group = Group(2)
    founder, member = group.members
    shared = founder.state.shared.copy()
    shared.peer_limit, shared.privacy, shared.password, shared.topic_lock, shared.voice = 3, 1, b"pw", 1, 2
    group.send(founder, founder.changes._sign(shared))
    assert member.told == [PEER_LIMIT, PRIVACY, PASSWORD, TOPIC_LOCK, VOICE]


def test_a_joiner_is_told_what_differs_from_the_defaults():
    group = Group(1, privacy=PRIVATE)
    founder = group.members[0]
    founder.changes.set_password(b"pw", connected=True)
    assert group.join(password=b"pw").told == [PRIVACY]
    assert group.join(password=b"").told == [PRIVACY, PASSWORD]


def test_an_older_state_does_not_come_back():
    group = Group(2)
    founder, member = group.members
    ((_, old),) = founder.changes.set_voice_state(1, connected=True)
    group.send(founder, founder.changes.set_voice_state(2, connected=True))
    assert member.told == [VOICE] and not member.state.on_shared_state(old).is_forged
    assert member.state.shared.voice == 2


def test_a_forged_state():
    group = Group(2)
    _, member = group.members
    stranger = Member(group, pair(50), pair(51))
    stranger.changes.found(b"Evil", 0)
    shared = stranger.state.shared.copy()
    shared.version = 2**32 - 2
    ((_, forged),) = stranger.changes._sign(shared)
    before = snapshot(member.state)
    for data in forged, forged[:-1], b"":
        result = member.state.on_shared_state(data)
        assert result.is_forged and result.needs_state
    assert snapshot(member.state) == before


def test_bytes_that_the_founder_signed_and_we_do_not_read_are_handed_on():
    """c-toxcore leaves the rest of a longer password behind a shorter one, and signs it."""
    group = Group(2)
    founder, member = group.members
    shared = founder.state.shared.copy()
    shared.version += 1
    shared.password = b"pw"
    packed = shared.pack().replace(b"pw" + bytes(30), b"pw" + b"rest" + bytes(26))
    signed = group.chat_keys.sign(packed) + packed
    assert member.state.on_shared_state(signed).settings == [PASSWORD]
    assert member.state.shared.password == b"pw"
    assert member.state.sync(packets.SYNC_STATE)[0] == (packets.SHARED_STATE, signed)
    assert member.state.accepts_password(b"pw") and not member.state.accepts_password(b"pwrest")
    assert not member.state.accepts_password(b"") and founder.state.accepts_password(b"anything")


@pytest.mark.parametrize(
    "change",
    [
        lambda changes: changes.set_password(b"secret", connected=True),
        lambda changes: changes.set_peer_limit(7, connected=True),
        lambda changes: changes.set_privacy_state(PRIVATE, connected=True),
        lambda changes: changes.set_voice_state(2, connected=True),
        lambda changes: changes.set_topic_lock(NO_LOCK, connected=True),
    ],
)
def test_settings_of_the_founder_reach_members(change):
    group = Group(2)
    founder, member = group.members
    group.send(founder, change(founder.changes))
    assert snapshot(member.state) == snapshot(founder.state)
    assert len(member.told) == 1 and member.state.shared.version == 2
    with pytest.raises(ToxError) as failure:
        change(member.changes)
    assert failure.value.name.endswith("_PERMISSIONS")


def test_the_same_setting_again_changes_nothing():
    founder = Group(1).members[0]
    changes = founder.changes
    for sent in (
        changes.set_peer_limit(100, connected=True),
        changes.set_privacy_state(0, connected=True),
        changes.set_voice_state(0, connected=True),
        changes.set_topic_lock(LOCK, connected=True),
    ):
        assert sent == []
    assert founder.state.shared.version == 1


P = "TOX_ERR_GROUP_"


@pytest.mark.parametrize(
    "error, call",
    [
        (P + "SET_PASSWORD_DISCONNECTED", lambda c: c.set_password(b"p" * 33, connected=False)),
        (P + "SET_PASSWORD_TOO_LONG", lambda c: c.set_password(b"p" * 33, connected=True)),
        (P + "SET_PEER_LIMIT_DISCONNECTED", lambda c: c.set_peer_limit(0, connected=False)),
        (P + "SET_PEER_LIMIT_FAIL_SET", lambda c: c.set_peer_limit(0, connected=True)),
        (P + "SET_PRIVACY_STATE_DISCONNECTED", lambda c: c.set_privacy_state(2, connected=False)),
        (P + "SET_PRIVACY_STATE_FAIL_SET", lambda c: c.set_privacy_state(2, connected=True)),
        (P + "SET_VOICE_STATE_DISCONNECTED", lambda c: c.set_voice_state(3, connected=False)),
        (P + "SET_VOICE_STATE_FAIL_SET", lambda c: c.set_voice_state(3, connected=True)),
        (P + "SET_TOPIC_LOCK_INVALID", lambda c: c.set_topic_lock(2, connected=False)),
        (P + "SET_TOPIC_LOCK_DISCONNECTED", lambda c: c.set_topic_lock(NO_LOCK, connected=False)),
        (P + "TOPIC_SET_DISCONNECTED", lambda c: c.set_topic(b"t" * 513, connected=False)),
        (P + "TOPIC_SET_TOO_LONG", lambda c: c.set_topic(b"t" * 513, connected=True)),
        (P + "SET_ROLE_ASSIGNMENT", lambda c: c.set_role(c._state.keys.public, FOUNDER)),
        (P + "SET_ROLE_SELF", lambda c: c.set_role(c._state.keys.public, USER)),
        (P + "KICK_PEER_SELF", lambda c: c.kick(c._state.keys.public)),
    ],
)
def test_errors_of_the_founder_change_nothing(error, call):
    founder = Group(2).members[0]
    before = snapshot(founder.state)
    with pytest.raises(ToxError) as failure:
        call(founder.changes)
    assert failure.value.name == error and failure.value.code == getattr(enums, error)
    assert snapshot(founder.state) == before


# pings


def test_what_a_ping_lets_one_ask_for():
    group = Group(3)
    founder, member, other = group.members
    assert member.missing(founder) == member.missing(other) == 0
    founder.changes.set_voice_state(1, connected=True)
    assert member.missing(founder) == packets.SYNC_STATE and founder.missing(member) == 0
    member.ask(founder)
    founder.changes.set_topic(b"new", connected=True)
    assert member.missing(founder) == packets.SYNC_TOPIC and founder.missing(member) == 0
    member.ask(founder)
    founder.changes.set_role(other.key, OBSERVER)
    assert member.missing(founder) == packets.SYNC_STATE and founder.missing(member) == 0
    member.ask(founder)
    assert member.missing(founder) == 0


def test_a_ping_of_more_or_other_peers():
    group = Group(2)
    founder, member = group.members
    ping = founder.state.ping()
    stranger = pair(60).public
    ping.peers_checksum = (ping.peers_checksum + stranger.checksum) & 0xFFFF
    ping.peer_count += 1
    assert member.state.missing(ping) == packets.SYNC_PEERS
    ping.peer_count -= 2
    assert member.state.missing(ping) == 0
    # one that is not synced knows nothing better
    ping = founder.state.ping()
    ping.state_version, ping.roles_checksum = 0, ping.roles_checksum ^ 1
    assert member.state.missing(ping) == 0


def test_an_unsynced_member_has_nothing_to_give():
    state = real_member()
    assert state.sync(ALL_FLAGS) == [] and not state.is_synced
    assert state.own_role == USER


# who agrees with whom


def test_two_founders_of_one_key_do_not_break_members():
    """The same save started twice."""
    group = Group(2)
    founder, member = group.members
    twin = Member(group, founder.keys, group.chat_keys)
    twin.state.shared, twin.state.signed = founder.state.shared, founder.state.signed
    group.send(founder, founder.changes.set_voice_state(1, connected=True))
    ((kind, data),) = twin.changes.set_voice_state(2, connected=True)
    assert member.receive(founder, kind, data).settings == [VOICE]
    assert member.state.shared.version == 2 and member.state.is_synced


def test_a_founder_with_an_old_save_learns_from_members():
    group = Group(3)
    founder, member, other = group.members
    old = Member(group, founder.keys, group.chat_keys)
    old.state.shared, old.state.signed = founder.state.shared, founder.state.signed
    group.send(founder, founder.changes.set_role(other.key, MODERATOR))
    group.members[0] = old
    assert old.missing(member) & packets.SYNC_STATE
    old.ask(member)
    assert old.state.shared.version == 2 and old.role(other) == MODERATOR
    group.send(old, old.changes.set_voice_state(1, connected=True))
    assert member.state.shared.voice == 1 and member.role(other) == MODERATOR


@pytest.mark.parametrize("name", [n for n, p in PACKETS.items() if p.wire[0] == 0x5B])
def test_any_packet_in_any_place(name):
    """Whatever the data of one kind is, the functions for other kinds drop it."""
    state = synced_member()
    before = snapshot(state)
    data = data_of(name)
    peer = ExtendedPublicKey(B.enc, B.sig)
    for result in (
        state.on_shared_state(data),
        state.on_moderators(data),
        state.on_sanctions(peer, data),
        state.on_topic(peer, data),
        state.on_set_moderator(peer, data),
        state.on_set_observer(peer, data),
    ):
        assert not result.settings and not result.roles and not result.topic
    assert snapshot(state) == before
