"""Data packets of connections: their sizes, and how the datapath hands them over.

    1b | nonce, low 2 | encrypted: receive window's start 4, number 4, zeros, kind 1, data | MAC 16

Spec: Crypto Connections, data packets.
"""

from __future__ import annotations

from toxpy.wire.packets import DATA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from toxpy.wire.address import Address

    #: receiving start of the sender, number, data without the zeros in front; of a member of a group: message
    #: id, kind, data
    Record = tuple[int, int, bytes]

    class Receiver(Protocol):
        """A crypto connection, or the session with a member of a group."""

        def receive_run(self, address: Address | None, records: list[Record]) -> None: ...

    Run = tuple[Receiver, Address, list[Record]]
    Raw = tuple[bytes, Address]

KIND_DATA = DATA.kind
#: Bytes of a whole packet, and of the data in it with its kind byte.
MIN_PACKET_SIZE, MAX_PACKET_SIZE = DATA.min_size, DATA.max_size
MAX_DATA_SIZE = MAX_PACKET_SIZE - (MIN_PACKET_SIZE - 1)
