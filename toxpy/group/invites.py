"""Invitations to groups, between friends; kind 95.

    who invites                          who is invited
    invitation, name of the group  ->    an event; later our user accepts
                                   <-    accepted
    confirmed, relays              ->    asks for a session

Any member may invite. An invitation is good once, for the friend it was sent to, until the instance ends. An
invitation to a group that we look for leads there by way of that friend, without a word to our user: the
group may have lost all addresses. Our user hears of one to a group that we left for a while or were not let
in. c-toxcore: group_chats.c handle_gc_invite_confirmed_packet.
"""

from __future__ import annotations

from toxpy.errors import PacketError, api_error
from toxpy.friend.packets import PACKET_GROUP_INVITE
from toxpy.generated import events as ev
from toxpy.group import packets
from toxpy.group.group import DISCONNECTED
from toxpy.group.saved import SavedPeer
from toxpy.group.wire import INVITE, PEER_INFO
from toxpy.wire.address import pack_nodes, unpack_nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.friend.friend import FriendState
    from toxpy.generated.events import Event
    from toxpy.group.friend_members import FriendMembers
    from toxpy.group.group import Group
    from toxpy.runtime import Runtime
    from toxpy.wire.address import Address

#: Invitations to one group that can be accepted, the last ones. As in c-toxcore.
MAX_INVITED = 10
#: Invitations that we accepted and whose confirmation has not come.
MAX_ACCEPTED = 64
#: Time in which who accepted may ask for a session before we do so ourselves, in ms.
ASK_MS = 3000


class Invites:
    """The invitations of one instance."""

    __slots__ = ("_accepted", "_events", "_find", "_invited", "_members", "_rt")

    def __init__(
        self,
        find: Callable[[bytes], Group | None],
        members: FriendMembers,
        events: list[Event],
        *,
        rt: Runtime,
    ) -> None:
        """`find` gives our group with that chat id."""
        self._find = find
        self._events = events
        self._rt = rt
        #: by chat id: the friends' real keys, the first invited first
        self._invited: dict[bytes, list[bytes]] = {}
        #: chat id and the friend's real key
        self._accepted: dict[tuple[bytes, bytes], None] = {}
        self._members = members

    def invite(self, group: Group, friend: FriendState) -> None:
        """Invite a friend who is online."""
        state = group.state
        rest = state.shared.name
        if not self._send(friend, packets.INVITATION, group, rest):
            raise api_error("TOX_ERR_GROUP_INVITE_FRIEND_INVITE_FAIL", retryable=True)
        invited = self._invited.setdefault(state.chat.sig, [])
        if friend.real_pk in invited:
            invited.remove(friend.real_pk)
        invited.append(friend.real_pk)
        del invited[:-MAX_INVITED]

    def accept(self, group: Group, friend: FriendState, enc_pk: bytes) -> bool:
        """Tell the friend that we want to come in; False when that cannot be sent."""
        if not self._send(friend, packets.INVITATION_ACCEPTED, group):
            return False
        accepted = self._accepted
        if len(accepted) >= MAX_ACCEPTED:
            del accepted[next(iter(accepted))]
        accepted[group.state.chat.sig, friend.real_pk] = None
        self._members.note(group.state.chat.sig, friend.real_pk, enc_pk)
        address = _address(friend)
        if address is not None:
            group.peers.remember(SavedPeer(enc_pk, address, None))
        return True

    def forget(self, group: Group) -> None:
        """We have left it."""
        chat_id = group.state.chat.sig
        self._invited.pop(chat_id, None)
        for key in [key for key in self._accepted if key[0] == chat_id]:
            del self._accepted[key]
        self._members.forget(chat_id)

    def _send(self, friend: FriendState, kind: int, group: Group, rest: bytes = b"") -> bool:
        state = group.state
        packet = packets.pack_invitation(kind, state.chat.sig, state.keys.public.enc, rest)
        return friend.connection.write(bytes((PACKET_GROUP_INVITE,)) + packet) >= 0

    def on_packet(self, friend: FriendState, data: bytes) -> None:
        """A packet of a friend, from its kind byte on."""
        try:
            kind, chat_id, enc_pk, rest = packets.unpack_invitation(data[1:])
            relays, _ = (
                unpack_nodes(rest, packets.MAX_SHARED_RELAYS) if kind != packets.INVITATION else ([], 0)
            )
        except PacketError:
            self._rt.counters.drop("group_invitation")
            return
        group = self._find(chat_id)
        if kind == packets.INVITATION:
            self._on_invitation(friend, group, chat_id + enc_pk, rest)
        elif group is None or group.connection == DISCONNECTED:
            self._rt.counters.drop("group_invitation_unknown")
        elif kind == packets.INVITATION_ACCEPTED:
            self._on_accepted(friend, group, enc_pk)
        elif self._accepted.pop((chat_id, friend.real_pk), self) is self:
            self._rt.counters.drop("group_invitation_unknown")
        else:
            group.connect(enc_pk, INVITE, _address(friend), [node for node in relays if node.tcp])

    def _on_invitation(self, friend: FriendState, group: Group | None, invite: bytes, name: bytes) -> None:
        if group is None or group.connection == DISCONNECTED:
            self._events.append(ev.GroupInvite(friend.number, invite, name, owner=friend))
        elif not group.peers.count_confirmed():
            self.accept(group, friend, invite[len(group.state.chat.sig) :])
        else:
            self._rt.counters.drop("group_invitation_known")

    def _on_accepted(self, friend: FriendState, group: Group, enc_pk: bytes) -> None:
        """Whoever was not invited costs us nothing; c-toxcore makes a peer of it before it looks."""
        invited = self._invited.get(group.state.chat.sig, [])
        if friend.real_pk not in invited:
            self._rt.counters.drop("group_invitation_unknown")
            return
        invited.remove(friend.real_pk)
        self._members.note(group.state.chat.sig, friend.real_pk, enc_pk)
        relays = group.relays.own(packets.MAX_SHARED_RELAYS) if group.relays is not None else []
        if self._send(friend, packets.INVITATION_CONFIRMED, group, pack_nodes(relays)):
            address = _address(friend)
            self._rt.timers.call_later(ASK_MS, lambda: self._ask(group, enc_pk, address))

    @staticmethod
    def _ask(group: Group, enc_pk: bytes, address: Address | None) -> None:
        """It has had time to come: something may keep its packets from us until ours have left."""
        peer = group.peers.get(enc_pk)
        if address is not None and (peer is None or not peer.is_confirmed):
            group.connect(enc_pk, PEER_INFO, address)


def _address(friend: FriendState) -> Address | None:
    """Where the friend is reached directly."""
    crypto = friend.connection.crypto
    return crypto.address if crypto is not None else None
