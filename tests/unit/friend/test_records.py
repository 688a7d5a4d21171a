"""What extensions keep in a save: records of one section."""

import pytest

from toxpy.core import Core
from toxpy.friend.capability import Capability
from toxpy.friend.records import Records
from toxpy.options import Options
from toxpy.save import savedata
from toxpy.wire.sections import EXTENSIONS


def record(kind, value):
    return kind.to_bytes(2, "little") + len(value).to_bytes(4, "little") + value


def claimed(records, kind, made=None):
    """Claim a type; what it loaded."""
    loaded = []
    records.claim(kind, loaded.append, lambda: made)
    return loaded


def test_the_bytes():
    records = Records()
    assert records.collect() is None
    assert claimed(records, 0x0102, b"value") == []
    assert claimed(records, 3) == []
    assert claimed(records, 4, b"") == []
    assert records.collect() == bytes.fromhex("0201 05000000") + b"value" + bytes.fromhex("0400 00000000")


def test_a_type_gets_what_was_saved():
    records = Records()
    records.load([record(7, b"seven") + record(8, b"eight") + record(7, b"again")])
    assert claimed(records, 8, b"new") == [b"eight"]
    assert claimed(records, 7) == [b"seven", b"again"]
    assert claimed(records, 9) == []
    records.load([record(10, b"")])
    assert claimed(records, 10) == [b""]
    assert records.collect() == record(8, b"new")


def test_a_type_has_one_owner():
    records = Records()
    claimed(records, 7)
    with pytest.raises(ValueError, match="the record 7 is already claimed"):
        claimed(records, 7)


@pytest.mark.parametrize(
    "rest", [b"", b"\1", bytes(5), b"\1\0\5\0\0\0four", b"\1\0\xff\xff\xff\xff" + bytes(40)]
)
def test_what_nobody_knows_stays(rest):
    saved = record(7, b"seven") + record(9, b"") + record(8, b"eight") + rest
    records = Records()
    records.load([saved])
    assert records.collect() == saved
    assert claimed(records, 8, b"8") == [b"eight"]
    assert records.collect() == record(7, b"seven") + record(9, b"") + record(8, b"8") + rest


def test_every_cut():
    saved = record(7, b"seven") + record(8, b"eight")
    for end in range(1, len(saved)):
        records = Records()
        records.load([saved[:end]])
        assert records.collect() == saved[:end]
        assert claimed(records, 7) == ([b"seven"] if end >= 11 else [])


def test_sections_that_come_twice():
    records = Records()
    records.load([record(7, b"seven"), record(8, b"eight")])
    assert records.collect() == record(7, b"seven") + record(8, b"eight")


# in an instance


class Keeper(Capability):
    """Keeps a value in the record 7; `late`: only once it is asked."""

    def __init__(self, core):
        self.core, self.value = core, b""

    def begin(self, value=None):
        self.core.messenger.records().claim(7, self.load_value, lambda: self.value)
        self.value = value or self.value

    def load_value(self, value):
        self.value = value


class Early(Keeper):
    def __init__(self, core):
        super().__init__(core)
        self.begin()


def core_of(saved=b"", capabilities=()):
    loading = {"savedata_type": 1, "savedata_data": saved} if saved else {}
    return Core(Options(udp_enabled=False, capabilities=capabilities, **loading))


def section(saved):
    return [kept.data for kept in savedata.parse(saved).kept if kept.type == EXTENSIONS]


def test_saved_and_loaded():
    core = core_of()
    assert section(core.get_savedata()) == []
    core.add(Early).value = b"kept"
    saved = core.get_savedata()
    assert section(saved) == [record(7, b"kept")] and len(saved) == core.get_savedata_size()
    again = core_of(saved, [Early])
    assert again.capability(Early).value == b"kept"
    assert again.get_savedata() == saved
    for each in core, again:
        each.kill()


def test_a_claim_in_the_middle_of_a_run():
    core = core_of(capabilities=[Early])
    core.capability(Early).value = b"kept"
    later = core_of(core.get_savedata(), [Keeper])
    keeper = later.capability(Keeper)
    assert section(later.get_savedata()) == [record(7, b"kept")]
    keeper.begin()
    assert keeper.value == b"kept"
    keeper.value = b"changed"
    assert section(later.get_savedata()) == [record(7, b"changed")]
    for each in core, later:
        each.kill()


def test_without_extensions_the_section_stays_as_it_is():
    core = core_of()
    state = core.saved()
    content = record(9, b"nine") + b"\7\0\xff\0\0\0damaged"
    state.put({EXTENSIONS: content})
    saved = savedata.build(state)
    without = core_of(saved)
    assert section(without.get_savedata()) == [content]
    with_one = core_of(without.get_savedata(), [Early])
    with_one.capability(Early).value = b"mine"
    both = record(9, b"nine") + record(7, b"mine") + b"\7\0\xff\0\0\0damaged"
    assert section(with_one.get_savedata()) == [both]
    for each in core, without, with_one:
        each.kill()


def test_the_section_is_for_records_only():
    core = core_of()

    class Owner(Capability):
        section = EXTENSIONS

    with pytest.raises(ValueError, match=f"section {EXTENSIONS} is already claimed"):
        core.add(lambda _core: Owner())
    core.kill()
