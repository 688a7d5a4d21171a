"""Safety numbers: what two friends compare, to know that nobody is between them.

    h(0) = "TOX safety number 1" + key            h(n) = SHA-512(h(n - 1) + key)
    digits of a key = the first 30 bytes of h(5200), five at a time as a big-endian number modulo 100000
    safety number = the digits of both long-term public keys, the lower ones first

This is Signal's numeric fingerprint with another beginning. Each half depends on one key alone: who wants
to pass for somebody else has to find a key with the same thirty digits, 2**99 times 5200 hashes.

A QR code has "TOXSAFETY1:", the digits of the one who shows it and those of their friend, so that it also
says which of the two keys is another. Spec: docs/security.md.
"""

from __future__ import annotations

from toxpy.crypto import sodium

_LABEL = b"TOX safety number 1"
#: Rounds of SHA-512, which make each guess dearer; about 5 ms.
_ROUNDS = 5200
_GROUPS, _GROUP_BYTES, _GROUP_DIGITS = 6, 5, 5
_KEY_DIGITS = _GROUPS * _GROUP_DIGITS
#: What a QR code begins with; all of it is in the small alphabet of QR codes.
SCAN_PREFIX = "TOXSAFETY1:"

#: What `compare` may say.
SAME, DIFFERENT, WE_DIFFER, THEY_DIFFER = "same", "different", "we differ", "they differ"


def key_digits(public_key: bytes) -> str:
    """The thirty digits of a long-term public key."""
    sha512 = sodium.sha512
    digest = _LABEL + public_key
    for _ in range(_ROUNDS):
        digest = sha512(digest + public_key)
    groups = (
        digest[start : start + _GROUP_BYTES] for start in range(0, _GROUPS * _GROUP_BYTES, _GROUP_BYTES)
    )
    return "".join(f"{int.from_bytes(group, 'big') % 10**_GROUP_DIGITS:0{_GROUP_DIGITS}}" for group in groups)


def safety_number(one: bytes, other: bytes) -> str:
    """The number of a friendship, of two public keys in any order: 12 groups of 5 digits, 71 characters."""
    digits = "".join(sorted((key_digits(one), key_digits(other))))
    return " ".join(digits[start : start + _GROUP_DIGITS] for start in range(0, len(digits), _GROUP_DIGITS))


def scan_text(ours: bytes, theirs: bytes) -> str:
    """What our QR code for a friend says."""
    return SCAN_PREFIX + key_digits(ours) + key_digits(theirs)


def compare(ours: bytes, theirs: bytes, text: str) -> str:
    """What a friend's safety number, or the text of their QR code, says of the keys that we have.

    SAME or DIFFERENT; of a QR code also whose key is another one to them: WE_DIFFER or THEY_DIFFER.
    ValueError when it is neither.
    """
    text = "".join(text.split()).upper()
    scanned = text.startswith(SCAN_PREFIX)
    digits = text.removeprefix(SCAN_PREFIX)
    if len(digits) != 2 * _KEY_DIGITS or not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"a safety number has {2 * _KEY_DIGITS} digits, also in a QR code")
    expected = key_digits(theirs), key_digits(ours)
    if not scanned:
        return SAME if digits == "".join(sorted(expected)) else DIFFERENT
    they, we = (digits[:_KEY_DIGITS] == expected[0], digits[_KEY_DIGITS:] == expected[1])
    if they and we:
        return SAME
    return THEY_DIFFER if we else WE_DIFFER if they else DIFFERENT
