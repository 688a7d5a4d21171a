"""The way of a message to a friend who may be away, as a table: what is not in it does not happen.

What users see of it are the first five. A message that is about to be stored is still queued for them, and
one that was taken back is gone.
"""

from __future__ import annotations

#: The states that users see, as in `MessageState`.
QUEUED, DIRECT, STORED, DELIVERED, EXPIRED = range(5)
#: Those that they do not.
STORING, TAKEN_BACK = 5, 6
STATE_NAMES = (
    "queued",
    "sent to the friend who is online",
    "stored",
    "delivered",
    "expired",
    "being stored",
    "taken back",
)

WRITE = "it is written to the friend's stream"
LEAVE, LEAVE_STORED = (
    "the friend leaves without a receipt",
    "the friend leaves without a receipt, and mailboxes have it",
)
STORE = "the friend is away, and there are mailboxes and pre-keys"
ACCEPT, GIVE_UP = "a mailbox has all of it", "no mailbox takes it now"
AGE = "there is no receipt after 12 hours, and it is stored anew"
CONFIRM, EXPIRE, TAKE_BACK = "the receipt comes", "it is too old", "our user takes it back"

_OPEN = (QUEUED, DIRECT, STORING, STORED)
TRANSITIONS: dict[tuple[int, str], int] = {
    (QUEUED, WRITE): DIRECT,
    (STORING, WRITE): DIRECT,
    (STORED, WRITE): DIRECT,
    (DIRECT, LEAVE): QUEUED,
    (DIRECT, LEAVE_STORED): STORED,
    (QUEUED, STORE): STORING,
    (STORING, ACCEPT): STORED,
    (STORING, GIVE_UP): QUEUED,
    (STORED, AGE): STORED,
    **{(state, CONFIRM): DELIVERED for state in _OPEN},
    **{(state, EXPIRE): EXPIRED for state in _OPEN},
    **{(state, TAKE_BACK): TAKEN_BACK for state in _OPEN},
}


def shown(state: int) -> int:
    """What users see of it."""
    return QUEUED if state == STORING else state
