"""How much work strangers can make us do: token buckets by source prefix.

A datagram with a fresh public key costs an X25519 (50 us), whoever sent it. Known keys
are in the shared-key cache and always free; unknown ones are paid from the bucket of the
sender's /24 (IPv4) or /56 (IPv6), and from one bucket for all prefixes together, since a
forger of addresses has any number of prefixes. LAN and loopback have one bucket for themselves.

Once half of the common bucket is gone, every prefix gets a small share only, so that a flood from many
prefixes leaves something to those that are not part of it.

The defaults are for hundreds of clients behind one address whose only node is ours, and who all come at
once (two hundred of them without UDP cost 20 000 X25519 in ten seconds): every onion path that a client
builds over us costs up to three of our X25519, paid by the hop before us, which may be always the same.
"""

from __future__ import annotations

from toxpy.wire.address import is_lan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.crypto.keys import SharedKeys
    from toxpy.runtime import Runtime
    from toxpy.wire.address import Address

#: Prefixes remembered: the one longest unused goes first.
MAX_PREFIXES = 4096
X25519_PER_S, X25519_BURST = 4096, 16_384
X25519_TOTAL_PER_S, X25519_TOTAL_BURST = 8192, 49_152
#: X25519 for the whole LAN: its addresses may be forged as well, where a router lets that pass.
X25519_LAN_PER_S, X25519_LAN_BURST = 8000, 16_000
#: X25519 for one prefix while the common bucket is less than half full.
X25519_SCARCE_PER_S, X25519_SCARCE_BURST = 8, 32
REPLIES_PER_S, REPLIES_BURST = 8192, 32_768

#: Levels of token buckets are in thousandths, so that rate x milliseconds needs no fraction.
_TOKEN = 1000


def prefix_of(address: Address) -> bytes:
    """The part of the IP that one network's owner controls: /24 or /56."""
    ip = address[0]
    return ip[:3] if len(ip) == 4 else ip[:7]


class TokenBucket:
    """`burst` tokens at first, refilled with `per_s` tokens a second."""

    __slots__ = ("_burst", "_level", "_per_s", "_updated_ms")

    def __init__(self, per_s: int, burst: int, now_ms: int) -> None:
        self._per_s = per_s
        self._level = self._burst = burst * _TOKEN
        self._updated_ms = now_ms

    def take(self, now_ms: int, count: int = 1) -> bool:
        """Spend so many tokens, or none and False."""
        self._refill(now_ms)
        spent = self._level >= count * _TOKEN
        if spent:
            self._level -= count * _TOKEN
        return spent

    def is_empty(self, now_ms: int) -> bool:
        """True if there is no token now."""
        self._refill(now_ms)
        return self._level < _TOKEN

    def is_scarce(self, now_ms: int) -> bool:
        """True if more than half of it is gone."""
        self._refill(now_ms)
        return 2 * self._level < self._burst

    def _refill(self, now_ms: int) -> None:
        if now_ms > self._updated_ms:
            self._level = min(self._burst, self._level + (now_ms - self._updated_ms) * self._per_s)
            self._updated_ms = now_ms


class Budget:
    """Buckets of all source prefixes, at most MAX_PREFIXES."""

    __slots__ = ("_buckets", "_burst", "_clock", "_per_s")

    def __init__(self, per_s: int, burst: int, *, rt: Runtime) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = rt.clock
        self._buckets: dict[bytes, TokenBucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def allows(self, address: Address, count: int = 1) -> bool:
        """Spend so many tokens of the address's prefix; always True for LAN and loopback."""
        if is_lan(address):
            return True
        buckets, prefix, now_ms = self._buckets, prefix_of(address), self._clock.now_ms
        bucket = buckets.pop(prefix, None)
        if bucket is None:
            if len(buckets) >= MAX_PREFIXES:
                del buckets[next(iter(buckets))]
            bucket = TokenBucket(self._per_s, self._burst, now_ms)
        buckets[prefix] = bucket
        return bucket.take(now_ms, count)


class KeyBudget:
    """Shared keys for packets from the network, within the budget. One for all layers of an instance."""

    __slots__ = ("_lan", "_prefixes", "_rt", "_scarce", "_total", "spent")

    def __init__(self, *, rt: Runtime) -> None:
        self._rt = rt
        self._prefixes = Budget(X25519_PER_S, X25519_BURST, rt=rt)
        self._scarce = Budget(X25519_SCARCE_PER_S, X25519_SCARCE_BURST, rt=rt)
        self._total = TokenBucket(X25519_TOTAL_PER_S, X25519_TOTAL_BURST, rt.clock.now_ms)
        self._lan = TokenBucket(X25519_LAN_PER_S, X25519_LAN_BURST, rt.clock.now_ms)
        #: keys paid for so far
        self.spent = 0

    def shared_key(self, keys: SharedKeys, public_key: bytes, address: Address) -> bytes | None:
        """`keys.get(public_key)` for a packet from `address`.

        None, and a drop counted, beyond the budget or for a key of low order.
        """
        if not keys.knows(public_key) and not self.pays(address):
            return None
        key = keys.get(public_key)
        if key is None:
            self._rt.counters.drop("low_order_key")
        return key

    def pays(self, address: Address, count: int = 1) -> bool:
        """Spend so many X25519 on a packet from there. False, and a drop counted, beyond the budget."""
        if self._has(address, count):
            self.spent += count
            return True
        self._rt.counters.drop("x25519_budget")
        return False

    def _has(self, address: Address, count: int) -> bool:
        now_ms, total = self._rt.clock.now_ms, self._total
        if is_lan(address):
            return self._lan.take(now_ms, count)
        if total.is_scarce(now_ms) and not self._scarce.allows(address, count):
            return False
        return self._prefixes.allows(address, count) and total.take(now_ms, count)
