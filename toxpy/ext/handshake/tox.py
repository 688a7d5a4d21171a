"""The handshakes' part of `Tox`."""

from __future__ import annotations

from toxpy.arguments import HANDSHAKE_POLICIES, as_choice, as_flag, as_number
from toxpy.generated.typed_enums import HandshakePolicy, HandshakeVersion
from toxpy.tox_part import ToxPart


class HandshakeTox(ToxPart):
    """Part of `Tox`: from which handshake a friend's session comes."""

    def _before_events(self) -> None:
        super()._before_events()
        handshakes = self.core.handshakes.capability
        if handshakes is not None and handshakes.take_change():
            self._changed()

    def friend_get_handshake(self, friend_number: int) -> HandshakeVersion:
        """The handshake of the running session with a friend, or NONE."""
        return HandshakeVersion(self.core.handshakes.friend_get_handshake(as_number(friend_number)))

    def friend_get_handshake_policy(self, friend_number: int) -> HandshakePolicy:
        """Which handshakes are made with a friend and accepted from it."""
        return HandshakePolicy(self.core.handshakes.friend_get_handshake_policy(as_number(friend_number)))

    def friend_get_handshake_pin(self, friend_number: int) -> HandshakeVersion:
        """The version that a friend is pinned to, NONE without a pin: nothing below it is accepted."""
        return HandshakeVersion(self.core.handshakes.friend_get_handshake_pin(as_number(friend_number)))

    def friend_set_handshake(
        self, friend_number: int, policy: HandshakePolicy | int | str = "auto", *, unpin: bool = False
    ) -> None:
        """Set the policy for a friend: "auto", "require" or "legacy". A session that it forbids ends.

        `unpin` forgets that there was a Noise session. Right when the friend uses an older client again, and
        says so by another way: otherwise it may be somebody else who poses as the friend.
        """
        value = as_choice(policy, "a handshake policy", HANDSHAKE_POLICIES)
        number, unpin = as_number(friend_number), as_flag(unpin, "unpin")
        self.core.handshakes.friend_set_handshake(number, value, unpin)
        self._changed()
