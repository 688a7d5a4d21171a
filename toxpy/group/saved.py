"""The groups' section of a save: MessagePack, an array of groups, each an array of seven.

    [manually disconnected, name length, privacy, peer limit, password length, version, topic lock, voice]
    [signature of the state 64, founder's public keys 64, name, password, hash of the moderators 32]
    [version, length, checksum, topic, setter's sig pk 32, signature 64]
    [number of moderators, their sig pks or nil]
    [public keys of the group 64, secret ones 96, our public keys 64, our secret ones 96]
    [length of our name, our role, our status, our name]
    [length, peers or nil]

    peer    [packed address] | [packed relay] | enc pk 32

Secret keys of a group are zeros but in the founder's save. Sanctions are not in it: that we are an observer
stands in our role, until a member tells us the list, or our own section does. c-toxcore: group_pack.c.
c-toxcore saves no group whose state it does not know yet, and reads nothing behind a group that is damaged.
"""

from __future__ import annotations

from toxpy.crypto.sodium import KEY_SIZE, SIGNATURE_SIZE, verify
from toxpy.errors import PacketError
from toxpy.generated import enums
from toxpy.group.keys import SECRET_SIZE, ExtendedKeyPair, ExtendedPublicKey, chat_public_key
from toxpy.group.moderation import MAX_MODERATORS, OBSERVER
from toxpy.group.own_changes import OwnChanges
from toxpy.group.shared_state import SharedState, known_privacy, known_voice
from toxpy.group.state import GroupState
from toxpy.group.topic import CurrentTopic, Topic, no_topic
from toxpy.wire.address import (
    FAMILY_TCP4,
    FAMILY_TCP6,
    FAMILY_UDP4,
    FAMILY_UDP6,
    pack_ip_port,
    pack_node,
    unpack_ip_port,
    unpack_node,
)
from toxpy.wire.msgpack import pack, unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from toxpy.runtime import Counters, Runtime
    from toxpy.wire.address import Address, Node
    from toxpy.wire.msgpack import Value

MAX_SAVED_PEERS = 100
#: Places of a save that look like the beginning of a group and are none, until the rest is left unread.
MAX_DAMAGED = 1024
_NO_SECRET = bytes(SECRET_SIZE)
#: How every group begins: an array of seven, the first of them one of eight.
_BEGINNING = b"\x97\x98"
#: What c-toxcore takes for the beginning of a relay.
_NODES = tuple(bytes((family,)) for family in (FAMILY_UDP4, FAMILY_UDP6, FAMILY_TCP4, FAMILY_TCP6))
_MAX_NAME = enums.TOX_MAX_NAME_LENGTH


class SavedPeer:
    """Where a peer was last; an address, a relay, or both."""

    __slots__ = ("address", "enc_pk", "relay")

    def __init__(self, enc_pk: bytes, address: Address | None, relay: Node | None) -> None:
        self.enc_pk = enc_pk
        self.address = address
        self.relay = relay


class SavedGroup:
    """One group as it is saved."""

    __slots__ = (
        "chat",
        "chat_keys",
        "disconnected",
        "keys",
        "moderators",
        "name",
        "peers",
        "role",
        "shared",
        "signature",
        "status",
        "topic",
    )

    def __init__(self, state: GroupState) -> None:
        """What the state has; our name, status and the peers are still to be set."""
        self.chat = state.chat
        self.chat_keys = state.chat_keys
        self.keys = state.keys
        self.shared = state.shared
        self.signature = state.signed[:SIGNATURE_SIZE] or bytes(SIGNATURE_SIZE)
        self.moderators = state.moderators.sig_pks
        self.topic = state.topics.topic
        self.role = state.own_role
        #: True if our user left the group for a while
        self.disconnected = False
        #: ours in this group
        self.name = b""
        self.status = enums.TOX_USER_STATUS_NONE
        self.peers: list[SavedPeer] = []

    def restore(self, peers: Callable[[], list[ExtendedPublicKey]], *, rt: Runtime) -> GroupState:
        """The state again; what is not signed as it should be is left out, as if we had never known it.

        Bytes that the founder signed behind a name or a password are not in a save (`GroupState.signed`).
        Then the settings are kept, but others have to tell us the state; a founder signs it again.
        """
        state = GroupState(self.chat, self.keys, peers, rt=rt, chat_keys=self.chat_keys)
        state.shared = self.shared
        state.was_observer = self.role == OBSERVER
        if self.topic.version and self.topic.is_signed():
            state.topics = CurrentTopic(self.topic, rt=rt)
        fits = state.moderators.take([self.moderators], self.shared.moderators_hash)
        packed = self.shared.pack()
        if self.shared.version and verify(self.chat.sig, self.signature, packed):
            state.signed = self.signature + packed
        elif state.is_founder:
            fits = False
        else:
            self.shared.version = 0
        if state.is_founder and not fits:
            OwnChanges(state).sign_again(self.moderators)
        return state


