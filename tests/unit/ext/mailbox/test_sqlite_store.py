"""The file of a mailbox's store: restarts, kills, full and broken disks, and files that are none of ours."""

import os
import random
import resource
import sqlite3
import subprocess
import sys
import threading

import pytest

from tests.support.disks import SmallDisk
from tests.support.mailbox_stores import TOKENS, Room, on_disk, queue, runtime
from tests.support.prefix import ROOT
from tests.support.putting import Kills
from toxpy.ext.mailbox.keeping import KEPT_S, number_of
from toxpy.ext.mailbox.room import MIN_ROOM
from toxpy.ext.mailbox.sqlite_store import BATCH, MAX_WAITING
from toxpy.ext.mailbox.store import StoreError
from toxpy.ext.offline.keys import epoch_at
from toxpy.ext.offline.ops import BAD_SIZE, FULL, OK

NAME = "mailbox.sqlite"
BIG = bytes(4096)


@pytest.fixture
def store(tmp_path):
    made = on_disk(tmp_path, runtime(), open_to_all=True)
    yield made
    made.close()


def again(folder, **clock):
    """The store of a new process; keywords of `runtime`."""
    return on_disk(folder, runtime(**clock), open_to_all=True)


def test_a_restart_changes_nothing(store, tmp_path):
    member = store.add_member(TOKENS[0])
    now = epoch_at(store.rt.clock.unix_s())
    store.open_queues(member, now, [queue(1), queue(2)])
    for number in (1, 1, 3):
        store.put(number, BIG)
    before = store.read(1)
    store.close()
    after = again(tmp_path)
    for name in ("blobs", "bytes", "queues", "members", "open_queues"):
        assert getattr(after.stats, name) == getattr(store.stats, name) != 0
    assert after.read(1) == before
    assert after.member(TOKENS[0]) == member
    after.close()
    # the queue is still the member's, and the third blob nobody's: it makes room
    small = on_disk(tmp_path, runtime(), room=Room(4 * 4096), open_to_all=True)
    assert [small.put(number, BIG) for number in (2, 1, 1)] == [OK, OK, FULL]
    assert small.read(3) == [] and small.read(1)[:2] == before
    small.close()


def test_numbers_do_not_come_again_after_a_restart(store, tmp_path):
    store.put(1)
    ((place, _),) = store.read(1)
    store.delete(queue(1), [number_of(place)])
    store.close()
    after = again(tmp_path)
    after.put(1)
    assert after.read(1)[0][0] > place
    after.close()


def test_time_goes_on_while_the_mailbox_rests(store, tmp_path):
    store.put(1)
    store.pass_s(600)
    store.close()
    date_s = 600
    # by the date, which somebody sets back at first; the machine's own time begins anew
    for rest_s, left in ((-(10**9), 1), (KEPT_S - 700, 1), (0, 1), (200, 0)):
        date_s += rest_s
        after = again(tmp_path, now_ms=5, ahead_s=date_s)
        after.tidy()
        assert len(after.read(1)) == left
        after.close()


def test_the_file_is_its_owners(store, tmp_path):
    store.put(1)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    assert len([*tmp_path.iterdir()]) >= 3


def test_what_is_deleted_is_overwritten(store, tmp_path):
    secret = random.Random(1).randbytes(1024)
    store.put(1, secret)
    ((place, _),) = store.read(1)
    store.delete(queue(1), [number_of(place)])
    store.close()
    assert secret[:64] not in (tmp_path / NAME).read_bytes()


def test_nothing_on_the_disk_opens_a_queue(store, tmp_path):
    """Only hashes are kept: neither a token nor an access key, of which the store knows nothing."""
    store.add_member(TOKENS[3])
    store.close()
    content = (tmp_path / NAME).read_bytes()
    assert TOKENS[3] not in content


def test_the_disk_is_given_back(store, tmp_path):
    member, answers = store.add_member(TOKENS[0]), []
    for number in range(200):
        store.store.put(queue(number), BIG, member, answers.append)
    store.wait(lambda: len(answers) == 200)
    store.pass_s(KEPT_S)
    store.pass_s(300)
    store.close()
    assert (tmp_path / NAME).stat().st_size < 200 * 4096 // 4


def test_answers_wait_for_the_disk_itself(tmp_path, monkeypatch):
    made, connect = [], sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: made.append(connect(*a, **k)) or made[-1])
    store = again(tmp_path)
    (connection,) = made
    full = 2
    assert connection.execute("PRAGMA synchronous").fetchone() == (full,)
    store.close()


