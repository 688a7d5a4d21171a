"""The room of a mailbox: a share of what is free."""

import os
from types import SimpleNamespace

import pytest

from toxpy.ext.mailbox.room import MAX_ROOM, MIN_ROOM, SHARE, room_on_disk

GB = 1 << 30


@pytest.mark.parametrize(
    ("free", "used", "room"),
    [
        (0, 0, MIN_ROOM),
        (99 * MIN_ROOM, 0, MIN_ROOM),
        (5 * GB, 0, 5 * GB // SHARE),
        # what the blobs have is not taken twice
        (5 * GB - 20 * MIN_ROOM, 20 * MIN_ROOM, 5 * GB // SHARE),
        (100 * GB, 0, MAX_ROOM),
        (10**6 * GB, 0, MAX_ROOM),
    ],
)
def test_a_hundredth_of_what_is_free(monkeypatch, free, used, room):
    monkeypatch.setattr(os, "statvfs", lambda _folder: SimpleNamespace(f_bavail=free // 1024, f_frsize=1024))
    assert room_on_disk("/somewhere", used) == room


def test_where_nothing_can_be_known(tmp_path):
    assert room_on_disk(str(tmp_path / "missing"), 0) == MIN_ROOM
    assert MIN_ROOM <= room_on_disk(str(tmp_path), 0) <= MAX_ROOM
