"""Safety numbers: the written construction, both sides equal, and what a comparison says."""

import asyncio
import hashlib

import pytest

from toxpy import AsyncTox, Tox, ToxError
from toxpy.crypto.keys import KeyPair
from toxpy.friend import safety
from toxpy.runtime import Rng

ALICE, BOB = bytes(range(32)), bytes(range(32, 64))
#: The test vector of docs/security.md.
NUMBER = "03751 75106 24925 78335 41532 65943 25307 44851 94571 55778 25133 19927"
QUIET = {"local_discovery_enabled": False, "udp_enabled": False}


def digits_as_written(key):
    """The construction of the module's docstring, with another library."""
    digest = b"TOX safety number 1" + key
    for _ in range(5200):
        digest = hashlib.sha512(digest + key).digest()
    return "".join(f"{int.from_bytes(digest[5 * n : 5 * n + 5], 'big') % 100000:05}" for n in range(6))


def test_the_construction_as_it_is_written():
    for key in (ALICE, BOB):
        assert safety.key_digits(key) == digits_as_written(key)
    assert safety.safety_number(ALICE, BOB) == safety.safety_number(BOB, ALICE) == NUMBER
    assert [len(group) for group in NUMBER.split(" ")] == [5] * 12
    halves = sorted((digits_as_written(ALICE), digits_as_written(BOB)))
    assert NUMBER.replace(" ", "") == "".join(halves)


def test_every_bit_of_a_key_counts():
    rng = Rng()
    one, other = (KeyPair.generate(rng).public for _ in range(2))
    seen = {safety.safety_number(one, other)}
    for byte in (0, 15, 31):
        changed = bytearray(other)
        changed[byte] ^= 1 << byte % 8
        seen.add(safety.safety_number(one, bytes(changed)))
        seen.add(safety.safety_number(bytes(changed), other))
    assert len(seen) == 7


def test_what_a_comparison_says():
    eve = bytes(range(64, 96))
    assert safety.compare(ALICE, BOB, safety.safety_number(BOB, ALICE)) == safety.SAME
    assert (
        safety.compare(ALICE, BOB, f" {safety.safety_number(BOB, ALICE).replace(' ', chr(10))}")
        == safety.SAME
    )
    assert safety.compare(ALICE, BOB, safety.safety_number(eve, ALICE)) == safety.DIFFERENT
    assert safety.compare(ALICE, BOB, safety.scan_text(BOB, ALICE).lower()) == safety.SAME
    # Bob has Eve's key for Alice; Alice has Bob's, and who shows the code is Eve; both
    assert safety.compare(ALICE, BOB, safety.scan_text(BOB, eve)) == safety.WE_DIFFER
    assert safety.compare(ALICE, BOB, safety.scan_text(eve, ALICE)) == safety.THEY_DIFFER
    assert safety.compare(ALICE, BOB, safety.scan_text(eve, eve)) == safety.DIFFERENT
    # Alice scans a code of her own program
    assert safety.compare(ALICE, BOB, safety.scan_text(ALICE, BOB)) == safety.DIFFERENT


@pytest.mark.parametrize(
    "text", ["", "12345", "TOXSAFETY1:", "x" * 60, "١" * 60, "1" * 61, "TOXSAFETY2:" + "1" * 60]
)
def test_what_is_no_safety_number(text):
    with pytest.raises(ValueError, match="60 digits"):
        safety.compare(ALICE, BOB, text)


def test_both_friends_have_the_same_one():
    with Tox(**QUIET) as alice, Tox(**QUIET) as bob:
        number = alice.friend_add_norequest(bob.self_get_public_key())
        bob.friend_add_norequest(alice.self_get_public_key())
        here = alice.friend_get_safety_number(number)
        assert here == bob.friend_get_safety_number(0)
        keys = alice.self_get_public_key().raw, bob.self_get_public_key().raw
        assert here == safety.safety_number(*keys)
        with pytest.raises(ToxError, match="number"):
            alice.friend_get_safety_number(1)


def test_of_an_asyncio_friend():
    async def main():
        async with AsyncTox(**QUIET) as tox:
            friend = tox.friend_add_norequest(BOB)
            assert friend.safety_number == safety.safety_number(tox.address.public_key.raw, BOB)

    asyncio.run(main())
