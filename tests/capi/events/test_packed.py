"""Events packed as MessagePack: what is in them, which are refused, and the bytes themselves.

Compared with an encoder of our own, with Debian's library where it knows the events, and with what
c-toxcore 0.2.23 answers (`vectors/events_0.2.23.txt`: input and packed again, or "refused").
"""

import glob
import os
import random
import subprocess
from pathlib import Path

import pytest

from tests.capi.events.packing import (
    API,
    KINDS,
    damaged,
    dump_by_kind,
    dump_in_order,
    has_kinds,
    line_of,
    old_kinds,
    pack_events,
    random_event,
)
from tests.support.prefix import ROOT, compile_c, library_dir

HERE = Path(__file__).parent
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-Wno-deprecated-declarations", "-Wno-cast-function-type"]
VECTORS = ROOT / "tests" / "vectors" / "events_0.2.23.txt"


def debian():
    (library,) = glob.glob("/usr/lib/*/libtoxcore.so.2")
    return library


def build(folder, dump):
    (folder / "dump.h").write_text(dump)
    return compile_c(folder / "load", HERE / "load.c", flags=[*FLAGS, f"-I{folder}"])


@pytest.fixture(scope="module")
def in_order(tmp_path_factory):
    return build(tmp_path_factory.mktemp("in_order"), dump_in_order(API.functions))


def debians_names():
    return subprocess.check_output(["nm", "-D", "--defined-only", debian()], text=True).split()


@pytest.fixture(scope="module")
def by_kind(tmp_path_factory):
    return build(tmp_path_factory.mktemp("by_kind"), dump_by_kind(debians_names()))


