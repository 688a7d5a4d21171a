"""toxpy.save.savedata against saves that real clients wrote, and against damage."""

import json
import pathlib
import random
import struct
import sys

import pytest

import toxpy
from tests.support import saves as save
from tests.unit.friend.fakes import Stage
from toxpy.conference.saved import other_byte_order
from toxpy.errors import PacketError
from toxpy.save import savedata
from toxpy.wire.address import Node

VECTORS = pathlib.Path(__file__).parents[2] / "vectors"
#: recorded by us, with a .json of what the real library reads
RECORDED = sorted((VECTORS / "saves").glob("*.tox"))
BIG_ENDIAN = VECTORS / "saves" / "big_endian.tox"
CONFERENCE = VECTORS / "saves" / "conference.tox"
GROUP = VECTORS / "saves" / "group.tox"


def by_name(path):
    return path.name


def byteorder(path):
    """Of the machine that wrote it."""
    return "big" if path == BIG_ENDIAN else "little"


def sections(data, order="little"):
    """Offset, type and length of each section, the end included."""
    offset = 8
    while True:
        layout = struct.Struct("<IH" if order == "little" else ">I2xH")
        length, section_type = layout.unpack_from(data, offset)
        yield offset, section_type, length
        if section_type == save.END:
            return
        offset += 8 + length


def section(section_type, content=b"", cookie=0x01CE):
    return struct.pack("<IHH", len(content), section_type, cookie) + content


def file_of(*parts):
    return struct.pack("<II", 0, 0x15ED1B1F) + b"".join(parts)


def keys_section():
    """Section 1 of a recorded save."""
    data = (VECTORS / "saves" / "empty.tox").read_bytes()
    return data[8 : 8 + 8 + 68]


def describe(saved):
    """The same as record.describe of the real library, without what it computes itself."""
    return {
        "secret_key": saved.secret_key.hex(),
        "name": saved.name.hex(),
        "status_message": saved.status_message.hex(),
        "status": saved.status,
        "friends": [
            {
                "number": number,
                "public_key": friend.public_key.hex(),
                "name": friend.name.hex(),
                "status_message": friend.status_message.hex(),
                "last_online": friend.last_online,
            }
            for number, friend in enumerate(saved.friends)
        ],
    }


# reading what others wrote


@pytest.mark.parametrize("path", RECORDED, ids=by_name)
def test_recorded_saves_read_as_the_real_library_reads_them(path):
    expected = json.loads(path.with_suffix(".json").read_text())
    saved = save.parse(path.read_bytes())
    address = bytes.fromhex(expected.pop("address"))
    for said in ("resaved_identical", "conferences"):
        expected.pop(said, None)
    assert saved.public_key + saved.nospam == address[:36]
    assert describe(saved) == expected


def test_requests_under_way_are_read():
    saved = save.parse((VECTORS / "saves" / "friends.tox").read_bytes())
    assert [friend.status >= 3 for friend in saved.friends] == [True, True, False]
    assert saved.friends[2].request_message == "please add me, I am Alïce".encode()
    limits = save.parse((VECTORS / "saves" / "limits.tox").read_bytes())
    assert [len(friend.request_message) for friend in limits.friends] == [921, 0, 0]


@pytest.mark.parametrize("path", [CONFERENCE, GROUP, BIG_ENDIAN], ids=by_name)
def test_nodes_and_other_subsystems_are_read(path):
    saved = save.parse(path.read_bytes())
    assert (len(saved.dht_nodes), len(saved.path_nodes), len(saved.relays_raw)) == (12, 5, 39)
    assert all(node.address[0] == b"\x7f\0\0\1" for node in saved.dht_nodes + saved.path_nodes)
    assert [(node.tcp, node.address[1]) for node in saved.relays] == [(True, 43389)]
    assert b"a room" in saved.conferences_raw
    # c-toxcore leaves the section out where there are no groups
    assert (saved.groups_raw is not None) == (path == GROUP)
    assert path != GROUP or b"a password" in saved.groups_raw


# writing it back


@pytest.mark.parametrize("path", RECORDED, ids=by_name)
def test_written_back_byte_for_byte(path):
    data = path.read_bytes()
    saved = save.parse(data)
    assert save.build(saved, byteorder(path)) == data
    assert save.size(saved) == len(data)
    other = "little" if byteorder(path) == "big" else "big"
    moved = save.build(saved, other)
    assert moved != data and describe(save.parse(moved)) == describe(saved)
    assert save.build(save.parse(moved), byteorder(path)) == data


