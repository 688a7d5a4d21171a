"""Which conference a packet is for, what our user does, events and saves.

A packet for a conference bears the number that we told the peer. It counts only over a connection that is
one of the conference's links, and where it has the id as well, the id decides and not the number: numbers
are used again.
"""

from __future__ import annotations

from toxpy.conference import messages
from toxpy.conference.invitations import Invitations
from toxpy.conference.packets import (
    ACTION,
    COOKIE,
    DIRECT,
    INVITATION,
    LOSSY,
    MAX_MESSAGE_LENGTH,
    MAX_NAME_LENGTH,
    MESSAGE,
    MIN_DIRECT_SIZE,
    MIN_LOSSY_SIZE,
    MIN_MESSAGE_SIZE,
    MIN_REJOIN_SIZE,
    ONLINE,
    ONLINE_SIZE,
    REJOIN,
    TEXT,
    TYPE_TEXT,
)
from toxpy.conference.saved import read_conferences, restore, write_conferences
from toxpy.conference.table import ConferenceTable
from toxpy.errors import api_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from toxpy.conference.audio import Speaker
    from toxpy.conference.conference import Conference
    from toxpy.conference.links import ConferenceLink
    from toxpy.friend.connection import FriendConnection
    from toxpy.friend.messenger import Messenger
    from toxpy.generated import events as ev
    from toxpy.media.codecs import Codecs
    from toxpy.runtime import Runtime

ID_SIZE = 32


