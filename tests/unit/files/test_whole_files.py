"""toxpy.files.whole_files: files between two instances in the simulated universe, names from friends."""

import asyncio
import io
import os
import threading

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

import toxpy
from tests.support.files import content
from tests.support.stage import Stage
from toxpy.files.safe_name import MAX_NAME_SIZE, safe_name
from toxpy.files.whole_file import TransferError
from toxpy.generated import typed_events as te
from toxpy.tox import Tox

DATA = content(300_000)

NAMES = {
    b"photo.jpg": "photo.jpg",
    b"../../etc/passwd": "passwd",
    b"/etc/passwd": "passwd",
    b"..\\..\\boot.ini": "boot.ini",
    b"C:\\autoexec.bat": "autoexec.bat",
    b"..": "file",
    b".": "file",
    b"": "file",
    b"/": "file",
    b"folder/": "file",
    b"\0": "file",
    b"a\0b.txt": "ab.txt",
    b"line\r\nfeed": "linefeed",
    b".bashrc": "bashrc",
    b"...": "file",
    b" . hidden ": "hidden",
    b"name. ": "name",
    b"-rf": "_-rf",
    b"~root": "_~root",
    b"NUL": "_NUL",
    b"con.txt": "_con.txt",
    b"Com1.tar.gz": "_Com1.tar.gz",
    "lpt²".encode(): "_lpt²",
    b"console.txt": "console.txt",
    b"a:b?.txt": "a_b_.txt",
    "\u202egpj.exe".encode(): "gpj.exe",
    b"\xff\xfe.txt": "\ufffd\ufffd.txt",
    "ä.txt".encode(): "ä.txt",
    "a\u0308.txt".encode(): "ä.txt",
    b"x" * 255: "x" * 240,
    b"x" * 250 + b".txt": "x" * 236 + ".txt",
    ("ä" * 125 + ".txt").encode(): "ä" * 118 + ".txt",
    b"x." + b"y" * 250: "x." + "y" * 238,
}


@pytest.mark.parametrize("raw", NAMES, ids=repr)
def test_safe_names(raw):
    assert safe_name(raw) == NAMES[raw]


