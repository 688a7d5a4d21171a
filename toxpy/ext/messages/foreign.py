"""Long messages with friends who have ToxExt's messages extension, as some versions of qTox do.

    0 | most u64               bytes that a message to the sender may have
    1 | total u64 | data       a message that takes several segments: the first
    2 | data                   more of it
    3 | receipt u64 | data     the last one, or the only one
    4 | receipt u64            the message of that number arrived

All numbers are big-endian; each side counts its own messages from 0. As long as the friend has not said how
much is taken nothing is sent. A message takes no more memory here than has come of it, whatever total it
tells.

Source: the library tox_extension_messages. When what is left of a message fits into a segment without a
number but not into one with, it sends a segment of kind 2, with up to 7 bytes too many, and no last one. So a
message has come when it has its length; a last segment without data then only asks for the receipt.
"""

from __future__ import annotations

from toxpy.friend.envelope import MAX_SEGMENT_SIZE, Extension

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from toxpy.friend.envelope import Envelope
    from toxpy.friend.friend import FriendState
    from toxpy.runtime import Runtime

# protocol
UUID = bytes.fromhex("9e100316d26f45398cdbae810042f864")
MOST, FIRST, MORE, LAST, RECEIPT = range(5)
_NUMBER_SIZE = 8
#: Bytes of data in a segment that has a number as well, and in one that has none.
_WITH_NUMBER = MAX_SEGMENT_SIZE - 1 - _NUMBER_SIZE
_WITHOUT = MAX_SEGMENT_SIZE - 1
#: Bytes that the library tox_extension_messages may send too many, at most.
_SURPLUS = _NUMBER_SIZE - 1

# ours
#: Bytes of a message, either way.
MAX_MESSAGE_SIZE = 64 * 1024
#: Bytes of unfinished messages of all friends together.
MAX_UNFINISHED_SIZE = 8 * 1024 * 1024


class _Peer:
    """A friend who has the extension."""

    __slots__ = ("largest", "lost", "parts", "total", "whole")

    def __init__(self) -> None:
        #: bytes of a message that the friend takes, 0 until it is known
        self.largest = 0
        #: what has come of the message that is under way, and how long it will be; None between two of them
        self.parts: bytearray | None = None
        self.total = 0
        #: the message under way is one that we do not take
        self.lost = False
        #: it has come, but for the number of its receipt
        self.whole = False


def _numbered(kind: int, number: int) -> bytes:
    return bytes((kind,)) + number.to_bytes(_NUMBER_SIZE, "big")


def pack_message(data: bytes, receipt: int) -> Iterator[bytes]:
    """The segments of a message."""
    at = 0
    if len(data) > _WITH_NUMBER:
        yield _numbered(FIRST, len(data)) + data[:_WITH_NUMBER]
        at = _WITH_NUMBER
        while len(data) - at > _WITH_NUMBER:
            yield bytes((MORE,)) + data[at : at + _WITHOUT]
            at += _WITHOUT
    yield _numbered(LAST, receipt) + data[at:]


