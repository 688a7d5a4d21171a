"""The topic of a group, and which of two topics is the newer one.

    signature 64 | version u32 | checksum u16 | length u16 | topic 0-512 | its setter's sig pk 32

The setter signs all that follows the signature. While the topic is locked, moderators and the founder set it,
and each adds 1 to its version. While it is not, everybody but observers does, and the version stays. Then
nothing tells which topic is newer: peers that compare theirs take the one with the greater checksum. So a
peer that was away can bring back what was replaced. We remember what was replaced, take it again only from
its setter or the founder, and tell a peer that still has it. The same text signed by somebody else is a new
topic. c-toxcore: group_chats.c handle_gc_topic, gc_set_topic.
"""

from __future__ import annotations

from struct import Struct

from toxpy.crypto.sodium import KEY_SIZE, SIGNATURE_SIZE, verify
from toxpy.errors import PacketError
from toxpy.generated import enums
from toxpy.group.checksums import data_checksum
from toxpy.group.shared_state import LOCK_ON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from toxpy.group.keys import ExtendedKeyPair, ExtendedPublicKey
    from toxpy.group.shared_state import SharedState
    from toxpy.runtime import Runtime

MAX_TOPIC_SIZE = enums.TOX_GROUP_MAX_TOPIC_LENGTH
_HEAD = Struct(">IHH")
#: Bytes of a packet beside the topic.
_REST_SIZE = SIGNATURE_SIZE + _HEAD.size + KEY_SIZE
#: As long as that after joining, ms, a topic of any version is taken while the lock is off.
_JOINING_MS = 12_000
#: As long as that, ms, the topic before the current one does not come back, not even from its setter.
_NO_RETURN_MS = 58_000
#: Replaced topics that are remembered while the lock is off.
_MAX_REPLACED = 16


class Topic:
    """One topic, signed."""

    __slots__ = ("checksum", "setter", "signature", "text", "version")

    def __init__(self, version: int, text: bytes, setter: bytes, signature: bytes) -> None:
        self.version = version
        self.checksum = data_checksum(text)
        self.text = text
        #: the setter's signature key
        self.setter = setter
        self.signature = signature

    def body(self) -> bytes:
        """What the setter signs."""
        return _HEAD.pack(self.version, self.checksum, len(self.text)) + self.text + self.setter

    def pack(self) -> bytes:
        """The data of the packet."""
        return self.signature + self.body()

    def is_signed(self) -> bool:
        """True if the setter signed it."""
        return verify(self.setter, self.signature, self.body())


def no_topic() -> Topic:
    """What a group has before anybody said what its topic is."""
    return Topic(0, b"", bytes(KEY_SIZE), bytes(SIGNATURE_SIZE))


def sign_topic(keys: ExtendedKeyPair, version: int, text: bytes) -> Topic:
    """A topic of ours."""
    topic = Topic(version, text, keys.public.sig, b"")
    topic.signature = keys.sign(topic.body())
    return topic


def unpack_topic(data: bytes) -> Topic:
    """PacketError for a wrong size or checksum; the signature is yet to be checked."""
    if not _REST_SIZE <= len(data) <= _REST_SIZE + MAX_TOPIC_SIZE:
        raise PacketError("group topic: wrong size")
    version, checksum, size = _HEAD.unpack_from(data, SIGNATURE_SIZE)
    if len(data) != _REST_SIZE + size:
        raise PacketError("group topic: wrong size")
    start = SIGNATURE_SIZE + _HEAD.size
    topic = Topic(version, data[start : start + size], data[start + size :], data[:SIGNATURE_SIZE])
    if topic.checksum != checksum:
        raise PacketError("group topic: wrong checksum")
    return topic


