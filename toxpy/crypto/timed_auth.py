"""Tags that prove "we said this not long ago" without remembering anything. c-toxcore: timed_auth.c.

A tag is a MAC over the span of time in which it was made and over what it vouches for. It is good in its
own span and in the next one, so for one to two lifetimes. Within a span the same data has the same tag.
"""

from __future__ import annotations

from toxpy.crypto.sodium import KEY_SIZE, equal, mac

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Runtime

TIMED_AUTH_SIZE = 32
_STAMP_MASK = 2**64 - 1


class TimedAuth:
    """One purpose's tags, under a key that nobody else ever has."""

    __slots__ = ("_key", "_lifetime_ms", "_rt")

    def __init__(self, lifetime_ms: int, *, rt: Runtime) -> None:
        self._key = rt.rng.bytes(KEY_SIZE)
        self._lifetime_ms = lifetime_ms
        self._rt = rt

    def create(self, data: bytes) -> bytes:
        """The tag of `data` now."""
        return self._tag(data, 0)

    def check(self, tag: bytes, data: bytes) -> bool:
        """Did we make this tag for `data` in this span or the one before."""
        return equal(tag, self._tag(data, 0)) or equal(tag, self._tag(data, 1))

    def _tag(self, data: bytes, back: int) -> bytes:
        stamp = (self._rt.clock.now_ms // self._lifetime_ms - back) & _STAMP_MASK
        return mac(self._key, stamp.to_bytes(8, "big") + data)
