"""Which announcements a node keeps for others. c-toxcore: announce.c.

A hash table of 32 buckets of 8, so that it can neither grow nor be filled by keys of one kind: the bucket
is five bits of the distance between data key and our key, those that follow the highest one. In a full
bucket a key that shares more leading bits with ours takes the place of the one that shares fewest. So a
node ends with the keys that it is responsible for, a few of each kind, at most 256 of at most 512 bytes.
"""

from __future__ import annotations

from toxpy.dht.kbucket import KEY_BITS, number_of
from toxpy.wire.packets import MAX_ANNOUNCEMENT_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Runtime

BUCKET_SIZE = 8
BUCKET_PREFIX_BITS = 5
BUCKETS = 1 << BUCKET_PREFIX_BITS


def bucket_of(distance: int) -> int:
    """The five bits below the highest bit of a distance, 0 to 31."""
    return (distance << BUCKET_PREFIX_BITS >> max(distance.bit_length() - 1, 0)) & (BUCKETS - 1)


def shared_bits(distance: int) -> int:
    """How many leading bits two keys of that distance have in common, 0 to 256."""
    return KEY_BITS - distance.bit_length()


class Announcement:
    """What is stored under one data key, until when."""

    __slots__ = ("data", "shared_bits", "until_ms")

    def __init__(self, data: bytes, bits: int, until_ms: int) -> None:
        self.data = data
        self.shared_bits = bits
        self.until_ms = until_ms


class AnnouncementStore:
    """At most BUCKETS * BUCKET_SIZE announcements."""

    __slots__ = ("_base", "_buckets", "_rt")

    def __init__(self, public_key: bytes, *, rt: Runtime) -> None:
        self._base = number_of(public_key)
        self._rt = rt
        self._buckets: list[dict[bytes, Announcement]] = [{} for _ in range(BUCKETS)]

    def __len__(self) -> int:
        return sum(len(bucket) for bucket in self._buckets)

    def get(self, data_pk: bytes) -> Announcement | None:
        """What is stored under that key and has not run out."""
        return self._alive(number_of(data_pk) ^ self._base).get(data_pk)

    def would_accept(self, data_pk: bytes) -> bool:
        """True if `store` would take something under that key now."""
        distance = number_of(data_pk) ^ self._base
        bucket = self._alive(distance)
        if data_pk in bucket or len(bucket) < BUCKET_SIZE:
            return True
        return any(entry.shared_bits < shared_bits(distance) for entry in bucket.values())

    def store(self, data_pk: bytes, data: bytes, timeout_ms: int) -> bool:
        """Keep `data` for that long, in place of what was there; False when there is no room for that key."""
        if len(data) > MAX_ANNOUNCEMENT_SIZE or not self.would_accept(data_pk):
            return False
        distance = number_of(data_pk) ^ self._base
        bucket = self._alive(distance)
        if data_pk not in bucket and len(bucket) >= BUCKET_SIZE:
            del bucket[min(bucket, key=lambda key: bucket[key].shared_bits)]
        bucket[data_pk] = Announcement(data, shared_bits(distance), self._rt.clock.now_ms + timeout_ms)
        return True

    def remove(self, data_pk: bytes) -> None:
        """Forget what is stored under that key."""
        self._alive(number_of(data_pk) ^ self._base).pop(data_pk, None)

    def _alive(self, distance: int) -> dict[bytes, Announcement]:
        """The bucket for that distance, without what has run out."""
        bucket, now_ms = self._buckets[bucket_of(distance)], self._rt.clock.now_ms
        for key in [key for key, entry in bucket.items() if entry.until_ms <= now_ms]:
            del bucket[key]
        return bucket
