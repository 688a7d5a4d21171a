"""From an address to the connection whose peer is there. Below connections, which claim their addresses.

The same table is kept in the datapath, where there is one, so that data packets come opened.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from toxpy.system.datapath import Datapath, Session
    from toxpy.wire.address import Address
    from toxpy.wire.data_packets import Record

    class Routed(Protocol):
        """What is known of a connection here."""

        last_handshake: bytes

        @property
        def is_direct(self) -> bool:
            """True if the peer reached us directly a short time ago."""

        def on_repeated_handshake(self) -> None:
            """The peer sent `last_handshake` again."""

        def receive(self, address: Address | None, packet: bytes) -> None:
            """A data packet that nobody has opened yet."""

        def receive_run(self, address: Address | None, records: list[Record]) -> None:
            """What was in data packets."""


#: Stands for the source of what came through a relay: one budget for all of it.
RELAYED: Address = (bytes(4), 0)


class Routes:
    """Who is where, and how packets leave for an address."""

    __slots__ = ("_path", "by_address", "send", "send_data")

    def __init__(self, send: Callable[[Address, bytes], None], path: Datapath | None) -> None:
        """`path` opens and seals data packets; None when all of them come to Python."""
        self.send = send
        self._path = path
        #: seal and send a data packet
        self.send_data = path.send_data if path is not None else self._seal_and_send
        self.by_address: dict[Address, Routed] = {}

    def _seal_and_send(
        self, address: Address, session: Session, start: int, number: int, data: bytes
    ) -> None:
        self.send(address, session.seal(start, number, data))

    def claim(self, address: Address, holder: Routed, session: Session | None, verified: bool) -> None:
        """Route data from `address` to that connection; only a proven address is taken from a live one."""
        before = self.by_address.get(address)
        if before is None or verified or not before.is_direct:
            self.by_address[address] = holder
            if self._path is not None:
                self._path.route(address, session, holder)

    def renew(self, address: Address, holder: Routed, session: Session) -> None:
        """The connection has keys, or other ones than before."""
        if self._path is not None and self.by_address.get(address) is holder:
            self._path.route(address, session, holder)

    def release(self, address: Address, holder: Routed) -> None:
        """The connection no longer uses the address."""
        if self.by_address.get(address) is holder:
            del self.by_address[address]
            if self._path is not None:
                self._path.route(address, None, None)
