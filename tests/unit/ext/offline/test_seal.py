"""Sealed messages against the vector, at their sizes, and what somebody else made."""

import json

import pytest

from tests.support.parcels import noise, tries
from tests.support.prefix import ROOT
from toxpy.crypto.keys import KeyPair
from toxpy.crypto.noise import open_k, seal_k
from toxpy.errors import PacketError
from toxpy.ext.offline import seal as sealing
from toxpy.ext.offline.keys import prekey_id
from toxpy.ext.offline.seal import Parcel, open_sealed, seal
from toxpy.runtime import Rng

VECTOR = json.loads((ROOT / "tests" / "vectors" / "offline.json").read_text())["prekey_message"]
SENDER, PREKEY = (KeyPair(bytes.fromhex(VECTOR[name + "_secret"])) for name in ("sender", "prekey"))
RECIPIENT, BLOB = bytes.fromhex(VECTOR["recipient_public"]), bytes.fromhex(VECTOR["blob"])
LOW_ORDER = bytes(32), b"\x01" + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f"
ID = bytes(range(1, 17))
HEAD = 4 + 48


class OneKey:
    """Randomness that is the vector's."""

    @staticmethod
    def bytes(count):
        return bytes.fromhex(VECTOR["ephemeral_secret"])[:count]


def fields(parcel):
    return parcel.id, parcel.sent_ms, parcel.kind, parcel.body


VECTOR_FIELDS = (
    bytes.fromhex(VECTOR["message_id"]),
    VECTOR["sent_ms"],
    VECTOR["kind"],
    bytes.fromhex(VECTOR["body"]),
)


def test_the_vector_in_both_directions():
    assert prekey_id(PREKEY.public).hex() == VECTOR["prekey_id"]
    assert seal(SENDER, RECIPIENT, PREKEY.public, Parcel(*VECTOR_FIELDS), rng=OneKey) == BLOB
    assert fields(open_sealed(BLOB, RECIPIENT, PREKEY, SENDER.public)) == VECTOR_FIELDS


@pytest.mark.parametrize(
    ("body", "size"), [(0, 256), (177, 256), (178, 1024), (945, 1024), (946, 4096), (4017, 4096)]
)
def test_three_sizes(body, size):
    parcel = Parcel(ID, 2**64 - 1, 255, b"x" * body)
    blob = seal(SENDER, RECIPIENT, PREKEY.public, parcel, rng=Rng())
    assert len(blob) == size
    assert fields(open_sealed(blob, RECIPIENT, PREKEY, SENDER.public)) == fields(parcel)


def test_a_body_that_is_too_long_is_the_callers_fault():
    assert sealing.MAX_BODY_SIZE == 4017
    with pytest.raises(ValueError, match="4017"):
        seal(SENDER, RECIPIENT, PREKEY.public, Parcel(ID, 0, 0, bytes(4018)), rng=Rng())


@pytest.mark.parametrize("key", LOW_ORDER, ids=lambda key: key[:2].hex())
def test_a_pre_key_of_low_order(key):
    with pytest.raises(PacketError):
        seal(SENDER, RECIPIENT, key, Parcel(ID, 0, 0, b"a"), rng=Rng())
    assert open_k(PREKEY, SENDER.public, b"", key + bytes(100)) is None


def test_what_others_made_does_not_open():
    other = KeyPair(b"\x09" * 32)
    with pytest.raises(PacketError):
        open_sealed(BLOB, RECIPIENT, PREKEY, other.public)
    with pytest.raises(PacketError):
        open_sealed(BLOB, other.public, PREKEY, SENDER.public)
    with pytest.raises(PacketError):
        open_sealed(BLOB, RECIPIENT, other, SENDER.public)
    # the id of our pre-key on what was made for another
    forged = PREKEY.public[:0] + BLOB[:4] + seal_k(SENDER, other.public, b"", bytes(204), other)
    assert len(forged) == 256
    with pytest.raises(PacketError):
        open_sealed(forged, RECIPIENT, PREKEY, SENDER.public)


def test_cut_flipped_and_random_bytes():
    inputs = [BLOB[:size] for size in range(256)] + [BLOB + bytes(1), BLOB + bytes(768)]
    for at in range(256):
        flipped = bytearray(BLOB)
        flipped[at] ^= 1 << at % 8
        inputs.append(bytes(flipped))
    inputs += [*noise(1, 200, 5000), bytes(1024), bytes(4096)]
    assert tries(lambda data: open_sealed(data, RECIPIENT, PREKEY, SENDER.public), inputs) == []


@pytest.mark.parametrize(
    "plain",
    [
        # no id; a length past the end; something behind the body
        bytes(16) + bytes(9) + b"\x00\x00" + bytes(177),
        ID + bytes(9) + b"\x00\xb2" + bytes(177),
        ID + bytes(9) + b"\x00\x01" + b"ab" + bytes(175),
    ],
    ids=["id", "length", "rest"],
)
def test_a_friend_who_seals_nonsense(plain):
    prologue = b"TOX_PREKEY_MESSAGE_V1" + RECIPIENT + BLOB[:4]
    blob = BLOB[:4] + seal_k(SENDER, PREKEY.public, prologue, plain, KeyPair(b"\x04" * 32))
    assert len(blob) == 256 == HEAD + len(plain)
    with pytest.raises(PacketError):
        open_sealed(blob, RECIPIENT, PREKEY, SENDER.public)
