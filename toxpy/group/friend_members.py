"""Which friend is which member of a group: those who accepted our invitation, or whose we accepted.

Nobody else knows that of anybody: a member's key has nothing to do with the Tox key of the same person. It is
kept over restarts in a section of the save that c-toxcore reads over:

    chat id 32 | real_pk of the friend 32 | enc_pk of the friend in the group 32 | ...
"""

from __future__ import annotations

from toxpy.friend.capability import Capability
from toxpy.ids import PUBLIC_KEY_SIZE
from toxpy.wire.sections import FRIEND_MEMBERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxpy.friend.friend import FriendState

#: Pairs of a group and a friend, the last ones.
MAX_PAIRS = 1024
_SIZE = 3 * PUBLIC_KEY_SIZE


class FriendMembers(Capability):
    """The table of one instance."""

    __slots__ = ("_members", "section")

    def __init__(self, *, saved: bool) -> None:
        """`saved` if groups are."""
        self.section = FRIEND_MEMBERS if saved else 0
        #: chat id and the friend's real key, to the friend's key in the group
        self._members: dict[tuple[bytes, bytes], bytes] = {}

    def get(self, chat_id: bytes, real_pk: bytes) -> bytes | None:
        """The friend's key in that group."""
        return self._members.get((chat_id, real_pk))

    def of_friend(self, real_pk: bytes) -> list[tuple[bytes, bytes]]:
        """The friend's groups by chat id, and its key in each."""
        return [(chat_id, enc_pk) for (chat_id, friend), enc_pk in self._members.items() if friend == real_pk]

    def note(self, chat_id: bytes, real_pk: bytes, enc_pk: bytes) -> None:
        """The friend is that member."""
        members = self._members
        members.pop((chat_id, real_pk), None)
        if len(members) >= MAX_PAIRS:
            del members[next(iter(members))]
        members[chat_id, real_pk] = enc_pk

    def forget(self, chat_id: bytes) -> None:
        """We have left that group."""
        for key in [key for key in self._members if key[0] == chat_id]:
            del self._members[key]

    # the capability

    def on_friend_gone(self, friend: FriendState) -> None:
        """One that is deleted is looked for no more."""
        if friend.deleted:
            for key in [key for key in self._members if key[1] == friend.real_pk]:
                del self._members[key]

    def load(self, contents: Sequence[bytes]) -> None:
        """What is cut short at the end is left out."""
        for content in contents:
            for start in range(0, len(content) - _SIZE + 1, _SIZE):
                keys = [
                    content[at : at + PUBLIC_KEY_SIZE] for at in range(start, start + _SIZE, PUBLIC_KEY_SIZE)
                ]
                self.note(*keys)

    def collect(self) -> bytes | None:
        """All of them."""
        return b"".join(b"".join((*key, enc_pk)) for key, enc_pk in self._members.items()) or None
