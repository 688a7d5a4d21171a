"""What strangers may put into a mailbox, by the network that they come from.

A network is what one owner usually has: /24 of IPv4, /64 of IPv6. Who comes through an onion service, or from
this machine, has no network; then each session is one for itself, and all of them together have a limit too.
"""

from __future__ import annotations

from toxpy.wire.address import is_lan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Clock
    from toxpy.wire.address import Address

MINUTE_MS, DAY_MS = 60_000, 24 * 3_600_000
#: Messages in a minute and bytes in a day from one network.
PUTS_PER_MINUTE, BYTES_PER_DAY = 30, 8_000_000
#: How many times as much all of those without a network may put together.
HIDDEN_SHARE = 32
#: Networks remembered: the one that was longest silent goes first.
MAX_NETWORKS = 4096


def network_of(address: Address | None) -> bytes:
    """The network of an address; b"" for none."""
    if address is None or is_lan(address):
        return b""
    ip = address[0]
    return ip[:3] if len(ip) == 4 else ip[:8]


class Allowance:
    """So much in a period, refilled all the time."""

    __slots__ = ("_amount", "_level", "_period_ms", "_updated_ms")

    def __init__(self, amount: int, period_ms: int, now_ms: int) -> None:
        self._amount = amount
        self._period_ms = period_ms
        #: in units of 1/period
        self._level = amount * period_ms
        self._updated_ms = now_ms

    def has(self, count: int, now_ms: int) -> bool:
        """True if so much is left."""
        if now_ms > self._updated_ms:
            gained = (now_ms - self._updated_ms) * self._amount
            self._level = min(self._amount * self._period_ms, self._level + gained)
            self._updated_ms = now_ms
        return self._level >= count * self._period_ms

    def spend(self, count: int) -> None:
        """Use so much of it."""
        self._level -= count * self._period_ms


class Share:
    """What one network, or all hidden ones, may put."""

    __slots__ = ("_bytes", "_puts")

    def __init__(self, times: int, now_ms: int) -> None:
        self._puts = Allowance(times * PUTS_PER_MINUTE, MINUTE_MS, now_ms)
        self._bytes = Allowance(times * BYTES_PER_DAY, DAY_MS, now_ms)

    def has(self, size: int, now_ms: int) -> bool:
        """True if another message of that size may come."""
        return self._puts.has(1, now_ms) and self._bytes.has(size, now_ms)

    def spend(self, size: int) -> None:
        """It came."""
        self._puts.spend(1)
        self._bytes.spend(size)


class StrangersLimits:
    """The shares of all networks."""

    __slots__ = ("_clock", "_hidden", "_networks")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._networks: dict[bytes, Share] = {}
        self._hidden = Share(HIDDEN_SHARE, clock.now_ms)

    def __len__(self) -> int:
        return len(self._networks)

    def share(self, network: bytes) -> Share:
        """That of a network, or a new one for somebody without."""
        networks, now_ms = self._networks, self._clock.now_ms
        if not network:
            return Share(1, now_ms)
        share = networks.pop(network, None)
        if share is None:
            if len(networks) >= MAX_NETWORKS:
                del networks[next(iter(networks))]
            share = Share(1, now_ms)
        networks[network] = share
        return share

    def takes(self, network: bytes, own: Share, size: int) -> bool:
        """Count a message of that size from there, or False when it is too much; `own` is its share."""
        now_ms, hidden = self._clock.now_ms, self._hidden
        if not own.has(size, now_ms) or not (network or hidden.has(size, now_ms)):
            return False
        own.spend(size)
        if not network:
            hidden.spend(size)
        return True