# writing


def write_groups(groups: Sequence[SavedGroup]) -> bytes:
    """The section."""
    return pack([_values(group) for group in groups])


def _values(group: SavedGroup) -> list[Value]:
    shared, topic = group.shared, group.topic
    peers = b"".join(map(_pack_peer, sorted(group.peers[:MAX_SAVED_PEERS], key=_is_ambiguous)))
    moderators = b"".join(group.moderators)
    sizes = len(shared.name), shared.privacy, shared.peer_limit, len(shared.password)
    return [
        [group.disconnected, *sizes, shared.version, shared.topic_lock, shared.voice],
        [group.signature, bytes(shared.founder), shared.name, shared.password, shared.moderators_hash],
        [topic.version, len(topic.text), topic.checksum, topic.text, topic.setter, topic.signature],
        [len(group.moderators), moderators or None],
        [
            bytes(group.chat),
            group.chat_keys.secret_bytes() if group.chat_keys else _NO_SECRET,
            bytes(group.keys.public),
            group.keys.secret_bytes(),
        ],
        [len(group.name), group.role, group.status, group.name],
        [len(peers), peers or None],
    ]


def _is_ambiguous(peer: SavedPeer) -> bool:
    """True if the key stands where a relay may, and begins like one: c-toxcore takes it for one.

    Such peers come last, so that it reads the others as they are.
    """
    return peer.relay is None and peer.enc_pk[:1] in _NODES


def _pack_peer(peer: SavedPeer) -> bytes:
    address = pack_ip_port(peer.address) if peer.address else b""
    relay = pack_node(peer.relay) if peer.relay else b""
    return address + relay + peer.enc_pk if address or relay else b""


# reading


def read_groups(section: bytes, counters: Counters) -> list[SavedGroup]:
    """The groups; a damaged one is left out and counted, and those behind it are looked for."""
    groups: list[SavedGroup] = []
    damaged = 0
    offset = section.find(_BEGINNING)
    while offset >= 0 and damaged < MAX_DAMAGED:
        try:
            value, end = unpack(section, offset)
            groups.append(_read_group(value))
        except PacketError:
            counters.drop("saved_group")
            damaged += 1
            end = offset + 1
        offset = section.find(_BEGINNING, end)
    return groups


class _Fields:
    """The values of one array, taken one after the other, each of the type that it must have."""

    __slots__ = ("_values",)

    def __init__(self, value: Value, count: int) -> None:
        if not isinstance(value, list) or len(value) != count:
            raise PacketError("saved group: no array, or of another size")
        self._values = iter(value)

    def number(self, bits: int) -> int:
        value = next(self._values)
        if not isinstance(value, int) or isinstance(value, bool) or value >= 1 << bits:
            raise PacketError("saved group: no number, or too large")
        return value

    def flag(self) -> bool:
        value = next(self._values)
        if not isinstance(value, bool):
            raise PacketError("saved group: neither yes nor no")
        return value

    def data(self, size: int) -> bytes:
        """Bytes of that size; nil is b""."""
        value = next(self._values)
        value = b"" if value is None else value
        if not isinstance(value, bytes) or len(value) != size:
            raise PacketError("saved group: no bytes, or of another length")
        return value

    def array(self, count: int) -> _Fields:
        return _Fields(next(self._values), count)


def _read_group(value: Value) -> SavedGroup:
    whole = _Fields(value, 7)
    group = SavedGroup.__new__(SavedGroup)
    _read_state(group, whole.array(8), whole.array(5))
    group.topic = _read_topic(whole.array(6))
    moderators = whole.array(2)
    count = moderators.number(16)
    if count > MAX_MODERATORS:
        raise PacketError("saved group: too many moderators")
    packed = moderators.data(count * KEY_SIZE)
    group.moderators = [packed[start : start + KEY_SIZE] for start in range(0, len(packed), KEY_SIZE)]
    _read_keys(group, whole.array(4))
    own = whole.array(4)
    size, group.role, group.status = own.number(16), own.number(8), own.number(8)
    group.name = own.data(size)
    if not 0 < size <= _MAX_NAME or group.role > OBSERVER or group.status > enums.TOX_USER_STATUS_BUSY:
        raise PacketError("saved group: what we are in it")
    peers = whole.array(2)
    group.peers = _read_peers(peers.data(peers.number(16)))
    return group


