"""The handshakes' part of a `Friend`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toxpy.aio_part import FriendPart

if TYPE_CHECKING:
    from toxpy.generated.typed_enums import HandshakePolicy, HandshakeVersion


class HandshakeFriend(FriendPart):
    """Part of `Friend`: from which handshake the session comes."""

    __slots__ = ()

    @property
    def handshake(self) -> HandshakeVersion:
        """The handshake of the running session, or NONE."""
        return self.tox.sync.friend_get_handshake(self.number)

    @property
    def handshake_policy(self) -> HandshakePolicy:
        """Which handshakes are made with the friend and accepted from it."""
        return self.tox.sync.friend_get_handshake_policy(self.number)

    @property
    def handshake_pin(self) -> HandshakeVersion:
        """The version that the friend is pinned to: nothing below it is accepted. NONE without a pin."""
        return self.tox.sync.friend_get_handshake_pin(self.number)

    def set_handshake(self, policy: HandshakePolicy | int | str = "auto", *, unpin: bool = False) -> None:
        """Set the policy: "auto", "require" or "legacy"; `unpin` forgets the pin. See `Tox`."""
        self.tox.call("friend_set_handshake", self.number, policy, unpin=unpin)
