"""How many bytes a mailbox may keep on a disk."""

from __future__ import annotations

import os

#: Share of what is free on the disk that a mailbox uses: one part of so many.
SHARE = 100
#: Least and most room, bytes.
MIN_ROOM, MAX_ROOM = 1024 * 1024, 1024 * 1024 * 1024


def room_on_disk(folder: str, used: int) -> int:
    """Room for blobs in a folder where `used` bytes of them are; the least where it cannot be known."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return MIN_ROOM
    return min(max((disk.f_bavail * disk.f_frsize + used) // SHARE, MIN_ROOM), MAX_ROOM)
