"""All groups of an instance, by number, and what they share of it. c-toxcore: group_chats.c."""

from __future__ import annotations

from toxpy.errors import api_error
from toxpy.group.discovery import Discovery
from toxpy.group.group import DISCONNECTED, Group
from toxpy.group.incoming import Incoming
from toxpy.group.invites import Invites
from toxpy.group.keys import ExtendedKeyPair, chat_public_key
from toxpy.group.relays import GroupRelays
from toxpy.group.reunions import Reunions
from toxpy.group.saved import SavedGroup, read_groups, write_groups
from toxpy.group.state import GroupState
from toxpy.group.talk import Talk
from toxpy.group.wire import JOIN_PRIVATE, JOIN_PUBLIC, LAYOUTS
from toxpy.wire.packets import GROUP_HANDSHAKE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from toxpy.friend.friend import FriendState
    from toxpy.friend.layers import Layers
    from toxpy.generated.events import Event
    from toxpy.group.friend_members import FriendMembers
    from toxpy.group.keys import ExtendedPublicKey
    from toxpy.group.setup import OwnMember
    from toxpy.wire.address import Address

#: Groups that a save may have.
MAX_LOADED = 1024
#: Time that peers have for another session in the child of a fork, in ms.
ANEW_MS = 15_000
_RECEIVER = slice(GROUP_HANDSHAKE.offset("receiver"), GROUP_HANDSHAKE.offset("nonce"))
_SENDER = slice(GROUP_HANDSHAKE.offset("sender"), GROUP_HANDSHAKE.offset("receiver"))


class GroupEntry:
    """A group with what our user does in it and how its members are found."""

    __slots__ = ("discovery", "group", "talk")

    def __init__(self, group: Group, discovery: Discovery) -> None:
        self.group = group
        self.talk = Talk(group)
        self.discovery = discovery


