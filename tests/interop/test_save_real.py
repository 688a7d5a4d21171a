"""Our saves in the real library, and the real library's judgement of damaged ones."""

import ctypes as c
import json
import pathlib
import struct

import pytest

import toxpy
from tests.support import saves as save
from tests.support.real_tox import RealTox
from tests.unit.friend.fakes import Stage
from tests.vectors.saves.record import load
from toxpy.conference.saved import read_conferences
from toxpy.errors import PacketError
from toxpy.friend.saved import restore_request
from toxpy.runtime import Counters
from toxpy.save.savedata import KeptSection
from toxpy.wire.address import Node
from toxpy.wire.sections import EXTENSIONS, FRIEND_MEMBERS, GROUPS

SAVES = pathlib.Path(__file__).parent.parent / "vectors" / "saves"


def real_error(lib, data):
    """The error code of tox_new for this savedata."""
    options = c.c_void_p(lib.tox_options_new(None))
    lib.tox_options_set_local_discovery_enabled(options, c.c_bool(False))
    lib.tox_options_set_savedata_type(options, c.c_int(1))
    lib.tox_options_set_savedata_data(options, data, c.c_size_t(len(data)))
    error = c.c_int(-1)
    tox = lib.tox_new(options, c.byref(error))
    lib.tox_options_free(options)
    if tox:
        lib.tox_kill(c.c_void_p(tox))
    return error.value


def our_error(data):
    """What the core will report: 9 is TOX_ERR_NEW_LOAD_BAD_FORMAT."""
    try:
        save.parse(data)
    except PacketError:
        return 9
    return 0


@pytest.fixture(scope="module")
def lib():
    tox = RealTox()
    yield tox.lib
    tox.kill()


def test_a_profile_that_only_we_can_read_is_a_bad_format(lib, tmp_path):
    """For clients that hand over any file, and for those that look whether it is encrypted."""
    with toxpy.Profile.create(tmp_path / "alice.tox", "correct horse", kdf="argon2id"):
        data = (tmp_path / "alice.tox").read_bytes()
    assert data.startswith(b"TOXKEYS1") and lib.tox_is_data_encrypted(data) & 1 == 0
    assert real_error(lib, data) == 9
    with pytest.raises(toxpy.ToxError) as caught:
        toxpy.Tox(savedata=data, local_discovery_enabled=False)
    assert caught.value.code == 9


def our_save():
    """A save of ours with everything in it that we write."""
    stage = Stage()
    messenger = stage.messenger
    messenger.user.set_name("Zoë".encode())
    messenger.user.set_status_message(b"built by us")
    messenger.user.set_status(2)
    for number in range(3):
        friend = messenger.add_norequest(stage.key())
        friend.name, friend.status_message = b"friend %d" % number, b"m" * (number * 500)
        friend.user_status, friend.last_seen_s = number, 1_600_000_000 + number
    restore_request(messenger, stage.key(), b"\1\2\3\4", b"please")
    saved = save.collect(messenger)
    ips = (b"\x01\x02\x03\x04", bytes(range(32, 48)))
    saved.dht_nodes = [Node(bytes([n]) * 32, (ips[n % 2], 1000 + n)) for n in range(1, 20)]
    saved.path_nodes = saved.dht_nodes[:8]
    return saved


def test_our_save_loads_in_the_real_library():
    saved = our_save()
    # sections that are ours alone
    records = bytes.fromhex("0100 02000000") + b"ok" + b"no record"
    kept = {FRIEND_MEMBERS: bytes(96), EXTENSIONS: records}
    saved.kept = [KeptSection(number, content, GROUPS) for number, content in kept.items()]
    data = save.build(saved)
    assert {number: section_contents(data)[number] for number in kept} == kept
    said, again = load(data)
    assert not kept.keys() & section_contents(again).keys()
    assert bytes.fromhex(said["address"])[:36] == saved.public_key + saved.nospam
    assert said["secret_key"] == saved.secret_key.hex()
    assert bytes.fromhex(said["name"]) == saved.name
    assert bytes.fromhex(said["status_message"]) == saved.status_message
    assert said["status"] == 2
    for friend, expected in zip(said["friends"], saved.friends, strict=True):
        assert friend["public_key"] == expected.public_key.hex()
        assert bytes.fromhex(friend["name"]) == expected.name
        assert bytes.fromhex(friend["status_message"]) == expected.status_message
        assert friend["last_online"] == expected.last_online
    theirs = save.parse(again)
    assert theirs.dht_nodes == saved.dht_nodes
    assert theirs.friends[3].request_message == b"please"


