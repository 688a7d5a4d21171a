"""The seam between an instance and what it can do: files, conferences, groups, calls, extensions.

Ours are a line each in `toxpy.capabilities`; a program adds its own with `Core.add`. Nothing in core,
messenger or friend knows any of them by name. A capability claims its kinds of packets in
`Messenger.packets` (and lower tables), appends to `Messenger.events` what happens, and keeps its state about
a friend in a dict of its own.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxpy.friend.friend import FriendState
    from toxpy.generated.events import Event


class Capability:
    """The base of all of them: what is not overridden does nothing."""

    __slots__ = ()

    #: Type of its section in a save, 1 to 65535; 0 for none. `toxpy.wire.sections` has those of c-toxcore.
    #: Each has one owner, as each kind of packet.
    section = 0
    #: Those that come along with it, for example for another section of the save.
    companions: Sequence[Capability] = ()

    def begin_pass(self) -> None:
        """For the end of each `iterate`: everything was received, and no event is delivered yet."""

    def next_event(self) -> Event | None:
        """An event made when it is about to be delivered; asked for when no other event waits.

        What its callback sends goes out in batches.
        """
        return None

    def has_event(self) -> bool:
        """True if `next_event` would have something."""
        return False

    def on_friend_online(self, friend: FriendState) -> None:
        """The friend came online. What is sent now arrives before our name and status."""

    def on_friend_gone(self, friend: FriendState) -> None:
        """The friend went offline, or was deleted (`friend.deleted`)."""

    def on_end(self) -> None:
        """The instance is about to end. All connections are still there: what is sent now leaves.

        No event is delivered any more, and nothing that gets lost is sent again.
        """

    def load(self, contents: Sequence[bytes]) -> None:
        """What a save had in its section: usually once, a damaged file may have more of them.

        What cannot be read is left out: a damaged section must not keep the user from starting.
        """

    def collect(self) -> bytes | None:
        """The content of its section for a save; None when there shall be none."""
        return None
