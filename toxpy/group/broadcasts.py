"""What members say to all others, and to one: messages, names, who goes, who is made what.

c-toxcore: group_chats.c handle_gc_broadcast.
"""

from __future__ import annotations

from toxpy.errors import PacketError
from toxpy.generated import enums
from toxpy.generated import events as ev
from toxpy.group import packets
from toxpy.group.group import OWN_NUMBER
from toxpy.group.moderation import MODERATOR, USER, may_speak, may_speak_privately

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.group.group import Group
    from toxpy.group.keys import ExtendedPublicKey
    from toxpy.group.peers import Peer
    from toxpy.group.state import Result

#: Messages remembered, by which copies are known.
MAX_HEARD = 512
MAX_CUSTOM_SIZE = enums.TOX_GROUP_MAX_CUSTOM_LOSSLESS_PACKET_LENGTH


class Broadcasts:
    """What confirmed peers of one group say."""

    __slots__ = ("_apply", "_group", "_handlers", "_heard")

    def __init__(self, group: Group, apply: Callable[[Result, Peer], None]) -> None:
        self._group = group
        self._apply = apply
        #: hashes of messages
        self._heard: dict[int, None] = {}
        self._handlers: dict[int, Callable[[Peer, ExtendedPublicKey, bytes], None]] = {
            packets.STATUS: self._on_status,
            packets.NAME: self._on_name,
            packets.PRIVATE_MESSAGE: self._on_private_message,
            packets.EXIT: self._on_exit,
            packets.KICK: self._on_kick,
            packets.SET_MODERATOR: self._on_set_moderator,
            packets.SET_OBSERVER: self._on_set_observer,
        }

    def on_broadcast(self, peer: Peer, data: bytes) -> None:
        """One broadcast."""
        kind, body = packets.unpack_broadcast(data)
        key = peer.key
        if key is None:
            return
        if kind in (packets.MESSAGE, packets.ACTION):
            self._on_message(peer, key, kind, body)
            return
        handler = self._handlers.get(kind)
        if handler is None:
            self._group.net.rt.counters.drop("group_broadcast_kind")
        else:
            handler(peer, key, body)

    # messages

    def _on_message(self, peer: Peer, key: ExtendedPublicKey, kind: int, body: bytes) -> None:
        group = self._group
        message_id, text = packets.unpack_message(body)
        state = group.state
        if peer.is_ignored or not may_speak(state.role(key), state.shared.voice):
            group.net.rt.counters.drop("group_message_unheard")
            return
        if self._was_heard(peer, body):
            return
        # the two kinds are in the order of the API's types
        message_type = kind - packets.MESSAGE
        group.net.rt.pace.note_room()
        event = ev.GroupMessage(group.number, peer.number, message_type, text, message_id, owner=group)
        group.report(event)

    def _on_private_message(self, peer: Peer, key: ExtendedPublicKey, body: bytes) -> None:
        group = self._group
        message_type, message_id, text = packets.unpack_private_message(body)
        if peer.is_ignored or not may_speak_privately(group.state.role(key)):
            group.net.rt.counters.drop("group_message_unheard")
            return
        if self._was_heard(peer, body):
            return
        group.net.rt.pace.note_room()
        fields = group.number, peer.number, message_type, text, message_id
        group.report(ev.GroupPrivateMessage(*fields, owner=group))

    def _was_heard(self, peer: Peer, body: bytes) -> bool:
        """True for a copy: a peer whose session began anew sends again what we did not acknowledge in time.

        Of the same id and text; what others put into the id is not known.
        """
        heard, message = self._heard, hash((peer.enc_pk, body))
        if message in heard:
            self._group.net.rt.counters.drop("group_message_copy")
            return True
        if len(heard) >= MAX_HEARD:
            del heard[next(iter(heard))]
        heard[message] = None
        return False

    def on_custom(self, peer: Peer, data: bytes) -> None:
        """A custom packet to all, lossless or lossy."""
        group = self._group
        if not 0 < len(data) <= MAX_CUSTOM_SIZE:
            raise PacketError("group custom packet: empty or too long")
        group.net.rt.pace.note_room()
        group.report(ev.GroupCustomPacket(group.number, peer.number, data, owner=group))

    def on_custom_private(self, peer: Peer, data: bytes) -> None:
        """A custom packet to us alone."""
        group = self._group
        if not 0 < len(data) <= MAX_CUSTOM_SIZE:
            raise PacketError("group custom packet: empty or too long")
        group.net.rt.pace.note_room()
        group.report(ev.GroupCustomPrivatePacket(group.number, peer.number, data, owner=group))

    # who they are

    def _on_status(self, peer: Peer, _key: ExtendedPublicKey, body: bytes) -> None:
        self.set_status(peer, packets.unpack_status(body))

    def set_status(self, peer: Peer, status: int) -> None:
        """A peer has that status."""
        if peer.status != status:
            peer.status = status
            self._group.report(ev.GroupPeerStatus(self._group.number, peer.number, status, owner=self._group))

    def _on_name(self, peer: Peer, _key: ExtendedPublicKey, body: bytes) -> None:
        try:
            name = packets.unpack_name(body)
        except PacketError:
            self._group.drop(peer, enums.TOX_GROUP_EXIT_TYPE_SYNC_ERROR)
            raise
        self.rename(peer, name)

    def rename(self, peer: Peer, name: bytes) -> None:
        """A peer has that name."""
        if peer.name != name:
            peer.name = name
            self._group.report(ev.GroupPeerName(self._group.number, peer.number, name, owner=self._group))

    # who goes

    def _on_exit(self, peer: Peer, _key: ExtendedPublicKey, body: bytes) -> None:
        self._group.drop(peer, enums.TOX_GROUP_EXIT_TYPE_QUIT, packets.unpack_exit(body))

    def _on_kick(self, peer: Peer, key: ExtendedPublicKey, body: bytes) -> None:
        group, state = self._group, self._group.state
        target_pk = packets.unpack_kick(body)
        if state.role(key) > MODERATOR:
            group.net.rt.counters.drop("group_kick")
            return
        if target_pk == state.keys.public.enc:
            if state.own_role >= USER:
                self._report_kick(peer.number, OWN_NUMBER)
                group.stop()
            return
        target = group.peers.get(target_pk)
        if target is None or target.key is None or state.role(target.key) < USER:
            group.net.rt.counters.drop("group_kick")
            return
        if target.is_confirmed:
            self._report_kick(peer.number, target.number)
        group.drop(target, enums.TOX_GROUP_EXIT_TYPE_KICK)

    def _report_kick(self, source: int, target: int) -> None:
        group = self._group
        kick = enums.TOX_GROUP_MOD_EVENT_KICK
        group.report(ev.GroupModeration(group.number, source, target, kick, owner=group))

    # who is made what

    def _on_set_moderator(self, peer: Peer, key: ExtendedPublicKey, body: bytes) -> None:
        self._apply(self._group.state.on_set_moderator(key, body), peer)

    def _on_set_observer(self, peer: Peer, key: ExtendedPublicKey, body: bytes) -> None:
        if not peer.pays_for_signatures(self._group.net.rt.clock.now_ms):
            self._group.net.rt.counters.drop("group_signatures")
            return
        self._apply(self._group.state.on_set_observer(key, body), peer)
        self._group.send_list(self._group.changes.free_moderators())
