"""Which handshakes friends may have with us, so that nobody talks us down to the old one.

    mode ONLY, policy REQUIRE or a pin    Noise, nothing else
    policy LEGACY                         the old handshake, nothing else
    otherwise                             Noise first; the old one if the friend begins it, or if it does not
                                          answer Noise and the fallback is on

A friend is **pinned** when data came in a Noise session: then both sides had it, and proved who they are. It
is also pinned when it says that it has Noise, as friends do in sessions of old handshakes: who kept the first
Noise handshake from arriving has won that one session. Pins do not expire; the user alone takes them away.
Peers that are no friends, as in conferences, are neither pinned nor remembered.
"""

from __future__ import annotations

from toxpy.errors import api_error
from toxpy.ext.handshake.pins import RECORD, Rule, unpack
from toxpy.friend.capability import Capability
from toxpy.friend.connection import end_if_forbidden
from toxpy.friend.envelope import Extension
from toxpy.generated import enums
from toxpy.generated import events as ev
from toxpy.net_crypto.policy import LEGACY, NOISE_IK, Handshakes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.friend.friend import FriendState
    from toxpy.friend.layers import Layers

#: By which friends tell each other that they have Noise.
NOISE_UUID = bytes.fromhex("7421782b9cd64b21a3e369daff096cbf")
#: Milliseconds between two reports of one friend's refused handshakes.
REPORT_INTERVAL_MS = 3_600_000
#: Milliseconds after which a session has shown what the friend has: what it tells comes at the beginning.
TOLD_BY_NOW_MS = 30_000

AUTO, REQUIRE = enums.TOX_HANDSHAKE_POLICY_AUTO, enums.TOX_HANDSHAKE_POLICY_REQUIRE
ONLY_LEGACY = enums.TOX_HANDSHAKE_POLICY_LEGACY


