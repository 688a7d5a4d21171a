"""What C and Python both have to know is the same in both: numbers of the datapath, sizes, intervals."""

import re
import sys

import pytest

from tests.support.prefix import ROOT
from toxpy.crypto import sodium
from toxpy.generated import enums
from toxpy.runtime import IDLE_INTERVAL_MS, ITERATION_STEPS
from toxpy.save import passkey
from toxpy.system import datapath_twin
from toxpy.wire import group_packets, packets

sys.path.insert(0, str(ROOT / "cbindings"))

from classify import FIXED_SIZES

BINDINGS = ROOT / "cbindings"


def numbers_of(*names):
    """The enumerators with a value in C sources; values may name those before them."""
    known = {}
    for name in names:
        text = re.sub(r"(?s)/\*.*?\*/", "", (BINDINGS / name).read_text(encoding="utf-8"))
        for enum in re.findall(r"(?s)enum\s*\{([^}]*)\}", text):
            for word, value in re.findall(r"(\w+)\s*=\s*([^,]+)", enum):
                known[word] = eval(value, {}, known)
    return known


@pytest.fixture(scope="module")
def datapath():
    return numbers_of("datapath.h")


@pytest.mark.parametrize(
    "name",
    [
        "KIND_DATA",
        "MAX_PACKET_SIZE",
        "MIN_PACKET_SIZE",
        "MAX_DATA_SIZE",
        "NONCE_THRESHOLD",
        "MAX_DATAGRAM_SIZE",
        "MAX_FAILURES",
    ],
)
def test_the_datapath_and_its_twin(datapath, name):
    assert datapath[name] == getattr(datapath_twin, name)


def test_the_datapath_and_the_crypto(datapath):
    assert datapath["QUEUE_SLOTS"] == datapath_twin.MAX_QUEUED
    assert (datapath["NONCE_SIZE"], datapath["MAC_SIZE"]) == (sodium.NONCE_SIZE, sodium.MAC_SIZE)
    assert datapath["KEY_SIZE"] == enums.TOX_PUBLIC_KEY_SIZE


def test_the_datapath_and_packets_of_groups(datapath):
    for name in (
        "MAX_GROUP_PACKET_SIZE",
        "MAX_GROUP_DATA_SIZE",
        "GROUP_PADDED_LOSSLESS",
        "GROUP_PADDED_LOSSY",
    ):
        assert datapath[name] == getattr(group_packets, name), name
    kinds = datapath["KIND_GROUP_LOSSLESS"], datapath["KIND_GROUP_LOSSY"]
    assert kinds == (packets.GROUP_LOSSLESS.kind, packets.GROUP_LOSSY.kind)


def test_intervals():
    resting = numbers_of("resting.h")
    assert resting["TOXPY_IDLE_INTERVAL_MS"] == IDLE_INTERVAL_MS
    assert (
        resting["TOXPY_SHORTEST_INTERVAL_MS"] == ITERATION_STEPS[0][1] == min(s for _, s in ITERATION_STEPS)
    )


def test_encrypted_saves():
    text = (BINDINGS / "encryptsave.c").read_text(encoding="utf-8")
    (magic,) = re.findall(r"magic\[\] = \{([^}]*)\}", text)
    assert "".join(re.findall(r"'(.)'", magic)).encode() == passkey.MAGIC
    assert passkey.SALT_SIZE == enums.TOX_PASS_SALT_LENGTH
    assert passkey.EXTRA_SIZE == enums.TOX_PASS_ENCRYPTION_EXTRA_LENGTH


def test_sizes_of_parameters_are_those_of_the_header():
    macros = {
        "address": enums.TOX_ADDRESS_SIZE,
        "chat_id": enums.TOX_GROUP_CHAT_ID_SIZE,
        "file_id": enums.TOX_FILE_ID_LENGTH,
        "id": enums.TOX_CONFERENCE_ID_SIZE,
        "public_key": enums.TOX_PUBLIC_KEY_SIZE,
        "target_public_key": enums.TOX_DHT_NODE_PUBLIC_KEY_SIZE,
        "uid": enums.TOX_CONFERENCE_UID_SIZE,
    }
    assert macros == FIXED_SIZES
