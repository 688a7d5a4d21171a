"""Profiles: nothing half-written, lost or in clear, one process at a time, no waiting for ever."""

import errno
import os
import random
import resource
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import toxpy
from tests.support import saves as save
from tests.support.disks import HungDisk, SmallDisk
from tests.support.permissions import open_to_others
from tests.support.saving import number_of, numbered
from toxpy.crypto.keys import KeyPair
from toxpy.runtime import Rng
from toxpy.save import diskfile, passkey
from toxpy.save.profile import (
    PassphraseNeeded,
    Profile,
    ProfileCorrupt,
    ProfileError,
    ProfileLocked,
    ProfileNotEncrypted,
    WrongPassphrase,
    new_savedata,
)

ROOT = Path(__file__).parents[3]
SECRET = "correct horse"


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "alice.tox")


def names(path):
    return sorted(os.listdir(os.path.dirname(path)))


def content(path):
    return Path(path).read_bytes()


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


# the usual


def test_create_open_save(path):
    with Profile.create(path, name="Alice") as profile:
        identity, address = profile.public_key, profile.address
        assert profile.name == "Alice" and not profile.encrypted
        assert content(path) == profile.savedata
    with Profile.open(path) as profile:
        assert profile.address == address and address.public_key.raw == identity
        first = profile.savedata
        profile.save(numbered(first, 1))
        assert content(path) == profile.savedata == numbered(first, 1)
        assert content(path + ".bak") == first
        profile.save(numbered(first, 2))
        assert content(path + ".bak") == numbered(first, 1)
    assert names(path) == ["alice.tox", "alice.tox.bak"]


def test_a_new_identity_needs_an_explicit_call_and_a_free_place(path):
    with pytest.raises(FileNotFoundError, match=r"alice\.tox"):
        Profile.open(path)
    assert not os.path.exists(path)
    Profile.create(path).close()
    before = content(path)
    with pytest.raises(FileExistsError, match=r"alice\.tox"):
        Profile.create(path)
    assert content(path) == before
    # nor where only the last good copy is left
    os.rename(path, path + ".bak")
    with pytest.raises(FileExistsError, match=r"\.bak"):
        Profile.create(path)
    with pytest.raises(FileNotFoundError, match=r"copy.*alice\.tox\.bak"):
        Profile.open(path)
    assert names(path) == ["alice.tox.bak"]


def test_folders_are_made_private(tmp_path):
    path = tmp_path / "one" / "two" / "alice.tox"
    old = os.umask(0)
    try:
        with Profile.create(path) as profile:
            profile.save(numbered(profile.savedata, 1))
            found = {name: mode(path.parent / name) for name in os.listdir(path.parent)}
            assert found == {"alice.tox": 0o600, "alice.tox.bak": 0o600, "alice.tox.lock": 0o600}
    finally:
        os.umask(old)
    assert mode(tmp_path / "one") == mode(tmp_path / "one" / "two") == 0o700


def test_a_file_of_another_client_becomes_private(path):
    Path(path).write_bytes(new_savedata())
    os.chmod(path, 0o644)
    with Profile.open(path) as profile:
        profile.save(numbered(profile.savedata, 1))
    assert mode(path) == mode(path + ".bak") == 0o600


def test_a_link_is_followed_and_stays(tmp_path, path):
    target = tmp_path / "elsewhere" / "real.tox"
    Profile.create(target).close()
    os.symlink(target, path)
    with Profile.open(path) as profile:
        profile.save(numbered(profile.savedata, 1))
        assert profile.path == str(target)
    assert os.path.islink(path) and number_of(content(target)) == 1


def test_the_same_content_twice_and_links_left_by_a_crash(path):
    with Profile.create(path) as profile:
        profile.save(profile.savedata)
        os.unlink(path + ".bak")
        # a crash between the copy and the rename leaves two names of one file
        os.link(path, path + ".bak")
        profile.save(numbered(profile.savedata, 1))
        assert number_of(content(path)) == 1 and number_of(content(path + ".bak")) == 0
    folder = os.path.dirname(path)
    for left in (".alice.tox.new", ".alice.tox.bak-new"):
        Path(folder, left).write_bytes(b"half")
    Profile.open(path).close()
    assert names(path) == ["alice.tox", "alice.tox.bak"]