class CurrentTopic:
    """The topic that a group has, and those that it had."""

    __slots__ = ("_changed_ms", "_is_signed_anew", "_replaced", "_rt", "topic")

    def __init__(self, topic: Topic, *, rt: Runtime) -> None:
        self.topic = topic
        self._rt = rt
        self._changed_ms: int | None = None
        #: True if the version is a new one, and the text the one before
        self._is_signed_anew = False
        #: checksums by signature, the topic replaced last at the end; of one version only
        self._replaced: dict[bytes, int] = {}

    def replace(self, topic: Topic) -> None:
        """Have another topic, which may be the same text signed anew."""
        old, replaced = self.topic, self._replaced
        if old.version != topic.version:
            replaced.clear()
        elif old.text != topic.text:
            replaced.pop(old.signature, None)
            replaced[old.signature] = old.checksum
            if len(replaced) > _MAX_REPLACED:
                del replaced[next(iter(replaced))]
        replaced.pop(topic.signature, None)
        self._is_signed_anew = old.text == topic.text and 0 < old.version < topic.version
        self._changed_ms = self._rt.clock.now_ms
        self.topic = topic

    def is_wanted(self, version: int, checksum: int, lock: int) -> bool:
        """True if a peer that says this of its topic has a newer one, as far as one can tell."""
        topic = self.topic
        if lock == LOCK_ON:
            return (version, checksum) > (topic.version, topic.checksum)
        return checksum > topic.checksum and checksum not in self._replaced.values()

    def was_replaced(self, version: int, checksum: int) -> bool:
        """True if a peer that says this of its topic has one that we had before."""
        topic = self.topic
        return version == topic.version and checksum != topic.checksum and checksum in self._replaced.values()

    def forget_replaced(self, checksum: int) -> None:
        """From now on a topic with that checksum is like any other."""
        self._replaced = {key: value for key, value in self._replaced.items() if value != checksum}

    def take(
        self,
        topic: Topic,
        sender: ExtendedPublicKey,
        shared: SharedState,
        *,
        may_set_locked: Callable[[bytes], bool],
        is_observer: Callable[[bytes], bool],
        connected_ms: int | None,
    ) -> bool:
        """Replace ours with one that a peer sent; False when it is not to be.

        The two functions take the setter's signature key. `connected_ms`: when we joined, None if not yet.
        """
        if topic.signature == self.topic.signature:
            # the same again; a signature is checked below before it comes here
            return False
        if shared.topic_is_locked:
            # somebody who is no moderator any more may have a topic that all others refused
            is_void = not may_set_locked(self.topic.setter)
            fits = may_set_locked(topic.setter) and (is_void or self._is_newer(topic))
        else:
            joining = connected_ms is None or self._rt.clock.now_ms - connected_ms < _JOINING_MS
            fits = not is_observer(topic.setter) and self._fits_unlocked(topic, sender, shared, joining)
        if not fits or not topic.is_signed():
            return False
        self.replace(topic)
        return True

    def _is_newer(self, topic: Topic) -> bool:
        """While locked. c-toxcore takes the one that came last when both have the same version.

        c-toxcore 0.2.22 may have refused the topic that the founder signed anew. Its user is then the first
        to set one of that version.
        """
        ours = self.topic
        if topic.version != ours.version:
            return topic.version > ours.version
        if self._is_signed_anew:
            return True
        return topic.text == ours.text or (topic.checksum, topic.text) > (ours.checksum, ours.text)

    def _fits_unlocked(
        self, topic: Topic, sender: ExtendedPublicKey, shared: SharedState, joining: bool
    ) -> bool:
        is_founder = sender == shared.founder
        if topic.version != shared.topic_lock and not joining:
            # the founder sets it once more before switching the lock on
            return is_founder and topic.version == shared.topic_lock + 1
        if topic.text == self.topic.text:
            return True
        if topic.signature in self._replaced and not is_founder and sender.sig != topic.setter:
            return False
        return not self._returns(topic)

    def _returns(self, topic: Topic) -> bool:
        """True for the topic that was replaced a moment ago: more likely a late copy than meant."""
        if not self._replaced or self._changed_ms is None:
            return False
        last = next(reversed(self._replaced))
        return topic.signature == last and self._rt.clock.now_ms - self._changed_ms < _NO_RETURN_MS
