"""Profiles whose key is made by Argon2id: the format, its bounds, and that all promises of profiles hold."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.prefix import ROOT
from tests.support.profile_files import content, names
from tests.support.saving import number_of, numbered
from toxpy.errors import PacketError
from toxpy.save import keystore, passkey
from toxpy.save.keystore import Cost, KeystoreKey
from toxpy.save.profile import (
    PassphraseNeeded,
    Profile,
    ProfileCorrupt,
    ProfileError,
    WrongPassphrase,
)

VECTOR = json.loads((ROOT / "tests" / "vectors" / "keystore.json").read_text())
SECRET = "correct horse"
#: The cheapest that is allowed, so that tests are quick.
CHEAP = Cost(1, 13, 1)
SALT = bytes(range(16))
HEAD_SIZE = 52


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    monkeypatch.setattr(keystore, "DEFAULT_COST", CHEAP)


@pytest.fixture(scope="module")
def key():
    return KeystoreKey.derive(b"abc", CHEAP, SALT)


def argon2_calls(monkeypatch):
    """A list that gets the cost of every derivation."""
    calls, derive = [], keystore._argon2id

    def counting(passphrase, cost, salt):
        calls.append(cost)
        return derive(passphrase, cost, salt)

    monkeypatch.setattr(keystore, "_argon2id", counting)
    return calls


# the format


def test_the_vector():
    cost = Cost(VECTOR["t"], VECTOR["m_log2"], VECTOR["p"])
    file, plain = bytes.fromhex(VECTOR["file"]), bytes.fromhex(VECTOR["plain"])
    made = KeystoreKey.derive(VECTOR["passphrase"].encode(), cost, bytes.fromhex(VECTOR["salt"]))
    assert made.encrypt(plain, bytes.fromhex(VECTOR["nonce"])) == file
    assert KeystoreKey.of_file(VECTOR["passphrase"].encode(), file).decrypt(file) == plain
    assert keystore.EXTRA_SIZE == 68 == len(file) - len(plain)


def test_the_cost_of_a_new_profile_is_that_of_the_documents(monkeypatch):
    monkeypatch.undo()
    assert Cost(3, 16, 4) == keystore.DEFAULT_COST


def test_every_byte_counts(key):
    """Also of the salt, though the key is the right one; those that make another key are in the next test."""
    sealed = bytearray(key.encrypt(b"some savedata", bytes(range(24))))
    for position in range(12, len(sealed)):
        for bit in (1, 128):
            sealed[position] ^= bit
            assert key.decrypt(bytes(sealed)) is None
            sealed[position] ^= bit
    assert key.decrypt(bytes(sealed)) == b"some savedata"


@pytest.mark.parametrize("position", range(28))
def test_every_byte_that_makes_the_key_counts(key, position):
    sealed = bytearray(key.encrypt(b"some savedata", bytes(24)))
    sealed[position] ^= 2
    changed = bytes(sealed)
    try:
        keystore.check_format(changed)
    except PacketError:
        # magic, version, or beyond the bounds
        assert position < 12
    else:
        assert KeystoreKey.of_file(b"abc", changed).decrypt(changed) is None


def test_every_prefix_is_refused(key, monkeypatch):
    sealed = key.encrypt(b"some savedata", bytes(24))
    for size in range(len(sealed)):
        if size < keystore.EXTRA_SIZE:
            with pytest.raises(PacketError):
                key.decrypt(sealed[:size])
        else:
            assert key.decrypt(sealed[:size]) is None


@pytest.mark.parametrize("place", [9, 10, 11])
def test_the_bounds_of_the_cost(key, place):
    """Of passes, memory and lanes: checked before any key is derived."""
    allowed = {9: range(1, 9), 10: range(13, 19), 11: range(1, 9)}[place]
    sealed = bytearray(key.encrypt(b"some savedata", bytes(24)))
    for value in range(256):
        sealed[place] = value
        if value in allowed:
            keystore.check_format(bytes(sealed))
        else:
            with pytest.raises(PacketError, match="too little or too much"):
                keystore.check_format(bytes(sealed))


def test_wrong_arguments():
    for cost, salt in (
        (CHEAP, bytes(15)),
        (Cost(0, 13, 1), SALT),
        (Cost(1, 19, 1), SALT),
        (Cost(1, 13, 9), SALT),
    ):
        with pytest.raises(ValueError, match="bounds"):
            KeystoreKey.derive(b"abc", cost, salt)


def test_no_key_is_shown(key):
    assert key._key.hex() not in repr(key) and "_key" not in repr(key)


# profiles


@pytest.fixture
def profile(path):
    """One that was saved twice, and closed."""
    with Profile.create(path, SECRET, name="Alice", kdf="argon2id") as profile:
        assert profile.kdf == "argon2id" and profile.encrypted
        profile.save(numbered(profile.savedata, 1))
        profile.save(numbered(profile.savedata, 2))
    return profile


def test_create_open_save(path, profile, monkeypatch):
    calls = argon2_calls(monkeypatch)
    assert content(path).startswith(b"TOXKEYS1\x01\x01\x0d\x01") and names(path) == [
        "alice.tox",
        "alice.tox.bak",
    ]
    with Profile.open(path, SECRET.encode()) as again:
        assert again.savedata == profile.savedata and again.kdf == "argon2id"
        again.save(numbered(again.savedata, 3))
    assert number_of(KeystoreKey.of_file(SECRET.encode(), content(path)).decrypt(content(path))) == 3
    # a save derives nothing
    assert calls == [CHEAP, CHEAP]
    with pytest.raises(PassphraseNeeded):
        Profile.open(path)
    assert len(calls) == 2


def test_wrong_passphrase_and_damage_are_one_error(path):
    Profile.create(path, SECRET, kdf="argon2id").close()
    before = content(path)
    with pytest.raises(WrongPassphrase, match="wrong, or the file is damaged"):
        Profile.open(path, "wrong")
    Path(path).write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    with pytest.raises(WrongPassphrase, match="wrong, or the file is damaged"):
        Profile.open(path, SECRET)


def test_the_last_good_copy_is_offered_and_restored(path, profile):
    whole = content(path)
    for broken in (whole[:-1], whole[:20], b"", whole[:20] + bytes(8) + whole[28:]):
        Path(path).write_bytes(broken)
        with pytest.raises(ProfileCorrupt) as caught:
            Profile.open(path, SECRET)
        assert caught.value.backup_path == path + ".bak" and content(path) == broken
    with Profile.open(path, SECRET, restore_backup=True) as restored:
        assert number_of(restored.savedata) == 1 and restored.kdf == "argon2id"


def test_what_costs_too_much_is_damage_and_derives_nothing(path, monkeypatch):
    Profile.create(path, SECRET, kdf="argon2id").close()
    calls, whole = argon2_calls(monkeypatch), content(path)
    for place, value in ((9, 9), (10, 24), (11, 255)):
        Path(path).write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
        with pytest.raises(ProfileCorrupt, match="costs too little or too much"):
            Profile.open(path, SECRET)
    assert calls == []


def test_another_version_is_named(path):
    Profile.create(path, SECRET, kdf="argon2id").close()
    whole = content(path)
    Path(path).write_bytes(whole[:8] + b"\x02" + whole[9:])
    for passphrase in (SECRET, None):
        with pytest.raises(ProfileCorrupt, match="version 2 of the keystore's format"):
            Profile.open(path, passphrase)


def test_from_format_to_format(path):
    """By the passphrase, whose copies in the old format go too."""
    begins = {"scrypt": b"toxEsave", "argon2id": b"TOXKEYS1"}
    with Profile.create(path) as profile:
        plain = profile.savedata
        assert profile.kdf is None
        for kdf, expected in (
            ("argon2id", "argon2id"),
            (None, "argon2id"),
            ("scrypt", "scrypt"),
            (None, "scrypt"),
        ):
            profile.set_passphrase(SECRET, kdf=kdf)
            assert profile.kdf == expected
            assert content(path) == content(path + ".bak") and content(path).startswith(begins[expected])
        profile.set_passphrase(None)
        assert content(path) == plain
        for call in (
            lambda: profile.set_passphrase(None, kdf="argon2id"),
            lambda: Profile.create(path, kdf="scrypt"),
        ):
            with pytest.raises(ValueError, match="none was given"):
                call()
        with pytest.raises(ValueError, match="scrypt, argon2id, not by 'md5'"):
            profile.set_passphrase(SECRET, kdf="md5")
        assert profile.kdf is None and content(path) == plain


def test_a_copy_for_other_clients(path, profile):
    other = path + ".export"
    with Profile.open(path, SECRET, read_only=True) as source:
        Profile.create(other, SECRET, savedata=source.savedata).close()
    key = passkey.PassKey.derive(SECRET.encode(), passkey.salt_of(content(other)))
    assert key.decrypt(content(other)) == profile.savedata


def test_plain_text_never_reaches_the_disk(path, monkeypatch):
    written, real_write = [], os.write
    monkeypatch.setattr(os, "write", lambda fd, data: written.append(bytes(data)) or real_write(fd, data))
    with Profile.create(path, SECRET, kdf="argon2id") as profile:
        profile.save(numbered(profile.savedata, 1))
    everything = b"".join(written)
    assert everything.count(b"TOXKEYS1") == 2
    for hidden in (profile.public_key, SECRET.encode(), numbered(profile.savedata, 1)[-600:-568]):
        assert hidden not in everything


def test_without_the_library(path, profile, monkeypatch):
    """A checkout in which it was not installed: everything but this format works."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "argon2"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "argon2", None)
    for call in (
        lambda: Profile.open(path, SECRET),
        lambda: Profile.create(path + "2", SECRET, kdf="argon2id"),
    ):
        with pytest.raises(
            ProfileError, match=r"alice\.tox2?: Argon2id needs the Python package argon2-cffi"
        ):
            call()
    assert names(path) == ["alice.tox", "alice.tox.bak"]
    Profile.create(path + "2", SECRET).close()


def test_without_memory(path, profile, monkeypatch):
    from argon2 import low_level
    from argon2.exceptions import HashingError

    def refuse(*_arguments):
        raise HashingError("Memory allocation error")

    monkeypatch.setattr(low_level, "hash_secret_raw", refuse)
    with pytest.raises(ProfileError, match="no memory for the key derivation"):
        Profile.open(path, SECRET)


def test_the_library_is_imported_for_this_format_only(tmp_path):
    code = (
        "import sys, toxpy; from toxpy import Profile\n"
        "Profile.create(sys.argv[1], 'abc').close(); Profile.open(sys.argv[1], 'abc').close()\n"
        "print('argon2' in sys.modules)\n"
        "Profile.create(sys.argv[1] + '2', 'abc', kdf='argon2id').close(); print('argon2' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "alice.tox")]
    assert subprocess.check_output(command, cwd=ROOT, text=True).split() == ["False", "True"]
