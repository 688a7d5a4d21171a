"""Groups in a save: byte for byte c-toxcore's, and what is damaged costs only itself."""

import pytest

from tests.unit.group.members import Group, Member, pair
from tests.unit.group.vectors import saves
from toxpy.group import packets
from toxpy.group.moderation import FOUNDER, MODERATOR, USER
from toxpy.group.saved import (
    MAX_DAMAGED,
    MAX_SAVED_PEERS,
    SavedGroup,
    SavedPeer,
    _pack_peer,
    _read_peers,
    read_groups,
    write_groups,
)
from toxpy.group.state import GroupState
from toxpy.group.topic import sign_topic
from toxpy.runtime import Counters, Runtime
from toxpy.wire.address import Node
from toxpy.wire.msgpack import pack, unpack

SAVES = {name: bytes.fromhex(entry["section7_hex"]) for name, entry in saves().items()}
HOME, HOME6 = (bytes([30, 1, 2, 3]), 33445), (b"\x20\x01" + bytes(14), 33445)
RELAY = Node(b"\x09" * 32, (bytes([40, 1, 2, 3]), 443), tcp=True)
RELAY6 = Node(b"\x08" * 32, (b"\x20\x02" + bytes(14), 443), tcp=True)


def as_we_write(name):
    """The save of a real client; in one of them a key that begins like a relay does not come last."""
    first, second = (_pack_peer(peer) for peer in read_one(SAVES[name]).peers)
    return SAVES[name].replace(first + second, second + first) if name == "founder" else SAVES[name]


def read_one(section):
    counters = Counters()
    (group,) = read_groups(section, counters)
    assert not counters.values
    return group


def restored(group, others=()):
    """The state of a saved group, with these keys and its own online."""
    keys = [group.keys.public, *others]
    return group.restore(lambda: keys, rt=Runtime())


@pytest.mark.parametrize("name", SAVES)
def test_saves_of_real_clients(name):
    group = read_one(SAVES[name])
    (decoded,) = saves()[name]["decoded"]
    values, texts = decoded["state_values"], decoded["state_bin"]
    shared = group.shared
    assert group.disconnected is values["manually_disconnected"]
    assert (shared.version, shared.privacy, shared.peer_limit) == (
        values["version"],
        values["privacy_state"],
        values["maxpeers"],
    )
    assert (shared.name.hex(), shared.password.hex()) == (texts["group_name"], texts["password"])
    assert (group.name.hex(), group.role, group.status) == tuple(
        decoded["self_info"][key] for key in ("nick", "role", "status")
    )
    assert group.topic.text.hex() == decoded["topic"]["topic"]
    assert b"".join(group.moderators).hex() == decoded["mod_list"]["keys"]
    assert [peer.address[0] for peer in group.peers] == [bytes([127, 0, 0, 1])] * 2
    assert write_groups([group]) == as_we_write(name)


@pytest.mark.parametrize("name", SAVES)
def test_states_of_real_clients(name):
    """Restored and collected again: the same bytes."""
    group = read_one(SAVES[name])
    state = restored(group)
    assert state.is_synced and state.topics.topic is group.topic
    assert state.moderators.sig_pks == group.moderators
    assert state.is_founder == name.startswith("founder")
    again = SavedGroup(state)
    assert again.role == group.role
    again.role, again.name, again.status, again.peers = group.role, group.name, group.status, group.peers
    assert write_groups([again]) == as_we_write(name)


def test_several_groups_in_one_save():
    sections = list(SAVES.values())
    groups = [read_one(section) for section in sections] * 5
    section = write_groups(groups)
    assert section[:3] == b"\xdc\x00\x14"
    counters = Counters()
    assert write_groups(read_groups(section, counters)) == section and not counters.values
    assert read_groups(b"", counters) == read_groups(b"\x90", counters) == []


def test_a_damaged_group_costs_only_itself():
    """In c-toxcore all groups behind it are lost."""
    good = read_one(SAVES["moderator"])
    section = write_groups([good, read_one(SAVES["founder_0_2_20"])])
    first, last = SAVES["moderator"][1:], SAVES["founder_0_2_20"][1:]
    assert section == b"\x92" + first + last
    for place in range(len(first)):
        for change in (1 << place % 8, 0xFF):
            damaged = first[:place] + bytes((first[place] ^ change,)) + first[place + 1 :]
            groups = read_groups(b"\x92" + damaged + last, Counters())
            assert write_groups(groups[-1:])[1:] == last and len(groups) <= 2
            for group in groups:
                restored(group)


