"""What a save keeps of handshakes: entries of a fixed size, in a record of the section of extensions."""

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.handshakes import LEGACY, NOISE_IK, NONE, Pair
from toxpy import HandshakePolicy, Profile, Tox
from toxpy.ext.handshake.pins import UNSET, Rule, unpack
from toxpy.generated import enums
from toxpy.save import savedata
from toxpy.save.autosave import Autosave
from toxpy.wire.sections import EXTENSIONS

BOB = bytes(range(32))
AUTO, REQUIRE = enums.TOX_HANDSHAKE_POLICY_AUTO, enums.TOX_HANDSHAKE_POLICY_REQUIRE
ONLY_LEGACY = enums.TOX_HANDSHAKE_POLICY_LEGACY


@pytest.mark.parametrize(
    ("rule", "entry"),
    [
        (Rule(), b""),
        (Rule(pin=1), BOB + b"\x01\x00"),
        (Rule(pin=1, told=True), BOB + b"\x01\x01"),
        (Rule(policy=AUTO), BOB + b"\x00\x02"),
        (Rule(policy=REQUIRE), BOB + b"\x00\x04"),
        (Rule(pin=1, policy=ONLY_LEGACY, told=True), BOB + b"\x01\x07"),
    ],
)
def test_an_entry_has_34_bytes(rule, entry):
    assert rule.pack(BOB) == entry


@given(st.binary(max_size=34 * 4))
def test_whatever_is_read_is_written_back(content):
    rules = unpack(content)
    assert len(rules) <= len(content) // 34
    for real_pk, rule in rules.items():
        assert UNSET <= rule.policy <= ONLY_LEGACY
        packed = rule.pack(real_pk)
        assert packed == b"" or unpack(packed)[real_pk].pack(real_pk) == packed
        # nothing of an entry gets lost
        assert packed in content


def record_of(save):
    """The record of pins in a save."""
    sections = savedata.parse(save).take(EXTENSIONS)
    if not sections:
        return b""
    (section,) = sections
    kind, length = struct.unpack_from("<HI", section)
    assert (kind, length) == (1, len(section) - 6)
    return section[6:]


def with_record(save, content):
    """The save with another section of extensions, or none."""
    parsed = savedata.parse(save)
    parsed.take(EXTENSIONS)
    if content is not None:
        parsed.put({EXTENSIONS: content})
    return savedata.build(parsed)


def test_the_record_of_a_pinned_friend():
    pair = Pair().befriend().together()
    bob = pair.bob.self_get_public_key()
    pair.run_for(1)
    assert record_of(pair.alice.tox.get_savedata()) == bob + b"\x01\x01"
    Tox(core=pair.alice.tox).friend_set_handshake(0, "require", unpin=True)
    assert record_of(pair.alice.tox.get_savedata()) == bob + b"\x00\x04"


def test_after_a_save_by_another_library_the_first_use_counts_again():
    pair = Pair().befriend().together()
    save = with_record(pair.alice.tox.get_savedata(), None)
    pair.stop(pair.alice)
    pair.options["bob"] = {}
    pair.comes_back(pair.bob, "legacy")
    pair.alice = pair.actor("alice", save)
    pair.alice.bootstrap_to(pair.nodes[0])
    assert pair.alice.friend_get_handshake_pin(0) == NONE
    pair.together()
    assert pair.versions() == (LEGACY, LEGACY)


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_record_keeps_nobody_from_starting(seed):
    rng = random.Random(seed)
    pair = Pair().befriend()
    save = pair.alice.tox.get_savedata()
    entry = pair.bob.self_get_public_key() + b"\x01\x00"
    content = bytearray(struct.pack("<HI", 1, len(entry)) + entry)
    for _ in range(rng.randrange(1, 4)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    alice = pair.actor("alice", with_record(save, bytes(content[: rng.randrange(len(content) + 1)])))
    assert alice.friend_get_handshake_pin(0) in (NONE, NOISE_IK)
    assert alice.friend_get_handshake_policy(0) in list(HandshakePolicy)


def test_an_entry_of_nobodys_is_dropped():
    pair = Pair().befriend().together()
    stranger = BOB + b"\x01\x00"
    save = pair.alice.tox.get_savedata()
    entry = record_of(save)
    pair.stop(pair.alice)
    alice = pair.actor("alice", with_record(save, struct.pack("<HI", 1, 68) + stranger + entry))
    assert record_of(alice.tox.get_savedata()) == entry


def test_a_profile_is_saved_when_a_friend_is_pinned(tmp_path, monkeypatch):
    """A program that is killed afterwards knows it."""
    pair = Pair("prefer", "legacy").befriend().together()
    saved = []
    with Profile.create(tmp_path / "alice.tox", savedata=pair.alice.tox.get_savedata()) as profile:
        tox = Tox(core=pair.alice.tox, profile=profile)
        monkeypatch.setattr(Autosave, "changed", lambda *_: saved.append(record_of(tox.get_savedata())))
        tox.iterate()
        assert saved == []
        # the friend says that it has Noise
        tox.core.handshakes.capability.on_ready(tox.core.messenger.friend(0))
        tox.iterate()
        tox.iterate()
        tox.close()
    assert [record[32:] for record in saved] == [b"\x01\x01"]
