"""Traffic counted by packet id and direction. c-toxcore: net_profile.c.

For UDP the id is a datagram's first byte and the bytes are its whole length; for TCP it is the first
byte of a frame's content and the bytes are those of the content.
"""

from __future__ import annotations

IDS = 256
#: Over TCP every id from here on is data of a routed connection; they count as one.
TCP_DATA = 0x10


class Traffic:
    """Counts of one kind of traffic, in lists by packet id; whoever has the packet adds to them."""

    __slots__ = ("bytes_received", "bytes_sent", "packets_received", "packets_sent")

    def __init__(self) -> None:
        self.packets_sent = [0] * IDS
        self.packets_received = [0] * IDS
        self.bytes_sent = [0] * IDS
        self.bytes_received = [0] * IDS

    def counts(self, received: bool, in_bytes: bool) -> list[int]:
        """One of the four lists."""
        if received:
            return self.bytes_received if in_bytes else self.packets_received
        return self.bytes_sent if in_bytes else self.packets_sent

    def of_id(self, packet_id: int, received: bool, in_bytes: bool) -> int:
        """The count of one id; for TCP_DATA of all ids from there on, as in c-toxcore for UDP as well."""
        counts = self.counts(received, in_bytes)
        return sum(counts[TCP_DATA:]) if packet_id == TCP_DATA else counts[packet_id]

    def total(self, received: bool, in_bytes: bool) -> int:
        """The count over all ids."""
        return sum(self.counts(received, in_bytes))
