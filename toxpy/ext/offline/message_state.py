"""`MessageState`: how far a message of ours has come."""

from __future__ import annotations

from enum import IntEnum

from toxpy.ext.offline import states


class MessageState(IntEnum):
    """How far a message of ours has come. Without `offline_messages` it is DIRECT, and then DELIVERED."""

    #: It waits for the friend.
    QUEUED = states.QUEUED
    #: It was sent over the connection to the friend, who is online.
    DIRECT = states.DIRECT
    #: At least one mailbox of the friend has it.
    STORED = states.STORED
    #: The friend's program has it.
    DELIVERED = states.DELIVERED
    #: The friend did not get it in time, or it was taken back: it is kept no more.
    EXPIRED = states.EXPIRED

    @property
    def is_final(self) -> bool:
        """True if it stays so."""
        return self >= MessageState.DELIVERED