def answers(program, inputs, *arguments, folder=None, before=()):
    """The printed lines for each input; the last of each is "refused" or the packed form."""
    ran = subprocess.run(
        [*before, str(program), *arguments],
        input="".join(data.hex() + "\n" for data in inputs),
        env={"LD_LIBRARY_PATH": str(folder or library_dir())},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    found = [[]]
    for line in ran.stdout.splitlines():
        found[-1].append(line)
        if line == "refused" or line.startswith(" packed="):
            found.append([])
    assert found.pop() == [] and len(found) == len(inputs)
    return found


def debians_answers(program, inputs):
    """What Debian's library says, 0.2.18 or a later one."""
    wanted = "nothing" if has_kinds(debians_names()) else "system"
    return answers(program, inputs, wanted, folder=os.path.dirname(debian()))


def packed_line(data):
    return f" packed={len(data)}:{data.hex()}"


def beyond_its_enum(line):
    """Does a printed event have an enumerator that does not exist?"""
    name, *words = line.split()
    limits = {field.name: field.limit for kind in KINDS if kind.name == name for field in kind.fields}
    fields = [word.split("=") for word in words if ":" not in word]
    return any(0 < limits[field] <= int(value) for field, value in fields)


def test_every_kind_with_every_width(in_order):
    rng = random.Random(1)
    samples = [[random_event(rng, kind)] for kind in KINDS for _ in range(25)]
    samples += [[random_event(rng, rng.choice(KINDS)) for _ in range(rng.randrange(40))] for _ in range(20)]
    inputs = [pack_events(recorded) for recorded in samples]
    for recorded, data, lines in zip(samples, inputs, answers(in_order, inputs), strict=True):
        assert lines == [*(line_of(kind, values) for kind, values in recorded), packed_line(data)]


def test_all_forms_of_a_number(in_order):
    """As in c-toxcore: longer ones than needed, and signed ones not below 0, up to the field's width."""
    (chunk_request,) = (kind for kind in KINDS if kind.name == "file_chunk_request")
    head, tail = b"\x91\x92\x0b\x94", b"\x01\x02\x03"
    packed = packed_line(pack_events([(chunk_request, [5, 1, 2, 3])]))
    for form, accepted in {
        "05": True, "cc05": True, "cd0005": True, "ce00000005": True, "cf0000000000000005": False,
        "d005": True, "d10005": True, "d200000005": True, "d30000000000000005": False,
        "85": False, "c3": False, "c0": False, "ff": False, "d085": False, "d18005": False, "a105": False,
    }.items():  # fmt: skip
        (lines,) = answers(in_order, [head + bytes.fromhex(form) + tail])
        assert lines[-1] == (packed if accepted else "refused"), form


def test_the_same_as_c_toxcore_0_2_23(in_order):
    rows = [line.split() for line in VECTORS.read_text().splitlines() if not line.startswith("#")]
    assert len(rows) > 500
    expected = [row[1] if row[1] == "refused" else packed_line(bytes.fromhex(row[1])) for row in rows]
    given = [bytes.fromhex(row[0]) if row[0] != "-" else b"" for row in rows]
    assert [lines[-1] for lines in answers(in_order, given)] == expected


def test_the_same_as_debians_library(by_kind):
    """Both ways: it loads and packs what we would, and says the same of its contents."""
    rng = random.Random(2)
    inputs = [
        pack_events([random_event(rng, kind) for _ in range(rng.randrange(1, 4))])
        for kind in old_kinds()
        for _ in range(20)
    ]
    inputs += [damaged(rng, data) for data in inputs]
    real = debians_answers(by_kind, inputs)
    different = [(r, o) for r, o in zip(real, answers(by_kind, inputs), strict=True) if r != o]
    for theirs, ours in different:
        # as 0.2.23, we refuse numbers that are none of the enumerators
        assert ours == ["refused"] and any(map(beyond_its_enum, theirs)), theirs
    refused = sum(lines == ["refused"] for lines in real)
    assert 200 < refused < len(inputs) // 2 and len(different) < 20


def test_mixed_kinds_as_debians_library_sees_them(by_kind):
    """It sorts them by kind before packing, we keep their order: only the contents are compared."""
    rng = random.Random(3)
    inputs = [
        pack_events([random_event(rng, rng.choice(old_kinds())) for _ in range(rng.randrange(60))])
        for _ in range(40)
    ]
    real = debians_answers(by_kind, inputs)
    assert [lines[:-1] for lines in real] == [lines[:-1] for lines in answers(by_kind, inputs)]


def test_looked_up_by_kind_as_by_the_functions_for_it(by_kind, tmp_path):
    """For libraries that lack these functions; ours has both."""
    old = {f"tox_events_get_{kind.name}{end}" for kind in old_kinds() for end in ("", "_size")}
    looked_up = build(tmp_path, dump_by_kind(set(API.functions) - old))
    rng = random.Random(5)
    inputs = [pack_events([random_event(rng, rng.choice(KINDS)) for _ in range(60)]) for _ in range(20)]
    assert answers(looked_up, inputs, "system") == answers(by_kind, inputs)


def test_damaged_input_under_valgrind(in_order):
    rng = random.Random(4)
    whole = [pack_events([random_event(rng, kind)]) for kind in KINDS]
    whole = [data for data in whole if len(data) < 3000]
    inputs = whole + [damaged(rng, rng.choice(whole)) for _ in range(1500)]
    inputs += [whole[0][:length] for length in range(len(whole[0]))]
    check = ["/usr/bin/valgrind", "--quiet", "--error-exitcode=9", "--leak-check=full"]
    lines = answers(in_order, inputs, before=check)
    assert any(line == ["refused"] for line in lines)


def test_random_damage(in_order):
    """Never a crash, and what is accepted comes back from its own packed form (load.c checks that)."""
    rng = random.Random(5)
    whole = [
        pack_events([random_event(rng, rng.choice(KINDS)) for _ in range(rng.randrange(1, 6))])
        for _ in range(200)
    ]
    whole = [data for data in whole if len(data) < 3000]
    count = refused = 0
    while count < 100_000:
        inputs = [damaged(rng, rng.choice(whole)) for _ in range(9000)]
        inputs += [rng.randbytes(rng.randrange(60)) for _ in range(1000)]
        refused += sum(lines == ["refused"] for lines in answers(in_order, inputs))
        count += len(inputs)
    assert 30_000 < refused < count - 10_000
