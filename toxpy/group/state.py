"""What all members of a group agree on: shared state, moderators, sanctions, topic; what of it is believed.

Anybody may hand any of it on, since all of it is signed. Each `on_...` looks at sizes, versions and roles,
then at signatures, and changes nothing before all is right. It returns a `Result`: what programs are told,
and what is to be sent. Nothing here sends, waits or knows connections. Changes of our own are in
own_changes.py. c-toxcore: group_chats.c.
"""

from __future__ import annotations

from toxpy.crypto.sodium import SIGNATURE_SIZE, verify
from toxpy.errors import PacketError
from toxpy.group import packets
from toxpy.group.moderation import (
    FOUNDER,
    MODERATOR,
    OBSERVER,
    USER,
    Moderators,
    pack_moderators,
    unpack_moderators,
    without,
)
from toxpy.group.sanctions import Sanctions, unpack_credentials, unpack_sanction, unpack_sanctions
from toxpy.group.shared_state import (
    SIGNED_STATE_SIZE,
    SharedState,
    changed_settings,
    unpack_shared_state,
)
from toxpy.group.topic import CurrentTopic, no_topic, unpack_topic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.group.keys import ExtendedKeyPair, ExtendedPublicKey
    from toxpy.runtime import Runtime
    from toxpy.wire.address import Address


class RoleChange:
    """Somebody has another role now; who did it and to whom is None where a list came as a whole."""

    __slots__ = ("role", "source", "target")

    def __init__(self, source: ExtendedPublicKey | None, target: ExtendedPublicKey | None, role: int) -> None:
        self.source = source
        self.target = target
        self.role = role


class Result:
    """What came of a packet or of a change of our own."""

    __slots__ = ("is_forged", "needs_state", "roles", "send", "settings", "topic")

    def __init__(self) -> None:
        #: PEER_LIMIT, ... of shared_state.py: in the order of their events
        self.settings: list[int] = []
        self.roles: list[RoleChange] = []
        #: True if programs are to be told of the topic
        self.topic = False
        #: for all confirmed peers but the sender, in this order: kind and data
        self.send: list[tuple[int, bytes]] = []
        #: True if the sender is to be dropped with TOX_GROUP_EXIT_TYPE_SYNC_ERROR
        self.is_forged = False
        #: True if somebody is to be asked for the state
        self.needs_state = False


