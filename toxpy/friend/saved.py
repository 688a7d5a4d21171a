"""What a save has of our user and of the friends.

    section 3    friends, 2216 bytes each (`_FRIEND`), its integers big-endian
    section 4    name            section 5    status message            section 6    status, 1 byte

As c-toxcore we read over texts that are too long and friends that cannot be added.
c-toxcore: Messenger.c.
"""

from __future__ import annotations

import struct

from toxpy.errors import ToxError, api_error
from toxpy.friend.friend import FRIEND_CONFIRMED, MAX_NAME_LENGTH, MAX_STATUS_MESSAGE_LENGTH
from toxpy.friend.packets import MAX_STATUS
from toxpy.wire.sections import FRIENDS, NAME, STATUS, STATUS_MESSAGE, Records, last_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from toxpy.friend.friend import FriendState
    from toxpy.friend.messenger import Messenger

#: Bytes of the longest request in a save: what c-toxcore took before 0.2.21.
MAX_SAVED_REQUEST_LENGTH = 1016

#: status, public key, request message, its length, name, its length, status message, its length,
#: user status, nospam, last seen. The `x` are holes of the C struct this once was.
_FRIEND = struct.Struct(">B32s1024sxH128sH1007sxHB3x4sQ")
_NO_NOSPAM = bytes(4)


class SavedFriend:
    """One friend as saved. Below status 3 only the request fields count, from 3 on only the others."""

    __slots__ = (
        "last_online",
        "name",
        "nospam",
        "public_key",
        "request_message",
        "status",
        "status_message",
        "user_status",
    )

    def __init__(self, status: int, public_key: bytes) -> None:
        self.status = status
        self.public_key = public_key
        self.request_message = b""
        self.nospam = _NO_NOSPAM
        self.name = b""
        self.status_message = b""
        self.user_status = 0
        self.last_online = 0


# reading


def _read_friend(content: bytes, offset: int) -> SavedFriend:
    fields = _FRIEND.unpack_from(content, offset)
    status, public_key, request, request_size, name, name_size, message, message_size, *rest = fields
    user_status, nospam, seen = rest
    friend = SavedFriend(status, public_key)
    friend.request_message = request[:request_size]
    friend.nospam = nospam
    friend.name = name[:name_size] if name_size <= MAX_NAME_LENGTH else b""
    friend.status_message = message[:message_size] if message_size <= MAX_STATUS_MESSAGE_LENGTH else b""
    friend.user_status = user_status if user_status <= MAX_STATUS else 0
    friend.last_online = seen
    return friend


def read_friends(contents: Mapping[int, Sequence[bytes]]) -> list[SavedFriend]:
    """The friends in the sections of a save."""
    size = _FRIEND.size
    return [
        friend
        for content in contents.get(FRIENDS, ())
        for offset in range(0, len(content) - size + 1, size)
        if (friend := _read_friend(content, offset)).status != 0
    ]


def read_name(contents: Mapping[int, Sequence[bytes]]) -> bytes:
    """Our name."""
    return last_text(contents.get(NAME, ()), MAX_NAME_LENGTH)


def read_status_message(contents: Mapping[int, Sequence[bytes]]) -> bytes:
    """Our status message."""
    return last_text(contents.get(STATUS_MESSAGE, ()), MAX_STATUS_MESSAGE_LENGTH)


def read_status(contents: Mapping[int, Sequence[bytes]]) -> int:
    """Our status."""
    fitting = [c[0] for c in contents.get(STATUS, ()) if len(c) == 1 and c[0] <= MAX_STATUS]
    return fitting[-1] if fitting else 0


def restore(messenger: Messenger, contents: Mapping[int, Sequence[bytes]]) -> None:
    """Give a fresh messenger our texts and the friends, numbered 0..n-1 in saved order."""
    messenger.user.name = read_name(contents)
    messenger.user.status_message = read_status_message(contents)
    messenger.user.status = read_status(contents)
    for saved in read_friends(contents):
        if saved.status < FRIEND_CONFIRMED:
            restore_request(messenger, saved.public_key, saved.nospam, saved.request_message)
            continue
        friend = restore_friend(messenger, saved.public_key)
        if friend is not None:
            friend.name = saved.name
            friend.status_message = saved.status_message
            friend.user_status = saved.user_status
            friend.last_seen_s = saved.last_online


def restore_friend(messenger: Messenger, real_pk: bytes) -> FriendState | None:
    """A confirmed friend from a save; None when this one cannot be added."""
    try:
        return messenger.add_norequest(real_pk)
    except ToxError:
        messenger.rt.counters.drop("saved_friend")
        return None


def restore_request(
    messenger: Messenger, real_pk: bytes, nospam: bytes, message: bytes
) -> FriendState | None:
    """A friend with a request on its way from a save; None when this one cannot be added.

    Older libraries took requests that nobody receives: such a friend is not lost with its request.
    """
    try:
        if len(message) > MAX_SAVED_REQUEST_LENGTH:
            raise api_error("TOX_ERR_FRIEND_ADD_TOO_LONG")
        return messenger.add_with_request(real_pk, nospam, message)
    except ToxError:
        messenger.rt.counters.drop("saved_friend")
        return None


# writing


def pack_friend(friend: SavedFriend) -> bytes:
    """One friend, 2216 bytes."""
    if friend.status < FRIEND_CONFIRMED:
        # the real length is written although only 1024 bytes fit; what we send is never longer than 921
        request = friend.request_message
        fields: tuple[Any, ...] = request, len(request), b"", 0, b"", 0, 0, friend.nospam, 0
        return _FRIEND.pack(friend.status, friend.public_key, *fields)
    name, message = friend.name, friend.status_message
    texts = (name, len(name), message, len(message))
    rest = (friend.user_status, _NO_NOSPAM, friend.last_online)
    return _FRIEND.pack(FRIEND_CONFIRMED, friend.public_key, b"", 0, *texts, *rest)


def collect_friend(messenger: Messenger, friend: FriendState) -> SavedFriend:
    """A friend as it is saved."""
    saved = SavedFriend(friend.status, friend.real_pk)
    if friend.request is not None:
        saved.request_message, saved.nospam = friend.request.message, friend.request.nospam
    saved.name, saved.status_message = friend.name, friend.status_message
    saved.user_status = friend.user_status
    saved.last_online = messenger.last_online(friend)
    return saved


def collect(messenger: Messenger) -> dict[int, bytes | Records]:
    """The four sections; the friends' one is packed while it is written."""
    return {
        FRIENDS: Records(
            messenger.friends(), lambda friend: pack_friend(collect_friend(messenger, friend)), _FRIEND.size
        ),
        NAME: messenger.user.name,
        STATUS_MESSAGE: messenger.user.status_message,
        STATUS: bytes((messenger.user.status,)),
    }
