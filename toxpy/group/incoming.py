"""What peers of a group send, by its kind: who may send it, and what comes of it.

    who comes in       f6 may I? -> f7 yes, or 03 no; f8 what do you know? -> ... f9; f5 I am, f4 you? -> f5
    who was told of    f5 I am, f4 you? -> f5

A peer's signature key makes its encryption key, so nobody passes for a moderator whose signature key it has
seen. c-toxcore believes both. It also tells its name, and with it the password, to whoever asks; we tell it
only to those that know the password. c-toxcore: group_chats.c.
"""

from __future__ import annotations

from toxpy.generated import enums
from toxpy.generated import events as ev
from toxpy.group import packets
from toxpy.group.broadcasts import Broadcasts
from toxpy.group.group import CONNECTED, CONNECTING, NOBODY, OWN_NUMBER
from toxpy.group.keys import chat_public_key
from toxpy.group.moderation import MODERATOR, OBSERVER, USER
from toxpy.group.shared_state import PASSWORD, PEER_LIMIT, PRIVACY, TOPIC_LOCK, VOICE
from toxpy.group.sync import ALL_FLAGS, Sync
from toxpy.group.wire import INVITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.generated.events import Event
    from toxpy.group.group import Group
    from toxpy.group.peers import Peer
    from toxpy.group.state import Result
    from toxpy.wire.address import Address

#: Kinds that only members send whom we know.
_OF_MEMBERS = frozenset(
    (packets.PING, packets.TCP_RELAYS, packets.BROADCAST, packets.CUSTOM, packets.CUSTOM_PRIVATE)
)
_STATE = frozenset((packets.TOPIC, packets.SHARED_STATE, packets.MODERATORS, packets.SANCTIONS))
_ROLE_EVENTS = {
    MODERATOR: enums.TOX_GROUP_MOD_EVENT_MODERATOR,
    USER: enums.TOX_GROUP_MOD_EVENT_USER,
    OBSERVER: enums.TOX_GROUP_MOD_EVENT_OBSERVER,
}
#: Time from which on a peer is told our address, in ms: it may reach us over relays only.
TELL_ADDRESS_MS = 60_000
#: Time in which others may let us in after one peer did not, in ms.
REFUSED_MS = 3000

#: Time in which a peer that was let in may ask us who we are, in ms. c-toxcore that is back asks nobody for
#: up to 13 s.
GREET_MS = 2000
#: Time in which a peer that began anew tells who it is, in ms; one that did not forget us need not.
HOLD_BACK_MS = 3000


