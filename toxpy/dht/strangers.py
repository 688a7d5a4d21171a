"""Whose packets come first when there are too many: those of nodes that we know.

A request with a fresh public key costs fifty times what a packet of somebody we know costs, and in a flood
of them he must not wait, nor be among those for whom nothing is left. So in a pass with many packets the
requests of strangers come last; all other packets keep their order.
"""

from __future__ import annotations

from toxpy.crypto.sodium import KEY_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.crypto.keys import SharedKeys
    from toxpy.wire.address import Address

#: Passes with so few packets are left as they are.
CALM = 64
#: No datagram is as long.
BEHIND_EVERYTHING = 1 << 16

#: Where the sender's key is in the requests that make us compute a shared key: ping, nodes, cookie; DHT
#: request; onion, announce, data through the onion; announcements; forwarded ones, whose sender is anywhere.
SENDER_AT = {
    **dict.fromkeys((0x00, 0x02, 0x18), 1),
    0x20: 1 + KEY_SIZE,
    **dict.fromkeys((0x80, 0x81, 0x82, 0x83, 0x86, 0x87), 25),
    **dict.fromkeys((0x93, 0x95, 0x97), 1),
    0x91: BEHIND_EVERYTHING,
}
_AT = [SENDER_AT.get(kind, 0) for kind in range(256)]


def strangers_last(batch: list[tuple[bytes, Address]], keys: SharedKeys) -> list[tuple[bytes, Address]]:
    """The datagrams with strangers' requests behind all others; the claimed sender's key decides."""
    first, last = [], []
    is_acquainted = keys.is_acquainted
    for entry in batch:
        data = entry[0]
        at = _AT[data[0]] if data else 0
        if at and not is_acquainted(data[at : at + KEY_SIZE]):
            last.append(entry)
        else:
            first.append(entry)
    return first + last
