"""Extended keys are those of c-toxcore, and only pairs that belong together are loaded."""

import pytest

from tests.unit.group.vectors import CHAT_ID, KEYS, extended_keys
from toxpy.crypto import sodium
from toxpy.errors import PacketError
from toxpy.group.keys import ExtendedKeyPair, ExtendedPublicKey, chat_public_key
from toxpy.runtime import Rng


@pytest.mark.parametrize("entry", extended_keys(), ids=lambda entry: entry["sig_pk"][:8])
def test_keys_of_a_seed(entry):
    known = {name: bytes.fromhex(value) for name, value in entry.items()}
    pair = ExtendedKeyPair(known["seed"])
    assert (pair.public.enc, pair.public.sig) == (known["enc_pk"], known["sig_pk"])
    assert pair.enc_secret == known["enc_sk"]
    assert pair.secret_bytes() == known["enc_sk"] + known["sig_sk"]


def test_the_chat_id_names_both_keys_of_a_group():
    assert chat_public_key(CHAT_ID) == KEYS["chat"].public
    # a number that no point of the curve has
    assert chat_public_key(b"\x02" + bytes(31)) is None


def test_saved_keys():
    pair = ExtendedKeyPair.generate(Rng())
    public, secret = bytes(pair.public), pair.secret_bytes()
    again = ExtendedKeyPair.from_save(public, secret)
    assert again.public == pair.public and again.enc_secret == pair.enc_secret
    for place in range(len(secret)):
        damaged = secret[:place] + bytes((secret[place] ^ 1,)) + secret[place + 1 :]
        with pytest.raises(PacketError):
            ExtendedKeyPair.from_save(public, damaged)
    for wrong in ((public[1:], secret), (public, secret[1:]), (public[::-1], secret), (b"", b"")):
        with pytest.raises(PacketError):
            ExtendedKeyPair.from_save(*wrong)


def test_no_secret_shows():
    pair = ExtendedKeyPair(b"\x07" * 32)
    shown = repr(pair) + repr(pair.public) + str(pair)
    secrets = {pair.enc_secret.hex(), (b"\x07" * 32).hex()}
    assert not any(secret[:8] in shown.lower() for secret in secrets)


def test_keys_as_names():
    key = KEYS["A"].public
    assert ExtendedPublicKey.from_bytes(bytes(key)) == key
    assert {key: 1}[ExtendedPublicKey(key.enc, key.sig)] == 1
    assert key not in (KEYS["B"].public, ExtendedPublicKey(key.enc, key.enc), "A")
    with pytest.raises(ValueError):
        ExtendedPublicKey(b"short", key.sig)


def test_signatures():
    pair = KEYS["A"]
    signature = pair.sign(b"text")
    assert sodium.verify(pair.public.sig, signature, b"text")
    assert not sodium.verify(pair.public.sig, signature, b"Text")
    assert not sodium.verify(KEYS["B"].public.sig, signature, b"text")
    for place in range(64):
        damaged = signature[:place] + bytes((signature[place] ^ 4,)) + signature[place + 1 :]
        assert not sodium.verify(pair.public.sig, damaged, b"text")
    # as libsodium's own function for detached signatures does it: RFC 8032, test 2
    public, secret = sodium.sign_key_pair(
        bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    )
    assert sodium.sign(secret, b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert sodium.verify(public, sodium.sign(secret, b""), b"")


@pytest.mark.parametrize(
    "call",
    [
        lambda: sodium.sign_key_pair(b"short"),
        lambda: sodium.sign(b"short", b""),
        lambda: sodium.verify(bytes(31), bytes(64), b""),
        lambda: sodium.verify(bytes(32), bytes(63), b""),
        lambda: sodium.sign_public_to_box(bytes(33)),
        lambda: sodium.sign_secret_to_box(bytes(32)),
    ],
)
def test_wrong_sizes_do_not_reach_libsodium(call):
    with pytest.raises(ValueError):
        call()
