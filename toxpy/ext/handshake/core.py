"""The handshakes' part of `Core`: from which handshake a friend's session comes, and which ones may be.

Nothing of Noise is loaded by an instance that makes no use of it.
"""

from __future__ import annotations

from toxpy.errors import api_error
from toxpy.generated import enums
from toxpy.runtime import LOG_ERROR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.ext.handshake.policy import FriendHandshakes
    from toxpy.friend.friend import FriendState
    from toxpy.friend.layers import Layers

_POLICIES = (
    enums.TOX_HANDSHAKE_POLICY_AUTO,
    enums.TOX_HANDSHAKE_POLICY_REQUIRE,
    enums.TOX_HANDSHAKE_POLICY_LEGACY,
)


def _begin(layers: Layers) -> FriendHandshakes:
    """Have Noise. ToxError where what it needs is not installed."""
    try:
        from toxpy.ext.handshake.policy import FriendHandshakes

        return FriendHandshakes(layers)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "noise":
            raise
        words = "Noise handshakes need the Python package noiseprotocol, which is not installed"
        layers.rt.log(LOG_ERROR, words)
        raise api_error("TOX_ERR_NEW_MALLOC", words) from error


class HandshakeCore:
    """The functions tox_friend_get_handshake* and tox_friend_set_handshake."""

    __slots__ = ("_layers", "capability")

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        #: None without Noise
        self.capability: FriendHandshakes | None = None
        if layers.options.handshake != enums.TOX_HANDSHAKE_MODE_LEGACY_ONLY:
            self.capability = _begin(layers)

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
        return connection.crypto.version

    def friend_get_handshake_policy(self, friend_number: int) -> int:
        """The TOX_HANDSHAKE_POLICY for a friend."""
        friend, handshakes = self._friend(friend_number), self.capability
        if handshakes is None:
            return enums.TOX_HANDSHAKE_POLICY_AUTO
        return handshakes.policy_of(friend.real_pk)

    def friend_get_handshake_pin(self, friend_number: int) -> int:
        """The TOX_HANDSHAKE_VERSION that a friend is pinned to."""
        friend, handshakes = self._friend(friend_number), self.capability
        if handshakes is None or not handshakes.is_pinned(friend.real_pk):
            return enums.TOX_HANDSHAKE_VERSION_NONE
        return enums.TOX_HANDSHAKE_VERSION_NOISE_IK

    def friend_set_handshake(self, friend_number: int, policy: int, unpin: bool) -> bool:
        """Set the policy for a friend, who is pinned no more if `unpin`."""
        friend = self._friend(friend_number, "TOX_ERR_FRIEND_SET_HANDSHAKE_FRIEND_NOT_FOUND")
        if policy not in _POLICIES:
            raise api_error("TOX_ERR_FRIEND_SET_HANDSHAKE_INVALID")
        if self.capability is None:
            words = 'policies and pins need that the instance is made with handshake="prefer" or "only"'
            raise api_error("TOX_ERR_FRIEND_SET_HANDSHAKE_MODE", words)
        self._layers.rt.clock.update()
        self.capability.set_policy(friend, policy, unpin)
        return True