@pytest.mark.parametrize("name", ["empty", "limits", "friends"])
def test_a_save_that_went_through_us_reads_the_same_in_the_real_library(name):
    said, _ = load(save.build(save.parse((SAVES / f"{name}.tox").read_bytes())))
    expected = json.loads((SAVES / f"{name}.json").read_text())
    del expected["resaved_identical"]
    assert said == expected


def section_contents(data):
    """Type and content of each section."""
    contents, offset = {}, 8
    while True:
        length, section_type = struct.unpack_from("<IH", data, offset)
        contents[section_type] = data[offset + 8 : offset + 8 + length]
        offset += 8 + length
        if section_type == save.END:
            return contents


def conferences_in(contents):
    """All that a save has of conferences, without the numbers of what we sent."""
    read = read_conferences(contents[save.CONFERENCES], Counters())
    return [(one.type, one.id, one.number, one.title, one.peers) for one in read]


def through_an_instance(data):
    """What a running instance of ours saves after loading that; it never meets anybody."""
    with toxpy.Tox(savedata=data, udp_enabled=False, local_discovery_enabled=False) as tox:
        return tox.get_savedata()


@pytest.mark.parametrize("name", ["empty", "limits", "friends", "conference", "group", "big_endian"])
def test_a_save_that_went_through_an_instance_of_ours_lost_nothing(lib, name):
    data = (SAVES / f"{name}.tox").read_bytes()
    again = through_an_instance(data)
    expected = json.loads((SAVES / f"{name}.json").read_text())
    expected.pop("resaved_identical", None)
    conferences = expected.pop("conferences", None)
    said, _ = load(again)
    assert said == expected
    before, after = (section_contents(save.build(save.parse(d), "little")) for d in (data, again))
    assert before.keys() == after.keys()
    # what may change: c-toxcore saves some nodes twice, and a request that was sent is to be sent again
    changed = {kind for kind in before if before[kind] != after[kind]}
    # and the numbers of our messages in conferences are ahead of what was saved
    assert changed <= {save.DHT_STATE, save.FRIENDS, save.CONFERENCES}
    assert conferences_in(before) == conferences_in(after)
    old, new = save.parse(data), save.parse(again)
    assert set(new.dht_nodes) == set(old.dht_nodes) and len(new.friends) == len(old.friends)
    tox = RealTox(savedata=again)
    count = tox.lib.tox_conference_get_chatlist_size
    count.restype = c.c_size_t
    rooms = count(tox.tox)
    tox.kill()
    assert conferences is None or rooms == conferences == 2


def test_a_save_from_before_relays_and_conferences_gains_the_same_sections():
    """Sections 1 to 6 only, as old clients wrote them: ours adds what the real library adds."""
    parsed = section_contents((SAVES / "friends.tox").read_bytes())
    parts = [struct.pack("<IHH", len(parsed[kind]), kind, 0x01CE) + parsed[kind] for kind in range(1, 7)]
    old = bytes(4) + b"\x1f\x1b\xed\x15" + b"".join(parts) + struct.pack("<IHH", 0, 255, 0x01CE)
    _, real = load(old)
    ours = through_an_instance(old)
    assert list(section_contents(ours)) == list(section_contents(real))
    assert list(section_contents(ours)) == [1, 2, 3, 4, 5, 6, 10, 11, 20, 255]


def test_truncated_saves_are_judged_as_the_real_library_judges_them(lib):
    data = save.build(our_save())
    edges, offset = [], 8
    while True:
        length, section_type = struct.unpack_from("<IH", data, offset)
        edges.append(offset)
        if section_type == save.END:
            break
        offset += 8 + length
    # before the keys the real library starts with a new identity: there we differ on purpose
    for edge in edges[1:]:
        for size in (edge - 1, edge, edge + 1, edge + 8):
            assert our_error(data[:size]) == real_error(lib, data[:size]), size
    assert (real_error(lib, data[:8]), our_error(data[:8])) == (0, 9)


@pytest.mark.parametrize(
    ("what", "position", "value"),
    [
        ("global cookie", 4, 0),
        ("leading zeros", 0, 1),
        ("section cookie", 8 + 6, 0),
        ("length of the keys", 8, 67),
        ("public key", 8 + 8 + 4, None),
        ("secret key", 8 + 8 + 36 + 3, None),
        ("length of the friend list", None, None),
    ],
)
def test_damage_is_judged_as_the_real_library_judges_it(lib, what, position, value):
    data = bytearray(save.build(our_save()))
    if position is None:
        at = data.index(struct.pack("<HH", save.FRIENDS, 0x01CE)) - 4
        data[at : at + 4] = struct.pack("<I", 4 * 2216 - 1)
    else:
        data[position] = data[position] ^ 0xFF if value is None else value
    assert (what, our_error(bytes(data))) == (what, real_error(lib, bytes(data))) == (what, 9)
