"""Files on the command line: ours with ours, ours with Debian's library, and what is killed in the middle."""

import hashlib
import os
import shutil
import signal
import subprocess

import pytest

from tests.interop.test_cli import Debian, debian, new, node, start, where  # noqa: F401
from tests.support.bootstrapd import until
from tests.support.cli import OURS, environment, objects, run
from tests.support.files import content
from tests.support.real_tox import RealTox
from toxpy.generated import enums, events

#: Enough to be in the middle of it for a while.
LARGE = 100_000_000


def make_file(path, size):
    """A file whose bytes differ; returns its hash."""
    digest, block = hashlib.sha256(), content(1_000_003)
    with path.open("wb") as file:
        for begin in range(0, size, len(block)):
            part = block[: size - begin]
            file.write(part)
            digest.update(part)
    return digest.hexdigest()


def hash_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


# ours with ours


def test_send_file_and_receive(tmp_path, start, where, inbox):  # noqa: F811
    alice, alice_id = new(tmp_path, "Alice")
    bob, bob_id = new(tmp_path, "Bob")
    photo, empty = tmp_path / "photo.jpg", tmp_path / "empty"
    expected = make_file(photo, 3_000_000)
    empty.touch()
    receive = start("receive", "--accept", "--files", inbox, "--count", 3, "-p", bob, *where)
    receive.wait_for("ready")
    ran = run("send-file", bob_id, photo, empty, photo, "-p", alice, "--json", *where)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    sent = [entry for entry in objects(ran) if entry["event"] == "file_sent"]
    assert [(entry["file"], entry["size"], entry["start"]) for entry in sent] == [
        ("photo.jpg", 3_000_000, 0),
        ("empty", 0, 0),
        ("photo.jpg", 3_000_000, 0),
    ]
    assert any(entry["event"] == "file_progress" for entry in objects(ran))
    status, said = receive.finish()
    assert status == 0
    received = [entry for entry in said if entry["event"] == "file_received"]
    assert [entry["path"] for entry in received] == [
        str(inbox / name) for name in ("photo.jpg", "empty", "photo (1).jpg")
    ]
    assert received[0]["friend"] == alice_id[:64]
    assert received[0]["file_id"] == received[2]["file_id"] == sent[0]["file_id"]
    assert hash_of(inbox / "photo.jpg") == hash_of(inbox / "photo (1).jpg") == expected
    assert sorted(os.listdir(inbox)) == ["empty", "photo (1).jpg", "photo.jpg"]


