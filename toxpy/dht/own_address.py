"""Where we can be reached, as other nodes see us: they tell it when they name us among the nodes they know.

A node names those that have answered its own ping. By chance we ask such a node for ourselves again after
seconds; while somebody waits for our address, we ask each as soon as it has pinged us.

One node may be wrong or lie, so what most of the last tellers say counts. c-toxcore: DHT.c returnedip_ports.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.wire.address import Address

#: Tellers remembered, the last ones.
MAX_TELLERS = 8
#: Time between two questions while we do not know it, in ms: a ping from a forged address makes us ask there.
ASK_INTERVAL_MS = 50


class OwnAddress:
    """Our address by teller."""

    __slots__ = ("_asked_ms", "_told", "is_wanted")

    def __init__(self) -> None:
        self._told: dict[bytes, Address] = {}
        #: True if somebody waits for it
        self.is_wanted = False
        self._asked_ms = 0

    def is_looked_for(self, now_ms: int) -> bool:
        """True if a node that knows us is to be asked now; counts it."""
        if not self.is_wanted or self._told or now_ms - self._asked_ms < ASK_INTERVAL_MS:
            return False
        self._asked_ms = now_ms
        return True

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
