"""Conferences from their first use on: few programs have any, and their modules take time and memory.

The first use is a function of the API that needs one, an invitation by a friend, or a conference in the save.
"""

from __future__ import annotations

from toxpy.conference.packets import DIRECT, INVITATION, LOSSY, MESSAGE, ONLINE, REJOIN
from toxpy.errors import api_error
from toxpy.friend.capability import Capability
from toxpy.wire.sections import CONFERENCES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxpy.conference.conference import Conference
    from toxpy.conference.conferences import Conferences
    from toxpy.friend.connection import FriendConnection
    from toxpy.friend.friend import FriendState
    from toxpy.friend.layers import Layers
    from toxpy.friend.messenger import Messenger
    from toxpy.generated import events as ev

#: What members send each other, friends or not.
MEMBERS_PACKETS = ONLINE, DIRECT, MESSAGE, REJOIN, LOSSY


class LazyConferences(Capability):
    """Stands for all conferences of an instance; the parts of `Core` share it."""

    __slots__ = ("_conferences", "_messenger")

    section = CONFERENCES

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        self._conferences: Conferences | None = None
        messenger.packets.claim(INVITATION, self._on_invitation)
        for kind in MEMBERS_PACKETS:
            messenger.connections.packets.claim(kind, self._on_early)

    def get(self) -> Conferences:
        """The conferences."""
        if self._conferences is None:
            from toxpy.conference.conferences import Conferences

            messenger = self._messenger
            # from now on the packets are theirs
            messenger.packets.release(INVITATION)
            for kind in MEMBERS_PACKETS:
                messenger.connections.packets.release(kind)
            self._conferences = Conferences(messenger)
        return self._conferences

    def by_number(self, number: int) -> Conference | None:
        """The conference of that number."""
        return None if self._conferences is None else self._conferences.table.by_number.get(number)

    def find(self, number: int, error_name: str) -> Conference:
        """The same; ToxError of that name when there is none."""
        conference = self.by_number(number)
        if conference is None:
            raise api_error(error_name)
        return conference

    def all(self) -> list[Conference]:
        """All conferences in the order of their numbers."""
        return [] if self._conferences is None else self._conferences.table.all()

    def _on_invitation(self, friend: FriendState, data: bytes) -> None:
        self.get().invitations.on_packet(friend, data)

    def _on_early(self, _connection: FriendConnection, _data: bytes) -> None:
        self._messenger.rt.counters.drop("conference_not_linked")

    def begin_pass(self) -> None:
        """What is heard, and what we said."""
        if self._conferences is not None:
            self._conferences.begin_pass()

    def next_event(self) -> ev.ConferencePeerListChanged | None:
        """Somebody leaves the list of peers."""
        return None if self._conferences is None else self._conferences.next_event()

    def has_event(self) -> bool:
        """True while there is something to come."""
        return self._conferences is not None and self._conferences.has_event()

    def on_end(self) -> None:
        """The others hear that we are gone for now."""
        if self._conferences is not None:
            self._conferences.on_end()

    def load(self, contents: Sequence[bytes]) -> None:
        """The conferences of a save."""
        if any(contents):
            self.get().load(contents)

    def collect(self) -> bytes:
        """Those that we are in."""
        return b"" if self._conferences is None else self._conferences.collect()


def shared(layers: Layers) -> LazyConferences:
    """The one capability of an instance, made for the first of the parts that ask."""
    for capability in layers.messenger.capabilities:
        if isinstance(capability, LazyConferences):
            return capability
    return LazyConferences(layers.messenger)
