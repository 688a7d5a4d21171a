"""Whole files when something goes wrong: disks, sources that change, functions that raise or cancel."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import toxpy
from tests.support.disks import SmallDisk
from tests.support.files import content
from tests.support.permissions import open_to_others
from tests.support.stage import Stage

DATA = content(300_000)
BIG = 5 << 30


@pytest.fixture
def stage():
    stage = Stage()
    yield stage
    stage.alice.close()
    stage.bob.close()
    stage.close()


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def disk(tmp_path):
    """Soon full: 128 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = SmallDisk(folder, 128 * 1024)
    yield mounted
    mounted.close()


def test_a_disk_with_too_little_room(stage, source, disk):
    sent = stage.alice.send_file(0, source)
    offer = stage.offer()
    with pytest.raises(OSError, match="No space left"):
        stage.bob.accept_file(offer, disk.folder)
    assert os.listdir(disk.folder) == []
    stage.bob.file_control(0, offer.file_number, toxpy.FileControl.CANCEL)
    stage.finish(sent)


def test_a_disk_that_becomes_full_and_has_room_again(stage, source, disk):
    source.write_bytes(DATA[:100_000] * 20)
    disk.resize(4 << 20)
    sent = stage.alice.send_file(0, source)
    got = stage.bob.accept_file(stage.offer(), disk.folder)
    stage.run(lambda: got.position > 10_000)
    disk.resize(512 << 10)
    stage.finish(sent, got)
    assert got.error.name == "TRANSFER_FILE" and "No space left" in str(got.error)
    assert sent.error.name == "TRANSFER_CANCELLED"
    (part,) = os.listdir(disk.folder)
    there = os.path.getsize(os.path.join(disk.folder, part))
    assert 0 < there <= 512 << 10
    disk.resize(4 << 20)
    sent = stage.alice.send_file(0, source)
    got = stage.bob.accept_file(stage.offer(), disk.folder)
    assert got.start == there
    stage.finish(sent, got)
    assert Path(got.path).read_bytes() == source.read_bytes() and os.listdir(disk.folder) == ["photo.jpg"]


def test_a_disk_that_becomes_read_only(stage, source, disk):
    """What is open can still be written on Linux; the name cannot be given, nothing new be begun."""
    source.write_bytes(DATA[:50_000])
    sent = stage.alice.send_file(0, source)
    offer = stage.offer()
    disk.make_read_only()
    with pytest.raises(OSError, match="Read-only file system"):
        stage.bob.accept_file(offer, disk.folder)
    # it can still be declined
    stage.bob.file_control(0, offer.file_number, toxpy.FileControl.CANCEL)
    stage.finish(sent)
    assert sent.error.name == "TRANSFER_REFUSED"


def test_a_folder_that_goes_away(stage, source, inbox):
    sent = stage.alice.send_file(0, source)
    got = stage.bob.accept_file(stage.offer(), inbox)
    stage.run(lambda: got.position > 10_000)
    os.unlink(got.part)
    inbox.rmdir()
    stage.finish(sent, got)
    assert isinstance(got.error.__cause__, FileNotFoundError)
    with pytest.raises(FileNotFoundError):
        stage.alice.send_file(0, source)
        stage.bob.accept_file(stage.offer(), inbox / "photo.jpg")


def test_a_source_that_grows_or_vanishes(stage, source, inbox):
    sent = stage.alice.send_file(0, source)
    got = stage.bob.accept_file(stage.offer(), inbox)
    stage.run(lambda: got.position > 10_000)
    with source.open("ab") as more:
        more.write(b"more")
    source.unlink()
    stage.finish(sent, got)
    # what was offered
    assert sent.done and got.done and (inbox / "photo.jpg").read_bytes() == DATA