def test_who_closes_in_a_call_back_hears_no_more(store, tmp_path):
    called = []

    def close(code):
        called.append(code)
        store.close()

    with sqlite3.connect(tmp_path / NAME, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            store.store.put(queue(1), BIG, 0, close)
        other.execute("ROLLBACK")
    other.close()
    store.wait(lambda: called)
    assert called == [OK]


def test_a_second_mailbox_does_not_start(store, tmp_path):
    with pytest.raises(StoreError, match="in use"):
        again(tmp_path)
    store.close()
    again(tmp_path).close()


def test_nobody_is_called_back_after_the_end(store):
    called = []
    store.store.put(queue(1), BIG, 0, called.append)
    store.close()
    store.store.poll()
    assert called == []


def test_what_waits_at_the_end_is_written(store, tmp_path):
    for _ in range(90):
        store.store.put(queue(1), BIG, 0, lambda _code: None)
    store.close()
    after = again(tmp_path)
    assert after.stats.blobs == 90
    after.close()


def test_a_defect_in_the_thread_is_not_silent(store):
    """Clients would wait for ever."""
    store.store.put(None, None, 0, lambda _code: None)
    with pytest.raises(TypeError):
        store.wait(lambda: False)


def test_stores_leave_nothing(tmp_path):
    files, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    for _ in range(30):
        store = again(tmp_path)
        store.put(1)
        store.close()
    assert len(os.listdir("/proc/self/fd")) == files
    assert threading.active_count() == threads


def test_a_member_is_added_from_outside(store, tmp_path):
    """By another process, while the mailbox runs."""
    code = (
        "import sys; from toxpy.ext.mailbox.sqlite_shelf import open_shelf; "
        "from toxpy.ext.mailbox.store import token_hash; shelf = open_shelf(sys.argv[1]); "
        "print(shelf.add_member(token_hash(bytes.fromhex(sys.argv[2])))); shelf.close()"
    )
    store.put(1)
    words = [sys.executable, "-c", code, str(tmp_path / NAME), TOKENS[0].hex()]
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert store.member(TOKENS[0]) == int(ran.stdout) > 0
    store.tidy()
    assert store.stats.members == 1


# kills


@pytest.mark.parametrize("after", [150, 333, 700])
def test_what_was_answered_survives_a_kill(tmp_path, after):
    """Everything that was kept is there, nothing that was deleted comes back, and the file is whole."""
    kills = Kills(tmp_path / NAME)
    for _ in range(2):
        kills.kill(after)
    assert len(kills.kept) > 50
    kills.check()


# disks


@pytest.fixture
def file_limit():
    """Set how long a file may become: beyond that writing fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size or before[0], before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def fill(store, first, data=BIG):
    """Put into one queue after the other until it fails; the numbers of those with something in them."""
    for number in range(first, first + 2000):
        if store.put(number, data) != OK:
            return [*range(first, number)]
    raise AssertionError("never full")


def check_a_full_disk(store):
    """Refused, counted, said once; what is there can be read, and what was taken stays taken."""
    numbers = fill(store, 10)
    assert numbers and store.stats.errors > 0
    assert store.put(5000, BIG) == FULL
    assert store.stats.answers[FULL] == 2
    assert store.stats.blobs == len(numbers) and store.stats.bytes == 4096 * len(numbers)
    assert store.stats.queues == len(numbers)
    assert [len(store.read(number)) for number in numbers] == [1] * len(numbers)
    assert store.has([queue(10)[:8], queue(5000)[:8]]) == [True, False]
    return numbers


def check_it_works(store):
    """As ever."""
    assert store.put(6000) == OK and len(store.read(6000)) == 1
    assert store.add_member(TOKENS[0]) == store.stats.members == 1


def test_a_full_disk(tmp_path, file_limit):
    lines = []
    rt = runtime()
    rt.log = lambda level, text: lines.append(text)
    store = on_disk(tmp_path, rt, room=Room(10**9), open_to_all=True)
    file_limit(200_000)
    numbers = check_a_full_disk(store)
    assert lines == ["The mailbox's disk fails: disk I/O error"]
    file_limit(None)
    check_it_works(store)
    store.close()
    after = again(tmp_path)
    assert after.stats.blobs == len(numbers) + 1 and after.stats.members == 1
    after.close()


def test_a_small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    disk = SmallDisk(folder, 300 * 1024)
    try:
        store = on_disk(folder, runtime(), room=Room(10**9), open_to_all=True)
        numbers = check_a_full_disk(store)
        # who fetches makes room, also on a full disk
        for number in numbers[: len(numbers) // 2]:
            ((place, _),) = store.read(number)
            assert store.delete(queue(number), [number_of(place)]) in (OK, FULL)
        disk.resize(2 << 20)
        check_it_works(store)
        store.close()
    finally:
        disk.close()


def test_a_disk_that_becomes_read_only(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    disk = SmallDisk(folder, 2 << 20)
    store = on_disk(folder, runtime(), open_to_all=True)
    try:
        assert store.put(1, BIG) == OK
    finally:
        store.close()
    disk.make_read_only()
    try:
        with pytest.raises(StoreError, match="Read-only file system"):
            on_disk(folder, runtime())
    finally:
        disk.close()


def test_one_bad_operation_does_not_hurt_the_others(tmp_path, file_limit):
    """In the same transaction: what still fits is kept, what is read is read."""
    store = on_disk(tmp_path, runtime(), room=Room(10**9), open_to_all=True)
    store.put(1)
    answers, found = [], []
    file_limit((tmp_path / (NAME + "-wal")).stat().st_size)
    for _ in range(3):
        store.store.put(queue(2), BIG, 0, answers.append)
        store.store.get(queue(1), 0, 5, found.append)
    store.wait(lambda: len(answers) == len(found) == 3)
    assert answers == [FULL] * 3 and [len(page) for page in found] == [1] * 3
    file_limit(None)
    check_it_works(store)
    store.close()


def test_what_failed_costs_no_quota(tmp_path, file_limit):
    store = on_disk(tmp_path, runtime(), room=Room(MIN_ROOM))
    member = store.add_member(TOKENS[0])
    file_limit(120_000)
    count = 0
    for number in range(300):
        count += store.put(number, BIG, member) == OK
    assert 0 < count < 100
    file_limit(None)
    for number in range(300, 600):
        count += store.put(number, BIG, member) == OK
    assert count == MIN_ROOM * 9 // 10 // 4096
    store.close()


def test_more_than_can_wait_is_refused(store, tmp_path):
    """So nobody fills the memory while the disk is slow, or somebody else writes."""
    answers = []
    with sqlite3.connect(tmp_path / NAME, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(MAX_WAITING + BATCH + 500):
            store.store.put(queue(1), bytes(100), 0, answers.append)
        assert 500 <= len(answers) <= 500 + BATCH and {*answers} == {FULL}
        refused = len(answers)
        other.execute("ROLLBACK")
    other.close()
    store.wait(lambda: len(answers) == MAX_WAITING + BATCH + 500)
    assert store.stats.answers == {FULL: refused, BAD_SIZE: len(answers) - refused}


# files that are not right


def test_a_read_only_file(store, tmp_path):
    store.close()
    (tmp_path / NAME).chmod(0o400)
    with pytest.raises(StoreError, match=r"read-only.*chmod u\+w"):
        again(tmp_path)


@pytest.mark.parametrize(
    "content", [b"no database" * 1000, b"\0" * 8192, b"SQLite format 3\0" + b"\xff" * 8000]
)
def test_a_file_that_is_no_database(tmp_path, content):
    path = tmp_path / NAME
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged|another program"):
        again(tmp_path)
    assert path.read_bytes() == content


def test_a_database_of_another_program(tmp_path):
    with sqlite3.connect(tmp_path / NAME) as connection:
        connection.execute("CREATE TABLE other (value)")
    connection.close()
    before = (tmp_path / NAME).read_bytes()
    with pytest.raises(StoreError, match="another program"):
        again(tmp_path)
    assert (tmp_path / NAME).read_bytes() == before


def test_a_damaged_file_says_what_to_do_and_stays(store, tmp_path):
    for number in range(100):
        store.put(number, BIG)
    store.close()
    path = tmp_path / NAME
    whole = path.read_bytes()
    rng = random.Random(7)
    told = 0
    for _ in range(20):
        damaged = bytearray(whole)
        at = rng.randrange(0, len(damaged) - 4096, 4096)
        # the head of a page, where what is in it is told
        damaged[at : at + 64] = rng.randbytes(64)
        path.write_bytes(damaged)
        try:
            again(tmp_path).close()
        except StoreError as error:
            told += 1
            assert "damaged" in str(error) and "move it away" in str(error)
            assert len(path.read_bytes()) == len(damaged)
    assert told > 10
    path.write_bytes(whole)
    after = again(tmp_path)
    assert after.stats.blobs == 100
    after.close()


def test_damage_that_is_met_later(store, tmp_path):
    """Blobs are lost, the mailbox is not."""
    member, answers = store.add_member(TOKENS[0]), []
    # more than SQLite keeps in memory
    for number in range(1000):
        store.store.put(queue(number), BIG, member, answers.append)
    store.wait(lambda: len(answers) == 1000)
    store.close()
    after = again(tmp_path)
    path = tmp_path / NAME
    with path.open("r+b") as file:
        for at in range(4096 * 20, path.stat().st_size // 2, 4096):
            file.seek(at)
            file.write(b"\xee" * 4096)
    found = [len(after.read(number)) for number in range(1000)]
    assert after.stats.errors > 0 and 100 < found.count(0) < 900
    after.close()


@pytest.mark.parametrize("kind", ["folder", "fifo", "missing", "file"])
def test_places_where_no_file_can_be(tmp_path, kind):
    path = tmp_path / NAME
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "file":
        tmp_path = path / "below"
        path.write_bytes(b"")
    else:
        tmp_path = tmp_path / "missing"
    with pytest.raises(StoreError, match=r"not a file|cannot be opened"):
        again(tmp_path)