@pytest.mark.parametrize("path", RECORDED, ids=by_name)
def test_the_container_alone_keeps_every_byte(path):
    data = path.read_bytes()
    assert savedata.build(savedata.parse(data), byteorder(path)) == data


def test_into_a_buffer_it_is_the_same():
    for path in RECORDED:
        loaded = save.parse(path.read_bytes())
        loaded.friends += [save.SavedFriend(status, bytes([status]) * 32) for status in range(5)]
        loaded.friends[-4].request_message, loaded.friends[-4].nospam = b"r" * 921, b"nosp"
        loaded.friends[-1].name, loaded.friends[-1].last_online = b"n" * 128, 7
        buffer = bytearray(b"\xff" * save.size(loaded))
        savedata.build_into(memoryview(buffer), loaded.written())
        assert buffer == save.build(loaded)
        assert save.parse(bytes(buffer)).friends[-1].name == b"n" * 128


def test_a_machine_writes_its_own_byte_order():
    data = BIG_ENDIAN.read_bytes()
    assert save.build(save.parse(data)) == save.build(save.parse(data), sys.byteorder)


def test_the_numbers_of_conferences_follow_the_machine():
    """Two of them, the first with a peer; what the numbers mean stays, and so does damage."""
    (place,) = [offset for offset, kind, _ in sections(BIG_ENDIAN.read_bytes(), "big") if kind == 20]
    raw = BIG_ENDIAN.read_bytes()[place + 8 :][:176]
    little = save.parse(BIG_ENDIAN.read_bytes()).conferences_raw
    numbers = struct.Struct(">33xIHHI").unpack_from(raw)
    assert struct.Struct("<33xIHHI").unpack_from(little) == numbers
    assert numbers[0] >= 1 << 16 and numbers[2:] == (0, 1)
    # number and time of the peer behind "a room" and two keys
    assert struct.unpack_from(">HQ", raw, 46 + 6 + 64) == struct.unpack_from("<HQ", little, 46 + 6 + 64)
    for size in range(len(raw)):
        cut = other_byte_order(raw[:size], "big")
        assert len(cut) == size and other_byte_order(cut, "little") == raw[:size]


def test_unknown_sections_and_those_of_other_subsystems_stay_in_place():
    data = file_of(
        section(0xBEEF, b"first"),
        keys_section(),
        section(2, struct.pack("<I", 0x0159000D) + section(4, b"", 0x11CE)),
        section(3),
        section(4, b"name"),
        section(8, b"eight"),
        section(8, b"eight again"),
        section(5),
        section(6, b"\x01"),
        section(7, b"\x91\xc0"),
        section(10, b"not even nodes"),
        section(11),
        section(20, b"conference"),
        section(200, b""),
        section(255),
    )
    saved = save.parse(data)
    assert (saved.groups_raw, saved.relays_raw) == (b"\x91\xc0", b"not even nodes")
    assert saved.conferences_raw == b"conference"
    built = save.build(saved)
    assert save.size(saved) == len(built) and built[: len(data)] == data
    assert not any(built[len(data) :])


# what is refused


@pytest.mark.parametrize("path", RECORDED, ids=by_name)
def test_every_truncation_is_refused_except_at_a_sections_edge(path):
    """As c-toxcore does it, save that a file cut before its keys is refused too."""
    data = path.read_bytes()
    found = list(sections(data, byteorder(path)))
    edges = {offset for offset, _, _ in found}
    first_edge = min(offset for offset, section_type, _ in found if section_type != 1)
    end = max(edges) + 8
    complete = save.parse(data)
    for size in range(end):
        if size in edges and size >= first_edge:
            assert save.parse(data[:size]).secret_key == complete.secret_key
            assert save.owner(data[:size]) == complete.public_key
        else:
            for read in (save.parse, save.owner):
                with pytest.raises(PacketError):
                    read(data[:size])
    assert describe(save.parse(data[:end])) == describe(complete)


def test_a_save_without_keys_is_refused():
    for data in (file_of(), file_of(section(255)), file_of(section(4, b"name"), section(255))):
        with pytest.raises(PacketError, match="keys"):
            save.parse(data)


