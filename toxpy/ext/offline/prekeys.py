"""Pre-keys: ours, one for each message that a friend may leave for us, and those that friends gave us.

A friend gets up to 200 of ours, made for it alone, and asks for more when fewer than 50 are left. Each secret
is gone when its message was opened: what is sealed with it can be opened by nobody afterwards. Keys must be
on disk before the friend is told of them.

Record 6 of a save, little-endian, for each friend:

    real key 32 | own u16 | used u16 | theirs u16 | own x (id 4 | secret 32)
                | used x (id 4 | Unix seconds u32) | theirs x key 32

c-toxcore drops the record when it saves. Then all are made anew, and the friend is told so by another secret
of the pair.
"""

from __future__ import annotations

from struct import Struct

from toxpy.crypto.keys import KeyPair
from toxpy.ext.offline.keys import prekey_id
from toxpy.ids import PUBLIC_KEY_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from toxpy.ext.offline.versions import Versions
    from toxpy.ext.offline.wall_clock import WallClock
    from toxpy.runtime import Runtime

RECORD = 6
#: Pre-keys that a friend has after a refill.
FULL = 200
#: The friend is asked for more below that, and our user is warned at that.
MIN_LEFT, LOW = 50, 30
#: Pre-keys that are for receipts and offers only.
RESERVED = 20
#: Refills of a friend in that time, ms.
MAX_REFILLS, REFILL_MS = 10, 300_000
#: Keys kept for a friend in each direction: what was used and never came is replaced in the end.
MAX_OWN = MAX_THEIRS = 2 * FULL
#: Keys kept in each direction for all friends: 1.4 MB of secrets in a save.
MAX_ALL = 40_000
#: Ids of used keys for each friend, and how long they are kept, s: a mailbox may bring a message again.
MAX_USED, USED_S = 1000, 48 * 3600

_HEAD = Struct("<32sHHH")
_OWN = Struct("<4s32s")
_USED = Struct("<4sI")
_U32_MASK = 0xFFFFFFFF


class _Keys:
    """Of one friend; all with the oldest first."""

    __slots__ = ("is_low", "refilled_ms", "secrets", "theirs", "used")

    def __init__(self) -> None:
        #: ours that no message used yet, by id
        self.secrets: dict[bytes, bytes] = {}
        #: when each of ours was used, Unix seconds, by id
        self.used: dict[bytes, int] = {}
        #: the friend's, by id
        self.theirs: dict[bytes, bytes] = {}
        #: our user was warned
        self.is_low = False
        #: when the last refills were
        self.refilled_ms: list[int] = []

    def pack(self, real_pk: bytes) -> bytes:
        """The friend's part of the record."""
        head = _HEAD.pack(real_pk, len(self.secrets), len(self.used), len(self.theirs))
        own = b"".join(key_id + secret for key_id, secret in self.secrets.items())
        used = b"".join(_USED.pack(key_id, when & _U32_MASK) for key_id, when in self.used.items())
        return b"".join((head, own, used, *self.theirs.values()))