class FriendHandshakes(Handshakes, Capability, Extension):
    """What net_crypto asks, what a save keeps, and what friends are told."""

    __slots__ = ("_changed", "_default", "_fallback", "_messenger", "_only", "_rt", "_rules")

    def __init__(self, layers: Layers) -> None:
        options = layers.options
        self._messenger = messenger = layers.messenger
        self._rt = layers.rt
        # the words for them are for `Tox`
        self._only = int(options.handshake) == enums.TOX_HANDSHAKE_MODE_NOISE_ONLY
        self._default = int(options.handshake_default_policy)
        self._fallback = options.handshake_fallback
        #: a friend was pinned since `take_change` was asked
        self._changed = False
        #: by the key of a friend
        self._rules: dict[bytes, Rule] = {}
        layers.net_crypto.use(self)
        messenger.records().claim(RECORD, self._load, self._collect)
        messenger.envelope().add(NOISE_UUID, self)

    # what holds for a peer

    def policy_of(self, real_pk: bytes) -> int:
        """The TOX_HANDSHAKE_POLICY for a peer, whatever the mode and the pin say."""
        rule = self._rules.get(real_pk)
        if rule is not None and rule.policy >= 0:
            return rule.policy
        return self._default if self._messenger.friend_by_key(real_pk) is not None else AUTO

    def is_pinned(self, real_pk: bytes) -> bool:
        """True if nothing but Noise is accepted from the peer, since it had a Noise session."""
        rule = self._rules.get(real_pk)
        return rule is not None and rule.pin != LEGACY

    def _requires(self, real_pk: bytes) -> bool:
        return self._only or self.is_pinned(real_pk) or self.policy_of(real_pk) == REQUIRE

    def begins_with_noise(self, real_pk: bytes) -> bool:
        """Not with those who should have the old handshake, or were seen to have no other."""
        if self._requires(real_pk):
            return True
        rule = self._rules.get(real_pk)
        return self.policy_of(real_pk) != ONLY_LEGACY and not (rule is not None and rule.only_legacy)

    def accepts_noise(self, real_pk: bytes) -> bool:
        """From everybody but those who should have the old handshake."""
        return self._requires(real_pk) or self.policy_of(real_pk) != ONLY_LEGACY

    def accepts_legacy(self, real_pk: bytes) -> bool:
        """Not where Noise is required."""
        return not self._requires(real_pk)

    def may_fall_back(self, real_pk: bytes) -> bool:
        """Not where Noise is required, and not when the program does not want it."""
        return self._fallback and not self._requires(real_pk)

    # what happens

    def _rule(self, real_pk: bytes) -> Rule:
        rule = self._rules.get(real_pk)
        if rule is None:
            rule = self._rules[real_pk] = Rule()
        return rule

    def _pin(self, rule: Rule) -> None:
        if rule.pin < NOISE_IK:
            rule.pin = NOISE_IK
            self._changed = True

    def take_change(self) -> bool:
        """True if a friend was pinned since the last time: a save has something new."""
        changed, self._changed = self._changed, False
        return changed

    def on_established(self, real_pk: bytes, version: int) -> None:
        """A friend who has a Noise session is pinned."""
        friend = self._messenger.friend_by_key(real_pk)
        if friend is None:
            return
        rule = self._rule(real_pk)
        rule.legacy_ms = self._rt.clock.now_ms if version == LEGACY else -1
        if version != LEGACY:
            rule.only_legacy = False
            self._pin(rule)

    def on_refused(self, real_pk: bytes, version: int) -> None:
        """Remember it for `why_offline`; the user hears of a pinned friend's old handshake."""
        friend = self._messenger.friend_by_key(real_pk)
        if friend is None:
            return
        now_ms, steps = self._rt.clock.now_ms, friend.connection.steps
        if version != LEGACY:
            steps.noise_refused = now_ms
            return
        steps.legacy_refused = now_ms
        rule = self._rules.get(real_pk)
        if rule is None or rule.pin == LEGACY:
            return
        if rule.refused_ms < 0 or now_ms - rule.refused_ms >= REPORT_INTERVAL_MS:
            rule.refused_ms = now_ms
            self._messenger.events.append(ev.FriendHandshakeDowngrade(friend.number, owner=friend))

    def on_friend_gone(self, friend: FriendState) -> None:
        """A deleted friend has no rule any more. Of one that left it may be known what it has."""
        rule = self._rules.get(friend.real_pk)
        if rule is None:
            return
        if friend.deleted:
            del self._rules[friend.real_pk]
        elif rule.legacy_ms >= 0:
            rule.only_legacy = self._rt.clock.now_ms - rule.legacy_ms >= TOLD_BY_NOW_MS
            rule.legacy_ms = -1

    # what friends tell each other

    def offers(self, friend: FriendState) -> bool:
        """A friend whom we will not answer must not hear that we have Noise."""
        return self.accepts_noise(friend.real_pk)

    def on_ready(self, friend: FriendState) -> None:
        """The friend has Noise: from the next session on it is required."""
        if self.accepts_noise(friend.real_pk):
            rule = self._rule(friend.real_pk)
            rule.told, rule.only_legacy = True, False
            self._pin(rule)

    # what the user wants

    def set_policy(self, friend: FriendState, policy: int, unpin: bool) -> None:
        """Set the policy for a friend, and end a session that it does not allow."""
        if self._only and policy == ONLY_LEGACY:
            words = 'with handshake="only" nobody has the old one: make the instance with "prefer"'
            raise api_error("TOX_ERR_FRIEND_SET_HANDSHAKE_MODE", words)
        if policy == ONLY_LEGACY and self.is_pinned(friend.real_pk) and not unpin:
            words = "the friend is pinned to Noise, to be unpinned in the same call: unpin=True, or --unpin"
            raise api_error("TOX_ERR_FRIEND_SET_HANDSHAKE_PINNED", words)
        rule = self._rule(friend.real_pk)
        rule.policy = policy
        if unpin:
            rule.pin, rule.told, rule.only_legacy, rule.refused_ms = LEGACY, False, False, -1
        end_if_forbidden(friend.connection, self)

    # the save

    def _load(self, content: bytes) -> None:
        for real_pk, rule in unpack(content).items():
            if self._messenger.friend_by_key(real_pk) is not None:
                self._rules[real_pk] = rule

    def _collect(self) -> bytes | None:
        return b"".join(rule.pack(real_pk) for real_pk, rule in self._rules.items()) or None
