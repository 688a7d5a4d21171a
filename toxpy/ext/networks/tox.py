"""The part of `Tox` for other networks: our endpoint, and those of friends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toxpy.arguments import as_kind, as_number
from toxpy.network.network_address import ExtendedNode
from toxpy.tox_part import ToxPart

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Endpoints of one friend.
MAX_ENDPOINTS = 4


class NetworksTox(ToxPart):
    """Part of `Tox`: where friends reach us with nobody in between, and where we look for them."""

    def _before_events(self) -> None:
        super()._before_events()
        if self.core.networks.take_change():
            self._changed(by_friend=True)

    def self_get_endpoint(self) -> ExtendedNode | None:
        """Our endpoint as a friend has to know it; None while there is none that can be reached."""
        return self.core.networks.endpoint_node()

    def self_get_endpoint_failure(self) -> str:
        """Why nobody reaches our endpoint, in words; empty while nothing is known to be wrong."""
        return self.core.networks.endpoint_state()[1]

    def friend_set_endpoints(self, friend_number: int, nodes: Iterable[ExtendedNode]) -> None:
        """Look for a friend at these endpoints, at most 4, as if the friend had told of them.

        ValueError without the option `endpoint`; `Endpoint.friends()` is enough.
        """
        try:
            given = list(nodes)
        except TypeError:
            raise TypeError("a list of ExtendedNode is needed here") from None
        known = [as_kind(node, ExtendedNode, "an ExtendedNode") for node in given]
        if len(known) > MAX_ENDPOINTS:
            raise ValueError(f"a friend has at most {MAX_ENDPOINTS} endpoints, not {len(known)}")
        self.core.networks.friend_set_endpoints(as_number(friend_number), known)
        self._changed()