def test_a_cut_save():
    section = write_groups([read_one(SAVES["moderator"]), read_one(SAVES["founder_0_2_20"])])
    whole = len(SAVES["moderator"])
    for size in range(len(section)):
        assert len(read_groups(section[:size], Counters())) == (size >= whole)
    # what is behind the groups does no harm
    assert len(read_groups(section + b"\x97\x98" * 20, Counters())) == 2


def test_a_save_full_of_false_beginnings_is_read_quickly(monkeypatch):
    """Each begins an array that is as long as the rest."""
    values = []

    def unpack_value(data, offset=0, depth=0):
        values.append(offset)
        return unpack(data, offset, depth)

    monkeypatch.setattr("toxpy.wire.msgpack.unpack", unpack_value)
    monkeypatch.setattr("toxpy.group.saved.unpack", unpack_value)
    for beginning in (b"\xc4\x05\x97\x98\xdc\x10\x00", b"\x97\x98", b"\xc4\x04\x97\x98\x9f\x9f"):
        values.clear()
        counters = Counters()
        assert read_groups(beginning * 20_000, counters) == []
        assert counters.values["drop.saved_group"] == MAX_DAMAGED and len(values) < 100 * MAX_DAMAGED


def test_damage_is_counted():
    counters = Counters()
    assert read_groups(SAVES["moderator"][:-1], counters) == []
    assert counters.values["drop.saved_group"] >= 1


def changed(name, path, value):
    """A save with one value replaced."""
    groups, _ = unpack(SAVES[name])
    target = groups[0]
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return pack(groups)


@pytest.mark.parametrize(
    "path, value",
    [
        ((0, 0), 0),
        ((0, 1), 7),
        ((0, 3), 70_000),
        ((0, 5), 2**32),
        ((0, 5), True),
        ((1, 2), b""),
        ((1, 0), b"short"),
        ((1, 4), None),
        ((2,), None),
        ((2, 3), b"other length"),
        ((3, 0), 101),
        ((3, 0), 2),
        ((4, 0), bytes(64)),
        ((4, 1), b"\1" * 96),
        ((4, 2), bytes(64)),
        ((4, 3), bytes(96)),
        ((5, 0), 0),
        ((5, 1), 4),
        ((5, 2), 3),
        ((5, 3), b"n" * 129),
        ((6,), []),
        ((6, 1), None),
    ],
)
def test_values_that_cannot_be(path, value):
    counters = Counters()
    assert read_groups(changed("moderator", path, value), counters) == []
    assert counters.values["drop.saved_group"] == 1


def test_texts_that_are_too_long():
    for lengths, texts, size in ((0, 1), (1, 2), 49), ((0, 4), (1, 3), 33):
        groups, _ = unpack(changed("moderator", lengths, size))
        groups[0][texts[0]][texts[1]] = b"x" * size
        assert read_groups(pack(groups), Counters()) == []


# what is not signed as it should be


def test_a_topic_that_was_changed_is_none():
    for path, value in ((2, 2), 1), ((2, 5), bytes(64)), ((2, 3), b"A topic"):
        state = restored(read_one(changed("moderator", path, value)))
        assert state.topics.topic.text == b"" and state.topics.topic.version == 0
        assert state.is_synced


def test_a_state_that_was_changed_is_asked_for_again():
    state = restored(read_one(changed("moderator", (0, 3), 5)))
    assert not state.is_synced and state.sync(packets.SYNC_STATE) == []
    # the password is kept: without it nobody would let us in
    assert state.shared.password == b"pw"


def test_moderators_that_were_changed_are_asked_for_again():
    state = restored(read_one(changed("moderator", (3, 1), bytes(32))))
    assert state.moderators.sig_pks == [] and state.is_synced and state.own_role == USER


def test_a_founder_signs_again_what_does_not_fit():
    for path, value in ((0, 3), 5), ((3, 1), bytes(32)), ((1, 0), bytes(64)):
        group = read_one(changed("founder", path, value))
        version = group.shared.version
        state = restored(group)
        assert state.is_synced and state.shared.version == version + 1 and state.own_role == FOUNDER
        assert state.moderators.hash() == state.shared.moderators_hash
        other = GroupState(state.chat, pair(3), list, rt=Runtime())
        for kind, data in state.sync(packets.SYNC_STATE):
            call = {packets.SHARED_STATE: other.on_shared_state, packets.MODERATORS: other.on_moderators}
            call[kind](data)
        assert other.is_synced and other.moderators.sig_pks == state.moderators.sig_pks


