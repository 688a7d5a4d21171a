"""Where we can be reached, as other nodes see us: they tell it when they name us among the nodes they know.

One node may be wrong or lie, so what most of the last tellers say counts. c-toxcore: DHT.c returnedip_ports.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.wire.address import Address

#: Tellers remembered, the last ones.
MAX_TELLERS = 8


class OwnAddress:
    """Our address by teller."""

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: dict[bytes, Address] = {}

    def note(self, teller: bytes, address: Address) -> None:
        """That node knows us under that address."""
        told = self._told
        told.pop(teller, None)
        if len(told) >= MAX_TELLERS:
            del told[next(iter(told))]
        told[teller] = address

    def get(self) -> Address | None:
        """What most say, of two equally often said ones the later; None before anybody has said anything."""
        told = list(self._told.values())
        return max(reversed(told), key=told.count, default=None)
