"""The real mailbox behind the links of `offline_world`: in memory, or with a disk that outlives it."""

from __future__ import annotations

import select
import shutil
from pathlib import Path

from toxpy.ext.mailbox.memory_store import MemoryStore
from toxpy.ext.mailbox.server import MailboxServer
from toxpy.ext.mailbox.sqlite_store import SqliteStore

#: Bytes that it may keep.
ROOM = 64 << 20
#: The files of a database that a killed process leaves.
FILES = ("", "-wal", "-shm")
#: Seconds in which a disk answers.
DISK_S = 60


class MemoryPost:
    """Server and store of `toxpy.ext.mailbox`; clients come from networks of their own."""

    def __init__(self, rt):
        self.rt = rt
        self.store = MemoryStore(rt=rt, room=lambda _used: ROOM, open_to_all=True)
        self.server = MailboxServer(self.store, rt=rt)

    def accept(self, channel, _source=None):
        """Somebody comes."""
        return self.server.accept(channel, (self.rt.rng.bytes(4), 33445))

    def begin_pass(self):
        """As a host's."""
        self.store.poll()

    def close(self):
        self.server.close()
        self.store.close()


class StepStore(SqliteStore):
    """Says when the disk has something, and when it was told."""

    def __init__(self, path, on_step, **how):
        self.on_step, self.unanswered = on_step, 0
        super().__init__(path, **how)

    def _do(self, work, done, failed):
        self.unanswered += 1

        def answered(result):
            self.unanswered -= 1
            self.on_step("the disk has it")
            done(result)
            self.on_step("the mailbox heard of it")

        super()._do(work, answered, failed)


class DiskPost(MemoryPost):
    """The same with a file. Its passes wait for the disk, so that a run is the same each time.

    `on_step(what)` is told of each answer of the disk, before and after the mailbox hears of it.
    """

    def __init__(self, rt, path, on_step=lambda _what: None):
        self.rt, self.path = rt, Path(path)
        self.store = StepStore(path, on_step, rt=rt, room=lambda _used: ROOM, open_to_all=True)
        self.server = MailboxServer(self.store, rt=rt)

    def begin_pass(self):
        """Wait for the disk."""
        store = self.store
        while store.unanswered:
            select.select([store.fileno()], [], [], DISK_S)
            store.poll()

    def killed(self, path):
        """The files that a kill leaves now; what this one still does is not in them."""
        for ending in FILES:
            source = self.path.with_name(self.path.name + ending)
            if source.exists():
                shutil.copyfile(source, f"{path}{ending}")
        return path
