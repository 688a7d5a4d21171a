"""toxpy.save against saves that real clients wrote, and against damage."""

import json
import pathlib
import random
import struct

import pytest

from tests.unit.friend.fakes import Stage
from toxpy import save
from toxpy.errors import PacketError
from toxpy.wire.address import Node

VECTORS = pathlib.Path(__file__).parent.parent / "vectors"
#: recorded by us, with a .json of what the real library reads
RECORDED = sorted((VECTORS / "saves").glob("*.tox"))
#: from other clients, with .txt files of what Debian's library and c-toxcore 0.2.23 read
FOREIGN = [VECTORS / name for name in ("david.tox", "save.tox.little", "save.tox.v0.2.18")]
ALL = [*RECORDED, *FOREIGN]


def by_name(path):
    return path.name


def sections(data):
    """Offset, type and length of each section, the end included."""
    offset = 8
    while True:
        length, section_type = struct.unpack_from("<IH", data, offset)
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
    del expected["resaved_identical"]
    assert saved.public_key + saved.nospam == address[:36]
    assert describe(saved) == expected


@pytest.mark.parametrize("path", FOREIGN, ids=by_name)
def test_foreign_saves_read_as_the_real_library_reads_them(path):
    lines = path.with_name(path.name + ".debian0218.txt").read_text().splitlines()
    facts = ("address", "secret", "name", "status_")
    said = dict(line.split("=", 1) for line in lines if line.startswith(facts))
    keys = [line.rsplit("pk=", 1)[1].lower() for line in lines if "pk=" in line]
    saved = save.parse(path.read_bytes())
    assert (saved.public_key + saved.nospam).hex().upper() == said["address"][:72]
    assert saved.secret_key.hex().upper() == said["secret"]
    assert saved.name.hex().upper() == said["name"]
    assert saved.status_message.hex().upper() == said["status_message"]
    assert [friend.public_key.hex() for friend in saved.friends] == keys


def test_requests_under_way_are_read():
    saved = save.parse((VECTORS / "saves" / "friends.tox").read_bytes())
    assert [friend.status >= 3 for friend in saved.friends] == [True, True, False]
    assert saved.friends[2].request_message == "please add me, I am Alïce".encode()
    limits = save.parse((VECTORS / "saves" / "limits.tox").read_bytes())
    assert [len(friend.request_message) for friend in limits.friends] == [921, 0, 0]


def test_nodes_are_read():
    saved = save.parse((VECTORS / "david.tox").read_bytes())
    assert len(saved.dht_nodes) == 25
    assert len(saved.path_nodes) == 8
    assert len(saved.relays_raw) == 39


# writing it back


@pytest.mark.parametrize("path", [p for p in ALL if p.name != "save.tox.v0.2.18"], ids=by_name)
def test_written_back_byte_for_byte(path):
    data = path.read_bytes()
    assert save.build(save.parse(data)) == data


def test_an_old_save_gains_what_the_real_library_adds():
    """The .txt lists the sections that Debian's library wrote after loading this file."""
    path = VECTORS / "save.tox.v0.2.18"
    built = save.build(save.parse(path.read_bytes()))
    lines = path.with_name(path.name + ".debian0218.txt").read_text().splitlines()
    words = [line.split() for line in lines if line.startswith(" resaved section")]
    resaved = [(int(fields[3]), int(fields[5])) for fields in words]
    assert [(section_type, length) for _, section_type, length in sections(built)] == resaved
    assert f"resave size={len(built)} identical=0" in lines


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
    assert built[: len(data)] == data
    assert not any(built[len(data) :])


# what is refused


@pytest.mark.parametrize("path", ALL, ids=by_name)
def test_every_truncation_is_refused_except_at_a_sections_edge(path):
    """As c-toxcore does it, save that a file cut before its keys is refused too."""
    data = path.read_bytes()
    edges = {offset for offset, _, _ in sections(data)}
    first_edge = min(offset for offset, section_type, _ in sections(data) if section_type != 1)
    end = max(edges) + 8
    complete = save.parse(data)
    for size in range(end):
        if size in edges and size >= first_edge:
            assert save.parse(data[:size]).secret_key == complete.secret_key
        else:
            with pytest.raises(PacketError):
                save.parse(data[:size])
    assert describe(save.parse(data[:end])) == describe(complete)


def test_the_big_endian_save_is_refused():
    with pytest.raises(PacketError):
        save.parse((VECTORS / "save.tox.big").read_bytes())


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
    assert "secret_key" not in repr(save.parse(file_of(keys_section())))


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
        except PacketError:
            refused += 1
            continue
        assert describe(save.parse(save.build(saved))) == describe(saved)
    assert 0 < refused < 1500


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
    again.conferences_raw = saved.conferences_raw
    # a request that was sent in the last run is to be sent again in this one: c-toxcore's status 2 becomes 1
    for friend in saved.friends:
        friend.status = 1 if friend.status == 2 else friend.status
    assert save.build(again) == save.build(saved)


def test_friends_that_cannot_be_added_are_left_out():
    stage = Stage()
    saved = save.SaveData(b"\1\2\3\4", stage.identity.public, stage.identity.secret)
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


def test_an_online_friend_is_saved_as_seen_now():
    stage = Stage()
    friend, _ = stage.online_friend()
    friend.connection.on_lossless(b"\x30bob")
    saved = save.collect(stage.messenger)
    again = save.parse(save.build(saved))
    assert [(f.status, f.name, f.last_online) for f in again.friends] == [(3, b"bob", stage.clock.unix_s())]