def test_receiver_is_killed_and_started_again(tmp_path, start, where, inbox):  # noqa: F811
    alice, _ = new(tmp_path, "Alice")
    bob, bob_id = new(tmp_path, "Bob")
    expected = make_file(tmp_path / "large", LARGE)
    words = ["receive", "--accept", "--files", inbox, "--count", 1, "-p", bob, *where]
    size_alone = bob.stat().st_size
    receive = start(*words)
    send = start("send-file", bob_id, tmp_path / "large", "-p", alice, *where)
    while receive.wait_for("file_progress")["position"] < LARGE // 20:
        pass
    # on a busy disk a profile takes longer to be written than the file takes to get so far: without the
    # friend in it there is nobody to receive from
    until(lambda: bob.stat().st_size > size_alone, 20, lambda: "the friend was not saved")
    receive.stop(signal.SIGKILL)
    (part,) = os.listdir(inbox)
    there = (inbox / part).stat().st_size
    assert part.endswith(".part") and 0 < there < LARGE
    send.wait_for("file_interrupted")
    again = start(*words)
    got = again.wait_for("file_received")
    assert got["start"] == there and hash_of(got["path"]) == expected
    assert send.wait_for("file_sent")["start"] == there
    assert send.finish()[0] == 0 and again.finish()[0] == 0
    assert os.listdir(inbox) == ["large"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_sender_ends_and_starts_again(tmp_path, start, where, inbox, number):  # noqa: F811
    alice, _ = new(tmp_path, "Alice")
    bob, bob_id = new(tmp_path, "Bob")
    expected = make_file(tmp_path / "large", LARGE)
    receive = start("receive", "--accept", "--files", inbox, "--count", 1, "-p", bob, *where)
    words = ["send-file", bob_id, tmp_path / "large", "-p", alice, *where]
    send = start(*words)
    while send.wait_for("file_progress")["position"] < LARGE // 20:
        pass
    assert send.stop(number)[0] == (130 if number == signal.SIGINT else -signal.SIGKILL)
    again = start(*words)
    got = receive.wait_for("file_received")
    assert got["start"] > 0 and hash_of(got["path"]) == expected
    assert again.finish()[0] == 0 and receive.finish()[0] == 0


def test_files_that_are_not_taken(tmp_path, start, where, inbox):  # noqa: F811
    alice, _ = new(tmp_path, "Alice")
    bob, bob_id = new(tmp_path, "Bob")
    small, large = tmp_path / "small", tmp_path / "large"
    make_file(small, 1000)
    make_file(large, 1001)
    folder = inbox / "made" / "for it"
    receive = start("receive", "--accept", "--files", folder, "--max-size", "1k", "-p", bob, *where)
    receive.wait_for("ready")
    ran = run("send-file", bob_id, large, small, "-p", alice, *where)
    assert ran.returncode == 1 and "refused the file" in ran.stderr and "1 of 2 files" in ran.stderr
    assert "--max-size" in receive.wait_for("file_declined", file="large")["message"]
    assert receive.wait_for("file_received", file="small")["path"] == str(folder / "small")
    receive.stop(signal.SIGTERM)
    echo = start("echo", "-p", bob, *where)
    ran = run("send-file", "bob", small, "-p", alice, "--json", *where)
    assert ran.returncode == 1
    assert [entry["event"] for entry in objects(ran)][-2:] == ["file_failed", "error"]
    echo.wait_for("file_declined", file="small")


def test_chat_asks_about_files(tmp_path, start, where, inbox):  # noqa: F811
    alice, _ = new(tmp_path, "Alice")
    bob, bob_id = new(tmp_path, "Bob")
    names = [tmp_path / name for name in ("one", "two")]
    for path in names:
        make_file(path, 10_000)
    bobs = start("chat", new(tmp_path, "Nobody")[1], "--accept", "-p", bob, *where)
    bobs.wait_for("ready")
    alices = start("chat", bob_id, "-p", alice, *where)
    alices.say(f"/send {names[0]}", f"/send {names[1]}", "/send /nowhere", "and a word")
    assert "/nowhere" in alices.wait_for("warning")["message"]
    offered = [bobs.wait_for("file_offered")["file"] for _ in names]
    bobs.wait_for("message", text="and a word")
    bobs.say("/accept /nowhere", f"/accept {inbox}", "/decline", "/decline")
    assert "mkdir" in bobs.wait_for("warning")["message"]
    assert bobs.wait_for("file_received")["path"] == str(inbox / offered[0])
    bobs.wait_for("file_declined", file=offered[1])
    assert "no file is offered" in bobs.wait_for("warning")["message"]
    alices.say("/quit")
    status, said = alices.finish()
    # one was declined
    assert status == 1 and [entry["file"] for entry in said if entry["event"] == "file_sent"] == [offered[0]]
    bobs.end_input()
    assert bobs.finish()[0] == 0


# ours with Debian's library


def test_send_file_to_debian(tmp_path, start, where, debian):  # noqa: F811
    path, _ = new(tmp_path, "Alice")
    data = content(400_000)
    (tmp_path / "photo.jpg").write_bytes(data)
    address = debian.tox.self_get_address().hex()
    send = start("send-file", address, tmp_path / "photo.jpg", "-p", path, *where)
    number = debian.tox.friend_add_norequest(debian.until(events.FriendRequest).public_key)
    offer = debian.until(events.FileRecv)
    assert (offer.filename, offer.file_size, offer.kind) == (b"photo.jpg", len(data), 0)
    debian.tox.file_control(number, offer.file_number, enums.TOX_FILE_CONTROL_RESUME)
    got = bytearray()
    while chunk := debian.until(events.FileRecvChunk).data:
        got += chunk
    assert got == data
    debian.run_until(lambda: send.process.poll() is not None)
    status, said = send.finish()
    assert status == 0 and said[-1]["event"] in ("file_sent", "friend_connection")


def test_receive_files_from_debian(tmp_path, start, where, inbox, debian):  # noqa: F811
    path, tox_id = new(tmp_path, "Alice")
    receive = start("receive", "--accept", "--files", inbox, "--count", "1", "-p", path, *where)
    receive.wait_for("ready")
    number = debian.tox.friend_add(bytes.fromhex(tox_id), b"Let me in")
    debian.until(events.FriendConnectionStatus, connection_status=2)
    debian.tox.file_send(number, enums.TOX_FILE_KIND_AVATAR, 3, None, b"face.png")
    assert debian.until(events.FileRecvControl).control == enums.TOX_FILE_CONTROL_CANCEL
    data, name = content(300_000), b"../../\x1b[2Jevil\n.txt"
    file = debian.tox.file_send(number, enums.TOX_FILE_KIND_DATA, len(data), None, name)
    while (wanted := debian.until(events.FileChunkRequest)).length:
        chunk = data[wanted.position : wanted.position + wanted.length]
        debian.tox.file_send_chunk(number, file, wanted.position, chunk)
    status, said = receive.finish()
    assert status == 0
    (got,) = [entry for entry in said if entry["event"] == "file_received"]
    assert got["file"] == name.decode() and got["path"] == str(inbox / "[2Jevil.txt")
    assert (inbox / "[2Jevil.txt").read_bytes() == data


# what goes wrong, and what is said


def test_what_others_say_does_not_drive_the_terminal(tmp_path, start, where, debian):  # noqa: F811
    path, tox_id = new(tmp_path, "Alice")
    debian.tox.self_set_name("\x1b]0;title\x07\nAlice: \u202eeve".encode())
    receive = subprocess.Popen(
        [*OURS, "receive", "--accept", "--count", "1", "-p", str(path), *where],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    try:
        assert receive.stderr.readline().startswith(b"Tox ID: ")
        number = debian.tox.friend_add(bytes.fromhex(tox_id), b"\x1b[2Jplease\r\nWarning: no")
        debian.until(events.FriendConnectionStatus, connection_status=2)
        debian.tox.file_send(number, enums.TOX_FILE_KIND_DATA, 3, None, b"\x1bc\n")
        debian.until(events.FileRecvControl)
        debian.tox.friend_send_message(number, 0, "\x1b[31mred\n\x9bfamily: 👩\u200d👩".encode())
        debian.until(events.FriendReadReceipt)
        stdout, stderr = (text.decode() for text in receive.communicate(timeout=60))
    finally:
        receive.kill()
        receive.wait(20)
    for text in (stdout, stderr):
        assert all(c == "\n" or c == "\u200d" or c.isprintable() for c in text), text
    lines = stdout.splitlines()
    assert lines == [
        "\\x1b]0;title\\x07\\nAlice: \\u202eeve: \\x1b[31mred",
        "    \\x9bfamily: 👩\u200d👩",
    ]
    assert "declined: files are taken with --files FOLDER only" in stderr
    assert all(line.startswith("    ") or "Warning: no" not in line for line in stderr.splitlines())


def test_nobody_reads_the_output(tmp_path, where):  # noqa: F811
    alice, _ = new(tmp_path, "Alice")
    bob, bob_id = new(tmp_path, "Bob")
    words = [*OURS, "receive", "--accept", "--json", "-p", str(bob), *where]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, env=environment(), **pipes) as receive:
        # not with a thread that reads: a stream cannot be closed while somebody waits for it
        while b'"ready"' not in (line := receive.stdout.readline()):
            assert line, receive.stderr.read()
        receive.stdout.close()
        run("send", bob_id, "one", "-p", alice, "--timeout", "60", *where)
        assert receive.wait(60) == 141
        assert receive.stderr.read() == b""
    # its profile is whole and not in use
    assert run("id", "-p", bob).returncode == 0
    assert run("passphrase", "--remove", "-p", bob).returncode == 0


def problem(*words, status=1, **variables):
    """What a command that fails at once says, on one line of stderr and none of stdout."""
    ran = run(*words, **variables)
    assert ran.returncode == status and ran.stdout == "" and "Traceback" not in ran.stderr, ran.stderr
    return ran.stderr


def test_mistakes_are_told_with_what_to_do(tmp_path, node, where, inbox):  # noqa: F811
    alice, alice_id = new(tmp_path, "Alice")
    use = ["-p", alice, *where]
    stranger = "0" * 76
    assert f"new --profile {tmp_path}/none" in problem("id", "-p", tmp_path / "none")
    assert "cannot make the folder" in problem("receive", "--files", "/proc/none", *use)
    assert "is not a folder" in problem("receive", "--files", alice, *use)
    assert "no size" in problem("receive", "--max-size", "1x", *use, status=2)
    assert "there is no file" in problem("send-file", alice_id, tmp_path / "none", *use)
    assert "is not a file" in problem("send-file", alice_id, inbox, *use)
    assert "of the profile itself" in problem("send", alice_id, "hi", *use)
    assert "no friend is called 'bob'" in problem("send", "bob", "hi", *use)
    assert "checksum" in problem("send", stranger[:-1] + "1", "hi", *use)
    assert "HOST:PORT:KEY" in problem("receive", "-p", alice, "--node", "localhost", status=2)
    assert "cannot read the nodes file" in problem("receive", *use, "--nodes", tmp_path / "none")
    assert "no command" in problem("recieve", status=2)
    assert "TOXPY_PASSPHRASE" in problem("id", "-p", alice, TOXPY_PASSPHRASE="secret")
    bob, _ = new(tmp_path, "Bob", TOXPY_PASSPHRASE="secret")
    assert "passphrase is wrong" in problem("id", "-p", bob, TOXPY_PASSPHRASE="other")
    assert "--passphrase-file" in problem("id", "-p", bob)
    shutil.copy(bob, f"{bob}.bak")
    bob.write_bytes(b"damaged")
    assert "restore --profile" in problem("id", "-p", bob, TOXPY_PASSPHRASE="secret")
    ran = run("receive", "-p", alice, "--no-lan", "--no-ipv6", "--timeout", "1")
    assert ran.returncode == 0 and "no node to start from" in ran.stderr and "--nodes FILE" in ran.stderr
    said = objects(run("id", "-p", tmp_path / "none", "--json"))
    assert [(entry["event"], entry["status"]) for entry in said] == [("error", 1)]


def test_text_that_is_no_utf8(tmp_path, start, where):  # noqa: F811
    alice, _ = new(tmp_path, os.fsdecode(b"Alice\xff").replace("/", ""))
    assert objects(run("id", "-p", alice, "--json"))[0]["name"] == "Alice\ufffd"
    bob, bob_id = new(tmp_path, "Bob")
    receive = start("receive", "--accept", "--count", "1", "-p", bob, *where)
    receive.wait_for("ready")
    assert run("send", bob_id, os.fsdecode(b"gr\xfc\xdfe"), "-p", alice, *where).returncode == 0
    receive.wait_for("message", text="gr\ufffd\ufffde")


def test_saves_of_the_real_library_are_profiles(tmp_path):
    real = RealTox()
    try:
        real.self_set_name(b"Real")
        path = tmp_path / "real.tox"
        path.write_bytes(real.get_savedata())
        said = objects(run("id", "-p", path, "--json"))[0]
        assert said["name"] == "Real" and bytes.fromhex(said["tox_id"]) == real.self_get_address()
    finally:
        real.kill()
