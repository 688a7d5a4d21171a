"""The way to one peer over relays, as an encrypted connection sees it."""

from __future__ import annotations

from toxpy.tcp.relay import Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from toxpy.wire.address import Node

    class Routes(Protocol):
        """What the pool does with the routes of its peers."""

        def add_peer_relay(self, route: Route, node: Node) -> bool: ...
        def add_heard_relay(self, route: Route, relay_pk: bytes) -> None: ...
        def sleeping_changed(self, route: Route) -> None: ...
        def user_left(self, route: Route) -> None: ...


def nothing(*_arguments: object) -> None:
    """Nobody listens."""


class TcpPeer:
    """The way to one peer over relays; made by `TcpPool.peer`.

    `on_change` is told when `is_online` flips, and when there is room after there was none.
    `on_expected` is told when packets can go out of band to a peer that is online nowhere.
    """

    __slots__ = ("_pool", "_route", "dht_pk", "on_change", "on_data", "on_expected", "sleeping")

    def __init__(
        self, pool: Routes, route: Route, on_data: Callable[[bytes], None], on_change: Callable[[], None]
    ) -> None:
        self._pool = pool
        self._route = route
        self.dht_pk = route.dht_pk
        self.on_data = on_data
        self.on_change = on_change
        self.on_expected: Callable[[], None] = nothing
        self.sleeping = False
        route.users.append(self)

    @property
    def is_online(self) -> bool:
        """True if there is a relay where both of us are."""
        return self._route.online > 0

    def relays(self) -> list[Node]:
        """Relays where both of us are."""
        return self._route.meeting_points()

    def add_relay(self, node: Node) -> bool:
        """The peer may come to that relay; False when it is known for that already or there is no room."""
        return self._pool.add_peer_relay(self._route, node)

    def heard_through(self, relay_pk: bytes) -> None:
        """The peer sent us something out of band: it is at that relay."""
        self._pool.add_heard_relay(self._route, relay_pk)

    def send(self, data: bytes) -> bool:
        """Send through one relay where the peer is online; False when none takes it.

        When it is online nowhere: out of band, at most 1024 bytes, through every relay where it is expected.
        """
        return self._route.send(data)

    def has_room(self) -> bool:
        """True if more data should be sent, False while the relays lag behind."""
        return self._route.has_room()

    def set_sleeping(self, sleeping: bool) -> None:
        """A direct connection works, so that the relays are not needed; or they are needed again."""
        if sleeping != self.sleeping:
            self.sleeping = sleeping
            self._pool.sleeping_changed(self._route)

    def online_already(self) -> None:
        """The peer was online before this user came."""
        if self.is_online:
            self.on_change()

    def close(self) -> None:
        """Not needed any more; repeating it is harmless."""
        route = self._route
        if self in route.users:
            route.users.remove(self)
            # what is called from now on finds no relays
            self._route = Route(self.dht_pk, route.budget)
            self._pool.user_left(route)