class GroupState:
    """The agreed state of one group, as far as we know it."""

    __slots__ = (
        "_peers",
        "_rt",
        "_summed",
        "chat",
        "chat_keys",
        "connected_ms",
        "given_password",
        "keys",
        "moderators",
        "sanctions",
        "shared",
        "signed",
        "topics",
        "was_observer",
    )

    def __init__(
        self,
        chat: ExtendedPublicKey,
        keys: ExtendedKeyPair,
        peers: Callable[[], list[ExtendedPublicKey]],
        *,
        rt: Runtime,
        chat_keys: ExtendedKeyPair | None = None,
    ) -> None:
        """`peers` gives the keys of all confirmed peers and our own, another list whenever they change.

        Only the founder has `chat_keys`.
        """
        self.chat = chat
        self.keys = keys
        self.chat_keys = chat_keys
        self.shared = SharedState()
        #: signature and shared state as they came, 256 bytes, b"" before there is one: the founder may have
        #: signed bytes that we do not read
        self.signed = b""
        self.moderators = Moderators()
        self.sanctions = Sanctions()
        self.topics = CurrentTopic(no_topic(), rt=rt)
        #: True if we were an observer when the save was written, and nobody told us the list of them since
        self.was_observer = False
        #: what our user says the password is now, until we are in; b"" if that is what the state says
        self.given_password = b""
        #: when we became connected, set by whoever has the connections; None before
        self.connected_ms: int | None = None
        self._peers = peers
        self._rt = rt
        #: the lists that the checksums were made of, and the checksums
        self._summed: tuple[tuple[object, ...], tuple[int, int]] | None = None

    # who is what

    @property
    def is_synced(self) -> bool:
        """True if we know the shared state."""
        return self.shared.version > 0

    @property
    def is_founder(self) -> bool:
        """True if the group is ours."""
        return self.chat_keys is not None

    @property
    def own_role(self) -> int:
        """Our role."""
        role = self.role(self.keys.public)
        return OBSERVER if role == USER and self.was_observer else role

    def role(self, peer: ExtendedPublicKey) -> int:
        """A peer's role, as the lists say; who is in both lists is a moderator."""
        if peer == self.shared.founder:
            return FOUNDER
        if peer.sig in self.moderators:
            return MODERATOR
        return OBSERVER if peer.enc in self.sanctions.targets else USER

    def may_moderate(self, sig_pk: bytes) -> bool:
        """True for the signature keys of moderators and founder."""
        return sig_pk == self.shared.founder.sig or sig_pk in self.moderators

    def peer_of(self, sig_pk: bytes) -> ExtendedPublicKey | None:
        """The confirmed peer with that signature key, or we."""
        return next((peer for peer in self._peers() if peer.sig == sig_pk), None)

    @property
    def entry_password(self) -> bytes:
        """The password that we come in with."""
        return self.given_password or self.shared.password

    def accepts_password(self, password: bytes) -> bool:
        """True if a peer may come in with it."""
        return not self.shared.password or password == self.shared.password

    def is_online(self, *, sig_pk: bytes = b"", enc_pk: bytes = b"") -> bool:
        """True if a confirmed peer has that key."""
        return any(peer.sig == sig_pk or peer.enc == enc_pk for peer in self._peers())

    def _is_observer(self, sig_pk: bytes) -> bool:
        peer = self.peer_of(sig_pk)
        return peer is not None and peer.enc in self.sanctions.targets

    # comparing

    def ping(self, address: Address | None = None) -> packets.Ping:
        """What we say of our state; `address` is ours if the peer needs to know it."""
        peers, topic = self._peers(), self.topics.topic
        peers_checksum, roles_checksum = self._checksums(peers)
        return packets.Ping(
            peers_checksum,
            len(peers),
            self.shared.version,
            self.sanctions.version,
            roles_checksum,
            topic.version,
            topic.checksum,
            address=address,
        )

    def _checksums(self, peers: list[ExtendedPublicKey]) -> tuple[int, int]:
        """Of peers and roles; they are summed up anew only when one of the lists is another."""
        known = self._summed
        lists = peers, self.shared.founder, self.moderators.sig_pks, self.sanctions.credentials
        if known is None or any(one is not other for one, other in zip(known[0], lists, strict=True)):
            roles = self.sanctions.checksum + sum(self.role(peer) + peer.enc[0] for peer in peers)
            sums = sum(peer.checksum for peer in peers) & 0xFFFF, roles & 0xFFFF
            known = self._summed = lists, sums
        return known[1]

    def missing(self, ping: packets.Ping) -> int:
        """What a peer that says this seems to know better: SYNC_PEERS | SYNC_TOPIC | SYNC_STATE, or 0."""
        ours, flags = self.ping(), 0
        if ping.peers_checksum != ours.peers_checksum and ping.peer_count >= ours.peer_count:
            flags |= packets.SYNC_PEERS
        is_later = ping.state_version > ours.state_version or ping.sanctions_version > ours.sanctions_version
        differs = ping.roles_checksum != ours.roles_checksum
        same_list = ping.sanctions_version == ours.sanctions_version
        if ping.state_version > 0 and (is_later or (same_list and differs)):
            flags |= packets.SYNC_STATE
        if ping.state_version > 0 and self.sanctions.is_void(self.may_moderate) and not same_list:
            flags |= packets.SYNC_STATE
        if self._topic_is_void and ping.topic_version and ping.topic_version != ours.topic_version:
            flags |= packets.SYNC_TOPIC
        if self.topics.is_wanted(ping.topic_version, ping.topic_checksum, self.shared.topic_lock):
            flags |= packets.SYNC_TOPIC
        return flags

    @property
    def _topic_is_void(self) -> bool:
        """True if the topic's setter may not set it any more."""
        return self.shared.topic_is_locked and not self.may_moderate(self.topics.topic.setter)

    def sync(self, flags: int) -> list[tuple[int, bytes]]:
        """What to send to a peer that misses this: kind and data, in the order that it needs."""
        found: list[tuple[int, bytes]] = []
        if flags & packets.SYNC_STATE and self.is_synced:
            found.append((packets.SHARED_STATE, self.signed))
            found.append((packets.MODERATORS, pack_moderators(self.moderators.sig_pks)))
            if self.sanctions.version:
                found.append((packets.SANCTIONS, self.sanctions.pack()))
        if flags & packets.SYNC_TOPIC and self.connected_ms is not None and self.topics.topic.version:
            found.append((packets.TOPIC, self.topics.topic.pack()))
        return found

    # packets

    def on_shared_state(self, data: bytes) -> Result:
        """A signed state, from anybody."""
        result = Result()
        signed = data[:SIGNED_STATE_SIZE]
        if signed == self.signed and signed:
            return result
        if len(signed) < SIGNED_STATE_SIZE:
            return self._forged(result)
        state = signed[SIGNATURE_SIZE:]
        try:
            shared = unpack_shared_state(state)
        except PacketError:
            self._rt.counters.drop("group_state_malformed")
            return result
        if shared.version == 0 or shared.version < self.shared.version:
            self._rt.counters.drop("group_state_old")
            return result
        if not verify(self.chat.sig, signed[:SIGNATURE_SIZE], state):
            return self._forged(result)
        result.settings = changed_settings(self.shared, shared)
        self.shared, self.signed = shared, signed
        return result

    def _forged(self, result: Result) -> Result:
        self._rt.counters.drop("group_state_forged")
        result.is_forged = result.needs_state = True
        return result

    def on_moderators(self, data: bytes) -> Result:
        """A list of moderators, from anybody."""
        result = Result()
        before = set(self.moderators.sig_pks)
        try:
            taken = self.moderators.take([unpack_moderators(data)], self.shared.moderators_hash)
        except PacketError:
            taken = False
        if not taken:
            self._rt.counters.drop("group_moderators")
        elif self.connected_ms is not None and set(self.moderators.sig_pks) != before:
            result.roles.append(RoleChange(None, None, MODERATOR))
        return result

    def on_sanctions(self, sender: ExtendedPublicKey, data: bytes) -> Result:
        """A list of sanctions, from anybody."""
        result = Result()
        before = self.sanctions.targets
        try:
            sanctions, credentials = unpack_sanctions(data)
        except PacketError:
            self._rt.counters.drop("group_sanctions_malformed")
            return result
        is_moderator = self.may_moderate(sender.sig)
        if not self.sanctions.take([sanctions], credentials, self.may_moderate, from_moderator=is_moderator):
            self._rt.counters.drop("group_sanctions")
        elif self.connected_ms is not None and self.sanctions.targets != before:
            result.roles.append(RoleChange(None, None, OBSERVER))
        return result

    def on_topic(self, sender: ExtendedPublicKey, data: bytes) -> Result:
        """A topic, from anybody."""
        result = Result()
        old = self.topics.topic
        try:
            topic = unpack_topic(data)
        except PacketError:
            self._rt.counters.drop("group_topic_malformed")
            return result
        taken = self.topics.take(
            topic,
            sender,
            self.shared,
            may_set_locked=self.may_moderate,
            is_observer=self._is_observer,
            connected_ms=self.connected_ms,
        )
        if not taken:
            self._rt.counters.drop("group_topic")
        elif topic.text != old.text and self.connected_ms is not None:
            result.topic = True
            if self.is_founder:
                # not all members may be connected with the setter
                result.send.append((packets.TOPIC, data))
        return result

    def on_set_moderator(self, sender: ExtendedPublicKey, body: bytes) -> Result:
        """A broadcast of the founder, which follows a state with the hash of the new list."""
        result = Result()
        try:
            add, sig_pk = packets.unpack_set_moderator(body)
        except PacketError:
            self._rt.counters.drop("group_set_moderator_malformed")
            return result
        if self.role(sender) != FOUNDER or add == (sig_pk in self.moderators):
            self._rt.counters.drop("group_set_moderator")
            return result
        old = self.moderators.sig_pks
        guesses = [[*old, sig_pk]] if add else without(old, old.index(sig_pk))
        if not self.moderators.take(guesses, self.shared.moderators_hash):
            # something before this is missing
            self._rt.counters.drop("group_set_moderator")
            result.needs_state = True
            return result
        target = self.peer_of(sig_pk)
        if target is not None:
            result.roles.append(RoleChange(sender, target, MODERATOR if add else USER))
        return result

    def on_set_observer(self, sender: ExtendedPublicKey, body: bytes) -> Result:
        """A broadcast of a moderator or the founder, with the credentials of the new list."""
        result = Result()
        try:
            add, enc_pk, _, rest = packets.unpack_set_observer(body)
            if add:
                sanction, credentials = unpack_sanction(rest)
            else:
                sanction, credentials = None, unpack_credentials(rest)
        except PacketError:
            self._rt.counters.drop("group_set_observer_malformed")
            return result
        if not self._may_sanction(sender, enc_pk) or (sanction and sanction.target != enc_pk):
            self._rt.counters.drop("group_set_observer")
            return result
        old, index = self.sanctions.entries, self.sanctions.index(enc_pk)
        if add != (index is None) or not self.sanctions.is_newer(credentials):
            self._rt.counters.drop("group_set_observer")
            return result
        guesses = [[*old, sanction]] if sanction else without(old, index or 0)
        if not self.sanctions.take(guesses, credentials, self.may_moderate, from_moderator=True):
            self._rt.counters.drop("group_set_observer")
            result.needs_state = True
            return result
        target = self._peer(enc_pk)
        if target is not None:
            result.roles.append(RoleChange(sender, target, OBSERVER if add else USER))
        return result

    def _peer(self, enc_pk: bytes) -> ExtendedPublicKey | None:
        return next((peer for peer in self._peers() if peer.enc == enc_pk), None)

    def _may_sanction(self, sender: ExtendedPublicKey, enc_pk: bytes) -> bool:
        """True if that peer may make the other an observer or a user again."""
        target = self._peer(enc_pk)
        return self.role(sender) <= MODERATOR and (target is None or self.role(target) >= USER)