def test_two_files_of_one_name_at_once(stage, tmp_path, inbox):
    sent = []
    for number in range(2):
        path = tmp_path / str(number) / "photo.jpg"
        path.parent.mkdir()
        path.write_bytes(DATA[number:])
        sent.append(stage.alice.send_file(0, path))
    got = [stage.bob.accept_file(stage.offer(), inbox) for _ in sent]
    stage.finish(*sent, *got)
    assert sorted(os.listdir(inbox)) == ["photo (1).jpg", "photo.jpg"]
    assert [Path(transfer.path).read_bytes() for transfer in got] == [DATA, DATA[1:]]


def test_256_each_way_at_once(stage, tmp_path, inbox):
    pairs = ((stage.alice, stage.bob), (stage.bob, stage.alice))
    sent, receivers = [], []
    for number in range(256):
        path = tmp_path / f"file {number}"
        path.write_bytes(content(3000 + number))
        for sender, receiver in pairs:
            sent.append(sender.send_file(0, path))
            receivers.append(receiver)
    with pytest.raises(toxpy.ToxError, match="TOO_MANY"):
        stage.alice.send_file(0, path)
    taken = [tox.accept_file(stage.offer(tox), inbox) for tox in receivers]
    stage.finish(*sent, *taken)
    assert all(transfer.done for transfer in (*sent, *taken))
    sizes = [Path(transfer.path).stat().st_size for transfer in taken]
    assert sorted(sizes) == sorted(2 * [3000 + number for number in range(256)])
    assert len(os.listdir(inbox)) == 512


def test_more_than_4_gib(stage, tmp_path, inbox, monkeypatch):
    """The last bytes of a large file: both sides go on where they were. Nothing of that size is written."""
    here = os.statvfs(tmp_path)
    monkeypatch.setattr(
        os, "fstatvfs", lambda _descriptor: os.statvfs_result((*here[:4], 1 << 30, *here[5:]))
    )
    source = tmp_path / "large"
    with source.open("wb") as file:
        file.truncate(BIG - 5000)
        file.seek(BIG - 5000)
        file.write(DATA[:5000])
    sent = stage.alice.send_file(0, source)
    got = stage.bob.accept_file(stage.offer(), inbox)
    stage.run(lambda: got.position > 1000)
    got.cancel(keep=True)
    stage.finish(sent)
    os.truncate(got.part, BIG - 5000)
    sent = stage.alice.send_file(0, source)
    got = stage.bob.accept_file(stage.offer(), inbox)
    assert got.start == BIG - 5000 and got.size == BIG
    stage.finish(sent, got)
    assert sent.start == BIG - 5000 and sent.position == got.position == BIG
    with open(got.path, "rb") as file:
        file.seek(BIG - 5000)
        assert file.read() == DATA[:5000]


@pytest.mark.parametrize("who", ["sender", "receiver"])
def test_cancelled_by_its_own_progress(stage, source, inbox, who):
    calls = []

    def cancel(transfer):
        calls.append(transfer.position)
        transfer.cancel()

    mine = {"on_progress": cancel}
    sent = stage.alice.send_file(0, source, **(mine if who == "sender" else {}))
    got = stage.bob.accept_file(stage.offer(), inbox, **(mine if who == "receiver" else {}))
    stage.finish(sent, got)
    assert sent.error.name == got.error.name == "TRANSFER_CANCELLED"
    stage.run_for_ms(5000)
    assert len(calls) == 1
    # none of the events of a file under way gets to the program
    assert not any(isinstance(event, toxpy.FileEvent) for seen in stage.seen.values() for event in seen)
    if who == "receiver":
        assert os.listdir(inbox) == []


def test_progress_that_raises(stage, source, inbox):
    """It comes out of `iterate`, and the file goes on."""

    def fail(transfer):
        transfer.on_progress = None
        raise RuntimeError("a defect of the program")

    sent = stage.alice.send_file(0, source, on_progress=fail)
    got = stage.bob.accept_file(stage.offer(), inbox, on_progress=fail)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="a defect"):
            stage.finish(sent, got)
    stage.finish(sent, got)
    assert sent.done and (inbox / "photo.jpg").read_bytes() == DATA


