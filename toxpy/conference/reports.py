"""What our user hears of one conference."""

from __future__ import annotations

from toxpy.generated import events as ev

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toxpy.conference.peer import ConferencePeer

#: Stands for a peer where a title came with the list of peers. C: UINT32_MAX.
NO_PEER = 0xFFFFFFFF


class ConferenceReports:
    """Appends the events of a conference, and owns them: none is delivered once it is `deleted`."""

    __slots__ = ("_events", "_number", "deleted", "silent")

    def __init__(self, events: list[Any], number: int) -> None:
        self._events = events
        self._number = number
        self.deleted = False
        #: True while what happens is known to our user: it founds the conference, or loads it
        self.silent = True

    def _report(self, event: ev.Event) -> None:
        if not self.silent:
            self._events.append(event)

    def connected(self) -> None:
        """We know our place among the peers: messages can be sent."""
        self._report(ev.ConferenceConnected(self._number, owner=self))

    def list_changed(self) -> None:
        """Somebody came."""
        self._report(self.changed_list())

    def changed_list(self) -> ev.ConferencePeerListChanged:
        """The event for somebody who left."""
        return ev.ConferencePeerListChanged(self._number, owner=self)

    def name(self, peer: ConferencePeer) -> None:
        """A peer has another name."""
        self._report(ev.ConferencePeerName(self._number, peer.index, peer.name, owner=self))

    def title(self, peer: ConferencePeer | None, title: bytes) -> None:
        """There is another title, by that peer."""
        index = NO_PEER if peer is None else peer.index
        self._report(ev.ConferenceTitle(self._number, index, title, owner=self))

    def message(self, peer: ConferencePeer, kind: int, text: bytes) -> None:
        """A peer said something; `kind` 1 is an action."""
        self._report(self.said(peer, kind, text))

    def said(self, peer: ConferencePeer, kind: int, text: bytes) -> ev.ConferenceMessage:
        """The event alone."""
        return ev.ConferenceMessage(self._number, peer.index, kind, text, owner=self)
