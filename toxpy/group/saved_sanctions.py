"""Sanctions of groups in a save: who is an observer, also after all members were restarted.

c-toxcore saves none: they come back from members that were running all the time, or never. Ours are in a
section that c-toxcore reads over and does not keep:

    chat id 32 | size u16 | sanctions with their credentials, as members send them | ...
"""

from __future__ import annotations

from struct import Struct

from toxpy.friend.capability import Capability
from toxpy.wire.sections import GROUP_SANCTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from toxpy.group.groups import GroupEntry

_HEAD = Struct(">32sH")


class SavedSanctions(Capability):
    """Those of all groups of an instance."""

    __slots__ = ("_groups", "section")

    def __init__(self, groups: Callable[[], list[GroupEntry]], *, saved: bool) -> None:
        """`saved` if groups are."""
        self._groups = groups
        self.section = GROUP_SANCTIONS if saved else 0

    def load(self, contents: Sequence[bytes]) -> None:
        """Of groups that were loaded before; each list is checked as if a member had sent it."""
        known = {entry.group.state.chat.sig: entry.group.state for entry in self._groups()}
        for content in contents:
            offset = 0
            while offset + _HEAD.size <= len(content):
                chat_id, size = _HEAD.unpack_from(content, offset)
                offset += _HEAD.size + size
                state = known.get(chat_id)
                if state is not None and offset <= len(content):
                    state.on_sanctions(state.keys.public, content[offset - size : offset])

    def collect(self) -> bytes | None:
        """All of them."""
        saved = []
        for entry in self._groups():
            state = entry.group.state
            packed = state.sanctions.pack()
            if packed:
                saved.append(_HEAD.pack(state.chat.sig, len(packed)) + packed)
        return b"".join(saved) or None