def _read_state(group: SavedGroup, values: _Fields, texts: _Fields) -> None:
    group.shared = shared = SharedState()
    group.disconnected = values.flag()
    name_size, privacy, shared.peer_limit = values.number(16), values.number(8), values.number(16)
    password_size, shared.version, shared.topic_lock = values.number(16), values.number(32), values.number(32)
    shared.privacy, shared.voice = known_privacy(privacy), known_voice(values.number(8))
    group.signature = texts.data(SIGNATURE_SIZE)
    shared.founder = ExtendedPublicKey.from_bytes(texts.data(2 * KEY_SIZE))
    shared.name, shared.password = texts.data(name_size), texts.data(password_size)
    shared.moderators_hash = texts.data(32)
    if name_size > enums.TOX_GROUP_MAX_GROUP_NAME_LENGTH or (shared.version and not name_size):
        raise PacketError("saved group: no name, or too long")
    if password_size > enums.TOX_GROUP_MAX_PASSWORD_SIZE:
        raise PacketError("saved group: password too long")


def _read_topic(fields: _Fields) -> Topic:
    """No topic instead of one that cannot be."""
    version, size, checksum = fields.number(32), fields.number(16), fields.number(16)
    text, setter, signature = fields.data(size), fields.data(KEY_SIZE), fields.data(SIGNATURE_SIZE)
    topic = Topic(version, text, setter, signature)
    too_long = size > enums.TOX_GROUP_MAX_TOPIC_LENGTH
    return no_topic() if too_long or topic.checksum != checksum else topic


def _read_keys(group: SavedGroup, fields: _Fields) -> None:
    chat, chat_secret = fields.data(2 * KEY_SIZE), fields.data(SECRET_SIZE)
    group.chat = ExtendedPublicKey.from_bytes(chat)
    if group.chat != chat_public_key(group.chat.sig):
        raise PacketError("saved group: keys of no group")
    group.chat_keys = None if chat_secret == _NO_SECRET else ExtendedKeyPair.from_save(chat, chat_secret)
    group.keys = ExtendedKeyPair.from_save(fields.data(2 * KEY_SIZE), fields.data(SECRET_SIZE))


def _read_peers(packed: bytes) -> list[SavedPeer]:
    """All, or as many as can be read from the beginning.

    A key may begin like a packed relay: of the ways to read the peers the first that leads to the end counts.
    """
    best: tuple[SavedPeer, ...] = ()
    seen, ways = {0}, [(0, best)]
    while ways:
        offset, peers = ways.pop()
        if len(peers) > len(best):
            best = peers
        if offset == len(packed) or len(peers) == MAX_SAVED_PEERS:
            return list(peers)
        for peer, end in _peers_at(packed, offset):
            if end not in seen:
                seen.add(end)
                ways.append((end, (*peers, peer)))
    return list(best)


def _peers_at(packed: bytes, offset: int) -> list[tuple[SavedPeer, int]]:
    """The peers that one can read at an offset, the more likely one last, with the offsets behind them.

    A node without a key: c-toxcore took the beginning of the last peer's key for one, and saved both again.
    """
    found: list[tuple[SavedPeer, int]] = []
    address = None
    try:
        if packed[offset] in (FAMILY_UDP4, FAMILY_UDP6):
            address, offset = unpack_ip_port(packed, offset)
            found.append((SavedPeer(packed[offset : offset + KEY_SIZE], address, None), offset + KEY_SIZE))
        if packed[offset : offset + 1] in _NODES:
            node, offset = unpack_node(packed, offset)
            relay = node if any(node.public_key) else None
            if node.tcp or not relay:
                peer = SavedPeer(packed[offset : offset + KEY_SIZE], address, relay)
                found.append((peer, offset + KEY_SIZE))
    except PacketError:
        pass  # cut short
    return [(peer, end) for peer, end in found if end <= len(packed)]
