"""ToxId and PublicKey: parsing, checking, printing."""

import pytest

from toxpy.arguments import as_text
from toxpy.ids import PublicKey, SecretKey, ToxId, address_checksum, bytes_of
from toxpy.options import Options

KEY = bytes(range(32))


def test_checksum_is_the_exclusive_or_of_pairs():
    assert address_checksum(bytes([1, 2, 4, 8])) == bytes([5, 10])


def test_build_and_take_apart():
    address = ToxId.build(KEY, 0x01020304)
    assert address.raw[:32] == KEY
    assert address.raw[32:36] == bytes([1, 2, 3, 4])
    assert address.public_key == PublicKey(KEY)
    assert address.nospam == 0x01020304
    assert ToxId(str(address)) == address
    assert ToxId(address.raw) == address
    assert ToxId(address) == address
    assert hash(ToxId(str(address))) == hash(address)


def test_text_forms():
    address = ToxId.build(KEY, 7)
    text = str(address)
    assert text == text.upper() and len(text) == 76
    assert ToxId(text.lower()) == address
    assert ToxId(f"  tox:{text}\n") == address
    assert repr(address) == f"ToxId('{text}')"
    assert bytes(address) == address.raw


@pytest.mark.parametrize("position", range(38))
def test_every_damaged_byte_is_noticed(position):
    damaged = bytearray(ToxId.build(KEY, 7).raw)
    damaged[position] ^= 0x40
    with pytest.raises(ValueError, match="checksum"):
        ToxId(bytes(damaged))


@pytest.mark.parametrize("text", ["", "00", "g" * 76, "00" * 37, "00" * 39, "00 " * 25 + "0", "é" * 76])
def test_bad_tox_ids(text):
    with pytest.raises(ValueError, match="Tox ID"):
        ToxId(text)


@pytest.mark.parametrize("text", ["", "0" * 63, "0" * 65, "x" * 64, "0 " * 32])
def test_bad_public_keys(text):
    with pytest.raises(ValueError, match="public key"):
        PublicKey(text)


def test_public_key():
    key = PublicKey(KEY)
    assert str(key) == KEY.hex().upper()
    assert PublicKey(str(key)) == key != PublicKey(bytes(32))
    assert key != KEY
    assert {key: 1}[PublicKey(KEY.hex())] == 1
    with pytest.raises(ValueError, match="32 bytes"):
        PublicKey(b"short")
    with pytest.raises(AttributeError):
        key.raw = bytes(32)


def test_options_hide_the_savedata_and_refuse_unknown_fields():
    options = Options(savedata_type=2, savedata_data=b"\x01" * 32)
    assert "<32 bytes>" in repr(options)
    assert "\\x01" not in repr(options)
    copied = options.copy()
    assert copied.savedata_data == options.savedata_data and copied is not options
    with pytest.raises(TypeError, match="nonsense"):
        Options(nonsense=1)


@pytest.mark.parametrize("value", [5, 0, 10**12, [65], range(3), None, 1.5])
def test_a_number_is_no_bytes(value):
    """`bytes(5)` are five zeros, which nobody means to send."""
    for take in (bytes_of, PublicKey, ToxId, SecretKey, lambda value: as_text(value, "text")):
        with pytest.raises(TypeError):
            take(value)


def test_what_has_bytes():
    key = PublicKey("AB" * 32)
    for value in (b"ab", bytearray(b"ab"), memoryview(b"ab")):
        assert bytes_of(value) == as_text(value, "text") == b"ab"
    assert bytes_of(key) == key.raw