class ForeignMessages(Extension):
    """The messages of all friends who have it.

    `on_message(friend, data)` and `on_receipt(friend, number)` hear of what comes. A friend may send a
    receipt of any number.
    """

    __slots__ = ("_envelope", "_next", "_on_message", "_on_receipt", "_peers", "_rt", "_unfinished_size")

    def __init__(
        self,
        envelope: Envelope,
        on_message: Callable[[FriendState, bytes], None],
        on_receipt: Callable[[FriendState, int], None],
        *,
        rt: Runtime,
    ) -> None:
        self._envelope = envelope
        self._on_message = on_message
        self._on_receipt = on_receipt
        self._rt = rt
        self._peers: dict[FriendState, _Peer] = {}
        self._next = 0
        self._unfinished_size = 0
        envelope.add(UUID, self)

    # sending

    def is_on(self, friend: FriendState) -> bool:
        """True if the friend takes such messages now."""
        return self.largest(friend) > 0

    def largest(self, friend: FriendState) -> int:
        """Bytes that a message to the friend may have; 0 if it takes none."""
        peer = self._peers.get(friend)
        return 0 if peer is None else peer.largest

    def send(self, friend: FriendState, data: bytes) -> int:
        """Send a message: the number that its receipt will have, or -1 while too much waits."""
        if not 0 < len(data) <= self.largest(friend):
            raise ValueError(f"a message of {len(data)} bytes: from 1 to {self.largest(friend)}")
        number = self._next
        if self._envelope.send_many(friend, UUID, pack_message(data, number)) < 0:
            return -1
        self._next += 1
        return number

    # the envelope's

    def on_ready(self, friend: FriendState) -> None:
        """Say how much we take."""
        self._peers[friend] = _Peer()
        self._envelope.send_soon(friend, UUID, _numbered(MOST, MAX_MESSAGE_SIZE))

    def on_gone(self, friend: FriendState) -> None:
        """What has not come whole by now never will."""
        self._forget(self._peers.pop(friend))

    def on_segment(self, friend: FriendState, data: bytes) -> None:
        """A segment of the extension."""
        peer, kind = self._peers[friend], data[0]
        if kind == MORE:
            self._on_more(friend, peer, data[1:])
            return
        if kind > RECEIPT or len(data) <= _NUMBER_SIZE:
            self._drop("segment")
            return
        number, rest = int.from_bytes(data[1 : 1 + _NUMBER_SIZE], "big"), data[1 + _NUMBER_SIZE :]
        if kind == MOST:
            peer.largest = min(number, MAX_MESSAGE_SIZE)
        elif kind == FIRST:
            self._on_first(peer, number, rest)
        elif kind == LAST:
            self._on_last(friend, peer, number, rest)
        else:
            self._on_receipt(friend, number)

    def _drop(self, what: str) -> None:
        self._rt.counters.drop("foreign_message_" + what)

    def _forget(self, peer: _Peer) -> bytes:
        """End the message under way: what has come of it."""
        parts, peer.parts = peer.parts or b"", None
        self._unfinished_size -= len(parts)
        return bytes(parts)

    def _lose(self, peer: _Peer, what: str) -> None:
        """The message under way is not taken, to its last segment."""
        self._forget(peer)
        peer.lost = True
        self._drop(what)

    def _on_first(self, peer: _Peer, total: int, data: bytes) -> None:
        if peer.parts is not None:
            self._forget(peer)
            self._drop("unfinished")
        peer.lost = peer.whole = False
        if total > MAX_MESSAGE_SIZE or len(data) > total:
            self._lose(peer, "size")
        else:
            peer.parts, peer.total = bytearray(), total
            self._add(peer, data)

    def _on_more(self, friend: FriendState, peer: _Peer, data: bytes) -> None:
        if peer.parts is None:
            if not peer.lost:
                # its beginning was in the session before
                self._lose(peer, "order")
            return
        left = peer.total - len(peer.parts)
        if len(data) > left + _SURPLUS:
            self._lose(peer, "size")
        elif self._add(peer, data[:left]) and len(data) >= left:
            peer.whole = True
            self._on_message(friend, self._forget(peer))

    def _add(self, peer: _Peer, data: bytes) -> bool:
        """Keep a part; False if there is no room."""
        if peer.parts is None or self._unfinished_size + len(data) > MAX_UNFINISHED_SIZE:
            self._lose(peer, "memory")
            return False
        peer.parts += data
        self._unfinished_size += len(data)
        return True

    def _on_last(self, friend: FriendState, peer: _Peer, receipt: int, data: bytes) -> None:
        if peer.lost:
            peer.lost = False
            return
        whole, peer.whole = peer.whole, False
        several = peer.parts is not None
        message = self._forget(peer) + data
        if whole and not message:
            self._confirm(friend, receipt)
        elif not message or (several and len(message) != peer.total):
            self._drop("size")
        else:
            self._confirm(friend, receipt)
            self._on_message(friend, message)

    def _confirm(self, friend: FriendState, receipt: int) -> None:
        self._envelope.send_soon(friend, UUID, _numbered(RECEIPT, receipt))