class Incoming:
    """The host of all peers of one group."""

    __slots__ = ("_broadcasts", "_group", "_lossless", "_lossy", "_refused_attempt", "_sync")

    def __init__(self, group: Group) -> None:
        self._group = group
        #: the attempt to come in that a peer refused, while others still may let us in
        self._refused_attempt = 0
        self._sync = sync = Sync(group)
        self._broadcasts = Broadcasts(group, self.apply)
        custom = {
            packets.CUSTOM: self._broadcasts.on_custom,
            packets.CUSTOM_PRIVATE: self._broadcasts.on_custom_private,
        }
        self._lossy = {packets.PING: self._on_ping, packets.REJECT: self._on_reject, **custom}
        self._lossless = {
            packets.TCP_RELAYS: self._on_relays,
            packets.BROADCAST: self._broadcasts.on_broadcast,
            packets.PEER_INFO_REQUEST: self._on_info_request,
            packets.PEER_INFO: self._on_info,
            packets.INVITE_REQUEST: self._on_invite_request,
            packets.INVITE_RESPONSE: self._on_invite_response,
            packets.SYNC_REQUEST: sync.on_request,
            packets.SYNC_RESPONSE: sync.on_response,
            **custom,
        }

    # the host of peers

    def send_udp(self, address: Address, packet: bytes) -> None:
        """Send a datagram."""
        self._group.net.send_udp(address, packet)

    def make_ping(self, peer: Peer) -> bytes:
        """With our address for a peer that reaches us over relays only."""
        group, now_ms = self._group, self._group.net.rt.clock.now_ms
        tell = not peer.is_direct() and now_ms - peer.since_ms >= TELL_ADDRESS_MS
        return packets.pack_ping(group.state.ping(group.net.own_address() if tell else None))

    def on_timed_out(self, peer: Peer) -> None:
        """The peer is silent."""
        self._group.drop(peer, enums.TOX_GROUP_EXIT_TYPE_TIMEOUT)

    def on_established(
        self, peer: Peer, asked: bool, request_type: int, undelivered: list[tuple[int, bytes]]
    ) -> None:
        """There is a session: ask to be let in, or say who we are."""
        group, session = self._group, peer.session
        if session is None:
            return
        key = chat_public_key(session.sig_pk)
        if key is None or key.enc != peer.enc_pk:
            group.net.rt.counters.drop("group_foreign_key")
            group.drop(peer, enums.TOX_GROUP_EXIT_TYPE_SYNC_ERROR)
            return
        group.peers.set_key(peer, key)
        # whoever it is now, it may have been somebody else before
        peer.asked_ms = peer.answered_ms = None
        peer.is_greeted = peer.is_asked_in = False
        for _ in range(peer.hold_back(undelivered)):
            group.net.rt.counters.drop("group_undelivered")
        if peer.is_confirmed:
            group.net.rt.timers.call_later(HOLD_BACK_MS, peer.deliver)
        if request_type == INVITE and (asked or not group.is_connected):
            password = packets.pack_password(group.state.entry_password)
            peer.is_asked_in = peer.send(packets.INVITE_REQUEST, password)
        elif asked:
            group.greet(peer)

    def on_lossless(self, peer: Peer, kind: int, data: bytes) -> None:
        """The next lossless packet."""
        if kind in _STATE:
            self._on_state(peer, kind, data)
            return
        handler = self._lossless.get(kind)
        if handler is None or (kind in _OF_MEMBERS and not peer.is_confirmed):
            self._group.net.rt.counters.drop("group_kind")
        else:
            handler(peer, data)

    def on_lossy(self, peer: Peer, kind: int, data: bytes) -> None:
        """A lossy packet."""
        handler = self._lossy.get(kind)
        if handler is None or (kind in _OF_MEMBERS and not peer.is_confirmed):
            self._group.net.rt.counters.drop("group_kind")
        else:
            handler(peer, data)

    # coming in

    def _on_invite_request(self, peer: Peer, data: bytes) -> None:
        group = self._group
        state = group.state
        if not state.is_synced:
            group.net.rt.counters.drop("group_invite_unsynced")
        elif group.is_full_for(peer):
            self._refuse(peer, packets.REJECT_FULL)
        elif not state.accepts_password(packets.unpack_password(data)):
            self._refuse(peer, packets.REJECT_PASSWORD)
        else:
            peer.is_trusted = True
            peer.send(packets.INVITE_RESPONSE, b"")
            group.net.rt.timers.call_later(GREET_MS, lambda: group.greet(peer))

    def _refuse(self, peer: Peer, reason: int) -> None:
        peer.send_lossy(packets.REJECT, packets.pack_reject(reason))
        self._group.drop(peer, enums.TOX_GROUP_EXIT_TYPE_DISCONNECTED)

    def _on_invite_response(self, peer: Peer, _data: bytes) -> None:
        if peer.is_asked_in:
            peer.is_asked_in = False
            self._sync.ask(peer, ALL_FLAGS, first=True)
        else:
            self._group.net.rt.counters.drop("group_invite_unasked")

    def _on_reject(self, peer: Peer, data: bytes) -> None:
        """We are not let in. A member of a group hears it only from peers that do not know it yet."""
        group, reason = self._group, packets.unpack_reject(data)
        counts = peer.is_asked_in and group.connection == CONNECTING and not group.state.is_founder
        group.drop(peer, enums.TOX_GROUP_EXIT_TYPE_DISCONNECTED)
        if counts:
            self._on_refused(reason)

    def _on_refused(self, reason: int) -> None:
        """A peer does not let us in. Anybody can say so, member or not: any others have a moment to do so."""
        group, attempt = self._group, self._group.attempts
        if not len(group.peers):
            self._fail(attempt, reason)
        elif self._refused_attempt != attempt:
            self._refused_attempt = attempt
            group.net.rt.timers.call_later(REFUSED_MS, lambda: self._fail(attempt, reason))

    def _fail(self, attempt: int, reason: int) -> None:
        group = self._group
        if group.connection == CONNECTING and group.attempts == attempt:
            group.stop()
            group.report(ev.GroupJoinFail(group.number, reason, owner=group))

    def _on_info_request(self, peer: Peer, _data: bytes) -> None:
        group = self._group
        knows = peer.is_confirmed or peer.is_trusted or not group.state.shared.password
        if not knows or group.is_full_for(peer):
            group.net.rt.counters.drop("group_info_request")
        else:
            peer.is_greeted = True
            peer.send(packets.PEER_INFO, group.own_info())
            if peer.is_confirmed:
                peer.deliver()

    def _on_info(self, peer: Peer, data: bytes) -> None:
        group = self._group
        password, name, status = packets.unpack_info(data)
        if not peer.is_confirmed and not peer.is_trusted and not self._is_of_ours(password):
            self._refuse(peer, packets.REJECT_PASSWORD)
        elif group.is_full_for(peer):
            self._refuse(peer, packets.REJECT_FULL)
        elif peer.is_confirmed:
            self._broadcasts.rename(peer, name)
            self._broadcasts.set_status(peer, status)
            if peer.is_greeted:
                peer.deliver()
        else:
            peer.name, peer.status = name, status
            if not peer.is_greeted:
                # it asks for this next; what our user says meanwhile would come from somebody unknown
                peer.is_greeted = True
                peer.send(packets.PEER_INFO, group.own_info())
            group.confirm(peer)
            peer.deliver()
            if group.connection == CONNECTING:
                # who comes to us knows us from before
                self._sync.ask(peer, ALL_FLAGS)

    def _is_of_ours(self, password: bytes) -> bool:
        """True for the group's password; on the way in also for ours, which may be newer."""
        state = self._group.state
        return state.accepts_password(password) or (bool(password) and password == state.given_password)

    # what all agree on

    def _on_state(self, peer: Peer, kind: int, data: bytes) -> None:
        state, key = self._group.state, peer.key
        if key is None:
            return
        if not peer.is_confirmed and peer.asked_ms is None:
            # only members know better, and we know who they are, or have asked
            self._group.net.rt.counters.drop("group_state_unasked")
            return
        if not peer.pays_for_signatures(self._group.net.rt.clock.now_ms):
            # what was true in it is asked for after the next ping
            self._group.net.rt.counters.drop("group_signatures")
            return
        if kind == packets.SHARED_STATE:
            self.apply(state.on_shared_state(data), peer)
        elif kind == packets.MODERATORS:
            self.apply(state.on_moderators(data), peer)
        elif kind == packets.SANCTIONS:
            self.apply(state.on_sanctions(key, data), peer)
            self._group.send_list(self._group.changes.free_moderators())
        else:
            self.apply(state.on_topic(key, data), peer)

    def apply(self, result: Result, peer: Peer) -> None:
        """Do what comes of a packet of that peer."""
        group = self._group
        if result.is_forged:
            group.drop(peer, enums.TOX_GROUP_EXIT_TYPE_SYNC_ERROR)
            return
        for setting in result.settings:
            group.report(self._setting_event(setting))
        if result.settings:
            group.state_changed()
        if PASSWORD in result.settings:
            group.state.given_password = b""
        for change in result.roles:
            source, target = group.number_of(change.source), group.number_of(change.target)
            kind = _ROLE_EVENTS[change.role]
            group.report(ev.GroupModeration(group.number, source, target, kind, owner=group))
        if result.topic:
            topic = group.state.topics.topic
            setter = group.number_of(group.state.peer_of(topic.setter))
            number = OWN_NUMBER if setter == NOBODY else setter
            group.report(ev.GroupTopic(group.number, number, topic.text, owner=group))
        for kind, data in result.send:
            # c-toxcore 0.2.22 takes its own topic, sent back, for the one before, and refuses the next
            group.send_all(kind, data, but=peer)
        if result.needs_state:
            self._sync.ask(peer, packets.SYNC_STATE)

    def _setting_event(self, setting: int) -> Event:
        group, shared = self._group, self._group.state.shared
        kind, value = {
            PEER_LIMIT: (ev.GroupPeerLimit, shared.peer_limit),
            PRIVACY: (ev.GroupPrivacyState, shared.privacy),
            PASSWORD: (ev.GroupPassword, shared.password),
            TOPIC_LOCK: (ev.GroupTopicLock, int(not shared.topic_is_locked)),
            VOICE: (ev.GroupVoiceState, shared.voice),
        }[setting]
        event: Event = kind(group.number, value, owner=group)
        return event

    # who is there

    def _on_ping(self, peer: Peer, data: bytes) -> None:
        ping = packets.unpack_ping(data)
        if ping.address is not None and peer.session is not None and not peer.is_direct():
            peer.session.on_way(ping.address)
        state = self._group.state
        if state.topics.was_replaced(ping.topic_version, ping.topic_checksum):
            self._sync.tell_topic(peer, ping.topic_checksum)
        flags = state.missing(ping) if self._group.connection == CONNECTED else ALL_FLAGS
        if flags:
            self._sync.ask(peer, flags)

    def _on_relays(self, peer: Peer, data: bytes) -> None:
        for relay in packets.unpack_relays(data):
            peer.add_relay(relay)