@given(
    st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
@example(b"." * 255)
@example(("\u3000" * 85).encode())
def test_any_name_becomes_that_of_a_plain_file(raw):
    name = safe_name(raw)
    assert name and len(name.encode()) <= MAX_NAME_SIZE + 1
    assert not set(name) & set('/\\\0\r\n<>:"|?*')
    assert os.path.basename(name) == name and name not in (".", "..")
    assert name[0] not in ".-~ " and name[-1] not in ". "
    assert safe_name(name) == name


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


def names(folder):
    return sorted(os.listdir(folder))


def test_from_path_to_folder(stage, source, inbox):
    progress = []
    sent = stage.alice.send_file(0, source, on_progress=lambda t: progress.append((t.position, t.done)))
    offer = stage.offer()
    assert (offer.filename, offer.file_size, offer.kind) == ("photo.jpg", len(DATA), toxpy.FileKind.DATA)
    got = stage.bob.accept_file(offer, inbox)
    stage.finish(sent, got)
    assert sent.done and got.done and sent.error is None and got.error is None
    assert got.path == str(inbox / "photo.jpg")
    assert (inbox / "photo.jpg").read_bytes() == DATA and names(inbox) == ["photo.jpg"]
    assert progress == sorted(progress) and progress[-1] == (len(DATA), True)
    assert sent.position == got.position == len(DATA)
    assert not stage.alice.transfers.running() and not stage.bob.transfers.running()


def test_events_of_whole_files_are_not_shown(stage, source, inbox):
    sent = stage.alice.send_file(0, source)
    got = stage.bob.accept_file(stage.offer(), inbox)
    stage.finish(sent, got)
    for seen in stage.seen.values():
        assert not any(isinstance(event, te.FileEvent) for event in seen)


def test_an_existing_name_gets_a_number(stage, source, inbox):
    for count in range(3):
        sent = stage.alice.send_file(0, source)
        stage.finish(sent, stage.bob.accept_file(stage.offer(), inbox))
        assert len(names(inbox)) == count + 1
    assert names(inbox) == ["photo (1).jpg", "photo (2).jpg", "photo.jpg"]


def test_a_name_that_is_a_trap(stage, source, inbox):
    (inbox / "elsewhere").symlink_to(inbox.parent / "never")
    for name in ("../../photo.jpg", "elsewhere", ".."):
        sent = stage.alice.send_file(0, source, name=name)
        stage.finish(sent, stage.bob.accept_file(stage.offer(), inbox))
    assert names(inbox) == ["elsewhere", "elsewhere (1)", "file", "photo.jpg"]
    assert names(inbox.parent) == ["inbox", "photo.jpg"]


def test_to_a_path(stage, source, inbox):
    target = inbox / "mine"
    sent = stage.alice.send_file(0, source)
    stage.finish(sent, stage.bob.accept_file(stage.offer(), target))
    assert target.read_bytes() == DATA
    target.write_bytes(b"old")
    sent = stage.alice.send_file(0, source)
    offer = stage.offer()
    with pytest.raises(FileExistsError):
        stage.bob.accept_file(offer, target)
    got = stage.bob.accept_file(offer, target, overwrite=True)
    assert target.read_bytes() == b"old"
    stage.finish(sent, got)
    assert target.read_bytes() == DATA and names(inbox) == ["mine"]


def test_a_target_that_appears_meanwhile_is_not_replaced(stage, source, inbox):
    target = inbox / "mine"
    sent = stage.alice.send_file(0, source)
    got = stage.bob.accept_file(stage.offer(), target)
    target.write_bytes(b"other")
    stage.finish(sent, got)
    assert got.error.name == "TRANSFER_FILE" and isinstance(got.error.__cause__, FileExistsError)
    assert target.read_bytes() == b"other"


def test_without_hard_links(stage, source, inbox, monkeypatch):
    def link(*_args, **_options):
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(os, "link", link)
    (inbox / "photo.jpg").write_bytes(b"old")
    sent = stage.alice.send_file(0, source)
    stage.finish(sent, stage.bob.accept_file(stage.offer(), inbox))
    assert (inbox / "photo (1).jpg").read_bytes() == DATA
    assert (inbox / "photo.jpg").read_bytes() == b"old"


def test_file_objects_and_streams(stage):
    sink = io.BytesIO()
    sent = stage.alice.send_file(0, io.BytesIO(DATA), name="memory")
    got = stage.bob.accept_file(stage.offer(), sink)
    stage.finish(sent, got)
    assert sink.getvalue() == DATA and sent.size == len(DATA) and got.path is None

    reading, writing = os.pipe()
    thread = threading.Thread(target=lambda: (os.write(writing, b"x" * 5000), os.close(writing)))
    thread.start()
    with os.fdopen(reading, "rb") as pipe:
        sink = io.BytesIO()
        sent = stage.alice.send_file(0, pipe, name="pipe")
        offer = stage.offer()
        assert offer.file_size is None and sent.size is None
        got = stage.bob.accept_file(offer, sink)
        stage.finish(sent, got)
        thread.join()
    assert sink.getvalue() == b"x" * 5000 and got.done


def test_empty_files_and_avatars(stage, tmp_path, inbox, source):
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    sent = stage.alice.send_file(0, empty)
    got = stage.bob.accept_file(stage.offer(), inbox)
    stage.finish(sent, got)
    assert (inbox / "empty").read_bytes() == b"" and got.done and sent.done
    sent = stage.alice.send_file(0, source, kind=toxpy.FileKind.AVATAR)
    assert sent.file_id == Tox.hash(DATA)
    offer = stage.offer()
    assert offer.kind is toxpy.FileKind.AVATAR
    stage.finish(sent, stage.bob.accept_file(offer, inbox))
    assert (inbox / "photo.jpg").read_bytes() == DATA


def test_pause_and_resume(stage, tmp_path, inbox):
    big = tmp_path / "big"
    big.write_bytes(DATA * 10)
    sent = stage.alice.send_file(0, big)
    got = stage.bob.accept_file(stage.offer(), inbox)
    stage.run(lambda: got.position > 10_000)
    got.pause()
    stage.run(lambda: sent.paused_by_friend)
    stage.run_for_ms(1000)
    position = got.position
    stage.run_for_ms(1000)
    assert got.position == position and not got.over
    got.resume()
    stage.finish(sent, got)
    assert (inbox / "big").read_bytes() == DATA * 10


def test_refused_and_cancelled(stage, source, inbox):
    sent = stage.alice.send_file(0, source)
    offer = stage.offer()
    stage.bob.file_control(0, offer.file_number, toxpy.FileControl.CANCEL)
    stage.finish(sent)
    assert sent.error.name == "TRANSFER_REFUSED" and not sent.error.retryable
    with pytest.raises(TransferError):
        sent.result()

    sent = stage.alice.send_file(0, source)
    got = stage.bob.accept_file(stage.offer(), inbox)
    stage.run(lambda: got.position > 10_000)
    sent.cancel()
    stage.finish(got)
    assert got.error.name == sent.error.name == "TRANSFER_CANCELLED"
    got.cancel()
    kept = got.part

    source.write_bytes(DATA * 20)
    sent = stage.alice.send_file(0, source)
    got = stage.bob.accept_file(stage.offer(), inbox)
    stage.run(lambda: got.position > 10_000)
    got.cancel()
    stage.finish(sent)
    assert sent.error.name == "TRANSFER_CANCELLED"
    # what the sender cancelled may be offered again; what we cancelled is not kept
    assert names(inbox) == [os.path.basename(kept)]


def test_going_on_after_a_broken_connection(stage, source, inbox):
    sent = stage.alice.send_file(0, source)
    got = stage.bob.accept_file(stage.offer(), inbox)
    stage.run(lambda: got.position > 50_000)
    stage.break_connection()
    assert got.error.retryable and sent.error.name == "TRANSFER_OFFLINE"
    assert names(inbox)[0].endswith(".part")
    again = stage.alice.send_file(0, source)
    assert again.file_id == sent.file_id
    went_on = stage.bob.accept_file(stage.offer(), inbox)
    assert went_on.start == got.position
    stage.finish(again, went_on)
    assert (inbox / "photo.jpg").read_bytes() == DATA and names(inbox) == ["photo.jpg"]
    assert again.start == got.position and again.position == len(DATA)


def test_going_on_after_a_restart(stage, source, inbox):
    """Both programs end and start again: all that is left is the part file."""
    sent = stage.alice.send_file(0, source)
    got = stage.bob.accept_file(stage.offer(), inbox)
    stage.run(lambda: got.position > 50_000)
    saved = [tox.get_savedata() for tox in (stage.alice, stage.bob)]
    stage.alice.close()
    stage.bob.close()
    assert sent.error.retryable and got.error.retryable
    for actor in stage.actors[-2:]:
        stage.stop(actor)
    actors = [stage.actor(name, savedata=data) for name, data in zip(("alice", "bob"), saved, strict=True)]
    actors[0].bootstrap_to(stage.actors[0])
    actors[1].bootstrap_to(stage.actors[0])
    for actor in actors:
        actor.collect = lambda: None
    stage.alice, stage.bob = (Tox(core=actor.tox) for actor in actors)
    stage.seen = {stage.alice: [], stage.bob: []}
    none = toxpy.Connection.NONE
    stage.run(lambda: stage.alice.friend_get_connection_status(0) != none, 120)
    stage.run(lambda: stage.bob.friend_get_connection_status(0) != none, 120)
    again = stage.alice.send_file(0, source)
    went_on = stage.bob.accept_file(stage.offer(), inbox)
    assert went_on.start >= 50_000 and again.file_id == sent.file_id
    stage.finish(again, went_on)
    assert (inbox / "photo.jpg").read_bytes() == DATA and names(inbox) == ["photo.jpg"]


def test_file_ids_tell_unchanged_files(stage, source):
    first = stage.alice.send_file(0, source)
    assert stage.alice.file_by_id(0, first.file_id) == first.file_number
    again = stage.alice.send_file(0, source)
    os.utime(source, ns=(1, 1))
    changed = stage.alice.send_file(0, source)
    assert first.file_id == again.file_id != changed.file_id
    assert stage.alice.send_file(0, source, file_id=bytes(32)).file_id == bytes(32)


def test_the_same_file_twice_at_once(stage, source, inbox):
    stage.alice.send_file(0, source)
    stage.bob.accept_file(stage.offer(), inbox)
    stage.alice.send_file(0, source)
    with pytest.raises(FileExistsError):
        stage.bob.accept_file(stage.offer(), inbox)


def test_limits(stage, source, inbox):
    stage.alice.send_file(0, source)
    offer = stage.offer()
    with pytest.raises(ValueError, match="more than 1000"):
        stage.bob.accept_file(offer, inbox, max_size=1000)

    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def read(self, size=-1):
            return bytes(size)

    sent = stage.alice.send_file(0, Endless(), name="endless")
    got = stage.bob.accept_file(stage.offer(), inbox, max_size=100_000)
    stage.finish(sent, got)
    assert got.error.name == "TRANSFER_FILE" and sent.error.name == "TRANSFER_CANCELLED"
    assert got.position <= 100_000


def test_a_file_that_shrinks(stage, source, inbox):
    sent = stage.alice.send_file(0, source)
    source.write_bytes(DATA[:1000])
    got = stage.bob.accept_file(stage.offer(), inbox)
    stage.finish(sent, got)
    assert sent.error.name == "TRANSFER_FILE" and got.error.name == "TRANSFER_CANCELLED"


class FullDisk(io.BytesIO):
    def write(self, data):
        raise OSError(28, "No space left on device")


def test_a_full_disk(stage, source):
    sent = stage.alice.send_file(0, source)
    got = stage.bob.accept_file(stage.offer(), FullDisk())
    stage.finish(sent, got)
    assert got.error.name == "TRANSFER_FILE" and got.error.__cause__.errno == 28
    assert sent.error.name == "TRANSFER_CANCELLED"


def test_a_sender_who_ends_early(stage, inbox):
    number = stage.alice.file_send(0, "short", 5000)
    got = stage.bob.accept_file(stage.offer(), inbox)
    stage.run(lambda: any(isinstance(e, te.FileChunkRequest) for e in stage.seen[stage.alice]))
    # an end before the size: what only another implementation would send
    stage.cores[0].messenger.friend(0).connection.write(bytes((82, number)) + b"abc")
    stage.finish(got)
    assert got.error.name == "TRANSFER_INCOMPLETE" and names(inbox)[0].endswith(".part")


def test_deleting_the_friend_and_closing(stage, source, inbox):
    sent = stage.alice.send_file(0, source)
    got = stage.bob.accept_file(stage.offer(), inbox)
    stage.alice.friend_delete(0)
    assert sent.error.name == "TRANSFER_OFFLINE"
    stage.bob.close()
    assert got.error.retryable
    over = []
    got.when_over(lambda: over.append(1))
    assert over == [1]


def test_what_cannot_be_sent(stage, tmp_path):
    with pytest.raises(IsADirectoryError):
        stage.alice.send_file(0, tmp_path)
    with pytest.raises(FileNotFoundError):
        stage.alice.send_file(0, tmp_path / "none")
    path = tmp_path / "file"
    path.write_bytes(b"x")
    with pytest.raises(toxpy.ToxError, match="NAME_TOO_LONG"):
        stage.alice.send_file(0, path, name="n" * 256)
    with pytest.raises(toxpy.ToxError, match="FRIEND_NOT_FOUND"):
        stage.alice.send_file(5, path)


def test_asyncio(tmp_path, source, inbox):
    """Over real UDP on loopback: send, progress, a friend who refuses, cancelling the waiting task."""

    async def scenario():
        fields = {"local_discovery_enabled": False, "ipv6_enabled": False}
        async with toxpy.AsyncTox(**fields) as alice, toxpy.AsyncTox(**fields) as bob:
            key = bob.sync.self_get_dht_id()
            await alice.bootstrap("127.0.0.1", bob.sync.self_get_udp_port(), key)
            friend = alice.friend_add_norequest(bob.address.public_key)
            bob.friend_add_norequest(alice.address.public_key)
            offers = asyncio.Queue()
            bob.on(te.FileRecv, offers.put_nowait)
            progress = []
            sending = asyncio.create_task(
                friend.deliver_file(source, on_progress=lambda t: progress.append(t.position))
            )
            got = bob.accept_file(await offers.get(), inbox)
            await got.finished()
            sent = await sending
            assert sent.done and got.done and (inbox / "photo.jpg").read_bytes() == DATA
            assert progress[-1] == len(DATA) and len(progress) > 200

            sent = await friend.send_file(source)
            offer = await offers.get()
            with pytest.raises(TimeoutError, match=r"'photo\.jpg' is not finished after 0\.01 s"):
                await sent.finished(timeout_s=0.01)
            assert not sent.over
            bob.call("file_control", 0, offer.file_number, toxpy.FileControl.CANCEL)
            for _ in range(2):
                with pytest.raises(TransferError, match="refused"):
                    await sent.finished()

            # more than can arrive before it is cancelled
            endless = tmp_path / "endless"
            with endless.open("wb") as file:
                file.truncate(1 << 36)
            sending = asyncio.create_task(friend.deliver_file(endless))
            got = bob.accept_file(await offers.get(), io.BytesIO())
            await asyncio.sleep(0)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            with pytest.raises(TransferError):
                await got.finished()

    asyncio.run(asyncio.wait_for(scenario(), 60))
