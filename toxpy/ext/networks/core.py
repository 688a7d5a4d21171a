"""The part of `Core` for endpoints of friends. Nothing of it is loaded without `Options.endpoint`."""

from __future__ import annotations

from toxpy.errors import api_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.ext.networks.endpoint import EndpointOption
    from toxpy.ext.networks.friends import FriendEndpoints
    from toxpy.friend.layers import Layers
    from toxpy.network.network_address import ExtendedNode


class NetworksCore:
    """What programs ask about our endpoint."""

    __slots__ = ("_layers", "capability")

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        self.capability: FriendEndpoints | None = None
        endpoint: EndpointOption | None = layers.options.endpoint
        if endpoint is not None:
            from toxpy.ext.networks.friends import FriendEndpoints

            self.capability = FriendEndpoints(layers, endpoint)

    def endpoint_node(self) -> ExtendedNode | None:
        """Our endpoint as a friend has to know it; None while it cannot be reached."""
        return self.capability.own_node() if self.capability is not None else None

    def friend_set_endpoints(self, friend_number: int, nodes: list[ExtendedNode]) -> None:
        """Look for a friend at these endpoints, at most 4, as if the friend had told of them."""
        friend = self._layers.messenger.friend(friend_number)
        if friend is None:
            raise api_error("TOX_ERR_FRIEND_QUERY_FRIEND_NOT_FOUND")
        if self.capability is None:
            raise ValueError("this needs the option endpoint")
        self._layers.rt.clock.update()
        self.capability.learn(friend, nodes)

    # the same as text, for C

    def self_get_endpoint(self) -> bytes:
        """NAME:PORT:KEY of our endpoint; b"" while there is none that can be reached."""
        node = self.endpoint_node()
        return str(node).encode() if node is not None else b""

    def friend_set_endpoint(self, friend_number: int, endpoint: bytes | None) -> bool:
        """Look for a friend at that endpoint, and nowhere else."""
        if endpoint is None:
            raise api_error("TOX_ERR_FRIEND_SET_ENDPOINT_NULL")
        if self._layers.messenger.friend(friend_number) is None:
            raise api_error("TOX_ERR_FRIEND_SET_ENDPOINT_FRIEND_NOT_FOUND")
        if self.capability is None:
            raise api_error("TOX_ERR_FRIEND_SET_ENDPOINT_DISABLED")
        from toxpy.network.network_address import ExtendedNode

        try:
            node = ExtendedNode.parse(endpoint.decode("ascii"))
        except ValueError as error:
            raise api_error("TOX_ERR_FRIEND_SET_ENDPOINT_INVALID", str(error)) from error
        self.friend_set_endpoints(friend_number, [node])
        return True

    def take_change(self) -> bool:
        """True if a save has something new since the last time."""
        part = self.capability
        if part is None or not part.changed:
            return False
        part.changed = False
        return True

    def endpoint_state(self) -> tuple[str, str]:
        """Where our endpoint is, as `NetworkAddress` writes it, and why nobody reaches it; "" for neither."""
        endpoint = self.capability.endpoint if self.capability is not None else None
        if endpoint is None:
            return "", ""
        return str(endpoint.address or ""), endpoint.failure
