"""One group: who is in it, how it connects, and what programs hear of that.

    disconnected    our user left for a while, we were sent away, or not let in
    connecting      looking for members; whoever answers is asked to let us in
    connected       a member has told us all that it knows; a founder is so at once

What peers send is read in incoming.py, what all agree on in state.py, what our user says in talk.py. They
share what is here. c-toxcore: group_chats.c.
"""

from __future__ import annotations

from toxpy.crypto.keys import KeyPair
from toxpy.dht.budget import TokenBucket
from toxpy.generated import enums
from toxpy.generated import events as ev
from toxpy.group import packets
from toxpy.group.own_changes import OwnChanges
from toxpy.group.peers import Peers
from toxpy.group.sessions import GroupSessions
from toxpy.group.setup import OwnMember
from toxpy.group.wire import INVITE, PEER_INFO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Protocol

    from toxpy.dht.budget import KeyBudget
    from toxpy.generated.events import Event
    from toxpy.group.keys import ExtendedKeyPair, ExtendedPublicKey
    from toxpy.group.peers import Peer, PeerHost
    from toxpy.group.relays import GroupRelays
    from toxpy.group.state import GroupState
    from toxpy.runtime import Runtime, Timer
    from toxpy.system.datapath import Datapath
    from toxpy.wire.address import Address, Node

    class GroupNet(Protocol):
        """What all groups of an instance share."""

        rt: Runtime
        #: of the UDP socket; None where there is none
        path: Datapath | None
        budget: KeyBudget
        #: events that are still to be delivered
        events: list[Event]

        def send_udp(self, address: Address, packet: bytes) -> None:
            """Send a datagram."""

        def own_address(self) -> Address | None:
            """Where we can be reached, if others know better than we."""

        def make_relays(
            self, own: OwnMember, on_packet: Callable[[bytes, bytes | None], None]
        ) -> GroupRelays | None:
            """Relays for a group; None where there are none."""


DISCONNECTED, CONNECTING, CONNECTED = range(3)
#: Number of nobody, in an event.
NOBODY = 0xFFFFFFFF
OWN_NUMBER = 0
#: Time between two looks at what is to be done, in ms.
MAINTAIN_MS = 5000
#: Time for which a peer that was sent away is still told so, in ms.
FAREWELL_MS = 5000
#: Peers told of by others that we ask for a session: per second, and at once.
NEWCOMERS_PER_S, NEWCOMERS_BURST = 8, 128
#: Peers in the table beyond the group's limit: those that have not told who they are.
MAX_UNCONFIRMED = 64
#: Time that such a peer has at least, in ms, until it makes room for others.
INTRODUCTION_MS = 3000
#: Time between two messages that tell a peer our relays, in ms. As in c-toxcore.
SHARE_RELAYS_MS = 180_000


