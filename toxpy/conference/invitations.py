"""Invitations to conferences, ours and those of friends.

    inviter                      joiner
    INVITE number, id   ------>
                        <------  ACCEPT both numbers, id; then the question for the list
    list of peers       ------>

A member who is invited answers by itself, with its peer number: two halves of a conference that lost each
other become one. c-toxcore: group.c.
"""

from __future__ import annotations

from toxpy.conference.links import INTRODUCER, INTRODUCING
from toxpy.conference.packets import (
    ACCEPT,
    ACCEPT_SIZE,
    ANSWER,
    COOKIE,
    COOKIE_SIZE,
    INVITE,
    INVITE_SIZE,
    MEMBER,
    MEMBER_SIZE,
    PEER_NUMBER,
    TYPE_AV,
    TYPE_TEXT,
    pack_answer,
    pack_invite,
)
from toxpy.conference.peer import ACTIVE
from toxpy.errors import api_error
from toxpy.friend.friend import FRIEND_ONLINE
from toxpy.generated import events as ev

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.conference.conference import Conference
    from toxpy.conference.table import ConferenceTable
    from toxpy.friend.friend import FriendState
    from toxpy.friend.messenger import Messenger
    from toxpy.runtime import Runtime

# ours
#: Milliseconds until it is seen whether there are links for friends who come in.
QUEUE_MS = 1_000
#: Milliseconds until an acceptance is repeated: the first wait, half as much more each time, and up to half
#: more by chance, since others may wait as well; and how often. In c-toxcore who finds no room at the inviter
#: stays outside for ever.
ACCEPT_AGAIN_MS, MAX_ACCEPTS = 1_500, 12


class Joining:
    """An invitation that we accepted, until we are connected."""

    __slots__ = ("cookie", "delay_ms", "friend", "left")

    def __init__(self, friend: FriendState, cookie: bytes) -> None:
        self.friend = friend
        self.cookie = cookie
        self.delay_ms = ACCEPT_AGAIN_MS
        self.left = MAX_ACCEPTS


