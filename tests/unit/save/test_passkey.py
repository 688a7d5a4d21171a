"""Passphrase encryption; tests/capi/host checks it against the real library."""

import pytest

from toxpy.errors import PacketError
from toxpy.save import passkey

SALT = bytes(32)
#: what c-toxcore derives for this passphrase and salt
KEY = bytes.fromhex("787b2d4c4b49de884271cdcaacb036e0391891b1faa221cfe5d984a63aca1d99")


@pytest.fixture(scope="module")
def key():
    return passkey.PassKey.derive(b"abc", SALT)


def test_known_key(key):
    assert key.key == KEY
    assert passkey.PassKey.derive(b"abd", SALT).key != KEY


def test_format(key):
    sealed = key.encrypt(b"data", bytes(range(24)))
    assert len(sealed) == 4 + passkey.EXTRA_SIZE
    assert sealed[:64] == b"toxEsave" + SALT + bytes(range(24))
    assert passkey.is_encrypted(sealed) and passkey.salt_of(sealed) == SALT
    assert key.decrypt(sealed) == b"data"


def test_damage_and_wrong_keys_are_none(key):
    sealed = bytearray(key.encrypt(b"data", bytes(24)))
    assert passkey.PassKey(bytes(32), SALT).decrypt(bytes(sealed)) is None
    for position in range(40, len(sealed)):
        sealed[position] ^= 1
        assert key.decrypt(bytes(sealed)) is None
        sealed[position] ^= 1


def test_other_files_are_packet_errors(key):
    sealed = key.encrypt(b"x", bytes(24))
    for data in (b"", sealed[:80], b"x" * 100, b"toxEsav" + sealed[7:-1]):
        with pytest.raises(PacketError):
            key.decrypt(data)
    assert KEY.hex() not in repr(key)


def test_in_place_and_wrong_sizes(key):
    memory = bytearray(b"plain" + bytes(passkey.EXTRA_SIZE))
    key.encrypt_into(memory, memoryview(memory)[:5], bytes(range(24)))
    assert memory == key.encrypt(b"plain", bytes(range(24)))
    assert key.decrypt_into(memoryview(memory)[:5], memory) and memory[:5] == b"plain"
    for out, plain, nonce in ((84, b"plain", 24), (86, b"plain", 24), (85, b"plain", 23)):
        with pytest.raises(ValueError, match="bytes"):
            key.encrypt_into(bytearray(out), plain, bytes(nonce))
    with pytest.raises(ValueError, match="shorter"):
        key.decrypt_into(bytearray(6), bytes(85))
    with pytest.raises((TypeError, BufferError, ValueError)):
        key.encrypt_into(bytes(85), b"plain", bytes(24))
