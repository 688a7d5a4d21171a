"""The handshakes' part of `Core`: from which handshake a friend's session comes, and which ones may be.

Nothing of Noise is loaded by an instance that makes no use of it.
"""

from __future__ import annotations

from toxpy.errors import api_error
from toxpy.generated import enums

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.friend.friend import FriendState
    from toxpy.friend.layers import Layers

_POLICIES = (
    enums.TOX_HANDSHAKE_POLICY_AUTO,
    enums.TOX_HANDSHAKE_POLICY_REQUIRE,
    enums.TOX_HANDSHAKE_POLICY_LEGACY,
)


class HandshakeCore:
    """The functions tox_friend_get_handshake* and tox_friend_set_handshake."""

    __slots__ = ("_layers", "capability")

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        #: None without Noise
        self.capability = None

    def _friend(self, number: int, error: str = "TOX_ERR_FRIEND_QUERY_FRIEND_NOT_FOUND") -> FriendState:
        friend = self._layers.messenger.friend(number)
        if friend is None:
            raise api_error(error)
        return friend

    def friend_get_handshake(self, friend_number: int) -> int:
        """The TOX_HANDSHAKE_VERSION of the running session."""
        connection = self._friend(friend_number).connection
        if not connection.is_online or connection.crypto is None:
            return enums.TOX_HANDSHAKE_VERSION_NONE
        return enums.TOX_HANDSHAKE_VERSION_LEGACY

    def friend_get_handshake_policy(self, friend_number: int) -> int:
        """The TOX_HANDSHAKE_POLICY for a friend."""
        self._friend(friend_number)
        return enums.TOX_HANDSHAKE_POLICY_AUTO

    def friend_get_handshake_pin(self, friend_number: int) -> int:
        """The TOX_HANDSHAKE_VERSION that a friend is pinned to."""
        self._friend(friend_number)
        return enums.TOX_HANDSHAKE_VERSION_NONE

    def friend_set_handshake(self, friend_number: int, policy: int, unpin: bool) -> bool:
        """Set the policy for a friend, who is pinned no more if `unpin`."""
        self._friend(friend_number, "TOX_ERR_FRIEND_SET_HANDSHAKE_FRIEND_NOT_FOUND")
        if policy not in _POLICIES:
            raise api_error("TOX_ERR_FRIEND_SET_HANDSHAKE_INVALID")
        raise api_error("TOX_ERR_FRIEND_SET_HANDSHAKE_MODE")
