"""What two friends derive from the secret that they share, so that a mailbox cannot tell who they are.

    epoch    (Unix seconds - 2025-01-01) / 6 h, rounded down
    access   HKDF-SHA256(secret of the pair, salt epoch u64, "TOX_RECIPIENT_PSEUDO_V2" | mailbox's real key)
    queue    SHA-256("TOX_MAILBOX_QUEUE_V1" | access)
    id       the first 4 bytes of SHA-256(pre-key)

Who shows `access` may put into, read and empty the queue; the mailbox's disk has only the queue's name. Both
are of one pair, one epoch and one mailbox: two mailboxes have nothing that they could compare.
"""

from __future__ import annotations

from hashlib import sha256
from hmac import digest

# protocol
#: Length of an epoch, s.
EPOCH_S = 6 * 3600
#: Beginning of the first epoch, Unix seconds: 2025-01-01.
GENESIS_S = 1_735_689_600
#: Bytes of the secret of a pair, of an access key, of a queue's name.
SECRET_SIZE = ACCESS_SIZE = QUEUE_SIZE = 32
PREKEY_ID_SIZE = 4
_ACCESS_INFO = b"TOX_RECIPIENT_PSEUDO_V2"
_QUEUE_PREFIX = b"TOX_MAILBOX_QUEUE_V1"
_EPOCH_SIZE = 8


def epoch_at(unix_s: int) -> int:
    """The number of the epoch; below 0 before 2025."""
    return (unix_s - GENESIS_S) // EPOCH_S


def access(pair_secret: bytes, epoch: int, mailbox_real_pk: bytes) -> bytes:
    """The 32 bytes that open the queue of the pair at that mailbox in that epoch."""
    salt = epoch.to_bytes(_EPOCH_SIZE, "big", signed=True)
    # HKDF with one block of output
    key = digest(salt, pair_secret, "sha256")
    return digest(key, _ACCESS_INFO + mailbox_real_pk + b"\x01", "sha256")


def queue_of(access_key: bytes) -> bytes:
    """The 32-byte name under which a mailbox keeps what that key opens."""
    return sha256(_QUEUE_PREFIX + access_key).digest()


def prekey_id(public_key: bytes) -> bytes:
    """The 4 bytes by which a sealed message says which pre-key opens it."""
    return sha256(public_key).digest()[:PREKEY_ID_SIZE]