def test_a_password_that_was_longer():
    """c-toxcore leaves the rest of it behind the new one, signs it, and does not save it."""
    group = Group(2)
    founder, member = group.members
    shared = founder.state.shared.copy()
    shared.version, shared.password = 2, b"pw"
    packed = shared.pack().replace(b"pw" + bytes(30), b"pw" + b"rest" + bytes(26))
    member.state.on_shared_state(group.chat_keys.sign(packed) + packed)
    saved = SavedGroup(member.state)
    saved.name = b"Bob"
    state = restored(read_one(write_groups([saved])))
    assert not state.is_synced and state.shared.password == b"pw"
    # and nothing is told anew when the state comes
    assert state.on_shared_state(group.chat_keys.sign(packed) + packed).settings == []
    assert state.is_synced


# what c-toxcore does not save


def test_a_group_that_was_never_synced():
    """c-toxcore forgets it at once, and with it the way back to a private group."""
    group = Group(1)
    member = Member(group, pair(7))
    member.state.shared.password = b"pw"
    saved = SavedGroup(member.state)
    saved.name, saved.peers = b"Bob", [SavedPeer(b"\x05" * 32, HOME, RELAY)]
    again = read_one(write_groups([saved]))
    assert (again.shared.version, again.shared.name, again.shared.password) == (0, b"", b"pw")
    assert again.peers[0].relay == RELAY
    state = restored(again)
    assert not state.is_synced and state.own_role == USER
    for kind, data in group.members[0].state.sync(packets.SYNC_STATE):
        if kind == packets.SHARED_STATE:
            state.on_shared_state(data)
    assert state.is_synced and state.role(group.members[0].key) == FOUNDER


def test_everything_again():
    group = Group(3)
    founder, bob, _ = group.members
    group.send(founder, founder.changes.set_role(bob.key, MODERATOR))
    founder.changes.set_password(b"p" * 32, connected=True)
    founder.state.topics.replace(sign_topic(founder.keys, 9, b"t" * 512))
    for member in founder, bob:
        saved = SavedGroup(member.state)
        saved.name, saved.disconnected, saved.status = b"n" * 128, True, 2
        saved.peers = [SavedPeer(bytes((n,)) * 32, HOME, None) for n in range(120)]
        section = write_groups([saved])
        again = read_one(section)
        assert len(again.peers) == MAX_SAVED_PEERS and again.disconnected
        assert write_groups([again]) == section
        state = restored(again)
        assert state.own_role == member.state.own_role and state.signed == member.state.signed


# peers


ANY_PEERS = [
    SavedPeer(b"\x05" * 32, HOME, None),
    SavedPeer(b"\x06" * 32, None, RELAY),
    SavedPeer(b"\x07" * 32, HOME6, RELAY6),
    SavedPeer(b"\x04" * 32, HOME, RELAY6),
    SavedPeer(b"\x03" * 32, None, RELAY6),
]


def places(peers):
    return [(peer.enc_pk, peer.address, peer.relay) for peer in peers]


def test_peers_of_every_kind():
    packed = b"".join(map(_pack_peer, ANY_PEERS))
    assert places(_read_peers(packed)) == places(ANY_PEERS)
    for size in range(len(packed)):
        read = places(_read_peers(packed[:size]))
        assert read[:-1] == places(ANY_PEERS)[: len(read) - 1] if read else size < 39
    assert _pack_peer(SavedPeer(b"\x05" * 32, None, None)) == b""


@pytest.mark.parametrize("first", [130, 138])
def test_a_key_that_begins_like_a_relay(first):
    """c-toxcore reads one, and then nothing more."""
    peers = [SavedPeer(bytes((first,)) + b"\x05" * 31, HOME, None), *ANY_PEERS[2:]]
    assert places(_read_peers(b"".join(map(_pack_peer, peers)))) == places(peers)
    last = [*ANY_PEERS, peers[0]]
    assert places(_read_peers(b"".join(map(_pack_peer, last)))) == places(last)


@pytest.mark.parametrize("first", [2, 10, 130, 138])
def test_a_key_that_begins_like_a_node_is_written_last(first):
    """So that c-toxcore, which takes it for a node, reads the others as they are."""
    group = read_groups(next(iter(SAVES.values())), Counters())[0]
    peers = [SavedPeer(bytes((first,)) + b"\x05" * 31, HOME, None), *ANY_PEERS]
    group.peers = peers
    assert places(read_one(write_groups([group])).peers) == places([*peers[1:], peers[0]])


@pytest.mark.parametrize("filler", [0, 2, 10, 130, 138, 255])
def test_peers_that_are_none(filler):
    packed = b"".join(map(_pack_peer, ANY_PEERS[:2]))
    read = _read_peers(packed + bytes((filler,)) * 9000)
    assert len(read) <= MAX_SAVED_PEERS
    assert places(read[:1]) == places(ANY_PEERS[:1])