def test_the_last_good_copy_where_there_are_no_links(path, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    with Profile.create(path) as profile:
        profile.save(numbered(profile.savedata, 1))
    assert number_of(content(path + ".bak")) == 0


def test_a_save_of_another_identity_is_refused(path):
    with Profile.create(path) as profile:
        with pytest.raises(ValueError, match="another identity"):
            profile.save(new_savedata())
        with pytest.raises(ValueError, match="not a Tox save"):
            profile.save(b"nonsense" * 20)
        assert content(path) == profile.savedata
    with pytest.raises(ValueError, match="closed"):
        profile.save(profile.savedata)
    with pytest.raises(ValueError, match="128 bytes"):
        Profile.create(path + "2", name="x" * 129)


def test_reading_only_needs_no_lock(path):
    with Profile.create(path) as writer, Profile.open(path, read_only=True) as reader:
        assert reader.savedata == writer.savedata
        for call in (lambda: reader.save(reader.savedata), lambda: reader.set_passphrase("x")):
            with pytest.raises(ValueError, match="read-only"):
                call()


# the lock


def test_one_process_at_a_time(path):
    Profile.create(path).close()
    code = "import sys; from toxpy import Profile; Profile.open(sys.argv[1]); print(1, flush=True); input()"
    other = subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert other.stdout.readline() == b"1\n"
    with pytest.raises(ProfileLocked) as caught:
        Profile.open(path)
    assert path in str(caught.value) and f"process {other.pid} (python" in str(caught.value)
    with pytest.raises(ProfileLocked):
        Profile.create(path)
    other.kill()
    other.communicate()
    Profile.open(path).close()
    assert names(path) == ["alice.tox"]


def test_one_object_at_a_time(path):
    first = Profile.create(path)
    with pytest.raises(ProfileLocked, match=f"process {os.getpid()}"):
        Profile.open(path)
    first.close()
    for _ in range(50):
        Profile.open(path).close()


def test_a_lock_of_another_machine_or_without_a_name(path):
    import fcntl

    Profile.create(path).close()
    for text, holder in ((b"77\nelsewhere\n", "process 77 on elsewhere"), (b"", "another process")):
        with open(path + ".lock", "wb") as lock:
            lock.write(text)
            lock.flush()
            fcntl.flock(lock, fcntl.LOCK_EX)
            with pytest.raises(ProfileLocked) as caught:
                Profile.open(path)
            assert caught.value.holder == holder


# the passphrase


def test_encrypted_as_other_clients_do(path):
    with Profile.create(path, SECRET) as profile:
        plain = profile.savedata
        profile.save(numbered(plain, 1))
    data = content(path)
    key = passkey.PassKey.derive(SECRET.encode(), passkey.salt_of(data))
    assert key.decrypt(data) == numbered(plain, 1)
    with Profile.open(path, SECRET.encode()) as profile:
        assert profile.encrypted and profile.savedata == numbered(plain, 1)


def test_passphrase_errors_are_apart(path):
    with Profile.create(path, SECRET) as profile:
        profile.save(numbered(profile.savedata, 1))
    before = content(path)
    with pytest.raises(WrongPassphrase, match=r"alice\.tox"):
        Profile.open(path, "wrong")
    with pytest.raises(PassphraseNeeded, match=r"alice\.tox"):
        Profile.open(path)
    with pytest.raises(ValueError, match="empty"):
        Profile.open(path, "")
    Profile.create(path + "2").close()
    with pytest.raises(ProfileNotEncrypted, match=r"alice\.tox2"):
        Profile.open(path + "2", SECRET)
    assert content(path) == before


def test_plain_text_never_reaches_the_disk(path, monkeypatch):
    written = []
    real_write = os.write

    def watched(fd, data):
        written.append(bytes(data))
        return real_write(fd, data)

    monkeypatch.setattr(os, "write", watched)
    with Profile.create(path, SECRET) as profile:
        for number in range(1, 4):
            profile.save(numbered(profile.savedata, number))
        state = save.parse(profile.savedata)
        profile.set_passphrase("another")
    assert len(written) == 5
    everything = b"".join(written) + b"".join(content(Path(path).parent / name) for name in names(path))
    for hidden in (state.secret_key, state.public_key, SECRET.encode(), state.kept[0].data[:32]):
        assert hidden not in everything


def test_another_passphrase_leaves_nothing_behind(path):
    with Profile.create(path) as profile:
        plain = profile.savedata
        profile.save(numbered(plain, 1))
        profile.set_passphrase(SECRET)
        secret_key = save.parse(plain).secret_key
        assert all(secret_key not in content(Path(path).parent / name) for name in names(path))
        profile.save(numbered(plain, 2))
    Profile.open(path, SECRET).close()
    with Profile.open(path, SECRET) as profile:
        profile.set_passphrase("another")
        for name in (path, path + ".bak"):
            with pytest.raises(WrongPassphrase):
                Profile.open(name, SECRET, read_only=True)
        profile.set_passphrase(None)
    assert content(path) == content(path + ".bak") == numbered(plain, 2)


# damage


@pytest.mark.parametrize("passphrase", [None, SECRET])
@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "zeros"])
def test_damage_is_told_and_the_good_copy_offered(path, passphrase, damage):
    with Profile.create(path, passphrase) as profile:
        profile.save(numbered(profile.savedata, 1))
        profile.save(numbered(profile.savedata, 2))
        identity = profile.public_key
    whole = content(path)
    flipped = bytearray(whole)
    # in the secret key: a file in clear does not show it everywhere
    flipped[max(whole.find(identity), 100) + 40] ^= 1
    broken = {
        "empty": b"",
        "cut": whole[: len(whole) // 2],
        "flipped": bytes(flipped),
        "zeros": bytes(len(whole)),
    }[damage]
    Path(path).write_bytes(broken)
    with pytest.raises(ProfileCorrupt) as caught:
        Profile.open(path, passphrase)
    assert caught.value.path == path and caught.value.backup_path == path + ".bak"
    assert content(path) == broken and names(path) == ["alice.tox", "alice.tox.bak"]
    with Profile.open(path, passphrase, restore_backup=True) as profile:
        assert profile.public_key == identity and number_of(profile.savedata) == 1
    with Profile.open(path, passphrase) as profile:
        assert number_of(profile.savedata) == 1
    assert content(path + ".damaged") == broken


@pytest.mark.parametrize("passphrase", [None, SECRET])
def test_any_damage_is_an_error_of_the_profile_or_nothing(path, passphrase):
    """Cut, changed, extended or replaced anywhere: the documented errors, and nothing is written."""
    with Profile.create(path, passphrase, name="Alice") as profile:
        identity = profile.public_key
    whole, rng, errors = content(path), random.Random(4), set()
    for turn in range(30 if passphrase else 400):
        broken = bytearray(whole)
        for _ in range(rng.randrange(4)):
            broken[rng.randrange(len(broken)) if turn % 2 else rng.randrange(100)] = rng.randrange(256)
        if turn % 5 == 0:
            broken = broken[: rng.randrange(len(broken))]
        if turn % 7 == 0:
            broken += rng.randbytes(rng.randrange(50))
        if turn % 11 == 0:
            broken = rng.randbytes(rng.randrange(3000))
        Path(path).write_bytes(broken)
        try:
            with Profile.open(path, passphrase) as profile:
                # the identity is checked by its two keys, the rest by its structure only
                assert profile.public_key == identity
        except ProfileError as error:
            assert error.path == path
            errors.add(type(error))
        assert content(path) == broken and names(path) == ["alice.tox"]
    expected = {ProfileCorrupt, WrongPassphrase, ProfileNotEncrypted} if passphrase else {ProfileCorrupt}
    assert ProfileCorrupt in errors and errors <= expected


def test_damage_without_a_good_copy(path):
    Profile.create(path).close()
    Path(path).write_bytes(content(path)[:-900])
    with pytest.raises(ProfileCorrupt, match="no good copy") as caught:
        Profile.open(path)
    assert caught.value.backup_path is None
    with pytest.raises(ProfileCorrupt, match="no good copy"):
        Profile.open(path, restore_backup=True)
    assert names(path) == ["alice.tox"]
    os.unlink(path)
    with pytest.raises(FileNotFoundError, match=r"alice\.tox'"):
        Profile.open(path, restore_backup=True)
    Path(path + ".bak").write_bytes(b"damaged too")
    with pytest.raises(ProfileCorrupt, match=r"alice\.tox\.bak: .*damaged"):
        Profile.open(path, restore_backup=True)
    assert names(path) == ["alice.tox.bak"]


@pytest.mark.parametrize("passphrase", [None, SECRET])
def test_a_whole_profile_is_not_taken_back(path, passphrase):
    """Only by an explicit wish; then the newer state is kept too."""
    with Profile.create(path, passphrase) as profile:
        profile.save(numbered(profile.savedata, 1))
        profile.save(numbered(profile.savedata, 2))
    whole, before = content(path), names(path)
    with Profile.open(path, passphrase, restore_backup=True) as profile:
        assert number_of(profile.savedata) == 2
        assert profile.restored is None and profile.replaced_path is None
    assert content(path) == whole and names(path) == before
    with Profile.open(path, passphrase, restore_whole=True) as profile:
        assert number_of(profile.savedata) == 1
        assert "before the last save" in profile.restored and profile.replaced_path == path + ".replaced"
    assert content(path + ".replaced") == whole
    os.unlink(path + ".bak")
    with pytest.raises(FileNotFoundError, match=r"alice\.tox\.bak"):
        Profile.open(path, passphrase, restore_whole=True)
    with pytest.raises(ValueError, match="read-only"):
        Profile.open(path, passphrase, restore_backup=True, read_only=True)


def test_a_missing_file_is_restored(path):
    with Profile.create(path) as profile:
        profile.save(numbered(profile.savedata, 1))
    os.unlink(path)
    with Profile.open(path, restore_backup=True) as profile:
        assert "no such file" in profile.restored and profile.replaced_path is None
    assert names(path) == ["alice.tox", "alice.tox.bak"]


def test_restoring_twice_keeps_both_damaged_files(path):
    with Profile.create(path) as profile:
        profile.save(numbered(profile.savedata, 1))
    for _ in range(2):
        Path(path).write_bytes(b"damaged")
        Profile.open(path, restore_backup=True).close()
    assert names(path) == ["alice.tox", "alice.tox.bak", "alice.tox.damaged", "alice.tox.damaged2"]


def test_what_is_no_file(path):
    os.mkfifo(path)
    with pytest.raises(OSError, match=r"not a regular file.*alice\.tox"):
        Profile.open(path)
    os.unlink(path)
    os.mkdir(path)
    with pytest.raises(OSError, match=r"alice\.tox"):
        Profile.open(path)
    os.rmdir(path)
    with open(path, "wb") as file:
        file.truncate(diskfile.MAX_SIZE + 1)
    with pytest.raises(OSError, match="too large"):
        Profile.open(path)


# disks


@pytest.fixture
def disk(tmp_path):
    """A full disk, soon: 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = SmallDisk(folder, 64 * 1024)
    yield mounted
    mounted.close()


@pytest.mark.parametrize("passphrase", [None, SECRET])
def test_a_full_disk(disk, passphrase):
    path = disk.folder + "/alice.tox"
    with Profile.create(path, passphrase) as profile:
        profile.save(numbered(profile.savedata, 1))
        before, copy = content(path), content(path + ".bak")
        Path(disk.folder, "filler").write_bytes(bytes(20_000))
        with pytest.raises(OSError, match=r"No space left on device.*alice\.tox") as caught:
            profile.save(numbered(profile.savedata, 2))
        assert caught.value.errno == errno.ENOSPC and caught.value.filename == path
        assert content(path) == before and content(path + ".bak") == copy
        assert names(path) == ["alice.tox", "alice.tox.bak", "alice.tox.lock", "filler"]
        with pytest.raises(OSError, match="No space left"):
            profile.set_passphrase("another")
        os.unlink(disk.folder + "/filler")
        profile.save(numbered(profile.savedata, 3))
    with Profile.open(path, passphrase) as profile:
        assert number_of(profile.savedata) == 3


def test_a_limit_on_the_size_of_files(path):
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Profile.create(path) as profile:
        before = content(path)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, old[1]))
            with pytest.raises(OSError, match=r"File too large.*alice\.tox"):
                profile.save(numbered(profile.savedata, 1))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, old)
        assert content(path) == before == profile.savedata
        profile.save(numbered(profile.savedata, 2))
    assert number_of(content(path)) == 2


def test_a_folder_in_which_nothing_may_be_written(tmp_path):
    """Of a user for whom permissions count: root is not stopped by them, and becomes nobody."""
    code = (
        "import os, sys; from toxpy.save.profile import Profile; path = sys.argv[1]\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "print(Profile.open(path, read_only=True).savedata == open(path, 'rb').read())\n"
        "for call in (lambda: Profile.open(path), lambda: Profile.create(path + '2')):\n"
        "    try: call()\n"
        "    except PermissionError as error: print(error.filename)"
    )
    open_to_others(tmp_path)
    folder = tmp_path / "read-only"
    folder.mkdir()
    path = str(folder / "alice.tox")
    Profile.create(path).close()
    before = content(path)
    os.chmod(path, 0o444)
    os.chmod(folder, 0o555)
    ran = subprocess.run(
        [sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ran.stdout.split() == ["True", path, path + "2"], ran.stderr
    assert content(path) == before and names(path) == ["alice.tox"]
    os.chmod(folder, 0o755)


def test_a_disk_that_becomes_read_only(disk):
    path = disk.folder + "/alice.tox"
    with Profile.create(path) as profile:
        before = content(path)
        disk.make_read_only()
        with pytest.raises(OSError, match=r"Read-only file system.*alice\.tox"):
            profile.save(numbered(profile.savedata, 1))
        assert content(path) == before and names(path) == ["alice.tox", "alice.tox.lock"]
    with pytest.raises(OSError, match=r"Read-only file system.*alice\.tox"):
        Profile.open(path)
    with Profile.open(path, read_only=True) as profile:
        assert profile.savedata == before
    with pytest.raises(OSError, match="Read-only"):
        Profile.create(disk.folder + "/folder/bob.tox")


@pytest.fixture
def hung(tmp_path):
    """A disk that will hang."""
    folder = tmp_path / "hung"
    folder.mkdir()
    mounted = HungDisk(folder)
    yield mounted
    mounted.close()


@pytest.mark.device(path="/dev/fuse")
def test_a_disk_that_hangs(hung):
    path = hung.folder + "/alice.tox"
    profile = Profile.create(path, timeout_s=0.2)
    hung.hang()
    for call in (
        lambda: profile.save(numbered(profile.savedata, 1)),
        lambda: profile.save(numbered(profile.savedata, 2)),
        lambda: Profile.open(path, timeout_s=0.2),
        lambda: Profile.create(path, timeout_s=0.2),
    ):
        with pytest.raises(TimeoutError, match=r"no answer from the disk in 0\.2 s.*alice\.tox"):
            call()
    profile.close()
    hung.close()


def test_a_save_that_was_given_up_changes_nothing_later(path, monkeypatch):
    go_on, reached = threading.Event(), threading.Event()
    real_fsync = os.fsync

    def slow(fd):
        reached.set()
        assert go_on.wait(30)
        real_fsync(fd)

    profile = Profile.create(path, timeout_s=5)
    before = content(path)
    monkeypatch.setattr(os, "fsync", slow)
    job = profile.save_soon(numbered(profile.savedata, 1))
    assert reached.wait(10)
    with pytest.raises(TimeoutError):
        job.wait(0.01)
    # still ours while the disk is at it
    with pytest.raises(ProfileLocked):
        Profile.open(path)
    go_on.set()
    assert job.done.wait(10)
    assert content(path) == before
    profile.save(numbered(profile.savedata, 2))
    profile.close()
    assert number_of(content(path)) == 2 and names(path) == ["alice.tox", "alice.tox.bak"]


@pytest.mark.device(path="/dev/fuse")
def test_a_process_ends_although_the_disk_hangs(hung):
    path = hung.folder + "/alice.tox"
    Profile.create(path).close()
    hung.hang()
    code = "import sys; from toxpy.save.profile import Profile; Profile.open(sys.argv[1], timeout_s=0.2)"
    ran = subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, timeout=30)
    assert ran.returncode == 1 and b"TimeoutError" in ran.stderr


# kill -9


def kill_while_saving(path, passphrase, count, seed):
    """Kill a saving process that many times; returns how often the older of two states was found."""
    rng, older, told = random.Random(seed), 0, 0
    for _ in range(count):
        saving = subprocess.Popen(
            [sys.executable, "-m", "tests.support.saving", path, passphrase or ""],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        first = saving.stdout.readline()
        # in microseconds, over the length of about two saves
        wake = threading.Event()
        wake.wait(rng.random() * 0.008)
        saving.kill()
        out, _ = saving.communicate()
        lines = (first + out).split()
        told = int(lines[-1])
        with Profile.open(path, passphrase) as profile:
            number = number_of(profile.savedata)
            assert number in (told, told + 1)
            older += number == told
        assert set(names(path)) == {"alice.tox", "alice.tox.bak"}
        with Profile.open(path + ".bak", passphrase, read_only=True) as copy:
            assert number_of(copy.savedata) in (number - 1, number)
    return older


#: A thousand of each kind: TOXPY_KILLS=1000 python -m pytest -s tests/unit/save/test_profile.py -k kill_9_at
KILLS = int(os.environ.get("TOXPY_KILLS", "0"))


@pytest.mark.timeout(300 + 2 * KILLS)
@pytest.mark.parametrize(("passphrase", "kills"), [(None, KILLS or 100), (SECRET, KILLS or 20)])
def test_kill_9_at_any_moment(path, passphrase, kills):
    Profile.create(path, passphrase).close()
    older = kill_while_saving(path, passphrase, kills, seed=1)
    print(f"{kills} kills, {older} of them before the new state was in place")


def test_kill_9_before_every_step(path):
    """Each call into the system that a save makes: what is there before it is a whole state."""
    Profile.create(path).close()
    found, step = [], 0
    while True:
        step += 1
        command = [sys.executable, "-m", "tests.support.saving", path, "", str(step)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60)
        with Profile.open(path) as profile:
            number = number_of(profile.savedata)
            assert set(names(path)) <= {"alice.tox", "alice.tox.bak", "alice.tox.lock"}
            if ran.returncode == 0:
                assert ran.stdout.split() == [str(number).encode()]
                break
        assert ran.returncode == -9, ran.stderr
        found.append(number)
    # the states follow one another: a save that was cut off before the rename is made again by the next
    assert found == sorted(found) and 0 in found and len(found) >= 10
    assert {after - before for before, after in zip(found, found[1:], strict=False)} == {0, 1}


STEPS = ("open", "write", "fsync", "link", "chmod", "rename", "unlink", "close")


def test_every_step_may_fail(path, monkeypatch):
    """An error of the disk at any of them is told, and the file holds the old state or the new one."""
    profile = Profile.create(path)
    profile.save(numbered(profile.savedata, 1))
    number, failed = 1, 0
    while True:
        steps = failed + 1

        def failing(name):
            real = getattr(os, name)

            def call(*arguments, **keywords):
                nonlocal steps
                steps -= 1
                if steps == 0:
                    # the kernel gives the number free whatever the flush of a close said
                    if name == "close":
                        real(*arguments)
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
                return real(*arguments, **keywords)

            return call

        with monkeypatch.context() as patched:
            for name in STEPS:
                patched.setattr(os, name, failing(name))
            try:
                profile.save(numbered(profile.savedata, number + 1))
            except OSError as error:
                assert (error.errno, error.filename) == (errno.EIO, path)
            else:
                break
        failed += 1
        now = number_of(content(path))
        assert now in (number, number + 1) and number_of(content(path + ".bak")) in (number - 1, number)
        # what is in the folder after an error is cleared away by the next save
        profile.save(numbered(profile.savedata, now + 1))
        number = now + 1
        assert names(path) == ["alice.tox", "alice.tox.bak", "alice.tox.lock"]
        assert number_of(content(path)) == number
    profile.close()
    assert failed >= 10 and number_of(content(path)) == number + 1


def test_what_is_renamed_is_on_the_disk(path, monkeypatch):
    """The content is flushed before it takes the name, the folder after it."""
    done = []
    real = {name: getattr(os, name) for name in ("write", "fsync", "rename")}

    def watched(name):
        def call(first, *others):
            where = os.readlink(f"/proc/self/fd/{first}") if isinstance(first, int) else first
            done.append((name, os.path.basename(where)))
            return real[name](first, *others)

        return call

    with Profile.create(path) as profile:
        for name in real:
            monkeypatch.setattr(os, name, watched(name))
        profile.save(numbered(profile.savedata, 1))
    folder = os.path.basename(os.path.dirname(path))
    assert done == [
        ("write", ".alice.tox.new"),
        ("fsync", ".alice.tox.new"),
        ("rename", ".alice.tox.bak-new"),
        ("rename", ".alice.tox.new"),
        ("fsync", folder),
    ]


# instances


def free_of_net(**fields):
    return {"local_discovery_enabled": False, "ipv6_enabled": False, **fields}


def test_an_instance_saves_changes_and_at_the_end(path):
    with Profile.create(path, name="Alice") as profile:
        with toxpy.Tox(profile=profile, **free_of_net()) as tox:
            assert tox.self_get_name() == "Alice" and tox.self_get_address() == profile.address
            tox.self_set_name("Alicia")
            for _ in tox.events(timeout_s=1):
                pass
            assert save.parse(content(path)).name == b"Alicia"
            tox.friend_add_norequest(bytes(range(32)))
        assert len(save.parse(content(path)).friends) == 1
        assert profile.savedata == content(path)


def test_every_save_of_a_thousand_friends_is_of_one_moment(path):
    """Friends go while the instance saves and somebody else reads: the name counts those who went."""
    seen, problems, done = set(), [], threading.Event()

    def look():
        try:
            while not done.is_set():
                with Profile.open(path, read_only=True) as profile:
                    state = save.parse(profile.savedata)
                gone = int(state.name or b"0")
                assert len(state.friends) in ((1000 - gone,) if gone else range(1001))
                seen.add(gone)
        except BaseException as error:  # noqa: BLE001
            problems.append(error)

    rng = Rng()
    with Profile.create(path) as profile, toxpy.Tox(profile=profile, **free_of_net()) as tox:
        for _ in range(1000):
            tox.friend_add_norequest(KeyPair.generate(rng).public)
        looking = threading.Thread(target=look)
        looking.start()
        for gone in range(1, 31):
            tox.friend_delete(gone * 30)
            tox.self_set_name(f"{gone}")
            for _ in tox.events(timeout_s=0.06):
                pass
        done.set()
        looking.join()
    assert problems == []
    assert len(save.parse(content(path)).friends) == 970 and len(seen) >= 3


@pytest.mark.device(path="/dev/fuse")
def test_an_instance_outlives_a_hung_disk(hung):
    path = hung.folder + "/alice.tox"
    profile = Profile.create(path, timeout_s=0.3)
    errors = []
    profile.on_save_error = errors.append
    tox = toxpy.Tox(profile=profile, **free_of_net())
    hung.hang()
    tox.self_set_name("Alicia")
    for _ in tox.events(timeout_s=1.5):
        pass
    assert [type(error) for error in errors] == [TimeoutError] and profile.save_error is errors[0]
    assert tox.self_get_name() == "Alicia" and tox.iteration_interval() <= 50
    with pytest.raises(TimeoutError):
        tox.close()
    assert tox.closed
    profile.close()


def test_a_profile_is_of_one_instance_and_one_identity(path):
    with Profile.create(path) as profile:
        with toxpy.Tox(profile=profile, **free_of_net()) as tox:
            with pytest.raises(ValueError, match="another instance"):
                toxpy.Tox(profile=profile, **free_of_net())
            with pytest.raises(ValueError, match="another identity"):
                tox.load(new_savedata())
            assert tox.self_get_public_key().raw == profile.public_key
        with pytest.raises(TypeError, match="not both"):
            toxpy.Tox(profile=profile, savedata=new_savedata())
        with toxpy.Tox(**free_of_net()) as other, pytest.raises(ValueError, match="another identity"):
            toxpy.Tox(core=other.core, profile=profile)
        with toxpy.Tox(profile=profile, **free_of_net()):
            pass


def test_async_instances_save_too(path):
    import asyncio

    async def scene():
        profile = await asyncio.to_thread(Profile.create, path)
        async with toxpy.AsyncTox(profile=profile, **free_of_net()) as tox:
            tox.name = "Alicia"
            async with asyncio.timeout(10):
                while save.parse(content(path)).name != b"Alicia":
                    await asyncio.sleep(0.02)
            tox.status_message = "here"
        assert save.parse(content(path)).status_message == b"here"
        profile.close()

    asyncio.run(scene())


def test_who_hears_of_a_failed_save_is_a_plain_function(path):
    async def later(_error):
        """Nobody could wait for it."""

    with Profile.create(path) as profile:
        for wrong in (later, 5):
            with pytest.raises(TypeError, match=r"async|a function is needed"):
                profile.on_save_error = wrong
        profile.on_save_error = None


@pytest.mark.parametrize("wrong", [None, 5, b"\xff" * 129, "x" * 129, "\udc80"])
def test_a_name_that_is_none(path, wrong):
    with pytest.raises((TypeError, ValueError), match="a name"):
        Profile.create(path, name=wrong)
    assert not os.path.exists(path)