class Prekeys:
    """Those of an instance."""

    __slots__ = ("_clock", "_friends", "_on_low", "_own", "_rt", "_theirs", "_versions")

    def __init__(
        self, versions: Versions, clock: WallClock, on_low: Callable[[bytes, int], None], *, rt: Runtime
    ) -> None:
        """`on_low` gets a friend's key and how many of its pre-keys are left, once until there are more."""
        self._versions = versions
        self._clock = clock
        self._on_low = on_low
        self._rt = rt
        self._friends: dict[bytes, _Keys] = {}
        #: keys of all friends together
        self._own = self._theirs = 0

    def _of(self, friend_pk: bytes) -> _Keys:
        keys = self._friends.get(friend_pk)
        if keys is None:
            keys = self._friends[friend_pk] = _Keys()
        return keys

    def friends(self) -> list[bytes]:
        """The friends of whom we have some."""
        return list(self._friends)

    def forget(self, friend_pk: bytes) -> None:
        """The friend is none any more."""
        keys = self._friends.pop(friend_pk, None)
        if keys is not None:
            self._own -= len(keys.secrets)
            self._theirs -= len(keys.theirs)
            self._versions.changed()

    # ours

    def refill(self, friend_pk: bytes, left: int) -> list[bytes]:
        """New keys for a friend who has `left`; none if it asks too often.

        The friend is told of them when this version is on disk. 20 us of CPU for each.
        """
        keys, now_ms = self._of(friend_pk), self._rt.clock.now_ms
        count = min(FULL - left, MAX_ALL - self._own)
        keys.refilled_ms = [at_ms for at_ms in keys.refilled_ms if now_ms - at_ms < REFILL_MS]
        if count <= 0 or len(keys.refilled_ms) >= MAX_REFILLS:
            self._rt.counters.drop("offline_refill")
            return []
        keys.refilled_ms.append(now_ms)
        made: list[bytes] = []
        while len(made) < count:
            pair = KeyPair.generate(self._rt.rng)
            key_id = prekey_id(pair.public)
            if key_id not in keys.secrets and key_id not in keys.used:
                keys.secrets[key_id] = pair.secret
                made.append(pair.public)
        self._own += count
        self._drop_oldest(keys)
        self._versions.changed()
        return made

    def _drop_oldest(self, keys: _Keys) -> None:
        for key_id in list(keys.secrets)[: max(len(keys.secrets) - MAX_OWN, 0)]:
            del keys.secrets[key_id]
            self._own -= 1

    def own_left(self, friend_pk: bytes) -> int:
        """How many of ours no message of the friend has used yet."""
        keys = self._friends.get(friend_pk)
        return len(keys.secrets) if keys is not None else 0

    def find(self, friend_pk: bytes, key_id: bytes) -> KeyPair | None:
        """The key that a message of this friend was sealed for; None if it was used or is none of ours."""
        keys = self._friends.get(friend_pk)
        secret = keys.secrets.get(key_id) if keys is not None else None
        return KeyPair(secret) if secret is not None else None

    def use(self, friend_pk: bytes, key_id: bytes) -> None:
        """Its message was opened: the secret is no more. The caller says that something changed."""
        keys, now_s = self._of(friend_pk), self._clock.now_s()
        if keys.secrets.pop(key_id, None) is not None:
            self._own -= 1
        used = keys.used
        while used:
            oldest = next(iter(used))
            if len(used) < MAX_USED and now_s - used[oldest] <= USED_S:
                break
            del used[oldest]
        used[key_id] = now_s

    def was_used(self, friend_pk: bytes, key_id: bytes) -> bool:
        """True if its message was opened lately."""
        keys = self._friends.get(friend_pk)
        return keys is not None and key_id in keys.used

    def is_ours(self, key_id: bytes) -> bool:
        """True if a key with that id was made for any friend."""
        return any(key_id in keys.secrets or key_id in keys.used for keys in self._friends.values())

    # a friend's

    def add_theirs(self, friend_pk: bytes, public_keys: Iterable[bytes]) -> None:
        """The friend gave us these; what is too much is dropped."""
        keys = self._of(friend_pk)
        for public_key in public_keys:
            if len(keys.theirs) >= MAX_THEIRS or self._theirs >= MAX_ALL:
                self._rt.counters.drop("offline_prekeys")
                break
            key_id = prekey_id(public_key)
            if key_id not in keys.theirs:
                keys.theirs[key_id] = public_key
                self._theirs += 1
        if len(keys.theirs) > LOW:
            keys.is_low = False
        self._versions.changed()

    def left(self, friend_pk: bytes) -> int:
        """How many of the friend's we have."""
        keys = self._friends.get(friend_pk)
        return len(keys.theirs) if keys is not None else 0

    def wanted(self, friend_pk: bytes) -> int | None:
        """What to say when asking the friend for more; None when there are enough."""
        left = self.left(friend_pk)
        return left if left < MIN_LEFT else None

    def take(self, friend_pk: bytes, count: int, reserve: int = RESERVED) -> list[tuple[bytes, bytes]]:
        """Ids and keys of up to `count` of the friend's, which are ours no more; `reserve` are left there.

        They must be gone on disk before they are used.
        """
        keys = self._friends.get(friend_pk)
        count = min(count, len(keys.theirs) - reserve) if keys is not None else 0
        if keys is None or count <= 0:
            return []
        taken = list(keys.theirs.items())[:count]
        for key_id, _ in taken:
            del keys.theirs[key_id]
        self._theirs -= count
        self._versions.changed()
        if len(keys.theirs) <= LOW and not keys.is_low:
            keys.is_low = True
            self._on_low(friend_pk, len(keys.theirs))
        return taken

    def forget_theirs(self, friend_pk: bytes) -> None:
        """The friend does not have their secrets any more."""
        keys = self._friends.get(friend_pk)
        if keys is not None and keys.theirs:
            self._theirs -= len(keys.theirs)
            keys.theirs.clear()
            self._versions.changed()

    # the record

    def pack(self) -> bytes:
        """Record 6; empty when there is nothing."""
        kept = ((real_pk, keys) for real_pk, keys in self._friends.items())
        return b"".join(
            keys.pack(real_pk) for real_pk, keys in kept if keys.secrets or keys.used or keys.theirs
        )

    def load(self, record: bytes) -> None:
        """The same from a save, up to where it is damaged, and no more than there may be."""
        at = 0
        while at + _HEAD.size <= len(record):
            real_pk, own, used, theirs = _HEAD.unpack_from(record, at)
            at += _HEAD.size
            sizes = own * _OWN.size, used * _USED.size, theirs * PUBLIC_KEY_SIZE
            if at + sum(sizes) > len(record):
                return
            parts = []
            for size in sizes:
                parts.append(record[at : at + size])
                at += size
            self._load_friend(real_pk, *parts)

    def _load_friend(self, real_pk: bytes, own: bytes, used: bytes, theirs: bytes) -> None:
        keys = self._of(real_pk)
        latest_s = self._clock.now_s() if self._clock.trusted() else _U32_MASK
        for key_id, secret in _OWN.iter_unpack(own):
            if key_id not in keys.secrets and any(secret) and self._own < MAX_ALL:
                keys.secrets[key_id] = secret
                self._own += 1
        self._drop_oldest(keys)
        for key_id, when in list(_USED.iter_unpack(used))[-MAX_USED:]:
            keys.used[key_id] = min(when, latest_s)
            if keys.secrets.pop(key_id, None) is not None:
                self._own -= 1
        for begin in range(0, len(theirs), PUBLIC_KEY_SIZE):
            key = theirs[begin : begin + PUBLIC_KEY_SIZE]
            key_id = prekey_id(key)
            if key_id not in keys.theirs and len(keys.theirs) < MAX_THEIRS and self._theirs < MAX_ALL:
                keys.theirs[key_id] = key
                self._theirs += 1
        keys.is_low = 0 < len(keys.theirs) <= LOW
