"""What friends are to be told: the ids of messages of theirs that came by mailboxes.

As a part of a record, little-endian, for each friend: real key 32 | n u16 | n ids of 16.
"""

from __future__ import annotations

from struct import Struct

from toxpy.ext.offline.seal import ID_SIZE

#: Ids for one friend: who has more has them again when its messages are left again.
MAX_OWED = 1000
_HEAD = Struct("<32sH")


class Receipts:
    """Those that we owe, by the friend's real key."""

    __slots__ = ("_owed", "changes")

    def __init__(self) -> None:
        #: grows with those that are owed
        self.changes = 0
        self._owed: dict[bytes, dict[bytes, None]] = {}

    def friends(self) -> list[bytes]:
        """Those to whom we owe some."""
        return list(self._owed)

    def of(self, friend_pk: bytes) -> list[bytes]:
        """The ids that we owe to that friend, oldest first."""
        return list(self._owed.get(friend_pk, ()))

    def owe(self, friend_pk: bytes, message_id: bytes) -> None:
        """A message came."""
        self.changes += 1
        owed = self._owed.setdefault(friend_pk, {})
        if len(owed) < MAX_OWED:
            owed[message_id] = None

    def told(self, friend_pk: bytes, ids: list[bytes]) -> None:
        """The friend hears of these."""
        owed = self._owed.get(friend_pk, {})
        for message_id in ids:
            owed.pop(message_id, None)
        if not owed:
            self._owed.pop(friend_pk, None)

    def forget(self, friend_pk: bytes) -> None:
        """The friend is none any more."""
        self._owed.pop(friend_pk, None)

    def pack(self) -> bytes:
        """All of them; empty for none."""
        parts = (_HEAD.pack(pk, len(owed)) + b"".join(owed) for pk, owed in self._owed.items())
        return b"".join(parts)

    def load(self, part: bytes) -> None:
        """The same from a save, up to where it is damaged."""
        at = 0
        while at + _HEAD.size <= len(part):
            friend_pk, count = _HEAD.unpack_from(part, at)
            begin = at + _HEAD.size
            at = begin + count * ID_SIZE
            if at > len(part):
                return
            for place in range(begin, at, ID_SIZE):
                self.owe(friend_pk, part[place : place + ID_SIZE])