class Groups:
    """The table of groups; the net of each."""

    __slots__ = ("_by_key", "_by_number", "_layers", "budget", "events", "invites", "path", "rt")

    def __init__(self, layers: Layers, members: FriendMembers) -> None:
        self._layers = layers
        self.rt = layers.rt
        self.path = layers.node.udp.path
        self.events: list[Event] = layers.messenger.events
        #: X25519 for strangers: the same for all that comes over UDP
        self.budget = layers.node.dht.budget
        self._by_number: dict[int, GroupEntry] = {}
        #: by our key in the group
        self._by_key: dict[bytes, Group] = {}
        self.invites = Invites(self.by_id, members, self.events, rt=self.rt)
        Reunions(layers.messenger.connections, members, self.by_id, rt=self.rt)
        for kind in LAYOUTS:
            layers.node.dispatch.claim(kind, self._on_udp)

    # the net of a group

    def send_udp(self, address: Address, packet: bytes) -> None:
        """Send a datagram."""
        self._layers.node.udp.send(address, packet)

    def own_address(self) -> Address | None:
        """Where other nodes see us."""
        known = self._layers.node.dht.own_address
        known.is_wanted = True
        return known.get()

    def make_relays(
        self, own: OwnMember, on_packet: Callable[[bytes, bytes | None], None]
    ) -> GroupRelays | None:
        """Relays for a group."""
        known = self._layers.tcp
        connect = self._layers.node.streams.connect
        return GroupRelays(own, known, on_packet, connect=connect)

    def _on_udp(self, address: Address, packet: bytes) -> None:
        """A handshake names its receiver; other packets only their sender, who may be in several groups."""
        if packet[0] == GROUP_HANDSHAKE.kind:
            group = self._by_key.get(packet[_RECEIVER])
            found = [] if group is None else [group]
        else:
            sender = packet[_SENDER]
            found = [group for group in self._by_key.values() if group.sessions.get(sender) is not None]
        if not found:
            self.rt.counters.drop("group_unknown")
        for group in found:
            group.sessions.receive(packet, address)

    # the table

    def get(self, number: int) -> GroupEntry | None:
        """The group with that number."""
        return self._by_number.get(number)

    def all(self) -> list[GroupEntry]:
        """All groups in the order of their numbers."""
        return [self._by_number[number] for number in sorted(self._by_number)]

    def by_id(self, chat_id: bytes) -> Group | None:
        """The group with that chat id."""
        return next((group for group in self._by_key.values() if group.state.chat.sig == chat_id), None)

    def new(self, name: bytes, privacy: int, own_name: bytes) -> GroupEntry:
        """Found a group."""
        chat_keys = ExtendedKeyPair.generate(self.rt.rng)
        entry = self._add(chat_keys.public, JOIN_PRIVATE, own_name, chat_keys)
        entry.group.changes.found(name, privacy)
        return self._begin(entry, founding=True)

    def join(self, chat_id: bytes, own_name: bytes, password: bytes = b"") -> GroupEntry | None:
        """Look for the members of a public group; None when no group can have that id."""
        chat = chat_public_key(chat_id)
        if chat is None:
            return None
        return self._join(chat, JOIN_PUBLIC, own_name, password)

    def _join(self, chat: ExtendedPublicKey, join_type: int, own_name: bytes, password: bytes) -> GroupEntry:
        entry = self._add(chat, join_type, own_name, None)
        entry.group.state.shared.password = password
        return self._begin(entry)

    def accept(
        self, friend: FriendState, chat_id: bytes, enc_pk: bytes, own_name: bytes, password: bytes = b""
    ) -> GroupEntry | None:
        """Come in by a friend's invitation; None when no group can have that id.

        A group that we have already is the same one, without another entry as in c-toxcore; we try to come
        in again with this password. ToxError when the friend cannot be told; then there is no new group.
        """
        chat = chat_public_key(chat_id)
        if chat is None:
            return None
        known = self.by_id(chat_id)
        if known is not None:
            entry = self._by_number[known.number]
            known.own.join_type = JOIN_PRIVATE
            known.come_in(password)
        else:
            entry = self._join(chat, JOIN_PRIVATE, own_name, password)
        if not self.invites.accept(entry.group, friend, enc_pk):
            if known is None:
                self.leave(entry)
            raise api_error("TOX_ERR_GROUP_INVITE_ACCEPT_FAIL_SEND", retryable=True)
        return entry

    def _add(
        self, chat: ExtendedPublicKey, join_type: int, own_name: bytes, chat_keys: ExtendedKeyPair | None
    ) -> GroupEntry:
        keys = ExtendedKeyPair.generate(self.rt.rng)

        def make_state(members: Callable[[], list[ExtendedPublicKey]]) -> GroupState:
            return GroupState(chat, keys, members, rt=self.rt, chat_keys=chat_keys)

        group = Group(self._free_number(), self, keys, join_type, make_state, Incoming, name=own_name)
        return self._put(group)

    def _free_number(self) -> int:
        return next(n for n in range(len(self._by_number) + 1) if n not in self._by_number)

    def _put(self, group: Group) -> GroupEntry:
        entry = GroupEntry(group, Discovery(group, self._layers.node.announce.groups))
        self._by_number[group.number] = entry
        self._by_key[group.state.keys.public.enc] = group
        return entry

    def _begin(self, entry: GroupEntry, *, connect: bool = True, founding: bool = False) -> GroupEntry:
        entry.group.state_changed()
        if connect:
            entry.group.begin(founding=founding)
        onion = self._layers.onion
        onion.groups.append(entry.discovery.target)
        onion.search_soon()
        return entry

    def leave(self, entry: GroupEntry, part_message: bytes = b"") -> bool:
        """Tell all members that we leave, and forget the group; False when some could not be told."""
        group = entry.group
        told = group.leave(part_message)
        self.invites.forget(group)
        del self._by_number[group.number], self._by_key[group.state.keys.public.enc]
        self._layers.onion.groups.remove(entry.discovery.target)
        return told

    # the capability; see lazy.py

    def begin_anew(self) -> None:
        """Ask all peers for another session, and say nothing before; our user hears nothing of it."""
        for entry in self.all():
            group = entry.group
            for peer in group.peers:
                if peer.session is not None:
                    peer.hold_back([])
                    self.rt.timers.call_later(ANEW_MS, peer.deliver)
                    peer.session.connect(group.request_type())

    def close(self) -> None:
        """Tell all members of all groups."""
        for entry in list(self._by_number.values()):
            self.leave(entry)

    def load(self, contents: Sequence[bytes]) -> None:
        """The groups of a save; one that is there already, or damaged, is left out."""
        for content in contents:
            for saved in read_groups(content, self.rt.counters):
                if self.by_id(saved.chat.sig) is None and len(self._by_number) < MAX_LOADED:
                    self._restore(saved)

    def _restore(self, saved: SavedGroup) -> None:
        def make_state(members: Callable[[], list[ExtendedPublicKey]]) -> GroupState:
            return saved.restore(members, rt=self.rt)

        number, name, status = self._free_number(), saved.name, saved.status
        # as c-toxcore: whoever was in a private group was let in once
        group = Group(number, self, saved.keys, JOIN_PRIVATE, make_state, Incoming, name=name, status=status)
        for peer in saved.peers:
            group.peers.remember(peer)
        self._begin(self._put(group), connect=not saved.disconnected)

    def collect(self) -> bytes | None:
        """All groups; c-toxcore reads nothing behind one whose state is not known, so these are the last."""
        entries = sorted(self.all(), key=lambda entry: not entry.group.state.is_synced)
        if not entries:
            return None
        return write_groups([_saved(entry.group) for entry in entries])


def _saved(group: Group) -> SavedGroup:
    saved = SavedGroup(group.state)
    saved.name, saved.status = group.name, group.status
    saved.disconnected = group.connection == DISCONNECTED
    saved.peers = group.peers.saved()
    if group.state.given_password:
        # the signature does not fit this one: whoever reads it asks for the state
        saved.shared = group.state.shared.copy()
        saved.shared.password = group.state.given_password
    return saved