def test_keys_that_do_not_belong_together_are_refused():
    good = keys_section()
    for position in (8 + 4, 8 + 35, 8 + 36 + 5, 8 + 36 + 31):
        bad = bytearray(good)
        bad[position] ^= 0x08
        with pytest.raises(PacketError, match="belong"):
            save.parse(file_of(bytes(bad), section(255)))
    for content in (good[8:-1], good[8:] + b"\0", b""):
        with pytest.raises(PacketError, match="length"):
            save.parse(file_of(section(1, content), section(255)))
    with pytest.raises(PacketError, match="belong"):
        save.parse(file_of(section(1, bytes(68)), section(255)))


@pytest.mark.parametrize(
    "parts",
    [
        [section(3, bytes(2215))],
        [section(3, bytes(2217))],
        [section(4, b"x", cookie=0x01CF)],
        [section(255, b"x")],
        [b"\0" * 7],
        [b"\xff\xff\xff\xff\x04\x00\xce\x01name"],
    ],
)
def test_damaged_structure_is_refused(parts):
    with pytest.raises(PacketError):
        save.parse(file_of(keys_section(), *parts))


def test_no_error_shows_the_secret():
    content = bytearray(keys_section())
    content[12] ^= 8
    with pytest.raises(PacketError) as caught:
        save.parse(file_of(bytes(content)))
    assert content[44:76].hex() not in str(caught.value)
    assert "secret_key" not in repr(savedata.parse(file_of(keys_section())))


# what is read over


def test_what_cannot_be_used_is_left_out():
    udp = Node(b"U" * 32, (b"\1\2\3\4", 1))
    tcp = Node(b"T" * 32, (b"\1\2\3\4", 1), True)
    packed = save.pack_nodes([udp])

    def with_dht(content):
        return save.parse(file_of(keys_section(), section(2, content), section(255))).dht_nodes

    cookie = struct.pack("<I", 0x0159000D)
    assert with_dht(cookie + section(4, packed, 0x11CE)) == [udp]
    assert with_dht(cookie + section(9, b"?", 0x11CE) + section(4, packed, 0x11CE)) == [udp]
    for bad in (
        b"",
        bytes(4),
        struct.pack("<I", 0x0159000E) + section(4, packed, 0x11CE),
        cookie + section(4, packed, 0x11CF),
        cookie + section(4, packed[:-1], 0x11CE),
        cookie + section(4, packed + save.pack_nodes([tcp]), 0x11CE),
        (cookie + section(4, packed, 0x11CE))[:-1],
    ):
        assert with_dht(bad) == []
    texts = section(4, bytes(129)) + section(5, bytes(1008)) + section(6, b"\x03")
    saved = save.parse(file_of(keys_section(), texts, section(11, b"x"), section(255)))
    assert (saved.name, saved.status_message, saved.status, saved.path_nodes) == (b"", b"", 0, [])


def test_a_friends_texts_fill_their_fields():
    saved = save.parse(file_of(keys_section()))
    friend = save.SavedFriend(3, b"k" * 32)
    friend.name, friend.status_message = b"n" * 128, b"s" * 1007
    saved.friends = [friend]
    data = save.build(saved)
    (again,) = save.parse(data).friends
    assert (again.name, again.status_message) == (friend.name, friend.status_message)
    for right, wrong in ((b"\x00\x80sss", b"\x00\x81sss"), (b"\x03\xef\x00\x00", b"\x03\xf0\x00\x00")):
        assert data.count(right) == 1
        (again,) = save.parse(data.replace(right, wrong)).friends
        assert b"" in (again.name, again.status_message)


def test_what_follows_the_end_is_ignored():
    data = file_of(keys_section(), section(255))
    assert save.parse(data + b"anything at all").secret_key == save.parse(data).secret_key


def test_tables_are_capped():
    packed = save.pack_nodes([Node(b"U" * 32, (b"\1\2\3\4", 1))]) * 20_800
    content = struct.pack("<I", 0x0159000D) + section(4, packed, 0x11CE)
    saved = save.parse(file_of(keys_section(), section(2, content), section(11, packed[: 39 * 80])))
    assert (len(saved.dht_nodes), len(saved.path_nodes)) == (2080, 8)


def test_mutated_saves_are_refused_or_stay_readable():
    rng = random.Random(20)
    data = (VECTORS / "saves" / "friends.tox").read_bytes()
    refused = 0
    for _ in range(1500):
        mutated = bytearray(data)
        for _ in range(rng.randrange(1, 4)):
            mutated[rng.randrange(len(data) if rng.random() < 0.3 else 300)] = rng.randrange(256)
        try:
            saved = save.parse(bytes(mutated))
        except PacketError as error:
            refused += 1
            with pytest.raises(PacketError, match=str(error)):
                save.owner(bytes(mutated))
            continue
        assert save.owner(bytes(mutated)) == saved.public_key
        assert describe(save.parse(save.build(saved))) == describe(saved)
    assert 0 < refused < 1500