class Slow(io.RawIOBase):
    """A raw stream: gives and takes a few bytes each time."""

    def __init__(self, data=b""):
        self.data, self.taken = data, b""

    def readable(self):
        return True

    def read(self, size=-1):
        piece, self.data = self.data[: min(size, 700)], self.data[min(size, 700) :]
        return piece

    def write(self, data):
        self.taken += bytes(data[:700])
        return min(len(data), 700)


def test_raw_streams(stage):
    sink = Slow()
    sent = stage.alice.send_file(0, Slow(DATA), name="stream")
    got = stage.bob.accept_file(stage.offer(), sink)
    stage.finish(sent, got)
    assert sent.done and got.done and sink.taken == DATA


class Raising(io.RawIOBase):
    """A file object whose errors are its own."""

    def readable(self):
        return True

    def read(self, size=-1):
        raise EOFError("the archive ends too early")

    def write(self, data):
        raise KeyError("an index")


class Blocking(io.RawIOBase):
    def readable(self):
        return True

    def read(self, size=-1):
        return None

    def write(self, data):
        return None


@pytest.mark.parametrize(
    ("kind", "reading", "writing"),
    [(Raising, EOFError, KeyError), (Blocking, BlockingIOError, BlockingIOError)],
)
def test_file_objects_that_fail(stage, source, inbox, kind, reading, writing):
    sent = stage.alice.send_file(0, kind(), name="stream")
    got = stage.bob.accept_file(stage.offer(), inbox)
    stage.finish(sent, got)
    assert sent.error.name == "TRANSFER_FILE" and isinstance(sent.error.__cause__, reading)
    assert got.error.name == "TRANSFER_CANCELLED"
    sent = stage.alice.send_file(0, source)
    got = stage.bob.accept_file(stage.offer(), kind())
    stage.finish(sent, got)
    assert isinstance(got.error.__cause__, writing) and sent.error.name == "TRANSFER_CANCELLED"


def test_what_nobody_can_go_on_with_is_not_kept(stage, source, inbox):
    """Part files of streams, and empty ones."""
    sent = stage.alice.send_file(0, Slow(DATA), name="stream")
    got = stage.bob.accept_file(stage.offer(), inbox, max_size=100_000)
    stage.finish(sent, got)
    assert got.error.name == "TRANSFER_FILE" and os.listdir(inbox) == []

    sent = stage.alice.send_file(0, source)
    offer = stage.offer()
    sent.cancel()
    stage.run_for_ms(1000)
    with pytest.raises(toxpy.ToxError):
        stage.bob.accept_file(offer, inbox)
    assert os.listdir(inbox) == []

    sent = stage.alice.send_file(0, source)
    got = stage.bob.accept_file(stage.offer(), inbox)
    stage.bob.close()
    assert got.error.retryable and os.listdir(inbox) == []


def test_a_receiver_without_permission(tmp_path):
    """Of a user for whom permissions count: root is not stopped by them, and becomes nobody."""
    # the checkout may be where nobody may look: what is needed of it is loaded before
    code = (
        "import os, sys\n"
        "from tests.support.stage import Stage\n"
        "stage = Stage()\n"
        "stage.alice.send_file(0, sys.argv[1])\n"
        "offer = stage.offer()\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "try: stage.bob.accept_file(offer, sys.argv[2])\n"
        "except PermissionError as error: print(error.filename)"
    )
    root = Path(__file__).parents[3]
    folder = tmp_path / "inbox"
    folder.mkdir(mode=0o555)
    open_to_others(tmp_path)
    ran = subprocess.run(
        [sys.executable, "-c", code, str(root / "README.md"), str(folder)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.stdout.startswith(str(folder)), ran.stderr
    assert os.listdir(folder) == []
