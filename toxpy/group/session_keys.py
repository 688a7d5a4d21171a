"""The key of the session with one peer, and how it is renewed.

Whoever is closer to the chat id asks after five minutes, with a new public key (f0); the other answers with
one of its own, and from then on the shared key of both is used. c-toxcore switches at once, and is deaf
when the answer is lost: its packets, the repeated answer too, are sealed with the new key, which the asker
cannot know.

    who asked      switches when the answer comes, which proves that the other side has the new key
    who answered   seals with the old key what the asker needs before it can switch: the answer, all ids
                   before it, and what is lossy; other ids with the new key. When anything comes with the new
                   key, the asker has switched, and everything is sealed with that

The old key still opens packets for a minute. c-toxcore: group_chats.c.
"""

from __future__ import annotations

from toxpy.crypto.keys import KeyPair
from toxpy.crypto.sodium import shared_key
from toxpy.group.wire import open_session_packet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.runtime import Runtime

#: Time for which the old key opens packets after the peer has used the new one, in ms.
OLD_KEY_MS = 60_000
#: Time between two answers, in ms: each costs two multiplications on the curve.
ANSWER_INTERVAL_MS = 30_000


class SessionKeys:
    """The keys in use, the new one and the old one."""

    __slots__ = ("_answer_id", "_answered_ms", "_key", "_old_key", "_old_until_ms", "_pair", "_rt")

    def __init__(self, key: bytes, *, rt: Runtime) -> None:
        self._rt = rt
        self._key = key
        self._old_key: bytes | None = None
        self._old_until_ms = 0
        #: message id of our answer, until the asker has shown that it got it
        self._answer_id = 0
        self._answered_ms = rt.clock.now_ms - ANSWER_INTERVAL_MS
        #: of our request, until it is answered
        self._pair: KeyPair | None = None

    # packets

    def open(self, packet: bytes) -> bytes | None:
        """The plain text, or None when the packet is of none of our keys."""
        plain = open_session_packet(self._key, packet)
        if plain is not None:
            self.opened()
            return plain
        if self._old_key is None:
            return None
        if not self._answer_id and self._rt.clock.now_ms >= self._old_until_ms:
            self._old_key = None
            return None
        return open_session_packet(self._old_key, packet)

    @property
    def newest(self) -> bytes:
        """The key that the peer's packets should have."""
        return self._key

    def opened(self) -> None:
        """A packet of the peer opened with the newest key."""
        if self._answer_id:
            self._answer_id = 0
            self._old_until_ms = self._rt.clock.now_ms + OLD_KEY_MS

    def for_lossy(self) -> bytes:
        """What to seal a lossy packet with."""
        return self._old_key if self._answer_id and self._old_key is not None else self._key

    def for_lossless(self, message_id: int) -> bytes:
        """What to seal the packet of that id with, however often it was sent before."""
        return self.for_lossy() if message_id <= self._answer_id else self._key

    # rotation

    def make_request(self) -> bytes:
        """The public key to ask with; the same until it is answered."""
        if self._pair is None:
            self._rt.counters.count("x25519")
            self._pair = KeyPair.generate(self._rt.rng)
        return self._pair.public

    def on_answer(self, session_pk: bytes) -> bool:
        """The peer answered our request: use the new key. False if we did not ask, or it is no key."""
        pair = self._pair
        if pair is None:
            return False
        self._rt.counters.count("x25519")
        key = shared_key(session_pk, pair.secret)
        if key is None:
            return False
        self._pair = None
        self._old_key, self._key = self._key, key
        self._answer_id = 0
        self._old_until_ms = self._rt.clock.now_ms + OLD_KEY_MS
        return True

    def may_answer(self) -> bool:
        """True if the peer may ask now: it has got our last answer, some time ago."""
        waited_ms = self._rt.clock.now_ms - self._answered_ms
        return not self._answer_id and waited_ms >= ANSWER_INTERVAL_MS

    def prepare_answer(self, session_pk: bytes) -> tuple[bytes, bytes] | None:
        """Our public key to answer with, and the new key for `begin`; None when the peer's is no key."""
        self._rt.counters.count("x25519", 2)
        pair = KeyPair.generate(self._rt.rng)
        key = shared_key(session_pk, pair.secret)
        return None if key is None else (pair.public, key)

    def begin(self, key: bytes, answer_id: int) -> None:
        """Our answer has that id: use the new key for what comes after it."""
        self._old_key, self._key = self._key, key
        self._answer_id = answer_id
        self._answered_ms = self._rt.clock.now_ms
        # a request of ours that crossed the peer's is void
        self._pair = None
