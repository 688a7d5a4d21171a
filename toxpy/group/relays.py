"""The relays of one group: connections of its own, with our key in the group.

A relay must not learn that two groups, or a group and our friends, have a member in common. So a group has
connections of its own, to relays that the instance is connected to anyway. c-toxcore: group_chats.c.
"""

from __future__ import annotations

from toxpy.tcp.pool import TcpPool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.group.setup import OwnMember
    from toxpy.runtime import Timer
    from toxpy.system.streams import Stream
    from toxpy.tcp.peer import TcpPeer
    from toxpy.wire.address import Address, Node

#: Relays that a group takes over from the instance.
MAX_OWN_RELAYS = 3
#: Time from the last word to the end of the connections, in ms: a relay of c-toxcore drops what it has not
#: read of a connection that has ended. It reads every 50 ms.
LINGER_MS = 500


class GroupRelays:
    """The relays of one group."""

    __slots__ = ("_end_timer", "_known", "_on_packet", "_pool", "_rt", "_taken")

    def __init__(
        self,
        own: OwnMember,
        known: TcpPool,
        on_packet: Callable[[bytes, bytes | None], None],
        *,
        connect: Callable[[Address], Stream],
    ) -> None:
        """`known` are the relays of the instance; `on_packet` gets packets, and the relay of a stranger's."""
        self._known = known
        #: those that were taken over last
        self._taken: list[Node] = []
        self._on_packet = on_packet
        self._rt = own.rt
        self._end_timer: Timer | None = None
        self._pool = TcpPool(
            own.keys, own.shared_keys, rt=own.rt, connect=connect, proxy=known.proxy, only=known.only
        )
        self._pool.on_oob = self._on_oob

    def maintain(self) -> None:
        """Take over relays of the instance while none is connected."""
        if not self._pool.connected():
            known = self._known.relays(MAX_OWN_RELAYS)
            self._taken = [node for node in known if self._pool.add_relay(node)]

    def own(self, count: int) -> list[Node]:
        """Relays where peers can reach us; before there are any, those where we are about to be.

        A new group is a round trip away from the relays of the instance; who is told needs longer.
        """
        if self._end_timer is not None:
            return []
        if not self._taken:
            self.maintain()
        return self._pool.relays(count) or self._taken[:count]

    def route(self, enc_pk: bytes, on_way: Callable[[], None]) -> TcpPeer:
        """The way to a peer; it begins without relays. `on_way` is told when packets can be sent."""
        peer = self._pool.peer(enc_pk, self._on_data, on_way)
        peer.on_expected = on_way
        return peer

    def _on_data(self, data: bytes) -> None:
        self._on_packet(data, None)

    def _on_oob(self, _sender_pk: bytes, relay_pk: bytes, data: bytes) -> None:
        self._on_packet(data, relay_pk)

    def close(self) -> None:
        """Close all connections, as soon as what was said last has been handed on."""
        if self._end_timer is None:
            self._end_timer = self._rt.timers.call_later(LINGER_MS, self._pool.close)

    def end(self) -> None:
        """After `close`: at once, since others with the same key follow."""
        if self._end_timer is not None:
            self._end_timer.cancel()
        self._pool.close()
