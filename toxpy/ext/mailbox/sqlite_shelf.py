"""A mailbox's blobs, open queues and members in the tables of an SQLite file.

The file takes about half as much again as the blobs in it, besides a log of a megabyte. What is removed is
overwritten (`secure_delete`).
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from toxpy.ext.mailbox.keeping import number_of
from toxpy.ext.mailbox.store import StoreError
from toxpy.ext.offline.keys import QUEUE_SIZE
from toxpy.ext.offline.ops import PREFIX_SIZE

if TYPE_CHECKING:
    from toxpy.ext.mailbox.keeping import Entry

#: Time to wait for another process, one that adds a member, s.
BUSY_S = 5
#: Marks of a file that is ours ("ToxM"), and of its tables.
APPLICATION_ID, VERSION = 0x546F784D, 1
#: Pages of the log from which on it goes into the file, and bytes of it that stay.
LOG_PAGES, LOG_SIZE = 256, 1024 * 1024
#: Share of the file, one part of so many, that may be unused; and pages given back at once.
UNUSED_SHARE, SHRINK_PAGES = 4, 1000
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
#: The last queue's name that begins somehow ends so.
_LAST = b"\xff" * (QUEUE_SIZE - PREFIX_SIZE)

# without AUTOINCREMENT the place of a blob that was the last one would be given to another one
_TABLES = f"""
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE;
CREATE TABLE blob (
    place INTEGER PRIMARY KEY AUTOINCREMENT, queue BLOB NOT NULL, owner INTEGER NOT NULL,
    stored INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE INDEX blob_queue ON blob (queue);
CREATE INDEX blob_of_strangers ON blob (owner) WHERE owner = 0;
CREATE TABLE open_queue (
    queue BLOB PRIMARY KEY, member INTEGER NOT NULL, epoch INTEGER NOT NULL, opened INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX open_queue_by_age ON open_queue (member, opened);
CREATE TABLE member (number INTEGER PRIMARY KEY, token_hash BLOB NOT NULL UNIQUE);
CREATE TABLE time (now INTEGER NOT NULL, unix INTEGER NOT NULL);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
COMMIT;
"""


class SqliteShelf:
    """The tables of one file. Every method may raise sqlite3.Error."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _number(self, sql: str, *values: object) -> int | None:
        """The only value of the first row, None without a row."""
        row = self._connection.execute(sql, values).fetchone()
        return None if row is None else int(row[0])

    # transactions

    def begin(self, *, writing: bool) -> None:
        """From here on all or nothing; `writing` waits now for others who write."""
        self._connection.execute("BEGIN IMMEDIATE" if writing else "BEGIN")

    def commit(self) -> None:
        """On the disk when this returns."""
        self._connection.execute("COMMIT")

    def roll_back(self) -> None:
        """Nothing since `begin` was done; also where it fails."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            # it is rolled back all the same, at the latest when the file is opened again
            pass

    def close(self) -> None:
        """Put the log into the file, if the disk lets us."""
        try:
            self._connection.close()
        except sqlite3.Error:
            # the log is still there for the next start
            pass

    # blobs

    def count(self, queue: bytes) -> int:
        """Blobs in a queue."""
        return self._number("SELECT count(*) FROM blob WHERE queue = ?", queue) or 0

    def has(self, prefix: bytes) -> bool:
        """True if a queue whose name begins so is not empty."""
        sql = "SELECT 1 FROM blob WHERE queue >= ? AND queue <= ? LIMIT 1"
        return self._number(sql, prefix, prefix + _LAST) is not None

    def page(self, queue: bytes, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Place and data of the first blobs behind a place."""
        sql = "SELECT place, data FROM blob WHERE queue = ? AND place > ? ORDER BY place LIMIT ?"
        return self._connection.execute(sql, (queue, after, limit)).fetchall()

    def find(self, queue: bytes, numbers: Iterable[int]) -> list[Entry]:
        """The blobs of a queue that have one of these numbers."""
        wanted = set(numbers)
        sql = "SELECT place, queue, owner, length(data) FROM blob WHERE queue = ?"
        return [row for row in self._connection.execute(sql, (queue,)) if number_of(row[0]) in wanted]

    def oldest(self, *, of_strangers: bool) -> Entry | None:
        """The oldest blob, of all or of those that are nobody's."""
        whose = "WHERE owner = 0" if of_strangers else ""
        sql = f"SELECT place, queue, owner, length(data) FROM blob {whose} ORDER BY place LIMIT 1"
        row: Entry | None = self._connection.execute(sql).fetchone()
        return row

    def oldest_stored_s(self) -> int | None:
        """When the oldest blob came."""
        return self._number("SELECT stored FROM blob ORDER BY place LIMIT 1")

    def add(self, place: int, queue: bytes, owner: int, stored_s: int, data: bytes) -> None:
        """A new blob, behind all others."""
        self._connection.execute(
            "INSERT INTO blob VALUES (?, ?, ?, ?, ?)", (place, queue, owner, stored_s, data)
        )

    def remove(self, place: int, _queue: bytes) -> None:
        """Forget a blob."""
        self._connection.execute("DELETE FROM blob WHERE place = ?", (place,))

    def usage(self) -> list[tuple[int, int, int]]:
        """Owner, blobs, bytes."""
        sql = "SELECT owner, count(*), sum(length(data)) FROM blob GROUP BY owner"
        return self._connection.execute(sql).fetchall()

    def queues(self) -> int:
        """Queues that are not empty."""
        return self._number("SELECT count(DISTINCT queue) FROM blob") or 0

    def last_place(self) -> int:
        """That of the newest blob there ever was, 0 for none."""
        return self._number("SELECT seq FROM sqlite_sequence WHERE name = 'blob'") or 0

    # open queues and members

    def opener(self, queue: bytes) -> int:
        """The member who opened a queue, 0 for nobody."""
        return self._number("SELECT member FROM open_queue WHERE queue = ?", queue) or 0

    def open(self, queue: bytes, member: int, epoch: int, now_s: int) -> None:
        """A queue is the member's until its epoch is over."""
        self._connection.execute("REPLACE INTO open_queue VALUES (?, ?, ?, ?)", (queue, member, epoch, now_s))

    def close_oldest(self, member: int, before_s: int) -> bool:
        """Close the member's queue that was opened longest ago, if that was before this moment."""
        sql = "SELECT queue FROM open_queue WHERE member = ? AND opened < ? ORDER BY opened LIMIT 1"
        row = self._connection.execute(sql, (member, before_s)).fetchone()
        if row is not None:
            self._connection.execute("DELETE FROM open_queue WHERE queue = ?", row)
        return row is not None

    def close_before(self, epoch: int) -> None:
        """Queues of earlier epochs are nobody's any more."""
        self._connection.execute("DELETE FROM open_queue WHERE epoch < ?", (epoch,))

    def opened(self) -> dict[int, int]:
        """Member -> open queues."""
        sql = "SELECT member, count(*) FROM open_queue GROUP BY member"
        return dict(self._connection.execute(sql).fetchall())

    def member(self, token_hash: bytes) -> int:
        """Who has that token, 0 for nobody."""
        return self._number("SELECT number FROM member WHERE token_hash = ?", token_hash) or 0

    def add_member(self, token_hash: bytes) -> int:
        """A new member; the number."""
        self._connection.execute("INSERT INTO member (token_hash) VALUES (?)", (token_hash,))
        return self.member(token_hash)

    def members(self) -> int:
        """How many there are."""
        return self._number("SELECT count(*) FROM member") or 0

    # time

    def times(self) -> tuple[int, int] | None:
        """The store's time and the wall clock's at the last look, s."""
        row: tuple[int, int] | None = self._connection.execute("SELECT now, unix FROM time").fetchone()
        return row

    def set_times(self, now_s: int, unix_s: int) -> None:
        """Remember the time for the next run."""
        self._connection.execute("REPLACE INTO time (rowid, now, unix) VALUES (1, ?, ?)", (now_s, unix_s))

    def shrink(self) -> None:
        """Give the disk back a part of what is not used."""
        pages = self._number("PRAGMA page_count") or 0
        unused = self._number("PRAGMA freelist_count") or 0
        if unused > pages // UNUSED_SHARE:
            for _ in range(min(unused, SHRINK_PAGES)):
                # Python's module gives back one page each time, whatever the number is
                self._connection.execute("PRAGMA incremental_vacuum(1)")


def open_shelf(path: str, *, check: bool = True) -> SqliteShelf:
    """Open or make the file; StoreError says why that cannot be. A file that is not right stays as it is.

    Without `check` damage inside of it may be met later.
    """
    try:
        is_new = _make_file(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be opened: {error.strerror}") from error
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path, is_new, check=check)
    except sqlite3.Error as error:
        connection.close()
        raise failure(path, error) from error
    except StoreError:
        connection.close()
        raise
    return SqliteShelf(connection)


def _make_file(path: str) -> bool:
    """Whether there is nothing in the file yet; it is made, for its owner alone."""
    # not blocking: a FIFO in its place would wait for its reader
    fd = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    try:
        about = os.fstat(fd)
    finally:
        os.close(fd)
    if not stat.S_ISREG(about.st_mode):
        raise StoreError(f"{path} is not a file")
    if not about.st_mode & _WRITABLE:
        # root could write it all the same
        raise StoreError(f"{path} is read-only, and a mailbox has to write: chmod u+w {path}")
    return about.st_size == 0


def _prepare(connection: sqlite3.Connection, path: str, is_new: bool, *, check: bool) -> None:
    """Settings, tables and checks."""

    def pragma(text: str) -> Any:
        return connection.execute(f"PRAGMA {text}").fetchone()[0]

    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA synchronous = FULL")
    if is_new:
        connection.executescript(_TABLES)
    if pragma("application_id") != APPLICATION_ID:
        raise StoreError(f"{path} is the file of another program: take another folder, or move it away")
    version = pragma("user_version")
    if version != VERSION:
        raise StoreError(f"{path} is of version {version}, and this program has version {VERSION}")
    if pragma("journal_mode = WAL") != "wal":
        raise StoreError(
            f"{path}: SQLite can have no write-ahead log here; take a folder on a disk of this machine"
        )
    connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_SIZE}")
    found = pragma("quick_check(1)") if check else "ok"
    if found != "ok":
        raise _damaged(path, found)
    # what cannot be written is seen now
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def failure(path: str, error: sqlite3.Error) -> StoreError:
    """What SQLite's error means for who starts a mailbox."""
    if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return _damaged(path, str(error))
    return StoreError(f"{path} cannot be used: {error}")


def _damaged(path: str, what: str) -> StoreError:
    return StoreError(
        f"{path} is damaged ({what}). Put a copy of it back. Or move it away, with {path}-wal if it exists; "
        "the mailbox begins empty then, and its members need new invitations"
    )