def test_a_running_instance_refuses_or_takes_any_save():
    """Tox.load: the documented error and the old state, or the new state; nothing between."""
    rng, refused = random.Random(21), 0
    original = CONFERENCE.read_bytes()
    with toxpy.Tox(udp_enabled=False, local_discovery_enabled=False) as tox:
        for turn in range(150):
            data = bytearray(original)
            for _ in range(rng.randrange(1, 4)):
                data[rng.randrange(len(data) if turn % 2 else 120)] = rng.randrange(256)
            if turn % 3 == 0:
                data = data[: rng.randrange(len(data))]
            before = tox.self_get_address(), tox.self_get_friend_list()
            try:
                tox.load(bytes(data))
            except toxpy.ToxError as error:
                refused += 1
                assert error.name == "TOX_ERR_NEW_LOAD_BAD_FORMAT"
                assert (tox.self_get_address(), tox.self_get_friend_list()) == before
            else:
                assert tox.self_get_public_key().raw == save.parse(bytes(data)).public_key
    assert 20 < refused < 130


# into a messenger and out again


@pytest.mark.parametrize("path", RECORDED, ids=by_name)
def test_restore_and_collect(path):
    saved = save.parse(path.read_bytes())
    stage = Stage()
    stage.identity.public, stage.identity.secret = saved.public_key, saved.secret_key
    save.restore(saved, stage.messenger)
    assert [friend.number for friend in stage.messenger.friends()] == list(range(len(saved.friends)))
    again = save.collect(stage.messenger)
    again.dht_nodes, again.path_nodes = saved.dht_nodes, saved.path_nodes
    again.conferences_raw, again.relays_raw = saved.conferences_raw, saved.relays_raw
    again.groups_raw = saved.groups_raw
    # a request that was sent in the last run is to be sent again in this one: c-toxcore's status 2 becomes 1
    for friend in saved.friends:
        friend.status = 1 if friend.status == 2 else friend.status
    assert save.build(again) == save.build(saved)


def test_friends_that_cannot_be_added_are_left_out():
    stage = Stage()
    saved = save.State(b"\1\2\3\4", stage.identity.public, stage.identity.secret)
    good = stage.key()
    keys = [good, good, stage.identity.public, good[:31] + b"\xff"]
    saved.friends = [save.SavedFriend(3, key) for key in keys]
    asking = save.SavedFriend(1, stage.key())
    mute = save.SavedFriend(2, stage.key())
    asking.request_message, asking.nospam = b"hi", b"\4\3\2\1"
    saved.friends += [mute, asking]
    save.restore(saved, stage.messenger)
    assert [friend.real_pk for friend in stage.messenger.friends()] == [good, asking.public_key]
    assert stage.dropped("saved_friend") == 4
    stage.onion.reachable = 1
    stage.run(1_000)
    assert stage.onion.sent == [b"\x20\4\3\2\1hi"]
    assert stage.requests.nospam == b"\1\2\3\4"


def test_a_request_too_long_to_be_received_loses_no_friend():
    """c-toxcore took up to 1016 bytes before 0.2.21, and drops such friends of a save since."""
    stage = Stage()
    saved = save.State(b"\1\2\3\4", stage.identity.public, stage.identity.secret)
    for size in (1016, 1017):
        saved.friends.append(save.SavedFriend(1, stage.key()))
        saved.friends[-1].request_message = b"r" * size
    save.restore(saved, stage.messenger)
    assert [friend.real_pk for friend in stage.messenger.friends()] == [saved.friends[0].public_key]
    stage.onion.reachable = 1
    stage.run(1_000)
    assert stage.onion.sent == [b"\x20" + bytes(4) + b"r" * 921]
    (again,) = save.collect(stage.messenger).friends
    assert again.request_message == b"r" * 1016


def test_an_online_friend_is_saved_as_seen_now():
    stage = Stage()
    friend, _ = stage.online_friend()
    friend.connection.on_lossless(b"\x30bob")
    saved = save.collect(stage.messenger)
    again = save.parse(save.build(saved))
    assert [(f.status, f.name, f.last_online) for f in again.friends] == [(3, b"bob", stage.clock.unix_s())]
