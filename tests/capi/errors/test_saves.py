"""Damaged, cut and strange saves through the C API: the errors and what is left are the real library's."""

import glob
import os
import random
import struct
import subprocess
from pathlib import Path

import pytest

from tests.support.prefix import compile_c, library_dir
from toxpy.errors import PacketError
from toxpy.save import savedata as save

HERE = Path(__file__).parent
SAVES = Path(__file__).parents[2] / "vectors" / "saves"
#: TOX_ERR_NEW_LOAD_BAD_FORMAT
BAD_FORMAT = "9"


def section(kind, content):
    return struct.pack("<IHH", len(content), kind, 0x01CE) + content


def sections(data):
    """Type and place of each section, from its header to its end."""
    offset = 8
    while True:
        length, kind = struct.unpack_from("<IH", data, offset)
        yield kind, offset, offset + 8 + length
        if kind == 255:
            return
        offset += 8 + length


def with_section(data, kind, content):
    """The save with another content of one section."""
    for found, start, end in sections(data):
        if found == kind:
            return data[:start] + section(kind, content) + data[end:]
    raise AssertionError(kind)


def too_long(data):
    """Sections longer than what they may hold, empty ones, doubled ones, in another order."""
    parts = {kind: data[start:end] for kind, start, end in sections(data)}
    whole = data[:8]
    for kind in (4, 5):
        for size in (0, 1, 127, 128, 129, 255, 1006, 1007, 1008, 65_536):
            yield with_section(data, kind, b"t" * size)
    for content in (b"", b"\0", b"\2", b"\3", b"\xff", b"\1\2"):
        yield with_section(data, 6, content)
    for size in (67, 68, 69):
        yield with_section(data, 1, parts[1][8:][:67].ljust(size, b"\0"))
    for size in (0, 1, 38, 39, 40, 39 * 3):
        yield with_section(data, 10, b"\x82" * size)
        yield with_section(data, 11, b"\2" * size)
        yield with_section(data, 2, b"\x0d\0\x59\x01" + b"\1" * size)
    yield whole + parts[1] + parts[4] + parts[3] + parts[3] + parts[255]
    yield whole + parts[1] + parts[4] + section(4, b"again") + parts[255]
    yield whole + parts[1] + section(99, b"from the future") + parts[6] + parts[255]


def friends_of_all_kinds(data):
    """Friend records whose lengths, status and keys are what they should not be."""
    (record,) = [data[start + 8 : end][:2216] for kind, start, end in sections(data) if kind == 3]
    for place, size, values in (
        (0, 1, (0, 1, 2, 3, 4, 5, 255)),
        (1058, 2, (0, 1, 921, 1016, 1024, 1025, 65535)),
        (1188, 2, (0, 1, 128, 129, 65535)),
        (2198, 2, (0, 1, 1007, 1008, 65535)),
        # only the user status may not be beyond 2: c-toxcore reports its internal "invalid" then
        (2200, 1, (0, 1, 2)),
        (2208, 8, (0, 1, 2**63, 2**64 - 1)),
    ):
        for value in values:
            for status in (2, 3):
                changed = bytearray(record)
                changed[0] = status
                changed[place : place + size] = value.to_bytes(size, "big")
                yield with_section(data, 3, bytes(changed))
    yield with_section(data, 3, record * 3)
    for size in (1, 2215, 2217):
        yield with_section(data, 3, (record * 2)[:size])


def mutations(data, count, seed):
    """With the keys left alone mostly: what breaks them is refused at once. Nor in the conferences, where
    0.2.18 reads behind the end."""
    rng = random.Random(seed)
    end = next((start for kind, start, _ in sections(data) if kind == 20), len(data))
    for _ in range(count):
        changed = bytearray(data)
        for _ in range(rng.randrange(1, 4)):
            place = rng.choice((rng.randrange(84, end), rng.randrange(8, end), rng.randrange(0, 300)))
            changed[min(place, end - 1)] = rng.randrange(256)
        yield bytes(changed)


def cuts(data, count, seed):
    """At every edge of a section and beside it, and anywhere behind the keys."""
    rng = random.Random(seed)
    for _, start, end in sections(data):
        yield from (data[:size] for size in (start - 1, start, start + 1, start + 8, end - 1) if size > 84)
    yield from (data[: rng.randrange(85, len(data))] for _ in range(count))


def other_formats():
    """No saves at all, and encrypted ones."""
    yield from (b"", b"\0", bytes(7), bytes(8), bytes(1000))
    yield from (b"toxEsav", b"toxEsave", b"toxEsave" + bytes(200))
    yield bytes(4) + b"\x1f\x1b\xed\x15\1"


def without_keys(data):
    """Is that all that is wrong with it."""
    try:
        save.parse(data)
    except PacketError as error:
        return str(error) == "save: it holds no keys"
    return False


def verdicts(program, folder, saves):
    """The line of the program for each save."""
    given = b"".join(struct.pack("=I", len(data)) + data for data in saves)
    ran = subprocess.run(
        [program], input=given, env={"LD_LIBRARY_PATH": str(folder)}, capture_output=True, timeout=280
    )
    assert ran.returncode == 0, ran.stdout[-300:] + ran.stderr[-2000:]
    return ran.stdout.decode().splitlines()


@pytest.fixture(scope="module")
def judges(tmp_path_factory):
    """The lines of the real library and of ours for a list of saves."""
    folder = tmp_path_factory.mktemp("saves")
    program = compile_c(folder / "saves", HERE / "saves.c", flags=["-std=gnu11"])
    (real_library,) = glob.glob("/usr/lib/*/libtoxcore.so.2")
    folders = os.path.dirname(real_library), library_dir()

    def judge(saves):
        real, ours = (verdicts(program, folder, saves) for folder in folders)
        assert len(real) == len(ours) == len(saves)
        return real, ours

    return judge


def all_saves():
    """Everything above for our recordings."""
    friends, limits, conference = (
        (SAVES / f"{name}.tox").read_bytes() for name in ("friends", "limits", "conference")
    )
    yield from (friends, limits, conference, *other_formats())
    yield from too_long(limits)
    yield from friends_of_all_kinds(friends)
    yield from cuts(conference, 60, seed=1)
    yield from cuts(limits, 30, seed=2)
    for seed, data in enumerate((friends, limits, conference)):
        yield from mutations(data, 150, seed)


@pytest.mark.timeout(600)
def test_every_save_is_judged_as_the_real_library_judges_it(judges):
    saves = list(all_saves())
    real, ours = judges(saves)
    different = {n for n, (r, o) in enumerate(zip(real, ours, strict=True)) if r != o}
    # c-toxcore makes a new identity where there are no keys
    keyless = {n for n, data in enumerate(saves) if ours[n] == BAD_FORMAT and without_keys(data)}
    assert different == keyless and 0 < len(keyless) < 10
    assert 100 < sum(line == BAD_FORMAT for line in ours) < len(ours) - 100


def test_of_the_other_byte_order_only_we_read(judges):
    real, ours = judges([(SAVES / "big_endian.tox").read_bytes()])
    assert real == [BAD_FORMAT] and ours[0].startswith("0 ")
