"""What is known and wanted of each friend's handshakes, and how a save keeps it.

    n x (real key 32 | version 1 | flags 1)

`version` is what the friend is pinned to, 0 for none. Flag 1: the friend told that it has Noise. Flags 2 and
4: our policy for it, which is 0 if none was set, else TOX_HANDSHAKE_POLICY + 1. Other flags are kept.
"""

from __future__ import annotations

from toxpy.ids import PUBLIC_KEY_SIZE
from toxpy.net_crypto.policy import LEGACY

#: Type of the record in the section of extensions.
RECORD = 1
_SIZE = PUBLIC_KEY_SIZE + 2
_TOLD, _POLICY_SHIFT, _POLICY_MASK = 1, 1, 6

#: No policy was set.
UNSET = -1


class Rule:
    """Of one friend."""

    __slots__ = ("legacy_ms", "only_legacy", "other_flags", "pin", "policy", "refused_ms", "told")

    def __init__(self, pin: int = LEGACY, policy: int = UNSET, told: bool = False, other: int = 0) -> None:
        #: the version that the friend had once; LEGACY is no pin
        self.pin = pin
        #: TOX_HANDSHAKE_POLICY, or UNSET
        self.policy = policy
        #: the friend told that it has Noise
        self.told = told
        self.other_flags = other
        # of this run
        #: when the running session began, if it is an old one; else -1
        self.legacy_ms = -1
        #: the friend had a long session and did not tell of Noise
        self.only_legacy = False
        #: when a refused handshake was told of, -1 for never
        self.refused_ms = -1

    def pack(self, real_pk: bytes) -> bytes:
        """The friend's entry; b"" when there is nothing to keep."""
        flags = self.other_flags | self.told | (self.policy + 1) << _POLICY_SHIFT
        return real_pk + bytes((self.pin, flags)) if self.pin or flags else b""


def unpack(content: bytes) -> dict[bytes, Rule]:
    """The rules by key; a damaged end is left out."""
    rules = {}
    for start in range(0, len(content) - _SIZE + 1, _SIZE):
        entry = content[start : start + _SIZE]
        pin, flags = entry[PUBLIC_KEY_SIZE:]
        policy = ((flags & _POLICY_MASK) >> _POLICY_SHIFT) - 1
        other = flags & ~(_TOLD | _POLICY_MASK)
        rules[entry[:PUBLIC_KEY_SIZE]] = Rule(pin, policy, bool(flags & _TOLD), other)
    return rules
