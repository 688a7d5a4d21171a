"""Friends as they come out of a save."""

from __future__ import annotations

from toxpy.errors import ToxError, api_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toxpy.friend.friend import Friend
    from toxpy.friend.messenger import Messenger

#: Bytes of the longest request in a save: what c-toxcore took before 0.2.21.
MAX_SAVED_REQUEST_LENGTH = 1016


def restore_friend(messenger: Messenger, real_pk: bytes) -> Friend | None:
    """A confirmed friend from a save; None when this one cannot be added."""
    try:
        return messenger.add_norequest(real_pk)
    except ToxError:
        messenger.rt.counters.drop("saved_friend")
        return None


def restore_request(messenger: Messenger, real_pk: bytes, nospam: bytes, message: bytes) -> Friend | None:
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
