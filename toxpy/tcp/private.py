"""Relays of the pool that are somebody's own: an endpoint of a friend, or ours on this machine."""

from __future__ import annotations

from toxpy.tcp.relay import SLEEPING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.tcp.relay import Relay, Watcher
    from toxpy.tcp.relays import Relays
    from toxpy.wire.address import Node


class PrivateRelays:
    """Beside those that all may use, and in the same table. See `toxpy.tcp.pool`."""

    __slots__ = ("_relays",)

    def __init__(self, relays: Relays) -> None:
        self._relays = relays

    def add(self, node: Node, host: str | None, watcher: Watcher) -> bool:
        """A relay that is somebody's own: connect, also if it sleeps, and keep it.

        Another address of a known one is tried in turn. False when there is no room, and for one that is
        another's or that the client named as a relay for all.
        """
        relay = self._relays.by_key.get(node.public_key)
        if relay is not None and relay.watcher is None and not relay.named:
            # whoever knows the key could keep us from the friend by telling of such a relay
            self._forget(relay)
            relay = None
        if relay is None:
            return self._relays.add_private(node, host, watcher) is not None
        if relay.watcher is not watcher:
            return False
        self._relays.name(relay, (node.address, host))
        if relay.state == SLEEPING:
            self._relays.connect(relay)
        return True

    def is_waiting(self, public_key: bytes) -> bool:
        """True for a relay that could not be reached so far."""
        relay = self._relays.by_key.get(public_key)
        return relay is not None and relay.is_failing

    def remove(self, public_key: bytes, watcher: Watcher) -> None:
        """Use it no longer. Repeating this is harmless."""
        relay = self._relays.by_key.get(public_key)
        if relay is not None and relay.watcher is watcher:
            self._forget(relay)

    def _forget(self, relay: Relay) -> None:
        routes = [link.route for link in relay.online()]
        self._relays.forget(relay)
        for route in routes:
            if not route.online:
                route.changed()
