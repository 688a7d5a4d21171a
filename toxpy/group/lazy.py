"""Groups from their first use on: few programs have any, and their modules take time and memory.

The first use is a function of the API that needs one, an invitation by a friend, or a group in the save.
"""

from __future__ import annotations

from toxpy.friend.capability import Capability
from toxpy.friend.packets import PACKET_GROUP_INVITE
from toxpy.group.friend_members import FriendMembers
from toxpy.group.saved_sanctions import SavedSanctions
from toxpy.runtime import FORKS
from toxpy.wire.sections import GROUPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxpy.friend.friend import FriendState
    from toxpy.friend.layers import Layers
    from toxpy.group.groups import GroupEntry, Groups


class LazyGroups(Capability):
    """Stands for all groups of an instance; the parts of `Core` share it."""

    __slots__ = ("_forks", "_groups", "_layers", "companions", "members", "section")

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        self._groups: Groups | None = None
        self._forks = FORKS.count
        saved = layers.options.experimental_groups_persistence
        #: without the option a section of a save is kept as it is
        self.section = GROUPS if saved else 0
        self.members = FriendMembers(saved=saved)
        self.companions = self.members, SavedSanctions(self.all, saved=saved)
        layers.messenger.packets.claim(PACKET_GROUP_INVITE, self._on_invite)

    def get(self) -> Groups:
        """The groups."""
        if self._groups is None:
            from toxpy.group.groups import Groups

            self._groups = Groups(self._layers, self.members)
        return self._groups

    def find(self, number: int) -> GroupEntry | None:
        """The group with that number."""
        return None if self._groups is None else self._groups.get(number)

    def all(self) -> list[GroupEntry]:
        """All groups in the order of their numbers."""
        return [] if self._groups is None else self._groups.all()

    def _on_invite(self, friend: FriendState, data: bytes) -> None:
        self.get().invites.on_packet(friend, data)

    def begin_pass(self) -> None:
        """In the child of a fork all sessions begin anew: the parent may go on with the message ids."""
        if self._forks != FORKS.count:
            self._forks = FORKS.count
            if self._groups is not None:
                self._groups.begin_anew()

    def on_end(self) -> None:
        """Tell all members of all groups."""
        if self._groups is not None:
            self._groups.close()

    def load(self, contents: Sequence[bytes]) -> None:
        """The groups of a save."""
        if any(contents):
            self.get().load(contents)

    def collect(self) -> bytes | None:
        """All groups."""
        return None if self._groups is None else self._groups.collect()


def shared(layers: Layers) -> LazyGroups:
    """The one capability of an instance, made for the first of the parts that ask."""
    for capability in layers.messenger.capabilities:
        if isinstance(capability, LazyGroups):
            return capability
    return LazyGroups(layers)