class Conferences:
    """All of them. What `LazyConferences` hands on as the capability is in the part "the seam"."""

    __slots__ = ("_messenger", "_rt", "_said", "codecs", "due_speakers", "invitations", "table")

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        self._rt: Runtime = messenger.rt
        self.table = ConferenceTable(messenger)
        self.invitations = Invitations(self.table, messenger)
        #: our own messages, for the next pass
        self._said: list[Any] = []
        #: for audio; None for the real ones
        self.codecs: Codecs | None = None
        #: whose audio came or is missed in this pass
        self.due_speakers: list[Speaker] = []
        connections = messenger.connections
        messenger.packets.claim(INVITATION, self.invitations.on_packet)
        connections.watchers.append(self)
        messenger.on_name.append(self._on_name)
        packets = connections.packets
        packets.claim(ONLINE, self._on_online)
        packets.claim(DIRECT, self._on_direct)
        packets.claim(MESSAGE, self._on_message)
        packets.claim(REJOIN, self._on_rejoin)
        packets.claim(LOSSY, self._on_lossy)

    # our user

    def new(self, kind: int = TYPE_TEXT) -> Conference:
        """Found a conference, of which we are the first peer."""
        number = self.table.free_number()
        if number < 0:
            raise api_error("TOX_ERR_CONFERENCE_NEW_INIT")
        conference = self.table.make(number, kind, self._rt.rng.bytes(ID_SIZE))
        conference.enter(0)
        conference.reports.silent = False
        return conference

    def delete(self, number: int) -> None:
        """Leave a conference for good."""
        conference = self.table.find(number, "TOX_ERR_CONFERENCE_DELETE_CONFERENCE_NOT_FOUND")
        conference.leave(for_good=True)
        self.table.forget(conference)
        self.invitations.joining.pop(conference, None)

    def invite(self, friend_number: int, number: int) -> None:
        """Invite a friend who is online."""
        self.invitations.invite(friend_number, number)

    def join(self, friend_number: int, cookie: bytes, kind: int = TYPE_TEXT) -> Conference:
        """Accept a friend's invitation to a conference of that type."""
        return self.invitations.join(friend_number, cookie, kind)

    def say(self, number: int, kind: int, text: bytes) -> None:
        """Send a message (kind 0) or an action."""
        conference = self.table.find(number, "TOX_ERR_CONFERENCE_SEND_MESSAGE_CONFERENCE_NOT_FOUND")
        if len(text) > MAX_MESSAGE_LENGTH:
            raise api_error("TOX_ERR_CONFERENCE_SEND_MESSAGE_TOO_LONG")
        own = conference.own
        if own is None or not conference.links.online:
            raise api_error("TOX_ERR_CONFERENCE_SEND_MESSAGE_NO_CONNECTION", retryable=True)
        if not conference.say(ACTION if kind else TEXT, text):
            raise api_error("TOX_ERR_CONFERENCE_SEND_MESSAGE_FAIL_SEND", retryable=True)
        if text:
            self._said.append(conference.reports.said(own, int(kind != 0), text))

    def set_title(self, number: int, title: bytes) -> None:
        """Set the title for everybody."""
        conference = self.table.find(number, "TOX_ERR_CONFERENCE_TITLE_CONFERENCE_NOT_FOUND")
        if not 0 < len(title) <= MAX_NAME_LENGTH:
            raise api_error("TOX_ERR_CONFERENCE_TITLE_INVALID_LENGTH")
        if not conference.say_title(title):
            raise api_error("TOX_ERR_CONFERENCE_TITLE_FAIL_SEND", retryable=True)

    # packets

    def _find(self, connection: FriendConnection, data: bytes) -> tuple[Conference, ConferenceLink] | None:
        """Which conference a packet is for, and its link there."""
        conference = self.table.by_number.get(data[1] << 8 | data[2])
        return self._linked(connection, conference)

    def _linked(
        self, connection: FriendConnection, conference: Conference | None
    ) -> tuple[Conference, ConferenceLink] | None:
        link = conference.links.by_key.get(connection.real_pk) if conference is not None else None
        if conference is None or link is None:
            self._rt.counters.drop("conference_not_linked")
            return None
        return conference, link

    def _on_message(self, connection: FriendConnection, data: bytes) -> None:
        if len(data) < MIN_MESSAGE_SIZE:
            self._rt.counters.drop("conference_message_size")
            return
        # the hot path
        conference = self.table.by_number.get(data[1] << 8 | data[2])
        link = conference.links.by_key.get(connection.real_pk) if conference is not None else None
        if conference is None or link is None:
            self._rt.counters.drop("conference_not_linked")
            return
        messages.on_message(conference, link, data, self._rt)

    def _on_direct(self, connection: FriendConnection, data: bytes) -> None:
        if len(data) < MIN_DIRECT_SIZE:
            self._rt.counters.drop("conference_direct_size")
            return
        found = self._find(connection, data)
        if found is not None:
            messages.on_direct(*found, data, self._messenger.identity.public, self._rt)

    def _on_lossy(self, connection: FriendConnection, data: bytes) -> None:
        if len(data) < MIN_LOSSY_SIZE:
            self._rt.counters.drop("conference_lossy_size")
            return
        found = self._find(connection, data)
        if found is not None:
            messages.on_lossy(*found, data, self._rt)

    def _on_online(self, connection: FriendConnection, data: bytes) -> None:
        if len(data) != ONLINE_SIZE:
            self._rt.counters.drop("conference_online_size")
            return
        number, kind, conference_id = COOKIE.unpack_from(data, 1)
        found = self._linked(connection, self.table.by_id.get((kind, conference_id)))
        if found is not None:
            found[0].on_online(found[1], number)

    def _on_rejoin(self, connection: FriendConnection, data: bytes) -> None:
        key = (data[1], data[2:MIN_REJOIN_SIZE]) if len(data) >= MIN_REJOIN_SIZE else (0, b"")
        conference = self.table.by_id.get(key)
        if conference is None:
            self._rt.counters.drop("conference_rejoin")
            return
        conference.on_rejoin(connection)

    # what the connections tell

    def on_connected(self, connection: FriendConnection) -> None:
        """There is a connection to a friend or a peer."""
        for conference in self.table.all():
            conference.on_connected(connection)

    def on_disconnected(self, connection: FriendConnection) -> None:
        """There is none any more."""
        for conference in self.table.all():
            conference.on_disconnected(connection)

    # the seam

    def _on_name(self) -> None:
        """Our user has another name."""
        for conference in self.table.all():
            conference.on_own_name()

    def begin_pass(self) -> None:
        """What is heard; and our own messages, a pass later, so that who answers every message rests."""
        for speaker in self.due_speakers:
            speaker.audio.play(speaker, self._messenger.events)
        self.due_speakers.clear()
        if self._said:
            self._messenger.events += self._said
            self._said.clear()

    def _left(self) -> Conference | None:
        """A conference with somebody who has left and is still on the list."""
        for conference in self.table.by_number.values():
            if conference.peers.leaving:
                return conference
        return None

    def next_event(self) -> ev.ConferencePeerListChanged | None:
        """Somebody leaves the list now that no event names places in it."""
        conference = self._left()
        if conference is None:
            return None
        conference.peers.unlist()
        return conference.reports.changed_list()

    def has_event(self) -> bool:
        """True while somebody is to leave the list, or our own messages are to come."""
        return bool(self._said) or self._left() is not None

    def load(self, contents: Sequence[bytes]) -> None:
        """The conferences of a save; we are back in them when a connection to a peer comes up."""
        table = self.table
        for content in contents:
            for saved in read_conferences(content, self._rt.counters):
                number = table.free_number()
                if number >= 0 and (saved.type, saved.id) not in table.by_id:
                    conference = table.make(number, saved.type, saved.id)
                    restore(conference, saved)
                    conference.reports.silent = False

    def collect(self) -> bytes:
        """Those that we are in."""
        return write_conferences(conference for conference in self.table.all() if conference.own is not None)

    def on_end(self) -> None:
        """The others hear that we are gone for now."""
        for conference in self.table.all():
            conference.leave(for_good=False)