class Invitations:
    """What goes on between friends before both are in."""

    __slots__ = ("_messenger", "_rt", "_table", "joining", "queued")

    def __init__(self, table: ConferenceTable, messenger: Messenger) -> None:
        self._table = table
        self._messenger = messenger
        self._rt: Runtime = messenger.rt
        self.joining: dict[Conference, Joining] = {}
        #: friends who accepted an invitation and wait until there is a link for them, with what they said
        self.queued: dict[tuple[Conference, FriendState], bytes] = {}

    # our user

    def invite(self, friend_number: int, number: int) -> None:
        """Invite a friend who is online."""
        conference = self._table.find(number, "TOX_ERR_CONFERENCE_INVITE_CONFERENCE_NOT_FOUND")
        if conference.own is None:
            raise api_error("TOX_ERR_CONFERENCE_INVITE_NO_CONNECTION", retryable=True)
        friend = self._messenger.friend(friend_number)
        packet = pack_invite(number, conference.type, conference.id)
        if friend is None or friend.status != FRIEND_ONLINE or friend.connection.write(packet) < 0:
            raise api_error("TOX_ERR_CONFERENCE_INVITE_FAIL_SEND", retryable=friend is not None)

    def join(self, friend_number: int, cookie: bytes, kind: int) -> Conference:
        """Accept a friend's invitation to a conference of that type."""
        if len(cookie) != COOKIE_SIZE:
            raise api_error("TOX_ERR_CONFERENCE_JOIN_INVALID_LENGTH")
        _, cookie_kind, conference_id = COOKIE.unpack(cookie)
        if cookie_kind != kind:
            raise api_error("TOX_ERR_CONFERENCE_JOIN_WRONG_TYPE")
        friend = self._messenger.friend(friend_number)
        if friend is None:
            raise api_error("TOX_ERR_CONFERENCE_JOIN_FRIEND_NOT_FOUND")
        if (kind, conference_id) in self._table.by_id:
            raise api_error("TOX_ERR_CONFERENCE_JOIN_DUPLICATE")
        number = self._table.free_number()
        if number < 0:
            raise api_error("TOX_ERR_CONFERENCE_JOIN_INIT_FAIL")
        if friend.status != FRIEND_ONLINE or friend.connection.write(pack_answer(number, cookie)) < 0:
            raise api_error("TOX_ERR_CONFERENCE_JOIN_FAIL_SEND", retryable=True)
        conference = self._table.make(number, kind, conference_id)
        conference.reports.silent = False
        joining = self.joining[conference] = Joining(friend, cookie)
        self._link(conference, friend, cookie, INTRODUCER)
        self._accept_again_later(conference, joining)
        return conference

    def _link(self, conference: Conference, friend: FriendState, cookie: bytes, reasons: int) -> None:
        """Who invited us brings us in."""
        link = conference.links.add(friend.real_pk, reasons)
        if link is not None:
            conference.links.set_online(link, COOKIE.unpack(cookie)[0])
            conference.links.ask(link)
            conference.changed()

    def _accept_again_later(self, conference: Conference, joining: Joining) -> None:
        delay_ms = joining.delay_ms + self._rt.rng.below(joining.delay_ms // 2)
        self._rt.timers.call_later(delay_ms, lambda: self._accept_again(conference))
        joining.delay_ms += joining.delay_ms // 2

    def _accept_again(self, conference: Conference) -> None:
        """The inviter may have had no room for us, or is gone for a while."""
        joining = self.joining.get(conference)
        if joining is None:
            return
        friend = joining.friend
        if conference.own is not None or friend.deleted or not joining.left:
            del self.joining[conference]
            return
        joining.left -= 1
        if friend.status == FRIEND_ONLINE:
            friend.connection.write(pack_answer(conference.number, joining.cookie))
            self._link(conference, friend, joining.cookie, INTRODUCER)
        self._accept_again_later(conference, joining)

    # friends

    def on_packet(self, friend: FriendState, data: bytes) -> None:
        """A friend invites us, or answers."""
        says, size = data[1] if len(data) > 1 else -1, len(data)
        if says == INVITE and size == INVITE_SIZE:
            self._on_invite(friend, data[2:])
        elif says == ACCEPT and size == ACCEPT_SIZE:
            self._on_answer(friend, data, -1)
        elif says == MEMBER and size == MEMBER_SIZE:
            self._on_answer(friend, data, PEER_NUMBER.unpack_from(data, ACCEPT_SIZE)[0])
        else:
            self._rt.counters.drop("conference_invitation")

    def _on_invite(self, friend: FriendState, cookie: bytes) -> None:
        _, kind, conference_id = COOKIE.unpack(cookie)
        conference = self._table.by_id.get((kind, conference_id))
        if kind not in (TYPE_TEXT, TYPE_AV):
            self._rt.counters.drop("conference_type")
        elif conference is None:
            self._messenger.events.append(ev.ConferenceInvite(friend.number, kind, cookie, owner=friend))
        elif conference.own is not None:
            packet = pack_answer(conference.number, cookie, conference.own.number)
            if friend.connection.write(packet) >= 0:
                self._link(conference, friend, cookie, INTRODUCER | INTRODUCING)

    def _on_answer(self, friend: FriendState, data: bytes, peer_number: int) -> None:
        """A friend comes in on our invitation; one who has a peer number is a member already."""
        _, _, number, _, kind, conference_id = ANSWER.unpack_from(data)
        conference = self._table.by_id.get((kind, conference_id))
        dht_pk = friend.connection.dht_pk
        if conference is None or conference.own is None or dht_pk is None:
            self._rt.counters.drop("conference_answer")
            return
        peers, links, is_member = conference.peers, conference.links, data[1] == MEMBER
        link = links.add(friend.real_pk, INTRODUCING | INTRODUCER if is_member else INTRODUCING)
        if link is None:
            self._queue(conference, friend, data)
            return
        links.set_online(link, number)
        if is_member:
            links.ask(link)
        known = peers.by_key.get(friend.real_pk)
        if peer_number < 0:
            # who accepts again because no list came has said nothing yet
            again = known is not None and not known.has_spoken
            peer_number = known.number if known is not None and again else peers.free_number()
        peer = peers.renew(peer_number, friend.real_pk, dht_pk) if peer_number >= 0 else None
        if peer is None:
            links.drop(link)
            self._rt.counters.drop("conference_answer_number")
            return
        conference.introduce(peer)
        conference.changed()

    def _queue(self, conference: Conference, friend: FriendState, data: bytes) -> None:
        """There is no link for a friend who comes in: later. c-toxcore forgets them."""
        if not self.queued:
            self._rt.timers.call_later(QUEUE_MS, self._take_queued)
        self.queued[conference, friend] = data

    def _take_queued(self) -> None:
        """Let those in who wait, as far as there are links now; they asked for the list already."""
        queued, self.queued = self.queued, {}
        for (conference, friend), data in queued.items():
            known = conference.peers.by_key.get(friend.real_pk)
            if conference.reports.deleted or friend.status != FRIEND_ONLINE:
                continue
            if known is not None and known.state == ACTIVE and known.has_spoken:
                # it came in meanwhile
                continue
            self.on_packet(friend, data)
            link = conference.links.by_key.get(friend.real_pk)
            if link is not None:
                link.wants_peers = True
