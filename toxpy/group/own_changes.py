"""What our user changes in a group: as founder, as moderator, or the topic.

Each call checks what it may, changes the state and returns what to send, in the order that peers need it. A
failure is a ToxError of the C function of that name and changes nothing. c-toxcore: group_chats.c
gc_founder_set_..., gc_set_peer_role.
"""

from __future__ import annotations

from toxpy.errors import api_error
from toxpy.generated import enums
from toxpy.group import packets
from toxpy.group.moderation import (
    FOUNDER,
    MAX_MODERATORS,
    MODERATOR,
    OBSERVER,
    USER,
    may_kick,
    may_set_role,
    may_set_topic,
    pack_moderators,
)
from toxpy.group.sanctions import MAX_SANCTIONS, make_sanction
from toxpy.group.shared_state import LOCK_ON, MAX_VERSION, SharedState
from toxpy.group.topic import MAX_TOPIC_SIZE, sign_topic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from toxpy.group.keys import ExtendedPublicKey
    from toxpy.group.sanctions import Sanction
    from toxpy.group.state import GroupState

    Packets = list[tuple[int, bytes]]

_MAX_PASSWORD = enums.TOX_GROUP_MAX_PASSWORD_SIZE


class OwnChanges:
    """Changes of one group's state by ourselves; each returns (kind, data) for all confirmed peers."""

    __slots__ = ("_state",)

    def __init__(self, state: GroupState) -> None:
        self._state = state

    # as founder

    def found(self, name: bytes, privacy: int) -> None:
        """Be a new group, with nobody in it yet."""
        state = self._state
        shared = SharedState(name, privacy)
        shared.founder = state.keys.public
        self._sign(shared)
        state.sanctions.set(state.keys, ())
        self._sign_topic(b"")

    def sign_again(self, moderators: Sequence[bytes]) -> None:
        """Be a group from a save in which something did not fit the signature."""
        self._state.moderators.set(moderators)
        self._sign_moderators()

    def set_password(self, password: bytes, *, connected: bool) -> Packets:
        """An empty one lets everybody in."""
        prefix = "TOX_ERR_GROUP_SET_PASSWORD_"
        self._check_connected(connected, prefix)
        shared = self._as_founder(prefix)
        if len(password) > _MAX_PASSWORD:
            raise api_error(prefix + "TOO_LONG")
        shared.password = password
        return self._sign(shared)

    def set_peer_limit(self, limit: int, *, connected: bool) -> Packets:
        """Peers above it stay. c-toxcore signs a limit of 0, which then nobody believes."""
        prefix = "TOX_ERR_GROUP_SET_PEER_LIMIT_"
        self._check_connected(connected, prefix)
        shared = self._as_founder(prefix)
        if not 0 < limit <= 0xFFFF:
            raise api_error(prefix + "FAIL_SET", "the limit is no number of members from 1 to 65535")
        if shared.peer_limit == limit:
            return []
        shared.peer_limit = limit
        return self._sign(shared)

    def set_privacy_state(self, privacy: int, *, connected: bool) -> Packets:
        """Public or private."""
        prefix = "TOX_ERR_GROUP_SET_PRIVACY_STATE_"
        shared = self._as_founder(prefix)
        self._check_connected(connected, prefix)
        if not 0 <= privacy <= enums.TOX_GROUP_PRIVACY_STATE_PRIVATE:
            raise api_error(prefix + "FAIL_SET")
        if shared.privacy == privacy:
            return []
        shared.privacy = privacy
        return self._sign(shared)

    def set_voice_state(self, voice: int, *, connected: bool) -> Packets:
        """Who may speak."""
        prefix = "TOX_ERR_GROUP_SET_VOICE_STATE_"
        shared = self._as_founder(prefix)
        self._check_connected(connected, prefix)
        if not 0 <= voice <= enums.TOX_GROUP_VOICE_STATE_FOUNDER:
            raise api_error(prefix + "FAIL_SET")
        if shared.voice == voice:
            return []
        shared.voice = voice
        return self._sign(shared)

    def set_topic_lock(self, lock: int, *, connected: bool) -> Packets:
        """Whether users may set the topic: TOX_GROUP_TOPIC_LOCK_..."""
        prefix = "TOX_ERR_GROUP_SET_TOPIC_LOCK_"
        if lock not in (enums.TOX_GROUP_TOPIC_LOCK_ENABLED, enums.TOX_GROUP_TOPIC_LOCK_DISABLED):
            raise api_error(prefix + "INVALID")
        shared = self._as_founder(prefix)
        self._check_connected(connected, prefix)
        if shared.topic_is_locked == (lock == enums.TOX_GROUP_TOPIC_LOCK_ENABLED):
            return []
        topic = self._state.topics.topic
        if not shared.topic_is_locked:
            if topic.version == MAX_VERSION:
                raise api_error(prefix + "FAIL_SET")
            # one version later, so that from now on versions tell which topic is newer
            sent = self._sign_topic(topic.text, topic.version + 1)
            shared.topic_lock = LOCK_ON
            return sent + self._sign(shared)
        # 0 would mean that it is still on
        sent = [] if topic.version else self._sign_topic(topic.text, 1)
        shared.topic_lock = self._state.topics.topic.version
        return sent + self._sign(shared)

    # as moderator

    def set_role(self, target: ExtendedPublicKey, role: int) -> Packets:
        """Of a confirmed peer. From moderator to observer and back it takes two steps, which peers see."""
        state, prefix = self._state, "TOX_ERR_GROUP_SET_ROLE_"
        current = state.role(target)
        if role in (FOUNDER, current) or not FOUNDER <= role <= OBSERVER:
            raise api_error(prefix + "ASSIGNMENT")
        if target == state.keys.public:
            raise api_error(prefix + "SELF")
        if not may_set_role(state.own_role, current, role):
            raise api_error(prefix + "PERMISSIONS")
        if not self._has_room(role):
            raise api_error(prefix + "FAIL_ACTION")
        sent: Packets = []
        if current == MODERATOR:
            sent += self._remove_moderator(target.sig)
            sent.append((packets.BROADCAST, packets.pack_set_moderator(False, target.sig)))
        elif current == OBSERVER:
            sent += self._remove_sanction(target)
        if role == MODERATOR:
            sent += self._add_moderator(target)
        elif role == OBSERVER:
            sent += self._add_sanction(target)
        return sent

    def kick(self, target: ExtendedPublicKey) -> Packets:
        """A peer, which gives up its role first; it is no ban."""
        state, prefix = self._state, "TOX_ERR_GROUP_KICK_PEER_"
        if target == state.keys.public:
            raise api_error(prefix + "SELF")
        current = state.role(target)
        if not may_kick(state.own_role, current):
            raise api_error(prefix + "PERMISSIONS")
        sent = [] if current == USER else self.set_role(target, USER)
        return [*sent, (packets.BROADCAST, packets.pack_kick(target.enc))]

    def set_topic(self, text: bytes, *, connected: bool) -> Packets:
        """Who may, depends on the lock."""
        state, prefix = self._state, "TOX_ERR_GROUP_TOPIC_SET_"
        self._check_connected(connected, prefix)
        if len(text) > MAX_TOPIC_SIZE:
            raise api_error(prefix + "TOO_LONG")
        if not may_set_topic(state.own_role, state.shared.topic_is_locked):
            raise api_error(prefix + "PERMISSIONS")
        if state.topics.topic.version == MAX_VERSION:
            raise api_error(prefix + "FAIL_CREATE")
        return self._sign_topic(text)

    def free_moderators(self) -> Packets:
        """As founder: nobody who is a moderator is an observer. The two lists may have changed at once.

        c-toxcore forgets the state where that happens, and asks for it again and again.
        """
        state = self._state
        entries = state.sanctions.entries
        moderators = {peer.enc for key in state.moderators.sig_pks if (peer := state.peer_of(key))}
        if not state.is_founder or not moderators & state.sanctions.targets:
            return []
        state.sanctions.set(state.keys, [entry for entry in entries if entry.target not in moderators])
        return [(packets.SANCTIONS, state.sanctions.pack())]

    # steps

    def _check_connected(self, connected: bool, prefix: str) -> None:
        if not connected:
            raise api_error(prefix + "DISCONNECTED")

    def _as_founder(self, prefix: str) -> SharedState:
        """A copy of the state to change."""
        if not self._state.is_founder:
            raise api_error(prefix + "PERMISSIONS")
        return self._state.shared.copy()

    def _sign(self, shared: SharedState) -> Packets:
        """Have that state, one version later."""
        state = self._state
        assert state.chat_keys is not None
        shared.version = min(shared.version + 1, MAX_VERSION)
        packed = shared.pack()
        state.shared, state.signed = shared, state.chat_keys.sign(packed) + packed
        return [(packets.SHARED_STATE, state.signed)]

    def _sign_topic(self, text: bytes, version: int | None = None) -> Packets:
        state = self._state
        if version is None:
            # while the lock is off all topics have the same version
            version = state.topics.topic.version + state.shared.topic_is_locked
        topic = sign_topic(state.keys, version, text)
        state.topics.replace(topic)
        return [(packets.TOPIC, topic.pack())]

    def _take_over_topic(self, setter: bytes) -> Packets:
        """Sign the topic ourselves whose setter may not set it any more."""
        topic = self._state.topics.topic
        if topic.setter != setter or topic.version == MAX_VERSION:
            return []
        return self._sign_topic(topic.text)

    def _has_room(self, role: int) -> bool:
        """True if the list of moderators or sanctions is not full, or somebody in it is absent."""
        state = self._state
        if role == MODERATOR:
            return len(state.moderators.sig_pks) < MAX_MODERATORS or self._absent_moderator() is not None
        if role == OBSERVER:
            return len(state.sanctions.entries) < MAX_SANCTIONS or self._absent_observer() is not None
        return True

    def _absent_moderator(self) -> bytes | None:
        state = self._state
        return next((key for key in state.moderators.sig_pks if not state.is_online(sig_pk=key)), None)

    def _absent_observer(self) -> Sanction | None:
        state = self._state
        return next((s for s in state.sanctions.entries if not state.is_online(enc_pk=s.target)), None)

    def _add_moderator(self, target: ExtendedPublicKey) -> Packets:
        moderators, sent = self._state.moderators, []
        if len(moderators.sig_pks) >= MAX_MODERATORS:
            absent = self._absent_moderator()
            assert absent is not None
            sent = [
                *self._remove_moderator(absent),
                (packets.MODERATORS, pack_moderators(moderators.sig_pks)),
            ]
        moderators.set([*moderators.sig_pks, target.sig])
        sent += self._sign_moderators()
        return [*sent, (packets.BROADCAST, packets.pack_set_moderator(True, target.sig))]

    def _remove_moderator(self, sig_pk: bytes) -> Packets:
        """What only a moderator may have signed is signed by us, before peers hear of the removal."""
        state = self._state
        state.moderators.set(key for key in state.moderators.sig_pks if key != sig_pk)
        sent: Packets = []
        entries, credentials, keys = state.sanctions.entries, state.sanctions.credentials, state.keys
        signers = {entry.setter for entry in entries} | ({credentials.signer} if credentials else set())
        if sig_pk in signers:
            # c-toxcore signs the credentials again only with an entry, and joiners then refuse the list
            ours = [make_sanction(keys, e.target) if e.setter == sig_pk else e for e in entries]
            state.sanctions.set(keys, ours)
            sent.append((packets.SANCTIONS, state.sanctions.pack()))
        return sent + self._take_over_topic(sig_pk) + self._sign_moderators()

    def _sign_moderators(self) -> Packets:
        shared = self._state.shared.copy()
        shared.moderators_hash = self._state.moderators.hash()
        return self._sign(shared)

    def _add_sanction(self, target: ExtendedPublicKey) -> Packets:
        state, sent = self._state, []
        if len(state.sanctions.entries) >= MAX_SANCTIONS:
            absent = self._absent_observer()
            assert absent is not None
            sent = self._drop_sanction(absent.target, absent.setter)
        sent += self._take_over_topic(target.sig)
        sanction = make_sanction(state.keys, target.enc)
        state.sanctions.set(state.keys, [*state.sanctions.entries, sanction])
        return sent + self._broadcast_observer(True, target.enc, target.sig, sanction.packed)

    def _remove_sanction(self, target: ExtendedPublicKey) -> Packets:
        return self._drop_sanction(target.enc, target.sig)

    def _drop_sanction(self, enc_pk: bytes, sig_pk: bytes) -> Packets:
        state = self._state
        state.sanctions.set(state.keys, [e for e in state.sanctions.entries if e.target != enc_pk])
        return self._broadcast_observer(False, enc_pk, sig_pk, b"")

    def _broadcast_observer(self, add: bool, enc_pk: bytes, sig_pk: bytes, sanction: bytes) -> Packets:
        credentials = self._state.sanctions.credentials
        assert credentials is not None
        lists = sanction + credentials.packed
        return [(packets.BROADCAST, packets.pack_set_observer(add, enc_pk, sig_pk, lists))]