class Group:
    """What the parts of one group have in common."""

    __slots__ = (
        "_former_relays",
        "_host",
        "_newcomers",
        "_returns",
        "_shared_ms",
        "_timer",
        "attempts",
        "changes",
        "connection",
        "deleted",
        "name",
        "net",
        "number",
        "own",
        "peers",
        "relays",
        "sessions",
        "state",
        "status",
    )

    def __init__(
        self,
        number: int,
        net: GroupNet,
        keys: ExtendedKeyPair,
        join_type: int,
        make_state: Callable[[Callable[[], list[ExtendedPublicKey]]], GroupState],
        make_host: Callable[[Group], PeerHost],
        *,
        name: bytes,
        status: int = enums.TOX_USER_STATUS_NONE,
    ) -> None:
        """`make_state` gets what tells the members' keys; `make_host` makes who reads what peers send."""
        rt = net.rt
        self.number = number
        self.net = net
        #: ours in this group
        self.name = name
        self.status = status
        self.deleted = False
        self.connection = DISCONNECTED
        self.peers = Peers(keys.public, rt.clock)
        self.state = make_state(self.peers.members)
        chat_id = self.state.chat.sig
        self.own = OwnMember(
            KeyPair(keys.enc_secret), keys.public.sig, chat_id, join_type, rt=rt, path=net.path
        )
        self.changes = OwnChanges(self.state)
        self.sessions = GroupSessions(self.own, net.budget, self)
        self.relays: GroupRelays | None = None
        #: those that are about to close
        self._former_relays: GroupRelays | None = None
        self._host = make_host(self)
        self._newcomers = TokenBucket(NEWCOMERS_PER_S, NEWCOMERS_BURST, rt.clock.now_ms)
        self._shared_ms = rt.clock.now_ms
        self._timer: Timer | None = None
        #: how often we began to look for members
        self.attempts = 0
        #: True for a founder that was away, and has not met anybody yet
        self._returns = False
        self.state_changed()

    def __repr__(self) -> str:
        return f"Group({self.number}, {len(self.peers)} peers)"

    # who

    def number_of(self, key: ExtendedPublicKey | None) -> int:
        """A member's number; ours is 0."""
        if key is None:
            return NOBODY
        if key == self.state.keys.public:
            return OWN_NUMBER
        peer = self.peers.get(key.enc)
        return NOBODY if peer is None else peer.number

    def is_full_for(self, peer: Peer) -> bool:
        """True if there is no room for a peer that wants to come in."""
        shared = self.state.shared
        if peer.is_confirmed or peer.key == shared.founder:
            return False
        return self.peers.count_confirmed() + 1 >= shared.peer_limit

    @property
    def is_connected(self) -> bool:
        """True if a member has told us all that it knows."""
        return self.connection == CONNECTED

    @property
    def is_in_use(self) -> bool:
        """True if it has members, or looks for them."""
        return self.connection != DISCONNECTED

    # connecting

    def request_type(self) -> int:
        """What to ask of an absent member."""
        return PEER_INFO if self.is_connected and self.peers.count_confirmed() else INVITE

    def begin(self, *, founding: bool = False) -> None:
        """Look for members; a founder needs nobody. `founding`: the group is new."""
        if self.relays is None:
            if self._former_relays is not None:
                self._former_relays.end()
            self.relays = self.net.make_relays(self.own, self.on_relayed)
        self.connection = CONNECTING
        self.attempts += 1
        self.peers.try_anew()
        if self.state.is_founder:
            self.connection = CONNECTED
            self.state.connected_ms = self.net.rt.clock.now_ms
            self._returns = not founding
        self._maintain()

    def come_in(self, password: bytes) -> None:
        """Look for members if we have none, with that password if there is one, as c-toxcore's rejoin."""
        state = self.state
        if self.is_connected and (state.is_founder or self.peers.count_confirmed()):
            return
        is_other = not state.is_founder and password not in (b"", state.entry_password)
        if is_other and state.is_synced:
            # the state says which password counts for those who come to us, and is signed
            state.given_password = password
        elif is_other:
            state.shared.password = password
        if self.connection == CONNECTING and not is_other:
            return
        if self.is_in_use:
            self.disconnect()
        self.begin()

    def connect(
        self,
        enc_pk: bytes,
        request_type: int,
        address: Address | None = None,
        relays: Iterable[Node] = (),
    ) -> None:
        """Ask somebody for a session of whom others say that it is a member; or learn where a peer is."""
        peer = self.peers.get(enc_pk)
        if peer is None:
            peer = self._add(enc_pk)
        elif peer.is_direct():
            return
        if peer is None:
            return
        for relay in relays:
            peer.add_relay(relay)
        if peer.session is not None:
            if address is not None:
                peer.session.on_way(address)
            return
        if self.sessions.connect(enc_pk, request_type, peer, address) is None:
            self.peers.remove(peer)

    def _add(self, enc_pk: bytes) -> Peer | None:
        """A new peer, if it can be one and there is room."""
        own_pk, counters = self.state.keys.public.enc, self.net.rt.counters
        if self.connection == DISCONNECTED or enc_pk == own_pk or enc_pk[-1] & 0x80:
            return None
        if len(self.peers) >= self.state.shared.peer_limit + MAX_UNCONFIRMED:
            counters.drop("group_peers")
            return None
        if not self._newcomers.take(self.net.rt.clock.now_ms):
            counters.drop("group_newcomers")
            return None
        return self.peers.add(enc_pk, self._host, self.relays)

    def accept(self, peer_pk: bytes) -> Peer | None:
        """A stranger asks for a session."""
        if self.connection == DISCONNECTED or self.peers.get(peer_pk) is not None:
            return None
        if len(self.peers) >= self.state.shared.peer_limit + MAX_UNCONFIRMED and not self._make_room():
            return None
        return self.peers.add(peer_pk, self._host, self.relays)

    def _make_room(self) -> bool:
        """Drop the peer that has not told who it is for the longest; False when all still have some time."""
        oldest = next((peer for peer in self.peers if not peer.is_confirmed), None)
        if oldest is None or self.net.rt.clock.now_ms - oldest.since_ms < INTRODUCTION_MS:
            return False
        self.drop(oldest, enums.TOX_GROUP_EXIT_TYPE_DISCONNECTED)
        return True

    def on_relayed(self, packet: bytes, relay_pk: bytes | None) -> None:
        """A packet over a relay; with its key when it came out of band."""
        self.sessions.receive(packet, None)
        peer = self.peers.get(packet[1:33]) if relay_pk is not None else None
        if peer is not None and relay_pk is not None:
            peer.heard_through(relay_pk)

    def become_connected(self) -> None:
        """A member has told us all that it knows."""
        if self.connection != CONNECTING or not self.state.is_synced:
            return
        self.connection = CONNECTED
        self.state.given_password, self.state.was_observer = b"", False
        self.state.connected_ms = self.net.rt.clock.now_ms
        self.report(ev.GroupSelfJoin(self.number, owner=self))
        for peer in self.peers.confirmed():
            self.report(ev.GroupPeerJoin(self.number, peer.number, owner=self))

    def confirm(self, peer: Peer) -> None:
        """A peer has told who it is."""
        if peer.is_confirmed or peer.session is None:
            return
        self.peers.confirm(peer)
        peer.session.confirm()
        if self._returns:
            self._returns = False
            self.report(ev.GroupSelfJoin(self.number, owner=self))
        if self.is_connected:
            self.report(ev.GroupPeerJoin(self.number, peer.number, owner=self))
        self._share_relays([peer])

    def drop(self, peer: Peer, exit_type: int, part_message: bytes = b"", *, tell: bool = True) -> None:
        """A peer is not there any more; `tell` whether programs hear of it."""
        if peer.is_gone:
            return
        saved = peer.saved()
        self.peers.remove(peer)
        if exit_type == enums.TOX_GROUP_EXIT_TYPE_KICK:
            # the last thing that it hears from us, also when that has to be sent again
            self.net.rt.timers.call_later(FAREWELL_MS, lambda: self._say_farewell(peer))
        else:
            self.sessions.remove(peer.enc_pk)
        if exit_type in (enums.TOX_GROUP_EXIT_TYPE_QUIT, enums.TOX_GROUP_EXIT_TYPE_KICK):
            self.peers.forget(peer.enc_pk)
        elif peer.is_confirmed:
            self.peers.remember(saved)
        if tell and peer.is_confirmed and self.is_connected:
            event = ev.GroupPeerExit(self.number, peer.number, exit_type, peer.name, part_message, owner=self)
            self.report(event)

    def _say_farewell(self, peer: Peer) -> None:
        session = peer.session
        if session is not None and self.sessions.get(peer.enc_pk) is session:
            self.sessions.remove(peer.enc_pk)

    def stop(self, *, tell: bool = True) -> None:
        """Be disconnected from everybody."""
        for peer in self.peers:
            self.drop(peer, enums.TOX_GROUP_EXIT_TYPE_SELF_DISCONNECTED, tell=tell)
        self.connection = DISCONNECTED
        self.state.connected_ms = None
        self.sessions.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.relays is not None:
            self.relays.close()
            self._former_relays, self.relays = self.relays, None

    def disconnect(self) -> None:
        """Tell all that we leave, for a while; programs hear of each peer that is gone."""
        self._say_goodbye(b"")
        self.stop()

    def leave(self, part_message: bytes = b"") -> bool:
        """Tell all that we leave, and be gone; False when a peer could not be told."""
        told = self._say_goodbye(part_message)
        self.deleted = True
        self.stop(tell=False)
        return told

    def _say_goodbye(self, part_message: bytes) -> bool:
        farewell = packets.pack_exit(part_message)
        for peer in self.peers:
            peer.deliver()
        told = self.send_all(packets.BROADCAST, farewell)
        for peer in self.peers:
            if not peer.is_confirmed:
                # it may know us already
                peer.send(packets.BROADCAST, farewell)
        return told

    # sending

    def greet(self, peer: Peer) -> None:
        """Tell a peer who we are, and ask it the same; once in a session."""
        if not peer.is_greeted and peer.send(packets.PEER_INFO, self.own_info()):
            peer.is_greeted = True
            peer.send(packets.PEER_INFO_REQUEST, b"")

    def send_all(self, kind: int, data: bytes, *, but: Peer | None = None) -> bool:
        """A lossless packet to all confirmed peers `but` one; False when there are some and none took it."""
        taken = [peer.send(kind, data) for peer in self.peers.confirmed() if peer is not but]
        return any(taken) or not taken

    def send_list(self, sent: Iterable[tuple[int, bytes]]) -> bool:
        """Several, in this order."""
        taken = [self.send_all(kind, data) for kind, data in sent]
        return all(taken)

    def report(self, event: Event) -> None:
        """Tell the program."""
        self.net.events.append(event)

    def own_info(self) -> bytes:
        """Who we are, as peers are told."""
        return packets.pack_info(self.state.entry_password, self.name, self.status)

    def state_changed(self) -> None:
        """Settings may be others now."""
        self.own.is_private = self.state.shared.privacy == enums.TOX_GROUP_PRIVACY_STATE_PRIVATE

    # time

    def _maintain(self) -> None:
        """Try absent peers again, take over relays, tell peers of ours."""
        rt = self.net.rt
        self._timer = rt.timers.call_about(MAINTAIN_MS, self._maintain)
        if self.relays is not None:
            self.relays.maintain()
        request_type = self.request_type()
        for saved in self.peers.to_try():
            self.connect(
                saved.enc_pk, request_type, saved.address, [saved.relay] if saved.relay is not None else []
            )
        if rt.clock.now_ms - self._shared_ms >= SHARE_RELAYS_MS:
            self._shared_ms = rt.clock.now_ms
            self._share_relays(self.peers.confirmed())

    def _share_relays(self, peers: Iterable[Peer]) -> None:
        relays = self.relays.own(packets.MAX_SHARED_RELAYS) if self.relays is not None else []
        if relays:
            data = packets.pack_relays(relays)
            for peer in peers:
                peer.send(packets.TCP_RELAYS, data)
